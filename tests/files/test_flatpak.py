#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Flatpak manifest, as far as it can be checked without a runtime and without a network. Run with the project's folder."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.abspath(sys.argv.pop(1))
MANIFEST = os.path.join(SOURCE, 'flatpak', 'org.kindling.Kindling.yaml')


class Flatpak(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='kindling-flatpak-')
        self.addCleanup(shutil.rmtree, self.folder)
        with open(MANIFEST, encoding='utf-8') as manifest:
            self.text = manifest.read()

    def show(self, text):
        """What flatpak-builder understands of it, and what it says of keys that it does not know: only a warning."""
        os.makedirs(os.path.join(self.folder, 'flatpak'), exist_ok=True)
        path = os.path.join(self.folder, 'flatpak', 'org.kindling.Kindling.yaml')
        with open(path, 'w', encoding='utf-8') as out:
            out.write(text)
        run = subprocess.run(['flatpak-builder', '--show-manifest', path], text=True, capture_output=True, timeout=60,
                             cwd=self.folder, stdin=subprocess.DEVNULL,
                             env={**os.environ, 'HOME': self.folder, 'XDG_DATA_HOME': self.folder,
                                  'XDG_CACHE_HOME': self.folder})
        self.assertEqual(run.returncode, 0, run.stderr)
        return json.loads(run.stdout), [line for line in run.stderr.splitlines() if 'Unknown property' in line]

    def test_every_key_is_known(self):
        self.assertEqual(self.show(self.text)[1], [])
        unknown = self.show(self.text.replace('\ncommand:', '\ncomand:'))[1]
        self.assertEqual(len(unknown), 1)
        self.assertIn('comand', unknown[0])

    def test_permissions(self):
        manifest, _ = self.show(self.text)
        self.assertEqual(sorted(manifest['finish-args']), [
            '--device=dri', '--share=ipc', '--socket=fallback-x11', '--socket=wayland',
            '--system-talk-name=org.freedesktop.UDisks2'])

    def test_every_permission_has_its_reason(self):
        block = re.search(r'\nfinish-args:\n((?:  .*\n)+)', self.text).group(1).splitlines()
        self.assertTrue(block[0].startswith('  #'))
        permissions = [line for line in block if line.startswith('  - ')]
        reasons = ' '.join(line for line in block if line.startswith('  #'))
        self.assertEqual(len(permissions), 5)
        for word in 'Wayland', 'X11', 'shared memory', 'graphics', 'UDisks2', 'portals', 'network':
            self.assertIn(word, reasons)

    def test_sources_are_pinned(self):
        manifest, _ = self.show(self.text)
        for module in manifest['modules'][:-1]:
            source, = module['sources']
            self.assertTrue(source['url'].startswith('https://'), module['name'])
            self.assertRegex(source.get('commit', source.get('sha256', '')), r'^([0-9a-f]{40}|[0-9a-f]{64})$', module['name'])

    def test_libraries_of_the_build_are_there(self):
        """Each dependency is a module or known to be in the runtime."""
        runtime = {'gio-unix-2.0', 'libcrypto', 'gdk-pixbuf-2.0', 'json-glib-1.0', 'gtk4', 'libadwaita-1', 'libudev'}
        modules = {'pwquality': 'libpwquality', 'libisal': 'isa-l', 'libisofs-1': 'libisofs', 'libudfread': 'libudfread',
                   'libmspack': 'libmspack', 'hivex': 'hivex'}
        with open(os.path.join(SOURCE, 'meson.build'), encoding='utf-8') as build:
            dependencies = set(re.findall(r"dependency\('([^']+)'", build.read()))
        self.assertEqual(dependencies, runtime | set(modules))
        names = [m['name'] for m in self.show(self.text)[0]['modules']]
        self.assertTrue(set(modules.values()) | {'wimlib', 'grub', 'gnu-efi', 'nasm'} <= set(names))
        self.assertEqual(names[-1], 'kindling')

    def test_options_of_the_build_are_there(self):
        with open(os.path.join(SOURCE, 'meson_options.txt'), encoding='utf-8') as options:
            known = set(re.findall(r"option\('([^']+)'", options.read())) | {'werror'}
        given = set(re.findall(r'- -D([a-z-]+)=', self.text))
        self.assertTrue(given <= known, given - known)


if __name__ == '__main__':
    unittest.main(verbosity=2)
