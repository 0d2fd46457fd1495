# switch: the new binary takes over, the old master is parked. One signal, one verified postcondition, then the
# next signal; every wait is for something observed. Whatever goes wrong, the host is back on old before the answer.

# switch START_TIMEOUT: in hundredths of a second, for the new master to come up with all its workers.
switch() {
  begin_phase prepared switched precommitted || return
  start_limit=$1
  if [ "$r_state" != prepared ]; then
    # Asked again: it is done if it is still as it was left.
    look
    end_phase
    return
  fi
  if ! as_prepared; then
    give_up CHANGED_SINCE_PREPARE
    return
  fi
  # Invariant 6, before the first signal. The main loop has just armed another one if need be.
  if ! dead_man_lives; then
    give_up DEAD_MAN_FAILED
    return
  fi
  # The set of now: a reload since the preparation is harmless.
  if ! note "old_set=$old_set" || ! note 'state=switching'; then
    give_up RECORD_FAILED
    return
  fi
  start_new && full_set && park_old || {
    give_up "$failed"
    return
  }
  if ! note 'state=switched'; then
    give_up RECORD_FAILED
    return
  fi
  say pid "$nm"
  set -- $new_set
  say workers "$#"
  end_phase
  answer ok
}

# as_prepared: the same old master with workers runs the file at the path, the new one lies beside it, and no upgrade is
# under way. $old_set and $wanted are its workers now.
as_prepared() {
  sides && [ "$old_file" = "$path" ] && [ -n "$new_file" ] && same "$om" "$om_start" "$path" || return 1
  scan
  children_of "$om" $old_workers
  old_set=$kids wanted=$count
  [ "$wanted" -gt 0 ] && [ -z "$new_masters$new_workers" ] || return 1
  read_pid "$pid_file"
  [ "$pid" = "$om" ] || return 1
  old_parked && return 1
  # What a killed master left behind would look like an upgrade under way.
  [ ! -e "$pid_file.oldbin" ] || rm -f "$pid_file.oldbin"
}

# start_new: put the new binary in place, USR2, wait for a new master that runs the new inode, put the old one back.
start_new() {
  failed=EXCHANGE_FAILED
  put_new || return 1
  failed=RECORD_FAILED
  note 'usr2=sent' || return 1
  failed=IDENTITY_LOST
  send USR2 "$om" "$om_start" "$old_file" || return 1
  clock
  deadline=$((now + start_limit)) looks=0 seen=
  while :; do
    # Looked at before the files: whoever is idle has already done to them what the signal makes it do.
    if idle "$om"; then handled=yes; else handled=; fi
    read_pid "$pid_file"
    if [ -n "$pid" ] && [ "$pid" != "$om" ]; then
      stat_of "$pid" && [ "$p_ppid" = "$om" ] && [ -e "/proc/$pid/exe" ] && {
        # It runs another file than the one at the new name: somebody has replaced that one meanwhile.
        failed=PATH_CHANGED
        [ "/proc/$pid/exe" -ef "$new_file" ] || return 1
        break
      }
    fi
    clock
    failed=NEW_MASTER_TIMEOUT
    [ "$now" -lt "$deadline" ] || return 1
    failed=REVERT_ASKED
    forward || return 1
    failed=OLD_MASTER_GONE
    same "$om" "$om_start" "$old_file" || return 1
    failed=NEW_MASTER_DIED
    if [ -e "$pid_file.oldbin" ]; then
      seen=yes
    elif [ -n "$handled" ] && [ "$pid" = "$om" ]; then
      # There is no upgrade under way: it has ended, or the signal was ignored.
      [ -n "$seen" ] || failed=NO_NEW_MASTER
      return 1
    fi
    looks=$((looks + 1))
    # A new binary that hangs before it writes its pid file has still been exec'd: the path need not wait for it.
    if [ $((looks % 10)) -eq 0 ] && [ "$new_file" = "$path" ]; then
      scan
      pick_new_master
      execed=$nm nm=
      failed=PATH_CHANGED
      [ -z "$execed" ] || put_old || return 1
    fi
    nap
  done
  # Known as the new master only when what came out of the path is proven to be the new file: until then it may run one
  # that somebody else put there, and `sides` would take that for ours.
  born=$p_start
  put_old || return 1
  nm=$pid nm_start=$born
  failed=RECORD_FAILED
  note "new_master=$nm:$nm_start"
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

# full_set: the new master has as many accepting workers as the old one, the same ones in two looks 100 ms apart.
full_set() {
  had=-1 changed=$now
  while :; do
    failed=NEW_MASTER_DIED
    same "$nm" "$nm_start" "$new_file" || return 1
    failed=REVERT_ASKED
    forward || return 1
    count_new
    clock
    if [ "$count" -eq "$wanted" ]; then
      new_set=$kids
      # The directory is made durable in the pause between the two looks: the old binary is at the path for good.
      sync "$dir" 2>/dev/null || sync
      sleep 0.1
      # Counted again: a set that only looked full was still growing.
      count_new
      [ "$kids" = "$new_set" ] && break
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
  failed=RECORD_FAILED
  note "new_set=$new_set"
}

# count_new: $kids are the accepting workers of the new master, $count how many.
count_new() {
  next_of_kin || scan
  children_of "$nm" $new_workers
}

# next_of_kin: workers are forked right after their master, so most often they have the next few pids; looking there
# first spares a look at every process of the host. False when there are not as many as wanted.
next_of_kin() {
  new_workers= p=$nm found=0
  while [ "$p" -lt $((nm + 64)) ]; do
    p=$((p + 1))
    [ "/proc/$p/exe" -ef "$new_file" ] && stat_of "$p" && [ "$p_ppid" = "$nm" ] || continue
    title_of "$p"
    [ "$p_title" = 'nginx: worker process' ] || continue
    new_workers="$new_workers $p:$p_start:$p_ppid" found=$((found + 1))
  done
  [ "$found" -eq "$wanted" ]
}

# park_old: WINCH only if in the same breath the new side is complete; then wait until no old worker accepts.
park_old() {
  failed=REVERT_ASKED
  forward || return 1
  failed=NEW_MASTER_DIED
  same "$nm" "$nm_start" "$new_file" || return 1
  clock
  failed=RECORD_FAILED
  note "winch_at=$now" || return 1
  failed=IDENTITY_LOST
  send WINCH "$om" "$om_start" "$old_file" || return 1
  limit=$((now + 1000))
  # A reload by somebody else in this moment ends them, too, and starts others until WINCH is handled. Later ones: precommit
  # looks for them.
  while accepting_left $old_set || ! idle "$om"; do
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
