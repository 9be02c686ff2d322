#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""USB sticks that are really plugged in, written, pulled and plugged in again, in a virtual machine with the real
udev, UDisks2, polkit and file systems: test_sticks.py KERNEL-FOLDER BUILD-FOLDER [SCENARIO…]

One machine for all scenarios; what stands in a stick's file is looked at from outside. Needs root, to show the machine
all files of this system; anybody else must be allowed to use sudo without a password."""
import base64
import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from counterfeit import Counterfeit
from vm import LIMIT, Gone, Stick, Vm

MIB = 1 << 20
STICK_BYTES = 40 * MIB
IMAGE = 'KDL00001'
CATALOG = '/run/kindling/catalog'
PFX = '/run/kindling/media.pfx'
CTL = ['/run/kindling/app/kindlingctl', '--catalog', CATALOG, '--json']
USER = 'nobody'
QEMU = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'boot', 'qemu.sh')
HOLIDAY = b'Two weeks by the sea.\n' * 5000
UNFINISHED = b'KINDLING: THIS MEDIUM IS UNFINISHED'

# What is promised, seconds.
SHOWN_WITHIN = .3
ENDS_WITHIN = 2


class Failed(Exception):
    """A scenario cannot go on; the next one can."""


class Results:
    """The Test Anything Protocol."""

    def __init__(self):
        self.count = 0

    def check(self, name, good, *details):
        self.count += 1
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        if not good:
            for detail in details:
                for line in str(detail).splitlines()[-30:]:
                    print('#', line, flush=True)
        return good

    def note(self, text):
        print('#', text, flush=True)

    def end(self):
        print(f'1..{self.count}', flush=True)


class Bench:
    """The machine, its sticks, and what scenarios ask of both."""

    def __init__(self, folder, kernel, build, results):
        self.folder = folder
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


# Scenarios.

def see_plug(bench, stick):
    """Plugs STICK while the drives are watched. Returns the event, how long after udev's it came, and all events."""
    watch = bench.guest.start(*CTL, 'drive', 'watch', '--all')
    watch.wait_until(lambda p: p.objects)       # the system's disk: from now on it listens
    bench.plug(stick)
    event = watch.wait_until(lambda p: p.objects[1:])[0]
    bench.pull(stick)
    watch.wait_until(lambda p: p.objects[-1]['event'] == 'remove')
    watch.signal(signal.SIGTERM)
    watch.wait()
    return event, event['at'] - stick.seen_at, [e['event'] for e in watch.objects[1:]]


def plugged_stick_is_shown(bench):
    stick = bench.stick('KINDLING01')
    for _ in range(3):      # so that a machine with much else to do gets a second chance
        event, delay, events = see_plug(bench, stick)
        if delay <= SHOWN_WITHIN:
            break
    bench.check("shown within 300 ms of udev's event", delay <= SHOWN_WITHIN, f'{delay:.3f} s')
    bench.results.note(f'{delay * 1000:.0f} ms')
    expected = {'event': 'add', 'vendor': 'QEMU', 'model': 'QEMU HARDDISK', 'serial': 'KINDLING01', 'bus': 'usb',
                'size': STICK_BYTES, 'removable': True, 'read-only': False, 'refused': None}
    found = {key: event.get(key) for key in expected}
    bench.check('shown with vendor, model, serial number, bus and size', found == expected, found)
    bench.check('shown with the port', '-usb-0:' in (event['port'] or ''), event['port'])
    bench.check('and gone when it is pulled', events[-1] == 'remove' and events.count('add') == 1, events)

    node = bench.plug(stick)
    listed = bench.drives()
    bench.check('the stick alone is offered', [drive['path'] for drive in listed] == [node], listed)
    refused = {drive['path']: drive['refused-code'] for drive in bench.drives('--all')}
    bench.check("the system's disk is refused", refused.get('/dev/vda') == 'system', refused)
    bench.check_refused("nothing is made on the system's disk", bench.create('/dev/vda', '--yes', '--allow-fixed'), 1,
                        'It holds “/boot” of the running system')


