/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "crypto/certificate.h"
#include "image/catalog.h"
#include "job/job.h"
#include "job/media-request.h"
#include "media/media-share.h"
#include "volume/folder-plan.h"

G_BEGIN_DECLS

/*
 * The one object that window, terminal and D-Bus drive to make media (interface.md 4): request →
 * layout → writer → sink → read-back. Read/write properties of the documented API: provider-name,
 * site-code, connection-options, distribution-points, media-label. The rest is KlJob.
 *
 * Several creators may run side by side, never two on one target: the second gets KL_ERROR_BUSY.
 */
#define KL_TYPE_MEDIA_CREATOR (kl_media_creator_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaCreator, kl_media_creator, KL, MEDIA_CREATOR, KlJob)

/* What was made; filled in when the run has succeeded. */
typedef struct
{
  KlMediaType type;
  char *path;            /* of the medium */
  guint64 bytes;         /* its size; for UFD of its files */
  guint64 bytes_written; /* for UFD less than that where files were there already */
  guint n_unchanged;     /* UFD: files that were there already */
  guint n_removed;       /* UFD: files of an earlier medium that are gone */
  double seconds;        /* from start to commit */
  gboolean verified;
  gboolean bios;               /* boots on BIOS */
  char *bios_reason;           /* why not, or NULL */
  gboolean bios_start_missing; /* UFD: start code outside the volume is all that BIOS lacks */
  char *uefi;                  /* "x64", or NULL */
  char *uefi_reason;
  char *signer; /* of the boot manager, or NULL */
  char *label;
  KlCertificate *certificate; /* its public part */
  gboolean password_required; /* a media password was given */
  gboolean powered_off;       /* it was asked for and done; else a warning says why not */
  char **warnings;
} KlMediaResult;

KlMediaCreator *kl_media_creator_new (KlCatalog *catalog);

/* The request of the next run; replaced only while the creator is idle. */
void kl_media_creator_set_catalog (KlMediaCreator *self, KlCatalog *catalog);
void kl_media_creator_set_request (KlMediaCreator *self, KlMediaRequest *request);
KlMediaRequest *kl_media_creator_get_request (KlMediaCreator *self);

/* Several media of one boot image share work; KlMediaBatch does this. Only while idle. */
void kl_media_creator_set_share (KlMediaCreator *self, KlMediaShare *share);

/* The property connection-options without a copy of it in ordinary memory: one of the options is a
 * password. Only while the creator is idle. */
void kl_media_creator_set_connection_options (KlMediaCreator *self, KlSecret *options);

/* What would be written where, and how many bytes the medium needs; writes nothing. Blocks; any
 * thread. */
KlMediaLayout *kl_media_creator_plan (KlMediaCreator *self, guint64 *bytes_needed, GError **error);
KlMediaLayout *kl_media_creator_plan_changes (KlMediaCreator *self,
                                              guint64 *bytes_needed,
                                              KlFolderPlan **changes,
                                              GError **error);

const KlMediaResult *kl_media_creator_get_result (KlMediaCreator *self); /* NULL before success */
KlMediaState kl_media_creator_get_state (KlMediaCreator *self);

G_END_DECLS
