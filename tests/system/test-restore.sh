#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# kindlingctl gives a stick back to normal use; other tools say what is on it. Run by stack.sh: test-restore.sh KINDLINGCTL SAMPLE-WIM
set -u
ctl=$1 wim=$2
folder=$TMPDIR/restore
mkdir -p "$folder"
kindlingctl() { "$ctl" --catalog "$folder/catalog" "$@"; }

. "$KINDLING_SYSTEM/checks.sh"

# answers STATUS ANSWER: restores the stick at a terminal
answers() {
  local code=0
  printf '%s\n' "$2" | script -qec "'$ctl' --catalog '$folder/catalog' drive restore '$loop'" /dev/null >"$folder/said" 2>&1 || code=$?
  cat "$folder/said"
  [ $code = "$1" ] && grep -q 'Everything on it will be lost' "$folder/said"
}
# volume COMMAND…: with the node of the partition at the end
volume() {
  local node code=0
  node=$(losetup -f --show -o $((2048 * 512)) "$loop")
  "$@" "$node" || code=$?
  losetup -d "$node"
  return $code
}
plug() {
  udevadm trigger --action=add "$1"
  udevadm settle --timeout=30
}
medium_is_whole() { says '"mismatches":0' kindlingctl --json check "$loop"; }

truncate -s 512M "$folder/kindling-stick-a"
loop=$(losetup -f --show "$folder/kindling-stick-a")
plug "$loop"
id=$(kindlingctl --quiet image import "$wim") || { echo "Bail out! no image"; exit 1; }
kindlingctl --quiet create UFD+FORMAT "$loop" "$id" --yes >"$folder/made" 2>&1 || { cat "$folder/made"; echo "Bail out! no stick"; exit 1; }

check "no drive" fails 1 "is no drive" kindlingctl drive restore /dev/null --yes
check "nobody can be asked" fails 1 "--yes or --expect-serial SERIAL is needed" kindlingctl drive restore "$loop"
check "another serial number is refused" fails 1 "is not the drive with the serial number “0002”" \
  kindlingctl drive restore "$loop" --expect-serial 0002
check "a label that does not fit" fails 1 "has 12 characters" kindlingctl drive restore "$loop" --yes --label "TWELVE CHARS"
check "another answer cancels" answers 3 no
check "planned without writing" says \
  "{\"event\":\"done\",\"path\":\"$loop\",\"file-system\":\"fat32\",\"partition-table\":\"dos\",\"label\":\"MINE\",\"bytes\":535822336}" \
  kindlingctl --json drive restore "$loop" --dry-run --label mine
check "the plan says what would be lost" says "Will be lost" kindlingctl drive restore "$loop" --dry-run
exec 9<"$loop"
flock -x 9
check "locked by another" fails 1 "is locked by" kindlingctl drive restore "$loop" --yes
exec 9<&-
check "all that left the medium as it was" medium_is_whole

check "restored when the answer is yes" answers 0 yes
blockdev --flushbufs "$loop"
check "one partition that is not active" says "type=c" sfdisk -d "$loop"
check "not active" sh -c "! sfdisk -d $loop | grep bootable"
check "no boot code before it" sh -c "cmp -n 440 $loop /dev/zero && cmp -i 512:0 -n 1048064 $loop /dev/zero"
check "fsck.fat is content" volume fsck.fat -n
check "nothing is on it" sh -c "test -z \"\$(mdir -a -b -i $loop@@1M ::)\""
check "it is no medium any more" fails 1 "it was not made by Kindling" kindlingctl check "$loop"
udevadm settle --timeout=30
check "it is not called unfinished" says '"unfinished":false' kindlingctl --json drive list

check "exFAT" says '"file-system":"exfat","partition-table":"dos","label":"Fotos für","bytes":535822336,"seconds":' \
  kindlingctl --json drive restore "$loop" --expect-serial 0001 --file-system exfat --label "Fotos für"
blockdev --flushbufs "$loop"
check "fsck.exfat is content" volume fsck.exfat -n
check "type 7" says "type=7" sfdisk -d "$loop"
kindlingctl --quiet create UFD+FORMAT "$loop" "$id" --yes >"$folder/made" 2>&1
check "a medium can be made of it again" medium_is_whole

# A file system on the whole drive, mounted: it is unmounted by UDisks2.
mke2fs -q -F "$loop"
plug "$loop"
check "mounted" udisksctl mount -b "$loop"
check "unmounted and restored" says "is empty and ready for normal use" kindlingctl drive restore "$loop" --yes
check "fsck.fat is content again" volume fsck.fat -n

# One that cannot hold what it says: the memory behind it is full before the end.
mkdir "$folder/full"
mount -t tmpfs -o size=1M none "$folder/full"
truncate -s 512M "$folder/full/kindling-stick-full"
full=$(losetup -f --show "$folder/full/kindling-stick-full")
plug "$full"
check "a drive that fails while it is written" fails 1 "“$full” has lost what was on it and has no file system; restore it again: " \
  kindlingctl drive restore "$full" --yes
udevadm settle --timeout=30
check "it is listed as unfinished" says "an unfinished medium" kindlingctl drive list
losetup -d "$full"
umount "$folder/full"

echo "1..$tests"
losetup -d "$loop"
