#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate, media variables, site profile and the documented codes, from the terminal."""
import base64
import hashlib
import json
import os
import pty
import re
import select
import struct
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import command
from command import CommandTest

NO_PASSWORD = '{BAC6E688-DE21-4ABE-B7FB-C9F54E6DB664}'
SITE = '[Site]\nSiteCode=ABC\nManagementPoint=http://mp.example.test\nSiteSigningCertificate=signing.pem\n'


def tool(*arguments, **options):
    return subprocess.run(arguments, check=True, capture_output=True, **{'text': True, **options}).stdout


def unseal(data, password):
    """By the format's description and OpenSSL's command line: [(name, value)], bits of the key."""
    _, _, plain, cipher, algorithm, _ = struct.unpack('<6I', data[:24])
    bits = {0x660E: 128, 0x6610: 256}[algorithm]
    digest = hashlib.sha1((password or NO_PASSWORD).encode('utf-16-le')).digest()
    material = b''.join(hashlib.sha1(bytes(b ^ pad for b in digest.ljust(64, b'\0'))).digest() for pad in (0x36, 0x5C))
    text = tool('openssl', 'enc', '-d', f'-aes-{bits}-cbc', '-K', material[:bits // 8].hex(), '-iv', '0' * 32,
                input=data[24:24 + cipher], text=False)
    assert len(text) == plain
    return {var.attrib['name']: var.text or '' for var in ElementTree.fromstring(text[:-2].decode('utf-16-le'))}, bits


class ProtectionTest(CommandTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificate('client', '-addext', 'extendedKeyUsage=clientAuth')
        cls.certificate('signing')
        cls.pfx('client', 'geheim€')

    @classmethod
    def file(cls, name):
        return os.path.join(cls.shared, name)

    @classmethod
    def certificate(cls, name, *options):
        tool('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', cls.file(name + '.key'), '-out',
             cls.file(name + '.pem'), '-subj', '/CN=' + name, '-days', '400', *options)

    @classmethod
    def pfx(cls, name, password, *options):
        tool('openssl', 'pkcs12', '-export', '-out', cls.file(name + '.pfx'), '-passout', 'pass:' + password,
             *(options or ('-inkey', cls.file(name + '.key'), '-in', cls.file(name + '.pem'))))

    def setUp(self):
        super().setUp()
        self.import_good()
        self.iso = self.path('out.iso')

    def descriptor(self, text):
        read, write = os.pipe()
        os.write(write, text.encode() + b'\n')
        os.close(write)
        self.addCleanup(os.close, read)
        return read

    def secret_options(self, **secrets):
        """--password-fd=N and so on, and what hands the descriptors on."""
        descriptors = {name: self.descriptor(text) for name, text in secrets.items()}
        return ([f'--{name.replace("_", "-")}={fd}' for name, fd in descriptors.items()],
                {'pass_fds': tuple(descriptors.values())})

    def create(self, *options, status=0, site=None, **secrets):
        more, passed = self.secret_options(**secrets)
        before = ['--site', site] if site else []
        return self.json(*before, 'create', 'CD', self.iso, 'KDL00001', *options, *more, status=status, **passed)

    def site(self, text=SITE):
        path = self.file('site.ini')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def on_medium(self, name):
        out = self.path('files')
        tool('7z', 'x', '-y', f'-o{out}', self.iso)
        with open(os.path.join(out, 'SMS', 'data', name), 'rb') as file:
            return file.read()

    def fails(self, code, words, *options, status=1, site=None, **secrets):
        """The text and the JSON event; nothing is written."""
        event = self.create(*options, status=status, site=site, **secrets).last
        self.assertEqual((event['event'], event['code']), ('error', code))
        self.assertIn(words, event['message'])
        for text in secrets.values():
            self.assertNotIn(text, json.dumps(event, ensure_ascii=False))
        self.assertFalse(os.path.exists(self.iso))
        return event


class Media(ProtectionTest):
    def test_without_anything(self):
        done = self.create().last
        self.assertIs(done['password-required'], False)
        warnings = ' '.join(done['warnings'])
        self.assertIn('no media password', warnings)
        self.assertIn('no site profile', warnings)
        self.assertEqual(self.on_medium('TsmBootstrap.ini'),
                         b'[MediaInfo]\r\nMediaType=BootMedia\r\nPasswordRequired=false\r\nUnattended=false\r\n')
        variables, bits = unseal(self.on_medium('Variables.dat'), '')
        self.assertEqual(bits, 128)
        self.assertEqual(list(variables), ['_SMSMediaGuid', '_SMSTSBootMediaPackageID', '_SMSTSLaunchMode',
                                           '_SMSTSMediaPFX'])
        self.assertEqual((variables['_SMSTSBootMediaPackageID'], variables['_SMSTSLaunchMode']), ('KDL00001', 'CD'))

    def test_password_site_variables_and_certificate(self):
        done = self.create('--variable', 'Colour=<red> & "blue"', '--variable=Empty=', '--certificate',
                           self.file('client.pfx'), site=self.site(), password_fd='Zürich€\U0001d11e plus more',
                           certificate_password_fd='geheim€').last
        self.assertIs(done['password-required'], True)
        self.assertEqual(done['certificate-subject'], 'CN=client')
        self.assertNotIn('no media password', ' '.join(done['warnings']))
        self.assertIn(b'PasswordRequired=true', self.on_medium('TsmBootstrap.ini'))
        variables, _ = unseal(self.on_medium('Variables.dat'), 'Zürich€\U0001d11e plus more')
        self.assertEqual((variables['Colour'], variables['Empty']), ('<red> & "blue"', ''))
        self.assertEqual((variables['SMSTSMP'], variables['_SMSTSSiteCode']), ('http://mp.example.test', 'ABC'))
        self.check_pfx(variables, done['certificate-thumbprint'])

    def check_pfx(self, variables, thumbprint):
        path = self.path('medium.pfx')
        with open(path, 'wb') as file:
            file.write(bytes.fromhex(variables['_SMSTSMediaPFX']))
        pem = tool('openssl', 'pkcs12', '-in', path, '-noenc', '-passin', 'pass:' + variables['_SMSMediaGuid'][:31])
        self.assertIn('PRIVATE KEY', pem)
        fingerprint = tool('openssl', 'x509', '-noout', '-fingerprint', '-sha1', input=pem)
        self.assertEqual(fingerprint.strip().split('=')[1].replace(':', ''), thumbprint)

    def test_aes_256(self):
        self.create('--aes-256', password_fd='a long password')
        self.assertEqual(unseal(self.on_medium('Variables.dat'), 'a long password')[1], 256)

    def test_validity_and_export(self):
        der, pem = self.path('site.cer'), self.path('site.pem')
        done = self.create('--valid-from', '2030-01-01', '--valid-until', '2031-02-03T04:05:06Z',
                           '--export-certificate', der).last
        self.assertEqual((done['certificate-start'], done['certificate-end']),
                         ('2030-01-01T00:00:00Z', '2031-02-03T04:05:06Z'))
        text = tool('openssl', 'x509', '-inform', 'DER', '-in', der, '-noout', '-enddate', '-fingerprint', '-sha256')
        self.assertIn('Feb  3 04:05:06 2031 GMT', text)
        self.assertIn(done['certificate-sha256'], text.replace(':', ''))
        self.json('inspect', self.iso, '--export-certificate', pem)
        self.assertIn('Feb  3 04:05:06 2031', tool('openssl', 'x509', '-in', pem, '-noout', '-enddate'))

    def test_dry_run_lists_both_files(self):
        *files, done = self.create('--dry-run').lines
        sources = {file['path']: file['source'] for file in files}
        self.assertEqual(sources['/SMS/data/TsmBootstrap.ini'], 'generated')
        self.assertEqual(sources['/SMS/data/Variables.dat'], 'generated')
        self.assertTrue(done['warnings'])

    def test_manifest_names_the_certificate_and_no_secret(self):
        done = self.create('--variable=Colour=verysecretvalue', password_fd='correct horse battery').last
        with open(self.iso, 'rb') as file:
            content = file.read()
        self.assertIn(b'certificate-thumbprint=' + done['certificate-thumbprint'].encode(), content)
        self.assertIn(b'certificate-end=' + done['certificate-end'].encode(), content)
        for secret in ['verysecretvalue', 'correct horse battery']:
            self.assertNotIn(secret.encode(), content)
            self.assertNotIn(secret.encode('utf-16-le'), content)
        self.assertEqual(self.json('check', self.iso).last['mismatches'], 0)

    def test_unattended(self):
        self.create('--unattended')
        self.assertEqual(self.on_medium('TsmBootstrap.ini'),
                         b'[MediaInfo]\r\nMediaType=BootMedia\r\nPasswordRequired=false\r\nUnattended=true\r\n')
        self.assertIs(self.json('inspect', self.iso).last['unattended'], True)
        self.assertRegex(self.ctl('inspect', self.iso).out, r'(?m)^Start-up +unattended$')

    def test_weak_password_is_told(self):
        self.assertIn('at once', ' '.join(self.create(password_fd='Password1').last['warnings']))

    def test_password_from_a_file(self):
        path = self.path('password')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('from a file\r\nsecond line\n')
        self.create('--password-file', path)
        self.assertIn('_SMSMediaGuid', unseal(self.on_medium('Variables.dat'), 'from a file')[0])


class Leaks(ProtectionTest):
    SECRETS = {'password_fd': 'hushmedia€', 'certificate_password_fd': 'geheim€',
               'connection_options_fd': 'Username=admin,Password=hushsite'}

    def assert_none_in(self, content, where):
        for secret in ['hushmedia€', 'geheim€', 'hushsite']:
            for encoding in ['utf-8', 'utf-16-le']:
                self.assertNotIn(secret.encode(encoding), content, where)

    def test_not_in_what_is_said_or_left(self):
        """With every message there is, from GLib and from the program; then in all files below the home folder."""
        more, passed = self.secret_options(**self.SECRETS)
        run = self.ctl('--site', self.site(), 'create', 'CD', self.iso, 'KDL00001', '--certificate',
                       self.file('client.pfx'), *more, **passed,
                       env={**self.environment(), 'G_MESSAGES_DEBUG': 'all', 'G_DEBUG': '', 'TMPDIR': self.folder})
        self.assert_none_in((run.out + run.err).encode(), 'messages')
        for folder, _, names in os.walk(self.folder):
            for name in names:
                with open(os.path.join(folder, name), 'rb') as file:
                    self.assert_none_in(file.read(), name)

    def test_not_in_arguments_and_environment(self):
        """Of the process, which waits for the second password meanwhile."""
        read, write = os.pipe()
        more, passed = self.secret_options(password_fd='hushmedia€')
        process = self.start('create', 'CD', self.iso, 'KDL00001', '--certificate', self.file('client.pfx'), *more,
                             f'--certificate-password-fd={read}', pass_fds=(*passed['pass_fds'], read),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(read)
        for name in ['cmdline', 'environ']:
            with open(f'/proc/{process.pid}/{name}', 'rb') as file:
                self.assert_none_in(file.read(), name)
        os.write(write, 'geheim€\n'.encode())
        os.close(write)
        self.assertEqual(process.wait(60), 0)


class Inspect(ProtectionTest):
    def inspect(self, *options, status=0, **secrets):
        more, passed = self.secret_options(**secrets)
        return self.json('inspect', self.iso, *options, *more, status=status, **passed).last

    def test_names_with_the_password_and_values_on_request(self):
        done = self.create('--variable', 'Colour=red', password_fd='a password').last
        closed = self.inspect()
        self.assertIs(closed['password-required'], True)
        self.assertIsNone(closed['variables'])
        for key in ['certificate-subject', 'certificate-start', 'certificate-end', 'certificate-thumbprint']:
            self.assertEqual(closed[key], done[key])
        opened = self.inspect(password_fd='a password')
        self.assertEqual(opened['variables'][-1], 'Colour')
        self.assertNotIn('"red"', json.dumps(opened))
        values = self.inspect('--values', password_fd='a password')['variables']
        self.assertEqual(values[-1], {'name': 'Colour', 'value': 'red'})
        self.assertEqual(opened['certificate-thumbprint'], done['certificate-thumbprint'])

    def test_wrong_password(self):
        self.create(password_fd='a password')
        event = self.inspect(password_fd='another', status=1)
        self.assertEqual((event['code'], event['exit-code']), ('ERROR_INVALID_PASSWORD', '0x80070056'))
        event = self.inspect('--export-certificate', self.path('x.cer'), status=1)
        self.assertIn('only be read with the media password', event['message'])

    def test_no_password_is_needed_for_what_has_none(self):
        self.create('--variable', 'Colour=red')
        self.assertEqual(self.inspect()['variables'][-1], 'Colour')
        text = self.ctl('inspect', self.iso).out
        self.assertRegex(text, r'(?m)^Password +not required$')
        self.assertRegex(text, r'(?m)^Variable +Colour$')
        self.assertNotIn('Colour=red', text)
        self.assertIn('Colour=red', self.ctl('inspect', self.iso, '--values').out)

    def test_expiry_is_told_from_thirty_days_on(self):
        until = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 10 * 86400 + 3600))
        done = self.create('--valid-until', until).last
        self.assertIn('in 10 days', ' '.join(done['warnings']))
        self.assertIn('ends in 10 days', self.ctl('inspect', self.iso).out)


class History(ProtectionTest):
    def test_last_medium_and_its_certificate(self):
        self.assertIsNone(self.json('image', 'show', 'KDL00001').last['last-medium'])
        self.create(site=self.site(), password_fd='a password')
        first = self.json('image', 'show', 'KDL00001').last
        self.assertEqual((first['media'], first['last-medium']['site-code'], first['last-medium']['destination']),
                         (1, 'ABC', self.iso))
        folder = os.path.join(self.catalog, 'KDL00001', 'media')
        name, = os.listdir(folder)     # it begins with the second, and the next medium comes at once
        os.rename(os.path.join(folder, name), os.path.join(folder, '20200101T000000Z-00000000.ini'))
        until = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 10 * 86400 + 3600))
        done = self.create('--valid-until', until, '--label', 'SECOND').last
        last, before = self.json('image', 'history', 'KDL00001').lines
        self.assertEqual(before, first['last-medium'])
        self.assertEqual((last['certificate-end'], last['certificate-thumbprint'], last['label'], last['type']),
                         (until, done['certificate-thumbprint'], 'SECOND', 'CD'))
        self.assertEqual((last['password-required'], before['password-required'], last['verified']), (False, True, True))
        self.assertIn('ends in 10 days', self.ctl('image', 'show', 'KDL00001').out)
        self.assertRegex(self.ctl('image', 'history', 'KDL00001').out, r'(?m)^20\d\d-\d\d-\d\d .*out\.iso$')
        self.assertIn('ends in 10 days', self.ctl('check', self.iso).out)
        self.assertEqual(self.json('check', self.iso).last['certificate-end'], until)

    def test_holds_no_secret_and_no_failure(self):
        self.create('--variable=Colour=verysecretvalue', '--certificate', self.file('client.pfx'),
                    password_fd='correct horse', certificate_password_fd='geheim€')
        os.remove(self.iso)
        self.fails('CREATETSMEDIA_E_CERTPASSWORD', 'another', '--certificate', self.file('client.pfx'), status=14,
                   certificate_password_fd='wrong one')
        folder = os.path.join(self.catalog, 'KDL00001', 'media')
        name, = os.listdir(folder)
        with open(os.path.join(folder, name), encoding='utf-8') as file:
            text = file.read()
        for secret in ['verysecretvalue', 'correct horse', 'geheim', 'client.pfx']:
            self.assertNotIn(secret, text)

    def test_a_record_that_is_none_hides_no_other(self):
        self.create()
        folder = os.path.join(self.catalog, 'KDL00001', 'media')
        for name, text in [('99999999T999999Z-x.ini', 'junk'), ('99999998T999999Z-x.ini', '[Medium]\nMade=never\n')]:
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                file.write(text)
        self.assertEqual(self.json('image', 'show', 'KDL00001').last['last-medium']['type'], 'CD')
        self.assertEqual(len(self.json('image', 'history', 'KDL00001').lines), 1)


