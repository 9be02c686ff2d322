#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Driver packages of an image: what they are, what is wrong, which serve a device, on and off, added and removed; dark and narrow."""
from driver import *

FIXTURES = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'inf'))
TYPE_NAME = re.compile(r'^(Gtk|Adw|Kl|Gdk)[A-Z]\w*$')


def ini():
    with open(os.path.join(CATALOG, 'KDL00001', 'image.ini'), encoding='utf-8') as f:
        return f.read()


def rows():
    packages = find(window, 'list', 'Driver Packages')
    return [n.get_name() for n in kids(packages)] if packages else []


def select(part):
    wait(lambda: any(part in r for r in rows()), 'row ' + part)
    index = next(i for i, r in enumerate(rows()) if part in r)
    select_row(find(window, 'list', 'Driver Packages'), index)


def search(text):
    set_text(wait(lambda: entry(window, 'Search Drivers'), 'search'), text)


def toggle(name):
    return wait(lambda: named(window, 'check box', name), 'switch ' + name)


app = App(ADW_DEBUG_COLOR_SCHEME='prefer-dark')
app.add_sample()
wait(lambda: named(app.window, 'list item', 'Drivers: None'), 'row of drivers')
key('alt+d')
window = app.wait_dialog('Drivers')
wait(lambda: says(window, 'No Drivers'), 'empty state')
screenshot('1-empty')
key('Escape')
wait(lambda: app.dialog('Drivers') is None, 'the window to close')

ctl('image', 'add-driver', 'KDL00001', os.path.join(FIXTURES, 'packages'), os.path.join(FIXTURES, 'findings', 'D16'))
wait(lambda: named(app.window, 'list item', 'Drivers: 5 packages, 1 error'), 'count on the page')
key('alt+d')
window = app.wait_dialog('Drivers')
wait(lambda: len(rows()) == 8, 'rows')
found = rows()
check('network comes first, then storage', 'E1Test.inf' in found[1] and 'stor.inf' in found[2], found)
check('states have words', 'Is loaded' in found[1] and any('autorun.inf' in r and 'Cannot be read' in r for r in found), found)
select('E1Test.inf')
wait(lambda: named(window, 'list item', 'Provider: Kindling Größe'), 'provider')
for fact in ('Class: Net', 'Version: 12.19.2.65534', 'Date: 31 January 2026', 'Architectures: x64'):
    check('it says ' + fact, named(window, 'list item', fact))
wait(lambda: says(window, 'PCI\\VEN_8086&DEV_15F3') and says(window, 'X64/E1TEST.SYS'), 'IDs and files')
ROLES = ('push button', 'toggle button', 'list', 'list item', 'text', 'entry', 'combo box', 'switch')
bad = [(n.get_role_name(), name) for n, name in with_names(window, *ROLES) if not name.strip() or TYPE_NAME.match(name)]
check('all controls have names', not bad, bad)
screenshot('2-package')

search('pci\\ven_8086&dev_15f3')
wait(lambda: says(window, '1 package that is loaded serves this device'), 'answer')
check('it is the one', len(rows()) == 1 and 'E1Test.inf' in rows()[0], rows())
screenshot('3-device')
search('PCI\\VEN_1234&DEV_0001')
wait(lambda: says(window, 'No package serves this device.'), 'answer')
search('kindling ☃')
wait(lambda: any('stor.inf' in r for r in rows()) and len(rows()) == 2, 'package of a provider')
search('')
wait(lambda: len(rows()) == 8, 'all rows')

select('autorun.inf')
wait(lambda: named(window, 'list item', 'Error D01'), 'finding')
screenshot('4-error')
click(toggle('Load This Package'))
wait(lambda: any('autorun.inf' in r and 'Off' in r for r in rows()), 'package to be off')
wait(lambda: 'Off=autorun.inf' in ini(), 'the recipe to say so')
check('it cannot be turned on again', wait(lambda: says(window, 'Refused: it has an error'), 'reason'))
select('D16')
click(toggle('Use This Folder'))
wait(lambda: 'Enabled=false' in ini(), 'folder to be off')
wait(lambda: any('old/test.inf' in r and 'Off' in r for r in rows()), 'its packages to be off')
screenshot('5-off')
click(button(window, 'Remove'))
ask = app.wait_dialog('Remove “D16”?')
screenshot('6-remove')
click(button(ask, 'Remove'))
wait(lambda: len(rows()) == 5, 'folder to be gone')

# Narrow: two pages.
resize('Drivers')
screenshot('7-narrow-list')
key('Down')
key('Return')
settle(1)
screenshot('8-narrow-package')
key('alt+Left')
settle(.5)
key('F1')
manual = app.wait_dialog('Help')
wait(lambda: find(manual, 'heading', 'Drivers'), 'the page about drivers')
settle(.3)
key('Escape')
wait(lambda: app.dialog('Help') is None, 'the manual to close')
settle(.3)
key('Escape')
wait(lambda: app.dialog('Drivers') is None, 'the window to close')
wait(lambda: named(app.window, 'list item', 'Drivers: 3 packages'), 'count on the page')
app.close()
