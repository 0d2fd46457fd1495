# revert: old serves again, from whatever state is found. Idempotent.

# revert DRAIN_LIMIT: hundredths of a second the new workers get to finish their requests.
revert() {
  drain_limit=$1
  # A preparation that was asked for before has not got its lock yet, perhaps.
  while [ -n "$preparing" ] && alive "${preparing%:*}" "${preparing#*:}"; do nap; done
  if ! is_ours; then
    untouched
  elif hold_effect 100 || { ! is_decided && hold_effect 9000; }; then
    # Another run may have taken the host over while we waited: what is there now is not ours to undo.
    if ! is_ours; then
      untouched
    elif overtaken && [ ! -e "$cancel" ]; then
      # It came to its end while we waited, and a later controller has begun anew. Otherwise what was asked before that one
      # came is carried out: nothing goes forward any more since then.
      drop_effect
      say code FENCED
      answer refused
    else
      go_back
    fi
  elif is_decided; then
    say stuck DECIDED
    answer failed
  else
    say stuck EFFECT_HELD
    answer failed
  fi
}

is_ours() {
  read_record
  read_lock
  [ "$r_run" = "$run" ] || [ "$l_run" = "$run" ]
}

is_decided() {
  read_outcome
  [ "$outcome" = decided ]
}

# untouched: neither lock nor record are of this run. Where no other run has them, only a host without an upgrade under
# way is proven to be so: they may have been removed.
untouched() {
  drop_effect
  rm -f "$cancel"
  [ -n "$l_run$r_run" ] || ! old_parked || {
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
  in_state '' || :
  # A switch that goes back by itself was not told; the record was.
  drain_limit=${drain_limit:-${r_drain:-3000}}
  case $r_state in
    '' | prepared)
      release
      return
      ;;
    committed | reverted)
      sides
      # Whoever closed the run may have been killed before it had tidied up.
      close_run "$r_state"
      drop_effect
      facts
      say_disk
      say state "$r_state"
      say how "${r_how:-in-place}"
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
  # Of another boot no process is left, and its pids and start times say nothing any more.
  if [ "$r_boot" != "$boot" ]; then
    om= om_start= nm= nm_start= winch_at=
    ids_anew
  else
    await_exec
  fi
  failed=PATH_CHANGED
  if sides && put_old && old_again && park_new && end_new && old_alone && idle_soon; then
    # The log files may have been rotated while the old master was parked (R23).
    send USR1 "$om" "$om_start" "$old_file"
    sync "$dir" 2>/dev/null || sync
    close_run reverted
    finish_back
  else
    stuck "$failed"
  fi
}

# old_again: an old master serves with its full set of workers: the parked one where it can, else another.
old_again() {
  failed=NO_MASTER
  scan
  find_new_master
  if same "$om" "$om_start" "$old_file"; then
    if [ -z "$nm" ] || shares_socket || ! told_to_quit; then
      old_serves && return 0
      same "$om" "$om_start" "$old_file" && ! told_to_quit && return 1
    fi
  fi
  successor && old_serves
}

# release: nothing was signalled or exchanged. A file that somebody else put at the path meanwhile is reported.
release() {
  [ -z "$r_state" ] || [ "$r_boot" = "$boot" ] || ids_anew
  if [ "$r_state" = prepared ] && { ! sides || [ "$old_file" != "$path" ]; }; then
    [ "$old_file" = "$sib" ] || close_run reverted
    stuck PATH_CHANGED
    return
  fi
  close_run reverted
  old_file=$path new_file=
  finish_back
}

# await_exec: a USR2 on its way would exec whatever is at the path by the time it is handled; so the new binary stays
# there until it has. Bounded: a master that is stopped must not keep the path on new.
await_exec() {
  [ "$r_usr2.$nm" = sent. ] || return 0
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
  failed=OLD_MASTER_HANGS
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
  say how "${r_how:-in-place}"
  answer reverted
}
