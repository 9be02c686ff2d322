/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-metadata"

#include "wim/wim-metadata.h"

#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/error.h"
#include "wim/wim-format.h"

#define MAX_DEPTH 1000
#define MAX_NAME 255 /* UTF-16 units */
#define NO_SECURITY G_MAXUINT32

#define DIRECTORY 0x00000010u
#define NORMAL 0x00000080u
#define REPARSE_POINT 0x00000400u

typedef struct _Entry Entry;

struct _Entry
{
  guint8 *own;       /* owned; NULL for what was there */
  const guint8 *raw; /* the entry with its streams, in own or in the resource */
  gsize size;        /* of it, bytes */
  Entry *children;
  Entry *next;
  gsize written; /* where it stands in what is written */
};

struct _KlWimMetadata
{
  GBytes *bytes;
  char *name; /* for messages */
  KlBytesView view;
  gsize security_size; /* bytes */
  gsize read;          /* bytes of entries so far, against those that lead to each other */
  Entry *root;
  guint n_files;
  guint n_folders;
};

static gsize
align (gsize size)
{
  return (size + 7) & ~(gsize) 7;
}

static guint16
get_u16 (const Entry *entry, gsize offset)
{
  guint16 value;

  memcpy (&value, entry->raw + offset, sizeof value);
  return GUINT16_FROM_LE (value);
}

static guint32
get_u32 (const Entry *entry, gsize offset)
{
  guint32 value;

  memcpy (&value, entry->raw + offset, sizeof value);
  return GUINT32_FROM_LE (value);
}

static guint64
get_u64 (const Entry *entry, gsize offset)
{
  guint64 value;

  memcpy (&value, entry->raw + offset, sizeof value);
  return GUINT64_FROM_LE (value);
}

#define FIELD(member) G_STRUCT_OFFSET (KlWimDiskEntry, member)

static gboolean
is_folder (const Entry *entry)
{
  return (get_u32 (entry, FIELD (attributes)) & DIRECTORY) != 0;
}

static void
entry_free (Entry *entry)
{
  while (entry != NULL)
    {
      Entry *next = entry->next;

      entry_free (entry->children);
      g_free (entry->own);
      g_free (entry);
      entry = next;
    }
}

static gboolean
set_damaged (KlWimMetadata *self, gsize offset, GError **error)
{
  g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
               "The metadata of an image in “%s” are damaged at byte %" G_GSIZE_FORMAT
               " of %" G_GSIZE_FORMAT,
               self->name, offset, self->view.size);
  return FALSE;
}

/* The length of the streams that stand behind an entry. */
static gboolean
measure_streams (KlWimMetadata *self, gsize offset, guint n, gsize *size, GError **error)
{
  gsize at = offset;

  for (guint i = 0; i < n; i++)
    {
      KlBytesView stream;
      guint64 length;

      if (!kl_view_u64 (self->view, at, &length) || length < sizeof (KlWimDiskStream)
          || !kl_view_slice (self->view, at, length, &stream))
        return set_damaged (self, at, error);
      at = MIN (at + align ((gsize) length), self->view.size);
    }
  *size = at - offset;
  return TRUE;
}

/* One entry without its children; @entry becomes NULL at the end of a folder. */
static gboolean
read_entry (KlWimMetadata *self, gsize offset, Entry **entry, GError **error)
{
  KlBytesView view;
  guint64 length;
  guint16 n_streams, name, short_name;
  gsize streams;

  *entry = NULL;
  if (!kl_view_u64 (self->view, offset, &length))
    return set_damaged (self, offset, error);
  if (length <= 8)
    return TRUE;
  if (length < sizeof (KlWimDiskEntry) || length > G_MAXUINT32
      || !kl_view_slice (self->view, offset, align ((gsize) length), &view)
      || !kl_view_u16 (view, FIELD (n_streams), &n_streams)
      || !kl_view_u16 (view, FIELD (name_size), &name)
      || !kl_view_u16 (view, FIELD (short_name_size), &short_name)
      || sizeof (KlWimDiskEntry) + name + short_name > length || name % 2 != 0
      || !measure_streams (self, offset + view.size, n_streams, &streams, NULL)
      || (self->read += view.size + streams) > self->view.size)
    return set_damaged (self, offset, error);

  *entry = g_new0 (Entry, 1);
  (*entry)->raw = view.data;
  (*entry)->size = view.size + streams;
  return TRUE;
}

