#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service without a display, beside its calls: the machine does not fall asleep under a job, and the catalog is the one that
was chosen in the preferences."""
import os

from gi.repository import Gio, GLib

from bus import IMAGES, IMAGES_PATH, BusTest, Daemon, connect, main, wait_for

LOGIND = '''<node><interface name="org.freedesktop.login1.Manager"><method name="Inhibit"><arg type="s" direction="in"/>
<arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="h" direction="out"/>
</method></interface></node>'''


class Sleep(BusTest):
    def setUp(self):
        super().setUp()
        self.locks = []         # (what, who, why, mode, our end of the lock)
        self.refuse = self.refused = False
        daemon = Daemon()
        self.addCleanup(self.end, daemon)
        self.system = connect(daemon.address)
        interface = Gio.DBusNodeInfo.new_for_xml(LOGIND).interfaces[0]
        self.system.register_object('/org/freedesktop/login1', interface, self.inhibit)
        Gio.bus_own_name_on_connection(self.system, 'org.freedesktop.login1', Gio.BusNameOwnerFlags.NONE, None, None)
        self.write_script(self.path('start'), {**self.service_environment(), 'DBUS_SYSTEM_BUS_ADDRESS': daemon.address})

    def end(self, daemon):
        for lock in self.locks:
            os.close(lock[-1])
        self.system.close_sync(None)
        daemon.end()

    def inhibit(self, connection, sender, path, interface, method, parameters, invocation):
        if self.refuse:
            invocation.return_dbus_error('org.freedesktop.DBus.Error.AccessDenied', 'Not here')
            self.refused = True
            return
        ours, theirs = os.pipe()
        self.locks.append((*parameters.unpack(), ours))
        invocation.return_value_with_unix_fd_list(GLib.Variant('(h)', (0,)), Gio.UnixFDList.new_from_array([theirs]))

    def is_held(self, lock):
        os.set_blocking(lock[-1], False)
        try:
            return os.read(lock[-1], 1) != b''
        except BlockingIOError:
            return True

    def test_machine_stays_awake_under_a_job(self):
        image = self.import_good()
        self.client.create('CD', self.slow_path(), image)
        lock = wait_for(lambda: self.locks and self.locks[0], 'lock')
        self.assertEqual(lock[:4], ('sleep', 'Kindling', 'A job is running', 'block'))
        self.assertFalse([s for s in self.client.signals if s[1] == 'Completed'])
        self.assertTrue(self.is_held(lock))
        self.assertEqual(self.client.wait()[0], 0)
        wait_for(lambda: not self.is_held(lock), 'the lock to be given back')
        self.assertEqual(len(self.locks), 1)
        self.client.call(IMAGES, 'ListImages', path=IMAGES_PATH)
        self.assertEqual(len(self.locks), 1)

        replies = []
        self.client.bus.call('org.kindling.Kindling', IMAGES_PATH, IMAGES, 'ExportDefaultBootImage',
                             GLib.Variant('(sus)', ('x64', 0, self.slow_path('out.wim'))), None, Gio.DBusCallFlags.NONE, 60_000,
                             None, lambda bus, result: replies.append(bus.call_finish(result).unpack()))
        lock = wait_for(lambda: self.locks[1:] and self.locks[1], 'lock of an export')
        wait_for(lambda: replies, 'the export')
        self.assertEqual(replies, [(0,)])
        wait_for(lambda: not self.is_held(lock), 'the lock to be given back')

    def test_no_lock_is_no_fault(self):
        self.refuse = True
        image = self.import_good()
        self.client.create('CD', self.path('out.iso'), image)
        self.assertEqual(self.client.wait(), (0, '', ''))
        wait_for(lambda: self.refused, 'the refusal')


class CatalogOfThePreferences(BusTest):
    def environment(self):
        return {**super().environment(), 'GSETTINGS_BACKEND': 'keyfile'}

    def choose(self, folder):
        path = self.path('config', 'glib-2.0', 'settings', 'keyfile')
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + '.new', 'w') as out:
            out.write(f"[org/kindling/Kindling]\ncatalog-folder='{folder}'\n")
        os.rename(path + '.new', path)

    def names(self, client):
        return [image['Name'] for image in client.call(IMAGES, 'ListImages', path=IMAGES_PATH)[1]]

    def test_client_follows_the_catalog(self):
        """What a client sees and makes media of is the catalog that was chosen last; what is under way goes on."""
        os.makedirs(os.path.dirname(self.path('config', 'glib-2.0', 'settings', 'keyfile')))
        first = self.import_good('--name', 'First', '--id', 'ABC00001')
        self.client.set('MediaLabel', GLib.Variant('s', 'KEPT'))
        self.assertEqual(self.names(self.client), ['First'])
        self.catalog = self.path('other')
        second = self.import_good('--name', 'Second', '--id', 'ABC00002')
        self.client.create('CD', self.slow_path('first.iso'), first, path=self.client.path + '/busy')
        self.client.wait_for_writing(self.client.path + '/busy')
        self.choose(self.catalog)
        wait_for(lambda: self.names(self.client) == ['Second'], 'the other catalog')
        self.client.create('CD', self.path('second.iso'), second)
        self.assertEqual(self.client.wait(), (0, '', ''))
        self.assertEqual(self.json('inspect', self.path('second.iso')).last['label'], 'KEPT')
        self.assertEqual(self.client.wait(self.client.path + '/busy'), (0, '', ''))
        self.client.signals.clear()
        self.client.create('CD', self.path('third.iso'), first)
        self.assertEqual(self.client.wait()[:2], (0x80040003, first))


if __name__ == '__main__':
    main()
