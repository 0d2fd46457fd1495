# switch: the new binary takes over, the old master is parked. One signal, one verified postcondition, then the
# next signal; every wait is for something observed. Whatever goes wrong, the host is back on old before the answer.

# switch START_TIMEOUT: in hundredths of a second, for the new master to come up with all its workers.
switch() {
  begin_phase prepared || return
  start_limit=$1
  sides
  note 'state=switching'
  if [ "$old_file" != "$path" ] || [ -z "$new_file" ] || ! same "$om" "$om_start" "$path" ||
    ! alive_workers "$om" "$path" $old_set || [ -e "$pid_file.oldbin" ]; then
    give_up CHANGED_SINCE_PREPARE
    return
  fi
  set -- $old_set
  wanted=$#
  start_new && full_set && park_old || {
    give_up "$failed"
    return
  }
  note 'state=switched'
  say pid "$nm"
  say workers "$new_set"
  end_phase
  answer ok
}

# begin_phase STATE...: the effect lock is ours, the run is in one of these states and nobody asked to go back.
begin_phase() {
  if ! hold_effect 500; then
    say code EFFECT_HELD
    answer refused
    return 1
  fi
  if ! in_state "$@"; then
    say code WRONG_PHASE
    say detail "$r_state"
  elif ! forward; then
    say code REVERT_ASKED
  elif [ "$r_boot" != "$boot" ]; then
    say code REBOOTED
  else
    return 0
  fi
  drop_effect
  answer refused
  return 1
}

end_phase() { drop_effect; }

# give_up CODE: back to old at once, under the same effect lock, and say whether that was proven.
give_up() {
  say code "$1"
  error_lines
  if [ -e "$cancel" ]; then
    # The revert that was asked for waits for our lock and does it.
    drop_effect
    answer cancelled
    return
  fi
  go_back
}

# start_new: put the new binary in place, USR2, wait for a new master that runs the new inode, put the old one back.
start_new() {
  failed=EXCHANGE_FAILED
  put_new || return 1
  failed=IDENTITY_LOST
  send USR2 "$om" "$om_start" "$old_file" || return 1
  note 'usr2=sent'
  clock
  deadline=$((now + start_limit)) looks=0 quiet=0 seen=
  while :; do
    read_pid "$pid_file"
    if [ -n "$pid" ] && [ "$pid" != "$om" ]; then
      stat_of "$pid" && [ "$p_ppid" = "$om" ] && [ "/proc/$pid/exe" -ef "$new_file" ] && break
    fi
    clock
    failed=NEW_MASTER_TIMEOUT
    [ "$now" -lt "$deadline" ] || return 1
    failed=REVERT_ASKED
    forward || return 1
    failed=OLD_MASTER_GONE
    same "$om" "$om_start" "$old_file" || return 1
    failed=NEW_MASTER_DIED
    [ -e "$pid_file.oldbin" ] && seen=yes
    if [ "$pid" = "$om" ] && [ ! -e "$pid_file.oldbin" ] && ! pending "$om" "$usr2_mask"; then
      # The signal is handled and there is no upgrade under way: it has ended, or it was ignored.
      quiet=$((quiet + 1))
      [ "$quiet" -lt 8 ] || { [ -n "$seen" ] || failed=NO_NEW_MASTER; return 1; }
    else
      quiet=0
    fi
    looks=$((looks + 1))
    # A new binary that hangs before it writes its pid file has still been exec'd: the path need not wait for it.
    if [ $((looks % 10)) -eq 0 ] && [ "$new_file" = "$path" ]; then
      scan
      [ -n "$new_unborn$new_masters" ] && { put_old || return 1; }
    fi
    nap
  done
  nm=$pid nm_start=$p_start
  note "new_master=$nm:$nm_start"
  failed=PATH_CHANGED
  put_old || return 1
  # Not the new binary that came out: a package upgrade got in between, and its file is not ours to take away.
  [ "$sib" -ef "/proc/$nm/exe" ] && return 0
  exchange "$path" "$sib"
  return 1
}

