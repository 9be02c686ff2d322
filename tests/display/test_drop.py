#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are dragged onto the window as from a file manager: a WIM, a folder, an ISO file, several, and what is no file. A medium that
Kindling made is shown, unless it is chosen to be imported."""
from drag import *

iso = os.path.join(HOME, 'medium.iso')
folder = os.path.join(HOME, 'medium')
os.makedirs(os.path.join(folder, 'sources'))
shutil.copy(SAMPLE, os.path.join(folder, 'sources', 'boot.wim'))
subprocess.run(['xorriso', '-as', 'mkisofs', '-quiet', '-iso-level', '3', '-J', '-V', 'MEDIUM', '-o', iso, folder], check=True,
               stderr=subprocess.DEVNULL)

app = App()
wait(lambda: says(app.window, 'Make Boot Media'), 'empty state')
place('^Kindling$', 20, 20)

check('a WIM is taken', drag(SAMPLE, picture='1-over-empty') == 'ended, action 1')
wait(lambda: len(app.rows()) == 1, 'row of the WIM')
check('a folder is taken', drag(folder, picture='2-over-list') == 'ended, action 1')
wait(lambda: len(app.rows()) == 2, 'row of the folder')
check('an ISO file is taken', drag(iso) == 'ended, action 1')
wait(lambda: len(app.rows()) == 3, 'row of the ISO file')
check('several are taken', drag(SAMPLE, folder, iso) == 'ended, action 1')
wait(lambda: len(app.rows()) == 6, 'rows of all three')
wait(lambda: says(app.window, '3 boot images were imported'), 'one word for all three')
screenshot('3-several')

check('text is refused', drag('text:' + SAMPLE) == 'refused')
check('a file of another computer is taken from the pointer', drag('sftp://server/boot.wim') == 'ended, action 1')
wait(lambda: says(app.window, 'Only files and folders of this computer can be imported'), 'word about it')
screenshot('4-elsewhere')

made, disk = os.path.join(HOME, 'made.iso'), os.path.join(HOME, 'made.vhd')
ctl('create', 'CD', made, 'KDL00001')
ctl('create', 'UFD+FORMAT', disk, 'KDL00001', '--disk-image', '256M')
TITLE = 'Inspect Medium'


def wait_medium():
    shown = app.wait_dialog(TITLE)
    wait(lambda: named(shown, 'list item', 'ID: KDL00001'), 'what is on the medium')
    return shown


def close(title):
    key('Escape')
    wait(lambda: app.dialog(title) is None, f'“{title}” to close')


check('a medium of Kindling is taken', drag(made) == 'ended, action 1')
dialog = wait_medium()
screenshot('5-medium')
click(wait(lambda: button(dialog, 'Check Medium'), 'Check Medium'))
checked = app.wait_dialog('Check Medium')
wait(lambda: says(checked, 'The Medium Is as It Should Be'), 'end of the check')
screenshot('6-checked')
click(button(checked, 'Close'))
wait(lambda: app.dialog('Check Medium') is None, 'the check to close')
close(TITLE)
app.open(disk)
wait_medium()
close(TITLE)
check('nothing more was imported', len(app.rows()) == 6 and len(app.windows()) == 1, app.rows())
key('ctrl+o')
app.choose('Import Boot Images', made)
wait(lambda: len(app.rows()) == 7, 'row of the medium, which was chosen to be imported')
app.close()
