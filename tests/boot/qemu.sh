#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Boots a medium in QEMU and waits for a text:
#   qemu.sh FIRMWARE MEDIUM UNTIL LOG SECONDS [QEMU-ARGUMENT…]
#
#   FIRMWARE  seabios, ovmf, or ovmf-secure (Secure Boot on, with Microsoft's keys)
#   MEDIUM    cd:FILE, disk:FILE, vhd:FILE, or usb:FILE, usb2:FILE, usb1:FILE (stick on xhci, ehci, uhci)
#   UNTIL     extended regular expression; QEMU is ended when a line of LOG matches it
#   LOG       gets the serial line; LOG.bios gets what SeaBIOS says of its own work, for UNTIL too
#
# Exit status: 0 the text came, 1 the guest ended before, 2 wrong use, 124 time is up. The files of
# the medium stay as they are.
set -u
[ $# -ge 5 ] || exit 2
firmware=$1 medium=$2 until=$3 log=$4 limit=$5
shift 5

# TCG by name: a /dev/kvm may be there and not work.
args=(-accel tcg,thread=multi -display none -nodefaults -no-reboot -nic none -monitor none
      -serial "file:$log")
vars='' pid=''
finish() {
  [ -z "$pid" ] || { kill "$pid" && wait "$pid"; } 2>/dev/null
  [ -z "$vars" ] || rm -f "$vars"
}
trap finish EXIT
trap 'exit 143' TERM INT HUP

# The variable store is written to: each run has a copy of its own.
flash() {
  vars=$(mktemp)
  cp "/usr/share/OVMF/$2" "$vars" || exit 1
  args+=(-m 256
         -drive "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/$1"
         -drive "if=pflash,format=raw,unit=1,file=$vars")
}
case $firmware in
  seabios)
    args+=(-M pc -m 128 -vga none -chardev "file,id=bios,path=$log.bios"
           -device isa-debugcon,iobase=0x402,chardev=bios) ;;
  ovmf)
    flash OVMF_CODE_4M.fd OVMF_VARS_4M.fd
    args+=(-M q35) ;;
  ovmf-secure)
    flash OVMF_CODE_4M.ms.fd OVMF_VARS_4M.ms.fd
    args+=(-M q35,smm=on -global driver=cfi.pflash01,property=secure,value=on) ;;
  *) exit 2 ;;
esac

file=${medium#*:}
drive="if=none,id=medium,format=raw"
case $medium in
  cd:*)
    args+=(-drive "$drive,media=cdrom,readonly=on,file=$file"
           -device ide-cd,drive=medium,bootindex=0) ;;
  disk:*)
    args+=(-drive "$drive,snapshot=on,file=$file" -device ide-hd,drive=medium,bootindex=0) ;;
  vhd:*)
    args+=(-drive "if=none,id=medium,format=vpc,snapshot=on,file=$file"
           -device ide-hd,drive=medium,bootindex=0) ;;
  usb:* | usb1:* | usb2:*)
    case $medium in usb1:*) bus=piix3-usb-uhci ;; usb2:*) bus=usb-ehci ;; *) bus=qemu-xhci ;; esac
    args+=(-device "$bus,id=usb" -drive "$drive,snapshot=on,file=$file"
           -device usb-storage,bus=usb.0,drive=medium,removable=on,bootindex=0) ;;
  *) exit 2 ;;
esac

rm -f "$log" "$log.bios"
setpriv --pdeathsig KILL qemu-system-x86_64 "${args[@]}" "$@" </dev/null 2>"$log.err" &
pid=$!
end=$((SECONDS + limit))
while :; do
  alive=1
  kill -0 "$pid" 2>/dev/null || alive=0
  cat "$log" "$log.bios" 2>/dev/null | grep -qaE -- "$until" && exit 0
  [ $alive = 1 ] || exit 1
  [ $SECONDS -lt $end ] || exit 124
  sleep .1
done
