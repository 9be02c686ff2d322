#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disk images (UFD+FORMAT) against dd of the same bytes and against mkfs.fat + mcopy, in turn, each durable.

  tests/bench/disk.py BUILD-FOLDER [--work DIR] [--pairs N] [--size MB] [--json FILE]

Run by hand on a quiet machine, as iso.py, whose data it uses. dd writes what Kindling writes of the disk, past the page
cache: bs=4M oflag=direct conv=fsync. A ratio under 1 means that Kindling is faster.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time

from iso import IMAGE, fsync, make_wim, quiet

DISK = '4G'
FAT = {**os.environ, 'MTOOLS_SKIP_CHECK': '1'}


class Bench:
    def __init__(self, build, work, wim):
        self.ctl = os.path.join(build, 'app', 'kindlingctl')
        self.catalog = os.path.join(work, 'catalog')
        self.out = os.path.join(work, 'out.img')
        self.used = os.path.join(work, 'used')
        self.tree = os.path.join(work, 'tree')
        self.peak = 0
        quiet(self.ctl, '--catalog', self.catalog, 'image', 'import', wim, '--id', IMAGE)
        self.kindling()
        os.mkdir(self.tree)
        quiet('mcopy', '-s', '-n', '-Q', '-i', self.out + '@@1M', '::*', self.tree, env=FAT)
        # Up to the last byte that is no hole, in whole blocks of 4 MiB.
        blocks = (self.last_data() + (4 << 20) - 1) >> 22
        quiet('dd', f'if={self.out}', f'of={self.used}', 'bs=4M', f'count={blocks}')
        os.unlink(self.out)

    def last_data(self):
        fd, at = os.open(self.out, os.O_RDONLY), 0
        try:
            while True:
                at = os.lseek(fd, os.lseek(fd, at, os.SEEK_DATA), os.SEEK_HOLE)
        except OSError:
            return at
        finally:
            os.close(fd)

    def kindling(self, *options):
        process = subprocess.Popen([self.ctl, '--quiet', '--catalog', self.catalog, 'create', 'UFD+FORMAT', self.out, IMAGE,
                                    '--disk-image', DISK, *(options or ['--no-verify'])])
        while process.poll() is None:
            try:
                with open(f'/proc/{process.pid}/status', encoding='ascii', errors='replace') as status:
                    peak = [int(line.split()[1]) << 10 for line in status if line.startswith('VmHWM:')]
                self.peak = max([self.peak, *peak])
            except OSError:
                pass
            time.sleep(0.002)
        assert process.returncode == 0

    def kindling_verified(self):
        self.kindling('--quiet')

    def dd(self):
        quiet('dd', f'if={self.used}', f'of={self.out}', 'bs=4M', 'oflag=direct', 'conv=fsync')

    def mcopy(self):
        with open(self.out, 'wb') as disk:
            disk.truncate(4 << 30)
        quiet('mkfs.fat', '-F', '32', '-h', '2048', '--offset', '2048', self.out)
        names = [os.path.join(self.tree, name) for name in os.listdir(self.tree)]
        quiet('mcopy', '-s', '-n', '-Q', '-i', self.out + '@@1M', *names, '::', env=FAT)
        fsync(self.out)

    def time(self, way):
        started = time.monotonic()
        getattr(self, way)()
        os.unlink(self.out)
        return time.monotonic() - started


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('--work')
    parser.add_argument('--pairs', type=int, default=7)
    parser.add_argument('--size', type=int, default=500, help='MB')
    parser.add_argument('--json', default='bench-disk.json')
    args = parser.parse_args()
    build = os.path.abspath(args.build)
    work = tempfile.mkdtemp(prefix='kindling-bench-', dir=args.work)
    results = {}
    try:
        bench = Bench(build, work, make_wim(os.path.join(build, 'data', 'sample', 'boot.wim'), work, args.size))
        for ours, peer in [('kindling', 'dd'), ('kindling', 'mcopy'), ('kindling_verified', 'dd')]:
            bench.time(ours), bench.time(peer)
            pairs = [(bench.time(ours), bench.time(peer)) for _ in range(args.pairs)]
            ratios = sorted(a / b for a, b in pairs)
            times = {name: sorted(pair[i] for pair in pairs) for i, name in enumerate((ours, peer))}
            results[f'{ours} / {peer}'] = {'ratio': statistics.median(ratios), 'times': times}
            print(f'{ours:18} / {peer:6} ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f});',
                  '; '.join(f'{n} {statistics.median(t):.2f} s' for n, t in times.items()), flush=True)
        results['peak-memory'] = bench.peak
        print(f'peak memory {bench.peak / 1048576:.1f} MiB')
    finally:
        shutil.rmtree(work)
    with open(args.json, 'w', encoding='ascii') as out:
        json.dump(results, out, indent=1)


if __name__ == '__main__':
    main()
