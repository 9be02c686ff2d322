#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list of jobs: an import, a preparation, an export, a check, and media and an export that a program on the bus asks for.
Such a medium is seen from a window that opens while it is made, is asked about when that closes, and can be cancelled there."""
from driver import *
from gi.repository import Gio, GLib

NAME, PATH = 'org.kindling.Kindling', '/org/kindling/Kindling'
CREATOR = 'org.kindling.MediaCreator1'
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
completed = []
bus.signal_subscribe(None, CREATOR, 'Completed', None, None, Gio.DBusSignalFlags.NONE,
                     lambda *signal: completed.append(signal[5].unpack()))


def create(path):
    """As a program asks for it; it is told when the medium is made."""
    bus.call_sync(NAME, PATH + '/MediaCreator', CREATOR, 'CreateBootMedia',
                  GLib.Variant('(sssahsahssb)', ('CD', path, 'KDL00001', [], '', [], '', '', True)),
                  None, Gio.DBusCallFlags.NONE, 30_000, None)


def rows():
    jobs = app.dialog('Jobs')
    packages = find(jobs, 'list', 'Jobs') if jobs else None
    return [n.get_name() for n in kids(packages)] if packages else []


def has(*parts):
    return any(all(p in row for p in parts) for row in rows())


iso = os.path.join(HOME, 'first.iso')
app = App()
app.add_sample()
key('ctrl+j')
wait(lambda: app.dialog('Jobs'), 'list of jobs')
wait(lambda: has('Importing “', 'Done'), 'the import')
settle(.5)
key('Escape')
wait(lambda: app.dialog('Jobs') is None, 'the list to close')

ctl('image', 'set', 'KDL00001', 'lab-shell=true')
prepare = wait(lambda: (b := button(app.window, 'Prepare')) and is_on(b, 'SENSITIVE') and b, 'Prepare')
click(prepare)
wait(lambda: os.path.exists(os.path.join(CATALOG, 'KDL00001', 'boot.wim')), 'the image to be prepared', 60)
create(iso)
wait(lambda: completed, 'the medium of another program')
check('it is made', completed[0][0] == 0 and os.path.exists(iso), completed)
key('ctrl+j')
jobs = app.wait_dialog('Jobs')
wait(lambda: has('Preparing “Kindling sample”', 'Done'), 'the preparation', 60)
wait(lambda: has('first.iso', 'for another program', 'Done'), 'the medium')
check('it can be found and checked', button(jobs, 'Show in Folder') and button(jobs, 'Check Again'))
click(button(jobs, 'Check Again'))
dialog = app.wait_dialog('Check Medium')
wait(lambda: button(dialog, 'Close'), 'the check to end', 60)
screenshot('1-check')
click(button(dialog, 'Close'))
wait(lambda: app.dialog('Check Medium') is None, 'the check to close')
wait(lambda: has('Checking “first.iso”', 'Done'), 'the check')
check('the newest stands first', 'Checking' in rows()[0] and 'Importing' in rows()[-1], rows())
screenshot('2-list')
bus.call_sync(NAME, PATH + '/BootImages', 'org.kindling.BootImages1', 'ExportDefaultBootImage',
              GLib.Variant('(sus)', ('x64', 0, os.path.join(HOME, 'default.wim'))), None, Gio.DBusCallFlags.NONE, 60_000, None)
wait(lambda: has('Exporting “default.wim”', 'for another program', 'Done'), 'the export of another program')
create(os.path.join(HOME, 'no such folder', 'x.iso'))
wait(lambda: has('x.iso', 'Failed'), 'the one that fails')
screenshot('3-failed')
click(button(jobs, 'Clear Finished'))
wait(lambda: app.dialog('Jobs') is None, 'the list, which is empty, to close')
app.close()

# On a slow disk: the window closes and comes again while a program's medium is made.
slow = os.path.join(HOME, 'slow')
os.mkdir(slow)
completed.clear()
disk = slow_disk(slow, flush=60)
app = App(**disk)
create(os.path.join(slow, 'second.iso'))
wait(lambda: named(app.window, 'push button', 'Jobs: 1 is running'), 'button that counts it')
key('ctrl+w')
ask = app.wait_dialog('Media Are Still Being Made')
screenshot('4-question')
click(button(ask, 'Run in Background'))
wait(lambda: not any(w.get_role_name() == 'frame' for w in app.windows()), 'the window to close')
bus.call_sync(NAME, PATH, 'org.freedesktop.Application', 'Activate', GLib.Variant('(a{sv})', ({},)), None,
              Gio.DBusCallFlags.NONE, 30_000, None)
app.window = wait(lambda: app.dialog('Kindling'), 'the window to come again')
check('the medium is still being made', not completed, completed)
key('ctrl+j')
jobs = app.wait_dialog('Jobs')
wait(lambda: has('second.iso', 'for another program', 'Running'), 'the medium that is being made')
wait(lambda: is_on(named(jobs, 'list item', 'second.iso'), 'FOCUSED'), 'the newest job, not a button, to have the focus')
screenshot('5-running')
key_to('Jobs', 'Tab')
wait(lambda: is_on(named(jobs, 'push button', 'second.iso'), 'FOCUSED'), 'the focus on Cancel')
key('space')
wait(lambda: says(jobs, 'Cancelling'), 'word that it is being cancelled')
quick(disk)
wait(lambda: has('second.iso', 'Cancelled'), 'the medium to be cancelled', 60)
check('the job keeps the focus of its button', is_on(named(jobs, 'list item', 'second.iso'), 'FOCUSED'))
wait(lambda: completed, 'the program to be told')
check('it is told that it was cancelled', completed[0][0] == 0x800704C7, completed)
check('nothing is left', os.listdir(slow) == [], os.listdir(slow))
app.close()
