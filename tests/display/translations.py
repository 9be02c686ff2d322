# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads translations as gettext keeps them, and makes one of a language that nobody speaks."""
import os
import re
import subprocess

HEADER = 'Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n != 1;\n'
# What printf() and strftime() take, markup, entities and the letters behind mnemonics stay as they are.
KEPT = re.compile(r'%[-+0-9.$\']*(?:l*[a-zA-Z]|%)|<[^>]+>|&\w+;|_\w|\n')
ACCENTS = str.maketrans('aceginorsuyACEGINORSUY', 'áčéğíñóřšúýÁČÉĞÍÑÓŘŠÚÝ')


class Message:
    def __init__(self):
        self.context, self.id, self.plural, self.texts, self.flags = None, '', None, {}, set()

    @property
    def sources(self):
        return [self.id] if self.plural is None else [self.id, self.plural]


def unquote(text):
    return re.sub(r'\\(.)', lambda m: {'n': '\n', 't': '\t'}.get(m[1], m[1]), text)


def quote(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n') + '"'


def read(text):
    """All messages of a .po or .pot file that are in use, the header left out."""
    found = []
    for block in re.split(r'\n\s*\n', text):
        message, target = Message(), None
        for line in block.splitlines():
            if line.startswith('#,'):
                message.flags |= {flag.strip() for flag in line[2:].split(',')}
            word = re.match(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[(\d)\])?) "(.*)"$', line)
            if word:
                target = word[1] if not word[1].startswith('msgstr') else int(word[2] or 0)
            value = re.match(r'(?:\w+(?:\[\d\])? )?"(.*)"$', line)
            if value is None or target is None or line.startswith('#'):
                continue
            piece = unquote(value[1])
            if target == 'msgctxt':
                message.context = (message.context or '') + piece
            elif target == 'msgid':
                message.id += piece
            elif target == 'msgid_plural':
                message.plural = (message.plural or '') + piece
            else:
                message.texts[target] = message.texts.get(target, '') + piece
        if message.id:
            found.append(message)
    return found


def template(root):
    """What xgettext reads of the sources, as the build has it."""
    with open(os.path.join(root, 'po', 'POTFILES'), encoding='utf-8') as f:
        files = [line for line in f.read().splitlines() if line and not line.startswith('#')]
    keywords = ['_', 'N_', 'C_:1c,2', 'NC_:1c,2', 'PLURAL:1,2', 'g_dngettext:2,3', 'g_dpgettext2:2c,3']
    run = subprocess.run(['xgettext', '--from-code=UTF-8', '--files-from=-', '--output=-', '--directory=' + root,
                          *('--keyword=' + k for k in keywords)], input='\n'.join(files), capture_output=True, text=True,
                         check=True)
    return read(run.stdout)


def pretend(text):
    """With accents, 40 % longer, in brackets: what is cut or was not translated is seen at once."""
    if text == 'Kindling':
        return text                     # is called so everywhere
    start, end = re.match(r'\n*', text)[0], re.search(r'\n*$', text)[0]
    text, inside, at = text.strip('\n'), '', 0
    for kept in KEPT.finditer(text):
        inside += text[at:kept.start()].translate(ACCENTS) + kept[0]
        at = kept.end()
    inside += text[at:].translate(ACCENTS)
    more = ' óné twó thřéé fóúř fívé' * (len(text) // 50 + 1)
    return f'{start}⟦{inside}{more[:max(1, round(.4 * len(text)))]}⟧{end}'


def write_pretended(root, folder, language):
    """Compiles the language that nobody speaks to FOLDER/LANGUAGE/LC_MESSAGES/kindling.mo."""
    lines = ['msgid ""', 'msgstr ' + quote(HEADER), '']
    for message in template(root):
        if message.context is not None:
            lines.append('msgctxt ' + quote(message.context))
        lines.append('msgid ' + quote(message.id))
        if message.plural is None:
            lines.append('msgstr ' + quote(pretend(message.id)))
        else:
            lines += ['msgid_plural ' + quote(message.plural), 'msgstr[0] ' + quote(pretend(message.id)),
                      'msgstr[1] ' + quote(pretend(message.plural))]
        lines.append('')
    target = os.path.join(folder, language, 'LC_MESSAGES')
    os.makedirs(target, exist_ok=True)
    subprocess.run(['msgfmt', '-o', os.path.join(target, 'kindling.mo'), '-'], input='\n'.join(lines), text=True, check=True)
