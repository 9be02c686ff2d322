# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of preparation share: an image, its recipe, and what came of it."""
import hashlib
import os
import re
import struct
import subprocess
import zlib

from command import CommandTest

ID = 'KDL00001'
SYSTEM = 'Windows/System32/config/SYSTEM'


def png(side=16):
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    rows = b''.join(b'\0' + bytes([row * 9 % 256, 80, 120]) * side for row in range(side))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def inf(architecture='amd64', signature='$Windows NT$', hardware=r'PCI\VEN_8086&DEV_15F3'):
    return f'''[Version]
Signature="{signature}"
Class=Net
ClassGuid={{4D36E972-E325-11CE-BFC1-08002BE10318}}
Provider=%Maker%
DriverVer=01/31/2026,1.2.3.4
CatalogFile=net.cat
[Manufacturer]
%Maker%=Models,NT{architecture}
[Models.NT{architecture}]
"Card"=Install,{hardware}
[Install.NT]
CopyFiles=Files
[Files]
net.sys
[SourceDisksNames]
1=Disk
[SourceDisksFiles]
net.sys=1
[Strings]
Maker="Example"
'''.replace('\n', '\r\n').encode()


class PrepareTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.json('image', 'import', '--sample')
        self.entry = os.path.join(self.catalog, ID)
        self.boot_wim = os.path.join(self.entry, 'boot.wim')

    def write(self, path, content=b'content\r\n'):
        target = self.path(path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, 'wb') as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return target

    def set(self, *settings):
        self.ctl('image', 'set', ID, *settings)

    def prepare(self):
        return self.json('image', 'prepare', ID).last

    def status(self, which=ID):
        return self.json('image', 'status', which).last

    def state(self):
        return self.json('image', 'list').last['state']

    def extract(self, path):
        """The bytes of a file in the prepared WIM, by wimlib-imagex."""
        return subprocess.run(['wimlib-imagex', 'extract', self.boot_wim, '1', path, '--to-stdout'], check=True,
                              capture_output=True, env={**os.environ, 'WIMLIB_IMAGEX_IGNORE_CASE': '1'}).stdout

    def read_values(self, key, hive='SYSTEM'):
        """Name → value of a key, by hivexregedit."""
        file = self.write('hive', self.extract('/' + SYSTEM.replace('SYSTEM', hive)))
        text = subprocess.run(['hivexregedit', '--export', '--unsafe-printable-strings', file, key], check=True,
                              capture_output=True, text=True).stdout
        return dict(re.findall(r'^"(.*?)"=(.*)$', text, re.MULTILINE))

    def hive(self, *additions):
        """The SYSTEM hive of the sample with more in it; any hive will do where only its keys count."""
        sample = subprocess.run(['wimlib-imagex', 'extract', os.path.join(self.entry, 'source.wim'), '1',
                                 '/' + SYSTEM, '--to-stdout'], check=True, capture_output=True).stdout
        if additions:
            hive = self.write('made-hive', sample)
            text = self.write('made.reg', '\n'.join(['Windows Registry Editor Version 5.00', '', *additions, '']))
            subprocess.run(['hivexregedit', '--merge', '--encoding', 'UTF-16LE', hive, text], check=True)
            with open(hive, 'rb') as file:
                sample = file.read()
        return bytearray(sample)

    def sha256(self):
        with open(self.boot_wim, 'rb') as file:
            return hashlib.sha256(file.read()).hexdigest()

    def prepare_something(self):
        self.write('extra/first.txt')
        self.set('extra-files=' + self.path('extra'))
        self.assertIs(self.prepare()['changed'], True)
        return self.sha256()

    def assert_injection_fails(self, code, words, file=None, step=None, **options):
        """Exit status, error event and status; the WIM of before is still there and in use."""
        before = self.sha256() if os.path.exists(self.boot_wim) else None
        result = self.json('image', 'prepare', ID, status=30, **options)
        self.assertEqual(result.last['code'], 'KINDLING_E_INJECTION')
        self.assertIn(words, result.last['message'])
        status = self.status()
        self.assertEqual((status['status'], status['error-code'], status['max-progress']), (2, code, 9))
        if file is not None:
            self.assertTrue(status['extended-error-info'].endswith(file), status)
        if step is not None:
            self.assertEqual(status['progress'], step)
        self.assertEqual(self.state(), 'error')
        self.assertEqual(before, self.sha256() if os.path.exists(self.boot_wim) else None)
        self.assertEqual([name for name in os.listdir(self.entry) if name.startswith('.prepare')], [])
        self.ctl('image', 'show', ID, '--verify')
        return result
