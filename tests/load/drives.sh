#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Eight loop devices that the real udev and UDisks2 take for sticks, written at the same time again and again.
#
#   [TMPDIR=FOLDER] tests/system/stack.sh tests/load/drives.sh BUILD-FOLDER [ROUNDS]
#
# GLib 2.74 loses a source of some 170 bytes now and then while its thread for D-Bus reads (g_cancellable_source_new under
# g_socket_create_source): what grows by 80 to 140 bytes per round of eight is that.
set -eu
build=$(realpath "$1") rounds=${2:-200}
drives=()
for letter in a b c d e f g h; do
  truncate -s 512M "$TMPDIR/kindling-stick-$letter"
  drives+=("$(losetup -f --show "$TMPDIR/kindling-stick-$letter")")
  udevadm trigger --action=add "${drives[-1]}"
done
udevadm settle --timeout=30
export KL_BIOS_CODE=$build/data/bios KL_SAMPLE_WIM=$build/data/sample/boot.wim
exec env G_SLICE=always-malloc GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1 \
  "$build/tests/load/many-jobs" drives "$rounds" "${drives[@]}"
