# What a host keeps in its state directory, and the record of the run.
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
  cancel=$state/cancel.$run effect_at=$state/effect at_run=/run/handover-effect-${state##*/}
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
    { read -r content <"$1"; } 2>/dev/null
  fi
}

# note LINE: one line for the record; it begins with a line break, so that a torn line spoils no other. False when it
# could not be written: then nothing that it announces may be done.
note() { { printf '\n%s\n' "$1" >>"$state/record"; } 2>/dev/null; }

# read_record: the fields of the record of the last run on this target.
read_record() {
  r_run= r_state= r_boot= r_usr2= om= om_start= old_set= nm= nm_start= new_set= old_id= new_id= winch_at= old_sha= new_sha=
  old_version= new_version= r_parked= r_known= r_drain= r_policy= r_word= r_start= r_how= r_epoch= r_closed=
  [ -f "$state/record" ] || return 1
  r_epoch=1
  while IFS= read -r r_line; do
    r_value=${r_line#*=}
    case $r_line in
      run=*) r_run=$r_value ;;
      epoch=*) digits "$r_value" && r_epoch=$r_value ;;
      state=*)
        r_state=$r_value
        [ "$r_state" != switched ] || r_parked=yes
        ;;
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
      old_version=*) old_version=$r_value ;;
      new_version=*) new_version=$r_value ;;
      known=*) r_known=$r_value ;;
      drain=*) r_drain=$r_value ;;
      policy=*) r_policy=$r_value ;;
      dead_man=* | after_reboot=* | broken_lock=*) r_word=$r_line ;;
      winch_at=*) winch_at=$r_value ;;
      start=*) r_start=$r_value ;;
      how=*) r_how=$r_value ;;
      closed=*) r_closed=$r_value ;;
    esac
  done <"$state/record"
}

# in_state STATE...: the order of phases is enforced here, whatever a controller asks for.
in_state() {
  read_record
  [ "$r_run" = "$run" ] || r_state=
  for wanted in "$@"; do
    [ "$r_state" = "$wanted" ] && return 0
  done
  return 1
}

# close_run STATE: the end of this run on this host; nothing temporary is left (invariants 10 and 11). The dead-man goes
# last: if this one is killed in between, it tidies up.
close_run() {
  end_line=state=$1
  [ "$epoch" -eq 0 ] || overruled || end_line=closed=$epoch:$self_start$nl$end_line
  # On a disk that is full there is room afterwards.
  if [ "$r_run" != "$run" ] || note "$end_line"; then noted=yes; else noted=; fi
  read_beat
  set +f
  set -- "$sib" "$sib.was" "$state/outcome" "$state"/claim.* "$state"/effect.dead.* "$state"/probe.* "$cancel" "$sent"* \
    "$state/lease" "$state/program"
  set -f
  # A connection that just gives the lock its name would bring it back.
  if take_turn; then turn=$state/lock.turn; else turn=; fi
  read_lock && [ "$l_run" = "$run" ] && set -- "$@" "$state/lock"
  rm -f "$@" ${turn:+"$turn"}
  [ -n "$noted" ] || note "$end_line"
  # Known until it is gone, also to whoever comes after one that was killed here.
  end_beat
  rm -f "$state/beat"
}
