#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preferences: another catalog folder, at once and without loss; what cannot be one is refused; what new media get."""
import datetime

from driver import *

TITLE = 'Choose the Folder of the Catalog'


def folder(name):
    path = os.path.join(HOME, name)
    os.makedirs(path)
    return path


def switch(root, name):
    return find(root, 'check box', name)


def choose(preferences, path):
    click(button(preferences, 'Choose…'))
    app.choose(TITLE, path)


def is_shown(path):
    return named(app.dialog('Preferences'), 'list item', path)


def refused(preferences, path, title, detail):
    choose(preferences, path)
    failure = app.wait_dialog(title)
    click(wait(lambda: find(failure, 'push button', 'Details'), 'Details'))
    check('the detail names the folder', wait(lambda: says(failure, detail), 'detail'), path)
    screenshot('refused-' + os.path.basename(path))
    click(button(failure, 'Close'))
    wait(lambda: app.dialog(title) is None, 'the failure to close')
    check('the catalog is the one before', is_shown(CATALOG))


other = folder('other')
app = App()
wait(lambda: says(app.window, 'Make Boot Media'), 'empty state')
app.add_sample()
key('ctrl+comma')
preferences = app.wait_dialog('Preferences')
check('the folder is said', wait(lambda: is_shown(CATALOG), 'folder'))
check('it is said that nothing moves', says(preferences, 'moves nothing and deletes nothing'))
check('the usual folder is not offered while it is in use', button(preferences, 'Use It') is None)
settle(.5)
screenshot('1-preferences')

refused(preferences, os.path.join(CATALOG, 'KDL00001'), 'This cannot be done as asked', 'is one boot image of a catalog')
if os.geteuid() != 0:
    locked = folder('locked')
    os.chmod(locked, 0o555)
    refused(preferences, locked, 'Access was denied', 'choose another catalog folder')

choose(preferences, other)
wait(lambda: is_shown(other), 'the other folder')
wait(lambda: not app.rows() and says(app.window, 'Make Boot Media'), 'the other catalog, which is empty')
check('nothing was moved', os.listdir(other) == [] and os.listdir(CATALOG) == ['KDL00001'], os.listdir(other))
screenshot('2-other')
ctl('--catalog', other, 'image', 'import', SAMPLE, '--name', 'In the other')
wait(lambda: any('In the other' in r for r in app.rows()), 'what comes into the other catalog')
click(wait(lambda: button(preferences, 'Use It'), 'the way back'))
wait(lambda: any('Kindling sample' in r for r in app.rows()) and len(app.rows()) == 1, 'the first catalog again')
wait(lambda: is_shown(CATALOG), 'the usual folder')

for name in 'Read Back and Compare', 'Power Off Afterwards':
    click(switch(preferences, name))
days = find(preferences, 'spin button', 'Certificates Are Valid For')
check('a year is the usual validity', days.get_value() == 365, days.get_value())
check('it has its range', (days.property('Value', 'MinimumValue'), days.property('Value', 'MaximumValue')) == (1, 3650))
days.set_value(30)
wait(lambda: days.get_value() == 30, '30 days')
window = subprocess.run(['xdotool', 'search', '--name', '^Preferences$'], check=True, capture_output=True, text=True).stdout.split()[-1]
subprocess.run(['xdotool', 'windowsize', '--sync', window, '370', '600'], check=True)      # 360, and the frame that is drawn here
screenshot('3-narrow')
key('Escape')
wait(lambda: app.dialog('Preferences') is None, 'preferences to close')

click(button(app.window, 'Create Media…'))
dialog = app.wait_dialog('Create Media')


def is_checked(node):
    return is_on(node, 'CHECKED') or is_on(node, 'PRESSED')


check('media are not read back', not is_checked(switch(dialog, 'Read Back and Compare')))
check('drives are powered off', is_checked(switch(dialog, 'Power Off Afterwards')))
click(button(dialog, 'Next'))
wanted = datetime.date.today() + datetime.timedelta(days=30)
row = wait(lambda: entry(dialog, 'Valid Until') or named(dialog, 'text', 'Valid'), 'end of the certificate')
check('the certificate ends after 30 days',
      abs((datetime.date.fromisoformat(text_of(row)) - wanted).days) <= 1, text_of(row))
key('ctrl+comma')
preferences = app.wait_dialog('Preferences')
settle(.3)
click(button(preferences, 'Choose…'))
app.wait_dialog('The Catalog Is in Use')
screenshot('4-in-use')
app.close()
