#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preparing a boot image keeps for the next time."""
import os
import shutil
import subprocess
import time

import command
from preparing import ID, PrepareTest


class Cache(PrepareTest):
    """What one prepared WIM has compressed, the next one takes over."""

    def setUp(self):
        super().setUp()
        self.folder_of_names = os.path.join(self.catalog, '.cache')
        # Half of it can be compressed.
        self.content = b''.join(os.urandom(512) + b'driver' * 85 for _ in range(4000))
        self.write('extra/large.bin', self.content)
        self.write('extra/small.txt')
        self.set('extra-files=' + self.path('extra'), 'scratch-space=64')

    def names(self):
        """Of what is known of prepared WIM files."""
        names = os.listdir(self.folder_of_names) if os.path.isdir(self.folder_of_names) else []
        return sorted(name for name in names if name != 'file-sums')

    def touch(self):
        """Preparing has something to do, though nothing is another content."""
        os.utime(self.path('extra/small.txt'), ns=(time.time_ns(), time.time_ns()))

    def add_second(self):
        self.json('image', 'import', '--sample', '--id', 'KDL00002')
        self.ctl('image', 'set', 'KDL00002', 'extra-files=' + self.path('extra'))

    def assert_whole(self, entry=ID):
        wim = os.path.join(self.catalog, entry, 'boot.wim')
        subprocess.run(['wimlib-imagex', 'verify', wim], check=True, capture_output=True)
        content = subprocess.run(['wimlib-imagex', 'extract', wim, '1', '/large.bin', '--to-stdout'], check=True,
                                 capture_output=True).stdout
        self.assertEqual(content, self.content)

    def test_the_same_bytes_with_and_without_it(self):
        sums = []
        for step in 'empty', 'filled', 'deleted':
            if step == 'deleted':
                shutil.rmtree(self.folder_of_names)
            self.touch()
            self.assertIs(self.prepare()['changed'], True)
            self.assertEqual(len(self.names()), 1)
            self.assert_whole()
            sums.append(self.sha256())
        self.assertEqual(len(set(sums)), 1)

    def test_files_are_not_read_again(self):
        """The sums of files are kept, but for those that were changed a moment ago, and never taken for those of others."""
        sums, large = os.path.join(self.folder_of_names, 'file-sums'), self.path('extra/large.bin')
        self.prepare()
        self.assertFalse(os.path.exists(sums))
        time.sleep(10.5)
        self.touch()
        self.prepare()
        self.assertTrue(os.path.exists(sums))

        info = os.stat(large)
        self.content = self.content[::-1]
        with open(large, 'r+b') as file:
            file.write(self.content)
        os.utime(large, ns=(info.st_atime_ns, info.st_mtime_ns))
        self.assertIs(self.prepare()['changed'], True)
        self.assert_whole()

        with open(sums, 'r+b') as file:
            file.write(b'nonsense')
        self.touch()
        self.assertIs(self.prepare()['changed'], True)
        self.assert_whole()

    def test_another_image_takes_from_it(self):
        self.prepare()
        name = os.path.join(self.folder_of_names, self.names()[0])
        os.utime(name, (1000000000, 1000000000))
        self.add_second()
        self.assertIs(self.json('image', 'prepare', 'KDL00002').last['changed'], True)
        self.assertGreater(os.stat(name).st_mtime, 1000000000)
        self.assertEqual(len(self.names()), 2)
        self.assert_whole('KDL00002')
        self.assertEqual([line['id'] for line in self.json('image', 'list').lines], [ID, 'KDL00002'])

    def test_nothing_is_kept_twice(self):
        self.prepare()
        self.write('extra/second.bin', self.content[::-1])
        self.prepare()
        self.assertEqual([os.path.getsize(os.path.join(self.folder_of_names, name)) for name in self.names()], [0])
        self.assert_whole()

    def test_what_is_damaged_is_not_taken(self):
        self.prepare()
        good = self.sha256()
        start = int(self.names()[0].split('-')[3])
        self.assertGreater(os.path.getsize(self.boot_wim), start + len(self.content) // 2)
        for at, value in [(start + 5000, b'\xa5'), (30, b'X'), (-300, b'X'), (-1, b'')]:
            with open(self.boot_wim, 'r+b') as file:
                file.seek(at, os.SEEK_END if at < 0 else os.SEEK_SET)
                file.write(value)
                if not value:
                    file.truncate()
            self.touch()
            self.prepare()
            self.assert_whole()
            self.assertEqual(self.sha256(), good)
            self.assertEqual(len(self.names()), 1)

    def test_an_image_that_is_gone_is_forgotten(self):
        self.add_second()
        self.json('image', 'prepare', 'KDL00002')
        self.ctl('image', 'remove', 'KDL00002')
        self.prepare()
        self.assertEqual([name.rsplit('-', 1)[1] for name in self.names()], [ID])
        self.assert_whole()

    def test_another_level_is_another_content(self):
        sums = []
        for steps in ['compression=normal', 'compression=smaller'], ['compression=smaller']:
            shutil.rmtree(self.folder_of_names, ignore_errors=True)
            for step in steps:
                self.set(step)
                self.touch()
                self.prepare()
            sums.append(self.sha256())
        self.assertEqual(*sums)

    def test_old_names_go(self):
        self.prepare()
        ours = self.names()[0]
        for number in range(70):
            path = os.path.join(self.folder_of_names, ours.replace(ID, f'KDL{number + 100:05}'))
            os.mkdir(os.path.join(self.catalog, f'KDL{number + 100:05}'))
            os.link(self.boot_wim, os.path.join(self.catalog, f'KDL{number + 100:05}', 'boot.wim'))
            with open(path, 'wb'):
                pass
            os.utime(path, (1000000000 + number, 1000000000 + number))
        for other in 'other', 'wim-20-0-0-0-', 'wim-20-00000000-0-100-../../other':
            os.makedirs(os.path.dirname(os.path.join(self.folder_of_names, other)), exist_ok=True)
            with open(os.path.join(self.folder_of_names, other), 'wb'):
                pass
        self.touch()
        self.prepare()
        left = [name for name in self.names() if name.startswith('wim-') and 'KDL' in name]
        self.assertEqual(len(left), 64)
        self.assertIn('other', self.names())
        self.assertIn(ours.replace(ID, 'KDL00169'), left)
        self.assertNotIn(ours.replace(ID, 'KDL00100'), left)
        self.assert_whole()

    def test_two_at_once(self):
        self.add_second()
        runs = [self.start('--json', 'image', 'prepare', entry) for entry in (ID, 'KDL00002')]
        for run in runs:
            run.communicate(timeout=command.TIMEOUT)
            self.assertEqual(run.returncode, 0)
        for entry in ID, 'KDL00002':
            self.assert_whole(entry)

    def test_a_catalog_that_cannot_have_one(self):
        with open(self.folder_of_names, 'wb'):
            pass
        self.prepare()
        self.assert_whole()
        self.assertEqual([name for name in os.listdir(self.entry) if name.startswith('.prepare')], [])


if __name__ == '__main__':
    command.main()