static gboolean
read_children (KlWimMetadata *self, Entry *folder, guint depth, GError **error)
{
  guint64 offset = get_u64 (folder, FIELD (children));
  Entry **last = &folder->children;

  self->n_folders++;
  if (offset == 0)
    return TRUE;
  if (depth > MAX_DEPTH)
    return set_damaged (self, (gsize) offset, error);

  for (;;)
    {
      if (!read_entry (self, (gsize) offset, last, error))
        return FALSE;
      if (*last == NULL)
        return TRUE;
      offset += (*last)->size;
      if (!is_folder (*last))
        self->n_files++;
      else if (!read_children (self, *last, depth + 1, error))
        return FALSE;
      last = &(*last)->next;
    }
}

/**
 * kl_wim_metadata_new:
 * @bytes: the resource, uncompressed
 * @name: of the file that it comes from, for messages
 *
 * The format is wimlib's, src/metadata_resource.c, src/security.c and src/dentry.c.
 *
 * Errors: KL_ERROR_WIM_DAMAGED. Any thread.
 *
 * Returns: (transfer full) (nullable): the metadata
 */
KlWimMetadata *
kl_wim_metadata_new (GBytes *bytes, const char *name, GError **error)
{
  g_autoptr (KlWimMetadata) self = g_new0 (KlWimMetadata, 1);
  guint32 security = 0;

  self->bytes = g_bytes_ref (bytes);
  self->name = g_strdup (name);
  self->view.data = g_bytes_get_data (bytes, &self->view.size);
  if (!kl_view_u32 (self->view, 0, &security))
    {
      set_damaged (self, 0, error);
      return NULL;
    }
  self->security_size = MAX (align (security), 8);
  if (!read_entry (self, self->security_size, &self->root, error))
    return NULL;
  if (self->root == NULL || !is_folder (self->root))
    {
      set_damaged (self, self->security_size, error);
      return NULL;
    }
  return read_children (self, self->root, 0, error) ? g_steal_pointer (&self) : NULL;
}

void
kl_wim_metadata_free (KlWimMetadata *self)
{
  if (self == NULL)
    return;

  entry_free (self->root);
  g_bytes_unref (self->bytes);
  g_free (self->name);
  g_free (self);
}

static guint16
get_name_unit (const Entry *entry, gsize i)
{
  return get_u16 (entry, sizeof (KlWimDiskEntry) + 2 * i);
}

static guint
fold_unit (guint16 unit)
{
  return g_unichar_toupper (unit);
}

/* By name as Windows sorts them: without case. */
static int
compare (const Entry *entry, const guint16 *name, gsize length)
{
  gsize entry_length = get_u16 (entry, FIELD (name_size)) / 2;

  for (gsize i = 0; i < MIN (entry_length, length); i++)
    {
      guint left = fold_unit (get_name_unit (entry, i)), right = fold_unit (name[i]);

      if (left != right)
        return left < right ? -1 : 1;
    }
  return entry_length < length ? -1 : entry_length > length;
}

static gboolean
is_same (const Entry *entry, const guint16 *name, gsize length)
{
  if (get_u16 (entry, FIELD (name_size)) != 2 * length)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (get_name_unit (entry, i) != name[i])
      return FALSE;
  return TRUE;
}

