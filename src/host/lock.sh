# Who may act: the run lock (one run a host), the effect lock (one hand a host), the outcome (one outcome a run).

# read_lock: $l_run $l_epoch $l_pid $l_start $l_boot $l_owner of the run lock; false when nobody holds it.
read_lock() {
  content "$state/lock"
  l_owner=${content#* * * * * }
  set -- $content
  l_run=${1:-} l_epoch=${2:-} l_pid=${3:-} l_start=${4:-} l_boot=${5:-}
  digits "$l_epoch" || l_epoch=0
  [ -n "$l_run" ]
}

# lock_lives: the process that took the lock is still there, or its lease runs, or its dead-man is about to settle it.
lock_lives() {
  [ "$l_boot" = "$boot" ] || return 1
  alive "$l_pid" "$l_start" && return 0
  read_lease "$l_run" && clock && [ "$now" -lt "$lease_end" ] && return 0
  dead_man_lives
}

# make_lock FILE: the run lock of this connection, under that name.
make_lock() { create "$1" "$run $epoch $$ $self_start $boot $owner"; }

# take_lock (invariant 8): one run a host. $why is `held`, `unfinished`, `fenced` or `unwritable` when it cannot be had.
take_lock() {
  why=held
  make_lock "$state/lock" && return 0
  [ -e "$state/lock" ] || [ -h "$state/lock" ] || why=unwritable
  # One without a text is being made this moment, or whoever made it was killed in the middle.
  read_lock || { nap && read_lock; }
  if [ -n "$l_run" ] && [ "$l_run" != "$run" ]; then
    lock_lives && return 1
    # After a reboot there is nothing to wait for and nobody else to do it.
    if unfinished && [ "$r_boot" != "$boot" ]; then
      (settle after_reboot)
      make_lock "$state/lock" && return 0
    fi
    unfinished && why=unfinished && return 1
  fi
  if [ "$l_run" = "$run" ]; then
    # This very run, connected anew or led by another controller: what it has in hand comes to its end first.
    hold_effect 500 || return 1
    why=fenced
    newest
  else
    # The holder is gone and left nothing half-done.
    hold_effect 100 || return 1
    takeover "$l_run"
  fi
  took=$?
  drop_effect
  return "$took"
}

# takeover RUN: the lock of RUN becomes ours, unless somebody else was faster, or a phase of RUN that outlived its
# program has just changed the host.
takeover() {
  take_turn || return 1
  read_lock
  if may_take_over "$1"; then
    rm -f "$state/lock" "$state/lock.turn"
    make_lock "$state/lock"
  else
    rm -f "$state/lock.turn"
    return 1
  fi
}

may_take_over() {
  [ "$l_run" = "$1" ] || return 1
  [ -n "$l_run" ] || return 0
  lock_lives && return 1
  unfinished && why=unfinished && return 1
  remove_staged "$1"
}

# remove_staged RUN: what a run that was killed while it prepared had staged is of no use to anybody.
remove_staged() {
  case $1 in
    */*) ;;
    *) rm -f "$dir/.${path##*/}.handover-$1" ;;
  esac
}

# unfinished: does the record of another run stand between its first effect and its last?
unfinished() {
  read_record || return 1
  case $r_state in
    switching | switched | precommitted | decided | reverting) return 0 ;;
  esac
  return 1
}

# hold_effect TRIES: one hand a host (invariant 15). A holder that is no longer alive is passed over, and so is a lock without
# a holder's name after half a second: sooner than the shortest wait ends.
hold_effect() {
  tries=$1 corpse=0
  name_me
  until place_effect && take_effect && is_mine; do
    [ -d "$state" ] || return 1
    content "$effect_at"
    # A dead-man that has started anew in its own place still has it.
    [ "$content" != "$me" ] || break
    if [ -z "$content" ]; then
      corpse=$((corpse + 1))
      [ "$corpse" -le 50 ] || pass_over
    elif ! holder_lives; then
      corpse=$((corpse + 1))
      # One waiter may remove the lock of a dead holder: the others could hit the lock of a living successor.
      if ln -sn "$me" "$state/effect.dead.$e_pid" 2>/dev/null || [ "$corpse" -gt 50 ]; then
        pass_over && continue
      fi
    fi
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    nap
  done
  holding=yes
}

