#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""People are spoken to in their language; programs read the same in every one."""
import os
import re
import subprocess

import command
import fixtures
from command import CommandTest

LOCPATH = os.environ['KINDLING_TEST_LOCALES']
LANGUAGES = ['de_DE', 'es_ES', 'fr_FR', 'ja_JP', 'pt_BR']
QUOTED = r'“[^”]*”|„[^“]*“|«[^»]*»|「[^」]*」'
ENGLISH = r'\b(?:the|is|are|has|have|cannot|not|it|its|of|with|and)\b'


class Language(CommandTest):
    def in_spanish(self):
        environment = {**self.environment(), 'LC_ALL': 'es_ES.UTF-8', 'LOCPATH': LOCPATH}
        environment.pop('LANGUAGE', None)
        return environment

    def test_people_read_their_language_and_numbers(self):
        self.import_good()
        shown = self.ctl('image', 'show', 'KDL00001', env=self.in_spanish()).out
        self.assertRegex(shown, r'(?m)^Nombre +')
        self.assertRegex(shown, r'(?m)^Tamaño +\d+,\d\s[kMG]B \(\d{1,3}(\.\d{3})+ bytes\)$')

    def test_reasons_kept_in_the_catalog_are_translated_as_they_are_shown(self):
        """The files of a catalog hold English, whoever writes them: people of several languages share it."""
        tree = fixtures.pe_tree(self.path('tree'))
        os.remove(os.path.join(tree, 'WINDOWS', 'boot', 'pcat', 'BOOTMGR'))
        self.ctl('image', 'import', fixtures.describe(fixtures.capture(self.path('uefi.wim'), tree)), env=self.in_spanish())
        with open(os.path.join(self.catalog, 'KDL00001', 'image.ini'), encoding='utf-8') as f:
            kept = f.read()
        self.assertIn('so PCs with BIOS cannot start', kept)
        shown = self.ctl('image', 'show', 'KDL00001', env=self.in_spanish()).out
        self.assertRegex(shown, r'(?m)^Arranca con BIOS +no: ')

    def test_errors_say_what_to_do(self):
        result = self.ctl('image', 'show', 'KDL00002', status=13, env=self.in_spanish())
        self.assertIn('Qué hacer: ', result.err)
        self.assertRegex(result.err, r'Detalles: .*KDL00002')
        self.assertNotIn('There is no boot image', result.err)

    def test_reasons_of_failures_are_translated(self):
        self.import_good()
        self.import_good()
        with open(self.wim, 'rb') as f:
            whole = f.read()
        for name, content in [('short.wim', whole[:len(whole) // 2]), ('text.wim', b'no WIM at all'), ('empty.wim', b''), ('bad.pfx', b'no PFX'),
                              ('bad.ini', b'[Site]\nSiteCode=TOO-LONG\n')]:
            with open(self.path(name), 'wb') as f:
                f.write(content)
        os.mkdir(self.path('nothing'))
        os.mkdir(self.path('extra'))
        self.ctl('image', 'set', 'KDL00001', 'extra-files=' + self.path('extra'))
        os.rmdir(self.path('extra'))
        for arguments in [('image', 'import', 'short.wim'), ('image', 'import', 'text.wim'), ('image', 'import', 'empty.wim'),
                          ('image', 'import', 'none.wim'), ('image', 'import', 'nothing'), ('image', 'import', '/dev/null'),
                          ('image', 'import', self.wim, '--index', '7'), ('image', 'import', self.wim, '--id', 'KDL00001'),
                          ('image', 'show', 'KDL00009'), ('image', 'prepare', 'KDL00001'), ('image', 'set', 'KDL00001', 'time-zone=a\\b'),
                          ('image', 'set', 'KDL00001', 'boot-manager=2023'), ('image', 'set', 'KDL00001', 'extra-files=/nowhere'),
                          ('image', 'export-default', 'vax', 'out.wim'), ('create', 'CD', 'nothing', 'KDL00002'),
                          ('create', 'CD', 'a.iso', 'KDL00002', '--certificate', 'bad.pfx'), ('site', 'import', 'bad.ini'),
                          ('create', 'CD', 'a.iso', 'KDL00002', '--label', 'x' * 33), ('check', 'text.wim'), ('image', 'add-driver', 'KDL00002', 'none'), ('inspect', 'none.iso'),
                          ('create', 'UFD+FORMAT', 'a.img', 'KDL00002', '--disk-image', '1M'), ('create', 'UFD', '/dev/null', 'KDL00002')]:
            for language in LANGUAGES:
                with self.subTest(arguments=arguments, language=language):
                    environment = {**self.in_spanish(), 'LC_ALL': language + '.UTF-8'}
                    result = self.run_program('--catalog', self.catalog, *arguments, env=environment)
                    said = re.sub(QUOTED, '', result.err)
                    self.assertNotEqual(result.status, 0)
                    self.assertNotRegex(said, ENGLISH)

    def make_pfx(self):
        """A certificate made anew has another size each time, and so has the file that it is sealed in."""
        key, pem = self.path('key.pem'), self.path('certificate.pem')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-noenc', '-days', '30', '-subj', '/CN=Language',
                        '-keyout', key, '-out', pem], check=True, stderr=subprocess.DEVNULL)
        subprocess.run(['openssl', 'pkcs12', '-export', '-passout', 'pass:', '-inkey', key, '-in', pem,
                        '-out', self.path('media.pfx')], check=True)
        return 'media.pfx'

    def test_json_is_the_same_in_every_language(self):
        self.import_good()
        dry_run = 'create', 'CD', 'a.iso', 'KDL00001', '--dry-run', '--certificate', self.make_pfx()
        for arguments, status in [(('image', 'list'), 0), (('image', 'show', 'KDL00001'), 0), (('image', 'show', 'X'), 13),
                                  (('image', 'status', 'KDL00001'), 0), (('image', 'set'), 2), (('create', 'CD'), 2),
                                  (dry_run, 0), (('driver', 'inspect', '.'), 0)]:
            with self.subTest(arguments=arguments):
                plain = self.json(*arguments, status=status)
                foreign = self.json(*arguments, status=status, env=self.in_spanish())
                self.assertEqual(foreign.out, plain.out)

    def test_json_has_points_in_its_numbers(self):
        self.import_good()
        made = self.json('create', 'CD', 'a.iso', 'KDL00001', env=self.in_spanish())
        self.assertTrue(all(0 <= line['fraction'] <= 1 for line in made.lines if line['event'] == 'progress'))
        self.assertIsNotNone(re.search(r'"seconds":\d+\.\d', made.out), made.out)


if __name__ == '__main__':
    command.main()
