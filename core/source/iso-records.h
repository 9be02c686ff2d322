/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "base/bytes.h"

G_BEGIN_DECLS

/*
 * Reads the structures of an ISO 9660 volume from memory: which file lies where. Knows nothing of
 * libisofs, so that what libisofs wrote is proven by somebody else.
 */

#define KL_ISO_BLOCK 2048 /* bytes */

typedef enum
{
  KL_ISO_TREE_PRIMARY, /* what boot managers read */
  KL_ISO_TREE_JOLIET,  /* what Windows shows */
} KlIsoTree;

typedef struct
{
  char *path;     /* "/SOURCES/BOOT.WIM", "/sources/boot.wim" */
  guint64 offset; /* bytes from the beginning of the volume */
  guint64 size;   /* bytes */
} KlIsoRecord;

/* What the El Torito boot catalogue says. */
typedef struct
{
  gboolean bios; /* a bootable entry of platform 0 */
  gboolean efi;  /* a bootable entry of platform EFh */
} KlIsoBootEntries;

GPtrArray *kl_iso_records_read (KlBytesView head, KlIsoTree tree, GError **error);
const KlIsoRecord *kl_iso_records_find (GPtrArray *records, const char *path);
gboolean kl_iso_boot_catalog_find (KlBytesView head, guint64 *offset);
void kl_iso_boot_catalog_parse (KlBytesView catalog, KlIsoBootEntries *entries);

G_END_DECLS
