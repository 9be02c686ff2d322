; SPDX-License-Identifier: GPL-3.0-or-later
;
; boot.sdi: an empty RAM disk image with the structure of media-formats.md 6. The partition blob, an
; empty NTFS volume in the original, is zero: nothing formats or mounts it here.

file_bytes equ 3170304
part_start equ 0x2000
part_bytes equ 0x303c00
wim_start  equ 0x306000

  bits 16
  org 0

  db '$SDI0001'
  times 0x70 - ($ - $$) db 0
  dq 2                              ; +0x70: page alignment
  times 0x1f8 - ($ - $$) db 0
  ; +0x1f8: balance byte; the first 512 bytes add up to a multiple of 256
  db -('$' + 'S' + 'D' + 'I' + '0' + '0' + '0' + '1' + 2) & 0xff
  times 0x400 - ($ - $$) db 0
  db 'PART', 0, 0, 0, 0             ; +0x400: first blob
  dq 0, part_start, part_bytes, 7   ; attribute, offset, size, base
  times 0x440 - ($ - $$) db 0
  db 'WIM', 0, 0, 0, 0, 0           ; +0x440: second blob, to which the boot manager appends the WIM
  dq 0, wim_start, 0, 0
  times file_bytes - ($ - $$) db 0
