#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated driver loader, run by a second reader of its language on PCs with different devices."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

WRITE_LOADER = os.path.abspath(sys.argv[1])

import command  # noqa: E402  (takes the program's path off the command line)
from batch import Batch, BatchError, Pc  # noqa: E402

SCRIPT = 'X:\\Windows\\System32\\kindling-drivers.cmd'
LOG = 'x:\\windows\\temp\\kindling-drivers.log'
CLASSES = {'System': '{4D36E97D-E325-11CE-BFC1-08002BE10318}', 'SCSIAdapter': '{4D36E97B-E325-11CE-BFC1-08002BE10318}',
           'Net': '{4D36E972-E325-11CE-BFC1-08002BE10318}', 'Display': '{4D36E968-E325-11CE-BFC1-08002BE10318}'}
# Folder → class, IDs
PACKAGES = {
    'a net/e1.inf': ('Net', 'PCI\\VEN_8086&DEV_15F3'),
    'b net/rt&co.inf': ('Net', 'PCI\\VEN_10EC&DEV_8168, PCI\\VEN_10EC&CC_0200'),
    'c display/gpu.inf': ('Display', 'PCI\\VEN_10DE&DEV_1234'),
    'd stor/raid.inf': ('SCSIAdapter', 'PCI\\VEN_1000&DEV_0030'),
    'e bus/vmd.inf': ('System', 'PCI\\VEN_8086&DEV_467F'),
    'f odd/odd.inf': ('Net', 'ROOT\\\\ODD'),
}
LAN = (['PCI\\VEN_8086&DEV_15F3&SUBSYS_00018086&REV_02', 'PCI\\VEN_8086&DEV_15F3'], ['PCI\\VEN_8086&CC_0200'])
REALTEK = (['PCI\\VEN_10EC&DEV_FFFF&REV_01', 'PCI\\VEN_10EC&DEV_FFFF'], ['PCI\\VEN_10EC&CC_0200', 'PCI\\CC_0200'])
VMD = (['PCI\\VEN_8086&DEV_467F&REV_01', 'PCI\\ven_8086&dev_467f'], [])
RAID = (['PCI\\VEN_1000&DEV_0030&REV_01', 'PCI\\VEN_1000&DEV_0030'], [])
MOUSE = (['HID\\VID_046D&PID_C077'], ['HID_DEVICE'])

VMD_INF, RAID_INF, LAN_INF, REALTEK_INF, ODD_INF, GPU_INF = IN_ORDER = [
    'X:\\Drivers\\001\\e bus\\vmd.inf', 'X:\\Drivers\\002\\d stor\\raid.inf', 'X:\\Drivers\\003\\a net\\e1.inf',
    'X:\\Drivers\\004\\b net\\rt&co.inf', 'X:\\Drivers\\005\\f odd\\odd.inf', 'X:\\Drivers\\006\\c display\\gpu.inf']


def inf(class_name, ids):
    return (f'[Version]\nSignature="$Windows NT$"\nClass={class_name}\nClassGuid={CLASSES[class_name]}\n'
            f'[Manufacturer]\nm=M,NTamd64\n[M.NTamd64]\nd=I,{ids}\n[I]\n').encode()


