# The lease: until when this run may act here without being heard from, in the host's monotonic time and for this boot.
# Wrong clocks of hosts or controllers do not matter.

# read_lease RUN: $lease_end is the end of its lease; false when it has none in this boot. Read twice: a line that is
# overwritten in between may be half of the old one and half of the new.
read_lease() {
  lease_end= lease_looks=0
  while [ "$lease_looks" -lt 50 ]; do
    x_run= x_end= x_boot= x_mark= y_end=
    { read -r x_run x_end x_boot x_mark <"$state/lease"; } 2>/dev/null || return 1
    { read -r y_run y_end y_rest <"$state/lease"; } 2>/dev/null
    if [ "$x_end" = "$y_end" ] && [ "$x_mark" = end ]; then
      [ "$x_run $x_boot" = "$1 $boot" ] || return 1
      lease_end=$x_end
      return 0
    fi
    lease_looks=$((lease_looks + 1))
  done
  return 1
}

# lease_past: a lease is never shortened, so one that was known to run still runs. One that cannot be read is past:
# whoever may go on must be able to prove it.
lease_past() {
  clock
  [ "$now" -ge "${known_end:-0}" ] || return 1
  read_lease "$run" || return 0
  known_end=$lease_end
  [ "$now" -ge "$known_end" ]
}

# extend LENGTH: hundredths of a second from now. Once prepared only the main loop writes it, so none overtakes another; in
# place, so that a full disk does not keep the controller from being heard.
extend() {
  clock
  lease_to=$((now + $1))
  had_until=
  if read_lease "$run"; then
    [ "$lease_end" -lt "$lease_to" ] || return 0
    had_until=$lease_end
  fi
  { printf '%s %12d %s end\n' "$run" "$lease_to" "$boot" 1<>"$state/lease"; } 2>/dev/null || return 1
  known_end=$lease_to
  # Written before the old end, it is what the dead-man finds, which looks once more after that end. Otherwise it may have
  # looked before: then nothing is promised.
  clock
  [ -z "$had_until" ] || [ "$now" -lt "$had_until" ] || { failed=LEASE_LOST && return 1; }
}

# renew LENGTH: the controller is heard from. It is told in the same answer whether the dead-man lives and, once the
# host has switched, whether it is still as it was left.
renew() {
  failed=WRONG_PHASE
  if in_state prepared switching switched precommitted && may_renew && seen_alive "$1"; then
    case $r_state in
      switched | precommitted)
        failed=PATH_CHANGED
        sides && parked_well || r_state=
        ;;
    esac
    if [ -n "$r_state" ]; then
      answer ok
      return
    fi
  fi
  # It has gone back, or is about to, without being asked from here.
  case $failed.$r_state in WRONG_PHASE.revert*) failed=LEASE_LOST ;; esac
  say code "$failed"
  answer failed
}

may_renew() {
  failed=FENCED
  newest || return 1
  failed=LEASE_LOST
  forward
}

# seen_alive LENGTH: a dead-man that is not seen alive is armed anew; without one nothing more may happen here.
seen_alive() {
  failed=DEAD_MAN_FAILED
  dead_man_lives || arm || return 1
  failed=RECORD_FAILED
  extend "$1"
}