class Codes(ProtectionTest):
    """Each documented code from its condition, with its exit status and before anything is written."""

    def test_01_no_management_point(self):
        event = self.fails('CREATETSMEDIA_E_NODEFAULTMP', 'no management point', status=11,
                           site=self.site('[Site]\nSiteCode=ABC\n'))
        self.assertEqual(event['exit-code'], '0x80040001')

    def test_02_no_management_point_certificate(self):
        self.fails('CREATETSMEDIA_E_NOMPCERTS', 'missing.cer', status=12,
                   site=self.site(SITE + 'ManagementPointCertificate=missing.cer\n'))

    def test_03_no_boot_image(self):
        self.ctl('image', 'remove', 'KDL00001')
        event = self.fails('CREATETSMEDIA_E_MISSINGPACKAGE', 'KDL00001', status=13)
        self.assertEqual(event['detail'], 'KDL00001')

    def test_04_certificate_password(self):
        self.fails('CREATETSMEDIA_E_CERTPASSWORD', 'another password', '--certificate', self.file('client.pfx'),
                   status=14, certificate_password_fd='wrong one')

    def test_05_private_key(self):
        self.pfx('nokey', 'secret', '-nokeys', '-in', self.file('client.pem'))
        self.fails('CREATETSMEDIA_E_PRIVATEKEY', 'no private key', '--certificate', self.file('nokey.pfx'), status=15,
                   certificate_password_fd='secret')

    def test_06_no_ca_certificate(self):
        self.fails('CREATETSMEDIA_E_NOCACERT', 'RootCACertificates', status=16,
                   site=self.site(SITE.replace('http:', 'https:')))

    def test_07_no_site_signing_certificate(self):
        self.fails('CREATETSMEDIA_E_NOSITESIGNCERT', 'signing', status=17,
                   site=self.site(SITE.replace('signing.pem', 'client.key')))

    def test_08_connection_options(self):
        self.fails('CREATETSMEDIA_E_CONNECTIONOPTIONS', 'Item 2', status=18,
                   connection_options_fd='Password=hush,hushhush')

    def test_09_connection_option_name(self):
        event = self.fails('CREATETSMEDIA_E_CONNECTIONOPTIONNAME', 'Colour', status=19,
                           connection_options_fd='Username=admin,Colour=red')
        self.assertEqual(event['detail'], 'Colour')

    def test_0c_too_large(self):
        folder = os.path.join(self.catalog, 'KDL00001')
        record = os.path.join(folder, 'image.ini')
        with open(record, encoding='utf-8') as file:
            text = file.read()
        size = os.path.getsize(os.path.join(folder, 'source.wim'))
        self.assertIn(str(size), text)
        with open(record, 'w', encoding='utf-8') as file:
            file.write(text.replace(str(size), str(5 << 30)))
        os.truncate(os.path.join(folder, 'source.wim'), 5 << 30)
        event = self.fails('CREATETSMEDIA_E_PACKAGETOOLARGE', 'KDL00001', '--dry-run', status=22)
        self.assertEqual(event['detail'], 'KDL00001')

    def test_order(self):
        """One fault after the other is mended; the codes come in the documented order."""
        options = ['--certificate', self.file('client.pfx')]
        site = '[Site]\nSiteCode=ABC\nManagementPointCertificate=missing.cer\n'
        self.ctl('image', 'remove', 'KDL00001')

        def code(text, connection='', password='wrong'):
            secrets = {'connection_options_fd': connection} if connection else {}
            run = self.create(*options, status=None, site=self.site(text), certificate_password_fd=password, **secrets)
            return run.status
        self.json = lambda *arguments, status=0, **more: self.run_program('--catalog', self.catalog, '--json', *arguments,
                                                                          **more)
        self.assertEqual(code(site, 'Username'), 18)
        self.assertEqual(code(site, 'Colour=x'), 19)
        self.assertEqual(code(site), 11)
        site += 'ManagementPoint=https://mp.example.test\n'
        self.assertEqual(code(site), 12)
        site = site.replace('missing.cer', 'signing.pem')
        self.assertEqual(code(site), 16)
        site += 'RootCACertificates=signing.pem\n'
        self.assertEqual(code(site), 17)
        site += 'SiteSigningCertificate=signing.pem\n'
        self.assertEqual(code(site), 13)
        del self.json
        self.import_good()
        self.json = lambda *arguments, status=0, **more: self.run_program('--catalog', self.catalog, '--json', *arguments,
                                                                          **more)
        self.assertEqual(code(site), 14)
        self.assertEqual(code(site, password='geheim€'), 0)
        del self.json


