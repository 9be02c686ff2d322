/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "crypto/certificate.h"
#include "crypto/variables.h"
#include "site/site-profile.h"

G_BEGIN_DECLS

typedef struct
{
  KlSiteProfile *profile; /* nullable: no site */
  KlSiteFiles *files;     /* what the profile's files hold; NULL without a profile */
  const char *image_id;
  const char *launch_mode;    /* "CD", "UFD", "UFD+FORMAT" */
  KlCertificate *certificate; /* nullable: one that signs itself, which is not there yet */
  KlVariables *own;           /* nullable: the person's */
} KlMediaVariablesInput;

KlVariables *kl_media_variables_new (const KlMediaVariablesInput *input, GError **error);

G_END_DECLS
