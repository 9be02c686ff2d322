/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One file of an osdinjection.xml. */
typedef struct
{
  char *source_kind; /* "SCCM", "WPE", "WDT" */
  char *name;        /* "*" for the whole folder */
  char *source;      /* folder, "bin\x64"; "" */
  char *destination; /* folder in the image, "sms\bin\x64" */
  gboolean locale_needed;
  gboolean debug;
} KlOsdFile;

GPtrArray *kl_osd_list_parse (const char *text,
                              gsize length,
                              const char *architecture,
                              GError **error); /* of KlOsdFile */

G_END_DECLS
