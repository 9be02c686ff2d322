# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeded data of the benchmark, without Microsoft files. Each function makes the file or folder of which it gets the path, but
for those that get a Place: they give the path of what all rows share."""
import functools
import itertools
import os
import random
import shutil

from measure import quiet

INF = r'''[Version]
Signature="$Windows NT$"
Class=Net
ClassGuid={{4D36E972-E325-11CE-BFC1-08002BE10318}}
Provider=%Maker%
DriverVer=01/31/2026,1.2.3.{0}
CatalogFile=driver.cat
[Manufacturer]
%Maker%=Models,NTamd64
[Models.NTamd64]
"Card {0}"=Install,PCI\VEN_8086&DEV_{0:04X}
[Install.NT]
AddReg=Registry
[Strings]
Maker="Example"
'''


def pool(seeded, size, noise):
    """Bytes of which a bit more than the share `noise` remains when they are compressed."""
    words = [seeded.randbytes(seeded.randrange(3, 24)) for _ in range(600)]
    parts, length = [], 0
    while length < size:
        part = seeded.randbytes(96) if seeded.random() < noise else b''.join(seeded.choices(words, k=7))
        parts.append(part)
        length += len(part)
    return b''.join(parts)


def cut(seeded, data, size):
    start = seeded.randrange(len(data) - size)
    return data[start:start + size]


def image_with(sample, wim, extra, where):
    """The sample image and what the folder `extra` holds, which goes."""
    shutil.copy(sample, wim)
    os.chmod(wim, 0o644)
    quiet('wimlib-imagex', 'update', wim, '1', '--command', f"add '{extra}' {where}")
    shutil.rmtree(extra)


def dense_image(sample, wim, megabytes):
    """An image with `megabytes` of files that a compressor makes nothing of: what is in it counts, not how it was made."""
    extra, seeded = wim + '.extra', random.Random(26100)
    os.mkdir(extra)
    left, number = megabytes * 1000 * 1000, 0
    while left > 0:
        size = min(left, seeded.randrange(100_000, 4_000_000))
        with open(os.path.join(extra, f'file{number:05}.dat'), 'wb') as f:
            f.write(seeded.randbytes(size))
        left, number = left - size, number + 1
    image_with(sample, wim, extra, '/Windows/Extra')
    # One thread and a fast level.
    quiet('wimlib-imagex', 'optimize', wim, '--compress=XPRESS:20', '--no-check')


def real_image(sample, wim, megabytes):
    """An image of 13,500 files that make it `megabytes` large. WIM files keep contents uncompressed of which a compressor
    makes nothing, and wimlib tries them again each time: a real image has few of those, and this one none."""
    extra, seeded = wim + '.extra', random.Random(26100)
    data, plain = pool(seeded, 64_000_000, 0.5), b''.join(b'%08d: name="value"\r\n' % n for n in range(100_000))
    for number in range(13_500):
        folder = os.path.join(extra, f'{number // 200:03}')
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f'file{number:05}.dat'), 'wb') as file:
            size = min(int(seeded.expovariate(13_500 / (megabytes * 1.2e6))) + 100, 4_000_000)
            file.write(cut(seeded, data if size > 20_000 else plain, size))
    image_with(sample, wim, extra, '/Windows/WinSxS')


def shares(n, power):
    """Cumulated weights of which each is smaller than the one before, as words of languages are ever less frequent."""
    return list(itertools.accumulate(1 / (i + 5) ** power for i in range(n)))


def programs(seeded, size):
    """Bytes that compressors have as much to do with as with programs for x64, and which they make a third of: sequences of
    a few operations that come again and again with another operand, tables of addresses, zeros."""
    codes = [seeded.randbytes(seeded.choice((1, 2, 2, 3))) for _ in range(300)]
    words = [code + (seeded.randbytes(1) if seeded.random() < 0.5 else b'')
             for code in seeded.choices(codes, cum_weights=shares(300, 1), k=6000)]
    phrases = [b''.join(seeded.choices(words, cum_weights=shares(6000, 1), k=seeded.randrange(2, 16))) for _ in range(3000)]
    weights, parts, length = shares(3000, 1.1), [], 0
    while length < size:
        kind = seeded.random()
        if kind < 0.9:
            part = b''.join(phrase + (seeded.randbytes(1) if seeded.random() < 0.1 else b'')
                            for phrase in seeded.choices(phrases, cum_weights=weights, k=300))
        elif kind < 0.96:
            part = b''.join(n.to_bytes(4, 'little') for n in itertools.accumulate(seeded.choices(range(8, 800, 8), k=400)))
        else:
            part = bytes(seeded.randrange(64, 4000))
        parts.append(part)
        length += len(part)
    return b''.join(parts)


def drivers(folder, megabytes, packages=12, files=20):
    """Driver packages of `files` files each, `megabytes` together; few of them are large."""
    seeded = random.Random(19041)
    data = programs(seeded, min(64_000_000, int(megabytes * 1e6)))
    weights = [seeded.lognormvariate(0, 0.8) for _ in range(packages * (files - 1))]
    for number in range(packages):
        package = os.path.join(folder, f'package{number:02}')
        os.makedirs(package)
        with open(os.path.join(package, 'driver.inf'), 'w', encoding='ascii') as file:
            file.write(INF.format(number))
        for name in range(files - 1):
            size = int(megabytes * 1e6 * weights[number * (files - 1) + name] / sum(weights))
            with open(os.path.join(package, f'part{name:02}.bin'), 'wb') as file:
                file.write(cut(seeded, data, size))


def certificate(path):
    """A PFX file without a password and with little to compute: a key that is ready."""
    quiet('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', path + '.key', '-out', path + '.pem', '-days', '3650',
          '-subj', '/CN=bench')
    quiet('openssl', 'pkcs12', '-export', '-inkey', path + '.key', '-in', path + '.pem', '-passout', 'pass:', '-iter', '1', '-out',
          path)


def dense(place):
    """A boot image of 450 MB that nothing can be made of by compressing it."""
    return place.data('dense.wim', functools.partial(dense_image, place.sample, megabytes=450))


def ready(place):
    """A certificate that is ready."""
    return place.data('ready.pfx', certificate)