class Loader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='kindling-loader-')
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.files = cls.generate(PACKAGES)

    @classmethod
    def generate(cls, packages, name='packages'):
        """The files of the image, by their path in Windows PE."""
        source, out = os.path.join(cls.folder, name), os.path.join(cls.folder, name + '-out')
        for path, content in packages.items():
            os.makedirs(os.path.dirname(os.path.join(source, path)), exist_ok=True)
            with open(os.path.join(source, path), 'wb') as file:
                file.write(inf(*content))
        run = subprocess.run([WRITE_LOADER, out, 'x64', '26100', source], check=True, capture_output=True, text=True)
        files = {'X:\\Drivers\\' + line.replace('/', '\\'): 'inf' for line in run.stdout.splitlines()}
        for folder, _, names in os.walk(out):
            for entry in names:
                path = os.path.join(folder, entry)
                with open(path, encoding='ascii', newline='') as file:
                    files['X:\\' + os.path.relpath(path, out).replace('/', '\\')] = file.read()
        return files

    def start(self, *devices, files=None, **options):
        files = files or self.files
        pc = Pc(files, devices, **options)
        self.assertEqual(Batch(files[SCRIPT], pc).run(), 0)
        return pc

    def test_only_what_the_pc_has_is_loaded(self):
        pc = self.start(LAN, MOUSE)
        self.assertEqual(pc.loaded, [LAN_INF, ODD_INF])
        self.assertEqual([line for line in pc.files[LOG].split('\r\n') if line.startswith('[')],
                         ['[001] skipped, no such device: "001\\e bus\\vmd.inf"',
                          '[002] skipped, no such device: "002\\d stor\\raid.inf"',
                          '[003] loaded, rc=0: "003\\a net\\e1.inf"',
                          '[004] skipped, no such device: "004\\b net\\rt&co.inf"',
                          '[005] loaded, rc=0: "005\\f odd\\odd.inf"',
                          '[006] skipped, no such device: "006\\c display\\gpu.inf"'])

    def test_compatible_ids_count_and_case_does_not(self):
        self.assertEqual(self.start(REALTEK).loaded, [REALTEK_INF, ODD_INF])
        self.assertEqual(self.start(VMD).loaded, [VMD_INF, ODD_INF])

    def test_buses_come_before_storage_and_network(self):
        self.assertEqual(self.start(LAN, RAID, VMD).loaded, [VMD_INF, RAID_INF, LAN_INF, ODD_INF])

    def test_devices_that_a_bus_driver_brings_out_are_served(self):
        pc = self.start(VMD, appears={VMD_INF: [RAID]})
        self.assertEqual(pc.loaded, [VMD_INF, RAID_INF, ODD_INF])

    def test_a_package_without_a_list_is_always_loaded(self):
        self.assertNotIn('X:\\Drivers\\ids\\005.txt', self.files)
        self.assertEqual(self.start(MOUSE).loaded, [ODD_INF])

    def test_all_are_loaded_in_order_where_devices_cannot_be_told(self):
        for options in [{'reg': 'absent'}, {'reg': 'denied'}, {'findstr': 'absent'}, {'findstr': 'eats backslashes'}]:
            pc = self.start(LAN, **options)
            self.assertEqual(pc.loaded, IN_ORDER, options)
            self.assertIn('The devices cannot be told: loading all', pc.files[LOG])
        self.assertEqual(self.start().loaded, IN_ORDER)

    def test_a_list_that_is_gone_loads_its_package(self):
        files = {path: text for path, text in self.files.items() if not path.endswith('ids\\001.txt')}
        self.assertEqual(self.start(LAN, files=files).loaded, [VMD_INF, LAN_INF, ODD_INF])
        files = {path: text for path, text in self.files.items() if not path.endswith('ids\\000.txt')}
        self.assertEqual(self.start(LAN, files=files).loaded, IN_ORDER)

    def test_failures_of_drvload_end_nothing(self):
        pc = self.start(LAN, RAID, drvload_rc=-2147023080)
        self.assertEqual(pc.loaded, [RAID_INF, LAN_INF, ODD_INF])
        self.assertIn('[003] loaded, rc=-2147023080', pc.files[LOG])

    def test_the_script_is_small_and_the_same_each_time(self):
        self.assertLess(len(self.files[SCRIPT]), 3000)
        self.assertEqual(self.generate(PACKAGES, 'again'), self.files)

    def test_many_packages(self):
        packages = {f'n{i:03}/n.inf': ('Net', f'PCI\\VEN_8086&DEV_{i:04X}') for i in range(300)}
        pc = self.start((['PCI\\VEN_8086&DEV_0080&REV_01', 'PCI\\VEN_8086&DEV_0080'], []),
                        files=self.generate(packages, 'many'))
        self.assertEqual(pc.loaded, ['X:\\Drivers\\129\\n128\\n.inf'])

    def test_the_reader_does_not_accept_everything(self):
        for text, words in [('echo a & echo b\r\nexit /b 0\r\n', 'outside quotes'), ('call :none\r\n', 'label none'),
                            ('format c:\r\n', 'unknown command'), (':a\r\ngoto a\r\n', 'does not end'),
                            ('echo x\r\n', 'ends without exit')]:
            with self.assertRaisesRegex(BatchError, words):
                Batch(text, Pc({})).run()


if __name__ == '__main__':
    command.main()
