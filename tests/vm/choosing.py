# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios: which drive is written, and who may."""
import signal

from bench import CTL, IMAGE, MIB, STICK_BYTES, USER, digest, format_fat32, is_finished

# What is promised, seconds.
SHOWN_WITHIN = .3


def see_plug(bench, stick):
    """Plugs STICK while the drives are watched. Returns the event, how long after udev's it came, and all events."""
    watch = bench.guest.start(*CTL, 'drive', 'watch', '--all')
    watch.wait_until(lambda p: p.objects)       # the system's disk: from now on it listens
    bench.plug(stick)
    event = watch.wait_until(lambda p: p.objects[1:])[0]
    bench.pull(stick)
    watch.wait_until(lambda p: p.objects[-1]['event'] == 'remove')
    watch.signal(signal.SIGTERM)
    watch.wait()
    return event, event['at'] - stick.seen_at, [e['event'] for e in watch.objects[1:]]


def plugged_stick_is_shown(bench):
    stick = bench.stick('KINDLING01')
    for _ in range(3):      # so that a machine with much else to do gets a second chance
        event, delay, events = see_plug(bench, stick)
        if delay <= SHOWN_WITHIN:
            break
    bench.check("shown within 300 ms of udev's event", delay <= SHOWN_WITHIN, f'{delay:.3f} s')
    bench.results.note(f'{delay * 1000:.0f} ms')
    expected = {'event': 'add', 'vendor': 'QEMU', 'model': 'QEMU HARDDISK', 'serial': 'KINDLING01', 'bus': 'usb',
                'size': STICK_BYTES, 'removable': True, 'read-only': False, 'refused': None}
    found = {key: event.get(key) for key in expected}
    bench.check('shown with vendor, model, serial number, bus and size', found == expected, found)
    bench.check('shown with the port', '-usb-0:' in (event['port'] or ''), event['port'])
    bench.check('and gone when it is pulled', events[-1] == 'remove' and events.count('add') == 1, events)

    node = bench.plug(stick)
    listed = bench.drives()
    bench.check('the stick alone is offered', [drive['path'] for drive in listed] == [node], listed)
    refused = {drive['path']: drive['refused-code'] for drive in bench.drives('--all')}
    bench.check("the system's disk is refused", refused.get('/dev/vda') == 'system', refused)
    bench.check_refused("nothing is made on the system's disk", bench.create('/dev/vda', '--yes', '--allow-fixed'), 1,
                        'It holds “/boot” of the running system')


def written_stick_comes_back(bench):
    stick, other = bench.stick('KINDLING02'), bench.stick('KINDLING03')
    first = bench.plug(stick)
    made = bench.ctl('create', 'UFD+FORMAT', first, IMAGE, '--yes')     # with a certificate of its own
    bench.check('made as root', made.status == 0 and '"verified":true' in made.text, made.text)
    bench.check('it looks like something that starts', is_finished(stick))
    bench.pull(stick)

    bench.plug(other)
    second = bench.plug(stick)
    bench.check('plugged in again under another name', second != first, second)
    bench.check_medium('check finds all files as they should be', second)
    bench.settle()
    mounted = bench.guest.shell(f'mkdir -p /mnt/a && mount -t vfat -o ro {second}1 /mnt/a && grep /mnt/a /proc/mounts')
    bench.check("the kernel's FAT driver mounts it", mounted.status == 0, mounted.text)
    summed = bench.guest.shell("cd /mnt/a && sed -n 's,^file=\\([0-9a-f]*\\) [0-9]* /\\(.*\\),\\1  \\2,p' kindling.manifest"
                               ' | tee /tmp/sums | sha256sum -c --quiet && wc -l </tmp/sums')
    bench.check('sha256sum agrees with the list on it', summed.status == 0 and int(summed.text) > 5, summed.text)
    bench.guest.run('umount', '/mnt/a')

    # What the checks before are worth.
    bench.pull(stick)
    damage(stick)
    node = bench.plug(stick)
    bench.check_refused('check finds a byte that has changed', bench.ctl('check', node), 31, '"mismatches":1')


def damage(stick):
    """Changes a byte within the largest file, the boot image."""
    data = stick.read()
    at = data.index(b'MSWIM\0\0\0', MIB) + 64 * 1024
    with open(stick.path, 'r+b') as f:
        f.seek(at)
        f.write(bytes([data[at] ^ 1]))


def user_goes_through_polkit(bench):
    stick = bench.stick('KINDLING04')
    node = bench.plug(stick)
    before = digest(stick.path)
    arguments = [*CTL, *bench.create_arguments(node, '--expect-serial', 'KINDLING04')]

    bench.check('the user may not open the node', bench.guest.run('head', '-c1', node, user=USER).status != 0)
    bench.check_refused('polkit denies', bench.guest.run(*arguments, user=USER), 1, 'E_ACCESSDENIED', f'Opening “{node}”')
    bench.check_untouched('denied, and untouched', stick, before)
    dismissed = bench.guest.run('/usr/bin/python3', '/tests/vm/dismiss.py', *arguments, user=USER)
    bench.check_refused('the question is dismissed', dismissed, 3, 'asked: Authentication is required',
                        'the question was dismissed')
    bench.check_untouched('dismissed, and untouched', stick, before)

    bench.allow_user()
    # polkitd watches the folder, and takes its time.
    made = bench.until(lambda: (p := bench.guest.run(*arguments, user=USER)).status != 1 and p, 'permission')
    bench.check('polkit allows: the user makes the medium', made.status == 0 and '"verified":true' in made.text, made.text)
    bench.check_medium('the medium of the user is whole', node)
    bench.forbid_user()


