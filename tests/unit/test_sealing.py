#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second reader and writer of sealed media variables, written from the format's description and with OpenSSL's command line:
it reads what Kindling wrote, and Kindling reads what it wrote. Run with the path of sealing-tool as argument."""
import hashlib
import os
import random
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape, quoteattr

TOOL = os.path.abspath(sys.argv.pop(1))
NO_PASSWORD = '{BAC6E688-DE21-4ABE-B7FB-C9F54E6DB664}'
ALGORITHM = {128: 0x660E, 192: 0x660F, 256: 0x6610}
BITS = {number: bits for bits, number in ALGORITHM.items()}


def key(password, bits):
    digest = hashlib.sha1((password or NO_PASSWORD).encode('utf-16-le')).digest()
    inner, outer = (hashlib.sha1(bytes(b ^ pad for b in digest.ljust(64, b'\0'))).digest() for pad in (0x36, 0x5C))
    return (inner + outer)[:bits // 8]


def openssl(direction, password, bits, data):
    return subprocess.run(['openssl', 'enc', direction, f'-aes-{bits}-cbc', '-K', key(password, bits).hex(), '-iv', '0' * 32],
                          input=data, capture_output=True, check=True).stdout


def read(data, password):
    signature, sub_header, plain, cipher, algorithm, zero = struct.unpack('<6I', data[:24])
    assert (signature, sub_header, zero) == (0xECED0000, 20, 0), data[:24].hex()
    assert len(data) == plain + 42
    text = openssl('-d', password, BITS[algorithm], data[24:24 + cipher])
    assert len(text) == plain and text.endswith(b'\0\0')
    root = ElementTree.fromstring(text[:-2].decode('utf-16-le'))
    assert root.tag == 'MediaVarList' and not root.attrib
    return [(var.attrib['name'], var.text or '') for var in root], BITS[algorithm]


def write(document, password, bits, end=b'\0\0', slack=b''):
    text = document.encode('utf-16-le') + end
    sealed = openssl('-e', password, bits, text)
    return struct.pack('<6I', 0xECED0000, 20, len(text), len(sealed), ALGORITHM[bits], 0) + sealed + slack


def tool(arguments, *items):
    lines = ''.join((i if isinstance(i, bytes) else i.encode()).hex() + '\n' for i in items)
    return subprocess.run([TOOL, *arguments], input=lines.encode(), capture_output=True)


def random_text(rng, longest):
    characters = []
    while len(characters) < rng.randint(0, longest):
        code = rng.choice([rng.randint(0x20, 0x7E), rng.randint(0xA0, 0xD7FF), rng.randint(0xE000, 0xFFFD),
                           rng.randint(0x10000, 0x10FFFD), 9, 10, 13, 0x3C, 0x26, 0x5D])
        if code & 0xFFFE != 0xFFFE:
            characters.append(chr(code))
    return ''.join(characters)


def random_password(rng):
    return random_text(rng, 20).translate({9: None, 10: None, 13: None})


class Sealing(unittest.TestCase):
    def test_openssl_reads_what_kindling_wrote(self):
        rng = random.Random(1)
        for turn in range(60):
            variables = [(f'Name{n}é<&"\'', random_text(rng, 60)) for n in range(rng.randint(0, 9))]
            password, bits = random_password(rng), (128, 192, 256)[turn % 3]
            run = tool(['seal', str(bits)], password, *[part for pair in variables for part in pair])
            with self.subTest(turn=turn):
                self.assertEqual(read(run.stdout, password), (variables, bits))

    def test_kindling_reads_what_openssl_wrote(self):
        rng = random.Random(2)
        for turn in range(60):
            variables = [(f'N{n}<', random_text(rng, 60).replace('\r', '')) for n in range(rng.randint(0, 9))]
            password, bits = random_password(rng), (128, 192, 256)[turn % 3]
            children = ''
            for name, value in variables:
                cdata = turn % 2 and ']]>' not in value
                text = f'<![CDATA[{value}]]>' if cdata else escape(value)
                children += f'\n <var type="2" name={quoteattr(name)} x=\'y\'>{text}</var>'
            prolog = ('', '<?xml version="1.0" encoding="utf-16"?>', '<?xml version="1.0"?>\r\n')[turn % 3]
            document = f'{prolog}<MediaVarList Version="4.00.5345.0000">{children}</MediaVarList>'
            if not prolog:
                document = document.replace(' Version="4.00.5345.0000"', '')
            data = write(document, password, bits, end=(b'\0\0', b'')[turn % 2], slack=os.urandom(turn % 18))
            run = tool(['open'], password, data)
            with self.subTest(turn=turn):
                self.assertEqual(run.stderr, b'')
                items = [bytes.fromhex(line).decode() for line in run.stdout.decode().splitlines()]
                self.assertEqual(list(zip(items[::2], items[1::2])), variables)

    def test_another_password_opens_nothing(self):
        run = tool(['seal', '128'], 'right', 'Colour', 'red')
        for password in ('wrong', '', 'Right', 'right '):
            with self.subTest(password=password):
                refused = tool(['open'], password, run.stdout)
                self.assertEqual((refused.returncode, refused.stdout), (1, b''))
                self.assertIn(b'another password', refused.stderr)
                self.assertRaises((subprocess.CalledProcessError, AssertionError, UnicodeDecodeError, ElementTree.ParseError),
                                  read, run.stdout, password)

    def test_openssl_opens_the_pfx_by_the_rule(self):
        guid = '{09821541-3BE2-421C-AA13-D1E0AD123456}'
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'medium.pfx')
            with open(path, 'wb') as f:
                f.write(tool(['pfx'], guid).stdout)
            run = subprocess.run(['openssl', 'pkcs12', '-in', path, '-noenc', '-passin', 'pass:' + guid[:31]],
                                 capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn('BEGIN PRIVATE KEY', run.stdout)
            public = subprocess.run(['openssl', 'x509', '-noout', '-pubkey'], input=run.stdout, capture_output=True,
                                    text=True, check=True).stdout
            own = subprocess.run(['openssl', 'pkey', '-pubout'], input=run.stdout, capture_output=True, text=True,
                                 check=True).stdout
            self.assertEqual(public, own)


if __name__ == '__main__':
    unittest.main(verbosity=2)
