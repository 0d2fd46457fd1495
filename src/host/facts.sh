# What is told of a host at the end of a look or a phase, always found anew.

# facts: what runs and what is on disk, as the final report and `status` need it, looked at anew.
facts() {
  # An inode that has lost its name is still known by the master that runs it.
  [ -n "$old_file" ] || old_file=/proc/${om:-0}/exe
  if [ -z "$new_file" ] && [ "$r_run" = "$run" ] && alive "${nm:-0}" "$nm_start"; then
    new_file=/proc/$nm/exe
  fi
  scan
  tell_facts
}

# tell_facts: the same from the scan that was just made.
tell_facts() {
  read_pid "$pid_file"
  say pid "$pid"
  count_items $old_masters
  say old_masters "$count"
  count_items $new_masters
  say new_masters "$count"
  count_items $old_workers
  say old_workers "$count"
  count_items $new_workers
  say new_workers "$count"
  count_items $old_draining $new_draining
  say draining "$count"
  if [ -e "$pid_file.oldbin" ]; then say oldbin yes; else say oldbin no; fi
  if [ -e "$sib" ]; then say staged yes; else say staged no; fi
  if [ -n "$pid" ] && [ "/proc/$pid/exe" -ef "$path" ]; then say runs path; else say runs other; fi
}

# say_running: what serves, where that is not what is on disk.
say_running() {
  [ -e "/proc/${pid:-0}/exe" ] && [ ! "/proc/$pid/exe" -ef "$path" ] || return 0
  version_of "/proc/$pid/exe"
  say running_version "$version"
  hash_file "/proc/$pid/exe"
  say running_sha "$h1"
}

count_items() { count=$#; }

# say_disk: the checksum of what is at the path now, which may be neither of ours.
say_disk() {
  h1=
  if same "$nm" "$nm_start" "$path" && [ "$new_file" = "$path" ]; then
    say sha "$new_sha"
    return
  fi
  case $(stat -c '%d:%i:%s' "$path" 2>/dev/null) in
    '') ;;
    "$old_id") h1=$old_sha ;;
    "$new_id") h1=$new_sha ;;
    *) hash_file "$path" ;;
  esac
  say sha "$h1"
}
