#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives (UFD+FORMAT) against dd past the page cache and against mkfs.fat + mcopy + sync, in turn, and several at once.

  tests/bench/drive.py BUILD-FOLDER [--work DIR] [--pairs N] [--size MB] [--drives N] [--json FILE]

Run by hand on a quiet machine, as root: drives are loop devices over files in DIR and in memory, which the private udev
and UDisks2 of the system suite take for sticks. The loop devices stay, so that nobody pays for new blocks of their files.
A third round slows those in memory down to the speed of
sticks (blkio of control groups, version 1, where there is one). Times are those of whole programs. The job checks and reads the image, makes a key and talks to UDisks2; dd writes what it
is given.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
DRIVE_BYTES = 4 << 30
BLKIO = '/sys/fs/cgroup/blkio'
GROUP = os.path.join(BLKIO, 'kindling-bench')


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('--work')
    parser.add_argument('--pairs', type=int, default=7)
    parser.add_argument('--size', type=int, default=500, help='MB')
    parser.add_argument('--drives', type=int, default=3)
    parser.add_argument('--rate', type=int, default=60, help='MB/s of a stick')
    parser.add_argument('--json', default='bench-drive.json')
    parser.add_argument('--source', help=argparse.SUPPRESS)
    return parser.parse_args()


