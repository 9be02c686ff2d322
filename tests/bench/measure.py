# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rows of the benchmark share: programs and what they used, ways taken in turn, figures against their targets."""
import contextlib
import dataclasses
import os
import re
import resource
import statistics
import subprocess
import tempfile
import time

MIB = 1 << 20
ROWS = {}        # number → list of functions that take a Place and give Figures, in order of registration
STACKED = set()  # of them, those that need the udev, UDisks2 and polkit of the system suite
SHOWN = set()    # of them, those that need the X server of the display suite


class Failed(Exception):
    """A program failed, or something is missing; the text says which."""


def row(number, needs=None):
    """Makes the decorated function part of the row `number`; needs: None, 'stack' or 'display'."""
    def register(function):
        ROWS.setdefault(number, []).append(function)
        {'stack': STACKED, 'display': SHOWN}.get(needs, set()).add(number)
        return function
    return register


# Programs

def quiet(*argv, **kwargs):
    """Runs a program to its end and gives what it said; Failed where it fails."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False, **kwargs)
    said = done.stdout.decode(errors='replace')
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, argv))}: exit status {done.returncode}\n{said}")
    return said


@dataclasses.dataclass
class Use:
    """What a program used: seconds, seconds of processors, bytes of memory at most (0 unless asked for), bytes that it
    caused to be read from and written to storage, bytes that its calls read and wrote, and what it said."""
    seconds: float = 0
    cpu: float = 0
    peak: int = 0
    read: int = 0
    written: int = 0
    called_read: int = 0
    called_written: int = 0
    said: str = ''


def fields(path):
    with open(path, encoding='ascii', errors='replace') as f:
        return dict(line.rstrip('\n').split(':', 1) for line in f if ':' in line)


def spend(*argv, memory=False, **kwargs):
    """Runs a program to its end and gives its Use. The peak is the process's own account of it, looked up every 2 ms:
    what wait4 says counts this program's memory too."""
    with tempfile.TemporaryFile() as said:
        start, peak = time.monotonic(), 0
        process = subprocess.Popen(argv, stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **kwargs)
        while memory and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
            peak = max(peak, int(fields(f'/proc/{process.pid}/status').get('VmHWM', '0 kB').split()[0]) * 1024)
            time.sleep(0.002)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        seconds = time.monotonic() - start
        io = {name: int(value) for name, value in fields(f'/proc/{process.pid}/io').items()}
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode(errors='replace')
        if process.returncode != 0:
            raise Failed(f"{' '.join(map(str, argv))}: exit status {process.returncode}\n{text}")
    return Use(seconds, usage.ru_utime + usage.ru_stime, peak, io['read_bytes'], io['write_bytes'], io['rchar'], io['wchar'], text)


STEPS = {**os.environ, 'G_MESSAGES_DEBUG': 'kl-progress'}   # an environment in which kindlingctl says how long steps took


def steps(said, *names):
    """Seconds of the steps that begin with one of the names, after what kindlingctl said with STEPS."""
    found = re.findall(r'kl-progress-DEBUG.*\d\d\.\d{3}: (.*): ([\d.]+) s', said)
    seconds = [float(took) for what, took in found if what.startswith(names)]
    if len(seconds) < len(names):
        raise Failed(f'no such steps: {names}\n{said}')
    return sum(seconds)


def fsync(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def copy_in_kernel(source, target):
    """The bytes of a file into a new one, by copy_file_range where the kernel can, else read and write; then fsync."""
    with open(source, 'rb', buffering=0) as a, open(target, 'wb', buffering=0) as b:
        left, buffer, by_kernel = os.fstat(a.fileno()).st_size, bytearray(1 << 20), True
        while left > 0:
            if by_kernel:
                try:
                    n = os.copy_file_range(a.fileno(), b.fileno(), min(left, 8 << 20))
                except OSError:
                    by_kernel, n = False, 0
            if not by_kernel:
                n = a.readinto(buffer)
                b.write(memoryview(buffer)[:n])
            left -= n
        os.fsync(b.fileno())


# Ways in turn

def processor_time():
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF,
                                                                                     resource.RUSAGE_CHILDREN)))


@dataclasses.dataclass
class Pairs:
    """Seconds of two ways taken in turn, and seconds of processors (those of children and of this program)."""
    ours: list = dataclasses.field(default_factory=list)
    theirs: list = dataclasses.field(default_factory=list)
    our_cpu: list = dataclasses.field(default_factory=list)
    their_cpu: list = dataclasses.field(default_factory=list)

    @property
    def ratios(self):
        return [a / b for a, b in zip(self.ours, self.theirs)]

    @property
    def cpu_ratios(self):
        return [a / b for a, b in zip(self.our_cpu, self.their_cpu)]


def timed(way, before=None):
    """Seconds, and seconds of processors, of `way`; `before` is called first and not counted. A way that gives a number
    says itself how many seconds count."""
    if before:
        before()
    cpu, start = processor_time(), time.monotonic()
    own = way()
    seconds = own if isinstance(own, float) else time.monotonic() - start
    return seconds, processor_time() - cpu


def in_turn(ours, theirs, pairs=7, before_ours=None, before_theirs=None):
    """Takes both ways once to warm up, then `pairs` times in turn, A B A B; at most 5 times where one takes over 5 s."""
    warm = timed(ours, before_ours)[0], timed(theirs, before_theirs)[0]
    both = Pairs()
    for _ in range(min(pairs, 5) if max(warm) > 5 else pairs):
        for way, before, times, cpus in (ours, before_ours, both.ours, both.our_cpu), \
                                        (theirs, before_theirs, both.theirs, both.their_cpu):
            seconds, cpu = timed(way, before)
            times.append(seconds)
            cpus.append(cpu)
    return both


