#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathers what core says to people into app/core-texts-*.h, of which app/core-text.c makes its table and xgettext its messages.

core makes English sentences and marks none of them: what reads like prose is a text, wherever it stands, and what is given to a
function of CARRIERS is one even if it is a single word. Without an option the files are written; --check says how they are out of
date: which texts have no row, and which rows are for a text that nobody says.
Arguments: [--check] and the project's folder."""
import glob
import os
import re
import sys

# Which folders' texts stand where; the rest is of images.
MEDIA = {'access', 'creation', 'disk', 'drive', 'iso', 'job', 'media', 'restore', 'sink', 'volume'}
TARGETS = {'app/core-texts-images.h': lambda folder: folder not in MEDIA, 'app/core-texts-media.h': lambda folder: folder in MEDIA}
HEAD = '''/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Made by po/core-texts.py of the texts in core; "ninja core-texts" makes it anew. */
/* clang-format off */
'''
# Function → where the text stands among its arguments, and what it becomes a part of.
CARRIERS = {
    'g_set_error': (3, '{}'), 'g_set_error_literal': (3, '{}'), 'g_error_new': (2, '{}'), 'g_error_new_literal': (2, '{}'),
    'g_prefix_error': (1, '{}%s'), 'kl_set_error_errno': (2, '{}: %s'), 'kl_translate_io_error': (1, '{}: %s'),
    'kl_wim_set_error': (4, '{}: %s'), 'kl_udisks_translate_error': (1, '{}'), 'kl_progress_add_step': (2, '{}'),
    'kl_progress_set_info': (1, '{}'), 'kl_image_tree_warn': (1, '{}'), 'kl_function_job_new': (0, '{}'), 'add_difference': (2, '{}'),
    ('core/crypto/pfx-import.c', 'fail'): (3, '“%s” {}'), ('core/import/import.c', 'g_strdup_printf'): (0, '{}'),
    ('core/volume/folder-writer.c', 'set_call_error'): (1, '{}: %s'), ('core/drive/drive-identity.c', 'g_string_append_printf'): (1, '{}'),
}
# What only developers read: logs, and what ends the program.
SILENT = {'g_debug', 'g_info', 'g_message', 'g_warning', 'g_critical', 'g_error', 'G_STATIC_ASSERT_EXPR', 'g_assert_not_reached'}
# (file, text or None for all of it): prose that no person is shown.
UNSAID = {
    # The manual's tables of codes.
    ('core/base/error.c', None),
    # What is looked for in a message of UDisks2.
    *(('core/access/udisks-calls.c', text) for text in [
        'Device or resource busy', 'target is busy', 'Read-only file system', 'No medium found', 'No such device', 'Permission denied']),
    # Where a file of a medium comes from, in the list of a dry run: documented words.
    ('core/media/layout.c', 'image boot files'), ('core/media/layout.c', 'boot folder'),
    # Written to a drive, to be found again.
    ('core/sink/capacity-probe.c', 'Kindling capacity mark'),
    # An ID.
    ('core/import/import.c', 'KDL%05X'),
    # A program that starts one job twice.
    ('core/job/job.c', 'This %s is busy with another run'),
}
# Single words that are filled into a text.
WORDS = {('core/crypto/password-strength.c', text) for text in ['very-weak', 'weak', 'good', 'strong']}
# The terminal program's own jobs have steps, too.
MORE = ['app/ctl/*.c']
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
TOKEN = re.compile(rf'/\*.*?\*/|{LITERAL}|\'(?:[^\'\\]|\\.)+\'|[A-Za-z_]\w*|\s+|.', re.S)
CONVERSION = re.compile(r'%[0-9.$]*(?:l|ll|z|h)*([a-zA-Z%])')
NUMBERS = {'u': '%u', 'd': '%u', 'f': '%u'}


def is_prose(text):
    """At least two words, one of them lower-case; no program text."""
    if re.search(r'\\[nrt0x]|^[<{]|^[\w.]+ ?=', text):
        return False
    bare = CONVERSION.sub('%', text)
    return re.search(r'\b[a-z]{2,}\b', bare) is not None and re.search(r'[A-Za-z0-9]{1,}[,;:.)”]* [“(\["]?[A-Za-z]', bare) is not None


def normal(text):
    """As a row has it: lengths of numbers left out, whole sentences, without those that are put before or behind."""
    text = CONVERSION.sub(lambda m: NUMBERS.get(m[1], '%s'), text).replace('%s%s', '%s').replace('“/dev/%s”', '“%s”')
    text = re.sub(r'(?<=\.)(?: %s)+\.?$', '', text.rstrip(' '))
    return re.sub(r'^(?:(?:%s )+(?=The |A folder )|%s\. (?=[A-Z])|, (?=[a-zA-Z%]))', '', text)


