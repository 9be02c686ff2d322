#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks through all windows in one language, as they open and 360 pixels wide: all labels can be read. In the language that nobody
speaks all of them are translated, too. Argument: a language of po/LINGUAS, which “-large” makes one and a half times as large, “pseudo”
or “pseudo-rtl”. Under umockdev-wrapper.

The program itself looks at its labels and takes the pictures (app/window/label-check.c), so that a walk takes seconds."""
import gettext
import time

WALK = __import__('sys').argv.pop(1)
LANGUAGE, LARGE = WALK.removesuffix('-large'), WALK.endswith('-large')
from certificates import site_profile  # noqa: E402
from driver import *  # noqa: E402
from sticks import Sticks, preload  # noqa: E402
import driver  # noqa: E402
import translations  # noqa: E402

PSEUDO = LANGUAGE.startswith('pseudo')
ROOT, PO = os.environ['KINDLING_SOURCE'], os.environ['KINDLING_PO']
FIXTURES = os.path.join(ROOT, 'tests', 'fixtures', 'inf')
driver.SCENARIO = 'language-' + WALK
LOCALES = {'de': 'de_DE', 'es': 'es_ES', 'fr': 'fr_FR', 'ja': 'ja_JP', 'pt_BR': 'pt_BR'}
FOLDER = PO
if PSEUDO:
    FOLDER = os.path.join(HOME, 'translations')
    translations.write_pretended(ROOT, FOLDER, 'qps')
translation = gettext.translation('kindling', FOLDER, ['qps' if PSEUDO else LANGUAGE])

# Names, numbers, times, places and what Windows calls things: they are the same in every language.
DATA = re.compile(r'Kindling|KDL\d+|Windows PE|UEFI|BIOS|10\.0\.|x64|\.wim|\.iso|/|^[\W\d_]*$|^\d[\d.,\s]*\s?(MB|kB|GB|bytes)$|en-US|RSA|SHA|ISO|'
                  r'^\d+.*\d+$|GTK|GPL|^[A-Z]{3}$|^\(GMT|^[a-z]{2}-[A-Z]{2}$|FAT32|exFAT|NTFS|2011|2023|Ctrl|Shift|Alt|^F\d+$|^[A-Z]$|^Page|Return|^Escape$|^[a-z]{4}(-[a-z]{4})+$|^[0-9A-Fa-f]{40,64}$|'
                  r'\.inf$|\.cat$|^PCI|^CN=|^CD$|^Net$|^\W*System\W* ·|^packages$|^D12-sys$|^Kingston DataTraveler')
# Inside a translated sentence these need an isolate.
LEFT_TO_RIGHT = re.compile(r'KDL\d+|/\w+/|(?<![⟦\d])\d[\d.,]*\s?[kM]B|Kingston|\.wim|\.iso|\.inf')
# Texts of GTK and libadwaita, whose translations are their own; a label without text goes by the name of its class.
FOREIGN = {'(None)', 'Delete', 'GtkImage', 'GtkMenuButton', 'GtkShortcutsWindow', 'Search Results', 'Shortcuts', 'Try a different search',
           'Close', 'Minimize', 'Maximize', 'No Results Found', 'Try a different search.', 'GtkLabel'}
ROLES = ('label', 'push button', 'toggle button', 'check box', 'radio button', 'list item', 'frame', 'dialog', 'menu item', 'switch')
places, faults, untranslated, bare = 0, [], {}, set()


def c_(context, text):
    return re.sub(r'_(?=\w)', '', translation.pgettext(context, text))


def _(text):
    """As it reads on the accessibility bus: without its mnemonic, as GTK takes it out."""
    return re.sub(r'_(?=\w)', '', translation.gettext(text))


def look(window, name):
    """One window as it is, and then narrow."""
    global places
    # The manual is in English, and most of the About window belongs to libadwaita.
    if PSEUDO and name not in ('about', 'help'):
        for node, its in with_names(window, *ROLES):
            if its.strip() and '⟦' not in its and not DATA.search(its) and its not in FOREIGN:
                untranslated.setdefault(its, name)
            if LANGUAGE == 'pseudo-rtl' and '⟦' in its:
                bare.update((its, name) for data in LEFT_TO_RIGHT.finditer(its) if '\u2068' not in its[:data.start()])
    part = app.check_labels(window.get_name(), os.path.join(SHOTS, f'{driver.SCENARIO}-{places:02d}-{name}'))
    faults.extend(f'{name}: {fault}' for fault in re.findall(r'^label .*', part, re.M))
    seen = [int(n) for n in re.findall(r'^labels checked \w+: (\d+)', part, re.M)]
    check(f'{name} was seen', seen and min(seen) > 0, seen)
    places += 1


def opened(known):
    """A window that was not there before."""
    return wait(lambda: next((w for w in app.windows() if w not in known), None), 'a window to open')


def leave(window):
    asked = 0

    def gone():
        nonlocal asked
        if time.monotonic() - asked > 5:
            asked = time.monotonic()
            key('Escape')
        return window not in app.windows()

    wait(gone, 'the window to close')


def visit(how, name, then=leave, ready=lambda window: True):
    """Opens a window, looks at it once it is ready, and closes it."""
    known = app.windows()
    asked = 0

    def found():
        """A key that comes while the keyboard goes from window to window is lost: asks again every five seconds."""
        nonlocal asked
        new = next((w for w in app.windows() if w not in known), None)
        if new is None and time.monotonic() - asked > 5:
            asked = time.monotonic()
            how()
        return new

    window = wait(found, name)
    wait(lambda: ready(window), name + ' to be ready')
    look(window, name)
    then(window)


def press(root, label, role='push button'):
    click(wait(lambda: (b := button(root, _(label)) if role == 'push button' else find(root, role, _(label))) and is_on(b, 'SENSITIVE') and b,
               label))


def mnemonic(text):
    """The key with which a person gets there."""
    return 'alt+' + re.search(r'_(\w)', translation.gettext(text))[1].lower()


# What there is to be seen.
if LARGE:
    with open(os.path.join(HOME, '.Xdefaults'), 'w') as f:
        f.write('Xft.dpi: 144\n')
os.makedirs(SHOTS, exist_ok=True)
secret, sealed, broken = (os.path.join(HOME, name) for name in ('password', 'sealed.iso', 'broken.wim'))
with open(secret, 'w') as f:
    f.write('correct horse battery\n')
with open(SAMPLE, 'rb') as source, open(broken, 'wb') as target:
    target.write(source.read()[:100_000])
site_profile('XYZ.ini', 'SiteCode=XYZ\n')
sticks = Sticks()
sticks.plug('sdk', 'A1', mib=64, node=True)
app = App(LC_ALL=LOCALES.get(LANGUAGE, 'de_DE') + '.UTF-8', LANGUAGE='qps' if PSEUDO else '', LOCPATH=os.environ['KINDLING_TEST_LOCALES'],
          KINDLING_LOCALE_DIR=FOLDER, KINDLING_CHECK_LABELS='rtl' if LANGUAGE.endswith('rtl') else '1', **preload())
wait(lambda: button(app.window, _('_Try the Sample Image')), 'sample button')
look(app.window, 'welcome')
ctl('image', 'import', SAMPLE)
ctl('create', 'CD', sealed, 'KDL00001', '--password-file', secret, '--variable', 'OSDRoom=Attic', '--no-verify')
wait(lambda: says(app.window, _('Ready to Boot')), 'details')

# Media.
press(app.window, 'Create _Media…')
dialog = app.wait_dialog(_('Create Media'))
look(dialog, 'target')
click(wait(lambda: button(dialog, _('_USB Drives')), 'kinds of targets'))
wait(lambda: named(dialog, 'check box', 'Kingston'), 'the drive')
settle(.5)                         # GTK presses a button for a quarter of a second
look(dialog, 'target-drives')
click(button(dialog, _('_ISO File')))
press(dialog, '_Next')
wait(lambda: find(dialog, 'label', _('Site')), 'site')
look(dialog, 'site')
press(dialog, '_Next')
wait(lambda: find(dialog, 'label', _('Protection')), 'protection')
press(dialog, '_Generate')
settle(.5)
look(dialog, 'protection')
press(dialog, '_Next')
wait(lambda: named(dialog, 'list item', _('Space')), 'review')
press(dialog, '_Create')
wait(lambda: button(dialog, _('_Show in Folder')) or button(dialog, _('Show in Folder')), 'result', 60)
look(dialog, 'result')
leave(dialog)


def check_again(jobs):
    """The medium that was made is read, above the list of jobs."""
    visit(lambda: press(jobs, 'Check A_gain'), 'check')
    leave(jobs)


visit(lambda: key('ctrl+j'), 'jobs', check_again)


def edit_site(preferences):
    visit(lambda: press(preferences, '_New…'), 'site-editor')
    leave(preferences)


visit(lambda: key('ctrl+comma'), 'preferences', edit_site)
visit(lambda: key('F2'), 'rename')
visit(lambda: key('ctrl+Delete'), 'remove')


# What is done to the image before.
ctl('image', 'set', 'KDL00001', 'organization-name=Example', 'scratch-space=64', 'lab-shell=true', 'prestart-command=cmd /c start.cmd')
ctl('image', 'add-driver', 'KDL00001', os.path.join(FIXTURES, 'packages'), os.path.join(FIXTURES, 'findings', 'D12-sys'))
wait(lambda: named(app.window, 'list item', '4'), 'drivers')
look(app.window, 'window')
def preview(recipe):
    visit(lambda: press(recipe, 'Pre_view'), 'preview', ready=lambda window: find(window, 'list', _('Changes')))
    leave(recipe)


visit(lambda: key(mnemonic('_Start-Up and Settings')), 'start-up', preview)
visit(lambda: key(mnemonic('Deployment _Files')), 'deployment')


def select_driver(drivers):
    packages = wait(lambda: find(drivers, 'list', _('Driver Packages')), 'list of drivers')
    select_row(packages, next(i for i, n in enumerate(kids(packages)) if 'D12' in n.get_name() or i == 1))
    wait(lambda: find_if(drivers, 'list item', lambda its: 'Kindling Größe' in its or 'Kindling' in its), 'facts of a driver')
    look(drivers, 'driver')
    leave(drivers)


visit(lambda: key(mnemonic('_Drivers')), 'drivers', select_driver)

# What belongs to no image.
visit(lambda: key('ctrl+F1'), 'shortcuts')
visit(lambda: app.activate('about'), 'about')
visit(lambda: key('F1'), 'help')
visit(lambda: app.choose_of_menu('Kingston', _('_Restore to Normal Use…')), 'restore')
app.choose_of_menu(_('Main Menu'), _('I_nspect a Medium…'))
app.choose(_('Choose a Medium to Inspect'), sealed)
medium = app.wait_dialog(_('Inspect Medium'))
wait(lambda: says(medium, 'KDL00001') or named(medium, 'list item', 'KDL00001'), 'the medium')
look(medium, 'medium')
click(wait(lambda: find(medium, 'page tab', _('Files')), 'files'))
look(medium, 'medium-files')
click(find(medium, 'page tab', _('Variables')))
look(medium, 'medium-sealed')
leave(medium)
known = app.windows()
app.open(broken)
failure = opened(known)
click(wait(lambda: find(failure, 'push button', _('Details')), 'Details'))
look(failure, 'failure')
app.close()
check(f'{places} places were seen', places >= 26)
WIDEST = 480


def is_wide(fault):
    """Whether it tells of nothing but a width that large text may take: of a window, or of what makes it so wide."""
    found = re.search(r'label fault: (?:the window is|… \w+) (\d+)\b', fault)
    return found is not None and int(found.group(1)) <= WIDEST


# The path of a folder is not ours to shorten; no hint in an entry is as long as in the language that nobody speaks, nor can it wrap
# where it is large. There a title beside buttons may need more than 360 pixels, and not more than WIDEST.
faults = [fault for fault in faults if HOME not in fault and not ((PSEUDO or LARGE) and 'GtkText' in fault)
          and not (LARGE and is_wide(fault))]
check('all labels can be read', not faults, '\n' + '\n'.join(dict.fromkeys(faults)))
check('what runs from left to right is isolated', not bare, '\n' + '\n'.join(f'{where}: {text!r}' for text, where in bare))
check('all labels are translated', not untranslated, '\n' + '\n'.join(f'{where}: {text!r}' for text, where in untranslated.items()))
