# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancelling: how long a job takes to a clean end after it was told to, at times spread over all of it."""
import functools
import os
import random
import shutil
import signal
import subprocess
import time

import data
from measure import Failed, largest, quiet, row

TIMES = 20       # how often each job is cancelled


def cancel_after(argv, seconds):
    """Seconds from the signal to the end; None where the job had ended before. Status 3 is that of what was cancelled."""
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    time.sleep(seconds)
    if process.poll() is not None:
        return None
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    said = process.communicate()[0].decode(errors='replace')
    took = time.monotonic() - start
    if process.returncode not in (0, 3):
        raise Failed(f'{argv}: cancelled after {seconds:.2f} s, exit status {process.returncode}\n{said}')
    return took


def cancel_often(argv, clean):
    """Seconds of each time; `clean` is called after each and says what is left that should not be."""
    start = time.monotonic()
    quiet(*argv)
    whole, seeded, took = time.monotonic() - start, random.Random(1018), []
    clean(True)
    for number in range(TIMES):
        seconds = cancel_after(argv, whole * (number + seeded.random()) / TIMES)
        left = clean(seconds is None)
        if seconds is not None:
            took.append(seconds)
        if left:
            raise Failed(f'left behind after a cancel: {left}')
    return took


def cancelled_medium(place, what, kind, *more):
    folder = os.path.join(place.disk, 'out')
    out, catalog = os.path.join(folder, 'medium'), os.path.join(place.disk, 'catalog')
    os.mkdir(folder)
    image = place.image(catalog, data.dense(place))

    def clean(ended):
        left = [] if ended else [name for name in os.listdir(folder) if name != 'medium']
        if os.path.exists(out):
            os.unlink(out)
        return left

    took = cancel_often([place.ctl, '--quiet', '--catalog', catalog, 'create', kind, out, image, *more], clean)
    return largest(f'cancel of {what}, {len(took)} times, the longest', took, 's', 1)


@row('P18')
def iso(place):
    return [cancelled_medium(place, 'an ISO file, read back', 'CD')]


@row('P18')
def disk(place):
    return [cancelled_medium(place, 'a disk image, read back', 'UFD+FORMAT', '--disk-image', '4G')]


@row('P18')
def preparation(place):
    catalog = os.path.join(place.disk, 'catalog')
    image = place.image(catalog, place.data('real.wim', functools.partial(data.real_image, place.sample, megabytes=450)))
    drivers = shutil.copytree(place.data('drivers', functools.partial(data.drivers, megabytes=150)),
                              os.path.join(place.disk, 'drivers'))
    quiet(place.ctl, '--catalog', catalog, 'image', 'add-driver', image, drivers)

    def clean(_):
        shutil.rmtree(os.path.join(catalog, '.cache'), ignore_errors=True)
        os.utime(os.path.join(drivers, 'package00', 'driver.inf'))
        return [name for name in os.listdir(os.path.join(catalog, image)) if name.endswith('.part')]

    took = cancel_often([place.ctl, '--quiet', '--catalog', catalog, 'image', 'prepare', image], clean)
    return [largest(f'cancel of a preparation, {len(took)} times, the longest', took, 's', 1)]
