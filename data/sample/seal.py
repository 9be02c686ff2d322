#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings bootmgr.bin to its full size, so that a partial load shows: seal.py IN OUT.

The filler is a sequence that does not repeat (each word follows from its place), then come the end
mark and a word that makes the sum of all 32-bit words zero. bootmgr.asm checks mark and sum.
"""
import struct
import sys

FULL_SIZE = 0x70000  # bytes; own_bytes in bootmgr.asm
END_MARK = b"KINDLING-END"


def main(source, target):
    with open(source, "rb") as file:
        program = file.read()
    if len(program) % 4 != 0 or len(program) > 0x4000:
        sys.exit(f"{source}: {len(program)} bytes; expected a multiple of 4 and at most 16384")
    filler_end = FULL_SIZE - len(END_MARK) - 4
    filler = b"".join(
        struct.pack("<I", place * 0x9E3779B1 & 0xFFFFFFFF)
        for place in range(len(program), filler_end, 4)
    )
    body = program + filler + END_MARK
    total = sum(struct.unpack(f"<{len(body) // 4}I", body))
    with open(target, "wb") as file:
        file.write(body + struct.pack("<I", -total & 0xFFFFFFFF))


main(sys.argv[1], sys.argv[2])
