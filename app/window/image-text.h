/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "image/boot-image.h"

G_BEGIN_DECLS

/* How a boot image reads in the window. */
typedef struct
{
  const char *word;      /* translated */
  const char *icon_name; /* never the colour alone */
  const char *css_class; /* "success", "warning", "error", "accent" */
} KlStateText;

KlStateText kl_image_text_get_state (KlBootImage *image);
char *kl_image_text_dup_name (KlBootImage *image);     /* the ID where the name is empty */
char *kl_image_text_shorten (const char *name);        /* to what a toast can hold */
char *kl_image_text_dup_identity (KlBootImage *image); /* "KDL00001 · x64 · 10.0 · 473 MB" */
char *kl_image_text_dup_signer (const char *signer);   /* nullable in, never NULL out */
char *kl_image_text_dup_date (GDateTime *date);

G_END_DECLS
