#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disk images from the catalog, read by tools that are not ours; check and inspect of them; what goes wrong."""
import hashlib
import os
import signal
import subprocess

import command
import fixtures
from command import CommandTest


class DiskImage(CommandTest):
    def setUp(self):
        super().setUp()
        self.import_good()
        self.image = self.path('stick.img')

    def create(self, *options, path=None, size='512M', **other):
        return self.json('create', 'UFD+FORMAT', path or self.image, 'KDL00001', '--disk-image', size, *options, **other)

    def tool(self, *arguments):
        return subprocess.run(arguments, check=True, capture_output=True,
                              env={**self.environment(), 'MTOOLS_SKIP_CHECK': '1'}).stdout.decode()

    def test_the_done_event(self):
        done = self.create().last
        self.assertEqual((done['event'], done['type'], done['path']), ('done', 'UFD+FORMAT', self.image))
        self.assertEqual(done['bytes'], 512 << 20)
        self.assertEqual(os.path.getsize(self.image), 512 << 20)
        self.assertIs(done['verified'], True)
        self.assertIs(done['bios'], True)
        self.assertEqual(done['uefi'], ['x64'])
        self.assert_nothing_but(self.folder, 'catalog', 'stick.img')

    def test_free_space_takes_no_space(self):
        self.create(size='60G')
        self.assertEqual(os.path.getsize(self.image), 60 << 30)
        self.assertLess(os.stat(self.image).st_blocks * 512, 64 << 20)

    def test_sizes(self):
        for size, expected in [('100M', 100 << 20), ('100MB', 100_000_000), ('0100MiB', 100 << 20), ('1g', 1 << 30),
                               ('104857601', 100 << 20)]:
            self.create(size=size)
            self.assertEqual(os.path.getsize(self.image), expected // 512 * 512, size)

    def test_read_by_mtools_and_sfdisk(self):
        self.create('--label', 'Deploy 1')
        self.assertRegex(self.tool('sfdisk', '-d', self.image), r'start= +2048, size= +1046528, type=c, bootable')
        self.assertIn('is DEPLOY 1', self.tool('mdir', '-i', f'{self.image}@@1M', '::'))
        out = self.path('boot.wim')
        self.tool('mcopy', '-i', f'{self.image}@@1M', '::/sources/boot.wim', out)
        with open(out, 'rb') as copy, open(os.path.join(self.catalog, 'KDL00001', 'source.wim'), 'rb') as source:
            self.assertEqual(hashlib.sha256(copy.read()).digest(), hashlib.sha256(source.read()).digest())

    def manifest(self, path, offset):
        return subprocess.run(['mtype', '-i', f'{path}@@{offset}', '::/kindling.manifest'], capture_output=True, text=True,
                              check=True).stdout

    def test_check_and_inspect(self):
        for name, options in [('a.img', []), ('a.vhd', []), ('gpt.img', ['--gpt'])]:
            path = self.path(name)
            done = self.create(*options, path=path).last
            self.assertIs(done['bios'], not options)
            checked = self.json('check', path).last
            self.assertEqual((checked['event'], checked['mismatches']), ('done', 0))
            self.assertGreater(checked['files'], 8)
            seen = self.json('inspect', path).last
            self.assertEqual((seen['kind'], seen['media-type'], seen['image-id']), ('FAT32', 'UFD+FORMAT', 'KDL00001'))
            self.assertEqual(seen['firmware'], {'bios': not options, 'uefi': ['x64']})
            manifest = self.manifest(path, 2048 * 512)
            self.assertIn(f'bios={"false" if options else "true"}\n', manifest)

    def test_a_vhd_by_its_name(self):
        path = self.path('Disk.VHD')
        self.assertEqual(self.create(path=path, size='100000001').last['bytes'], (95 << 20) + 512)
        with open(path, 'rb') as vhd:
            vhd.seek(95 << 20)
            self.assertEqual(vhd.read(8), b'conectix')
        self.assert_fails('E_INVALIDARG', 'at most 2190433320960 bytes', 'create', 'UFD+FORMAT', path, 'KDL00001',
                          '--disk-image=3T')

    def test_damage_is_found(self):
        self.create()
        with open(self.image, 'r+b') as disk:
            data = disk.read(64 << 20)
            at = data.index(b'BOOTMGR is missing')
            disk.seek(at + 1000)
            disk.write(b'changed')
        result = self.json('check', self.image, status=31)
        self.assertEqual(result.lines[-2], {'path': '/bootmgr', 'problem': 'content differs'})

    def test_an_unfinished_medium_is_told(self):
        self.create()
        with open(self.image, 'r+b') as disk:
            disk.write(b'\xcd\x18\xeb\xfe' + bytes(12) + b'KINDLING: THIS MEDIUM IS UNFINISHED' + bytes(461))
        self.assert_fails('ERROR_BAD_FORMAT', 'is an unfinished medium', 'check', self.image)
        self.assert_fails('ERROR_BAD_FORMAT', 'is an unfinished medium', 'inspect', self.image)

    def test_too_small(self):
        event = self.assert_fails('CREATETSMEDIA_E_PACKAGETOOLARGE', 'but this one has 31457280', 'create', 'UFD+FORMAT',
                                  self.image, 'KDL00001', '--disk-image=30M', status=22)
        self.assertEqual(event['detail'], 'KDL00001')
        self.assert_nothing_but(self.folder, 'catalog')
        need = self.create('--dry-run', size='1G').last['bytes-needed']
        self.assertIn(f'at least {need} bytes', event['message'])
        self.create(size=str(need))
        self.assertEqual(os.path.getsize(self.image), need)

    def test_cancelled_while_writing(self):
        fixtures.noise(os.path.join(self.tree, 'noise.bin'), 150 << 20)
        self.addCleanup(os.remove, os.path.join(self.tree, 'noise.bin'))
        wim = fixtures.capture(self.path('large.wim'), self.tree, '--compress=none')
        large = self.json('image', 'import', wim).last['id']
        with open(self.image, 'w', encoding='ascii') as old:
            old.write('old')
        job = self.start('--json', 'create', 'UFD+FORMAT', self.image, large, '--disk-image', '1G',
                         env=self.slow_disk(self.folder, SLOW_RATE=60))
        for line in job.stdout:
            if 'Writing' in line:
                job.send_signal(signal.SIGINT)
                break
        job.communicate(timeout=5)
        self.assertEqual(job.returncode, 3)
        with open(self.image, encoding='ascii') as old:
            self.assertEqual(old.read(), 'old')
        self.assert_nothing_but(self.folder, 'catalog', 'large.wim', 'stick.img')


if __name__ == '__main__':
    command.main()
