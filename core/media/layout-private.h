/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"
#include "media/layout.h"

G_BEGIN_DECLS

/* What layout.c and layout-files.c share; nobody else includes it. */

/*
 * One spelling per folder, that of the table in media-formats.md 5.1: "Boot" and not "boot" below
 * the root, "EFI/BOOT" but "EFI/Microsoft/Boot". The boot library compares without case, so the
 * lower-case paths in the BCD store find them; FAT and Joliet allow only one of two names that
 * differ in case.
 */
#define EFI_BOOT "/EFI/BOOT/"
#define EFI_MICROSOFT "/EFI/Microsoft/Boot/"
#define BIOS_BOOT "/Boot/"
#define BOOT_WIM "/sources/boot.wim"
#define MEDIA_LABEL "/MediaLabel.txt"
#define BOOTSTRAP_INI "/SMS/data/TsmBootstrap.ini"
#define VARIABLES_DAT "/SMS/data/Variables.dat"
#define BIOS_BOOT_IMAGE BIOS_BOOT "etfsboot.com"
#define EFI_BOOT_IMAGE EFI_MICROSOFT "efisys.bin"

struct _KlMediaLayout
{
  GObject parent_instance;

  KlMediaType type;
  char *label;         /* owned */
  char *image_id;      /* owned */
  GDateTime *created;  /* owned; UTC */
  GPtrArray *items;    /* owned; of KlLayoutItem, sorted by path once complete */
  GHashTable *by_path; /* owned; lower-case path, owned → KlLayoutItem of items */

  gboolean bios_files; /* the files for BIOS are on it */
  gboolean uefi_files;
  gboolean bios; /* and a BIOS will start it */
  gboolean uefi;
  char *bios_reason;        /* owned; why not, or NULL */
  char *uefi_reason;        /* owned; why not, or NULL */
  const char *architecture; /* static; of the UEFI loader, or NULL */
  char *signer;             /* owned; of the UEFI loader, or NULL */
  GPtrArray *warnings;      /* owned; of char *, ends with NULL once complete */
};

typedef struct
{
  guint16 machine;          /* of the PE header */
  const char *architecture; /* "x64" */
  const char *file_name;    /* what firmware of this machine starts from removable media */
} KlLoaderName;

/* What goes into a layout; lives as long as it is being made. */
typedef struct
{
  KlMediaLayout *layout;                /* borrowed */
  KlBootImage *image;                   /* borrowed */
  KlBootFiles *files;                   /* owned */
  const KlBootFile *loader;             /* borrowed from files; NULL without UEFI */
  const KlLayoutProtection *protection; /* borrowed; nullable */
} KlLayoutPlan;

const KlLoaderName *kl_loader_name_find (guint16 machine);
gboolean kl_layout_plan_add_files (KlLayoutPlan *plan, GError **error);
void kl_media_layout_set_error (KlMediaLayout *self,
                                GError **error,
                                KlError code,
                                const char *format,
                                ...) G_GNUC_PRINTF (4, 5);

G_END_DECLS