# full_set: the new master has as many accepting workers as the old one, the same ones in two looks 100 ms apart.
full_set() {
  had=-1 changed=$now
  while :; do
    failed=NEW_MASTER_DIED
    same "$nm" "$nm_start" "$new_file" || return 1
    failed=REVERT_ASKED
    forward || return 1
    scan
    children_of "$nm" $new_workers
    clock
    if [ "$count" -eq "$wanted" ]; then
      new_set=$kids
      # The directory is made durable in the pause between the two looks: the old binary is at the path for good.
      sync "$dir" 2>/dev/null || sync
      sleep 0.1
      alive_workers "$nm" "$new_file" $new_set && break
      failed=WORKERS_UNSTABLE
    else
      failed=WORKERS_MISSING
    fi
    [ "$count" -eq "$had" ] || had=$count changed=$now
    if [ "$now" -ge "$deadline" ] || [ $((now - changed)) -gt 200 ]; then
      say found "$count"
      say wanted "$wanted"
      return 1
    fi
    nap
  done
  note "new_set=$new_set"
}

# park_old: WINCH only if in the same breath the new side is complete; then wait until no old worker accepts.
park_old() {
  failed=REVERT_ASKED
  forward || return 1
  failed=NEW_MASTER_DIED
  same "$nm" "$nm_start" "$new_file" || return 1
  clock
  note "winch_at=$now"
  failed=IDENTITY_LOST
  send WINCH "$om" "$om_start" "$old_file" || return 1
  limit=$((now + 1000))
  while accepting_left $old_set; do
    clock
    failed=OLD_WORKERS_STAY
    [ "$now" -lt "$limit" ] || return 1
    failed=REVERT_ASKED
    forward || return 1
    nap
  done
  failed=NEW_MASTER_DIED
  same "$nm" "$nm_start" "$new_file" || return 1
  failed=WORKERS_UNSTABLE
  alive_workers "$nm" "$new_file" $new_set
}

# parked_well: new serves with the very workers it was switched with, old is parked and alive, the path is old.
parked_well() {
  failed=NEW_MASTER_DIED
  same "$nm" "$nm_start" "$new_file" || return 1
  failed=WORKERS_UNSTABLE
  alive_workers "$nm" "$new_file" $new_set || return 1
  failed=OLD_MASTER_GONE
  same "$om" "$om_start" "$old_file" || return 1
  failed=PATH_CHANGED
  [ "$path" -ef "$old_file" ] && [ "$path" -ef "/proc/$om/exe" ]
}

# look: is a switched host still as it was left? Signals nothing, takes no lock.
look() {
  failed=WRONG_PHASE
  if in_state switched precommitted && sides && parked_well; then
    answer ok
  else
    say code "$failed"
    answer failed
  fi
}

# precommit: the host is frozen as a participant; everything is looked at once more, with fresh eyes.
precommit() {
  begin_phase switched precommitted || return
  failed=PATH_CHANGED
  sides && parked_well && nobody_else || {
    say code "$failed"
    end_phase
    answer failed
    return
  }
  note 'state=precommitted'
  end_phase
  answer ok
}

# nobody_else: exactly one old and one new master, no old worker accepts, no orphan, no third upgrade under way.
nobody_else() {
  scan
  failed=UNEXPECTED_PROCESSES
  set -- $old_masters $old_workers $old_unborn
  [ "$#" -eq 1 ] || return 1
  set -- $new_masters
  [ "$#" -eq 1 ] || return 1
  children_of "$nm" $new_workers
  [ "$kids" = "$new_set" ] || return 1
  read_pid "$pid_file"
  failed=PID_FILE_CHANGED
  [ "$pid" = "$nm" ]
}

# error_lines: what the daemon itself wrote about it, the last lines of weight only.
error_lines() {
  for fd in 2 3 4 5 6 7 8 9; do
    log=$(readlink "/proc/$om/fd/$fd" 2>/dev/null)
    case $log in
      /*err*) ;;
      *) continue ;;
    esac
    say log "$(tail -c 4096 "$log" 2>/dev/null | grep -E '\[(emerg|alert|crit)\]|error while loading' | tail -n 3)"
    return
  done
}
