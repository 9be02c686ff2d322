#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manual pages and the completion of bash and zsh know every command and option that kindlingctl has; the desktop knows what Kindling opens.
Arguments: the build folder and the source folder."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, SOURCE = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))
CTL = os.path.join(BUILD, 'app', 'kindlingctl')
PAGES = {'kindling': os.path.join(SOURCE, 'data/man/kindling.1'),
         'kindlingctl': os.path.join(BUILD, 'data/man/kindlingctl.1')}
# As an interactive shell calls it; says what it offers, a line each.
COMPLETE = r'''
source "$1"; shift
compopt() { :; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_kindlingctl
printf '%s\n' "${COMPREPLY[@]}"
'''


def run(*command, **options):
    return subprocess.run(command, text=True, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, **options)


def page(name):
    with open(PAGES[name]) as text:
        return re.sub(r'\\f[A-Z]|\\&', '', text.read().replace('\\-', '-'))


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='kindling-manual-')
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.environment = {**os.environ, 'HOME': cls.folder, 'LC_ALL': 'C.UTF-8', 'GSETTINGS_BACKEND': 'memory',
                           'XDG_DATA_HOME': os.path.join(cls.folder, 'data'), 'XDG_CONFIG_HOME': os.path.join(cls.folder, 'config'),
                           'PATH': os.path.dirname(CTL) + ':' + os.environ['PATH']}
        shown = run(CTL, '--help', env=cls.environment).stdout
        listed = re.findall(r'(?m)^  ((?:image|drive|driver|site) [a-z-]+|create|check|inspect) ', shown)
        cls.commands = {name: cls.options_of(*name.split()) for name in listed}

    @classmethod
    def options_of(cls, *words):
        """Of one command, from its help: "--label" …"""
        shown = run(CTL, *words, '--help', env=cls.environment).stdout
        return set(re.findall(r'(?m)^  (?:-\w, )?(--[a-z0-9-]+)', shown))

    def complete(self, *words):
        return run('bash', '-c', COMPLETE, 'bash', os.path.join(SOURCE, 'data/completion/kindlingctl.bash'), 'kindlingctl', *words,
                   env=self.environment).stdout.split()

    def test_help_was_read(self):
        self.assertGreater(len(self.commands), 20)
        self.assertTrue({'--label', '--password-fd', '--dry-run', '--json'} <= self.commands['create'], self.commands['create'])

    def test_manual_has_every_command_and_option(self):
        text = page('kindlingctl')
        missing = [name for name in self.commands if not re.search(r'\b' + name.replace(' ', r'\s+') + r'\b', text)]
        options = set().union(*self.commands.values(), self.options_of())
        missing += sorted(o for o in options if not re.search(re.escape(o) + r'(?![a-z-])', text))
        self.assertEqual(missing, [])

    def test_manual_of_the_window_has_every_option(self):
        shown = run(os.path.join(BUILD, 'app', 'kindling'), '--help', env=self.environment).stdout
        options = set(re.findall(r'(?m)^  (?:-\w, )?(--[a-z0-9-]+)', shown)) - {'--help', '--help-all', '--help-gapplication', '--help-gtk'}
        self.assertIn('--catalog', options)
        self.assertEqual(sorted(o for o in options if o not in page('kindling')), [])

    def test_pages_are_sound(self):
        for path in PAGES.values():
            said = run('groff', '-man', '-Tutf8', '-Kutf8', '-ww', '-rCHECKSTYLE=3', '-z', path).stderr
            self.assertEqual(said, '', path)

    def test_bash_completes_every_command(self):
        first = {name.split()[0] for name in self.commands}
        self.assertEqual(set(self.complete('')), first)
        for word in first:
            second = {name.split()[1] for name in self.commands if name.startswith(word + ' ')}
            if second:
                self.assertEqual(set(self.complete(word, '')), second, word)

    def test_bash_completes_every_option(self):
        for name, options in self.commands.items():
            offered = set(self.complete(*name.split(), '--'))
            self.assertEqual(sorted(options - offered - {'--version', '--help-all'}), [], name)
            self.assertEqual(sorted(offered - options - {'--help'}), [], name)
        self.assertEqual(self.complete('create', '--boot-manager', ''), ['2011', '2023'])

    def test_zsh_completes_every_option(self):
        for name, options in self.commands.items():
            offered = run('zsh', '-f', os.path.join(SOURCE, 'tests/files/completion.zsh'),
                          os.path.join(SOURCE, 'data/completion/_kindlingctl'), 'kindlingctl', *name.split(), '--',
                          env=self.environment).stdout
            self.assertEqual(sorted(o for o in options if not re.search(rf'(?m){o}(?![a-z-])', offered)), [], name)

    def test_options_with_a_value_are_no_words(self):
        """After the value of an option, bash is where it was before."""
        for name, options in self.commands.items():
            shown = run(CTL, *name.split(), '--help', env=self.environment).stdout
            for option in sorted(options):
                if re.search(rf'(?m)^  (?:-\w, )?{option}=', shown):
                    words = name.split()
                    self.assertEqual(set(self.complete(option, 'value', *words, '--')), set(self.complete(*words, '--')), option)

    def test_settings_are_sound(self):
        run('glib-compile-schemas', '--strict', '--dry-run', os.path.join(SOURCE, 'data'))

    def test_desktop_offers_kindling_for_images(self):
        applications = os.path.join(self.folder, 'share', 'applications')
        os.makedirs(applications)
        shutil.copy(os.path.join(BUILD, 'data', 'org.kindling.Kindling.desktop'), applications)
        with open(os.path.join(self.folder, 'kindling'), 'w') as program:      # entries without their program are left out
            program.write('#!/bin/sh\n')
        os.chmod(program.name, 0o755)
        run('update-desktop-database', applications)
        environment = {**self.environment, 'XDG_DATA_DIRS': os.path.join(self.folder, 'share') + ':/usr/share',
                       'PATH': self.folder + ':' + self.environment['PATH']}
        for name, magic, kind in (('boot.wim', b'MSWIM\0\0\0', 'application/x-ms-wim'), ('x.iso', bytes(100), 'application/x-cd-image')):
            path = os.path.join(self.folder, name)
            with open(path, 'wb') as out:
                out.write(magic)
            said = run('gio', 'info', '-a', 'standard::content-type', path, env=environment).stdout
            self.assertIn(kind, said)
            self.assertIn('org.kindling.Kindling.desktop', run('gio', 'mime', kind, env=environment).stdout)


if __name__ == '__main__':
    unittest.main(verbosity=2)
