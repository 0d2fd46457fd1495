# prepare: lock, stage, try out, back up. Serving is not touched; all of it is undone by `revert`.

prepare() {
  want_sha=$1
  if ! make_state; then
    say detail "$base"
    say code STATE_DIR
    answer refused
    return
  fi
  if ! take_lock; then
    read_lock
    read_record
    say detail "$l_owner"
    case $why in
      held) fail_prepare LOCKED ;;
      *) fail_prepare RUN_UNFINISHED ;;
    esac
    return
  fi
  hold_effect 500 || {
    fail_prepare EFFECT_HELD
    return
  }
  if ! in_state '' prepared; then
    say detail "$r_state"
    fail_prepare WRONG_PHASE
    return
  fi
  set +f
  rm -f "$state"/outcome "$state"/cancel.* "$state"/claim.* "$state"/record "$state"/effect.dead.*
  set -f
  scan
  read_pid "$pid_file"
  om=$pid
  if ! stat_of "${om:-0}" || [ ! "/proc/$om/exe" -ef "$path" ]; then
    fail_prepare CHANGED_SINCE_INSPECT
    return
  fi
  om_start=$p_start
  children_of "$om" $old_workers
  old_set=$kids
  stage_file "$want_sha" || {
    say detail "$why"
    fail_prepare STAGING_FAILED
    return
  }
  why_code=BACKUP_FAILED
  back_up || {
    say detail "$why"
    fail_prepare "$why_code"
    return
  }
  try_out || return
  note "run=$run"
  note "boot=$boot"
  note "old_master=$om:$om_start"
  note "old_set=$old_set"
  note "old_id=$old_id"
  note "new_id=$new_id"
  note "old_sha=$path_sha"
  note "new_sha=$want_sha"
  note 'state=prepared'
  # One call makes all of it durable (invariant 3): the old bytes, the new ones, both directories.
  sync "$sib" "$state/backups/$path_sha" "$state/record" "$dir" "$state/backups" "$state" 2>/dev/null || sync
  drop_effect
  say version "$new_version"
  say old_version "$version"
  set -- $old_set
  say workers "$#"
  answer ok
}

# fail_prepare CODE: nothing of this run stays behind on a host that was not taken.
fail_prepare() {
  say code "$1"
  if read_lock && [ "$l_run" = "$run" ]; then
    in_state '' prepared committed reverted && rm -f "$sib" "$state/lock" "$cancel"
    { read -r e_pid e_rest <"$state/effect"; } 2>/dev/null
    [ "${e_pid:-}" = "${me:-}" ] && drop_effect
  fi
  answer refused
}

# back_up: the old bytes under their own checksum, verified together with the staged file in one go.
back_up() {
  why='cannot write the backup'
  backup=$state/backups/$path_sha
  if [ ! -f "$backup" ]; then
    cp -p "$path" "$backup.part" && mv "$backup.part" "$backup" || return 1
  fi
  hash_files "$sib" "$backup" || return 1
  why='the backup does not have the checksum of the binary it was made of'
  [ "$h2" = "$path_sha" ] || {
    rm -f "$backup"
    return 1
  }
  why='the upload does not have the checksum of the artifact' why_code=ARTIFACT_DAMAGED
  [ "$h1" = "$want_sha" ] || {
    rm -f "$base/artifacts/$want_sha"
    return 1
  }
}

# try_out: the staged file must start, and must accept the running configuration with the master's own arguments.
try_out() {
  new_version=$("$sib" -V 2>&1)
  tried=$?
  case $tried.$new_version in
    0.*' version: '*) ;;
    *)
      say detail "$new_version"
      say exit "$tried"
      fail_prepare BINARY_DOES_NOT_RUN
      return 1
      ;;
  esac
  new_version=${new_version%%"$nl"*}
  new_version=${new_version##*/}
  new_version=${new_version%% *}
  title_of "$om"
  set -- ${p_title#nginx: master process }
  shift
  tested=$(
    cd "/proc/$om/cwd" 2>/dev/null || cd /
    exec timeout 60 env -i PATH="$PATH" ${TZ:+"TZ=$TZ"} "$sib" "$@" -t 2>&1
  )
  tried=$?
  [ "$tried" -eq 0 ] && return 0
  say detail "$tested"
  say exit "$tried"
  fail_prepare CONFIGURATION_REFUSED
  return 1
}
