#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Media and imports on file systems that are really full, or read-only: small ones in memory. Needs root, or sudo
# without a password.
# real-disk.sh KINDLINGCTL WIM
set -u
if [ "${1:-}" != --apart ]; then
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || { echo "Bail out! mounting needs root: run it as root, or allow sudo without a password"; exit 1; }
    as_root=(sudo -n)
  fi
  exec "${as_root[@]}" unshare --mount --propagation private bash "$0" --apart "$@"
fi
shift
ctl=$(realpath "$1") wim=$(realpath "$2")
folder=$(mktemp -d) number=0 failed=0
disk=$folder/disk
trap 'umount "$disk" 2>/dev/null; rm -rf "$folder"' EXIT
export HOME=$folder LC_ALL=C.UTF-8 G_DEBUG=fatal-criticals
mkdir "$disk"

say() {
  number=$((number + 1))
  [ "$1" = 0 ] && echo "ok $number $2" || { failed=1; echo "not ok $number $2"; cat "$folder/err" | sed 's/^/# /'; }
}
run() { timeout 120 "$ctl" --catalog "$catalog" "$@" >"$folder/out" 2>"$folder/err" </dev/null; }
fresh() { umount "$disk" 2>/dev/null; mount -t tmpfs -o "size=$1" tmpfs "$disk"; }
hidden() { find "$disk" -name '.*' ! -name .lock ! -name .cache ! -path "$disk"; }

catalog=$folder/catalog
run image import "$wim" --id TST00001 || exit 1
run create CD "$folder/old.iso" TST00001 || exit 1
size=$(stat -c %s "$folder/old.iso")

# A little is missing, much is, or nothing: with an older file of the name, which may not be lost.
code=0 told=0 made=0
for percent in 101 110 150 190 199 201 230; do
  fresh $((size * percent / 100))
  cp "$folder/old.iso" "$disk/a.iso" || continue
  if run create CD "$disk/a.iso" TST00001; then made=$((made + 1)); else
    told=$((told + 1))
    grep -q 'What to do: ' "$folder/err" && cmp -s "$folder/old.iso" "$disk/a.iso" || code=1
  fi
  run check "$disk/a.iso" && [ -z "$(hidden)" ] || code=1
done
[ $told -gt 0 ] && [ $made -gt 0 ] || code=1
say $code "full-disk-keeps-the-old-iso"

code=0
for kilobytes in 100 700 2000 4000 4600; do
  fresh ${kilobytes}k
  catalog=$disk/catalog
  if run image import "$wim" --id TST00002; then
    run create CD "$folder/new.iso" TST00002 && run check "$folder/new.iso" || code=1
  else
    grep -q 'What to do: ' "$folder/err" && [ -z "$(find "$disk" -type f)" ] || code=1
  fi
done
say $code "full-disk-shows-no-half-image"

fresh 64m
catalog=$disk/catalog
run image import "$wim" --id TST00001
run image set TST00001 scratch-space=256
# What a program that has just ended had open may be open a moment longer.
for i in $(seq 50); do
  ! mount -o remount,ro "$disk" 2>"$folder/said" || break
  [ "$i" -lt 50 ] || { cat "$folder/said" >&2; exit 1; }
  sleep .2
done
code=0
for command in "image prepare TST00001" "image set TST00001 name=New" "image remove TST00001" "image import $wim" \
  "create CD $disk/a.iso TST00001"; do
  run $command && code=1
  grep -q 'What to do: ' "$folder/err" || code=1
done
run image list || code=1
say $code "read-only-disk-changes-nothing-and-says-so"

echo "1..$number"
exit $failed
