# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a faulty disk, and what has to be true afterwards."""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

TIMEOUT = 120
ID = 'TST00001'


def absolute(options, *names):
    """Makes the paths of these options absolute: programs run elsewhere."""
    for name in names:
        setattr(options, name, os.path.abspath(getattr(options, name)))


# A test that takes too long is ended, too, before its folder is removed.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


class Broken(Exception):
    """A promise that was not kept."""


class Scenario:
    """One command. self.folder holds all that it reads and writes, but for the WIM of an import, and for temporary files, which
    lie beside it."""

    folder_of_faults = ''  # in self.folder; what lies elsewhere works
    lies_are_found = True  # by the command itself; else by the first medium that is made

    def __init__(self, program, wim, folder):
        self.program, self.wim, self.folder = program, wim, folder

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def argv(self, *arguments):
        return [self.program, '--catalog', self.path('catalog'), *arguments]

    def environment(self, **more):
        """What is preloaded comes before the sanitizer, if there is one."""
        sanitizer = os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0'
        return {**os.environ, 'LC_ALL': 'C.UTF-8', 'G_DEBUG': 'fatal-criticals', 'ASAN_OPTIONS': sanitizer, 'HOME': self.folder,
                'XDG_DATA_HOME': self.path('data'), 'TMPDIR': os.path.dirname(self.folder), **more}

    def run(self, *arguments, env=None):
        return subprocess.run(self.argv(*arguments), text=True, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=TIMEOUT, env=self.environment(**(env or {})))

    def ok(self, *arguments):
        run = self.run(*arguments)
        if run.returncode != 0:
            raise Broken(f'{" ".join(arguments)} afterwards: status {run.returncode}: {run.stderr.strip()[-400:]}')
        return run

    def prepare(self):
        """Makes self.folder, once."""
        self.ok('image', 'import', self.wim, '--id', ID, '--name', 'Sample')
        os.mkdir(self.path('out'))

    def command(self):
        raise NotImplementedError

    def check_success(self):
        raise NotImplementedError

    def check_catalog(self):
        """Every entry can be listed and used, whatever happened."""
        images = [json.loads(line) for line in self.ok('--json', 'image', 'list').stdout.splitlines()]
        for image in images:
            if image.get('error'):
                raise Broken(f'an entry of the catalog is broken: {image}')
        return {image['id']: image for image in images}

    def check_image(self):
        """A medium of the image can be made, and is good."""
        self.check_catalog()
        self.ok('create', 'CD', self.path('afterwards.iso'), ID)
        self.ok('check', self.path('afterwards.iso'))
        os.unlink(self.path('afterwards.iso'))

    def check_failure(self):
        """Not only is the old content there (the tree of files is compared before): it is of use."""
        self.check_image()

    def snapshot(self):
        """Content of all files, but for locks, which are empty and stay."""
        found = {}
        for root, folders, files in os.walk(self.folder):
            for name in folders:
                found[os.path.relpath(os.path.join(root, name), self.folder)] = 'folder'
            for name in files:
                path = os.path.join(root, name)
                if name != '.lock':
                    with open(path, 'rb') as content:
                        found[os.path.relpath(path, self.folder)] = hashlib.sha1(content.read()).hexdigest()
        return found

    def leftovers(self):
        """Hidden files and folders, which nobody takes for finished ones."""
        return [path for path in self.snapshot() if os.path.basename(path).startswith('.') and '.cache' not in path]


class Medium(Scenario):
    name = None

    def prepare(self):
        super().prepare()
        self.ok(*self.command())

    def check_success(self):
        self.ok('check', self.path('out', self.name))

    def check_failure(self):
        self.ok('check', self.path('out', self.name))
        super().check_failure()


class Iso(Medium):
    name = 'medium.iso'

    def command(self):
        return 'create', 'CD', self.path('out', self.name), ID


class DiskImage(Medium):
    name = 'medium.img'

    def command(self):
        return 'create', 'UFD+FORMAT', self.path('out', self.name), ID, '--disk-image', '64MB'


