# inspect RUN OWNER PATH PID_FILE STATE_DIR SHA ALLOW STORE EPOCH: binds this program to one daemon, and says what it is now.
# Read only, but for the state directory. EPOCH: which controller of the run this is, from 1. Refusals are listed by name; the
# controller knows the words for them.

inspect() {
  run=$1 owner=$2 asked=$3 pid_file=$4 asked_base=$5 want_sha=$6 allow=,${7:--},
  refusals= scanned= version= old_build= epoch=${9:-1}
  digits "$epoch" && [ "${#epoch}" -lt 10 ] && [ "$epoch" -gt 0 ] || epoch=1
  read_uid
  find_exchange
  resolve "$asked"
  if [ ! -f "$path" ]; then
    refuse BINARY_MISSING "$asked"
    answer refused
    return
  fi
  dir=${path%/*}
  sib=$dir/.${path##*/}.handover-$run
  if ! name_state "$asked_base"; then
    refuse STATE_DIR "$base"
    answer refused
    return
  fi
  bound=yes
  say_lock
  read_record
  say last_run "$r_run"
  say last_state "$r_state"
  say last_word "$r_word"
  say path "$path"
  say state_dir "$state"
  say arch "$arch"
  say exchange "$exchange_tool"
  say boot "$boot"
  say path_id "$path_id"
  say uid "$uid"
  recall || {
    hash_file "$path" || refuse BINARY_UNREADABLE "$path"
    path_sha=$h1
  }
  say sha "$path_sha"
  # One of its own for each binary: several daemons of one machine may get the same at one time.
  sent=$base/artifacts/${8:-$want_sha}
  [ -f "$sent" ] || [ -f "$state/backups/$want_sha" ] && say have_artifact yes || say have_artifact no
  tell_last
  [ "$r_run" != "$run" ] || say record "$r_state"
  if [ "$r_run" = "$run" ] && ! anew; then
    sides
  else
    # Whoever has brought it back may still be tidying up.
    ! anew || await_hand 100
    old_file=$path new_file=
    preflight
    # The run of somebody else is shown whole: what it has staged may be what serves.
    [ -n "$scanned" ] || new_file=$dir/.${path##*/}.handover-$r_run
  fi
  [ -n "$version" ] || version_of "$path"
  say version "$version"
  if [ -n "$scanned" ]; then tell_facts; else facts; fi
  say_running
  [ -z "$refusals" ] && answer ok || answer refused
}

# say_lock: who has this host, and for how long yet without being heard from.
say_lock() {
  read_lock || return 0
  say lock_owner "$l_owner"
  say lock_run "$l_run"
  lock_lives || return 0
  say lock_lives yes
  say_lease "$l_run"
}

# say_lease RUN: hundredths of a second; nothing when it has none.
say_lease() {
  clock
  read_lease "$1" && say lease_left $((lease_end - now))
}

# resolve FILE: $path is FILE without symbolic links. Where only its directories are links the shell can follow them.
resolve() {
  path=
  if [ -h "$1" ]; then
    path=$(readlink -f -- "$1" 2>/dev/null)
  elif cd -P -- "${1%/*}/" 2>/dev/null; then
    path=${PWD%/}/${1##*/}
    cd /
  fi
}

read_uid() {
  while read -r u_key uid u_rest; do
    [ "$u_key" = Uid: ] && return
  done </proc/$$/status
}

# refuse CODE DETAIL: one more reason why this host cannot be changed.
refuse() {
  refusals="$refusals $1"
  say refusal "$1:$2"
}

# remark CODE DETAIL: worth knowing, and no reason against a change.
remark() { say note "$1:$2"; }

# hash_file FILE: $h1 is its sha256.
hash_file() {
  h1=
  h_out=$(sha256sum "$1" 2>/dev/null) || return 1
  # A backslash comes first when the name has one.
  h1=${h_out%% *} h1=${h1#"\\"}
}

# recall: $path_sha and $version of the very inode that a run has committed here, if it has not changed since.
recall() {
  [ -n "$r_known" ] && [ "$r_known" = "$path_id $path_times" ] && [ -n "$new_version" ] || return 1
  path_sha=$new_sha version=$new_version
}

# version_of FILE: bounded, because the main loop waits for it and would hear no revert meanwhile.
version_of() {
  version=$(timeout 10 "$1" -v 2>&1)
  version=${version%%"$nl"*}
  version=${version##*/}
  version=${version%% *}
}
