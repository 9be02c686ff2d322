#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes media that must be refused: damage-iso.py IN.iso OUT.iso KIND

wim-cut         the directory says that boot.wim is 4096 bytes shorter
wim-content     one bit in the middle of boot.wim is another
manifest-size   the manifest says that boot.wim has another size
bootmgr-end     the last 2048-byte sector of bootmgr is zero, as after a partial load
bootmgr-name    the directory has BOOTMGQ instead of BOOTMGR
"""
import re
import struct
import sys

SECTOR = 2048


def records(disc, extent, size):
    """Gives (offset of the record, name) of each entry of a directory in the primary tree."""
    for sector in range(extent * SECTOR, extent * SECTOR + size, SECTOR):
        place = sector
        while place < sector + SECTOR and disc[place] != 0:
            name = disc[place + 33:place + 33 + disc[place + 32]]
            yield place, name.split(b";")[0].rstrip(b".").upper()
            place += disc[place]


def extent_of(disc, record):
    return struct.unpack_from("<I", disc, record + 2)[0], struct.unpack_from("<I", disc, record + 10)[0]


def find(disc, path):
    record = 16 * SECTOR + 156
    for name in path.upper().encode().split(b"/"):
        matches = [place for place, own in records(disc, *extent_of(disc, record)) if own == name]
        if not matches:
            sys.exit(f"{path} is not on the disc")
        record = matches[0]
    return record


def content(disc, path):
    extent, size = extent_of(disc, find(disc, path))
    return extent * SECTOR, size


def cut_wim(disc):
    record = find(disc, "sources/boot.wim")
    size = extent_of(disc, record)[1] - 4096
    struct.pack_into("<I", disc, record + 10, size)
    struct.pack_into(">I", disc, record + 14, size)


def change_wim(disc):
    start, size = content(disc, "sources/boot.wim")
    disc[start + size // 2] ^= 1


def change_manifest(disc):
    start, size = content(disc, "kindling.manifest")
    text = bytes(disc[start:start + size])
    line = re.search(rb"^file=[0-9a-fA-F]{64} (\d+) /sources/boot\.wim$", text, re.MULTILINE)
    if not line:
        sys.exit("the manifest has no line for boot.wim")
    last = start + line.end(1) - 1
    disc[last] = ord("0") + (disc[last] - ord("0") + 1) % 10


def cut_bootmgr(disc):
    start, size = content(disc, "bootmgr")
    last = start + (size - 1) // SECTOR * SECTOR
    disc[last:last + SECTOR] = bytes(SECTOR)


def rename_bootmgr(disc):
    disc[find(disc, "bootmgr") + 33 + 6] = ord("Q")


KINDS = {
    "wim-cut": cut_wim,
    "wim-content": change_wim,
    "manifest-size": change_manifest,
    "bootmgr-end": cut_bootmgr,
    "bootmgr-name": rename_bootmgr,
}


def main(source, target, kind):
    with open(source, "rb") as file:
        disc = bytearray(file.read())
    KINDS[kind](disc)
    with open(target, "wb") as file:
        file.write(disc)


main(*sys.argv[1:])
