#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sticks come and go: in the list of the window, in Create Media, in the review; what does not fit says why, and what was chosen
and is pulled is not written to. Under umockdev-wrapper."""
from driver import *
from a11y import SLOW, GLib
from sticks import Sticks

sticks = Sticks()
sticks.plug('sdk', '0001')
app = App()
app.add_sample()


def drives(root, name='Drives'):
    found = find(root, 'list', name)
    return [n for n in kids(found)] if found else []


def drive(root, part):
    return next((n for n in drives(root) if part in n.get_name()), None)


def checked(node):
    return is_on(find(node, 'check box'), 'CHECKED')


def choose(part, wanted=True):
    row = wait(lambda: drive(dialog, part), 'drive ' + part)
    at_pointer(row, '^Create Media$')
    wait(lambda: checked(drive(dialog, part)) == wanted, f'{part} to be chosen: {wanted}')


row = wait(lambda: drive(app.window, 'Serial 0001'), 'the stick that was there')
check('vendor, model, size, node and contents are said',
      all(w in row.get_name() for w in ('Kingston DataTraveler 3.0', '4.3\xa0GB', '/dev/sdk', 'FAT32 “PHOTOS”')), row.get_name())
shown = find(app.window, 'list', 'Drives')
started = time.monotonic()
sticks.plug('sdl', '0002', model='Ultra_Fit', vendor='SanDisk', mib=16384, volumes=())
while shown.get_child_count() < 2 and time.monotonic() < started + 30:
    GLib.MainContext.default().iteration(False)
taken = (time.monotonic() - started) * 1000
check('a stick is listed within 300 ms', taken < 300 * SLOW, f'{taken:.0f} ms, by way of AT-SPI')
row = wait(lambda: drive(app.window, 'Serial 0002'), 'a stick that is plugged in')
check('nothing on it is said', 'Nothing that is known' in row.get_name(), row.get_name())
sticks.plug('sdm', '0003', read_only=True)
wait(lambda: 'Write-protected' in (drive(app.window, 'Serial 0003') or app.window).get_name(), 'reason against a locked stick')
sticks.plug('sdn', '0004', mib=0, volumes=(), model='Card_Reader', vendor='Generic')
wait(lambda: drive(app.window, 'No card or disk is in it'), 'reader without a card')
sticks.plug('sdo', '0005', mib=500000, usb=False, fixed=True, model='WD_Blue', vendor='ATA')
sticks.plug('sdp', '0006', mib=16, volumes=(('vfat', 'FAT16', 'OLD'),))
wait(lambda: drive(app.window, 'Serial 0006'), 'a small stick')
check('a disk that is built in is not listed', drive(app.window, 'Serial 0005') is None)
screenshot('1-window')
sticks.pull('sdl')
wait(lambda: drive(app.window, 'Serial 0002') is None, 'the stick to go', 10)
sticks.plug('sdl', '0002', model='Ultra_Fit', vendor='SanDisk', mib=16384, volumes=())

click(button(app.window, 'Create Media…'))
dialog = app.wait_dialog('Create Media')
click(wait(lambda: button(dialog, 'USB Drives'), 'kinds of targets'))
wait(lambda: drive(dialog, 'Serial 0002'), 'drives in the dialog')
check('nothing is chosen by itself', not any(checked(n) for n in drives(dialog)))
wait(lambda: not is_on(button(dialog, 'Next'), 'SENSITIVE'), 'that one cannot go on without a drive', 2)
for serial, why in (('0003', 'Write-protected'), ('0004', 'No card'), ('0006', 'Too small')):
    node = drive(dialog, 'Serial ' + serial)
    check(f'{serial} is greyed and says “{why}”', not is_on(node, 'SENSITIVE') and why in node.get_name(), node.get_name())
screenshot('2-target')
choose('Serial 0001')
choose('Serial 0002')
wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next')
screenshot('3-chosen')

# A stick that is pulled leaves the selection, and coming back, also under the same name, it is not chosen.
sticks.pull('sdl')
wait(lambda: named(dialog, 'alert', '“SanDisk Ultra Fit” was pulled and is no longer selected.'), 'notice')
screenshot('4-pulled')
sticks.plug('sdl', '0002', model='Ultra_Fit', vendor='SanDisk', mib=16384, volumes=())
wait(lambda: drive(dialog, 'Serial 0002'), 'the stick to come back')
check('it is not chosen', not checked(drive(dialog, 'Serial 0002')) and checked(drive(dialog, 'Serial 0001')))
click(button(dialog, 'Select All'))
wait(lambda: checked(drive(dialog, 'Serial 0002')), 'all that fit to be chosen')
check('but none that does not fit', sum(checked(n) for n in drives(dialog)) == 2)

click(button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
click(button(dialog, 'Next'))
create = wait(lambda: button(dialog, 'Erase 2 Drives and Create'), 'button that says what it does')
wait(lambda: is_on(create, 'SENSITIVE'), 'button to be usable')
texts = [n.get_name() for n in drives(dialog, 'Drives to Write To')]
check('each drive has a row that says what is lost', len(texts) == 2 and 'Will be erased: FAT32 “PHOTOS”' in texts[0]
      and 'Serial 0001' in texts[0] and '4.3\xa0GB' in texts[0], texts)
check('nothing is to be typed', 'built in' not in all_names(dialog, 'text'))
screenshot('5-review')
sticks.change('sdk', 'ID_FS_LABEL', 'THESIS')
wait(lambda: named(dialog, 'alert', 'What is on “Kingston DataTraveler 3.0” has changed'), 'notice that contents have changed')
wait(lambda: button(dialog, 'Erase 1 Drive and Create'), 'the button to follow')
screenshot('6-review-changed')
sticks.pull('sdl')
wait(lambda: find(dialog, 'label', 'Target') and button(dialog, 'Next'), 'the target page, as no drive is left')
check('one cannot go on', not is_on(button(dialog, 'Next'), 'SENSITIVE'))

# A fixed disk is shown on request and wants its serial number typed.
key('alt+x')
settle(.5)
key('alt+f')
wait(lambda: drive(dialog, 'Serial 0005'), 'the fixed disk')
choose('Serial 0005')
click(button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
click(button(dialog, 'Next'))
create = wait(lambda: button(dialog, 'Erase 1 Drive and Create'), 'review')
typed = wait(lambda: entry(dialog, 'built in'), 'entry')
check('it is not enough to press', not is_on(create, 'SENSITIVE'))
screenshot('7-fixed')
set_text(typed, '0005')
wait(lambda: is_on(create, 'SENSITIVE'), 'button to be usable')
app.close()
