/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "image/boot-image.h"
#include "media/label.h"

G_BEGIN_DECLS

typedef enum
{
  KL_MEDIA_TYPE_CD,
  KL_MEDIA_TYPE_UFD,
  KL_MEDIA_TYPE_UFD_FORMAT,
} KlMediaType;

const char *kl_media_type_to_string (KlMediaType type); /* "CD", "UFD", "UFD+FORMAT" */
gboolean
kl_media_type_from_string (const char *text,
                           KlMediaType *type); /* any case; UDF as alias (media-api.md 1.4) */

typedef enum
{
  KL_LAYOUT_SOURCE_IMAGE,       /* "image": the boot WIM */
  KL_LAYOUT_SOURCE_BOOT_FILES,  /* "image boot files" */
  KL_LAYOUT_SOURCE_BOOT_FOLDER, /* "boot folder" */
  KL_LAYOUT_SOURCE_GENERATED,   /* "generated" */
} KlLayoutSource;

const char *kl_layout_source_to_string (KlLayoutSource source);

/* One file on the medium. Content is a file on disk or bytes in memory. */
typedef struct
{
  char *path;   /* on the medium: "/sources/boot.wim" */
  guint64 size; /* bytes */
  KlLayoutSource source;
  char *file;     /* absolute path of the content, or NULL */
  GBytes *bytes;  /* the content, or NULL */
  guint32 crc32c; /* of the content */
  char *sha256;   /* of the content */
} KlLayoutItem;

/*
 * Which files a medium holds: path → source, size. A value without I/O of its own beyond reading
 * the catalog entry; printed by a dry run, sized before anything is erased, and the same for every
 * writer. Immutable; any thread.
 */
#define KL_TYPE_MEDIA_LAYOUT (kl_media_layout_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaLayout, kl_media_layout, KL, MEDIA_LAYOUT, GObject)

/* Identity and secrets, sealed, and what the manifest says of them in clear text. */
typedef struct
{
  GBytes *bootstrap_ini;       /* \SMS\data\TsmBootstrap.ini */
  GBytes *variables_dat;       /* \SMS\data\Variables.dat */
  const char *subject;         /* of the certificate */
  const char *thumbprint;      /* SHA-1 */
  const char *not_before;      /* ISO 8601, UTC */
  const char *not_after;       /* ISO 8601, UTC */
  const char *const *warnings; /* English sentences */
} KlLayoutProtection;

typedef struct
{
  KlMediaType type;
  const char
      *label; /* checked with kl_label_check(); NULL: kl_label_dup_default() of the image's name */
  KlBootManager boot_manager;
  GDateTime *created;                   /* nullable: now */
  const KlLayoutProtection *protection; /* nullable: a medium without identity */
  const char *notice;                   /* nullable: one more warning, an English sentence */
  const char *bios_obstacle;            /* why no BIOS will start it from its target, although the
                                           files are on it: an English sentence; or NULL */
  const char *uefi_obstacle;            /* likewise */
} KlLayoutOptions;

KlMediaLayout *
kl_media_layout_new (KlBootImage *image, const KlLayoutOptions *options, GError **error);

KlMediaType kl_media_layout_get_media_type (KlMediaLayout *self);
const char *kl_media_layout_get_label (KlMediaLayout *self);
const char *kl_media_layout_get_image_id (KlMediaLayout *self);
GDateTime *kl_media_layout_get_created (KlMediaLayout *self); /* UTC; borrowed */
guint kl_media_layout_get_n_items (KlMediaLayout *self);
const KlLayoutItem *
kl_media_layout_get_item (KlMediaLayout *self,
                          guint position); /* sorted by path, the manifest included */
const KlLayoutItem *kl_media_layout_find (KlMediaLayout *self, const char *path);
guint64 kl_media_layout_get_content_bytes (KlMediaLayout *self);

/* What the medium will boot, and if not, why not. */
gboolean kl_media_layout_has_bios (KlMediaLayout *self, const char **reason);
gboolean kl_media_layout_has_uefi (KlMediaLayout *self, const char **reason);
const char *kl_media_layout_get_uefi_architecture (KlMediaLayout *self); /* "x64" or NULL */
const char *kl_media_layout_get_signer (KlMediaLayout *self);            /* issuer CN, or NULL */
const char *const *kl_media_layout_get_warnings (KlMediaLayout *self);   /* English sentences */

/* For a CD: El Torito images, as items that are also files on the medium where the field puts them;
 * or NULL. */
const KlLayoutItem *kl_media_layout_get_bios_boot_image (KlMediaLayout *self);
const KlLayoutItem *kl_media_layout_get_efi_boot_image (KlMediaLayout *self);

G_END_DECLS
