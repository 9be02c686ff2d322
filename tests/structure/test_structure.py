#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of the source tree: who includes whom, lengths, formatting, licences. Run with the project's folder as argument."""
import os
import re
import subprocess
import sys
import unittest

ROOT = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else os.getcwd()

# Folder of core → folders it may include (itself always); core/README.md says the same.
MAY_INCLUDE = {
    'base': set(),
    'crypto': {'base'},
    'site': {'base', 'crypto'},
    'disk': {'base'},
    'driver': {'base', 'crypto'},
    'wim': {'base', 'crypto'},
    'source': {'base', 'disk'},
    'boot': {'base', 'crypto', 'wim', 'source'},
    'image': {'base', 'wim', 'source', 'boot'},
    'import': {'base', 'wim', 'source', 'boot', 'image'},
    'edit': {'base', 'wim'},
    'prepare': {'base', 'driver', 'wim', 'source', 'image', 'import', 'edit'},
    'drive': {'base', 'disk'},
    'access': {'base', 'drive'},
    'sink': {'base', 'drive', 'access'},
    'bcd': {'base'},
    'media': {'base', 'crypto', 'disk', 'source', 'boot', 'image', 'sink', 'bcd'},
    'iso': {'base', 'source', 'sink', 'media'},
    'volume': {'base', 'disk', 'drive', 'access', 'sink', 'media'},
    'job': {'base', 'image', 'import', 'prepare', 'media', 'volume'},
    'creation': {'base', 'crypto', 'site', 'disk', 'image', 'prepare', 'drive', 'access', 'sink', 'media', 'iso', 'volume', 'job'},
    'restore': {'base', 'disk', 'drive', 'access', 'sink', 'media', 'job', 'creation'},
}

# Foreign header (pattern) → the only files that may include it.
FOREIGN = {
    r'wimlib\.h': {'core/wim/wim-library.h'},
    r'libisofs/.*': {'core/source/iso9660-source.c', 'core/iso/iso-content.c',
                     'core/iso/iso-image.c'},
    r'udfread/.*': {'core/source/udf-source.c'},
    r'libudev\.h': {'core/drive/udev-source.c'},
    r'mspack\.h': {'core/driver/driver-archive.c'},
    r'isa-l/.*|isa-l\.h': {'core/base/checksum.c'},
    r'openssl/.*': {'core/base/checksum.c', 'core/crypto/*'},
    r'hivex\.h': {'core/edit/hive-edit.c'},
    r'gdk-pixbuf/.*': {'core/edit/background.c'},
    r'pwquality\.h': {'core/crypto/password-strength.c'},
    r'(gtk|gdk(?!-pixbuf/)|adwaita).*': {'app/window/*'},
    r'json-glib/.*': {'app/ctl/*'},
}

VAGUE = {'utils', 'util', 'common', 'manager', 'helper', 'helpers', 'engine', 'misc'}


def tracked(*suffixes):
    out = subprocess.run(['git', '-C', ROOT, 'ls-files', '--cached', '--others', '--exclude-standard'],
                         check=True, capture_output=True, text=True).stdout
    return [p for p in out.splitlines() if p.endswith(suffixes) and os.path.exists(os.path.join(ROOT, p))]