class ContentFolders(ProtectionTest):
    """Code 03 comes only when the WIM is gone from every content folder."""

    def setUp(self):
        super().setUp()
        self.wim = os.path.join(self.catalog, 'KDL00001', 'source.wim')
        self.first, self.second = self.path('first'), self.path('second')
        os.makedirs(os.path.join(self.first, 'KDL00001'))
        os.makedirs(os.path.join(self.second, 'KDL00001'))
        self.profile = self.site(f'{SITE}DistributionPoints={self.first};{self.second}\n')

    def damaged(self):
        """Of the same size."""
        with open(self.wim, 'rb') as file:
            content = bytearray(file.read())
        content[len(content) // 2] ^= 0xff
        return bytes(content)

    def check_made(self, source):
        done = self.create(site=self.profile).last
        self.assertIn(source, ' '.join(done['warnings']))
        self.assertEqual(self.json('check', self.iso).last['mismatches'], 0)

    def test_gone(self):
        source = os.path.join(self.second, 'KDL00001', 'boot.KDL00001.wim')
        os.rename(self.wim, source)
        self.check_made(source)
        os.rename(source, os.path.join(self.first, 'boot.KDL00001.wim'))
        os.remove(self.iso)
        self.check_made(os.path.join(self.first, 'boot.KDL00001.wim'))
        self.assertEqual(self.create('--dry-run', site=self.profile).last['event'], 'done')
        self.assertFalse(os.path.exists(self.wim))

    def test_another_file_in_its_place(self):
        good = os.path.join(self.second, 'KDL00001', 'source.wim')
        content = self.damaged()
        os.rename(self.wim, good)
        for path in [self.wim, os.path.join(self.first, 'KDL00001', 'boot.wim')]:
            with open(path, 'wb') as file:
                file.write(content)
        self.check_made(good)

    def test_nowhere(self):
        os.remove(self.wim)
        event = self.fails('CREATETSMEDIA_E_MISSINGPACKAGE', self.second, status=13, site=self.profile)
        self.assertEqual(event['detail'], 'KDL00001')
        self.assertIn('is gone', event['message'])
        self.fails('CREATETSMEDIA_E_MISSINGPACKAGE', 'is gone', '--dry-run', status=13)

    def test_prestart_package(self):
        folder = self.path('prestart')
        os.mkdir(folder)
        self.ctl('image', 'set', 'KDL00001', 'prestart-files=' + folder)
        os.rmdir(folder)
        event = self.fails('CREATETSMEDIA_E_MISSINGPACKAGE', folder, status=13)
        self.assertEqual(event['detail'], 'SMS10000')


class Refused(ProtectionTest):
    def test_certificate_files(self):
        with open(self.file('junk.pfx'), 'w', encoding='utf-8') as file:
            file.write('no PFX')
        self.fails('ERROR_BAD_FORMAT', 'no PFX', '--certificate', self.file('junk.pfx'), certificate_password_fd='x1y2')
        self.fails('ERROR_FILE_NOT_FOUND', 'nowhere.pfx', '--certificate', self.file('nowhere.pfx'))

    def test_certificate_outside_its_validity(self):
        """A medium's own certificate of tomorrow, taken from it and given to the next one."""
        self.create('--valid-from', time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 86400)))
        values = {var['name']: var['value'] for var in self.json('inspect', self.iso, '--values').last['variables']}
        os.remove(self.iso)
        with open(self.path('tomorrow.pfx'), 'wb') as file:
            file.write(bytes.fromhex(values['_SMSTSMediaPFX']))
        event = self.fails('CERT_E_EXPIRED', 'not valid before', '--certificate', self.path('tomorrow.pfx'),
                           certificate_password_fd=values['_SMSMediaGuid'][:31])
        self.assertEqual(event['exit-code'], '0x800B0101')
        done = self.create('--certificate', self.path('tomorrow.pfx'), '--ignore-validity',
                           certificate_password_fd=values['_SMSMediaGuid'][:31]).last
        self.assertIn('not valid before', ' '.join(done['warnings']))
        self.assertEqual(done['certificate-subject'][:3], 'CN=')

    def test_arguments(self):
        for words, options in [('reserved', ['--variable=_SMSTSMP=x']), ('twice', ['--variable=A=1', '--variable=a=2']),
                               ('NAME=VALUE', ['--variable=A']), ('no time', ['--valid-until=tomorrow']),
                               ('before it begins', ['--valid-from=2040-01-01', '--valid-until=2039-01-01']),
                               ('in the past', ['--valid-from=2000-01-01', '--valid-until=2001-01-01']),
                               ('exclude each other', ['--password-fd=0', '--password-file=x'])]:
            self.fails('E_INVALIDARG', words, *options)
        self.fails('E_INVALIDARG', 'control character', password_fd='a\tb')

    def test_site_policy(self):
        site = self.site(SITE + 'MinimumPasswordLength=12\nPasswordRequired=true\n')
        self.fails('E_INVALIDARG', 'asks for a media password', site=site)
        self.fails('E_INVALIDARG', 'asks for 12', site=site, password_fd='eleven char')
        self.create(site=site, password_fd='twelve chars')

    def test_site_policy_of_strength(self):
        site = self.site(SITE + 'MinimumPasswordStrength=good\n')
        event = self.fails('E_INVALIDARG', 'very-weak, and the site ABC asks for one that is good', site=site,
                           password_fd='Password1')
        self.assertIn('A graphics card finds it at once.', event['message'])
        self.create(site=site, password_fd='x7#Kq2$vB9&mZ4!w')
        self.create(site=site)         # no password at all is what PasswordRequired forbids
        self.assertEqual(self.json('--site', site, 'site', 'show').last['minimum-password-strength'], 'good')
        self.assertRegex(self.ctl('--site', site, 'site', 'check').out, r'(?m)^Minimum strength +Good$')
        os.remove(self.iso)
        self.fails('ERROR_BAD_FORMAT', 'MinimumPasswordStrength',
                   site=self.site(SITE + 'MinimumPasswordStrength=excellent\n'))

    def test_site_profile_that_is_none(self):
        self.fails('ERROR_BAD_FORMAT', 'SiteCode', site=self.site('[Site]\nSiteCode=TOOLONG\n'))
        self.fails('ERROR_FILE_NOT_FOUND', 'nowhere.ini', site=self.file('nowhere.ini'))


