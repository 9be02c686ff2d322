#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main loop goes on turning while 500 MB are imported and made into an ISO file; the figures are in the log."""
from driver import *

big = big_image(os.path.join(HOME, 'big.wim'), 500)
app = App(big, KINDLING_DEBUG_FRAMES='1')
wait(lambda: len(app.rows()) == 1, 'row of the big image', 120)
wait(lambda: app.said().count('job ended') >= 1, 'summary of the import')
wait(lambda: app.dialog('Import') is None, 'the import to close')
key('ctrl+n')
dialog = app.wait_dialog('Create Media')
click(wait(lambda: button(dialog, 'Next'), 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
click(button(dialog, 'Next'))
wait(lambda: button(dialog, 'Create') and is_on(button(dialog, 'Create'), 'SENSITIVE'), 'review')
click(button(dialog, 'Create'))
wait(lambda: says(dialog, 'Is Ready'), 'result', 120)
wait(lambda: app.said().count('job ended') >= 2, 'summary of the creation')
for line in re.findall(r'kl-turns-?.*', app.said()):
    log(line)
# Work of the main loop itself; a processor that others keep busy shows in the wall clock only. Without a graphics card a
# frame of a new page takes some twenty milliseconds; a read or a write of this file on the main loop would take many.
turns = [tuple(map(float, turn)) for turn in
         re.findall(r'turn of ([\d.]+) ms, ([\d.]+) ms of them on the processor, ([\d.]+) ms waiting', app.said())]
spent = sorted(spent for _, spent, _ in turns)
check_measured('no turn worked for long', max(spent, default=0) < 100 * SLOW, spent[-5:])
# What is left of a turn: a lock whose owner waits for a processor, and what this test is about, a disk.
blocked = sorted(took - spent - queued for took, spent, queued in turns)
check_measured('no turn was blocked for long', max(blocked, default=0) < 100 * SLOW, blocked[-5:])
taken = [float(ms) for ms in re.findall(r'longest ([\d.]+) ms', app.said())]
check_measured('no turn waited for long', len(taken) == 2 and max(taken) < 500 * SLOW, taken)
app.close()
