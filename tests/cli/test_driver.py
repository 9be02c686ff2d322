#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""driver inspect: what it says of folders, INF files and cabinet files."""
import os
import resource
import shutil
import subprocess

import command
from command import CommandTest

INFS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'inf')
MEMBERS = ['inf', 'class', 'class-guid', 'provider', 'version', 'date', 'architectures', 'hardware-ids',
           'compatible-ids', 'catalog', 'pnp-lockdown', 'selected', 'files', 'missing', 'findings']


class Driver(CommandTest):
    @classmethod
    def setUpClass(cls):
        """No WIM is needed here."""

    def setUp(self):
        super().setUp()
        self.packages = shutil.copytree(os.path.join(INFS, 'packages'), self.path('packages'))

    def cabinet(self, name='drivers.cab'):
        files = [os.path.relpath(os.path.join(folder, file), self.packages)
                 for folder, _, files in os.walk(self.packages) for file in files]
        subprocess.run(['gcab', '-c', '-z', self.path(name), *files], cwd=self.packages, check=True,
                       stdout=subprocess.DEVNULL)
        return self.path(name)

    def by_name(self, *arguments):
        return {os.path.basename(line['inf']): line for line in self.json('driver', 'inspect', *arguments).lines}

    def test_a_line_per_inf(self):
        lines = self.json('driver', 'inspect', self.packages).lines
        self.assertEqual([os.path.relpath(line['inf'], self.packages) for line in lines],
                         ['autorun.inf', 'chipset/chip.inf', 'net/E1Test.inf', 'storage/stor.inf'])
        for line in lines:
            self.assertEqual(list(line), MEMBERS)
        self.assertEqual(lines[2], {
            'inf': os.path.join(self.packages, 'net', 'E1Test.inf'), 'class': 'Net',
            'class-guid': '{4d36e972-e325-11ce-bfc1-08002be10318}', 'provider': 'Kindling Größe',
            'version': '12.19.2.65534', 'date': '2026-01-31', 'architectures': ['x64'],
            'hardware-ids': ['PCI\\VEN_8086&DEV_10D3', 'PCI\\VEN_8086&DEV_15F3',
                             'PCI\\VEN_8086&DEV_15F3&SUBSYS_00018086', 'PCI\\VEN_8086&DEV_125C'],
            'compatible-ids': ['PCI\\VEN_8086&CC_0200'], 'catalog': 'e1test.cat', 'pnp-lockdown': True,
            'selected': True, 'files': ['X64/E1TEST.SYS', 'e1help.CHM', 'X64/co/e1co64.DLL'], 'missing': [],
            'findings': []})
        self.assertEqual([line['selected'] for line in lines], [False, True, True, True])
        self.assertEqual(lines[0]['findings'], [{'code': 'D01', 'severity': 'error',
                                                 'text': 'It has no section [Version]'}])
        self.assertIsNone(lines[0]['class'])

    def test_for_an_image(self):
        lines = self.by_name(self.packages, '--architecture', 'x64', '--build', '26100')
        self.assertEqual(lines['E1Test.inf']['hardware-ids'], ['PCI\\VEN_8086&DEV_15F3', 'PCI\\VEN_8086&DEV_125C'])
        lines = self.by_name(self.packages, '--architecture', 'arm64')
        self.assertEqual([finding['code'] for finding in lines['stor.inf']['findings']], ['D02'])
        self.assertEqual(lines['stor.inf']['findings'][0]['text'], 'It is not for arm64; it is for x86, x64')
        self.assertEqual(lines['chip.inf']['findings'], [])

    def test_missing_files(self):
        os.remove(os.path.join(self.packages, 'net', 'X64', 'E1TEST.SYS'))
        os.remove(os.path.join(self.packages, 'net', 'E1Test.CAT'))
        line = self.by_name(self.packages)['E1Test.inf']
        self.assertEqual(line['missing'], ['x64/e1test.sys'])
        self.assertEqual([(f['code'], f['severity']) for f in line['findings']],
                         [('D10', 'warning'), ('D12', 'error')])
        text = self.ctl('driver', 'inspect', os.path.join(self.packages, 'net')).out
        self.assertIn('D12 error        The file “x64/e1test.sys” is not there', text)

    def test_all_findings(self):
        result = self.json('driver', 'inspect', os.path.join(INFS, 'findings'), '--architecture', 'x64',
                           '--build', '19041')
        codes = {finding['code'] for line in result.lines for finding in line['findings']}
        self.assertEqual(codes, {'D01', 'D02', 'D03', 'D10', 'D11', 'D12', 'D13', 'D14', 'D15', 'D16'})

    def test_which_packages_serve_a_device(self):
        lines = self.json('driver', 'inspect', self.packages, '--hardware-id',
                          'pci\\ven_8086&dev_15f3&subsys_00018086&rev_03').lines
        self.assertEqual([line['match'] for line in lines],
                         [{'id': 'PCI\\VEN_8086&DEV_15F3&SUBSYS_00018086', 'kind': 'hardware-id', 'rank': 1}])
        text = self.ctl('driver', 'inspect', self.packages, '--hardware-id', 'PCI\\VEN_8086&DEV_A0EF').out
        self.assertIn('Serves by        PCI\\VEN_8086&DEV_A0EF (hardware ID)', text)
        self.assertIn('1 of 4 packages serve PCI\\VEN_8086&DEV_A0EF.', text)
        result = self.json('driver', 'inspect', self.packages, '--hardware-id', 'PCI\\VEN_FFFF&DEV_FFFF')
        self.assertEqual(result.lines, [])

    def test_text_for_people(self):
        text = self.ctl('driver', 'inspect', os.path.join(self.packages, 'net', 'E1Test.inf')).out
        for words in ['Class            Net', 'Provider         Kindling Größe',
                      'Version          12.19.2.65534 (2026-01-31)', 'Architectures    x64',
                      'Catalog          e1test.cat']:
            self.assertIn(words, text)

    def test_several_paths(self):
        lines = self.json('driver', 'inspect', os.path.join(self.packages, 'net'),
                          os.path.join(self.packages, 'storage', 'stor.inf')).lines
        self.assertEqual([os.path.basename(line['inf']) for line in lines], ['E1Test.inf', 'stor.inf'])
        lines = self.json('driver', 'inspect', *[os.path.join(self.packages, 'net')] * 2).lines
        self.assertEqual([f['code'] for line in lines for f in line['findings']], ['D16', 'D16'])

    def test_a_cabinet_file(self):
        cab = self.cabinet()
        environment = {**self.environment(), 'TMPDIR': self.path()}
        lines = self.json('driver', 'inspect', cab, '--architecture', 'x64', env=environment).lines
        self.assertEqual([line['inf'] for line in lines],
                         [f'{cab}/{name}' for name in ['autorun.inf', 'chipset/chip.inf', 'net/E1Test.inf',
                                                       'storage/stor.inf']])
        self.assertEqual([line['missing'] for line in lines], [[]] * 4)
        self.assertEqual([f['code'] for line in lines for f in line['findings']], ['D01'])
        self.assert_nothing_but(self.folder, 'packages', 'drivers.cab')

    def test_no_drivers(self):
        os.mkdir(self.path('empty'))
        self.assertIn('There is no INF file', self.ctl('driver', 'inspect', self.path('empty')).out)
        self.assertEqual(self.json('driver', 'inspect', self.path('empty')).lines, [])

    def test_paths_that_cannot_be_read(self):
        self.assert_fails('ERROR_FILE_NOT_FOUND', 'none', 'driver', 'inspect', self.path('none'))
        self.assert_fails('ERROR_FILE_NOT_FOUND', 'none.inf', 'driver', 'inspect', self.packages, self.path('none.inf'))
        for name, symbol, words in [('setup.exe', 'E_INVALIDARG', 'must be unpacked'),
                                    ('readme.txt', 'E_INVALIDARG', 'no folder, INF file or cabinet'),
                                    ('broken.cab', 'ERROR_BAD_FORMAT', 'not a cabinet file')]:
            with open(self.path(name), 'wb') as file:
                file.write(b'nothing of the kind')
            self.assert_fails(symbol, words, 'driver', 'inspect', self.path(name))
        os.symlink('/etc', os.path.join(self.packages, 'net', 'out'))
        self.assert_fails('E_INVALIDARG', 'leads out', 'driver', 'inspect', self.packages)

    def test_damaged_cabinet_files(self):
        cab = self.cabinet()
        size = os.path.getsize(cab)
        os.truncate(cab, size - 400)
        environment = {**self.environment(), 'TMPDIR': self.path()}
        self.assert_fails('ERROR_BAD_FORMAT', 'drivers.cab', 'driver', 'inspect', cab, env=environment)
        self.assert_nothing_but(self.folder, 'packages', 'drivers.cab')

    def test_many_take_no_longer_each(self):
        """Processor time, the least of three runs: ten times the packages may cost twice as much each, not four times."""
        def seconds(number, json):
            folder = self.path(f'many-{number}')
            for name in range(number) if not os.path.isdir(folder) else ():
                os.makedirs(os.path.join(folder, str(name)))
                with open(os.path.join(folder, str(name), 'net.inf'), 'w') as inf:
                    inf.write('[Version]\nSignature="$Windows NT$"\nClass=Net\nProvider="Example"\nDriverVer=01/31/2026,1.2.3.4\n')
            times = []
            # A sanitizer makes each run take a minute; what it is here for, one run shows.
            for _ in range(1 if 'ASAN_OPTIONS' in os.environ else 3):
                before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
                (self.json if json else self.ctl)('driver', 'inspect', folder)
                times.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
            return min(times)

        for json in False, True:
            few, many = seconds(500, json), seconds(5000, json)
            self.assertLess(many, 20 * few + .1, (few, many))

    def test_names_that_are_not_utf8(self):
        os.rename(self.packages.encode() + b'/net', self.packages.encode() + b'/n\xff')
        names = [line['inf'] for line in self.json('driver', 'inspect', self.packages).lines]
        self.assertIn(f'{self.packages}/n\ufffd/E1Test.inf', names)

    def test_wrong_use(self):
        self.assert_usage('“driver inspect” needs PATH', 'driver', 'inspect')
        self.assert_usage('“amd64” is no architecture', 'driver', 'inspect', 'x', '--architecture', 'amd64')
        self.assert_usage('not -1', 'driver', 'inspect', 'x', '--build=-1')


if __name__ == '__main__':
    command.main()
