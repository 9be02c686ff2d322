# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine, its sticks, and what scenarios ask of both."""
import base64
import contextlib
import hashlib
import re
import subprocess
import threading
import time

from vm import LIMIT, Gone, Stick, Vm

MIB = 1 << 20
STICK_BYTES = 40 * MIB
IMAGE = 'KDL00001'
CATALOG = '/run/kindling/catalog'
PFX = '/run/kindling/media.pfx'
CTL = ['/run/kindling/app/kindlingctl', '--catalog', CATALOG, '--json']
USER = 'nobody'
POLKIT_RULE = '/etc/polkit-1/rules.d/49-test.rules'
UNFINISHED = b'KINDLING: THIS MEDIUM IS UNFINISHED'


class Failed(Exception):
    """A scenario cannot go on; the next one can."""


class Results:
    """The Test Anything Protocol. Several scenarios may run at once; what each has to say comes out together."""

    def __init__(self):
        self.count = 0
        self.lock = threading.Lock()
        self.held = threading.local()

    def say(self, line):
        lines = getattr(self.held, 'lines', None)
        if lines is None:
            print(line, flush=True)
        else:
            lines.append(line)

    @contextlib.contextmanager
    def together(self):
        """What this thread says meanwhile comes out at the end."""
        self.held.lines = []
        try:
            yield
        finally:
            lines, self.held.lines = self.held.lines, None
            with self.lock:
                for line in lines:
                    if isinstance(line, tuple):
                        self.count += 1
                        line = f'{line[0]} {self.count} - {line[1]}'
                    print(line, flush=True)

    def check(self, name, good, *details):
        self.say(('ok' if good else 'not ok', name))
        if not good:
            for detail in details:
                for line in str(detail).splitlines()[-30:]:
                    self.note(line)
        return good

    def note(self, text):
        self.say(f'# {text}')

    def end(self):
        print(f'1..{self.count}', flush=True)


