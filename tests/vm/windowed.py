# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios: the window, on the real udev, UDisks2 and polkit."""
import signal
import subprocess

from bench import USER, Failed, digest, format_fat32, is_finished

STAGES = '/run/kindling/stages'
LIMIT = 300     # seconds for each stage; a window drawn by an emulated processor is slow


class Window:
    """The window and what drives it, in the machine, of a user."""

    def __init__(self, bench):
        ready = bench.guest.shell('cd /run/build && cp app/kindling /run/kindling/app/ && cp data/gschemas.compiled'
                                  ' /run/kindling/data/ && chmod -R a+rX /run/kindling/app /run/kindling/data &&'
                                  f' rm -f {STAGES} && touch {STAGES} && chmod a+w {STAGES}')
        if ready.status != 0:
            raise Failed(ready.text)
        self.said = bench.guest.start('tail', '-f', STAGES)
        self.process = bench.guest.start(
            'env', 'A11Y_SLOW=8', 'KINDLING=/run/kindling/app/kindling', 'KINDLING_SAMPLE=/run/kindling/data/sample/boot.wim',
            'KINDLING_SCREENSHOTS=/tmp/pictures', f'KINDLING_STAGES={STAGES}', 'bash', '/tests/display/headless.sh',
            '/usr/bin/python3', '-B', '-W', 'ignore', '/tests/vm/window_in_guest.py', user=USER)

    def wait_for(self, stage):
        self.process.wait_until(lambda p: stage in [line for line, _ in self.said.lines], LIMIT)
        if stage not in [line for line, _ in self.said.lines]:
            self.process.signal(signal.SIGTERM)
            raise Failed(f'The window did not come to “{stage}”:\n{self.process.wait().text}')


def check_files(bench, stick):
    """By tools that are not ours."""
    part = f'{stick.path}.part'
    subprocess.run(['dd', f'if={stick.path}', f'of={part}', 'bs=1M', 'skip=1', 'status=none'], check=True)
    clean = subprocess.run(['fsck.fat', '-n', part], capture_output=True, text=True)
    bench.check('window: fsck.fat is content', clean.returncode == 0, clean.stdout)
    taken = subprocess.run(['mcopy', '-i', part, '::sources/boot.wim', f'{part}.wim'], capture_output=True, text=True)
    whole = subprocess.run(['wimlib-imagex', 'verify', f'{part}.wim'], capture_output=True, text=True)
    bench.check('window: the boot image on it is whole', taken.returncode == 0 and whole.returncode == 0, taken.stderr,
                whole.stderr)


def window_makes_a_real_stick(bench):
    """Two sticks are plugged in while the window is open; one of them is chosen there, refused by polkit, and made."""
    window = Window(bench)
    stick, other = bench.stick('WINDOW01'), bench.stick('WINDOW02')
    format_fat32(stick)
    before, untouched = digest(stick.path), digest(other.path)
    window.wait_for('started')
    bench.plug(stick)
    bench.plug(other)
    window.wait_for('denied')
    bench.check_untouched('window: polkit denies, and the stick is as it was', stick, before)
    bench.allow_user()
    window.wait_for('done')
    bench.forbid_user()
    bench.pull(stick)
    bench.check('window: the stick would start', is_finished(stick))
    check_files(bench, stick)
    bench.check_untouched('window: the stick that was not chosen is as it was', other, untouched)
    window.process.wait(LIMIT)
    bench.check('window: it went as it should', window.process.status == 0, window.process.text)
