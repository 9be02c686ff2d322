#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the pictures that software centres show, of the built program on a private X server: `ninja screenshots`. Run as the
scenarios of the display tests are; KINDLING_PICTURES is the folder that gets the pictures."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tests', 'display'))
from driver import *  # noqa: E402

PICTURES = os.environ['KINDLING_PICTURES']


def picture(name):
    """The main window with what stands above it; few colours make it small."""
    settle(1)
    window = subprocess.run(['xdotool', 'search', '--onlyvisible', '--name', '^Kindling$'], check=True, capture_output=True,
                            text=True).stdout.split()[-1]
    out = subprocess.run(['xdotool', 'getwindowgeometry', '--shell', window], check=True, capture_output=True, text=True).stdout
    g = dict(line.split('=') for line in out.split())
    subprocess.run(['import', '-window', 'root', '-crop', f"{g['WIDTH']}x{g['HEIGHT']}+{g['X']}+{g['Y']}", '+repage',
                    '+dither', '-colors', '96', '-strip', 'png8:' + os.path.join(PICTURES, name + '.png')], check=True)


def begin(**environment):
    app = App(**environment)
    wait(lambda: len(app.rows()) == 3, 'three images')
    wait(lambda: says(app.window, 'Ready to Boot'), 'details')
    return app


for name in 'Windows PE 26100 x64', 'Site ABC Deployment', 'Laboratory':
    ctl('image', 'import', SAMPLE, '--name', name)
app = begin()
picture('window')
key('ctrl+n')
dialog = app.wait_dialog('Create Media')
wait(lambda: entry(dialog, 'File Name'), 'target')
picture('target')
key('Return')
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
settle(.5)
key('Return')
wait(lambda: button(dialog, 'Create') and is_on(button(dialog, 'Create'), 'SENSITIVE'), 'review')
picture('review')
app.close()
app = begin(ADW_DEBUG_COLOR_SCHEME='prefer-dark')
picture('dark')
app.close()
