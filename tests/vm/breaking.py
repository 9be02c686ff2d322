# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios: sticks that are pulled, break or lie."""
import re
import signal
import subprocess
import time

from bench import (CTL, IMAGE, MIB, PFX, STICK_BYTES, UNFINISHED, USER, Failed, format_fat32, is_finished,
                   moved_bytes)
from counterfeit import Counterfeit

# What is promised, seconds.
ENDS_WITHIN = 2
CANCELLED_WITHIN = 1

FILE_SYSTEM = 'org.freedesktop.UDisks2.Filesystem'


def pull_at(bench, share):
    """Pulls the stick when SHARE of what has to be written is on it."""
    stick = bench.stick('KINDLING06', bytes_per_second=4 * MIB)
    node = bench.plug(stick)
    job = bench.guest.start(*CTL, *bench.create_arguments(node, '--yes'))
    before, _ = moved_bytes(bench, stick)
    writing = job.wait_until(lambda p: [o for o in p.objects if o['total-bytes'] > MIB])
    if not writing:
        raise Failed(job.text)
    goal = before + share * (MIB + writing[0]['total-bytes'])
    bench.until(lambda: moved_bytes(bench, stick)[0] >= goal, f'{share:.0%} to be written')
    bench.pull(stick)
    job.wait()
    return stick, job


def pulled_stick_is_unfinished(bench):
    for share in (.1, .5, .99):
        name = f'pulled at {share:.0%}'
        stick, job = pull_at(bench, share)
        bench.check_refused(f'{name}: said so', job, 1, 'ERROR_NOT_READY', 'is unfinished and does not start any more')
        delay = job.ended_at - bench.gone_at
        bench.check(f'{name}: ended soon', delay < ENDS_WITHIN, f'{delay:.2f} s')
        bench.results.note(f'ended after {delay:.2f} s')
        bench.check(f'{name}: nothing that firmware would start', not is_finished(stick) and UNFINISHED in stick.read(0, 512),
                    stick.read(0, 512))
        node = bench.plug(stick)
        bench.check_refused(f'{name}: recognised when it comes back', bench.ctl('inspect', node), 1, 'unfinished medium')
        if share == .5:
            bench.check_refused(f'{name}: also by a user who may not read it', bench.ctl('inspect', node, user=USER), 1,
                                'unfinished medium')
        bench.pull(stick)
    # What the checks before are worth: the same stick, this time left alone.
    stick.bytes_per_second = 0
    node = bench.plug(stick)
    made = bench.create(node, '--yes')
    bench.check('made on the stick that was pulled', made.status == 0 and is_finished(stick), made.text)


def pulled_while_read_back(bench):
    """What makes a stick start is written when all the rest has been read back."""
    stick = bench.stick('KINDLING09', bytes_per_second=4 * MIB)
    node = bench.plug(stick)
    job = bench.guest.start(*CTL, *bench.create_arguments(node, '--yes'))
    if not job.wait_until(lambda p: [o for o in p.objects if o.get('info', '').startswith('Reading')]):
        raise Failed(job.text)
    _, before = moved_bytes(bench, stick)
    bench.until(lambda: moved_bytes(bench, stick)[1] > before, 'some of it to be read')
    bench.pull(stick)
    job.wait()
    bench.check_refused('pulled while read back: said so', job, 1, 'ERROR_NOT_READY', 'is unfinished and does not start any more')
    bench.check('pulled while read back: nothing that firmware would start', not is_finished(stick), stick.read(0, 512))