class Bench:
    """The machine, its sticks, and what scenarios ask of both."""

    def __init__(self, folder, kernel, build, results):
        self.folder = folder
        self.build = build
        self.results = results
        self.check = results.check
        system = f'{folder}/system.img'
        make_file(system, 8 * MIB)
        subprocess.run(['mkfs.ext4', '-q', '-F', system], check=True)
        self.vm = Vm(folder, kernel, build, system)
        self.guest = self.vm.guest
        self.udev = self.guest.start('udevadm', 'monitor', '--udev', '--subsystem-match=block')
        self.udev.wait_until(lambda p: 'UDEV - the event' in p.text)
        self.plugged = []
        self.gone_at = 0    # when udev said that a stick was pulled, by the guest's clock
        self.made = 0

    # Sticks.

    def stick(self, serial, **options):
        """A new stick, with something on it that must not get lost; not plugged in."""
        self.made += 1
        path = f'{self.folder}/stick{self.made}.img'
        make_file(path, STICK_BYTES)
        with open(path, 'r+b') as f:
            f.seek(3 * MIB)
            f.write(b'Somebody has need of this.\n' * 1000)
        return Stick(f'stick{self.made}', path, serial, **options)

    def plug(self, stick):
        """Returns its node, once udev knows it; stick.seen_at is when udev said so, by the guest's clock."""
        said = len(self.udev.text)
        self.vm.plug(stick)
        self.plugged.append(stick)
        found = self.udev.wait_until(
            lambda p: re.search(r'^UDEV +\[([0-9.]+)\] add +\S+/block/(sd[a-z]) ', p.text[said:], re.MULTILINE))
        stick.seen_at = float(found[1])
        self.settle()
        return '/dev/' + found[2]

    def pull(self, *sticks):
        for stick in sticks:
            said = len(self.udev.text)
            self.vm.pull(stick)
            self.plugged.remove(stick)
            found = self.udev.wait_until(
                lambda p: re.search(r'^UDEV +\[([0-9.]+)\] remove +\S+/block/sd[a-z] ', p.text[said:], re.MULTILINE))
            self.gone_at = float(found[1])

    def pull_all(self):
        self.pull(*self.plugged)

    def settle(self):
        self.guest.run('udevadm', 'settle')

    def until(self, condition, what, limit=LIMIT):
        end = time.monotonic() + limit
        while not (value := condition()):
            if time.monotonic() > end:
                raise Failed(f'waited for {what}')
            time.sleep(.1)
        return value

    # kindlingctl.

    def ctl(self, *arguments, user=None):
        return self.guest.run(*CTL, *arguments, user=user)

    def import_image(self):
        """With a certificate at hand, so that not each medium needs a new key: that takes seconds in such a machine."""
        pfx = make_pfx(self.folder)
        self.guest.run('mkdir', CATALOG)
        self.guest.shell(f'base64 -d >{PFX} <<END\n{base64.encodebytes(pfx).decode()}END\n')
        imported = self.ctl('image', 'import', '--sample')
        self.guest.run('chown', '-R', USER, CATALOG)
        if imported.status != 0:
            raise Gone(imported.text)

    def create_arguments(self, node, *options):
        return ['create', 'UFD+FORMAT', node, IMAGE, '--certificate', PFX, *options]

    def create(self, node, *options, user=None):
        return self.ctl(*self.create_arguments(node, *options), user=user)

    def drives(self, *options):
        return self.ctl('drive', 'list', *options).objects

    def allow_user(self):
        """Has polkit let the user do all that UDisks2 offers; polkitd watches the folder, and takes its time."""
        self.guest.shell(f'cat >{POLKIT_RULE} <<END\n'
                         'polkit.addRule (function (action, subject) {\n'
                         f"  if (action.id.indexOf ('org.freedesktop.udisks2.') == 0 && subject.user == '{USER}')\n"
                         '    return polkit.Result.YES;\n'
                         '});\nEND')

    def forbid_user(self):
        self.guest.run('rm', POLKIT_RULE)

    def check_refused(self, name, process, status, *texts):
        """It ended with STATUS, and said all of TEXTS."""
        missing = [text for text in texts if text not in process.text]
        return self.check(name, process.status == status and not missing, f'status {process.status}', process.text,
                          *(f'not said: {text}' for text in missing))

    def check_untouched(self, name, stick, before):
        return self.check(name, digest(stick.path) == before, 'the stick has changed')

    def check_medium(self, name, node):
        """The medium's own list agrees, by our own check."""
        process = self.ctl('check', node)
        return self.check(name, process.status == 0 and '"mismatches":0' in process.text, process.text)


def make_file(path, size):
    with open(path, 'wb') as f:
        f.truncate(size)


def make_pfx(folder):
    key, certificate = f'{folder}/key.pem', f'{folder}/certificate.pem'
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-noenc', '-days', '30', '-subj', '/CN=Sticks',
                    '-keyout', key, '-out', certificate], check=True, stderr=subprocess.DEVNULL)
    return subprocess.run(['openssl', 'pkcs12', '-export', '-passout', 'pass:', '-inkey', key, '-in', certificate],
                          check=True, capture_output=True).stdout


def digest(path):
    with open(path, 'rb') as f:
        return hashlib.file_digest(f, 'sha256').hexdigest()


def is_finished(stick):
    """Whether firmware would take it for something that starts: asked of the bytes, not of Kindling."""
    return stick.read(510, 2) == b'\x55\xaa' and stick.read(446, 1) == b'\x80'


def format_fat32(stick):
    """The whole stick is one FAT32 volume, without a partition table."""
    subprocess.run(['mkfs.fat', '-F', '32', '-n', 'MINE', stick.path], check=True, stdout=subprocess.DEVNULL)


def moved_bytes(bench, stick):
    """Written to and read from the stick since it was plugged in."""
    for device in bench.vm.command('query-blockstats'):
        if stick.name in (device.get('qdev') or ''):
            return device['stats']['wr_bytes'], device['stats']['rd_bytes']
    raise Failed(f'no figures of {stick.name}')
