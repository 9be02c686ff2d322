/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "command.h"
#include "crypto/certificate-key.h"
#include "crypto/secret.h"
#include "crypto/variables.h"

G_BEGIN_DECLS

/* Passwords, validity and variables from the command line. Passwords never come from an argument or
 * the environment: from a descriptor, a file, or the terminal with echo off (interface.md 2). */
typedef struct
{
  KlSecret *password;
  KlSecret *certificate_password;
  GDateTime *valid_from;
  GDateTime *valid_until;
  KlVariables *variables;
  KlSecret *connection_options;
  KlCertificateKey *key; /* of the certificate that is made; NULL without, and for several media */
} KlCtlProtection;

/* For create; sets an error of the command line (usage) or of reading. */
gboolean
kl_ctl_protection_read (const KlCtlOptions *options, KlCtlProtection *protection, GError **error);
void kl_ctl_protection_clear (KlCtlProtection *protection);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlCtlProtection, kl_ctl_protection_clear)

/* The media password for a command that reads a medium; NULL without error: none was given. */
gboolean kl_ctl_read_password (const KlCtlOptions *options, KlSecret **password, GError **error);

G_END_DECLS
