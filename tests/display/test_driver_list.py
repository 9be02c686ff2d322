#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of drivers with 1,000 packages: no turn of the main loop is long while it opens, searches and clears."""
from driver import *

PACKAGES = int(os.environ.get('KINDLING_PACKAGES', 1000))
# Milliseconds; twice what was seen beside a build, four times what a quiet machine takes. One turn may take longer: a
# processor that is shared with others does less in the time it counts.
LIMIT, ONCE = 60 * SLOW, 150 * SLOW
INF = '''[Version]
Signature="$WINDOWS NT$"
Class={cls}
ClassGuid={guid}
Provider=%P%
DriverVer=01/31/2026,1.{n}.0.0
CatalogFile=d.cat
[Manufacturer]
%P%=Models,NTamd64
[Models.NTamd64]
{models}
[I]
CopyFiles=F
[F]
d.bin
[SourceDisksFiles]
d.bin=1
[SourceDisksNames]
1=Disk
[DestinationDirs]
F=12
[Strings]
P="{provider}"
'''
CLASSES = [('Net', '{4d36e972-e325-11ce-bfc1-08002be10318}'), ('SCSIAdapter', '{4d36e97b-e325-11ce-bfc1-08002be10318}'),
           ('System', '{4d36e97d-e325-11ce-bfc1-08002be10318}')]


def make_packages(root):
    for n in range(PACKAGES):
        folder = os.path.join(root, f'vendor{n % 20}', f'package{n:04}')
        os.makedirs(folder)
        cls, guid = CLASSES[n % 3]
        models = '\n'.join(f'"Device {k}"=I, PCI\\VEN_{0x8000 + n % 50:04X}&DEV_{(n * 40 + k) % 65536:04X}&SUBSYS_{k:04X}1028' for k in range(150))
        with open(os.path.join(folder, f'driver{n:04}.inf'), 'w') as f:
            f.write(INF.format(cls=cls, guid=guid, n=n, models=models, provider=f'Vendor {n % 20}'))
        for name in ('d.bin', 'd.cat'):
            open(os.path.join(folder, name), 'w').close()


def row(index):
    """Name of a row that is there; the list makes rows only around those in view."""
    packages = find(window, 'list', 'Driver Packages')
    rows = kids(packages) if packages else []
    return rows[index].get_name() if len(rows) > index else ''


def search(text):
    set_text(wait(lambda: entry(window, 'Search Drivers'), 'search'), text)


make_packages(os.path.join(HOME, 'drivers'))
ctl('image', 'import', SAMPLE)
ctl('image', 'add-driver', 'KDL00001', os.path.join(HOME, 'drivers'))
app = App(KINDLING_DEBUG_FRAMES='all')
wait(lambda: named(app.window, 'list item', f'Drivers: {PACKAGES} packages'), 'row of drivers')
settle(1.2)
turns = Turns(app, LIMIT, ONCE)

key('alt+d')
window = app.wait_dialog('Drivers')
turns.measure('it opens', lambda: 'driver0000' in row(1))
search('vendor 7')
turns.measure('a provider is searched', lambda: 'driver0027' in row(1))
screenshot('1-provider')
search('')
turns.measure('the search is cleared', lambda: 'driver0000' in row(1))
search('PCI\\VEN_8007&DEV_0118')
turns.measure('a device is searched', lambda: says(window, 'serves this device') and 'driver0007' in row(0))
search('')
turns.measure('that is cleared', lambda: not says(window, 'serves this device'))
wait(lambda: says(window, 'SUBSYS_00951028'), 'the last ID of the package that was found')
screenshot('2-found')
key('ctrl+f')
search('vendor')
search('PCI\\')
search('vendor 1')
turns.measure('the newest of three searches wins', lambda: 'driver' in row(1) and all(f'Vendor {n}' not in row(1) for n in range(2, 10)))
search('')
turns.measure('all are there again', lambda: 'driver0000' in row(1))
select_row(find(window, 'list', 'Driver Packages'), 0)
click(wait(lambda: named(window, 'check box', 'Use This Folder'), 'switch of the folder'))
turns.measure('the folder is switched off', lambda: 'Off' in row(1) and 'Off' in row(20))
key('Escape')
wait(lambda: app.dialog('Drivers') is None, 'the window to close')
app.close()
