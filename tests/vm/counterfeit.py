# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of a stick that holds less than it says, served to QEMU by the NBD protocol.

Source of the protocol: doc/proto.md of the NetworkBlockDevice project, fixed newstyle handshake, simple replies."""
import os
import socket
import struct
import threading

OPTION_MAGIC = b'IHAVEOPT'
REPLY_MAGIC = 0x3e889045565a9
REQUEST_MAGIC = 0x25609513
SIMPLE_REPLY_MAGIC = 0x67446698
GO, ACK, INFO, UNSUPPORTED = 7, 1, 3, 0x80000001
READ, WRITE, DISCONNECT, FLUSH = range(4)
FIXED_NEWSTYLE, HAS_FLAGS, SEND_FLUSH = 1, 1, 4


class Counterfeit:
    """Says it holds SIZE bytes, and loses what is written beyond HOLDS: that reads back as 0xff."""

    def __init__(self, path, size, holds):
        self.size = size
        self.memory = bytearray(size)
        self.holds = holds
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(1)
        self.node = {'driver': 'nbd', 'server': {'type': 'unix', 'path': os.path.basename(path)}, 'export': 'stick'}
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.socket.accept()
            with connection, connection.makefile('rwb') as line:
                try:
                    if self.shake_hands(line):
                        while self.answer(line):
                            line.flush()
                except (struct.error, BrokenPipeError, ConnectionResetError):
                    pass    # pulled

    def shake_hands(self, line):
        """Until the client wants the export; it may ask for extensions first, and gets none."""
        line.write(b'NBDMAGIC' + OPTION_MAGIC + struct.pack('>H', FIXED_NEWSTYLE))
        line.flush()
        line.read(4)
        while line.read(8) == OPTION_MAGIC:
            option, length = struct.unpack('>II', line.read(8))
            line.read(length)

            def reply(kind, data=b''):
                line.write(struct.pack('>QIII', REPLY_MAGIC, option, kind, len(data)) + data)
            if option == GO:
                reply(INFO, struct.pack('>HQH', 0, self.size, HAS_FLAGS | SEND_FLUSH))
                reply(ACK)
            else:
                reply(UNSUPPORTED)
            line.flush()
            if option == GO:
                return True
        return False

    def answer(self, line):
        magic, _, kind, handle, offset, length = struct.unpack('>IHHQQI', line.read(28))
        if magic != REQUEST_MAGIC or kind == DISCONNECT:
            return False
        data = b''
        if kind == WRITE:
            written = line.read(length)
            kept = max(0, min(length, self.holds - offset))
            self.memory[offset:offset + kept] = written[:kept]
        elif kind == READ:
            kept = max(0, min(length, self.holds - offset))
            data = bytes(self.memory[offset:offset + kept]) + b'\xff' * (length - kept)
        line.write(struct.pack('>IIQ', SIMPLE_REPLY_MAGIC, 0, handle) + data)
        return True
