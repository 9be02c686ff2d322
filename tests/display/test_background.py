#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk image, made and read by other tools; then a job that goes on while dialog and window are closed, and the notification that
brings the window back. There, flushing takes long enough to look."""
import gi
gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402
from driver import *

DAEMON = Gio.DBusNodeInfo.new_for_xml("""<node><interface name="org.freedesktop.Notifications">
  <method name="Notify"><arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/><arg type="a{sv}" direction="in"/>
    <arg type="i" direction="in"/><arg type="u" direction="out"/></method>
  <method name="CloseNotification"><arg type="u" direction="in"/></method>
  <method name="GetCapabilities"><arg type="as" direction="out"/></method>
  <method name="GetServerInformation"><arg type="s" direction="out"/><arg type="s" direction="out"/><arg type="s" direction="out"/>
    <arg type="s" direction="out"/></method>
  <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
</interface></node>""").interfaces[0]
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
notes = []


def called(connection, sender, path, interface, method, parameters, invocation):
    if method == 'Notify':
        notes.append(parameters.unpack())
        invocation.return_value(GLib.Variant('(u)', (7,)))
    elif method == 'GetCapabilities':
        invocation.return_value(GLib.Variant('(as)', (['actions', 'body'],)))
    elif method == 'GetServerInformation':
        invocation.return_value(GLib.Variant('(ssss)', ('stand-in', 'tests', '1', '1.2')))
    else:
        invocation.return_value(None)


bus.register_object('/org/freedesktop/Notifications', DAEMON, called, None, None)
Gio.bus_own_name_on_connection(bus, 'org.freedesktop.Notifications', Gio.BusNameOwnerFlags.NONE, None, None)
app = App()
app.add_sample()


def start(kind, vhd=False):
    settle(.5)
    key('ctrl+n')
    dialog = app.wait_dialog('Create Media')
    click(wait(lambda: button(dialog, kind), kind))
    wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next')
    settle(.3)
    if vhd:
        key('alt+k')                              # opens the list of kinds
        settle(.5)
        key('Down')
        key('Return')
        wait(lambda: any('Kindling sample.vhd' in text_of(n) for n in with_interface(dialog, 'Text')), 'name of a VHD file')
    if kind == 'Disk Image':
        screenshot('1-disk-image')
    click(button(dialog, 'Next'))
    wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
    click(button(dialog, 'Next'))
    wait(lambda: button(dialog, 'Create') and is_on(button(dialog, 'Create'), 'SENSITIVE'), 'review')
    click(button(dialog, 'Create'))
    return dialog


dialog = start('Disk Image')
wait(lambda: says(dialog, '“Kindling sample.img” Is Ready'), 'disk image', 60)
image, part = os.path.join(HOME, 'Kindling sample.img'), os.path.join(HOME, 'part')
check('it is as large as was asked for, and sparse', os.path.getsize(image) // 10**6 == 1999 or os.path.getsize(image) == 2 * 10**9,
      os.path.getsize(image))
check('it takes little room', os.stat(image).st_blocks * 512 < 100 << 20, os.stat(image).st_blocks)
with open(image, 'rb') as source, open(part, 'wb') as target:      # its partition, without what was never written
    target.truncate(os.path.getsize(image) - (1 << 20))
    at = 1 << 20
    while at < os.path.getsize(image):
        try:
            begin = os.lseek(source.fileno(), at, os.SEEK_DATA)
        except OSError:
            break                                # nothing but a hole
        at = os.lseek(source.fileno(), begin, os.SEEK_HOLE)
        os.pwrite(target.fileno(), os.pread(source.fileno(), at - begin, begin), begin - (1 << 20))
fsck = subprocess.run(['fsck.fat', '-n', part], capture_output=True, text=True)
check('its file system is clean', fsck.returncode == 0, fsck.stdout)
click(button(dialog, 'Close'))
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')

dialog = start('Disk Image', vhd=True)
wait(lambda: says(dialog, '“Kindling sample.vhd” Is Ready'), 'VHD', 60)
with open(os.path.join(HOME, 'Kindling sample.vhd'), 'rb') as f:
    f.seek(-512, os.SEEK_END)
    check('it ends as a VHD does', f.read(8) == b'conectix')
click(button(dialog, 'Close'))
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')

app.close()

disk = slow_disk(flush=60)
app = App(**disk)
wait(lambda: len(app.rows()) == 1, 'row of the sample image')
dialog = start('ISO File')
wait(lambda: says(dialog, 'Creating “'), 'progress')
screenshot('2-progress')
click(button(dialog, 'Run in Background'))
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')
wait(lambda: named(app.window, 'push button', 'Jobs: 1 is running'), 'button that counts the jobs')
screenshot('3-running')
key('ctrl+q')
ask = app.wait_dialog('Media Are Still Being Made')
screenshot('4-question')
click(button(ask, 'Run in Background'))
wait(lambda: not any(w.get_role_name() == 'frame' for w in app.windows()), 'the window to close')
check('the program goes on', app.process.poll() is None)
quick(disk)
wait(lambda: notes, 'notification', 60)
check('it says what was made', notes[0][3] == '1 medium is ready', notes)
check('the ISO file is there', os.path.getsize(os.path.join(HOME, 'Kindling sample.iso')) > 1 << 20)
bus.emit_signal(None, '/org/freedesktop/Notifications', 'org.freedesktop.Notifications', 'ActionInvoked',
                GLib.Variant('(us)', (7, 'default')))
jobs = app.wait_dialog('Jobs')
check('the list says how all ended', sum(', Done' in n.get_name() for n in kids(find(jobs, 'list', 'Jobs'))) == 1)
app.window = wait(lambda: app.dialog('Kindling'), 'the window to come back')
screenshot('5-back')
key('Escape')
wait(lambda: app.dialog('Jobs') is None, 'the list to close')

# The medium is ready before the question is answered: the window closes all the same.
quick(disk, False)
dialog = start('ISO File')
click(wait(lambda: button(dialog, 'Run in Background'), 'progress'))
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')
key('ctrl+q')
app.wait_dialog('Media Are Still Being Made')
quick(disk)
wait(lambda: not any(w.get_role_name() == 'frame' for w in app.windows()), 'the window to close', 60)
wait(lambda: len(notes) == 2, 'notification')
check('it says so again', notes[1][3] == '1 medium is ready', notes)
app.close()
