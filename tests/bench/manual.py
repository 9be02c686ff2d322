#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the figures of tests/bench/run into the manual, in all languages: manual.py JSON

A <dt id="P5-1"> there tells in words what figure 1 of row P5 is, counted from 0; the <dd> behind it becomes that figure.
A row that was not measured, or has no words in the manual, is named, and what stands there stays."""
import glob
import hashlib
import json
import os
import re
import statistics
import sys

sys.dont_write_bytecode = True
import measure  # noqa: E402

HELP = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', '..', 'data', 'help')
PAGE = 'performance.html'
PLACE = re.compile(r'(<dt id="(P\d+)-(\d+)">[^<]*</dt>\n<dd><code>)[^<]*')
STATE = re.compile(r'<code>\d{4}-\d\d-\d\d, [^<]*</code>')


def spread(values, unit):
    return ' '.join(measure.shown(value, unit) for value in (min(values), statistics.median(values), max(values)))


def unbroken(part):
    """Figures that belong together stay in one line where the window is narrow."""
    ours, colon, theirs = part.replace(' ', '\u00a0').partition('\u00a0:\u00a0')
    return ours + '\u00a0: ' + theirs if colon else ours


def written(figure):
    """Value, pairs from … to; target; the times of Kindling : of the other way."""
    text = f'{measure.shown(figure.value, figure.unit)} {figure.unit}'.rstrip()
    if figure.ratios and figure.unit == '×':
        text += f' ({min(figure.ratios):.2f} … {max(figure.ratios):.2f})'
    if figure.limit is not None:
        text += f'; ≤ {measure.shown(figure.limit, figure.unit)} {figure.unit}'.rstrip()
    if len(figure.ours) > 1:
        factor, unit = (1000, 'ms') if figure.unit == 'ms' else (1, 's')
        text += f'; {spread([value * factor for value in figure.ours], unit)}'
        if figure.theirs:
            text += f' : {spread(figure.theirs, unit)}'
        text += f' {unit}'
    return '; '.join(unbroken(part) for part in text.split('; '))


def main(path):
    with open(path, encoding='utf-8') as f:
        rows = json.load(f)
    figures = {f'{number}-{at}': written(measure.Figure.of_dict(values))
               for number, row in rows.items() for at, values in enumerate(row['figures'])}
    where = [row['where'] for row in rows.values()]
    state = max(w['date'] for w in where)[:10] + ', ' + ', '.join(sorted({w['commit'].removesuffix('-dirty') for w in where}))
    told, missing = set(), set()

    def fill(match):
        name = f'{match[2]}-{match[3]}'
        (told if name in figures else missing).add(name)
        return match[1] + figures[name] if name in figures else match[0]

    english = os.path.join(HELP, 'C', PAGE)
    for page in [english] + sorted(set(glob.glob(os.path.join(HELP, '*', PAGE))) - {english}):
        with open(page, encoding='utf-8') as f:
            text = PLACE.sub(fill, STATE.sub(f'<code>{state}</code>', f.read()))
        if page != english:
            with open(english, 'rb') as f:
                mark = hashlib.sha256(f.read()).hexdigest()[:12]
            text = re.sub(r'(<meta name="follows" content=")[0-9a-f]*', rf'\g<1>{mark}', text)
        with open(page, 'w', encoding='utf-8') as f:
            f.write(text)
    for name in sorted(missing):
        print(f'{name}: not measured; what stands in the manual stays')
    for name in sorted(set(figures) - told):
        print(f'{name}: no words for it in the manual')


if __name__ == '__main__':
    main(*sys.argv[1:])
