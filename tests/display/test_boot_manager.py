#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image with the boot managers of 2011 and of 2023 lets choose, and the review names the signer of the one chosen."""
import sys
from driver import *
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'cli'))
import fixtures  # noqa: E402

OLD, NEW = 'Microsoft Windows Production PCA 2011', 'Windows UEFI CA 2023'
tree = fixtures.pe_tree(os.path.join(HOME, 'tree'))
signing = os.path.join(HOME, 'signing')
os.mkdir(signing)
old, new = fixtures.signed_program(OLD, signing), fixtures.signed_program(NEW, signing)
fixtures.write_tree(tree, {'WINDOWS/boot/Efi/BootMgfw.efi': lambda: old,
                           'WINDOWS/boot/EFI_EX/bootmgfw_EX.efi': lambda: new,
                           'WINDOWS/boot/FONTS_EX/segoe_slboot_EX.ttf': lambda: b'\0\1\0\0' + bytes(4000)})
wim = fixtures.describe(fixtures.capture(os.path.join(HOME, 'both.wim'), tree, name='Both managers'))


def review(dialog):
    click(button(dialog, 'Next'))
    wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
    click(button(dialog, 'Next'))
    wait(lambda: button(dialog, 'Create') and is_on(button(dialog, 'Create'), 'SENSITIVE'), 'review')
    return wait(lambda: named(dialog, 'list item', 'Boot Manager: '), 'signer').get_name()


app = App(wim)
wait(lambda: len(app.rows()) == 1, 'row of the image')
wait(lambda: says(app.window, 'Ready to Boot'), 'details')
screenshot('1-image')
settle(.5)
key('ctrl+n')
dialog = app.wait_dialog('Create Media')
wait(lambda: named(dialog, 'list item', 'Boot Manager'), 'choice of the boot manager')
screenshot('2-target')
text = review(dialog)
check('the one of 2011 is the default', OLD in text, text)
check('nothing is said of what it would need', not says(dialog, 'firmware trusts'))
screenshot('3-review-2011')

key('alt+Left')
wait(lambda: find(dialog, 'label', 'Protection'), 'protection')
key('alt+Left')
wait(lambda: is_on(button(dialog, 'Next'), 'SENSITIVE') and button(dialog, 'Cancel'), 'the page before')
settle(.4)
key(*['Tab'] * 4)                         # by keyboard, as AT-SPI cannot open the list
settle(.3)
key('space')
settle(.5)
screenshot('4-choices')
key('Down', 'Return')
settle(.5)
screenshot('5-chosen')
text = review(dialog)
check('the one of 2023 was chosen', NEW in text, text)
check('what it needs is said', says(dialog, 'starts only where the firmware trusts'))
screenshot('6-review-2023')
click(button(dialog, 'Create'))
wait(lambda: says(dialog, 'Is Ready'), 'result')
iso = os.path.join(HOME, 'Both managers.iso')
out = os.path.join(HOME, 'bootx64.efi')
subprocess.run(['7z', 'e', '-so', iso, 'EFI/BOOT/BOOTX64.EFI'], check=True, stdout=open(out, 'wb'), stderr=subprocess.DEVNULL)
with open(out, 'rb') as f:
    check('the medium has the boot manager of 2023', f.read() == new)
app.close()
