# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine that runs this system's own files, with USB sticks that are really plugged in and pulled.

QEMU runs with TCG, so nothing is needed of the processor, and everything is slow: time-outs are ample."""
import json
import os
import select
import socket
import subprocess
import time

QUIET_BOOT = 30     # seconds; on a quiet machine
LIMIT = 120         # seconds for what takes a few


class Gone(Exception):
    """The machine ended, or time is up."""


class Socket:
    """Lines of JSON over a unix socket."""

    def __init__(self, path, vm):
        self.vm = vm
        self.rest = b''
        end = time.monotonic() + LIMIT
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.socket.connect(path)
                return
            except OSError:
                if vm.poll() is not None or time.monotonic() > end:
                    raise Gone('QEMU did not start') from None
                time.sleep(.05)

    def send(self, message):
        self.socket.sendall(json.dumps(message).encode() + b'\n')

    def receive(self, end):
        """The next message; raises Gone when it is not there at the time END."""
        while b'\n' not in self.rest:
            ready, _, _ = select.select([self.socket], [], [], max(0, end - time.monotonic()))
            data = self.socket.recv(1 << 16) if ready else b''
            if not data:
                raise Gone('the machine has ended' if ready else 'time is up')
            self.rest += data
        line, self.rest = self.rest.split(b'\n', 1)
        return json.loads(line)


class Process:
    """Something that runs in the machine."""

    def __init__(self, guest, number):
        self.guest = guest
        self.number = number
        self.status = None
        self.pieces = []        # (text, seconds of the guest's clock)
        self.ended_at = None

    @property
    def text(self):
        return ''.join(text for text, _ in self.pieces)

    @property
    def lines(self):
        """Complete lines, each with the time at which it was complete."""
        lines, rest = [], ''
        for text, at in self.pieces:
            *whole, rest = (rest + text).split('\n')
            lines += [(line.rstrip('\r'), at) for line in whole]
        return lines

    @property
    def objects(self):
        """What it printed with --json, each with the time."""
        return [dict(json.loads(line), at=at) for line, at in self.lines if line.startswith('{')]

    def input(self, text):
        self.guest.line.send({'id': self.number, 'input': text})

    def signal(self, number):
        self.guest.line.send({'id': self.number, 'signal': number})

    def wait_until(self, condition, limit=LIMIT):
        """Waits until CONDITION, a function of this process, is true or the process has ended; returns its value."""
        end = time.monotonic() + limit
        value = condition(self)
        while not value and self.status is None:
            self.guest.receive(end)
            value = condition(self)
        return value

    def wait(self, limit=LIMIT):
        end = time.monotonic() + limit
        while self.status is None:
            self.guest.receive(end)
        return self


class Guest:
    """The line to the agent in the machine."""

    def __init__(self, path, vm):
        self.line = Socket(path, vm)
        self.processes = {}
        self.number = 0
        self.line.receive(time.monotonic() + 4 * QUIET_BOOT)

    def receive(self, end):
        message = self.line.receive(end)
        process = self.processes.get(message['id'])
        if process is None:
            return
        if 'text' in message:
            process.pieces.append((message['text'], message['at']))
        else:
            process.status = message['status']
            process.ended_at = message['at']

    def start(self, *argv, user=None, terminal=False):
        if user:
            argv = ('setpriv', '--reuid=' + user, '--regid=nogroup', '--clear-groups', *argv)
        self.number += 1
        process = Process(self, self.number)
        self.processes[self.number] = process
        self.line.send({'id': self.number, 'run': argv, 'terminal': terminal})
        return process

    def run(self, *argv, user=None, limit=LIMIT):
        return self.start(*argv, user=user).wait(limit)

    def shell(self, command, limit=LIMIT):
        return self.run('bash', '-c', command, limit=limit)


class Stick:
    """A USB stick: its memory is a file of the host, or what QMP's options MEMORY say. FILTERS are QMP's options of block
    nodes between the two. Only where the stick FLUSHES is the memory told to."""

    def __init__(self, name, path, serial, read_only=False, bytes_per_second=0, filters=(), memory=None, flushes=False):
        self.name = name
        self.memory = memory or {'driver': 'file', 'filename': path}
        self.path = path
        self.serial = serial
        self.read_only = read_only
        self.bytes_per_second = bytes_per_second
        self.filters = filters
        self.flushes = flushes
        self.nodes = []

    def read(self, offset=0, length=-1):
        with open(self.path, 'rb') as f:
            f.seek(offset)
            return f.read(length)


class Vm:
    """FOLDER: for its sockets, a short name; KERNEL: what make-kernel.sh made; BUILD: of meson."""

    def __init__(self, folder, kernel, build, system_disk):
        here = os.path.dirname(os.path.abspath(__file__))
        def share(tag, path):
            return ['-virtfs', f'local,path={path},mount_tag={tag},security_model=none,id={tag},readonly=on,'
                    'multidevs=remap']
        self.folder = folder
        self.qmp_number = 0
        self.deleted = set()
        self.process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', 'qemu-system-x86_64', '-accel', 'tcg,thread=multi', '-M', 'q35',
             '-cpu', 'max', '-smp', '2', '-m', '1024', '-display', 'none', '-nodefaults', '-no-reboot', '-nic', 'none',
             '-kernel', f'{kernel}/vmlinuz', '-initrd', f'{kernel}/initrd',
             # A stick is there at once, and not after a second of grace.
             '-append', 'console=ttyS0 quiet loglevel=3 panic=-1 usb-storage.delay_use=0 mitigations=off',
             *share('host', '/'), *share('tests', os.path.dirname(here)), *share('build', build),
             '-drive', f'if=virtio,format=raw,file={system_disk}',
             '-device', 'qemu-xhci,id=usb,p2=8,p3=8',
             '-device', 'virtio-serial', '-chardev', 'socket,id=agent,path=agent.sock,server=on,wait=off',
             '-device', 'virtserialport,chardev=agent,name=agent',
             '-qmp', 'unix:qmp.sock,server=on,wait=off', '-serial', 'file:serial.log'],
            cwd=folder, stdin=subprocess.DEVNULL, stderr=open(f'{folder}/qemu.log', 'wb'))
        self.qmp = Socket(f'{folder}/qmp.sock', self.process)
        self.qmp.receive(time.monotonic() + LIMIT)
        self.command('qmp_capabilities')
        self.guest = Guest(f'{folder}/agent.sock', self.process)

    def command(self, name, **arguments):
        end = time.monotonic() + LIMIT
        self.qmp.send({'execute': name, 'arguments': arguments})
        while True:
            reply = self.qmp.receive(end)
            if 'event' in reply:
                self.take_event(reply)
            elif 'error' in reply:
                raise RuntimeError(f"{name}: {reply['error']['desc']}")
            else:
                return reply['return']

    def take_event(self, event):
        if event['event'] == 'DEVICE_DELETED':
            self.deleted.add(event['data'].get('device'))

    def add_node(self, stick, **options):
        options['node-name'] = f'{stick.name}{len(stick.nodes)}'
        self.command('blockdev-add', **options)
        stick.nodes.append(options['node-name'])

    def plug(self, stick):
        self.add_node(stick, driver='raw', file=stick.memory, cache={'no-flush': not stick.flushes},
                      **{'read-only': stick.read_only})
        for options in stick.filters:
            self.add_node(stick, **dict(options, image=stick.nodes[-1]))
        if stick.bytes_per_second:
            self.command('object-add', **{'qom-type': 'throttle-group', 'id': 'speed-' + stick.name,
                                          'limits': {'bps-total': stick.bytes_per_second}})
            self.add_node(stick, driver='throttle', file=stick.nodes[-1], **{'throttle-group': 'speed-' + stick.name})
        self.command('device_add', driver='usb-storage', id=stick.name, bus='usb.0', drive=stick.nodes[-1],
                     removable=True, serial=stick.serial)

    def slow_down(self, stick, bytes_per_second):
        """One that was made with bytes_per_second, while it is plugged in."""
        self.command('qom-set', path=f'/objects/speed-{stick.name}', property='limits',
                     value={'bps-total': bytes_per_second})

    def pull(self, stick):
        """Pulls it out, and returns when it is gone for the machine and its file is whole."""
        end = time.monotonic() + LIMIT
        self.command('device_del', id=stick.name)
        while stick.name not in self.deleted:
            message = self.qmp.receive(end)
            if 'event' in message:
                self.take_event(message)
        self.deleted.remove(stick.name)
        while stick.nodes:
            self.command('blockdev-del', **{'node-name': stick.nodes.pop()})
        if stick.bytes_per_second:
            self.command('object-del', id='speed-' + stick.name)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
