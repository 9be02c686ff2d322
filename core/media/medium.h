/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "base/progress.h"
#include "media/manifest.h"
#include "source/media-source.h"

G_BEGIN_DECLS

/* A finished medium, read: ISO file, disk image or folder. One
 * thread at a time. */
typedef struct _KlMedium KlMedium;

typedef struct
{
  char *path;    /* on the medium */
  char *problem; /* "missing", "1000 bytes, should be 1200", "content differs", "not in the
                    manifest" */
} KlMediumDifference;

typedef struct
{
  guint64 files;          /* of the manifest */
  guint64 bytes;          /* read */
  GPtrArray *differences; /* of KlMediumDifference */
} KlMediumCheck;

KlMedium *kl_medium_open (const char *path, GError **error);
void kl_medium_free (KlMedium *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlMedium, kl_medium_free)

const KlManifest *
kl_medium_get_manifest (KlMedium *self, GError **error); /* KL_ERROR_NO_MANIFEST; borrowed */
const char *kl_medium_get_kind (KlMedium *self);         /* "ISO 9660", "UDF", "FAT32", "folder" */
const char *kl_medium_get_label (KlMedium *self);        /* MediaLabel.txt, else the volume name */
gboolean kl_medium_has_bios (KlMedium *self); /* judged by what is there, not by the manifest */
char *kl_medium_dup_uefi (KlMedium *self);    /* "x64", … or NULL */
GBytes *kl_medium_read_file (KlMedium *self, const char *path, gsize limit, GError **error);
GPtrArray *kl_medium_get_files (KlMedium *self);      /* borrowed, of KlMediaEntry, by path */
GPtrArray *kl_medium_get_unreadable (KlMedium *self); /* borrowed, of char *: folders left out */
char *kl_medium_dup_signer (KlMedium *self); /* issuer CN of the boot manager on it, or NULL */

void kl_medium_check_free (KlMediumCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlMediumCheck, kl_medium_check_free)
/* Reads every file of the manifest past the page cache and compares; FALSE only when reading failed
 * or was cancelled. */
KlMediumCheck *
kl_medium_check (KlMedium *self, KlProgress *progress, GCancellable *cancellable, GError **error);

G_END_DECLS
