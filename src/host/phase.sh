# How a phase begins, ends and gives up.

# begin_phase STATE...: the effect lock is ours, the run is in one of these states and nobody asked to go back.
begin_phase() {
  seize 500 || return 1
  if ! in_state "$@"; then
    say code WRONG_PHASE
    say detail "$r_state"
  elif [ "$r_boot" != "$boot" ]; then
    say code REBOOTED
  elif ! newest; then
    say code FENCED
  elif failed=REVERT_ASKED && ! forward; then
    say code "$failed"
  else
    return 0
  fi
  drop_effect
  answer refused
  return 1
}

# seize TRIES: the effect lock, or the answer why it cannot be had.
seize() {
  hold_effect "$1" && return 0
  # Where there is no directory for it, nothing was ever prepared.
  if [ -d "$state" ]; then say code EFFECT_HELD; else say code WRONG_PHASE; fi
  answer refused
  return 1
}

end_phase() { drop_effect; }

# give_up CODE: back to old at once, under the same effect lock, and say whether that was proven.
give_up() {
  say code "$1"
  error_lines
  if [ -e "$cancel" ] || { lease_past && dead_man_lives; }; then
    # The revert that was asked for, or the dead-man, waits for our lock and does it.
    drop_effect
    answer cancelled
    return
  fi
  go_back
}

# error_lines [PID]: what the daemon itself wrote about it, the last lines of weight only.
error_lines() {
  for fd in 2 3 4 5 6 7 8 9; do
    log=$(readlink "/proc/${1:-$om}/fd/$fd" 2>/dev/null)
    case $log in
      /*err*) ;;
      *) continue ;;
    esac
    say log "$(tail -c 4096 "$log" 2>/dev/null | grep -E '\[(emerg|alert|crit)\]|error while loading' | tail -n 3)"
    return
  done
}
