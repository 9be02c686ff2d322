#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Disk images of kindlingctl, made from the sample boot image, as USB sticks and hard disks in PCs with BIOS and
# with UEFI firmware; then images that must not start: test-disk.sh KINDLINGCTL SAMPLE.wim
. "$(dirname "$0")/suite.sh"
ctl=$1 sample=$2
catalog=$work/catalog
bios_line='KINDLING SAMPLE: PASS (BIOS, loaded whole, DL=80)'
uefi_line='KINDLING SAMPLE: PASS (UEFI x64, FAT volume, manifest agrees)'

create() {   # IMAGE SIZE [OPTION…]
  local image=$1 size=$2
  shift 2
  quietly "$ctl" --catalog "$catalog" --json create UFD+FORMAT "$image" KDL00001 --disk-image "$size" "$@"
}

quietly "$ctl" --catalog "$catalog" --json image import "$sample" --id KDL00001
create "$work/stick.img" 256M
boots 'BIOS: the stick on xHCI passes' seabios "usb:$work/stick.img" 'bootmgr was loaded whole: 458752 bytes' "$bios_line"
boots 'UEFI: the stick on xHCI passes' ovmf "usb:$work/stick.img" "$uefi_line"
boots 'BIOS: the stick on EHCI passes' seabios "usb2:$work/stick.img" "$bios_line"
boots 'BIOS: the image as hard disk passes' seabios "disk:$work/stick.img" "$bios_line"

# Sectors and clusters far from those of the small one; most of the file is a hole.
create "$work/large.img" 40G
boots 'BIOS: a stick of 40 GiB passes' seabios "usb:$work/large.img" "$bios_line"
boots 'UEFI: a stick of 40 GiB passes' ovmf "usb:$work/large.img" "$uefi_line"

create "$work/disk.vhd" 256M
boots 'BIOS: the disk in a VHD passes' seabios "vhd:$work/disk.vhd" "$bios_line"
boots 'UEFI: the disk in a VHD passes' ovmf "vhd:$work/disk.vhd" "$uefi_line"

create "$work/gpt.img" 256M --gpt
boots 'UEFI: the stick with GPT passes' ovmf "usb:$work/gpt.img" "$uefi_line"

# As it is while it is being written: the mark in the first sector.
cp "$work/stick.img" "$work/unfinished.img"
printf '\xcd\x18\xeb\xfeKINDLING' | cat - /dev/zero | head -c 512 |
  dd of="$work/unfinished.img" conv=notrunc status=none
shows 'BIOS: an unfinished stick does not start' seabios "usb:$work/unfinished.img" 'No bootable device|not a bootable disk'
finish
