#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the built programs have against exploits, as readelf sees it; with the build folder as argument."""
import json
import os
import platform
import re
import subprocess
import sys
import unittest

BUILD = os.path.abspath(sys.argv.pop(1))
PROGRAMS = [os.path.join(BUILD, 'app', name) for name in ('kindling', 'kindlingctl')]


def readelf(*arguments):
    return subprocess.run(['readelf', '--wide', *arguments], check=True, capture_output=True, text=True,
                          env={**os.environ, 'LC_ALL': 'C'}).stdout


def option(name):
    options = subprocess.run(['meson', 'introspect', BUILD, '--buildoptions'], check=True, capture_output=True).stdout
    return next(o['value'] for o in json.loads(options) if o['name'] == name)


class Hardening(unittest.TestCase):
    def each(self, *arguments):
        for program in PROGRAMS:
            with self.subTest(program=program):
                yield readelf(*arguments, program)

    def test_programs_can_be_loaded_anywhere(self):
        for header in self.each('--file-header'):
            self.assertIn('Position-Independent Executable', header)

    def test_addresses_of_functions_are_read_only(self):
        for segments in self.each('--segments'):
            self.assertIn('GNU_RELRO', segments)
        for dynamic in self.each('--dynamic'):
            self.assertRegex(dynamic, r'\(FLAGS_1\).*\bNOW\b')
            self.assertNotIn('TEXTREL', dynamic)

    def test_nothing_is_both_written_and_run(self):
        for segments in self.each('--segments'):
            self.assertRegex(segments, r'GNU_STACK .* RW +0x')
            self.assertNotRegex(segments, r'\bRWE\b')

    def test_libraries_come_from_the_system_alone(self):
        for dynamic in self.each('--dynamic'):
            self.assertNotRegex(dynamic, r'\((RPATH|RUNPATH)\)')

    def test_overrun_buffers_are_noticed(self):
        for symbols in self.each('--dyn-syms'):
            self.assertIn('__stack_chk_fail', symbols)
            if option('b_sanitize') == 'none' and option('optimization') not in ('0', 'plain'):
                self.assertRegex(symbols, r'__\w+_chk@')

    @unittest.skipUnless(platform.machine() == 'x86_64', 'of x86 only')
    def test_jumps_and_returns_are_marked(self):
        """The linker keeps the mark only where the start code of the C library has it, too: so of what is ours."""
        library = os.path.join(BUILD, 'core', 'libkindling-core.a')
        notes = readelf('--notes', library)
        members = re.findall(r'^File: .*\.o[)\]]?$', notes, re.M)
        self.assertGreater(len(members), 100)
        self.assertEqual(len(re.findall(r'x86 feature:.*IBT.*SHSTK', notes)), len(members))


if __name__ == '__main__':
    unittest.main(verbosity=2)
