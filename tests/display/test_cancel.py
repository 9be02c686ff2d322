#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancelling leaves the old file as it was and nothing else; closing asks first, and no longer than there is something to ask."""
from driver import *

big = big_image(os.path.join(HOME, 'big.wim'), 200)
folder = os.path.join(HOME, 'Media')
os.mkdir(folder)
old = os.path.join(HOME, 'Big image.iso')
with open(old, 'w') as f:
    f.write('the old file')

# A quick disk would be done before the questions are answered.
SLOWLY = slow_disk(rate=40)
app = App(big, **SLOWLY)
dialog = app.wait_dialog('Import')
wait(lambda: says(dialog, ' of 2'), 'bytes of bytes')
screenshot('0-progress')
key('ctrl+q')
app.wait_dialog('Cancel the Running Job?')
quick(SLOWLY)
app.process.wait(timeout=120)            # nobody answers; the import ends
quick(SLOWLY, False)
check('the program ended with status 0', app.process.returncode == 0, app.process.returncode)
app = App(**SLOWLY)
wait(lambda: len(app.rows()) == 1, 'row of the big image')
os.remove(big)
before = sorted(os.listdir(HOME))


def start():
    click(button(app.window, 'Create Media…'))
    dialog = app.wait_dialog('Create Media')
    click(wait(lambda: button(dialog, 'Next'), 'Next'))
    wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
    click(button(dialog, 'Next'))
    wait(lambda: named(dialog, 'list item', 'Existing File: '), 'warning that a file is replaced')
    create = wait(lambda: button(dialog, 'Replace and Create'), 'button that says it replaces')
    wait(lambda: is_on(create, 'SENSITIVE'), 'button to be usable')
    return dialog, create


dialog, create = start()
screenshot('1-replace')
create.do_action(0)
title = wait(lambda: says(dialog, 'Creating “Big image.iso”'), 'progress')
started = time.monotonic()
key('Return')        # Cancel has the focus
# This label says so at once; searching the whole dialog for the outcome takes seconds.
wait(lambda: not title.get_name().startswith('Creating'), 'the end')
ended = time.monotonic()
outcome = wait(lambda: says(dialog, 'The old file is as it was') or says(dialog, 'Is Ready'), 'outcome')
check('it was cancelled', 'old file' in outcome.get_name(), outcome.get_name())
check('it ended within two seconds', ended - started < 2 * SLOW, f'{ended - started:.2f} s')
screenshot('3-cancelled')
with open(old, errors='replace') as f:
    check('the old file is as it was', f.read(100) == 'the old file')
check('nothing is left beside it', sorted(os.listdir(HOME)) == before, os.listdir(HOME))
click(button(dialog, 'Close'))
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')


def start_and_press(keys):
    """Starts and presses the keys before the program has drawn another frame: it stands still until all of it has arrived. The
    job waits for that frame."""
    _, create = start()
    at_pointer(create, '^Create Media$', keys, halt=app.process)
    return app.wait_dialog('Media Are Still Being Made')


def check_nothing_left(when):
    with open(old, errors='replace') as f:
        check(f'the old file is as it was, {when}', f.read(100) == 'the old file')
    check(f'nothing is left beside it, {when}', sorted(os.listdir(HOME)) == before, os.listdir(HOME))


ask = start_and_press('Escape')
click(button(ask, 'Cancel and Close'))
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')
check_nothing_left('where the dialog is closed before the job begins')
ask = start_and_press('ctrl+q')
click(button(ask, 'Cancel and Close'))
app.process.wait(timeout=60)
check('the program ended with status 0 before a job began', app.process.returncode == 0, app.process.returncode)
check_nothing_left('where the program is closed before the job begins')

disk = slow_disk(flush=60)
app = App(**disk)
wait(lambda: len(app.rows()) == 1, 'row of the big image')
dialog, create = start()
create.do_action(0)
wait(lambda: says(dialog, 'Creating “Big image.iso”'), 'progress')
key('Escape')
ask = app.wait_dialog('Media Are Still Being Made')
screenshot('4-ask')
click(button(ask, 'Keep Watching'))
wait(lambda: app.dialog('Media Are Still Being Made') is None, 'the question to close')
key('Escape')
app.wait_dialog('Media Are Still Being Made')
quick(disk)
wait(lambda: app.dialog('Media Are Still Being Made') is None, 'the question, which nobody answers, to close', 120)
wait(lambda: says(dialog, '“Big image.iso” Is Ready'), 'the job to end', 120)
check('the new file has replaced the old one', os.path.getsize(old) > 200 << 20)
click(button(dialog, 'Close'))
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')

with open(old, 'w') as f:
    f.write('the old file')
quick(disk, False)
dialog, create = start()
create.do_action(0)
wait(lambda: says(dialog, 'Creating “Big image.iso”'), 'progress')
key('ctrl+q')
ask = app.wait_dialog('Media Are Still Being Made')
click(button(ask, 'Cancel and Close'))
wait(lambda: app.process.poll() is not None or app.dialog('Media Are Still Being Made') is None, 'the question to close')
quick(disk)
app.process.wait(timeout=60)
quick(disk, False)
check('the program ended with status 0', app.process.returncode == 0, app.process.returncode)
with open(old, errors='replace') as f:
    check('the old file is as it was again', f.read(100) == 'the old file')
check('nothing is left beside it again', sorted(os.listdir(HOME)) == before, os.listdir(HOME))

app = App(os.path.join(CATALOG, 'KDL00001', 'source.wim'), SAMPLE, **SLOWLY)
app.wait_dialog('Import')
key('ctrl+q')
ask = app.wait_dialog('Cancel the Running Job?')
click(button(ask, 'Cancel the Job and Close'))
app.process.wait(timeout=60)
check('no import that waits is begun', app.process.returncode == 0 and os.listdir(CATALOG) == ['KDL00001'],
      os.listdir(CATALOG))
count_colours()
