#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# kindlingctl writes files into volumes that are there. Run by stack.sh: test-ufd.sh KINDLINGCTL SAMPLE-WIM CORE-IMAGE
#
# NTFS is mounted for real, by ntfs-3g. Kernels without FAT are to be had: of FAT only the boot sector is judged here,
# and files go into it in the virtual machine. Kernels without a parser of partition tables too: addpart tells them.
set -u
ctl=$1 wim=$2 core=$3
folder=$TMPDIR/ufd
mkdir -p "$folder"
. "$KINDLING_SYSTEM/checks.sh"
# A run that hangs shall be a failure with a name.
kindlingctl() { timeout 60 "$ctl" --catalog "$folder/catalog" "$@"; }
create() { kindlingctl --json create UFD "$@"; }
settle() { udevadm trigger --action=change "$@" && udevadm settle --timeout=30; }

# stick NAME SIZE START TYPE: a drive with one partition; sets $loop
stick() {
  truncate -s "$2" "$folder/kindling-stick-$1"
  printf 'label: dos\nstart=%s, type=%s\n' "$3" "$4" | sfdisk -q "$folder/kindling-stick-$1"
  loop=$(losetup -f --show "$folder/kindling-stick-$1")
  forget_partitions
  addpart "$loop" 1 "$3" $(($(blockdev --getsz "$loop") - $3))
  settle "$loop"
}
# Those that a run which was ended from outside has left with the device are there still.
forget_partitions() { for n in 1 2 3 4; do delpart "$loop" $n 2>/dev/null; done; }
unplug() { forget_partitions; losetup -d "$loop"; }
is_mounted() { findmnt -n "$1"; }
is_not_mounted() { ! findmnt -n "$1"; }
has_no() { [ ! -e "$1" ]; }
no_leftovers() { ! find "$1" -name 'kindling-*.part' | grep .; }
# at WHERE COMMAND…: with the volume mounted
at_mount() { mount -t ntfs "$volume" "$folder/mnt" && { "$@"; local code=$?; umount "$folder/mnt"; return $code; }; }

id=$(kindlingctl --quiet image import "$wim") || { echo "Bail out! no image"; exit 1; }
mkdir "$folder/mnt"
stick a 96M 2048 7
volume=${loop}p1
dd if=/dev/urandom of="$folder/kindling-stick-a" bs=1k seek=512 count=8 conv=notrunc status=none
cp "$folder/kindling-stick-a" "$folder/before"

check "a volume without a file system" fails 21 "no file system that is known" create "$volume" "$id"

mkfs.fat -F 16 -s 16 "$volume" >/dev/null && settle "$volume"
check "FAT16" fails 20 "CREATETSMEDIA_E_UFD_FS_FAT16" create "$volume" "$id"
check "FAT16, by the number of clusters" grep -q 'is FAT16 (1[0-9]* clusters)' "$folder/said"
mkfs.fat -F 12 -s 64 "$volume" >/dev/null && settle "$volume"
check "FAT12" fails 20 "is FAT12 (" create "$loop" "$id"
mkfs.fat -F 32 -s 64 "$volume" >/dev/null && settle "$volume"
check "FAT32 by name, with too few clusters" fails 20 "is FAT12 (" create "$volume" "$id"
dd if=/dev/zero of="$volume" bs=1 seek=11 count=2 conv=notrunc status=none
settle "$volume"
check "a damaged boot sector" fails 21 "it must be FAT32 or NTFS" create "$volume" "$id"
mke2fs -q -F -t ext4 "$volume" && settle "$volume"
check "ext4" fails 21 "holds ext4" create "$volume" "$id"
check "and nothing was mounted" is_not_mounted "$volume"

mkntfs -q -f -F -s 512 -p 2048 -H 255 -S 63 -L STICK "$volume" >/dev/null 2>&1 && settle "$volume"
check "another serial number" fails 1 "is not the drive with the serial number “0002”" \
  create "$volume" "$id" --expect-serial 0002
check "planned" says '"path":"/sources/boot.wim","size":' create "$volume" "$id" --dry-run
check "planned as written" grep -q '"path":"/sources/boot.wim".*"change":"written"' "$folder/said"
check "planning left nothing" at_mount has_no "$folder/mnt/sources"
check "not mounted before and after" is_not_mounted "$volume"

