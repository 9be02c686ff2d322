# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates, PFX files and site profiles for the scenarios, made with the openssl program."""
import os
import subprocess

from driver import HOME

SITES = os.path.join(os.environ['XDG_CONFIG_HOME'], 'kindling', 'sites')


def openssl(*arguments):
    subprocess.run(['openssl', *arguments], check=True, cwd=HOME, capture_output=True)


def certificate(name, days=400):
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', name + '.key', '-out', name + '.pem', '-subj',
            '/CN=' + name, '-days', str(days), '-addext', 'extendedKeyUsage=clientAuth')
    return os.path.join(HOME, name + '.pem')


def expired_certificate(name):
    """Only the ca command of OpenSSL 3.0 takes both dates."""
    certificate(name)
    openssl('req', '-new', '-key', name + '.key', '-out', name + '.csr', '-subj', '/CN=' + name)
    with open(os.path.join(HOME, 'ca.cnf'), 'w') as f:
        f.write('[ca]\ndefault_ca=d\n[d]\ndatabase=ca.txt\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\n'
                'policy=p\n[p]\ncommonName=supplied\n')
    open(os.path.join(HOME, 'ca.txt'), 'w').close()
    openssl('ca', '-batch', '-config', 'ca.cnf', '-selfsign', '-keyfile', name + '.key', '-in', name + '.csr', '-out',
            name + '.pem', '-notext', '-startdate', '20200101000000Z', '-enddate', '20210101000000Z')


def pfx(name, password):
    openssl('pkcs12', '-export', '-inkey', name + '.key', '-in', name + '.pem', '-out', name + '.pfx', '-passout',
            'pass:' + password)
    return os.path.join(HOME, name + '.pfx')


def site_profile(name, text):
    os.makedirs(SITES, exist_ok=True)
    with open(os.path.join(SITES, name), 'w') as f:
        f.write('[Site]\n' + text)
