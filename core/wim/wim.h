/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "base/progress.h"

G_BEGIN_DECLS

/* The wimlib seam: only wim.c, wim-compress.c, wim-contents.c, wim-export.c and wim-layout.c know
 * wimlib. One object, one thread at a time.
 */
typedef struct _KlWim KlWim;

typedef struct
{
  guint index; /* 1 … */
  char *name;  /* "" where the XML is silent */
  char *description;
  char *architecture; /* "x86", "x64", "arm", "arm64", "ia64"; NULL where the XML is silent */
  char *version;      /* "10.0.26100.1"; NULL where the XML is silent */
  char *language;     /* default language, "en-US"; NULL */
  char *edition;      /* WINDOWS/EDITIONID, "WindowsPE"; NULL */
  guint64 total_bytes;
} KlWimImage;

typedef struct
{
  char *path;   /* "\Windows\Boot\EFI\bootmgfw.efi", as spelt in the image */
  guint64 size; /* bytes */
} KlWimEntry;

/* Why a WIM cannot go on a medium as it stands (boot managers read single-file, non-solid LZX 32
 * KiB, XPRESS or uncompressed WIMs with a boot index). */
typedef enum
{
  KL_WIM_FIT,            /* one image, boot index set, readable: copied as it is */
  KL_WIM_NEEDS_EXPORT,   /* several images or no boot index: the image is exported, blobs copied
                            compressed */
  KL_WIM_NEEDS_REEXPORT, /* pipable, solid, LZMS or an odd chunk size: must be compressed anew */
} KlWimFitness;

KlWim *kl_wim_open (const char *path, GError **error);
void kl_wim_free (KlWim *self);
gboolean kl_wim_forget (KlWim *self, GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlWim, kl_wim_free)

const char *kl_wim_get_path (KlWim *self);
guint kl_wim_get_n_images (KlWim *self);
guint kl_wim_get_boot_index (KlWim *self); /* 0: none */
gboolean kl_wim_has_integrity_table (KlWim *self);
KlWimFitness kl_wim_get_fitness (KlWim *self, char **reason);
const KlWimImage *kl_wim_get_image (KlWim *self, guint index);

/* Chooses the image to boot: the given one, else the boot index, else the only (bootable) one. */
gboolean kl_wim_choose_image (KlWim *self, guint wanted, guint *index, GError **error);

/* All files below a folder of an image ("\Windows\Boot"), without case; an absent folder gives an
 * empty array. */
GPtrArray *kl_wim_list_files (KlWim *self,
                              guint index,
                              const char *folder,
                              GError **error); /* of KlWimEntry */

/* Whether a path is a plain file of an image, without case; @size is optional. */
gboolean kl_wim_find_file (
    KlWim *self, guint index, const char *path, gboolean *exists, guint64 *size, GError **error);

/* How the last part of a path is spelt in an image; NULL where there is nothing of that name. */
gboolean kl_wim_find_spelling (
    KlWim *self, guint index, const char *path, char **name, gboolean *is_folder, GError **error);

/* Writes one file of an image to a path. */
gboolean kl_wim_extract_file (KlWim *self,
                              guint index,
                              const char *path,
                              const char *target,
                              GCancellable *cancellable,
                              GError **error);
/* Extracts several into one folder, flat, in one pass: targets[i] gets paths[i]. */
gboolean kl_wim_extract_files (KlWim *self,
                               guint index,
                               const char *const *paths,
                               const char *const *targets,
                               KlProgress *progress,
                               GCancellable *cancellable,
                               GError **error);

/* One image into a new single-image WIM with boot index 1, LZX; compressed blobs are copied where
 * they can be. The target is complete and flushed when this returns TRUE; it must not exist before.
 */
gboolean kl_wim_export (KlWim *self,
                        guint index,
                        const char *target,
                        KlProgress *progress,
                        GCancellable *cancellable,
                        GError **error);

/* A file that is laid over an image. */
typedef struct
{
  const char *path;    /* borrowed, as all here: in the image, "\Windows\…" */
  const char *content; /* path of a file with its content */
  guint64 size;        /* of the content, bytes */
  const guint8 *sha1;  /* of the content, 20 bytes */
} KlWimAddition;

/* What is laid over an image. */
typedef struct
{
  GPtrArray *files;  /* of KlWimAddition; nullable */
  GPtrArray *donors; /* of paths of WIM files that may hold their contents compressed; nullable */
  guint64 time;      /* of every file, 100 ns since 1601 */
  guint level;       /* KL_WIM_LZX_LEVEL or KL_WIM_LZX_LEVEL_SMALLER */
} KlWimOverlay;

/* Of a WIM file. */
typedef struct
{
  guint64 size; /* bytes */
  guint32 crc32c;
  char *sha256; /* hexadecimal digits */

  /* Of its header, and of all from there on, which is what was new and the tables. */
  guint64 fresh_start;
  guint32 fresh_crc32c;

  /* Of the file that it was composed of, as it was read for that: all of it, donors left out. */
  guint64 source_size; /* bytes */
  guint32 source_crc32c;
} KlWimSums;

gboolean
kl_wim_compare (KlWim *self, GPtrArray *files, const KlWimAddition **different, GError **error);

/* Levels of LZX: the first takes an eighth of the time of the second for 0.5 % more bytes of an
 * image. Level 20 would take a sixth to a tenth longer than the first, for 0.1 % (drivers of the
 * benchmark) to 0.3 % (programs of a GNU system) less of what is compressed; between 34 and 35
 * there is a cliff. */
#define KL_WIM_LZX_LEVEL 8
#define KL_WIM_LZX_LEVEL_SMALLER 50

/* The header of a WIM file; bytes. */
#define KL_WIM_HEADER_SIZE 208

/* Whether contents of the file can be copied as they are: LZX in chunks of 32 KiB. */
gboolean kl_wim_can_compose (KlWim *self);

gboolean kl_wim_compose (KlWim *self,
                         guint index,
                         const KlWimOverlay *overlay,
                         const char *target,
                         KlWimSums *sums,
                         KlProgress *progress,
                         GCancellable *cancellable,
                         GError **error);

/* Contents by their SHA-1, which has 20 bytes; all zero for an empty file. */
GHashTable *kl_wim_sha1_set_new (void);
GHashTable *kl_wim_sha1_map_new (GDestroyNotify free_value);
void kl_wim_sha1_set_add (GHashTable *set, const guint8 *sha1);
gboolean
kl_wim_find_contents (const char *path, GHashTable *wanted, GHashTable *found, GError **error);

char *kl_wim_dup_library_version (void); /* of wimlib, "1.13.6"; for reports of faults */

guint64 kl_wim_get_time (KlWim *self, guint index);

/* Integrity table, if there is one; with @blobs also the SHA-1 of each blob. */
gboolean kl_wim_verify (
    KlWim *self, gboolean blobs, KlProgress *progress, GCancellable *cancellable, GError **error);

/* The architecture by the PE header of a boot program in the image: "x64", …, NULL where none is
 * found. */
char *kl_wim_detect_architecture (KlWim *self, guint index, GError **error);

G_END_DECLS