def written_stick_comes_back(bench):
    stick, other = bench.stick('KINDLING02'), bench.stick('KINDLING03')
    first = bench.plug(stick)
    made = bench.ctl('create', 'UFD+FORMAT', first, IMAGE, '--yes')     # with a certificate of its own
    bench.check('made as root', made.status == 0 and '"verified":true' in made.text, made.text)
    bench.check('it looks like something that starts', is_finished(stick))
    bench.pull(stick)

    bench.plug(other)
    second = bench.plug(stick)
    bench.check('plugged in again under another name', second != first, second)
    bench.check_medium('check finds all files as they should be', second)
    bench.settle()
    mounted = bench.guest.shell(f'mkdir -p /mnt/a && mount -t vfat -o ro {second}1 /mnt/a && grep /mnt/a /proc/mounts')
    bench.check("the kernel's FAT driver mounts it", mounted.status == 0, mounted.text)
    summed = bench.guest.shell("cd /mnt/a && sed -n 's,^file=\\([0-9a-f]*\\) [0-9]* /\\(.*\\),\\1  \\2,p' kindling.manifest"
                               ' | tee /tmp/sums | sha256sum -c --quiet && wc -l </tmp/sums')
    bench.check('sha256sum agrees with the list on it', summed.status == 0 and int(summed.text) > 5, summed.text)
    bench.guest.run('umount', '/mnt/a')

    # What the checks before are worth.
    bench.pull(stick)
    damage(stick)
    node = bench.plug(stick)
    bench.check_refused('check finds a byte that has changed', bench.ctl('check', node), 31, '"mismatches":1')


def damage(stick):
    """Changes a byte within the largest file, the boot image."""
    data = stick.read()
    at = data.index(b'MSWIM\0\0\0', MIB) + 64 * 1024
    with open(stick.path, 'r+b') as f:
        f.seek(at)
        f.write(bytes([data[at] ^ 1]))


def user_goes_through_polkit(bench):
    stick = bench.stick('KINDLING04')
    node = bench.plug(stick)
    before = digest(stick.path)
    arguments = [*CTL, *bench.create_arguments(node, '--expect-serial', 'KINDLING04')]

    bench.check('the user may not open the node', bench.guest.run('head', '-c1', node, user=USER).status != 0)
    bench.check_refused('polkit denies', bench.guest.run(*arguments, user=USER), 1, 'E_ACCESSDENIED', f'Opening “{node}”')
    bench.check_untouched('denied, and untouched', stick, before)
    dismissed = bench.guest.run('/usr/bin/python3', '/tests/dismiss.py', *arguments, user=USER)
    bench.check_refused('the question is dismissed', dismissed, 3, 'asked: Authentication is required',
                        'the question was dismissed')
    bench.check_untouched('dismissed, and untouched', stick, before)

    bench.guest.shell('cat >/etc/polkit-1/rules.d/49-test.rules <<END\n'
                      'polkit.addRule (function (action, subject) {\n'
                      "  if (action.id.indexOf ('org.freedesktop.udisks2.') == 0 && subject.user == 'nobody')\n"
                      '    return polkit.Result.YES;\n'
                      '});\nEND')
    # polkitd watches the folder, and takes its time.
    made = bench.until(lambda: (p := bench.guest.run(*arguments, user=USER)).status != 1 and p, 'permission')
    bench.check('polkit allows: the user makes the medium', made.status == 0 and '"verified":true' in made.text, made.text)
    bench.check_medium('the medium of the user is whole', node)
    bench.guest.run('rm', '/etc/polkit-1/rules.d/49-test.rules')


def automounter_does_not_get_in(bench):
    """Something mounts every partition that shows up, before, while and after the stick is written."""
    stick = bench.stick('KINDLING05')
    format_fat32(stick)
    node = bench.plug(stick)
    automounter = bench.guest.start('bash', '-c', 'while :; do for p in /dev/sd?[0-9] /dev/sd?; do '
                                    '[ ! -b $p ] || udisksctl mount --no-user-interaction -b $p; done; sleep .1; done')
    automounter.wait_until(lambda p: f'Mounted {node}' in p.text)
    earlier = automounter.text.count('Mounted ')
    made = bench.create(node, '--yes')
    bench.check('made while an automounter runs', made.status == 0 and '"verified":true' in made.text, made.text)
    bench.check('the automounter mounted it before', earlier >= 1)
    after = automounter.wait_until(lambda p: [at for text, at in p.lines if text.startswith(f'Mounted {node}1 ')])
    bench.check('and again only when it was done', after and after[0] >= made.lines[-1][1] - .5, automounter.text)
    automounter.signal(signal.SIGKILL)
    automounter.wait()
    bench.check_medium('what was written is whole', node)
    bench.guest.run('umount', '-l', f'{node}1')


def format_fat32(stick):
    """The whole stick is one FAT32 volume, without a partition table."""
    subprocess.run(['mkfs.fat', '-F', '32', '-n', 'MINE', stick.path], check=True, stdout=subprocess.DEVNULL)


def moved_bytes(bench, stick):
    """Written to and read from the stick since it was plugged in."""
    for device in bench.vm.command('query-blockstats'):
        if stick.name in (device.get('qdev') or ''):
            return device['stats']['wr_bytes'], device['stats']['rd_bytes']
    raise Failed(f'no figures of {stick.name}')


def pull_at(bench, share):
    """Pulls the stick when SHARE of what has to be written is on it."""
    stick = bench.stick('KINDLING06', bytes_per_second=4 * MIB)
    node = bench.plug(stick)
    job = bench.guest.start(*CTL, *bench.create_arguments(node, '--yes'))
    before, _ = moved_bytes(bench, stick)
    writing = job.wait_until(lambda p: [o for o in p.objects if o['total-bytes'] > MIB])
    if not writing:
        raise Failed(job.text)
    goal = before + share * (MIB + writing[0]['total-bytes'])
    bench.until(lambda: moved_bytes(bench, stick)[0] >= goal, f'{share:.0%} to be written')
    bench.pull(stick)
    job.wait()
    return stick, job


def pulled_while_read_back(bench):
    """What makes a stick start is written when all the rest has been read back."""
    stick = bench.stick('KINDLING09', bytes_per_second=4 * MIB)
    node = bench.plug(stick)
    job = bench.guest.start(*CTL, *bench.create_arguments(node, '--yes'))
    if not job.wait_until(lambda p: [o for o in p.objects if o.get('info', '').startswith('Reading')]):
        raise Failed(job.text)
    _, before = moved_bytes(bench, stick)
    bench.until(lambda: moved_bytes(bench, stick)[1] > before, 'some of it to be read')
    bench.pull(stick)
    job.wait()
    bench.check_refused('pulled while read back: said so', job, 1, 'ERROR_NOT_READY', 'is unfinished and does not start any more')
    bench.check('pulled while read back: nothing that firmware would start', not is_finished(stick), stick.read(0, 512))


def pulled_stick_is_unfinished(bench):
    for share in (.1, .5, .99):
        name = f'pulled at {share:.0%}'
        stick, job = pull_at(bench, share)
        bench.check_refused(f'{name}: said so', job, 1, 'ERROR_NOT_READY', 'is unfinished and does not start any more')
        delay = job.ended_at - bench.gone_at
        bench.check(f'{name}: ended soon', delay < ENDS_WITHIN, f'{delay:.2f} s')
        bench.results.note(f'ended after {delay:.2f} s')
        bench.check(f'{name}: nothing that firmware would start', not is_finished(stick) and UNFINISHED in stick.read(0, 512),
                    stick.read(0, 512))
        node = bench.plug(stick)
        bench.check_refused(f'{name}: recognised when it comes back', bench.ctl('inspect', node), 1, 'unfinished medium')
        if share == .5:
            bench.check_refused(f'{name}: also by a user who may not read it', bench.ctl('inspect', node, user=USER), 1,
                                'unfinished medium')
        bench.pull(stick)
    # What the checks before are worth: the same stick, this time left alone.
    stick.bytes_per_second = 0
    node = bench.plug(stick)
    made = bench.create(node, '--yes')
    bench.check('made on the stick that was pulled', made.status == 0 and is_finished(stick), made.text)


def busy_stick_is_left_alone(bench):
    stick = bench.stick('KINDLING07')
    format_fat32(stick)
    node = bench.plug(stick)
    bench.guest.run('udisksctl', 'mount', '-b', node)
    user = bench.guest.start('bash', '-c', f'cd "$(findmnt -no TARGET {node})" && sync && echo $$ && exec sleep 600')
    user.wait_until(lambda p: p.lines)
    before = digest(stick.path)
    bench.check_refused('in use: refused, and by whom', bench.create(node, '--yes'), 1, 'ERROR_DEVICE_IN_USE',
                        f'sleep (PID {user.lines[0][0]})', '/media/')
    bench.check_untouched('in use: nothing written', stick, before)
    user.signal(signal.SIGKILL)
    user.wait()
    made = bench.create(node, '--yes')
    bench.check('no longer in use: made', made.status == 0 and is_finished(stick), made.text)


def of_two_alike_the_right_one(bench):
    first, second = bench.stick('KINDLING08'), bench.stick('KINDLING09')
    bench.plug(first)
    node = bench.plug(second)
    before = digest(first.path)
    bench.check_refused("the other's serial number is refused",
                        bench.create(node, '--expect-serial', 'KINDLING08'), 1, 'ERROR_WRONG_DISK', 'KINDLING09')
    made = bench.create(node, '--expect-serial', 'KINDLING09')
    bench.check('two of a kind: the right one is written', made.status == 0 and is_finished(second), made.text)
    bench.check_untouched('two of a kind: the other one is not', first, before)
    bench.pull_all()

    first, second = bench.stick('SAME'), bench.stick('SAME')
    node = bench.plug(first)
    bench.plug(second)
    before = digest(second.path)
    made = bench.create(node, '--expect-serial', 'SAME')
    bench.check('the same serial number: the right one is written', made.status == 0 and is_finished(first), made.text)
    bench.check_untouched('the same serial number: the other one is not', second, before)
    ports = {drive['port'] for drive in bench.drives()}
    bench.check('the same serial number: told apart by port', len(ports) == 2, ports)


def replaced_stick_is_not_written(bench):
    chosen, other = bench.stick('KINDLING10'), bench.stick('KINDLING11')
    node = bench.plug(chosen)
    before = digest(chosen.path), digest(other.path)
    job = bench.guest.start(*(argument for argument in CTL if argument != '--json'),
                            'create', 'UFD+FORMAT', node, IMAGE, terminal=True)
    job.wait_until(lambda p: 'Type “yes”' in p.text)
    bench.check('the question names the stick', 'serial number KINDLING10' in job.text, job.text)
    bench.pull(chosen)
    same = bench.plug(other)
    bench.check('another stick has its name', same == node, same)
    job.input('yes\n')
    job.wait()
    bench.check_refused('the other one is refused, and both are named', job, 1, 'KINDLING10', 'KINDLING11')
    bench.check('neither is written', before == (digest(chosen.path), digest(other.path)))


def read_only_stick_is_refused(bench):
    stick = bench.stick('KINDLING12', read_only=True)
    node = bench.plug(stick)
    before = digest(stick.path)
    drives = bench.drives('--all')
    found = [(drive['refused-code'], drive['refused']) for drive in drives if drive['path'] == node]
    bench.check('write-protected: listed with the reason', found == [('read-only', 'It is write-protected')], drives)
    bench.check('write-protected: not offered', not bench.drives())
    bench.check_refused('write-protected: refused', bench.create(node, '--yes'), 1, 'write-protected')
    bench.check_untouched('write-protected: untouched', stick, before)


