#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a screen reader hears: progress at the button that has the focus, now and then; the outcome and failures with the focus."""
from driver import *

heard = []                # (time, name of the object, its new description)


def event_cb(event):
    heard.append((time.monotonic(), event.source.get_name(), event.any_data if isinstance(event.any_data, str) else ''))


listener = Atspi.EventListener.new(event_cb)
big = big_image(os.path.join(HOME, 'big.wim'), 100)
disk = slow_disk(rate=15)
quick(disk)
app = App(big, **disk)
wait(lambda: len(app.rows()) == 1, 'row of the big image', 120)
quick(disk, False)
settle(.5)
key('ctrl+n')
dialog = app.wait_dialog('Create Media')
settle(.3)
key('Return')
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
settle(.3)
key('Return')
wait(lambda: button(dialog, 'Create') and is_on(button(dialog, 'Create'), 'SENSITIVE'), 'Create')
settle(.3)
listener.register('object:property-change:accessible-description')
listener.register('object:property-change:accessible-value')
began = time.monotonic()
key('Return')
cancel = wait(lambda: named(dialog, 'push button', 'Cancel Big image.iso'), 'Cancel of the row')
check('it has the focus', wait(lambda: is_on(cancel, 'FOCUSED'), 'focus'))
wait(lambda: any('%' in text for _, _, text in heard), 'an announcement of the progress')
wait(lambda: re.match(r'[1-9]\d* %, \w+ .*left', cancel.get_description()), 'part, step and time left in its description')
close = wait(lambda: button(dialog, 'Close'), 'Close')
wait(lambda: is_on(close, 'FOCUSED'), 'focus on Close')
ended = time.monotonic()
settle(.5)
listener.deregister('object:property-change:accessible-description')
said = [(at, text) for at, name, text in heard if '%' in text]
check('progress is announced more than once', len(said) > 2, len(said))
gaps = [b - a for (a, _), (b, _) in zip(said, said[1:])]
check('hardly more than every two seconds', len(said) <= (ended - began) / 2 + 2, gaps)      # they come in late here where both processors are busy
check('never silent for much longer than ten', max(gaps) < 10 + 5 * SLOW, gaps)
check('values change no more than the bar can show', len(heard) - len(said) < 220, len(heard))
check('no flood', len(heard) < 40 * (ended - began) + 20, f'{len(heard)} events in {ended - began:.0f} s')
check('what became of it is said with the focus', 'Is Ready. Every byte was read back' in close.get_description(), close.get_description())
key('Return')
wait(lambda: app.dialog('Create Media') is None, 'the dialog to close')

broken = os.path.join(HOME, 'broken.wim')
with open(SAMPLE, 'rb') as source, open(broken, 'wb') as target:
    target.write(source.read()[:100000])
app.open(broken)
failure = app.wait_dialog('Import')
wait(lambda: any(n.get_description().startswith('The boot image is incomplete. The file is shorter') for n in walk(failure)
                 if n.get_role_name() == 'push button'), 'the failure in the description of what closes it')
roles = {n.get_role_name() for n in walk(failure)}
check('a failure is an alert', roles & {'alert', 'notification'}, roles)
app.close()
