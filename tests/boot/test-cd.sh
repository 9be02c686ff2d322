#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# ISO files of kindlingctl, made from the sample boot image, in the optical drive of PCs with BIOS and
# with UEFI firmware; then media that must be refused: test-cd.sh KINDLINGCTL SAMPLE.wim
. "$(dirname "$0")/suite.sh"
ctl=$1 sample=$2
catalog=$work/catalog

create() {   # ID ISO EXPECTED: makes the ISO; EXPECTED is what the done event must hold
  quietly "$ctl" --catalog "$catalog" --json create CD "$2" "$1"
  if tail -n 1 "$work/step.log" | tr -d ' ' | grep -qE "\"event\":\"done\".*$3"; then
    pass "create says what boots: $1"
  else
    fail "create says what boots: $1" "$work/step.log"
  fi
}

damaged() {   # KIND: makes $work/KIND.iso
  quietly /usr/bin/python3 "$here/damage-iso.py" "$work/full.iso" "$work/$1.iso" "$1"
}

quietly "$ctl" --catalog "$catalog" --json image import "$sample" --id KDL00001
create KDL00001 "$work/full.iso" '"bios":true,"uefi":\["x64"\]'

boots 'BIOS: the ISO passes' seabios "cd:$work/full.iso" \
  'KINDLING SAMPLE: etfsboot.com was loaded whole' \
  'bootmgr was loaded whole: 458752 bytes' \
  '\boot\BCD' \
  'KINDLING SAMPLE: PASS (BIOS, optical medium, loaded whole, DL=E0)'
boots 'UEFI: the ISO passes' ovmf "cd:$work/full.iso" \
  '\EFI\Microsoft\Boot\BCD' \
  '\EFI\Microsoft\Boot\Fonts\wgl4_boot.ttf' \
  'KINDLING SAMPLE: PASS (UEFI x64, optical medium, manifest agrees)'

# Prepared, with files of its own, it still starts.
mkdir -p "$work/extra/Tools"
head -c 3000000 /dev/urandom >"$work/extra/Tools/noise.bin"
quietly "$ctl" --catalog "$catalog" --json image import "$sample" --id KDL00003
quietly "$ctl" --catalog "$catalog" image set KDL00003 extra-files="$work/extra" scratch-space=512 start-command=X:\\go.cmd
create KDL00003 "$work/prepared.iso" '"bios":true,"uefi":\["x64"\]'
boots 'BIOS: the ISO of a prepared image passes' seabios "cd:$work/prepared.iso" \
  'KINDLING SAMPLE: PASS (BIOS, optical medium, loaded whole, DL=E0)'
boots 'UEFI: the ISO of a prepared image passes' ovmf "cd:$work/prepared.iso" \
  'KINDLING SAMPLE: PASS (UEFI x64, optical medium, manifest agrees)'

# The same image without etfsboot.com: UEFI only, and SeaBIOS says that the catalogue is not for a PC's BIOS.
cp "$sample" "$work/uefi.wim"
quietly wimlib-imagex update "$work/uefi.wim" 1 --check \
  --command='delete --force /Windows/Boot/DVD/PCAT/etfsboot.com'
quietly "$ctl" --catalog "$catalog" --json image import "$work/uefi.wim" --id KDL00002
create KDL00002 "$work/uefi.iso" '"bios":false,"uefi":\["x64"\]'
shows 'BIOS: an ISO without etfsboot.com does not boot' seabios "cd:$work/uefi.iso" \
  'Could not read from CDROM \(code 0009\)'
boots 'UEFI: an ISO without etfsboot.com passes' ovmf "cd:$work/uefi.iso" \
  'KINDLING SAMPLE: PASS (UEFI x64, optical medium, manifest agrees)'

damaged wim-cut
boots 'BIOS: boot.wim cut off' seabios "cd:$work/wim-cut.iso" \
  'KINDLING SAMPLE: FAIL: \sources\boot.wim is cut off'
boots 'UEFI: boot.wim cut off' ovmf "cd:$work/wim-cut.iso" \
  'KINDLING SAMPLE: FAIL: \sources\boot.wim is cut off'
damaged bootmgr-end
boots 'BIOS: bootmgr not whole' seabios "cd:$work/bootmgr-end.iso" \
  'KINDLING SAMPLE: FAIL: bootmgr is damaged or was not loaded whole'
damaged bootmgr-name
boots 'BIOS: no file named BOOTMGR' seabios "cd:$work/bootmgr-name.iso" \
  'KINDLING SAMPLE: FAIL: no file named BOOTMGR in the root directory'
damaged manifest-size
boots 'UEFI: the manifest names another size' ovmf "cd:$work/manifest-size.iso" \
  'KINDLING SAMPLE: FAIL: \sources\boot.wim: size differs from manifest'
damaged wim-content
boots 'UEFI: a bit of boot.wim is another' ovmf "cd:$work/wim-content.iso" \
  'KINDLING SAMPLE: FAIL: \sources\boot.wim: SHA-256 differs from manifest'

shows 'Secure Boot refuses the unsigned program' ovmf-secure "cd:$work/full.iso" \
  'Security Violation'
finish
