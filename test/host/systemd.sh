#!/bin/sh
# A systemd of its own: process ids, mounts, cgroups, host name and /run are private, the network and all other files
# are shared. Ends with everything below it when stdin ends.
#
# systemd.sh NAME HIERARCHY...: HIERARCHY is `unified` for cgroup v2, or `systemd` and v1 controllers beside it.
# The machine's own groups are left alone: all this one makes is below a group NAME, which is removed at the end.
set -eu

mount_hierarchy() {
  case $1 in
    unified) mount -t cgroup2 cgroup2 "$2" ;;
    systemd) mount -t cgroup -o none,name=systemd cgroup "$2" ;;
    *) mount -t cgroup -o "$1" cgroup "$2" ;;
  esac
}

# Here `cgroup` shows only what is below the group NAME.
inside() {
  mount -t tmpfs -o mode=755 tmpfs /run
  # It would greet the console, log to the kernel, and raise limits of the whole machine.
  mkdir -p /run/dev/pts /run/dev/shm
  for device in null zero full random urandom tty; do
    true >"/run/dev/$device"
    mount --bind "/dev/$device" "/run/dev/$device"
  done
  true >/run/dev/kmsg
  ln -s /proc/self/fd /run/dev/fd
  mount --rbind /run/dev /dev
  mount --bind /proc/sys /proc/sys
  mount -o remount,bind,ro /proc/sys
  if [ "$*" = unified ]; then
    mount_hierarchy unified /sys/fs/cgroup
  else
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    for hierarchy in "$@"; do
      mkdir "/sys/fs/cgroup/$hierarchy"
      mount_hierarchy "$hierarchy" "/sys/fs/cgroup/$hierarchy"
    done
    # Or it would mount every other controller beside them.
    mount -o remount,bind,ro /sys/fs/cgroup
  fi
  # None of the machine's own units: only what the targets of every service need.
  mkdir -p /run/systemd/system
  for target in sysinit basic shutdown default; do
    printf '[Unit]\nDefaultDependencies=no\n' >"/run/systemd/system/$target.target"
  done
  exec env -i PATH="$PATH" container=handover \
    SYSTEMD_UNIT_PATH=/run/systemd/system.control:/run/systemd/transient:/run/systemd/system \
    SYSTEMD_GENERATOR_PATH=/nonexistent SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/nonexistent \
    /lib/systemd/systemd --system --log-target=kmsg --show-status=no
}

remove_groups() {
  for hierarchy in "$@"; do
    # Busy until the last process is reaped.
    tries=1000
    while [ -d "/run/$hierarchy/$name" ]; do
      find "/run/$hierarchy/$name" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.02
      tries=$((tries - 1))
      [ "$tries" -gt 0 ] || return 1
    done
  done
}

if [ "$1" = inside ]; then
  shift
  inside "$@"
fi

name=$1
shift
mount -t tmpfs -o mode=755 tmpfs /run
for hierarchy in "$@"; do
  mkdir "/run/$hierarchy"
  mount_hierarchy "$hierarchy" "/run/$hierarchy"
  mkdir "/run/$hierarchy/$name"
done
(
  for hierarchy in "$@"; do echo 0 >"/run/$hierarchy/$name/cgroup.procs"; done
  exec unshare --pid --fork --kill-child --mount --mount-proc --cgroup --uts --ipc sh "$0" inside "$@"
) </dev/null &
unshare=$!
echo "$unshare"
cat >/dev/null
# Its child dies with it, and everything else with that one, the first process of them all.
kill -9 "$unshare" 2>/dev/null || true
remove_groups "$@"
