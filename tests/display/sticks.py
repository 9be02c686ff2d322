# SPDX-License-Identifier: GPL-3.0-or-later
"""Mock drives that are plugged into the running window. Run under umockdev-wrapper, and make the Sticks before the App."""
import os

import gi
gi.require_version('UMockdev', '1.0')
from gi.repository import UMockdev  # noqa: E402

MIB = 1 << 20


class Sticks:
    def __init__(self):
        self.testbed = UMockdev.Testbed.new()
        self.root = self.testbed.get_root_dir()
        os.environ['UMOCKDEV_DIR'] = self.root         # Python does not see what C sets
        self.paths = {}           # kernel name → its sysfs paths, disk last
        self.count = 100          # the kernel's count of disks

    def _add(self, name, parent, minor, attributes, properties):
        folder = os.path.join(self.root, 'sys/dev/block')
        os.makedirs(folder, exist_ok=True)
        link = os.path.join(folder, f'8:{minor}')
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(f'../../class/block/{name}', link)       # before anybody hears of it
        flat = [str(x) for pair in attributes.items() for x in pair]
        said = {'DEVNAME': '/dev/' + name, 'MAJOR': 8, 'MINOR': minor, **properties}
        return self.testbed.add_device('block', name, parent, flat + ['dev', f'8:{minor}'],
                                       [str(x) for pair in said.items() for x in pair if pair[1] is not None])

    def plug(self, name, serial, model='DataTraveler_3.0', mib=4096, volumes=(('vfat', 'FAT32', 'PHOTOS'),), vendor='Kingston',
             read_only=False, fixed=False, usb=True, port=None, number=None, node=False):
        """A drive of so many MiB; volumes: file system, its version, its label; node: it can be written to."""
        minor = number if number is not None else 16 * (ord(name[2]) - ord('a'))
        self.count += 1
        if node:
            self._add_node(name, mib * MIB)
        parent = self.testbed.add_device('usb' if usb else 'pci', f'of-{name}-{self.count}', None, ['idVendor', '0951'],
                                         ['DEVTYPE', 'usb_device' if usb else 'pci_device'])
        disk = self._add(name, parent, minor,
                         {'size': mib * MIB // 512, 'diskseq': self.count, 'removable': 0 if fixed else 1, 'ro': int(read_only)},
                         {'DEVTYPE': 'disk', 'ID_BUS': 'usb' if usb else 'ata', 'ID_VENDOR': vendor, 'ID_MODEL': model,
                          'ID_SERIAL_SHORT': serial, 'ID_PATH': port or f'pci-0000:00:14.0-usb-0:{minor}:1.0-scsi-0:0:0:0',
                          'ID_PART_TABLE_TYPE': 'dos' if volumes else None})
        self.paths[name] = [disk, parent]
        for i, (kind, version, label) in enumerate(volumes, 1):
            part = self._add(f'{name}{i}', disk, minor + i, {'size': mib * MIB // 512 - 2048, 'partition': i},
                             {'DEVTYPE': 'partition', 'ID_FS_TYPE': kind, 'ID_FS_VERSION': version, 'ID_FS_LABEL': label})
            self.paths[name].insert(0, part)

    def _add_node(self, name, size):
        """A file for the bytes; umockdev takes its sticky bit for the mark of a block device."""
        os.makedirs(os.path.join(self.root, 'dev'), exist_ok=True)
        with open(self.node(name), 'wb') as f:
            f.truncate(size)
        os.chmod(self.node(name), 0o1660)

    def node(self, name):
        return os.path.join(self.root, 'dev', name)

    def pull(self, name):
        *parts, disk, parent = self.paths.pop(name)
        for path in (*parts, disk):
            self.testbed.uevent(path, 'remove')
            link = os.path.join(self.root, 'sys/block', os.path.basename(path))
            if os.path.lexists(link):
                os.unlink(link)                             # umockdev forgets it
            self.testbed.remove_device(path)
        self.testbed.remove_device(parent)
        if os.path.exists(self.node(name)):
            os.unlink(self.node(name))                      # writing fails from now on

    def hold(self, wanted=True):
        """Makes flushing of all nodes wait, or go on."""
        hold = self.node('.hold')
        if wanted:
            open(hold, 'w').close()
        elif os.path.exists(hold):
            os.unlink(hold)

    def change(self, name, what, value):
        """A property, or an attribute where its name is in lower case, of the first partition or else the disk."""
        path = self.paths[name][0]
        (self.testbed.set_property if what.isupper() else self.testbed.set_attribute)(path, what, value)
        self.testbed.uevent(path, 'change')


def preload():
    """What the environment of a program needs that writes to nodes."""
    return {'LD_PRELOAD': os.environ['KINDLING_STICK_NODE'] + ' ' + os.environ.get('LD_PRELOAD', '')}
