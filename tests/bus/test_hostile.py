#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program on the bus must not get, try what it may: another one's medium, a secret, a file that is none of its, the
whole machine."""
import os
import select
import socket
import threading
from xml.etree import ElementTree

from gi.repository import Gio, GLib

from bus import CREATOR, IMAGES, IMAGES_PATH, INVALID, NAME, PATH, BusTest, main, pipe, wait_for

PROPERTIES = 'org.freedesktop.DBus.Properties'
INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable'
SECRET = 'correct-horse-battery'
LETTER = 'Dear reader\n' * 9000
# KiB. The address sanitizer keeps what is freed, up to 256 MiB.
MEMORY = (100 << 10) + (256 << 10 if 'ASAN_OPTIONS' in os.environ else 0)


def errors_of(function, *arguments, **options):
    """The name of the error on the bus, or None."""
    try:
        function(*arguments, **options)
    except GLib.Error as error:
        return Gio.DBusError.get_remote_error(error)
    return None


class Hostile(BusTest):
    CLOCK = 5

    def service_environment(self):
        return {**super().service_environment(), 'G_MESSAGES_DEBUG': 'all'}

    def letter(self, *names):
        path = self.path(*names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as out:
            out.write(LETTER)
        return path

    def assert_kept(self, path):
        with open(path) as letter:
            self.assertEqual(letter.read(), LETTER)

    def flood(self, calls, timeout=120_000):
        """All at once; returns the names of the errors of those that failed."""
        left, failed = [len(calls)], []

        def answered(bus, result):
            left[0] -= 1
            try:
                bus.call_with_unix_fd_list_finish(result)
            except GLib.Error as error:
                failed.append(Gio.DBusError.get_remote_error(error))

        for path, interface, method, arguments in calls:
            self.client.bus.call_with_unix_fd_list(NAME, path, interface, method, arguments, None, Gio.DBusCallFlags.NONE,
                                                   timeout, None, None, answered)
        wait_for(lambda: left[0] == 0, 'all answers')
        return failed

    def status(self, name):
        with open(f'/proc/{self.owner()}/status') as status:
            return int(next(line for line in status if line.startswith(name)).split()[1])

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.owner()}/fd'))

    # Another client's creator.

    def test_no_client_reaches_the_creator_of_another(self):
        image, path, other = self.import_good(), PATH + '/mine', self.connect()
        self.client.set('MediaLabel', GLib.Variant('s', 'MINE'), path=path)
        self.client.create('CD', self.slow_path(), image, password=pipe(SECRET.encode()), path=path)
        self.client.wait_for_writing(path)
        self.assertEqual(other.call(CREATOR, 'Cancel', path=path), (0,))
        self.assertEqual((other.get('Status', path=path), other.get('MediaLabel', path=path)), (0, ''))
        other.set('MediaLabel', GLib.Variant('s', 'YOURS'), path=path)
        xml = self.connect().call(INTROSPECTABLE, 'Introspect', path=PATH)[0]
        self.assertEqual([node.get('name') for node in ElementTree.fromstring(xml).findall('node')], [])
        self.assertEqual(self.client.wait(path), (0, '', ''))
        self.assertEqual(self.client.get('MediaLabel', path=path), 'MINE')
        self.assertEqual([s for s in other.signals if s[1] != 'PropertiesChanged' or 'YOURS' not in str(s)], [])

    # Secrets.

    def test_secrets_do_not_come_back(self):
        image, pfx = self.import_good(), self.path('no.pfx')
        with open(pfx, 'wb') as out:
            out.write(b'0\x82' + bytes(500))
        self.client.set('ConnectionOptions', GLib.Variant('h', 0), fds=[pipe(b'Username=a,Password=' + SECRET.encode())])
        for start, certificate in ('', ''), ('', pfx), ('2001-01-31T12:00:00Z', ''):
            self.client.signals.clear()
            self.client.create('CD', self.path('out.iso'), image, password=pipe(SECRET.encode()), certificate=certificate,
                               certificate_password=pipe(SECRET.encode()), end=start)
            self.client.wait()
            self.assertNotIn(SECRET, str(self.client.signals) + str(self.client.get_all()))
        self.client.set('ConnectionOptions', GLib.Variant('h', 0), fds=[pipe(SECRET.encode())])
        self.client.signals.clear()
        self.client.create('CD', self.path('out.iso'), image)
        self.assertEqual(self.client.wait()[0], 0x80040008)
        self.assertNotIn(SECRET, str(self.client.signals) + str(self.client.get_all()))
        self.assertTrue(errors_of(self.client.get, 'ConnectionOptions'))
        with open(f'/proc/{self.owner()}/environ') as environ, open(self.log) as log:
            self.assertNotIn(SECRET, environ.read() + log.read())

    def test_secrets_come_by_descriptor_alone(self):
        image = self.import_good()
        for wrong, value in (('s', SECRET), ('ay', SECRET.encode()), ('as', [SECRET]), ('v', GLib.Variant('s', SECRET)), ('h', 0)):
            self.assertIn('InvalidArgs', errors_of(
                self.client.call, CREATOR, 'CreateBootMedia', f'(sss{wrong}sahssb)', 'CD', self.path('x.iso'), image, value, '',
                [], '', '', True))
        for value in GLib.Variant('s', SECRET), GLib.Variant('ah', []), GLib.Variant('ay', SECRET.encode()):
            self.assertIn('InvalidArgs', errors_of(self.client.set, 'ConnectionOptions', value))
        self.assertFalse(os.path.exists(self.path('x.iso')))

    def test_descriptors_that_never_end(self):
        """A writer that does not stop, one that says a letter and no more, and one that says nothing."""
        image, iso = self.import_good(), self.path('out.iso')
        ours, theirs = os.pipe()
        stop = threading.Event()

        def write():
            while not stop.is_set():
                if select.select([], [theirs], [], .1)[1]:
                    os.write(theirs, b'x' * 4096)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            self.client.create('CD', iso, image, password=ours)
            self.assertEqual(self.client.wait(timeout=20)[0], INVALID)
        finally:
            stop.set()
            writer.join()
        one, two = socket.socketpair()
        two.send(b'x')
        self.client.signals.clear()
        self.client.create('CD', iso, image, password=one.fileno())
        self.assertEqual(self.client.wait(timeout=40)[0], INVALID)

        # Somebody else may read what the program has seen to be there: it must not wait for more.
        ours, theirs = os.pipe()
        self.client.signals.clear()
        self.client.create('CD', iso, image, password=ours)
        self.assertEqual(self.client.wait(timeout=40)[0], INVALID)
        self.assertFalse(os.get_blocking(ours))
        self.assertFalse(os.path.exists(iso))

    def test_descriptors_are_closed(self):
        image = self.import_good()
        self.client.get_all()
        before = self.descriptors()
        for _ in range(60):
            errors_of(self.client.call, CREATOR, 'CreateBootMedia', '(sssahsahssb)', 'CD', 'x', image, [0, 1], '', [0], '', '',
                      True, fds=[pipe(b'a'), pipe(b'b'), pipe(b'c')])
            errors_of(self.client.create, 'CD', '/x.iso', image, password=pipe(b'a'), end='no time')
            errors_of(self.client.call, CREATOR, 'Cancel', fds=[pipe(b'a')])
            errors_of(self.client.call, IMAGES, 'ListImages', path=IMAGES_PATH, fds=[pipe(b'a')])
            errors_of(self.client.set, 'MediaLabel', GLib.Variant('s', 'x'), fds=[pipe(b'a')])
        wait_for(lambda: self.descriptors() <= before + 8, 'descriptors to be closed')

    # Files.

    def test_folder_that_becomes_another(self):
        """While the medium is written, its folder is replaced by a link to one with files that matter."""
        image, letter = self.import_good(), self.letter('precious', 'letter')
        for make, names in ((lambda path: self.client.create('CD', path, image), 'a'),
                            (lambda path: self.export(path), 'b')):
            folder = self.slow_path(names)
            os.mkdir(folder)
            self.client.signals.clear()
            make(os.path.join(folder, 'letter'))
            wait_for(lambda: self.writes(folder), 'the file to be written')
            os.rename(folder, folder + '-away')
            os.symlink(os.path.dirname(letter), folder)
            wait_for(lambda: self.ended(), 'the end')
            self.assert_kept(letter)
            self.assertEqual(os.listdir(os.path.dirname(letter)), ['letter'])

    def test_file_that_appears(self):
        """A letter is put where the medium will be: it is kept, and nothing is left beside it."""
        image = self.import_good()
        for make in lambda path: self.client.create('CD', path, image), self.export:
            path = self.slow_path('letter')
            self.client.signals.clear()
            make(path)
            wait_for(lambda: self.writes(self.slow), 'the file to be written')
            self.letter('slow', 'letter')
            wait_for(lambda: self.ended(), 'the end')
            self.assertIn('is not replaced', str(self.client.signals))
            self.assert_kept(path)
            self.assertEqual(os.listdir(self.slow), ['letter'])
            os.unlink(path)

    def export(self, path):
        def answered(bus, result):
            try:
                bus.call_finish(result)
                message = ''
            except GLib.Error as error:
                message = error.message
            self.client.signals.append((PATH, 'Completed', (0, '', message)))

        self.client.bus.call(NAME, IMAGES_PATH, IMAGES, 'ExportDefaultBootImage', GLib.Variant('(sus)', ('x64', 0, path)),
                             None, Gio.DBusCallFlags.NONE, 60_000, None, answered)

    def ended(self):
        return any(signal[1] == 'Completed' for signal in self.client.signals)

    def writes(self, folder):
        return any(written for _, written in self.open_files(folder))

    def test_paths_that_are_no_files(self):
        """Pipes that nobody writes, endless devices, folders and files of terabytes: an answer, and soon."""
        image, iso = self.import_good(), self.path('out.iso')
        fifo, huge = self.path('fifo'), self.path('huge')
        os.mkfifo(fifo)
        with open(huge, 'wb') as out:
            out.truncate(1 << 40)
        for path in fifo, huge, '/dev/zero', '/dev/stdin', '/proc/self/mem', '/proc/kmsg', self.folder, '/' + 'x' * 300:
            self.assertTrue(errors_of(self.client.create, 'CD', iso, image, certificate=path, run_async=False, timeout=20_000), path)
            self.assertTrue(errors_of(self.client.call, IMAGES, 'GetImageProperties', '(s)', path, path=IMAGES_PATH,
                                      timeout=20_000), path)
            error = errors_of(self.client.create, 'CD', path, image, run_async=False, timeout=20_000)
            self.assertIn('org.kindling.Error', error, path)
            error = errors_of(self.client.call, IMAGES, 'ExportDefaultBootImage', '(sus)', 'x64', 0, path, path=IMAGES_PATH,
                              timeout=20_000)
            self.assertIn('org.kindling.Error', error, path)
        self.client.set('DistributionPoints', GLib.Variant('s', ','.join([fifo, huge, '/dev/zero', '/proc/kmsg', self.folder])))
        errors_of(self.client.create, 'CD', iso, image, run_async=False, timeout=20_000)
        errors_of(self.client.create, 'CD', iso, 'KDL000FF', run_async=False, timeout=20_000)
        self.assertEqual(os.path.getsize(huge), 1 << 40)
        self.assertEqual(self.client.get('Status'), 0)

    # The whole machine.

    def test_ten_thousand_creators(self):
        self.client.set('MediaLabel', GLib.Variant('s', 'x'))
        memory = self.status('VmRSS')
        value = GLib.Variant('s', 'x' * 200)
        failed = self.flood([(f'{PATH}/n{i}', PROPERTIES, 'Set', GLib.Variant('(ssv)', (CREATOR, 'MediaLabel', value)))
                             for i in range(10_000)])
        self.assertEqual((len(failed), set(failed)), (10_000 - 15, {'org.kindling.Error.ERROR_BUSY'}))
        self.assertEqual(self.connect().get('MediaLabel'), '')
        self.assertLess(self.status('VmRSS') - memory, MEMORY)

    def test_giant_messages(self):
        self.client.set('MediaLabel', GLib.Variant('s', 'x'))
        memory, giant = self.status('VmRSS'), 'x' * (8 << 20)
        for method, arguments in (('QueryOSDBinaryInjectionStatus', ('(s)', giant)), ('DeleteContextID', ('(s)', giant)),
                                  ('GetImageProperties', ('(s)', '/' + giant)),
                                  ('ExportDefaultBootImage', ('(sus)', giant, 0, '/x')),
                                  ('ExportDefaultBootImage', ('(sus)', 'x64', 0, '/' + giant))):
            self.assertEqual(errors_of(self.client.call, IMAGES, method, *arguments, path=IMAGES_PATH),
                             'org.kindling.Error.E_INVALIDARG')
        for position in range(1, 3):
            texts = ['CD', '/x.iso', 'KDL00001']
            texts[position] = '/' + giant
            self.assertEqual(errors_of(self.client.create, *texts), 'org.kindling.Error.E_INVALIDARG')
        self.assertLess(self.status('VmRSS') - memory, MEMORY)

    def test_busy_creators(self):
        """More creations than may run: the rest is told to come back, and all end when their client goes."""
        image = self.import_good()
        clients = [self.connect() for _ in range(2)]
        for n, client in enumerate(clients):
            for i in range(12):
                errors_of(client.create, 'CD', self.slow_path(f'{n}-{i}.iso'), image, path=f'{PATH}/n{i}')
        self.assertEqual(errors_of(clients[1].create, 'CD', self.slow_path('x.iso'), image, path=PATH + '/x'),
                         'org.kindling.Error.ERROR_BUSY')
        self.assertEqual(clients[1].get('Status', path=PATH + '/n11'), 0)
        for client in clients:
            client.close()
        wait_for(lambda: self.client.create('CD', self.path('out.iso'), image) == (0,) if self.is_free() else None, 'room again')
        self.assertEqual(self.client.wait()[0], 0)
        self.assertEqual([name for name in os.listdir(self.slow) if not name.endswith('.iso')], [])

    def is_free(self):
        return errors_of(self.client.set, 'MediaLabel', GLib.Variant('s', 'x')) is None

    def test_wrong_calls(self):
        """Every member with every wrong type, at every path: an error of the bus, and the program is still the same."""
        self.client.set('MediaLabel', GLib.Variant('s', 'x'))       # or it ends for want of a client, and another is started
        process = self.owner()
        values = {'s': 'x', 'u': 1, 'as': ['x'], 'ah': [], 'a{sv}': {}, 'v': GLib.Variant('s', 'x'), 'b': True, 'ay': b'x'}
        for path in PATH, IMAGES_PATH, PATH + '/x', PATH + '/x/y', PATH + '/' + 'x' * 65, '/org/kindling/Kindling', '/':
            for interface in CREATOR, IMAGES, PROPERTIES, 'org.kindling.None':
                for method in ('CreateBootMedia', 'ExportDefaultBootImage', 'QueryOSDBinaryInjectionStatus', 'DeleteContextID',
                               'GetImageProperties', 'Get', 'Set', 'None'):
                    for signature in ('()', '(u)', '(sssssssss)', '(asv)', '(a{sv}bay)'):
                        parts = {'()': (), '(u)': ('u',), '(asv)': ('as', 'v'), '(a{sv}bay)': ('a{sv}', 'b', 'ay')}
                        arguments = [values[p] for p in parts.get(signature, ('s',) * 9)]
                        self.assertIn('org.freedesktop.DBus.Error', errors_of(
                            self.client.call, interface, method, signature, *arguments, path=path))
        for handle in -1, 0, 7, 2**31 - 1, -2**31:
            self.assertEqual(errors_of(self.client.set, 'ConnectionOptions', GLib.Variant('h', handle)),
                             'org.kindling.Error.E_INVALIDARG')
        self.assertEqual(self.owner(), process)


if __name__ == '__main__':
    main()
