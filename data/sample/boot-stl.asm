; SPDX-License-Identifier: GPL-3.0-or-later
;
; boot.stl: an empty certificate trust list as PKCS#7 SignedData without signature, in DER. On media it
; lies beside the UEFI boot manager (media-formats.md 5.1).

  org 0

%macro open 2                       ; tag, name: its length is up to NAME_end, less than 128
  db %1, %2_end - %2
%2:
%endmacro

  open 0x30, content_info
  db 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2               ; signedData
  open 0xa0, content
  open 0x30, signed_data
  db 2, 1, 1                                                         ; version 1
  db 0x31, 0                                                         ; no digest algorithms
  open 0x30, list_info
  db 6, 9, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 1                       ; certTrustList
  open 0xa0, list_content
  open 0x30, list
  open 0x30, usage
  db 6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 10, 3, 9                   ; rootListSigner
usage_end:
  db 2, 1, 1                                                         ; sequence number 1
  db 0x17, 13, '260101000000Z'                                       ; made
  open 0x30, algorithm
  db 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0               ; SHA-256
algorithm_end:
list_end:
list_content_end:
list_info_end:
  db 0x31, 0                                                         ; no signers
signed_data_end:
content_end:
content_info_end:
