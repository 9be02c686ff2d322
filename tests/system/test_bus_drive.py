#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program on the session bus wants a stick: only the person at the desktop gives it away. Run by stack.sh and headless.sh, with
kindlingctl as argument, and in the environment KINDLING and KINDLING_SCREENSHOTS."""
import os
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(here, '..', 'display'), os.path.join(here, '..', 'bus')]
CTL = os.path.abspath(sys.argv[1])
import a11y  # noqa: E402
from a11y import button, check, click, key, kids, settle, wait  # noqa: E402
from bus_tree import programs  # noqa: E402
from bus import BUSY, CANCELLED, CREATOR, KINDLING, NAME, Client  # noqa: E402
from gi.repository import Gio, GLib  # noqa: E402
from stick import MOUNT as mount, ntfs, on_volume, plug, run  # noqa: E402

SHOTS = os.environ['KINDLING_SCREENSHOTS']
stick = os.path.join(os.environ['TMPDIR'], 'kindling-stick-a')
ERASE, ADD = ('Erase “Kingston DataTraveler”?', 'Write to “Kingston DataTraveler”?')


def untouched():
    with open(loop, 'rb') as drive:
        return not any(drive.read(16 << 20))


def process():
    """The bus daemon says who has the name; the program is started by hand here."""
    try:
        return Gio.bus_get_sync(Gio.BusType.SESSION).call_sync(
            'org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'GetConnectionUnixProcessID',
            GLib.Variant('(s)', (NAME,)), None, Gio.DBusCallFlags.NONE, -1, None).unpack()[0] == program.pid
    except GLib.Error:
        return False


def start(log, environment):
    global program
    program = subprocess.Popen([KINDLING, '--gapplication-service'], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                               env=environment)
    wait(process, 'program on the bus')
    return program


def question(title=ERASE):
    application = next((a for a in programs() if a.get_process_id() == program.pid), None)
    return next((w for w in kids(application) if w.get_name() == title and not a11y.is_on(w, 'DEFUNCT')),
                None) if application else None


def ask(client):
    client.signals.clear()
    check('the call returns at once', client.create('UFD+FORMAT', loop, image) == (0,))
    return wait(question, 'question')


def ask_to_add(client, destination):
    client.signals.clear()
    client.create('UFD', destination, image)
    return wait(lambda: question(ADD), 'question')


def refused(client, destination, code, what):
    client.signals.clear()
    client.create('UFD', destination, image)
    check(what, client.wait()[0] == code, client.signals[-1:])


def test_files(client):
    """UFD: files on a file system that is there."""
    node = plug('kindling-stick-2', ntfs('MINE'), ntfs('OTHER'))
    volume = node + 'p1'
    on_volume(volume, lambda: open(os.path.join(mount, 'letter'), 'w').write('Dear reader'))

    refused(client, node, 0x80070057, 'of two file systems one has to be named')
    refused(client, mount, 0x80070002, 'where nothing is mounted is told')
    for keys, what in (('Return',), 'Enter says no'), (('Escape',), 'Escape says no'):
        dialog = ask_to_add(client, volume)
        key(*keys)
        check(what, client.wait()[0] == CANCELLED, client.signals[-1:])
        wait(lambda: question(ADD) is None, 'end of the question')
    check('nothing was written', on_volume(volume, lambda: os.listdir(mount)) == ['letter'])

    link = os.path.join(os.environ['HOME'], 'stick')
    os.symlink(volume, link)
    dialog = ask_to_add(client, link)
    said = a11y.all_names(dialog)
    for words in f'(process {os.getpid()})', 'Serial 0002', 'Files of the same names will be replaced', f'{volume} · NTFS “MINE”':
        check(f'the question says “{words}”', words in said, said)
    screenshot('files')
    click(button(dialog, 'Write Files'))
    check('the files are written', client.wait(timeout=120) == (0, '', ''), client.signals[-1:])
    check('other files stay', on_volume(volume, lambda: open(os.path.join(mount, 'letter')).read()) == 'Dear reader')
    check('and the other file system', on_volume(node + 'p2', lambda: os.listdir(mount)) == [])
    said = run(CTL, '--json', 'check', volume)
    check('the medium is complete', '"mismatches":0' in said, said)

    run('mount', '-t', 'ntfs', volume, mount)
    refused(client, os.path.join(mount, 'sources'), 0x80070057, 'a folder inside of the file system is none')
    click(button(ask_to_add(client, mount + '/'), 'Write Files'))
    check('once more where it is mounted', client.wait(timeout=120) == (0, '', ''), client.signals[-1:])
    check('where it stays mounted', os.path.ismount(mount))
    run('umount', mount)

    for make, code, kind in ((('mkfs.fat', '-F', '16', '-s', '16'), 0x8004000A, 'FAT16'), (('mke2fs', '-q', '-F'), 0x8004000B, 'ext4')):
        run(*make, node + 'p2')
        run('udevadm', 'trigger', '--action=change', node + 'p2')
        run('udevadm', 'settle', '--timeout=30')
        click(button(ask_to_add(client, node + 'p2'), 'Write Files'))
        check(f'{kind} is told by its code', client.wait(timeout=120)[0] == code, client.signals[-1:])


def ended(client, code, what):
    check(what, client.wait()[0] == code, client.signals[-1:])
    wait(lambda: question() is None, 'end of the question')
    check('nothing was written', untouched())


def screenshot(name):
    os.makedirs(SHOTS, exist_ok=True)
    settle(.5)
    subprocess.run(['import', '-window', 'root', os.path.join(SHOTS, f'bus-drive-{name}.png')], check=True)


with open(stick, 'wb') as out:
    out.truncate(512 << 20)
loop = run('losetup', '-f', '--show', stick).strip()
run('udevadm', 'trigger', '--action=add', loop)
run('udevadm', 'settle', '--timeout=30')
image = run(CTL, '--quiet', 'image', 'import', '--sample').strip()
with open(os.path.join(os.environ['HOME'], 'log'), 'w+') as log:
    address = os.environ['DBUS_SESSION_BUS_ADDRESS']
    client = Client(address)
    try:
        program = start(log, {name: value for name, value in os.environ.items() if name != 'DISPLAY'})
        client.create('UFD+FORMAT', loop, image)
        check('nobody can be asked without a display', client.wait()[0] == 0x80070005, client.signals[-1:])
        check('nothing was written', untouched())
        program.terminate()
        program.wait(timeout=30)

        program = start(log, os.environ)
        client.signals.clear()
        client.create('UFD', loop + 'p9', image)
        check('a volume that is not there is told', client.wait()[0] == 0x80070002, client.signals[-1:])
        client.signals.clear()

        client.create('UFD+FORMAT', '/dev/null', image)
        check('what is no drive is told without a question', client.wait()[0] == 0x80070002, client.signals[-1:])
        dialog = ask(client)
        said = a11y.all_names(dialog)
        comm = open('/proc/self/comm').read().strip()
        for words in f'“{comm}” (process {os.getpid()})', loop, 'Serial 0001', '536.9\u00a0MB', 'Everything on it will be lost':
            check(f'the question says “{words}”', words in said, said)
        screenshot('question')
        check('waiting for the answer is busy', client.get('Status') == 1)
        check('nothing was written', untouched())
        key('Return')
        ended(client, CANCELLED, 'Enter says no')
        ask(client)
        key('Escape')
        ended(client, CANCELLED, 'Escape says no')

        ask(client)
        client.call(CREATOR, 'Cancel')
        ended(client, CANCELLED, 'the program can only take its wish back')
        goner = Client(address)
        for i in range(6):
            goner.create('UFD+FORMAT', loop, image, path=f'{goner.path}/n{i}')
        for i in 4, 5:
            check('the screen is not buried in questions', goner.wait(f'{goner.path}/n{i}')[0] == BUSY, goner.signals)
        check('four wait for an answer', not [s for s in goner.signals if s[1] == 'Completed' and s[0][-1] in '0123'])
        goner.close()
        wait(lambda: question() is None, 'end of the question of a program that has gone')
        check('nothing was written', untouched())

        dialog = ask(client)
        click(button(dialog, 'Erase and Create'))
        check('the medium is made', client.wait(timeout=120) == (0, '', ''), client.signals[-1:])
        said = run(CTL, '--json', 'check', loop)
        check('and complete', '"mismatches":0' in said, said)
        test_files(client)
        check('the program still runs', program.poll() is None)
    finally:
        program.terminate()
        program.wait(timeout=30)
        log.seek(0)
        said = log.read()
        print(said)
check('the program complained of nothing', 'CRITICAL' not in said)
