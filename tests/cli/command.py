# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs kindlingctl as a script would: each test has a folder and a catalog of its own."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import fixtures

PROGRAM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else 'kindlingctl'
# Root passes over permissions; without its capabilities it is held to them like anybody.
HELD_TO_PERMISSIONS = ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all'] if os.geteuid() == 0 else []
TIMEOUT = 120


class Result:
    def __init__(self, run):
        self.status, self.out, self.err = run.returncode, run.stdout, run.stderr

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last(self):
        return self.lines[-1]


class CommandTest(unittest.TestCase):
    """A folder for the class (self.shared, with a good WIM) and one for each test (self.folder)."""

    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix='kindling-cli-')
        cls.addClassCleanup(shutil.rmtree, cls.shared)
        cls.tree = fixtures.pe_tree(os.path.join(cls.shared, 'tree'))
        cls.wim = fixtures.describe(fixtures.capture(os.path.join(cls.shared, 'odd.wim'), cls.tree))

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='kindling-cli-')
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.catalog = self.path('catalog')

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def environment(self):
        return {**os.environ, 'LC_ALL': 'C.UTF-8', 'G_DEBUG': 'fatal-criticals', 'HOME': self.folder,
                'XDG_DATA_HOME': self.path('data'), 'XDG_CONFIG_HOME': self.path('config'), 'GSETTINGS_BACKEND': 'memory'}

    def slow_disk(self, folder, **how):
        """The environment in which a disk is slow; see slow-disk.c."""
        return {**self.environment(), 'LD_PRELOAD': os.environ['KINDLING_SLOW_DISK'], 'SLOW_FOLDER': folder,
                'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':verify_asan_link_order=0',
                **{name: str(value) for name, value in how.items()}}

    def run_program(self, *arguments, prefix=(), **options):
        """Only the arguments given; no --catalog."""
        run = subprocess.run([*prefix, PROGRAM, *arguments], text=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT,
                             **{'capture_output': True, 'env': self.environment(), 'cwd': self.folder, **options})
        return Result(run)

    def ctl(self, *arguments, status=0, **options):
        result = self.run_program('--catalog', self.catalog, *arguments, **options)
        self.assertEqual(result.status, status, f'{arguments}\n{result.out}\n{result.err}')
        return result

    def json(self, *arguments, status=0, **options):
        return self.ctl('--json', *arguments, status=status, **options)

    def start(self, *arguments, **options):
        return subprocess.Popen([PROGRAM, '--catalog', self.catalog, *arguments], text=True, cwd=self.folder,
                                stdin=subprocess.DEVNULL,
                                **{'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE,
                                   'env': self.environment(), **options})

    def import_good(self, *options):
        return self.json('image', 'import', self.wim, *options).last['id']

    def assert_fails(self, symbol, words, *arguments, status=1, **options):
        """The error, on the terminal and in JSON: exit status, code and a piece of the message."""
        text = self.ctl(*arguments, status=status, **options)
        self.assertEqual(text.out, '')
        self.assertIn(words, text.err)
        self.assertIn('What to do: ', text.err)
        event = self.json(*arguments, status=status, **options).last
        self.assertEqual(event['event'], 'error')
        self.assertEqual(event['code'], symbol)
        self.assertRegex(event['exit-code'], r'^0x8[0-9A-F]{7}$')
        self.assertIn(words, event['message'])
        self.assertTrue(event['title'] and event['next-step'])
        return event

    def assert_usage(self, words, *arguments):
        result = self.ctl(*arguments, status=2)
        self.assertEqual(result.out, '')
        self.assertIn(words, result.err)
        self.assertIn('--help', result.err)
        result = self.json(*arguments, status=2)
        self.assertEqual(result.last['event'], 'error')
        self.assertEqual(result.last['code'], 'E_INVALIDARG')
        self.assertEqual(result.last['exit-code'], '0x80070057')
        self.assertIn(words, result.last['message'])

    def assert_nothing_but(self, folder, *names):
        """No half-written file is left, hidden or not."""
        self.assertEqual(sorted(os.listdir(folder)), sorted(names))


class TapResult(unittest.TestResult):
    """Says the Test Anything Protocol, so that each test counts."""

    def __init__(self):
        super().__init__()
        self.said = 0

    def say(self, verdict, test, problem=''):
        self.said += 1
        print(f'{verdict} {self.said} {str(test).split()[0]}', flush=True)
        for line in problem.splitlines():
            print(f'# {line}', flush=True)

    def addSuccess(self, test):
        self.say('ok', test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.say('not ok', test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.say('not ok', test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.say('not ok', test, (self.failures + self.errors)[-1][1])


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules['__main__'])
    if len(sys.argv) > 1:
        suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:], sys.modules['__main__'])
    result = TapResult()
    suite.run(result)
    print(f'1..{result.said}')
    sys.exit(0 if result.wasSuccessful() else 1)
