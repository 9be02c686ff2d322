# SPDX-License-Identifier: GPL-3.0-or-later
"""Sticks on loop devices, with file systems on them. Imported by the scenarios of the window."""
import os
import subprocess

FOLDER = os.environ['TMPDIR']
MOUNT = os.path.join(FOLDER, 'mnt')


def run(*command):
    return subprocess.run(command, check=True, text=True, capture_output=True, stdin=subprocess.DEVNULL).stdout


def plug(name, *partitions):
    """A stick with partitions of 48 MB; kernels without a parser of partition tables are told of them."""
    file = os.path.join(FOLDER, name)
    with open(file, 'wb') as out:
        out.truncate(48 * 1024 * 1024 * (len(partitions) + 1))
    starts = [2048 + i * 98304 for i in range(len(partitions))]
    subprocess.run(['sfdisk', '-q', file], check=True, text=True, stdout=subprocess.DEVNULL,
                   input='label: dos\n' + ''.join(f'start={s}, size=98304, type=7\n' for s in starts))
    node = run('losetup', '-f', '--show', file).strip()
    for n in range(1, 5):
        # One that a run which was ended from outside has left with the device.
        subprocess.run(['delpart', node, str(n)], check=False, stderr=subprocess.DEVNULL)
    for n, (start, make) in enumerate(zip(starts, partitions), 1):
        run('addpart', node, str(n), str(start), '98304')
        run(*make, f'{node}p{n}')
    run('udevadm', 'trigger', '--action=add', node, *(f'{node}p{n + 1}' for n in range(len(partitions))))
    run('udevadm', 'settle', '--timeout=30')
    return node


def ntfs(label):
    return 'mkntfs', '-q', '-f', '-F', '-s', '512', '-p', '2048', '-H', '255', '-S', '63', '-L', label


def on_volume(node, words):
    """Runs with the volume mounted; for what is on it."""
    os.makedirs(MOUNT, exist_ok=True)
    run('mount', '-t', 'ntfs', node, MOUNT)
    try:
        return words()
    finally:
        run('umount', MOUNT)