class Source:
    """Its tokens, and which call each literal belongs to."""

    def __init__(self, path, macros):
        self.path, self.macros = path, macros
        with open(path, encoding='utf-8') as f:
            self.tokens = [t for t in TOKEN.findall(re.sub(r'^#include.*|^# *define \w+_H\b.*', '', f.read(), flags=re.M)) if not t.isspace()]

    def literal(self, at):
        """The literals and macros in a row from @at on: their text, and where they end."""
        text = ''
        while at < len(self.tokens):
            token = self.tokens[at]
            if token[0] == '"':
                text += token[1:-1]
            elif re.fullmatch(r'G_\w+_FORMAT', token):
                text += 'd' if token in ('G_GINT64_FORMAT', 'G_GSSIZE_FORMAT') else 'u'
            elif token in self.macros:
                text += self.macros[token]
            elif not token.startswith('/*'):
                break
            at += 1
        return text.replace('\\"', '"').replace('\\\\', '\\'), at

    def texts(self):
        """(text, function, argument, comment for the translator, plural) of each literal."""
        calls, comment, at, before = [], '', 0, ''
        while at < len(self.tokens):
            token = self.tokens[at]
            if token.startswith('/* Translators:'):
                comment = re.sub(r'\s*\n\s*\*?\s*', ' ', token[2:-2]).strip()
            elif token == '(':
                calls.append([before, 0])
            elif token == ')' and calls:
                calls.pop()
            elif token in '{};':
                # Of a function's body or a table; what is open stays so in the braces of an argument.
                calls, comment = [], comment if token == '{' and comment else ''
            elif token == ',' and calls:
                calls[-1][1] += 1
            elif token[0] == '"' or (token in self.macros and before in '(,'):
                if token[0] != '"' and not (at + 1 < len(self.tokens) and self.tokens[at + 1][0] == '"'):
                    before, at = token, at + 1
                    continue
                text, at = self.literal(at)
                function, place = calls[-1] if calls else ('', 0)
                yield text, function, place, [c[0] for c in calls], comment
                before = ''
                continue
            if not token.startswith('/*'):
                before = token
            at += 1


def gather():
    """All rows in the order of their files: {text: (file, plural or None, comment)}."""
    headers = sorted(glob.glob('core/**/*.[ch]', recursive=True))
    shared = {}
    for path in headers:
        with open(path, encoding='utf-8') as f:
            found = re.findall(r'^#define (\w+) \\?\n?\s*"([^"\n]*)"\s*$', f.read(), re.M)
        shared.update((k, v) for k, v in found if path.endswith('.h'))
    rows = {}
    for path in headers + sorted(sum((glob.glob(p) for p in MORE), [])):
        with open(path, encoding='utf-8') as f:
            own = dict(re.findall(r'^#define (\w+) \\?\n?\s*"([^"\n]*)"\s*$', f.read(), re.M))
        one = None
        for text, function, place, calls, comment in Source(path, {**shared, **own}).texts():
            if SILENT & set(calls) or {(path, text), (path, None)} & UNSAID:
                continue
            carriers = [CARRIERS[c] for c in calls if c in CARRIERS]
            at, template = CARRIERS.get((path, function)) or CARRIERS.get(function, (None, '{}'))
            carried = at == place and (re.search(r'[A-Za-z]', CONVERSION.sub('', text)) or text.startswith('“%s”: '))
            if path.startswith('app/') and function not in ('kl_progress_add_step', 'kl_progress_set_info', 'kl_function_job_new'):
                continue
            if not carried and not is_prose(text) and (path, text) not in WORDS:
                continue
            if not carried and carriers and function == '':
                template = carriers[-1][1]
            row = normal(template.format(text))
            if function == 'KL_PLURAL' and place == 1:
                one = row
                continue
            key, plural = (one, row) if function == 'KL_PLURAL' else (row, None)
            comment = comment.removeprefix('Translators: ')
            if key not in rows:
                rows[key] = [path.removeprefix('core/'), plural, comment]
            elif comment and not rows[key][2]:
                rows[key][2] = comment
    return rows


def quote(text):
    return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'


def make(rows, belongs):
    out = HEAD
    for text, (path, plural, comment) in rows.items():
        if belongs(path.split('/')[0]):
            told = f'{path}: {comment}' if comment else path
            out += f'/* {told} */ {{ ' + (f'PLURAL ({quote(text)}, {quote(plural)})' if plural else f'N_ ({quote(text)})') + ' },\n'
    return out


def main():
    check = sys.argv[1] == '--check'
    os.chdir(sys.argv[-1])
    rows, wrong = gather(), []
    for target, belongs in TARGETS.items():
        made = make(rows, belongs)
        if not check:
            with open(target, 'w', encoding='utf-8') as f:
                f.write(made)
            continue
        with open(target, encoding='utf-8') as f:
            old, new = set(f.read().splitlines()), set(made.splitlines())
        wrong += [f'{target} lacks: {line}' for line in sorted(new - old)] + [f'nobody says: {line}' for line in sorted(old - new)]
    if wrong:
        wrong.append('run "ninja core-texts" in the build folder, then translate')
    print('\n'.join(wrong) or f'{len(rows)} texts')
    return bool(wrong)


if __name__ == '__main__':
    sys.exit(main())
