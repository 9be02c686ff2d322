#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparing boot images from the terminal: recipe, result, status, and what is wrong with input."""
import hashlib
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import uuid

import command
import fixtures
from preparing import ID, inf, png, PrepareTest, SYSTEM


class Result(PrepareTest):
    def test_what_the_recipe_asks_for_is_in_the_image(self):
        for name in ['TsBootShell.exe', 'TsmBootstrap.exe']:
            self.write('osd/' + name)
        self.write('extra/WINDOWS/system32/NOTEPAD.exe', b'MZ new')
        self.write('prestart/tool.cmd')
        self.write('picture.png', png())
        self.set('binaries=' + self.path('osd'), 'extra-files=' + self.path('extra'), 'scratch-space=256',
                 'prestart-files=' + self.path('prestart'), 'prestart-command=cmd /c tool.cmd', 'lab-shell=true',
                 'organization-name=Büro & Söhne', 'background=' + self.path('picture.png'),
                 'start-command=X:\\start.cmd')
        done = self.prepare()
        self.assertEqual((done['event'], done['id'], done['changed']), ('done', ID, True))
        self.assertTrue(any('TsCore.dll' in warning for warning in done['warnings']))
        self.assertEqual(self.extract('/Windows/System32/notepad.exe'), b'MZ new')
        self.assertEqual(self.extract('/sms/PKG/SMS10000/tool.cmd'), b'content\r\n')
        self.assertEqual(self.extract('/TSConfig.ini'), b'[CustomHook]\r\nCommandLine=cmd /c tool.cmd\r\n')
        self.assertEqual(self.extract('/sms/bin/x64/TsBootShell.ini'),
                         '[Shell]\r\nOrgName=Büro & Söhne\r\nEnableDebugShell=true\r\n'.encode('cp1252'))
        self.assertEqual(self.extract('/Windows/System32/winpeshl.ini').decode().split('\r\n'),
                         ['[LaunchApps]', r'%SYSTEMROOT%\System32\cmd.exe, /c X:\start.cmd',
                          r'%SYSTEMDRIVE%\sms\bin\x64\TsBootShell.exe', ''])
        self.assertEqual(self.extract('/Windows/System32/winpe.jpg')[:3], b'\xff\xd8\xff')
        self.assertEqual(self.read_values(r'\ControlSet001\Services\FBWF'), {'WinPECacheThreshold': 'dword:00000100'})
        self.assertIn('CmdLine', self.read_values(r'\Setup'))

    def test_foreign_tools_read_it(self):
        self.prepare_something()
        subprocess.run(['wimlib-imagex', 'verify', self.boot_wim], check=True, capture_output=True)
        listing = subprocess.run(['7z', 'l', self.boot_wim], check=True, capture_output=True, text=True).stdout
        self.assertIn('first.txt', listing)
        self.assertNotIn('DELETED', listing)
        paths = subprocess.run(['wimlib-imagex', 'dir', self.boot_wim, '1'], check=True, capture_output=True,
                               text=True).stdout.splitlines()
        folded = [path.lower() for path in paths]
        self.assertEqual(len(folded), len(set(folded)))
        info = subprocess.run(['wimlib-imagex', 'info', self.boot_wim], check=True, capture_output=True,
                              text=True).stdout
        detailed = subprocess.run(['wimlib-imagex', 'dir', self.boot_wim, '1', '--path=/first.txt', '--detailed'], check=True,
                                  capture_output=True, text=True).stdout
        self.assertNotIn('SPARSE', detailed)
        self.assertIn('2026-01-01' if '2026-01-01' in detailed else 'Jan 01 00:00:00 2026', detailed)
        for key, value in [('Image Count', '1'), ('Boot Index', '1'), ('Compression', 'LZX'),
                           ('Chunk Size', '32768 bytes'), ('Build', '26100')]:
            self.assertRegex(info, rf'(?m)^{key}:\s+{value}\s*$')

    def test_nothing_of_an_older_recipe_remains(self):
        secret = os.urandom(4096)
        self.write('extra/secret.bin', secret)
        self.prepare_something()
        self.assertEqual(self.extract('/secret.bin'), secret)
        self.set('extra-files=')
        self.assertEqual(self.state(), 'stale')
        self.assertIs(self.prepare()['changed'], True)
        with open(self.boot_wim, 'rb') as file:
            self.assertNotIn(secret, file.read())

    def test_the_same_input_gives_the_same_bytes(self):
        first = self.prepare_something()
        os.utime(self.path('extra/first.txt'), (1000000000, 1000000000))
        time.sleep(0.01)
        self.assertIs(self.prepare()['changed'], True)
        self.assertEqual(self.sha256(), first)

    def test_nothing_changed_is_up_to_date(self):
        self.prepare_something()
        before = os.stat(self.boot_wim).st_ino
        context = self.status()['context-id']
        started = time.monotonic()
        done = self.prepare()
        self.assertLess(time.monotonic() - started, 1)
        self.assertEqual((done['changed'], done['context-id']), (False, context))
        self.assertEqual(os.stat(self.boot_wim).st_ino, before)
        self.assertIn('up to date', self.ctl('image', 'prepare', ID).out)
        self.write('extra/second.txt')
        self.assertIs(self.prepare()['changed'], True)

    def test_an_image_is_stale_when_its_input_has_changed(self):
        self.prepare_something()
        self.json('image', 'import', '--sample', '--id', 'KDL00002')
        self.ctl('image', 'set', 'KDL00002', 'extra-files=' + self.path('extra'))
        self.ctl('image', 'prepare', 'KDL00002')
        states = lambda: [line['state'] for line in self.json('image', 'list').lines]
        self.assertEqual(states(), ['complete', 'complete'])
        self.write('extra/first.txt', b'other\r\n')
        self.assertEqual(states(), ['stale', 'stale'])
        self.assertEqual(self.json('image', 'show', ID).last['state'], 'stale')
        self.prepare()
        self.assertEqual(states(), ['complete', 'stale'])
        # A folder that is gone for the moment says nothing.
        os.rename(self.path('extra'), self.path('away'))
        self.assertEqual(states()[0], 'complete')

    def test_a_copied_catalog_is_still_prepared(self):
        self.prepare_something()
        subprocess.run(['cp', '-a', self.catalog, self.path('copy')], check=True)
        self.catalog = self.path('copy')
        self.assertEqual(self.state(), 'complete')
        self.assertIs(self.prepare()['changed'], False)

    def test_existing_start_up_files_are_extended(self):
        self.write('extra/Windows/System32/winpeshl.ini',
                   '\ufeff[LaunchApp]\r\n; keep me\r\nAppPath = X:\\sources\\recovery\\recenv.exe\r\n'.encode('utf-16-le'))
        self.set('extra-files=' + self.path('extra'), 'start-command=first.cmd')
        self.prepare()
        self.assertEqual(self.extract('/Windows/System32/winpeshl.ini').decode().split('\r\n'),
                         ['[LaunchApps]', r'%SYSTEMROOT%\System32\cmd.exe, /c first.cmd', '; keep me',
                          r'X:\sources\recovery\recenv.exe', ''])

    def test_startnet_runs_the_start_command_where_there_is_no_winpeshl(self):
        self.set('start-command=X:\\go.exe')
        self.prepare()
        self.assertEqual(self.extract('/Windows/System32/startnet.cmd'), b'wpeinit\r\nX:\\go.exe\r\n')

    def test_preview_names_files_and_values_and_writes_nothing(self):
        self.write('extra/Windows/System32/cmd.exe')
        self.write('extra/new.txt')
        self.set('extra-files=' + self.path('extra'), 'scratch-space=64')
        *lines, done = self.json('image', 'preview', ID).lines
        changes = {line['path']: line['change'] for line in lines if 'path' in line}
        self.assertEqual(changes['\\new.txt'], 'add')
        self.assertEqual(changes['\\Windows\\System32\\cmd.exe'], 'replace')
        self.assertIn({'hive': 'SYSTEM', 'key': 'CurrentControlSet\\Services\\FBWF', 'name': 'WinPECacheThreshold',
                       'value': '64'}, lines)
        self.assertEqual(done['files'], 3)
        self.assertFalse(os.path.exists(self.boot_wim))
        self.assertEqual(self.status()['status'], 3)

    def test_media_are_prepared_first(self):
        self.write('extra/first.txt')
        self.set('extra-files=' + self.path('extra'))
        lines = self.json('create', 'CD', self.path('a.iso'), ID).lines
        self.assertEqual(lines[-1]['event'], 'done')
        self.assertEqual(self.state(), 'complete')
        subprocess.run(['7z', 'x', '-y', '-o' + self.path('iso'), self.path('a.iso'), 'sources/boot.wim'], check=True,
                       capture_output=True)
        with open(self.path('iso/sources/boot.wim'), 'rb') as file:
            self.assertEqual(hashlib.sha256(file.read()).hexdigest(), self.sha256())


