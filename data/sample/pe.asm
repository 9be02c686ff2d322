; SPDX-License-Identifier: GPL-3.0-or-later
;
; Smallest x64 program files, for what a Windows PE image holds under \Windows\System32: right
; headers, and code that returns at once. nasm -D SUBSYSTEM=n [-D DLL] (Microsoft PE/COFF
; specification: 1 native, 2 window, 3 terminal, 16 Windows boot application).

headers_bytes equ 0x200
section_bytes equ 0x200
section_place equ 0x1000
%ifdef DLL
characteristics equ 0x2022          ; executable image, large addresses, DLL
%else
characteristics equ 0x0022
%endif

  bits 64
  org 0

  db 'MZ'
  times 0x3c - ($ - $$) db 0
  dd signature                      ; +0x3c
  db 'Stand-in of the Kindling sample boot image.', 13, 10, 0
  align 8, db 0
signature:
  db 'PE', 0, 0
  dw 0x8664, 1                      ; machine, number of sections
  dd 0, 0, 0
  dw section_table - optional_header, characteristics
optional_header:
  dw 0x20b                          ; PE32+
  db 0, 0
  dd section_bytes, 0, 0, section_place, section_place
  dq 0x140000000
  dd section_place, 0x200           ; section and file alignment
  dw 10, 0, 10, 0, 10, 0            ; system, image and subsystem versions
  dd 0, section_place + 0x1000, headers_bytes, 0
  dw SUBSYSTEM, 0
  dq 0x100000, 0x1000, 0x100000, 0x1000
  dd 0, 16
  times 16 dq 0                     ; no data directories
section_table:
  db '.text', 0, 0, 0
  dd section_bytes, section_place, section_bytes, headers_bytes, 0, 0
  dw 0, 0
  dd 0x60000020                     ; code, executable, readable
  times headers_bytes - ($ - $$) db 0
  xor eax, eax
  ret
  times headers_bytes + section_bytes - ($ - $$) db 0
