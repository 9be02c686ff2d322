#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One large piece of memory after the other that is not to be had: no wrong result, and what was there stays.

test_memory.py PROGRAM MODULE WIM [--share N]

--share: about as many places of each command; 0: all."""
import argparse
import collections
import os
import signal
import struct
import sys

import scenarios
from scenarios import Broken, ID

ABORTS = (-signal.SIGTRAP, -signal.SIGABRT)
INF = '''[Version]
Signature="$WINDOWS NT$"
Class=Net
ClassGuid={4d36e972-e325-11ce-bfc1-08002be10318}
Provider=%P%
DriverVer=01/01/2024,1.0.0.0
[Manufacturer]
%P%=M,NTamd64
[M.NTamd64]
%P%=I,PCI\\VEN_8086&DEV_15B8
[I]
CopyFiles=F
[F]
n.sys
[SourceDisksNames]
1=%P%
[SourceDisksFiles]
n.sys=1
[Strings]
P="Example"
'''


class Look(scenarios.Scenario):
    """Says the same as ever, or that it cannot."""

    words = ()

    def prepare(self):
        super().prepare()
        os.mkdir(self.path('driver'))
        with open(self.path('driver', 'n.inf'), 'w', encoding='ascii') as file:
            file.write(INF + '; ' + 'x' * 100 + '\n' + '; padding\n' * 60_000)
        with open(self.path('driver', 'n.sys'), 'wb') as file:
            file.write(bytes(1000))
        self.ok('create', 'CD', self.path('out', 'medium.iso'), ID)
        self.expected = self.ok(*self.command()).stdout

    def command(self):
        return tuple(word.replace('FOLDER', self.folder) for word in self.words)

    def check_said(self, said):
        if said != self.expected:
            raise Broken(f'said something else: {said}')


class Inspect(Look):
    words = '--json', 'inspect', 'FOLDER/out/medium.iso'


class Check(Look):
    words = '--json', '--quiet', 'check', 'FOLDER/out/medium.iso'


class Drivers(Look):
    words = '--json', 'driver', 'inspect', 'FOLDER/driver'


COMMANDS = {'iso': scenarios.Iso, 'disk-image': scenarios.DiskImage, 'import': scenarios.Import, 'prepare': scenarios.Prepare,
            'inspect': Inspect, 'check': Check, 'drivers': Drivers}


class Bench(scenarios.Place):
    def __init__(self, name, options):
        self.module = options.module
        super().__init__(COMMANDS[name], options)

    def run(self, number):
        with open(self.counter, 'wb') as file:
            file.write(bytes(4))
        run = self.scenario.run(*self.scenario.command(), env={
            'LD_PRELOAD': self.module, 'SCARCE_N': str(number), 'SCARCE_COUNTER': self.counter})
        with open(self.counter, 'rb') as file:
            return run, struct.unpack('i', file.read(4))[0]

    def judge(self, run):
        scenario = self.scenario
        if run.returncode == 0:
            if isinstance(scenario, Look):
                scenario.check_said(run.stdout)
            else:
                scenario.check_success()
            return 'survived'
        if run.returncode < 0:
            if run.returncode not in ABORTS or 'failed to allocate' not in run.stderr:
                raise Broken(f'crashed: status {run.returncode}: {run.stderr[-1000:]}')
        elif 'What to do: ' not in run.stderr and '"event":"error"' not in run.stdout:
            raise Broken(f'failed without a word of what to do: status {run.returncode}: {run.stderr}')
        after = scenario.snapshot()
        changed = [path for path, content in self.before.items() if after.get(path) != content]
        if changed or any(path not in self.before and '/.' not in f'/{path}' for path in after):
            scenario.check_failure()
        return 'aborted' if run.returncode < 0 else 'told'


def places(total, share):
    """Evenly, the first and the last one among them."""
    if share == 0 or total <= share:
        return list(range(1, total + 1))
    return sorted({1 + i * (total - 1) // (share - 1) for i in range(share)})


def sweep(bench, share, tally):
    run, total = bench.run(0)
    if run.returncode != 0:
        raise Broken(f'with enough memory: status {run.returncode}: {run.stderr}')
    for number in places(total, share):
        bench.renew()
        verdict = 'nowhere'
        try:
            run, asked = bench.run(number)
            verdict = bench.judge(run)
            if asked < number:
                verdict = 'never asked for'
        except Broken as problem:
            raise Broken(f'piece {number} of {total}: {problem}') from problem
        tally[verdict] += 1
    tally['pieces'] = total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('module')
    parser.add_argument('wim')
    parser.add_argument('--share', type=int, default=3)
    options = parser.parse_args()
    scenarios.absolute(options, 'program', 'module', 'wim')
    failed = 0
    print(f'1..{len(COMMANDS)}')
    for number, name in enumerate(COMMANDS, 1):
        tally, problem = collections.Counter(), ''
        try:
            with Bench(name, options) as bench:
                sweep(bench, options.share, tally)
        except Broken as broken:
            problem = str(broken)
        failed += bool(problem)
        print('# ' + name + ': ' + ', '.join(f'{count} {verdict}' for verdict, count in tally.items()))
        if problem:
            print('# ' + problem.replace('\n', '\n# '))
        print(f'{"not ok" if problem else "ok"} {number} {name}', flush=True)
    sys.exit(1 if failed else 0)


main()
