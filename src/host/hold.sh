# The hold: new serves, the old master is parked. Whether that is still so, is looked at again and again.

# parked_well: new serves with the very workers it was switched with, old is parked and alive, the path is old.
parked_well() {
  failed=NEW_MASTER_DIED
  same "$nm" "$nm_start" "$new_file" || return 1
  failed=WORKERS_UNSTABLE
  alive_workers "$nm" "$new_file" $new_set || return 1
  failed=OLD_MASTER_GONE
  same "$om" "$om_start" "$old_file" || return 1
  still_parked || return 1
  failed=PATH_CHANGED
  [ "$path" -ef "$old_file" ] && [ "$path" -ef "/proc/$om/exe" ]
}

# still_parked: the old master could take over again. One that a package script has told to quit may live on until its
# workers are done, but it will never serve again.
still_parked() {
  failed=OLD_MASTER_QUITS
  shares_socket || ! told_to_quit
}

# look: is a host that was switched before still as it was left?
look() {
  failed=WRONG_PHASE
  if in_state switched precommitted && failed=PATH_CHANGED && sides && parked_well; then
    answer ok
  else
    say code "$failed"
    answer failed
  fi
}

# precommit: the host is frozen as a participant; everything is looked at once more, with fresh eyes. Its lease was
# extended before, by the main loop.
precommit() {
  begin_phase switched precommitted || return
  failed=LEASE_LOST
  if [ -n "$granted" ] && failed=PATH_CHANGED && sides && nobody_else && failed=RECORD_FAILED && note 'state=precommitted'; then
    end_phase
    answer ok
  else
    end_phase
    say code "$failed"
    answer failed
  fi
}

# nobody_else: exactly the old and the new master, the very workers the new one was switched with, no old worker that
# accepts, no orphan, no third upgrade under way; the path is old.
nobody_else() {
  scan
  failed=PATH_CHANGED
  [ "$old_file" = "$path" ] || return 1
  failed=NEW_MASTER_DIED
  [ "$new_masters" = " $nm:$nm_start:$om" ] || same "$nm" "$nm_start" "$new_file" || return 1
  failed=OLD_MASTER_GONE
  same "$om" "$om_start" "$old_file" || return 1
  still_parked || return 1
  failed=WORKERS_UNSTABLE
  children_of "$nm" $new_workers
  [ "$kids" = "$new_set" ] || return 1
  failed=UNEXPECTED_PROCESSES
  # Not the unborn of others: somebody may just be asking this binary for its version.
  children_of "$om" $old_unborn
  set -- $old_masters $old_workers $kids
  [ "$#" -eq 1 ] || return 1
  set -- $new_masters
  [ "$#" -eq 1 ] || return 1
  [ "$new_workers" = "$new_set" ] || return 1
  read_pid "$pid_file"
  failed=PID_FILE_CHANGED
  [ "$pid" = "$nm" ]
}
