#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault after the other while media are made, images imported and prepared.

test_faults.py PROGRAM MODULE WIM [--all] [--seconds N] [--only SCENARIO…] [--kinds KIND…] [--from N]

Without --all, some of the faults, other places in each kind; the same ones in each run.
"""
import argparse
import collections
import os
import struct
import subprocess
import sys
import time

import scenarios
from scenarios import Broken

WRITING = 'create,write,copy,sync,truncate,allocate,rename,link,mkdir'
# Kind → FAULT_KIND, calls (None: all), whether all after it fail, too.
KINDS = {
    'EIO': ('5', None, False),
    'EIO-stays': ('5', None, True),
    'ENOSPC': ('28', WRITING, True),
    'EDQUOT': ('122', WRITING, True),
    'EROFS': ('30', WRITING + ',unlink', True),
    'EINTR': ('4', None, False),
    'short': ('short', 'read,write,copy', False),
    'lie': ('lie', 'write,copy', False),
    'kill': ('kill', None, False),
}
QUICK = ('EIO', 'ENOSPC', 'short', 'lie', 'kill')
HOUSE = ('CRITICAL', 'Sanitizer', 'runtime error', 'assertion failed', 'Bail out')


class Bench(scenarios.Place):
    """One scenario, with a folder that is as new before each fault."""

    def __init__(self, name, options):
        self.name, self.module = name, options.module
        super().__init__(scenarios.SCENARIOS[name], options)

    def run(self, kind, n):
        value, calls, stays = KINDS[kind]
        with open(self.counter, 'wb') as file:
            file.write(bytes(4096))
        env = {'LD_PRELOAD': self.module, 'FAULT_FOLDER': self.work, 'FAULT_COUNTER': self.counter,
               'FAULT_KIND': value, 'FAULT_N': str(n)}
        if calls:
            env['FAULT_CALLS'] = calls
        if stays:
            env['FAULT_STICKY'] = '1'
        return self.scenario.run(*self.scenario.command(), env=env)

    def count(self, kind):
        """How many calls a run makes in which nothing goes wrong."""
        self.renew()
        run = self.run(kind, 0)
        if run.returncode != 0:
            raise Broken(f'without a fault: status {run.returncode}: {run.stderr}')
        self.scenario.check_success()
        with open(self.counter, 'rb') as file:
            return struct.unpack('i', file.read(4))[0]

    def where(self):
        with open(self.counter, 'rb') as file:
            return file.read()[8:].split(b'\0')[0].decode(errors='replace') or 'nowhere'

    def judge(self, kind, run):
        scenario = self.scenario
        words = [word for word in HOUSE if word in run.stderr]
        if words or (run.returncode < 0 and kind != 'kill'):
            raise Broken(f'crashed: status {run.returncode}, {words}: {run.stderr[-1500:]}')
        if run.returncode == 0:
            if kind == 'lie' and not scenario.lies_are_found:
                self.judge_lie()
            else:
                scenario.check_success()
            return 'survived'
        if kind != 'kill' and 'What to do: ' not in run.stderr:
            raise Broken(f'failed without a word of what to do: status {run.returncode}: {run.stderr}')

        after = scenario.snapshot()
        new = [path for path in after if path not in self.before]
        if kind in ('EIO', 'EINTR', 'ENOSPC', 'EDQUOT', 'short') and scenario.leftovers():
            if not self.where().startswith('unlink'):
                raise Broken(f'left behind {scenario.leftovers()}')
        if after != self.before:
            scenario.check_failure()
            self.judge_again(new)
        return 'killed' if kind == 'kill' else 'told'

    def judge_lie(self):
        """What was stored wrong is found by the next one who uses it."""
        try:
            self.scenario.check_success()
        except (Broken, subprocess.CalledProcessError) as problem:
            if 'status' not in str(problem) and 'verify' not in str(problem):
                raise
            if 'afterwards: status 31' in str(problem):
                raise

    def judge_again(self, new):
        """The next run does what this one did not, and clears away what it left: at once what it knows for
        abandoned, and what could also be a moment old when it is an hour old."""
        for path in self.scenario.leftovers():
            if path in new:
                long_ago = time.time() - 2 * 3600
                os.utime(os.path.join(self.work, path), (long_ago, long_ago))
        again = self.scenario.run(*self.scenario.command())
        if again.returncode != 0 and not (self.name in ('import', 'remove') and 'TST0000' in again.stderr):
            raise Broken(f'the next run: status {again.returncode}: {again.stderr}')
        if self.name != 'remove' or again.returncode == 0:
            self.scenario.check_success()
        left = [path for path in self.scenario.leftovers() if path in new]
        if left:
            raise Broken(f'the next run left {left}')


def sweep(bench, kinds, step, start, until, tally, problems):
    for kind in kinds:
        if kind == 'lie' and bench.name in ('settings', 'remove'):
            continue
        total = bench.count(kind)
        # Another place of each stretch in each kind, or all of them would meet at the same calls.
        first = start or 1 + (hash_of(kind + bench.name) % step if step > 1 else 0)
        for n in range(first, total + 1, step):
            if time.monotonic() > until:
                tally['not reached'] += len(range(n, total + 1, step))
                break
            bench.renew()
            try:
                verdict = bench.judge(kind, bench.run(kind, n))
            except (Broken, subprocess.SubprocessError) as problem:
                problems.append(f'{bench.name}, {kind} at call {n} of {total} ({bench.where()}): {problem}')
                print('# ' + problems[-1].replace('\n', '\n# '), flush=True)
                verdict = 'BROKEN'
            tally[verdict] += 1
        if step == 1:
            print(f'# {bench.name} {kind}: {total} calls; {dict(tally)}', flush=True)


def hash_of(text):
    return sum(text.encode())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('module')
    parser.add_argument('wim')
    parser.add_argument('--all', action='store_true')
    parser.add_argument('--step', type=int)
    parser.add_argument('--share', type=int, default=4, help='about as many faults of a kind, without --all')
    parser.add_argument('--from', dest='start', type=int)
    parser.add_argument('--seconds', type=float, default=0)
    parser.add_argument('--only', nargs='*', default=list(scenarios.SCENARIOS))
    parser.add_argument('--kinds', nargs='*')
    options = parser.parse_args()
    scenarios.absolute(options, 'program', 'module', 'wim')
    scenarios.Folder.tool = os.path.join(os.path.dirname(options.module), 'folder-job')
    kinds = options.kinds or (list(KINDS) if options.all else QUICK)
    failed = 0

    for number, name in enumerate(options.only, 1):
        tally, problems = collections.Counter(), []
        with Bench(name, options) as bench:
            step = options.step or (1 if options.all else max(1, bench.count('EIO') // options.share))
            until = time.monotonic() + (options.seconds or (1e9 if options.all else 60))
            sweep(bench, kinds, step, options.start, until, tally, problems)
        failed += bool(problems) or not tally
        print(f'# {name}: {", ".join(f"{count} {verdict}" for verdict, count in sorted(tally.items()))}')
        print(f'{"not ok" if problems or not tally else "ok"} {number} {name}', flush=True)
    print(f'1..{len(options.only)}')
    sys.exit(1 if failed else 0)


main()
