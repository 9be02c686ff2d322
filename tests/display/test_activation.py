#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Started by the session bus: a file manager's WIM file opens a window, which shows what this is; it can go while a program on
the bus still needs the process."""
from driver import *
from gi.repository import Gio, GLib

NAME, PATH = 'org.kindling.Kindling', '/org/kindling/Kindling'
bus = Gio.bus_get_sync(Gio.BusType.SESSION)


def call(name, path, interface, method, signature='()', *arguments):
    return bus.call_sync(name, path, interface, method, GLib.Variant(signature, arguments), None, Gio.DBusCallFlags.NONE,
                         30_000, None).unpack()


def daemon(method, *arguments):
    return call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', method, *arguments)


def owner():
    try:
        return daemon('GetConnectionUnixProcessID', '(s)', NAME)[0]
    except GLib.Error:
        return None


def program():
    return next((a for a in programs() if a.get_process_id() == pid), None)


def window(name):
    found = program()
    return next((w for w in kids(found) if name in w.get_name() and not a11y.is_on(w, 'DEFUNCT')), None) if found else None


def properties(method, signature, *arguments):
    return call(NAME, PATH + '/MediaCreator', 'org.freedesktop.DBus.Properties', method, signature,
                'org.kindling.MediaCreator1', *arguments)


services = os.path.join(os.environ['XDG_DATA_HOME'], 'dbus-1', 'services')
os.makedirs(services)
with open(os.path.join(services, NAME + '.service'), 'w') as out:
    out.write(f'[D-BUS Service]\nName={NAME}\nExec={PROGRAM} --gapplication-service\n')
daemon('ReloadConfig')
check('it does not run yet', owner() is None)
image = os.path.join(HOME, 'from the file manager.wim')
shutil.copy(SAMPLE, image)
call(NAME, PATH, 'org.freedesktop.Application', 'Open', '(asa{sv})', ['file://' + image.replace(' ', '%20')], {})
pid = owner()
check('the bus has started it', pid)
try:
    main = wait(lambda: window('Kindling'), 'window')
    images = wait(lambda: find(main, 'list', 'Boot Images'), 'list')
    wait(lambda: any('KDL00001' in n.get_name() for n in kids(images)), 'row of the image that was opened')

    call(NAME, PATH, 'org.freedesktop.Application', 'ActivateAction', '(sava{sv})', 'about', [], {})
    about = wait(lambda: next((w for w in kids(program()) if find(w, 'label', 'Troubleshooting')), None), 'About')
    screenshot('1-about')
    texts = [a11y.text_of(n) for n in a11y.with_interface(about, 'Text')]
    info = next((t for t in texts if t.startswith('Kindling ') and 'GTK' in t), '')
    check('it has facts for a report', all(w in info for w in ('libadwaita', 'System: ', 'Linux', 'Catalog: ~/', '1 entries')), info)
    check('and tells no names', HOME not in info and 'KDL' not in info and os.uname().nodename not in info.split(), info)
    check('libraries are named', 'wimlib' in a11y.all_names(about))
    key('Escape')
    wait(lambda: not any(find(w, 'label', 'Troubleshooting') for w in kids(program())), 'About to close')

    properties('Set', '(ssv)', 'MediaLabel', GLib.Variant('s', 'KEPT'))
    key('ctrl+w')
    wait(lambda: window('Kindling') is None, 'the window to close')
    settle(.5)
    check('the process stays for its client', owner() == pid and properties('Get', '(ss)', 'MediaLabel') == ('KEPT',))
    call(NAME, PATH, 'org.freedesktop.Application', 'Activate', '(a{sv})', {})
    wait(lambda: window('Kindling'), 'the window again')
    check('of the same process', owner() == pid)
    count_colours()
finally:
    if pid and owner() == pid:
        os.kill(pid, 15)
