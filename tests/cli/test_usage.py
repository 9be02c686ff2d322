#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line itself: options, help, wrong use, languages, exit statuses."""
import os
import subprocess

import command
from command import CommandTest

COMMANDS = [('image', 'list'), ('image', 'show'), ('image', 'import'), ('image', 'remove'), ('image', 'export'),
            ('image', 'set'), ('image', 'status'), ('create',), ('check',), ('inspect',), ('driver', 'inspect'),
            ('drive', 'list'), ('drive', 'watch'), ('drive', 'restore')]


class Usage(CommandTest):
    @classmethod
    def setUpClass(cls):
        """No WIM is needed here."""

    def test_version(self):
        for arguments in [('--version',), ('image', '--version'), ('create', '--version')]:
            result = self.run_program(*arguments)
            self.assertEqual(result.status, 0)
            self.assertRegex(result.out, r'^kindlingctl \d+\.\d+\.\d+\n$')

    def test_help_lists_every_command(self):
        result = self.run_program('--help')
        self.assertEqual(result.status, 0)
        for words in COMMANDS:
            self.assertRegex(result.out, rf'(?m)^  {" ".join(words)} ')

    def test_each_command_has_help_with_examples(self):
        for words in COMMANDS:
            result = self.run_program(*words, '--help')
            self.assertEqual(result.status, 0)
            self.assertIn('Usage:\n  kindlingctl ' + ' '.join(words), result.out)
            self.assertIn('Examples:\n  kindlingctl ', result.out)
            self.assertIn('--catalog=DIR', result.out)

    def test_wrong_use_ends_with_2(self):
        self.assert_usage('A command is missing')
        self.assert_usage('A command is missing', 'image')
        self.assert_usage('There is no command “bake”', 'bake')
        self.assert_usage('There is no command “image bake”', 'image', 'bake')
        self.assert_usage('“image show” needs ID', 'image', 'show')
        self.assert_usage('“b” is one argument too many', 'image', 'show', 'a', 'b')
        self.assert_usage('Unknown option --size', 'image', 'list', '--size')
        self.assert_usage('“create” needs TYPE DESTINATION… IMAGE-ID', 'create', 'CD', 'x.iso')
        self.assert_usage('“KDL00001” is one argument too many', 'create', 'CD', 'x.iso', 'y.iso', 'KDL00001')
        self.assert_usage('each of several has a certificate of its own', 'create', 'UFD+FORMAT', '/dev/sdx', '/dev/sdy', 'KDL00001',
                          '--export-certificate', 'x.pem')
        self.assert_usage('“DVD” is no type of media', 'create', 'DVD', 'x.iso', 'KDL00001')
        self.assert_usage('“2019” is no boot manager', 'create', 'CD', 'x.iso', 'KDL00001', '--boot-manager', '2019')
        self.assert_usage('index 1, not 0', 'image', 'import', 'x.wim', '--index', '0')
        self.assert_usage('index 1, not -2', 'image', 'import', 'x.wim', '--index=-2')
        self.assert_usage('“two”', 'image', 'import', 'x.wim', '--index', 'two')
        self.assert_usage('“image import” needs PATH', 'image', 'import')
        self.assert_usage('either PATH or --sample', 'image', 'import', 'x.wim', '--sample')
        self.assert_usage('“name” is not of the form KEY=VALUE', 'image', 'set', 'KDL00001', 'name')
        self.assert_usage('“x” is one argument too many', 'drive', 'list', 'x')
        self.assert_usage('“drive restore” needs DRIVE', 'drive', 'restore')
        self.assert_usage('“ntfs” is no file system', 'drive', 'restore', '/dev/sdx', '--file-system', 'ntfs')
        self.assert_usage('Argument 1 of “image import” is empty', 'image', 'import', '')
        self.assert_usage('Argument 2 of “create” is empty', 'create', 'CD', '', 'KDL00001')
        self.assert_usage('--boot-files needs', 'image', 'import', 'x.wim', '--boot-files', '')
        self.assert_usage('--catalog needs', 'image', 'list', '--catalog=')
        self.assert_usage('“=x” is not of the form KEY=VALUE', 'image', 'set', 'KDL00001', '=x')

    def test_what_later_versions_bring_is_refused(self):
        for arguments in [('drive', 'eject'), ('driver', 'load', 'x')]:
            self.assert_usage('There is no command', *arguments)
        self.assert_usage('Unknown option', 'create', 'CD', 'x.iso', 'KDL00001', '--management-point=x')

    def test_usb_media_are_refused_in_words(self):
        for kind in ['UFD', 'ufd', 'UDF']:
            self.assert_fails('ERROR_FILE_NOT_FOUND', 'is neither a folder where a volume of a drive is mounted', 'create',
                              kind, '/dev/null', 'KDL00001')
        self.assert_fails('E_INVALIDARG', 'UFD needs a drive', 'create', 'UFD', 'x.img', 'KDL00001', '--disk-image=1G')
        self.assert_fails('E_INVALIDARG', 'is asked for with UFD only', 'create', 'CD', 'x.iso', 'KDL00001', '--bios-start')
        self.assert_fails('ERROR_FILE_NOT_FOUND', '--disk-image SIZE is needed', 'create', 'UFD+FORMAT', '/dev/null',
                          'KDL00001')
        for option in ['--yes', '--allow-fixed', '--power-off', '--expect-serial=1']:
            self.assert_usage('are for UFD and UFD+FORMAT onto a drive', 'create', 'CD', 'x.iso', 'KDL00001', option)
            self.assert_usage('are for UFD and UFD+FORMAT onto a drive', 'create', 'UFD+FORMAT', 'x.img', 'KDL00001',
                              '--disk-image=1G', option)
        self.assert_fails('E_INVALIDARG', 'A CD has no disk image', 'create', 'CD', 'x.iso', 'KDL00001',
                          '--disk-image=1G')

    def test_sizes_of_disk_images(self):
        for size in ['', '0', 'G', '-1', '1X', '1GiBs', '1.5G', '99999999999G', '18446744073709551616']:
            self.assert_usage(f'“{size}” is no size', 'create', 'UFD+FORMAT', 'x.img', 'KDL00001', f'--disk-image={size}')

    def test_global_options_stand_anywhere(self):
        other = self.path('other')
        for arguments in [('--catalog', other, '--json', 'image', 'show', 'KDL00001'),
                          ('image', '--catalog', other, '--json', 'show', 'KDL00001'),
                          ('image', 'show', 'KDL00001', '--catalog', other, '--json'),
                          ('image', 'show', '--json', 'KDL00001', f'--catalog={other}')]:
            result = self.run_program(*arguments)
            self.assertEqual(result.status, 13, result.err)
            self.assertEqual(result.last['code'], 'CREATETSMEDIA_E_MISSINGPACKAGE')
            self.assertEqual(result.last['exit-code'], '0x80040003')
            self.assertEqual(result.last['detail'], 'KDL00001')

    def test_a_missing_catalog_is_empty(self):
        self.assertIn('No boot images', self.ctl('image', 'list').out)
        self.assertEqual(self.ctl('--quiet', 'image', 'list').out, '')
        self.assertEqual(self.json('image', 'list').lines, [])
        self.assertFalse(os.path.exists(self.catalog))

    def test_the_usual_catalog_is_in_the_data_folder(self):
        result = self.run_program('image', 'list')
        self.assertIn(self.path('data', 'kindling', 'catalog'), result.out)

    def prefer_catalog(self, folder):
        """As the preferences of the window do it; the options of the environment that has them."""
        settings = self.path('config', 'glib-2.0', 'settings')
        os.makedirs(settings)
        with open(os.path.join(settings, 'keyfile'), 'w') as f:
            f.write(f"[org/kindling/Kindling]\ncatalog-folder='{folder}'\n")
        return {'env': {**self.environment(), 'GSETTINGS_BACKEND': 'keyfile'}}

    def test_the_catalog_of_the_preferences_goes_before_the_usual_one(self):
        chosen, other = self.path('chosen'), self.path('other')
        preferred = self.prefer_catalog(chosen)
        for command in ['image', 'list'], ['image', 'import', '--sample']:
            run = self.run_program('--json', *command, **preferred)
            self.assertEqual(run.status, 1)
            self.assertEqual(run.last['code'], 'ERROR_FILE_NOT_FOUND')
            self.assertIn(chosen, run.err + run.out)
            self.assertFalse(os.path.exists(chosen), 'a folder that is away must not be made anew')
        os.mkdir(chosen)
        self.assertEqual(self.run_program('image', 'import', '--sample', **preferred).status, 0)
        self.assertEqual(os.listdir(chosen), ['KDL00001'])
        self.assertFalse(os.path.exists(self.path('data', 'kindling', 'catalog')))

        # The command line goes before both, and may name a folder that is not there yet.
        self.assertEqual(self.run_program('--catalog', other, '--json', 'image', 'list', **preferred).lines[:-1], [])
        self.assertEqual(self.run_program('--catalog', other, 'image', 'import', '--sample', **preferred).status, 0)
        self.assertEqual(os.listdir(other), ['KDL00001'])

    def test_utf8_where_no_locale_is_chosen(self):
        environment = {**self.environment(), 'LC_ALL': 'C'}
        result = self.run_program('image', 'bäke', env=environment)
        self.assertEqual(result.status, 2)
        self.assertIn('There is no command “image bäke”', result.err)

    def test_names_that_are_not_utf8_do_no_harm(self):
        result = self.run_program('--json', 'inspect', b'no\xff\xfename.iso')
        self.assertEqual(result.status, 1)
        self.assertIn('no\ufffd\ufffdname.iso', result.last['message'])

    def test_a_full_standard_output_is_an_error(self):
        with open('/dev/full', 'w', encoding='utf-8') as full:
            run = subprocess.run([command.PROGRAM, '--version'], stdout=full, stderr=subprocess.PIPE, text=True,
                                 check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn('Standard output could not be written', run.stderr)


if __name__ == '__main__':
    command.main()
