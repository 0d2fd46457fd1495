# revert: old serves again, from whatever state is found. Idempotent; an old master that was told to quit cannot come back.

# revert DRAIN_LIMIT: hundredths of a second the new workers get to finish their requests.
revert() {
  drain_limit=$1
  # A preparation that was asked for before has not got its lock yet, perhaps.
  while [ -n "$preparing" ] && stat_of "$preparing"; do nap; done
  read_record
  read_lock
  if [ "$r_run" != "$run" ] && [ "$l_run" != "$run" ]; then
    untouched
  elif hold_effect 100 || { ! is_decided && hold_effect 9000; }; then
    go_back
  elif is_decided; then
    say stuck DECIDED
    answer failed
  else
    say stuck EFFECT_HELD
    answer failed
  fi
}

is_decided() {
  read_outcome
  [ "$outcome" = decided ]
}

# untouched: neither lock nor record are of this run. Where even the directory for them is gone, only a host without
# an upgrade under way is proven to be so.
untouched() {
  rm -f "$cancel"
  [ -d "$state" ] || ! old_parked || {
    stuck STATE_DIR
    return
  }
  facts
  say_disk
  say state untouched
  answer ok
}

# go_back: with the effect lock held. Answers `reverted` (proven old), or `failed` with what stands in the way.
go_back() {
  drain_limit=${drain_limit:-3000}
  in_state '' || :
  case $r_state in
    '' | prepared)
      release
      return
      ;;
    committed | reverted)
      rm -f "$cancel"
      sides
      drop_effect
      facts
      say_disk
      say state "$r_state"
      answer ok
      return
      ;;
  esac
  if ! claim reverting; then
    drop_effect
    say stuck DECIDED
    answer failed
    return
  fi
  # Going back does not depend on what can be written: a full disk must not keep the new binary serving.
  note 'state=reverting'
  if [ "$r_boot" != "$boot" ]; then
    back_after_reboot
    return
  fi
  await_exec
  if ! sides || ! put_old; then
    stuck PATH_CHANGED
  elif ! same "$om" "$om_start" "$old_file"; then
    stuck OLD_MASTER_GONE
  elif ! old_serves; then
    stuck OLD_WORKERS_MISSING
  elif ! end_new; then
    stuck NEW_MASTER_STAYS
  elif ! old_alone; then
    stuck OLD_WORKERS_MISSING
  elif ! idle_soon; then
    stuck OLD_MASTER_HANGS
  else
    # The log files may have been rotated while the old master was parked (R23).
    send USR1 "$om" "$om_start" "$old_file"
    sync "$dir" 2>/dev/null || sync
    close_run reverted
    finish_back
  fi
}

# release: nothing was signalled or exchanged. A file that somebody else put at the path meanwhile is reported.
release() {
  failed=
  [ "$r_state" = '' ] || sides && [ "$r_state.$old_file" != "prepared.$sib" ] || failed=PATH_CHANGED
  close_run reverted
  if [ -n "$failed" ]; then
    stuck "$failed"
  else
    old_file=$path new_file=
    finish_back
  fi
}

# await_exec: a USR2 on its way would exec whatever is at the path by the time it is handled; so the new binary stays
# there until it has. Bounded: a master that is stopped must not keep the path on new.
await_exec() {
  [ "$r_state.$r_usr2.$nm" = switching.sent. ] || return 0
  sides
  clock
  limit=$((now + 300))
  while same "$om" "$om_start" "$old_file" && [ "$now" -lt "$limit" ]; do
    if idle "$om"; then
      scan
      # The fork of a master that has not yet exec'd is told by its parent's title.
      children_of "$om" $old_unborn
      [ "$count" -gt 0 ] || return 0
    fi
    nap
    clock
  done
}

# idle_soon: signals that the old master has not handled yet (it may be stopped) could still start an upgrade.
idle_soon() {
  clock
  limit=$((now + 300))
  until idle "$om"; do
    clock
    [ "$now" -lt "$limit" ] || return 1
    nap
  done
}

