#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the virtual machine, under tests/display/headless.sh: drives the window while the test outside plugs and pulls real sticks.

How far it is, it says in lines of the file KINDLING_STAGES; what it waits for next is the other side's doing."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'display'))
from bus_tree import names  # noqa: E402
from driver import *  # noqa: E402,F403


def stage(name):
    log('stage', name)
    with open(os.environ['KINDLING_STAGES'], 'a') as f:
        f.write(name + '\n')


class Look:
    """What stands below a node at one moment. In this machine each look takes seconds, so one serves several questions."""

    def __init__(self, root):
        self.found = with_names(root)

    def find(self, role, part):
        return next((node for node, name in self.found if node.get_role_name() == role and name and part in name), None)


def drive(drives, serial):
    """The row of a list of drives."""
    rows = kids(drives)
    return next((row for row, name in zip(rows, names(rows)) if name and serial in name), None)


app = App()
app.add_sample()
stage('started')
drives = wait(lambda: find(app.window, 'list', 'Drives'), 'a stick')
row = wait(lambda: drive(drives, 'WINDOW02') and drive(drives, 'WINDOW01'), 'both sticks').get_name()
check('a real stick is shown with vendor, size and contents', all(w in row for w in ('QEMU HARDDISK', '41.9\xa0MB', 'FAT32 “MINE”')), row)

click(button(app.window, 'Create Media…'))
dialog = app.wait_dialog('Create Media')

def kinds_of_targets():
    shown = Look(dialog)
    return shown.find('push button', 'Next') and shown.find('push button', 'USB Drives') and shown


shown = wait(kinds_of_targets, 'kinds of targets')
forward = shown.find('push button', 'Next')
click(shown.find('push button', 'USB Drives'))
offered = wait(lambda: find(dialog, 'list', 'Drives'), 'the drives in the dialog')
chosen, other = (wait(lambda: drive(offered, serial), serial) for serial in ('WINDOW01', 'WINDOW02'))
settle(.5)
at_pointer(chosen, '^Create Media$')
wait(lambda: is_on(forward, 'SENSITIVE'), 'Next')
check('only the one that was pressed is chosen',
      is_on(find(chosen, 'check box'), 'CHECKED') and not is_on(find(other, 'check box'), 'CHECKED'))
click(forward)
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
click(forward)
create = wait(lambda: button(dialog, 'Erase 1 Drive and Create'), 'review')
wait(lambda: is_on(create, 'SENSITIVE'), 'button to be usable')
click(create)


def has_failed():
    shown = Look(dialog)
    return shown.find('push button', 'Try Again') and shown.find('label', 'denied')


wait(has_failed, 'refusal by polkit that is said')
stage('denied')


def is_made():
    """polkitd takes its time to see the new rule: until then it is refused again."""
    shown = Look(dialog)
    again = shown.find('push button', 'Try Again')
    if is_on(again, 'SENSITIVE'):
        click(again)
    return shown.find('label', 'Is Ready') and shown.find('label', 'Every byte was read back and compared.')


wait(is_made, 'medium that was read back', 60)

stage('done')
wait(lambda: drive(drives, 'WINDOW01') is None, 'the stick to go')
check('the other one stays', drive(drives, 'WINDOW02'))
app.close()
stage('ended')
