#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The menu of a drive: restored to normal use, and what is on it is read by other tools; not once it was pulled meanwhile; cancelled in
the middle. Its medium is checked, and it is switched off. Under umockdev-wrapper; the sticks are files that pass for block devices."""
from driver import *
from sticks import MIB, Sticks, preload

sticks = Sticks()
sticks.plug('sdk', 'A1', mib=64, node=True)
sticks.plug('sdl', 'A2', mib=64, node=True, model='Stick_with_a_name_that_is_rather_too_long_for_a_row')
with open(sticks.node('sdk'), 'r+b') as f:
    f.write(b'\xaa' * (3 * MIB))
app = App(**preload())
app.add_sample()
NAME = 'Kingston DataTraveler 3.0'


def choose(item, name=NAME):
    """Of the menu of a drive."""
    app.choose_of_menu('Menu of ' + name, item)


def close(title):
    click(wait(lambda: button(app.dialog(title), 'Close'), 'Close'))
    wait(lambda: app.dialog(title) is None, f'“{title}” to close')


TITLE = 'Restore to Normal Use'
choose('Restore to Normal Use…')
dialog = app.wait_dialog(TITLE)
row = wait(lambda: next(iter(kids(find(dialog, 'list', 'Drive to Erase'))), None), 'the drive')
check('it says what is lost', all(w in row.get_name() for w in (NAME, 'Serial A1', '67.1\xa0MB', 'Will be erased: FAT32 “PHOTOS”')),
      row.get_name())
erase = button(dialog, 'Erase and Restore')
check('it can be erased', is_on(erase, 'SENSITIVE'))
screenshot('1-question')
settle(.3)
key('Return')
wait(lambda: app.dialog(TITLE) is None, 'the question to close at Return')
with open(sticks.node('sdk'), 'rb') as f:
    check('Return erases nothing', f.read(3 * MIB) == b'\xaa' * (3 * MIB))

# What cannot be is said at once.
choose('Restore to Normal Use…')
dialog = app.wait_dialog(TITLE)
label = wait(lambda: entry(dialog, 'Label, May Be Empty'), 'entry')
set_text(label, 'Bücher')
wait(lambda: named(dialog, 'alert', 'letters from A to Z'), 'what is wrong with the label')
check('it cannot be erased', not is_on(button(dialog, 'Erase and Restore'), 'SENSITIVE'))
resize(TITLE)
screenshot('2-narrow')
set_text(label, 'Books 2')
wait(lambda: is_on(button(dialog, 'Erase and Restore'), 'SENSITIVE'), 'button to be usable')
click(button(dialog, 'Erase and Restore'))
dialog = wait(lambda: next((w for w in app.windows() if w.get_name() == TITLE and says(w, 'The Drive Is Ready for Normal Use')), None),
              'result')
wait(lambda: says(dialog, 'FAT32'), 'file system')
screenshot('3-done')
close(TITLE)
part = os.path.join(HOME, 'part')
with open(sticks.node('sdk'), 'rb') as disk, open(part, 'wb') as f:
    disk.seek(MIB)
    shutil.copyfileobj(disk, f)
table = subprocess.run(['sfdisk', '--dump', sticks.node('sdk')], check=True, capture_output=True, text=True).stdout
check('one partition from which nothing starts', 'start=        2048' in table and 'type=c\n' in table, table)
fsck = subprocess.run(['fsck.fat', '-nv', part], capture_output=True, text=True)
check('a clean and empty file system', fsck.returncode == 0 and '1 files, 1/' in fsck.stdout, fsck.stdout)
probed = subprocess.run(['blkid', '-p', part], capture_output=True, text=True).stdout
check('with its label', 'LABEL="BOOKS 2"' in probed, probed)

# A drive that changes or goes while the question stands is not erased.
sticks.plug('sdm', 'A3', mib=64, node=True, model='Third')
choose('Restore to Normal Use…', 'Kingston Third')
dialog = app.wait_dialog(TITLE)
sticks.pull('sdm')
wait(lambda: named(dialog, 'alert', '“Kingston Third” was pulled. Nothing was erased.'), 'notice')
check('it cannot be erased any more', not is_on(button(dialog, 'Erase and Restore'), 'SENSITIVE'))
screenshot('4-pulled')
key('Escape')
wait(lambda: app.dialog(TITLE) is None, 'the question to close')

# Cancelled in the middle: the drive has lost what was on it, and says so.
choose('Restore to Normal Use…', 'Kingston Stick with')
dialog = app.wait_dialog(TITLE)
screenshot('5-long-name')
sticks.hold()
click(button(dialog, 'Erase and Restore'))
dialog = wait(lambda: next((w for w in app.windows() if says(w, 'Restoring “Kingston Stick')), None), 'progress')
wait(lambda: says(dialog, 'Writing the file system'), 'a step that waits')
key('Escape')
question = app.wait_dialog('Cancel the Running Job?')
check('leaving says what would be left', says(question, 'If this is cancelled now, the drive has lost what was on it'))
click(button(question, 'Keep Working'))
wait(lambda: app.dialog('Cancel the Running Job?') is None, 'the question to close')
click(button(dialog, 'Cancel'))
wait(lambda: says(dialog, 'Cancelling'), 'word of it')
sticks.hold(False)
wait(lambda: says(dialog, 'The drive has lost what was on it and has no file system.'), 'what is left')
screenshot('6-cancelled')
close(TITLE)
with open(sticks.node('sdl'), 'rb') as f:
    check('it is marked as unfinished', b'KINDLING: THIS MEDIUM IS UNFINISHED' in f.read(512))

# Its medium is checked: none here, and then one.
choose('Check Medium')
dialog = app.wait_dialog('Check Medium')
wait(lambda: says(dialog, 'The medium has no list of its files'), 'failure')
screenshot('7-no-medium')
close('Check Medium')
click(button(app.window, 'Create Media…'))
dialog = app.wait_dialog('Create Media')
click(wait(lambda: button(dialog, 'USB Drives'), 'kinds of targets'))


def selected():
    """A drive that has just been erased may be looked at anew, and leaves the selection."""
    if is_on(button(dialog, 'Next'), 'SENSITIVE'):
        return True
    every = button(dialog, 'Select All')
    if every and is_on(every, 'SENSITIVE'):
        click(every)
        settle(1)
    return False


wait(lambda: says(dialog, 'None is chosen yet'), 'drives')
settle(.5)
wait(selected, 'Next')
for page in ('Protection', 'Review'):
    click(button(dialog, 'Next'))
    wait(lambda: find(dialog, 'label', page), page)
click(wait(lambda: button(dialog, 'Erase 2 Drives and Create'), 'review'))
wait(lambda: says(dialog, 'All 2 Media Are Ready') or says(dialog, '2 Media Are Ready') or says(dialog, 'Media Are Ready'), 'media', 60)
key('Escape')
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')
choose('Inspect Medium')
dialog = app.wait_dialog('Inspect Medium')
wait(lambda: 'Type of Medium: UFD+FORMAT' in all_names(dialog), 'what is on the drive')
key('Escape')
wait(lambda: app.dialog('Inspect Medium') is None, 'the window to close')
choose('Check Medium')
dialog = app.wait_dialog('Check Medium')
wait(lambda: says(dialog, 'The Medium Is as It Should Be'), 'medium to be right')
screenshot('8-checked')
close('Check Medium')
with open(sticks.node('sdk'), 'r+b') as f:
    content = f.read()
    at = content.index(b'WIMBOOT', MIB) if b'WIMBOOT' in content else content.index(b'MSWIM\0\0\0') + 300000
    f.seek(at)
    f.write(b'\x99' * 64)
choose('Check Medium')
dialog = app.wait_dialog('Check Medium')
wait(lambda: says(dialog, '1 File Differs'), 'the difference')
screenshot('9-differs')
close('Check Medium')

# Switched off: not by software, and then by the kernel, as there is no UDisks2 here.
choose('Power Off')
failure = wait(lambda: next((w for w in app.windows() if w.get_name() != 'Kindling' and says(w, 'The operation failed')), None), 'failure')
wait(lambda: says(failure, 'cannot be switched off by software') or button(failure, 'Details'), 'reason')
screenshot('10-no-switch')
key('Escape')
wait(lambda: len(app.windows()) == 1, 'the failure to close')
switch = os.path.join(sticks.root, 'sys/block/sdk/device')
os.makedirs(switch)
with open(os.path.join(switch, 'delete'), 'w'):
    pass
choose('Power Off')
wait(lambda: says(app.window, f'“{NAME}” is off and can be pulled'), 'word that it is off')
with open(os.path.join(switch, 'delete')) as f:
    check('the kernel was told', f.read() == '1')
screenshot('11-off')
app.close()
