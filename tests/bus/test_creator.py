#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""org.kindling.MediaCreator1 as programs use it, and as they should not."""
import html
import os
import re
import signal
import subprocess
import time

from gi.repository import Gio, GLib

from bus import BUSY, CANCELLED, CREATOR, INVALID, PATH, PENDING, BusTest, main, pipe, wait_for

EXAMPLE = os.path.join(os.path.dirname(__file__), '..', '..', 'data', 'examples', 'make-boot-media.py')
MANUAL = os.path.join(os.environ['KINDLING_HELP'], 'programs.html')


class Creator(BusTest):
    def assert_iso(self, path):
        listing = subprocess.run(['isoinfo', '-J', '-f', '-i', path], check=True, capture_output=True, text=True).stdout
        self.assertIn('/sources/boot.wim', listing)
        self.ctl('check', path)

    def test_asynchronous_creation(self):
        image, iso = self.import_good(), self.path('out.iso')
        self.client.set('MediaLabel', GLib.Variant('s', 'BUS'))
        self.assertEqual(self.client.create('CD', iso, image), (0,))
        self.assertEqual(self.client.wait(), (0, '', ''))
        self.assertEqual(self.client.get_all(), {
            'ProviderName': '', 'SiteCode': '', 'DistributionPoints': '', 'MediaLabel': 'BUS', 'NumSteps': 5,
            'CurrentStep': 5, 'StepProgress': 100, 'StepInfo': 'Finishing', 'Status': 0, 'ExitCode': 0, 'ErrorDetail': ''})
        self.assert_iso(iso)
        self.assertEqual(self.json('inspect', iso).last['label'], 'BUS')

        # What a client that only listens knows in the end is what one that asks is told.
        known, statuses, fractions = {}, [], []
        for path, name, parameters in self.client.signals:
            self.assertEqual(path, PATH)
            if name == 'PropertiesChanged':
                known.update(parameters[1])
                if 'Status' in parameters[1]:
                    statuses.append((parameters[1]['Status'], parameters[1]['ExitCode']))
            elif name == 'Progress':
                fractions.append(parameters[4])
        self.assertEqual(statuses, [(1, PENDING), (0, 0)])
        self.assertEqual(fractions, sorted(fractions))
        self.assertEqual(fractions[-1], 1)
        self.assertEqual({name: value for name, value in self.client.get_all().items() if name in known}, known)

        # The steps of a creation are no longer said when another one has ended before its first.
        self.client.signals.clear()
        self.client.create('CD', self.path('tree', 'no', 'such.iso'), '')
        self.assertEqual(self.client.wait()[0], INVALID)
        facts = self.client.get_all()
        self.assertEqual([facts[n] for n in ('NumSteps', 'CurrentStep', 'StepProgress', 'StepInfo')], [0, 0, 0, ''])
        self.assertFalse([s for s in self.client.signals if s[1] == 'Progress'])

    def test_synchronous_creation_blocks_nobody_else(self):
        image, iso = self.import_good(), self.slow_path()
        replies = []
        fds = Gio.UnixFDList()
        request = GLib.Variant('(sssahsahssb)', ('CD', iso, image, [], '', [], '', '', False))
        self.client.bus.call_with_unix_fd_list(
            'org.kindling.Kindling', PATH, CREATOR, 'CreateBootMedia', request, None, Gio.DBusCallFlags.NONE, 120_000, fds,
            None, lambda bus, result: replies.append(bus.call_with_unix_fd_list_finish(result)[0].unpack()))
        wait_for(lambda: self.client.get('Status') == 1, 'start')
        other, longest, steps = self.connect(), 0, set()
        while not replies:
            GLib.MainContext.default().iteration(False)
            before = time.monotonic()
            self.assertEqual(other.get('Status'), 0)
            longest = max(longest, time.monotonic() - before)
            steps.add(self.client.get('NumSteps'))
            self.assertEqual(self.client.call(CREATOR, 'Cancel'), (0,))     # no effect on synchronous creation
        self.assertEqual(replies, [(0,)])
        self.assertEqual(steps, {0})
        self.assertLess(longest, 2)
        self.assert_iso(iso)
        self.assertFalse([s for s in self.client.signals if s[1] == 'Progress'])

    def has_target(self):
        """Whether the service has a target open, which has no name or another one before it is complete."""
        return any('.wim' not in path and not path.endswith('.log') for path, _ in self.open_files(self.slow))

    def test_cancel_leaves_nothing(self):
        image, iso = self.import_good(), self.slow_path()
        self.client.create('CD', iso, image)
        self.client.wait_for_writing()
        self.assertEqual(self.client.call(CREATOR, 'Cancel'), (0,))
        self.assertEqual(self.client.wait()[0], CANCELLED)
        self.assertEqual((self.client.get('Status'), self.client.get('ExitCode')), (0, CANCELLED))
        self.assertFalse(os.listdir(self.slow))
        self.assertEqual(self.client.call(CREATOR, 'Cancel'), (0,))
        self.assertEqual(self.client.get('ExitCode'), CANCELLED)

    def test_client_that_goes_takes_its_creation_along(self):
        image, iso = self.import_good(), self.slow_path()
        goner = self.connect()
        goner.create('CD', iso, image)
        goner.wait_for_writing()
        self.assertTrue(self.has_target())
        self.client.create('CD', iso, image)
        self.assertEqual(self.client.wait()[0], BUSY)
        goner.close()
        wait_for(lambda: not self.has_target(), 'end of the creation', 10)
        self.assertFalse(os.path.exists(iso))

    def test_each_client_has_a_creator_of_its_own(self):
        image, other = self.import_good(), self.connect()
        self.client.set('MediaLabel', GLib.Variant('s', 'MINE'))
        other.set('MediaLabel', GLib.Variant('s', 'YOURS'))
        self.assertEqual((self.client.get('MediaLabel'), other.get('MediaLabel')), ('MINE', 'YOURS'))
        self.client.create('CD', self.slow_path('mine.iso'), image)
        other.create('CD', self.slow_path('yours.iso'), image)
        self.client.create('CD', self.slow_path('third.iso'), image, path=PATH + '/third')

        # One creator makes one medium at a time, and two never write to one target.
        self.assert_error('ERROR_BUSY', 'busy', self.client.create, 'CD', self.path('no.iso'), image)
        self.assert_error('ERROR_BUSY', 'busy', self.client.set, 'MediaLabel', GLib.Variant('s', 'NEW'))
        clash = self.connect()
        clash.create('CD', self.slow_path('mine.iso'), image)
        self.assertEqual(clash.wait()[0], BUSY)

        self.assertEqual(self.client.wait()[0], 0)
        self.assertEqual(self.client.wait(PATH + '/third')[0], 0)
        self.assertEqual(other.wait()[0], 0)
        for name, label in (('mine', 'MINE'), ('yours', 'YOURS')):
            self.assertEqual(self.json('inspect', self.slow_path(name + '.iso')).last['label'], label)
        self.assertFalse([s for s in other.signals if s[0] != PATH])

    def test_password_and_certificate(self):
        image, iso, pfx = self.import_good(), self.path('out.iso'), self.path('media.pfx')
        subprocess.run('openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=media -keyout k.pem -out c.pem &&'
                       'openssl pkcs12 -export -inkey k.pem -in c.pem -passout pass:pfx-secret -out media.pfx',
                       shell=True, check=True, cwd=self.folder, stderr=subprocess.DEVNULL)
        self.client.create('CD', iso, image, password=pipe(b'media secret\nmore'), certificate=pfx,
                           certificate_password=pipe(b'pfx-secret'))
        self.assertEqual(self.client.wait(), (0, '', ''))
        with open(self.path('password'), 'w') as out:
            out.write('media secret\n')
        facts = self.json('inspect', iso, '--password-file', self.path('password')).last
        self.assertTrue(facts['password-required'])
        self.assertIn('media', facts['certificate-subject'])

        for password, code in ((pipe(b'wrong'), 0x80040004), (None, 0x80040004)):
            self.client.signals.clear()
            self.client.create('CD', iso, image, certificate=pfx, certificate_password=password)
            self.assertEqual(self.client.wait()[0], code)
        self.assert_error('CREATETSMEDIA_E_CERTPASSWORD', '0x80040004: ', self.client.create, 'CD', iso, image,
                          certificate=pfx, certificate_password=pipe(b'wrong'), run_async=False)
        self.assertEqual(self.client.get('ExitCode'), 0x80040004)

    def test_error_detail(self):
        iso = self.path('out.iso')
        self.import_good()
        self.client.create('CD', iso, 'KDL000FF')
        code, detail, message = self.client.wait()
        self.assertEqual((code, detail), (0x80040003, 'KDL000FF'))
        self.assertIn('KDL000FF', message)
        self.assertEqual((self.client.get('ExitCode'), self.client.get('ErrorDetail')), (code, detail))
        names = [s[1] for s in self.client.signals]
        self.assertLess(names.index('ErrorDetailFound'), names.index('Completed'))
        self.assertFalse(os.path.exists(iso))

    def test_connection_options_are_written_only(self):
        image, iso = self.import_good(), self.path('out.iso')

        def set_options(text):
            self.client.set('ConnectionOptions', GLib.Variant('h', 0), fds=[pipe(text)])

        set_options(b'Username=a,Password=hidden-word')
        self.assertNotIn('ConnectionOptions', self.client.get_all())
        with self.assertRaises(GLib.Error):
            self.client.get('ConnectionOptions')
        self.client.create('CD', iso, image)
        self.assertEqual(self.client.wait()[0], 0)
        for text, code, detail in ((b'Username', 0x80040008, ''), (b'Colour=red', 0x80040009, 'Colour')):
            set_options(text)
            self.client.signals.clear()
            self.client.create('CD', iso, image)
            self.assertEqual(self.client.wait()[:2], (code, detail))
        set_options(b'')
        self.assert_error('E_INVALIDARG', 'ConnectionOptions', self.client.set, 'ConnectionOptions', GLib.Variant('h', 0))
        with self.assertRaises(GLib.Error) as caught:
            self.client.set('ConnectionOptions', GLib.Variant('s', 'A=b'))
        self.assertIn('InvalidArgs', Gio.DBusError.get_remote_error(caught.exception))
        self.assertNotIn('hidden-word', str(self.client.signals))

    def test_site_code_selects_the_profile(self):
        image, iso = self.import_good(), self.path('out.iso')
        folder = self.path('config', 'kindling', 'sites')
        os.makedirs(folder)
        with open(os.path.join(folder, 'ABC.ini'), 'w') as out:
            out.write('[Site]\nSiteCode=ABC\n')
        self.client.set('SiteCode', GLib.Variant('s', 'abc'))
        self.client.create('CD', iso, image)
        self.assertEqual(self.client.wait()[0], 0x80040001)      # it has no management point
        self.client.set('SiteCode', GLib.Variant('s', 'XYZ'))
        self.client.signals.clear()
        self.client.create('CD', iso, image)
        self.assertEqual(self.client.wait()[0], 0x80070002)
        for code in 'AB', 'A/C', 'ABCD':
            self.assert_error('E_INVALIDARG', 'SiteCode', self.client.set, 'SiteCode', GLib.Variant('s', code))

    def test_what_is_replaced(self):
        image, iso, letter = self.import_good(), self.path('out.iso'), self.path('letter.txt')
        for _ in range(2):
            self.client.create('CD', iso, image, run_async=False)
        self.assert_iso(iso)
        with open(letter, 'w') as out:
            out.write('Dear reader\n' * 9000)
        for path in letter, self.folder, '/dev/null':
            self.assert_error('E_INVALIDARG', 'no ISO file', self.client.create, 'CD', path, image, run_async=False)
        with open(letter) as letter:
            self.assertEqual(letter.read(), 'Dear reader\n' * 9000)

    def test_bad_arguments(self):
        image, iso = self.import_good(), self.path('out.iso')
        huge = 'x' * (1 << 20)
        for words, arguments in (
                ('MediaType', ('DVD', iso, image)), ('MediaType', (huge, iso, image)),
                ('DestinationPath', ('CD', 'out.iso', image)), ('DestinationPath', ('CD', '', image)),
                ('DestinationPath', ('CD', '/' + huge, image)), ('DestinationPath', ('CD', self.folder + '/', image)),
                ('BootImageID', ('CD', iso, huge)), ('CertPath', ('CD', iso, image, None, 'media.pfx')),
                ('CertValidStart', ('CD', iso, image, None, '', None, 'tomorrow')),
                ('CertValidEnd', ('CD', iso, image, None, '', None, '', '2027-01-31T12:00:00'))):
            self.assert_error('E_INVALIDARG', words, self.client.create, *arguments)
            self.assertEqual(self.client.get('Status'), 0)
        for name in 'MediaLabel', 'ProviderName', 'DistributionPoints', 'SiteCode':
            self.assert_error('E_INVALIDARG', name, self.client.set, name, GLib.Variant('s', huge))
            with self.assertRaises(GLib.Error) as caught:
                self.client.set(name, GLib.Variant('u', 7))
            self.assertIn('InvalidArgs', Gio.DBusError.get_remote_error(caught.exception))

        # Later, because the boot image, the label and the catalog have to be looked at.
        for code, arguments in ((INVALID, ('CD', os.path.join(self.catalog, image, 'x.iso'), image)),
                                (0x80040003, ('CD', iso, '../../etc')), (INVALID, ('CD', iso, '')),
                                (0x80070002, ('CD', self.path('no', 'such', 'x.iso'), image)),
                                (INVALID, ('CD', iso, image, None, '', None, '', '2001-01-31T12:00:00Z'))):
            self.client.signals.clear()
            self.client.create(*arguments)
            self.assertEqual(self.client.wait()[0], code, arguments)
        self.client.set('MediaLabel', GLib.Variant('s', 'a/b'))
        self.client.signals.clear()
        self.client.create('CD', iso, image)
        self.assertEqual(self.client.wait()[0], INVALID)
        self.assertFalse(os.path.exists(iso))

        for signature, arguments in (('(s)', ('CD',)), ('(sssssssss)', ('CD', iso, image, 'secret', '', '', '', '', ''))):
            with self.assertRaises(GLib.Error) as caught:
                self.client.call(CREATOR, 'CreateBootMedia', signature, *arguments)
            self.assertIn('InvalidArgs', Gio.DBusError.get_remote_error(caught.exception))
        with self.assertRaises(GLib.Error):
            self.client.set('ExitCode', GLib.Variant('u', 0))

    def test_bad_descriptors(self):
        image, iso = self.import_good(), self.path('out.iso')
        request = ('CD', iso, image)

        def call(handles, fds):
            return self.client.call(CREATOR, 'CreateBootMedia', '(sssahsahssb)', *request, handles, '', [], '', '', True,
                                    fds=fds)

        self.assert_error('E_INVALIDARG', 'MediaPassword', call, [0, 0], [pipe(b'a')])
        self.assert_error('E_INVALIDARG', 'MediaPassword', call, [7], [pipe(b'a')])
        self.assert_error('E_INVALIDARG', 'MediaPassword', call, [0], [os.open('/dev/zero', os.O_RDONLY)])
        self.assert_error('E_INVALIDARG', 'MediaPassword', call, [0], [os.open('/', os.O_RDONLY)])
        for data in b'x' * 5000, b'a\0b', b'\xff\xfe':
            self.client.signals.clear()
            call([0], [pipe(data)])
            self.assertEqual(self.client.wait()[0], INVALID)

    def test_no_client_gets_more_than_its_share(self):
        value = GLib.Variant('s', 'x')
        for i in range(16):
            self.client.set('MediaLabel', value, path=f'{PATH}/n{i}')
        for i in range(16, 1000):
            self.assert_error('ERROR_BUSY', 'creators', self.client.set, 'MediaLabel', value, path=f'{PATH}/n{i}')
        self.assertEqual(self.client.get('MediaLabel', path=PATH + '/n3'), 'x')
        self.assertEqual(self.client.get('MediaLabel', path=PATH + '/n999'), '')
        for _ in range(3):
            other = self.connect()
            for i in range(16):
                other.set('MediaLabel', value, path=f'{PATH}/n{i}')
        last = self.connect()
        self.assert_error('ERROR_BUSY', '64', last.set, 'MediaLabel', value)
        other.close()
        wait_for(lambda: self.is_served(last), 'room for another client')
        with self.assertRaises(GLib.Error):
            last.set('MediaLabel', value, path=f'{PATH}/' + 'n' * 65)

    @staticmethod
    def is_served(client):
        try:
            client.set('MediaLabel', GLib.Variant('s', 'x'))
        except GLib.Error:
            return False
        return True

    def test_no_drive_without_a_display(self):
        """Nobody can be asked here; a file that is no drive is told first."""
        image = self.import_good()
        self.client.create('UFD+FORMAT', self.path('image'), image)
        self.assertEqual(self.client.wait()[0], 0x80070002)

    def test_service_that_is_killed_leaves_no_half_file(self):
        image, iso = self.import_good(), self.slow_path()
        self.client.create('CD', iso, image)
        self.client.wait_for_writing()
        os.kill(self.owner(), signal.SIGKILL)
        wait_for(lambda: self.owner() is None, 'end of the service')
        self.assertFalse(os.path.exists(iso))
        self.assertEqual(self.client.get('Status'), 0)      # of the one that was started again

    def test_example_of_the_manual(self):
        """The program as it is printed there, which is the one that is installed."""
        image, iso = self.import_good(), self.path('example.iso')
        with open(MANUAL) as manual, open(EXAMPLE) as installed:
            printed = html.unescape(re.search(r'<pre>(#!/usr/bin/python3.*?)</pre>', manual.read(), re.S).group(1))
            self.assertEqual(printed.strip(), installed.read().strip())
        copied = self.path('copied.py')
        with open(copied, 'w') as out:
            out.write(printed)

        def example(*arguments, status=0, **options):
            run = subprocess.run(['/usr/bin/python3', copied, *arguments], text=True, capture_output=True, env=self.environment(), timeout=120,
                                 cwd=self.folder, **options)
            self.assertEqual(run.returncode, status, run.stderr)
            return run.stdout

        self.assertIn(image + '\tOdd PE', example('list'))
        out = example('create', 'CD', 'example.iso', image, 'EXAMPLE', input='a password\n')
        self.assertIn('step 5 of 5', out)
        self.assertTrue(out.endswith('ExitCode 0x00000000\n'), out)
        self.assert_iso(iso)
        self.assertTrue(self.json('inspect', iso).last['password-required'])
        self.assertIn('ExitCode 0x80040003: KDL000FF', example('create', 'CD', 'no.iso', 'KDL000FF', input='', status=1))
        context = self.json('image', 'prepare', image).last['context-id']
        self.assertIn(context, example('list'))
        self.assertIn('complete, step 9 of 9 (100 %)', example('status', context))
        self.assertIn('no status', example('status', 'nonsense'))


