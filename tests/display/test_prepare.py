#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparing images: recipe, preview, live status of this and of another process, two one after the other, cancelling, a faulty driver."""
from driver import *

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'inf')
extra = os.path.join(HOME, 'Extra files')
large = os.path.join(HOME, 'Large')
for folder in (extra, large):
    os.mkdir(folder)
with open(os.path.join(extra, 'tool.cmd'), 'w') as f:
    f.write('@echo off\r\n')
with open(os.path.join(large, 'data.bin'), 'wb') as f:
    f.write(os.urandom(48 << 20))
picture = os.path.join(HOME, 'company.png')
subprocess.run(['convert', '-size', '640x360', 'gradient:navy-orange', picture], check=True)


def enter(root, name, text):
    set_text(wait(lambda: entry(root, name), 'entry ' + name), text)


def row(part):
    return wait(lambda: named(app.window, 'list item', part), 'row ' + part)


def open_row(letter, title):
    key('alt+' + letter)
    return app.wait_dialog(title)


def has_row(id, word):
    return any(id in r and word in r for r in app.rows())


# A quick disk would be done before the window is looked at.
SLOWLY = slow_disk(CATALOG, rate=20)
app = App(**SLOWLY)
app.add_sample()
wait(lambda: named(app.window, 'list item', 'Status: Nothing to do'), 'state of a new image')
check('there is nothing to prepare', not is_on(button(app.window, 'Prepare'), 'SENSITIVE'))

dialog = open_row('f', 'Deployment Files')
enter(dialog, 'Extra Files Folder', os.path.join(HOME, 'gone'))
click(button(dialog, 'Save'))
wait(lambda: says(dialog, 'Choose a folder that is there'), 'word about a folder that is not there')
screenshot('1-files')
enter(dialog, 'Extra Files Folder', extra)
click(button(dialog, 'Save'))
wait(lambda: app.dialog('Deployment Files') is None, 'the dialog to close')
row('Deployment Files: Extra files from “Extra files”')
row('Status: Not prepared yet')

dialog = open_row('s', 'Start-Up and Settings')
enter(dialog, 'Start Command', 'größe.exe')
wait(lambda: says(dialog, 'One line of at most 216 ASCII'), 'word about a command')
check('Save is greyed', not is_on(button(dialog, 'Save'), 'SENSITIVE'))
enter(dialog, 'Start Command', 'X:\\tool.cmd')
enter(dialog, 'Organization Name', 'Example & Söhne')
enter(dialog, 'Background Picture', picture)
wait(lambda: find(dialog, None, 'The background picture'), 'thumbnail')
screenshot('2-startup')
click(button(dialog, 'Preview'))
preview = app.wait_dialog('Preview')
wait(lambda: find(preview, 'list', 'Changes') and len(kids(find(preview, 'list', 'Changes'))) > 2, 'changes')
rows = [n.get_name() for n in kids(find(preview, 'list', 'Changes'))]
check('the file is added', any('tool.cmd' in r and 'Added' in r for r in rows), rows)
check('the picture too, which is not saved yet', any('winpe.jpg' in r.lower() for r in rows), rows)
screenshot('3-preview')
key('Escape')
wait(lambda: app.dialog('Preview') is None, 'the preview to close')
key('Escape')
ask = app.wait_dialog('Discard Changes?')
screenshot('4-discard')
key('Escape')
wait(lambda: app.dialog('Discard Changes?') is None, 'the question to close')
click(button(dialog, 'Save'))
wait(lambda: app.dialog('Start-Up and Settings') is None, 'the dialog to close')
row('Start-Up and Settings: Set: start command, background, organization')
with open(os.path.join(CATALOG, 'KDL00001', 'image.ini'), encoding='utf-8') as f:
    text = f.read()
check('the recipe has it', 'company.png' in text and 'Example & Söhne' in text, text)

click(button(app.window, 'Prepare'))
row('Status: Up to date')
wait(lambda: has_row('KDL00001', 'Prepared'), 'state in the list')
screenshot('5-prepared')

# Another process prepares it: the window follows.
ctl('image', 'set', 'KDL00001', 'extra-files=' + large)
row('Status: The recipe has changed since')
other = subprocess.Popen([CTL, 'image', 'prepare', 'KDL00001'], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                         env=dict(os.environ, **SLOWLY))
wait(lambda: named(app.window, 'list item', 'Status: Step 8 of 9: Writing the image (by another program)'), 'step of the other process')
wait(lambda: has_row('KDL00001', 'Being prepared, step 8 of 9'), 'step in the list')
screenshot('6-other-process')
quick(SLOWLY)
other.wait()
quick(SLOWLY, False)
row('Status: Up to date')

