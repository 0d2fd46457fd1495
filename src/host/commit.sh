# decide: the outcome is recorded, the new binary is at the path for good, durable; then QUIT, if it is safe.
# QUIT delivery, not exit, is the point of no return (R15).

# decide DRAIN_LIMIT POLICY: hundredths of a second from WINCH; terminate or leave.
decide() {
  # Asked again after a lost connection, the first one may still wait for the old workers.
  seize $((500 + $1)) || return
  if overtaken; then
    drop_effect
    say code FENCED
    answer refused
  elif in_state committed; then
    sides
    committed
  elif may_decide; then
    go_forward "$1" "$2"
  else
    drop_effect
    say code "$failed"
    answer refused
  fi
}

# may_decide: no lease matters here: the claim is the one point at which the controller or the dead-man wins.
may_decide() {
  failed=WRONG_PHASE
  in_state precommitted decided || return 1
  if [ "$r_state" = precommitted ]; then
    failed=REBOOTED
    [ "$r_boot" = "$boot" ] || return 1
    failed=FENCED
    newest || return 1
  else
    # Decided is decided: it is finished also where somebody has cleared the lock away.
    newest || :
  fi
  failed=REVERT_CLAIMED
  claim decided
}

# go_forward DRAIN_LIMIT POLICY: with the effect lock held and the outcome claimed, from wherever the commit stands.
go_forward() {
  [ "$r_boot" = "$boot" ] || ids_anew
  if ! note 'state=decided'; then
    held RECORD_FAILED
  elif ! sides; then
    held PATH_CHANGED
  elif ! put_new_for_good; then
    held EXCHANGE_FAILED
  elif [ "$r_boot" != "$boot" ]; then
    after_reboot
  elif ! same "$om" "$om_start" "$old_file"; then
    # Asked again, or somebody else has ended it: there is nothing left to be told to quit.
    drain "$1" "$2"
    finish_commit "$2"
  elif ! quit_is_safe; then
    held NEW_NOT_SERVING
  elif send QUIT "$om" "$om_start" "$old_file"; then
    drain "$1" "$2"
    finish_commit "$2"
  else
    held IDENTITY_LOST
  fi
}

# quit_is_safe (invariant 4): in the same breath the new master has its full set of accepting workers and the old one is
# parked, also if somebody has told it to start others since the switch.
quit_is_safe() {
  scan
  children_of "$om" $old_workers
  [ "$count" -eq 0 ] || return 1
  children_of "$nm" $new_workers
  [ "$kids" = "$new_set" ] && same "$nm" "$nm_start" "$new_file"
}

# after_reboot: a decided host comes up new by itself.
after_reboot() {
  scanned=
  read_pid "$pid_file"
  nm=$pid
  stat_of "${nm:-0}" && nm_start=$p_start
  finish_commit terminate
}

# held CODE: decided, but nothing is signalled: both masters stay and a human is needed.
held() {
  drop_effect
  say code "$1"
  facts
  say_disk
  answer held
}

# put_new_for_good: as with every exchange, what comes out must be ours; anything else is put back (see put_old).
put_new_for_good() {
  if [ "$new_file" != "$path" ]; then
    exchange "$path" "$sib" || return 1
    sides
    if [ "$old_file" != "$sib" ]; then
      exchange "$path" "$sib"
      sides
      return 1
    fi
    [ "$new_file" = "$path" ] || return 1
  fi
  sync "$dir" "$state/record" 2>/dev/null || sync
}

# drain: waits for the old master to end, and for workers that a killed one left; its limit counts from WINCH.
drain() {
  clock
  limit=$((winch_at + $1))
  [ "$limit" -gt "$now" ] || limit=$now
  cut=
  while old_lives; do
    clock
    if [ "$now" -ge "$limit" ]; then
      if [ "$2" = leave ]; then
        return
      fi
      [ -z "$cut" ] || return
      scan
      cut=$(connections_of $old_workers $old_draining)
      say cut "$cut"
      send TERM "$om" "$om_start" "$old_file" ||
        for item in $old_workers $old_draining; do end_item TERM "$item" "$old_file"; done
      limit=$((now + 1000))
    fi
    nap
  done
}

old_lives() {
  scanned=
  same "$om" "$om_start" "$old_file" && return 0
  scan
  [ -n "$old_workers$old_draining" ]
}

# connections_of LIST: how many established connections these workers hold, by socket inode.
connections_of() {
  sockets=
  for item in "$@"; do
    sockets="$sockets $(ls -l "/proc/${item%%:*}/fd" 2>/dev/null | sed -n 's/.*socket:\[\([0-9]*\)\]$/\1/p')"
  done
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v list="$sockets" 'BEGIN { n = split(list, a); for (i = 1; i <= n; i++) held[a[i]] = 1 }
      $4 == "01" && ($10 in held) { c++ } END { print c + 0 }'
}

# finish_commit POLICY: one master, no .oldbin, no lock, nothing temporary (invariant 11).
finish_commit() {
  [ -n "$scanned" ] || scan
  count_items $old_masters $old_workers $old_draining
  if [ "$count" -gt 0 ]; then
    say old_left "$count"
    if [ "$1" != leave ]; then
      held OLD_MASTER_STAYS
      return
    fi
  else
    # An old master that was killed leaves its pid file behind (R14).
    [ ! -e "$pid_file.oldbin" ] || { read_pid "$pid_file.oldbin" && [ "$pid" = "$om" ] && rm -f "$pid_file.oldbin"; }
  fi
  read_pid "$pid_file"
  children_of "$nm" $new_workers
  if [ "$pid" != "$nm" ] || ! same "$nm" "$nm_start" "$path" || [ "$count" -eq 0 ]; then
    held NOT_AS_COMMITTED
    return
  fi
  close_run committed
  remember
  drop_effect
  tell_facts
  say_disk
  answer ok
}

# remember: what the inode at the path is, so that the next run need neither hash nor start it. Any write to it or
# exchange of its name changes the time of its last change.
remember() {
  note "known=$(stat -c '%d:%i:%s %Y:%Z' "$path")"
}

# committed: asked again. Whoever closed the run may have been killed before it had tidied up.
committed() {
  close_run committed
  drop_effect
  facts
  say_disk
  answer ok
}
