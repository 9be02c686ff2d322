/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "base/bytes.h"

G_BEGIN_DECLS

/* What the first 208 bytes of a WIM say, checked against the size of the file. */
typedef struct
{
  gboolean pipable;
  guint32 n_images;
  guint32 boot_index; /* 0: none */
  gboolean has_integrity_table;
  guint64 file_size; /* bytes */
  guint64 xml_offset;
  guint64 xml_size;      /* bytes in the file */
  gboolean xml_is_plain; /* not compressed, as everywhere in practice */
} KlWimHeader;

gboolean kl_wim_header_parse (
    KlBytesView view, guint64 file_size, const char *name, KlWimHeader *header, GError **error);
gboolean kl_wim_xml_check (KlBytesView utf16, const char *name, GError **error);
gboolean kl_wim_header_read (const char *path, KlWimHeader *header, GError **error);
char *kl_wim_header_read_xml (const char *path, GError **error);
char *kl_wim_header_dup_identifier (const char *path, GError **error);

G_END_DECLS
