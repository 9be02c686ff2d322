# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds, reads and operates the widgets of a GTK 4 program over AT-SPI (gi.repository.Atspi, no pyatspi)."""
import os
import subprocess
import time

import gi
gi.require_version('Atspi', '2.0')
from gi.repository import Atspi, GLib  # noqa: E402

T0 = time.monotonic()
SLOW = float(os.environ.get('A11Y_SLOW', 1))     # multiplies every deadline


def log(*words):
    print(f'[{time.monotonic() - T0:6.2f}]', *words, flush=True)


def check(what, ok, *details):
    """Logs one expectation; ends the run with exit status 1 where it does not hold."""
    log('ok  ' if ok else 'NOT OK', what, *details)
    if not ok:
        raise SystemExit('FAILED: ' + what)


def wait(fn, what, timeout=30):
    """Calls fn until it gives a true value. Serves the GLib main context meanwhile: the AT-SPI cache needs it."""
    end = time.monotonic() + timeout * SLOW
    while time.monotonic() < end:
        try:
            result = fn()
            if result:
                return result
        except GLib.Error:
            pass                      # the object went away between two calls
        context = GLib.MainContext.default()
        while context.pending():
            context.iteration(False)
        time.sleep(0.03)
    raise SystemExit('FAILED: no ' + what + f' within {timeout * SLOW:.0f} s')


def kids(node):
    return [k for k in (node.get_child_at_index(i) for i in range(node.get_child_count())) if k is not None]


def walk(node):
    """The node and all below it, but for those that go away meanwhile: the cache may miss that they have gone."""
    try:
        node.get_role_name(), node.get_name()
        below = kids(node)
    except GLib.Error:
        return
    yield node
    for k in below:
        yield from walk(k)


def find_all(root, role=None, name=None):
    return [n for n in walk(root)
            if (role is None or n.get_role_name() == role) and (name is None or n.get_name() == name)]


def find(root, role=None, name=None):
    return next((n for n in walk(root) if (role is None or n.get_role_name() == role)
                 and (name is None or n.get_name() == name)), None)


def named(root, role, part):
    """The first one of this role whose name has the part in it."""
    return next((n for n in walk(root) if n.get_role_name() == role and part in n.get_name()), None)


def button(root, label):
    """A mnemonic button is called '_Create Create', one with an explicit label 'Export Export': compare the end."""
    return next((n for n in walk(root) if n.get_role_name() == 'push button'
                 and (' ' + n.get_name()).endswith(' ' + label)), None)


def says(root, part):
    return named(root, 'label', part)


def actions(node):
    if 'Action' not in (node.get_interfaces() or []):
        return []
    return [Atspi.Action.get_action_name(node, i) for i in range(node.get_n_actions())]


def click(node):
    names = actions(node)
    index = next((i for i, a in enumerate(names) if a in ('click', 'activate', 'toggle')), None)
    check(f'{node.get_role_name()} {node.get_name()!r} can be clicked', index is not None, names)
    return node.do_action(index)


def is_on(node, state):
    return node.get_state_set().contains(getattr(Atspi.StateType, state))


def text_of(node):
    return Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node))     # an end of -1 gives ''


def entry(root, name):
    """The text inside an entry row; the row has the name, the text in it has the interface."""
    return next((n for n in walk(root) if 'EditableText' in (n.get_interfaces() or [])
                 and name in n.get_name()), None)


def key(*keys):
    subprocess.run(['xdotool', 'key', '--clearmodifiers', *keys], check=True)


def type_text(text):
    subprocess.run(['xdotool', 'type', '--delay', '5', text], check=True)


def settle(seconds):
    """Lets animations run out before a picture is taken; never used to wait for an outcome."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        context = GLib.MainContext.default()
        while context.pending():
            context.iteration(False)
        time.sleep(0.03)
