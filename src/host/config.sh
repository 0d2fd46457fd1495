# The configuration on disk: does the binary that runs accept it, and would a new master with it take over everything
# that this one holds? `-t` alone does not tell (it ignores an address that is in use).

# look_at_config: the running binary reads the configuration as a new master would, once; $conf is what came of it.
look_at_config() {
  split_args
  conf=$(
    {
      ls -l "/proc/$om/fd"
      # nginx has its error log as its stderr.
      printf '%s log\n' "$nonce"
      [ ! -f "/proc/$om/fd/2" ] || tail -c 1048576 "/proc/$om/fd/2"
      printf '\n%s workers\n' "$nonce"
      set +f
      grep -ls '^nginx: worker process' /proc/[0-9]*/cmdline
      set -f
      printf '%s run\n' "$nonce"
      (as_master 20 "$path" -V -T)
      printf '\n%s exit %s\n' "$nonce" "$?"
    } 2>/dev/null | read_dump
  )
  conf_error= conf_unread= conf_pid= conf_cwd= conf_workers= conf_started= conf_has= conf_files= conf_removed= conf_taken=
  conf_unix= conf_shrinks= conf_daemon_off= old_build= listening= alert_at= stray_pids= booted=0
  while read -r c_key c_value; do
    case $c_key in
      error) conf_error=${c_value:-it printed nothing} ;;
      unread) conf_unread=yes ;;
      version) version=$c_value ;;
      build) old_build=$c_value ;;
      pid) conf_pid=$c_value ;;
      cwd) conf_cwd=$c_value ;;
      workers) conf_workers=$c_value ;;
      started) conf_started=$c_value ;;
      has) conf_has="$conf_has $c_value" ;;
      daemon_off) conf_daemon_off=yes ;;
      file) conf_files=$conf_files$nl$c_value ;;
      removed) conf_removed=$conf_removed${conf_removed:+, }$c_value ;;
      taken) conf_taken=$conf_taken${conf_taken:+, }$c_value ;;
      added_unix) [ ! -e "$c_value" ] || conf_taken=$conf_taken${conf_taken:+, }"unix:$c_value, where a file is" ;;
      shrinks) conf_shrinks=$conf_shrinks${conf_shrinks:+, }$c_value ;;
      inodes) listening=$c_value ;;
      alert) alert_at=$c_value ;;
      booted) booted=$c_value ;;
      stray) c_value=${c_value#/proc/} && stray_pids="$stray_pids ${c_value%/cmdline}" ;;
    esac
  done <<END
$conf
END
}