mount -t ntfs "$volume" "$folder/mnt"
mkdir -p "$folder/mnt/SOURCES" "$folder/mnt/mine"
echo mine >"$folder/mnt/mine/file"
echo old >"$folder/mnt/SOURCES/Boot.WIM"
echo left >"$folder/mnt/SOURCES/kindling-0123abcd.part"
umount "$folder/mnt"
check "created on a volume that is not mounted" says '"verified":true' create "$volume" "$id"
check "UEFI needs FAT32" grep -q '"uefi":\[\],.*"uefi-reason":"UEFI firmware starts from FAT32' "$folder/said"
check "BIOS start is offered" grep -q '"bios-start-missing":true' "$folder/said"
check "unmounted again" is_not_mounted "$volume"

mount -t ntfs "$volume" "$folder/mnt"
check "the boot image, under the name that was there" cmp "$folder/mnt/SOURCES/Boot.WIM" "$folder/catalog/$id/source.wim"
check "no second spelling" has_no "$folder/mnt/sources"
check "other files stay" grep -qx mine "$folder/mnt/mine/file"
check "nothing temporary is left" no_leftovers "$folder/mnt"
check "check agrees" says '"mismatches":0' kindlingctl --json check "$folder/mnt"
check "inspect knows what starts" says '"uefi":[]' kindlingctl --json inspect "$folder/mnt"

check "made again where it is mounted" says '"verified":true' create "$folder/mnt" "$id"
check "only what changed is written" grep -q '"bytes-written":1[0-9]\{4\},"unchanged":1[0-9]' "$folder/said"
check "it stays mounted" is_mounted "$folder/mnt"
check "a folder inside of the volume" fails 1 "the volume itself is mounted at “$folder/mnt”" \
  create "$folder/mnt/mine" "$id"

# Somebody changed a file without changing its size: it is read, and written anew.
printf X | dd of="$folder/mnt/Boot/boot.sdi" bs=1 seek=70000 conv=notrunc status=none
check "a damaged file is found" fails 31 "" kindlingctl check "$folder/mnt"
check "and mended" says '"verified":true' create "$folder/mnt" "$id"
check "with that file written" grep -q '"bytes-written":31[0-9]\{5\},' "$folder/said"
check "check agrees again" says '"mismatches":0' kindlingctl --json check "$folder/mnt"

exec 9<"$folder/mnt"
flock -x 9
check "another program writes there" fails 1 "is being written by another program" create "$folder/mnt" "$id"
exec 9<&-
fill=$(($(df --output=avail -B1 "$folder/mnt" | tail -1) - 600000))
fallocate -l $fill "$folder/mnt/mine/ballast" 2>/dev/null || head -c $fill /dev/zero >"$folder/mnt/mine/ballast"
rm "$folder/mnt/kindling.manifest"
check "too little room" fails 22 "CREATETSMEDIA_E_PACKAGETOOLARGE" create "$folder/mnt" "$id"
check "which leaves the files" cmp "$folder/mnt/SOURCES/Boot.WIM" "$folder/catalog/$id/source.wim"
rm "$folder/mnt/mine/ballast"
mount -o remount,ro "$folder/mnt"
check "mounted read-only" fails 1 "is mounted read-only" create "$folder/mnt" "$id"
umount "$folder/mnt"

# Start code for BIOS: nothing outside of the first sector's code and the gap changes.
check "start code on request" says '"bios":true' create "$volume" "$id" --bios-start
check "and no offer any more" grep -q '"bios-start-missing":false' "$folder/said"
blockdev --flushbufs "$loop"
cp "$folder/kindling-stick-a" "$folder/after"
check "the partition table is the same but for its mark" sh -c \
  "sfdisk -d '$folder/after' | sed 's/, bootable//' | grep start= | cut -d: -f2 >'$folder/x';
   sfdisk -d '$folder/before' | grep start= | cut -d: -f2 | cmp - '$folder/x'"