def automounter_does_not_get_in(bench):
    """Something mounts every partition that shows up, before, while and after the stick is written."""
    stick = bench.stick('KINDLING05')
    format_fat32(stick)
    node = bench.plug(stick)
    automounter = bench.guest.start('bash', '-c', 'while :; do for p in /dev/sd?[0-9] /dev/sd?; do '
                                    '[ ! -b $p ] || udisksctl mount --no-user-interaction -b $p; done; sleep .1; done')
    automounter.wait_until(lambda p: f'Mounted {node}' in p.text)
    earlier = automounter.text.count('Mounted ')
    made = bench.create(node, '--yes')
    bench.check('made while an automounter runs', made.status == 0 and '"verified":true' in made.text, made.text)
    bench.check('the automounter mounted it before', earlier >= 1)
    after = automounter.wait_until(lambda p: [at for text, at in p.lines if text.startswith(f'Mounted {node}1 ')])
    bench.check('and again only when it was done', after and after[0] >= made.lines[-1][1] - .5, automounter.text)
    automounter.signal(signal.SIGKILL)
    automounter.wait()
    bench.check_medium('what was written is whole', node)
    bench.guest.run('umount', '-l', f'{node}1')


def busy_stick_is_left_alone(bench):
    stick = bench.stick('KINDLING07')
    format_fat32(stick)
    node = bench.plug(stick)
    bench.guest.run('udisksctl', 'mount', '-b', node)
    user = bench.guest.start('bash', '-c', f'cd "$(findmnt -no TARGET {node})" && sync && echo $$ && exec sleep 600')
    user.wait_until(lambda p: p.lines)
    before = digest(stick.path)
    bench.check_refused('in use: refused, and by whom', bench.create(node, '--yes'), 1, 'ERROR_DEVICE_IN_USE',
                        f'sleep (PID {user.lines[0][0]})', '/media/')
    bench.check_untouched('in use: nothing written', stick, before)
    user.signal(signal.SIGKILL)
    user.wait()
    made = bench.create(node, '--yes')
    bench.check('no longer in use: made', made.status == 0 and is_finished(stick), made.text)


def of_two_alike_the_right_one(bench):
    first, second = bench.stick('KINDLING08'), bench.stick('KINDLING09')
    bench.plug(first)
    node = bench.plug(second)
    before = digest(first.path)
    bench.check_refused("the other's serial number is refused",
                        bench.create(node, '--expect-serial', 'KINDLING08'), 1, 'ERROR_WRONG_DISK', 'KINDLING09')
    made = bench.create(node, '--expect-serial', 'KINDLING09')
    bench.check('two of a kind: the right one is written', made.status == 0 and is_finished(second), made.text)
    bench.check_untouched('two of a kind: the other one is not', first, before)
    bench.pull_all()

    first, second = bench.stick('SAME'), bench.stick('SAME')
    node = bench.plug(first)
    bench.plug(second)
    before = digest(second.path)
    made = bench.create(node, '--expect-serial', 'SAME')
    bench.check('the same serial number: the right one is written', made.status == 0 and is_finished(first), made.text)
    bench.check_untouched('the same serial number: the other one is not', second, before)
    ports = {drive['port'] for drive in bench.drives()}
    bench.check('the same serial number: told apart by port', len(ports) == 2, ports)


def replaced_stick_is_not_written(bench):
    chosen, other = bench.stick('KINDLING10'), bench.stick('KINDLING11')
    node = bench.plug(chosen)
    before = digest(chosen.path), digest(other.path)
    job = bench.guest.start(*(argument for argument in CTL if argument != '--json'),
                            'create', 'UFD+FORMAT', node, IMAGE, terminal=True)
    job.wait_until(lambda p: 'Type “yes”' in p.text)
    bench.check('the question names the stick', 'serial number KINDLING10' in job.text, job.text)
    bench.pull(chosen)
    same = bench.plug(other)
    bench.check('another stick has its name', same == node, same)
    job.input('yes\n')
    job.wait()
    bench.check_refused('the other one is refused, and both are named', job, 1, 'KINDLING10', 'KINDLING11')
    bench.check('neither is written', before == (digest(chosen.path), digest(other.path)))


def read_only_stick_is_refused(bench):
    stick = bench.stick('KINDLING12', read_only=True)
    node = bench.plug(stick)
    before = digest(stick.path)
    drives = bench.drives('--all')
    found = [(drive['refused-code'], drive['refused']) for drive in drives if drive['path'] == node]
    bench.check('write-protected: listed with the reason', found == [('read-only', 'It is write-protected')], drives)
    bench.check('write-protected: not offered', not bench.drives())
    bench.check_refused('write-protected: refused', bench.create(node, '--yes'), 1, 'write-protected')
    bench.check_untouched('write-protected: untouched', stick, before)
