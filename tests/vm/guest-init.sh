#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The first process of the virtual machine: starts udev, the system bus, polkit and UDisks2 of the host's files, and
# then the agent that does what the test says. Run by the initial RAM disk of make-kernel.sh.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8

for folder in /run /tmp /media /etc/polkit-1/rules.d; do mount -t tmpfs -o mode=755 none $folder; done
chmod 1777 /tmp
mkdir -p /run/udev /run/dbus /run/lock /run/build /run/kindling /dev/pts /dev/shm
mount -t devpts none /dev/pts
mount -t tmpfs none /dev/shm
hostname kindling-vm
ip link set lo up
dbus-uuidgen >/etc/machine-id

# A disk of its own, so that there is one that the system stands on.
mount /dev/vda /boot

# The programs under test, where everybody may run them.
mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=262144 build /run/build
mkdir -p /run/kindling/app /run/kindling/data
cp /run/build/app/kindlingctl /run/kindling/app/
cp -r /run/build/data/sample /run/build/data/bios /run/kindling/data/
chmod -R a+rX /run/kindling

/lib/systemd/systemd-udevd --daemon --resolve-names=never
udevadm trigger --action=add --subsystem-match=block --subsystem-match=virtio-ports
dbus-daemon --system --fork --nopidfile
/usr/lib/polkit-1/polkitd --no-debug >/run/polkitd.log 2>&1 &
/usr/libexec/udisks2/udisksd >/run/udisksd.log 2>&1 &
gdbus wait --system --timeout 240 org.freedesktop.UDisks2
udevadm settle
/usr/bin/python3 /tests/vm/agent.py /dev/vport*p1
echo o >/proc/sysrq-trigger
while :; do :; done
