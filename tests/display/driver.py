# SPDX-License-Identifier: GPL-3.0-or-later
"""The program under test: its process, its catalog, its windows, and screenshots of it. Imported by the scenarios."""
import atexit
import os
import re
import shutil
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
from a11y import *  # noqa: E402,F401,F403
import a11y  # noqa: E402
from a11y import check, find, kids, log, settle, wait  # noqa: E402
from bus_tree import Atspi, programs  # noqa: E402
from gi.repository import Gio, GLib  # noqa: E402

PROGRAM = os.environ['KINDLING']                    # the built program
CTL = os.path.join(os.path.dirname(PROGRAM), 'kindlingctl')
SAMPLE = os.environ['KINDLING_SAMPLE']              # the built sample boot image
SHOTS = os.environ['KINDLING_SCREENSHOTS']          # folder that keeps the pictures
SCENARIO = os.path.splitext(os.path.basename(sys.argv[0]))[0].removeprefix('test_').replace('_', '-')
HOME = os.environ['HOME']
CATALOG = os.path.join(os.environ['XDG_DATA_HOME'], 'kindling', 'catalog')

# Of the platform, not of the program.
HARMLESS = re.compile(r'AT-SPI|Unable to acquire session bus|dconf|portal|Unknown key gtk-modules')


# A leak of which the functions have no names, so that no line of leaks.supp could name it alone.
LEAK = re.compile(r'^(?:Direct|Indirect) leak of .*\n(?: +#.*\n)+', re.M)
COMPLETION = re.compile(r'.*\n +#0 .* __interceptor_malloc .*\n +#1 .* g_malloc .*\n +#2 .* g_strconcat .*\n( +#\d+ \w+  \(\S*libgtk-4\.so.*\n)+'
                        r'(?!(?: +#.*\n)* +#\d+ \w+ in (?!main )\w+ \.\./(?:app|core)/)')


def lost_by_completion(said):
    """Whether all that the sanitizer found are names of files that GTK's file chooser made for its completion, by itself."""
    leaks = LEAK.findall(said)
    return bool(leaks) and 'ERROR: AddressSanitizer' not in said and all(COMPLETION.match(leak) for leak in leaks)