class Locale(PrepareTest):
    """Time zone and locales; what Windows has in the hives of its images is laid over the sample."""
    ZONE = r'[\Microsoft\Windows NT\CurrentVersion\Time Zones\W. Europe Standard Time]'
    RULES = struct.pack('<iii8H8H', -60, 0, -60, 0, 10, 0, 5, 3, 0, 0, 0, 0, 3, 0, 5, 2, 0, 0, 0)
    KEYBOARDS = r'[\ControlSet001\Control\Keyboard Layouts\%s]'

    def setUp(self):
        super().setUp()
        zone = [self.ZONE, '"TZI"=hex(3):' + ','.join(f'{byte:02x}' for byte in self.RULES),
                '"MUI_Std"="@tzres.dll,-322"', '"Std"="W. Europe Standard Time"', '"Dlt"="W. Europe Daylight Time"']
        parents, path = [], ''
        for part in self.ZONE[2:-1].split('\\')[:-1]:
            path += '\\' + part
            parents += [f'[{path}]', '']
        self.lay('SOFTWARE', *parents, *zone)
        self.lay('DEFAULT', '[\\Keyboard Layout]', '', '[\\Keyboard Layout\\Preload]', '"1"="00000409"', '',
                 '[\\Control Panel]', '', '[\\Control Panel\\International]', '"LocaleName"="en-US"')
        self.lay('SYSTEM', '[\\ControlSet001\\Control]', '', self.KEYBOARDS.replace('\\%s', ''), '',
                 self.KEYBOARDS % '00000407', '', self.KEYBOARDS % '00020409')
        self.set('extra-files=' + self.path('extra'))

    def lay(self, hive, *additions):
        self.write('extra/' + SYSTEM.replace('SYSTEM', hive), bytes(self.hive(*additions)))

    def test_the_time_zone_is_what_windows_has_for_it(self):
        self.set('time-zone=w. europe standard time', 'scratch-space=128')
        preview = self.json('image', 'preview', ID).lines
        self.assertIn({'hive': 'SYSTEM', 'key': r'CurrentControlSet\Control\TimeZoneInformation',
                       'name': 'TimeZoneKeyName', 'value': 'W. Europe Standard Time'}, preview)
        self.prepare()
        values = self.read_values(r'\ControlSet001\Control\TimeZoneInformation')
        self.assertEqual(values['Bias'], 'dword:ffffffc4')
        self.assertEqual(values['ActiveTimeBias'], 'dword:ffffffc4')
        self.assertEqual((values['StandardBias'], values['DaylightBias']), ('dword:00000000', 'dword:ffffffc4'))
        self.assertEqual(values['DaylightStart'], 'hex(3):00,00,03,00,00,00,05,00,02,00,00,00,00,00,00,00')
        self.assertEqual(values['StandardStart'], 'hex(3):00,00,0a,00,00,00,05,00,03,00,00,00,00,00,00,00')
        self.assertEqual((values['TimeZoneKeyName'], values['StandardName'], values['DaylightName']),
                         ('str(1):"W. Europe Standard Time"', 'str(1):"@tzres.dll,-322"',
                          'str(1):"W. Europe Daylight Time"'))
        self.assertEqual(self.read_values(r'\ControlSet001\Services\FBWF'), {'WinPECacheThreshold': 'dword:00000080'})

    def test_keyboard_and_formats_are_those_of_the_locale(self):
        self.set('input-locale=de-DE', 'user-locale=de-de')
        self.prepare()
        self.assertEqual(self.read_values(r'\Keyboard Layout\Preload', 'DEFAULT'),
                         {'1': 'str(1):"00000407"', '2': 'str(1):"00000409"'})
        self.assertEqual(self.read_values(r'\Control Panel\International', 'DEFAULT'),
                         {'LocaleName': 'str(1):"de-DE"', 'Locale': 'str(1):"00000407"'})
        self.set('input-locale=0413:00020409', 'user-locale=')
        self.prepare()
        self.assertEqual(self.read_values(r'\Keyboard Layout\Preload', 'DEFAULT')['1'], 'str(1):"00000413"')
        self.assertEqual(self.read_values(r'\Keyboard Layout\Substitutes', 'DEFAULT'),
                         {'00000413': 'str(1):"00020409"'})
        self.assertEqual(self.read_values(r'\Control Panel\International', 'DEFAULT')['LocaleName'], 'str(1):"en-US"')

    def test_what_the_image_does_not_know_is_refused(self):
        self.set('time-zone=Europe Time')
        for name, status in ('preview', 1), ('prepare', 30):
            result = self.json('image', name, ID, status=status)
            self.assertIn('knows no time zone “Europe Time”; it has, among 1, “W. Europe Standard Time”',
                          result.last['message'])
        self.assert_injection_fails(87, 'knows no time zone', 'SOFTWARE', 7)
        self.set('time-zone=', 'input-locale=fr-FR')
        self.assert_injection_fails(87, 'no keyboard layout 0000040c', 'SYSTEM', 7)
        self.set('extra-files=', 'input-locale=', 'user-locale=de-DE')
        self.assert_injection_fails(2, 'There is no “\\Windows\\System32\\config\\DEFAULT”', 'DEFAULT', 7)

    def test_a_zone_without_a_list_is_refused(self):
        """The sample has no SOFTWARE hive."""
        self.set('extra-files=', 'time-zone=W. Europe Standard Time')
        preview = self.json('image', 'preview', ID, status=1)
        self.assertEqual((preview.last['code'], preview.last['title']),
                         ('KINDLING_E_TIME_ZONE', 'The boot image does not know the time zone'))
        self.assertIn('Take UTC or leave the time zone as it is', preview.last['next-step'])
        self.assert_injection_fails(87, 'no registry hive SOFTWARE and so no list of time zones', 'SOFTWARE', 7)

    def test_utc_needs_no_list(self):
        self.set('extra-files=', 'time-zone=UTC')
        os.unlink(self.path('extra/' + SYSTEM))
        self.lay('SYSTEM', '[\\ControlSet001\\Control]')
        self.set('extra-files=' + self.path('extra'))
        self.prepare()
        values = self.read_values(r'\ControlSet001\Control\TimeZoneInformation')
        self.assertEqual((values['Bias'], values['TimeZoneKeyName']), ('dword:00000000', 'str(1):"UTC"'))

    def test_settings_that_cannot_be(self):
        for setting, words in [('time-zone=Europe/Berlin', 'W. Europe Standard Time'), ('time-zone=' + 'x' * 128, '127'),
                               ('input-locale=german', '0407:00000407'), ('input-locale=0407:407', 'de-CH'),
                               ('user-locale=0407:00000407', 'de-CH')]:
            self.assert_fails('E_INVALIDARG', words, 'image', 'set', ID, setting)


