# SPDX-License-Identifier: GPL-3.0-or-later
"""A private session bus that starts the program, and clients on it."""
import os
import subprocess
import sys
import time

from gi.repository import Gio, GLib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'cli'))
import fixtures  # noqa: E402,F401
from command import CommandTest, main  # noqa: E402,F401

KINDLING = os.environ.get('KINDLING', 'kindling')
NAME = 'org.kindling.Kindling'
CREATOR = 'org.kindling.MediaCreator1'
IMAGES = 'org.kindling.BootImages1'
PATH = '/org/kindling/Kindling/MediaCreator'
IMAGES_PATH = '/org/kindling/Kindling/BootImages'
PENDING = 0x8000000A
BUSY = 0x800700AA
CANCELLED = 0x800704C7
INVALID = 0x80070057
# Not ours: a program that ends soon ends while a thread of Pango still reads the fonts.
LEAKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'leaks.supp')


def pipe(data):
    """An end to read from; the other one is closed."""
    ours, theirs = os.pipe()
    os.write(theirs, data)
    os.close(theirs)
    return ours


class Daemon:
    """A bus of its own, at self.address."""

    def __init__(self, environment=None):
        self.process = subprocess.Popen(['dbus-daemon', '--session', '--nofork', '--print-address'], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        env=environment)
        self.address = self.process.stdout.readline().strip()

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()


