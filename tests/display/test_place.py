#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window comes back as it was: its size, maximized, and the image that was selected."""
from driver import *

SETTINGS = {'GSETTINGS_BACKEND': 'keyfile'}       # the others keep them in memory, and begin the same each time


def geometry():
    window = subprocess.run(['xdotool', 'search', '--onlyvisible', '--name', '^Kindling$'], check=True, capture_output=True,
                            text=True).stdout.split()[-1]
    out = subprocess.run(['xdotool', 'getwindowgeometry', '--shell', window], check=True, capture_output=True, text=True).stdout
    values = dict(line.split('=') for line in out.split())
    return window, (int(values['WIDTH']), int(values['HEIGHT']))


def start():
    app = App(**SETTINGS)
    wait(lambda: len(app.rows()) == 3, 'three images')
    settle(.5)
    return app


def selected(app):
    images = find(app.window, 'list', 'Boot Images')
    return [n.get_name() for n in kids(images) if is_on(n, 'SELECTED')]


for name in 'First', 'Second', 'Third':
    ctl('image', 'import', SAMPLE, '--name', name)
app = start()
check('the first one is selected', 'First' in selected(app)[0], selected(app))
select_row(find(app.window, 'list', 'Boot Images'), 1)
wait(lambda: 'Second' in selected(app)[0], 'the second one to be selected')
window, size = geometry()
subprocess.run(['xdotool', 'windowsize', '--sync', window, '1100', '620'], check=True)
settle(.5)
_, size = geometry()
key('ctrl+q')
app.process.wait(timeout=30)

app = start()
check('the second one is selected again', 'Second' in selected(app)[0], selected(app))
check('the window has its size', geometry()[1] == size, (geometry()[1], size))
click(next(n for n in walk(app.window) if n.get_role_name() == 'push button' and 'Maximize' in n.get_name() + n.get_description()))
wait(lambda: geometry()[1][0] == 1280, 'the window to be maximized')
key('ctrl+q')
app.process.wait(timeout=30)
app = start()
check('it is maximized again', wait(lambda: geometry()[1][0] == 1280, 'a maximized window'))
ctl('image', 'remove', 'KDL00002')
wait(lambda: len(app.rows()) == 2, 'two images')
key('ctrl+q')
app.process.wait(timeout=30)
app = App(**SETTINGS)
wait(lambda: len(app.rows()) == 2, 'two images')
check('one of those that are there is selected', len(selected(app)) == 1, selected(app))
app.close()
