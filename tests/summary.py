#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up what meson's JUnit files counted: summary.py FOLDER SUITE…

A skipped test counts as failed (a tool that is missing is a failure), and so does a suite that ran nothing."""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree


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


def main(folder, suites):
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
