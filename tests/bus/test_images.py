#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""org.kindling.BootImages1 as programs use it."""
import os

from bus import IMAGES, IMAGES_PATH, BusTest, main

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


if __name__ == '__main__':
    main()
