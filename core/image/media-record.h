/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * What is remembered of a medium that was made from a boot image: a key file of its own below the
 * catalog entry, CATALOG/ABC00001/media/20271120T081500Z-1A2B3C4D.ini, named after its time and its
 * certificate. Several jobs, computers too, add theirs side by side without a lock. No secret is in
 * it. Texts are never NULL.
 */
#define KL_MEDIA_FOLDER "media"

/* As many are kept of one image, the newest. */
#define KL_MEDIA_RECORDS_MAX 500

typedef struct
{
  GDateTime *made;            /* UTC */
  char *type;                 /* "CD", "UFD", "UFD+FORMAT" */
  char *destination;          /* path of a file, or name and serial number of a drive */
  char *label;                /* as it was written */
  guint64 bytes;              /* of the medium */
  char *site_code;            /* "" for plain Windows PE media */
  char *thumbprint;           /* SHA-1 of the certificate, hex in upper case */
  GDateTime *certificate_end; /* UTC; NULL where it cannot be read */
  gboolean password_required;
  gboolean verified; /* it was read back and compared */
} KlMediaRecord;

KlMediaRecord *kl_media_record_new (void);
void kl_media_record_free (KlMediaRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlMediaRecord, kl_media_record_free)

gboolean kl_media_record_save (const KlMediaRecord *self, const char *entry, GError **error);
GPtrArray *kl_media_record_list (const char *entry, guint most, guint *n_all);

G_END_DECLS
