# SPDX-License-Identifier: GPL-3.0-or-later
"""The window, on a private X server and drawn by the processor: its start, its memory, and what its main loop does meanwhile."""
import functools
import os
import re
import subprocess
import sys
import time

import data
from measure import MIB, Failed, Figure, fields, largest, median, row, spend

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), 'display'))


def first_frame(place):
    """Seconds from the start of the program to its first frame."""
    start = time.monotonic()
    with subprocess.Popen([place.window], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=dict(os.environ, KINDLING_DEBUG_FRAMES='1')) as process:
        for line in process.stdout:
            if 'first frame' in line:
                took = time.monotonic() - start
                process.kill()
                return took
    raise Failed('the window never drew a frame')


@row('P16', needs='display')
def start(place):
    catalog = os.path.join(os.environ['XDG_DATA_HOME'], 'kindling', 'catalog')
    place.image(catalog, place.sample)
    first_frame(place)
    listed = [spend(place.ctl, '--catalog', catalog, 'image', 'list').seconds for _ in range(place.pairs + 1)]
    return [median('first frame of the window', [first_frame(place) for _ in range(place.pairs)], 'ms', 400),
            median('kindlingctl image list', listed[1:], 'ms', 30)]


@functools.lru_cache
def iso_in_window(place):
    """Imports an image of 450 MB in the window and makes an ISO file of it, as a person does; what it said meanwhile, and its
    largest memory."""
    os.environ.update(KINDLING=place.window, KINDLING_SAMPLE=place.sample, KINDLING_SCREENSHOTS=place.disk)
    import driver as d
    image = data.dense(place)
    app = d.App(image, KINDLING_DEBUG_FRAMES='1')
    d.wait(lambda: app.said().count('job ended') >= 1, 'summary of the import', 120)
    d.wait(lambda: app.dialog('Import') is None, 'the import to close')
    d.key('ctrl+n')
    dialog = app.wait_dialog('Create Media')
    d.click(d.wait(lambda: d.button(dialog, 'Next'), 'Next'))
    d.wait(lambda: d.find(dialog, 'label', 'Protection'), 'protection')
    d.click(d.button(dialog, 'Next'))
    d.wait(lambda: d.button(dialog, 'Create') and d.is_on(d.button(dialog, 'Create'), 'SENSITIVE'), 'review')
    d.click(d.button(dialog, 'Create'))
    d.wait(lambda: d.says(dialog, 'Is Ready'), 'result', 120)
    d.wait(lambda: app.said().count('job ended') >= 2, 'summary of the creation')
    peak = int(fields(f'/proc/{app.process.pid}/status')['VmHWM'].split()[0]) * 1024
    app.process.terminate()
    app.process.wait()
    return app.said(), peak


@row('P17', needs='display')
def main_loop(place):
    said, _ = iso_in_window(place)
    long = [tuple(map(float, turn)) for turn in
            re.findall(r'turn of ([\d.]+) ms, ([\d.]+) ms of them on the processor, ([\d.]+) ms waiting', said)]
    taken = [float(ms) / 1000 for ms in re.findall(r'longest ([\d.]+) ms', said)]
    return [largest('longest turn of the main loop while a job runs', taken, 'ms', 16,
                    note=f'{len(long)} turns over 16 ms; on the processor {max((spent for _, spent, _ in long), default=0):.0f} ms, '
                         f'waiting for one {max((queued for *_, queued in long), default=0):.0f} ms')]


@row('P13', needs='display')
def memory(place):
    return [Figure('memory at most, window', iso_in_window(place)[1] / MIB, 'MiB', 200)]
