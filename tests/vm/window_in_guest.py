#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the virtual machine, under tests/display/headless.sh: drives the window while the test outside plugs and pulls real sticks.

How far it is, it says in lines of the file KINDLING_STAGES; what it waits for next is the other side's doing."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'display'))
from driver import *  # noqa: E402,F403


def stage(name):
    log('stage', name)
    with open(os.environ['KINDLING_STAGES'], 'a') as f:
        f.write(name + '\n')


def drive(root, serial):
    found = find(root, 'list', 'Drives')
    return next((n for n in kids(found) if serial in n.get_name()), None) if found else None


app = App()
app.add_sample()
stage('started')
wait(lambda: drive(app.window, 'WINDOW02'), 'both sticks')
row = wait(lambda: drive(app.window, 'WINDOW01'), 'both sticks').get_name()
check('a real stick is shown with vendor, size and contents', all(w in row for w in ('QEMU HARDDISK', '41.9\xa0MB', 'FAT32 “MINE”')), row)

click(button(app.window, 'Create Media…'))
dialog = app.wait_dialog('Create Media')
click(wait(lambda: button(dialog, 'USB Drives'), 'kinds of targets'))
chosen = wait(lambda: drive(dialog, 'WINDOW01'), 'the stick in the dialog')
settle(.5)
at_pointer(chosen, '^Create Media$')
wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next')
check('only the one that was pressed is chosen', is_on(find(drive(dialog, 'WINDOW01'), 'check box'), 'CHECKED')
      and not is_on(find(drive(dialog, 'WINDOW02'), 'check box'), 'CHECKED'))
click(button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
click(button(dialog, 'Next'))
create = wait(lambda: button(dialog, 'Erase 1 Drive and Create'), 'review')
wait(lambda: is_on(create, 'SENSITIVE'), 'button to be usable')
click(create)
wait(lambda: button(dialog, 'Try Again'), 'refusal by polkit')
said = all_names(dialog, 'label')
check('what was refused is said', 'denied' in said, said)
stage('denied')


def is_ready():
    """polkitd takes its time to see the new rule."""
    again = button(dialog, 'Try Again')
    if again and is_on(again, 'SENSITIVE'):
        click(again)
    return says(dialog, 'Is Ready')


wait(is_ready, 'result', 60)
check('it was read back', says(dialog, 'Every byte was read back and compared.'))

stage('done')
wait(lambda: drive(app.window, 'WINDOW01') is None, 'the stick to go')
check('the other one stays', drive(app.window, 'WINDOW02'))
app.close()
stage('ended')
