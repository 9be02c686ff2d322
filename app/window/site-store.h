/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "site/site-profile.h"

G_BEGIN_DECLS

/*
 * The site profiles that the window offers: those of kl_site_folder_dup_path(). Which one is the
 * default is remembered by its path. Main thread; the files are small.
 */
typedef struct
{
  char *path;             /* absolute */
  KlSiteProfile *profile; /* nullable; NULL where it cannot be read */
  GError *error;          /* nullable; why not */
} KlStoredSite;

GPtrArray *kl_site_store_list (void);
char *kl_site_store_find (const char *site_code);
char *kl_site_store_dup_title (const KlStoredSite *site);
gboolean kl_site_store_remove (const char *path, GError **error);

char *kl_site_store_dup_default (void);
void kl_site_store_set_default (const char *path);

G_END_DECLS
