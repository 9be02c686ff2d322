#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes boot media through Kindling's objects on the session bus, the way the documented interface is used: set properties,
call CreateBootMedia, wait until Status is 0, read ExitCode and ErrorDetail; and asks for the status of an injection.

    make-boot-media.py list
    make-boot-media.py status CONTEXT-ID
    make-boot-media.py create TYPE DESTINATION IMAGE-ID [LABEL]     the media password is read from standard input; none if empty
"""
import os
import sys

from gi.repository import Gio, GLib

NAME = 'org.kindling.Kindling'
STATES = 'complete', 'in progress', 'error', 'no status'


def connect(path, interface):
    """The program is started by the bus where it does not run."""
    return Gio.DBusProxy.new_for_bus_sync(Gio.BusType.SESSION, Gio.DBusProxyFlags.NONE, None, NAME,
                                          '/org/kindling/Kindling/' + path, interface, None)


def list_images():
    images = connect('BootImages', 'org.kindling.BootImages1')
    result, listed = images.ListImages()
    for image in listed:
        print(image['PackageID'], image.get('Name', image.get('Error')), image.get('ContextID', ''), sep='\t')


def show_status(context_id):
    images = connect('BootImages', 'org.kindling.BootImages1')
    result, status, progress, max_progress, text, code, file = images.QueryOSDBinaryInjectionStatus('(s)', context_id)
    percent = progress * 100 // max_progress if max_progress else 0
    print(f'{STATES[status]}, step {progress} of {max_progress} ({percent} %): {text}')
    if code:
        print(f'error {code}: {file}')


def set_property(creator, name, value):
    creator.get_connection().call_sync(NAME, creator.get_object_path(), 'org.freedesktop.DBus.Properties', 'Set',
                                       GLib.Variant('(ssv)', (creator.get_interface_name(), name, value)), None,
                                       Gio.DBusCallFlags.NONE, -1, None)


def send_secret(text):
    """A secret never is part of a message, which others may log: it goes through a pipe."""
    ours, theirs = os.pipe()
    os.write(theirs, text.encode() + b'\n')
    os.close(theirs)
    fds = Gio.UnixFDList()
    handle = fds.append(ours)          # has a copy of its own
    os.close(ours)
    return fds, [handle]


def create(media_type, destination, image_id, label=''):
    password = sys.stdin.readline().rstrip('\n')
    fds, handles = send_secret(password) if password else (None, [])
    creator = connect('MediaCreator', 'org.kindling.MediaCreator1')
    set_property(creator, 'MediaLabel', GLib.Variant('s', label))

    loop = GLib.MainLoop()

    def changed(proxy, properties, invalidated):
        """Properties come in one piece: when Status is 0, the others are what they will be."""
        step, steps = (proxy.get_cached_property(n).unpack() for n in ('CurrentStep', 'NumSteps'))
        if step:
            print(f"step {step} of {steps}: {proxy.get_cached_property('StepInfo').unpack()}, "
                  f"{proxy.get_cached_property('StepProgress').unpack()} %")
        if properties.unpack().get('Status') == 0:
            loop.quit()

    creator.connect('g-properties-changed', changed)
    request = GLib.Variant('(sssahsahssb)', (media_type, os.path.abspath(destination), image_id, handles,
                                             '', [],      # no PFX file: a self-signed certificate is made
                                             '', '',      # valid from now, for a year
                                             True))       # Async
    creator.call_with_unix_fd_list_sync('CreateBootMedia', request, Gio.DBusCallFlags.NONE, -1, fds, None)
    loop.run()

    code = creator.get_cached_property('ExitCode').unpack()
    detail = creator.get_cached_property('ErrorDetail').unpack()
    print(f'ExitCode 0x{code:08X}' + (f': {detail}' if detail else ''))
    return 1 if code else 0


def main(arguments):
    if arguments[:1] == ['list'] and len(arguments) == 1:
        list_images()
    elif arguments[:1] == ['status'] and len(arguments) == 2:
        show_status(arguments[1])
    elif arguments[:1] == ['create'] and len(arguments) in (4, 5):
        return create(*arguments[1:])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1:]))
    except GLib.Error as error:
        sys.exit(f'{Gio.DBusError.get_remote_error(error)}: {error.message}')
