# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios: files on volumes that are there."""
import os
import re
import subprocess

from bench import CTL, IMAGE, MIB, PFX, STICK_BYTES, digest, format_fat32, make_file, moved_bytes

QEMU = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'boot', 'qemu.sh')
HOLIDAY = b'Two weeks by the sea.\n' * 5000


def put_on_fat32(stick):
    """A user's file, alone on the stick."""
    format_fat32(stick)
    subprocess.run(['mcopy', '-i', stick.path, '-', '::HOLIDAY.TXT'], input=HOLIDAY, check=True)


def check_kept_on_fat32(bench, name, stick):
    kept = subprocess.run(['mtype', '-i', stick.path, '::HOLIDAY.TXT'], capture_output=True)
    bench.check(f"{name}: the user's file is as it was", kept.stdout == HOLIDAY, kept.stderr)


def files_join_those_on_fat32(bench):
    stick = bench.stick('KINDLING17')
    put_on_fat32(stick)
    node = bench.plug(stick)
    made = bench.ctl('create', 'UFD', node, IMAGE, '--certificate', PFX)
    bench.check('FAT32: the files are on it', made.status == 0 and '"verified":true' in made.text, made.text)
    mounted = bench.guest.shell(f'grep "^{node} " /proc/mounts')
    bench.check('FAT32: unmounted again', mounted.status != 0, mounted.text)
    bench.pull(stick)
    check_kept_on_fat32(bench, 'FAT32', stick)
    clean = subprocess.run(['fsck.fat', '-n', stick.path], capture_output=True, text=True)
    bench.check('FAT32: fsck.fat is content', clean.returncode == 0, clean.stdout)
    node = bench.plug(stick)
    bench.check_medium('FAT32: whole when it comes back', node)


def files_join_those_on_ntfs(bench):
    stick = bench.stick('KINDLING18')
    subprocess.run(['mkntfs', '-q', '-F', stick.path], check=True, stderr=subprocess.DEVNULL)
    holiday = f'{bench.folder}/holiday.txt'
    with open(holiday, 'wb') as f:
        f.write(HOLIDAY)
    subprocess.run(['ntfscp', '-q', stick.path, holiday, 'holiday.txt'], check=True, stdout=subprocess.DEVNULL)
    node = bench.plug(stick)
    made = bench.ctl('create', 'UFD', node, IMAGE, '--certificate', PFX)
    bench.check('NTFS: the files are on it', made.status == 0 and '"verified":true' in made.text, made.text)
    bench.pull(stick)
    kept = subprocess.run(['ntfscat', stick.path, 'holiday.txt'], capture_output=True)
    bench.check("NTFS: the user's file is as it was", kept.stdout == HOLIDAY, kept.stderr)
    node = bench.plug(stick)
    bench.check_medium('NTFS: whole when it comes back', node)


