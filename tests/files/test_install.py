#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installing, uninstalling and the Debian package; each into a folder of its own, with the build folder as argument."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, SOURCE = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))

# Below the prefix. Translations come on top.
EXPECTED = """
bin/kindling
bin/kindlingctl
share/applications/org.kindling.Kindling.desktop
share/bash-completion/completions/kindlingctl
share/dbus-1/interfaces/org.kindling.BootImages1.xml
share/dbus-1/interfaces/org.kindling.MediaCreator1.xml
share/dbus-1/services/org.kindling.Kindling.service
share/doc/kindling/examples/make-boot-media.py
share/doc/kindling/html/checking.html
share/doc/kindling/html/codes.html
share/doc/kindling/html/drivers.html
share/doc/kindling/html/drives.html
share/doc/kindling/html/images.html
share/doc/kindling/html/index.html
share/doc/kindling/html/keyboard.html
share/doc/kindling/html/media.html
share/doc/kindling/html/performance.html
share/doc/kindling/html/preferences.html
share/doc/kindling/html/programs.html
share/doc/kindling/html/protection.html
share/doc/kindling/html/recipes.html
share/doc/kindling/html/secrets.html
share/doc/kindling/html/sites.html
share/doc/kindling/html/start.html
share/doc/kindling/html/troubleshooting.html
share/glib-2.0/schemas/org.kindling.Kindling.gschema.xml
share/icons/hicolor/scalable/apps/org.kindling.Kindling.svg
share/icons/hicolor/symbolic/apps/org.kindling.Kindling-symbolic.svg
share/kindling/bios/boot.img
share/kindling/bios/core.img
share/kindling/sample/boot.wim
share/kindling/site/Export-KindlingSite.ps1
share/man/man1/kindling.1
share/man/man1/kindlingctl.1
share/metainfo/org.kindling.Kindling.metainfo.xml
share/zsh/site-functions/_kindlingctl
""".split()


def run(*command, **options):
    result = subprocess.run(command, text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=200,
                            **{'cwd': '/', **options})
    if result.returncode:
        raise AssertionError(f'{command}: {result.returncode}\n{result.stdout}\n{result.stderr}')
    return result.stdout


def option(name):
    import json
    return next(o['value'] for o in json.loads(run('meson', 'introspect', BUILD, '--buildoptions')) if o['name'] == name)


PREFIX = option('prefix').strip('/')


