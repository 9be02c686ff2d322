#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every step, warning and finding of core has its row in app/core-text.c, so that people read it in their language, and no row
is for a sentence that nobody says."""
import glob
import os
import re
import sys

os.chdir(sys.argv[1])
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
TEXT = rf'(?:{LITERAL}\s*(?:G_\w+_FORMAT\s*|[A-Z]+_NAME\s*)?)+'
# Functions whose sentence is shown as it is, and where it stands among their arguments; further arguments are its own.
SAYING = {
    'kl_progress_add_step': 2, 'kl_progress_set_info': 1, 'kl_function_job_new': 0, 'kl_image_tree_warn': 1, 'warn': 1,
    'add_difference': 2, 'add': 4, 'g_strv_builder_add': 1, 'cannot': 1, 'kl_boot_files_add_rejected': 2,
}
WHERE = {
    'warn': {'core/media/layout.c'}, 'add_difference': {'core/media/medium.c'}, 'add': {'core/driver/driver-findings.c'},
    'cannot': {'core/boot/boot-files.c'},
}
# Where sentences are made and handed on by other names.
FILES = ['core/crypto/certificate.c', 'core/crypto/password-strength.c', 'core/drive/refusal.c']
MADE = r'\b(?:text|why|warning|reason|\*reason|\*why|options\.\w+_obstacle|self->\w+_obstacle|self->notice)\s*=\s*(?:[^;{}]*?)\b(?:g_strdup|g_strdup_printf)\s*\(\s*(?:\w+\s*\?\s*)?'
# Made of parts: the row is the whole.
PARTS = {'%“%”: % (%)', 'The image has no %%.%%', 'The image has no winload.exe%.', 'The image has no winload.efi%.', '%', '', 'A graphics card finds it in about % %.',
         'It shares the hardware ID “%” with % other %.', 'It shares % hardware IDs, such as “%”, with % other %.'}
ENDS = {', so PCs with BIOS cannot start it', ', so PCs with UEFI cannot start it', ', so an ISO file starts on UEFI only',
        ', so PCs with BIOS cannot start an ISO file', ', which boot managers of Windows 11 24H2 and later need'}


def join(literals, macros):
    """C literals and macros in a row, with conversions as a percent sign alone."""
    text = ''
    for token in re.findall(rf'{LITERAL}|G_\w+|[A-Z]+_NAME', literals):
        text += token[1:-1] if token[0] == '"' else 'd' if token.startswith('G_') else macros.get(token, '')
    text = text.replace('\\"', '"').replace('\\\\', '\\')
    return re.sub(r'%[0-9.$]*(?:lu|ld|[sudxX]|\.0f|f)', '%', text)


def arguments(source, start):
    """The arguments of a call, from behind its bracket on."""
    depth, at, begin, found = 1, start, start, []
    for token in re.finditer(rf'{LITERAL}|[(),{{}}]', source[start:start + 4000]):
        at = start + token.start()
        if token[0] in '({':
            depth += 1
        elif token[0] in ')}':
            depth -= 1
        if depth == 0 or (depth == 1 and token[0] == ','):
            found.append(source[begin:at].strip())
            begin = at + 1
        if depth == 0:
            break
    return found


with open('app/core-text.c', encoding='utf-8') as f:
    table = re.search(r'rows\[\] = \{(.*?)\n\};', f.read(), re.S)[1]
rows = {join(m, {}) for m in re.findall(rf'N_ \(({TEXT})\)', table)}
plurals = {join(m, {}) for m in re.findall(rf'PLURAL \({TEXT},\s*({TEXT})\)', table)}
known = rows | plurals
starts = {k.split('. ')[0] + '.' for k in known}

said, unread, everything = {}, [], ''
for path in sorted(glob.glob('core/**/*.c', recursive=True) + glob.glob('app/ctl/*.c')):
    if path in ('core/base/progress.c', 'app/ctl/function-job.c'):
        continue
    with open(path, encoding='utf-8') as f:
        source = f.read()
    macros = dict((k, v) for k, v in re.findall(r'#define (\w+) "([^"]*)"', source))
    everything += '\n'.join(join(m, macros) for m in re.findall(TEXT, source)) + '\n'
    for call in re.finditer(r'\b(' + '|'.join(SAYING) + r') \(', source):
        name = call[1]
        given = arguments(source, call.end())
        if path not in WHERE.get(name, {path}) or len(given) <= SAYING[name] or ';' in given[0] or '*' in given[0].split('->')[0][1:]:
            continue
        what = given[SAYING[name]]
        texts = [join(t, macros) for t in re.findall(TEXT, what)]
        if texts:
            for t in texts:
                said.setdefault(t, path)
        elif name in ('kl_progress_add_step', 'kl_progress_set_info') and what != 'NULL':
            made = re.search(r'\b' + re.escape(what) + r'\s*=\s*g_strdup_printf\s*\((' + LITERAL + ')', source)
            of_table = re.fullmatch(r'(\w+)\[\w+\]\.text', what)
            if made:
                said.setdefault(join(made[1], macros), path)
            elif of_table:
                body = re.search(r'\b' + of_table[1] + r'\[\w*\] = \{(.*?)\n\};', source, re.S)[1]
                for t in re.findall(LITERAL, body):
                    said.setdefault(join(t, macros), path)
            else:
                unread.append(f'{path}: {name} ({", ".join(given)})')
    if path in FILES or path.startswith(('core/job/', 'core/volume/volume-target', 'core/boot/boot-collect', 'core/site/site-profile')):
        for made in re.finditer(MADE + rf'({TEXT})', source):
            said.setdefault(join(made[1], macros), path)

wrong = []
for text in sorted(said):
    whole = re.sub('^% (?=The newest)', '', text.strip())
    first = whole.split('. ')[0] + '.'
    if whole not in known and first not in known and whole.replace(' %', '') not in known and whole not in PARTS | ENDS:
        wrong.append(f'no row in core-text.c: {text} ({said[text]})')
for row in sorted(known):
    end = next((e for e in ENDS if row.endswith(e + '.')), None)
    kind = re.fullmatch(r'% is not (.*): %\.', row)
    # The reason of the system is put behind it elsewhere.
    if not (row in everything or row.removesuffix(': %') in everything or row.rstrip('.') in everything or (end and end in everything) or (kind and kind[1] in everything)
            or row.startswith(('A graphics card', 'The certificate “%”', 'Boot image %', 'It shares', 'udev', 'UDisks2', 'Left out'))):
        wrong.append(f'nobody says: {row}')
wrong += [f'this cannot be read: {u}' for u in unread]
if len(said) < 60:
    wrong.append(f'only {len(said)} sentences were found')
print('\n'.join(wrong) or f'{len(said)} sentences, {len(known)} rows')
sys.exit(bool(wrong))