check "it is active" says "bootable" sfdisk -d "$folder/after"
check "the disk signature is the same" cmp -i 440 -n 4 "$folder/before" "$folder/after"
check "sectors behind the code are the same" cmp -i $((512 * 1024)) -n $((512 * 1024)) "$folder/before" "$folder/after"
check "the core image is there" cmp -n "$(stat -c %s "$core")" -i 512:0 "$folder/after" "$core"
check "made again, the code is seen" says '"bios":true' create "$volume" "$id"
check "check finds the volume by its node" says '"mismatches":0' kindlingctl --json check "$volume"
check "and the only one of a drive" says '"media-type":"UFD"' kindlingctl --json inspect "$loop"
check "which is not mounted afterwards" is_not_mounted "$volume"
check "ntfs-3g finds no fault" ntfsfix -n "$volume"
unplug

stick gap 96M 63 7
mkntfs -q -f -F -s 512 -p 63 -H 255 -S 63 "${loop}p1" >/dev/null 2>&1 && settle "${loop}p1"
check "no room for start code" fails 1 "sectors before the first partition" create "${loop}p1" "$id" --bios-start
check "so nothing was written" fails 1 "no file" sh -c \
  "mount -t ntfs ${loop}p1 '$folder/mnt'; '$ctl' check '$folder/mnt'; code=\$?; umount '$folder/mnt'; exit \$code"
unplug

# Several volumes, and none that fits.
stick two 96M 2048 7
delpart "$loop" 1
addpart "$loop" 1 2048 65536
addpart "$loop" 2 67584 65536
for n in 1 2; do mkntfs -q -f -F -s 512 -p 2048 -H 255 -S 63 "${loop}p$n" >/dev/null 2>&1; done
settle "$loop"p[12]
check "several volumes" fails 1 "choose one of “${loop}p1”, “${loop}p2”" create "$loop" "$id"
mke2fs -q -F "${loop}p2" && settle "$loop"p[12]
check "one of several fits" says '"verified":true' create "$loop" "$id"
first=$loop
stick three 96M 2048 7
mkntfs -q -f -F -s 512 -p 2048 -H 255 -S 63 "${loop}p1" >/dev/null 2>&1 && settle "${loop}p1"
check "two drives at once" says '"media":2,"done":2' create "$first" "$loop" "$id"
check "not twice the same one" fails 1 "was named twice" create "${loop}p1" "$loop" "$id"

# Ctrl-C while files are written: nothing has changed, and nothing temporary is left.
enlarge 20M
big=$(kindlingctl --quiet image import "$folder/large.wim")
check "interrupted" interrupted 3 "${slowly[@]}" "$ctl" --catalog "$folder/catalog" --json create UFD "$first" "$loop" "$big"
grep '^# ended' "$folder/out"
check "both were cancelled" said '{"event":"summary","media":2,"done":0,"failed":0,"cancelled":2}'
check "it says what is left" said "holds what it held before: "
volume=${writing}p1
check "nothing temporary is left" at_mount no_leftovers "$folder/mnt"
check "it is the medium that it was" says '"mismatches":0' kindlingctl --json check "$writing"
check "it can be made again" says '"media":2,"done":2' create "$first" "$loop" "$id"
kindlingctl --quiet image remove "$big"
rm "$folder/large.wim"

# Nobody may read the nodes, but may mount.
mkdir -p "$folder/app" "$folder/data/bios"
cp "$ctl" "$folder/app/kindlingctl"
cp "$core" "$(dirname "$core")/boot.img" "$folder/data/bios/"
chmod -R a+rX "$folder"
cat >"$KINDLING_POLKIT_RULES/10-nobody.rules" <<'RULES'
polkit.addRule (function (action, subject) {
  return subject.user == "nobody" && action.id.indexOf("org.freedesktop.udisks2.filesystem-mount") == 0
    ? polkit.Result.YES : polkit.Result.NO;
});
RULES
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$folder/app/kindlingctl" --json --catalog "$folder/catalog" "$@"; }
wait_for_rules() { for _ in $(seq 100); do as_nobody check "${loop}p1" >/dev/null 2>&1 && return; sleep .1; done; return 1; }
check "without rights, the volume is read by its mount" wait_for_rules
check "without rights, it is written by its mount" says '"verified":true' as_nobody create UFD "${loop}p1" "$id"
check "but no start code" fails 1 "E_ACCESSDENIED" as_nobody create UFD "${loop}p1" "$id" --bios-start
unplug
loop=$first
unplug

system=$(findmnt -no SOURCE /)
if [ -b "$system" ]; then
  check "the system's drive is refused" fails 1 "of the running system" create / "$id" --allow-fixed
fi

echo "1..$tests"
