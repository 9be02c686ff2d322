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

media = os.path.join(HOME, 'Media of the ADK')
empty = os.path.join(HOME, 'Empty')
os.mkdir(empty)
wimlib('extract', SAMPLE, '1', '/Windows/Boot', '--dest-dir=' + media)


def choose_boot_files(folder):
    app.open(bare)
    ask = app.wait_dialog('The boot files are missing')
    click(button(ask, 'Choose Folder with Boot Files…'))
    app.wait_dialog('Choose a Folder with Boot Files')
    settle(.5)
    type_text(folder)
    settle(.5)
    key('Return')
    wait(lambda: app.dialog('Choose a Folder with Boot Files') is None, 'the chooser to close')


choose_boot_files(empty)
dialog = app.wait_dialog('Import')
wait(lambda: says(dialog, 'The boot files are missing'), 'failure, as it was asked already')
screenshot('4-still-missing')
click(button(dialog, 'Close'))
wait(lambda: app.dialog('Import') is None, 'the dialog to close')
check('nothing was added', len(app.rows()) == 2, app.rows())

choose_boot_files(media)
wait(lambda: len(app.rows()) == 3, 'row of the image with boot files from the folder')
wait(lambda: says(app.window, 'Bare image'), 'details')
check('it boots on BIOS and UEFI', named(app.window, 'list item', 'UEFI: x64') and named(app.window, 'list item', 'BIOS: PCs'))
screenshot('5-boot-files-from-folder')
app.close()
