#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of the windows beside the main one, as they open and 360 pixels wide: dark, and in high contrast with large text. What can be
measured: all labels can be read, in the dark with text of the usual size each window becomes that narrow, and the main window does with
text of one and a half times that size. Under umockdev-wrapper."""
from driver import *
from sticks import Sticks, preload

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'fixtures', 'inf')
sticks = Sticks()
sticks.plug('sdk', 'A1', mib=64, node=True)
sticks.plug('sdl', '4C530001230714117453', 'Extreme_Pro_Solid_State', read_only=True, vendor='SanDisk')
ctl('image', 'import', SAMPLE)
medium = os.path.join(HOME, 'A medium with a long name.iso')
ctl('create', 'CD', medium, 'KDL00001', '--variable', 'OSDRoom=Attic 7')
ctl('image', 'add-driver', 'KDL00001', os.path.join(FIXTURES, 'packages', 'net'))
ctl('image', 'set', 'KDL00001', 'organization-name=Example & Söhne')
LOOKS = {
    'dark': {'ADW_DEBUG_COLOR_SCHEME': 'prefer-dark'},
    'contrast': {'ADW_DEBUG_HIGH_CONTRAST': '1'},
}


def look(window, name, fits=True):
    """Fits: it becomes as narrow as a telephone."""
    title = window.get_name()
    said = app.check_labels(title, os.path.join(SHOTS, f'looks-{scheme}-{name}'))
    faults = [fault for fault in re.findall(r'^label .*', said, re.M) if HOME not in fault]
    if not fits:
        faults = [fault for fault in faults if 'the window is' not in fault]
    check(f'{scheme}: all of “{title}” can be read', re.search(r'^labels checked narrow: [1-9]', said, re.M) and not faults, faults)


def show(title, name, ready):
    window = app.wait_dialog(title)
    wait(lambda: says(window, ready) or named(window, 'list item', ready), f'“{ready}” in “{title}”')
    look(window, name, fits=scheme == 'dark')      # the text of the other one is half as large again
    return window


def leave(title):
    key('Escape')
    wait(lambda: app.dialog(title) is None, f'“{title}” to close')
    settle(.2)


def page(window, name):
    click(wait(lambda: find(window, 'page tab', name), 'switch to ' + name))
    settle(.2)
    look(window, 'inspect-' + name.lower())


def main_window():
    """As it is; then its two pages where there is room for one of them."""
    look(app.window, 'window')
    resize('Kindling')
    key('Return')
    settle(.3)
    look(app.window, 'details')
    resize('Kindling', 1000, 700)


for scheme, environment in LOOKS.items():
    app = App(KINDLING_CHECK_LABELS='1', **preload(), **environment)
    wait(lambda: named(app.window, 'list item', 'Drivers: '), 'page of the image')
    main_window()
    key('ctrl+comma')
    show('Preferences', 'preferences', 'moves nothing')
    leave('Preferences')
    key('alt+s')
    recipe = show('Start-Up and Settings', 'recipe', 'Scratch')
    click(button(recipe, 'Preview'))
    preview = app.wait_dialog('Preview')
    wait(lambda: find(preview, 'list', 'Changes'), 'changes')
    look(preview, 'preview')
    leave('Preview')
    leave('Start-Up and Settings')
    app.choose_of_menu('Menu of Kingston DataTraveler 3.0', 'Restore to Normal Use…')
    show('Restore to Normal Use', 'restore', 'Will be erased')
    leave('Restore to Normal Use')
    if scheme == 'dark':
        key('F1')
        show('Help', 'help', 'Kindling')
        leave('Help')
        key('alt+d')
        show('Drivers', 'drivers', 'package')
        leave('Drivers')
        key('ctrl+k')
        app.choose('Choose a Medium to Check', medium)
        show('Check Medium', 'check', 'The Medium Is as It Should Be')
        leave('Check Medium')
        key('ctrl+j')
        show('Jobs', 'jobs', 'Checking')
        leave('Jobs')
        key('F10')
        click(wait(lambda: find(app.window, 'menu item', 'Inspect a Medium…'), 'entry of the menu', 8))
        app.choose('Choose a Medium to Inspect', medium)
        window = show('Inspect Medium', 'inspect', 'KDL00001')
        page(window, 'Files')
        page(window, 'Variables')
        leave('Inspect Medium')
    app.close()
    with open(os.path.join(HOME, '.Xdefaults'), 'w') as f:
        f.write('Xft.dpi: 144\n')     # for the next one