def bad_sector_is_named(bench):
    at = 4 * MIB + 64 * 1024
    bad = {'driver': 'blkdebug',
           'inject-error': [{'event': 'none', 'iotype': 'write', 'sector': at // 512, 'errno': 5, 'once': False}]}
    stick = bench.stick('KINDLING13', filters=[bad])
    node = bench.plug(stick)
    failed = bench.create(node, '--yes')
    bench.check_refused('bad sector: the place and the state are named', failed, 1, 'ERROR_IO_DEVICE',
                        f'Cannot write “{node}” at byte', 'is unfinished and does not start any more')
    named = int(re.search(r'at byte (\d+)', failed.text + 'at byte 0')[1])
    bench.check('bad sector: within the block that was written', named <= at < named + 4 * MIB, named)
    bench.check('bad sector: nothing that firmware would start', not is_finished(stick))
    bench.check_refused('bad sector: recognised as unfinished', bench.ctl('inspect', node), 1, 'unfinished medium')


def counterfeit_stick_is_found(bench):
    liar = Counterfeit(f'{bench.folder}/liar.sock', STICK_BYTES, 24 * MIB)
    stick = bench.stick('KINDLING14', memory=liar.node)
    node = bench.plug(stick)
    bench.check_refused('holds less than it says: found', bench.create(node, '--yes'), 1, 'KINDLING_E_CAPACITY', node)
    bench.check('holds less than it says: nothing that firmware would start', liar.memory[510:512] != b'\x55\xaa')
    bench.pull(stick)
    liar.holds = STICK_BYTES
    node = bench.plug(stick)
    made = bench.create(node, '--yes')
    bench.check('the same stick, honest: made', made.status == 0 and liar.memory[510:512] == b'\x55\xaa', made.text)


def one_of_two_is_pulled(bench):
    slow, other = bench.stick('KINDLING15', bytes_per_second=2 * MIB), bench.stick('KINDLING16')
    first, second = bench.plug(slow), bench.plug(other)
    job = bench.guest.start(*CTL, 'create', 'UFD+FORMAT', first, second, IMAGE, '--certificate', PFX,
                            '--expect-serial', 'KINDLING15,KINDLING16')
    before, _ = moved_bytes(bench, slow)
    bench.until(lambda: moved_bytes(bench, slow)[0] >= before + 3 * MIB, 'half of it to be written')
    bench.pull(slow)
    job.wait()
    ends = {o['target']: o for o in job.objects if o['event'] in ('done', 'error') and 'target' in o}
    bench.check('two at once: the status is that of the one that was pulled', job.status == 1, job.status, job.text)
    bench.check('two at once: the pulled one is named', ends[first].get('code') == 'ERROR_NOT_READY', ends)
    bench.check('two at once: the other is made and read back', ends[second].get('verified') is True, ends)
    bench.check('two at once: only the other one would start', is_finished(other) and not is_finished(slow))
    bench.check_medium('two at once: the other one is whole', second)


def files_join_those_on_fat32(bench):
    stick = bench.stick('KINDLING17')
    format_fat32(stick)
    subprocess.run(['mcopy', '-i', stick.path, '-', '::HOLIDAY.TXT'], input=HOLIDAY, check=True)
    node = bench.plug(stick)
    made = bench.ctl('create', 'UFD', node, IMAGE, '--certificate', PFX)
    bench.check('FAT32: the files are on it', made.status == 0 and '"verified":true' in made.text, made.text)
    mounted = bench.guest.shell(f'grep "^{node} " /proc/mounts')
    bench.check('FAT32: unmounted again', mounted.status != 0, mounted.text)
    bench.pull(stick)
    kept = subprocess.run(['mtype', '-i', stick.path, '::HOLIDAY.TXT'], capture_output=True)
    bench.check("FAT32: the user's file is as it was", kept.stdout == HOLIDAY, kept.stderr)
    clean = subprocess.run(['fsck.fat', '-n', stick.path], capture_output=True, text=True)
    bench.check('FAT32: fsck.fat is content', clean.returncode == 0, clean.stdout)
    node = bench.plug(stick)
    bench.check_medium('FAT32: whole when it comes back', node)


def files_join_those_on_ntfs(bench):
    stick = bench.stick('KINDLING18')
    subprocess.run(['mkntfs', '-q', '-F', stick.path], check=True, stderr=subprocess.DEVNULL)
    holiday = f'{bench.folder}/holiday.txt'
    with open(holiday, 'wb') as f:
        f.write(HOLIDAY)
    subprocess.run(['ntfscp', '-q', stick.path, holiday, 'holiday.txt'], check=True, stdout=subprocess.DEVNULL)
    node = bench.plug(stick)
    made = bench.ctl('create', 'UFD', node, IMAGE, '--certificate', PFX)
    bench.check('NTFS: the files are on it', made.status == 0 and '"verified":true' in made.text, made.text)
    bench.pull(stick)
    kept = subprocess.run(['ntfscat', stick.path, 'holiday.txt'], capture_output=True)
    bench.check("NTFS: the user's file is as it was", kept.stdout == HOLIDAY, kept.stderr)
    node = bench.plug(stick)
    bench.check_medium('NTFS: whole when it comes back', node)


def partition(bench, stick, number, format):
    """Gives the stick one partition of type NUMBER, from the first MiB to the end, that FORMAT has made."""
    subprocess.run(['sfdisk', '-q', stick.path], input=f'label: dos\nstart=2048, type={number}\n', text=True, check=True)
    part = f'{bench.folder}/part.img'
    make_file(part, STICK_BYTES - MIB)
    subprocess.run([*format, part], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(['dd', f'if={part}', f'of={stick.path}', 'bs=1M', 'seek=1', 'conv=notrunc', 'status=none'], check=True)
    os.unlink(part)


def check_start(bench, name, firmware, stick, line):
    """Real firmware gets so far that the sample image says LINE."""
    log = f'{stick.path}.{firmware}'
    booted = subprocess.run(['bash', QEMU, firmware, f'usb:{stick.path}', re.escape(line), log, '240'])
    with open(log, errors='replace') as f:
        bench.check(name, booted.returncode == 0, f.read()[-2000:])


def joined_files_start(bench):
    """Beside files on a volume that was there stands start code, on request."""
    bios_line = 'KINDLING SAMPLE: PASS (BIOS, loaded whole, DL=80)'
    uefi_line = 'KINDLING SAMPLE: PASS (UEFI x64, FAT volume, manifest agrees)'
    for kind, number, format in (('FAT32', 'c', ['mkfs.fat', '-F', '32', '-h', '2048']),
                                 ('NTFS', '7', ['mkntfs', '-q', '-F', '-p', '2048'])):
        stick = bench.stick(f'KINDLING-{kind}')
        partition(bench, stick, number, format)
        node = bench.plug(stick)
        made = bench.ctl('create', 'UFD', f'{node}1', IMAGE, '--certificate', PFX, '--bios-start')
        bench.check(f'{kind} with start code: made', made.status == 0 and '"bios":true' in made.text, made.text)
        bench.pull(stick)
        check_start(bench, f'{kind} with start code: starts on BIOS', 'seabios', stick, bios_line)
        if kind == 'FAT32':
            check_start(bench, f'{kind}: starts on UEFI', 'ovmf', stick, uefi_line)


def fat16_is_refused(bench):
    stick = bench.stick('KINDLING19')
    subprocess.run(['mkfs.fat', '-F', '16', stick.path], check=True, stdout=subprocess.DEVNULL)
    before = digest(stick.path)
    node = bench.plug(stick)
    bench.check_refused('FAT16: refused', bench.ctl('create', 'UFD', node, IMAGE, '--certificate', PFX), 20,
                        'CREATETSMEDIA_E_UFD_FS_FAT16', '0x8004000A')
    bench.check_untouched('FAT16: untouched', stick, before)


def pulled_volume_keeps_its_files(bench):
    stick = bench.stick('KINDLING20', bytes_per_second=2 * MIB)
    format_fat32(stick)
    subprocess.run(['mcopy', '-i', stick.path, '-', '::HOLIDAY.TXT'], input=HOLIDAY, check=True)
    node = bench.plug(stick)
    before, _ = moved_bytes(bench, stick)
    job = bench.guest.start(*CTL, 'create', 'UFD', node, IMAGE, '--certificate', PFX)
    bench.until(lambda: moved_bytes(bench, stick)[0] >= before + 2 * MIB, 'some of it to be written')
    bench.pull(stick)
    job.wait()
    bench.check('FAT32, pulled: said so', job.status == 1 and '"event":"error"' in job.text, job.status, job.text)
    kept = subprocess.run(['mtype', '-i', stick.path, '::HOLIDAY.TXT'], capture_output=True)
    bench.check("FAT32, pulled: the user's file is as it was", kept.stdout == HOLIDAY, kept.stderr)
    listed = subprocess.run(['mdir', '-i', stick.path, '-b', '-/', '::'], capture_output=True, text=True)
    bench.check('FAT32, pulled: nothing that firmware would start', 'bootx64.efi' not in listed.stdout.lower(), listed.stdout)


SCENARIOS = [
    plugged_stick_is_shown,
    written_stick_comes_back,
    user_goes_through_polkit,
    automounter_does_not_get_in,
    pulled_stick_is_unfinished,
    pulled_while_read_back,
    busy_stick_is_left_alone,
    of_two_alike_the_right_one,
    replaced_stick_is_not_written,
    read_only_stick_is_refused,
    bad_sector_is_named,
    counterfeit_stick_is_found,
    one_of_two_is_pulled,
    files_join_those_on_fat32,
    files_join_those_on_ntfs,
    joined_files_start,
    fat16_is_refused,
    pulled_volume_keeps_its_files,
]


def become_root():
    if os.geteuid() == 0:
        return
    if subprocess.run(['sudo', '-n', 'true'], stderr=subprocess.DEVNULL).returncode != 0:
        sys.exit('Bail out! the system suite needs root: run it as root, or allow sudo without a password')
    os.execvp('sudo', ['sudo', '-n', sys.executable, '-B', *sys.argv])


def main(kernel, build, *names):
    become_root()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    if not os.path.exists(f'{kernel}/initrd'):
        sys.exit(f'Bail out! there is no kernel for the virtual machine; tests/vm/make-kernel.sh {kernel} fetches it')
    results = Results()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='kindling-vm-') as folder:
        bench = None
        try:
            bench = Bench(folder, kernel, build, results)
            results.note(f'the machine is ready after {time.monotonic() - started:.0f} s')
            bench.import_image()
            for scenario in [s for s in SCENARIOS if not names or s.__name__ in names]:
                begun = time.monotonic()
                try:
                    scenario(bench)
                except (Failed, RuntimeError, LookupError, TypeError):
                    results.check(scenario.__name__.replace('_', ' '), False, traceback.format_exc())
                bench.pull_all()
                results.note(f'{scenario.__name__}: {time.monotonic() - begun:.1f} s')
        except Gone as error:
            print(f'Bail out! {error}')
            for log in ('qemu.log', 'serial.log'):
                with open(f'{folder}/{log}', errors='replace', encoding='utf-8') as f:
                    for line in f.read().splitlines()[-40:]:
                        print('#', line)
            return 1
        finally:
            if bench:
                bench.vm.end()
    results.note(f'{time.monotonic() - started:.0f} s in all')
    results.end()
    return 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
