#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# kindlingctl makes a stick; other tools say what is on it. Run by stack.sh: test-create.sh KINDLINGCTL SAMPLE-WIM
set -u
ctl=$1 wim=$2
folder=$TMPDIR/create
mkdir -p "$folder"
kindlingctl() { "$ctl" --catalog "$folder/catalog" "$@"; }

. "$KINDLING_SYSTEM/checks.sh"

# answers STATUS ANSWER: makes the stick at a terminal
answers() {
  local code=0
  printf '%s\n' "$2" \
    | script -qec "'$ctl' --catalog '$folder/catalog' create UFD+FORMAT '$loop' '$id'" /dev/null >"$folder/said" 2>&1 || code=$?
  cat "$folder/said"
  [ $code = "$1" ] && grep -q 'Everything on it will be lost' "$folder/said"
}
is_zero() { cmp -n 16777216 "$1" /dev/zero; }

truncate -s 512M "$folder/kindling-stick-a"
loop=$(losetup -f --show "$folder/kindling-stick-a")
udevadm trigger --action=add "$loop"
udevadm settle --timeout=30
id=$(kindlingctl --quiet image import "$wim") || { echo "Bail out! no image"; exit 1; }

check "listed" says "\"path\":\"$loop\",\"vendor\":\"Kingston\",\"model\":\"DataTraveler\",\"serial\":\"0001\"" \
  kindlingctl --json drive list
check "nobody can be asked" fails 1 "--yes or --expect-serial SERIAL is needed" \
  kindlingctl create UFD+FORMAT "$loop" "$id"
check "another serial number is refused" fails 1 "is not the drive with the serial number “0002”" \
  kindlingctl create UFD+FORMAT "$loop" "$id" --expect-serial 0002 --yes
check "nothing was written" is_zero "$loop"
check "another answer cancels" answers 3 no
check "the question names the drive" grep -q "Kingston DataTraveler, serial number 0001, 536.9" "$folder/said"
check "planned without writing" says "\"bytes-needed\"" \
  kindlingctl --json create UFD+FORMAT "$loop" "$id" --dry-run
check "still nothing was written" is_zero "$loop"

exec 9<"$loop"
flock -x 9
check "locked by another" fails 1 "is locked by" kindlingctl create UFD+FORMAT "$loop" "$id" --expect-serial 0001
exec 9<&-
check "created" says '"verified":true' kindlingctl --json create UFD+FORMAT "$loop" "$id" --expect-serial 0001
echo "# $(grep '"done"' "$folder/said")"
blockdev --flushbufs "$loop"

check "sfdisk finds an active FAT32 partition at 1 MiB" says "start=        2048" sfdisk -d "$loop"
check "it is active and of type c" says "type=c, bootable" sfdisk -d "$loop"
offset=$((2048 * 512))
volume=$(losetup -f --show -o $offset "$loop")
check "fsck.fat is content" fsck.fat -n "$volume"
check "the boot image is the same" sh -c "mtype -i $volume ::/sources/boot.wim | cmp - '$folder/catalog/$id/source.wim'"
check "the manifest is there" sh -c "mtype -i $volume ::/kindling.manifest | grep -q $id"
losetup -d "$volume"
check "check agrees" says '"mismatches":0' kindlingctl --json check "$loop"
check "it is offered again" says "\"partition-table\":\"dos\"" kindlingctl --json drive list

check "made again when the answer is yes" answers 0 yes
check "the question says what is on it" grep -q "On it now: a partition table (dos)" "$folder/said"
check "check still agrees" says '"mismatches":0' kindlingctl --json check "$loop"

# A drive that is too small stays as it was.
truncate -s 8M "$folder/kindling-stick-b"
small=$(losetup -f --show "$folder/kindling-stick-b")
udevadm trigger --action=add "$small"
udevadm settle --timeout=30
check "too small" fails 22 "need a target of at least" kindlingctl create UFD+FORMAT "$small" "$id" --yes
check "too small, and untouched" cmp -n 8388608 "$small" /dev/zero

# plug FILE: a stick whose content is FILE
plug() {
  truncate -s 512M "$1"
  losetup -f --show "$1"
}

# One that cannot hold what it says: the memory behind it is full before the end.
mkdir "$folder/full"
mount -t tmpfs -o size=4M none "$folder/full"
full=$(plug "$folder/full/kindling-stick-full")
udevadm trigger --action=add "$full"
udevadm settle --timeout=30
unfinished="“$full” is unfinished and does not start any more: "
check "a drive that fails while it is written" fails 1 "$unfinished" kindlingctl create UFD+FORMAT "$full" "$id" --yes
check "the error names the byte" grep -q "Cannot write “$full” at byte [0-9]*: " "$folder/said"
udevadm settle --timeout=30
check "it is listed as unfinished" says "an unfinished medium" kindlingctl drive list
check "events say so, too" says '"unfinished":true' kindlingctl --json drive list
check "check says so" fails 1 "is an unfinished medium" kindlingctl check "$full"
check "inspect says so" fails 1 "is an unfinished medium" kindlingctl inspect "$full"
check "no partition table is found on it" sh -c "! sfdisk -d $full"
losetup -d "$full"
umount "$folder/full"