class Site(ProtectionTest):
    def test_show(self):
        site = self.site(SITE + 'OrganizationName=Example\nColour=red\n')
        seen = self.json('--site', site, 'site', 'show').last
        self.assertEqual((seen['site-code'], seen['management-points'], seen['organization']),
                         ('ABC', ['http://mp.example.test'], 'Example'))
        self.assertIn('Colour', seen['warnings'][0])
        text = self.ctl('site', 'show', '--site', site).out
        self.assertRegex(text, r'(?m)^Site code +ABC$')
        self.assertIn('unknown key, Colour', text)

    def test_check(self):
        done = self.json('--site', self.site(SITE + 'DistributionPoints=/nowhere\n'), 'site', 'check').last
        self.assertEqual((done['event'], done['site-code']), ('done', 'ABC'))
        self.assertIn('/nowhere', done['warnings'][0])
        self.assertIn('Media can be made', self.ctl('--site', self.site(), 'site', 'check').out)
        self.ctl('--site', self.site('[Site]\nSiteCode=ABC\n'), 'site', 'check', status=11)
        self.ctl('site', 'check', status=2)


class SiteImport(ProtectionTest):
    def setUp(self):
        super().setUp()
        self.sites = self.path('.config', 'kindling', 'sites')

    def environment(self):
        return {**super().environment(), 'XDG_CONFIG_HOME': self.path('.config')}

    def der(self, name):
        return tool('openssl', 'x509', '-in', self.file(name + '.pem'), '-outform', 'DER', text=False)

    def exported(self, certificates, site=''):
        """As Windows PowerShell may write it: with a mark at its beginning, and CR LF."""
        path = self.path('export.ini')
        lines = ['[Site]', 'SiteCode=ABC', 'ManagementPoint=https://mp.example.test', 'HTTPSPort=8443', site,
                 '[Certificates]', *(f'{key}={";".join(values)}' for key, values in certificates.items())]
        with open(path, 'wb') as file:
            file.write(b'\xef\xbb\xbf' + '\r\n'.join(lines).encode() + b'\r\n')
        return path

    def test_certificates_inside(self):
        signing, client = (base64.b64encode(self.der(name)).decode() for name in ['signing', 'client'])
        path = self.exported({'SiteSigningCertificate': [signing], 'RootCACertificates': [client, signing]})
        done = self.json('site', 'import', path).last
        self.assertEqual((done['site-code'], done['path'], done['warnings']),
                         ('ABC', os.path.join(self.sites, 'ABC.ini'), []))
        os.remove(path)
        self.assert_nothing_but(self.sites, 'ABC.ini', 'ABC-site-signing.cer', 'ABC-root-ca-1.cer', 'ABC-root-ca-2.cer')
        with open(os.path.join(self.sites, 'ABC-root-ca-1.cer'), 'rb') as file:
            self.assertEqual(file.read(), self.der('client'))
        for name in ['ABC', 'abc.ini']:
            self.create('--certificate', self.file('client.pfx'), site=name, certificate_password_fd='geheim€')
        variables, _ = unseal(self.on_medium('Variables.dat'), '')
        self.assertEqual(variables['_SMSTSSiteSigningCertificate'], self.der('signing').hex().upper())
        self.assertEqual(variables['_SMSTSHTTPSPort'], '8443')

    def test_again_gets_another_name_and_says_what_is_missing(self):
        path = self.exported({}, 'RootCACertificates=root.pem')
        done = self.json('site', 'import', path).last
        self.assertIn(self.path('root.pem'), done['warnings'][0])
        self.assertTrue(self.json('site', 'import', path).last['path'].endswith('ABC-2.ini'))
        self.assertIn('Imported the site ABC', self.ctl('site', 'import', path).out)

    def test_what_is_no_certificate_leaves_nothing(self):
        signing = base64.b64encode(self.der('signing')).decode()
        path = self.exported({'SiteSigningCertificate': [signing], 'RootCACertificates': ['bm90IG9uZQ==']})
        event = self.json('site', 'import', path, status=1).last
        self.assertEqual(event['code'], 'ERROR_BAD_FORMAT')
        self.assertIn('RootCACertificates', event['message'])
        self.assert_nothing_but(self.sites)
        self.ctl('site', 'import', self.wim, status=1)
        self.ctl('site', 'import', status=2)

    def test_used_without_importing_it(self):
        path = self.exported({'SiteSigningCertificate': ['AAAA']})
        self.assertIn('used once it is imported', self.json('--site', path, 'site', 'show').last['warnings'][0])


