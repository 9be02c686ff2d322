#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first minute: an empty window, the sample image, Create Media, an ISO file."""
from driver import *

app = App()
wait(lambda: says(app.window, 'Make Boot Media'), 'empty state')
screenshot('1-empty')
app.add_sample()
wait(lambda: says(app.window, 'Ready to Boot'), 'details')
settle(1)
screenshot('2-image')
check('the row says ID, architecture and state',
      any('KDL00001' in r and 'x64' in r and 'Ready' in r for r in app.rows()), app.rows())

click(button(app.window, 'Create Media…'))
dialog = app.wait_dialog('Create Media')
check('the file name is filled in', text_of(wait(lambda: entry(dialog, 'File Name'), 'file name')) == 'Kindling sample.iso')
check('the label is filled in', text_of(entry(dialog, 'Label')) != '')
screenshot('3-target')

set_text(entry(dialog, 'Label'), 'a/b')
wait(lambda: not is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next to be greyed for a bad label')
wait(lambda: says(dialog, 'Use 1 to 32 characters'), 'reason below the label')
screenshot('4-bad-label')
set_text(entry(dialog, 'Label'), 'SAMPLE')
wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next to come back')

click(button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
click(button(dialog, 'Next'))
wait(lambda: named(dialog, 'list item', 'Space: '), 'review')
wait(lambda: is_on(button(dialog, 'Create'), 'SENSITIVE'), 'Create')
check('BIOS and UEFI are said', named(dialog, 'list item', 'BIOS: ') and named(dialog, 'list item', 'UEFI: x64'))
screenshot('5-review')
click(button(dialog, 'Create'))
wait(lambda: says(dialog, '“Kindling sample.iso” Is Ready'), 'result')
screenshot('6-done')

path = os.path.join(HOME, 'Kindling sample.iso')
check('the ISO file is where the result says', os.path.isfile(path) and named(dialog, 'list item', path))
with open(path, 'rb') as f:
    f.seek(0x8001)
    check('it is an ISO 9660 file system', f.read(5) == b'CD001')
listing = subprocess.run(['isoinfo', '-J', '-f', '-i', path], check=True, capture_output=True, text=True).stdout
check('it holds the boot image', '/sources/boot.wim' in listing, listing)

click(button(dialog, 'Close'))
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')
app.close()
