# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives (UFD+FORMAT) against dd past the page cache and against mkfs.fat + mcopy + sync, and several at once.

Drives are loop devices over files on the disk and in memory, which the private udev and UDisks2 of the system suite take for
sticks. They stay during a row, so that nobody pays for new blocks of their files. Where there are control groups of version
1, those in memory are also slowed down to the speed of sticks. Times are those of whole programs: the job checks and reads
the image, makes a key and talks to UDisks2; dd writes what it is given.
"""
import contextlib
import json
import os
import shutil
import statistics
import subprocess

import data
from measure import STEPS, Failed, Figure, in_turn, quiet, ratio, row, spend, steps

DRIVE_BYTES = 4 << 30
RATE = 60                    # MB/s of a stick
QUICK = 1000                 # MB/s up to which writing is to be as quick as dd
BLKIO = '/sys/fs/cgroup/blkio'
GROUP = os.path.join(BLKIO, 'kindling-bench')
FAT = {**os.environ, 'MTOOLS_SKIP_CHECK': '1'}


class Drives:
    def __init__(self, place, folder, n_drives):
        self.ctl = [place.ctl, '--json', '--catalog', os.path.join(place.disk, 'catalog')]
        if not os.path.exists(self.ctl[-1]):
            place.image(self.ctl[-1], data.dense(place))
        self.devices, self.folder = [], folder
        self.ready = ['--certificate', data.ready(place)]
        self.tree, self.used = os.path.join(folder, 'tree'), os.path.join(folder, 'used')
        for number in range(n_drives):
            path = os.path.join(folder, f'kindling-stick-bench{number}')
            with open(path, 'wb') as f:
                f.truncate(DRIVE_BYTES)
            self.devices.append(quiet('losetup', '-f', '--show', path).strip())
            quiet('udevadm', 'trigger', '--action=add', self.devices[-1])
        quiet('udevadm', 'settle', '--timeout=30')
        self.several()
        # What is used of the drive, in whole blocks of 4 MiB.
        info = quiet('minfo', '-i', self.device + '@@1M', '::', env=FAT)
        fields = dict(line.split('=', 1) for line in info.splitlines() if '=' in line)
        cluster = int(quiet('blkid', '-p', '-O', str(1 << 20), '-o', 'value', '-s', 'FSBLOCKSIZE', self.device) or 4096)
        self.blocks = (DRIVE_BYTES - int(fields['free clusters']) * cluster + (4 << 20) - 1) >> 22
        quiet('dd', f'if={self.device}', f'of={self.used}', 'bs=4M', f'count={self.blocks}', 'iflag=direct')
        os.mkdir(self.tree)
        quiet('mcopy', '-s', '-n', '-Q', '-i', self.device + '@@1M', '::*', self.tree, env=FAT)

    @property
    def device(self):
        return self.devices[0]

    def close(self):
        for device in self.devices:
            quiet('losetup', '-d', device)

    @contextlib.contextmanager
    def slow(self, rate=RATE):
        """For this process and those that it starts; gives False where it cannot be done."""
        if not os.path.exists(os.path.join(BLKIO, 'blkio.throttle.write_bps_device')):
            yield False
            return
        os.makedirs(GROUP, exist_ok=True)
        try:
            self.throttle(rate, GROUP)
            yield True
        finally:
            self.throttle(0, BLKIO)
            os.rmdir(GROUP)

    def throttle(self, megabytes, group):
        for device in self.devices:
            number = os.stat(device).st_rdev
            for way in 'read', 'write':
                with open(os.path.join(GROUP, f'blkio.throttle.{way}_bps_device'), 'w', encoding='ascii') as f:
                    f.write(f'{os.major(number)}:{os.minor(number)} {megabytes * 1000000}')
        with open(os.path.join(group, 'cgroup.procs'), 'w', encoding='ascii') as f:
            f.write(str(os.getpid()))

    def create(self, devices, *more):
        use = spend(*self.ctl, 'create', 'UFD+FORMAT', *devices, 'BEN00001', '--yes', *self.ready, *more, env=STEPS)
        done = [json.loads(line) for line in use.said.splitlines() if line.startswith('{"event":"done"')]
        if len(done) != len(devices):
            raise Failed(use.said)
        return use

    def one(self):
        self.create([self.device], '--no-verify')

    def writing(self):
        return steps(self.create([self.device], '--no-verify').said, 'Writing', 'Flushing')

    def verified(self):
        self.create([self.device])

    def reading(self):
        return steps(self.create([self.device]).said, 'Reading back')

    def several(self):
        self.create(self.devices, '--no-verify')

    def dd(self):
        quiet('dd', f'if={self.used}', f'of={self.device}', 'bs=4M', 'oflag=direct', 'conv=fsync,notrunc')

    def several_dd(self):
        jobs = [subprocess.Popen(['dd', f'if={self.used}', f'of={device}', 'bs=4M', 'oflag=direct', 'conv=fsync,notrunc',
                                  'status=none']) for device in self.devices]
        if any(job.wait() != 0 for job in jobs):
            raise Failed('dd failed')

    def dd_back(self):
        quiet('dd', f'if={self.device}', 'of=/dev/null', 'bs=4M', f'count={self.blocks}', 'iflag=direct')

    def dd_and_back(self):
        self.dd()
        self.dd_back()

    def mcopy(self):
        quiet('mkfs.fat', '-F', '32', '-h', '2048', '--offset', '2048', self.device, str((DRIVE_BYTES >> 10) - 1024))
        names = [os.path.join(self.tree, name) for name in os.listdir(self.tree)]
        quiet('mcopy', '-s', '-n', '-Q', '-i', self.device + '@@1M', *names, '::', env=FAT)
        quiet('sync', self.device)


    def writing_against_dd(self, place, name):
        """Where the drive writes more than QUICK MB/s, what holds in memory holds for it."""
        pairs = in_turn(self.writing, self.dd, place.pairs)
        rate = (self.blocks << 22) / statistics.median(pairs.theirs) / 1e6
        return ratio(f'a drive ({name}), writing and flushing / dd direct', pairs, 1.05 if rate < 1.02 * QUICK else 1.15,
                     note=f'dd: {rate:.0f} MB/s')


def places(place):
    return ('disk', place.disk), ('memory', place.memory)


@row('P9', needs='stack')
def one_drive(place):
    figures = []
    for name, folder in places(place):
        with contextlib.closing(Drives(place, folder, 1)) as drives:
            figures += [drives.writing_against_dd(place, name),
                        ratio(f'a drive ({name}), whole job, not verified / dd direct', in_turn(drives.one, drives.dd, place.pairs))]
            # Only in memory: what a file on the disk is flushed from is the page cache, which is not slowed down.
            with drives.slow(QUICK) as slow:
                if slow and folder == place.memory:
                    figures.append(drives.writing_against_dd(place, f'{name}, {QUICK} MB/s'))
    return figures


@row('P10', needs='stack')
def read_back(place):
    figures = []
    for name, folder in places(place):
        with contextlib.closing(Drives(place, folder, 1)) as drives:
            figures += [ratio(f'a drive ({name}), reading back / dd direct', in_turn(drives.reading, drives.dd_back, place.pairs), 1.10),
                        ratio(f'a drive ({name}), whole job, verified / dd direct there and back',
                              in_turn(drives.verified, drives.dd_and_back, place.pairs))]
    return figures


@row('P11', needs='stack')
def several_drives(place):
    with contextlib.closing(Drives(place, place.memory, 3)) as drives, drives.slow() as slow:
        if not slow:
            raise Failed('loop devices cannot be slowed down here: no blkio of control groups, version 1')
        source = os.path.join(drives.ctl[-1], 'BEN00001', 'source.wim')
        called = [use.called_read / os.path.getsize(source) for use in
                  (drives.create(drives.devices, '--no-verify'), drives.create([drives.device], '--no-verify'))]
        return [ratio(f'three drives of {RATE} MB/s / one of them', in_turn(drives.several, drives.one, 5), 1.10),
                Figure('bytes read for three drives / for one', called[0] / called[1], '×', 1.05)]


class Volume:
    """An NTFS volume of a stick on the disk, mounted by ntfs-3g; what is copied there is what Kindling writes there."""

    def __init__(self, place):
        self.ctl = [place.ctl, '--json', '--catalog', os.path.join(place.disk, 'catalog')]
        place.image(self.ctl[-1], data.dense(place))
        self.ready = ['--certificate', data.ready(place)]
        self.tree, path = os.path.join(place.disk, 'tree'), os.path.join(place.disk, 'kindling-stick-volume')
        # What is mounted elsewhere is of the running system, and not written to.
        self.mount = '/media/kindling-bench'
        with open(path, 'wb') as f:
            f.truncate(2 << 30)
        quiet('sh', '-c', f"echo 'label: dos\nstart=2048, type=7' | sfdisk -q '{path}'")
        self.device = quiet('losetup', '-f', '--show', path).strip()
        self.node = self.device + 'p1'
        subprocess.run(['delpart', self.device, '1'], check=False, stderr=subprocess.DEVNULL)
        quiet('addpart', self.device, '1', '2048', str((2 << 21) - 2048))
        quiet('mkntfs', '-q', '-f', '-F', '-s', '512', '-p', '2048', '-H', '255', '-S', '63', self.node)
        quiet('udevadm', 'trigger', '--action=add', self.device, self.node)
        quiet('udevadm', 'settle', '--timeout=30')
        os.makedirs(self.mount, exist_ok=True)
        try:
            quiet('mount', '-t', 'ntfs', self.node, self.mount)
            self.create()
            shutil.copytree(self.mount, self.tree)
        except Exception:
            self.close()
            raise

    def close(self):
        subprocess.run(['umount', self.mount], check=False)
        os.rmdir(self.mount)
        subprocess.run(['delpart', self.device, '1'], check=False)
        quiet('losetup', '-d', self.device)

    def clear(self):
        for name in os.listdir(self.mount):
            quiet('rm', '-rf', os.path.join(self.mount, name))
        quiet('sync', '-f', self.mount)

    def create(self):
        return spend(*self.ctl, 'create', 'UFD', self.node, 'BEN00001', '--no-verify', *self.ready, env=STEPS)

    def writing(self):
        return steps(self.create().said, 'Writing', 'Flushing')

    def copy(self):
        quiet('cp', '-r', self.tree + '/.', self.mount)
        quiet('sync', '-f', self.mount)


@row('P12', needs='stack')
def files_on_a_volume(place):
    with contextlib.closing(Volume(place)) as volume:
        pairs = in_turn(volume.writing, volume.copy, place.pairs, before_ours=volume.clear, before_theirs=volume.clear)
        return [ratio('files onto a mounted NTFS volume, writing and flushing / cp -r + sync -f', pairs, 1.05)]


@row('peers-drive', needs='stack')
def peers(place):
    figures = []
    for name, folder in places(place):
        with contextlib.closing(Drives(place, folder, 3)) as drives:
            figures += [ratio(f'a drive ({name}) / mkfs.fat + mcopy + sync', in_turn(drives.one, drives.mcopy, place.pairs)),
                        ratio(f'three drives ({name}) / three dd at once', in_turn(drives.several, drives.several_dd, place.pairs)),
                        ratio(f'three drives ({name}) / one', in_turn(drives.several, drives.one, place.pairs))]
    return figures
