#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that are killed at any time, that work on one catalog at once, and whose clock jumps.

test_killed.py PROGRAM CLOCK-MODULE WIM [--kills N] [--seed N]
"""
import argparse
import os
import random
import subprocess
import sys
import time

import scenarios
from scenarios import SCENARIOS, Broken, Place

YEAR = 365 * 86400


def start(scenario, *arguments):
    return subprocess.Popen(scenario.argv(*arguments), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=scenario.environment())


def kill_at_any_time(kind, count, options, chance):
    """SIGKILL, at times spread over the whole run and its end."""
    killed = 0
    with Place(SCENARIOS[kind], options) as place:
        scenario = place.scenario
        began = time.monotonic()
        scenario.ok(*scenario.command())
        length = time.monotonic() - began
        for n in range(count):
            place.renew()
            process = start(scenario, *scenario.command())
            moment = chance.uniform(0, 1.1) * length
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                process.kill()
            process.communicate()
            if process.returncode == 0:
                scenario.check_success()
                continue
            if process.returncode != -9:
                raise Broken(f'kill {n}: status {process.returncode}')
            killed += 1
            again = None
            try:
                if scenario.snapshot() != place.before:
                    scenario.check_failure()
                # What was done before the kill may have nothing left to do, and say so.
                again = scenario.run(*scenario.command())
                if again.returncode < 0:
                    raise Broken('the next one crashed')
                scenario.check_success()
            except Broken as problem:
                said = f'; again: status {again.returncode}: {again.stderr[-400:]}' if again else ''
                raise Broken(f'killed after {moment:.3f} of {length:.3f} s: {problem}{said}') from problem
    return f'{killed} of {count} killed at work'


def together(options):
    """Several programs on one catalog: each does its work, or says that another one is at it."""
    with Place(SCENARIOS['prepare'], options) as place:
        scenario = place.scenario
        commands = [('image', 'prepare', scenarios.ID), ('image', 'prepare', scenarios.ID),
                    ('create', 'CD', scenario.path('out', 'a.iso'), scenarios.ID),
                    ('create', 'CD', scenario.path('out', 'b.iso'), scenarios.ID),
                    ('create', 'CD', scenario.path('out', 'b.iso'), scenarios.ID),
                    ('image', 'import', scenario.wim, '--name', 'One more'),
                    ('image', 'import', scenario.wim, '--name', 'And another'),
                    ('image', 'set', scenarios.ID, 'description=Together'),
                    ('image', 'list')]
        processes = [start(scenario, *command) for command in commands]
        for command, process in zip(commands, processes):
            error = process.communicate(timeout=scenarios.TIMEOUT)[1]
            if process.returncode != 0 and ('What to do: ' not in error or command[1] in ('import', 'list')):
                raise Broken(f'{command}: status {process.returncode}: {error}')
        if len(scenario.check_catalog()) != 3:
            raise Broken('an import is missing')
        for name in os.listdir(scenario.path('out')):
            scenario.ok('check', scenario.path('out', name))
        scenario.run('image', 'prepare', scenarios.ID)
        scenario.check_success()
        if scenario.leftovers():
            raise Broken(f'left behind {scenario.leftovers()}')
        return f'{sum(p.returncode == 0 for p in processes)} of {len(processes)} programs had their way'


def clock(options):
    """A clock that jumps by a year, both ways, is no reason to fail or to say anything wrong."""
    told = 0
    for kind in ('iso', 'import', 'prepare', 'settings', 'export'):
        with Place(SCENARIOS[kind], options) as place:
            run = place.scenario.run(*place.scenario.command(),
                                     env={'LD_PRELOAD': options.clock, 'JUMP_SECONDS': str(YEAR)})
            if run.returncode != 0 and not ('certificate' in run.stderr and 'What to do: ' in run.stderr):
                raise Broken(f'{kind}: status {run.returncode}: {run.stderr}')
            told += run.returncode != 0
            if run.returncode == 0:
                place.scenario.check_success()
            elif place.scenario.snapshot() != place.before:
                place.scenario.check_failure()
    return f'5 jobs, {told} of them ended for the certificate'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('clock')
    parser.add_argument('wim')
    parser.add_argument('--kills', type=int, default=42)
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    scenarios.absolute(options, 'program', 'clock', 'wim')
    chance = random.Random(options.seed)
    scenarios.Folder.tool = os.path.join(os.path.dirname(options.clock), 'folder-job')
    kinds = ('iso', 'disk-image', 'folder', 'import', 'prepare', 'export', 'remove')
    tests = {f'killed-{kind}': lambda kind=kind: kill_at_any_time(kind, options.kills // len(kinds), options, chance)
             for kind in kinds}
    tests |= {'together': lambda: together(options), 'clock': lambda: clock(options)}

    failed = 0
    for number, (name, test) in enumerate(tests.items(), 1):
        verdict = 'ok'
        try:
            print(f'# {name}: {test()}')
        except (Broken, subprocess.SubprocessError) as problem:
            print('# ' + str(problem).replace('\n', '\n# '))
            verdict, failed = 'not ok', failed + 1
        print(f'{verdict} {number} {name}', flush=True)
    print(f'1..{len(tests)}')
    sys.exit(1 if failed else 0)


main()
