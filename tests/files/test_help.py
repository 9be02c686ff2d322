#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual: no link leads nowhere, every page is found from the contents, and it has all codes and all keys of the program.
Run with the project's folder and the folder of the built pages as arguments."""
import glob
import hashlib
import os
import re
import sys
import unittest
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'display'))
import translations  # noqa: E402

SOURCE, BUILT = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))
LANGUAGES = [line.strip() for line in open(os.path.join(SOURCE, 'po/LINGUAS'), encoding='utf-8') if line.strip() and line[0] != '#']
NAMESPACE = '{http://www.w3.org/1999/xhtml}'
# What app/window/help-page.c shows.
BLOCKS = {'h1', 'h2', 'p', 'li', 'dt', 'dd', 'pre'}
INLINE = {'b', 'code', 'kbd', 'a'}


def text(*path):
    with open(os.path.join(SOURCE, *path), encoding='utf-8') as f:
        return f.read()


PAGES = {}
for file in glob.glob(os.path.join(SOURCE, 'data/help/C/*.html')) + [os.path.join(BUILT, f'{page}.html') for page in ('codes', 'programs')]:
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


def find_source(page, language):
    """The file that is written by hand, with @CODES@ and @EXAMPLE@ where something comes in."""
    path = os.path.join(SOURCE, 'data/help', language, page + '.html')
    return path if os.path.exists(path) else path + '.in'


def fingerprint(page):
    """Of an English page: what its translations say they follow."""
    with open(find_source(page, 'C'), 'rb') as f:
        return hashlib.sha256(f.read()).hexdigest()[:12]


def parts(block):
    """All of a block but its words: elements, where links go, what is typed. In any order, as that of a sentence differs."""
    return sorted(str((tag(e), e.get('id'), e.get('href'), e.text if tag(e) in ('code', 'pre') else None)) for e in block.iter())


def labels(language):
    """English labels of the program → those of a language, without mnemonics."""
    found = {}
    for message in translations.read(text('po', language + '.po')):
        found.setdefault(plain(message.id), set()).add(plain(message.texts[0]))
    return found


def plain(label):
    return re.sub(r'\(_\w\)', '', label).replace('_', '')


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
        resources = ElementTree.parse(os.path.join(SOURCE, 'data/help/help.gresource.xml')).getroot()
        self.assertEqual([g.get('prefix').rsplit('/')[-1] for g in resources], ['C', *LANGUAGES])
        for group in resources:
            with self.subTest(language=group.get('prefix')):
                self.assertEqual({file.get('alias') for file in group}, {f'{page}.html' for page in PAGES})

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


class TranslatedHelp(unittest.TestCase):
    def each(self):
        for language in LANGUAGES:
            for page in PAGES:
                yield language, page, ElementTree.parse(find_source(page, 'C')).getroot(), ElementTree.parse(find_source(page, language)).getroot()

    def test_follows_the_english_page(self):
        for language, page, source, root in self.each():
            with self.subTest(language=language, page=page):
                follows = root.find(f'.//{NAMESPACE}meta[@name="follows"]')
                self.assertIsNotNone(follows)
                self.assertEqual(follows.get('content'), fingerprint(page),
                                 'the English page is another one now: translate the difference, and put its fingerprint there')
                self.assertEqual(root.get('lang'), language.replace('_', '-'))

    def test_has_the_same_parts(self):
        for language, page, source, root in self.each():
            with self.subTest(language=language, page=page):
                self.assertEqual([tag(e) for e in root[1]], [tag(e) for e in source[1]])
                for here, there in zip(root[1], source[1]):
                    self.assertEqual(parts(here), parts(there))
                self.assertEqual(root[1][0].text, root.find(f'.//{NAMESPACE}title').text)

    def test_is_translated(self):
        for language, page, source, root in self.each():
            with self.subTest(language=language, page=page):
                for here, there in zip(root[1].iter(), source[1].iter()):
                    words = (there.text or '').strip()
                    if tag(there) in ('h1', 'h2', 'p', 'li', 'dd') and len(words) > 20:
                        self.assertNotEqual((here.text or '').strip(), words)

    def test_calls_labels_what_the_window_calls_them(self):
        for language, page, source, root in self.each():
            with self.subTest(language=language, page=page):
                known = labels(language)
                wanted = [known.get(plain(b.text)) for b in source.iter(NAMESPACE + 'b')]
                said = {plain(b.text) for b in root.iter(NAMESPACE + 'b')}
                for names in wanted:
                    if names:
                        self.assertTrue(names & said, f'none of {names} is in bold letters')


if __name__ == '__main__':
    unittest.main(verbosity=2)
