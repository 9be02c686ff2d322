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
#define NO_PLAIN_FILE                                                                              \
  (DIRECTORY | REPARSE_POINT | 0x00000040u | 0x00004000u) /* device, encrypted */

/* What is added comes in pieces of that size, many entries to a piece; bytes. */
#define ARENA_SIZE ((gsize) 256 << 10)

typedef struct _Entry Entry;
typedef struct _Folder Folder;

/* There are as many as files in the image: what only folders have stands elsewhere. */
struct _Entry
{
  const guint8 *raw; /* the entry with its streams, in the resource or among what was added */
  Entry *next;       /* in the folder */
  Folder *folder;    /* NULL for what is none */
  guint32 size;      /* of raw, bytes */
  gboolean is_own;   /* it was added */
};

struct _Folder
{
  Entry *children;   /* that were there, and what took their places; in the order of the resource */
  GPtrArray *added;  /* of Entry, borrowed: those with new names, in any order; NULL for none */
  GHashTable *index; /* of Entry, by name without case: all of them; NULL before the first search */
  gboolean has_twins; /* names that differ only by case */
  gsize written;      /* where its entry stands in what is written */
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

  GPtrArray *arena;   /* of pieces of memory that hold all entries; they go with the object */
  guint8 *arena_at;   /* what is free of the last piece */
  gsize arena_left;   /* bytes of it */
  GPtrArray *folders; /* of Folder, owned */
  guint64 searched[(sizeof (KlWimDiskEntry) + 2 * MAX_NAME + 8) / 8]; /* what index is asked for */

  /* The folder that got the last file: the next one is most often for the same. */
  GString *last_path; /* of it, with the separator */
  Entry *last_folder; /* NULL for none */
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

static gpointer
arena_take (KlWimMetadata *self, gsize size)
{
  size = align (size);
  if (size > self->arena_left)
    {
      self->arena_left = MAX (size, ARENA_SIZE);
      g_ptr_array_add (self->arena, g_malloc0 (self->arena_left));
      self->arena_left -= size;
      self->arena_at = (guint8 *) self->arena->pdata[self->arena->len - 1] + size;
      return self->arena->pdata[self->arena->len - 1];
    }
  self->arena_left -= size;
  self->arena_at += size;
  return self->arena_at - size;
}

static void
folder_free (gpointer data)
{
  Folder *folder = data;

  g_clear_pointer (&folder->added, g_ptr_array_unref);
  g_clear_pointer (&folder->index, g_hash_table_unref);
  g_free (folder);
}

static Entry *
entry_new (KlWimMetadata *self, const guint8 *raw, gsize size)
{
  Entry *entry = arena_take (self, sizeof *entry);

  entry->raw = raw;
  entry->size = (guint32) size;
  if (is_folder (entry))
    {
      entry->folder = g_new0 (Folder, 1);
      g_ptr_array_add (self->folders, entry->folder);
    }
  return entry;
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
  gsize streams = 0;

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
      || view.size + streams > G_MAXUINT32 || (self->read += view.size + streams) > self->view.size)
    return set_damaged (self, offset, error);

  *entry = entry_new (self, view.data, view.size + streams);
  return TRUE;
}

static gboolean
read_children (KlWimMetadata *self, Entry *folder, guint depth, GError **error)
{
  guint64 offset = get_u64 (folder, FIELD (children));
  Entry **last = &folder->folder->children;

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
  self->arena = g_ptr_array_new_with_free_func (g_free);
  self->folders = g_ptr_array_new_with_free_func (folder_free);
  self->last_path = g_string_new (NULL);
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

  g_ptr_array_unref (self->folders);
  g_ptr_array_unref (self->arena);
  g_string_free (self->last_path, TRUE);
  g_bytes_unref (self->bytes);
  g_free (self->name);
  g_free (self);
}

static gsize
get_name_length (const Entry *entry)
{
  return get_u16 (entry, FIELD (name_size)) / 2;
}

static guint16
get_name_unit (const Entry *entry, gsize i)
{
  return get_u16 (entry, sizeof (KlWimDiskEntry) + 2 * i);
}

static guint
fold_unit (guint16 unit)
{
  return unit < 0x80 ? (guint) g_ascii_toupper ((char) unit) : g_unichar_toupper (unit);
}

/* By name as Windows sorts them: without case. */
static int
compare (const Entry *a, const Entry *b)
{
  gsize length_a = get_name_length (a), length_b = get_name_length (b);

  for (gsize i = 0; i < MIN (length_a, length_b); i++)
    {
      guint left = fold_unit (get_name_unit (a, i)), right = fold_unit (get_name_unit (b, i));

      if (left != right)
        return left < right ? -1 : 1;
    }
  return length_a < length_b ? -1 : length_a > length_b;
}

static int
compare_added (gconstpointer a, gconstpointer b)
{
  return compare (*(Entry *const *) a, *(Entry *const *) b);
}

static guint
name_hash (gconstpointer key)
{
  gsize length = get_name_length (key);
  guint hash = 5381;

  for (gsize i = 0; i < length; i++)
    hash = hash * 33 + fold_unit (get_name_unit (key, i));
  return hash;
}