# Three at once; later one of them is locked, and the others do not notice.
second=$(plug "$folder/kindling-stick-2") third=$(plug "$folder/kindling-stick-3")
for stick in "$second" "$third"; do udevadm trigger --action=add "$stick"; done
udevadm settle --timeout=30
batch() { kindlingctl --json create UFD+FORMAT "$loop" "$second" "$third" "$id" "$@"; }
check "a drive named twice" fails 1 "was named twice" kindlingctl create UFD+FORMAT "$second" "$second" "$id" --yes
check "a serial number too few" fails 1 "is not the drive with the serial number “0001”, “0003”" batch --expect-serial 0001,0003
check "a serial number too many" fails 1 "None of the drives has the serial number “0004”" \
  batch --expect-serial 0001,0003 --expect-serial 0002 --expect-serial 0004
check "several, and untouched" cmp -n 8388608 "$second" /dev/zero
check "three made at once" batch --expect-serial 0003,0001 --expect-serial 0002 --power-off
cp "$folder/out" "$folder/batch"
echo "# $(grep '"summary"' "$folder/batch")"
for stick in "$loop" "$second" "$third"; do
  check "made and verified: $stick" said "{\"event\":\"done\",\"target\":\"$stick\""
  check "check agrees: $stick" says '"mismatches":0' kindlingctl --json check "$stick"
done
check "progress is told apart" said "{\"event\":\"progress\",\"target\":\"$third\""
check "summed up" said '{"event":"summary","media":3,"done":3,"failed":0,"cancelled":0}'
check "no switch is a warning" said "The drive was not switched off: "
certificates() { grep -o '"certificate-thumbprint":"[0-9A-Fa-f]*"' "$folder/batch" | sort -u; }
check "each has its own certificate" test "$(certificates | wc -l)" = 3
exec 9<"$second"
flock -x 9
check "one is locked by another" fails 1 "is locked by" batch --yes
cp "$folder/out" "$folder/batch"
exec 9<&-
check "the other two are made" said '{"event":"summary","media":3,"done":2,"failed":1,"cancelled":0}'

# Ctrl-C while two are made: both stop, and what was begun says what it is now.
enlarge 20M
big=$(kindlingctl --quiet image import "$folder/large.wim")
check "interrupted" interrupted 3 "${slowly[@]}" "$ctl" --catalog "$folder/catalog" --json create UFD+FORMAT "$second" "$third" "$big" --yes
grep '^# ended' "$folder/out"
check "both were cancelled" said '{"event":"summary","media":2,"done":0,"failed":0,"cancelled":2}'
check "it says what is left" said "“$writing” is unfinished and does not start any more: "
check "and so does check" fails 1 "is an unfinished medium" kindlingctl check "$writing"
kindlingctl --quiet image remove "$big"
rm "$folder/large.wim"

# Somebody without rights: one question, whose answer holds for all.
program="$folder/program" home="$folder/nobody" rule="$KINDLING_POLKIT_RULES/49-kindling.rules"
mkdir -p "$program/app" "$program/data" "$home"
cp "$ctl" "$program/app/kindlingctl"
cp -r "$(dirname "$(realpath "$ctl")")/../data/bios" "$program/data/"
# The build folder may stand where only its owner may look.
cp "$wim" "$program/boot.wim"
chmod -R a+rX "$program"
chown nobody "$home"
touch /run/kindling-asked
chmod 666 /run/kindling-asked
nobody() {
  setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$home" TMPDIR=/tmp \
    "$program/app/kindlingctl" --catalog "$home/catalog" "$@"
}
nobody_batch() { nobody --json create UFD+FORMAT "$loop" "$second" "$third" "$id" --yes --no-verify; }
# answer RESULT: polkit's answer from now on, each question noted
answer() {
  cat >"$rule.new" <<RULE
polkit.addRule (function (action, subject) {
  if (action.id.indexOf ('org.freedesktop.udisks2.open-device') != 0 || subject.user != 'nobody')
    return polkit.Result.NOT_HANDLED;
  polkit.spawn (['/bin/sh', '-c', 'echo $1 >>/run/kindling-asked']);
  return polkit.Result.$1;
});
RULE
  chmod 644 "$rule.new"
  mv "$rule.new" "$rule"
  # polkitd reads it when it likes: until its first note.
  for _ in $(seq 100); do
    : >/run/kindling-asked
    nobody --quiet create UFD+FORMAT "$third" "$id" --yes --no-verify >/dev/null 2>&1
    grep -q "^$1" /run/kindling-asked && break
    sleep .1
  done
  : >/run/kindling-asked
}
nobody --quiet image import "$program/boot.wim" --id "$id" >/dev/null || echo "# nobody has no image"
answer NO
check "nobody may not" fails 1 "E_ACCESSDENIED" nobody_batch
cp "$folder/said" "$folder/batch"
echo "# $(grep '"error"' "$folder/batch" | head -1)"
check "asked once" test "$(wc -l </run/kindling-asked)" = 1
check "the answer is that of all" said '{"event":"summary","media":3,"done":0,"failed":3,"cancelled":0}'
check "the others say why" test "$(grep -c "was not opened, as permission was refused before" "$folder/batch")" = 2
answer YES
check "nobody may" nobody_batch
cp "$folder/out" "$folder/batch"
check "three made without root" said '{"event":"summary","media":3,"done":3,"failed":0,"cancelled":0}'
rm -f "$rule"

system=$(findmnt -no SOURCE /)
if [ -b "$system" ]; then
  check "the system's drive is refused" fails 1 "of the running system" \
    kindlingctl create UFD+FORMAT "/dev/$(lsblk -sno NAME,TYPE -r "$system" | awk '$2 == "disk" { print $1 }' | tail -1)" "$id" --yes --allow-fixed
fi

echo "1..$tests"
losetup -d "$loop" "$small" "$second" "$third"
