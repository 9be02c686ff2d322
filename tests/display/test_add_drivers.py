#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers come into an image by chooser, by drop, as a folder and as a cabinet file; what is not for the image is refused with the reason."""
from drag import *

FIXTURES = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'inf'))
cabinet = os.path.join(HOME, 'storage.cab')
text = os.path.join(HOME, 'notes.txt')
for folder in ('chipset', 'net', 'storage'):
    shutil.copytree(os.path.join(FIXTURES, 'packages', folder), os.path.join(HOME, folder))
subprocess.run(['gcab', '-c', '-z', cabinet, 'stor.inf', 'stor.cat', 'amd64/stor.sys', 'x86/stor.sys'], check=True,
               cwd=os.path.join(HOME, 'storage'), stdout=subprocess.DEVNULL)
with open(text, 'w') as f:
    f.write('no driver\n')


def rows():
    packages = find(window, 'list', 'Driver Packages')
    return [n.get_name() for n in kids(packages)] if packages else []


def wait_package(part):
    wait(lambda: any(part in r and 'Is loaded' in r for r in rows()), 'row of ' + part)


def refused(*parts):
    """The reason has all of the parts; nothing was added."""
    ask = app.wait_dialog('These Drivers Cannot Be Added')
    check(f'the reason names {parts}', wait(lambda: all(says(ask, p) for p in parts), 'reason'))
    click(button(ask, 'Close'))
    wait(lambda: app.dialog('These Drivers Cannot Be Added') is None, 'the word to close')


app = App()
app.add_sample()
wait(lambda: named(app.window, 'list item', 'Drivers: None'), 'row of drivers')
key('alt+d')
window = app.wait_dialog('Drivers')
wait(lambda: says(window, 'No Drivers'), 'empty state')
click(button(window, 'Add a Folder…'))
app.choose('Add Folders of Drivers', os.path.join(HOME, 'net'))
wait_package('E1Test.inf')
key('ctrl+o')
app.choose('Add Folders of Drivers', os.path.join(FIXTURES, 'findings', 'D02-architecture'))
ask = app.wait_dialog('These Drivers Cannot Be Added')
screenshot('1-refused')
refused('D02-architecture', 'x64')
check('nothing was added', len(rows()) == 2, rows())

place('^Drivers$', 150, 80)
check('a folder is taken', drag(os.path.join(HOME, 'chipset'), picture='2-over') == 'ended, action 1')
wait_package('chip.inf')
check('a cabinet file is taken', drag(cabinet) == 'ended, action 1')
wait_package('stor.inf')
check('another file is taken from the pointer', drag(text) == 'ended, action 1')
refused('notes.txt')
check('a folder elsewhere too', drag('sftp://server/drivers') == 'ended, action 1')
refused('Only files and folders of this computer')
check('three folders of one package each', len(rows()) == 6, rows())
with open(os.path.join(CATALOG, 'KDL00001', 'image.ini'), encoding='utf-8') as f:
    ini = f.read()
check('all is in the recipe', all(name in ini for name in ('/net\n', '/chipset\n', '/storage.cab\n')), ini)
screenshot('3-added')
key('Escape')
wait(lambda: app.dialog('Drivers') is None, 'the window to close')
wait(lambda: named(app.window, 'list item', 'Drivers: 3 packages'), 'count on the page')
app.close()
