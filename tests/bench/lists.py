# SPDX-License-Identifier: GPL-3.0-or-later
"""Many of something: images in a catalog, drivers, and how the time grows with bytes and with files."""
import functools
import math
import os
import shutil

import data
from measure import Figure, median, quiet, row, spend

IMAGES, INFS = 10_000, 1_000
FILES = (1_000, 5_000, 20_000, 50_000, 200_000)
MEGABYTES = (250, 500, 1_000, 2_000)


def many_images(place, catalog):
    """One image after the other with the same files, and an ID of its own."""
    image = os.path.join(catalog, place.image(catalog, place.sample, 'BEN00000'))
    for number in range(1, IMAGES):
        copy = os.path.join(catalog, f'BEN{number:05}')
        shutil.copytree(image, copy, copy_function=os.link)
        for name in 'image.ini', '.lock':
            path = os.path.join(copy, name)
            if os.path.exists(path):
                os.unlink(path)
                shutil.copy(os.path.join(image, name), path)


@row('P14')
def catalog(place):
    folder = place.data('many-images', functools.partial(many_images, place))
    uses = [spend(place.ctl, '--catalog', folder, 'image', 'list') for _ in range(place.pairs + 1)]
    if uses[0].said.count('BEN') < IMAGES:
        raise RuntimeError(uses[0].said[-500:])
    return [median(f'kindlingctl image list, {IMAGES} images, warm', [use.seconds for use in uses[1:]], 's', 0.3)]


@row('P15')
def drivers(place):
    folder = place.data('many-drivers', functools.partial(data.drivers, megabytes=20, packages=INFS, files=4))
    uses = [spend(place.ctl, 'driver', 'inspect', folder) for _ in range(place.pairs + 1)]
    return [median(f'kindlingctl driver inspect, {INFS} INF files, warm', [use.seconds for use in uses[1:]], 's', 1)]


def exponent(sizes, times):
    """The slope of the straight line through the logarithms: 1 where the time grows as the size does."""
    x, y = [math.log(size) for size in sizes], [math.log(seconds) for seconds in times]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    return sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y)) / sum((a - middle_x) ** 2 for a in x)


def curve(what, sizes, times, limit):
    return Figure(f'exponent of the growth of {what}', exponent(sizes, times), '', limit, list(times),
                  note=', '.join(f'{size}: {seconds:.2f} s' for size, seconds in zip(sizes, times)))


def times_of(catalog, place, way, name):
    """The least of three times: growth is what counts, not what else the machine does."""
    return min(way(catalog, place, name).seconds for _ in range(3))


def make_iso(catalog, place, name):
    out = os.path.join(place.memory, 'out.iso')
    use = spend(place.ctl, '--quiet', '--catalog', catalog, 'create', 'CD', out, name, '--no-verify', '--certificate',
                data.ready(place))
    os.unlink(out)
    return use


@row('P20')
def growth_in_bytes(place):
    """In memory, where nothing but the work itself counts."""
    catalog, times = os.path.join(place.memory, 'catalog'), []
    for megabytes in MEGABYTES:
        wim = os.path.join(place.memory, 'grown.wim')
        data.dense_image(place.sample, wim, megabytes)
        times.append(times_of(catalog, place, make_iso, place.image(catalog, wim, f'GRO{megabytes:05}')))
        quiet(place.ctl, '--catalog', catalog, 'image', 'remove', f'GRO{megabytes:05}')
    return [curve('creating an ISO file with its MB', MEGABYTES, times, 1.05)]


def small_files(folder, count):
    for number in range(count):
        if number % 500 == 0:
            os.makedirs(os.path.join(folder, f'{number // 500:04}'))
        with open(os.path.join(folder, f'{number // 500:04}', f'file{number:06}.txt'), 'wb') as f:
            f.write(b'%d\n' % number * 20)


def prepare(catalog, place, name):
    shutil.rmtree(os.path.join(catalog, '.cache'), ignore_errors=True)
    os.utime(os.path.join(place.extra, '0000', 'file000000.txt'))
    return spend(place.ctl, '--quiet', '--catalog', catalog, 'image', 'prepare', name)


def preview(catalog, place, name):
    return spend(place.ctl, '--quiet', '--catalog', catalog, 'image', 'preview', name)


@row('P20')
def growth_in_files(place):
    catalog, prepared, previewed = os.path.join(place.memory, 'catalog'), [], []
    image = place.image(catalog, place.sample)
    for count in FILES:
        place.extra = os.path.join(place.memory, f'extra{count}')
        small_files(place.extra, count)
        quiet(place.ctl, '--catalog', catalog, 'image', 'set', image, f'extra-files={place.extra}')
        previewed.append(times_of(catalog, place, preview, image))
        prepared.append(times_of(catalog, place, prepare, image) if count <= 20_000 else
                        prepare(catalog, place, image).seconds)
        shutil.rmtree(place.extra)
    return [curve('a preparation with its files', FILES, prepared, 1.10), curve('a preview with its files', FILES, previewed, 1.10)]
