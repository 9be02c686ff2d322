#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of one and a half times the usual size in windows of 360 pixels: in each dialog all can be read, and reached by scrolling down.
Under umockdev-wrapper."""
from certificates import site_profile
from driver import *
from sticks import Sticks, preload

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'inf')
with open(os.path.join(HOME, '.Xdefaults'), 'w') as f:
    f.write('Xft.dpi: 144\n')
secret = os.path.join(HOME, 'password')
with open(secret, 'w') as f:
    f.write('correct horse battery\n')
site_profile('XYZ.ini', 'SiteCode=XYZ\nOrganization=Example\n')
sticks = Sticks()
sticks.plug('sdk', 'A1', mib=64, node=True)
sticks.plug('sdl', '4C530001230714117453', 'Extreme_Pro_Solid_State', read_only=True, vendor='SanDisk')
ctl('image', 'import', SAMPLE)
medium = os.path.join(HOME, 'A medium with a long name.iso')
ctl('create', 'CD', medium, 'KDL00001', '--password-file', secret, '--variable', 'OSDRoom=Attic 7', '--no-verify')
ctl('image', 'add-driver', 'KDL00001', os.path.join(FIXTURES, 'packages', 'net'))
# A path is cut on purpose; a hint in an entry that is empty cannot wrap.
CUT = re.compile(re.escape(HOME) + '|GtkText')
faults = []


def look(window, name):
    said = app.check_labels(window.get_name(), os.path.join(SHOTS, 'large-text-' + name))
    found = [fault for fault in re.findall('^label .*', said, re.M) if not CUT.search(fault)]
    log(name, *found)
    check(name + ' was seen', re.search('^labels checked narrow: [1-9]', said, re.M), said)
    faults.extend(f'{name}: {fault}' for fault in found)


def press(root, label):
    click(wait(lambda: is_on(button(root, label), 'SENSITIVE') and button(root, label), label))


def leave(title):
    key_to(title, 'Escape')
    wait(lambda: app.dialog(title) is None, f'“{title}” to close')


app = App(KINDLING_CHECK_LABELS='1', **preload())
wait(lambda: named(app.window, 'list item', 'Drivers: '), 'page of the image')

key_to('Kindling', 'ctrl+n')
dialog = app.wait_dialog('Create Media')
look(dialog, 'target-iso')
press(dialog, 'Disk Image')
settle(.5)                         # GTK presses a button for a quarter of a second
look(dialog, 'target-disk')
press(dialog, 'USB Drives')
wait(lambda: named(dialog, 'check box', 'Kingston'), 'the drive')
settle(.5)
look(dialog, 'target-drives')
press(dialog, 'ISO File')
settle(.5)
press(dialog, 'Next')
wait(lambda: find(dialog, 'label', 'Site'), 'site')
press(dialog, 'Add Variable')
wait(lambda: entry(dialog, 'Variable Name'), 'entries of a variable')
look(dialog, 'site')
press(dialog, 'Next')
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
look(dialog, 'protection')
press(dialog, 'Generate')
wait(lambda: named(dialog, 'list item', 'Passphrase'), 'the passphrase')
look(dialog, 'passphrase')
press(dialog, 'Next')
wait(lambda: is_on(button(dialog, 'Create'), 'SENSITIVE'), 'review')
look(dialog, 'review')
press(dialog, 'Create')
wait(lambda: button(dialog, 'Show in Folder'), 'result', 60)
look(dialog, 'result')
key_to('Create Media', 'Return')
wait(lambda: app.dialog('Create Media') is None, 'Create Media to close')

key_to('Kindling', 'ctrl+comma')
preferences = app.wait_dialog('Preferences')
look(preferences, 'preferences')
press(preferences, 'New…')
look(app.wait_dialog('New Site Profile'), 'site-editor')
leave('New Site Profile')
leave('Preferences')
for keys, title in (('alt+s', 'Start-Up and Settings'), ('alt+f', 'Deployment Files')):
    key_to('Kindling', keys)
    look(app.wait_dialog(title), title.split()[0].lower())
    leave(title)
key_to('Kindling', 'alt+d')
drivers = app.wait_dialog('Drivers')
packages = wait(lambda: find(drivers, 'list', 'Driver Packages'), 'list of drivers')
look(drivers, 'drivers')
select_row(packages, 1)
resize('Drivers')
key_to('Drivers', 'Return')
settle(.3)
look(drivers, 'driver')
leave('Drivers')
key_to('Kindling', 'F10')
click(wait(lambda: find(app.window, 'menu item', 'Inspect a Medium…'), 'entry of the menu'))
app.choose('Choose a Medium to Inspect', medium)
window = app.wait_dialog('Inspect Medium')
wait(lambda: named(window, 'list item', 'KDL00001'), 'the medium')
look(window, 'inspect')
for name in 'Files', 'Variables':
    click(wait(lambda: find(window, 'page tab', name), name))
    settle(.2)
    look(window, 'inspect-' + name.lower())
set_text(wait(lambda: entry(window, 'Media Password'), 'entry'), 'correct horse battery')
press(window, 'Unlock')
wait(lambda: named(window, 'list item', 'OSDRoom'), 'variables')
look(window, 'inspect-unlocked')
leave('Inspect Medium')
app.choose_of_menu('Menu of Kingston DataTraveler 3.0', 'Restore to Normal Use…')
look(app.wait_dialog('Restore to Normal Use'), 'restore')
leave('Restore to Normal Use')
app.close()
check('all can be read', not faults, '\n' + '\n'.join(faults))
