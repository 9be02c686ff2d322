#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures to look at: dark, narrow, long names, high contrast, large text. What can be measured is: nothing is wider than the screen it is on."""
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


def can_create(dialog):
    create = button(dialog, 'Create') or button(dialog, 'Replace and Create')
    return create and is_on(create, 'SENSITIVE')


def walk_through(app, name):
    wait(lambda: len(app.rows()) >= 1, 'row of the image')
    wait(lambda: says(app.window, 'Ready to Boot'), 'details')
    settle(1)
    screenshot(name + '-1-window')
    key('ctrl+n')
    dialog = app.wait_dialog('Create Media')
    screenshot(name + '-2-target')
    click(button(dialog, 'Next'))
    wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
    screenshot(name + '-2-protection')
    click(button(dialog, 'Next'))
    wait(lambda: can_create(dialog), 'review')
    screenshot(name + '-3-review')
    return dialog


app = App(path, ADW_DEBUG_COLOR_SCHEME='prefer-dark')
dialog = walk_through(app, 'dark')
click(button(dialog, 'Create') or button(dialog, 'Replace and Create'))
wait(lambda: says(dialog, 'Is Ready'), 'result')
screenshot('dark-4-done')
app.close()

app = App()
wait(lambda: len(app.rows()) == 1, 'row of the image')
window, width, height = geometry('^Kindling$')
subprocess.run(['xdotool', 'windowsize', '--sync', window, '360', '600'], check=True)
settle(1)
screenshot('narrow-1-list')
key('Return')
settle(1)
screenshot('narrow-2-details')
key('alt+Left')
settle(.5)
key('Return')
_, width, _ = geometry('^Kindling$')
check('the window is as narrow as it was asked to be', width == 360, width)
key('ctrl+n')
dialog = app.wait_dialog('Create Media')
window, width, height = geometry('^Create Media$')
subprocess.run(['xdotool', 'windowsize', '--sync', window, '360', '600'], check=True)
settle(.5)
_, width, _ = geometry('^Create Media$')
check('the dialog is as narrow as it was asked to be', width == 360, width)
screenshot('narrow-3-target')
click(button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
click(button(dialog, 'Generate'))
screenshot('narrow-3-protection')
click(button(dialog, 'Next'))
wait(lambda: can_create(dialog), 'review')
screenshot('narrow-4-review')
click(button(dialog, 'Create') or button(dialog, 'Replace and Create'))
wait(lambda: says(dialog, 'Is Ready'), 'result')
screenshot('narrow-5-done')
click(button(dialog, 'Close'))
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')
key('ctrl+Delete')
ask = wait(lambda: len(app.windows()) == 2 and app.windows()[1], 'question')
settle(.5)
screenshot('narrow-6-question')
key('Escape')
wait(lambda: len(app.windows()) == 1, 'the question to close')
broken = os.path.join(HOME, 'broken.wim')
with open(SAMPLE, 'rb') as source, open(broken, 'wb') as target:
    target.write(source.read()[:100000])
app.open(broken)
dialog = app.wait_dialog('Import')
window, width, height = geometry('^Import$')
subprocess.run(['xdotool', 'windowsize', '--sync', window, '360', '600'], check=True)
click(wait(lambda: find(dialog, 'push button', 'Details'), 'Details'))
settle(.5)
screenshot('narrow-7-failure')
app.close()

app = App(ADW_DEBUG_HIGH_CONTRAST='1')
walk_through(app, 'high-contrast')
app.close()

with open(os.path.join(HOME, '.Xdefaults'), 'w') as f:
    f.write('Xft.dpi: 144\n')                 # 1.5 times 96: what “Large Text” comes to, and more
app = App()
dialog = walk_through(app, 'large-text')
click(button(dialog, 'Create') or button(dialog, 'Replace and Create'))
wait(lambda: says(dialog, 'Is Ready'), 'result')
screenshot('large-text-4-done')
app.close()
