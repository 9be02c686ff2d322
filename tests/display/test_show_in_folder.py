#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show in Folder asks the file manager on the bus to select the file; without one it opens the folder."""
import gi
gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402
from driver import *

MANAGER = Gio.DBusNodeInfo.new_for_xml("""<node><interface name="org.freedesktop.FileManager1">
  <method name="ShowItems"><arg type="as" direction="in"/><arg type="s" direction="in"/></method>
</interface></node>""").interfaces[0]
bus = Gio.bus_get_sync(Gio.BusType.SESSION)
calls = []


def called(connection, sender, path, interface, method, parameters, invocation):
    calls.append((path, method, parameters.unpack()))
    invocation.return_value(None)


def create(name):
    key('ctrl+n')
    dialog = app.wait_dialog('Create Media')
    wait(lambda: entry(dialog, 'File Name'), 'file name')
    set_text(entry(dialog, 'File Name'), name)
    wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next')
    click(button(dialog, 'Next'))
    wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
    click(button(dialog, 'Next'))
    wait(lambda: button(dialog, 'Create') and is_on(button(dialog, 'Create'), 'SENSITIVE'), 'review')
    click(button(dialog, 'Create'))
    wait(lambda: says(dialog, 'Is Ready'), 'result')
    return dialog


# What opens folders where no file manager is on the bus.
opened = os.path.join(HOME, 'opened')
applications = os.path.join(os.environ['XDG_DATA_HOME'], 'applications')
os.makedirs(applications)
os.makedirs(os.environ['XDG_CONFIG_HOME'], exist_ok=True)
with open(os.path.join(applications, 'stand-in.desktop'), 'w') as f:
    f.write('[Desktop Entry]\nType=Application\nName=Stand-in\nMimeType=inode/directory;\n'
            f'Exec=sh -c "echo \\\\$0 > {opened}" %u\n')
with open(os.path.join(os.environ['XDG_CONFIG_HOME'], 'mimeapps.list'), 'w') as f:
    f.write('[Default Applications]\ninode/directory=stand-in.desktop\n')

registration = bus.register_object('/org/freedesktop/FileManager1', MANAGER, called, None, None)
owner = Gio.bus_own_name_on_connection(bus, 'org.freedesktop.FileManager1', Gio.BusNameOwnerFlags.NONE, None, None)
app = App()
app.add_sample()
dialog = create('größe & #1.iso')
path = os.path.join(HOME, 'größe & #1.iso')
click(button(dialog, 'Show in Folder'))
wait(lambda: calls, 'call of the file manager')
check('it was asked to select the file', calls == [('/org/freedesktop/FileManager1', 'ShowItems', ([GLib.filename_to_uri(path)], ''))],
      calls)

Gio.bus_unown_name(owner)
bus.unregister_object(registration)
bus.flush_sync()
click(button(dialog, 'Show in Folder'))
wait(lambda: os.path.exists(opened) and os.path.getsize(opened), 'folder to be opened')
with open(opened) as f:
    check('the folder was opened', f.read().strip().removeprefix('file://').rstrip('/') == HOME)

os.remove(os.path.join(os.environ['XDG_CONFIG_HOME'], 'mimeapps.list'))
os.remove(os.path.join(applications, 'stand-in.desktop'))
settle(1)           # GIO looks at its folders of programs again
click(button(dialog, 'Show in Folder'))
ask = app.wait_dialog('The Folder Cannot Be Shown')
check('the path is said', says(ask, path))
screenshot('1-nothing-opens-folders')
click(button(ask, 'Close'))
wait(lambda: app.dialog('The Folder Cannot Be Shown') is None, 'the message to close')
app.close()
