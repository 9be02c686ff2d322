/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-input-stamp"

#include "prepare/input-stamp.h"

#include <string.h>
#include <sys/stat.h>

#include "base/checksum.h"
#include "image/image-ini.h"

#define MAX_DEPTH 64

/* Changes when what preparation makes of the same input changes. */
#define FORMAT_VERSION "2"

/* Of what a sum is made there is more than has to be in memory at once; bytes. */
#define PART_SIZE ((gsize) 64 << 10)

typedef struct
{
  GString *text;    /* that is not summed up yet */
  KlHasher *hasher; /* of all before; NULL where there was not so much */
} Sum;

/* Hands over what has been written so far. */
static void
feed (Sum *sum)
{
  g_autoptr (GBytes) part = g_bytes_new (sum->text->str, sum->text->len);

  if (sum->hasher == NULL)
    sum->hasher = kl_hasher_new ();
  kl_hasher_feed (sum->hasher, part);
  g_string_truncate (sum->text, 0);
}

static void
append_stat (GString *text, const char *name, const struct stat *info)
{
  g_string_append_printf (text, "%s %o %" G_GINT64_FORMAT, name, info->st_mode & S_IFMT,
                          (gint64) info->st_size);
  g_string_append_printf (text, " %" G_GINT64_FORMAT ".%09ld %" G_GINT64_FORMAT ".%09ld\n",
                          (gint64) info->st_mtim.tv_sec, info->st_mtim.tv_nsec,
                          (gint64) info->st_ctim.tv_sec, info->st_ctim.tv_nsec);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* A link counts with what it leads to. */
static void
append_path (Sum *sum, const char *path, guint depth)
{
  GString *text = sum->text;
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GDir) dir = NULL;
  struct stat info;
  const char *name;

  if (text->len >= PART_SIZE)
    feed (sum);
  if (stat (path, &info) != 0)
    {
      g_string_append_printf (text, "%s -\n", path);
      return;
    }
  if (!S_ISDIR (info.st_mode))
    {
      append_stat (text, path, &info);
      return;
    }

  /* Times of folders change with what is made and removed in them; the names say enough. */
  g_string_append_printf (text, "%s/\n", path);
  dir = depth < MAX_DEPTH ? g_dir_open (path, 0, NULL) : NULL;
  names = g_ptr_array_new_with_free_func (g_free);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_build_filename (path, name, NULL));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    append_path (sum, names->pdata[i], depth + 1);
}

/* A sum over one input and all that is below it. */
static char *
dup_sum (const char *path)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_autoptr (KlHasher) hasher = NULL;
  Sum sum = { text, NULL };

  append_path (&sum, path, 0);
  if (sum.hasher == NULL)
    return kl_sha256_data (text->str, text->len);
  feed (&sum);
  hasher = sum.hasher;
  return kl_hasher_finish (hasher);
}

static void
append_input (GString *text, const char *path, GHashTable *known, gboolean *complete)
{
  g_autofree char *own = NULL;
  const char *sum = known != NULL ? g_hash_table_lookup (known, path) : NULL;

  if (*path == '\0')
    return;
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    *complete = FALSE;
  if (sum == NULL)
    {
      sum = own = dup_sum (path);
      if (known != NULL)
        g_hash_table_insert (known, g_strdup (path), g_strdup (sum));
    }
  g_string_append_printf (text, "%s %s\n", path, sum);
}

/* Copied with its catalog, a file keeps its time and gets a new inode change time. */
static void
append_source (GString *text, const char *entry)
{
  g_autofree char *source = g_build_filename (entry, KL_SOURCE_WIM_FILE, NULL);
  struct stat info;

  if (stat (source, &info) == 0)
    g_string_append_printf (text, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld\n",
                            (gint64) info.st_size, (gint64) info.st_mtim.tv_sec,
                            info.st_mtim.tv_nsec);
}

/**
 * kl_input_stamp_new:
 * @entry: folder of the catalog entry
 * @known: (nullable): path → sum of inputs that were looked at a moment ago, and gets those that
 *   are looked at now: images often share their drivers
 * @complete: (out): whether all folders and files that the recipe names are there
 *
 * Blocks while folders are listed; any thread.
 *
 * Returns: (transfer full): the stamp
 */
char *
kl_input_stamp_new (const KlRecipe *recipe,
                    const char *entry,
                    GHashTable *known,
                    gboolean *complete)
{
  const char *const inputs[]
      = { recipe->binaries, recipe->extra_files, recipe->prestart_files, recipe->background };
  g_autoptr (GString) text = g_string_new (FORMAT_VERSION "\n");

  *complete = TRUE;
  append_source (text, entry);
  for (gsize i = 0; i < G_N_ELEMENTS (inputs); i++)
    append_input (text, inputs[i], known, complete);
  for (guint i = 0; i < recipe->drivers->len; i++)
    {
      const KlRecipeDriver *driver = recipe->drivers->pdata[i];

      if (driver->enabled)
        append_input (text, driver->path, known, complete);
    }
  return kl_sha256_data (text->str, text->len);
}
