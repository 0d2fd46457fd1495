# The way back of the processes: old serves first, then new ends, then old is alone.

# old_serves: the old master has its full set of accepting workers. Never QUIT the new one before that (R9).
old_serves() {
  set -- $old_set
  wanted=$# hup=
  clock
  settle=$((now + 300)) limit=$((now + 1500))
  while :; do
    failed=OLD_MASTER_GONE
    same "$om" "$om_start" "$old_file" || return 1
    # One that is stopped hears its signals when it is told to go on, and the next revert finds what it did then.
    failed=OLD_MASTER_HANGS
    case $p_state in T | t) [ "$now" -lt "$settle" ] || return 1 ;; esac
    look_at_old
    [ -z "$handled" ] || failed=OLD_WORKERS_MISSING
    if [ "$count" -ge "$wanted" ]; then
      # Workers that were told to go may not have heard it yet: after WINCH only others than those count.
      [ -z "$winch_at" ] || [ "$handled$new_masters$new_unborn" = yes ] || fresh_for_good || [ "$now" -ge "$settle" ] && return 0
    else
      # A HUP that was handled and started nobody is ignored: it was told to quit.
      [ -z "$hup" ] || [ -z "$handled" ] || [ "$((count + newborn))" -gt 0 ] || [ "$now" -lt "$settle" ] || return 1
      revive || return 1
    fi
    [ "$now" -lt "$limit" ] || return 1
    nap
  done
}

# fresh_for_good: none of $kids was there before the switch, and no WINCH that is still to be handled will end them: somebody
# else's reload may have started them before it.
fresh_for_good() {
  [ -n "$r_parked$handled" ] || return 1
  for item in $kids; do
    case " $old_set " in *" $item "*) return 1 ;; esac
  done
}

# look_at_old: $kids and $count are the accepting workers of the old master; $handled: it has done all it was told,
# $newborn: how many of its workers have no title yet.
look_at_old() {
  if idle "$om"; then handled=yes; else handled=; fi
  scan
  children_of "$om" $old_unborn
  newborn=$count
  children_of "$om" $old_workers
  clock
}

# revive: HUP starts the workers of a parked master again, and doubles those that are still there (R10): so it is sent
# once, when none is left, or when the set has been incomplete for a second.
revive() {
  [ -z "$hup" ] && [ -n "$handled" ] && [ "$newborn" -eq 0 ] || return 0
  [ "$count" -eq 0 ] || [ "$now" -ge "$((settle - 200))" ] || return 0
  hup=yes
  send HUP "$om" "$om_start" "$old_file"
}

# end_new: the new master finishes its requests and ends; one that never came up is killed (R3).
end_new() {
  failed=NEW_MASTER_STAYS
  clock
  limit=$((now + drain_limit)) asked= told=
  while :; do
    scan
    # Somebody may just be asking the new binary for its version: the unborn are ours only below the old master.
    children_of "$om" $new_unborn
    unborn=$kids
    find_strays
    set -- $new_masters $new_workers $new_draining $new_helpers $unborn $strays
    [ "$#" -gt 0 ] || return 0
    clock
    if [ "$now" -ge "$limit" ]; then
      case $asked in
        KILL) return 1 ;;
        TERM) asked=KILL ;;
        '') asked=TERM ;;
      esac
      limit=$((now + 500))
      for item in "$@"; do end_item "$asked" "$item" "$new_file" || end_item "$asked" "$item" "$old_file"; done
    else
      # Orphan workers obey QUIT sent to them directly; the inode proves that they are ours.
      [ -n "$new_masters" ] || for item in $new_workers; do end_item QUIT "$item" "$new_file"; done
      for item in $unborn; do end_item KILL "$item" "$new_file"; done
      for item in $new_masters $strays; do
        case $told in *" $item"*) continue ;; esac
        end_item QUIT "$item" "$new_file" || end_item QUIT "$item" "$old_file"
        told="$told $item"
      done
    fi
    nap
  done
}

# find_strays: $strays are workers of the old inode whose master is gone: they would serve it for ever (X1). One that has
# a master of that inode is not ours to end, whoever started that.
find_strays() {
  parentless "$old_masters$old_unborn" $old_workers $old_draining $old_helpers
}

# end_item SIGNAL PID:START:PPID FILE
end_item() {
  e_pid=${2%%:*}
  e_rest=${2#*:}
  send "$1" "$e_pid" "${e_rest%%:*}" "$3"
}

# old_alone: pid file and .oldbin are as before the run, and the set of workers is full and stable.
old_alone() {
  failed=OLD_WORKERS_MISSING
  set -- $old_set
  wanted=$#
  clock
  settle=$((now + 300)) limit=$((now + 1500)) before= twin= hup=
  while :; do
    look_at_old
    read_pid "$pid_file"
    if [ "$pid" = "$om" ] && [ ! -e "$pid_file.oldbin" ] && [ "$count" -ge "$wanted" ]; then
      [ "$kids" = "$before" ] && return 0
      # Workers that die and are started again look like a full set every time.
      [ "$now" -lt "$limit" ] || return 1
      before=$kids
      sleep 0.1
      continue
    fi
    before=
    if [ "$pid" = "$om" ] && [ "$count" -lt "$wanted" ]; then
      revive
    elif [ "$pid" = "$om" ]; then
      # A new master that was killed after a reverse handover leaves it behind.
      old_parked || rm -f "$pid_file.oldbin"
    elif [ -n "$pid" ] && [ "$pid" != "$twin" ]; then
      end_twin
    fi
    [ "$now" -lt "$limit" ] || return 1
    nap
  done
}

# end_twin: a USR2 that came too late (our own, or somebody's) has made the old master exec the old binary once more.
end_twin() {
  stat_of "$pid" && [ "$p_ppid" = "$om" ] && [ "$count" -ge "$wanted" ] || return 0
  twin=$pid
  send QUIT "$pid" "$p_start" "$old_file"
}
