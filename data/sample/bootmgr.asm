; SPDX-License-Identifier: GPL-3.0-or-later
;
; Stands in for \bootmgr, the boot manager of BIOS PCs (media-formats.md 9.3): entered at 2000:0000
; with DL = drive. It proves that it was loaded whole, then looks at the medium that it came from:
; on an optical drive it walks the ISO 9660 tree as the real one does; on a disk or stick it checks the
; boot sector that its loader must have left at 0000:7C00.
;
; seal.py fills the assembled program up to its full size and writes the sum at its end.

%include "bios.inc"

own_segment equ 0x2000
own_bytes   equ 0x70000             ; 448 KiB; the same as in seal.py
mark_offset equ 0xfff0              ; of the end mark, in the last 64 KiB: 12 characters, then the sum

  org 0
  bits 16
  cpu 386

  jmp near start
  db 'BOOTMGR stand-in of the Kindling sample boot image', 0

start:
  cli
  xor ax, ax
  mov ss, ax
  mov sp, 0x7c00
  sti
  cld
  ; The sum is taken before the first byte of the program changes.
  push dx
  mov dx, cs
  mov bp, dx
  add bp, own_bytes >> 4
  xor ebx, ebx
.segment:
  mov ds, dx
  xor si, si
  xor cx, cx
.add:
  lodsd
  add ebx, eax
  add cx, 4
  jnz .add
  add dx, 0x1000
  cmp dx, bp
  jne .segment
  pop dx
  mov ax, cs
  mov ds, ax
  mov es, ax
  mov [drive], dl
  mov [own_sum], ebx

  call console_init
  mov si, text_title
  call put_text
  mov ax, cs
  xchg al, ah
  call put_hex8
  mov ax, cs
  call put_hex8
  mov si, text_drive
  call put_text
  mov al, [drive]
  call put_hex8
  call new_line

  mov ax, cs
  mov si, text_bad_place
  cmp ax, own_segment
  jne fail
  call check_own_end
  mov si, text_bad_own
  jne fail
  cmp dword [own_sum], 0
  jne fail
  mov si, text_whole
  call put_text
  mov eax, own_bytes
  call put_decimal
  mov si, text_bytes
  call put_text
  call new_line

  call is_optical
  jc check_disk
  jmp check_disc

; ZF = 1 if the last bytes are those that belong there.
check_own_end:
  push es
  push word own_segment + (own_bytes >> 4) - 0x1000
  pop es
  mov di, mark_offset
  mov si, end_mark
  mov cx, 12
  repe cmpsb
  pop es
  ret

; CF = 0 if the drive is an optical one: numbers from E0h on, or what El Torito's status call says.
is_optical:
  mov dl, [drive]
  cmp dl, 0xe0
  jae .yes
  mov ax, 0x4b01
  mov si, specification
  int 0x13
  push cs
  pop ds
  jc .no
  mov dl, [drive]
  cmp dl, [specification.drive]
  jne .no
  test byte [specification.media], 15
  jnz .no
.yes:
  clc
  ret
.no:
  stc
  ret

; ---- optical medium ----

check_disc:
  mov si, text_disc
  call put_text
  call iso_open_root
  jnc .files
  mov si, text_disc_unreadable
  test al, al
  jz fail
  mov si, text_no_iso
  jmp fail
.files:
  mov bx, files
.file:
  mov [file], bx
  mov si, text_indent
  call put_text
  mov si, [bx + 6]
  call put_text
  call open_file
  call check_readable
  mov bx, [file]
  call [bx + 4]
  call new_line
  mov bx, [file]
  add bx, 8
  cmp bx, files.end
  jb .file
  mov si, text_pass_disc
  jmp pass

; Makes the file of record [file] the current extent; on failure ends in fail_file.
open_file:
  call iso_open_root
  jc .unreadable
  mov bx, [file]
  mov si, [bx]
  call iso_find
  jc .failed
  mov bx, [file]
  mov si, [bx + 2]
  call iso_find
  jc .failed
  ret
.failed:
  test al, al
  jz .unreadable
  mov si, text_missing
  jmp fail_file
.unreadable:
  mov si, text_unreadable
  jmp fail_file

; Reads the last sector of the current file, then the first, which stays in the buffer; prints the
; size.
check_readable:
  mov si, text_gap
  call put_text
  mov eax, [extent_bytes]
  call put_decimal
  mov si, text_bytes
  call put_text
  mov si, text_empty
  mov eax, [extent_bytes]
  cmp eax, 512
  jb fail_file
  mov si, text_unreadable
  dec eax
  shr eax, 11
  add eax, [extent_sector]
  call read_buffer
  jc fail_file
  mov eax, [extent_sector]
  call read_buffer
  jc fail_file
  ret

; The three kinds of content; ES = buffer with the first sector.
check_wim:
  mov si, text_not_wim
  cmp dword [es:0], 'MSWI'
  jne fail_file
  cmp dword [es:4], 'M'
  jne fail_file
  mov si, text_cut
  mov di, 48                        ; blob table
  call check_resource
  mov di, 72                        ; XML data
  call check_resource
  mov si, text_wim
  call put_text
  mov eax, [es:44]
  call put_decimal
  mov si, text_boot_index
  call put_text
  mov eax, [es:120]
  call put_decimal
  mov si, text_no_boot_index
  test eax, eax
  jz fail_file
  cmp eax, [es:44]
  ja fail_file
  ret

