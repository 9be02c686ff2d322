#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fifty sticks, dark and 360 pixels wide: everything fits and has a name. Keeping files wants FAT32 or NTFS. Under umockdev-wrapper."""
from driver import *
from sticks import Sticks

NAMES = [f'sd{a}{b}' for a in 'xy' for b in 'abcdefghijklmnopqrstuvwxyz'][:47]
sticks = Sticks()
for i, name in enumerate(NAMES):
    sticks.plug(name, f'S{i:02}', number=1024 + 16 * i)
sticks.plug('sdk', 'FAT16', volumes=(('vfat', 'FAT16', 'OLD'),))
sticks.plug('sdm', 'EXT', volumes=(('ext4', '1.0', 'LINUX'),))
sticks.plug('sdl', 'NTFS', volumes=(('ntfs', None, 'BACKUP'),))
app = App(ADW_DEBUG_COLOR_SCHEME='prefer-dark')
app.add_sample()


def drives(root):
    found = find(root, 'list', 'Drives')
    return kids(found) if found else []


def drive(root, part):
    return next((n for n in drives(root) if part in n.get_name()), None)


wait(lambda: len(drives(app.window)) == 50, 'fifty rows')
screenshot('1-window')
settle(.5)
key('ctrl+n')
dialog = app.wait_dialog('Create Media')
window = subprocess.run(['xdotool', 'search', '--onlyvisible', '--name', '^Create Media$'], check=True, capture_output=True,
                        text=True).stdout.split()[-1]
subprocess.run(['xdotool', 'windowsize', '--sync', window, '360', '640'], check=True)
key('alt+u')
wait(lambda: len(drives(dialog)) == 50, 'fifty rows in the dialog')
settle(.5)
screenshot('2-narrow')
out = subprocess.run(['xdotool', 'getwindowgeometry', '--shell', window], check=True, capture_output=True, text=True).stdout
check('the dialog is as narrow as it was asked to be', 'WIDTH=360' in out, out)
check('FAT16 can be formatted', is_on(drive(dialog, 'Serial FAT16'), 'SENSITIVE'))
key('alt+k')
node = wait(lambda: 'format the drive' in drive(dialog, 'Serial FAT16').get_name() and drive(dialog, 'Serial FAT16'),
            'reason against FAT16')
check('but not keep its files', not is_on(node, 'SENSITIVE'))
node = drive(dialog, 'Serial EXT')
check('nor can any other file system', not is_on(node, 'SENSITIVE') and 'format the drive' in node.get_name(), node.get_name())
node = drive(dialog, 'Serial NTFS')
check('NTFS says what does not start', is_on(node, 'SENSITIVE') and 'FAT32 is needed' in node.get_name() and 'NTFS “BACKUP”' in node.get_name(),
      node.get_name())
key('alt+e')
wait(lambda: is_on(drive(dialog, 'Serial FAT16'), 'SENSITIVE'), 'formatting again')
key('alt+a')
wait(lambda: says(dialog, '50 drives are chosen.'), 'all of them')
click(button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
click(button(dialog, 'Next'))
wait(lambda: button(dialog, 'Erase 50 Drives and Create'), 'review')
settle(.5)
screenshot('3-review')
out = subprocess.run(['xdotool', 'getwindowgeometry', '--shell', window], check=True, capture_output=True, text=True).stdout
check('the review is as narrow', 'WIDTH=360' in out, out)
unnamed = [n.get_role_name() for n, name in with_names(dialog, 'push button', 'check box', 'list', 'list item')
           if not name.strip() or re.match(r'(Gtk|Adw|Kl)[A-Z]', name)]
check('everything has a name', not unnamed, unnamed)
app.close()
