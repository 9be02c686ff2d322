# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows-like trees with stand-ins for boot programs, and WIM files that wimlib-imagex makes of them."""
import os
import random
import struct
import subprocess

MACHINES = {'x86': 0x14c, 'x64': 0x8664, 'arm64': 0xaa64}


def program(machine='x64', subsystem=10, size=6000, fill=0x5a):
    """A PE32+ file without code: headers that say machine and subsystem, no signature."""
    data = bytearray([fill]) * size
    data[:0x200] = bytes(0x200)
    data[0:2] = b'MZ'
    struct.pack_into('<I', data, 0x3c, 0x80)
    struct.pack_into('<4sHHIIIHH', data, 0x80, b'PE\0\0', MACHINES[machine], 0, 0, 0, 0, 240, 0x22)
    struct.pack_into('<H', data, 0x98, 0x20b)
    struct.pack_into('<H', data, 0x98 + 68, subsystem)
    struct.pack_into('<I', data, 0x98 + 108, 16)
    return bytes(data)


def bootmgr(size=450_000):
    return (b'\xe9\xd5\x01\xeb' + b'BOOTMGR is missing' + random.Random(1).randbytes(size))[:size]


def etfsboot():
    return (b'\xfa\x33\xc0 BOOTFIX BOOTMGR' + bytes(4096))[:4096]


def boot_sdi():
    """A RAM-disk container of the one size there is, by the checks of media-formats.md 6."""
    data = bytearray(0x306000)
    data[0:8] = b'$SDI0001'
    struct.pack_into('<Q', data, 0x70, 2)
    struct.pack_into('<8sQQQQ', data, 0x400, b'PART', 0, 0x2000, 0x303c00, 7)
    struct.pack_into('<8sQQQQ', data, 0x440, b'WIM', 0, 0x306000, 0, 0)
    data[0x1f8] = -sum(data[:0x200]) & 0xff
    return bytes(data)


# Spelt as no one tree is: that is the point.
IMAGE_FILES = {
    'WINDOWS/system32/BOOT/winload.exe': lambda: program(subsystem=16),
    'WINDOWS/system32/BOOT/WinLoad.EFI': lambda: program(subsystem=16),
    'WINDOWS/system32/ntoskrnl.exe': lambda: program(subsystem=1, size=9000),
    'WINDOWS/system32/startnet.cmd': lambda: b'wpeinit\r\n',
    'WINDOWS/Fonts/größe ä.txt': lambda: 'Grüße\n'.encode(),
}
BOOT_FILES = {
    'WINDOWS/boot/Efi/BootMgfw.efi': program,
    'WINDOWS/boot/Efi/boot.STL': lambda: b'0\x82\x01\x00' + bytes(256),
    'WINDOWS/boot/pcat/BOOTMGR': bootmgr,
    'WINDOWS/boot/pcat/en-us/BootMgr.exe.MUI': lambda: program(subsystem=16, size=3000),
    'WINDOWS/boot/Dvd/PCAT/EtfsBoot.com': etfsboot,
    'WINDOWS/boot/Dvd/PCAT/Boot.sdi': boot_sdi,
    'WINDOWS/boot/FONTS/Segoe_slboot.TTF': lambda: b'\0\1\0\0' + bytes(5000),
    'WINDOWS/boot/Resources/BootRes.dll': lambda: program(subsystem=2, size=2000),
}
MEDIA_FILES = {
    'BootMgr': bootmgr,
    'BOOT/Boot.SDI': boot_sdi,
    'boot/etfsboot.COM': etfsboot,
    'efi/boot/bootx64.efi': program,
}


def write_tree(folder, files):
    for path, content in files.items():
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, 'wb') as out:
            out.write(content())
    return folder


def wimlib(*arguments):
    subprocess.run(['wimlib-imagex', *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def capture(wim, tree, *options, name='Odd PE', boot=True):
    wimlib('capture', tree, wim, name, *(['--boot'] if boot else []), *options)
    return wim


def describe(wim, index=1):
    """What Windows' own tools write into the XML: wimlib-imagex capture is silent there."""
    properties = {'WINDOWS/ARCH': '9', 'WINDOWS/VERSION/MAJOR': '10', 'WINDOWS/VERSION/MINOR': '0',
                  'WINDOWS/VERSION/BUILD': '26100', 'WINDOWS/VERSION/SPBUILD': '1',
                  'WINDOWS/LANGUAGES/DEFAULT': 'en-US'}
    wimlib('info', wim, str(index), *(f'--image-property={k}={v}' for k, v in properties.items()))
    return wim


def pe_tree(folder, boot_files=True):
    return write_tree(folder, {**IMAGE_FILES, **(BOOT_FILES if boot_files else {})})


def noise(path, size, seed=7):
    """A file that does not compress."""
    source = random.Random(seed)
    with open(path, 'wb') as out:
        for at in range(0, size, 1 << 20):
            out.write(source.randbytes(min(1 << 20, size - at)))


def sectioned_program(machine='x64'):
    """A PE32+ EFI program with one section, whole enough for sbsign."""
    data = bytearray(program(machine, size=0x600))
    struct.pack_into('<H', data, 0x80 + 6, 1)
    for offset, value in ((4, 0x400), (16, 0x1000), (20, 0x1000), (32, 0x1000), (36, 0x200), (56, 0x2000), (60, 0x200)):
        struct.pack_into('<I', data, 0x98 + offset, value)
    struct.pack_into('<8sIIII12xI', data, 0x98 + 240, b'.text', 0x400, 0x1000, 0x400, 0x200, 0x60000020)
    return bytes(data)


def signed_program(issuer, folder):
    """A program signed by a certificate that a CA of this name issued; the CA is made for it."""
    def openssl(*arguments):
        subprocess.run(['openssl', *arguments], check=True, cwd=folder, stderr=subprocess.DEVNULL)

    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3650', '-subj', f'/C=US/O=Stand-in/CN={issuer}',
            '-keyout', 'ca.key', '-out', 'ca.crt')
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=Stand-in Windows', '-keyout', 'key', '-out', 'csr')
    openssl('x509', '-req', '-in', 'csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-set_serial', '7', '-days', '3650',
            '-out', 'crt')
    with open(os.path.join(folder, 'unsigned.efi'), 'wb') as out:
        out.write(sectioned_program())
    subprocess.run(['sbsign', '--key', 'key', '--cert', 'crt', '--output', 'signed.efi', 'unsigned.efi'], check=True,
                   cwd=folder, stderr=subprocess.DEVNULL)
    with open(os.path.join(folder, 'signed.efi'), 'rb') as signed:
        return signed.read()
