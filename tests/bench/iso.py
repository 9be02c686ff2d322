# SPDX-License-Identifier: GPL-3.0-or-later
"""ISO files against a copy of the same bytes and against genisoimage, xorriso and mkwinpeimg, output unlinked in the time.

Kindling takes a certificate that is ready, since its peers make none; P19 says what making one adds.
"""
import functools
import os
import shutil
import statistics

import data
from measure import MIB, Figure, copy_in_kernel, cpu_ratio, fsync, in_turn, quiet, ratio, row, spend, xfs


class Iso:
    """Where ISO files are made in the folder `target`, and what they are made of."""

    def __init__(self, place, target):
        self.ctl, self.target, self.out = place.ctl, target, os.path.join(target, 'out.iso')
        self.wim = data.dense(place)
        self.base = place.data('iso', functools.partial(self.make, place))
        self.catalog, self.reference, self.tree, self.windows = (
            os.path.join(self.base, name) for name in ('catalog', 'reference.iso', 'tree', 'windows'))
        self.environment = dict(os.environ, TMPDIR=target)
        self.ready = ['--certificate', data.ready(place)]

    def make(self, place, base):
        catalog, reference, tree, windows = (os.path.join(base, name) for name in ('catalog', 'reference.iso', 'tree', 'windows'))
        os.mkdir(base)
        quiet(self.ctl, '--catalog', catalog, 'create', 'CD', reference, place.image(catalog, self.wim))
        quiet('7z', 'x', '-tiso', '-y', '-o' + tree, reference)
        shutil.rmtree(os.path.join(tree, '[BOOT]'), ignore_errors=True)
        # The names that mkwinpeimg looks for on a Windows medium.
        os.makedirs(os.path.join(windows, 'boot'))
        os.makedirs(os.path.join(windows, 'sources'))
        for source, name in (('bootmgr', 'bootmgr'), ('Boot/BCD', 'boot/bcd'), ('Boot/boot.sdi', 'boot/boot.sdi'),
                             ('Boot/etfsboot.com', 'boot/etfsboot.com')):
            shutil.copy(os.path.join(tree, source), os.path.join(windows, name))

    def spend(self, *more, **kwargs):
        return spend(self.ctl, '--quiet', '--catalog', self.catalog, 'create', 'CD', self.out, 'BEN00001', *more, **kwargs)

    def kindling(self):
        self.spend('--no-verify', *self.ready)
        os.unlink(self.out)

    def with_new_key(self):
        self.spend('--no-verify')
        os.unlink(self.out)

    def verified(self):
        self.spend(*self.ready)
        os.unlink(self.out)

    def copy(self):
        copy_in_kernel(self.reference, self.out)
        os.unlink(self.out)

    def peer(self, *argv, **kwargs):
        quiet(*argv, **kwargs)
        fsync(self.out)
        os.unlink(self.out)

    def cp(self):
        self.peer('cp', '--reflink=never', self.reference, self.out)

    def genisoimage(self):
        self.peer('genisoimage', '-quiet', '-iso-level', '3', '-J', '-joliet-long', '-N', '-d', '-V', 'WINPE', '-b',
                  'Boot/etfsboot.com', '-no-emul-boot', '-boot-load-size', '8', '-c', 'boot.cat', '-eltorito-alt-boot', '-e',
                  'EFI/Microsoft/Boot/efisys.bin', '-no-emul-boot', '-o', self.out, self.tree)

    def xorriso(self):
        self.peer('xorriso', '-as', 'mkisofs', '-quiet', '-iso-level', '3', '-J', '-joliet-long', '-V', 'WINPE', '-b',
                  'Boot/etfsboot.com', '-no-emul-boot', '-boot-load-size', '8', '-eltorito-alt-boot', '-e',
                  'EFI/Microsoft/Boot/efisys.bin', '-no-emul-boot', '-o', self.out, self.tree)

    def mkwinpeimg(self):
        self.peer('mkwinpeimg', '--iso', '--windows-dir=' + self.windows, '--wim=' + self.wim, self.out, env=self.environment)


@row('P5')
def durable(place):
    iso = Iso(place, place.disk)
    return [ratio('ISO durable, not verified / copy_file_range + fsync', in_turn(iso.kindling, iso.copy, place.pairs), 0.95),
            ratio('ISO durable, verified / the same', in_turn(iso.verified, iso.copy, place.pairs))]


@row('P6')
def page_cache(place):
    iso = Iso(place, place.memory)
    # What is read lies in memory too.
    iso.reference = shutil.copy(iso.reference, place.memory)
    iso.catalog = shutil.copytree(iso.catalog, os.path.join(place.memory, 'catalog'))
    with_peer = in_turn(iso.kindling, iso.genisoimage, place.pairs)
    return [ratio('ISO in the page cache / copy_file_range', in_turn(iso.kindling, iso.copy, place.pairs), 1.30),
            cpu_ratio('processor time of it / genisoimage', with_peer, 1.00),
            ratio('ISO in the page cache / genisoimage', with_peer)]


@row('P7', needs='stack')
def shared_extents(place):
    with xfs(place) as mounted:
        iso = Iso(place, mounted)
        iso.reference = shutil.copy(iso.reference, mounted)
        iso.catalog = shutil.copytree(iso.catalog, os.path.join(mounted, 'catalog'))
        return [ratio('ISO on XFS, not verified / cp --reflink=never + fsync', in_turn(iso.kindling, iso.cp, place.pairs), 0.30)]


@row('P19')
def certificate(place):
    iso = Iso(place, place.disk)
    pairs = in_turn(iso.with_new_key, iso.kindling, place.pairs)
    added = [ours - theirs for ours, theirs in zip(pairs.ours, pairs.theirs)]
    # Not more than these jobs differ from each other.
    return [Figure('ISO with a new key − with a certificate that is ready', statistics.median(added), 's', 0.05, pairs.ours,
                   pairs.theirs, pairs.ratios)]


@row('peers-iso')
def peers(place):
    iso = Iso(place, place.disk)
    return [ratio(f'ISO durable, not verified / {peer.__name__}', in_turn(iso.kindling, peer, place.pairs))
            for peer in (iso.cp, iso.genisoimage, iso.xorriso, iso.mkwinpeimg)]


@row('P13')
def memory(place):
    iso, figures = Iso(place, place.disk), []
    for what, limit, options in ('ISO', 16, ['--no-verify']), ('ISO and reading it back', 24, []):
        figures.append(Figure(f'memory at most, {what}', iso.spend(*options, memory=True).peak / MIB, 'MiB', limit))
        os.unlink(iso.out)
    return figures
