#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Media are made on two sticks at once, while a third fails; what is on them is read by other tools. Then the next stick with the same
settings, which is pulled while it is written to in the background, and the list of jobs. Under umockdev-wrapper; the sticks are files
that pass for block devices."""
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

# Another stick that has the name of the one that failed is not written to.
sticks.pull('sdm')
sticks.plug('sdm', 'B3', mib=64, node=True)
settle(.5)
click(button(dialog, 'Try Again'))
wait(lambda: says(dialog, 'This is not the drive that was chosen'), 'refusal')
check('it says what to do', says(dialog, 'Choose the drive again. Nothing was written'))
wait(lambda: all(says(dialog, s) for s in ('A3', 'B3')), 'both serial numbers')
with open(sticks.node('sdm'), 'rb') as f:
    check('nothing was written to it', not any(f.read(MIB)))
check('another try, which would be refused again, is not offered', button(dialog, 'Try Again') is None)
screenshot('2-wrong-drive')
sticks.pull('sdm')

sticks.plug('sdp', 'A4', mib=64, node=True, volumes=())
check('there are two ways on', button(dialog, 'Next Drives'))
click(button(dialog, 'Choose Drive Again'))
wait(lambda: button(dialog, 'Next') and not is_on(button(dialog, 'Next'), 'SENSITIVE'), 'target page with nothing chosen')
settle(.5)
key('alt+a')
wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next')
click(button(dialog, 'Next'))
create = wait(lambda: button(dialog, 'Erase 1 Drive and Create'), 'the review at once, without the sticks that are done')
wait(lambda: is_on(create, 'SENSITIVE'), 'button to be usable')
screenshot('3-next')
sticks.hold()
click(create)
wait(lambda: says(dialog, 'Writing files'), 'a step that waits')
click(button(dialog, 'Run in Background'))
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')
click(wait(lambda: named(app.window, 'push button', 'Jobs: 1 is running'), 'button that counts the jobs'))
jobs = app.wait_dialog('Jobs')
wait(lambda: sum('Importing' not in n and 'Checking' not in n for n in rows(jobs, 'Jobs')) == 4, 'four media')
sticks.pull('sdp')
sticks.hold(False)
wait(lambda: says(jobs, 'The drive or network share is no longer there'), 'failure')
wait(lambda: says(jobs, 'The drive is unfinished and does not start.'), 'what the drive is now')
check('what is secret was forgotten: no row offers another try', button(jobs, 'Try Again') is None)
screenshot('4-jobs')
click(button(jobs, 'Clear Finished'))
wait(lambda: app.dialog('Jobs') is None, 'the list, which is empty, to close')

app.close()
