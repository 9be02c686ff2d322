#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the window, a person adds the files of a medium to those of a stick, by mouse and keyboard; what is on the stick then. Run by stack.sh
and headless.sh, with kindlingctl as argument, and with the environment of the display suite."""
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(here, '..', 'display')]
from driver import *  # noqa: E402
from stick import MOUNT, ntfs, on_volume, plug, run  # noqa: E402


def press_at(window, node):
    """With the mouse."""
    frame = subprocess.run(['xdotool', 'search', '--onlyvisible', '--name', f'^{window.get_name()}$'], check=True,
                           capture_output=True, text=True).stdout.split()[-1]
    at = node.get_extents(1)
    subprocess.run(['xdotool', 'mousemove', '--window', frame, str(at.x + at.width // 2), str(at.y + at.height // 2), 'click', '1'],
                   check=True)


def is_checked(window, role, name):
    node = named(window, role, name)
    return node and is_on(node, 'CHECKED')


node = plug('kindling-stick-2', ntfs('MINE'))
volume = node + 'p1'
on_volume(volume, lambda: open(os.path.join(MOUNT, 'letter'), 'w').write('Dear reader'))
app = App()
app.add_sample()
key('ctrl+n')
dialog = app.wait_dialog('Create Media')
press_at(dialog, wait(lambda: button(dialog, 'USB Drives'), 'kinds of targets'))
drive = wait(lambda: named(dialog, 'check box', 'Kingston'), 'the stick')
settle(.3)
press_at(dialog, drive)
wait(lambda: is_checked(dialog, 'check box', 'Kingston'), 'the stick to be chosen')
keep = wait(lambda: named(dialog, 'radio button', 'Keep Files') or named(dialog, 'check box', 'Keep Files'), 'Keep Files')
press_at(dialog, keep)
wait(lambda: is_on(keep, 'CHECKED'), 'Keep Files to be chosen')
screenshot('1-target')
press_at(dialog, button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
settle(.3)
press_at(dialog, button(dialog, 'Next'))
create = wait(lambda: (b := button(dialog, 'Write to 1 Drive')) and is_on(b, 'SENSITIVE') and b, 'review')
check('the review says which volume gets files', find_if(dialog, None, lambda its: 'Files are added to: NTFS “MINE”' in its))
screenshot('2-review')
press_at(dialog, create)
wait(lambda: says(dialog, 'Ready'), 'result', 60)
screenshot('3-result')
check('the letter is as it was', on_volume(volume, lambda: open(os.path.join(MOUNT, 'letter')).read()) == 'Dear reader')
written = on_volume(volume, lambda: run('find', MOUNT, '-type', 'f', '-printf', '%P\n').split('\n'))
for path in 'sources/boot.wim', 'bootmgr', 'Boot/BCD', 'kindling.manifest', 'MediaLabel.txt':
    check(f'{path} is there', path.lower() in [its.lower() for its in written], written)
said = run(sys.argv[1], '--json', 'check', volume)
check('the medium is complete', '"mismatches":0' in said, said)
app.close()
