/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "creation/media-request.h"
#include "crypto/certificate.h"
#include "media/layout.h"
#include "site/site-profile.h"

G_BEGIN_DECLS

/*
 * Identity and secrets of one medium on their way: the site's checks, the certificate, the sealed
 * variables. Made for one run in three steps, because the documented order of errors has the boot
 * image's check in the middle (media-api.md 3); the certificate is made or imported in a thread of
 * its own meanwhile, and its place can be taken by a draft. One thread at a time.
 */
typedef struct _KlMediaProtection KlMediaProtection;

KlMediaProtection *
kl_media_protection_new (KlMediaRequest *request, const char *site_code, GError **error);
void kl_media_protection_free (KlMediaProtection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlMediaProtection, kl_media_protection_free)

void kl_media_protection_start (KlMediaProtection *self, gboolean trial);
gboolean kl_media_protection_is_ready (KlMediaProtection *self);
const KlLayoutProtection *kl_media_protection_draft (KlMediaProtection *self, const char *image_id);
gboolean kl_media_protection_finish (KlMediaProtection *self,
                                     const char *image_id,
                                     GCancellable *cancellable,
                                     GError **error);

const KlLayoutProtection *kl_media_protection_get_files (KlMediaProtection *self);
KlSiteProfile *kl_media_protection_get_profile (KlMediaProtection *self); /* nullable */
KlCertificate *kl_media_protection_get_certificate (KlMediaProtection *self);

G_END_DECLS
