#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the virtual machine: runs what the test asks for, and tells what it prints, and when: agent.py PORT

Both sides send one JSON object a line. The test sends {"id": N, "run": [PROGRAM, ARGUMENT…], "terminal": false},
and later {"id": N, "input": TEXT} or {"id": N, "signal": NUMBER}. The agent answers with
{"id": N, "text": TEXT, "at": SECONDS} for each piece of output, and {"id": N, "status": STATUS, "at": SECONDS} at the
end. Seconds are those of the guest's monotonic clock, which udevadm prints too."""
import json
import os
import pty
import subprocess
import sys
import threading
import time


class Agent:
    def __init__(self, path):
        self.port = open(path, 'r+b', buffering=0)
        self.lock = threading.Lock()
        self.processes = {}     # by number: (process, descriptor of its input)

    def send(self, **message):
        data = json.dumps(dict(message, at=time.monotonic())).encode() + b'\n'
        with self.lock:
            while data:
                data = data[self.port.write(data):]

    def start(self, number, argv, terminal):
        if terminal:
            ours, theirs = pty.openpty()
            given = ours
        else:
            ours, output = os.pipe()
            theirs, given = os.pipe()
        try:
            process = subprocess.Popen(argv, stdin=theirs, stdout=theirs if terminal else output,
                                       stderr=theirs if terminal else output, start_new_session=True)
        except OSError as error:
            self.send(id=number, text=f'{argv[0]}: {error}\n')
            self.send(id=number, status=127)
            return
        os.close(theirs)
        if not terminal:
            os.close(output)
        self.processes[number] = (process, given)
        threading.Thread(target=self.follow, args=(number, process, ours, given), daemon=True).start()

    def follow(self, number, process, output, given):
        while True:
            try:
                data = os.read(output, 65536)
            except OSError:     # how a terminal ends
                break
            if not data:
                break
            self.send(id=number, text=data.decode(errors='replace'))
        status = process.wait()
        del self.processes[number]
        os.close(output)
        if given != output:
            os.close(given)
        self.send(id=number, status=status)

    def obey(self, message):
        number = message['id']
        if 'run' in message:
            self.start(number, message['run'], message.get('terminal', False))
        elif number in self.processes:
            process, given = self.processes[number]
            if 'signal' in message:
                process.send_signal(message['signal'])
            else:
                os.write(given, message['input'].encode())

    def serve(self):
        self.send(id=0, text='ready')
        rest = b''
        while True:
            data = self.port.read(65536)
            if not data:        # the test has gone, or is not there yet
                time.sleep(.1)
                continue
            *lines, rest = (rest + data).split(b'\n')
            for line in lines:
                message = json.loads(line)
                if message.get('end'):
                    return
                self.obey(message)


if __name__ == '__main__':
    Agent(sys.argv[1]).serve()