static gboolean
name_equal (gconstpointer a, gconstpointer b)
{
  return get_name_length (a) == get_name_length (b) && compare (a, b) == 0;
}

static gboolean
is_same (const Entry *a, const Entry *b)
{
  return get_u16 (a, FIELD (name_size)) == get_u16 (b, FIELD (name_size))
         && memcmp (a->raw + sizeof (KlWimDiskEntry), b->raw + sizeof (KlWimDiskEntry),
                    get_u16 (a, FIELD (name_size)))
                == 0;
}

static void
make_index (Folder *folder)
{
  folder->index = g_hash_table_new (name_hash, name_equal);
  for (Entry *child = folder->children; child != NULL; child = child->next)
    if (g_hash_table_contains (folder->index, child))
      folder->has_twins = TRUE;
    else
      g_hash_table_add (folder->index, child);
}

/* An entry that has a name and nothing else, until the next one is asked for. */
static Entry
make_searched (KlWimMetadata *self, const guint16 *name, gsize length)
{
  guint8 *raw = (guint8 *) self->searched;

  kl_put_u16 (raw + FIELD (name_size), (guint16) (2 * length));
  for (gsize i = 0; i < length; i++)
    kl_put_u16 (raw + sizeof (KlWimDiskEntry) + 2 * i, name[i]);
  return (Entry){ .raw = raw };
}

/* The entry of a name, as it is spelt if there is one, else whatever its case. */
static Entry *
find_child (KlWimMetadata *self, Folder *folder, const guint16 *name, gsize length)
{
  const Entry searched = make_searched (self, name, length);
  Entry *found;

  if (folder->index == NULL)
    make_index (folder);
  found = g_hash_table_lookup (folder->index, &searched);
  if (found == NULL || !folder->has_twins)
    return found;

  for (Entry *child = folder->children; child != NULL; child = child->next)
    if (is_same (child, &searched))
      return child;
  return found;
}

static Entry *
make_entry (KlWimMetadata *self,
            const guint16 *name,
            gsize length,
            guint32 attributes,
            const guint8 *sha1,
            guint64 time)
{
  gsize size = align (sizeof (KlWimDiskEntry) + 2 * length + 2);
  KlWimDiskEntry *disk = arena_take (self, size);
  guint8 *units = (guint8 *) disk + sizeof *disk;
  Entry *entry;

  kl_put_u64 (disk->length, size);
  kl_put_u32 (disk->attributes, attributes);
  kl_put_u32 (disk->security, NO_SECURITY);
  kl_put_u64 (disk->created, time);
  kl_put_u64 (disk->read, time);
  kl_put_u64 (disk->changed, time);
  if (sha1 != NULL)
    memcpy (disk->sha1, sha1, sizeof disk->sha1);
  kl_put_u16 (disk->name_size, (guint16) (2 * length));
  for (gsize i = 0; i < length; i++)
    kl_put_u16 (units + 2 * i, name[i]);
  entry = entry_new (self, (const guint8 *) disk, size);
  entry->is_own = TRUE;
  return entry;
}

static void
insert (Folder *folder, Entry *entry)
{
  if (folder->added == NULL)
    folder->added = g_ptr_array_new ();
  g_ptr_array_add (folder->added, entry);
  g_hash_table_add (folder->index, entry);
}

/* Puts an entry in the place of another one of the same name. */
static void
replace (Entry *there, const Entry *entry)
{
  Entry *next = there->next;

  *there = *entry;
  there->next = next;
}

/* The folder of that name. Where there is none, one is made if there is a @time for it. */
static Entry *
enter_folder (
    KlWimMetadata *self, Entry *parent, const guint16 *name, gsize length, const guint64 *time)
{
  Entry *found = find_child (self, parent->folder, name, length);

  if (found != NULL)
    return is_folder (found) && (get_u32 (found, FIELD (attributes)) & REPARSE_POINT) == 0 ? found
                                                                                           : NULL;
  if (time == NULL)
    return NULL;

  found = make_entry (self, name, length, DIRECTORY, NULL, *time);
  insert (parent->folder, found);
  self->n_folders++;
  return found;
}

static gboolean
put_file (KlWimMetadata *self,
          Entry *parent,
          const guint16 *name,
          gsize length,
          const guint8 *sha1,
          guint64 time)
{
  Entry *found = find_child (self, parent->folder, name, length);
  Entry *made;

  if (found != NULL && is_folder (found))
    return FALSE;

  made = make_entry (self, name, length, NORMAL, sha1, time);
  if (found != NULL)
    {
      replace (found, made);
      return TRUE;
    }
  insert (parent->folder, made);
  self->n_files++;
  return TRUE;
}

