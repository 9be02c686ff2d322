#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual: F1 opens the page about what has the focus, also above a dialog; links, keys and the place of each code work."""
from driver import *


def manual():
    return app.wait_dialog('Help')


def wait_page(title):
    window = manual()
    wait(lambda: find(window, 'heading', title), f'page “{title}”')
    return window


def focused(window):
    return next((n for n in walk(window) if is_on(n, 'FOCUSED')), None)


def close_manual():
    key('Escape')
    wait(lambda: app.dialog('Help') is None, 'the manual to close')
    settle(.3)


dark = os.environ.get('ADW_DEBUG_COLOR_SCHEME')
app = App()
wait(lambda: says(app.window, 'Make Boot Media'), 'empty state')
settle(.3)
key('F1')
window = wait_page('A First Medium in a Minute')
wait(lambda: focused(window) and focused(window).get_name() == 'A First Medium in a Minute', 'the title to be read first')
screenshot('1-start')
key('alt+Home')
wait_page('Kindling')
check('the contents name the page of drives', 'USB drives, several at once' in all_names(window))
screenshot('2-contents')
# To the first link, and along it.
key('Tab', 'Tab', 'Tab')
wait(lambda: focused(window) and 'A first medium' in focused(window).get_name(), 'the focus on the first link')
key('Return')
wait_page('A First Medium in a Minute')
key('alt+Left')
wait_page('Kindling')
resize('Help')
screenshot('3-narrow')
close_manual()

app.add_sample()
wait(lambda: says(app.window, 'Ready to Boot'), 'details')
settle(.3)
key('F1')
wait_page('Boot Images and the Catalog')
close_manual()
key('ctrl+n')
dialog = app.wait_dialog('Create Media')
settle(.3)
key('F1')
window = wait_page('Creating Media')
key('alt+Home')                       # a modal dialog is open, and the manual works beside it
wait_page('Kindling')
screenshot('4-beside-a-dialog')
close_manual()
click(button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
settle(.3)
key('F1')
wait_page('Password and Certificate')
close_manual()
key('Escape')
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')

broken = os.path.join(HOME, 'broken.wim')
with open(SAMPLE, 'rb') as source, open(broken, 'wb') as target:
    target.write(source.read()[:100000])
app.open(broken)
failure = app.wait_dialog('Import')
click(wait(lambda: find(failure, 'push button', 'Details'), 'Details'))
click(wait(lambda: button(failure, 'Help'), 'Help'))
window = wait_page('All Codes')
wait(lambda: focused(window) and 'KINDLING_E_WIM_TRUNCATED' in focused(window).get_name(), 'the code')
screenshot('5-code')


def place_of_code():
    """Where it begins in the window; pixels."""
    return focused(window).get_extents(1).y


check('the code is at the top', 0 <= place_of_code() < 120, place_of_code())
for size in (360, 600), (900, 700), (360, 600):
    resize('Help', *size)
    check(f'it stays there {size[0]} pixels wide', 0 <= place_of_code() < 120, place_of_code())
screenshot('6-code-narrow')
close_manual()
app.close()
