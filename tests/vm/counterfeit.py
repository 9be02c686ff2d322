# SPDX-License-Identifier: GPL-3.0-or-later
"""A stick that holds less than it says."""
from nbd import Memory


class Counterfeit(Memory):
    """Says it holds SIZE bytes, and loses what is written beyond HOLDS: that reads back as 0xff."""

    def __init__(self, path, size, holds):
        self.holds = holds
        super().__init__(path, size)

    def write(self, offset, data):
        super().write(offset, data[:max(0, self.holds - offset)])

    def read(self, offset, length):
        return super().read(offset, max(0, min(length, self.holds - offset))).ljust(length, b'\xff')
