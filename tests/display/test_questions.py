#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some failures are questions: which image, whether to convert, where the boot files are."""
from driver import *

two = os.path.join(HOME, 'two.wim')
wimlib('export', SAMPLE, '1', two, 'First of two')
wimlib('export', SAMPLE, '1', two, 'Second of two')
wimlib('info', two, '0', '--boot')
solid = os.path.join(HOME, 'solid.wim')
wimlib('export', SAMPLE, '1', solid, 'Solid image', '--solid')
bare = os.path.join(HOME, 'bare.wim')
wimlib('export', SAMPLE, '1', bare, 'Bare image', '--boot')
wimlib('update', bare, '1', '--command', 'delete --recursive --force /Windows/Boot')

app = App(two)
ask = app.wait_dialog('Which Image Should Be Imported?')
check('it lists both', says(ask, 'First of two') and says(ask, 'Second of two'))
screenshot('1-which')
key('Tab')
click(button(ask, 'Import'))
wait(lambda: len(app.rows()) == 1, 'row of the image')
check('the first was taken', 'First of two' in app.rows()[0], app.rows())

app.open(solid)
ask = app.wait_dialog('Boot managers cannot read this kind of WIM')
screenshot('2-convert')
click(button(ask, 'Convert and Import'))
wait(lambda: len(app.rows()) == 2, 'row of the converted image')

app.open(bare)
ask = app.wait_dialog('The boot files are missing')
screenshot('3-boot-files')
check('it offers to choose a folder', button(ask, 'Choose Folder with Boot Files…'))
click(button(ask, 'Cancel'))
wait(lambda: app.dialog('The boot files are missing') is None, 'the question to close')
check('nothing was added', len(app.rows()) == 2, app.rows())
app.close()