class Folder(Scenario):
    """A medium among a person's own files, over an older one."""

    tool = None     # folder-job

    def argv(self, *arguments):
        if arguments[0] == 'write':
            return [self.tool, self.path('catalog'), ID, self.path('out')]
        return super().argv(*arguments)

    def run(self, *arguments, env=None):
        run = super().run(*arguments, env=env)
        if arguments[0] == 'write':
            self.said = run.stderr
        return run

    def prepare(self):
        super().prepare()
        os.mkdir(self.path('out', 'sources'))
        for place in ('holiday.txt', 'sources/mine.txt'):
            with open(self.path('out', place), 'w', encoding='utf-8') as file:
                file.write('Two weeks by the sea.\n' * 500)
        self.ok(*self.command())
        self.ok('image', 'set', ID, 'scratch-space=256')
        self.ok('image', 'prepare', ID)
        self.mine = {path: value for path, value in self.snapshot().items() if path.endswith('.txt')}

    def command(self):
        return ('write',)

    def leftovers(self):
        return super().leftovers() + [path for path in self.snapshot() if path.endswith('.part')]

    def check_success(self):
        self.check_mine()
        self.ok('check', self.path('out'))

    def check_failure(self):
        """Either the old medium or the new one is whole, or it was said that neither is: then it is seen."""
        self.check_mine()
        if self.run('check', self.path('out')).returncode != 0 and 'state: ' in self.said and 'state: partial' not in self.said:
            raise Broken(f'no medium is whole, and it was not said: {self.said}')

    def check_mine(self):
        after = self.snapshot()
        lost = [path for path, value in self.mine.items() if after.get(path) != value]
        if lost:
            raise Broken(f"a person's files are not as they were: {lost}")


class Import(Scenario):
    lies_are_found = False

    def command(self):
        return 'image', 'import', self.wim, '--id', 'TST00002', '--name', 'Second'

    def check_success(self):
        if 'TST00002' not in self.check_catalog():
            raise Broken('the image is not in the catalog')
        self.ok('create', 'CD', self.path('second.iso'), 'TST00002')
        self.ok('check', self.path('second.iso'))

    def check_failure(self):
        super().check_failure()
        if 'TST00002' in self.check_catalog():
            self.check_success()


class Prepare(Scenario):
    lies_are_found = False

    def prepare(self):
        super().prepare()
        os.mkdir(self.path('extra'))
        for i in range(3):
            with open(self.path('extra', f'file{i}.txt'), 'wb') as file:
                file.write(hashlib.sha512(str(i).encode()).digest() * 300)
        self.ok('image', 'set', ID, 'scratch-space=256', f'extra-files={self.path("extra")}')
        self.ok('image', 'prepare', ID)
        self.ok('image', 'set', ID, 'scratch-space=512', 'lab-shell=true')

    def command(self):
        return 'image', 'prepare', ID

    def check_success(self):
        state = self.check_catalog()[ID]['state']
        if state != 'complete':
            raise Broken(f'prepared, but the state is {state}')
        self.check_image()


class Export(Scenario):
    lies_are_found = False

    def prepare(self):
        super().prepare()
        self.ok(*self.command())

    def command(self):
        return 'image', 'export', ID, self.path('out', 'boot.wim')

    def check_success(self):
        subprocess.run(['wimlib-imagex', 'verify', self.path('out', 'boot.wim')], check=True, capture_output=True)

    def check_failure(self):
        super().check_failure()
        self.check_success()


class Settings(Scenario):
    lies_are_found = False

    def command(self):
        return 'image', 'set', ID, 'name=Changed', 'scratch-space=128'

    def check_success(self):
        if self.check_catalog()[ID]['name'] != 'Changed':
            raise Broken('the name was not changed')


class Remove(Scenario):
    lies_are_found = False

    def command(self):
        return 'image', 'remove', ID

    def check_success(self):
        if ID in self.check_catalog():
            raise Broken('the image is still there')

    def check_failure(self):
        if ID in self.check_catalog():
            self.check_image()


class Place:
    """A scenario in a folder of its own, which can be made as new."""

    def __init__(self, kind, options):
        # In memory where there is that: the faults are of the test, not of the disk's speed.
        self.top = tempfile.mkdtemp(prefix='kindling-faults-', dir='/dev/shm' if os.access('/dev/shm', os.W_OK) else None)
        self.work, self.master, self.counter = (os.path.join(self.top, name) for name in ('work', 'master', 'counter'))
        try:
            os.mkdir(self.work)
            self.scenario = kind(options.program, options.wim, self.work)
            self.scenario.prepare()
            shutil.copytree(self.work, self.master, symlinks=True)
            self.before = self.scenario.snapshot()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        shutil.rmtree(self.top, ignore_errors=True)

    def renew(self):
        shutil.rmtree(self.work)
        shutil.copytree(self.master, self.work, symlinks=True)


SCENARIOS = {'iso': Iso, 'disk-image': DiskImage, 'folder': Folder, 'import': Import, 'prepare': Prepare, 'export': Export,
             'settings': Settings, 'remove': Remove}