class Installation(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='kindling-install-')
        self.addCleanup(shutil.rmtree, self.folder)
        self.root = os.path.join(self.folder, 'root')
        self.environment = {**os.environ, 'HOME': self.folder, 'LC_ALL': 'C.UTF-8',
                            'XDG_DATA_HOME': os.path.join(self.folder, 'data')}
        self.environment.pop('DISPLAY', None)

    def installed(self, root):
        return sorted(os.path.relpath(os.path.join(where, name), root) for where, _, names in os.walk(root)
                      for name in names)

    def check_programs(self, prefix):
        """They find what they need where they were put, and tell nothing of where they were built."""
        version = run(os.path.join(prefix, 'bin', 'kindlingctl'), '--version', env=self.environment)
        self.assertRegex(version, r'^kindlingctl \d+\.\d+\.\d+\n$')
        self.assertEqual(run(os.path.join(prefix, 'bin', 'kindling'), '--version', env=self.environment),
                         version.replace('kindlingctl', 'kindling'))
        self.assertIn('--catalog=DIR', run(os.path.join(prefix, 'bin', 'kindling'), '--help', env=self.environment))
        ctl = [os.path.join(prefix, 'bin', 'kindlingctl'), '--quiet']
        image = run(*ctl, 'image', 'import', '--sample', env=self.environment).strip()
        run(*ctl, 'create', 'UFD+FORMAT', os.path.join(self.folder, 'stick.img'), image, '--disk-image', '64M',
            env=self.environment)

    def test_install_and_uninstall(self):
        run('meson', 'install', '-C', BUILD, '--no-rebuild', env={**self.environment, 'DESTDIR': self.root})
        prefix = os.path.join(self.root, PREFIX)
        files = [f for f in self.installed(prefix) if not f.startswith('share/locale/')]
        self.assertEqual(files, EXPECTED)
        for name in files:
            path = os.path.join(prefix, name)
            with open(path, 'rb') as content:
                data = content.read()
            self.assertTrue(data, name)
            mode = os.stat(path).st_mode & 0o7777
            self.assertEqual(mode, 0o755 if name.startswith('bin/') or name.endswith('.py') else 0o644, name)
            if not name.startswith('bin/'):      # those hold paths for the debugger
                self.assertNotIn(SOURCE.encode(), data, name)
        with open(os.path.join(prefix, 'share/dbus-1/services/org.kindling.Kindling.service')) as service:
            self.assertIn(f'Exec=/{PREFIX}/bin/kindling --gapplication-service\n', service.read())
        self.assertFalse(os.path.lexists(os.path.join(self.root, SOURCE.strip('/'))))
        self.check_programs(prefix)

        run('ninja', '-C', BUILD, 'uninstall', env=self.environment)
        self.assertEqual(self.installed(self.root), [])

    def test_debian_package(self):
        package = run(os.path.join(SOURCE, 'data/debian/build-deb.sh'), self.folder, BUILD, env=self.environment).strip()
        self.assertRegex(package, r'/kindling_[0-9.]+_[a-z0-9]+\.deb$')
        depends = run('dpkg-deb', '--field', package, 'Depends')
        for library in 'libgtk-4-1', 'libadwaita-1-0', 'libwim15', 'libisofs6', 'libssl3':
            self.assertIn(library + ' (', depends)
        owners = {line.split()[1] for line in run('dpkg-deb', '--contents', package).splitlines()}
        self.assertEqual(owners, {'root/root'})

        # A dpkg database of its own, which knows of no other package.
        for name in 'var/lib/dpkg/info', 'var/lib/dpkg/updates', 'var/log':
            os.makedirs(os.path.join(self.root, name))
        for name in 'status', 'available':
            open(os.path.join(self.root, 'var/lib/dpkg', name), 'w').close()
        dpkg = ['dpkg', '--root=' + self.root, '--force-depends', '--force-not-root', '--force-bad-path',
                '--log=' + os.path.join(self.folder, 'dpkg.log')]
        before = self.installed(self.root)
        run(*dpkg, '--install', package, env=self.environment)
        self.assertRegex(run(*dpkg, '--list', 'kindling', env=self.environment), r'(?m)^ii  kindling ')
        self.assertEqual(run(*dpkg, '--verify', 'kindling', env=self.environment), '')
        files = [re.sub(r'\.gz$', '', f) for f in self.installed(os.path.join(self.root, PREFIX))
                 if not f.startswith('share/locale/')]
        self.assertTrue(set(EXPECTED) <= set(files), set(EXPECTED) - set(files))
        self.assertTrue(os.path.isfile(os.path.join(self.root, 'usr/share/doc/kindling/copyright')))
        self.check_programs(os.path.join(self.root, PREFIX))

        run(*dpkg, '--purge', 'kindling', env=self.environment)
        left = [f for f in self.installed(self.root) if f not in before and not f.startswith('var/')]
        self.assertEqual(left, [])

    def test_zsh_completion(self):
        bin_folder = os.path.join(BUILD, 'app')

        def complete(*words):
            return run('zsh', '-f', os.path.join(SOURCE, 'tests/files/completion.zsh'),
                       os.path.join(SOURCE, 'data/completion/_kindlingctl'), *words,
                       env={**self.environment, 'PATH': bin_folder + ':' + os.environ['PATH']}).splitlines()

        self.assertEqual(set(complete('kindlingctl', '')) - {'batch'},
                         {'image', 'create', 'check', 'inspect', 'site', 'drive', 'driver'})
        self.assertIn('import', complete('kindlingctl', '--quiet', 'image', 'im'))
        self.assertNotIn('create', complete('kindlingctl', 'image', ''))
        options = complete('kindlingctl', 'create', '--')
        self.assertTrue([o for o in options if o.startswith('--boot-manager=[') and o.endswith(': :(2011 2023)')])
        self.assertTrue([o for o in options if o.startswith('--password-file=[') and o.endswith(': :_files')])
        self.assertTrue([o for o in complete('kindling', '') if o.startswith('--catalog=[')])


if __name__ == '__main__':
    unittest.main(verbosity=2)