def connect(address):
    flags = Gio.DBusConnectionFlags
    bus = Gio.DBusConnection.new_for_address_sync(
        address, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
    bus.set_exit_on_close(False)
    return bus


class Client:
    """A connection of its own."""

    def __init__(self, address, path=PATH):
        self.bus = connect(address)
        self.path = path
        self.signals = []          # (path, name, parameters), in the order they came
        for interface in CREATOR, 'org.freedesktop.DBus.Properties':
            self.bus.signal_subscribe(NAME, interface, None, None, None, Gio.DBusSignalFlags.NONE, self._signal)

    def _signal(self, connection, sender, path, interface, name, parameters):
        self.signals.append((path, name, parameters.unpack()))

    def call(self, interface, method, signature='()', *arguments, fds=(), path=None, timeout=60_000):
        fd_list = Gio.UnixFDList.new_from_array([os.dup(fd) for fd in fds]) if fds else None
        reply, _ = self.bus.call_with_unix_fd_list_sync(
            NAME, path or self.path, interface, method, GLib.Variant(signature, arguments), None,
            Gio.DBusCallFlags.NONE, timeout, fd_list, None)
        return reply.unpack()

    def get(self, name, **options):
        return self.call('org.freedesktop.DBus.Properties', 'Get', '(ss)', CREATOR, name, **options)[0]

    def get_all(self, **options):
        return self.call('org.freedesktop.DBus.Properties', 'GetAll', '(s)', CREATOR, **options)[0]

    def set(self, name, value, **options):
        return self.call('org.freedesktop.DBus.Properties', 'Set', '(ssv)', CREATOR, name, value, **options)

    def create(self, media_type, destination, image_id, password=None, certificate='', certificate_password=None,
               start='', end='', run_async=True, **options):
        fds = [fd for fd in (password, certificate_password) if fd is not None]
        return self.call(CREATOR, 'CreateBootMedia', '(sssahsahssb)', media_type, destination, image_id,
                         [] if password is None else [0], certificate,
                         [] if certificate_password is None else [len(fds) - 1], start, end, run_async, fds=fds, **options)

    def wait(self, path=None, timeout=60):
        """Until Completed has come; returns its parameters."""
        return wait_for(lambda: next((s[2] for s in self.signals if s[1] == 'Completed' and s[0] == (path or self.path)),
                                     None), 'Completed', timeout)

    def wait_for_writing(self, path=None):
        """Until the creation has come to the step that writes."""
        wait_for(lambda: self.get('StepInfo', path=path).startswith('Writing'), 'a step that writes')

    def close(self):
        self.bus.close_sync(None)


def wait_for(condition, what, timeout=60):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        while GLib.MainContext.default().pending():
            GLib.MainContext.default().iteration(False)
        result = condition()
        if result:
            return result
        time.sleep(.02)
    raise AssertionError(f'no {what} within {timeout} s')


class BusTest(CommandTest):
    """A bus that starts the program when it is called; no display. Files that it writes into self.slow take a while."""
    CLOCK = 1           # how quickly time passes for the program
    SLOW_RATE = 6       # MiB a second

    def setUp(self):
        super().setUp()
        self.catalog = self.path('data', 'kindling', 'catalog')
        services = self.path('data', 'dbus-1', 'services')
        os.makedirs(services)
        self.log = self.path('kindling.log')
        self.slow = self.path('slow')
        os.mkdir(self.slow)
        script = self.path('start')
        self.write_script(script, self.service_environment())
        with open(os.path.join(services, NAME + '.service'), 'w') as out:
            out.write(f'[D-BUS Service]\nName={NAME}\nExec={script}\n')
        self.daemon = Daemon(self.environment())
        self.addCleanup(self.end_bus)
        self.address = self.daemon.address
        self.clients = []
        self.client = self.connect()

    def environment(self):
        environment = {**super().environment(), 'GSETTINGS_BACKEND': 'memory', 'GIO_USE_VFS': 'local',
                       'XDG_RUNTIME_DIR': self.folder, 'XDG_CONFIG_HOME': self.path('config')}
        for name in 'DISPLAY', 'WAYLAND_DISPLAY', 'DBUS_SESSION_BUS_ADDRESS':
            environment.pop(name, None)
        if hasattr(self, 'address'):
            environment['DBUS_SESSION_BUS_ADDRESS'] = self.address
        return environment

    def write_script(self, script, environment):
        with open(script, 'w') as out:
            out.write('#!/bin/sh\nexport ' + ' '.join(f'{name}="{value}"' for name, value in environment.items())
                      + f'\nexec "{KINDLING}" --gapplication-service >>"{self.log}" 2>&1\n')
        os.chmod(script, 0o755)

    def service_environment(self):
        """Of the program alone."""
        return {'LD_PRELOAD': os.environ['KINDLING_SLOW_DISK'] + ' ' + os.environ['KINDLING_FAST_CLOCK'],
                'SLOW_FOLDER': self.slow, 'SLOW_RATE': self.SLOW_RATE, 'SLOW_STREAMS': 1, 'FAST_CLOCK': self.CLOCK,
                # The suppressions name functions, which only whole stacks have.
                'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0:fast_unwind_on_malloc=0',
                'LSAN_OPTIONS': f'suppressions={LEAKS}:print_suppressions=0'}

    def slow_path(self, name='out.iso'):
        return os.path.join(self.slow, name)

    def connect(self, path=PATH):
        self.clients.append(Client(self.address, path))
        return self.clients[-1]

    def end_bus(self):
        for client in self.clients:
            if not client.bus.is_closed():
                client.close()
        self.daemon.end()
        with open(self.log) if os.path.exists(self.log) else open(os.devnull) as log:
            said = log.read()
        self.assertNotIn('CRITICAL', said)
        self.assertNotIn('ERROR: ', said)
        self.assertNotIn('runtime error', said)

    def owner(self):
        """Process of the program, or None; does not start it."""
        call = ('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus')
        try:
            return self.client.bus.call_sync(*call, 'GetConnectionUnixProcessID', GLib.Variant('(s)', (NAME,)), None,
                                             Gio.DBusCallFlags.NONE, -1, None).unpack()[0]
        except GLib.Error:
            return None

    def open_files(self, folder):
        """The folder and those in it that the program has open, each with whether it may write."""
        fds, found = f'/proc/{self.owner()}/fd', []
        for fd in os.listdir(fds):
            try:
                path = os.readlink(os.path.join(fds, fd))
                with open(f'{fds}info/{fd}') as info:
                    flags = int(next(line for line in info if line.startswith('flags')).split()[1], 8)
            except OSError:
                continue            # closed meanwhile
            if (path + '/').startswith(folder + '/'):
                found.append((path, flags & os.O_ACCMODE != os.O_RDONLY))
        return found

    def assert_error(self, symbol, words, function, *arguments, **options):
        with self.assertRaises(GLib.Error) as caught:
            function(*arguments, **options)
        self.assertEqual(Gio.DBusError.get_remote_error(caught.exception), 'org.kindling.Error.' + symbol)
        self.assertRegex(caught.exception.message, r'0x8[0-9A-F]{7}: ')
        self.assertIn(words, caught.exception.message)