/* The entry of a name, as it is spelt if there is one, else whatever its case. */
static Entry **
find_child (Entry *folder, const guint16 *name, gsize length)
{
  Entry **found = NULL;

  for (Entry **at = &folder->children; *at != NULL; at = &(*at)->next)
    if (compare (*at, name, length) == 0 && (found == NULL || is_same (*at, name, length)))
      found = at;
  return found;
}

static Entry *
make_entry (const guint16 *name, gsize length, guint32 attributes, const guint8 *sha1, guint64 time)
{
  Entry *entry = g_new0 (Entry, 1);
  KlWimDiskEntry *disk;

  entry->size = align (sizeof *disk + 2 * length + 2);
  entry->own = g_malloc0 (entry->size);
  entry->raw = entry->own;
  disk = (KlWimDiskEntry *) entry->own;
  kl_put_u64 (disk->length, entry->size);
  kl_put_u32 (disk->attributes, attributes);
  kl_put_u32 (disk->security, NO_SECURITY);
  kl_put_u64 (disk->created, time);
  kl_put_u64 (disk->read, time);
  kl_put_u64 (disk->changed, time);
  if (sha1 != NULL)
    memcpy (disk->sha1, sha1, sizeof disk->sha1);
  kl_put_u16 (disk->name_size, (guint16) (2 * length));
  for (gsize i = 0; i < length; i++)
    kl_put_u16 (entry->own + sizeof *disk + 2 * i, name[i]);
  return entry;
}

static void
insert (Entry *folder, Entry *entry, const guint16 *name, gsize length)
{
  Entry **at = &folder->children;

  while (*at != NULL && compare (*at, name, length) < 0)
    at = &(*at)->next;
  entry->next = *at;
  *at = entry;
}

/* The folder of that name, made where there is none. */
static Entry *
enter_folder (KlWimMetadata *self, Entry *parent, const guint16 *name, gsize length, guint64 time)
{
  Entry **found = find_child (parent, name, length);
  Entry *made;

  if (found != NULL)
    return is_folder (*found) && (get_u32 (*found, FIELD (attributes)) & REPARSE_POINT) == 0
               ? *found
               : NULL;

  made = make_entry (name, length, DIRECTORY, NULL, time);
  insert (parent, made, name, length);
  self->n_folders++;
  return made;
}

static gboolean
put_file (KlWimMetadata *self,
          Entry *folder,
          const guint16 *name,
          gsize length,
          const guint8 *sha1,
          guint64 time)
{
  Entry **found = find_child (folder, name, length);
  Entry *made;

  if (found != NULL && is_folder (*found))
    return FALSE;

  made = make_entry (name, length, NORMAL, sha1, time);
  if (found == NULL)
    {
      insert (folder, made, name, length);
      self->n_files++;
      return TRUE;
    }

  made->next = g_steal_pointer (&(*found)->next);
  entry_free (*found);
  *found = made;
  return TRUE;
}

/**
 * kl_wim_metadata_put:
 * @path: "\Windows\System32\winpeshl.ini"; folders that are not there are made
 * @sha1: (nullable): of the content; %NULL for an empty file
 * @time: of the file and of new folders, 100 ns since 1601
 *
 * Adds a plain file, in the place of one of the same name, whatever its case: nothing of that one
 * is kept, neither attributes nor short name. It has no security descriptor.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT for a path that no file can have here.
 */
gboolean
kl_wim_metadata_put (
    KlWimMetadata *self, const char *path, const guint8 *sha1, guint64 time, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (path, "\\", -1);
  guint n = g_strv_length (parts);
  Entry *folder = self->root;
  gboolean ok = n > 0;

  for (guint i = 0; ok && i < n; i++)
    {
      glong length = 0;
      g_autofree guint16 *name = g_utf8_to_utf16 (parts[i], -1, NULL, &length, NULL);

      if (i == 0 && n > 1 && *parts[0] == '\0')
        continue;
      ok = name != NULL && length > 0 && length <= MAX_NAME;
      if (ok && i + 1 == n)
        ok = put_file (self, folder, name, (gsize) length, sha1, time);
      else if (ok)
        ok = (folder = enter_folder (self, folder, name, (gsize) length, time)) != NULL;
    }
  if (!ok)
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "There is no place for a file “%s” in the image", path);
  return ok;
}

