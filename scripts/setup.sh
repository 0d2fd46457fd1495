#!/usr/bin/env bash
# Makes a fresh Debian or Ubuntu machine ready for `npm test` and `npm run demo`: node_modules and the system
# packages the lab is made of. Does nothing, quickly, when all is there. Removes and upgrades nothing.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

install_node_modules() {
  local stamp=node_modules/.handover-lock
  if [[ -f $stamp ]]; then
    cmp -s package-lock.json "$stamp" && return 0
  elif [[ node_modules/.package-lock.json -nt package-lock.json ]]; then
    # Somebody ran npm since the lock was last changed; npm writes that file when it is done.
    cp package-lock.json "$stamp"
    return 0
  fi
  say 'installing node_modules'
  # Not `npm ci`: it refuses a lock that does not name the binaries of every other platform, and a mirror need not have
  # them. This takes the locked versions too, and leaves the lock as it is.
  npm install --no-save --ignore-scripts --no-audit --no-fund >&2
  cp package-lock.json "$stamp"
}

# has NAME: a program in PATH or where system programs are, which a user's PATH may leave out.
has() {
  local folder
  command -v "$1" >/dev/null 2>&1 && return 0
  for folder in /usr/local/sbin /usr/sbin /sbin; do
    [[ -x $folder/$1 ]] && return 0
  done
  return 1
}

# Prints the packages that are missing, one a line.
missing_packages() {
  has sshd || echo openssh-server
  has ssh || echo openssh-client
  has shellcheck || echo shellcheck
  has busybox || echo busybox-static
  has sudo || echo sudo
  has setcap || echo libcap2-bin
  has lsattr || echo e2fsprogs
  has python3 || echo python3
  has perl || echo perl
  # The tests ask the real Ansible what an inventory means, also as a module of the system's own Python.
  { has ansible-inventory && /usr/bin/python3 -c 'import ansible' 2>/dev/null; } || echo ansible-core
  has openssl || echo openssl
  has setpriv || echo util-linux
  has ss || echo iproute2
  has ps || echo procps
  has mount || echo mount
  [[ -x /lib/systemd/systemd ]] || echo systemd
  [[ -f /etc/ssl/certs/ca-certificates.crt ]] || echo ca-certificates
  [[ -f /usr/share/keyrings/debian-archive-keyring.gpg ]] || echo debian-archive-keyring
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  else
    sudo -n "$@"
  fi
}

policy=/usr/sbin/policy-rc.d
made_policy=no

remove_policy() {
  if [[ $made_policy == yes ]]; then
    as_root rm -f "$policy"
    made_policy=no
  fi
}

# The lab starts sshd itself, on ports of its own: a package must not start one on port 22. On a machine that has
# a policy already it is left as it is; on one without an init nothing would be started anyway.
forbid_services() {
  [[ -e $policy ]] && return 0
  trap remove_policy EXIT
  made_policy=yes
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 0755 "$policy"
}

install_packages() {
  local packages
  mapfile -t packages < <(missing_packages)
  [[ ${#packages[@]} -eq 0 ]] && return 0
  has apt-get || fail "please install: ${packages[*]} (this is no Debian or Ubuntu, so setup cannot)"
  if [[ $EUID -ne 0 ]] && ! sudo -n true 2>/dev/null; then
    fail "packages are missing: ${packages[*]}
  run as root:  apt-get update && apt-get install -y --no-install-recommends ${packages[*]}"
  fi
  say "installing ${packages[*]}"
  forbid_services
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update >&2 ||
    say 'apt-get update failed; trying with what is known'
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "${packages[@]}" >&2
  remove_policy
  mapfile -t packages < <(missing_packages)
  [[ ${#packages[@]} -eq 0 ]] || fail "still missing after the installation: ${packages[*]}"
}

install_packages
install_node_modules
