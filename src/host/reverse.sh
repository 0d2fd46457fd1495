# The reverse handover: the old master cannot come back, so the one that serves is upgraded to the old binary.
# Derived at every step: whoever comes after one that was cut off goes on from what is there.

# find_new_master: $nm is the master that runs the new inode, from the last scan; empty when there is none, or several.
find_new_master() {
  same "${nm:-0}" "$nm_start" "$new_file" && return 0
  set -- $new_masters
  [ "$#" -eq 1 ] || set -- ::
  nm=${1%%:*}
  nm_start=${1#*:}
  nm_start=${nm_start%%:*}
}

# told_to_quit: a package script or somebody has sent QUIT to the old master: it has closed its listening sockets and
# ignores HUP for ever, though it lives until its workers are done.
told_to_quit() { ! listens "$om" && { [ -z "$nm" ] || listens "$nm"; }; }

# listens PID: does it hold a listening stream socket? Datagram sockets (QUIC) stay open after a QUIT and prove nothing.
listens() {
  sockets=$(ls -l "/proc/$1/fd" 2>/dev/null | sed -n 's/.*socket:\[\([0-9]*\)\]$/\1/p')
  [ -n "$(
    cat "/proc/$1/net/tcp" "/proc/$1/net/tcp6" "/proc/$1/net/unix" 2>/dev/null |
      awk -v list="$sockets" 'BEGIN { n = split(list, a); for (i = 1; i <= n; i++) held[a[i]] = 1 }
        ($4 == "0A" && ($10 in held)) || ($4 == "00010000" && ($7 in held)) { print; exit }'
  )" ]
}

# shares_socket: do both masters hold the same socket? Without a fork: then the old one has not been told to quit.
shares_socket() {
  set +f
  set -- "/proc/$om/fd/"*
  for their in "/proc/$nm/fd/"*; do
    [ -S "$their" ] || continue
    for f in "$@"; do
      [ "$f" -ef "$their" ] || continue
      set -f
      return 0
    done
  done
  set -f
  return 1
}

# successor: another old master in place of the one of the record: one that serves already (it came up with the host,
# somebody has restarted it, or a reverse handover was cut off), or one that the new master starts now.
successor() {
  clock
  limit=$((now + 1000))
  while :; do
    scan
    find_new_master
    read_pid "$pid_file"
    for item in $old_masters; do
      [ "${item%%:*}" = "$pid" ] && [ "$pid" != "$om" ] || continue
      # The child of the new master is not complete, perhaps.
      [ -z "$nm" ] || [ "${item##*:}" != "$nm" ] || break
      adopt "$item"
      return
    done
    if [ -n "$nm" ]; then
      reverse
      return
    fi
    clock
    # Only a host that is just booting, or a new master that is just starting, is worth waiting for.
    failed=REBOOTED
    if [ "$r_boot" = "$boot" ]; then
      [ -n "$new_unborn" ] || break
      failed=NEW_MASTER_TIMEOUT
    fi
    [ "$now" -lt "$limit" ] || return 1
    nap
  done
  # Not started from here: only whoever runs it knows how (a unit, its limits, its environment).
  failed=NO_MASTER
  say start "$r_start"
  forget_dead
  return 1
}

# adopt PID:START:PPID: from here on this is the old master, for whoever comes next, too. It was never told to stop its
# workers. The record may be beyond writing; what is there can be found again without it.
adopt() {
  om=${1%%:*}
  om_start=${1#*:}
  om_start=${om_start%%:*}
  winch_at=
  # With the boot goes what the files are in it.
  note "old_master=$om:$om_start${nl}winch_at=${nl}boot=$boot${nl}old_id=$old_id${nl}new_id=$new_id${nl}how=$r_how" || :
}

# forget_dead: pid files that name nobody would look like an upgrade under way, or like a daemon.
forget_dead() {
  old_parked || rm -f "$pid_file.oldbin"
  read_pid "$pid_file"
  stat_of "${pid:-0}" || rm -f "$pid_file"
}

# reverse: USR2 to the new master, whose argv[0] is the path, which is old; wait for a master of the old inode with a
# full set of workers, the same ones in two looks 100 ms apart. Until then the new one serves as it did.
reverse() {
  r_how=reverse
  await_old_end || return 1
  old_parked || rm -f "$pid_file.oldbin"
  set -- $old_set
  wanted=$#
  clock
  settle=$((now + 300)) limit=$((now + 1500)) asked= before= had=
  while :; do
    # Looked at before the processes: whoever is idle has already done what the signal makes it do.
    if idle "$nm"; then handled=yes; else handled=; fi
    same "$nm" "$nm_start" "$new_file" || {
      # It has died, and what it had started by then may serve without it.
      successor
      return
    }
    case $p_state in T | t) [ "$now" -lt "$settle" ] || break ;; esac
    scan
    read_pid "$pid_file"
    children_of "$nm" $old_masters $old_unborn $new_unborn
    set -- $kids
    if [ "$#" -eq 0 ] && [ -n "$handled" ]; then
      [ -z "$asked" ] || break
      # Without its pid file nginx could not rename it, and would never be reloaded or upgraded again.
      failed=PID_FILE_CHANGED
      [ "$pid" = "$nm" ] || return 1
      asked=yes
      send USR2 "$nm" "$nm_start" "$new_file"
    elif [ "$#" -eq 1 ] && [ "${1%%:*}" = "$pid" ]; then
      children_of "$pid" $old_workers
      if [ "$count" -ge "$wanted" ]; then
        [ "$kids" != "$before" ] || {
          adopt "$1"
          return
        }
        clock
        # Workers that die and are started again look like a full set every time.
        [ "$now" -lt "$limit" ] || break
        before=$kids
        sleep 0.1
        continue
      fi
      before=
      # A master whose workers cannot start stays as it is.
      [ "$count" = "$had" ] || had=$count changed=$now
      [ $((now - changed)) -le 200 ] || break
    fi
    clock
    [ "$now" -lt "$limit" ] || break
    nap
  done
  failed=REVERSE_FAILED
  error_lines "$nm"
  end_born
  return 1
}

# await_old_end: an old master that was told to quit and still drains keeps the new one from USR2, which is ignored while
# a parent lives. The drain limit counts from WINCH. It has been beyond coming back since somebody else sent that QUIT, so
# TERM takes nothing but the rest of its clients from it; and that only while the new one is there.
await_old_end() {
  clock
  limit=$((${winch_at:-$now} + drain_limit)) asked=
  while same "$om" "$om_start" "$old_file" && same "$nm" "$nm_start" "$new_file"; do
    clock
    if [ "$now" -ge "$limit" ]; then
      failed=OLD_MASTER_STAYS
      [ -z "$asked" ] || return 1
      asked=TERM limit=$((now + 1000))
      send TERM "$om" "$om_start" "$old_file"
    fi
    nap
  done
}

# end_born: what came of the USR2 is not good enough: it goes, and the new master is alone again.
end_born() {
  clock
  limit=$((now + 500)) told=
  while [ "$now" -lt "$limit" ]; do
    scan
    children_of "$nm" $old_unborn
    for item in $kids; do end_item KILL "$item" "$old_file"; done
    set -- $kids
    children_of "$nm" $old_masters
    for item in $kids; do
      case $told in *" $item"*) continue ;; esac
      end_item QUIT "$item" "$old_file"
      told="$told $item"
    done
    set -- "$@" $kids
    [ "$#" -gt 0 ] || return 0
    nap
    clock
  done
}

# park_new: after a reverse handover the new master stops its workers, which it could take back, before it is told to
# quit, which it could not; and that only with the old set proven serving in the same breath.
park_new() {
  stat_of "$om" && [ -n "$nm" ] && [ "$p_ppid" = "$nm" ] || return 0
  failed=OLD_WORKERS_MISSING
  old_full || return 1
  send WINCH "$nm" "$nm_start" "$new_file"
  clock
  limit=$((now + 1000))
  while same "$nm" "$nm_start" "$new_file"; do
    if old_full && ! accepting_left $new_workers; then
      send QUIT "$nm" "$nm_start" "$new_file"
      break
    fi
    clock
    # One that does not even hear WINCH is ended all the same; without the old set it must serve again.
    if [ "$now" -ge "$limit" ]; then
      old_full && break
      [ -n "$new_workers" ] || send HUP "$nm" "$nm_start" "$new_file"
      return 1
    fi
    nap
  done
}

old_full() {
  scan
  children_of "$om" $old_workers
  [ "$count" -ge "$wanted" ]
}
