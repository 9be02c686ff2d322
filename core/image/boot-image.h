/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "boot/boot-files.h"
#include "image/media-record.h"

G_BEGIN_DECLS

typedef enum
{
  KL_IMAGE_STATE_COMPLETE,    /* prepared */
  KL_IMAGE_STATE_IN_PROGRESS, /* being prepared */
  KL_IMAGE_STATE_ERROR,       /* preparation failed, or the entry cannot be read */
  KL_IMAGE_STATE_NO_STATUS,   /* imported, never prepared: media are made from the source image */
  KL_IMAGE_STATE_STALE,       /* recipe or source changed since preparation; files that the
                               recipe names: kl_prepare_find_state() */
} KlImageState;

/* How far its preparation is; image/injection-status.h says what is in it. */
typedef struct _KlInjectionStatus KlInjectionStatus;

const char *
kl_image_state_to_string (KlImageState state); /* "complete", "in-progress", … (interface.md 2) */

/*
 * One entry of the catalog as it stood when it was read: a value, never changed after construction
 * (the catalog puts a new object in its place). All getters lend. Any thread.
 *
 * Properties for list models, all read-only: id, name, description, version, architecture, size,
 * state.
 */
#define KL_TYPE_BOOT_IMAGE (kl_boot_image_get_type ())
G_DECLARE_FINAL_TYPE (KlBootImage, kl_boot_image, KL, BOOT_IMAGE, GObject)

/* What a caller has seen of an entry's files, so that nobody looks again. */
typedef struct
{
  gboolean status;     /* whether there is a status.ini */
  gboolean media;      /* whether there is a folder of records of media */
  guint64 source_size; /* of source.wim; bytes, 0 where it is not there */
  guint64 boot_size;   /* of boot.wim; the same */
} KlEntryFiles;

KlBootImage *kl_boot_image_load (const char *folder, GError **error);
KlBootImage *kl_boot_image_load_seen (const char *folder, const KlEntryFiles *seen, GError **error);
/* The same with another file in the place of its WIM. */
KlBootImage *
kl_boot_image_load_with_wim (const char *folder, const char *media_wim, GError **error);
/* An entry that cannot be read, for the list; takes @error over. */
KlBootImage *kl_boot_image_new_broken (const char *folder, GError *error);

const char *kl_boot_image_get_id (KlBootImage *self);
const char *kl_boot_image_get_folder (KlBootImage *self);
const char *kl_boot_image_get_name (KlBootImage *self);
const char *kl_boot_image_get_description (KlBootImage *self);
const char *kl_boot_image_get_version (KlBootImage *self);      /* the admin's free text, "" */
const char *kl_boot_image_get_os_version (KlBootImage *self);   /* "10.0.26100.1", "" */
const char *kl_boot_image_get_architecture (KlBootImage *self); /* "x64" */
const char *kl_boot_image_get_language (KlBootImage *self);     /* "en-US" or "" */
const char *kl_boot_image_get_source_path (KlBootImage *self);  /* where it was imported from */
guint kl_boot_image_get_source_index (KlBootImage *self);
GDateTime *kl_boot_image_get_imported (KlBootImage *self); /* UTC, nullable */
KlImageState kl_boot_image_get_state (KlBootImage *self);
const KlInjectionStatus *kl_boot_image_get_injection (KlBootImage *self); /* NULL if broken */
/* Why an entry is broken, or NULL: KL_ERROR_IMAGE_BROKEN where its record cannot be read,
 * KL_ERROR_MISSING_PACKAGE where its WIM is gone. */
const GError *kl_boot_image_get_error (KlBootImage *self);

/* The WIM that media get: boot.wim where there is one, else source.wim. */
const char *kl_boot_image_get_media_wim (KlBootImage *self);
guint64 kl_boot_image_get_size (KlBootImage *self); /* of the media WIM, bytes */
guint32 kl_boot_image_get_crc32c (KlBootImage *self);
const char *kl_boot_image_get_sha256 (KlBootImage *self);

/* From image.ini, without touching the boot files; for lists and details. */
gboolean kl_boot_image_can_bios (KlBootImage *self, gboolean optical, const char **reason);
gboolean kl_boot_image_can_uefi (KlBootImage *self, const char **reason);
const char *kl_boot_image_get_uefi_architecture (KlBootImage *self); /* nullable */
const char *kl_boot_image_get_signer (
    KlBootImage *self); /* of the default loader: "2011", "2023", other CN, or NULL */
gboolean kl_boot_image_has_boot_manager (KlBootImage *self, KlBootManager manager);
KlBootManager kl_boot_image_get_boot_manager (KlBootImage *self); /* the admin's setting */
const char *kl_boot_image_get_context_id (KlBootImage *self);     /* of its injection, "" */

const KlMediaRecord *kl_boot_image_get_last_medium (KlBootImage *self); /* nullable */
guint kl_boot_image_get_n_media (KlBootImage *self);                    /* that were made of it */

KlBootFiles *kl_boot_image_load_boot_files (KlBootImage *self, GError **error);

/* Compares the media WIM with its record: size and CRC-32C. Differences are
 * KL_ERROR_MISSING_PACKAGE with the ID. */
gboolean kl_boot_image_check (KlBootImage *self,
                              KlProgress *progress,
                              GCancellable *cancellable,
                              GError **error);
/* The same by SHA-256, on demand. */
gboolean kl_boot_image_check_sha256 (KlBootImage *self,
                                     KlProgress *progress,
                                     GCancellable *cancellable,
                                     GError **error);

G_END_DECLS
