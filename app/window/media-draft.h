/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "creation/media-request.h"
#include "crypto/certificate.h"
#include "image/boot-image.h"
#include "site/site-profile.h"
#include "window/target-draft.h"

G_BEGIN_DECLS

/*
 * The request that the pages of the Create Media dialog fill in: what a person has chosen so far,
 * complete or not. Properties, all read/write but for image: image, label,
 * boot-manager (of KlBootManager, as int), verify, password (of the medium), certificate (path of a
 * PFX file), certificate-password, imported (what that file holds, its public part),
 * ignore-validity (of what it holds), valid-until (of the certificate that is made), site-profile
 * (path), unattended, aes-256 (of the sealed variables).
 */
#define KL_TYPE_MEDIA_DRAFT (kl_media_draft_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaDraft, kl_media_draft, KL, MEDIA_DRAFT, GObject)

KlMediaDraft *kl_media_draft_new (KlBootImage *image, const char *folder);

KlBootImage *kl_media_draft_get_image (KlMediaDraft *self);
KlTargetDraft *kl_media_draft_get_target (KlMediaDraft *self);
const char *kl_media_draft_get_label (KlMediaDraft *self);
KlSecret *kl_media_draft_get_password (KlMediaDraft *self);
KlSiteProfile *kl_media_draft_get_site (KlMediaDraft *self);
const char *kl_media_draft_get_site_path (KlMediaDraft *self);
GDateTime *kl_media_draft_get_certificate_end (KlMediaDraft *self);
gboolean kl_media_draft_get_unattended (KlMediaDraft *self);
void kl_media_draft_set_variables (KlMediaDraft *self, KlVariables *variables);
void kl_media_draft_clear_secrets (KlMediaDraft *self);
GPtrArray *kl_media_draft_build_requests (KlMediaDraft *self, GError **error);

G_END_DECLS
