/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-known-sums"

#include "edit/known-sums.h"

#include <errno.h>
#include <string.h>

#include <glib/gstdio.h>

#include "base/atomic-file.h"
#include "base/checksum.h"
#include "base/file-io.h"

/* The file: this, entries as they are in memory, and the CRC-32C of both. */
#define MAGIC "KLSUMS2"
#define MAGIC_SIZE (sizeof MAGIC)
#define CRC_SIZE sizeof (guint32)

/* So much is kept: the newest ones, of less than 1 MiB in all. */
#define MAX_ENTRIES 10000

/* A file that was changed a moment ago may be changed again without showing another time: FAT
 * counts in steps of two seconds, and a server's clock may be behind. Nanoseconds. */
#define SETTLED (10 * (gint64) 1000000000)

typedef struct
{
  /* Of its path, the beginning of the SHA-1: some file systems give the number of an inode to
   * another file once they are mounted again. */
  guint64 name;
  guint64 device, inode, size;
  gint64 modified, changed; /* nanoseconds since 1970 */
} Key;

typedef struct
{
  Key key;
  guint8 sha1[KL_SHA1_SIZE];
  guint32 is_used; /* in this run; 0 in the file */
} Entry;

G_STATIC_ASSERT (sizeof (Entry) == 72);

struct _KlKnownSums
{
  char *path;
  GMutex lock;
  GHashTable *entries; /* of Entry, a set; guarded by lock */
  gboolean has_new;    /* guarded by lock */
};

static guint
entry_hash (gconstpointer entry)
{
  const Key *key = &((const Entry *) entry)->key;

  return (guint) (key->inode * 31 + key->size + (guint64) key->modified);
}

static gboolean
entry_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (&((const Entry *) a)->key, &((const Entry *) b)->key, sizeof (Key)) == 0;
}

static gint64
in_nanoseconds (const struct timespec *time)
{
  return (gint64) time->tv_sec * 1000000000 + time->tv_nsec;
}

static Key
make_key (const char *path, const struct stat *info)
{
  guint8 sha1[KL_SHA1_SIZE];
  guint64 name;

  kl_sha1_data (path, strlen (path), sha1);
  memcpy (&name, sha1, sizeof name);
  return (Key){ name,
                (guint64) info->st_dev,
                (guint64) info->st_ino,
                (guint64) info->st_size,
                in_nanoseconds (&info->st_mtim),
                in_nanoseconds (&info->st_ctim) };
}

/* What is no such file, or is damaged, says nothing. */
static void
read_entries (KlKnownSums *self)
{
  const gsize overhead = MAGIC_SIZE + CRC_SIZE;
  struct stat info;
  g_autofd int fd = kl_open_with_info (self->path, &info, NULL);
  g_autofree guint8 *data = NULL;
  gsize size;
  guint32 crc;

  if (fd < 0 || (guint64) info.st_size > overhead + MAX_ENTRIES * sizeof (Entry)
      || (gsize) info.st_size < overhead || ((gsize) info.st_size - overhead) % sizeof (Entry) != 0)
    return;
  size = (gsize) info.st_size;
  data = kl_read_all (fd, size, self->path, NULL);
  if (data == NULL || memcmp (data, MAGIC, MAGIC_SIZE) != 0)
    return;
  memcpy (&crc, data + size - CRC_SIZE, CRC_SIZE);
  if (crc != kl_crc32c_update (0, data, size - CRC_SIZE))
    return;

  for (gsize at = MAGIC_SIZE; at < size - CRC_SIZE; at += sizeof (Entry))
    g_hash_table_add (self->entries, g_memdup2 (data + at, sizeof (Entry)));
}

/**
 * kl_known_sums_load:
 * @path: of a file that may be there, in a folder that may be there
 *
 * Returns: (transfer full): what was saved there; nothing, where that cannot be read
 */
KlKnownSums *
kl_known_sums_load (const char *path)
{
  KlKnownSums *self = g_new0 (KlKnownSums, 1);

  self->path = g_strdup (path);
  self->entries = g_hash_table_new_full (entry_hash, entry_equal, g_free, NULL);
  g_mutex_init (&self->lock);
  read_entries (self);
  return self;
}

