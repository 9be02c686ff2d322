#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search by name and by ID; what another process imports shows within a second."""
from driver import *

for name in ('Windows PE x64', 'Site ABC boot image', 'Old laboratory'):
    path = os.path.join(HOME, name + '.wim')
    wimlib('export', SAMPLE, '1', path, name, '--boot')

app = App(*[os.path.join(HOME, n + '.wim') for n in ('Windows PE x64', 'Site ABC boot image', 'Old laboratory')])
wait(lambda: len(app.rows()) == 3, 'three rows')
settle(.3)
screenshot('0-imported')
key('ctrl+f')
search = wait(lambda: entry(app.window, 'Search Boot Images'), 'search entry')
type_text('abc')
wait(lambda: len(app.rows()) == 1 and 'Site ABC' in app.rows()[0], 'one row by name')
screenshot('1-name')
set_text(search, 'kdl00003')
wait(lambda: len(app.rows()) == 1 and 'Old laboratory' in app.rows()[0], 'one row by ID')
set_text(search, 'nothing like it')
wait(lambda: len(app.rows()) == 0 or says(app.window, 'No Boot Images Found'), 'no row')
screenshot('2-nothing')
key('Escape')
wait(lambda: len(app.rows()) == 3, 'all rows again')

shutil.move(os.path.join(CATALOG, 'KDL00002'), os.path.join(HOME, 'moved'))
wait(lambda: len(app.rows()) == 2, 'row to go that another process took away', 5)
shutil.move(os.path.join(HOME, 'moved'), os.path.join(CATALOG, 'KDL00002'))
wait(lambda: len(app.rows()) == 3, 'row to come back', 5)

with open(os.path.join(CATALOG, 'KDL00003', 'image.ini.new'), 'w') as f:
    f.write('[nonsense')
os.rename(f.name, os.path.join(CATALOG, 'KDL00003', 'image.ini'))
wait(lambda: any('Cannot be used' in r for r in app.rows()), 'broken entry among the others', 5)
check('the others are still there', sum('Ready' in r for r in app.rows()) == 2, app.rows())
images = find(app.window, 'list', 'Boot Images')
select_row(images, 2)
wait(lambda: says(app.window, 'The boot image in the catalog cannot be used'), 'what is wrong with it')
check('no media can be made from it', not is_on(button(app.window, 'Create Media…'), 'SENSITIVE'))
screenshot('3-broken')
app.close()
