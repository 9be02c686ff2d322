#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Lays out the Windows PE tree of the sample and captures it as a WIM:
#   capture.sh OUT.wim ETFSBOOT BOOTMGR BOOT-SDI BOOT-STL BOOTMGFW WINLOAD PROGRAM DLL SYSTEM
# The same input gives the same bytes: fixed times, one thread, and an identifier that is a hash.
set -eu
out=$1 etfsboot=$2 bootmgr=$3 boot_sdi=$4 boot_stl=$5 bootmgfw=$6 winload=$7 program=$8 dll=$9 system=${10}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree

# A TrueType font without tables: version 1.0, nothing more.
mkdir "$work/tree"
printf '\0\1\0\0\0\0\0\0\0\0\0\0' >"$work/font"

# Spelling as in real images, which mix upper and lower case.
put() {
  mkdir -p "$tree/$(dirname "$2")"
  cp "$1" "$tree/$2"
}
put "$bootmgr" Windows/Boot/PCAT/bootmgr
put "$etfsboot" Windows/Boot/DVD/PCAT/etfsboot.com
put "$boot_sdi" Windows/Boot/DVD/PCAT/boot.sdi
put "$boot_sdi" Windows/Boot/DVD/EFI/boot.sdi
put "$bootmgfw" Windows/Boot/EFI/bootmgfw.efi
put "$boot_stl" Windows/Boot/EFI/boot.stl
put "$dll" Windows/Boot/Resources/bootres.dll
put "$work/font" Windows/Boot/Fonts/segmono_boot.ttf
put "$work/font" Windows/Boot/Fonts/wgl4_boot.ttf
put "$winload" Windows/System32/Boot/winload.exe
put "$winload" Windows/System32/Boot/winload.efi
put "$winload" Windows/System32/winload.exe
put "$winload" Windows/System32/winload.efi
put "$program" Windows/System32/winpeshl.exe
put "$program" Windows/System32/wpeinit.exe
put "$program" Windows/System32/drvload.exe
put "$program" Windows/System32/cmd.exe
put "$program" Windows/System32/ntoskrnl.exe
put "$dll" Windows/System32/kernel32.dll
put "$dll" Windows/System32/ntdll.dll
printf 'wpeinit\r\n' >"$tree/Windows/System32/startnet.cmd"
put "$system" Windows/System32/config/SYSTEM
mkdir -p "$tree/Windows/Temp" "$tree/Windows/INF" \
  "$tree/Program Files" "$tree/Users/Public"
find "$tree" -exec touch -d '2026-01-01T00:00:00Z' {} +

wimlib-imagex capture "$tree" "$work/boot.wim" 'Kindling sample' \
  'Says whether this PC starts from media made by Kindling' \
  --boot --check --compress=LZX --threads=1 --no-acls \
  --image-property DISPLAYNAME='Kindling sample' \
  --image-property DISPLAYDESCRIPTION='Says whether this PC starts from media made by Kindling' \
  --image-property WINDOWS/ARCH=9 \
  --image-property WINDOWS/PRODUCTNAME='Kindling sample boot image' \
  --image-property WINDOWS/EDITIONID=WindowsPE \
  --image-property WINDOWS/INSTALLATIONTYPE=WindowsPE \
  --image-property WINDOWS/PRODUCTTYPE=WinNT \
  --image-property WINDOWS/LANGUAGES/LANGUAGE=en-US \
  --image-property WINDOWS/LANGUAGES/DEFAULT=en-US \
  --image-property WINDOWS/VERSION/MAJOR=10 \
  --image-property WINDOWS/VERSION/MINOR=0 \
  --image-property WINDOWS/VERSION/BUILD=26100 \
  --image-property WINDOWS/VERSION/SPBUILD=1 \
  --image-property WINDOWS/VERSION/SPLEVEL=0 \
  --image-property WINDOWS/SYSTEMROOT=WINDOWS \
  >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }

# 2026-01-01 as a FILETIME, in the halves that the XML has. Capturing sets the time of now, and
# therefore this is a step of its own.
wimlib-imagex info "$work/boot.wim" 1 --check \
  --image-property CREATIONTIME/HIGHPART=0x01DC7AB1 \
  --image-property CREATIONTIME/LOWPART=0x92810000 \
  --image-property LASTMODIFICATIONTIME/HIGHPART=0x01DC7AB1 \
  --image-property LASTMODIFICATIONTIME/LOWPART=0x92810000 \
  >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }

# The identifier of the WIM (16 bytes at offset 24) is random: a hash of all that follows it instead.
hash=$(tail -c +41 "$work/boot.wim" | sha256sum | cut -c1-32)
printf "$(printf '%s' "$hash" | sed 's/../\\x&/g')" >"$work/guid"
dd if="$work/guid" of="$work/boot.wim" bs=1 seek=24 count=16 conv=notrunc status=none
cp "$work/boot.wim" "$out"