typedef struct
{
  KlWimMetadataFunc func;
  gpointer user_data;
  GHashTable *groups; /* numbers of files that have several names */
} Visit;

static void
visit_sum (Visit *visit, const guint8 *sha1, gboolean is_link)
{
  static const guint8 zeros[KL_SHA1_SIZE];

  if (memcmp (sha1, zeros, sizeof zeros) != 0)
    visit->func (sha1, is_link, visit->user_data);
}

static void
visit_entry (Visit *visit, const Entry *entry)
{
  guint64 length = get_u64 (entry, FIELD (length));
  guint64 group = get_u64 (entry, FIELD (group));
  gboolean links = (get_u32 (entry, FIELD (attributes)) & REPARSE_POINT) == 0 && group != 0;
  gboolean is_link = links && g_hash_table_contains (visit->groups, &group);
  gsize at = align ((gsize) length);

  if (links && !is_link)
    g_hash_table_add (visit->groups, g_memdup2 (&group, sizeof group));
  visit_sum (visit, entry->raw + FIELD (sha1), is_link);
  for (guint i = get_u16 (entry, FIELD (n_streams)); i > 0; i--)
    {
      visit_sum (visit, entry->raw + at + G_STRUCT_OFFSET (KlWimDiskStream, sha1), is_link);
      at += align ((gsize) get_u64 (entry, at));
    }
  for (const Entry *child = entry->children; child != NULL; child = child->next)
    visit_entry (visit, child);
}

/**
 * kl_wim_metadata_foreach:
 *
 * Calls @func for each content of each name in the image, as often as it is referred to: an empty
 * file has none, one with alternate streams has several.
 */
void
kl_wim_metadata_foreach (KlWimMetadata *self, KlWimMetadataFunc func, gpointer user_data)
{
  g_autoptr (GHashTable) groups = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  Visit visit = { func, user_data, groups };

  visit_entry (&visit, self->root);
}

guint
kl_wim_metadata_get_n_files (KlWimMetadata *self)
{
  return self->n_files;
}

guint
kl_wim_metadata_get_n_folders (KlWimMetadata *self)
{
  return self->n_folders;
}

static void
append (GByteArray *out, const void *data, gsize size)
{
  static const guint8 zeros[8];

  g_byte_array_append (out, data, (guint) size);
  g_byte_array_append (out, zeros, (guint) (align (size) - size));
}

static void
append_entry (GByteArray *out, Entry *entry)
{
  entry->written = out->len;
  append (out, entry->raw, entry->size);
}

/* The children of a folder stand together, and what is below them comes after all of them. */
static void
write_children (GByteArray *out, Entry *folder)
{
  static const guint8 end[8];

  kl_put_u64 (out->data + folder->written + FIELD (children), out->len);
  for (Entry *child = folder->children; child != NULL; child = child->next)
    append_entry (out, child);
  append (out, end, sizeof end);
  for (Entry *child = folder->children; child != NULL; child = child->next)
    if (child->children != NULL || get_u64 (child, FIELD (children)) != 0
        || (child->own != NULL && is_folder (child)))
      write_children (out, child);
}

/**
 * kl_wim_metadata_write:
 *
 * Returns: (transfer full): the resource with all that was added, uncompressed
 */
GByteArray *
kl_wim_metadata_write (KlWimMetadata *self)
{
  static const guint8 end[8];
  GByteArray *out = g_byte_array_sized_new ((guint) self->view.size);

  append (out, self->view.data, self->security_size);
  append_entry (out, self->root);
  append (out, end, sizeof end);
  write_children (out, self->root);
  return out;
}
