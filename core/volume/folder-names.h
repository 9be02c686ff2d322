/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * Names below an open folder. Paths begin with "/", which stands for that folder; symbolic links
 * are never followed. FAT knows no case and NTFS may or may not, so a name is found in any spelling
 * and then used in the one that is there.
 */
typedef enum
{
  KL_NAME_NONE,
  KL_NAME_FILE,
  KL_NAME_FOLDER,
  KL_NAME_OTHER, /* a link or a special file */
} KlNameKind;

typedef struct
{
  KlNameKind kind;
  char *path;      /* owned; as it is spelt there, as far as it is there */
  guint64 size;    /* bytes; of a file */
  gint64 modified; /* seconds since 1970; of a file */
} KlFoundName;

void kl_found_name_clear (KlFoundName *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KlFoundName, kl_found_name_clear)

gboolean
kl_folder_find (int root, const char *where, const char *path, KlFoundName *found, GError **error);
int kl_folder_open_parent (
    int root, const char *where, const char *path, GPtrArray *created, GError **error);
const char *kl_folder_get_name (const char *path);
char *kl_folder_fold_path (const char *path);
GPtrArray *kl_folder_list (int folder, const char *where, GError **error);

G_END_DECLS