class Drivers(PrepareTest):
    def add(self, name='net', content=None, binary=None):
        self.write(f'{name}/net.inf', content or inf())
        self.write(f'{name}/net.sys', binary or fixtures.program(subsystem=1))
        self.write(f'{name}/sub/data.bin')
        self.json('image', 'add-driver', ID, self.path(name))

    def test_packages_and_their_loader_are_added(self):
        self.add()
        done = self.prepare()
        self.assertTrue(any('D10' in warning for warning in done['warnings']), done)
        self.assertEqual(self.extract('/Drivers/001/net.inf'), inf())
        self.assertEqual(self.extract('/Drivers/001/sub/data.bin'), b'content\r\n')
        self.assertIn(b'drvload', self.extract('/Windows/System32/kindling-drivers.cmd'))
        self.assertEqual(self.extract('/Windows/System32/startnet.cmd'),
                         b'call %SYSTEMROOT%\\System32\\kindling-drivers.cmd\r\nwpeinit\r\n')

    def test_off_and_removed_drivers_are_not_there(self):
        self.add()
        self.prepare()
        self.set('driver.net=off')
        self.assertEqual(self.state(), 'stale')
        self.prepare()
        self.assertNotIn(b'kindling', self.extract('/Windows/System32/startnet.cmd'))
        self.set('driver.net=on', 'driver.net/net.inf=off')
        self.prepare()
        self.assertNotIn(b'kindling', self.extract('/Windows/System32/startnet.cmd'))
        self.ctl('image', 'remove-driver', ID, 'net')
        self.assert_fails('E_INVALIDARG', 'no drivers named “net”', 'image', 'remove-driver', ID, 'net')

    def test_faulty_packages_stop_it_and_are_named(self):
        for number, (content, words) in enumerate([(inf(signature='$Other$'), 'D01'), (inf('x86'), 'D02')]):
            self.add(f'faulty{number}', content)
            self.assert_injection_fails(13, words, f'faulty{number}/net.inf', 3)
            self.ctl('image', 'remove-driver', ID, f'faulty{number}')

    def test_faulty_packages_can_be_skipped(self):
        self.add('bad', inf('x86'))
        self.add('good')
        self.set('skip-faulty-drivers=true')
        done = self.prepare()
        self.assertTrue(any('Left out' in warning and 'D02' in warning for warning in done['warnings']), done)
        self.assertEqual(self.extract('/Drivers/001/net.inf'), inf())

    def test_a_driver_folder_that_is_gone(self):
        self.add()
        shutil.rmtree(self.path('net'))
        self.assert_injection_fails(2, self.path('net'), 'net', 3)


