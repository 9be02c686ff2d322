#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds up what meson's JUnit files counted: summary.py FOLDER SUITE…
Names the tests that failed in a log of meson: summary.py --failed LOG.json

What FOLDER has of a second try (SUITE-again.xml and .json) stands for the first one, and is told. A skipped test counts as failed (a tool that is missing is a failure), and so does a suite that ran nothing. The tests
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


def cases(path):
    """Of each test in a JUnit file, by name: how many of its cases passed and failed. meson puts what tests print into the file as it
    is, so control characters that XML doesn't know are taken out."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding='utf-8', errors='replace') as f:
        text = re.sub(r'[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]', '', f.read())
    found = {}
    for suite in ElementTree.fromstring(text.encode('utf-8')).iter('testsuite'):
        for case in suite.iter('testcase'):
            # Of a test that speaks TAP each subtest is a case, in a suite that has the test's name.
            name = next(n for n in (case.get('name'), suite.get('name'), 'all') if ' / ' in n or n == 'all')
            failed = any(case.find(tag) is not None for tag in ('failure', 'error', 'skipped'))
            passed_before, failed_before = found.get(name, (0, 0))
            found[name] = passed_before + (not failed), failed_before + failed
    return found


def count(folder, suite):
    """Passed and failed test cases of one suite."""
    found = cases(os.path.join(folder, suite + '.xml'))
    found.update(cases(os.path.join(folder, suite + '-again.xml')))
    return sum(passed for passed, _ in found.values()), sum(failed for _, failed in found.values())


def failures(path):
    """What meson's log of one suite, a JSON object a line, has of the tests that did not pass."""
    if not os.path.exists(path):
        return []
    with open(path, encoding='utf-8', errors='replace') as f:
        tests = [json.loads(line) for line in f if line.strip()]
    return [test for test in tests if test['result'] not in ('OK', 'EXPECTEDFAIL')]


def what_was_told(test):
    """The lines of a test that say why it failed: TAP's with the notes around them, and the last ones."""
    lines = (test.get('stdout', '') + '\n' + test.get('stderr', '')).splitlines()
    wanted = set(range(max(0, len(lines) - LAST), len(lines)))
    for at, line in enumerate(lines):
        if FAILED.search(line):
            wanted.update(range(max(0, at - AROUND), min(len(lines), at + AROUND + 1)))
    return [lines[at] for at in sorted(wanted) if lines[at].strip()][:MOST]


def show_failures(suite, tests, note):
    for test in tests:
        print(f"suite {suite}: {test['name']}: {test['result']} after {test.get('duration', 0):.0f} s{note}")
        for line in what_was_told(test):
            print('  | ' + line[:WIDTH])


def main(folder, suites):
    for suite in suites:
        again = os.path.exists(os.path.join(folder, suite + '-again.json'))
        show_failures(suite, failures(os.path.join(folder, suite + '.json')), ', tried once more' if again else '')
        show_failures(suite, failures(os.path.join(folder, suite + '-again.json')), ', the second time')
    passed = failed = 0
    for suite in suites:
        good, bad = count(folder, suite)
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
    if sys.argv[1] == '--failed':
        print('\n'.join(sorted({test['name'].split(' / ')[-1] for test in failures(sys.argv[2])})))
    else:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
