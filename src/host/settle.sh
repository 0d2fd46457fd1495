# Bringing a run to its end here without its controller: by the dead-man, by the next run after a reboot, by a human.

# going_on: has this run begun something here that has not come to its end?
going_on() { in_state prepared switching switched precommitted decided reverting; }

# bring_to_end: with the effect lock held, from the state that is derived anew. What was found and done stays in the
# record, under the name of the hand that did it.
bring_to_end() {
  going_on || return
  drain_limit=$r_drain
  note "$hand=acts in state $r_state"
  read_outcome
  if [ "$r_state" = decided ] || [ "$outcome" = decided ]; then
    go_forward "$r_drain" "$r_policy"
  else
    go_back
  fi
}

# settle HAND: the run of the record is brought to its end, under its own name. Call it in a shell of its own.
settle() {
  run=$r_run sib=$dir/.${path##*/}.handover-$r_run cancel=$state/cancel.$r_run known_end= fields= hand=$1 epoch=0
  # What lies there was sent by the next run.
  sent=$base/artifacts/-
  wrest_effect || return
  bring_to_end
  drop_effect
}

# break_lock HOW: ends a lock that nobody will give back, with everything its run has left. `force` ends a living one too.
break_lock() {
  if ! read_lock; then
    say state none
    answer ok
  elif overtaken; then
    say code FENCED
    answer refused
  elif lock_lives && [ "$1" != force ]; then
    say code LOCKED
    say detail "$l_owner"
    answer refused
  else
    # What its program has begun must not go on beside us.
    [ "$l_boot" = "$boot" ] && alive "$l_pid" "$l_start" && end_tree "$l_pid"
    broken=$l_run
    read_record
    [ "$r_run" != "$broken" ] || (settle broken_lock)
    tell_broken
  fi
}

# tell_broken: is there anything left of it?
tell_broken() {
  if read_lock && [ "$l_run" = "$broken" ]; then
    if unfinished; then
      say code RUN_UNFINISHED
      say last_run "$r_run"
      say last_state "$r_state"
      say last_word "$r_word"
      answer failed
      return
    fi
    hold_effect 100 && read_lock && [ "$l_run" = "$broken" ] && remove_staged "$broken" && rm -f "$state/lock"
    drop_effect
  fi
  read_record
  [ "$r_run" != "$broken" ] || say state "$r_state"
  answer ok
}
