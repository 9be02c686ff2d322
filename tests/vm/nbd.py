# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of a stick, served to QEMU by the NBD protocol, so that a test can say what it does.

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


class Memory:
    """An honest one of SIZE bytes; self.node is what a Stick takes as its memory. The calls come from another thread."""

    def __init__(self, path, size):
        self.memory = bytearray(size)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(path)
        self.socket.listen(1)
        self.node = {'driver': 'nbd', 'server': {'type': 'unix', 'path': os.path.basename(path)}, 'export': 'stick'}
        threading.Thread(target=self.serve, daemon=True).start()

    def read(self, offset, length):
        return bytes(self.memory[offset:offset + length])

    def write(self, offset, data):
        self.memory[offset:offset + len(data)] = data

    def flush(self):
        """What was written before is to outlive a power cut from now on."""

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
                reply(INFO, struct.pack('>HQH', 0, len(self.memory), HAS_FLAGS | SEND_FLUSH))
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
            self.write(offset, line.read(length))
        elif kind == READ:
            data = self.read(offset, length)
        elif kind == FLUSH:
            self.flush()
        line.write(struct.pack('>IIQ', SIMPLE_REPLY_MAGIC, 0, handle) + data)
        return True