/* The folder that @path begins with, and its name behind that. */
static Entry *
enter_path (KlWimMetadata *self, const char *path, gsize length, const guint64 *time)
{
  g_autofree char *folders = NULL;
  g_auto (GStrv) parts = NULL;
  Entry *folder = self->root;

  if (self->last_folder != NULL && self->last_path->len == length
      && memcmp (self->last_path->str, path, length) == 0)
    return self->last_folder;

  folders = g_strndup (path, length > 0 ? length - 1 : 0);
  parts = g_strsplit (folders, "\\", -1);
  for (guint i = 0; folder != NULL && parts[i] != NULL; i++)
    {
      glong n = 0;
      g_autofree guint16 *name = g_utf8_to_utf16 (parts[i], -1, NULL, &n, NULL);

      if (i == 0 && *parts[0] == '\0')
        continue;
      folder = name != NULL && n > 0 && n <= MAX_NAME
                   ? enter_folder (self, folder, name, (gsize) n, time)
                   : NULL;
    }
  g_string_truncate (self->last_path, 0);
  g_string_append_len (self->last_path, path, (gssize) length);
  self->last_folder = folder;
  return folder;
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
  const char *last = strrchr (path, '\\');
  const char *base = last != NULL ? last + 1 : path;
  Entry *folder = enter_path (self, path, (gsize) (base - path), &time);
  glong n = 0;
  g_autofree guint16 *name = g_utf8_to_utf16 (base, -1, NULL, &n, NULL);
  gboolean ok = folder != NULL && name != NULL && n > 0 && n <= MAX_NAME
                && put_file (self, folder, name, (gsize) n, sha1, time);

  if (!ok)
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "There is no place for a file “%s” in the image", path);
  return ok;
}

/**
 * kl_wim_metadata_find:
 * @path: "\Windows\System32\winpeshl.ini"; the case does not matter
 *
 * Returns: (transfer none) (nullable): the SHA-1 of a plain file, 20 bytes, all zero where it is
 *   empty; %NULL where there is none
 */
const guint8 *
kl_wim_metadata_find (KlWimMetadata *self, const char *path)
{
  const char *last = strrchr (path, '\\');
  const char *base = last != NULL ? last + 1 : path;
  const Entry *folder = enter_path (self, path, (gsize) (base - path), NULL);
  glong n = 0;
  g_autofree guint16 *name = g_utf8_to_utf16 (base, -1, NULL, &n, NULL);
  const Entry *found = folder != NULL && name != NULL && n > 0 && n <= MAX_NAME
                           ? find_child (self, folder->folder, name, (gsize) n)
                           : NULL;

  if (found == NULL || (get_u32 (found, FIELD (attributes)) & NO_PLAIN_FILE) != 0)
    return NULL;
  return found->raw + FIELD (sha1);
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
  if (entry->folder == NULL)
    return;
  for (const Entry *child = entry->folder->children; child != NULL; child = child->next)
    visit_entry (visit, child);
  for (guint i = 0; entry->folder->added != NULL && i < entry->folder->added->len; i++)
    visit_entry (visit, entry->folder->added->pdata[i]);
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
append_entry (GByteArray *out, const Entry *entry)
{
  if (entry->folder != NULL)
    entry->folder->written = out->len;
  append (out, entry->raw, entry->size);
}

/* What was added goes where Windows looks for it: before the first that comes after it. */
static void
merge_added (Folder *folder)
{
  Entry **at = &folder->children;

  if (folder->added == NULL)
    return;

  g_ptr_array_sort (folder->added, compare_added);
  for (guint i = 0; i < folder->added->len; i++)
    {
      Entry *entry = folder->added->pdata[i];

      while (*at != NULL && compare (*at, entry) < 0)
        at = &(*at)->next;
      entry->next = *at;
      *at = entry;
      at = &entry->next;
    }
  g_clear_pointer (&folder->added, g_ptr_array_unref);
}

/* The children of a folder stand together, and what is below them comes after all of them. */
static void
write_children (GByteArray *out, const Entry *entry)
{
  static const guint8 end[8];
  Folder *folder = entry->folder;

  merge_added (folder);
  kl_put_u64 (out->data + folder->written + FIELD (children), out->len);
  for (const Entry *child = folder->children; child != NULL; child = child->next)
    append_entry (out, child);
  append (out, end, sizeof end);
  for (const Entry *child = folder->children; child != NULL; child = child->next)
    if (child->folder != NULL
        && (child->folder->children != NULL || child->folder->added != NULL
            || get_u64 (child, FIELD (children)) != 0 || child->is_own))
      write_children (out, child);
}

static gsize
measure (const Entry *entry)
{
  gsize size = align (entry->size);

  if (entry->folder == NULL)
    return size;
  for (const Entry *child = entry->folder->children; child != NULL; child = child->next)
    size += measure (child);
  for (guint i = 0; entry->folder->added != NULL && i < entry->folder->added->len; i++)
    size += measure (entry->folder->added->pdata[i]);
  return size + 8;
}

/**
 * kl_wim_metadata_write:
 *
 * To be called once, after all has been added.
 *
 * Returns: (transfer full): the resource with all that was added, uncompressed
 */
GByteArray *
kl_wim_metadata_write (KlWimMetadata *self)
{
  static const guint8 end[8];
  GByteArray *out
      = g_byte_array_sized_new ((guint) (self->security_size + sizeof end + measure (self->root)));

  append (out, self->view.data, self->security_size);
  append_entry (out, self->root);
  append (out, end, sizeof end);
  write_children (out, self->root);
  return out;
}