class Status(PrepareTest):
    def wait_for_step(self, run, step):
        while True:
            status = self.status()
            if status['status'] == 1 and status['progress'] >= step:
                return
            self.assertIsNone(run.poll())

    def test_contexts_come_and_go(self):
        self.assertEqual(self.status(), {'context-id': '', 'status': 3, 'progress': 0, 'max-progress': 0,
                                         'progress-text': '', 'error-code': 0, 'extended-error-info': ''})
        self.prepare_something()
        context = self.status()['context-id']
        uuid.UUID(context)
        for which in [ID, context, '{' + context.upper() + '}']:
            self.assertEqual(self.status(which), {
                'context-id': context, 'status': 0, 'progress': 9, 'max-progress': 9,
                'progress-text': 'Updating the catalogue', 'error-code': 0, 'extended-error-info': ''})
        self.ctl('image', 'forget-status', context)
        self.assertEqual(self.status(context)['status'], 3)
        self.assertEqual(self.status()['status'], 3)
        self.assertEqual(self.state(), 'complete')
        self.ctl('image', 'forget-status', context)

    def test_text_says_code_and_file(self):
        self.prepare_something()
        shutil.rmtree(self.path('extra'))
        result = self.ctl('image', 'prepare', ID, status=30)
        self.assertIn('ErrorCode: 2\n', result.err)
        self.assertIn('ExtendedErrorInfo: ' + self.path('extra') + '\n', result.err)
        self.assertRegex(self.ctl('image', 'status', ID).out, r'Error code +2\n')

    def test_cancel_within_a_second_and_busy_meanwhile(self):
        before = self.prepare_something()
        fixtures.noise(self.path('extra/large.bin'), 200 << 20)
        run = self.start('--json', 'image', 'prepare', ID)
        self.wait_for_step(run, 8)
        self.assertEqual(self.state(), 'in-progress')
        self.assert_fails('ERROR_BUSY', 'being changed by another process', 'image', 'prepare', ID)
        started = time.monotonic()
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=command.TIMEOUT)
        self.assertLess(time.monotonic() - started, 1.5)
        self.assertEqual(run.returncode, 3)
        status = self.status()
        self.assertEqual((status['status'], status['error-code']), (2, 1223))
        self.assertEqual(self.sha256(), before)
        os.unlink(self.path('extra/large.bin'))
        self.prepare()
        self.assertEqual(self.state(), 'complete')

    def test_a_killed_worker_is_an_error_and_no_progress(self):
        before = self.prepare_something()
        fixtures.noise(self.path('extra/large.bin'), 100 << 20)
        run = self.start('--json', 'image', 'prepare', ID)
        self.wait_for_step(run, 8)
        run.kill()
        run.communicate()
        status = self.status()
        self.assertEqual((status['status'], status['error-code'], status['progress']), (2, 1067, 8))
        self.assertEqual(self.state(), 'error')
        self.assertEqual(self.sha256(), before)
        os.unlink(self.path('extra/large.bin'))
        self.prepare()
        self.assertEqual(self.state(), 'complete')
        self.assertEqual([name for name in os.listdir(self.entry) if name.startswith('.prepare')], [])


