#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipe dialog and preview, dark and narrow, with names for all controls; the list keeps its place while an image is prepared."""
from driver import *

TYPE_NAME = re.compile(r'^(Gtk|Adw|Kl|Gdk)[A-Z]\w*$')
ROLES = ('push button', 'toggle button', 'list', 'list item', 'text', 'entry', 'combo box', 'switch')
LONG = '/srv/deployment/' + '/'.join(f'department number {i}' for i in range(8))
extra = os.path.join(HOME, 'Extra files')
os.mkdir(extra)
for i in range(40):
    with open(os.path.join(extra, f'a tool with a name that is rather long, number {i}.cmd'), 'w') as f:
        f.write('@echo off\r\n' * i)


def check_names(root, where):
    bad = [(n.get_role_name(), name) for n, name in with_names(root, *ROLES) if not name.strip() or TYPE_NAME.match(name)]
    check(where + ': all controls have names', not bad, bad)


def close(title):
    key('Escape')
    wait(lambda: app.dialog(title) is None, f'“{title}” to close')
    settle(.3)


def show(letter, title, number):
    """The dialog, wide and narrow, then its preview."""
    key('alt+' + letter)
    dialog = app.wait_dialog(title)
    settle(.5)
    check_names(dialog, title)
    screenshot(f'{number}-wide')
    resize(title)
    screenshot(f'{number}-narrow')
    return dialog


for _ in range(2):
    ctl('image', 'import', SAMPLE)
ctl('image', 'set', 'KDL00001', 'extra-files=' + extra, 'prestart-command=cmd /c ' + LONG, 'organization-name=Example & Söhne',
    'lab-shell=true')

app = App(ADW_DEBUG_COLOR_SCHEME='prefer-dark')
wait(lambda: named(app.window, 'list item', 'Status: Not prepared yet'), 'state of the image')
settle(.5)

# Another process prepares what is selected: each step is a new object in the list.
images = find(app.window, 'list', 'Boot Images')


def place_in_list():
    return [(is_on(n, 'SELECTED'), is_on(n, 'FOCUSED')) for n in kids(images)]


key('Down')
wait(lambda: place_in_list() == [(False, False), (True, True)], 'second row to have the focus', 5)
key('Up')
wait(lambda: place_in_list() == [(True, True), (False, False)], 'first row to have the focus', 5)
key('ctrl+p')
wait(lambda: any('KDL00001' in r and 'Prepared' in r for r in app.rows()), 'state in the list')
check('the focus stays in the list', place_in_list() == [(True, True), (False, False)], place_in_list())
# The job that has prepared it may hold the image for a moment yet.
wait(lambda: subprocess.run([CTL, 'image', 'set', 'KDL00001', 'scratch-space=64'], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0,
     'the image to take a setting', 5)
wait(lambda: any('KDL00001' in r and 'Prepared' not in r for r in app.rows()), 'state in the list')
ctl('image', 'prepare', 'KDL00001')
wait(lambda: any('KDL00001' in r and 'Prepared' in r for r in app.rows()), 'state in the list')
check('it stays when another process prepares', place_in_list() == [(True, True), (False, False)], place_in_list())
key('Down')
wait(lambda: place_in_list() == [(False, False), (True, True)], 'the keys to go on from there', 5)
key('Up')
wait(lambda: place_in_list()[0] == (True, True), 'first row again', 5)

dialog = show('s', 'Start-Up and Settings', '1-startup')
for _ in range(14):
    key('Tab')
settle(.5)
screenshot('2-startup-below')
click(button(dialog, 'Preview'))
preview = app.wait_dialog('Preview')
wait(lambda: says(preview, 'TSConfig') or find(preview, 'list', 'Changes'), 'changes')
check_names(preview, 'Preview')
screenshot('3-preview-wide')
resize('Preview')
screenshot('3-preview-narrow')
close('Preview')
close('Start-Up and Settings')
show('f', 'Deployment Files', '4-files')
close('Deployment Files')

# The button that is pressed makes room for another, and comes back.
key('Up', 'Up', 'Tab')
settle(.3)
check('the keys lead to Prepare', is_on(button(app.window, 'Prepare'), 'FOCUSED'))
ctl('image', 'set', 'KDL00001', 'scratch-space=128')
wait(lambda: named(app.window, 'list item', 'Status: The recipe has changed since'), 'status')
key('Return')
wait(lambda: named(app.window, 'list item', 'Status: Up to date'), 'status')
wait(lambda: is_on(button(app.window, 'Prepare'), 'FOCUSED'), 'the focus to come back')

# While another process prepares there is no button: the row above keeps the focus for it.
with open(os.path.join(extra, 'large.bin'), 'wb') as f:
    f.write(os.urandom(8 << 20))
ctl('image', 'set', 'KDL00001', 'scratch-space=256')
wait(lambda: named(app.window, 'list item', 'Status: The recipe has changed since'), 'status')
disk = slow_disk(CATALOG, rate=1)
other = subprocess.Popen([CTL, 'image', 'prepare', 'KDL00001'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         env=dict(os.environ, **disk))
step = wait(lambda: named(app.window, 'list item', '(by another program)'), 'step of the other process')
wait(lambda: is_on(step, 'FOCUSED'), 'the status to have the focus')
quick(disk)
check('the other process prepares it', other.wait() == 0)
wait(lambda: is_on(button(app.window, 'Prepare'), 'FOCUSED'), 'the focus to come back from there')
resize('Kindling')
screenshot('5-narrow')
app.close()
