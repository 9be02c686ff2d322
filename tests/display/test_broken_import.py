#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be imported is said with what to do, the detail on demand, and leaves no trace."""
from driver import *

broken = os.path.join(HOME, 'broken.wim')
with open(SAMPLE, 'rb') as source, open(broken, 'wb') as target:
    target.write(source.read()[:100000])
text = os.path.join(HOME, 'notes.wim')
with open(text, 'w') as f:
    f.write('This is not a boot image.\n' * 100)

app = App(broken)
dialog = app.wait_dialog('Import')
wait(lambda: says(dialog, 'The boot image is incomplete'), 'title')
check('the next step is said', says(dialog, 'Copy it again'))
screenshot('1-truncated')
click(find(dialog, 'push button', 'Details'))
detail = wait(lambda: says(dialog, 'KINDLING_E_WIM_TRUNCATED'), 'detail')
check('the detail names code, HRESULT and file', '0x8007000B' in detail.get_name() and broken in detail.get_name(),
      detail.get_name())
screenshot('2-detail')
click(button(dialog, 'Copy Details'))
wait(lambda: button(dialog, 'Copied'), 'Copy Details to answer')
click(button(dialog, 'Close'))
wait(lambda: app.dialog('Import') is None, 'the dialog to close')

app.open(text)
dialog = app.wait_dialog('Import')
wait(lambda: says(dialog, 'The file is not of the expected kind'), 'title of the second failure')
key('Escape')
wait(lambda: app.dialog('Import') is None, 'Escape to close the dialog')
check('the catalog is still empty', says(app.window, 'Make Boot Media')
      and (not os.path.isdir(CATALOG) or not [n for n in os.listdir(CATALOG) if not n.startswith('.')]))
app.close()

catalog = os.path.join(HOME, 'not a folder')
with open(catalog, 'w') as f:
    f.write('x')
app = App('--catalog', catalog)
wait(lambda: says(app.window, 'A file or folder is not there'), 'reason why there is no list')
screenshot('3-no-catalog')
os.remove(catalog)
click(button(app.window, 'Try Again'))
wait(lambda: says(app.window, 'Make Boot Media'), 'empty state once the way is free')
app.close()