# preflight_config: what speaks against starting a new master with the configuration as it is.
preflight_config() {
  if ! find_user; then
    refuse USER_DIFFERS "uid $m_uid"
    return
  fi
  look_at_config
  preflight_jammed
  preflight_orphans
  if [ -n "$conf_error" ]; then
    refuse CONFIG_BROKEN "$conf_error"
    return
  fi
  preflight_edited
  if [ -n "$conf_unread" ]; then
    remark CONFIG_UNREAD ''
    return
  fi
  case $conf_daemon_off$refusals in
    *DAEMON_OFF* | '') ;;
    yes*) refuse DAEMON_OFF '' ;;
  esac
  case $conf_pid in
    /*) ;;
    *) conf_pid=/proc/$om/cwd/$conf_pid ;;
  esac
  if [ ! "$conf_pid" -ef "$pid_file" ]; then
    refuse PID_PATH_DIFFERS "$conf_pid"
    forget_pid
  fi
  case $conf_cwd in
    '') ;;
    /*) [ -d "$conf_cwd" ] || refuse WORKING_DIRECTORY_MISSING "$conf_cwd" ;;
    *) [ -d "/proc/$om/cwd/$conf_cwd" ] || refuse WORKING_DIRECTORY_MISSING "$conf_cwd" ;;
  esac
  [ -z "$conf_removed" ] || refuse LISTENER_REMOVED "$conf_removed"
  [ -z "$conf_taken" ] || refuse LISTENER_TAKEN "$conf_taken"
  [ -z "$conf_shrinks" ] || refuse REUSEPORT_SHRINKS "$conf_shrinks"
  preflight_count
  case $conf_has in *worker_shutdown_timeout*) ;; *) remark DRAIN_UNBOUNDED '' ;; esac
}

# preflight_count: a switch waits for as many new workers as there are old ones. What `auto` comes to depends on the C
# library (online or allowed processors), but never on more than are online.
preflight_count() {
  settled= tries=100
  children_of "$om" $old_workers
  # A master that was just started or reloaded may still be forking them; one that waits for a signal is done.
  while [ "$count" -ne "$conf_started" ] && [ -z "$settled" ] && [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    nap
    ! idle "$om" || settled=yes
    scan
    [ -z "$old_unborn" ] || settled=
    children_of "$om" $old_workers
  done
  [ "$count" -gt 0 ] && [ "$count" -ne "$conf_started" ] || return 0
  [ "$conf_workers" != auto ] || [ "$count" -gt "$conf_started" ] || return 0
  refuse WORKERS_DIFFER "$conf_started, while $count run"
}

# forget_pid: a test makes an empty pid file where there is none; the next USR2 would rename that one.
forget_pid() {
  [ -f "$conf_pid" ] && [ ! -s "$conf_pid" ] && [ ! -h "$conf_pid" ] || return 0
  set -- $(stat -c %Y "$conf_pid" 2>/dev/null) $(date +%s)
  [ "$#" -ne 2 ] || [ $(($2 - $1)) -gt 25 ] || rm -f "$conf_pid"
}

# preflight_edited: what was edited since it was loaded would come to life with the upgrade, and going back would not
# undo it. The oldest worker was started with what is loaded now.
preflight_edited() {
  oldest=
  children_of "$om" $old_workers
  for item in $kids; do
    item=${item#*:} item=${item%:*}
    [ -n "$oldest" ] && [ "$oldest" -le "$item" ] || oldest=$item
  done
  [ -n "$oldest" ] || return 0
  # Starts are counted in hundredths of a second on every machine; two seconds are for rounding.
  loaded=$((booted + oldest / 100 + 2))
  edited= edits=0
  IFS=$nl
  set -- $conf_files
  times=$(stat -c '%Y %n' -- "$@" 2>/dev/null)
  set -- $times
  IFS=' '$tab$nl
  for item in "$@"; do
    [ "${item%% *}" -gt "$loaded" ] || continue
    edits=$((edits + 1))
    [ "$edits" -gt 3 ] || edited=$edited${edited:+, }${item#* }
  done
  [ "$edits" -gt 0 ] || return 0
  [ "$edits" -le 3 ] || edited="$edited and $((edits - 3)) more"
  case $allow in
    *,config,*) remark CONFIG_CHANGED "$edited" ;;
    *) refuse CONFIG_CHANGED "$edited" ;;
  esac
}

# preflight_jammed: after a failed rename of its pid file (T2) a master believes for ever that an upgrade is under way:
# it ignores USR2, and every reload adds workers. It says so once. The alert of another process with this id is older.
preflight_jammed() {
  [ -n "$alert_at" ] || return 0
  started=$(date -d "@$((booted + om_start / 100))" +%Y%m%d%H%M%S 2>/dev/null)
  [ "${alert_at%% *}" -lt "${started:-0}" ] || refuse UPGRADE_JAMMED "${alert_at#* }"
}

# preflight_orphans: workers of a binary that is long gone (T1) accept on our sockets for ever.
preflight_orphans() {
  strays=
  for p in $stray_pids; do
    # Those of our own binary were told already.
    case " $old_workers $old_draining" in *" $p:"*) continue ;; esac
    fds=$(ls -l "/proc/$p/fd" 2>/dev/null)
    for inode in $listening; do
      case $fds in *"socket:[$inode]"*)
        strays="$strays $p"
        break
        ;;
      esac
    done
  done
  [ -z "$strays" ] || refuse ORPHAN_WORKERS "${strays# }"
}
