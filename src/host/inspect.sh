# inspect RUN OWNER PATH PID_FILE STATE_DIR SHA: binds this program to one daemon, and says what it is now.
# Read only, but for the state directory. Refusals are listed by name; the controller knows the words for them.

inspect() {
  run=$1 owner=$2 asked=$3 pid_file=$4 asked_base=$5 want_sha=$6
  refusals= scanned=
  read_uid
  find_exchange
  resolve "$asked"
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
  bound=yes
  read_lock && say lock_owner "$l_owner" && say lock_run "$l_run"
  read_record
  say path "$path"
  say state_dir "$state"
  say arch "$arch"
  say exchange "$exchange_tool"
  say boot "$boot"
  say path_id "$path_id"
  say uid "$uid"
  recall || {
    hash_file "$path" || refuse BINARY_UNREADABLE "$path"
    path_sha=$h1
    version_of "$path"
  }
  say sha "$path_sha"
  say version "$version"
  [ -f "$base/artifacts/$want_sha" ] && say have_artifact yes || say have_artifact no
  if [ "$r_run" = "$run" ]; then
    say record "$r_state"
    sides
  else
    old_file=$path new_file=
    preflight
    # The run of somebody else is shown whole: what it has staged may be what serves.
    [ -n "$scanned" ] || new_file=$dir/.${path##*/}.handover-$r_run
  fi
  if [ -n "$scanned" ]; then tell_facts; else facts; fi
  say_running
  [ -z "$refusals" ] && answer ok || answer refused
}

# resolve FILE: $path is FILE without symbolic links. Where only its directories are links the shell can follow them.
resolve() {
  path=
  if [ -h "$1" ]; then
    path=$(readlink -f -- "$1" 2>/dev/null)
  elif cd -P -- "${1%/*}/" 2>/dev/null; then
    path=${PWD%/}/${1##*/}
    cd /
  fi
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

# hash_file FILE: $h1 is its sha256.
hash_file() {
  h1=
  h_out=$(sha256sum "$1" 2>/dev/null) || return 1
  # A backslash comes first when the name has one.
  h1=${h_out%% *} h1=${h1#"\\"}
}

# recall: $path_sha and $version of the very inode that a run has committed here, if it has not changed since.
recall() {
  [ -n "$r_known" ] && [ "$r_known" = "$path_id $path_times" ] && [ -n "$new_version" ] || return 1
  path_sha=$new_sha version=$new_version
}

# version_of FILE: bounded, because the main loop waits for it and would hear no revert meanwhile.
version_of() {
  version=$(timeout 10 "$1" -v 2>&1)
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
  elif [ ! -e "/proc/$pid/exe" ]; then
    refuse MASTER_HIDDEN "$pid"
  elif [ ! "/proc/$pid/exe" -ef "$path" ]; then
    title_of "$pid"
    refuse EXE_DIFFERS "pid $pid, $p_title"
  else
    preflight_master
  fi
  old_parked && refuse UPGRADE_UNFINISHED "$pid"
  [ -z "$old_draining" ] || refuse STILL_DRAINING "${old_draining# }"
  [ -w "$dir" ] || refuse DIRECTORY_NOT_WRITABLE "$dir"
  preflight_name
  preflight_space
}

# old_parked: does a living master stand in .oldbin? A file that a killed master left is overwritten by nginx, and its
# pid may belong to anybody by now.
old_parked() {
  read_pid "$pid_file.oldbin"
  [ -n "$pid" ] && stat_of "$pid" && title_of "$pid" || return 1
  case $p_title in
    'nginx: master process '*) ;;
    *) return 1 ;;
  esac
}

# preflight_name: a name that is a mount point (a container's bind mount) or immutable cannot be exchanged.
preflight_name() {
  grep -qsF " $path " /proc/self/mountinfo && refuse PATH_MOUNTED "$path"
  case $(lsattr -d "$path" 2>/dev/null) in
    ????i* | ?????a*) refuse PATH_IMMUTABLE "$path" ;;
  esac
}

# split_title: $argv0 and the other arguments ($args) of the master whose title is in $p_title.
split_title() {
  args=${p_title#nginx: master process }
  for argv0 in "$path" "$asked"; do
    case "$args " in "$argv0 "*) break ;; esac
    argv0=${args%% *}
  done
  args=${args#"$argv0"}
}

preflight_master() {
  om=$pid om_start=$p_start
  title_of "$om"
  case $p_title in
    'nginx: master process '*) ;;
    *) refuse NOT_A_MASTER "$p_title" && return ;;
  esac
  split_title
  case $argv0 in
    /*) [ "$argv0" -ef "$path" ] || refuse ARGV_OTHER_FILE "$argv0" ;;
    *) refuse ARGV_NOT_ABSOLUTE "$argv0" ;;
  esac
  case $args in *'daemon off'*) refuse DAEMON_OFF "$args" ;; esac
  set -- $old_masters
  [ "$#" -le 1 ] || refuse SEVERAL_INSTANCES "$*"
  children_of "$om" $old_workers
  [ "$count" -gt 0 ] || refuse NO_WORKERS "$om"
  orphans=
  for item in $old_workers $old_draining; do
    # Those of another master are that one's.
    case "$old_masters $om:" in
      *" ${item##*:}:"*) ;;
      *) orphans="$orphans $item" ;;
    esac
  done
  [ -z "$orphans" ] || refuse ORPHAN_WORKERS "${orphans# }"
}

# preflight_space: room for the backup, the staged file and the artifact, with as much again to spare.
preflight_space() {
  size=${path_id##*:}
  need=$((${size:-0} / 1024 * 6 + 1024))
  store=$state
  while [ -n "$store" ] && [ ! -d "$store" ]; do store=${store%/*}; done
  df_out=$(df -Pk "$dir" "${store:-/}" 2>/dev/null) || return 0
  while read -r d_dev d_size d_used d_free d_rest; do
    digits "$d_free" || continue
    [ "$d_free" -ge "$need" ] || refuse DISK_FULL "$d_rest has $d_free KiB free, $need are needed"
  done <<EOF
$df_out
EOF
}
