# What the machine has to have: room, memory, places that can be written and executed, and nobody else at work.

preflight_resources() {
  # With a master it was looked at before it was asked for its configuration.
  if [ -z "$om" ]; then
    preflight_marks
    preflight_mounts
  fi
  preflight_space
  preflight_memory
  preflight_packages
}

# preflight_marks: what is marked immutable or append-only cannot be exchanged; the directories as little as the files.
preflight_marks() {
  [ -w "$dir" ] || refuse DIRECTORY_NOT_WRITABLE "$dir"
  # As the master sees it: its mounts may be others than ours.
  [ -z "$om" ] || [ -w "/proc/$om/root$pid_dir" ] || refuse PID_FILE_FIXED "$pid_dir is not writable"
  marks=$(lsattr -d -- "$path" "$dir" "$pid_dir" "$pid_file" 2>/dev/null)
  while read -r m_marks m_name; do
    case $m_marks in
      ????i* | ?????a*) ;;
      *) continue ;;
    esac
    case $m_name in
      "$path" | "$dir") refuse PATH_IMMUTABLE "$m_name" ;;
      *) refuse PID_FILE_FIXED "$m_name is marked immutable or append-only" ;;
    esac
  done <<END
$marks
END
}

# preflight_mounts: a name that is a mount point (a container's bind mount) cannot be exchanged, and where nothing can be
# executed no new master starts.
preflight_mounts() {
  read_mounts /proc/self/mountinfo
  [ -z "$mounted" ] || refuse PATH_MOUNTED "$path"
  case ,$exec_options, in *,noexec,*) refuse NO_EXEC "$exec_mount" && return ;; esac
  [ -n "$om" ] || return 0
  if [ ! "/proc/$om/ns/mnt" -ef /proc/self/ns/mnt ]; then
    read_mounts "/proc/$om/mountinfo"
    case ,$exec_options, in *,noexec,*) refuse NO_EXEC "$exec_mount" && return ;; esac
  fi
  case $refusals,$pid_options, in
    *PID_FILE_FIXED*) ;;
    *,ro,*) refuse PID_FILE_FIXED "$pid_mount is mounted read-only" ;;
  esac
}

# read_mounts FILE: is the path a mount point ($mounted), and which mounts hold its directory and that of the pid file?
# Of two at the same place the last one counts.
read_mounts() {
  as_mount "$path" && at_path=$as
  as_mount "$dir" && at_dir=$as
  as_mount "$pid_dir" && at_pid=$as
  # A host of containers has hundreds of mounts: too much for a shell that reads byte by byte.
  mounts=$(
    at_path=$at_path at_dir=$at_dir at_pid=$at_pid awk '
      function holds(place) { return index(place "/", ($5 == "/" ? "" : $5) "/") == 1 }
      $5 == ENVIRON["at_path"] { mounted = "yes" }
      holds(ENVIRON["at_dir"]) && length($5) >= length(dir) { dir = $5; dir_options = $6 }
      holds(ENVIRON["at_pid"]) && length($5) >= length(pid) { pid = $5; pid_options = $6 }
      END { print mounted "\n" dir "\n" dir_options "\n" pid "\n" pid_options }' "$1" 2>/dev/null
  )
  { read -r mounted; read -r exec_mount; read -r exec_options; read -r pid_mount; read -r pid_options; } <<END
$mounts
END
}

# as_mount NAME: $as is NAME as mountinfo writes it, with blanks and backslashes in octal.
as_mount() {
  as= as_rest=$1
  while :; do
    case $as_rest in
      *[\ "$tab$nl"\\]*) ;;
      *) break ;;
    esac
    as_head=${as_rest%%[\ "$tab$nl"\\]*}
    as_rest=${as_rest#"$as_head"}
    case $as_rest in
      ' '*) as=$as$as_head'\040' ;;
      "$tab"*) as=$as$as_head'\011' ;;
      "$nl"*) as=$as$as_head'\012' ;;
      *) as=$as$as_head'\134' ;;
    esac
    as_rest=${as_rest#?}
  done
  as=$as$as_rest
}

