#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program for which polkit's question is dismissed, as a person does who closes the dialogue:
dismiss.py PROGRAM ARGUMENT…"""
import os
import sys

from gi.repository import Gio, GLib

AGENT = '''<node><interface name="org.freedesktop.PolicyKit1.AuthenticationAgent">
  <method name="BeginAuthentication">
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="a{ss}" direction="in"/><arg type="s" direction="in"/><arg type="a(sa{sv})" direction="in"/>
  </method>
  <method name="CancelAuthentication"><arg type="s" direction="in"/></method>
</interface></node>'''
PATH = '/org/kindling/Test/Agent'


def called(connection, sender, path, interface, method, parameters, invocation):
    print(f'asked: {parameters[1]}' if method == 'BeginAuthentication' else method, flush=True)
    invocation.return_dbus_error('org.freedesktop.PolicyKit1.Error.Cancelled', 'The question was closed')


def start_time(pid):
    """In clock ticks since the start of the machine; proc(5), field 22."""
    with open(f'/proc/{pid}/stat', encoding='utf-8') as f:
        return int(f.read().rpartition(')')[2].split()[19])


def main(argv):
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
    interface = Gio.DBusNodeInfo.new_for_xml(AGENT).interfaces[0]
    bus.register_object(PATH, interface, called, None, None)

    # The program starts when there is somebody to ask.
    go_on, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(go_on, 1)
        os.execvp(argv[0], argv)
    subject = ('unix-process', {'pid': GLib.Variant('u', pid), 'start-time': GLib.Variant('t', start_time(pid)),
                                'uid': GLib.Variant('i', os.getuid())})
    bus.call_sync('org.freedesktop.PolicyKit1', '/org/freedesktop/PolicyKit1/Authority',
                  'org.freedesktop.PolicyKit1.Authority', 'RegisterAuthenticationAgent',
                  GLib.Variant('((sa{sv})ss)', (subject, 'C', PATH)), None, Gio.DBusCallFlags.NONE, -1, None)
    os.write(go, b'1')

    loop = GLib.MainLoop()
    status = []
    GLib.child_watch_add(GLib.PRIORITY_DEFAULT, pid, lambda pid, wait_status: (status.append(wait_status), loop.quit()))
    loop.run()
    return os.waitstatus_to_exitcode(status[0])


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