# Two, one after the other; the second is cancelled as it waits, then as it runs.
app.open(SAMPLE)
wait(lambda: len(app.rows()) == 2, 'second image')
ctl('image', 'set', 'KDL00002', 'extra-files=' + large)
with open(os.path.join(large, 'more.bin'), 'wb') as f:      # contents that were compressed before come from a cache
    f.write(os.urandom(96 << 20))
ctl('image', 'set', 'KDL00001', 'scratch-space=512', 'compression=smaller')
row('Status: Not prepared yet')
images = find(app.window, 'list', 'Boot Images')
select_row(images, 0)
row('Status: The recipe has changed since')
click(button(app.window, 'Prepare'))
wait(lambda: button(app.window, 'Cancel'), 'Cancel')
select_row(images, 1)
row('Status: Not prepared yet')
click(button(app.window, 'Prepare'))
row('Status: Waiting: 1 boot image is prepared first')
wait(lambda: has_row('KDL00002', 'Waiting to be prepared'), 'word in the list')
screenshot('7-waiting')
key('ctrl+q')
ask = app.wait_dialog('Cancel the Preparation?')
screenshot('8-ask')
key('Escape')
wait(lambda: app.dialog('Cancel the Preparation?') is None, 'the question to close')
click(button(app.window, 'Cancel'))
row('Status: Not prepared yet')
select_row(images, 0)
started = time.monotonic()
click(wait(lambda: button(app.window, 'Cancel'), 'Cancel'))
row('Status: Cancelled; what was there before is in use')
check('it ended within two seconds', time.monotonic() - started < 2 * SLOW, f'{time.monotonic() - started:.2f} s')
screenshot('9-cancelled')

# A driver for another architecture stops it, and is named.
ctl('image', 'add-driver', 'KDL00001', os.path.join(FIXTURES, 'findings', 'D02-architecture'))
row('Drivers: No package, 1 error')
click(button(app.window, 'Prepare'))
row('Status: Failed; correct what is named below')
row('Reason: ')
row('File in the Way: ' + os.path.join(os.path.normpath(FIXTURES), 'findings', 'D02-architecture', 'test.inf'))
wait(lambda: has_row('KDL00001', 'Preparation failed'), 'word in the list')
click(button(app.window, 'Details…'))
failure = app.wait_dialog('The boot image could not be prepared')
check('it says what to do', says(failure, 'Correct what the details name'))
wait(lambda: is_on(button(failure, 'Help'), 'SENSITIVE'), 'the manual to be at hand', 5)
screenshot('10-failed')
key('Escape')
wait(lambda: len(app.windows()) == 1, 'the failure to close')

# A preview says so, too. The sample has no list of time zones.
dialog = open_row('s', 'Start-Up and Settings')
click(button(dialog, 'Preview'))
preview = app.wait_dialog('Preview')
wait(lambda: says(preview, 'The boot image could not be prepared'), 'failure')
check('the reason can be seen', says(preview, 'D02-architecture'))
wait(lambda: is_on(button(preview, 'Help'), 'SENSITIVE'), 'the manual to be at hand', 5)
screenshot('11-preview-failed')
key('Escape')
wait(lambda: app.dialog('Preview') is None, 'the preview to close')
key('Escape')
wait(lambda: app.dialog('Start-Up and Settings') is None, 'the dialog to close')
key_to('Kindling', 'ctrl+n')
dialog = app.wait_dialog('Create Media')
click(button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
click(button(dialog, 'Next'))
wait(lambda: named(dialog, 'list item', 'The last preparation of the boot image failed'), 'the review to warn')
key_to('Create Media', 'Escape')
wait(lambda: app.dialog('Create Media') is None, 'Create Media to close')
select_row(images, 1)
row('Status: Not prepared yet')
dialog = open_row('s', 'Start-Up and Settings')
enter(dialog, 'Time Zone', 'W. Europe Standard Time')
click(button(dialog, 'Preview'))
preview = app.wait_dialog('Preview')
wait(lambda: says(preview, 'The boot image does not know the time zone'), 'refusal')
check('it says what to do', says(preview, 'Take UTC or leave the time zone as it is'))
screenshot('12-time-zone')
app.close()
