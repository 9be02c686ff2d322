# SPDX-License-Identifier: GPL-3.0-or-later
"""Accessible objects straight from the accessibility bus, with the names of libatspi's methods.

libatspi asks for one thing at a time and waits for the answer; a dialog of 500 objects takes it 2000 turns. Here all
questions about one level of the tree are on their way at once, and nothing is remembered that could have changed
meanwhile: an object keeps its role, and a label has nothing in it."""
import functools

import gi
gi.require_version('Atspi', '2.0')
from gi.repository import Atspi, Gio, GLib  # noqa: E402

PREFIX = 'org.a11y.atspi.'
PROPERTIES = 'org.freedesktop.DBus.Properties'
ROOT = '/org/a11y/atspi/accessible/root'
TIMEOUT = 60000     # milliseconds
MANY = 400          # calls on their way at once
CHILDLESS = ('label', 'icon', 'image', 'separator')
_connection = None
_roles = {}         # of each object that was asked, by owner and path
_childless = set()  # objects of those roles that had no children


def _bus():
    global _connection
    if _connection is None:
        session = Gio.bus_get_sync(Gio.BusType.SESSION)
        address = session.call_sync('org.a11y.Bus', '/org/a11y/bus', 'org.a11y.Bus', 'GetAddress', None, None,
                                    Gio.DBusCallFlags.NONE, TIMEOUT).unpack()[0]
        _connection = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
    return _connection


def _call(owner, path, interface, method, arguments=None):
    return _bus().call_sync(owner, path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, TIMEOUT).unpack()


def _ask_all(calls):
    """Answers to (owner, path, interface, method, arguments), in their order; None where the object has gone."""
    bus, answers = _bus(), [None] * len(calls)
    context = GLib.MainContext.new()
    context.push_thread_default()
    left = 0

    def answered(_, result, index):
        nonlocal left
        left -= 1
        try:
            answers[index] = bus.call_finish(result).unpack()
        except GLib.Error:
            pass

    try:
        for index, call in enumerate(calls):
            left += 1
            bus.call(*call, None, Gio.DBusCallFlags.NONE, TIMEOUT, None, answered, index)
            while left >= MANY:
                context.iteration(True)
        while left:
            context.iteration(True)
    finally:
        context.pop_thread_default()
    return answers


@functools.cache
def _role_name(number):
    return Atspi.role_get_name(Atspi.Role(number))


class Node:
    """An accessible object; each question is asked anew. Two of the same object are equal."""

    def __init__(self, owner, path):
        self.owner, self.path = self.key = owner, path
        self.role = None

    def __eq__(self, other):
        return isinstance(other, Node) and self.key == other.key

    def __hash__(self):
        return hash(self.key)

    def call(self, interface, method, arguments=None):
        return _call(self.owner, self.path, PREFIX + interface, method, arguments)

    def property(self, interface, name):
        return _call(self.owner, self.path, PROPERTIES, 'Get', GLib.Variant('(ss)', (PREFIX + interface, name)))[0]

    def get_name(self):
        return self.property('Accessible', 'Name')

    def get_description(self):
        return self.property('Accessible', 'Description')

    def get_child_count(self):
        return self.property('Accessible', 'ChildCount')

    def get_parent(self):
        return _node(self.property('Accessible', 'Parent'))

    def get_role_name(self):
        if self.role is None:
            self.role = _role_name(self.call('Accessible', 'GetRole')[0])
        return self.role

    def get_interfaces(self):
        return [name.removeprefix(PREFIX) for name in self.call('Accessible', 'GetInterfaces')[0]]

    def get_state_set(self):
        return States(self.call('Accessible', 'GetState')[0])

    def get_process_id(self):
        return _call('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus',
                     'GetConnectionUnixProcessID', GLib.Variant('(s)', (self.owner,)))[0]

    def get_n_actions(self):
        return self.property('Action', 'NActions')

    def get_action_name(self, index):
        return self.call('Action', 'GetName', GLib.Variant('(i)', (index,)))[0]

    def do_action(self, index):
        return self.call('Action', 'DoAction', GLib.Variant('(i)', (index,)))[0]

    def get_extents(self, relative_to):
        """x, y, width and height in pixels."""
        return Extents(*self.call('Component', 'GetExtents', GLib.Variant('(u)', (int(relative_to),)))[0])

    def get_text(self):
        return self.call('Text', 'GetText', GLib.Variant('(ii)', (0, self.property('Text', 'CharacterCount'))))[0]

    def set_text(self, text):
        return self.call('EditableText', 'SetTextContents', GLib.Variant('(s)', (text,)))[0]

    def select_child(self, index):
        return self.call('Selection', 'SelectChild', GLib.Variant('(i)', (index,)))[0]

    def get_value(self):
        return self.property('Value', 'CurrentValue')

    def set_value(self, value):
        return _call(self.owner, self.path, PROPERTIES, 'Set',
                     GLib.Variant('(ssv)', (PREFIX + 'Value', 'CurrentValue', GLib.Variant('d', value))))

    def children(self):
        return [Node(*child) for child in self.call('Accessible', 'GetChildren')[0]]


class Extents:
    def __init__(self, x, y, width, height):
        self.x, self.y, self.width, self.height = x, y, width, height


class States:
    def __init__(self, words):
        self.bits = words[0] | words[1] << 32

    def contains(self, state):
        return bool(self.bits >> int(state) & 1)


def _node(reference):
    return None if reference[1] == '/org/a11y/atspi/null' else Node(*reference)


def programs():
    """The programs on the accessibility bus."""
    return Node(PREFIX + 'Registry', ROOT).children()


def tree(root):
    """The node and all below it, each before what is in it, with their roles known."""
    below, level = {}, [root]
    while level:
        strange = [node for node in level if node.key not in _roles]
        parents = [node for node in level if node.key not in _childless]
        answers = _ask_all([(n.owner, n.path, PREFIX + 'Accessible', 'GetRole', None) for n in strange]
                           + [(n.owner, n.path, PREFIX + 'Accessible', 'GetChildren', None) for n in parents])
        _roles.update({node.key: _role_name(role[0]) for node, role in zip(strange, answers) if role})
        children = dict(zip((node.key for node in parents), answers[len(strange):]))
        following = []
        for node in level:
            node.role, its = _roles.get(node.key), children.get(node.key, ([],))
            if node.role is None or its is None:
                continue                    # it went away meanwhile
            if not its[0] and node.role in CHILDLESS:
                _childless.add(node.key)
            below[node] = [Node(*child) for child in its[0]]
            following += below[node]
        level = following

    found, stack = [], [root]
    while stack:
        node = stack.pop()
        if node in below:
            found.append(node)
            stack.extend(reversed(below[node]))
    return found


def names(nodes):
    """Their names, in their order; None for one that has gone."""
    answers = _ask_all([(n.owner, n.path, PROPERTIES, 'Get', GLib.Variant('(ss)', (PREFIX + 'Accessible', 'Name')))
                        for n in nodes])
    return [a and a[0] for a in answers]


def interfaces(nodes):
    """Their interfaces without the prefix, in their order; none for one that has gone."""
    answers = _ask_all([(n.owner, n.path, PREFIX + 'Accessible', 'GetInterfaces', None) for n in nodes])
    return [[i.removeprefix(PREFIX) for i in a[0]] if a else [] for a in answers]