class Terminal(ProtectionTest):
    """Passwords are asked for with echo off."""

    def talk(self, arguments, answers):
        """Runs the program on a terminal of its own; each answer follows the question that it is for."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(command.PROGRAM, [command.PROGRAM, '--catalog', self.catalog, *arguments], self.environment())
        seen, status, deadline = b'', None, time.monotonic() + command.TIMEOUT
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                try:
                    data = os.read(terminal, 65536)
                except OSError:
                    data = b''
                if not data:
                    break
                seen += data
                if answers and answers[0][0].encode() in seen:
                    os.write(terminal, answers.pop(0)[1].encode())
        os.close(terminal)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return status, seen.decode()

    def test_twice_and_without_echo(self):
        status, seen = self.talk(['create', 'CD', self.iso, 'KDL00001', '--password'],
                                 [('Media password:', 'from the terminal\n'), ('again:', 'from the terminal\n')])
        self.assertEqual(status, 0, seen)
        self.assertNotIn('from the terminal', seen)
        self.assertIn('_SMSMediaGuid', unseal(self.on_medium('Variables.dat'), 'from the terminal')[0])

    def test_different_answers(self):
        status, seen = self.talk(['create', 'CD', self.iso, 'KDL00001', '--password'],
                                 [('Media password:', 'one\n'), ('again:', 'two\n')])
        self.assertEqual(status, 1)
        self.assertIn('passwords differ', seen)
        self.assertFalse(os.path.exists(self.iso))

    def test_control_c(self):
        status, seen = self.talk(['create', 'CD', self.iso, 'KDL00001', '--password'], [('Media password:', 'ha\x03')])
        self.assertEqual(status, 3, seen)

    def test_certificate_password(self):
        status, seen = self.talk(['create', 'CD', self.iso, 'KDL00001', '--certificate', self.file('client.pfx')],
                                 [('certificate file', 'geheim€\n')])
        self.assertEqual(status, 0, seen)
        self.assertRegex(seen, r'Certificate +CN=client')

    def test_a_site_that_requires_one(self):
        site = self.site(SITE + 'PasswordRequired=true\n')
        status, seen = self.talk(['--site', site, 'create', 'CD', self.iso, 'KDL00001'],
                                 [('Media password:', 'required\n'), ('again:', 'required\n')])
        self.assertEqual(status, 0, seen)
        self.assertRegex(seen, r'Password +required')

    def test_nothing_is_asked_without_need(self):
        status, seen = self.talk(['create', 'CD', self.iso, 'KDL00001'], [])
        self.assertEqual(status, 0, seen)
        self.assertIsNone(re.search(r'assword.*: $', seen))

    def test_without_a_terminal(self):
        run = self.run_program('--catalog', self.catalog, 'create', 'CD', self.iso, 'KDL00001', '--password',
                               prefix=['setsid'])
        self.assertEqual(run.status, 1)
        self.assertIn('no terminal', run.err)


if __name__ == '__main__':
    command.main()