def partition(bench, stick, number, format):
    """Gives the stick one partition of type NUMBER, from the first MiB to the end, that FORMAT has made."""
    subprocess.run(['sfdisk', '-q', stick.path], input=f'label: dos\nstart=2048, type={number}\n', text=True, check=True)
    part = f'{bench.folder}/part.img'
    make_file(part, STICK_BYTES - MIB)
    subprocess.run([*format, part], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(['dd', f'if={part}', f'of={stick.path}', 'bs=1M', 'seek=1', 'conv=notrunc', 'status=none'], check=True)
    os.unlink(part)


def check_start(bench, name, firmware, stick, line):
    """Real firmware gets so far that the sample image says LINE."""
    log = f'{stick.path}.{firmware}'
    booted = subprocess.run(['bash', QEMU, firmware, f'usb:{stick.path}', re.escape(line), log, '240'])
    with open(log, errors='replace') as f:
        bench.check(name, booted.returncode == 0, f.read()[-2000:])


def joined_files_start(bench):
    """Beside files on a volume that was there stands start code, on request."""
    bios_line = 'KINDLING SAMPLE: PASS (BIOS, loaded whole, DL=80)'
    uefi_line = 'KINDLING SAMPLE: PASS (UEFI x64, FAT volume, manifest agrees)'
    for kind, number, format in (('FAT32', 'c', ['mkfs.fat', '-F', '32', '-h', '2048']),
                                 ('NTFS', '7', ['mkntfs', '-q', '-F', '-p', '2048'])):
        stick = bench.stick(f'KINDLING-{kind}')
        partition(bench, stick, number, format)
        node = bench.plug(stick)
        made = bench.ctl('create', 'UFD', f'{node}1', IMAGE, '--certificate', PFX, '--bios-start')
        bench.check(f'{kind} with start code: made', made.status == 0 and '"bios":true' in made.text, made.text)
        bench.pull(stick)
        check_start(bench, f'{kind} with start code: starts on BIOS', 'seabios', stick, bios_line)
        if kind == 'FAT32':
            check_start(bench, f'{kind}: starts on UEFI', 'ovmf', stick, uefi_line)


def fat16_is_refused(bench):
    stick = bench.stick('KINDLING19')
    subprocess.run(['mkfs.fat', '-F', '16', stick.path], check=True, stdout=subprocess.DEVNULL)
    before = digest(stick.path)
    node = bench.plug(stick)
    bench.check_refused('FAT16: refused', bench.ctl('create', 'UFD', node, IMAGE, '--certificate', PFX), 20,
                        'CREATETSMEDIA_E_UFD_FS_FAT16', '0x8004000A')
    bench.check_untouched('FAT16: untouched', stick, before)


def pulled_volume_keeps_its_files(bench):
    stick = bench.stick('KINDLING20', bytes_per_second=2 * MIB)
    put_on_fat32(stick)
    node = bench.plug(stick)
    before, _ = moved_bytes(bench, stick)
    job = bench.guest.start(*CTL, 'create', 'UFD', node, IMAGE, '--certificate', PFX)
    bench.until(lambda: moved_bytes(bench, stick)[0] >= before + 2 * MIB, 'some of it to be written')
    bench.pull(stick)
    job.wait()
    bench.check('FAT32, pulled: said so', job.status == 1 and '"event":"error"' in job.text, job.status, job.text)
    check_kept_on_fat32(bench, 'FAT32, pulled', stick)
    listed = subprocess.run(['mdir', '-i', stick.path, '-b', '-/', '::'], capture_output=True, text=True)
    bench.check('FAT32, pulled: nothing that firmware would start', 'bootx64.efi' not in listed.stdout.lower(), listed.stdout)


def restored_stick_takes_files(bench):
    stick = bench.stick('KINDLING21')
    for kind, fsck in (('fat32', ['fsck.fat', '-n']), ('exfat', ['fsck.exfat', '-n'])):
        node = bench.plug(stick)
        restored = bench.ctl('drive', 'restore', node, '--yes', '--file-system', kind, '--label', 'EMPTY')
        bench.check(f'{kind}: restored', restored.status == 0, restored.text)
        bench.settle()
        put = bench.guest.shell(f'udisksctl mount -b {node}1 && cd "$(findmnt -no TARGET {node}1)" && [ -z "$(ls -A)" ] &&'
                                f' mkdir sea && yes "By the sea." | head -c 3000000 >sea/holiday.txt &&'
                                f' cd / && udisksctl unmount -b {node}1')
        bench.check(f'{kind}: it mounts, is empty and takes a file', put.status == 0, put.text)
        bench.pull(stick)
        part = f'{stick.path}.part'
        subprocess.run(['dd', f'if={stick.path}', f'of={part}', 'bs=1M', 'skip=1', 'status=none'], check=True)
        clean = subprocess.run([*fsck, part], capture_output=True, text=True)
        bench.check(f'{kind}: fsck is content', clean.returncode == 0, clean.stdout, clean.stderr)
        node = bench.plug(stick)
        kept = bench.guest.shell(f'mkdir -p /mnt/r && mount -o ro {node}1 /mnt/r && yes "By the sea." | head -c 3000000 |'
                                 ' cmp - /mnt/r/sea/holiday.txt; code=$?; umount /mnt/r; exit $code')
        bench.check(f'{kind}: the file is there when it comes back', kept.status == 0, kept.text)
        bench.pull(stick)
