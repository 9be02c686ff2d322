#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of an ISO file on its way to a slow disk: how far it is, how fast, and the time left."""
import json
import os
import time

import command
import fixtures
from command import CommandTest

MEGABYTES = 120      # MiB of the image
RATE = 20            # MiB/s of the disk
TRIES = 4


class SlowDisk(CommandTest):
    def setUp(self):
        super().setUp()
        with open(os.path.join(self.tree, 'big.bin'), 'wb') as f:
            f.write(os.urandom(MEGABYTES << 20))
        self.wim = fixtures.capture(self.path('big.wim'), self.tree, '--compress=none')
        self.import_good()
        os.mkdir(self.path('slow'))
        self.n_created = 0

    def create(self, **how):
        """The seconds since the first one, and the event, for each that says how far it is."""
        environment = self.slow_disk(self.path('slow'), **how)
        self.n_created += 1
        program = self.start('--json', 'create', 'CD', self.path('slow', f'out{self.n_created}.iso'), 'KDL00001', '--no-verify',
                             env=environment)
        events = [(time.monotonic(), json.loads(line)) for line in program.stdout]
        self.assertEqual(program.wait(), 0, program.stderr.read())
        program.stdout.close()
        program.stderr.close()
        self.assertEqual(events[-1][1]['event'], 'done')
        return [(when - events[0][0], event) for when, event in events[:-1] if event['event'] == 'progress']

    def create_in_time(self, **how):
        """As create(), of a time when the real disk below was quicker than the slow one: it may have much to do for others."""
        for _ in range(TRIES):
            events = self.create(**how)
            writing = [(when, event) for when, event in events if event['info'].startswith('Writing')]
            if events[-1][0] - writing[0][0] < MEGABYTES / RATE * 1.15:
                break
        return events, writing

    def check_truth(self, events, writing):
        began, total = writing[0][0], events[-1][0]
        story = '\n'.join(f"{when:.2f} s: {event['fraction']:.3f}, {event['rate'] / 2**20:.1f} MiB/s, {event['eta']} s left, "
                          f"{event['info']}" for when, event in events)
        fractions = [event['fraction'] for _, event in events]
        self.assertEqual(fractions, sorted(fractions), story)
        self.assertGreaterEqual(total - began, MEGABYTES / RATE * 0.95, story)
        for when, event in events:
            if event['fraction'] >= 0.98:
                self.assertGreaterEqual(when - began, MEGABYTES / RATE * 0.95, story)
        late = [(when, event) for when, event in writing if when - began >= 2]
        self.assertGreater(len(late), 10, story)
        for when, event in late:
            left = total - when
            self.assertAlmostEqual(event['rate'] / 2**20, RATE, delta=0.3 * RATE, msg=story)
            self.assertAlmostEqual(event['eta'], left, delta=0.3 * left + 1.5, msg=story)

    def test_disk_behind_memory(self):
        self.check_truth(*self.create_in_time(SLOW_BACK=RATE))

    def test_disk_that_makes_writers_wait(self):
        self.check_truth(*self.create_in_time(SLOW_RATE=RATE))


if __name__ == '__main__':
    command.main()
