# What a host keeps in its state directory: the run lock, the effect lock, the outcome, the record of the run.
# The record is append-only `key=value` lines, the last one of a key counts; a torn last line is ignored.

# name_state BASE: where the state directory of this target is. Nothing is made: a look leaves no trace.
name_state() {
  target=
  if [ -n "$1" ]; then
    base=$1
  elif [ "$uid" = 0 ]; then
    base=/var/lib/handover
  else
    base=${XDG_STATE_HOME:-${HOME:-/nonexistent}/.local/state}/handover
  fi
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
  case $base in
    /*) ;;
    *) return 1 ;;
  esac
  # A directory of somebody else, a link to one, or one that others may write in could steer this program.
  if [ -e "$base" ]; then
    [ -d "$base" ] && [ -O "$base" ] && [ -w "$base" ] && [ ! -h "$base" ] || return 1
  fi
  look_at_files
  case $base_mode in ?????w* | ????????w*) return 1 ;; esac
}

# look_at_files: $base_mode, $path_id and $path_times, in one call.
look_at_files() {
  base_mode= path_id= path_times=
  files=$(stat -c '%A %d:%i:%s %Y:%Z %n' "$base" "$path" 2>/dev/null)
  while read -r f_mode f_id f_times f_name; do
    case $f_name in
      "$path") path_id=$f_id path_times=$f_times ;;
      *) base_mode=$f_mode ;;
    esac
  done <<EOF
$files
EOF
}

# make_state: the directories, 0700 by our umask.
make_state() {
  [ -d "$state/backups" ] || mkdir -p "$state/backups" 2>/dev/null
  [ -O "$base" ] && [ -O "$state" ] && [ -w "$state" ]
}

# create FILE TEXT: makes FILE with its text if and only if nobody has it (O_EXCL), without a fork. Where the text does not
# fit on the disk FILE becomes a symbolic link whose text is TEXT.
create() {
  set -C
  { true >"$1"; } 2>/dev/null
  created=$?
  set +C
  [ "$created" -eq 0 ] || return 1
  { printf '%s\n' "$2" >>"$1"; } 2>/dev/null && return 0
  rm -f "$1"
  ln -sn "$2" "$1" 2>/dev/null
}

# content FILE: $content is the text that `create` gave it; empty when there is none, or none yet.
content() {
  content=
  if [ -h "$1" ]; then
    content=$(readlink "$1" 2>/dev/null)
  else
    { IFS= read -r content <"$1"; } 2>/dev/null
  fi
}

# note LINE: one line for the record; it begins with a line break, so that a torn line spoils no other. False when it
# could not be written: then nothing that it announces may be done.
note() { { printf '\n%s\n' "$1" >>"$state/record"; } 2>/dev/null; }

# read_record: the fields of the record of the last run on this target.
read_record() {
  r_run= r_state= r_boot= r_usr2= om= om_start= old_set= nm= nm_start= new_set= old_id= new_id= winch_at= old_sha= new_sha=
  new_version= r_known=
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
      usr2=*) r_usr2=$r_value ;;
      exchange=*) exchange_tool=$r_value ;;
      old_id=*) old_id=$r_value ;;
      new_id=*) new_id=$r_value ;;
      old_sha=*) old_sha=$r_value ;;
      new_sha=*) new_sha=$r_value ;;
      new_version=*) new_version=$r_value ;;
      known=*) r_known=$r_value ;;
      winch_at=*) winch_at=$r_value ;;
    esac
  done <"$state/record"
}

# read_lock: $l_run $l_pid $l_start $l_boot $l_owner of the run lock; false when nobody holds it.
read_lock() {
  content "$state/lock"
  l_owner=${content#* * * * }
  set -- $content
  l_run=${1:-} l_pid=${2:-} l_start=${3:-} l_boot=${4:-}
  [ -n "$l_run" ]
}

# lock_lives: is the process that took the lock still there? A lock dies with its holder, never with a clock.
lock_lives() {
  [ "$l_boot" = "$boot" ] && stat_of "$l_pid" && [ "$p_start" = "$l_start" ]
}

# take_lock (invariant 8): one run a host. $why is `held`, `unfinished` or `unwritable` when it cannot be had.
take_lock() {
  why=held
  create "$state/lock" "$run $$ $self_start $boot $owner" && return 0
  [ -e "$state/lock" ] || [ -h "$state/lock" ] || why=unwritable
  # One without a text is being made this moment, or whoever made it was killed in the middle.
  read_lock || { nap && read_lock; }
  if [ -n "$l_run" ] && [ "$l_run" != "$run" ]; then
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

# takeover RUN: the lock of RUN becomes ours, unless somebody else was faster, or a phase of RUN that outlived its
# program has just changed the host.
takeover() {
  read_lock
  [ "$l_run" = "$1" ] || return 1
  if [ -n "$l_run" ] && [ "$l_run" != "$run" ]; then
    lock_lives && return 1
    unfinished && why=unfinished && return 1
    # What a run that was killed while prepared had staged is of no use to anybody.
    case $1 in
      */*) ;;
      *) rm -f "$dir/.${path##*/}.handover-$1" ;;
    esac
  fi
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

# hold_effect TRIES: one hand a host (invariant 15). It can be taken on a full disk too, where a revert must still go
# through. A holder that is no longer alive is passed over, and so is a lock without a holder's name after a second.
hold_effect() {
  tries=$1 corpse=0
  read -r me me_rest </proc/self/stat
  stat_of "$me" && me=$me:$p_start:$boot
  until create "$state/effect" "$me"; do
    [ -d "$state" ] || return 1
    content "$state/effect"
    e_pid=${content%%:*}
    if [ -z "$content" ]; then
      corpse=$((corpse + 1))
      [ "$corpse" -le 100 ] || rm -f "$state/effect"
    elif ! stat_of "$e_pid" || [ "$e_pid:$p_start:$boot" != "$content" ]; then
      corpse=$((corpse + 1))
      # One waiter may remove the lock of a dead holder: the others could hit the lock of a living successor.
      if ln -sn "$me" "$state/effect.dead.$e_pid" 2>/dev/null || [ "$corpse" -gt 100 ]; then
        rm -f "$state/effect"
        continue
      fi
    fi
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    nap
  done
  holding=yes
}

drop_effect() {
  [ -z "$holding" ] || rm -f "$state/effect"
  holding=
}

# claim OUTCOME: the one outcome of this run on this host, `decided` or `reverting`; the first one wins. The files to
# link are there since prepare: a claim needs no room. An outcome that cannot be read is no decision.
claim() {
  ln "$state/claim.$1" "$state/outcome" 2>/dev/null && return 0
  read_outcome
  case $1.$outcome in
    decided.decided | reverting.reverting | reverting.) return 0 ;;
  esac
  return 1
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
  [ "$r_run" != "$run" ] || note "state=$1"
  set +f
  set -- "$sib" "$sib.was" "$state/outcome" "$state"/claim.* "$state"/effect.dead.* "$cancel" "$base/artifacts/$want_sha"*
  set -f
  read_lock && [ "$l_run" = "$run" ] && set -- "$@" "$state/lock"
  rm -f "$@"
}
