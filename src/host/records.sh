# What a host keeps in its state directory: the run lock, the effect lock, the outcome, the record of the run.
# The record is append-only `key=value` lines, the last one of a key counts; a torn last line is ignored.

# name_state BASE: where the state directory of this target is. Nothing is made: a look leaves no trace.
name_state() {
  if [ -n "$1" ]; then
    base=$1
  elif [ "$uid" = 0 ]; then
    base=/var/lib/handover
  else
    base=${XDG_STATE_HOME:-${HOME:-/nonexistent}/.local/state}/handover
  fi
  target=
  rest=${path#/}
  while :; do
    case $rest in
      *[-/%]*) ;;
      *) break ;;
    esac
    part=${rest%%[-/%]*}
    rest=${rest#"$part"}
    case $rest in
      /*) target=$target$part- ;;
      -*) target=$target$part%2d ;;
      *) target=$target$part%25 ;;
    esac
    rest=${rest#?}
  done
  state=$base/$target$rest
  cancel=$state/cancel.$run
  # A directory of somebody else, or a link to one, is not ours to trust.
  [ ! -e "$base" ] || { [ -d "$base" ] && [ -O "$base" ] && [ -w "$base" ] && [ ! -h "$base" ]; }
}

# make_state: the directories, 0700 by our umask. Whoever may write in one of them could steer this program.
make_state() {
  [ -d "$state/backups" ] || mkdir -p "$state/backups" 2>/dev/null
  [ -O "$base" ] && [ -O "$state" ] && [ -w "$state" ]
}

# create FILE TEXT: makes FILE if and only if nobody has it (O_EXCL), in one step.
create() {
  set -C
  { printf '%s\n' "$2" >"$1"; } 2>/dev/null
  created=$?
  set +C
  return "$created"
}

# note LINE: one line for the record.
note() { printf '%s\n' "$1" >>"$state/record"; }

# read_record: the fields of the record of the last run on this target.
read_record() {
  r_run= r_state= r_boot= om= om_start= old_set= nm= nm_start= new_set= old_id= new_id= winch_at= new_sha=
  [ -f "$state/record" ] || return 1
  while IFS= read -r r_line; do
    r_value=${r_line#*=}
    case $r_line in
      run=*) r_run=$r_value ;;
      state=*) r_state=$r_value ;;
      boot=*) r_boot=$r_value ;;
      old_master=*) om=${r_value%%:*} om_start=${r_value#*:} ;;
      old_set=*) old_set=$r_value ;;
      new_master=*) nm=${r_value%%:*} nm_start=${r_value#*:} ;;
      new_set=*) new_set=$r_value ;;
      old_id=*) old_id=$r_value ;;
      new_id=*) new_id=$r_value ;;
      new_sha=*) new_sha=$r_value ;;
      winch_at=*) winch_at=$r_value ;;
    esac
  done <"$state/record"
}

# read_lock: $l_run $l_pid $l_start $l_boot $l_owner of the run lock; false when nobody holds it.
read_lock() {
  l_run= l_pid= l_start= l_boot= l_owner=
  { read -r l_run l_pid l_start l_boot l_owner <"$state/lock"; } 2>/dev/null
  [ -n "$l_run" ]
}

# lock_lives: is the process that took the lock still there? A lock dies with its holder, never with a clock.
lock_lives() {
  [ "$l_boot" = "$boot" ] && stat_of "$l_pid" && [ "$p_start" = "$l_start" ]
}

# take_lock (invariant 8): one run a host. $why is `held` or `unfinished` when it cannot be had.
take_lock() {
  why=held
  create "$state/lock" "$run $$ $self_start $boot $owner" && return 0
  read_lock || return 1
  if [ "$l_run" != "$run" ]; then
    lock_lives && return 1
    unfinished && why=unfinished && return 1
  fi
  # The holder is gone and left nothing half-done (or it is this very run, connected anew).
  hold_effect 100 || return 1
  takeover "$l_run"
  took=$?
  drop_effect
  return "$took"
}

# takeover RUN: the lock of RUN becomes ours, unless somebody else was faster.
takeover() {
  read_lock && [ "$l_run" = "$1" ] || return 1
  [ "$l_run" = "$run" ] || ! lock_lives || return 1
  rm -f "$state/lock"
  create "$state/lock" "$run $$ $self_start $boot $owner"
}

# unfinished: does the record of another run stand between its first effect and its last?
unfinished() {
  read_record || return 1
  case $r_state in
    switching | switched | precommitted | decided | reverting) return 0 ;;
  esac
  return 1
}

# hold_effect TRIES: one hand a host (invariant 15). A holder that is no longer alive is passed over.
hold_effect() {
  tries=$1 corpse=0
  read -r me me_rest </proc/self/stat
  stat_of "$me" && me_start=$p_start
  until create "$state/effect" "$me $me_start"; do
    e_pid= e_start=
    { read -r e_pid e_start <"$state/effect"; } 2>/dev/null
    if [ -n "$e_start" ] && { ! stat_of "$e_pid" || [ "$p_start" != "$e_start" ]; }; then
      corpse=$((corpse + 1))
      # One waiter may remove the lock of a dead holder: the others could hit the lock of a living successor.
      if create "$state/effect.dead.$e_pid.$e_start" "$me" || [ "$corpse" -gt 100 ]; then
        rm -f "$state/effect"
        continue
      fi
    fi
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    nap
  done
}

drop_effect() { rm -f "$state/effect"; }

# claim OUTCOME: the one outcome of this run on this host, `decided` or `reverting`; the first one wins.
claim() {
  printf '%s %s\n' "$run" "$1" >"$state/claim.$1"
  ln "$state/claim.$1" "$state/outcome" 2>/dev/null || {
    read_outcome
    [ "$outcome" = "$1" ]
  }
}

read_outcome() {
  outcome= o_run=
  { read -r o_run outcome <"$state/outcome"; } 2>/dev/null
  [ "$o_run" = "$run" ] || outcome=
}

# forward: may a forward phase still act? Not after a revert was asked for or any outcome was claimed.
forward() { [ ! -e "$cancel" ] && [ ! -e "$state/outcome" ]; }

# in_state STATE...: the order of phases is enforced here, whatever a controller asks for.
in_state() {
  read_record
  [ "$r_run" = "$run" ] || r_state=
  for wanted in "$@"; do
    [ "$r_state" = "$wanted" ] && return 0
  done
  return 1
}

# close_run STATE: the end of this run on this host; nothing temporary is left (invariants 10 and 11).
close_run() {
  note "state=$1"
  rm -f "$sib" "$sib.was" "$state/outcome" "$state/claim.decided" "$state/claim.reverting" "$cancel" "$state/lock"
}
