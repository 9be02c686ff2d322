#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders that are chosen: import, export, and checking a medium, good and damaged."""
from driver import *


def close(title):
    click(button(app.dialog(title), 'Close'))
    wait(lambda: app.dialog(title) is None, f'“{title}” to close')


medium = os.path.join(HOME, 'medium')
os.makedirs(os.path.join(medium, 'sources'))
shutil.copy(SAMPLE, os.path.join(medium, 'sources', 'boot.wim'))

app = App()
wait(lambda: says(app.window, 'Make Boot Media'), 'empty state')
settle(.5)
key('ctrl+o')
app.choose('Import Boot Images', SAMPLE)
wait(lambda: len(app.rows()) == 1, 'row of the chosen file')

app.open(medium)
wait(lambda: len(app.rows()) == 2, 'row of the folder')

settle(.5)
key('ctrl+e')
exported = os.path.join(HOME, 'exported.wim')
app.choose('Export Boot Image', exported)
wait(lambda: app.dialog('Export') and says(app.dialog('Export'), '“exported.wim” Is Ready'), 'result of the export')
screenshot('1-exported')
check('the export is a WIM', subprocess.run(['wimlib-imagex', 'info', exported], capture_output=True).returncode == 0)
check('it can be shown', button(app.dialog('Export'), 'Show in Folder'))
close('Export')

settle(.5)
key('ctrl+n')
dialog = app.wait_dialog('Create Media')
settle(.5)
key('Return')
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
settle(.3)
key('Return')
wait(lambda: button(dialog, 'Create') and is_on(button(dialog, 'Create'), 'SENSITIVE'), 'review')
click(button(dialog, 'Create'))
wait(lambda: says(dialog, 'Is Ready'), 'result')
close('Create Media')
iso = os.path.join(HOME, next(n for n in os.listdir(HOME) if n.endswith('.iso')))

settle(.5)
key('ctrl+k')
app.choose('Choose a Medium to Check', iso)
wait(lambda: app.dialog('Check Medium') and says(app.dialog('Check Medium'), 'The Medium Is as It Should Be'), 'good medium')
check('it says how long the medium can be used',
      named(app.dialog('Check Medium'), 'list item', 'Certificate Valid Until: '))
screenshot('2-good')
close('Check Medium')

with open(iso, 'r+b') as f:
    f.seek(os.path.getsize(iso) // 2)
    f.write(b'damaged' * 4000)
settle(.5)
key('ctrl+k')
app.choose('Choose a Medium to Check', iso)
wait(lambda: app.dialog('Check Medium') and says(app.dialog('Check Medium'), 'Differ'), 'damaged medium')
screenshot('3-damaged')
close('Check Medium')
app.close()
