# The file at the path. Invariant 2: it is always exactly the old or exactly the new binary, never missing, never partial.

# find_exchange: how two names are swapped in one step here.
find_exchange() {
  read -r arch 2>/dev/null </proc/sys/kernel/arch || arch=$(uname -m)
  case $arch in
    x86_64) nr=316 ;;
    aarch64 | riscv64) nr=276 ;;
    i?86) nr=353 ;;
    arm*) nr=382 ;;
    ppc64*) nr=357 ;;
    s390x) nr=347 ;;
    *) nr= ;;
  esac
  if command -v exch >/dev/null 2>&1; then
    exchange_tool=exch
  elif [ -n "$nr" ] && command -v perl >/dev/null 2>&1; then
    exchange_tool=perl
  elif [ -n "$nr" ] && command -v python3 >/dev/null 2>&1; then
    exchange_tool=python3
  else
    exchange_tool=link
  fi
}

# exchange A B: swaps what the two names hold, atomically (renameat2 with RENAME_EXCHANGE).
# Where no tool can do that, A is replaced by a rename and B keeps its own content and A's through a link.
exchange() {
  # A file system that cannot exchange names (NFS), or a kernel that does not know the call, shows only when it is
  # tried; a link and a rename work everywhere.
  exchange_with "$exchange_tool" "$1" "$2" && return 0
  [ "$exchange_tool" != link ] || return 1
  exchange_tool=link
  exchange_with link "$1" "$2"
}

exchange_with() {
  tool=$1
  shift
  case $tool in
    exch) exch "$1" "$2" ;;
    perl) perl -e 'exit(syscall($ARGV[0]+0,-100,$ARGV[1],-100,$ARGV[2],2)==0?0:1)' "$nr" "$1" "$2" ;;
    python3) python3 -c 'import ctypes,os,sys
a=[os.fsencode(x) for x in sys.argv[2:4]]
sys.exit(0 if ctypes.CDLL(None).syscall(int(sys.argv[1]),-100,a[0],-100,a[1],2)==0 else 1)' "$nr" "$1" "$2" ;;
    link)
      # The path never goes missing: its inode gets a second name first, then the other one is renamed over it.
      # One that was killed before its first rename has left that name; without the other one it would be the only one.
      [ -e "$2" ] && { [ ! -e "$2.was" ] || rm -f "$2.was"; } && ln "$1" "$2.was" && mv -f "$2" "$1" && mv -f "$2.was" "$2"
      ;;
  esac >/dev/null 2>&1
}

# put_new: the new binary goes to the path. What comes out must be the old one; anything else (a package
# upgrade got in between) is put back and the host stops.
put_new() {
  exchange "$path" "$sib" || return 1
  old_file=$sib new_file=$path
  [ "$sib" -ef "/proc/$om/exe" ] && return 0
  exchange "$path" "$sib"
  sides
  return 1
}

# put_old: the old binary goes back to the path (at once after the exec, and in every revert). What comes out must be
# the new one; anything else is not ours to take away, and is put back. But a file that came to the path right after
# the exchange stays there: exchanging once more would take that one away.
put_old() {
  [ "$old_file" = "$path" ] && return 0
  exchange "$path" "$sib" || return 1
  sides
  if [ "$new_file" = "$sib" ]; then
    [ "$old_file" = "$path" ]
    return
  fi
  exchange "$path" "$sib"
  sides
  return 1
}

# sides: which of the two names holds the old inode and which the new, from the identities that prepare recorded.
# False when the path holds neither of them: then nothing of ours may move what is there.
sides() {
  sides_of_masters && return 0
  [ -z "$holding" ] || end_exchange
  old_file= new_file= strange=
  # In one call; a name that is missing has no line.
  ids=$(stat -c '%d:%i:%s:%n' "$path" "$sib" 2>/dev/null)
  for f in "$path" "$sib"; do
    case "$nl$ids$nl" in
      *"$nl$old_id:$f$nl"*) old_file=$f ;;
      *"$nl$new_id:$f$nl"*) new_file=$f ;;
      *) [ "$f" != "$path" ] || [ ! -e "$f" ] || strange=yes ;;
    esac
  done
  [ -z "$strange" ] && [ -n "$old_file" ]
}

# end_exchange: one by link that was killed between its two renames.
end_exchange() { [ -e "$sib" ] || [ ! -e "$sib.was" ] || mv -f "$sib.was" "$sib"; }

# ids_anew: a file system may have another device number after a reboot, so the two files are known by their bytes.
ids_anew() {
  end_exchange
  for f in "$path" "$sib"; do
    hash_file "$f" || continue
    case $h1 in
      "$old_sha") old_id=$(stat -c '%d:%i:%s' "$f") ;;
      "$new_sha") new_id=$(stat -c '%d:%i:%s' "$f") ;;
    esac
  done
}

# sides_of_masters: the same without a fork, while both masters run: what they run is the old and the new inode.
sides_of_masters() {
  for f in "$path" "$sib"; do
    if same "$om" "$om_start" "$f"; then
      old_file=$f
    elif same "$nm" "$nm_start" "$f"; then
      new_file=$f
    else
      return 1
    fi
  done
}

# stage_file SHA: the artifact that was sent, or else a copy of the backup of that name, becomes a sibling of the path,
# with the old one's owner, mode, capabilities and label. Prints nothing; $why says what failed.
stage_file() {
  # Another run with the same artifact may have taken it away when it ended; it is sent again then.
  why='the artifact is not there any more' why_code=ARTIFACT_DAMAGED
  [ -f "$sent" ] || [ -f "$state/backups/$1" ] || [ -f "$sib" ] || return 1
  why='cannot put the artifact beside the binary' why_code=STAGING_FAILED
  # Prepared once more: it lies there already. Its checksum is looked at in any case, by back_up.
  if [ -f "$sent" ]; then
    mv -f "$sent" "$sib" || return 1
  elif [ -f "$state/backups/$1" ]; then
    cp -f "$state/backups/$1" "$sib" || return 1
  fi
  why='cannot give the new binary the attributes of the old one'
  if ! cp --attributes-only --preserve=all --no-preserve=timestamps "$path" "$sib" 2>/dev/null; then
    set -- $(stat -c '%a %u:%g' "$path")
    chown "$2" "$sib" && chmod "$1" "$sib" || return 1
    if command -v getcap >/dev/null 2>&1 && command -v setcap >/dev/null 2>&1; then
      caps=$(getcap -n "$path" 2>/dev/null)
      caps=${caps#"$path" }
      [ -z "$caps" ] || [ "$caps" = "$path" ] || setcap "${caps#= }" "$sib" || return 1
    fi
  fi
  # `cp` does not say when it could not copy an attribute; without its capabilities the next restart cannot bind.
  if command -v getcap >/dev/null 2>&1; then
    caps=$(getcap "$path" "$sib" 2>/dev/null)
    caps_two=${caps#*"$nl"}
    caps=${caps%%"$nl"*}
    [ "${caps#"$path"}" = "${caps_two#"$sib"}" ] || return 1
  fi
  set -- $(stat -c '%d:%i:%s %a:%u:%g' "$path" "$sib")
  [ "$#" -eq 4 ] && [ "$2" = "$4" ] || return 1
  old_id=$1 new_id=$3
}
