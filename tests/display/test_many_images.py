#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window with 2,000 boot images: it is there at once, and no turn of its main loop grows with them while it scrolls, searches and hears of
changes; what it takes of memory has a bound."""
from driver import *

IMAGES = int(os.environ.get('KINDLING_IMAGES', 2000))
# Milliseconds. A list makes up to 200 rows anew when it jumps or is searched, which takes 15 to 30; rows of several widgets take 100,
# and what grows with the number of images takes longer still.
LIMIT, ONCE = 60 * SLOW, float(os.environ.get('KINDLING_ONCE', 100)) * SLOW
MEMORY = 200            # MiB


def make_images():
    """One image after the other with the same files, and an ID and a name of its own."""
    ctl('image', 'import', SAMPLE)
    first = os.path.join(CATALOG, 'KDL00001')
    for number in range(2, IMAGES + 1):
        copy = os.path.join(CATALOG, f'KDL{number:05}')
        shutil.copytree(first, copy, copy_function=os.link)
        record = os.path.join(copy, 'image.ini')
        os.unlink(record)
        with open(os.path.join(first, 'image.ini')) as old, open(record, 'w') as new:
            new.write(old.read().replace('KDL00001', f'KDL{number:05}'))


def used(what):
    with open(f'/proc/{app.process.pid}/status') as f:
        return int(re.search(rf'{what}:\s*(\d+)', f.read())[1]) // 1024


def row_with(part):
    return any(part in name for name in app.rows())


make_images()
started = time.monotonic()
app = App(KINDLING_DEBUG_FRAMES='all')
wait(lambda: row_with('KDL0'), 'rows')
log(f'rows after {time.monotonic() - started:.2f} s')
settle(1.2)
log('while it opened:', sorted(float(ms) for ms in re.findall(r'([\d.]+) ms of them on the processor', app.said()))[-5:])
turns = Turns(app, LIMIT, ONCE)
images = find(app.window, 'list', 'Boot Images')
select_row(images, 0)
turns.measure('the first is shown', lambda: says(app.window, 'Ready to Boot'))
key('End')
turns.measure('it goes to the end', lambda: row_with(f'KDL{IMAGES:05}'))
key('Page_Up')
turns.measure('it goes up a page', lambda: not is_on(kids(images)[-1], 'SELECTED'))
screenshot('1-end')
key('Home')
turns.measure('it goes to the begin', lambda: row_with('KDL00001'))
key('ctrl+f')
search = wait(lambda: entry(app.window, 'Search Boot Images'), 'search')
set_text(search, '00777')
turns.measure('one is searched', lambda: len(app.rows()) == 1)
set_text(search, '')
turns.measure('the search is cleared', lambda: len(app.rows()) > 1)
shutil.move(os.path.join(CATALOG, 'KDL00778'), os.path.join(HOME, 'moved'))
turns.measure('one goes', lambda: not row_with('KDL00778'))
check_measured(f'memory at most below {MEMORY} MiB', used('VmHWM') < MEMORY, f'{used("VmHWM")} MiB, {used("VmRSS")} MiB now')
app.close()
