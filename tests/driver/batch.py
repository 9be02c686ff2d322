# SPDX-License-Identifier: GPL-3.0-or-later
"""A reader of the few words of cmd.exe that the driver loader uses, written from the documentation of cmd and not from
the generator. Anything else it does not know is an error. reg, findstr and drvload are played by the PC below."""
import re

MAX_STEPS = 100_000
MAX_LINE = 8191


class BatchError(Exception):
    """The script is not one that this reader knows, or does not end."""


class Pc:
    """Files, registry and tools of a started Windows PE."""

    def __init__(self, files, devices=(), reg='works', findstr='works', drvload_rc=0, appears=None):
        self.files = {self.key(path): content for path, content in files.items()}
        self.devices = list(devices)  # of (hardware IDs, compatible IDs)
        self.reg, self.findstr = reg, findstr
        self.drvload_rc = drvload_rc
        self.appears = appears or {}  # INF path → devices known once it is loaded
        self.loaded = []

    @staticmethod
    def key(path):
        return path.replace('/', '\\').lower()

    def registry(self, value):
        out = []
        for number, ids in enumerate(self.devices):
            texts = ids[0] if value == 'HardwareID' else ids[1]
            if texts:
                out.append('HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Enum\\'
                           f'{ids[0][0]}\\3&11583659&0&{number:02X}')
                out.append(f'    {value}    REG_MULTI_SZ    ' + '\\0'.join(texts))
                out.append('')
        out.append(f'End of search: {len(out) // 3} match(es) found.')
        return '\r\n' + '\r\n'.join(out) + '\r\n'

    def run_reg(self, words):
        if self.reg == 'absent':
            return 9009, ''
        if self.reg == 'denied':
            return 1, 'ERROR: Access is denied.\r\n'
        assert words[:2] == ['query', 'HKLM\\SYSTEM\\CurrentControlSet\\Enum'], words
        assert words[2:4] == ['/s', '/v'] and words[4] in ('HardwareID', 'CompatibleIDs'), words
        return (0, self.registry(words[4])) if self.devices else (1, 'End of search: 0 match(es) found.\r\n')

    def literal(self, text):
        """A search string as findstr takes it; the kind of findstr that no one has seen drops lone backslashes."""
        text = text.replace('\\"', '"').replace('\\\\', '\0')
        if self.findstr == 'eats backslashes':
            text = text.replace('\\', '')
        return text.replace('\0', '\\')

    def run_findstr(self, words):
        if self.findstr == 'absent':
            return 9009, ''
        options = {w[1].lower(): w[3:] for w in words if w.startswith('/')}
        names = [w for w in words if not w.startswith('/')]
        assert {'i', 'l'} <= set(options) and len(names) == 1, words
        if 'g' in options:
            if self.key(options['g']) not in self.files:
                return 2, ''
            wanted = self.files[self.key(options['g'])].split('\r\n')
            assert wanted.pop() == '' and all(wanted), 'an empty search string'
        else:
            wanted = [options['c']]
        wanted = [self.literal(w).lower() for w in wanted]
        if self.key(names[0]) not in self.files:
            return 1, ''
        found = [line for line in self.files[self.key(names[0])].split('\r\n')
                 if any(w in line.lower() for w in wanted)]
        return (0, '\r\n'.join(found)) if found else (1, '')

    def run_drvload(self, words):
        assert len(words) == 1, words
        if self.key(words[0]) not in self.files:
            return -2147024894, 'DrvLoad: Unable to load\r\n'
        self.loaded.append(words[0])
        self.devices += self.appears.get(words[0], [])
        return self.drvload_rc, f'DrvLoad: Successfully loaded {words[0]}.\r\n'


