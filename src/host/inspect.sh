# inspect RUN OWNER PATH PID_FILE STATE_DIR SHA: binds this program to one daemon, and says what it is now.
# Read only, but for the state directory. Refusals are listed by name; the controller knows the words for them.

inspect() {
  run=$1 owner=$2 asked=$3 pid_file=$4 asked_base=$5 want_sha=$6
  refusals=
  read_uid
  find_exchange
  path=$(readlink -f "$asked" 2>/dev/null)
  if [ ! -f "$path" ]; then
    refuse BINARY_MISSING "$asked"
    answer refused
    return
  fi
  dir=${path%/*}
  sib=$dir/.${path##*/}.handover-$run
  if ! name_state "$asked_base"; then
    refuse STATE_DIR "$base"
    answer refused
    return
  fi
  read_lock && say lock_owner "$l_owner" && say lock_run "$l_run"
  read_record
  say path "$path"
  say state_dir "$state"
  say arch "$arch"
  say exchange "$exchange_tool"
  say boot "$boot"
  say uid "$uid"
  hash_files "$path" && path_sha=$h1 || refuse BINARY_UNREADABLE "$path"
  say sha "$path_sha"
  version_of "$path"
  say version "$version"
  [ -f "$base/artifacts/$want_sha" ] && say have_artifact yes || say have_artifact no
  if [ "$r_run" = "$run" ]; then
    say record "$r_state"
    sides || old_file=$path new_file=
  else
    old_file=$path new_file=
    preflight
  fi
  facts
  [ -z "$refusals" ] && answer ok || answer refused
}

read_uid() {
  while read -r u_key uid u_rest; do
    [ "$u_key" = Uid: ] && return
  done </proc/$$/status
}

# refuse CODE DETAIL: one more reason why this host cannot be changed.
refuse() {
  refusals="$refusals $1"
  say refusal "$1:$2"
}

# hash_files FILE...: $h1 $h2 are their sha256.
hash_files() {
  h1= h2=
  h_out=$(sha256sum "$@" 2>/dev/null) || return 1
  h1=${h_out%% *}
  h_out=${h_out##*"$nl"}
  h2=${h_out%% *}
}

version_of() {
  version=$("$1" -v 2>&1)
  version=${version%%"$nl"*}
  version=${version##*/}
  version=${version%% *}
}

# preflight: what can be told from the host alone, before anything is touched.
preflight() {
  if read_lock && [ "$l_run" != "$run" ]; then
    # What else is odd here belongs to that run.
    lock_lives && refuse LOCKED "$l_owner" && return
    unfinished && refuse RUN_UNFINISHED "$r_run" && return
  fi
  scan
  read_pid "$pid_file"
  if [ -z "$pid" ]; then
    refuse PID_FILE_MISSING "$pid_file"
  elif ! stat_of "$pid"; then
    refuse PID_FILE_STALE "$pid"
  elif [ ! "/proc/$pid/exe" -ef "$path" ]; then
    title_of "$pid"
    refuse EXE_DIFFERS "pid $pid, $p_title"
  else
    preflight_master
  fi
  read_pid "$pid_file.oldbin"
  [ -n "$pid" ] && stat_of "$pid" && refuse UPGRADE_UNFINISHED "$pid"
  [ -z "$old_draining" ] || refuse STILL_DRAINING "${old_draining# }"
  [ -w "$dir" ] || refuse DIRECTORY_NOT_WRITABLE "$dir"
  preflight_space
}

preflight_master() {
  om=$pid om_start=$p_start
  title_of "$om"
  args=${p_title#nginx: master process }
  set -- $args
  case $p_title in
    'nginx: master process '*) ;;
    *) refuse NOT_A_MASTER "$p_title" ;;
  esac
  case ${1:-} in
    /*) [ "$1" -ef "$path" ] || refuse ARGV_OTHER_FILE "$1" ;;
    *) refuse ARGV_NOT_ABSOLUTE "${1:-}" ;;
  esac
  case $args in *'daemon off'*) refuse DAEMON_OFF "$args" ;; esac
  set -- $old_masters
  [ "$#" -le 1 ] || refuse SEVERAL_INSTANCES "$*"
  children_of "$om" $old_workers
  [ "$count" -gt 0 ] || refuse NO_WORKERS "$om"
  for item in $old_workers $old_draining; do
    [ "${item##*:}" = "$om" ] || refuse ORPHAN_WORKERS "$item"
  done
}

# preflight_space: room for the backup, the staged file and the artifact, with as much again to spare.
preflight_space() {
  size=$(stat -c %s "$path" 2>/dev/null)
  need=$((${size:-0} / 1024 * 6 + 1024))
  store=$state
  while [ ! -d "$store" ]; do store=${store%/*}; done
  df_out=$(df -Pk "$dir" "${store:-/}" 2>/dev/null) || return 0
  while read -r d_dev d_size d_used d_free d_rest; do
    digits "$d_free" || continue
    [ "$d_free" -ge "$need" ] || refuse DISK_FULL "$d_rest has $d_free KiB free, $need are needed"
  done <<EOF
$df_out
EOF
}

# facts: what runs and what is on disk, as the final report and `status` need it.
facts() {
  scan
  read_pid "$pid_file"
  say pid "$pid"
  say old_masters "${old_masters# }"
  say new_masters "${new_masters# }"
  count_items $old_workers
  say old_workers "$count"
  count_items $new_workers
  say new_workers "$count"
  count_items $old_draining $new_draining
  say draining "$count"
  if [ -e "$pid_file.oldbin" ]; then say oldbin yes; else say oldbin no; fi
  if [ -e "$sib" ]; then say staged yes; else say staged no; fi
  if [ -n "$pid" ] && [ "/proc/$pid/exe" -ef "$path" ]; then say runs path; else say runs other; fi
}

count_items() { count=$#; }
