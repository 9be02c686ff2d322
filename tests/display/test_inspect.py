#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a medium: its image, what starts, its certificate, its files, and its variables once they are unlocked; secrets show only
when they are asked for."""
from driver import *

app = App()
app.add_sample()
secret = 'correct horse battery'
with open(os.path.join(HOME, 'password'), 'w') as f:
    f.write(secret + '\n')
plain, sealed, other = (os.path.join(HOME, name) for name in ('plain.iso', 'sealed.iso', 'other.iso'))
ctl('create', 'CD', plain, 'KDL00001', '--variable', 'OSDRoom=' + 'Cellar 12')
ctl('create', 'CD', sealed, 'KDL00001', '--label', 'A label of thirty-two characters', '--password-file', os.path.join(HOME, 'password'),
    '--variable', 'OSDRoom=Attic 7')
with open(other, 'w') as f:
    f.write('no medium')
TITLE = 'Inspect Medium'


def inspect(path):
    app.choose_of_menu('Main Menu', 'Inspect a Medium…')
    app.choose('Choose a Medium to Inspect', path)
    return app.wait_dialog(TITLE)


def page(dialog, name):
    click(wait(lambda: find(dialog, 'page tab', name), 'switch to ' + name))
    settle(.5)


def row(dialog, part):
    return next((name for _, name in with_names(dialog, 'list item') if part in name), None)


def close():
    key('Escape')
    wait(lambda: app.dialog(TITLE) is None, 'window to close')


dialog = inspect(sealed)
wait(lambda: row(dialog, 'ID: KDL00001'), 'image')
for fact in ('Name: Kindling sample', 'Architecture: x64', 'Type of Medium: CD', 'Made By: Kindling ', 'Label: A label of thirty-two',
             'File System: ISO 9660', 'Media Password: Required', 'Site: Sealed', 'Certificate Valid Until', 'Thumbprint (SHA-1)'):
    check(fact, row(dialog, fact) is not None)
check('it starts on BIOS and UEFI', 'Yes' in row(dialog, 'BIOS: PCs') and 'Yes' in row(dialog, 'UEFI: x64'))
check('the hash of the sealed certificate is not known', row(dialog, 'SHA-256') is None)
screenshot('1-medium')
page(dialog, 'Files')
wait(lambda: says(dialog, ' files ('), 'number of files')
check('sizes are told', row(dialog, '/bootmgr') and 'kB' in row(dialog, '/bootmgr'), row(dialog, '/bootmgr'))
screenshot('2-files')
set_text(wait(lambda: entry(dialog, 'Search Files'), 'search'), 'MEDIALABEL')
wait(lambda: says(dialog, '1 file ('), 'one file')
check('it is found whatever the case', row(dialog, '/MediaLabel.txt') is not None)
page(dialog, 'Variables')
check('no name is shown', row(dialog, 'OSDRoom') is None)
password = wait(lambda: entry(dialog, 'Media Password'), 'password')
set_text(password, 'wrong')
click(button(dialog, 'Unlock'))
wait(lambda: named(dialog, 'alert', 'The media password is wrong'), 'word that it is wrong')
screenshot('3-wrong-password')
set_text(password, secret)
click(wait(lambda: is_on(button(dialog, 'Unlock'), 'SENSITIVE') and button(dialog, 'Unlock'), 'Unlock'))
room = wait(lambda: entry(dialog, 'OSDRoom'), 'variable')
check('its value is not told', 'Attic' not in text_of(room), text_of(room))
check('what is too long is not shown', row(dialog, '_SMSTSMediaPFX') and 'too long to be shown' in row(dialog, '_SMSTSMediaPFX'))
screenshot('4-variables')
page(dialog, 'Medium')
wait(lambda: row(dialog, 'Thumbprint (SHA-256)'), 'certificate that was opened')
check('the medium has no site', row(dialog, 'Site: None') is not None)
resize(TITLE)
screenshot('5-narrow')
close()

dialog = inspect(plain)
wait(lambda: row(dialog, 'Media Password: Not required'), 'facts')
page(dialog, 'Variables')
room = wait(lambda: entry(dialog, 'OSDRoom'), 'variable without a password')
check('its value is not told', 'Cellar' not in text_of(room), text_of(room))
shows = [n for n, name in with_names(dialog) if name == 'Show or Hide Value' and actions(n)]
names = [n.get_name() for n in walk(dialog) if 'EditableText' in n.get_interfaces() or n.get_role_name() == 'password text']
check('each value has its button', len(shows) > 3, len(shows))
for n in shows:
    click(n)
wait(lambda: text_of(entry(dialog, 'OSDRoom')) == 'Cellar 12', 'the value')
screenshot('6-shown')
close()

# It is another file by the time it is unlocked.
dialog = inspect(sealed)
page(dialog, 'Variables')
set_text(wait(lambda: entry(dialog, 'Media Password'), 'password'), secret)
shutil.copy(other, sealed)
click(button(dialog, 'Unlock'))
wait(lambda: says(dialog, 'The file is not of the expected kind'), 'failure to unlock')
click(find(dialog, 'push button', 'Details'))
click(wait(lambda: button(dialog, 'Copy Details'), 'Copy Details'))
wait(lambda: button(dialog, 'Copied'), 'Copy Details to answer')
close()
copied = pasted(app)
check('the copied text has the details', 'journalctl' in copied, copied)
check('and no secret', secret not in copied and 'Attic' not in copied, copied)
key('Escape')

dialog = inspect(other)
wait(lambda: says(dialog, 'The file is not of the expected kind'), 'failure')
screenshot('7-failure')
close()
check('no secret is in the log', secret not in app.said() and 'Attic' not in app.said())
app.close()
