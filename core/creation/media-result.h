/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "creation/media-protection.h"
#include "creation/media-request.h"
#include "creation/media-target.h"
#include "crypto/certificate.h"
#include "image/boot-image.h"
#include "media/layout.h"

G_BEGIN_DECLS

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

KlMediaResult *kl_media_result_new (KlMediaRequest *request,
                                    KlMediaLayout *layout,
                                    KlMediaProtection *protection,
                                    KlMediaTarget *target,
                                    double seconds);
void kl_media_result_free (KlMediaResult *self);

void kl_media_result_warn (KlMediaResult *self, const char *warning);
void kl_media_result_remember (const KlMediaResult *self,
                               KlMediaRequest *request,
                               KlBootImage *image,
                               KlMediaProtection *protection);

G_END_DECLS
