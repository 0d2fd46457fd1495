# Process identity and the derived state: always read from /proc, never remembered from what was sent.

read_boot() {
  boot_now=
  { read -r boot_now </proc/sys/kernel/random/boot_id; } 2>/dev/null
  # Containers share the boot id: the start of their pid 1 tells them apart.
  stat_of 1 && boot_now=$boot_now:$p_start
}

# stat_of PID: $p_state $p_ppid $p_start. False when there is no such process; a zombie is none.
stat_of() {
  p_line=
  { IFS= read -r p_line <"/proc/$1/stat"; } 2>/dev/null || return 1
  # The command name may hold spaces and parentheses: fields count from the last one.
  set -- ${p_line##*) }
  # Counted before the shift: one that goes too far ends a dash (a command name may hold a line break).
  [ "$#" -ge 20 ] || return 1
  p_state=$1 p_ppid=$2
  shift 19
  p_start=$1
  case $p_state in Z | X | x) return 1 ;; esac
}

# alive PID START: the process is there and is that very one; a pid alone may be given to another.
alive() { stat_of "$1" && [ "$p_start" = "$2" ]; }

# same PID START FILE: the process is alive, is that very one, and runs the inode at FILE.
same() {
  digits "$1" && alive "$1" "$2" && [ "/proc/$1/exe" -ef "$3" ]
}

# send SIGNAL PID START FILE (invariant 7): pid, start and inode are looked at in the same breath. The boot was compared
# when the phase began, and the shell that runs it is still running: no reboot lies between.
send() {
  same "$2" "$3" "$4" && kill -s "$1" "$2" 2>/dev/null
}

# idle PID: does this master wait for its next signal? While it works on one it blocks the others, and only the
# wait has none blocked and none pending: then all that was sent to it before has had its effect.
idle() {
  while read -r p_key p_mask p_rest; do
    case $p_key in
      SigPnd: | ShdPnd: | SigBlk:) case $p_mask in *[!0]*) return 1 ;; esac ;;
      SigIgn:) return 0 ;;
    esac
  done 2>/dev/null <"/proc/$1/status"
  return 1
}

title_of() {
  p_title=
  { IFS= read -r p_title <"/proc/$1/cmdline"; } 2>/dev/null
  :
}

# scan: one look at every process that runs the old inode ($old_file) or the new one ($new_file).
# Sets, for each side, masters, accepting workers, draining workers, unborn (exec'd, not yet titled) and helpers,
# each a list of PID:START:PPID.
scan() {
  scanned=yes
  old_masters= old_workers= old_draining= old_unborn= old_helpers=
  new_masters= new_workers= new_draining= new_unborn= new_helpers=
  set +f
  set -- /proc/[0-9]*
  set -f
  for d in "$@"; do
    if [ "$d/exe" -ef "$old_file" ]; then
      side=old
    elif [ -n "$new_file" ] && [ "$d/exe" -ef "$new_file" ]; then
      side=new
    else
      continue
    fi
    p=${d#/proc/}
    stat_of "$p" || continue
    title_of "$p"
    case $p_title in
      'nginx: master process '*) kind=masters ;;
      'nginx: worker process') kind=workers ;;
      'nginx: worker process is shutting down') kind=draining ;;
      'nginx: cache '* | 'nginx: privileged agent process'*) kind=helpers ;;
      *) kind=unborn ;;
    esac
    item=$p:$p_start:$p_ppid
    case $side.$kind in
      old.masters) old_masters="$old_masters $item" ;;
      old.workers) old_workers="$old_workers $item" ;;
      old.draining) old_draining="$old_draining $item" ;;
      old.helpers) old_helpers="$old_helpers $item" ;;
      old.unborn) old_unborn="$old_unborn $item" ;;
      new.masters) new_masters="$new_masters $item" ;;
      new.workers) new_workers="$new_workers $item" ;;
      new.draining) new_draining="$new_draining $item" ;;
      new.helpers) new_helpers="$new_helpers $item" ;;
      new.unborn) new_unborn="$new_unborn $item" ;;
    esac
  done
  prune $old_masters
  old_masters=$kept old_unborn=$old_unborn$forks
  prune $new_masters
  new_masters=$kept new_unborn=$new_unborn$forks
}

# prune LIST: a child of a master (a worker just forked, or a fork that is about to exec) shows its parent's title
# until it has one of its own. $kept are the masters, $forks those children.
prune() {
  kept= forks=
  for item in "$@"; do
    case " $*" in
      *" ${item##*:}:"*) forks="$forks $item" ;;
      *) kept="$kept $item" ;;
    esac
  done
}

# children_of PID LIST: $kids are the items of LIST whose parent is PID, $count how many.
children_of() {
  kids= count=0 of=$1
  shift
  for item in "$@"; do
    [ "${item##*:}" = "$of" ] || continue
    kids="$kids $item"
    count=$((count + 1))
  done
}

# parentless PARENTS ITEM...: $strays are the items whose parent is none of PARENTS.
parentless() {
  parents=$1 strays=
  shift
  for item in "$@"; do
    case $parents in
      *" ${item##*:}:"*) ;;
      *) strays="$strays $item" ;;
    esac
  done
}

# alive_workers MASTER FILE LIST: every PID:START:PPID of LIST is alive, runs FILE, belongs to MASTER and accepts.
alive_workers() {
  of=$1 exe=$2
  shift 2
  for item in "$@"; do
    p=${item%%:*} start=${item#*:}
    same "$p" "${start%%:*}" "$exe" && [ "$p_ppid" = "$of" ] || return 1
    title_of "$p"
    [ "$p_title" = 'nginx: worker process' ] || return 1
  done
}

# accepting_left LIST: does any worker of LIST still accept?
accepting_left() {
  for item in "$@"; do
    p=${item%%:*} start=${item#*:}
    alive "$p" "${start%%:*}" || continue
    title_of "$p"
    # A title that cannot be read any more belongs to a process that is on its way out.
    [ "$p_title" = 'nginx: worker process' ] && return 0
  done
  return 1
}

# read_pid FILE: $pid is the number in a pid file, empty when it is missing, empty or anything else (a pipe there
# would be waited for without end).
read_pid() {
  pid=
  [ -f "$1" ] && { read -r pid <"$1"; } 2>/dev/null
  digits "$pid" || pid=
}
