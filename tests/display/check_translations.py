#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each translation is complete and says what its source says, as far as a program can tell: the same formats, mnemonics,
ends and ellipses. Arguments: the project's folder."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import translations  # noqa: E402

ROOT = sys.argv[1]
PO = os.path.join(ROOT, 'po')
CONVERSION = re.compile(r'%(?:(\d+)\$)?[-+0-9.\']*(l*[a-zA-Z]|%)')
# Padded to a column of the terminal.
COLUMNS = {'add    ', 'replace'}
wrong = []


def conversions(text):
    """What is taken from printf()'s arguments, by place."""
    found, place = {}, 0
    for number, letter in CONVERSION.findall(text):
        if letter != '%':
            place += 1
            found[int(number or place)] = letter
    return found


def has_mnemonic(message):
    return re.search(r'(?<![A-Za-z0-9_])[A-Za-z]*_[A-Za-z]', message) is not None and not re.search(r'[a-z]_[a-z]+\b.*\.|%|kindling', message)


def judge(language, message, source, text):
    where = f'{language}: “{source[:60]}”'
    if not text:
        return wrong.append(f'{where} is not translated')
    if 'c-format' in message.flags and any(conversions(text).get(k, v) != v for k, v in conversions(source).items()):
        wrong.append(f'{where}: other formats')
    if set(conversions(text)) - set(conversions(source)) and 'c-format' in message.flags:
        wrong.append(f'{where}: formats that the source has not')
    for what, pattern in [('space at the start', r'^\s*'), ('space at the end', r'\s*$')]:
        # Japanese has no spaces between words.
        if source not in COLUMNS and language != 'ja' and re.search(pattern, source)[0] != re.search(pattern, text)[0]:
            wrong.append(f'{where}: another {what}')
    if source.rstrip().endswith('…') != text.rstrip(' )').endswith('…') and not re.search(r'…\(_\w\)$', text):
        wrong.append(f'{where}: the ellipsis at the end')
    if has_mnemonic(source) and not re.search(r'_\w', text):
        wrong.append(f'{where}: no mnemonic')
    if not has_mnemonic(source) and '_' not in source and '_' in text:
        wrong.append(f'{where}: a mnemonic that the source has not')


def judge_keys(language, texts):
    """Of the buttons and labels of one .ui file, with what is shown together."""
    folder = os.path.join(ROOT, 'app', 'window')
    for name in sorted(os.listdir(folder)):
        if not name.endswith('.ui') or name in ('window.ui',):
            continue
        with open(os.path.join(folder, name), encoding='utf-8') as f:
            labels = re.findall(r'translatable="yes"[^>]*>([^<]*_[^<]*)<', f.read())
        keys, sources = {}, {}
        for label in dict.fromkeys(labels):
            source = re.search(r'_(\w)', label)
            if source is None or source[1].lower() in sources:
                continue                        # shown at different times, in the source, too
            sources[source[1].lower()] = label
            key = re.search(r'_(\w)', texts.get(label, ''))
            if key and key[1].lower() in keys:
                wrong.append(f'{language}: {name}: “{keys[key[1].lower()]}” and “{texts[label]}” have the same key')
            elif key:
                keys[key[1].lower()] = texts[label]


wanted = {(m.context, m.id, m.plural): m for m in translations.template(ROOT)}
with open(os.path.join(PO, 'LINGUAS'), encoding='utf-8') as f:
    languages = [line for line in f.read().split('\n') if line and not line.startswith('#')]
for needed in ['de', 'es', 'fr', 'ja', 'pt_BR']:
    if needed not in languages:
        wrong.append(f'{needed} is not in LINGUAS')
for language in languages:
    path = os.path.join(PO, language + '.po')
    run = subprocess.run(['msgfmt', '--check', '-o', os.devnull, path], capture_output=True, text=True)
    wrong += run.stderr.splitlines() if run.returncode else []
    with open(path, encoding='utf-8') as f:
        have = {(m.context, m.id, m.plural): m for m in translations.read(f.read())}
    for key, message in wanted.items():
        translated = have.get(key)
        if translated is None or 'fuzzy' in translated.flags:
            wrong.append(f'{language}: “{message.id[:60]}” is missing or fuzzy')
            continue
        for n, text in translated.texts.items():
            judge(language, message, message.sources[min(n, len(message.sources) - 1)], text)
    judge_keys(language, {m.id: m.texts.get(0, '') for m in have.values()})

print('\n'.join(wrong) or f'{len(languages)} languages, {len(wanted)} texts')
sys.exit(bool(wrong))