; Whether the resource whose header stands at ES:DI lies within the file.
check_resource:
  mov eax, [es:di + 4]
  and eax, 0x00ffffff               ; the top byte holds flags
  or eax, [es:di + 12]
  jnz fail_file
  mov eax, [es:di]
  add eax, [es:di + 8]
  jc fail_file
  cmp eax, [extent_bytes]
  ja fail_file
  ret

check_store:
  mov si, text_not_store
  cmp dword [es:0], 'regf'
  jne fail_file
  mov si, text_store
  jmp put_text

check_sdi:
  mov si, text_not_sdi
  cmp dword [es:0], '$SDI'
  jne fail_file
  cmp dword [es:4], '0001'
  jne fail_file
  mov si, text_sdi
  jmp put_text

; ---- disk or stick ----

check_disk:
  mov si, text_disk
  call put_text
  xor ax, ax
  mov es, ax
  mov bx, 0x7c00
  mov si, text_no_boot_sector
  cmp word [es:bx + 0x1fe], 0xaa55
  jne fail
  cmp dword [es:bx + 0x52], 'FAT3'
  jne .ntfs
  cmp word [es:bx + 0x56], '2 '
  jne .ntfs
  mov dl, [es:bx + 0x40]
  mov si, text_fat32
  jmp .known
.ntfs:
  mov si, text_no_boot_sector
  cmp dword [es:bx + 3], 'NTFS'
  jne fail
  mov dl, [es:bx + 0x24]
  mov si, text_ntfs
.known:
  call put_text
  mov eax, [es:bx + 0x1c]
  call put_decimal
  call new_line
  mov si, text_no_hidden
  test eax, eax
  jz fail
  mov si, text_bad_drive
  cmp dl, [drive]
  jne fail
  mov si, text_pass_disk
  jmp pass

; ---- end ----

pass:
  call put_text
  mov al, [drive]
  call put_hex8
  mov si, text_pass_end
  call put_text
  jmp restart

; Ends with the reason at DS:SI about the file of record [file].
fail_file:
  call new_line
  push si
  mov si, text_fail
  call put_text
  mov bx, [file]
  mov si, [bx + 6]
  call put_text
  pop si
  call put_text
  call new_line
  jmp restart

; Ends with the reason at DS:SI.
fail:
  push si
  mov si, text_fail
  call put_text
  pop si
  call put_text
  call new_line

restart:
  mov si, text_key
  call put_text
  xor ah, ah
  int 0x16
  jmp 0xffff:0

new_line:
  push si
  mov si, text_new_line
  call put_text
  pop si
  ret

  console_routines
  decimal_routines
  disk_routines
  iso_routines

; folder, name, check, path in words; names are compared without case
files:
  dw name_sources, name_wim, check_wim, path_wim
  dw name_boot, name_store, check_store, path_store
  dw name_boot, name_sdi, check_sdi, path_sdi
.end:
name_sources: db 'SOURCES', 0
name_boot: db 'BOOT', 0
name_wim: db 'BOOT.WIM', 0
name_store: db 'BCD', 0
name_sdi: db 'BOOT.SDI', 0
path_wim: db '\sources\boot.wim', 0
path_store: db '\boot\BCD', 0
path_sdi: db '\boot\boot.sdi', 0

text_title: db 13, 10, 'KINDLING SAMPLE boot program (BIOS), CS=', 0
text_drive: db ' DL=', 0
text_whole: db 'bootmgr was loaded whole: ', 0
text_disc: db 'Medium: optical disc, read through INT 13h', 13, 10, 0
text_disk: db 'Medium: disk or USB drive', 13, 10, 0
text_fat32: db '  boot sector at 0:7C00: FAT32, hidden sectors ', 0
text_ntfs: db '  boot sector at 0:7C00: NTFS, hidden sectors ', 0
text_indent: db '  ', 0
text_gap: db '  ', 0
text_bytes: db ' bytes', 0
text_wim: db ', WIM, images: ', 0
text_boot_index: db ', boot index: ', 0
text_store: db ', registry hive', 0
text_sdi: db ', RAM disk image', 0
text_pass_disc: db 'KINDLING SAMPLE: PASS (BIOS, optical medium, loaded whole, DL=', 0
text_pass_disk: db 'KINDLING SAMPLE: PASS (BIOS, loaded whole, DL=', 0
text_pass_end: db ')', 13, 10, 0
text_fail: db 'KINDLING SAMPLE: FAIL: ', 0
text_key: db 'Press a key to restart this PC.'
text_new_line: db 13, 10, 0

text_bad_place: db 'bootmgr was started at the wrong address', 0
text_bad_own: db 'bootmgr is damaged or was not loaded whole', 0
text_disc_unreadable: db 'the disc cannot be read', 0
text_no_iso: db 'no ISO 9660 file system was found', 0
text_no_boot_sector: db 'no FAT32 or NTFS boot sector at 0:7C00', 0
text_no_hidden: db 'the boot sector at 0:7C00 has no hidden sectors', 0
text_bad_drive: db 'the boot sector at 0:7C00 names another drive than DL', 0
text_missing: db ' is missing', 0
text_unreadable: db ' cannot be read', 0
text_empty: db ' is empty or too short', 0
text_not_wim: db ' is not a WIM', 0
text_cut: db ' is cut off', 0
text_no_boot_index: db ' has no bootable image', 0
text_not_store: db ' is not a BCD store', 0
text_not_sdi: db ' is not a RAM disk image', 0
end_mark: db 'KINDLING-END'

  console_data
  disk_data
  iso_data
  align 4, db 0
own_sum: dd 0
file: dw 0
specification:                      ; answer of INT 13h, AX = 4B01h
  db 0x13
.media: db 0
.drive: db 0
  times 16 db 0
  align 4, db 0
