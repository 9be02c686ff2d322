#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metadata for software centres, with the address of its pictures filled in. Run with the project's folder."""
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.path.abspath(sys.argv.pop(1))
NAME = 'org.kindling.Kindling.metainfo.xml'
URL = 'https://example.org/pictures'


class Metainfo(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(SOURCE, 'data', NAME + '.in'), encoding='utf-8') as f:
            self.text = f.read()

    def validate(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, NAME)
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text)
            return subprocess.run(['appstreamcli', 'validate', '--no-net', path], text=True, capture_output=True, timeout=60)

    def test_pictures_are_there_and_small(self):
        images = re.findall(r'width="(\d+)" height="(\d+)">@SCREENSHOTS_URL@/([a-z]+\.png)<', self.text)
        self.assertGreaterEqual(len(images), 3)
        self.assertEqual(len(images), self.text.count('<caption>'))
        for width, height, name in images:
            with open(os.path.join(SOURCE, 'data', 'screenshots', name), 'rb') as f:
                data = f.read()
            self.assertEqual(struct.unpack('>II', data[16:24]), (int(width), int(height)), name)
            self.assertLess(len(data), 100000, name)

    def test_it_is_valid_with_and_without_pictures(self):
        for begin, end in ('', ''), ('<!--', '-->'):
            text = self.text.replace('@SCREENSHOTS_URL@', URL).replace('@SCREENSHOTS_BEGIN@', begin)
            run = self.validate(text.replace('@SCREENSHOTS_END@', end))
            self.assertEqual(run.returncode, 0, run.stdout)
        run = self.validate(self.text.replace('@SCREENSHOTS_BEGIN@', '').replace('@SCREENSHOTS_END@', ''))
        self.assertIn('web-url-expected', run.stdout, 'a picture without an address must be noticed')


if __name__ == '__main__':
    unittest.main(verbosity=2)
