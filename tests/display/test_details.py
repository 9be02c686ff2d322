#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is copied for a report of a fault: the versions that matter, and neither secrets nor names of people and machines."""
import socket

from driver import *

SECRET = 'Tiefseetaucher-4711'


def texts(root):
    """All that the window says, as it can be read."""
    return '\n'.join([n.get_name() + '\n' + n.get_description() for n in walk(root)]
                     + [text_of(n) for n in walk(root) if 'Text' in (n.get_interfaces() or []) and n.get_role_name() != 'password text'])


app = App()
app.add_sample()
key('F10')
settle(.5)
key('Up', 'Return')                # the last one of the menu
about = wait(lambda: next((w for w in app.windows()[1:]), None), 'About')
wait(lambda: 'wimlib 1.' in texts(about), 'report for faults')
info = next(t for t in map(text_of, (n for n in walk(about) if 'Text' in (n.get_interfaces() or []))) if 'wimlib 1.' in t)
log(info)
for part in r'Kindling \d', r'GTK 4\.\d', r'libadwaita 1\.\d', r'libisofs 1\.\d', r'UDisks2 \S', r'Linux \d', r'session \S', r'Log: journalctl':
    check('it says ' + part, re.search(part, info))
wait(lambda: 'not asked yet' not in texts(about), 'an answer about UDisks2')
for name in socket.gethostname(), os.environ.get('USER') or 'root', HOME:
    check('no name of a machine or a person is in it', not re.search(rf'(^|\W){re.escape(name)}(\W|$)', info), name)
check('the home folder is not named', 'Catalog: ~/' in info)
screenshot('1-about')
key('Escape')
wait(lambda: len(app.windows()) == 1, 'About to close')

key('ctrl+n')
dialog = app.wait_dialog('Create Media')
settle(.3)
key('Return')
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
for name in 'Password', 'Repeat Password':
    set_text(wait(lambda: entry(dialog, name), name), SECRET)
wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next')
click(button(dialog, 'Next'))
create = wait(lambda: button(dialog, 'Create') and is_on(button(dialog, 'Create'), 'SENSITIVE') and button(dialog, 'Create'), 'Create')
with open(os.path.join(CATALOG, 'KDL00001', 'source.wim'), 'r+b') as f:
    f.write(b'damaged')
click(create)
wait(lambda: says(dialog, 'could not be made') or says(dialog, 'Could Not Be Made'), 'failure')
click(wait(lambda: find(dialog, 'push button', 'Details'), 'Details of the failure'))
detail = wait(lambda: says(dialog, 'Code: '), 'detail').get_name()
check('the detail names code, program and log', all(w in detail for w in ('CREATETSMEDIA_E', 'kindling 0', 'journalctl')), detail)
click(button(dialog, 'Copy Details'))
wait(lambda: button(dialog, 'Copied'), 'Copy Details to answer')
check('the password is nowhere in what is shown', SECRET not in texts(dialog))
screenshot('2-failure')
click(button(dialog, 'Close'))
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')
copied = pasted(app)
check('the copied text has the details', 'CREATETSMEDIA_E' in copied and 'journalctl' in copied, copied)
check('and not the password', SECRET not in copied, copied)
app.close()
check('nor in what was logged', SECRET not in app.said())
