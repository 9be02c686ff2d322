# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios: how long it takes, against what everybody has."""
import functools
import os
import re
import statistics
import subprocess

from bench import CTL, MIB, PFX, Failed, make_file

MEGABYTES = 60               # MiB of the image
RATE = 10 * MIB              # of the stick, a second: so slow that what the machine is made of does not count
PAIRS = 5
BIG = 'KDL0B160'
CATALOG = '/run/speed/catalog'
FIGURES = 'least, median, most'


def make_image(bench, path):
    """The sample image with a file that takes time to write; made here, where that is quick."""
    sample, tree = f'{bench.build}/data/sample/boot.wim', f'{bench.folder}/tree'
    wimlib = functools.partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
    wimlib(['wimlib-imagex', 'apply', sample, '1', tree])
    with open(f'{tree}/big.bin', 'wb') as f:
        f.write(os.urandom(MEGABYTES * MIB))
    wimlib(['wimlib-imagex', 'capture', tree, path, 'Big image', '--boot', '--compress=none'])


def spread(values):
    return f'{min(values):.2f}, {statistics.median(values):.2f}, {max(values):.2f}'


class Files:
    """Files of a medium on a mounted stick, put there by Kindling or by cp."""

    def __init__(self, bench):
        self.bench = bench
        stick = bench.stick('KINDLING-SPEED', bytes_per_second=RATE)
        make_file(stick.path, 4 * MEGABYTES * MIB)
        subprocess.run(['mkfs.fat', '-F', '32', '-n', 'SPEED', stick.path], check=True, stdout=subprocess.DEVNULL)
        self.node = bench.plug(stick)
        self.ctl = ['env', 'G_MESSAGES_DEBUG=kl-progress', CTL[0], '--catalog', CATALOG, '--json']
        image = f'{bench.build}/speed.wim'
        make_image(bench, image)
        self.run(f'mkdir -p /run/speed/tree && {" ".join(self.ctl)} image import /run/build/speed.wim --id {BIG} &&'
                 f' udisksctl mount -b {self.node}')
        os.unlink(image)
        self.folder = self.run(f'findmnt -no TARGET {self.node}').text.strip()

    def run(self, command):
        done = self.bench.guest.shell(command)
        if done.status != 0:
            raise Failed(f'{command}: {done.text}')
        return done

    def empty(self):
        self.run(f'rm -rf "{self.folder}"/*; sync -f "{self.folder}"')

    def timed(self, command):
        """Seconds of the guest's clock, and what was said."""
        said = self.run(f's=$EPOCHREALTIME; {command} && e=$EPOCHREALTIME && echo "took $s $e"').text
        begin, end = map(float, re.search(r'took ([\d.]+) ([\d.]+)', said).groups())
        return end - begin, said

    def kindling(self):
        """Seconds of the whole job, and of its writing and flushing."""
        took, said = self.timed(f'{" ".join(self.ctl)} create UFD {self.node} {BIG} --certificate {PFX} --no-verify')
        steps = re.findall(r'kl-progress-DEBUG.*\d\d\.\d{3}: (?:Writing|Flushing).*: ([\d.]+) s', said)
        if len(steps) != 2:
            raise Failed(said)
        return took, sum(map(float, steps))

    def cp(self):
        return self.timed(f'cp -r /run/speed/tree/. "{self.folder}"/ && sync -f "{self.folder}"')[0]

    def keep(self):
        self.run(f'cp -r "{self.folder}"/. /run/speed/tree/')


def files_are_written_as_fast_as_cp_does(bench):
    files = Files(bench)
    files.kindling()
    files.keep()
    whole, writing, theirs = [], [], []
    for _ in range(PAIRS):
        files.empty()
        job, steps = files.kindling()
        whole.append(job)
        writing.append(steps)
        files.empty()
        theirs.append(files.cp())
    for what, ours in ('writing and flushing', writing), ('whole job', whole):
        ratios = [a / b for a, b in zip(ours, theirs)]
        bench.results.note(f'{what} / cp -r + sync -f ({FIGURES}): {spread(ratios)}; seconds {spread(ours)} / {spread(theirs)}')
        if ours is writing:
            bench.check('FAT32, mounted: writing and flushing takes as long as cp -r and sync -f',
                        statistics.median(ratios) <= 1.05, spread(ratios))
