/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "image/boot-image.h"
#include "job/media-request.h"

G_BEGIN_DECLS

/*
 * The request that the pages of the Create Media dialog fill in: what a person has chosen so far,
 * complete or not. Properties, all read/write but for image: image, folder, file-name, label,
 * boot-manager (of KlBootManager, as int), verify.
 */
#define KL_TYPE_MEDIA_DRAFT (kl_media_draft_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaDraft, kl_media_draft, KL, MEDIA_DRAFT, GObject)

KlMediaDraft *kl_media_draft_new (KlBootImage *image, const char *folder);

KlBootImage *kl_media_draft_get_image (KlMediaDraft *self);
const char *kl_media_draft_get_folder (KlMediaDraft *self);
const char *kl_media_draft_get_file_name (KlMediaDraft *self);
const char *kl_media_draft_get_label (KlMediaDraft *self);
char *kl_media_draft_dup_path (KlMediaDraft *self); /* of the ISO file */
gboolean kl_media_draft_check_file_name (KlMediaDraft *self, const char **reason);
KlMediaRequest *kl_media_draft_build_request (KlMediaDraft *self, GError **error);

G_END_DECLS