class App:
    def __init__(self, *arguments, **environment):
        self.log = os.path.join(HOME, 'kindling.log')
        with open(self.log, 'a') as f:
            self.process = subprocess.Popen([PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                                            env=dict(os.environ, **environment))
        atexit.register(self._print_end)
        self.node = wait(self._find, 'program on the accessibility bus')
        self.window = wait(lambda: find(self.node, 'frame', 'Kindling'), 'window')

    def _find(self):
        if self.process.poll() is not None:
            raise SystemExit(f'FAILED: the program ended with status {self.process.returncode}\n' + self.said())
        return next((a for a in programs() if a.get_process_id() == self.process.pid), None)

    def _print_end(self):
        """For the log of a scenario that failed, with a picture of where it stood."""
        if self.process.poll() is None:
            os.makedirs(SHOTS, exist_ok=True)
            subprocess.run(['import', '-window', 'root', os.path.join(SHOTS, SCENARIO + '-failed.png')])
            self.process.kill()
        print(f'the program ended with status {self.process.wait()} and said:\n{self.said()}', flush=True)

    def said(self):
        with open(self.log) as f:
            return f.read()

    def windows(self):
        """Windows and dialogs, the main window first. One that has gone may stay in the cache for a while."""
        found = []
        for window in kids(self.node):
            try:
                if window.get_name() and not a11y.is_on(window, 'DEFUNCT'):
                    found.append(window)
            except a11y.GLib.Error:
                pass               # closed in this moment
        return found

    def dialog(self, name):
        return next((w for w in self.windows() if w.get_name() == name), None)

    def wait_dialog(self, name, timeout=30):
        """The dialog that has this name, once it is the window that gets the keys."""
        wait(lambda: self.dialog(name) and active() == name, f'dialog “{name}”', timeout)
        return self.dialog(name)

    def open(self, *files):
        """As a file manager does it: a second start hands the files over to the first."""
        subprocess.run([PROGRAM, *files], check=True, timeout=60, stdin=subprocess.DEVNULL)

    def rows(self):
        """Names of the rows of the list of boot images."""
        images = find(self.window, 'list', 'Boot Images')
        return [n.get_name() for n in kids(images)] if images else []

    def add_sample(self):
        click = a11y.click
        click(wait(lambda: a11y.button(self.window, 'Try the Sample Image'), 'sample button'))
        wait(lambda: any('Kindling sample' in r for r in self.rows()), 'row of the sample image')
        # On a busy machine the import shows itself, and a key that it gets while it closes is lost.
        wait(lambda: self.dialog('Import') is None, 'the import to close')

    def activate(self, action, *parameters):
        """An action of the program, by its name."""
        Gio.bus_get_sync(Gio.BusType.SESSION).call_sync(
            'org.kindling.Kindling', '/org/kindling/Kindling', 'org.gtk.Actions', 'Activate',
            GLib.Variant('(sava{sv})', (action, parameters, {})), None, Gio.DBusCallFlags.NONE, 30_000, None)

    def choose_of_menu(self, opener, item):
        """Opens the menu of the button that has OPENER in its name, and chooses ITEM."""
        a11y.click(wait(lambda: next((n for n, its in a11y.with_names(self.window, 'push button', 'toggle button')
                                      if opener in its and a11y.actions(n)), None), 'menu ' + opener))
        settle(.3)
        a11y.click(wait(lambda: find(self.window, 'menu item', item), item))

    def check_labels(self, title, picture):
        """Has the program, started with KINDLING_CHECK_LABELS, look at a window as it is and 360 pixels wide, with pictures: what it
        said."""
        os.makedirs(SHOTS, exist_ok=True)
        before = self.said().count('labels checked\n')
        self.activate('check-labels', GLib.Variant('(ss)', (title, picture)))
        wait(lambda: self.said().count('labels checked\n') > before, 'look at the labels')
        return self.said().split('labels checked\n')[before]

    def choose(self, title, path):
        """Types a path into the file chooser that opens."""
        self.wait_dialog(title)
        settle(.5)
        a11y.key('ctrl+a')
        a11y.type_text(path)
        settle(.3)
        a11y.key('Return')
        wait(lambda: self.dialog(title) is None, f'“{title}” to close')

    def _quit(self):
        """Has it end itself, so that the sanitizer looks for what it leaks; where it asks first, it is ended as ever."""
        try:
            self.activate('quit')
        except GLib.Error:
            a11y.key('ctrl+q')         # with a catalog of its own it has no name on the bus
        try:
            status = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            log('it asks whether to end')
        else:
            check('it leaked nothing', status == 0 or lost_by_completion(self.said()), self.said()[-8000:])

    def close(self):
        """Ends the program and looks whether it complained, and at the pictures."""
        count_colours()
        running = self.process.poll() is None
        if 'LSAN_OPTIONS' in os.environ and running:
            self._quit()
        self.process.terminate()
        self.process.wait(timeout=30)
        complaints = [line for line in self.said().splitlines()
                      if re.search(r'-(CRITICAL|WARNING) \*\*', line) and not HARMLESS.search(line)]
        check('the program ran until it was ended', running, self.said()[-2000:])
        check('the program complained of nothing', not complaints, complaints)


class Turns:
    """How long the turns of the main loop of a program take that was started with KINDLING_DEBUG_FRAMES=all, in milliseconds."""

    def __init__(self, app, limit, once):
        """ONCE: one turn may take that long; a processor that is shared with others does less in the time it counts."""
        self.app, self.limit, self.once = app, limit, once
        self.seen = len(app.said())

    def measure(self, what, fn):
        """No turn works for long until the condition holds, and until the second is over that it is summed up in."""
        wait(fn, what)
        before = self.app.said().count('all: ')
        wait(lambda: a11y.key('Shift_L') or self.app.said().count('all: ') > before, 'the sum of a second')  # a key makes it turn
        said = self.app.said()[self.seen:]
        self.seen += len(said)
        turns = sum(int(n) for n in re.findall(r'all: (\d+) turns', said))
        # Work of the main loop itself; a processor that others keep busy shows in the wall clock only.
        spent = sorted(float(ms) for ms in re.findall(r'([\d.]+) ms of them on the processor', said))
        check(what + ': turns were measured', turns > 0)
        check_measured(what + ': none worked for long',
                       max(spent[:-1], default=0) < self.limit and max(spent, default=0) < self.once, f'{turns} turns', spent[-5:])


def active():
    """The title of the window that gets the keys; a moment passes until it is the one below a dialog that has closed."""
    return subprocess.run(['xdotool', 'getactivewindow', 'getwindowname'], capture_output=True, text=True).stdout.strip()


def key_to(title, *keys):
    wait(lambda: active() == title, f'“{title}” to be active')
    key(*keys)


def screenshot(name):
    """Keeps a picture of the whole screen; count_colours, which close calls, proves that it is not blank."""
    os.makedirs(SHOTS, exist_ok=True)
    path = os.path.join(SHOTS, f'{SCENARIO}-{name}.png')
    settle(.2)
    subprocess.run(['import', '-window', 'root', '-quality', '10', path], check=True)      # quickly compressed
    counting.append((name, subprocess.Popen(['identify', '-format', '%k', path], stdout=subprocess.PIPE, text=True)))
    log('screenshot', name)


counting = []


def count_colours():
    """Says of each picture whether it shows something."""
    for name, counter in counting:
        colours = int(counter.communicate(timeout=60)[0])
        check('screenshot ' + name, colours > 50, f'{colours} colours')
    counting.clear()


def pasted(app):
    """What the clipboard has, as the search of the main window takes it."""
    a11y.key('ctrl+f')
    search = wait(lambda: a11y.entry(app.window, 'Search Boot Images'), 'search')
    settle(.3)
    a11y.key('ctrl+v')
    return wait(lambda: a11y.text_of(search), 'what was pasted')


def resize(title, width=360, height=600):
    """The window that has this title; as small as a telephone unless said otherwise."""
    window = subprocess.run(['xdotool', 'search', '--onlyvisible', '--name', f'^{title}$'], check=True,
                            capture_output=True, text=True).stdout.split()[-1]
    subprocess.run(['xdotool', 'windowsize', '--sync', window, str(width), str(height)], check=True)
    settle(1)
    shape = subprocess.run(['xdotool', 'getwindowgeometry', '--shell', window], check=True, capture_output=True, text=True).stdout
    check(f'“{title}” is as wide as it was asked to be', f'WIDTH={width}\n' in shape, shape)


def at_pointer(node, title, *keys, halt=None):
    """Presses at the middle of a widget that has no action, then the keys; a program to halt gets all of it at once."""
    window = subprocess.run(['xdotool', 'search', '--onlyvisible', '--name', title], check=True, capture_output=True,
                            text=True).stdout.split()[-1]
    e = node.get_extents(Atspi.CoordType.WINDOW)
    if halt:
        halt.send_signal(signal.SIGSTOP)
    subprocess.run(['xdotool', 'mousemove', '--window', window, str(e.x + e.width // 2), str(e.y + e.height // 2), 'click', '1',
                    *(['key', *keys] if keys else [])], check=True)
    if halt:
        halt.send_signal(signal.SIGCONT)


def ctl(*arguments):
    """Runs the terminal program on the same catalog; what it printed."""
    return subprocess.run([CTL, *arguments], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


def wimlib(*arguments):
    subprocess.run(['wimlib-imagex', *arguments], check=True, stdout=subprocess.DEVNULL)


def slow_disk(folder=HOME, **how):
    """The environment of a program for which this folder is on a slow disk; how: RATE or FLUSH of slow-disk.c."""
    return {'LD_PRELOAD': os.environ['KINDLING_SLOW_DISK'], 'SLOW_FOLDER': folder,
            'SLOW_UNTIL': os.path.join(os.environ['XDG_RUNTIME_DIR'], 'disk-is-quick'),
            **{f'SLOW_{name.upper()}': str(value) for name, value in how.items()}}


def quick(disk, is_quick=True):
    """The disk is slow no longer, for programs that run, too; or it is again."""
    if is_quick:
        open(disk['SLOW_UNTIL'], 'w').close()
    else:
        os.remove(disk['SLOW_UNTIL'])


def big_image(path, megabytes):
    """The sample image with a file that takes time to copy."""
    tree = os.path.join(HOME, 'tree')
    wimlib('apply', SAMPLE, '1', tree)
    with open(os.path.join(tree, 'big.bin'), 'wb') as f:
        f.truncate(megabytes << 20)
        for i in range(0, megabytes):      # no two blocks alike
            f.seek(i << 20)
            f.write(i.to_bytes(8, 'little') + os.urandom(64))
    wimlib('capture', tree, path, 'Big image', '--boot', '--compress=none')
    shutil.rmtree(tree)
    return path
