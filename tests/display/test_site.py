#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Site profiles: none, made, judged, chosen; policy, own variables, and the documented codes in the window."""
from certificates import SITES, certificate, site_profile
from driver import *

signing = certificate('signing')
site_profile('XYZ.ini', 'SiteCode=XYZ\nSiteSigningCertificate=' + signing + '\n')


def enter(root, name, text):
    set_text(wait(lambda: entry(root, name), 'entry ' + name), text)


def is_red():
    """Whether something in the window that gets the keys is called wrong; no state on the accessibility bus tells it."""
    number = subprocess.run(['xdotool', 'getactivewindow'], check=True, capture_output=True, text=True).stdout.strip()
    picture = subprocess.run(['import', '-window', number, '-depth', '8', 'rgb:-'], check=True, capture_output=True).stdout
    return any(red > 180 and green < 60 and blue < 70 for red, green, blue in zip(*(picture[i::3] for i in range(3))))


app = App()
app.add_sample()
app.window.get_name()
key('ctrl+comma')
preferences = app.wait_dialog('Preferences')
wait(lambda: named(preferences, 'list item', 'XYZ: The site has no default management point'), 'finding of the check')
screenshot('1-preferences')

click(button(preferences, 'New…'))
editor = app.wait_dialog('New Site Profile')
wait(lambda: not is_on(button(editor, 'Save'), 'SENSITIVE'), 'Save to be greyed without a site code')
check('it says what to enter', says(editor, 'Three letters or digits'))
check('nothing is wrong before something was entered', not is_red())
screenshot('1-new')
key_to('New Site Profile', 'Tab', 'Tab')
wait(lambda: is_red(), 'what was left empty to be wrong')
enter(editor, 'Site Code', 'abc')
wait(lambda: not is_red() and not says(editor, 'Three letters or digits'), 'no advice')
enter(editor, 'Site Code', 'A')
wait(lambda: is_red() and says(editor, 'Three letters or digits'), 'advice')
enter(editor, 'Site Code', 'abc')
enter(editor, 'Organization', 'Example')
enter(editor, 'Management Point URLs', 'mp.example.test')
wait(lambda: says(editor, 'http://host'), 'advice for the management point')
screenshot('2-editor')
enter(editor, 'Management Point URLs', 'http://mp.example.test')
enter(editor, 'Site Signing Certificate', signing)
enter(editor, 'Minimum Length', '12')
strength = wait(lambda: named(editor, 'combo box', 'Minimum Strength'), 'row of the strength')
for _ in range(60):                # the Tab key brings it into view
    if is_on(strength, 'FOCUSED'):
        break
    key('Tab')
    settle(.05)
key('space')
settle(.5)
key('Down', 'Down', 'Return')
wait(lambda: is_on(button(editor, 'Save'), 'SENSITIVE'), 'Save')
click(button(editor, 'Save'))
wait(lambda: named(preferences, 'list item', 'ABC – Example: http://mp.example.test'), 'row of the new profile')
with open(os.path.join(SITES, 'ABC.ini')) as f:
    text = f.read()
check('it is a key file of one management point', 'ManagementPoint=http://mp.example.test\n' in text
      and 'MinimumPasswordLength=12' in text and 'MinimumPasswordStrength=good' in text, text)
screenshot('3-two-profiles')
key('Escape')
wait(lambda: app.dialog('Preferences') is None, 'preferences to close')

click(button(app.window, 'Create Media…'))
dialog = app.wait_dialog('Create Media')
click(button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Site'), 'site page')
settle(1)                          # the page slides in
key('alt+s')
settle(.5)
key('Down', 'Return')
wait(lambda: named(dialog, 'list item', 'Management Points: http://mp.example.test'), 'profile ABC')
click(button(dialog, 'Add Variable'))
enter(dialog, 'Variable Name', '_SMSMe')
wait(lambda: says(dialog, 'Names that begin with “_” are reserved'), 'reason for a reserved name')
check('Next is greyed', not is_on(button(dialog, 'Next'), 'SENSITIVE'))
enter(dialog, 'Variable Name', 'Region')
enter(dialog, 'Variable Value', 'North')
wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next')
screenshot('4-site')

click(button(dialog, 'Next'))
enter(dialog, 'Password', 'short')
enter(dialog, 'Repeat Password', 'short')
wait(lambda: says(dialog, 'The site ABC asks for a media password of 12 characters or more'), 'policy')
wait(lambda: not is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next to be greyed for the policy')
screenshot('5-policy')
enter(dialog, 'Password', 'Password1234')
enter(dialog, 'Repeat Password', 'Password1234')
wait(lambda: says(dialog, 'The site ABC asks for a stronger media password: “Good” or better.'), 'policy of strength')
wait(lambda: not is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next to be greyed for the strength')
enter(dialog, 'Password', 'tulip garage velvet mountain nickel')
enter(dialog, 'Repeat Password', 'tulip garage velvet mountain nickel')
wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE'), 'Next')
click(button(dialog, 'Next'))
wait(lambda: named(dialog, 'list item', 'Deployment Site: ABC – Example'), 'review')
wait(lambda: is_on(button(dialog, 'Create'), 'SENSITIVE'), 'Create')
screenshot('6-review')

click(button(dialog, 'Back'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
click(button(dialog, 'Back'))
wait(lambda: find(dialog, 'label', 'Site'), 'site page')
settle(1)
screenshot('7-back')
key('alt+s')
settle(.5)
key('Down', 'Return')
wait(lambda: named(dialog, 'list item', 'Management Points: None'), 'profile XYZ')
click(button(dialog, 'Next'))
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
click(wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE') and button(dialog, 'Next'), 'Next'))
wait(lambda: says(dialog, 'The site has no default management point'), 'failure')
check('it says what to do', says(dialog, 'Add a management point to the site profile.'))
check('it leads to the preferences', button(dialog, 'Open Preferences'))
click(find_all(dialog, 'push button', 'Details')[-1])     # the first is that of the job, which is hidden
detail = wait(lambda: says(dialog, '0x80040001'), 'code in the details')
check('with its name', 'CREATETSMEDIA_E_' in detail.get_name(), detail.get_name())
check('nothing can be created', not is_on(button(dialog, 'Create'), 'SENSITIVE'))
screenshot('8-code')
app.close()
