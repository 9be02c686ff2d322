#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures to look at: dark, narrow, long names. What can be measured is: nothing is wider than the screen it is on."""
from driver import *

LONG = ('Windows PE 10.0.26100.1 (amd64) with network drivers of three vendors, storage drivers and the deployment tools '
        'of the laboratory in the northern branch office')
path = os.path.join(HOME, 'a' * 120 + '.wim')
wimlib('export', SAMPLE, '1', path, LONG, '--boot')


def geometry(name):
    window = subprocess.run(['xdotool', 'search', '--onlyvisible', '--name', name], check=True, capture_output=True,
                            text=True).stdout.split()[-1]
    out = subprocess.run(['xdotool', 'getwindowgeometry', '--shell', window], check=True, capture_output=True,
                         text=True).stdout
    values = dict(line.split('=') for line in out.split())
    return window, int(values['WIDTH']), int(values['HEIGHT'])


def walk_through(app, name):
    wait(lambda: len(app.rows()) >= 1, 'row of the image')
    wait(lambda: says(app.window, 'Ready to Boot'), 'details')
    settle(1)
    screenshot(name + '-1-window')
    key('ctrl+n')
    dialog = app.wait_dialog('Create Media')
    screenshot(name + '-2-target')
    click(button(dialog, 'Next'))
    wait(lambda: button(dialog, 'Create') and is_on(button(dialog, 'Create'), 'SENSITIVE'), 'review')
    screenshot(name + '-3-review')
    return dialog


app = App(path, ADW_DEBUG_COLOR_SCHEME='prefer-dark')
dialog = walk_through(app, 'dark')
click(button(dialog, 'Create'))
wait(lambda: says(dialog, 'Is Ready'), 'result')
screenshot('dark-4-done')
app.close()

app = App()
wait(lambda: len(app.rows()) == 1, 'row of the image')
window, width, height = geometry('^Kindling$')
subprocess.run(['xdotool', 'windowsize', '--sync', window, '400', '700'], check=True)
settle(1)
screenshot('narrow-1-list')
key('Return')
settle(1)
screenshot('narrow-2-details')
key('alt+Left')
settle(.5)
key('Return')
_, width, _ = geometry('^Kindling$')
check('the window is as narrow as it was asked to be', width <= 420, width)
key('ctrl+n')
dialog = app.wait_dialog('Create Media')
window, width, height = geometry('^Create Media$')
subprocess.run(['xdotool', 'windowsize', '--sync', window, '370', '640'], check=True)
settle(.5)
screenshot('narrow-3-target')
click(button(dialog, 'Next'))
wait(lambda: button(dialog, 'Create') and is_on(button(dialog, 'Create'), 'SENSITIVE'), 'review')
screenshot('narrow-4-review')
click(button(dialog, 'Create'))
wait(lambda: says(dialog, 'Is Ready'), 'result')
screenshot('narrow-5-done')
app.close()
