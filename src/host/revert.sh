# revert: old serves again, from whatever state is found. Idempotent; an old master that was told to quit cannot come back.

# revert DRAIN_LIMIT: hundredths of a second the new workers get to finish their requests.
revert() {
  drain_limit=$1
  if ! hold_effect 9000; then
    say stuck EFFECT_HELD
    answer failed
    return
  fi
  if ! read_lock || [ "$l_run" != "$run" ]; then
    rm -f "$cancel" "$state/effect"
    facts
    say state untouched
    answer ok
    return
  fi
  go_back
}

# go_back: with the effect lock held. Answers `reverted` (proven old), or `failed` with what stands in the way.
go_back() {
  drain_limit=${drain_limit:-3000}
  in_state '' || :
  case $r_state in
    '' | prepared)
      close_run reverted
      finish_back
      return
      ;;
    committed | reverted)
      rm -f "$cancel" "$state/effect"
      facts
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
  note 'state=reverting'
  if [ "$r_boot" != "$boot" ]; then
    back_after_reboot
    return
  fi
  sides && put_old || {
    stuck PATH_CHANGED
    return
  }
  if ! same "$om" "$om_start" "$old_file"; then
    stuck OLD_MASTER_GONE
    return
  fi
  old_serves || {
    stuck OLD_WORKERS_MISSING
    return
  }
  end_new || {
    stuck NEW_MASTER_STAYS
    return
  }
  old_alone || {
    stuck OLD_WORKERS_MISSING
    return
  }
  # The log files may have been rotated while the old master was parked (R23).
  send USR1 "$om" "$om_start" "$old_file"
  sync "$dir" 2>/dev/null || sync
  close_run reverted
  finish_back
}

stuck() {
  drop_effect
  say stuck "$1"
  facts
  answer failed
}

finish_back() {
  drop_effect
  facts
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
    scan
    children_of "$om" $old_workers
    pick_new_master
    clock
    if [ "$count" -ge "$wanted" ]; then
      # Workers that were told to go may not have heard it yet: after WINCH only a set started by HUP counts.
      [ -z "$winch_at" ] || [ -n "$hup" ] || [ -z "$nm" ] || [ "$now" -ge "$settle" ] && return 0
    elif [ -z "$hup" ] && ! pending "$om" "$winch_mask"; then
      # With no new master nginx starts its workers again by itself; it gets a second to do so.
      if [ "$count" -eq 0 ] && [ -n "$nm" ] || [ "$now" -ge "$((settle - 200))" ]; then
        send HUP "$om" "$om_start" "$old_file" || return 1
        hup=yes
      fi
    fi
    same "$om" "$om_start" "$old_file" || return 1
    [ "$now" -lt "$limit" ] || return 1
    nap
  done
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
    pick_new_master
    set -- $new_masters $new_workers $new_draining $new_unborn $new_helpers
    [ "$#" -gt 0 ] || return 0
    clock
    if [ "$now" -ge "$limit" ]; then
      case $asked in
        KILL) return 1 ;;
        TERM) asked=KILL ;;
        *) asked=TERM ;;
      esac
      limit=$((now + 500))
      for item in "$@"; do end_item "$asked" "$item"; done
    elif [ -z "$asked" ]; then
      asked=QUIT
      for item in $new_unborn; do end_item KILL "$item"; done
      if [ -n "$new_masters" ]; then
        for item in $new_masters; do end_item QUIT "$item"; done
      else
        # Orphan workers obey QUIT sent to them directly; the inode proves that they are ours.
        for item in $new_workers; do end_item QUIT "$item"; done
      fi
    elif [ -z "$new_masters" ]; then
      for item in $new_workers; do end_item QUIT "$item"; done
    fi
    nap
  done
}

end_item() {
  e_pid=${2%%:*}
  e_rest=${2#*:}
  send "$1" "$e_pid" "${e_rest%%:*}" "$new_file"
}

# old_alone: pid file and .oldbin are as before the run, and the set of workers is full and stable.
old_alone() {
  set -- $old_set
  wanted=$#
  clock
  limit=$((now + 1500)) before=
  while :; do
    read_pid "$pid_file"
    scan
    children_of "$om" $old_workers
    if [ "$pid" = "$om" ] && [ ! -e "$pid_file.oldbin" ] && [ "$count" -ge "$wanted" ]; then
      [ "$kids" = "$before" ] && return 0
      before=$kids
      sleep 0.1
      continue
    fi
    before=
    clock
    [ "$now" -lt "$limit" ] || return 1
    nap
  done
}
