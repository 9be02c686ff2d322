#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where drives cannot be watched, the window says so and why, where they are listed and where one is chosen; everything else works. By
udev on the host, and by UDisks2 in a sandbox."""
from driver import *

for source, reason, more in (('udev', 'udev cannot be asked for messages about drives', {}),
                             ('udisks', 'UDisks2 cannot be asked about drives', {'DBUS_SYSTEM_BUS_ADDRESS': 'unix:path=/nowhere'})):
    app = App(LD_PRELOAD=os.environ['KINDLING_NO_DRIVES'] + ' ' + os.environ.get('LD_PRELOAD', ''), NO_DRIVES=source, **more)
    wait(lambda: says(app.window, 'Try the Sample Image') or app.rows(), 'window')
    if not app.rows():
        app.add_sample()
    wait(lambda: says(app.window, 'Drives cannot be watched: ' + reason), 'reason below the images')
    screenshot('1-window-' + source)
    click(button(app.window, 'Create Media…'))
    dialog = app.wait_dialog('Create Media')
    click(wait(lambda: button(dialog, 'USB Drives'), 'kinds of targets'))
    wait(lambda: says(dialog, 'Drives cannot be watched: ' + reason), 'reason where a drive is chosen')
    wait(lambda: not is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next to be greyed')
    screenshot('2-target-' + source)
    click(button(dialog, 'ISO File'))
    wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'the way to an ISO file')
    app.close()
