# Where a run stands on this host, for a controller that has not led it so far. Nothing is changed, so nobody is refused.

# stand: what is in hand comes to its end first, but for no longer than 10 s. `held` says that something still is, or again.
stand() {
  await_hand 1000
  in_state '' || :
  read_stand
  [ "$r_run" = "$run" ] || stood=none
  say stand "$stood"
  say last_run "$r_run"
  say last_state "$r_state"
  say_lease "$run"
  if [ "$stood" = none ]; then old_file=$path new_file=; else sides; fi
  case $stood in switched | precommitted) say_parked ;; esac
  facts
  say_disk
  if in_hand; then say held yes; else say held no; fi
  answer ok
}

# await_hand HUNDREDTHS: until nothing of this run is in hand here; false when something still is by then.
await_hand() {
  clock
  limit=$((now + $1))
  while in_hand; do
    clock
    [ "$now" -lt "$limit" ] || return 1
    nap
  done
}

# in_hand: does a living process hold this host, whose run is ours, or is a preparation on its way to it?
in_hand() {
  [ -n "$preparing" ] && alive "${preparing%:*}" "${preparing#*:}" && return 0
  is_ours || return 1
  content "$state/effect"
  # Without a text it is being taken this moment.
  [ -n "$content" ] || [ ! -e "$state/effect" ] || { nap && content "$state/effect"; }
  [ -n "$content" ] || content "$at_run"
  [ -n "$content" ] && holder_lives
}

# say_parked: what a renewal would find.
say_parked() {
  failed=REBOOTED
  if [ "$r_boot" = "$boot" ] && failed=PATH_CHANGED && sides && parked_well; then failed=ok; fi
  say parked "$failed"
}

# read_stand: $stood is the state of the run of the record. An outcome that was claimed holds, also where whoever did
# that was killed before it could note it.
read_stand() {
  stood=$r_state claimed_by= claimed=
  { read -r claimed_by claimed <"$state/outcome"; } 2>/dev/null
  case $r_state in committed | reverted) return ;; esac
  [ "$claimed_by" != "$r_run" ] || stood=${claimed:-$r_state}
}

# tell_last: the last run on this host, whoever led it.
tell_last() {
  [ -n "$r_run" ] || return 0
  read_stand
  say last_stand "$stood"
  # The latest controller of it that was heard of here: who has prepared it, has closed it or has the lock.
  heard=$r_epoch c_epoch=${r_closed%%:*}
  ! digits "$c_epoch" || [ "$c_epoch" -le "$heard" ] || heard=$c_epoch
  ! read_lock || [ "$l_run" != "$r_run" ] || [ "$l_epoch" -le "$heard" ] || heard=$l_epoch
  say last_epoch "$heard"
  say last_old_sha "$old_sha"
  say last_new_sha "$new_sha"
  say last_old_version "$old_version"
  say last_new_version "$new_version"
}