# name_me: $me is this very process, a phase or the main loop.
name_me() {
  read -r me me_rest </proc/self/stat
  stat_of "$me" && me=$me:$p_start:$boot
}

# place_effect: $effect_at is where the lock is: in /run when the file system of the state directory has become read-only,
# where nobody can make or remove one any more (going back needs nothing written), and as long as somebody has it there.
# Never by the word of `test -w`: a busybox tells root that everything can be written.
place_effect() {
  effect_at=$at_run other_at=$state/effect
  content "$at_run"
  holder_lives && return
  if [ -w /run ] && [ -f "$state/record" ] && ! { printf '' 1<>"$state/record"; } 2>/dev/null; then
    content "$state/effect"
    holder_lives || return 0
  fi
  effect_at=$state/effect other_at=$at_run
}

# is_mine: was the lock that is made now made by us, and by nobody else at the other place? One that stood still before it had
# written its name has been passed over, perhaps. Whoever writes its name looks at the other place only then, so of two
# at least one sees the other.
is_mine() {
  # Another waiter that saw the same dead holder may be about to remove what is there now.
  [ "$corpse" -eq 0 ] || nap
  content "$effect_at"
  [ "$content" = "$me" ] || return 1
  content "$other_at"
  if [ "$content" != "$me" ] && holder_lives; then
    holding=yes
    drop_effect
    return 1
  fi
  # What a dead holder has left in /run would stay for ever.
  if [ "$other_at" = "$at_run" ] && { [ -e "$at_run" ] || [ -h "$at_run" ]; }; then rm -f "$at_run" 2>/dev/null; fi
  return 0
}

# pass_over: removes the lock whose text is $content, if that is still what is there.
pass_over() {
  corpse_text=$content
  content "$effect_at"
  [ "$content" = "$corpse_text" ] && rm -f "$effect_at" 2>/dev/null
}

# holder_lives: is the process that $content names, the text of the effect lock, that very one? $e_pid is its pid.
holder_lives() {
  e_pid=${content%%:*}
  stat_of "${e_pid:-0}" && [ "$e_pid:$p_start:$boot" = "$content" ]
}

# take_effect: also where no file can be made any more (no room, no inode), because a revert must still go through: then a
# file that prepare has made gets the name, which only one can give it, and the holder's name is written over what is in it.
take_effect() {
  spare=
  create "$effect_at" "$me" && return 0
  [ "$effect_at" != "$at_run" ] && [ ! -e "$effect_at" ] && [ ! -h "$effect_at" ] || return 1
  # Gone again this moment is the common case: then somebody else may be making it now.
  create "$state/probe.$me" "$me" && rm -f "$state/probe.$me" && return 1
  mv -n "$state/claim.spare" "$effect_at" 2>/dev/null && [ ! -e "$state/claim.spare" ] || return 1
  spare=yes
  { printf '%-100s\n' "$me" 1<>"$effect_at"; } 2>/dev/null
}

drop_effect() {
  # A run that is closed needs no spare one any more.
  if [ "$holding$spare" = yesyes ] && [ -e "$state/claim.decided" ]; then
    # The next one who takes it must not look like this one.
    { printf '%100s\n' '' 1<>"$effect_at"; } 2>/dev/null
    mv -f "$effect_at" "$state/claim.spare" 2>/dev/null
  elif [ -n "$holding" ]; then
    rm -f "$effect_at"
  fi
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

# forward: may a forward phase still act? Not after a revert was asked for, any outcome was claimed, or the lease is past.
forward() {
  [ ! -e "$cancel" ] && [ ! -e "$state/outcome" ] || return 1
  lease_past || return 0
  failed=LEASE_LOST
  return 1
}
