# SPDX-License-Identifier: GPL-3.0-or-later
"""Disk images (UFD+FORMAT into a file) against dd of the same bytes and mkfs.fat + mcopy, each durable and unlinked in the time."""
import os

import data
from measure import MIB, Figure, fsync, in_turn, quiet, ratio, row, spend

DISK = '4G'
FAT = {**os.environ, 'MTOOLS_SKIP_CHECK': '1'}


def last_data(path):
    """Where the last byte ends that is no hole."""
    fd, at = os.open(path, os.O_RDONLY), 0
    try:
        while True:
            at = os.lseek(fd, os.lseek(fd, at, os.SEEK_DATA), os.SEEK_HOLE)
    except OSError:
        return at
    finally:
        os.close(fd)


class Disk:
    """dd writes what Kindling writes of the disk, past the page cache: bs=4M oflag=direct conv=fsync."""

    def __init__(self, place):
        self.ctl, self.out = place.ctl, os.path.join(place.disk, 'out.img')
        self.catalog, self.used, self.tree = (os.path.join(place.disk, name) for name in ('catalog', 'used', 'tree'))
        place.image(self.catalog, data.dense(place))
        self.spend('--no-verify')
        os.mkdir(self.tree)
        quiet('mcopy', '-s', '-n', '-Q', '-i', self.out + '@@1M', '::*', self.tree, env=FAT)
        blocks = (last_data(self.out) + (4 << 20) - 1) >> 22
        quiet('dd', f'if={self.out}', f'of={self.used}', 'bs=4M', f'count={blocks}')
        os.unlink(self.out)

    def spend(self, *more, **kwargs):
        return spend(self.ctl, '--quiet', '--catalog', self.catalog, 'create', 'UFD+FORMAT', self.out, 'BEN00001', '--disk-image',
                     DISK, *more, **kwargs)

    def kindling(self):
        self.spend('--no-verify')
        os.unlink(self.out)

    def verified(self):
        self.spend()
        os.unlink(self.out)

    def dd(self):
        quiet('dd', f'if={self.used}', f'of={self.out}', 'bs=4M', 'oflag=direct', 'conv=fsync')
        os.unlink(self.out)

    def mcopy(self):
        with open(self.out, 'wb') as disk:
            disk.truncate(4 << 30)
        quiet('mkfs.fat', '-F', '32', '-h', '2048', '--offset', '2048', self.out)
        names = [os.path.join(self.tree, name) for name in os.listdir(self.tree)]
        quiet('mcopy', '-s', '-n', '-Q', '-i', self.out + '@@1M', *names, '::', env=FAT)
        fsync(self.out)
        os.unlink(self.out)


@row('peers-disk')
def peers(place):
    disk = Disk(place)
    return [ratio('disk image, not verified / dd', in_turn(disk.kindling, disk.dd, place.pairs)),
            ratio('disk image, not verified / mkfs.fat + mcopy', in_turn(disk.kindling, disk.mcopy, place.pairs)),
            ratio('disk image, verified / dd', in_turn(disk.verified, disk.dd, place.pairs))]


@row('P13')
def memory(place):
    disk, figures = Disk(place), []
    for what, limit, options in ('FAT32', 16, ['--no-verify']), ('FAT32 and reading it back', 24, []):
        figures.append(Figure(f'memory at most, {what}', disk.spend(*options, memory=True).peak / MIB, 'MiB', limit))
        os.unlink(disk.out)
    return figures
