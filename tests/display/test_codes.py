#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documented codes that the window can come to: sentence, next step, detail. 08 and 09 are of options that only the
terminal takes, 0A and 0B of drives; 04 is in the scenario of the protection page, 01 in that of the site."""
from certificates import certificate, openssl, site_profile
from driver import *

signing = certificate('signing')
openssl('pkcs12', '-export', '-nokeys', '-in', 'signing.pem', '-out', 'no-key.pfx', '-passout', 'pass:geheim')
content = os.path.join(HOME, 'content')
os.mkdir(content)
good = 'ManagementPoint=http://mp.example.test\nSiteSigningCertificate=' + signing + '\n'
# In the order of the list, which is that of the file names.
SITES = [
    ('AA2', good + 'ManagementPointCertificate=none.cer\n', 'The certificate of the management point is not available',
     'Check the path of the management point certificate', '0x80040002'),
    ('AA6', good.replace('http:', 'https:'), 'The site has no certificate authority certificate',
     'Add the root certificate authority', '0x80040006'),
    ('AA7', good.replace(signing, 'none.cer'), 'The site signing certificate is not available',
     'Check the path of the site signing certificate', '0x80040007'),
    ('AAA', good + 'DistributionPoints=' + content + '\n', None, None, None),
]
for code, text, *_ in SITES:
    site_profile(code + '.ini', f'SiteCode={code}\n{text}')


def enter(name, text):
    set_text(wait(lambda: entry(dialog, name), 'entry ' + name), text)


def forward(page):
    click(wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE') and button(dialog, 'Next'), 'Next'))
    wait(lambda: find(dialog, 'label', page), page)


def expect(title, next_step, hresult):
    wait(lambda: says(dialog, title), title)
    check('what to do is said', says(dialog, next_step))
    click(find_all(dialog, 'push button', 'Details')[-1])
    check('the code is in the detail', wait(lambda: says(dialog, hresult), hresult))
    check('nothing can be created', not is_on(button(dialog, 'Create'), 'SENSITIVE'))


def back_to(page):
    click(button(dialog, 'Back'))
    wait(lambda: find(dialog, 'label', page), page)


app = App()
app.add_sample()
click(wait(lambda: button(app.window, 'Create Media…'), 'Create Media'))
dialog = app.wait_dialog('Create Media')
forward('Site')
settle(1)                          # the page slides in
for code, _, title, next_step, hresult in SITES:
    key('alt+s')
    settle(.5)
    key('Down', 'Return')
    wait(lambda: named(dialog, 'list item', 'Management Points: http'), 'profile ' + code)
    forward('Protection')
    if title is None:
        break
    forward('Review')
    expect(title, next_step, hresult)
    back_to('Protection')
    back_to('Site')

# 05: the page says it and does not go on.
key('alt+c')
settle(.5)
key('Down', 'Return')
enter('PFX File', os.path.join(HOME, 'no-key.pfx'))
enter('PFX File Password', 'geheim')
wait(lambda: says(dialog, 'The certificate has no private key. Export the certificate again'), '05')
check('Next is greyed', not is_on(button(dialog, 'Next'), 'SENSITIVE'))
key('alt+c')
settle(.5)
key('Up', 'Return')

# 03: the WIM goes while the dialog is open; then a content folder has it.
entry_folder = os.path.join(CATALOG, 'KDL00001')
source = os.path.join(entry_folder, 'source.wim')
elsewhere = os.path.join(content, 'boot.KDL00001.wim')
os.rename(source, elsewhere + '.away')
forward('Review')
expect('The boot image is not available', 'put it into a content folder', '0x80040003')
check('the ID is there', says(dialog, 'KDL00001'))
screenshot('1-missing')
os.rename(elsewhere + '.away', elsewhere)
back_to('Protection')
forward('Review')
wait(lambda: named(dialog, 'list item', 'The WIM of the boot image comes from'), 'WIM of the content folder')
check('Create is offered', wait(lambda: is_on(button(dialog, 'Create'), 'SENSITIVE'), 'Create'))
os.rename(elsewhere, source)

# 0C: too large for an ISO file.
size = os.path.getsize(source)
record = os.path.join(entry_folder, 'image.ini')
with open(record) as f:
    text = f.read()
with open(record, 'w') as f:
    f.write(text.replace(str(size), str(5 << 30)))
os.chmod(source, 0o600)
os.truncate(source, 5 << 30)
back_to('Protection')
forward('Review')
expect('The boot image is too large for this target', 'use a smaller boot image', '0x8004000C')
screenshot('2-too-large')
app.close()
