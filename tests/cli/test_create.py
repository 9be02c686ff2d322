#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ISO file from the catalog, read by tools that are not ours; dry run; check; inspect; cancelling."""
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time

import command
import fixtures
from command import CommandTest


def tool(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


class Create(CommandTest):
    def setUp(self):
        super().setUp()
        self.import_good()
        self.iso = self.path('out.iso')

    def create(self, *options):
        return self.json('create', 'CD', self.iso, 'KDL00001', *options).last

    def test_the_done_event(self):
        done = self.create('--label', 'Deploy 1')
        self.assertEqual(done['event'], 'done')
        self.assertEqual((done['type'], done['path']), ('CD', self.iso))
        self.assertEqual(done['bytes'], os.path.getsize(self.iso))
        self.assertGreater(done['seconds'], 0)
        self.assertIs(done['verified'], True)
        self.assertIs(done['bios'], True)
        self.assertEqual(done['uefi'], ['x64'])
        self.assertEqual(done['label'], 'Deploy 1')
        self.assertEqual(self.create('--label', ' Deploy 2 ')['label'], 'Deploy 2')
        self.assertIsInstance(done['warnings'], list)
        self.assert_nothing_but(self.folder, 'catalog', 'out.iso')

    def test_progress_counts_bytes_and_reaches_the_end(self):
        events = self.json('create', 'CD', self.iso, 'KDL00001').lines
        progress = [event for event in events if event['event'] == 'progress']
        self.assertEqual([event['event'] for event in events[-2:]], ['progress', 'done'])
        self.assertTrue(all(event['step'] >= 1 and event['info'] for event in progress))
        self.assertEqual(progress[-1]['fraction'], 1)
        self.assertEqual(progress[-1]['step'], progress[-1]['steps'])

    def test_text(self):
        out = self.ctl('create', 'cd', 'out.iso', 'KDL00001').out
        self.assertIn(f'Created {self.iso} (', out)
        self.assertIn('read back and compared', out)
        self.assertRegex(out, r'Boots on UEFI +x64')
        self.assertNotIn('\r', out)
        self.assertIn('not read back', self.ctl('create', 'CD', 'out.iso', 'KDL00001', '--no-verify').out)
        quiet = self.ctl('--quiet', 'create', 'CD', 'out.iso', 'KDL00001')
        self.assertEqual((quiet.out, quiet.err), ('', ''))

    def test_a_bar_only_on_a_terminal(self):
        script = f'{command.PROGRAM} --catalog {self.catalog} create CD {self.iso} KDL00001'
        seen = subprocess.run(['script', '-qec', script, '/dev/null'], check=True, capture_output=True,
                              stdin=subprocess.DEVNULL, env={**self.environment(), 'TERM': 'xterm'}).stdout.decode()
        self.assertRegex(seen, r'\r\[[#.]{20}\] +\d+ %  ')
        self.assertIn('Created ', seen)

    def test_listed_by_xorriso_isoinfo_and_7z(self):
        self.create()
        found = tool('xorriso', '-indev', self.iso, '-find', '/', '-type', 'f', '-exec', 'lsdl')
        joliet = tool('isoinfo', '-J', '-f', '-i', self.iso).splitlines()
        plain = tool('7z', 'l', '-ba', '-slt', self.iso)
        for path in ['/sources/boot.wim', '/bootmgr', '/Boot/BCD', '/EFI/BOOT/BOOTX64.EFI', '/kindling.manifest']:
            self.assertIn(path.lower(), found.lower())
            self.assertIn(path.lower(), [line.lower() for line in joliet])
            self.assertIn(f'path = {path[1:]}'.lower(), plain.lower())

    def test_el_torito_offers_bios_and_uefi(self):
        self.create()
        report = tool('xorriso', '-indev', self.iso, '-report_el_torito', 'plain')
        self.assertRegex(report, r'El Torito boot img : +1 +BIOS +y +none')
        self.assertRegex(report, r'El Torito boot img : +2 +UEFI +y +none')

    def test_files_on_it_are_those_of_the_image(self):
        self.create()
        out = self.path('files')
        tool('7z', 'x', '-y', f'-o{out}', self.iso)
        names = {os.path.relpath(os.path.join(where, name), out).lower(): os.path.join(where, name)
                 for where, _, files in os.walk(out) for name in files}

        def content(name):
            with open(names[name], 'rb') as file:
                return file.read()
        with open(self.wim, 'rb') as wim:
            self.assertEqual(hashlib.sha256(content('sources/boot.wim')).digest(), hashlib.sha256(wim.read()).digest())
        self.assertEqual(content('bootmgr'), fixtures.bootmgr())
        self.assertEqual(content('boot/boot.sdi'), fixtures.boot_sdi())
        self.assertEqual(content('efi/boot/bootx64.efi'), fixtures.program())
        for bcd, loader in [('boot/bcd', 'winload.exe'), ('efi/microsoft/boot/bcd', 'winload.efi')]:
            self.check_bcd(names[bcd], loader)

    def check_bcd(self, path, loader):
        """Element by element, as hivexregedit exports them: what starts, from where, as what."""
        text = tool('hivexregedit', '--export', '--unsafe-printable-strings', path, '\\').lower()
        elements = re.findall(r'\\elements\\([0-9a-f]{8})\]', text)
        for element in ['12000002', '22000002', '26000022', '11000001', '21000001', '23000003', '24000001']:
            self.assertIn(element, elements)
        self.assertIn(loader, text)
        self.assertIn('boot.wim'.encode('utf-16-le').hex(','), text)

    def test_dry_run_prints_the_layout_and_writes_nothing(self):
        *files, done = self.json('create', 'CD', self.iso, 'KDL00001', '--dry-run').lines
        self.assertFalse(os.path.exists(self.iso))
        self.assertEqual(done['event'], 'done')
        self.assertGreater(done['bytes-needed'], os.path.getsize(self.wim))
        by_path = {file['path'].lower(): file for file in files}
        wim = by_path['/sources/boot.wim']
        self.assertEqual((wim['size'], wim['source']), (os.path.getsize(self.wim), 'image'))
        self.assertEqual(by_path['/bootmgr']['source'], 'image boot files')
        self.assertEqual(by_path['/boot/bcd']['source'], 'generated')
        self.assertIn('/kindling.manifest', by_path)
        # The certificate is another one each time, and its encoding some bytes longer or shorter.
        self.assertAlmostEqual(self.create()['bytes'], done['bytes-needed'], delta=4096)

    def test_dry_run_as_text_is_aligned(self):
        out = self.ctl('create', 'CD', self.iso, 'KDL00001', '--dry-run').out
        rows = [line for line in out.splitlines() if line.startswith('/')]
        self.assertEqual(len({re.match(r'/.*? +\d+  ', row).end() for row in rows}), 1)
        self.assertRegex(out, r'(?m)^Space needed +')
        self.assertFalse(os.path.exists(self.iso))

    def test_no_etfsboot_is_uefi_only_and_said_before_and_after(self):
        files = {name: content for name, content in {**fixtures.IMAGE_FILES, **fixtures.BOOT_FILES}.items()
                 if not name.endswith('EtfsBoot.com')}
        wim = fixtures.capture(self.path('uefi.wim'), fixtures.write_tree(self.path('uefi'), files))
        self.json('image', 'import', wim, '--id', 'KDL00002')
        before = self.json('create', 'CD', self.iso, 'KDL00002', '--dry-run').last
        after = self.json('create', 'CD', self.iso, 'KDL00002').last
        for event in [before, after]:
            self.assertIs(event['bios'], False)
            self.assertIn('etfsboot', event['bios-reason'].lower())
            self.assertEqual(event['uefi'], ['x64'])
            self.assertTrue(event['warnings'])
        report = tool('xorriso', '-indev', self.iso, '-report_el_torito', 'plain')
        self.assertIn('UEFI', report)
        self.assertNotIn(' BIOS ', report)

    def test_the_boot_manager_is_chosen_for_the_medium(self):
        files = {**fixtures.IMAGE_FILES, **fixtures.BOOT_FILES,
                 'WINDOWS/boot/EFI_EX/bootmgfw_EX.efi': lambda: fixtures.program(fill=0x33)}
        wim = fixtures.capture(self.path('both.wim'), fixtures.write_tree(self.path('both'), files))
        self.json('image', 'import', wim, '--id', 'KDL00002')
        for manager, fill in [('2011', 0x5a), ('2023', 0x33)]:
            done = self.json('create', 'CD', self.iso, 'KDL00002', '--boot-manager', manager).last
            out = self.path(manager)
            tool('7z', 'x', '-y', f'-o{out}', self.iso, 'EFI/BOOT/BOOTX64.EFI')
            with open(os.path.join(out, 'EFI/BOOT/BOOTX64.EFI'), 'rb') as loader:
                self.assertEqual(loader.read(), fixtures.program(fill=fill))
        # The fixture has a file of that name that is something else.
        self.assertRegex('\n'.join(done['warnings']), r'(?i)no boot\.stl.*boot\.stl is not a certificate trust list')

    def test_the_old_iso_is_replaced_only_at_the_end(self):
        with open(self.iso, 'wb') as old:
            old.write(b'old')
        self.create()
        self.assertGreater(os.path.getsize(self.iso), 1 << 20)

    def test_two_at_once_on_one_target(self):
        runs = [self.start('--json', 'create', 'CD', self.iso, 'KDL00001') for _ in range(2)]
        outs = [run.communicate(timeout=command.TIMEOUT)[0].splitlines()[-1] for run in runs]
        self.assertIn(0, [run.returncode for run in runs])
        for run, out in zip(runs, outs):
            if run.returncode != 0:
                self.assertEqual((run.returncode, json.loads(out)['code']), (1, 'ERROR_BUSY'))
        self.assertEqual(self.json('check', self.iso).last['mismatches'], 0)
        self.assert_nothing_but(self.folder, 'catalog', 'out.iso')

    def test_check_finds_nothing_on_a_good_medium(self):
        self.create()
        done = self.json('check', self.iso).last
        self.assertEqual((done['event'], done['mismatches']), ('done', 0))
        self.assertGreater(done['files'], 8)
        self.assertIn(f'All {done["files"]} files match', self.ctl('check', self.iso).out)
        self.assertEqual(self.ctl('--quiet', 'check', self.iso).out, '')

    def test_check_names_the_file_that_differs(self):
        self.create()
        with open(self.iso, 'r+b') as iso:
            data = iso.read()
            at = data.index(fixtures.bootmgr()[:64])
            iso.seek(at + 3000)
            iso.write(b'flipped')
        *differing, done = [line for line in self.json('check', self.iso, status=31).lines
                            if line.get('event') != 'progress']
        self.assertEqual(done['mismatches'], 1)
        self.assertEqual([line['path'].lower() for line in differing], ['/bootmgr'])
        text = self.ctl('check', self.iso, status=31)
        self.assertRegex(text.out.lower(), r'(?m)^/bootmgr: ')
        self.assertIn('What was read back differs', text.err)

    def test_check_and_inspect_a_folder(self):
        self.create('--label', 'STICK')
        folder = self.path('stick')
        tool('7z', 'x', '-y', '-x![BOOT]', f'-o{folder}', self.iso)
        self.assertEqual(self.json('check', folder).last['mismatches'], 0)
        self.assertEqual(self.json('inspect', folder).last['label'], 'STICK')
        os.remove(os.path.join(folder, 'bootmgr'))
        self.assertEqual(self.json('check', folder, status=31).last['mismatches'], 1)

    def test_inspect(self):
        self.create('--label', 'Deploy 1')
        seen = self.json('inspect', self.iso).last
        self.assertEqual((seen['image-id'], seen['image-name'], seen['architecture'], seen['label']),
                         ('KDL00001', 'Odd PE', 'x64', 'Deploy 1'))
        self.assertEqual(seen['firmware'], {'bios': True, 'uefi': ['x64']})
        self.assertIs(seen['password-required'], False)
        self.assertIsNone(seen['boot-manager-signer'])
        self.assertRegex(seen['certificate-subject'], r'^CN=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
        self.assertRegex(seen['certificate-thumbprint'], r'^[0-9A-F]{40}$')
        text = self.ctl('inspect', self.iso).out
        self.assertRegex(text, r'(?m)^Boot image +KDL00001$')
        self.assertRegex(text, r'(?m)^Boots on BIOS +yes$')

    def test_inspect_and_check_a_foreign_medium(self):
        fixtures.write_tree(self.path('foreign'), {'readme.txt': lambda: b'hello'})
        tool('xorriso', '-as', 'mkisofs', '-J', '-V', 'FOREIGN', '-o', self.iso, self.path('foreign'))
        seen = self.json('inspect', self.iso).last
        self.assertEqual((seen['image-id'], seen['label']), (None, 'FOREIGN'))
        self.assertEqual(seen['firmware'], {'bios': False, 'uefi': []})
        self.assertIn('no manifest', self.ctl('inspect', self.iso).out)
        self.assert_fails('KINDLING_E_NO_MANIFEST', self.iso, 'check', self.iso)


class Cancel(CommandTest):
    """SIGINT and SIGTERM in the middle of the work: the image is large, and the disk slow enough to have a middle."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fixtures.noise(os.path.join(cls.tree, 'WINDOWS', 'large.bin'), 200 << 20)
        cls.large = fixtures.capture(os.path.join(cls.shared, 'large.wim'), cls.tree, '--compress=none')

    def cancel(self, number, *arguments):
        """Sends the signal at the first sign of work; returns the last event."""
        run = self.start('--json', *arguments, env=self.slow_disk(self.folder, SLOW_RATE=60, SLOW_READ=60, SLOW_STREAMS=1))
        first = run.stdout.readline()
        self.assertEqual(json.loads(first)['event'], 'progress')
        run.send_signal(number)
        sent = time.monotonic()
        rest = run.communicate(timeout=command.TIMEOUT)[0]
        self.assertLess(time.monotonic() - sent, 4)
        self.assertEqual(run.returncode, 3, rest)
        return json.loads((first + rest).splitlines()[-1])

    def test_a_cancelled_creation_leaves_the_old_iso(self):
        self.ctl('image', 'import', self.large)
        iso = self.path('iso', 'out.iso')
        os.mkdir(self.path('iso'))
        with open(iso, 'wb') as old:
            old.write(b'the old one')
        for number in [signal.SIGINT, signal.SIGTERM]:
            event = self.cancel(number, 'create', 'CD', iso, 'KDL00001')
            self.assertEqual((event['event'], event['code'], event['exit-code']),
                             ('error', 'ERROR_CANCELLED', '0x800704C7'))
            with open(iso, 'rb') as old:
                self.assertEqual(old.read(), b'the old one')
            self.assert_nothing_but(self.path('iso'), 'out.iso')

    def test_an_image_that_shrinks_meanwhile(self):
        """It is the image that is told, and not what reading it comes to."""
        self.ctl('image', 'import', self.large)
        os.mkdir(self.path('iso'))
        wim = os.path.join(self.catalog, 'KDL00001', 'source.wim')
        for change in lambda: os.truncate(wim, 100 << 20), lambda: os.unlink(wim):
            run = self.start('--json', 'create', 'CD', self.path('iso', 'out.iso'), 'KDL00001',
                             env=self.slow_disk(self.path('iso'), SLOW_RATE=40))
            for line in run.stdout:
                if 'Writing sources/boot.wim' in line:
                    change()
                    break
            event = json.loads(run.communicate(timeout=command.TIMEOUT)[0].splitlines()[-1])
            if os.path.exists(wim):
                self.assertEqual((event['code'], event['exit-code'], event['detail']),
                                 ('CREATETSMEDIA_E_MISSINGPACKAGE', '0x80040003', 'KDL00001'))
                self.assert_nothing_but(self.path('iso'))
                os.truncate(wim, 0)
                shutil.copy(self.large, wim)
            else:
                # What is open stays.
                self.assertEqual(event['event'], 'done')

    def test_a_cancelled_import_leaves_nothing(self):
        self.cancel(signal.SIGINT, 'image', 'import', self.large)
        self.assertEqual(self.json('image', 'list').lines, [])
        left = [name for where, _, names in os.walk(self.catalog) for name in names if not name.startswith('.lock')]
        self.assertLess(sum(os.path.getsize(os.path.join(where, name)) for where, _, names in os.walk(self.catalog)
                            for name in names), 1 << 16, left)

    def test_a_cancelled_check_and_export(self):
        self.ctl('image', 'import', self.large)
        self.ctl('create', 'CD', 'out.iso', 'KDL00001', '--no-verify')
        self.cancel(signal.SIGINT, 'check', 'out.iso')
        self.cancel(signal.SIGINT, 'image', 'export', 'KDL00001', 'out.wim')
        self.assert_nothing_but(self.folder, 'catalog', 'out.iso')

    def test_a_cancelled_compression(self):
        pipable = fixtures.capture(self.path('pipable.wim'), self.tree, '--pipable', '--compress=none')
        self.cancel(signal.SIGTERM, 'image', 'import', pipable, '--reexport')
        self.assertEqual(self.json('image', 'list').lines, [])

    def test_text_says_it_in_a_word(self):
        self.ctl('image', 'import', self.large)
        run = self.start('create', 'CD', 'out.iso', 'KDL00001')
        deadline = time.monotonic() + command.TIMEOUT
        while time.monotonic() < deadline and not catches(run.pid, signal.SIGINT):
            time.sleep(0.005)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=command.TIMEOUT)
        self.assertEqual((run.returncode, out), (3, ''))
        self.assertIn(err, ['kindlingctl: Cancelled\n', ''])
        self.assertFalse(os.path.exists(self.path('out.iso')))


def catches(pid, number):
    """Whether a process has taken the signal over, by the mask the kernel shows."""
    with open(f'/proc/{pid}/status', encoding='ascii') as status:
        for line in status:
            if line.startswith('SigCgt:'):
                return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


if __name__ == '__main__':
    command.main()
