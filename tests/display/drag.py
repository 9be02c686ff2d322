# SPDX-License-Identifier: GPL-3.0-or-later
"""Drags files onto the window that is in front, as from a file manager. Imported by the scenarios."""
from driver import *


def xdo(*arguments):
    return subprocess.run(['xdotool', *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def place(name, x, y):
    window = wait(lambda: subprocess.run(['xdotool', 'search', '--onlyvisible', '--name', name], capture_output=True,
                                         text=True).stdout.split(), 'window ' + name)[-1]
    xdo('windowmove', '--sync', window, x, y)
    return window


def drag(*what, picture=None):
    """Drags what the source has onto the window; says what the source saw of it."""
    with open(os.path.join(HOME, 'drag.log'), 'w+') as out:
        source = subprocess.Popen([os.environ['KINDLING_DRAG_SOURCE'], *what], stdin=subprocess.DEVNULL, stdout=out)
        try:
            window = place('^Drag Source$', 1040, 600)
            xdo('windowactivate', '--sync', window)
            settle(.3)
            shape = dict(line.split('=') for line in xdo('getwindowgeometry', '--shell', window).split())
            xdo('mousemove', int(shape['X']) + 100, int(shape['Y']) + 110)
            xdo('mousedown', 1)
            for x, y in ((1120, 660), (1080, 620), (900, 500), (700, 420), (520, 400), (500, 400)):
                xdo('mousemove', x, y)
                settle(.1)
            wait(lambda: 'begun' in open(out.name).read(), 'drag to begin')
            settle(.5)
            if picture:
                screenshot(picture)
            xdo('mouseup', 1)
            wait(lambda: 'ended' in open(out.name).read(), 'drag to end')
            return open(out.name).read().split('\n')[1]
        finally:
            source.kill()
            source.wait()