class BadInput(PrepareTest):
    def setUp(self):
        super().setUp()
        self.prepare_something()

    def test_a_folder_that_is_gone(self):
        shutil.rmtree(self.path('extra'))
        self.assert_injection_fails(2, self.path('extra'), 'extra', 4)
        # The same recipe made what is there: media can still be made of it.
        self.assertEqual(self.json('create', 'CD', self.path('a.iso'), ID).last['event'], 'done')

    def test_a_file_that_cannot_be_read(self):
        os.chmod(self.write('extra/closed.txt'), 0)
        self.assert_injection_fails(5, 'closed.txt', 'closed.txt', 4, prefix=command.HELD_TO_PERMISSIONS)

    def test_a_folder_that_cannot_be_read(self):
        os.makedirs(self.path('extra/closed'))
        os.chmod(self.path('extra/closed'), 0)
        self.assert_injection_fails(5, 'extra/closed', 'extra/closed', 4, prefix=command.HELD_TO_PERMISSIONS)

    def test_every_input_that_can_be_gone(self):
        self.write('there/file.bin', png())
        for key, name, step in [('binaries', 'there', 4), ('prestart-files', 'there', 6), ('background', 'there/file.bin', 6)]:
            self.set(f'{key}={self.path(name)}')
            os.rename(self.path('there'), self.path('away'))
            self.assert_injection_fails(2, self.path(name), name, step)
            os.rename(self.path('away'), self.path('there'))
            self.set(key + '=')

    def test_what_is_neither_a_file_nor_a_folder(self):
        os.mkfifo(self.path('extra/pipe'))
        self.assert_injection_fails(87, 'neither a file nor a folder', 'extra/pipe', 4)

    def test_paths_that_are_too_long(self):
        folder = '/'.join(['x' * 60] * 4)
        self.write(f'extra/{folder}/ten-letter')
        self.prepare()
        self.write(f'extra/{folder}/twelve-letter')
        self.assert_injection_fails(87, 'longer than 255', 'twelve-letter', 4)

    def test_cabinet_files_that_are_none(self):
        self.write('drivers.cab', b'MSCF' + b'no cabinet' * 100)
        self.ctl('image', 'add-driver', ID, self.path('drivers.cab'))
        self.assert_injection_fails(13, 'drivers.cab', 'drivers.cab', 3)

    def test_links(self):
        os.symlink('first.txt', self.path('extra/inside.txt'))
        self.prepare()
        self.assertEqual(self.extract('/inside.txt'), b'content\r\n')
        os.symlink('/etc/passwd', self.path('extra/outside.txt'))
        self.assert_injection_fails(87, 'leads out of the folder', 'outside.txt', 4)
        os.unlink(self.path('extra/outside.txt'))
        os.symlink('nowhere', self.path('extra/dead.txt'))
        self.assert_injection_fails(2, 'leads nowhere', 'dead.txt', 4)

    def test_names_that_windows_cannot_have(self):
        for name in ['con.txt', 'a:b', 'ends.', 'LPT1', 'question?', b'bad-\xff'.decode(errors='surrogateescape')]:
            self.write('extra/deep/' + name)
            self.assert_injection_fails(87, 'Windows cannot have the name', 'extra/deep', 4)
            os.unlink(self.path('extra/deep/' + name))

    def test_names_that_differ_by_case(self):
        self.write('extra/First.txt')
        self.assert_injection_fails(87, '“First.txt” and “first.txt” differ only by case', 'extra', 4)

    def test_a_file_in_place_of_a_folder(self):
        self.write('extra/Windows/System32')
        self.assert_injection_fails(87, 'is a folder in the image', 'System32', 4)

    def test_a_file_above_four_gigabytes(self):
        with open(self.write('extra/large.bin'), 'wb') as file:
            file.truncate(1 << 32)
        self.assert_injection_fails(87, 'has 4294967296 bytes', 'large.bin', 4)

    def test_hives_that_cannot_be_edited(self):
        self.set('scratch-space=512')
        dirty, torn, other = self.hive(), self.hive()[:5000], self.hive()
        struct.pack_into('<I', dirty, 4, struct.unpack_from('<I', dirty, 8)[0] + 1)
        at = other.index(b'Select')
        other[at:at + 6] = b'Selekt'
        for content, words in [(dirty, 'was not written to its end'), (torn, 'is damaged'), (b'no hive' * 2000, 'is damaged'),
                               (other, 'has no key “Select”')]:
            self.write('extra/' + SYSTEM, bytes(content))
            self.assert_injection_fails(13, words, 'SYSTEM', 7)

    def test_hives_without_the_key(self):
        self.set('scratch-space=512')
        for name, words in [(b'FBWF', None), (b'Services', 'has no key “ControlSet001\\Services”'),
                            (b'ControlSet001', 'has no key “ControlSet001\\Services”')]:
            hive = self.hive()
            at = hive.index(name)
            hive[at:at + 1] = b'#'
            self.write('extra/' + SYSTEM, bytes(hive))
            if words is not None:
                self.assert_injection_fails(13, words, 'SYSTEM', 7)
                continue
            self.prepare()
            self.assertEqual(self.read_values(r'\ControlSet001\Services\FBWF'), {'WinPECacheThreshold': 'dword:00000200'})

    def test_pictures(self):
        self.write('none.jpg', b'GIF89a nothing')
        self.assert_fails('ERROR_BAD_FORMAT', 'is no picture', 'image', 'set', ID, 'background=' + self.path('none.jpg'))
        self.write('torn.png', png()[:60])
        self.assert_fails('ERROR_BAD_FORMAT', 'cannot be read', 'image', 'set', ID, 'background=' + self.path('torn.png'))
        self.write('later.png', png())
        self.set('background=' + self.path('later.png'))
        self.write('later.png', b'no picture')
        self.assert_injection_fails(13, 'is no picture', 'later.png', 6)

    def test_a_source_that_has_changed(self):
        source = os.path.join(self.entry, 'source.wim')
        with open(source, 'r+b') as file:
            file.seek(os.path.getsize(source) // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        self.assert_injection_fails(13, 'has changed since import', 'source.wim', 1)

    def test_a_full_disk(self):
        if os.geteuid() != 0:
            # Only root can mount a small file system: here, the root of a name space of its own.
            run = subprocess.run(['unshare', '--map-root-user', '--mount', sys.executable, __file__, command.PROGRAM,
                                  'BadInput.test_a_full_disk'], capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            return
        small = self.path('small')
        os.mkdir(small)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', small], check=True)
        self.addCleanup(subprocess.run, ['umount', small], check=True)
        self.catalog = os.path.join(small, 'catalog')
        self.json('image', 'import', '--sample')
        self.entry = os.path.join(self.catalog, ID)
        self.boot_wim = os.path.join(self.entry, 'boot.wim')
        self.set('extra-files=' + self.path('extra'))
        self.prepare()
        fixtures.noise(self.path('extra/large.bin'), 45 << 20)
        self.assert_injection_fails(112, 'bytes', step=8)

    def test_settings_that_cannot_be(self):
        for setting, words in [('scratch-space=100', 'give 32, 64, 128, 256, 512'), ('lab-shell=maybe', 'true, false'),
                               ('compression=best', 'normal, smaller'), ('start-command=' + 'x' * 217, '216'),
                               ('prestart-command=' + 'x' * 4097, '4096'), ('start-command=ä', 'ASCII'),
                               ('binaries=' + self.path('extra/first.txt'), 'is no folder'),
                               ('driver.none=on', 'no drivers named “none”')]:
            self.assert_fails('E_INVALIDARG', words, 'image', 'set', ID, setting)
        self.assert_fails('ERROR_FILE_NOT_FOUND', 'nowhere', 'image', 'set', ID, 'extra-files=/nowhere')
        self.assertEqual(self.state(), 'complete')

    def test_lists_that_lead_out(self):
        listing = '''<?xml version="1.0"?><InjectionFiles><Architecture imgArch="x64"><FileList source="SCCM">
            <File name="a.exe"><Source>bin\\x64</Source><Destination>{}</Destination></File>
            </FileList></Architecture></InjectionFiles>'''
        self.write('osd/bin/x64/a.exe')
        self.set('binaries=' + self.path('osd'))
        for destination in ['..\\..\\x', 'sms\\..\\..\\x', 'C:\\x', '\\\\server\\x']:
            self.write('osd/osdinjection.xml', listing.format(destination))
            self.assert_injection_fails(13, 'leads out of its folder', step=4)
        self.write('osd/osdinjection.xml', listing.format('sms\\bin\\x64'))
        self.prepare()
        self.assertEqual(self.extract('/sms/bin/x64/a.exe'), b'content\r\n')
        os.unlink(self.path('osd/bin/x64/a.exe'))
        self.assert_injection_fails(2, 'a.exe', 'a.exe', 4)


if __name__ == '__main__':
    command.main()
