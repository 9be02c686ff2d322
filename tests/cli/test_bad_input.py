#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can be wrong with an image, a target or a catalog: a clear error, an exit status, nothing lost."""
import os
import resource
import shutil
import time

import command
import fixtures
from command import HELD_TO_PERMISSIONS, CommandTest


class BadImages(CommandTest):
    def assert_refused(self, symbol, words, path, *options, status=1):
        self.assert_fails(symbol, words, 'image', 'import', path, *options, status=status)
        self.assertEqual(self.json('image', 'list').lines, [])
        if os.path.isdir(self.catalog):
            self.assertEqual([name for name in os.listdir(self.catalog) if not name.startswith('.')], [])

    def test_nothing_there(self):
        self.assert_refused('ERROR_FILE_NOT_FOUND', 'none.wim', self.path('none.wim'))

    def test_not_a_wim(self):
        fixtures.write_tree(self.folder, {'text.wim': lambda: b'This is no WIM file at all.\n' * 400,
                                          'empty.wim': lambda: b''})
        self.assert_refused('ERROR_BAD_FORMAT', 'text.wim', self.path('text.wim'))
        self.assert_refused('ERROR_BAD_FORMAT', 'empty.wim', self.path('empty.wim'))

    def test_a_folder_without_a_wim(self):
        folder = fixtures.write_tree(self.path('plain'), {'a/b.txt': lambda: b'x'})
        self.assert_refused('ERROR_FILE_NOT_FOUND', folder, folder)

    def test_a_device(self):
        self.assert_refused('E_INVALIDARG', '/dev/null', '/dev/null')

    def test_truncated(self):
        wim = shutil.copy(self.wim, self.path('short.wim'))
        os.truncate(wim, os.path.getsize(wim) // 2)
        self.assert_refused('KINDLING_E_WIM_TRUNCATED', 'short.wim', wim)

    def test_split(self):
        tree = fixtures.pe_tree(self.path('tree'))
        fixtures.noise(os.path.join(tree, 'noise.bin'), 3 << 20)
        wim = fixtures.capture(self.path('whole.wim'), tree)
        fixtures.wimlib('split', wim, self.path('part.swm'), '2')
        self.assertTrue(os.path.exists(self.path('part2.swm')))
        for part in ['part.swm', 'part2.swm']:
            self.assert_refused('KINDLING_E_WIM_SPLIT', part, self.path(part))

    def test_pipable_solid_and_lzms_are_offered_anew(self):
        for name, *options in [('pipable', '--pipable'), ('solid', '--solid'), ('lzms', '--compress=LZMS')]:
            wim = fixtures.capture(self.path(f'{name}.wim'), self.tree, *options)
            self.assert_refused('KINDLING_E_WIM_UNREADABLE', f'{name}.wim', wim)
            self.assertIn('--reexport', self.ctl('image', 'import', wim, status=1).err)
            done = self.json('image', 'import', wim, '--reexport').last
            self.assertEqual(done['uefi'], ['x64'])
            self.ctl('image', 'remove', done['id'])

    def test_damaged(self):
        wim = fixtures.capture(self.path('checked.wim'), self.tree, '--check')
        with open(wim, 'r+b') as file:
            file.seek(os.path.getsize(wim) // 3)
            file.write(bytes(range(64)))
        self.assert_refused('KINDLING_E_WIM_DAMAGED', 'checked.wim', wim)

    def test_damaged_boot_file(self):
        wim = fixtures.capture(self.path('plain.wim'), self.tree, '--compress=none')
        with open(wim, 'r+b') as file:
            at = file.read().index(fixtures.bootmgr()[:64])
            file.seek(at + 2000)
            file.write(b'flipped')
        self.assert_refused('KINDLING_E_WIM_DAMAGED', 'plain.wim', wim)

    def test_no_bootable_image(self):
        tree = fixtures.write_tree(self.path('data'), {'docs/readme.txt': lambda: b'just files'})
        wim = fixtures.capture(self.path('data.wim'), tree, boot=False)
        self.assert_refused('KINDLING_E_WIM_NOT_BOOTABLE', 'data.wim', wim)

    def test_index_out_of_range(self):
        self.assert_refused('KINDLING_E_WIM_INDEX', '9', self.wim, '--index', '9')

    def test_no_boot_files_at_all(self):
        tree = fixtures.pe_tree(self.path('bare'), boot_files=False)
        wim = fixtures.capture(self.path('bare.wim'), tree)
        self.assert_refused('KINDLING_E_NO_BOOT_FILES', 'bootmgfw.efi', wim)
        self.assertIn('--boot-files DIR', self.ctl('image', 'import', wim, status=1).err)

    def test_a_bad_id(self):
        for name in ['KDL1', 'KDL0000G', '../x', 'KDL000001', '']:
            self.assert_refused('E_INVALIDARG', name, self.wim, '--id', name)

    def test_an_id_that_is_taken(self):
        self.import_good()
        event = self.json('image', 'import', self.wim, '--id', 'KDL00001', status=1).last
        self.assertIn('KDL00001', event['message'])
        self.assertEqual(len(self.json('image', 'list').lines), 1)


class BadTargets(CommandTest):
    def setUp(self):
        super().setUp()
        self.import_good()

    def assert_not_made(self, symbol, words, target, *options, image='KDL00001', status=1, **run_options):
        self.assert_fails(symbol, words, 'create', 'CD', target, image, *options, status=status, **run_options)
        self.assert_nothing_but(self.folder, *self.before)

    def create_before(self, *names):
        self.before = ['catalog', *names]

    def test_directory_device_and_missing_folder(self):
        os.mkdir(self.path('folder'))
        self.create_before('folder')
        self.assert_not_made('E_INVALIDARG', self.path('folder'), self.path('folder'))
        self.assert_not_made('E_INVALIDARG', '/dev/null', '/dev/null')
        self.assert_not_made('ERROR_FILE_NOT_FOUND', 'none', self.path('none', 'out.iso'))
        self.assertEqual(os.listdir(self.path('folder')), [])

    def test_unwritable_folder(self):
        os.mkdir(self.path('locked'))
        os.chmod(self.path('locked'), 0o555)
        self.create_before('locked')
        self.assert_not_made('E_ACCESSDENIED', 'locked', self.path('locked', 'out.iso'), prefix=HELD_TO_PERMISSIONS)
        os.chmod(self.path('locked'), 0o755)
        self.assertEqual(os.listdir(self.path('locked')), [])

    def test_no_more_space_in_the_middle(self):
        """A limit of the file size stands for a disk that is full: the write fails, not the check before it."""
        with open(self.path('out.iso'), 'wb') as old:
            old.write(b'the old one')
        self.create_before('out.iso')

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        self.assert_not_made('ERROR_DISK_FULL', 'out.iso', self.path('out.iso'), preexec_fn=limit)
        with open(self.path('out.iso'), 'rb') as old:
            self.assertEqual(old.read(), b'the old one')

    def test_labels(self):
        self.create_before()
        for label, words in [('A/B', '/'), ('x' * 33, '33'), ('', 'label'), ('tab\there', 'label'), ('a?', '?')]:
            event = self.json('create', 'CD', self.path('out.iso'), 'KDL00001', '--label', label, status=1).last
            self.assertEqual(event['code'], 'KINDLING_E_LABEL')
            self.assertIn(words.lower(), event['message'].lower())
        self.assert_not_made('KINDLING_E_LABEL', '/', self.path('out.iso'), '--label', 'A/B')

    def test_an_unknown_image(self):
        self.create_before()
        self.assert_not_made('CREATETSMEDIA_E_MISSINGPACKAGE', 'KDL00009', self.path('out.iso'), image='KDL00009',
                             status=13)

    def test_a_wim_that_changed_since_import(self):
        self.create_before()
        with open(os.path.join(self.catalog, 'KDL00001', 'source.wim'), 'r+b') as wim:
            wim.seek(9000)
            wim.write(b'changed')
        self.assert_not_made('CREATETSMEDIA_E_MISSINGPACKAGE', 'KDL00001', self.path('out.iso'), status=13)

    def test_a_boot_manager_that_is_not_there(self):
        self.create_before()
        self.assert_not_made('KINDLING_E_NO_BOOT_FILES', '2023', self.path('out.iso'), '--boot-manager', '2023')

    def test_a_target_inside_the_catalog(self):
        self.create_before()
        target = os.path.join(self.catalog, 'KDL00001', 'source.wim')
        self.assert_not_made('E_INVALIDARG', 'inside the catalog', target)
        self.assertEqual(os.path.getsize(target), os.path.getsize(self.wim))

    def test_a_link_into_the_catalog(self):
        """What it leads to is the file that would be replaced."""
        self.create_before()
        wim = os.path.join(self.catalog, 'KDL00001', 'source.wim')
        link = self.path('link.iso')
        os.symlink(wim, link)
        self.assert_fails('E_INVALIDARG', 'inside the catalog', 'create', 'CD', link, 'KDL00001')
        self.assertEqual(os.path.getsize(wim), os.path.getsize(self.wim))
        self.assertTrue(os.path.islink(link))

    def test_larger_than_an_iso_can_hold(self):
        """The WIM of the entry is made 4 GiB long, mostly holes, and the record says so."""
        self.create_before()
        entry = os.path.join(self.catalog, 'KDL00001')
        size = 4 << 30
        os.truncate(os.path.join(entry, 'source.wim'), size)
        with open(os.path.join(entry, 'image.ini'), encoding='utf-8') as ini:
            text = ini.read()
        old = f'={os.path.getsize(self.wim)}\n'
        self.assertIn(old, text)
        with open(os.path.join(entry, 'image.ini'), 'w', encoding='utf-8') as ini:
            ini.write(text.replace(old, f'={size}\n'))
        event = self.assert_fails('CREATETSMEDIA_E_PACKAGETOOLARGE', str(size), 'create', 'CD', self.path('out.iso'),
                                  'KDL00001', '--dry-run', status=22)
        self.assertEqual((event['detail'], event['exit-code']), ('KDL00001', '0x8004000C'))

    def test_check_and_inspect_of_what_is_no_medium(self):
        fixtures.write_tree(self.folder, {'text.iso': lambda: b'no medium\n' * 9000})
        for words in ['check', 'inspect']:
            self.assert_fails('ERROR_BAD_FORMAT', 'text.iso', words, self.path('text.iso'))
            self.assert_fails('ERROR_FILE_NOT_FOUND', 'none.iso', words, self.path('none.iso'))

    def test_a_truncated_iso(self):
        iso = self.path('out.iso')
        self.ctl('create', 'CD', iso, 'KDL00001')
        os.truncate(iso, os.path.getsize(iso) // 2)
        result = self.run_program('--catalog', self.catalog, '--json', 'check', iso)
        self.assertIn(result.status, [1, 31])


class BadCatalogs(CommandTest):
    def setUp(self):
        super().setUp()
        self.import_good()

    def test_broken_entries_hide_nobody(self):
        fixtures.write_tree(self.catalog, {'KDL00002/image.ini': lambda: b'\0\xff garbage',
                                           'KDL00003/image.ini': lambda: b'[Image]\nname=Half\n',
                                           'KDL00004/source.wim': lambda: b'MSWIM\0\0\0',
                                           'notes.txt': lambda: b'not an entry'})
        images = {image['id']: image for image in self.json('image', 'list').lines}
        self.assertEqual(sorted(images), ['KDL00001', 'KDL00002', 'KDL00003', 'KDL00004'])
        self.assertEqual(images['KDL00001']['state'], 'no-status')
        self.assertNotIn('error', images['KDL00001'])
        for broken in ['KDL00002', 'KDL00003', 'KDL00004']:
            self.assertEqual(images[broken]['state'], 'error')
            self.assertTrue(images[broken]['error'])
            for words in [('image', 'show', broken), ('create', 'CD', self.path('out.iso'), broken)]:
                self.assert_fails('KINDLING_E_IMAGE_BROKEN', broken, *words)
            self.ctl('image', 'remove', broken)
        self.assertEqual(len(self.json('image', 'list').lines), 1)

    def test_an_entry_whose_wim_is_gone(self):
        os.remove(os.path.join(self.catalog, 'KDL00001', 'source.wim'))
        self.assertEqual(self.json('image', 'list').last['id'], 'KDL00001')
        result = self.run_program('--catalog', self.catalog, '--json', 'create', 'CD', self.path('out.iso'),
                                  'KDL00001')
        self.assertIn((result.status, result.last['code']),
                      [(13, 'CREATETSMEDIA_E_MISSINGPACKAGE'), (1, 'KINDLING_E_IMAGE_BROKEN')])

    def test_an_entry_without_its_boot_files(self):
        image = self.import_good()
        shutil.rmtree(self.path('catalog', image, 'boot-files'))
        self.assert_fails('KINDLING_E_IMAGE_BROKEN', 'has lost its boot files', 'create', 'CD', self.path('x.iso'), image)

    def test_a_read_only_catalog_can_be_read(self):
        for where, _, _ in os.walk(self.catalog):
            os.chmod(where, 0o555)
        self.addCleanup(lambda: [os.chmod(where, 0o755) for where, _, _ in os.walk(self.catalog)])
        held = {'prefix': HELD_TO_PERMISSIONS}
        self.assertEqual(self.ctl('--json', 'image', 'list', **held).last['id'], 'KDL00001')
        self.assertEqual(self.ctl('--json', 'create', 'CD', self.path('out.iso'), 'KDL00001', **held).last['event'],
                         'done')
        self.assert_fails('E_ACCESSDENIED', self.catalog, 'image', 'import', self.wim, **held)
        self.assert_fails('E_ACCESSDENIED', 'KDL00001', 'image', 'set', 'KDL00001', 'name=x', **held)
        self.assert_fails('E_ACCESSDENIED', 'KDL00001', 'image', 'remove', 'KDL00001', **held)
        self.assertEqual(self.json('image', 'show', 'KDL00001').last['name'], 'Odd PE')

    def test_a_catalog_that_is_a_file(self):
        fixtures.write_tree(self.folder, {'file': lambda: b'x'})
        self.catalog = self.path('file')
        result = self.run_program('--catalog', self.catalog, '--json', 'image', 'import', self.wim)
        self.assertEqual((result.status, result.last['event']), (1, 'error'))
        with open(self.catalog, 'rb') as file:
            self.assertEqual(file.read(), b'x')

    def test_a_thousand_images_list_at_once(self):
        good = os.path.join(self.catalog, 'KDL00001')
        for number in range(2, 1001):
            entry = os.path.join(self.catalog, f'KDL{number:05X}')
            shutil.copytree(good, entry, copy_function=os.link)
            ini = os.path.join(entry, 'image.ini')
            with open(ini, encoding='utf-8') as file:
                text = file.read()
            os.remove(ini)
            with open(ini, 'w', encoding='utf-8') as file:
                file.write(text.replace('KDL00001', f'KDL{number:05X}'))
        started = time.monotonic()
        images = self.json('image', 'list').lines
        self.assertLess(time.monotonic() - started, 20 if 'ASAN_OPTIONS' in os.environ else 2)
        self.assertEqual(len(images), 1000)
        self.assertEqual({image['state'] for image in images}, {'no-status'})


if __name__ == '__main__':
    command.main()
