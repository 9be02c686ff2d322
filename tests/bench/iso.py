#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ISO creation against its peers, in turn (A B A B), each durable and with its output unlinked inside the timed region.

  tests/bench/iso.py BUILD-FOLDER [--work DIR] [--pairs N] [--size MB] [--json FILE]

Run by hand on a quiet machine. Needs the packages of data/debian-packages.txt. The data is seeded and holds no Microsoft
files. Prints a table with minimum, median, maximum and the median ratio of the pairs; a ratio under 1 means that Kindling
is faster. Writes the same as JSON beside it. CPU time and peak memory are kindlingctl's.
"""
import argparse
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

IMAGE = 'BEN00001'


def quiet(*argv, **kwargs):
    run = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **kwargs)
    if run.returncode != 0:
        sys.exit(f"{' '.join(argv)}: exit status {run.returncode}\n{run.stdout.decode(errors='replace')}")


def make_wim(sample, work, megabytes):
    """The sample image and `megabytes` of files that a compressor makes little of, as in a real boot image."""
    wim = os.path.join(work, 'boot.wim')
    extra = os.path.join(work, 'extra')
    os.mkdir(extra)
    seeded = random.Random(26100)
    left, number = megabytes * 1000 * 1000, 0
    while left > 0:
        size = min(left, seeded.randrange(100_000, 4_000_000))
        with open(os.path.join(extra, f'file{number:05}.dat'), 'wb') as f:
            f.write(seeded.randbytes(size))
        left, number = left - size, number + 1
    shutil.copy(sample, wim)
    os.chmod(wim, 0o644)
    # One thread and a fast level: what is in the WIM counts here, not how it was made.
    quiet('wimlib-imagex', 'update', wim, '1', '--command', f"add '{extra}' /Windows/Extra")
    quiet('wimlib-imagex', 'optimize', wim, '--compress=XPRESS:20', '--no-check')
    shutil.rmtree(extra)
    return wim


def fsync(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


class Bench:
    def __init__(self, build, work, target, wim):
        self.ctl = os.path.join(build, 'app', 'kindlingctl')
        self.work, self.target = work, target
        self.catalog = os.path.join(work, 'catalog')
        self.reference = os.path.join(work, 'reference.iso')
        self.tree = os.path.join(work, 'tree')
        self.windows = os.path.join(work, 'windows')
        self.wim = wim
        self.environment = dict(os.environ, TMPDIR=target)
        self.cpu = []

        if not os.path.isdir(self.tree):
            self.prepare()

    def prepare(self):
        quiet(self.ctl, '--catalog', self.catalog, 'image', 'import', self.wim, '--id', IMAGE)
        quiet(self.ctl, '--catalog', self.catalog, 'create', 'CD', self.reference, IMAGE)
        quiet('7z', 'x', '-tiso', '-y', '-o' + self.tree, self.reference)
        shutil.rmtree(os.path.join(self.tree, '[BOOT]'), ignore_errors=True)
        # The names that mkwinpeimg looks for on a Windows medium.
        os.makedirs(os.path.join(self.windows, 'boot'))
        os.makedirs(os.path.join(self.windows, 'sources'))
        for source, name in (('bootmgr', 'bootmgr'), ('Boot/BCD', 'boot/bcd'), ('Boot/boot.sdi', 'boot/boot.sdi'),
                             ('Boot/etfsboot.com', 'boot/etfsboot.com')):
            shutil.copy(os.path.join(self.tree, source), os.path.join(self.windows, name))

    def output(self):
        return os.path.join(self.target, 'out.iso')

    def kindling(self, *options):
        process = subprocess.Popen([self.ctl, '--quiet', '--catalog', self.catalog, 'create', 'CD', self.output(), IMAGE,
                                    *options], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f'kindlingctl create: exit status {process.returncode}')
        self.cpu.append(usage.ru_utime + usage.ru_stime)

    def peak_memory(self, *options):
        """Bytes; from the process's own account while it runs, since what wait4 says counts this program's memory too."""
        process = subprocess.Popen([self.ctl, '--quiet', '--catalog', self.catalog, 'create', 'CD', self.output(), IMAGE,
                                    *options], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            with open(f'/proc/{process.pid}/status', encoding='ascii', errors='replace') as f:
                for line in f:
                    if line.startswith('VmHWM:'):
                        peak = max(peak, int(line.split()[1]) * 1024)
            time.sleep(0.002)
        os.unlink(self.output())
        return peak

    def kindling_unverified(self):
        self.kindling('--no-verify')

    def kindling_verified(self):
        self.kindling()

    def copy(self):
        """The bytes of the finished ISO file, by copy_file_range where the kernel can, else read and write; then fsync."""
        with open(self.reference, 'rb', buffering=0) as source, open(self.output(), 'wb', buffering=0) as target:
            left = os.fstat(source.fileno()).st_size
            buffer = bytearray(1 << 20)
            by_kernel = True
            while left > 0:
                if by_kernel:
                    try:
                        n = os.copy_file_range(source.fileno(), target.fileno(), min(left, 8 << 20))
                    except OSError:
                        by_kernel, n = False, 0
                if not by_kernel:
                    n = source.readinto(buffer)
                    target.write(memoryview(buffer)[:n])
                left -= n
            os.fsync(target.fileno())

    def cp(self):
        quiet('cp', '--reflink=never', self.reference, self.output())
        fsync(self.output())

    def genisoimage(self):
        quiet('genisoimage', '-quiet', '-iso-level', '3', '-J', '-joliet-long', '-N', '-d', '-V', 'WINPE', '-b', 'Boot/etfsboot.com',
              '-no-emul-boot', '-boot-load-size', '8', '-c', 'boot.cat', '-eltorito-alt-boot', '-e', 'EFI/Microsoft/Boot/efisys.bin',
              '-no-emul-boot', '-o', self.output(), self.tree)
        fsync(self.output())
        # genisoimage writes its catalogue's name into the tree.
        try:
            os.unlink(os.path.join(self.tree, 'boot.cat'))
        except FileNotFoundError:
            pass

    def xorriso(self):
        quiet('xorriso', '-as', 'mkisofs', '-quiet', '-iso-level', '3', '-J', '-joliet-long', '-V', 'WINPE', '-b', 'Boot/etfsboot.com',
              '-no-emul-boot', '-boot-load-size', '8', '-eltorito-alt-boot', '-e', 'EFI/Microsoft/Boot/efisys.bin', '-no-emul-boot',
              '-o', self.output(), self.tree)
        fsync(self.output())

    def mkwinpeimg(self):
        quiet('mkwinpeimg', '--iso', '--windows-dir=' + self.windows, '--wim=' + self.wim, self.output(), env=self.environment)
        fsync(self.output())

    def time(self, way):
        start = time.monotonic()
        way()
        os.unlink(self.output())
        return time.monotonic() - start

    def compare(self, way, peer, pairs):
        self.time(way)
        self.time(peer)
        self.cpu.clear()
        ours, theirs = [], []
        for _ in range(pairs):
            ours.append(self.time(way))
            theirs.append(self.time(peer))
        return {
            'way': way.__name__, 'peer': peer.__name__, 'pairs': pairs, 'ours': ours, 'theirs': theirs,
            'ratio': statistics.median(a / b for a, b in zip(ours, theirs)),
            'ratios': [a / b for a, b in zip(ours, theirs)],
            'cpu-seconds': statistics.median(self.cpu),
        }


def seconds(values):
    return f'{min(values):6.2f} {statistics.median(values):6.2f} {max(values):6.2f}'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build')
    parser.add_argument('--work', default='/var/tmp', help='where the data is made and the files are written (default: /var/tmp)')
    parser.add_argument('--memory', default='/dev/shm', help='a tmpfs, for the second half without a disk')
    parser.add_argument('--pairs', type=int, default=7)
    parser.add_argument('--size', type=int, default=450, help='MB of the WIM (default: 450)')
    parser.add_argument('--json', default='iso-bench.json')
    arguments = parser.parse_args()
    build = os.path.abspath(arguments.build)
    results = []

    with tempfile.TemporaryDirectory(prefix='kl-bench-', dir=arguments.work) as work, \
            tempfile.TemporaryDirectory(prefix='kl-bench-', dir=arguments.memory) as memory:
        wim = make_wim(os.path.join(build, 'data', 'sample', 'boot.wim'), work, arguments.size)
        disk_bench, memory_bench = Bench(build, work, work, wim), Bench(build, work, memory, wim)
        size = os.path.getsize(disk_bench.reference)
        print(f'ISO file of {size} bytes; seconds: minimum, median, maximum')
        print(f"{'target':7}{'way':21}{'':22}{'peer':14}{'':22}{'ratio':>6}{'CPU s':>7}")
        for name, bench in (('disk', disk_bench), ('memory', memory_bench)):
            peers = [bench.copy, bench.cp, bench.genisoimage, bench.xorriso, bench.mkwinpeimg]
            for way, peer in [(bench.kindling_unverified, peer) for peer in peers] + [(bench.kindling_verified, bench.copy)]:
                result = dict(bench.compare(way, peer, arguments.pairs), target=name, bytes=size)
                results.append(result)
                print(f"{name:7}{result['way']:21}{seconds(result['ours'])}  {result['peer']:14}{seconds(result['theirs'])} "
                      f"{result['ratio']:6.2f}{result['cpu-seconds']:7.2f}", flush=True)
        memory_use = {'unverified': disk_bench.peak_memory('--no-verify'), 'verified': disk_bench.peak_memory()}
        print('peak memory of kindlingctl: ' + ', '.join(f'{k} {v / 2**20:.1f} MiB' for k, v in memory_use.items()))

    with open(arguments.json, 'w', encoding='utf-8') as f:
        json.dump({'machine': platform.processor() or platform.machine(), 'cores': os.cpu_count(), 'kernel': platform.release(),
                   'date': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()), 'peak-memory': memory_use, 'results': results}, f, indent=1)
    print(f'written: {arguments.json}')


if __name__ == '__main__':
    main()
