/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "boot/boot-files.h"
#include "wim/wim.h"

G_BEGIN_DECLS

/* A WIM file in an entry. */
typedef struct
{
  guint64 size; /* bytes */
  guint32 crc32c;
  char *sha256; /* owned */
} KlFileRecord;

typedef struct
{
  const char *name;        /* borrowed, as all here; NULL: from the image, else from source_name */
  const char *source_path; /* what was imported */
  const char *source_name; /* the WIM in it */
  const KlWimImage *image;
  const char *architecture;
  const KlFileRecord *source;
  const KlFileRecord *boot; /* NULL where there is no boot.wim */
  KlBootFiles *files;
} KlImportRecord;

gboolean kl_import_record_save (const KlImportRecord *record, const char *folder, GError **error);

G_END_DECLS
