/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/checksum.h"
#include "edit/known-sums.h"
#include "wim/wim.h"

G_BEGIN_DECLS

/*
 * What preparation lays over an image: files at their places, with the names and limits of
 * image-customisation.md 6. Paths are in the image, "\Windows\System32\winpeshl.ini"; their case
 * does not matter, and the spelling of the image is kept. With a work folder, generated and edited
 * files are written there, and all others are read from where they are;
 * without one the tree is a preview, which writes nothing but copies of what is edited or read,
 * into a temporary folder. One thread at a time.
 */
typedef struct _KlImageTree KlImageTree;

typedef struct
{
  char *path;        /* in the image, "\Windows\…" */
  char *source;      /* where it comes from; NULL: generated */
  guint64 size;      /* bytes */
  gboolean replaces; /* there is such a file in the image */

  /* Where nothing is only previewed. */
  gboolean edited;           /* made here, or changed since it was added */
  guint8 sha1[KL_SHA1_SIZE]; /* of the content, once the tree is finished */
  char *content; /* path of a file that has it, once the tree is finished; NULL: @source has it */
} KlTreeFile;

typedef struct
{
  char *hive;  /* "SYSTEM" */
  char *key;   /* "ControlSet001\Services\FBWF" */
  char *name;  /* of the value */
  char *value; /* as text */
} KlTreeRegistryValue;

KlImageTree *
kl_image_tree_new (KlWim *wim, guint index, const char *work, KlKnownSums *known, GError **error);
void kl_image_tree_free (KlImageTree *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlImageTree, kl_image_tree_free)

gboolean kl_image_tree_add_file (KlImageTree *self,
                                 const char *path,
                                 const char *source,
                                 KlProgress *progress,
                                 GCancellable *cancellable,
                                 GError **error);
gboolean
kl_image_tree_add_bytes (KlImageTree *self, const char *path, GBytes *content, GError **error);
gboolean kl_image_tree_add_folder (KlImageTree *self,
                                   const char *path,
                                   const char *source,
                                   KlProgress *progress,
                                   GCancellable *cancellable,
                                   GError **error);
/* Takes a file of the image into the tree to be edited there. */
gboolean kl_image_tree_take_file (
    KlImageTree *self, const char *path, char **staged, GCancellable *cancellable, GError **error);
gboolean kl_image_tree_copy_file (
    KlImageTree *self, const char *path, char **copy, GCancellable *cancellable, GError **error);

/* What will be in the image: added before, or there already. */
gboolean
kl_image_tree_has_file (KlImageTree *self, const char *path, gboolean *exists, GError **error);
gboolean kl_image_tree_read (KlImageTree *self, const char *path, GBytes **content, GError **error);
char *
kl_image_tree_find_name (KlImageTree *self, const char *folder, const char *name, GError **error);

void kl_image_tree_note_value (
    KlImageTree *self, const char *hive, const char *key, const char *name, const char *value);
void kl_image_tree_warn (KlImageTree *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

GPtrArray *kl_image_tree_get_files (KlImageTree *self);    /* of KlTreeFile */
GPtrArray *kl_image_tree_get_values (KlImageTree *self);   /* of KlTreeRegistryValue */
GPtrArray *kl_image_tree_get_warnings (KlImageTree *self); /* of strings */
guint64 kl_image_tree_get_size (KlImageTree *self);        /* of all files, bytes */

gboolean kl_image_tree_settle (KlImageTree *self, GError **error);
gboolean kl_image_tree_finish (KlImageTree *self, GError **error);
void kl_image_tree_get_overlay (KlImageTree *self, KlWimOverlay *overlay);

G_END_DECLS
