# prepare: lock, stage, try out, back up. Serving is not touched; all of it is undone by `revert`.

# prepare SHA LEASE DRAIN_LIMIT POLICY: times in hundredths of a second; the last two are for the dead-man.
prepare() {
  want_sha=$1 asked_drain=$3 asked_policy=$4
  if ! make_state; then
    say detail "$base"
    fail_prepare STATE_DIR
    return
  fi
  if ! take_lock; then
    read_lock
    read_record
    case $why in
      held) say detail "$l_owner" && fail_prepare LOCKED ;;
      unfinished) say detail "$r_run" && fail_prepare RUN_UNFINISHED ;;
      fenced) fail_prepare FENCED ;;
      *) say detail "$base" && fail_prepare STATE_DIR ;;
    esac
    return
  fi
  if ! hold_effect 500; then
    fail_prepare EFFECT_HELD
  elif ! read_lock || [ "$l_run" != "$run" ]; then
    # One that stood still before the lock had its text may have been taken for gone, by a hand that held this lock, too: what
    # is here is not ours, nor is it to be tidied up.
    drop_effect
    say detail "$l_owner"
    fail_prepare LOCKED
  # Once more, with the host in hand: a later controller may have come in between.
  elif ! newest; then
    fail_prepare FENCED
  elif ! in_state '' prepared && ! anew; then
    say detail "$r_state"
    fail_prepare WRONG_PHASE
  elif [ -e "$cancel" ]; then
    fail_prepare REVERT_ASKED
  elif ! find_old; then
    fail_prepare CHANGED_SINCE_INSPECT
  elif ! stage_file "$want_sha"; then
    say detail "$why"
    fail_prepare "$why_code"
  elif [ "$old_id" != "$path_id" ]; then
    fail_prepare CHANGED_SINCE_INSPECT
  elif ! back_up; then
    say detail "$why"
    fail_prepare "$why_code"
  elif try_out; then
    if ! begin_record; then
      say detail "$state"
      fail_prepare RECORD_FAILED
    # Once more: what is promised begins when the dead-man lives, however long it took to come up.
    elif ! extend "$2" || ! arm || ! extend "$2"; then
      fail_prepare DEAD_MAN_FAILED
    else
      drop_effect
      say version "$new_version"
      say old_version "$version"
      set -- $old_set
      say workers "$#"
      answer ok
    fi
  fi
}

# find_old: the master of the pid file runs the file at the path, and has workers: those that inspect saw, if they
# are still what they were, or else those of now.
find_old() {
  old_file=$path new_file=
  read_pid "$pid_file"
  om=$pid
  stat_of "${om:-0}" && [ "/proc/$om/exe" -ef "$path" ] || return 1
  om_start=$p_start
  children_of "$om" $old_workers
  if [ "$count" -eq 0 ] || ! alive_workers "$om" "$path" $kids; then
    scan
    children_of "$om" $old_workers
  fi
  old_set=$kids
  [ "$count" -gt 0 ]
}

# begin_record: the record of this run in place of the last one, and what a claim needs. One call makes it durable with
# the old bytes, the new ones and the directories (invariant 3).
begin_record() {
  set +f
  for f in "$state"/outcome "$state"/cancel.* "$state"/effect.dead.* "$state"/probe.*; do
    [ ! -e "$f" ] && [ ! -h "$f" ] || rm -f "$f"
  done
  set -f
  {
    printf '%s\n' "run=$run" "epoch=$epoch" "boot=$boot" "old_master=$om:$om_start" "old_set=$old_set" "old_id=$old_id" \
      "new_id=$new_id" "drain=$asked_drain" "policy=$asked_policy" "old_sha=$path_sha" "new_sha=$want_sha" \
      "old_version=$version" "new_version=$new_version" "exchange=$exchange_tool" "start=$start_line" state=prepared \
      >"$state/record.new" &&
      printf '%s decided\n' "$run" >"$state/claim.decided" &&
      printf '%s reverting\n' "$run" >"$state/claim.reverting" &&
      printf '%100s\n' '' >"$state/claim.spare" &&
      mv -f "$state/record.new" "$state/record"
  } 2>/dev/null || return 1
  sync "$sib" "$state/backups/$path_sha" "$state/record" "$dir" "$state/backups" "$state" 2>/dev/null || sync
}

# fail_prepare CODE: nothing of this run stays behind on a host that was not taken. What another hand of the same run
# holds is left to it.
fail_prepare() {
  say code "$1"
  if [ -n "$holding" ]; then
    # Of a run that somebody else leads nothing is ours to take away.
    if [ "$1" != FENCED ] && in_state '' prepared committed reverted; then
      rm -f "$state/record.new"
      # What has committed stays committed, whoever asks for it once more.
      if [ "$r_state" = committed ]; then close_run committed; else close_run reverted; fi
    fi
    drop_effect
  fi
  answer refused
}

# back_up: the old bytes under their own checksum, compared with what they were copied from; and is the staged file
# what was sent?
back_up() {
  why='cannot write the backup' why_code=BACKUP_FAILED
  backup=$state/backups/$path_sha
  if [ ! -f "$backup" ]; then
    cp -p "$path" "$backup.part" && mv "$backup.part" "$backup" || return 1
  fi
  why='the backup is not the same as the binary it was made of'
  cmp -s "$path" "$backup" || {
    rm -f "$backup"
    return 1
  }
  hash_file "$sib" || return 1
  why='the staged file does not have the checksum of the artifact' why_code=ARTIFACT_DAMAGED
  [ "$h1" = "$want_sha" ] || {
    rm -f "$sent"
    return 1
  }
}

# try_out: the staged file must start, and must accept the running configuration with the master's own arguments.
try_out() {
  # The kernel shows a script as its interpreter: as a master it could neither be recognised nor ended.
  { IFS= read -r first <"$sib"; } 2>/dev/null
  case $first in '#!'*)
    say detail 'it is a script'
    fail_prepare BINARY_DOES_NOT_RUN
    return 1
    ;;
  esac
  title_of "$om"
  split_args
  quote_start
  if ! find_user; then
    say detail "uid $m_uid"
    fail_prepare USER_DIFFERS
    return 1
  fi
  # With both options nginx says its version and goes on to the test.
  tested=$(as_master 60 "$sib" -V -t)
  tried=$?
  case $tested in
    *' version: '*/*)
      new_version=${tested#* version: *[/]}
      new_version=${new_version%%"$nl"*}
      new_version=${new_version%% *}
      if [ "$tried" -eq 0 ]; then
        same_build
        return
      fi
      tested=${tested#*configure arguments:}
      say detail "${tested#*"$nl"}"
      say exit "$tried"
      fail_prepare CONFIGURATION_REFUSED
      ;;
    *)
      say detail "$tested"
      say exit "$tried"
      fail_prepare BINARY_DOES_NOT_RUN
      ;;
  esac
  return 1
}
