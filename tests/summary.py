#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up what meson's JUnit files counted: summary.py FOLDER SUITE…

A skipped test counts as failed (a tool that is missing is a failure), and so does a suite that ran nothing. The tests
that failed are shown again, so that the end of a long log has all that is to be known."""
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

# Of each test that failed: lines before and after what failed, lines of its end, lines in all, characters of a line.
AROUND, LAST, MOST, WIDTH = 3, 8, 40, 200
# TAP, and what the walks through the window say.
FAILED = re.compile(r'^\s*(not ok|Bail out|FAILED|Traceback)|NOT OK|Error:')


def count(path):
    """Passed and failed test cases of one JUnit file. meson puts what tests print into it as it is, so control
    characters that XML doesn't know are taken out."""
    with open(path, encoding='utf-8', errors='replace') as f:
        text = re.sub(r'[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]', '', f.read())
    passed = failed = 0
    for case in ElementTree.fromstring(text.encode('utf-8')).iter('testcase'):
        if any(case.find(tag) is not None for tag in ('failure', 'error', 'skipped')):
            failed += 1
        else:
            passed += 1
    return passed, failed


def what_was_told(test):
    """The lines of a test that say why it failed: TAP's with the notes around them, and the last ones."""
    lines = (test.get('stdout', '') + '\n' + test.get('stderr', '')).splitlines()
    wanted = set(range(max(0, len(lines) - LAST), len(lines)))
    for at, line in enumerate(lines):
        if FAILED.search(line):
            wanted.update(range(max(0, at - AROUND), min(len(lines), at + AROUND + 1)))
    return [lines[at] for at in sorted(wanted) if lines[at].strip()][:MOST]


def show_failures(suite, path):
    """Reads meson's log of one suite, a JSON object a line."""
    with open(path, encoding='utf-8', errors='replace') as f:
        tests = [json.loads(line) for line in f if line.strip()]
    for test in tests:
        if test['result'] in ('OK', 'EXPECTEDFAIL'):
            continue
        print(f"suite {suite}: {test['name']}: {test['result']} after {test.get('duration', 0):.0f} s")
        for line in what_was_told(test):
            print('  | ' + line[:WIDTH])


def main(folder, suites):
    for suite in suites:
        path = os.path.join(folder, suite + '.json')
        if os.path.exists(path):
            show_failures(suite, path)
    passed = failed = 0
    for suite in suites:
        path = os.path.join(folder, suite + '.xml')
        good, bad = count(path) if os.path.exists(path) else (0, 0)
        if good + bad == 0:
            print(f'suite {suite}: no test was run')
            bad = 1
        elif bad == 0 and os.path.exists(os.path.join(folder, suite + '.failed')):
            print(f'suite {suite}: the run failed outside its test cases')
            bad = 1
        else:
            print(f'suite {suite}: {good} passed, {bad} failed')
        passed, failed = passed + good, failed + bad
    print(f'{passed} passed, {failed} failed')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2:]))
