# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios: the power goes while the disk with the catalog is written.

A disk may lose what it was told to write since it was last told to flush, or any part of that. So each write and each
flush of a disk is recorded while jobs run in the machine, and what is on it after a power cut is put together from the
record, for many cuts of one run. This system then mounts it, as the machine would when it starts again."""
import contextlib
import os
import random
import shutil
import subprocess
import sys

from bench import CTL, MIB, Failed, digest, make_file, make_pfx
from nbd import Memory

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'faults'))
import scenarios    # noqa: E402

DISK_BYTES = 112 * MIB
SECTOR = 512
CUTS = 3        # of each job, and one right after it
MANY_CUTS = 60


class Recorder(Memory):
    def __init__(self, path, content):
        self.before = content
        self.record = []        # (offset, data), or None: flushed
        super().__init__(path, len(content))
        self.memory[:] = content

    def write(self, offset, data):
        super().write(offset, data)
        self.record.append((offset, data))

    def flush(self):
        self.record.append(None)

    def after_cut(self, at, chance, survives):
        """What is on the disk when the power goes after AT entries of the record; of what was not flushed by then, each
        write is there with the probability SURVIVES, and the last one of them only in part."""
        content = bytearray(self.before)
        flushed = max((i for i in range(at) if self.record[i] is None), default=0)
        for i, entry in enumerate(self.record[:at]):
            if entry is None or (i > flushed and chance.random() >= survives):
                continue
            offset, data = entry
            if i == at - 1 and survives < 1:
                data = data[:chance.randrange(len(data) // SECTOR + 1) * SECTOR]
            content[offset:offset + len(data)] = data
        return content


class Iso(scenarios.Iso):
    def command(self):
        """With a certificate that is there: to make one takes long in the machine."""
        return *super().command(), '--certificate', self.path('media.pfx')


JOBS = {'prepare': scenarios.Prepare, 'import': scenarios.Import, 'iso': Iso}


class Disk:
    """An ext4 file system, with a folder for each job, which both this system and the machine have mounted at the same
    path, one after the other."""

    def __init__(self, bench):
        self.path, self.image = f'{bench.folder}/disk', f'{bench.folder}/disk.img'
        os.makedirs(self.path, exist_ok=True)
        program = f'{bench.build}/app/kindlingctl'
        self.jobs = {name: job(program, f'{self.path}/boot.wim', f'{self.path}/{name}') for name, job in JOBS.items()}

    def prepare(self, build, pfx):
        make_file(self.image, DISK_BYTES)
        subprocess.run(['mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', self.image], check=True)
        with self.mounted():
            shutil.copy(f'{build}/data/sample/boot.wim', f'{self.path}/boot.wim')
            for job in self.jobs.values():
                os.mkdir(job.folder)
                with open(f'{job.folder}/media.pfx', 'wb') as f:
                    f.write(pfx)
                job.prepare()

    @contextlib.contextmanager
    def mounted(self, content=None):
        if content is not None:
            with open(self.image, 'wb') as f:
                f.write(content)
        subprocess.run(['mount', '-o', 'loop', self.image, self.path], check=True)
        try:
            yield
        finally:
            subprocess.run(['umount', self.path], check=True)


def judge(job, done, made):
    """Raises Broken where a promise is not kept. DONE: the job had said that it was. MADE: digest of what it made, or None."""
    listed = job.check_catalog()
    folders = {name for name in os.listdir(job.path('catalog'))
               if name[0] != '.' and os.path.isdir(job.path('catalog', name))}
    if folders != set(listed):
        raise scenarios.Broken(f'of the folders {folders} only {set(listed)} are images')
    for root, subfolders, files in os.walk(job.path('catalog')):
        subfolders[:] = [name for name in subfolders if name[0] != '.']
        for name in files:
            if name.endswith('.wim') and name[0] != '.':
                whole = subprocess.run(['wimlib-imagex', 'verify', os.path.join(root, name)], capture_output=True, text=True)
                if whole.returncode != 0:
                    raise scenarios.Broken(f'{os.path.join(root, name)} is not whole: {whole.stderr[-300:]}')
    if done:
        job.check_success()
        if made and digest(job.path('out', job.name)) != made:
            raise scenarios.Broken('the old medium is there, but the new one was done')
    else:
        job.check_failure()


def judge_next(job):
    """The job can be done again, and clears away what the power cut left when that is old enough to be no one's."""
    for path in job.leftovers():
        os.utime(job.path(path), (1e9, 1e9))
    again = job.run(*job.command())
    if again.returncode != 0 and 'TST0000' not in again.stderr:
        raise scenarios.Broken(f'the next run: status {again.returncode}: {again.stderr}')
    job.check_success()
    if job.leftovers():
        raise scenarios.Broken(f'the next run left {job.leftovers()}')


def record_jobs(bench, disk, recorder):
    """Runs all jobs in the machine. Returns for each job where in the record it begins and ends."""
    node = bench.plug(bench.stick('KINDLING-DISK', memory=recorder.node, flushes=True))
    ready = bench.guest.shell(f'echo temporary write back >/sys/block/{node[5:]}/device/scsi_disk/*/cache_type &&'
                              f' mkdir -p {disk.path} && mount {node} {disk.path} && sync')
    if ready.status != 0:
        raise Failed(ready.text)
    spans = {}
    for name, job in disk.jobs.items():
        begin = len(recorder.record)
        run = bench.guest.run(CTL[0], '--catalog', job.path('catalog'), *job.command())
        if run.status != 0:
            raise Failed(run.text)
        spans[name] = begin, len(recorder.record)
    bench.guest.run('umount', disk.path)
    bench.pull_all()
    return spans


def check_cuts(bench, disk, recorder, spans, cuts, seed):
    chance = random.Random(seed)
    with disk.mounted(recorder.memory):
        made = digest(disk.jobs['iso'].path('out', Iso.name))
    for name, (begin, end) in spans.items():
        places = [chance.randrange(begin, end) for _ in range(cuts)] + [end]
        problems = []
        for n, at in enumerate(places):
            survives = (0, .5, 1, .8)[n % 4] if at < end else 0
            try:
                with disk.mounted(recorder.after_cut(at, chance, survives)):
                    judge(disk.jobs[name], at == end, made if name == 'iso' else None)
                    if n % 2 == 0:
                        judge_next(disk.jobs[name])
            except (scenarios.Broken, subprocess.SubprocessError, OSError) as problem:
                problems.append(f'after write {at - begin} of {end - begin}, {survives:.0%} survive: {problem}')
        bench.check(f'power cut while it does “{name}”, {len(places)} times: nothing is lost or half', not problems,
                    f'seed {seed}', *problems)
        bench.results.note(f'{name}: {end - begin} writes and flushes, {recorder.record[begin:end].count(None)} flushes')


def power_cuts_lose_nothing(bench, cuts=CUTS, seed=1):
    disk = Disk(bench)
    disk.prepare(bench.build, make_pfx(bench.folder))
    with open(disk.image, 'rb') as f:
        recorder = Recorder(f'{bench.folder}/disk.sock', f.read())
    check_cuts(bench, disk, recorder, record_jobs(bench, disk, recorder), cuts, seed)


def many_power_cuts_lose_nothing(bench):
    power_cuts_lose_nothing(bench, MANY_CUTS, random.randrange(1 << 30))
