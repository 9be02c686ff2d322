#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""USB sticks that are really plugged in, written, pulled and plugged in again, in virtual machines with the real
udev, UDisks2, polkit and file systems: test_sticks.py KERNEL-FOLDER BUILD-FOLDER [--all] [--machines N] [SCENARIO…]

Without --all, only the scenarios of which each run of the tests has time for. N machines work through the scenarios at
once; what stands in a stick's file is looked at from outside. Needs root, to show the machines all files of this system;
anybody else must be allowed to use sudo without a password."""
import argparse
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import breaking
import choosing
import power
import speed
import volumes
import windowed
from bench import Bench, Failed, Results
from vm import Gone

# Those that take longest come first.
SCENARIOS = [
    windowed.window_makes_a_real_stick,
    breaking.pulled_stick_is_unfinished,
    power.power_cuts_lose_nothing,
    choosing.of_two_alike_the_right_one,
    volumes.joined_files_start,
    volumes.files_join_those_on_ntfs,
    choosing.written_stick_comes_back,
    volumes.files_join_those_on_fat32,
    choosing.user_goes_through_polkit,
    breaking.one_of_two_is_pulled,
    breaking.counterfeit_stick_is_found,
    choosing.automounter_does_not_get_in,
    choosing.busy_stick_is_left_alone,
    breaking.pulled_while_read_back,
    volumes.pulled_volume_keeps_its_files,
    volumes.restored_stick_takes_files,
    breaking.full_quota_keeps_the_old_iso,
    breaking.failing_disk_keeps_the_old_iso,
    breaking.worn_catalog_keeps_the_old_iso,
    breaking.bad_sector_is_named,
    breaking.bad_sector_of_a_source_is_named,
    choosing.replaced_stick_is_not_written,
    choosing.read_only_stick_is_refused,
    volumes.fat16_is_refused,
]
# While nothing else runs: promises of time.
ALONE = [
    choosing.plugged_stick_is_shown,
]
# By hand: --all.
RARE = [
    breaking.hanging_unmount_is_cancelled,
    power.many_power_cuts_lose_nothing,
    speed.files_are_written_as_fast_as_cp_does,
]


def become_root():
    """With mounts of its own, so that none is left."""
    if 'KINDLING_APART' in os.environ:
        return
    as_root = []
    if os.geteuid() != 0:
        as_root = ['sudo', '-n']
        if subprocess.run([*as_root, 'true'], stderr=subprocess.DEVNULL).returncode != 0:
            sys.exit('Bail out! the system suite needs root: run it as root, or allow sudo without a password')
    command = [*as_root, 'env', 'KINDLING_APART=1', 'unshare', '--mount', '--propagation', 'private',
               sys.executable, '-B', *sys.argv]
    os.execvp(command[0], command)


class Run:
    """The scenarios that are still to do, and what became of the others."""

    def __init__(self, options, scenarios):
        self.options = options
        self.results = Results()
        self.started = time.monotonic()
        self.to_do, self.alone = queue.SimpleQueue(), queue.SimpleQueue()
        self.left = len(scenarios)
        for scenario in scenarios:
            (self.alone if scenario in ALONE else self.to_do).put(scenario)
        self.lock = threading.Lock()
        self.machines = []
        self.at_work = 0

    def one_machine(self, folder):
        bench = None
        try:
            bench = Bench(folder, self.options.kernel, self.options.build, self.results)
            self.machines.append(bench.vm)
            bench.import_image()
            self.results.note(f'a machine is ready after {time.monotonic() - self.started:.0f} s')
            self.try_all(bench, self.to_do)
            with self.lock:
                self.at_work -= 1
                is_last = self.at_work == 0
            if is_last:
                self.try_all(bench, self.alone)
        except (Gone, OSError, subprocess.SubprocessError) as error:
            with self.results.together():
                self.results.note(f'A machine ended: {error!r}')
                for log in ('qemu.log', 'serial.log'):
                    with open(f'{folder}/{log}', errors='replace', encoding='utf-8') as f:
                        for line in f.read().splitlines()[-40:]:
                            self.results.note(line)
        finally:
            if bench:
                bench.vm.end()

    def try_all(self, bench, scenarios):
        while True:
            try:
                scenario = scenarios.get_nowait()
            except queue.Empty:
                return
            self.try_scenario(bench, scenario)

    def try_scenario(self, bench, scenario):
        begun = time.monotonic()
        with self.results.together():
            try:
                scenario(bench)
            except (Failed, RuntimeError, LookupError, TypeError):
                self.results.check(scenario.__name__.replace('_', ' '), False, traceback.format_exc())
            bench.pull_all()
            self.results.note(f'{scenario.__name__}: {time.monotonic() - begun:.1f} s')
        self.left -= 1

    def go(self):
        with tempfile.TemporaryDirectory(prefix='kindling-vm-') as folder:
            threads = []
            self.at_work = min(self.options.machines, self.left)
            for number in range(self.at_work):
                os.mkdir(f'{folder}/{number}')
                threads.append(threading.Thread(target=self.one_machine, args=[f'{folder}/{number}'], daemon=True))
            try:
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            finally:
                for vm in self.machines:
                    vm.end()
        if self.left:
            print(f'Bail out! {self.left} scenarios did not come to their end')
            return 1
        self.results.note(f'{time.monotonic() - self.started:.0f} s in all')
        self.results.end()
        return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('kernel', type=os.path.abspath)
    parser.add_argument('build', type=os.path.abspath)
    parser.add_argument('names', nargs='*', metavar='SCENARIO')
    parser.add_argument('--all', action='store_true')
    parser.add_argument('--machines', type=int, default=2)
    options = parser.parse_intermixed_args()
    become_root()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    if not os.path.exists(f'{options.kernel}/initrd'):
        sys.exit(f'Bail out! there is no kernel for the virtual machine; tests/vm/make-kernel.sh {options.kernel} fetches it')
    known = {scenario.__name__: scenario for scenario in SCENARIOS + ALONE + RARE}
    unknown = [name for name in options.names if name not in known]
    if unknown:
        sys.exit(f'Bail out! there is no scenario {unknown[0]}; there are {" ".join(known)}')
    scenarios = [known[name] for name in options.names] or SCENARIOS + ALONE + (RARE if options.all else [])
    return Run(options, scenarios).go()


if __name__ == '__main__':
    sys.exit(main())
