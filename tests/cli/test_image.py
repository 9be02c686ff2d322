#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalog from the terminal: import, list, show, set, status, export, remove."""
import hashlib
import os
import shutil
import subprocess

import command
import fixtures
from command import CommandTest


def sha256(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest() if hasattr(hashlib, 'file_digest') else hashlib.sha256(
            file.read()).hexdigest()


class Import(CommandTest):
    def test_a_wim_of_another_tool_and_its_facts(self):
        done = self.json('image', 'import', self.wim).last
        self.assertEqual(done['event'], 'done')
        self.assertEqual(done['id'], 'KDL00001')
        self.assertEqual(done['name'], 'Odd PE')
        self.assertEqual(done['architecture'], 'x64')
        self.assertEqual(done['version'], '10.0.26100.1')
        self.assertEqual(done['size'], os.path.getsize(self.wim))
        self.assertEqual(done['sha256'], sha256(self.wim))
        self.assertIs(done['bios'], True)
        self.assertEqual(done['uefi'], ['x64'])

    def test_progress_events_go_up(self):
        *progress, done = self.json('image', 'import', self.wim).lines
        self.assertEqual(done['event'], 'done')
        self.assertTrue(progress)
        for event in progress:
            self.assertEqual(event['event'], 'progress')
            self.assertLessEqual({'step', 'steps', 'fraction', 'bytes', 'rate', 'eta', 'info'}, set(event))
            self.assertLessEqual(event['step'], event['steps'])
        fractions = [event['fraction'] for event in progress]
        self.assertEqual(fractions, sorted(fractions))
        self.assertEqual(fractions[-1], 1)

    def test_text_says_id_and_what_will_boot(self):
        out = self.ctl('image', 'import', self.wim).out
        self.assertIn('Imported as KDL00001: Odd PE (x64, ', out)
        self.assertRegex(out, r'Boots on BIOS +yes\n')
        self.assertRegex(out, r'Boots on UEFI +x64\n')

    def test_quiet_prints_the_id_alone(self):
        result = self.ctl('--quiet', 'image', 'import', self.wim)
        self.assertEqual((result.out, result.err), ('KDL00001\n', ''))
        result = self.ctl('--quiet', '--json', 'image', 'import', self.wim)
        self.assertEqual([line['event'] for line in result.lines], ['done'])

    def test_ids_and_names_can_be_chosen(self):
        self.assertEqual(self.import_good('--id', 'ABC0001F', '--name', 'Büro'), 'ABC0001F')
        self.assertEqual(self.import_good(), 'KDL00001')
        self.assertEqual(self.import_good(), 'KDL00002')
        listed = {image['id']: image['name'] for image in self.json('image', 'list').lines}
        self.assertEqual(listed, {'ABC0001F': 'Büro', 'KDL00001': 'Odd PE', 'KDL00002': 'Odd PE'})

    def test_ids_in_small_letters_mean_the_same(self):
        self.assertEqual(self.import_good('--id', 'abc0000f'), 'ABC0000F')
        self.assertEqual(os.listdir(self.catalog), ['ABC0000F'])
        self.assertEqual(self.json('image', 'show', 'abc0000f').last['id'], 'ABC0000F')
        self.assertEqual(self.json('image', 'set', 'abc0000f', 'name=x').last['id'], 'ABC0000F')
        self.assertEqual(self.json('image', 'export', 'Abc0000f', 'x.wim').last['id'], 'ABC0000F')
        self.json('create', 'CD', 'x.iso', 'abc0000f', '--dry-run')
        self.assertEqual(self.json('image', 'remove', 'abc0000f').last['id'], 'ABC0000F')

    def test_the_index_chooses_the_image(self):
        wim = shutil.copy(self.wim, self.path('two.wim'))
        fixtures.wimlib('append', self.tree, wim, 'Second one')
        self.assertEqual(self.json('image', 'import', wim, '--index', '2').last['name'], 'Second one')
        self.assertEqual(self.json('image', 'import', wim).last['name'], 'Odd PE')

    def test_boot_files_from_a_folder_beside(self):
        bare = fixtures.capture(self.path('bare.wim'),
                                fixtures.pe_tree(self.path('bare'), boot_files=False), name='Bare PE')
        media = fixtures.write_tree(self.path('media'), fixtures.MEDIA_FILES)
        done = self.json('image', 'import', bare, '--boot-files', media).last
        self.assertIs(done['bios'], True)
        self.assertEqual(done['uefi'], ['x64'])
        self.assertEqual(done['architecture'], 'x64')

    def test_a_folder_like_windows_media(self):
        media = fixtures.write_tree(self.path('media'), fixtures.MEDIA_FILES)
        os.mkdir(os.path.join(media, 'Sources'))
        shutil.copy(self.wim, os.path.join(media, 'Sources', 'Boot.wim'))
        self.assertEqual(self.json('image', 'import', media).last['uefi'], ['x64'])

    def test_iso_files_of_both_kinds(self):
        media = fixtures.write_tree(self.path('media'), fixtures.MEDIA_FILES)
        os.mkdir(os.path.join(media, 'sources'))
        shutil.copy(self.wim, os.path.join(media, 'sources', 'boot.wim'))
        for name, options in [('plain.iso', ['-J']), ('udf.iso', ['-udf', '-iso-level', '3'])]:
            subprocess.run(['genisoimage', '-quiet', *options, '-o', self.path(name), media], check=True,
                           stderr=subprocess.DEVNULL)
            done = self.json('image', 'import', self.path(name)).last
            self.assertEqual((done['name'], done['uefi']), ('Odd PE', ['x64']))
            self.assertEqual(done['sha256'], sha256(self.wim))

    def test_the_sample_image(self):
        done = self.json('image', 'import', '--sample').last
        self.assertEqual((done['architecture'], done['bios'], done['uefi']), ('x64', True, ['x64']))

    def test_relative_paths(self):
        shutil.copy(self.wim, self.path('-odd.wim'))
        done = self.json('image', 'import', '--', '-odd.wim').last
        shown = self.json('image', 'show', done['id']).last
        self.assertEqual(shown['source-path'], self.path('-odd.wim'))

    def test_reexport_makes_a_readable_copy(self):
        pipable = fixtures.capture(self.path('pipable.wim'), self.tree, '--pipable')
        done = self.json('image', 'import', pipable, '--reexport').last
        self.assertEqual(done['id'], 'KDL00001')
        stored = os.path.join(self.catalog, 'KDL00001', 'source.wim')
        info = subprocess.run(['wimlib-imagex', 'info', stored], check=True, capture_output=True, text=True).stdout
        self.assertRegex(info, r'Compression: +LZX')
        self.assertRegex(info, r'Boot Index: +1')
        self.assertNotIn('Pipable', [line.split(',')[0] for line in info.splitlines() if 'Attributes' in line])

    def test_two_at_once_get_two_ids(self):
        runs = [self.start('--quiet', 'image', 'import', self.wim) for _ in range(3)]
        ids = sorted(run.communicate(timeout=command.TIMEOUT)[0].strip() for run in runs)
        self.assertEqual([run.returncode for run in runs], [0, 0, 0])
        self.assertEqual(ids, ['KDL00001', 'KDL00002', 'KDL00003'])
        self.assertEqual([image['state'] for image in self.json('image', 'list').lines], ['no-status'] * 3)

    def test_two_at_once_with_one_id(self):
        runs = [self.start('--json', 'image', 'import', self.wim, '--id', 'KDL0000A') for _ in range(2)]
        for run in runs:
            run.wait(command.TIMEOUT)
        self.assertEqual(sorted(run.returncode for run in runs), [0, 1])
        for run in runs:
            run.communicate()
        self.assertEqual([image['id'] for image in self.json('image', 'list').lines], ['KDL0000A'])


class Catalog(CommandTest):
    def test_list_as_a_table(self):
        self.import_good('--name', 'First')
        out = self.ctl('image', 'list').out.splitlines()
        self.assertRegex(out[0], r'^ID +Arch\. +Version +Size +State +Name$')
        self.assertRegex(out[1], r'^KDL00001 +x64 +10\.0\.26100\.1 +.+ +ready +First$')
        self.assertEqual(self.ctl('--quiet', 'image', 'list').out.splitlines(), out[1:])

    def test_list_as_json(self):
        self.import_good()
        image = self.json('image', 'list').last
        self.assertEqual(image, {'id': 'KDL00001', 'name': 'Odd PE', 'architecture': 'x64', 'version': '10.0.26100.1',
                                 'size': os.path.getsize(self.wim), 'state': 'no-status'})

    def test_show(self):
        self.import_good()
        shown = self.json('image', 'show', 'KDL00001').last
        self.assertEqual(shown['source-index'], 1)
        self.assertEqual(shown['sha256'], sha256(self.wim))
        self.assertEqual(shown['language'], 'en-US')
        self.assertIs(shown['bios'], True)
        self.assertNotIn('sha256-matches', shown)
        text = self.ctl('image', 'show', 'KDL00001').out
        self.assertRegex(text, r'(?m)^Name +Odd PE$')
        self.assertRegex(text, r'(?m)^SHA-256 +[0-9a-f]{64}$')

    def test_show_verify_reads_the_file(self):
        self.import_good()
        self.assertIs(self.json('image', 'show', 'KDL00001', '--verify').last['sha256-matches'], True)
        with open(os.path.join(self.catalog, 'KDL00001', 'source.wim'), 'r+b') as wim:
            wim.seek(5000)
            wim.write(b'changed')
        event = self.assert_fails('CREATETSMEDIA_E_MISSINGPACKAGE', 'KDL00001', 'image', 'show', 'KDL00001',
                                  '--verify', status=13)
        self.assertEqual(event['detail'], 'KDL00001')

    def test_set_changes_what_is_shown(self):
        self.import_good()
        done = self.json('image', 'set', 'KDL00001', 'name=Neu = gut', 'version=7', 'description=für alle').last
        self.assertEqual(done, {'event': 'done', 'id': 'KDL00001'})
        shown = self.json('image', 'show', 'KDL00001').last
        self.assertEqual((shown['name'], shown['version'], shown['description']), ('Neu = gut', '7', 'für alle'))
        self.assertEqual(shown['os-version'], '10.0.26100.1')
        self.assertEqual(self.json('image', 'list').last['version'], '7')

    def test_set_refuses_what_it_does_not_know(self):
        self.import_good()
        self.assert_fails('E_INVALIDARG', 'colour', 'image', 'set', 'KDL00001', 'colour=red')
        self.assert_fails('E_INVALIDARG', '2019', 'image', 'set', 'KDL00001', 'boot-manager=2019')
        self.assert_fails('CREATETSMEDIA_E_MISSINGPACKAGE', 'KDL00009', 'image', 'set', 'KDL00009', 'name=x',
                          status=13)

    def test_status_of_an_image_that_was_never_prepared(self):
        self.import_good()
        nothing = {'context-id': '', 'status': 3, 'progress': 0, 'max-progress': 0, 'progress-text': '',
                   'error-code': 0, 'extended-error-info': ''}
        self.assertEqual(self.json('image', 'status', 'KDL00001').lines, [nothing])
        guid = '{0d1c8b0e-5c56-4c7f-8d3a-6a5d0f3b2c11}'
        self.assertEqual(self.json('image', 'status', guid).lines, [{**nothing, 'context-id': guid}])
        self.assertIn('no status', self.ctl('image', 'status', 'KDL00001').out)
        self.assert_fails('CREATETSMEDIA_E_MISSINGPACKAGE', 'KDL00009', 'image', 'status', 'KDL00009', status=13)

    def test_export_gives_the_same_bytes(self):
        self.import_good()
        target = self.path('out.wim')
        done = self.json('image', 'export', 'KDL00001', 'out.wim').last
        self.assertEqual((done['event'], done['id'], done['path']), ('done', 'KDL00001', target))
        self.assertEqual(sha256(target), sha256(self.wim))
        self.assertIn('Exported KDL00001', self.ctl('image', 'export', 'KDL00001', 'out.wim').out)
        self.assert_fails('CREATETSMEDIA_E_MISSINGPACKAGE', 'KDL00002', 'image', 'export', 'KDL00002', target,
                          status=13)
        self.assertEqual(sha256(target), sha256(self.wim))

    def info(self, path):
        return subprocess.run(['wimlib-imagex', 'info', path], check=True, capture_output=True, text=True).stdout

    def test_export_default_takes_one_image_marked_to_boot(self):
        self.import_good('--id', 'ABC00002', '--name', 'Later')
        self.import_good('--id', 'ABC00001')
        self.ctl('image', 'set', 'ABC00001', 'start-command=go.cmd')
        self.ctl('image', 'prepare', 'ABC00001')
        for number, options in enumerate([(), ('--from', self.wim), ('--from', self.wim, '--index', '1')]):
            target = self.path(f'default{number}.wim')
            done = self.json('image', 'export-default', 'AMD64', target, *options).last
            self.assertEqual((done['event'], done['path']), ('done', target))
            info = self.info(target)
            self.assertRegex(info, r'(?m)^Image Count:\s+1$')
            self.assertRegex(info, r'(?m)^Boot Index:\s+1$')
            subprocess.run(['wimlib-imagex', 'verify', target], check=True, capture_output=True)
            # What was imported, and nothing that was prepared.
            paths = [subprocess.run(['wimlib-imagex', 'dir', path, '1'], check=True, capture_output=True).stdout
                     for path in (target, self.wim)]
            self.assertEqual(*paths)
        self.assertIn('Exported the boot image for x64', self.ctl('image', 'export-default', 'x64', target).out)
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith('.default')], [])

    def test_export_default_from_an_iso_file(self):
        os.makedirs(self.path('medium/sources'))
        shutil.copy(self.wim, self.path('medium/sources/boot.wim'))
        subprocess.run(['genisoimage', '-quiet', '-udf', '-allow-limited-size', '-o', self.path('medium.iso'), self.path('medium')],
                       check=True)
        self.json('image', 'export-default', 'x64', self.path('out.wim'), '--from', self.path('medium.iso'))
        self.assertRegex(self.info(self.path('out.wim')), r'(?m)^Boot Index:\s+1$')

    def test_export_default_says_what_is_wrong(self):
        target = self.path('out.wim')
        self.assert_fails('ERROR_FILE_NOT_FOUND', 'no boot image for x64', 'image', 'export-default', 'x64', target)
        self.import_good()
        inside = os.path.join(self.catalog, 'KDL00001', 'x.wim')
        for arguments, words in [(('arm64', target), 'no boot image for arm64'),
                                 (('arm64', target, '--from', self.wim), 'is for x64, and one for arm64'),
                                 (('z80', target), 'no architecture'),
                                 (('x64', target, '--index', '7'), 'no image 7'),
                                 (('x64', target, '--from', '/nowhere.wim'), 'nowhere.wim'),
                                 (('x64', self.folder), 'is a folder'), (('x64', inside), 'inside the catalog')]:
            result = self.json('image', 'export-default', *arguments, status=1)
            self.assertIn(words, result.last['message'])
            self.assertFalse(os.path.exists(target))

    def test_properties_are_the_xml_of_the_file(self):
        expected = subprocess.run(['wimlib-imagex', 'info', self.wim, '--xml'], check=True, capture_output=True).stdout
        xml = expected.decode('utf-16').lstrip('\ufeff')
        self.assertEqual(self.ctl('image', 'properties', self.wim).out, xml + '\n')
        self.assertEqual(self.json('image', 'properties', self.wim).last, {'source': self.wim, 'image-property': xml})
        self.import_good()
        self.assertEqual(self.ctl('image', 'properties', 'kdl00001').out, xml + '\n')
        with open(self.path('none.wim'), 'wb') as file:
            file.write(b'no WIM at all' * 100)
        self.assert_fails('ERROR_BAD_FORMAT', 'none.wim', 'image', 'properties', self.path('none.wim'))
        self.assert_fails('ERROR_FILE_NOT_FOUND', 'gone.wim', 'image', 'properties', self.path('gone.wim'))
        self.assert_fails('CREATETSMEDIA_E_MISSINGPACKAGE', 'ABC00001', 'image', 'properties', 'ABC00001', status=13)

    def test_the_umask_says_whether_a_group_shares_and_nobody_else_ever_writes(self):
        for umask, group in ((0, 0o020), (0o002, 0o020), (0o022, 0)):
            catalog = self.path(f'umask-{umask:o}')
            iso = self.path(f'umask-{umask:o}.iso')
            for words in (('image', 'import', self.wim), ('image', 'prepare', 'KDL00001'), ('create', 'CD', iso, 'KDL00001')):
                run = self.run_program('--catalog', catalog, *words, umask=umask)
                self.assertEqual(run.status, 0, run.err)
            paths = [os.path.join(folder, name) for folder, folders, files in os.walk(catalog) for name in folders + files]
            modes = {path: os.lstat(path).st_mode for path in [catalog, iso, *paths]}
            self.assertEqual([path for path, mode in modes.items() if mode & 0o002], [])
            self.assertEqual(modes[catalog] & 0o020, group)
            record = os.path.join(catalog, 'KDL00001', 'image.ini')
            self.assertEqual(modes[record] & 0o777, 0o644 | group)
            self.assertEqual(modes[iso] & 0o777, 0o644 | group)

    def test_remove(self):
        self.import_good()
        self.assertEqual(self.json('image', 'remove', 'KDL00001').last, {'event': 'done', 'id': 'KDL00001'})
        self.assertEqual(self.json('image', 'list').lines, [])
        self.assertFalse(os.path.exists(os.path.join(self.catalog, 'KDL00001')))
        self.assert_fails('CREATETSMEDIA_E_MISSINGPACKAGE', 'KDL00001', 'image', 'remove', 'KDL00001', status=13)

    def test_control_characters_do_not_reach_the_terminal(self):
        self.assert_fails('E_INVALIDARG', 'control characters', 'image', 'import', self.wim, '--name', 'a\x1b[31mb')
        err = self.ctl('image', 'show', 'a\x1b[31mb', status=13).err
        self.assertIn('a\ufffd[31mb', err)
        self.assertNotIn('\x1b', err)

    def test_ids_do_not_leave_the_catalog(self):
        victim = fixtures.write_tree(self.path('victim'), {'file': lambda: b'x'})
        self.import_good()
        for name in ['../victim', '..', '.', '', 'KDL00001/..', victim]:
            for words in [('image', 'remove', name), ('image', 'show', name), ('image', 'set', name, 'name=x')]:
                self.assertNotEqual(self.run_program('--catalog', self.catalog, *words).status, 0, words)
        self.assertTrue(os.path.exists(os.path.join(victim, 'file')))
        self.assertEqual(len(self.json('image', 'list').lines), 1)


if __name__ == '__main__':
    command.main()