void
kl_known_sums_free (KlKnownSums *self)
{
  if (self == NULL)
    return;

  g_hash_table_unref (self->entries);
  g_mutex_clear (&self->lock);
  g_free (self->path);
  g_free (self);
}

/**
 * kl_known_sums_find:
 * @self: (nullable)
 * @path: of the file
 * @sha1: (out caller-allocates): 20 bytes, where the sum is known
 *
 * Any thread.
 *
 * Returns: whether the sum of this file is known
 */
gboolean
kl_known_sums_find (KlKnownSums *self, const char *path, const struct stat *info, guint8 *sha1)
{
  const Entry wanted = { .key = make_key (path, info) };
  Entry *entry;

  if (self == NULL)
    return FALSE;

  g_mutex_lock (&self->lock);
  entry = g_hash_table_lookup (self->entries, &wanted);
  if (entry != NULL)
    {
      entry->is_used = TRUE;
      memcpy (sha1, entry->sha1, KL_SHA1_SIZE);
    }
  g_mutex_unlock (&self->lock);
  return entry != NULL;
}

/**
 * kl_known_sums_add:
 * @self: (nullable)
 * @path: of a file that was summed up just now
 * @fd: of it
 * @info: of it, before
 * @sha1: 20 bytes
 *
 * Takes note of a sum, unless the file was changed meanwhile or shortly before. Any thread.
 */
void
kl_known_sums_add (
    KlKnownSums *self, const char *path, int fd, const struct stat *info, const guint8 *sha1)
{
  const gint64 settled = g_get_real_time () * 1000 - SETTLED;
  Entry entry = { .key = make_key (path, info), .is_used = TRUE };
  struct stat after;
  Key now;

  if (self == NULL || fstat (fd, &after) != 0)
    return;
  now = make_key (path, &after);
  if (memcmp (&now, &entry.key, sizeof now) != 0 || now.modified > settled || now.changed > settled)
    return;

  memcpy (entry.sha1, sha1, KL_SHA1_SIZE);
  g_mutex_lock (&self->lock);
  g_hash_table_add (self->entries, g_memdup2 (&entry, sizeof entry));
  self->has_new = TRUE;
  g_mutex_unlock (&self->lock);
}

/* Those that were used now, or those that were not, as long as there is room. */
static void
append (KlKnownSums *self, GByteArray *data, gboolean used)
{
  GHashTableIter iter;
  gpointer item;

  g_hash_table_iter_init (&iter, self->entries);
  while (data->len < MAGIC_SIZE + MAX_ENTRIES * sizeof (Entry)
         && g_hash_table_iter_next (&iter, &item, NULL))
    {
      Entry entry = *(const Entry *) item;

      if ((entry.is_used != 0) != used)
        continue;
      entry.is_used = 0;
      g_byte_array_append (data, (const guint8 *) &entry, sizeof entry);
    }
}

/**
 * kl_known_sums_save:
 *
 * Keeps what is known now, if that is more than before. What fails is nobody's error. One thread.
 */
void
kl_known_sums_save (KlKnownSums *self)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autofree char *folder = g_path_get_dirname (self->path);
  g_autoptr (GError) error = NULL;
  guint32 crc;

  if (!self->has_new)
    return;

  g_byte_array_append (data, (const guint8 *) MAGIC, MAGIC_SIZE);
  append (self, data, TRUE);
  append (self, data, FALSE);
  crc = kl_crc32c_update (0, data->data, data->len);
  g_byte_array_append (data, (const guint8 *) &crc, sizeof crc);
  g_mkdir (folder, KL_FOLDER_MODE);
  if (!kl_replace_file (self->path, data->data, data->len, &error))
    g_message ("Files that are added to images will be read again: %s", error->message);
}

/**
 * kl_known_sums_forget:
 *
 * Removes what is kept: after a failure, in case that it comes of a file that is not what it was.
 */
void
kl_known_sums_forget (KlKnownSums *self)
{
  g_unlink (self->path);
}
