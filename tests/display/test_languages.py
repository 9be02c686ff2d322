#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks through the windows in one language, as they open and 360 pixels wide: all labels can be read. In the language that
nobody speaks all of them are translated, too. Argument: a language of po/LINGUAS, “pseudo” or “pseudo-rtl”."""
import gettext

LANGUAGE = __import__('sys').argv.pop(1)
from driver import *  # noqa: E402
import driver  # noqa: E402
import translations  # noqa: E402

PSEUDO = LANGUAGE.startswith('pseudo')
ROOT, PO = os.environ['KINDLING_SOURCE'], os.environ['KINDLING_PO']
driver.SCENARIO = 'language-' + LANGUAGE
LOCALES = {'de': 'de_DE', 'es': 'es_ES', 'fr': 'fr_FR', 'ja': 'ja_JP', 'pt_BR': 'pt_BR'}
FOLDER = PO
if PSEUDO:
    FOLDER = os.path.join(HOME, 'translations')
    translations.write_pretended(ROOT, FOLDER, 'qps')
KEEPS_PICTURES = LANGUAGE in ('de', 'pseudo-rtl')
translation = gettext.translation('kindling', FOLDER, ['qps' if PSEUDO else LANGUAGE])

# Names, numbers, times, places and what Windows calls things: they are the same in every language.
DATA = re.compile(r'Kindling|KDL\d+|Windows PE|UEFI|BIOS|10\.0\.|x64|\.wim|\.iso|/|^[\W\d_]*$|^\d[\d.,\s]*\s?(MB|kB|GB|bytes)$|en-US|RSA|SHA|ISO|'
                  r'^\d+.*\d+$|GTK|GPL|^[A-Z]{3}$|^\(GMT|^[a-z]{2}-[A-Z]{2}$|FAT32|exFAT|NTFS|2011|2023|Ctrl|Shift|Alt|^F\d+$|^[A-Z]$|^Page|Return|^Escape$|^[a-z]{4}(-[a-z]{4})+$|^[0-9A-Fa-f]{40,64}$')
# Texts of GTK and libadwaita, whose translations are their own; a label without text goes by the name of its class.
FOREIGN = {'Close', 'Minimize', 'Maximize', 'No Results Found', 'Try a different search.', 'GtkLabel'}
ROLES = ('label', 'push button', 'toggle button', 'check box', 'radio button', 'list item', 'frame', 'dialog', 'menu item', 'switch')
places, faults, untranslated = 0, [], {}


def _(text):
    """As it reads on the accessibility bus: without its mnemonic, as GTK takes it out."""
    return re.sub(r'_(?=\w)', '', translation.gettext(text))


def labels_of(window):
    """What the program finds of its own labels."""
    before = app.said().count('labels checked')
    subprocess.run(['gdbus', 'call', '--session', '--dest', 'org.kindling.Kindling', '--object-path', '/org/kindling/Kindling',
                    '--method', 'org.gtk.Actions.Activate', 'check-labels', '[]', '{}'], check=True, stdout=subprocess.DEVNULL)
    wait(lambda: app.said().count('labels checked') > before, 'look at the labels')
    part = app.said().split('labels checked')[before]
    return re.findall(r'^label .*', part, re.M)


def look(window, name):
    """One window as it is, and then narrow."""
    global places
    settle(.4)
    if PSEUDO:
        for node, its in with_names(window, *ROLES):
            if its.strip() and '⟦' not in its and not DATA.search(its) and its not in FOREIGN:
                untranslated.setdefault(its, name)
    for width in ('wide', 'narrow'):
        if width == 'narrow':
            active = subprocess.run(['xdotool', 'getactivewindow'], check=True, capture_output=True, text=True).stdout.strip()
            shape = subprocess.run(['xdotool', 'getwindowgeometry', '--shell', active], check=True, capture_output=True, text=True).stdout
            before = [re.search(what + r'=(\d+)', shape)[1] for what in ('WIDTH', 'HEIGHT')]
            subprocess.run(['xdotool', 'windowsize', active, '360', '640'], check=True)
            settle(.5)
        faults.extend(f'{name}, {width}: {fault}' for fault in labels_of(window))
        if KEEPS_PICTURES:
            screenshot(f'{places:02d}-{name}-{width}')
    subprocess.run(['xdotool', 'windowsize', active, *before], check=True)
    places += 1


def leave(title):
    key('Escape')
    wait(lambda: app.dialog(title) is None, f'“{title}” to close')
    settle(.2)


app = App(LC_ALL=LOCALES.get(LANGUAGE, 'de_DE') + '.UTF-8', LANGUAGE='qps' if PSEUDO else '', LOCPATH=os.environ['KINDLING_TEST_LOCALES'],
          KINDLING_LOCALE_DIR=FOLDER, KINDLING_CHECK_LABELS='rtl' if LANGUAGE.endswith('rtl') else '1')
wait(lambda: button(app.window, _('_Try the Sample Image')), 'sample button')
click(button(app.window, _('_Try the Sample Image')))
wait(lambda: find_if(app.window, 'list item', lambda name: 'Kindling sample' in name), 'row of the sample image')
wait(lambda: says(app.window, _('Ready to Boot')), 'details')
key('ctrl+n')
dialog = app.wait_dialog(_('Create Media'))
look(dialog, 'target')
click(button(dialog, _('_Next')))
wait(lambda: find(dialog, 'label', _('Protection')), 'protection')
click(wait(lambda: button(dialog, _('_Generate')), 'Generate'))
look(dialog, 'protection')
click(button(dialog, _('_Next')))
wait(lambda: named(dialog, 'list item', _('Space')), 'review')
wait(lambda: (create := button(dialog, _('_Create'))) and is_on(create, 'SENSITIVE'), 'Create')
look(dialog, 'review')
click(button(dialog, _('_Create')))
wait(lambda: button(dialog, _('_Show in Folder')) or button(dialog, _('Show in Folder')), 'result')
look(dialog, 'result')
leave(_('Create Media'))
for keys, title, name in [('ctrl+comma', 'Preferences', 'preferences'), ('F2', 'Rename Boot Image', 'rename')]:
    key(keys)
    look(app.wait_dialog(_(title)), name)
    leave(_(title))
for label, title, name in [('Start-Up and Settings', 'Start-Up and Settings', 'start-up'), ('Deployment Files', 'Deployment Files', 'deployment')]:
    row = find_if(app.window, 'push button', lambda its: _(label) in its) or find_if(app.window, 'list item', lambda its: _(label) in its)
    if row is None or not actions(row):
        continue
    click(row)
    look(app.wait_dialog(_(title)), name)
    leave(_(title))
look(app.window, 'window')
app.close()
check(f'{places} places were seen', places >= 7)
# The path of a folder is not ours to shorten.
faults = [fault for fault in faults if HOME not in fault]
check('all labels can be read', not faults, '\n' + '\n'.join(dict.fromkeys(faults)))
check('all labels are translated', not untranslated, '\n' + '\n'.join(f'{where}: {text!r}' for text, where in untranslated.items()))
