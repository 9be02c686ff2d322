/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "crypto/certificate.h"
#include "crypto/variables-file.h"
#include "crypto/variables.h"
#include "media/medium.h"

G_BEGIN_DECLS

/* What a finished medium holds below \SMS\data. */
typedef struct
{
  gboolean sealed;            /* there is a Variables.dat */
  gboolean password_required; /* it is sealed under a password */
  gboolean unattended;        /* start-up asks for nothing but the password */
  char *media_type;           /* "BootMedia"; NULL where TsmBootstrap.ini does not say */
  KlVariablesCipher cipher;   /* only if sealed */
  KlVariables *variables;     /* NULL while they are sealed under a password that was not given */
  KlCertificate *certificate; /* its public part; NULL where the variables hold none */
} KlMediumIdentity;

KlMediumIdentity *kl_medium_identity_read (KlMedium *medium, KlSecret *password, GError **error);
void kl_medium_identity_free (KlMediumIdentity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlMediumIdentity, kl_medium_identity_free)

G_END_DECLS
