/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "window/media-draft.h"

G_BEGIN_DECLS

/* Asks which certificate the medium gets: one made for it, or that of a PFX file. Property:
 * complete. */
#define KL_TYPE_CERTIFICATE_GROUP (kl_certificate_group_get_type ())
G_DECLARE_FINAL_TYPE (
    KlCertificateGroup, kl_certificate_group, KL, CERTIFICATE_GROUP, AdwPreferencesGroup)

void kl_certificate_group_attach (KlCertificateGroup *self, KlMediaDraft *draft);
gboolean kl_certificate_group_is_complete (KlCertificateGroup *self);
gboolean kl_certificate_group_has_input (KlCertificateGroup *self);
void kl_certificate_group_clear (KlCertificateGroup *self);

G_END_DECLS
