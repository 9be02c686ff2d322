#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Media are made on two sticks at once, while a third fails; what is on them is read by other tools. Then the next stick with the same
settings, and the list of jobs. Under umockdev-wrapper; the sticks are files that pass for block devices."""
from driver import *
from sticks import MIB, Sticks, preload

sticks = Sticks()
for name, serial in (('sdk', 'A1'), ('sdl', 'A2')):
    sticks.plug(name, serial, mib=64, node=True)
sticks.plug('sdm', 'A3', mib=64, model='Without_a_node')
app = App(**preload())
app.add_sample()


def rows(root, name):
    return [n.get_name() for n in kids(find(root, 'list', name) or root)]


def check_stick(name):
    """By tools that are not ours."""
    part = os.path.join(HOME, 'part')
    with open(sticks.node(name), 'rb') as disk, open(part, 'wb') as f:
        disk.seek(MIB)
        shutil.copyfileobj(disk, f)
    table = subprocess.run(['sfdisk', '--dump', sticks.node(name)], check=True, capture_output=True, text=True).stdout
    check(name + ' has one active FAT32 partition at 1 MiB', 'start=        2048' in table and 'type=c, bootable' in table, table)
    fsck = subprocess.run(['fsck.fat', '-n', part], capture_output=True, text=True)
    check(name + ' has a clean file system', fsck.returncode == 0, fsck.stdout)
    listing = subprocess.run(['mdir', '-b', '-/', '-i', part], check=True, capture_output=True, text=True).stdout
    check(name + ' holds the boot image', '/sources/boot.wim' in listing.lower(), listing)


def review(dialog):
    click(button(dialog, 'Next'))
    wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
    click(button(dialog, 'Next'))


settle(.5)
key('ctrl+n')
dialog = app.wait_dialog('Create Media')
settle(.3)
key('alt+u')                                      # by keyboard
wait(lambda: button(dialog, 'Select All'), 'drives')
key('alt+a')
wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next')
review(dialog)
create = wait(lambda: button(dialog, 'Erase 3 Drives and Create'), 'review')
wait(lambda: is_on(create, 'SENSITIVE'), 'button to be usable')
key('Return')
settle(.5)
check('Return erases nothing', not says(dialog, 'Media Are Ready') and not says(dialog, 'Creating 3 Media'))
wait(lambda: button(dialog, 'Next') or button(dialog, 'Erase 3 Drives and Create'), 'a page')
if button(dialog, 'Next') and not button(dialog, 'Erase 3 Drives and Create'):
    click(button(dialog, 'Next'))                 # Return went back
create = wait(lambda: button(dialog, 'Erase 3 Drives and Create'), 'review again')
wait(lambda: is_on(create, 'SENSITIVE'), 'button to be usable')
click(create)
wait(lambda: says(dialog, '2 of 3 Media Are Ready'), 'two of three', 60)
media = rows(dialog, 'Media')
check('each row says how it ended', sum(', Done' in r for r in media) == 2 and any('Without a node' in r and ', Failed' in r
                                                                                  for r in media), media)
check('what failed can be tried again', button(dialog, 'Try Again') and find(dialog, 'push button', 'Copy Details') is None)
screenshot('1-two-of-three')
check_stick('sdk')
check_stick('sdl')

sticks.plug('sdp', 'A4', mib=64, node=True, volumes=())
click(button(dialog, 'Next Drives'))
wait(lambda: button(dialog, 'Next') and not is_on(button(dialog, 'Next'), 'SENSITIVE'), 'target page with nothing chosen')
settle(.5)
key('alt+a')
wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next')
click(button(dialog, 'Next'))
wait(lambda: button(dialog, 'Erase 2 Drives and Create'), 'the review at once, without the sticks that are done')
screenshot('2-next')
key('Escape')
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')

settle(.3)
key('ctrl+j')
jobs = app.wait_dialog('Jobs')
wait(lambda: len(rows(jobs, 'Jobs')) == 3, 'three jobs')
check('what is secret was forgotten: no row offers another try', button(jobs, 'Try Again') is None)
screenshot('3-jobs')
click(button(jobs, 'Clear Finished'))
wait(lambda: app.dialog('Jobs') is None, 'the list, which is empty, to close')
app.close()