class Patience(BusTest):
    """Time passes ten times as quickly for the program, which waits ten seconds for clients, and five for passwords."""
    CLOCK = 10

    def test_nobody_writes_the_password(self):
        """Cancel ends the waiting at once, and so does time."""
        image, (ours, theirs) = self.import_good(), os.pipe()
        for cancel, code, words in ((True, CANCELLED, ''), (False, INVALID, 'Nobody wrote')):
            self.client.signals.clear()
            self.client.create('CD', self.path('out.iso'), image, password=ours)
            if cancel:
                self.client.call(CREATOR, 'Cancel')
            result, _, message = self.client.wait(timeout=20)
            self.assertEqual((result, words in message), (code, True), message)
        os.close(theirs)

    def test_service_starts_when_called_and_ends_when_idle(self):
        self.assertIsNone(self.owner())
        self.client.set('MediaLabel', GLib.Variant('s', 'x'))
        process = self.owner()
        self.assertTrue(process)
        time.sleep(1.2)     # longer than the service is patient
        self.assertEqual(self.owner(), process, 'a client has a creator')
        self.assertEqual(self.client.get('MediaLabel'), 'x')
        self.client.close()
        self.client = self.connect()
        wait_for(lambda: self.owner() is None, 'end of the idle service', 30)


if __name__ == '__main__':
    main()
