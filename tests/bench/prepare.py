#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparation against its peer, cp and wimlib-imagex update, in turn (A B A B).

  tests/bench/prepare.py BUILD-FOLDER [--work DIR] [--pairs N] [--size MB] [--drivers MB] [--json FILE]

Run by hand on a quiet machine. Needs the packages of data/debian-packages.txt. The data is seeded and holds no Microsoft
files. Prints a table with minimum, median, maximum and the median ratio of the pairs; a ratio under 1 means that Kindling
is faster. kindlingctl flushes what it writes and reads it back, the peer does not, but for the last row. Then come the time
for an image in which nothing has changed, bytes written, the largest memory, and how much larger the result is than the
peer's. The same as JSON beside it. CPU time counts too where others use the machine; that of the copy is this program's own
and is not shown.
"""
import argparse
import json
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

IMAGE = 'BEN00001'

INF = r'''[Version]
Signature="$Windows NT$"
Class=Net
ClassGuid={{4D36E972-E325-11CE-BFC1-08002BE10318}}
Provider=%Maker%
DriverVer=01/31/2026,1.2.3.{0}
CatalogFile=driver.cat
[Manufacturer]
%Maker%=Models,NTamd64
[Models.NTamd64]
"Card {0}"=Install,PCI\VEN_8086&DEV_{0:04X}
[Install.NT]
AddReg=Registry
[Strings]
Maker="Example"
'''


def quiet(*argv, **kwargs):
    run = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **kwargs)
    if run.returncode != 0:
        sys.exit(f"{' '.join(argv)}: exit status {run.returncode}\n{run.stdout.decode(errors='replace')}")


def pool(seeded, size, noise):
    """Bytes of which a bit more than the share `noise` remains when they are compressed."""
    words = [seeded.randbytes(seeded.randrange(3, 24)) for _ in range(600)]
    parts, length = [], 0
    while length < size:
        part = seeded.randbytes(96) if seeded.random() < noise else b''.join(seeded.choices(words, k=7))
        parts.append(part)
        length += len(part)
    return b''.join(parts)


def cut(seeded, data, size):
    start = seeded.randrange(len(data) - size)
    return data[start:start + size]


def make_wim(sample, work, megabytes):
    """The sample image and 13,500 files that make it `megabytes` large. WIM files keep contents uncompressed of which a
    compressor makes nothing, and wimlib tries them again each time: a real image has few of those, and this one none."""
    wim, extra = os.path.join(work, 'source.wim'), os.path.join(work, 'image')
    seeded = random.Random(26100)
    data, plain = pool(seeded, 64_000_000, 0.5), b''.join(b'%08d: name="value"\r\n' % n for n in range(100_000))
    for number in range(13_500):
        folder = os.path.join(extra, f'{number // 200:03}')
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f'file{number:05}.dat'), 'wb') as file:
            size = min(int(seeded.expovariate(13_500 / (megabytes * 1.2e6))) + 100, 4_000_000)
            file.write(cut(seeded, data if size > 20_000 else plain, size))
    shutil.copy(sample, wim)
    os.chmod(wim, 0o644)
    quiet('wimlib-imagex', 'update', wim, '1', '--command', f"add '{extra}' /Windows/WinSxS")
    shutil.rmtree(extra)
    return wim


def make_drivers(work, megabytes, packages=12, files=20):
    folder, seeded = os.path.join(work, 'drivers'), random.Random(19041)
    data = pool(seeded, 32_000_000, 0.15)
    for number in range(packages):
        package = os.path.join(folder, f'package{number:02}')
        os.makedirs(package)
        with open(os.path.join(package, 'driver.inf'), 'w', encoding='ascii') as file:
            file.write(INF.format(number))
        for name in range(files - 1):
            with open(os.path.join(package, f'part{name:02}.bin'), 'wb') as file:
                file.write(cut(seeded, data, int(megabytes * 1e6 / (packages * (files - 1)))))
    return folder


class Bench:
    def __init__(self, build, work, size, drivers):
        self.ctl = os.path.join(build, 'app', 'kindlingctl')
        self.catalog = os.path.join(work, 'catalog')
        self.peer_wim = os.path.join(work, 'peer.wim')
        self.result = os.path.join(self.catalog, IMAGE, 'boot.wim')
        self.source = make_wim(os.path.join(build, 'data', 'sample', 'boot.wim'), work, size)
        self.drivers = make_drivers(work, drivers)
        self.written, self.cpu = [], {}
        quiet(self.ctl, '--catalog', self.catalog, 'image', 'import', self.source, '--id', IMAGE)
        quiet(self.ctl, '--catalog', self.catalog, 'image', 'add-driver', IMAGE, self.drivers)

    def change(self):
        """Something is to be done, though the contents are the same."""
        os.utime(os.path.join(self.drivers, 'package00', 'driver.inf'))

    def prepare(self):
        process = subprocess.Popen([self.ctl, '--quiet', '--catalog', self.catalog, 'image', 'prepare', IMAGE],
                                   stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f'kindlingctl image prepare: exit status {process.returncode}')
        self.written.append(usage.ru_oublock * 512)

    def peak_memory(self):
        """Bytes; from the process's own account while it runs, since what wait4 says counts this program's memory too."""
        process = subprocess.Popen([self.ctl, '--quiet', '--catalog', self.catalog, 'image', 'prepare', IMAGE],
                                   stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        peak = 0
        while process.poll() is None:
            with open(f'/proc/{process.pid}/status', encoding='ascii', errors='replace') as file:
                for line in file:
                    if line.startswith('VmHWM:'):
                        peak = max(peak, int(line.split()[1]) * 1024)
            time.sleep(0.002)
        return peak

    def forget(self):
        shutil.rmtree(os.path.join(self.catalog, '.cache'), ignore_errors=True)
        self.change()

    def new(self):
        self.prepare()

    def cached(self):
        self.prepare()

    def update(self):
        quiet('cp', '--reflink=never', self.source, self.peer_wim)
        quiet('wimlib-imagex', 'update', self.peer_wim, '1', '--command', f"add '{self.drivers}' /Drivers")

    def durable_copy(self):
        """The bytes of the result, by copy_file_range, and fsync."""
        with open(self.result, 'rb', buffering=0) as source, open(self.peer_wim, 'wb', buffering=0) as target:
            left = os.fstat(source.fileno()).st_size
            while left > 0:
                left -= os.copy_file_range(source.fileno(), target.fileno(), min(left, 8 << 20))
            os.fsync(target.fileno())

    def time(self, way):
        if way == self.new:
            self.forget()
        elif way == self.cached:
            self.change()
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        way()
        seconds, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu.setdefault(way.__name__, []).append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        if os.path.exists(self.peer_wim):
            self.peer_size = os.path.getsize(self.peer_wim)
            os.unlink(self.peer_wim)
        return seconds

    def compare(self, way, peer, pairs):
        self.time(way)
        self.time(peer)
        self.written.clear()
        self.cpu.clear()
        ours, theirs = [], []
        for _ in range(pairs):
            ours.append(self.time(way))
            theirs.append(self.time(peer))
        return {
            'way': way.__name__, 'peer': peer.__name__, 'pairs': pairs, 'ours': ours, 'theirs': theirs,
            'ratios': [a / b for a, b in zip(ours, theirs)],
            'ratio': statistics.median(a / b for a, b in zip(ours, theirs)),
            'cpu-seconds': {name: statistics.median(values) for name, values in self.cpu.items()},
            'written': statistics.median(self.written),
            'result': os.path.getsize(self.result),
        }


def seconds(values):
    return f'{min(values):6.2f} {statistics.median(values):6.2f} {max(values):6.2f}'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build')
    parser.add_argument('--work', default='/var/tmp', help='where the data is made and the files are written (default: /var/tmp)')
    parser.add_argument('--pairs', type=int, default=7)
    parser.add_argument('--size', type=int, default=450, help='MB of the source WIM (default: 450)')
    parser.add_argument('--drivers', type=int, default=150, help='MB of drivers (default: 150)')
    parser.add_argument('--json', default='prepare-bench.json')
    arguments = parser.parse_args()
    results = []

    with tempfile.TemporaryDirectory(prefix='kl-bench-', dir=arguments.work) as work:
        bench = Bench(os.path.abspath(arguments.build), work, arguments.size, arguments.drivers)
        print(f'source of {os.path.getsize(bench.source)} bytes; seconds: minimum, median, maximum')
        print(f"{'way':8}{'':22}{'peer':14}{'':22}{'ratio':>6}{'CPU s, ours and peer':>22}{'written − result':>18}")
        for way, peer in (bench.new, bench.update), (bench.cached, bench.update), (bench.cached, bench.durable_copy):
            result = bench.compare(way, peer, arguments.pairs)
            if peer == bench.update:
                result['peer-result'] = bench.peer_size
            results.append(result)
            print(f"{result['way']:8}{seconds(result['ours'])}  {result['peer']:14}{seconds(result['theirs'])} "
                  f"{result['ratio']:6.2f}{result['cpu-seconds'][way.__name__]:14.2f}"
                  f"{result['cpu-seconds'].get(peer.__name__, 0):8.2f}{result['written'] - result['result']:18.0f}", flush=True)
        unchanged = [bench.time(bench.prepare) for _ in range(arguments.pairs)]
        print(f'nothing changed: {seconds(unchanged)}')
        print(f"result: {results[0]['result'] / results[0]['peer-result'] - 1:+.2%} against the peer's")
        bench.forget()
        memory = {'new': bench.peak_memory()}
        bench.change()
        memory['cached'] = bench.peak_memory()
        print('peak memory of kindlingctl: ' + ', '.join(f'{k} {v / 2**20:.1f} MiB' for k, v in memory.items()))

    with open(arguments.json, 'w', encoding='utf-8') as file:
        json.dump({'machine': platform.processor() or platform.machine(), 'cores': os.cpu_count(), 'kernel': platform.release(),
                   'date': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()), 'peak-memory': memory, 'unchanged': unchanged,
                   'results': results}, file, indent=1)
    print(f'written: {arguments.json}')


if __name__ == '__main__':
    main()
