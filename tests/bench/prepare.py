# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparation against cp and wimlib-imagex update, and the whole way from a boot image to an ISO file against mkwinpeimg.

kindlingctl flushes what it writes, and these do not. Where time counts that is spent in the page cache, all is done in memory,
where a flush costs nothing; on the disk, the peer is flushed too.
"""
import functools
import os
import shutil

import data
from measure import MIB, Figure, copy_in_kernel, in_turn, median, quiet, ratio, row, spend, timed, xfs

SIZE, DRIVERS = 519, 184     # MB: an image of 473 MB, and of the drivers a third remains


class Preparation:
    def __init__(self, place, folder):
        self.ctl = place.ctl
        self.source = shutil.copy(place.data('large.wim', functools.partial(data.real_image, place.sample, megabytes=SIZE)), folder)
        # A copy, since its times change.
        self.drivers = shutil.copytree(place.data('large-drivers', functools.partial(data.drivers, megabytes=DRIVERS)),
                                       os.path.join(folder, 'overlay', 'Drivers'))
        self.catalog, self.peer_wim = os.path.join(folder, 'catalog'), os.path.join(folder, 'peer.wim')
        self.image = place.image(self.catalog, self.source)
        self.result = os.path.join(self.catalog, self.image, 'boot.wim')
        self.peer_size = 0
        quiet(self.ctl, '--catalog', self.catalog, 'image', 'add-driver', self.image, self.drivers)

    def change(self):
        """Something is to be done, though the contents are the same."""
        os.utime(os.path.join(self.drivers, 'package00', 'driver.inf'))

    def forget(self):
        shutil.rmtree(os.path.join(self.catalog, '.cache'), ignore_errors=True)
        self.change()

    def prepare(self, **kwargs):
        return spend(self.ctl, '--quiet', '--catalog', self.catalog, 'image', 'prepare', self.image, **kwargs)

    def update(self, flush=False):
        quiet('cp', '--reflink=never', self.source, self.peer_wim)
        quiet('wimlib-imagex', 'update', self.peer_wim, '1', '--command', f"add '{self.drivers}' /Drivers")
        if flush:
            quiet('sync', '-f', self.peer_wim)
        self.peer_size = os.path.getsize(self.peer_wim)
        os.unlink(self.peer_wim)

    def durable_copy(self):
        """The bytes of the result."""
        copy_in_kernel(self.result, self.peer_wim)
        os.unlink(self.peer_wim)

    def compare(self, place, before, what, flush=False, limit=None):
        return ratio(what, in_turn(self.prepare, functools.partial(self.update, flush), place.pairs, before_ours=before), limit)

    def growth(self):
        """What all that is new takes in the result, compressed; bytes."""
        return os.path.getsize(self.result) - os.path.getsize(self.source)


@row('P1')
def nothing_cached(place):
    work = Preparation(place, place.memory)
    figure = work.compare(place, work.forget, 'preparation in memory, nothing cached / cp + wimlib-imagex update', limit=0.22)
    return [figure, Figure('size of the result against the peer’s', (os.path.getsize(work.result) / work.peer_size - 1) * 100, '%', 1)]


@row('P1')
def nothing_cached_durable(place):
    work = Preparation(place, place.disk)
    return [work.compare(place, work.forget, 'preparation on the disk, nothing cached / cp + wimlib-imagex update + sync -f', True)]


@row('P2')
def cached(place):
    work = Preparation(place, place.memory)
    return [work.compare(place, work.change, 'preparation in memory, contents cached / cp + wimlib-imagex update', limit=0.08)]


@row('P2')
def cached_durable(place):
    work = Preparation(place, place.disk)
    return [ratio('preparation on the disk, contents cached / copy_file_range + fsync of the result',
                  in_turn(work.prepare, work.durable_copy, place.pairs, before_ours=work.change), 1.60),
            work.compare(place, work.change, 'preparation on the disk, contents cached / cp + wimlib-imagex update + sync -f', True)]


@row('P3')
def unchanged(place):
    work = Preparation(place, place.disk)
    work.prepare()
    return [median('preparation, nothing changed', [timed(work.prepare)[0] for _ in range(place.pairs)], 'ms', 50)]


@row('P4')
def written(place):
    work, figures = Preparation(place, place.disk), []
    for what, before in ('nothing cached', work.forget), ('contents cached', work.change):
        before()
        use = work.prepare()
        figures.append(Figure(f'bytes written on the disk over the result, {what}',
                              (use.written - os.path.getsize(work.result)) / MIB, 'MiB', 1))
    return figures


@row('P4')
def written_where_extents_are_shared(place):
    figures = []
    with xfs(place) as folder:
        work = Preparation(place, folder)
        work.forget()
        figures.append(Figure('bytes written on XFS over what was compressed, nothing cached',
                              (work.prepare().written - work.growth()) / MIB, 'MiB', 4))
        work.change()
        figures.append(Figure('bytes written on XFS, contents cached', work.prepare().written / MIB, 'MiB', 4))
        quiet('wimlib-imagex', 'verify', work.result)
    return figures


class WholeWay(Preparation):
    """From a boot image, as it was imported, and drivers to an ISO file."""

    def __init__(self, place, folder):
        super().__init__(place, folder)
        self.out, self.ready = os.path.join(folder, 'out.iso'), data.ready(place)
        self.environment = dict(os.environ, TMPDIR=folder)
        self.windows = os.path.join(folder, 'windows')
        self.prepare()
        self.create()
        # The names that mkwinpeimg looks for on a Windows medium.
        for source, name in (('bootmgr', 'bootmgr'), ('Boot/BCD', 'boot/bcd'), ('Boot/boot.sdi', 'boot/boot.sdi'),
                             ('Boot/etfsboot.com', 'boot/etfsboot.com')):
            quiet('7z', 'e', '-tiso', '-y', '-o' + os.path.join(self.windows, os.path.dirname(name)), self.out, source)
            target = os.path.join(self.windows, name)
            if not os.path.exists(target):
                os.rename(os.path.join(os.path.dirname(target), os.path.basename(source)), target)
        os.makedirs(os.path.join(self.windows, 'sources'), exist_ok=True)
        os.unlink(self.out)

    def create(self):
        quiet(self.ctl, '--quiet', '--catalog', self.catalog, 'create', 'CD', self.out, self.image, '--no-verify', '--certificate',
              self.ready)

    def ours(self):
        self.prepare()
        self.create()
        os.unlink(self.out)

    def theirs(self, flush=False):
        quiet('mkwinpeimg', '--iso', '--windows-dir=' + self.windows, '--wim=' + self.source,
              '--overlay=' + os.path.dirname(self.drivers), self.out, env=self.environment)
        if flush:
            quiet('sync', '-f', self.out)
        os.unlink(self.out)


@row('P8')
def whole_way(place):
    work = WholeWay(place, place.memory)
    return [ratio(f'boot image to ISO file in memory, {what} / mkwinpeimg --iso --overlay',
                  in_turn(work.ours, work.theirs, place.pairs, before_ours=before), limit)
            for what, before, limit in (('nothing cached', work.forget, 0.20), ('contents cached', work.change, 0.10))]


@row('P8')
def whole_way_durable(place):
    work = WholeWay(place, place.disk)
    return [ratio('boot image to ISO file on the disk, contents cached / mkwinpeimg --iso --overlay + sync -f',
                  in_turn(work.ours, functools.partial(work.theirs, True), place.pairs, before_ours=work.change))]


@row('P13')
def memory(place):
    work = Preparation(place, place.disk)
    new = work.prepare(memory=True).peak
    work.change()
    return [Figure('memory at most, preparation, nothing cached', new / MIB, 'MiB', 32),
            Figure('memory at most, preparation, contents cached', work.prepare(memory=True).peak / MIB, 'MiB', 32)]
