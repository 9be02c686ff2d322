#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual: no link leads nowhere, every page is found from the contents, and it has all codes and all keys of the program.
Run with the project's folder and the folder of the built pages as arguments."""
import glob
import os
import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree

SOURCE, BUILT = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))
NAMESPACE = '{http://www.w3.org/1999/xhtml}'
# What app/window/help-page.c shows.
BLOCKS = {'h1', 'h2', 'p', 'li', 'dt', 'dd', 'pre'}
INLINE = {'b', 'code', 'kbd', 'a'}


def text(*path):
    with open(os.path.join(SOURCE, *path), encoding='utf-8') as f:
        return f.read()


PAGES = {}
for file in glob.glob(os.path.join(SOURCE, 'data/help/C/*.html')) + glob.glob(os.path.join(BUILT, '*.html')):
    PAGES[os.path.basename(file)[:-len('.html')]] = ElementTree.parse(file).getroot()


def tag(element):
    return element.tag.removeprefix(NAMESPACE)


def ids(page):
    return {e.get('id') for e in PAGES[page].iter() if e.get('id')}


def links(page):
    return [e.get('href') for e in PAGES[page].iter(NAMESPACE + 'a')]


def is_place(place):
    page, _, name = place.partition('#')
    return page in PAGES and (not name or name in ids(page))


def say(accelerator):
    """<Control><Shift>o → Ctrl+Shift+O, as the manual writes it."""
    words = accelerator.replace('<Control>', 'Ctrl+').replace('<Shift>', 'Shift+').replace('question', '?').split('+')
    return '+'.join(w.capitalize() if len(w) == 1 or w == 'comma' else w for w in words)


class Help(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for page in PAGES:
            for href in links(page):
                with self.subTest(page=page, href=href):
                    self.assertRegex(href, r'^[a-z]+\.html(#[\w-]+)?$', 'a link must stay in the manual')
                    self.assertTrue(is_place(href.replace('.html', '', 1)))

    def test_every_page_is_found_from_the_contents(self):
        found, waiting = set(), ['index']
        while waiting:
            page = waiting.pop()
            if page not in found:
                found.add(page)
                waiting += [href.split('.')[0] for href in links(page)]
        self.assertEqual(found, set(PAGES))
        resources = text('app/window/kindling.gresource.xml')
        for page in PAGES:
            self.assertIn(f'<file>{page}.html</file>', resources)

    def test_pages_use_what_the_window_shows(self):
        for page, root in PAGES.items():
            with self.subTest(page=page):
                self.assertEqual([tag(e) for e in root], ['head', 'body'])
                self.assertEqual(root[1][0].text, root.find(f'.//{NAMESPACE}title').text)
                for block in root[1]:
                    parts = list(block) if tag(block) in ('ul', 'ol', 'dl') else [block]
                    for part in parts:
                        self.assertIn(tag(part), BLOCKS)
                        self.assertLessEqual({tag(e) for e in part.iter()} - {tag(part)}, INLINE)
                        self.assertTrue(''.join(part.itertext()).strip())

    def test_places_of_the_program_are_there(self):
        table = re.findall(r'{ "(Kl\w+)", "([a-z]+(?:#[\w-]+)?)" }', text('app/window/help-window.c'))
        self.assertGreater(len(table), 15)
        sources = {path: text(path) for path in glob.glob('app/window/*.c', root_dir=SOURCE)}
        for kind, place in table:
            with self.subTest(kind=kind, place=place):
                self.assertTrue(is_place(place))
                self.assertTrue(any(re.search(rf'G_DEFINE_\w+ \({kind},', s) for s in sources.values()), 'there is no such widget')
        calls = [place for s in sources.values() for place in re.findall(r'kl_help_set_place \([^;]*"([a-z]+[#\w-]*)"\);', s)]
        self.assertIn('start', calls)
        for place in calls:
            self.assertTrue(is_place(place), place)

    def test_every_code_has_its_place(self):
        symbols = set(re.findall(r'0x[0-9A-F]{8}, "(\w+)"', text('core/base/error.c')))
        self.assertGreater(len(symbols), 30)
        self.assertEqual(ids('codes'), symbols)

    def test_every_key_is_named(self):
        overlay = ElementTree.parse(os.path.join(SOURCE, 'app/window/help-overlay.ui')).getroot()
        source = text('app/window/application.c')
        accelerators = {action: re.findall(r'"([^"]+)"', keys)
                        for action, keys in re.findall(r'{ "([\w.-]+)", {([^}]*)} },', source)}
        self.assertGreater(len(accelerators), 12)
        named = {}
        for shortcut in overlay.iter('object'):
            if shortcut.get('class') == 'GtkShortcutsShortcut':
                properties = {p.get('name'): p.text for p in shortcut.findall('property')}
                keys = accelerators.get(properties.get('action-name')) or [properties.get('accelerator')]
                named[properties['title']] = [say(k) for k in keys]
                accelerators.pop(properties.get('action-name'), None)
        self.assertEqual(accelerators, {}, 'keys that the Shortcuts window does not name')

        manual = PAGES['keyboard'].find(f'.//{NAMESPACE}dl')
        said = {}
        for term, definition in zip(manual[::2], manual[1::2]):
            said[term.text] = [k.text for k in definition.iter(NAMESPACE + 'kbd')]
        self.assertEqual(said, named)


if __name__ == '__main__':
    unittest.main(verbosity=2)
