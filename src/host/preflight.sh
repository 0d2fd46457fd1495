# What speaks against changing this host. Nothing is touched; every reason there is, is told.

# preflight: what can be told from the host alone, before anything is touched.
preflight() {
  if read_lock && [ "$l_run" != "$run" ]; then
    # What else is odd here belongs to that run.
    lock_lives && refuse LOCKED "$l_owner" && return
    # After a reboot the next run settles it; what runs now is what counts.
    unfinished && [ "$r_boot" = "$boot" ] && refuse RUN_UNFINISHED "$r_run" && return
    remark LOCK_EXPIRED "$l_owner"
  fi
  scan
  om= older=
  resolve_dir "$pid_file"
  read_pid "$pid_file"
  if [ -z "$pid" ]; then
    refuse PID_FILE_MISSING "$pid_file"
  elif ! stat_of "$pid"; then
    refuse PID_FILE_STALE "$pid"
  elif [ ! -e "/proc/$pid/exe" ]; then
    refuse MASTER_HIDDEN "$pid"
  elif in_container "$pid"; then
    refuse IN_CONTAINER "$pid"
  elif [ ! "/proc/$pid/exe" -ef "$path" ]; then
    title_of "$pid"
    refuse EXE_DIFFERS "pid $pid, $p_title"
  else
    preflight_master
  fi
  old_parked && older=$pid
  [ -z "$older" ] || refuse UPGRADE_UNFINISHED "$older"
  [ ! -e "$pid_file.oldbin" ] || [ -n "$older" ] || remark STALE_OLDBIN "$pid_file.oldbin"
  [ "$exchange_tool" != link ] || remark EXCHANGE_LINK ''
  [ -z "$old_draining" ] || refuse STILL_DRAINING "${old_draining# }"
  preflight_resources
}

# resolve_dir FILE: $pid_dir is the directory of FILE without symbolic links (/var/run is one).
resolve_dir() {
  pid_dir=${1%/*}
  cd -P -- "$pid_dir/" 2>/dev/null || return 0
  pid_dir=$PWD
  cd /
}

# in_container PID: has it other process ids than we have, or another file at the path? Then it is not ours to signal, and
# what we put at the path it would not start. (A unit with mounts of its own still has the same file there.)
in_container() {
  [ "$1" -gt 1 ] && [ "/proc/$1/ns/pid" -ef /proc/self/ns/pid ] || return 0
  # Its own directory must be seen at all: without privilege that is denied.
  [ -e "/proc/$1/root/" ] && [ ! "/proc/$1/root$path" -ef "$path" ]
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

# preflight_parent PID: a master that did not become a daemon ignores USR2 while its parent lives: a supervisor that
# started it, or the older master of an upgrade.
preflight_parent() {
  [ "$1" -gt 1 ] || return 0
  title_of "$1"
  case $p_title in 'nginx: master process '*) older=$1 ;; esac
  comm=
  { IFS= read -r comm <"/proc/$1/comm"; } 2>/dev/null
  case $comm in supervisord | runsv | s6-supervise | supervise | perpd | circusd) refuse SUPERVISED "$comm" ;; esac
}

preflight_master() {
  om_parent=$p_ppid
  title_of "$pid"
  case $p_title in
    'nginx: master process '*) ;;
    *) refuse NOT_A_MASTER "$p_title" && return ;;
  esac
  om=$pid om_start=$p_start
  split_title
  case $argv0 in
    /*) [ "$argv0" -ef "$path" ] || refuse ARGV_OTHER_FILE "$argv0" ;;
    *) refuse ARGV_NOT_ABSOLUTE "$argv0" ;;
  esac
  preflight_parent "$om_parent"
  case $args in *'daemon off'*) refuse DAEMON_OFF "$args" ;; esac
  set -- $old_masters
  [ "$#" -le 1 ] || refuse SEVERAL_INSTANCES "$*"
  children_of "$om" $old_workers
  [ "$count" -gt 0 ] || refuse NO_WORKERS "$om"
  # Those of another master are that one's.
  parentless "$old_masters $om:" $old_workers $old_draining
  [ -z "$strays" ] || refuse ORPHAN_WORKERS "${strays# }"
  kill -0 "$om" 2>/dev/null || refuse SIGNAL_DENIED "$om"
  preflight_unit
  preflight_marks
  preflight_mounts
  # Where no master can start there is nothing to ask.
  case $refusals in *NO_EXEC* | *PID_FILE_FIXED*) return ;; esac
  title_of "$om"
  preflight_config
}
