#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file with text to translate is in po/POTFILES, every file in it is there, and xgettext reads them all. Sentences of the window
are filled in by the function that knows languages from right to left."""
import glob
import os
import re
import subprocess
import sys

os.chdir(sys.argv[1])
with open('po/POTFILES', encoding='utf-8') as f:
    listed = {line for line in f.read().splitlines() if line and not line.startswith('#')}
marked, plain = set(), []
for path in glob.glob('app/**/*.[chu]*', recursive=True):
    if not path.endswith(('.c', '.h', '.ui')):
        continue
    with open(path, encoding='utf-8') as f:
        text = f.read()
    if re.search(r'\b(_|C_|N_|ngettext) \("|translatable="yes"', text):
        marked.add(path)
    if path.startswith('app/window/') and re.search(r'\bg_strdup_printf\s*\(\s*(/\*.*?\*/\s*)?(_|C_|ngettext) \(', text, re.S):
        plain.append(path)
wrong = [f'{p}: kl_bidi_printf() is for translated sentences' for p in sorted(plain)]
wrong += [f'not in POTFILES: {p}' for p in sorted(marked - listed)]
wrong += [f'in POTFILES but not there: {p}' for p in sorted(listed) if not os.path.exists(p)]
run = subprocess.run(['xgettext', '--from-code=UTF-8', '--files-from=-', '--output=-', '--add-comments=Translators',
                      '--keyword=_', '--keyword=N_', '--keyword=C_:1c,2', '--keyword=PLURAL:1,2'], input='\n'.join(sorted(listed)),
                     capture_output=True, text=True)
wrong += run.stderr.splitlines()
count = run.stdout.count('\nmsgid "') - 1
if count < 100:
    wrong.append(f'only {count} texts were found')
print('\n'.join(wrong) or f'{count} texts in {len(listed)} files')
sys.exit(bool(wrong))
