#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""org.kindling.BootImages1 as programs use it."""
import os
import subprocess
from xml.etree import ElementTree

from gi.repository import Gio, GLib

from bus import IMAGES, IMAGES_PATH, NAME, BusTest, main, wait_for

NOTHING = (0, 3, 0, 0, '', 0, '')


class Images(BusTest):
    def images(self, method, *arguments):
        return self.client.call(IMAGES, method, *arguments, path=IMAGES_PATH)

    def query(self, context_id):
        return self.images('QueryOSDBinaryInjectionStatus', '(s)', context_id)

    def test_status_of_an_injection(self):
        image = self.import_good()
        context = self.json('image', 'prepare', image).last['context-id']
        shown = self.json('image', 'status', context).last
        self.assertEqual(self.query(context), (0, 0, 9, 9, shown['progress-text'], 0, ''))
        self.assertEqual(self.query('{' + context.upper() + '}')[1], 0)
        self.assertEqual(self.images('DeleteContextID', '(s)', context), (0,))
        self.assertEqual(self.query(context), NOTHING)
        self.assertEqual(self.images('DeleteContextID', '(s)', context), (0,))

    def test_injection_that_failed(self):
        image = self.import_good()
        binaries = self.path('binaries')
        os.makedirs(binaries)
        self.ctl('image', 'set', image, 'binaries=' + binaries)
        os.rmdir(binaries)
        self.ctl('image', 'prepare', image, status=30)
        context = self.images('ListImages')[1][0]['ContextID']
        result, status, progress, most, text, code, file = self.query(context)
        self.assertEqual((result, status, most, file), (0, 2, 9, binaries))
        self.assertGreater(progress, 0)
        self.assertTrue(text and code)

    def test_unknown_contexts(self):
        for context in '', 'nonsense', '../..', '{}':
            self.assertEqual(self.query(context), NOTHING)
            self.assertEqual(self.images('DeleteContextID', '(s)', context), (0,))
        self.assert_error('E_INVALIDARG', 'ContextID', self.query, 'x' * 100_000)

    def test_list(self):
        self.assertEqual(self.images('ListImages'), (0, []))
        first = self.import_good('--name', 'First one')
        second = self.import_good()
        with open(os.path.join(self.catalog, second, 'image.ini'), 'w') as out:
            out.write('nonsense')
        listed = {image['PackageID']: image for image in self.images('ListImages')[1]}
        self.assertEqual(listed[first]['Name'], 'First one')
        self.assertEqual(listed[first]['Architecture'], 'x64')
        self.assertEqual(listed[first]['ImageOSVersion'], '10.0.26100.1')
        self.assertEqual(sorted(listed[second]), ['Error', 'PackageID'])

    def export(self, architecture, path, index=0, **options):
        return self.client.call(IMAGES, 'ExportDefaultBootImage', '(sus)', architecture, index, path, path=IMAGES_PATH,
                                **options)

    def test_export(self):
        wim = self.path('out.wim')
        self.assert_error('ERROR_FILE_NOT_FOUND', 'x64', self.export, 'x64', wim)
        image = self.import_good()
        for _ in range(2):
            self.assertEqual(self.export('x64', wim), (0,))
        self.assertIn('Odd PE', subprocess.run(['wimlib-imagex', 'info', wim], check=True, capture_output=True,
                                               text=True).stdout)
        letter = self.path('letter')
        with open(letter, 'w') as out:
            out.write('Dear reader')
        self.assert_error('E_INVALIDARG', 'no WIM file', self.export, 'x64', letter)
        self.assert_error('E_INVALIDARG', 'Architecture', self.export, 'x' * 1000, wim)
        self.assert_error('E_INVALIDARG', 'vax', self.export, 'vax', wim)
        self.assert_error('E_INVALIDARG', 'ExportImagePath', self.export, 'x64', 'out.wim')
        self.assert_error('E_INVALIDARG', 'catalog', self.export, 'x64', os.path.join(self.catalog, image, 'x.wim'))
        with open(letter) as letter:
            self.assertEqual(letter.read(), 'Dear reader')

    def test_properties(self):
        image = self.import_good()
        for source in self.wim, image:
            result, xml = self.images('GetImageProperties', '(s)', source)
            root = ElementTree.fromstring(xml)
            self.assertEqual((result, root.tag, root.find('IMAGE/NAME').text), (0, 'WIM', 'Odd PE'))
        self.assert_error('E_INVALIDARG', 'SourceImagePath', self.images, 'GetImageProperties', '(s)', 'odd.wim')
        self.assert_error('E_INVALIDARG', 'SourceImagePath', self.images, 'GetImageProperties', '(s)', 'x' * 100_000)
        self.assert_error('ERROR_FILE_NOT_FOUND', 'no.wim', self.images, 'GetImageProperties', '(s)', self.path('no.wim'))
        self.assert_error('CREATETSMEDIA_E_MISSINGPACKAGE', 'KDL000FF', self.images, 'GetImageProperties', '(s)', 'KDL000FF')
        self.assert_error('ERROR_BAD_FORMAT', 'passwd', self.images, 'GetImageProperties', '(s)', '/etc/passwd')

    def test_flood_is_answered(self):
        """More calls than threads: some are told to come back, all are answered, and the service is there for others."""
        replies = []

        def answered(bus, result):
            try:
                replies.append(bus.call_finish(result).unpack()[0])
            except GLib.Error as error:
                replies.append(Gio.DBusError.get_remote_error(error))

        self.images('ListImages')
        for _ in range(500):
            self.client.bus.call(NAME, IMAGES_PATH, IMAGES, 'ListImages', None, None, Gio.DBusCallFlags.NONE, 60_000, None,
                                 answered)
        wait_for(lambda: len(replies) == 500, 'all answers')
        self.assertEqual(set(replies) - {'org.kindling.Error.ERROR_BUSY'}, {0})
        self.assertEqual(self.connect().call(IMAGES, 'ListImages', path=IMAGES_PATH)[0], 0)


if __name__ == '__main__':
    main()