# preflight_space: room for the backup, the staged file and the artifact, with as much again to spare; and for their names.
preflight_space() {
  size=${path_id##*:}
  need=$((${size:-0} / 1024 * 6 + 1024))
  store=$state
  while [ -n "$store" ] && [ ! -d "$store" ]; do store=${store%/*}; done
  room=$(stat -f -c '%a %S %c %d %n' -- "$dir" "${store:-/}" 2>/dev/null) || return 0
  while read -r f_free f_block f_names f_left f_name; do
    digits "$f_free" && digits "$f_block" || continue
    # In this order for shells that count in 32 bits.
    if [ "$f_block" -ge 1024 ]; then
      f_free=$((f_free * (f_block / 1024)))
    else
      f_free=$((f_free / (1024 / f_block)))
    fi
    [ "$f_free" -ge "$need" ] || refuse DISK_FULL "$f_name has $f_free KiB free, $need are needed"
    # Some file systems have no table of inodes, and count none.
    [ "${f_names:-0}" -le 0 ] || [ "$f_left" -ge 16 ] || refuse DISK_FULL "$f_name has $f_left inodes free, 16 are needed"
  done <<END
$room
END
}

# preflight_memory: both sets live at once, so as much as this one holds must be free. Shared pages are counted once (Pss);
# where the kernel does not tell, only what the master holds by itself is known for certain.
preflight_memory() {
  [ -n "$om" ] || return 0
  children_of "$om" $old_workers $old_helpers
  held=0
  for item in "$om:" $kids; do
    p=${item%%:*} pss=
    while read -r m_key m_kib m_rest; do
      [ "$m_key" != Pss: ] || { pss=$m_kib && break; }
    done 2>/dev/null <"/proc/$p/smaps_rollup"
    if [ -z "$pss" ] && [ "$p" = "$om" ]; then
      while read -r m_key m_kib m_rest; do
        [ "$m_key" != RssAnon: ] || { pss=$m_kib && break; }
      done 2>/dev/null <"/proc/$p/status"
    fi
    held=$((held + ${pss:-0}))
  done
  while read -r m_key m_kib m_rest; do
    [ "$m_key" = MemAvailable: ] || continue
    [ "$m_kib" -ge "$held" ] || refuse MEMORY_SHORT "$m_kib KiB are available, the daemon holds $held"
    break
  done 2>/dev/null </proc/meminfo
}

package_locks='/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/cache/apt/archives/lock /var/lib/rpm/.rpm.lock
/usr/lib/sysimage/rpm/.rpm.lock /lib/apk/db/lock /usr/lib/apk/db/lock'

# preflight_packages: a package upgrade at this moment would replace the binary, or QUIT the parked master. Who holds a lock
# is asked of the kernel; whether it is one of these, of what that process has open.
preflight_packages() {
  locks=
  for f in $package_locks; do [ ! -e "$f" ] || locks="$locks $f"; done
  [ -n "$locks" ] || return 0
  asked_of=
  while read -r l_no l_kind l_how l_mode l_holder l_rest; do
    [ "$l_mode" = WRITE ] && digits "$l_holder" || continue
    case "$asked_of " in *" $l_holder "*) continue ;; esac
    asked_of="$asked_of $l_holder"
    set +f
    set -- "/proc/$l_holder/fd"/*
    set -f
    for fd in "$@"; do
      for f in $locks; do
        [ "$fd" -ef "$f" ] || continue
        l_name=
        { IFS= read -r l_name <"/proc/$l_holder/comm"; } 2>/dev/null
        refuse PACKAGE_MANAGER "$l_name, process $l_holder, holds $f"
        return
      done
    done
  done 2>/dev/null </proc/locks
}
