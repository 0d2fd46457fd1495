# Who leads a run here, of several controllers of it and of several connections of one: the lock has the name of the one.

# newest (invariant 8): neither a later controller of this very run has the lock, nor a younger connection of this one. From
# then on it is ours by name, and what the others still had on their way is refused.
newest() {
  may_lead || return 1
  [ "$l_epoch $l_pid $l_start" != "$epoch $$ $self_start" ] || return 0
  # One at a time: the name of a later controller could come between our look and our own name.
  take_turn || return 1
  may_lead && make_lock "$state/lock.$$" && mv -f "$state/lock.$$" "$state/lock"
  leads=$?
  rm -f "$state/lock.turn"
  return "$leads"
}

# may_lead: a controller of a lower epoch does not become the newest by dialling again.
may_lead() {
  read_lock && [ "$l_run" = "$run" ] || return 1
  [ "$l_epoch" -eq "$epoch" ] || {
    [ "$l_epoch" -lt "$epoch" ]
    return
  }
  # Start times of another boot say nothing.
  [ "$l_boot" != "$boot" ] || [ "$l_start" -le "$self_start" ]
}

# overtaken: a later controller of this run leads it here. An older connection of this one is not that.
overtaken() { read_lock && [ "$l_run" = "$run" ] && [ "$l_epoch" -gt "$epoch" ]; }

# take_turn: one at a time gives the lock another name, or takes it away. Given back by removing the file. False where no file
# can be made, or somebody was stopped with it.
take_turn() {
  turns=0
  name_me
  until create "$state/lock.turn" "$me"; do
    # Given back this moment, or there is no room for it.
    if [ ! -e "$state/lock.turn" ] && [ ! -h "$state/lock.turn" ]; then
      create "$state/lock.turn" "$me"
      return
    fi
    content "$state/lock.turn"
    # Whoever was killed with it has it for ever. Only one of those who wait may take it from the dead.
    if [ "$turns" -ge 20 ] && ! holder_lives && ln -sn "$me" "$state/effect.dead.turn.$e_pid" 2>/dev/null; then
      rm -f "$state/lock.turn"
    fi
    turns=$((turns + 1))
    [ "$turns" -lt 60 ] || return 1
    nap
  done
}

# anew: may this controller prepare once more what has gone back in this very run? Only a later one than that which has
# prepared it: what an earlier one still had on its way stays refused.
anew() { [ "$r_run.$r_state" = "$run.reverted" ] && [ "$epoch" -gt "$r_epoch" ] && ! overruled; }

# overruled: a later controller than this one, or a younger connection of it, has closed the run here.
overruled() {
  c_epoch=${r_closed%%:*} c_start=${r_closed#*:}
  [ -n "$c_epoch" ] || return 1
  [ "$c_epoch" -eq "$epoch" ] || {
    [ "$c_epoch" -gt "$epoch" ]
    return
  }
  [ "$r_boot" = "$boot" ] && [ "$c_start" -gt "$self_start" ]
}
