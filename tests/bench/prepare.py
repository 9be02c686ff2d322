# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparation against cp and wimlib-imagex update. kindlingctl flushes what it writes and reads it back, the peer does not."""
import functools
import os
import shutil

import data
from measure import MIB, Figure, copy_in_kernel, in_turn, median, quiet, ratio, row, spend, timed

SIZE, DRIVERS = 450, 150     # MB


class Preparation:
    def __init__(self, place):
        self.ctl = place.ctl
        self.source = place.data('real.wim', functools.partial(data.real_image, place.sample, megabytes=SIZE))
        # A copy, since its times change.
        self.drivers = shutil.copytree(place.data('drivers', functools.partial(data.drivers, megabytes=DRIVERS)),
                                       os.path.join(place.disk, 'drivers'))
        self.catalog, self.peer_wim = os.path.join(place.disk, 'catalog'), os.path.join(place.disk, 'peer.wim')
        self.image = place.image(self.catalog, self.source)
        self.result = os.path.join(self.catalog, self.image, 'boot.wim')
        self.uses, self.peer_size = [], 0
        quiet(self.ctl, '--catalog', self.catalog, 'image', 'add-driver', self.image, self.drivers)

    def change(self):
        """Something is to be done, though the contents are the same."""
        os.utime(os.path.join(self.drivers, 'package00', 'driver.inf'))

    def forget(self):
        shutil.rmtree(os.path.join(self.catalog, '.cache'), ignore_errors=True)
        self.change()

    def prepare(self, **kwargs):
        self.uses.append(spend(self.ctl, '--quiet', '--catalog', self.catalog, 'image', 'prepare', self.image, **kwargs))
        return self.uses[-1]

    def update(self):
        quiet('cp', '--reflink=never', self.source, self.peer_wim)
        quiet('wimlib-imagex', 'update', self.peer_wim, '1', '--command', f"add '{self.drivers}' /Drivers")
        self.peer_size = os.path.getsize(self.peer_wim)
        os.unlink(self.peer_wim)

    def durable_copy(self):
        """The bytes of the result."""
        copy_in_kernel(self.result, self.peer_wim)
        os.unlink(self.peer_wim)


@row('P1')
def nothing_cached(place):
    work = Preparation(place)
    pairs = in_turn(work.prepare, work.update, place.pairs, before_ours=work.forget)
    return [ratio('preparation, nothing cached / cp + wimlib-imagex update', pairs, 0.22),
            Figure('size of the result against the peer’s', (os.path.getsize(work.result) / work.peer_size - 1) * 100, '%', 1)]


@row('P2')
def cached(place):
    work = Preparation(place)
    return [ratio('preparation, contents cached / cp + wimlib-imagex update',
                  in_turn(work.prepare, work.update, place.pairs, before_ours=work.change), 0.08),
            ratio('preparation, contents cached / copy_file_range + fsync of the result',
                  in_turn(work.prepare, work.durable_copy, place.pairs, before_ours=work.change), 1.60)]


@row('P3')
def unchanged(place):
    work = Preparation(place)
    work.prepare()
    return [median('preparation, nothing changed', [timed(work.prepare)[0] for _ in range(place.pairs)], 'ms', 50)]


@row('P4')
def written(place):
    work = Preparation(place)
    use = work.prepare()
    return [Figure('bytes written over the result', (use.written - os.path.getsize(work.result)) / MIB, 'MiB', 1)]


@row('P13')
def memory(place):
    work = Preparation(place)
    new = work.prepare(memory=True).peak
    work.change()
    return [Figure('memory at most, preparation, nothing cached', new / MIB, 'MiB', 32),
            Figure('memory at most, preparation, contents cached', work.prepare(memory=True).peak / MIB, 'MiB', 32)]
