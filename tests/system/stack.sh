#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a test program against the real udev, UDisks2 and polkit, on loop devices: stack.sh PROGRAM ARGUMENT…
#
# Everything is private to the run but the loop devices: mounts, /run, the system bus, and udev's messages
# (by a network namespace). Needs root; anybody else must be allowed to use sudo without a password.
set -u
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")

if [ "${KINDLING_STACK:-}" != inside ]; then
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || { echo "Bail out! the system suite needs root: run it as root, or allow sudo without a password"; exit 1; }
    as_root=(sudo -n)
  fi
  had_links=no
  [ ! -e /dev/disk ] || had_links=yes
  # With a supervisor of its own, so that what is left is cleaned up after whatever happens inside.
  "${as_root[@]}" env KINDLING_STACK=inside G_DEBUG="${G_DEBUG:-}" KINDLING_SLOW_DISK="${KINDLING_SLOW_DISK:-}" \
    unshare -m -n -p -f --mount-proc --kill-child --propagation private bash "$here/stack.sh" "$@" </dev/null &
  wait $!
  status=$?
  # /dev is not private: the private udevd leaves its links there.
  [ $had_links = yes ] || "${as_root[@]}" rm -rf /dev/disk
  exit $status
fi

pids=()
work=$(mktemp -d)
finish() {
  for loop in $(losetup -n -O NAME,BACK-FILE | awk -v folder="$work/" 'index($2, folder) == 1 { print $1 }'); do
    umount -q "$loop"*
    for partition in /sys/block/"${loop#/dev/}"/loop*/partition; do
      [ ! -e "$partition" ] || delpart "$loop" "$(cat "$partition")"
    done
    losetup -d "$loop"
  done
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 143' TERM INT HUP
bail() { echo "Bail out! $*"; tail -n 20 "$work"/*.log | sed 's/^/# /'; exit 1; }
wait_for() { for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return 0; sleep .05; done; return 1; }

# For the program under test, not for the daemons.
debug=${G_DEBUG:-}
unset G_DEBUG

for folder in /run /media /etc/polkit-1/rules.d; do
  mount -t tmpfs -o mode=755 none $folder || bail "$folder cannot be made private"
done
mkdir -p /run/udev/rules.d /run/dbus /run/udisks2 /run/media
cp "$here/61-kindling-stick.rules" /run/udev/rules.d/
chmod 755 "$work"

/lib/systemd/systemd-udevd --resolve-names=never >"$work/udevd.log" 2>&1 & pids+=($!)
wait_for test -S /run/udev/control || bail "udevd does not start"
dbus-daemon --config-file="$here/bus.conf" --nofork >"$work/dbus.log" 2>&1 & pids+=($!)
wait_for test -S /run/dbus/system_bus_socket || bail "dbus-daemon does not start"
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket
/usr/lib/polkit-1/polkitd --no-debug >"$work/polkitd.log" 2>&1 & pids+=($!)
/usr/libexec/udisks2/udisksd >"$work/udisksd.log" 2>&1 & pids+=($!)
gdbus wait --system --timeout 60 org.freedesktop.UDisks2 || bail "UDisks2 does not start"

# The user nobody must be able to run it, wherever it was built.
program=$work/${1##*/}
cp "$1" "$program"
chmod 755 "$program"
shift
G_DEBUG=$debug TMPDIR=$work KINDLING_SYSTEM=$here KINDLING_POLKIT_RULES=/etc/polkit-1/rules.d "$program" "$@" &
pids+=($!)
wait $!