def text(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as f:
        return f.read()


def allowed(path, patterns):
    return any(path == p or (p.endswith('/*') and path.startswith(p[:-1])) for p in patterns)


class Structure(unittest.TestCase):
    def test_folders_of_core_include_what_they_may(self):
        for path in tracked('.c', '.h'):
            parts = path.split('/')
            if parts[0] != 'core':
                continue
            for included in re.findall(r'#include "([a-z]+)/[^"]+"', text(path)):
                with self.subTest(path=path, includes=included):
                    self.assertIn(included, MAY_INCLUDE[parts[1]] | {parts[1]})

    def test_foreign_headers_stay_behind_their_seam(self):
        for path in tracked('.c', '.h'):
            if not path.startswith(('core/', 'app/')):
                continue
            for included in re.findall(r'#include <([^>]+)>', text(path)):
                for pattern, files in FOREIGN.items():
                    if re.fullmatch(pattern, included):
                        with self.subTest(path=path, includes=included):
                            self.assertTrue(allowed(path, files))

    def test_files_are_short_and_licensed(self):
        for path in tracked('.c', '.h', '.py', '.sh', '.asm'):
            content = text(path)
            with self.subTest(path=path):
                self.assertLessEqual(content.count('\n'), 800)
                self.assertIn('SPDX-License-Identifier: GPL-3.0-or-later', content[:400])

    def test_no_vague_names(self):
        for path in tracked('.c', '.h', '.ui'):
            if path.startswith(('core/', 'app/')):
                words = set(re.split(r'[/.-]', path))
                self.assertFalse(words & VAGUE, path)

    def test_folders_hold_at_most_twelve_modules(self):
        folders = {}
        for path in tracked('.c'):
            if path.startswith('core/'):
                folders.setdefault(os.path.dirname(path), []).append(path)
        for folder, files in folders.items():
            self.assertLessEqual(len(files), 12, folder)

    def test_code_is_formatted(self):
        files = [p for p in tracked('.c', '.h') if p.startswith(('core/', 'app/', 'tests/', 'data/'))]
        run = subprocess.run(['clang-format-14', '--dry-run', '--Werror', *files], cwd=ROOT,
                             capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr[:2000])

    def test_nothing_unfinished_or_of_one_machine(self):
        for path in tracked('.c', '.h', '.py', '.sh', '.ui', '.build', '.md', '.asm'):
            if path.startswith('tests/structure/'):
                continue
            for number, line in enumerate(text(path).splitlines(), 1):
                with self.subTest(path=path, line=number):
                    self.assertNotRegex(line, r'\b(TODO|FIXME|XXX|HACK)\b')
                    self.assertNotRegex(line, r'(^|[^\w.])/(work|home/[a-z]+|tmp/wt)/')

    def test_manual_has_its_codes_from_the_table(self):
        manual = text('data/man/kindlingctl.1.in')
        for mark in ['@DOCUMENTED_CODES@', '@OTHER_CODES@']:
            self.assertEqual(manual.splitlines().count(mark), 1)
        self.assertNotIn('\nCREATETSMEDIA_E_', manual)

    def test_what_a_site_exports_is_known(self):
        keys = set(re.findall(r'\b(?:Key = )?\'?"?(\w+)=', text('data/site/Export-KindlingSite.ps1')))
        known = set(re.findall(r'^  "(\w+)",$', text('core/site/site-profile.c'), re.M))
        self.assertIn('ManagementPoints', keys)
        self.assertIn('SiteSigningCertificate', keys & known)
        for key in keys - known:
            self.assertIn(key, {'SMSPublicRootKey', 'SiteCode', 'RoleName', 'FileType', 'ItemName'})

    def test_each_promise_has_its_tests(self):
        rows = re.findall(r'^\| .+ \| (.+) \|$', text('tests/promises.md'), re.M)
        named = [(path, name) for row in rows if row not in ('test', '---')
                 for path, names in re.findall(r'`([^`]+)` ([^`]+)$', row) for name in names.split(', ')]
        self.assertGreater(len(named), 40)
        self.assertEqual(len([row for row in rows if row != 'test']), len({row for row in rows if '`' in row}))
        for path, name in named:
            with self.subTest(path=path, test=name):
                self.assertIn(path, tracked('.c', '.py', '.sh', '.build'))
                self.assertRegex(text(path), r'(["/\'({]|def )' + re.escape(name) + r'(["\'(.-]|: )')

    def test_every_c_file_is_built(self):
        builds = '\n'.join(text(p) for p in tracked('meson.build'))
        for path in tracked('.c'):
            name = os.path.basename(path)
            if path.startswith('tests/'):
                name = name[len('test-'):-2] if name.startswith('test-') else name
            self.assertIn(f"'{name}'" if '/' not in name else name, builds.replace('/', "'"), path)


if __name__ == '__main__':
    unittest.main(verbosity=2)
