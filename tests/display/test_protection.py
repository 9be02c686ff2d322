#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Media password and certificate: mismatch, strength, passphrase, PFX files that fit and that do not, and the result."""
import glob
import time

from certificates import certificate, expired_certificate, pfx
from driver import *

certificate('client')
expired_certificate('old')
client, old = pfx('client', 'geheim'), pfx('old', 'geheim')


def enter(name, text):
    set_text(wait(lambda: entry(dialog, name), 'entry ' + name), text)


def can_go_on(expected, why):
    wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE') == expected, 'Next to be ' + why)


app = App()
app.add_sample()
click(wait(lambda: button(app.window, 'Create Media…'), 'Create Media'))
dialog = app.wait_dialog('Create Media')
click(button(dialog, 'Next'))
wait(lambda: named(dialog, 'list item', 'Without a password'), 'warning without a password')
can_go_on(True, 'allowed without a password')
screenshot('1-none')

enter('Password', 'sesame')
can_go_on(False, 'greyed until the password is repeated')
check('strength is said', named(dialog, 'list item', 'Very Weak – A graphics card finds it'))
enter('Repeat Password', 'sesamy')
wait(lambda: says(dialog, 'The two passwords differ'), 'mismatch')
screenshot('2-mismatch')
enter('Repeat Password', 'sesame')
can_go_on(True, 'allowed for equal passwords')
check('the warning is gone', not any(name.startswith('Without a password') and is_on(n, 'VISIBLE')
                                     for n, name in with_names(dialog, 'list item')))

click(button(dialog, 'Generate'))
phrase = wait(lambda: re.search(r'^Passphrase.*: ([a-z]{4}(-[a-z]{4})+)', all_names(dialog, 'list item'), re.MULTILINE), 'passphrase').group(1)
check('it is in both entries', text_of(entry(dialog, 'Password')) == phrase == text_of(entry(dialog, 'Repeat Password')))
check('it is strong', named(dialog, 'list item', 'Strong – '))
can_go_on(True, 'allowed for the passphrase')
screenshot('3-passphrase')

enter('Valid Until', '2020-01-01')
wait(lambda: says(dialog, 'This day is past'), 'reason for a past day')
can_go_on(False, 'greyed for a past day')
enter('Valid Until', '2099-12-31')
can_go_on(True, 'allowed for a day to come')

key('alt+c')
settle(.5)
key('Down', 'Return')
can_go_on(False, 'greyed without a file')
enter('PFX File', client)
enter('PFX File Password', 'wrong')
wait(lambda: says(dialog, 'The certificate password is wrong'), 'wrong password to be said')
can_go_on(False, 'greyed for a wrong password')
screenshot('4-wrong-password')
enter('PFX File', old)
enter('PFX File Password', 'geheim')
wait(lambda: says(dialog, 'The certificate is not valid today'), 'expired certificate to be said')
can_go_on(False, 'greyed for an expired certificate')
nevertheless = wait(lambda: named(dialog, 'check box', 'although it is not valid today'),
                    'switch to take it nevertheless')
check('it is never on by itself', not is_on(nevertheless, 'CHECKED'))
click(nevertheless)
can_go_on(True, 'allowed for an expired certificate that is taken nevertheless')
wait(lambda: says(dialog, 'expired on 2021-01-01'), 'warning that stays')
screenshot('5-nevertheless')
enter('PFX File', client)
wait(lambda: named(dialog, 'list item', 'Issued To: CN=client'), 'certificate of the file')
can_go_on(True, 'allowed for a good file')
check('what was agreed to of one file does not hold for the next',
      not is_on(nevertheless, 'CHECKED') and not is_on(nevertheless, 'SHOWING'))
screenshot('6-file')
for name in ('Password', 'Repeat Password', 'PFX File Password'):
    check('a screen reader takes the entry for a password: ' + name,
          name in all_names(dialog, 'password text') and name not in all_names(dialog, 'text', 'entry'))
key('alt+c')
settle(.5)
key('Up', 'Return')
wait(lambda: says(dialog, 'Certificate') and entry(dialog, 'Valid Until'), 'choice to go back')
can_go_on(True, 'allowed for a certificate made here')

click(wait(lambda: named(dialog, 'check box', 'Unattended'), 'switch for unattended start-up'))
click(button(dialog, 'Next'))
wait(lambda: named(dialog, 'list item', 'Media Password: Yes'), 'review')
check('it is unattended', named(dialog, 'list item', 'Start-Up: Unattended'))
check('the passphrase is nowhere any more', not any(
    phrase in name for n, name in with_names(dialog) if n.get_role_name() != 'password text'))
check('the end is said', named(dialog, 'list item', 'Certificate Valid Until: 31 December 2099'))
check('so is that there is no site', named(dialog, 'list item', 'Deployment Site: None: plain Windows PE media'))
screenshot('7-review')
wait(lambda: is_on(button(dialog, 'Create'), 'SENSITIVE'), 'Create')
click(button(dialog, 'Create'))
wait(lambda: says(dialog, 'Is Ready'), 'result')
thumbprint = wait(lambda: re.search(r'Certificate Thumbprint: ([0-9A-F]{40})', all_names(dialog, 'list item')), 'thumbprint').group(1)
check('it can be copied and the certificate exported',
      button(dialog, 'Copy Certificate Thumbprint') and button(dialog, 'Export Certificate…'))
screenshot('8-result')

click(button(dialog, 'Export Certificate…'))
wait(lambda: next((w for w in app.windows() if w.get_name().startswith('Export Certificate')), None), 'file chooser')
settle(.5)
key('ctrl+a')
type_text(os.path.join(HOME, 'out.pem'))
key('Return')
exported = wait(lambda: os.path.exists(os.path.join(HOME, 'out.pem'))
                and open(os.path.join(HOME, 'out.pem')).read(), 'exported certificate')
check('it is PEM without a key', 'BEGIN CERTIFICATE' in exported and 'PRIVATE' not in exported)
print_of = subprocess.run(['openssl', 'x509', '-in', os.path.join(HOME, 'out.pem'), '-noout', '-fingerprint', '-sha1'],
                          check=True, capture_output=True, text=True).stdout
check('with that thumbprint', print_of.strip().split('=')[1].replace(':', '') == thumbprint)
key('Escape')
wait(lambda: app.dialog('Create Media') is None, 'dialog to close')
wait(lambda: named(app.window, 'list item', 'Certificate of Last Medium: 31 December 2099'), 'record in the details')
check('with when and where', named(app.window, 'list item', 'Last Medium: ') and named(app.window, 'list item', '.iso'))
screenshot('9-details')
record = glob.glob(os.path.join(CATALOG, 'KDL00001', 'media', '*.ini'))
check('one record', len(record) == 1)
soon = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 10 * 86400 + 3600))
with open(record[0]) as f:
    text = re.sub('CertificateEnd=.*', 'CertificateEnd=' + soon, f.read())
with open(record[0].replace(os.path.basename(record[0]), '99990101T000000Z-0.ini'), 'w') as f:
    f.write(text)
os.utime(os.path.join(CATALOG, 'KDL00001'))
wait(lambda: named(app.window, 'list item', '10 days left'), 'warning 30 days before')

# Settings, messages, records and the ISO file: no password in any of them.
for folder, _, names in os.walk(os.path.dirname(HOME)):
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path, 'rb') as f:
                content = f.read()
            check('no password in ' + name, not any(text.encode(code) in content for text in (phrase, 'geheim', 'sesame')
                                                    for code in ('utf-8', 'utf-16-le')))
app.close()
