#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a seed for media-source.c of a disk image: its sectors that are not empty, each after its number.

sectors.py IMAGE SEED [MOST-SECTORS-IN-A-ROW]: of longer runs, which are content of files, only the beginning is kept.
"""
import sys

image, seed = sys.argv[1:3]
most = int(sys.argv[3]) if len(sys.argv) > 3 else 1 << 30
row = 0
with open(image, 'rb') as disk, open(seed, 'wb') as out:
    for number, sector in enumerate(iter(lambda: disk.read(512), b'')):
        row = row + 1 if any(sector) else 0
        if 0 < row <= most:
            out.write(number.to_bytes(4, 'little') + sector.ljust(512, b'\0'))