# Figures

@dataclasses.dataclass
class Figure:
    """One line of the table: what was measured, the value, and the largest one that meets the target, if there is one.
    ours and theirs are the seconds behind it, ratios those of the pairs."""
    what: str
    value: float
    unit: str
    limit: float = None
    ours: list = dataclasses.field(default_factory=list)
    theirs: list = dataclasses.field(default_factory=list)
    ratios: list = dataclasses.field(default_factory=list)
    note: str = ''

    def as_dict(self):
        return dict(dataclasses.asdict(self), met=self.met)

    @classmethod
    def of_dict(cls, values):
        return cls(**{name: value for name, value in values.items() if name != 'met'})

    @property
    def met(self):
        """None without a target. What is printed counts, not what is behind its last digit."""
        return None if self.limit is None else float(shown(self.value, self.unit)) <= self.limit


def shown(value, unit):
    return f'{value:.{ {"ms": 1, "MiB": 1}.get(unit, 2) }f}'


def ratio(what, pairs, limit=None, note=''):
    """The median of the ratios of the pairs."""
    return Figure(what, statistics.median(pairs.ratios), '×', limit, pairs.ours, pairs.theirs, pairs.ratios, note)


def cpu_ratio(what, pairs, limit=None, note=''):
    """The same of the time of processors."""
    return Figure(what, statistics.median(pairs.cpu_ratios), '×', limit, pairs.our_cpu, pairs.their_cpu, pairs.cpu_ratios, note)


def median(what, values, unit, limit=None, note=''):
    """The median of values; those in ms are of seconds."""
    return Figure(what, statistics.median(values) * (1000 if unit == 'ms' else 1), unit, limit, list(values), note=note)


def largest(what, values, unit, limit=None, note=''):
    return Figure(what, max(values) * (1000 if unit == 'ms' else 1), unit, limit, list(values), note=note)


def spread(values):
    return f'{min(values):.2f} {statistics.median(values):.2f} {max(values):.2f}' if values else ''


HEAD = ('row', 'what', 'target', 'figure', '', 'ours: min, median, max', 'peer’s', 'ratio from, to', 'note')


def cells(number, figure):
    target = '' if figure.limit is None else f'≤ {shown(figure.limit, figure.unit)} {figure.unit}'
    met = {None: '', True: 'met', False: 'NOT MET'}[figure.met]
    ratios = f'{min(figure.ratios):.2f}, {max(figure.ratios):.2f}' if figure.ratios else ''
    return (number, figure.what, target, f'{shown(figure.value, figure.unit)} {figure.unit}', met, spread(figure.ours),
            spread(figure.theirs), ratios, figure.note)


def table(lines):
    """Text of lines of cells, in columns as wide as needed."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return '\n'.join('  '.join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


# Where it was measured

def environment(folder):
    """What figures depend on, as a dictionary of texts."""
    here = os.path.dirname(os.path.realpath(__file__))
    processor = fields('/proc/cpuinfo').get('model name', os.uname().machine).strip()
    commit = quiet('git', '-C', here, '-c', 'safe.directory=*', 'describe', '--always', '--dirty').strip()
    return {
        'date': time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime()),
        'commit': commit,
        'machine': f"{os.cpu_count()} × {processor}, {int(fields('/proc/meminfo')['MemTotal'].split()[0]) >> 20} GiB",
        'kernel': os.uname().release,
        'file system': ' '.join(quiet('findmnt', '-n', '-o', 'FSTYPE,OPTIONS', '-T', folder).split()),
    }


class Place:
    """Where a row works: the build, a folder for its data on the disk, one in memory, and data that rows share."""

    def __init__(self, build, shared, pairs=7):
        self.build, self.shared, self.pairs = os.path.abspath(build), os.path.abspath(shared), pairs
        self.ctl = os.path.join(self.build, 'app', 'kindlingctl')
        self.window = os.path.join(self.build, 'app', 'kindling')
        self.sample = os.path.join(self.build, 'data', 'sample', 'boot.wim')
        self.disk = self.memory = None     # set while a row runs

    def data(self, name, make):
        """The path of data that is made once for all rows: make(path) makes a file or a folder of it."""
        path = os.path.join(self.shared, name)
        if not os.path.exists(path):
            with tempfile.TemporaryDirectory(prefix='making-', dir=self.shared) as folder:
                made = os.path.join(folder, name)
                make(made)
                os.rename(made, path)
            os.sync()
        return path

    def image(self, catalog, wim, name='BEN00001'):
        """Imports a WIM file into a new catalog and gives the image's ID."""
        quiet(self.ctl, '--catalog', catalog, 'image', 'import', wim, '--id', name)
        return name


@contextlib.contextmanager
def xfs(place, size=4 << 30):
    """A folder on a new file system that shares extents."""
    disk, mounted = os.path.join(place.disk, 'xfs'), os.path.join(place.disk, 'mounted')
    with open(disk, 'wb') as file:
        file.truncate(size)
    os.mkdir(mounted)
    quiet('mkfs.xfs', '-q', '-m', 'reflink=1', disk)
    quiet('mount', '-o', 'loop', disk, mounted)
    try:
        yield mounted
    finally:
        quiet('umount', mounted)
        os.unlink(disk)
