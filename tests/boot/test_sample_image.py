#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample boot image as built, read by foreign tools: test_sample_image.py SAMPLE.wim CAPTURE.SH

Rules: media-formats.md 5 and 6, image-customisation.md 7.
"""
import os
import re
import struct
import subprocess
import sys
import tempfile
import unittest

CAPTURE = os.path.abspath(sys.argv.pop())
SAMPLE = os.path.abspath(sys.argv.pop())


def run(*command):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True).stdout


def pe_fields(data):
    """Machine, characteristics and subsystem of a program file."""
    start = struct.unpack_from("<I", data, 0x3C)[0]
    assert data[:2] == b"MZ" and data[start:start + 4] == b"PE\0\0"
    machine = struct.unpack_from("<H", data, start + 4)[0]
    characteristics = struct.unpack_from("<H", data, start + 22)[0]
    subsystem = struct.unpack_from("<H", data, start + 24 + 68)[0]
    return machine, characteristics, subsystem


class SampleImage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        run("wimlib-imagex", "apply", SAMPLE, "1", cls.folder.name, "--no-acls")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def read(self, path):
        with open(os.path.join(self.folder.name, "Windows", path), "rb") as file:
            return file.read()

    def test_wimlib_and_7z_accept_it(self):
        run("wimlib-imagex", "verify", SAMPLE)
        run("7z", "t", SAMPLE)

    def test_one_bootable_image_with_the_metadata_of_windows_pe(self):
        info = run("wimlib-imagex", "info", SAMPLE).decode()
        for key, value in {
            "Image Count": "1", "Boot Index": "1", "Compression": "LZX", "Chunk Size": "32768 bytes",
            "Part Number": "1/1", "Name": "Kindling sample", "Architecture": "x86_64",
            "Edition ID": "WindowsPE", "Default Language": "en-US", "System Root": "WINDOWS",
            "Major Version": "10", "Build": "26100",
        }.items():
            self.assertRegex(info, rf"(?m)^{re.escape(key)}:\s+{re.escape(value)}\s*$")
        self.assertNotRegex(info, r"(?i)pipable|solid")

    def test_same_input_gives_the_same_bytes(self):
        names = ["Boot/DVD/PCAT/etfsboot.com", "Boot/PCAT/bootmgr", "Boot/DVD/PCAT/boot.sdi",
                 "Boot/EFI/boot.stl", "Boot/EFI/bootmgfw.efi", "System32/winload.exe",
                 "System32/cmd.exe", "System32/kernel32.dll", "System32/config/SYSTEM"]
        with tempfile.TemporaryDirectory() as folder:
            again = os.path.join(folder, "again.wim")
            run(CAPTURE, again, *(os.path.join(self.folder.name, "Windows", name) for name in names))
            with open(again, "rb") as one, open(SAMPLE, "rb") as other:
                self.assertEqual(one.read(), other.read())

    def test_boot_programs_are_of_their_kind(self):
        for path, subsystem in {"Boot/EFI/bootmgfw.efi": 10, "System32/Boot/winload.efi": 16,
                                "System32/Boot/winload.exe": 16, "System32/winpeshl.exe": 3,
                                "System32/ntoskrnl.exe": 3, "System32/kernel32.dll": 3}.items():
            with self.subTest(path=path):
                machine, characteristics, own = pe_fields(self.read(path))
                self.assertEqual((machine, own), (0x8664, subsystem))
                self.assertEqual(bool(characteristics & 0x2000), path.endswith(".dll"))

    def test_etfsboot(self):
        data = self.read("Boot/DVD/PCAT/etfsboot.com")
        self.assertEqual(len(data), 4096)
        self.assertIn(b"BOOTFIX", data)
        self.assertIn(b"BOOTMGR", data)
        self.assertNotEqual(data[-4:], bytes(4))

    def test_bootmgr(self):
        data = self.read("Boot/PCAT/bootmgr")
        self.assertIn(data[0], (0xE9, 0xEB))
        self.assertIn(b"BOOTMGR", data[:65536])
        self.assertTrue(448 * 1024 <= len(data) <= 0x9F000 - 0x20000)
        self.assertEqual(sum(struct.unpack(f"<{len(data) // 4}I", data)) & 0xFFFFFFFF, 0)

    def test_boot_sdi(self):
        data = self.read("Boot/DVD/PCAT/boot.sdi")
        self.assertEqual(len(data), 3170304)
        self.assertEqual(data[:8], b"$SDI0001")
        self.assertEqual(struct.unpack_from("<Q", data, 0x70)[0], 2)
        self.assertEqual(sum(data[:512]) % 256, 0)
        entries = [struct.unpack_from("<8sQQQQ", data, 0x400 + 64 * i) for i in range(2)]
        self.assertEqual(entries[0], (b"PART\0\0\0\0", 0, 0x2000, 0x303C00, 7))
        self.assertEqual(entries[1][:1] + entries[1][2:4], (b"WIM\0\0\0\0\0", 0x306000, 0))
        self.assertEqual(data, self.read("Boot/DVD/EFI/boot.sdi"))

    def test_trust_list(self):
        path = os.path.join(self.folder.name, "Windows/Boot/EFI/boot.stl")
        text = run("openssl", "pkcs7", "-inform", "DER", "-in", path, "-noout", "-print").decode()
        self.assertIn("1.3.6.1.4.1.311.10.1", text)

    def test_startnet(self):
        self.assertEqual(self.read("System32/startnet.cmd"), b"wpeinit\r\n")


if __name__ == "__main__":
    unittest.main(verbosity=2)
