#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever leaves the program, or an editor, with something that is not saved is asked; nothing is lost without a word."""
from driver import *

QUESTION = 'Discard Changes?'


def enter(root, name, text):
    set_text(wait(lambda: entry(root, name), 'entry ' + name), text)


def keep(title, *keys):
    """The keys ask, and Escape keeps what was entered."""
    key_to(title, *keys)
    app.wait_dialog(QUESTION)
    screenshot(keys[0].replace('+', '-'))
    key_to(QUESTION, 'Escape')
    wait(lambda: app.dialog(QUESTION) is None, 'the question to close')


def wait_end():
    wait(lambda: app.process.poll() is not None, 'the program to end')
    check('it ends as it should', app.process.returncode == 0, app.said())


app = App()
app.add_sample()
wait(lambda: says(app.window, 'Ready to Boot'), 'details')
key('alt+s')
recipe = app.wait_dialog('Start-Up and Settings')
enter(recipe, 'Organization Name', 'Example')
keep('Start-Up and Settings', 'ctrl+q')
check('the editor keeps it', text_of(entry(recipe, 'Organization Name')) == 'Example')
keep('Start-Up and Settings', 'Escape')
check('the editor keeps it', text_of(entry(recipe, 'Organization Name')) == 'Example')
click(button(recipe, 'Save'))
wait(lambda: app.dialog('Start-Up and Settings') is None, 'the editor to close without a question')

# Create Media asks about what was typed, once there is something.
def create_media():
    key_to('Kindling', 'ctrl+n')
    return app.wait_dialog('Create Media')


dialog = create_media()
click(button(dialog, 'Cancel'))
wait(lambda: app.dialog('Create Media') is None, 'Create Media to close without a question')
dialog = create_media()
click(button(dialog, 'Next'))
password = wait(lambda: entry(dialog, 'Password'), 'entry of the password')
set_text(password, 'correct horse')
keep('Create Media', 'Escape')
keep('Create Media', 'ctrl+q')
check('the password is kept', len(text_of(entry(dialog, 'Password'))) == 13)
click(button(dialog, 'Back'))
click(wait(lambda: button(dialog, 'Cancel'), 'Cancel'))
click(button(app.wait_dialog(QUESTION), 'Discard'))
wait(lambda: app.dialog('Create Media') is None, 'Create Media to close')
dialog = create_media()
set_text(wait(lambda: entry(dialog, 'File Name'), 'File Name'), 'named.iso')
keep('Create Media', 'Escape')
click(button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
click(button(dialog, 'Next'))
create = wait(lambda: button(dialog, 'Create'), 'Create')
wait(lambda: is_on(create, 'SENSITIVE'), 'Create to be usable')
click(create)
another = wait(lambda: button(dialog, 'Create Another'), 'the medium', 60)
click(another)
wait(lambda: button(dialog, 'Cancel'), 'the first page')
key_to('Create Media', 'Escape')
wait(lambda: app.dialog('Create Media') is None, 'Create Media to close without a question, as the medium was made')
check('the medium is there', os.path.isfile(os.path.join(HOME, 'named.iso')))

key('ctrl+comma')
preferences = app.wait_dialog('Preferences')
click(button(preferences, 'New…'))
editor = app.wait_dialog('New Site Profile')
key_to('New Site Profile', 'Escape')
wait(lambda: app.dialog('New Site Profile') is None, 'an editor without changes to close without a question')
click(button(preferences, 'New…'))
editor = app.wait_dialog('New Site Profile')
type_text('ABC')
wait(lambda: text_of(entry(editor, 'Site Code')) == 'ABC', 'the first entry to have the focus')
keep('New Site Profile', 'Escape')
keep('New Site Profile', 'ctrl+q')
check('the editor keeps it', text_of(entry(editor, 'Site Code')) == 'ABC')
click(button(editor, 'Save'))
wait(lambda: named(preferences, 'list item', 'ABC'), 'row of the profile')
check('and closes without a question', app.dialog(QUESTION) is None)

click(wait(lambda: find_if(preferences, 'push button', lambda its: 'Edit Site Profile' in its), 'Edit'))
editor = app.wait_dialog('Edit Site Profile')
enter(editor, 'Organization', 'Nobody')
key_to('Edit Site Profile', 'ctrl+q')
question = app.wait_dialog(QUESTION)
click(button(question, 'Discard'))
wait_end()
with open(os.path.join(os.environ['XDG_CONFIG_HOME'], 'kindling', 'sites', 'ABC.ini')) as f:
    check('what was discarded is not in the profile', 'Nobody' not in f.read())

# Nothing to lose: they go with the program, while the key that ends it is still on its way through them.
for keys, title in (('ctrl+comma', 'Preferences'), ('ctrl+j', 'Jobs')):
    app = App()
    key(keys)
    app.wait_dialog(title)
    key_to(title, 'ctrl+q')
    wait_end()
count_colours()
