#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creations that fail: before they start for want of space, and midway; each says what happened and leaves nothing behind."""
import resource
import threading
from driver import *

small = os.path.join(HOME, 'Small Disk')
gone = os.path.join(HOME, 'Gone')
limited = os.path.join(HOME, 'Limited')
for folder in (small, gone, limited):
    os.mkdir(folder)


def start(folder):
    """Comes as far as the review of an ISO file in the folder."""
    settle(.5)
    key('ctrl+n')
    dialog = app.wait_dialog('Create Media')
    wait(lambda: button(dialog, 'Next') and is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next')
    click(button(dialog, 'Browse…'))
    app.wait_dialog('Choose a Folder for the ISO File')
    settle(.5)
    type_text(folder)
    settle(.5)
    key('Return')
    wait(lambda: app.dialog('Choose a Folder for the ISO File') is None, 'chooser to close')
    wait(lambda: named(dialog, 'list item', folder), 'folder in its row')
    click(button(dialog, 'Next'))
    wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
    click(button(dialog, 'Next'))
    wait(lambda: named(dialog, 'list item', 'Space: '), 'review')
    return dialog


def create(dialog):
    wait(lambda: is_on(button(dialog, 'Create'), 'SENSITIVE'), 'Create')
    click(button(dialog, 'Create'))


def close(dialog):
    click(button(dialog, 'Close'))
    wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')


def remove_once_written():
    """Removes the folder in the moment the program has a file open in it."""
    fds = f'/proc/{app.process.pid}/fd'
    while os.path.exists(gone):
        for fd in os.listdir(fds):
            try:
                if os.readlink(os.path.join(fds, fd)).startswith(gone + '/'):
                    shutil.rmtree(gone)
                    return
            except OSError:
                pass               # closed in this moment


# Not enough space, as the review says it.
app = App(LD_PRELOAD=os.environ['KINDLING_SMALL_DISK'], SMALL_DISK=small, SMALL_DISK_FREE='2000000')
app.add_sample()
dialog = start(small)
space = wait(lambda: named(dialog, 'list item', 'Space: '), 'space').get_name()
check('the review says how much is missing', 'Not Enough' in space and '2.0' in space, space)
check('what to do is said', 'another disk' in space, space)
check('there is nothing to press', not is_on(button(dialog, 'Create'), 'SENSITIVE'))
screenshot('1-space')
key('Escape')
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')

# The boot image is damaged between the review and the creation.
dialog = start(limited)
source = os.path.join(CATALOG, 'KDL00001', 'source.wim')
os.chmod(source, 0o600)
with open(source, 'r+b') as f:
    f.seek(os.path.getsize(source) // 2)
    byte = f.read(1)
    f.seek(-1, os.SEEK_CUR)
    f.write(bytes([byte[0] ^ 0x40]))
create(dialog)
wait(lambda: says(dialog, 'The boot image is not available'), 'failure')
check('what to do is said', says(dialog, 'import it again'))
screenshot('2-changed')
click(find(dialog, 'push button', 'Details'))
detail = wait(lambda: says(dialog, 'CREATETSMEDIA_E_MISSINGPACKAGE'), 'detail')
check('it is the code of a package that is missing or damaged', '0x80040003' in detail.get_name(), detail.get_name())
check('nothing is left', os.listdir(limited) == [], os.listdir(limited))
check('one can go back', is_on(button(dialog, 'Back'), 'SENSITIVE'))
close(dialog)
app.close()
shutil.rmtree(CATALOG)

# The target goes away while it is written.
big = big_image(os.path.join(HOME, 'big.wim'), 400)
app = App(big)
wait(lambda: len(app.rows()) == 1, 'row of the big image', 120)
wait(lambda: app.dialog('Import') is None, 'the import to close')
os.remove(big)
dialog = start(gone)
watcher = threading.Thread(target=remove_once_written)
watcher.start()
create(dialog)
watcher.join(60)
check('it was being written', not watcher.is_alive())
wait(lambda: find(dialog, 'push button', 'Details') and button(dialog, 'Close'), 'failure', 60)
check('it says so', says(dialog, 'A file or folder is not there'))
screenshot('3-gone')
click(find(dialog, 'push button', 'Details'))
settle(.5)
screenshot('3-gone-detail')
check('nothing is left of the folder', not os.path.exists(gone))
close(dialog)

# The process may not write a file of that size, which the review does not look at.
resource.prlimit(app.process.pid, resource.RLIMIT_FSIZE, (200 << 20, 200 << 20))
dialog = start(limited)
create(dialog)
wait(lambda: find(dialog, 'push button', 'Details') and button(dialog, 'Close'), 'failure', 60)
check('it says so', says(dialog, 'There is not enough free space'))
screenshot('4-limited')
click(find(dialog, 'push button', 'Details'))
settle(.5)
check('the limit is named', says(dialog, 'ulimit'))
screenshot('4-limited-detail')
check('nothing is left', os.listdir(limited) == [], os.listdir(limited))
close(dialog)
app.close()
