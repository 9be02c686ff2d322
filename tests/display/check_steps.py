#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every step that core reports has its row in app/window/job-text.c, so that it can be translated, and every row its step."""
import glob
import os
import re
import sys

os.chdir(sys.argv[1])
with open('app/window/job-text.c', encoding='utf-8') as f:
    text = f.read()
rows = set(re.findall(r'N_ \("([^"]+)"\)', text))

steps, unread = set(), []
for path in sorted(glob.glob('core/**/*.c', recursive=True)):
    if path == 'core/base/progress.c':
        continue
    with open(path, encoding='utf-8') as f:
        source = f.read()
    for call, arguments in re.findall(r'\b(kl_progress_add_step|kl_progress_set_info)\s*\(((?:[^()]|\([^()]*\))*)\)', source):
        last = re.split(r',\s*', arguments, 2)[2 if call == 'kl_progress_add_step' else 1].strip()
        literal = re.match(r'"((?:[^"\\]|\\.)*)"', last)
        if literal:
            steps.add(literal[1])
        elif last == 'NULL':
            continue
        elif made := re.search(r'\b' + re.escape(last) + r'\s*=\s*g_strdup_printf\s*\("([^"]*)"', source):
            steps.add(made[1])
        elif table := re.fullmatch(r'(\w+)\[\w+\]\.text', last):
            rows_of_table = re.search(r'\b' + table[1] + r'\[\w*\] = \{(.*?)\n\};', source, re.S)
            steps.update(re.findall(r'"([^"]+)"', rows_of_table[1]))
        else:
            unread.append(f'{path}: {call} ({arguments})')

wrong = [f'no row in job-text.c: {s}' for s in sorted(steps - rows)]
wrong += [f'no step says: {r}' for r in sorted(rows - steps)]
wrong += [f'the text of this step cannot be read: {u}' for u in unread]
if len(steps) < 10:
    wrong.append(f'only {len(steps)} steps were found')
print('\n'.join(wrong) or f'{len(steps)} steps')
sys.exit(bool(wrong))
