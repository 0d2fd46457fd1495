# The dead-man: this very program, outside of the SSH session. When the lease is past it brings the host back by itself
# (or forward, once that is decided). It runs no other code than the phases do.

# arm: starts it and proves that it is alive (invariant 6).
arm() {
  read_beat
  end_beat
  rm -f "$state/program" "$state/beat"
  { printf '%s\n' "$program_text" >"$state/program"; } 2>/dev/null || return 1
  # Where systemd runs, the end of a login session may end every process of it (KillUserProcesses).
  if [ "$uid" = 0 ] && [ -d /run/systemd/system ] && command -v systemd-run >/dev/null 2>&1; then
    clock
    timeout 3 systemd-run --quiet --collect --unit="handover-dead-man-$$-$now" --description="handover $run" \
      sh "$state/program" dead_man "$run" "$path" "$pid_file" "$base" </dev/null >/dev/null 2>&1 &&
      await_beat && return 0
  fi
  # It closes its output when its heart beats: the end of this line is the proof.
  started=$(setsid sh "$state/program" dead_man "$run" "$path" "$pid_file" "$base" </dev/null 2>/dev/null &)
  [ -n "$started" ] && dead_man_lives
}

await_beat() {
  clock
  limit=$((now + 300))
  until dead_man_lives; do
    clock
    [ "$now" -lt "$limit" ] || return 1
    nap
  done
}

# read_beat: $b_pid $b_start $b_at of the last heartbeat.
read_beat() {
  b_pid= b_start= b_at= b_mark=
  { read -r b_pid b_start b_at b_mark <"$state/beat"; } 2>/dev/null
  [ "$b_mark" = end ]
}

# dead_man_lives: it is that very process, not stopped, and its heart has beaten within 15 s (it beats every 5 s), or it
# has the effect lock: going back may take as long as clients do.
dead_man_lives() {
  read_beat || return 1
  alive "$b_pid" "$b_start" || return 1
  case $p_state in T | t) return 1 ;; esac
  clock
  [ "$((now - b_at))" -lt 1500 ] && [ "$((b_at - now))" -lt 100 ] && return
  content "$state/effect"
  [ "$content" != "$b_pid:$b_start:$boot" ] || return 0
  content "$at_run"
  [ "$content" = "$b_pid:$b_start:$boot" ]
}

# end_beat: ends the dead-man whose heartbeat was read last, unless that is this one; its process group, or its sleep
# lingers.
end_beat() {
  [ -n "$b_pid" ] && [ "$b_pid" != "$$" ] && alive "$b_pid" "$b_start" || return 0
  kill -s KILL -- "-$b_pid" 2>/dev/null
  end_looks=0
  while alive "$b_pid" "$b_start" && [ "$end_looks" -lt 100 ]; do
    nap
    end_looks=$((end_looks + 1))
  done
}

# dead_man RUN PATH PID_FILE BASE: sleeps until the lease is past, acts, and ends when the run has ended here. In a state
# that it does not know nothing is touched.
dead_man() {
  # Of no controller: who leads the run does not matter to it.
  run=$1 path=$2 pid_file=$3 epoch=0
  dir=${path%/*}
  sib=$dir/.${path##*/}.handover-$run
  fields= nonce= holding= spare= preparing= fired=0 births=${5:-0}
  read_uid
  # One that takes the place of another one may not be able to fork either, and perhaps nothing can be written any more.
  [ "$births" -eq 0 ] || trap rise EXIT
  name_state "$4" || [ "$births" -gt 0 ] || return
  set_cr
  find_exchange
  # What was sent has long been staged.
  sent=$base/artifacts/-
  # One that systemd starts late, when its run is over, must not look like the dead-man of another.
  going_on || return
  beat || [ "$births" -gt 0 ] || return
  trap rise EXIT
  echo "$$"
  exec >/dev/null
  while going_on; do
    if lease_past; then
      fire
      going_on || break
      if [ "$fired" -ge 30 ]; then
        trap - EXIT
        return
      fi
      left=200
    else
      left=$((known_end - now))
      [ "$left" -le 500 ] || left=500
    fi
    # Another one was armed in its place.
    if read_beat && [ "$b_pid" != "$$" ] && dead_man_lives; then
      trap - EXIT
      return
    fi
    beat
    part=$((left % 100))
    case $part in ?) part=0$part ;; esac
    sleep "$((left / 100)).$part"
  done
  # Whoever closed the run would have ended this one, too: it was killed before it had tidied up.
  if in_state committed reverted && hold_effect 100; then
    in_state committed reverted && close_run "$r_state"
    drop_effect
  fi
}

# rise: a shell that cannot fork ends at once, as it does at a mistake of ours. Another one takes its place after a second, for
# which no fork is needed.
rise() {
  going_on || return
  [ "$r_word" = "dead_man=ended in state $r_state" ] || note "dead_man=ended in state $r_state"
  [ "$births" -lt 60 ] || return
  clock
  limit=$((now + 100))
  while [ "$now" -lt "$limit" ]; do clock; done
  exec sh "$state/program" dead_man "$run" "$path" "$pid_file" "$base" "$((births + 1))"
}

beat() {
  clock
  { printf '%s %s %12d end\n' "$$" "$self_start" "$now" 1<>"$state/beat"; } 2>/dev/null
}

# fire: the one hand on this host becomes the dead-man's; a renewal that came before that wins.
fire() {
  wrest_effect || return
  fired=$((fired + 1))
  hand=dead_man
  lease_past && bring_to_end
  drop_effect
}

# wrest_effect: a phase that does not let go within a second is ended with all it has started: a late exchange must not
# land after ours. One that goes back or commits does what we would do, and is waited for unless it is stopped.
wrest_effect() {
  hold_effect 100 && return 0
  content "$effect_at"
  holder_lives || return 1
  in_state prepared switching switched precommitted || case $p_state in
    T | t) ;;
    *) return 1 ;;
  esac
  end_tree "$e_pid"
  hold_effect 100
}

# end_tree PID: a stopped parent starts nothing more, so no child escapes.
end_tree() {
  tree= todo=$1
  while [ -n "$todo" ]; do
    one=${todo%% *}
    case $todo in *' '*) todo=${todo#* } ;; *) todo= ;; esac
    kill -s STOP "$one" 2>/dev/null
    tree="$tree $one"
    set +f
    set -- /proc/[0-9]*
    set -f
    for d in "$@"; do
      stat_of "${d#/proc/}" && [ "$p_ppid" = "$one" ] && todo="$todo${todo:+ }${d#/proc/}"
    done
  done
  for one in $tree; do kill -s KILL "$one" 2>/dev/null; done
  for one in $tree; do
    while stat_of "$one"; do nap; done
  done
}
