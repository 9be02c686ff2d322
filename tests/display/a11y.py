# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds, reads and operates the widgets of a GTK 4 program over AT-SPI."""
import os
import subprocess
import time

import bus_tree
from bus_tree import Atspi, GLib

T0 = time.monotonic()
# Multiplies every deadline; a sanitizer makes all slower still.
SLOW = float(os.environ.get('A11Y_SLOW', 1)) * (4 if 'LSAN_OPTIONS' in os.environ else 1)


def log(*words):
    print(f'[{time.monotonic() - T0:6.2f}]', *words, flush=True)


def check(what, ok, *details):
    """Logs one expectation; ends the run with exit status 1 where it does not hold."""
    log('ok  ' if ok else 'NOT OK', what, *details)
    if not ok:
        raise SystemExit('FAILED: ' + what)


def check_measured(what, ok, *details):
    """As check, of time or memory; a sanitizer needs more of both, so with one it is told only."""
    if 'LSAN_OPTIONS' in os.environ:
        log('told', what, *details)
    else:
        check(what, ok, *details)


def wait(fn, what, timeout=30):
    """Calls fn until it gives a true value. Serves the GLib main context meanwhile."""
    end = time.monotonic() + timeout * SLOW
    while time.monotonic() < end:
        asked = time.monotonic()
        try:
            result = fn()
            if result:
                return result
        except GLib.Error:
            pass                      # the object went away between two calls
        context = GLib.MainContext.default()
        while context.pending():
            context.iteration(False)
        # Half of the time is the program's, which cannot get on while it answers.
        time.sleep(min(max(0.03, time.monotonic() - asked), 0.3))
    raise SystemExit('FAILED: no ' + what + f' within {timeout * SLOW:.0f} s')


def kids(node):
    return node.children()


def walk(node):
    """The node and all below it, but for those that went away meanwhile."""
    return bus_tree.tree(node)


def with_names(root, *roles):
    """Each node of these roles (none: of any) and its name."""
    nodes = [n for n in walk(root) if not roles or n.get_role_name() in roles]
    return [(n, name) for n, name in zip(nodes, bus_tree.names(nodes)) if name is not None]


def all_names(root, *roles):
    """The names of all of these roles, one a line."""
    return '\n'.join(name for _, name in with_names(root, *roles))


def find_if(root, role, fits):
    """The first node of this role (None: of any) whose name fits."""
    return next((n for n, name in with_names(root, *([role] if role else [])) if fits(name)), None)


def find_all(root, role, name):
    return [n for n, its in with_names(root, role) if its == name]


def find(root, role=None, name=None):
    return find_if(root, role, lambda its: name is None or its == name)


def named(root, role, part):
    """The first one of this role whose name has the part in it."""
    return find_if(root, role, lambda name: part in name)


def button(root, label):
    """A mnemonic button is called '_Create Create', one with an explicit label 'Export Export': compare the end."""
    return find_if(root, 'push button', lambda name: (' ' + name).endswith(' ' + label))


def says(root, part):
    return named(root, 'label', part)


def with_interface(root, interface):
    """All nodes that have this interface, such as Text."""
    nodes = walk(root)
    return [n for n, its in zip(nodes, bus_tree.interfaces(nodes)) if interface in its]


def actions(node):
    if 'Action' not in node.get_interfaces():
        return []
    return [node.get_action_name(i) for i in range(node.get_n_actions())]


def click(node):
    names = actions(node)
    index = next((i for i, a in enumerate(names) if a in ('click', 'activate', 'toggle')), None)
    check(f'{node.get_role_name()} {node.get_name()!r} can be clicked', index is not None, names)
    return node.do_action(index)


def is_on(node, state):
    """None, which is what was not found, has no state."""
    return node is not None and node.get_state_set().contains(getattr(Atspi.StateType, state))


def text_of(node):
    return node.get_text()


def set_text(node, text):
    check('the text is taken', node.set_text(text))


def select_row(node, index):
    """Selects the row with this index in a list."""
    check('the row is selected', node.select_child(index))


def entry(root, name):
    """The text inside an entry row; the row has the name, the text in it has the interface."""
    nodes = with_interface(root, 'EditableText')
    return next((n for n, its in zip(nodes, bus_tree.names(nodes)) if its and name in its), None)


def keys_arrive():
    """Whether the window that the window manager calls active has the focus of the X server, too. For a moment after a window
    has closed no window has it, and keys are lost."""
    active, focused = (subprocess.run(['xdotool', which], capture_output=True, text=True).stdout
                       for which in ('getactivewindow', 'getwindowfocus'))
    return active and active == focused


def key(*keys):
    wait(keys_arrive, 'a window to get the keys')
    subprocess.run(['xdotool', 'key', '--clearmodifiers', *keys], check=True)


def type_text(text):
    wait(keys_arrive, 'a window to get the keys')
    subprocess.run(['xdotool', 'type', '--delay', '5', text], check=True)


def settle(seconds):
    """Lets animations run out before a picture is taken; never used to wait for an outcome."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        context = GLib.MainContext.default()
        while context.pending():
            context.iteration(False)
        time.sleep(0.03)