stuck() {
  drop_effect
  say stuck "$1"
  facts
  say_disk
  answer failed
}

finish_back() {
  drop_effect
  facts
  say_disk
  say state reverted
  answer reverted
}

# back_after_reboot: no process of the run is left; the path tells the truth by itself once it is old.
back_after_reboot() {
  sides && put_old && sync "$dir" "$state/record" 2>/dev/null
  scan
  if [ "$old_file" = "$path" ] && [ -n "$old_masters" ]; then
    close_run reverted
    finish_back
  else
    stuck REBOOTED
  fi
}

# old_serves: the old master has its full set of accepting workers. Never QUIT the new one before that (R9).
old_serves() {
  set -- $old_set
  wanted=$# hup=
  clock
  settle=$((now + 300)) limit=$((now + 1500))
  while :; do
    look_at_old
    pick_new_master
    if [ "$count" -ge "$wanted" ]; then
      # Workers that were told to go may not have heard it yet: after WINCH only a set started by HUP counts.
      [ -z "$winch_at" ] || [ -n "$hup" ] || [ -n "$handled" ] && [ -z "$nm" ] || [ "$now" -ge "$settle" ] &&
        return 0
    else
      revive || return 1
    fi
    same "$om" "$om_start" "$old_file" || return 1
    [ "$now" -lt "$limit" ] || return 1
    nap
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

# pick_new_master: $nm is the child of the old master that runs the new inode, born or not; empty when there is none.
pick_new_master() {
  nm= nm_start=
  for item in $new_masters $new_unborn; do
    [ "${item##*:}" = "$om" ] || continue
    nm=${item%%:*}
    nm_start=${item#*:}
    nm_start=${nm_start%%:*}
  done
}

# end_new: the new master finishes its requests and ends; one that never came up is killed (R3).
end_new() {
  clock
  limit=$((now + drain_limit)) asked=
  while :; do
    scan
    # Somebody may just be asking the new binary for its version: the unborn are ours only below the old master.
    children_of "$om" $new_unborn
    unborn=$kids
    set -- $new_masters $new_workers $new_draining $new_helpers $unborn
    [ "$#" -gt 0 ] || return 0
    clock
    if [ "$now" -ge "$limit" ]; then
      case $asked in
        KILL) return 1 ;;
        TERM) asked=KILL ;;
        *) asked=TERM ;;
      esac
      limit=$((now + 500))
      for item in "$@"; do end_item "$asked" "$item" "$new_file"; done
    else
      # Orphan workers obey QUIT sent to them directly; the inode proves that they are ours.
      [ -n "$new_masters" ] || for item in $new_workers; do end_item QUIT "$item" "$new_file"; done
      for item in $unborn; do end_item KILL "$item" "$new_file"; done
      for item in $new_masters; do
        case $asked in *" $item"*) continue ;; esac
        end_item QUIT "$item" "$new_file"
        asked="$asked $item"
      done
    fi
    nap
  done
}

# end_item SIGNAL PID:START:PPID FILE
end_item() {
  e_pid=${2%%:*}
  e_rest=${2#*:}
  send "$1" "$e_pid" "${e_rest%%:*}" "$3"
}

# old_alone: pid file and .oldbin are as before the run, and the set of workers is full and stable.
old_alone() {
  set -- $old_set
  wanted=$#
  clock
  settle=$((now + 300)) limit=$((now + 1500)) before= twin= hup=
  while :; do
    look_at_old
    read_pid "$pid_file"
    if [ "$pid" = "$om" ] && [ ! -e "$pid_file.oldbin" ] && [ "$count" -ge "$wanted" ]; then
      [ "$kids" = "$before" ] && return 0
      before=$kids
      sleep 0.1
      continue
    fi
    before=
    if [ "$pid" = "$om" ] && [ "$count" -lt "$wanted" ]; then
      revive
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
