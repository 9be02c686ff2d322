#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every control has a name that a screen reader can say."""
from driver import *

CONTROLS = {'push button', 'toggle button', 'check box', 'radio button', 'text', 'entry', 'password text', 'combo box',
            'list', 'list item', 'progress bar', 'slider', 'spin button', 'menu item', 'switch', 'dialog', 'alert', 'frame'}
TYPE_NAME = re.compile(r'^(Gtk|Adw|Kl|Gdk)[A-Z]\w*$')


def check_names(root, where):
    nodes = with_names(root, *CONTROLS)
    bad = [(n.get_role_name(), name, n.get_parent().get_name()) for n, name in nodes
           if (not name.strip() or TYPE_NAME.match(name))
           and n.get_parent().get_name() != 'AdwToastWidget']      # libadwaita 1.2 does not name the cross of a toast
    check(f'{where}: all {len(nodes)} controls have names', len(nodes) > 3 and not bad, bad)


app = App()
wait(lambda: says(app.window, 'Make Boot Media'), 'empty state')
app.add_sample()
wait(lambda: says(app.window, 'Ready to Boot'), 'details')
check_names(app.window, 'window')
click(button(app.window, 'Create Media…'))
dialog = app.wait_dialog('Create Media')
check_names(dialog, 'target page')
click(button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
check_names(dialog, 'protection page')
click(button(dialog, 'Generate'))
wait(lambda: button(dialog, 'Copy Passphrase, shown only now; write it down'), 'passphrase')
check_names(dialog, 'protection page with a passphrase')
key('alt+c')
settle(.5)
key('Down', 'Return')
wait(lambda: entry(dialog, 'PFX File Password'), 'entries of a PFX file')
check_names(dialog, 'protection page with a PFX file')
key('alt+c')
settle(.5)
key('Up', 'Return')
wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next')
click(button(dialog, 'Next'))
wait(lambda: button(dialog, 'Create') and is_on(button(dialog, 'Create'), 'SENSITIVE'), 'review')
check_names(dialog, 'review page')
click(button(dialog, 'Create'))
wait(lambda: says(dialog, 'Is Ready'), 'result')
check_names(dialog, 'result')
click(button(dialog, 'Close'))
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')
key('F2')
check_names(app.wait_dialog('Rename Boot Image'), 'rename dialog')
key('Escape')
wait(lambda: app.dialog('Rename Boot Image') is None, 'the dialog to close')
settle(.3)
key('ctrl+comma')
preferences = app.wait_dialog('Preferences')
check_names(preferences, 'preferences')
click(button(preferences, 'New…'))
check_names(app.wait_dialog('New Site Profile'), 'site editor')
key('Escape')
wait(lambda: app.dialog('New Site Profile') is None, 'the editor to close')
key('Escape')
wait(lambda: app.dialog('Preferences') is None, 'preferences to close')
key('F10')
wait(lambda: find(app.window, 'menu item', 'Check a Medium…') or says(app.window, 'Check a Medium'), 'menu')
check_names(app.window, 'window with its menu')
screenshot('1-menu')
app.close()