def bad_sector(way, at):
    """For the filters of a stick: WAY, “read” or “write”, always fails where the byte AT is."""
    return {'driver': 'blkdebug',
            'inject-error': [{'event': 'none', 'iotype': way, 'sector': at // 512, 'errno': 5, 'once': False}]}


def bad_sector_is_named(bench):
    at = 4 * MIB + 64 * 1024
    stick = bench.stick('KINDLING13', filters=[bad_sector('write', at)])
    node = bench.plug(stick)
    failed = bench.create(node, '--yes')
    bench.check_refused('bad sector: the place and the state are named', failed, 1, 'ERROR_IO_DEVICE',
                        f'Cannot write “{node}” at byte', 'is unfinished and does not start any more')
    named = int(re.search(r'at byte (\d+)', failed.text + 'at byte 0')[1])
    bench.check('bad sector: within the block that was written', named <= at < named + 4 * MIB, named)
    bench.check('bad sector: nothing that firmware would start', not is_finished(stick))
    bench.check_refused('bad sector: recognised as unfinished', bench.ctl('inspect', node), 1, 'unfinished medium')


def counterfeit_stick_is_found(bench):
    liar = Counterfeit(f'{bench.folder}/liar.sock', STICK_BYTES, 24 * MIB)
    stick = bench.stick('KINDLING14', memory=liar.node)
    node = bench.plug(stick)
    bench.check_refused('holds less than it says: found', bench.create(node, '--yes'), 1, 'KINDLING_E_CAPACITY', node)
    bench.check('holds less than it says: nothing that firmware would start', liar.memory[510:512] != b'\x55\xaa')
    bench.pull(stick)
    liar.holds = STICK_BYTES
    node = bench.plug(stick)
    made = bench.create(node, '--yes')
    bench.check('the same stick, honest: made', made.status == 0 and liar.memory[510:512] == b'\x55\xaa', made.text)


def one_of_two_is_pulled(bench):
    slow, other = bench.stick('KINDLING15', bytes_per_second=2 * MIB), bench.stick('KINDLING16')
    first, second = bench.plug(slow), bench.plug(other)
    job = bench.guest.start(*CTL, 'create', 'UFD+FORMAT', first, second, IMAGE, '--certificate', PFX,
                            '--expect-serial', 'KINDLING15,KINDLING16')
    before, _ = moved_bytes(bench, slow)
    bench.until(lambda: moved_bytes(bench, slow)[0] >= before + 3 * MIB, 'half of it to be written')
    bench.pull(slow)
    job.wait()
    ends = {o['target']: o for o in job.objects if o['event'] in ('done', 'error') and 'target' in o}
    bench.check('two at once: the status is that of the one that was pulled', job.status == 1, job.status, job.text)
    bench.check('two at once: the pulled one is named', ends[first].get('code') == 'ERROR_NOT_READY', ends)
    bench.check('two at once: the other is made and read back', ends[second].get('verified') is True, ends)
    bench.check('two at once: only the other one would start', is_finished(other) and not is_finished(slow))
    bench.check_medium('two at once: the other one is whole', second)


def hanging_unmount_is_cancelled(bench):
    """A stick that hangs: what was written to it has to be on it before it is unmounted, and never is."""
    stick = bench.stick('KINDLING22', bytes_per_second=400 * MIB)
    format_fat32(stick)
    node = bench.plug(stick)
    mounted = bench.guest.shell(f'udisksctl mount -b {node} && head -c 2000000 /dev/zero >"$(findmnt -no TARGET {node})"/mine')
    bench.vm.slow_down(stick, 8192)
    bus = bench.guest.start('dbus-monitor', '--system', f"interface='{FILE_SYSTEM}',member='Unmount'")
    bus.wait_until(lambda p: 'NameAcquired' in p.text)
    job = bench.guest.start(*CTL, *bench.create_arguments(node, '--yes'))
    hangs = bus.wait_until(lambda p: 'member=Unmount' in p.text or job.status is not None)
    bench.check('it hangs while it is unmounted', hangs and job.status is None, mounted.text, job.text)
    asked = time.monotonic()
    job.signal(signal.SIGINT)
    job.wait()
    delay = time.monotonic() - asked
    bus.signal(signal.SIGTERM)
    bench.check_refused('a hanging unmount: cancelled', job, 3)
    bench.check('a hanging unmount: at once', delay < CANCELLED_WITHIN, f'{delay:.2f} s')
    bench.results.note(f'cancelled after {delay:.2f} s')
    bench.vm.slow_down(stick, 400 * MIB)
    bench.until(lambda: bench.guest.run('findmnt', node).status != 0, 'the unmount to end')
    bench.pull(stick)
    kept = subprocess.run(['mdir', '-b', '-i', stick.path, '::mine'], capture_output=True, text=True)
    bench.check('a hanging unmount: what was written is on it', kept.returncode == 0, kept.stderr)


def bad_sector_of_a_source_is_named(bench):
    """The boot image lies on a stick of which one sector cannot be read."""
    stick = bench.stick('KINDLING23')
    format_fat32(stick)
    subprocess.run(['mcopy', '-i', stick.path, f'{bench.build}/data/sample/boot.wim', '::BOOT.WIM'], check=True)
    at = stick.read().index(b'MSWIM\0\0\0') + 200 * 1024
    stick.filters = [bad_sector('read', at)]
    node = bench.plug(stick)
    mounted = bench.guest.shell(f'udisksctl mount -b {node} >/dev/null && findmnt -no TARGET {node}')
    before = bench.ctl('image', 'list').text
    failed = bench.ctl('image', 'import', f'{mounted.text.strip()}/BOOT.WIM')
    bench.check_refused('bad sector of a source: said so', failed, 1, 'BOOT.WIM', 'ERROR_IO_DEVICE')
    left = bench.ctl('image', 'list').text
    bench.check('bad sector of a source: the catalog is as before', left == before, left)
    hidden = bench.guest.shell(f'find {CTL[2]} -name ".*" ! -name .lock ! -name .cache')
    bench.check('bad sector of a source: nothing is left', not hidden.text, hidden.text)
    bench.guest.run('udisksctl', 'unmount', '-b', node)


def failing_disk_keeps_the_old_iso(bench):
    """The disk below the target fails each write: the page cache takes them, and only flushing finds it out."""
    stick = bench.stick('KINDLING24')
    subprocess.run(['mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0', stick.path], check=True)
    node = bench.plug(stick)
    table = f'0 {STICK_BYTES // 512}'
    ready = bench.guest.shell(f'mkdir -p /mnt/frail && DM_DISABLE_UDEV=1 dmsetup create frail --table "{table} linear {node} 0"'
                              ' && mount /dev/mapper/frail /mnt/frail')
    iso = ['create', 'CD', '/mnt/frail/a.iso', IMAGE, '--certificate', PFX]
    made = bench.ctl(*iso)
    summed = bench.guest.shell('sync; sha256sum /mnt/frail/a.iso')
    bench.check('failing disk: a first medium', ready.status == 0 and made.status == 0, ready.text, made.text)
    broken = bench.guest.shell(f'DM_DISABLE_UDEV=1 dmsetup suspend frail && DM_DISABLE_UDEV=1 dmsetup load frail --table '
                               f'"{table} flakey {node} 0 0 3600 1 error_writes" && DM_DISABLE_UDEV=1 dmsetup resume frail')
    bench.check('failing disk: it fails', broken.status == 0, broken.text)
    failed = bench.ctl(*iso)
    bench.check_refused('failing disk: said so', failed, 1, '/mnt/frail/a.iso', '"event":"error"')
    bench.guest.shell('umount /mnt/frail; DM_DISABLE_UDEV=1 dmsetup suspend frail; DM_DISABLE_UDEV=1 dmsetup load frail --table '
                      f'"{table} linear {node} 0"; DM_DISABLE_UDEV=1 dmsetup resume frail; e2fsck -fy /dev/mapper/frail')
    bench.guest.run('mount', '/dev/mapper/frail', '/mnt/frail')
    after = bench.guest.shell('sha256sum /mnt/frail/a.iso')
    bench.check('failing disk: the old medium is there', after.text == summed.text and after.status == 0, after.text)
    bench.guest.shell('umount /mnt/frail; DM_DISABLE_UDEV=1 dmsetup remove frail')


def worn_catalog_keeps_the_old_iso(bench):
    """A part of the boot image in the catalog can no longer be read when a second medium is made of it."""
    stick = bench.stick('KINDLING26')
    subprocess.run(['mkfs.ext4', '-q', '-F', '-m', '0', '-b', '1024', '-O', '^has_journal', stick.path], check=True)
    node = bench.plug(stick)
    ready = bench.guest.shell(f'export DM_DISABLE_UDEV=1; mkdir -p /mnt/worn && dmsetup create worn --table '
                              f'"0 {STICK_BYTES // 512} linear {node} 0" && mount /dev/mapper/worn /mnt/worn &&'
                              f' {CTL[0]} --catalog /mnt/worn/catalog image import --sample && sync')
    iso = [CTL[0], '--json', '--catalog', '/mnt/worn/catalog', 'create', 'CD', '/tmp/worn.iso', IMAGE, '--certificate', PFX]
    made = bench.guest.run(*iso)
    summed = bench.guest.shell('sync; sha256sum /tmp/worn.iso')
    bench.check('worn disk: a first medium', ready.status == 0 and made.status == 0, ready.text, made.text)
    name = bench.guest.shell('cd /mnt/worn && find catalog -name "*.wim" ! -name ".*"').text.strip()
    blocks = subprocess.run(['debugfs', '-R', f'blocks /{name}', stick.path], check=True, capture_output=True, text=True).stdout
    at = int(blocks.split()[200]) * 2
    table = f'0 {at} linear {node} 0\n{at} 8 error\n{at + 8} {STICK_BYTES // 512 - at - 8} linear {node} {at + 8}'
    broken = bench.guest.shell(f'export DM_DISABLE_UDEV=1; dmsetup suspend worn && printf "{table}\n" | dmsetup load worn &&'
                               ' dmsetup resume worn && echo 3 >/proc/sys/vm/drop_caches &&'
                               ' ! cat /mnt/worn/catalog/*/*.wim >/dev/null')
    bench.check('worn disk: it fails', broken.status == 0, broken.text)
    failed = bench.guest.run(*iso)
    bench.check_refused('worn disk: said so', failed, 1, '.wim', 'ERROR_IO_DEVICE')
    after = bench.guest.shell('sha256sum /tmp/worn.iso; find /tmp -name "*worn.iso*" ! -name worn.iso')
    bench.check('worn disk: the old medium is there, and nothing else', after.text == summed.text, after.text)
    bench.guest.shell('umount /mnt/worn; DM_DISABLE_UDEV=1 dmsetup remove worn; rm -f /tmp/worn.iso')


def full_quota_keeps_the_old_iso(bench):
    """There is room on the disk, but not for this user."""
    stick = bench.stick('KINDLING25')
    subprocess.run(['mkfs.ext4', '-q', '-F', '-O', 'quota', '-E', 'quotatype=usrquota,lazy_itable_init=0', stick.path],
                   check=True)
    node = bench.plug(stick)
    ready = bench.guest.shell(f'mkdir -p /mnt/quota && mount -o usrquota {node} /mnt/quota && chown {USER} /mnt/quota')
    iso = ['create', 'CD', '/mnt/quota/a.iso', IMAGE, '--certificate', PFX]
    made = bench.ctl(*iso, user=USER)
    bench.check('quota: a first medium', ready.status == 0 and made.status == 0, ready.text, made.text)
    limit = bench.guest.shell('sync; sha256sum /mnt/quota/a.iso; set -- $(stat -c %b /mnt/quota/a.iso);'
                              f' setquota -u {USER} 0 $(($1 / 2 * 3 / 2)) 0 0 /mnt/quota')
    bench.check('quota: a limit is set', limit.status == 0, limit.text)
    failed = bench.ctl(*iso, user=USER)
    bench.check_refused('quota: said so', failed, 1, '"event":"error"', 'quota')
    imported = bench.guest.run(CTL[0], '--catalog', '/mnt/quota/catalog', 'image', 'import', '--sample', user=USER)
    bench.check('quota: no half image', imported.status != 0, imported.text)
    after = bench.guest.shell('sha256sum /mnt/quota/a.iso; find /mnt/quota -type f ! -name a.iso ! -name .lock')
    bench.check('quota: the old medium is there, and nothing else', after.text == limit.text, after.text, limit.text)
    bench.guest.run('umount', '/mnt/quota')
