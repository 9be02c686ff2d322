; SPDX-License-Identifier: GPL-3.0-or-later
;
; Stands in for etfsboot.com, the El Torito boot image of BIOS PCs (media-formats.md 5.1, 8.1): 4096
; bytes, no emulation, entered at 07C0:0000 or 0000:7C00 with DL = drive. It says that all eight
; 512-byte sectors of it were loaded, loads \BOOTMGR whole to 2000:0000 and jumps there.
;
; Like the program it stands for it looks up the literal name BOOTMGR, without ";1" and without a dot
; (media-formats.md 8.2), so that a medium with wrong names is noticed here too.

%define STRICT_NAMES
%include "bios.inc"

image_bytes     equ 4096
bootmgr_segment equ 0x2000
bootmgr_limit   equ 0x9f000 - 0x20000   ; bytes; media-formats.md 9.3
chunk_sectors   equ 16                  ; 32 KiB: never across a 64 KiB boundary

  org 0
  bits 16
  cpu 386

  jmp 0x07c0:start
start:
  cli
  mov ax, cs
  mov ds, ax
  mov es, ax
  xor ax, ax
  mov ss, ax
  mov sp, 0x7c00
  sti
  cld
  mov [drive], dl
  call console_init
  mov si, text_title
  call put_text
  mov al, [drive]
  call put_hex8
  mov si, text_new_line
  call put_text
  ; The mark is wiped once seen: after a warm restart it must come from the medium again.
  mov si, text_part
  cmp dword [end_mark], end_mark_value
  jne stop
  mov dword [end_mark], 0
  jmp load_bootmgr

; Prints the reason at DS:SI and waits for a key, then restarts the PC.
stop:
  push si
  mov si, text_fail
  call put_text
  pop si
  call put_text
  mov si, text_key
  call put_text
  xor ah, ah
  int 0x16
  jmp 0xffff:0

  console_routines
  console_data
  disk_data
text_title: db 13, 10, 'KINDLING SAMPLE: etfsboot.com started, DL=', 0
text_fail: db 'KINDLING SAMPLE: FAIL: ', 0
text_part: db 'etfsboot.com was not loaded whole (8 sectors are needed)', 0
text_key: db 13, 10, 'Press a key to restart this PC.', 13, 10
text_new_line: db 13, 10, 0
%if $ - $$ > 512
  %error the part that must run from the first sector alone is longer than a sector
%endif

load_bootmgr:
  mov si, text_whole
  call put_text
  call iso_open_root
  jnc .find
  mov si, text_unreadable
  test al, al
  jz stop
  mov si, text_no_iso
  jmp stop
.find:
  mov si, name_bootmgr
  call iso_find
  jnc .size
  mov si, text_unreadable
  test al, al
  jz stop
  mov si, text_missing
  jmp stop
.size:
  mov eax, [extent_bytes]
  mov si, text_size
  test eax, eax
  jz stop
  cmp eax, bootmgr_limit
  ja stop
  mov ebx, eax
  int 0x12                          ; KiB of conventional memory
  movzx eax, ax
  shl eax, 10
  sub eax, bootmgr_segment * 16
  mov si, text_memory
  cmp eax, ebx
  jl stop
  add ebx, sector_bytes - 1
  shr ebx, 11                       ; sectors left
  mov eax, [extent_sector]
  push word bootmgr_segment
  pop es
.chunk:
  mov cx, chunk_sectors
  cmp bx, cx
  jae .read
  mov cx, bx
.read:
  call read_sectors
  mov si, text_unreadable
  jc stop
  movzx edx, cx
  add eax, edx
  sub bx, cx
  shl cx, 7                         ; paragraphs
  mov dx, es
  add dx, cx
  mov es, dx
  test bx, bx
  jnz .chunk
  mov si, text_loaded
  call put_text
  mov dl, [drive]
  xor ax, ax
  mov ds, ax
  mov es, ax
  jmp bootmgr_segment:0

  disk_routines
  iso_routines
  iso_data
name_bootmgr: db 'BOOTMGR', 0
text_whole: db 'KINDLING SAMPLE: etfsboot.com was loaded whole, without BOOTFIX prompt', 13, 10, 0
text_loaded: db 'KINDLING SAMPLE: BOOTMGR was read from the disc, starting it', 13, 10, 0
text_unreadable: db 'the disc cannot be read', 0
text_no_iso: db 'no ISO 9660 file system was found', 0
text_missing: db 'no file named BOOTMGR in the root directory', 0
text_size: db 'BOOTMGR is empty or too large', 0
text_memory: db 'too little conventional memory for BOOTMGR', 0

end_mark_value equ 0x444e454b       ; "KEND"
  times image_bytes - 4 - ($ - $$) db 0
end_mark: dd end_mark_value
