# What speaks against changing this host. Nothing is touched; every reason there is, is told.

# preflight: what can be told from the host alone, before anything is touched.
preflight() {
  if read_lock && [ "$l_run" != "$run" ]; then
    # What else is odd here belongs to that run.
    lock_lives && refuse LOCKED "$l_owner" && return
    # After a reboot the next run settles it; what runs now is what counts.
    unfinished && [ "$r_boot" = "$boot" ] && refuse RUN_UNFINISHED "$r_run" && return
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
  preflight_unit
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
