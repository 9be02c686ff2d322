/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Against hostile files. A file that goes beyond is refused with KL_ERROR_FORMAT. */
#define KL_INF_MAX_SIZE ((gsize) 16 << 20)     /* bytes of the file */
#define KL_INF_MAX_EXPANDED ((gsize) 64 << 20) /* bytes of all keys and values, tokens replaced */
#define KL_INF_MAX_LINE 4096                   /* characters of a line, before and after tokens */
#define KL_INF_MAX_SECTION_NAME 255            /* characters */
#define KL_INF_MAX_SECTIONS 32768
#define KL_INF_MAX_LINES 500000
#define KL_INF_MAX_DEPTH 8 /* of chains of INF files and sections that name each other */

/* A line of a section, tokens replaced. All belongs to the KlInfFile. */
typedef struct
{
  const char *key; /* left of "="; NULL for a line of values only */
  const char *const *values;
  guint n_values;
  guint number; /* in the file, from 1 on */
} KlInfLine;

/* An INF file, parsed; never changes. */
typedef struct _KlInfFile KlInfFile;

KlInfFile *kl_inf_file_parse (GBytes *bytes, const char *name, GError **error);
KlInfFile *kl_inf_file_load (const char *path, GError **error);
void kl_inf_file_free (KlInfFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlInfFile, kl_inf_file_free)

gboolean kl_inf_file_has_section (const KlInfFile *self, const char *section);
guint kl_inf_file_get_n_lines (const KlInfFile *self, const char *section);
const KlInfLine *kl_inf_file_get_lines (const KlInfFile *self, const char *section, guint *n_lines);
const KlInfLine *
kl_inf_file_find_line (const KlInfFile *self, const char *section, const char *key);
const char *kl_inf_file_get_value (const KlInfFile *self, const char *section, const char *key);
const char *kl_inf_line_get_value (const KlInfLine *line, guint index);

G_END_DECLS
