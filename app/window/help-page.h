/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  KL_HELP_HEADING, /* of the page */
  KL_HELP_SUBHEADING,
  KL_HELP_PARAGRAPH,
  KL_HELP_ITEM, /* of a list */
  KL_HELP_TERM,
  KL_HELP_DEFINITION,
  KL_HELP_LISTING, /* lines as they stand */
} KlHelpKind;

typedef struct
{
  KlHelpKind kind;
  char *markup; /* for a label */
  char *id;     /* nullable; what links go to */
  guint number; /* of an item in an ordered list, from 1 on; 0: none */
} KlHelpBlock;

void kl_help_block_free (KlHelpBlock *self);

/* A page of the manual, as the blocks it is made of. */
GPtrArray *kl_help_page_parse (const char *text, gssize length, char **title, GError **error);
GPtrArray *kl_help_page_load (const char *name, char **title, GError **error);

G_END_DECLS