class Batch:
    def __init__(self, text, pc):
        assert text.isascii()
        body = text.replace('\r\n', '')
        assert '\r' not in body and '\n' not in body, 'line ends other than CRLF'
        self.lines = text.split('\r\n')
        assert all(len(line) < MAX_LINE for line in self.lines)
        self.pc = pc
        self.variables = {'SYSTEMROOT': 'X:\\Windows', 'SYSTEMDRIVE': 'X:'}
        self.level = 0
        self.steps = 0

    def label(self, name):
        places = [i for i, line in enumerate(self.lines) if line.lower() == ':' + name.lower()]
        if len(places) != 1:
            raise BatchError(f'label {name} stands {len(places)} times')
        return places[0] + 1

    def expand(self, line, arguments):
        def one(match):
            word = match.group(0)
            if word == '%%':
                return '%'
            number = re.fullmatch(r'%(~?)(\d)', word)
            if number:
                value = arguments[int(number[2])] if int(number[2]) < len(arguments) else ''
                return value.strip('"') if number[1] else value
            name = word[1:-1].upper()
            return str(self.level) if name == 'ERRORLEVEL' else self.variables.get(name, '')
        return re.sub(r'%%|%~?\d|%[A-Za-z]+%', one, line)

    def run(self, at=0, arguments=()):
        """From a line to the end of the (sub)routine; its exit code."""
        while at < len(self.lines):
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise BatchError('does not end')
            line = self.lines[at]
            at += 1
            if line == '' or line.startswith(':') or line.lower().startswith('rem '):
                continue
            jump = self.command(self.expand(line, arguments))
            if isinstance(jump, int):
                at = jump
            elif jump is not None:
                self.level = int(jump[1])
                return self.level
        raise BatchError('ends without exit')

    def command(self, line):
        """None to go on, a line to go on from, or ('exit', code)."""
        line = line.lstrip('@')
        out = {'1': None, '2': None}
        while match := re.match(r'(2?)(>>?)(&1|[^\s>]+)\s*', line):
            out[match[1] or '1'] = (match[2], match[3])
            line = line[match.end():]
        if re.search(r'[&|<>^]', re.sub(r'"[^"]*"', '', line)) and not line.startswith('if '):
            raise BatchError(f'characters with a meaning outside quotes: {line}')
        word, _, rest = line.partition(' ')
        return getattr(self, 'do_' + word.lower(), self.external)(word.lower(), rest, out)

    def write(self, target, text):
        if target is None or target[1].lower() == 'nul':
            return
        key = self.pc.key(target[1])
        self.pc.files[key] = (self.pc.files.get(key, '') if target[0] == '>>' else '') + text

    def do_echo(self, _, rest, out):
        if rest != 'off':
            self.write(out['1'], rest + '\r\n')

    def do_set(self, _, rest, out):
        name, equals, value = rest.partition('=')
        assert equals and re.fullmatch('[A-Z]+', name), rest
        if value:
            self.variables[name] = value
        else:
            self.variables.pop(name, None)

    def do_goto(self, _, rest, out):
        return self.label(rest)

    def do_exit(self, _, rest, out):
        assert rest.startswith('/b '), rest
        return ('exit', rest[3:])

    def do_call(self, _, rest, out):
        words = re.findall(r'"[^"]*"|\S+', rest)
        assert words[0].startswith(':'), rest
        self.run(self.label(words[0][1:]), [words[0], *words[1:]])

    def do_if(self, _, rest, out):
        word, _, rest = rest.partition(' ')
        negated = word == 'not'
        if negated:
            word, _, rest = rest.partition(' ')
        value, _, command = rest.partition(' ')
        if word == 'errorlevel':
            holds = self.level >= int(value)
        elif word == 'defined':
            holds = value in self.variables
        elif word == 'exist':
            holds = self.pc.key(value) in self.pc.files
        else:
            raise BatchError(f'if {word}')
        return self.command(command) if holds != negated else None

    def external(self, word, rest, out):
        tools = {'reg': self.pc.run_reg, 'findstr': self.pc.run_findstr, 'drvload': self.pc.run_drvload}
        if word not in tools:
            raise BatchError(f'unknown command {word}')
        self.write(out['1'], '')
        self.level, text = tools[word]([w.strip('"') for w in re.findall(r'"[^"]*"|\S+', rest)])
        if out['1'] is not None:
            self.write(('>>', out['1'][1]), text)