def run(*argv, **kwargs):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                          check=False, **kwargs)
    if done.returncode != 0:
        sys.exit(f"{' '.join(argv)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


class Bench:
    def __init__(self, args, folder, work, image):
        self.ctl = [os.path.join(args.build, 'app', 'kindlingctl'), '--json', '--catalog', os.path.join(work, 'catalog')]
        self.image = image
        self.devices = []
        self.folder = folder
        self.tree = os.path.join(folder, 'tree')
        self.used = os.path.join(folder, 'used')
        self.blocks = 0

    def plug(self, n_drives):
        for number in range(n_drives):
            path = os.path.join(self.folder, f'kindling-stick-bench{number}')
            with open(path, 'wb') as f:
                f.truncate(DRIVE_BYTES)
            self.devices.append(run('losetup', '-f', '--show', path).strip())
            run('udevadm', 'trigger', '--action=add', self.devices[-1])
        run('udevadm', 'settle', '--timeout=30')
        self.several()
        # What is used of the drive, in whole blocks of 4 MiB.
        info = run('minfo', '-i', self.device + '@@1M', '::', env={**os.environ, 'MTOOLS_SKIP_CHECK': '1'})
        fields = dict(line.split('=', 1) for line in info.splitlines() if '=' in line)
        cluster = int(run('blkid', '-p', '-O', str(1 << 20), '-o', 'value', '-s', 'FSBLOCKSIZE', self.device) or 4096)
        free = int(fields['free clusters'])
        self.blocks = (DRIVE_BYTES - free * cluster + (4 << 20) - 1) >> 22
        run('dd', f'if={self.device}', f'of={self.used}', 'bs=4M', f'count={self.blocks}', 'iflag=direct')
        os.mkdir(self.tree)
        run('mcopy', '-s', '-n', '-Q', '-i', self.device + '@@1M', '::*', self.tree,
            env={**os.environ, 'MTOOLS_SKIP_CHECK': '1'})

    @property
    def device(self):
        return self.devices[0]

    def throttle(self, megabytes):
        """For this process and those that it starts; False where it cannot be done."""
        if not os.path.exists(os.path.join(BLKIO, 'blkio.throttle.write_bps_device')):
            return False
        os.makedirs(GROUP, exist_ok=True)
        for device in self.devices:
            number = os.stat(device).st_rdev
            for way in 'read', 'write':
                with open(os.path.join(GROUP, f'blkio.throttle.{way}_bps_device'), 'w', encoding='ascii') as f:
                    f.write(f'{os.major(number)}:{os.minor(number)} {megabytes * 1000000}')
        with open(os.path.join(GROUP if megabytes else BLKIO, 'cgroup.procs'), 'w', encoding='ascii') as f:
            f.write(str(os.getpid()))
        if not megabytes:
            os.rmdir(GROUP)
        return True

    def close(self):
        for device in self.devices:
            run('losetup', '-d', device)

    def create(self, devices, *more):
        events = run(*self.ctl, 'create', 'UFD+FORMAT', *devices, self.image, '--yes', *more)
        done = [json.loads(line) for line in events.splitlines() if line.startswith('{"event":"done"')]
        assert len(done) == len(devices), events
        return max(event['seconds'] for event in done)

    def one(self):
        self.create([self.device], '--no-verify')

    def verified(self):
        self.create([self.device])

    def several(self):
        self.create(self.devices, '--no-verify')

    def dd(self):
        run('dd', f'if={self.used}', f'of={self.device}', 'bs=4M', 'oflag=direct', 'conv=fsync,notrunc')

    def several_dd(self):
        jobs = [subprocess.Popen(['dd', f'if={self.used}', f'of={device}', 'bs=4M', 'oflag=direct', 'conv=fsync,notrunc',
                                  'status=none']) for device in self.devices]
        assert [job.wait() for job in jobs] == [0] * len(jobs)

    def dd_and_back(self):
        self.dd()
        run('dd', f'if={self.device}', 'of=/dev/null', 'bs=4M', f'count={self.blocks}', 'iflag=direct')

    def mcopy(self):
        run('mkfs.fat', '-F', '32', '-h', '2048', '--offset', '2048', self.device, str((DRIVE_BYTES >> 10) - 1024))
        names = [os.path.join(self.tree, name) for name in os.listdir(self.tree)]
        run('mcopy', '-s', '-n', '-Q', '-i', self.device + '@@1M', *names, '::',
            env={**os.environ, 'MTOOLS_SKIP_CHECK': '1'})
        run('sync', self.device)

    def time(self, way):
        started = time.monotonic()
        getattr(self, way)()
        return time.monotonic() - started

    def compare(self, ours, peer, pairs):
        self.time(ours), self.time(peer)
        both = [(self.time(ours), self.time(peer)) for _ in range(pairs)]
        ratios = sorted(a / b for a, b in both)
        times = {name: statistics.median(pair[i] for pair in both) for i, name in enumerate((ours, peer))}
        print(f'{ours:8} / {peer:11} ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f});',
              '; '.join(f'{name} {seconds:.2f} s' for name, seconds in times.items()), flush=True)
        return {'ratio': statistics.median(ratios), 'min': ratios[0], 'max': ratios[-1], 'seconds': times}


def inside(args):
    sys.path.insert(0, args.source)
    from iso import IMAGE, make_wim
    results = {'machine': platform.platform()}
    with tempfile.TemporaryDirectory(prefix='kindling-bench-', dir=args.work) as work, \
         tempfile.TemporaryDirectory(prefix='kindling-bench-', dir='/dev/shm') as memory:
        wim = make_wim(os.path.join(args.build, 'data', 'sample', 'boot.wim'), work, args.size)
        run(os.path.join(args.build, 'app', 'kindlingctl'), '--catalog', os.path.join(work, 'catalog'), 'image', 'import',
            wim, '--id', IMAGE)
        for place, folder in (('disk', work), ('memory', memory)):
            print(f'drives in files on {place}:', flush=True)
            bench = Bench(args, folder, work, IMAGE)
            try:
                bench.plug(args.drives)
                results[place] = {f'{a} / {b}': bench.compare(a, b, args.pairs) for a, b in [
                    ('one', 'dd'), ('one', 'mcopy'), ('verified', 'dd_and_back'), ('several', 'one'),
                    ('several', 'several_dd')]}
                if place == 'memory' and bench.throttle(args.rate):
                    print(f'the same at {args.rate} MB/s:', flush=True)
                    results['stick'] = {f'{a} / {b}': bench.compare(a, b, args.pairs) for a, b in [
                        ('one', 'dd'), ('verified', 'dd_and_back'), ('several', 'one')]}
                    bench.throttle(0)
            finally:
                bench.close()
    with open(args.json, 'w', encoding='ascii') as out:
        json.dump(results, out, indent=1)


def main():
    args = options()
    if args.source:
        inside(args)
        return
    stack = os.path.join(HERE, '..', 'system', 'stack.sh')
    os.execv(stack, [stack, os.path.realpath(__file__), '--source', HERE, os.path.abspath(args.build), '--pairs',
                     str(args.pairs), '--size', str(args.size), '--drives', str(args.drives), '--rate', str(args.rate), '--json',
                     os.path.abspath(args.json), *(['--work', os.path.abspath(args.work)] if args.work else [])])


if __name__ == '__main__':
    main()
