/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-hive-edit"

#include "edit/hive-edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <hivex.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file-io.h"

#define HEADER_SIZE 4096
#define MAX_HIVE_SIZE ((guint64) 512 << 20) /* bytes */

/* The base block of a hive: signature, two sequence numbers that agree once all is written. */
#define SIGNATURE "regf"
#define SEQUENCE_1_OFFSET 0x04
#define SEQUENCE_2_OFFSET 0x08
#define TIME_OFFSET 0x0c /* of the last write; 100 ns since 1601 */
#define CHECKSUM_OFFSET 0x1fc

struct _KlHive
{
  hive_h *handle; /* owned */
  char *path;
  guint8 header[HEADER_SIZE]; /* as it was */
};

static gboolean
set_damaged (GError **error, const char *path, const char *what)
{
  g_autofree char *name = g_path_get_basename (path);

  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "The %s hive of the image %s", name, what);
  return FALSE;
}

/* A hive whose writer never finished is not to be changed: what its log holds would be lost. */
static gboolean
check_header (const char *path, guint8 *header, GError **error)
{
  struct stat info;
  g_autofd int fd = kl_open_with_info (path, &info, error);
  KlBytesView view = { header, HEADER_SIZE };
  guint32 first = 0, second = 0;

  if (fd < 0)
    return FALSE;
  if (info.st_size < 2 * HEADER_SIZE || (guint64) info.st_size > MAX_HIVE_SIZE)
    return set_damaged (error, path, "is damaged: it has no size that a hive has");
  if (!kl_read_at (fd, header, HEADER_SIZE, 0, path, error))
    return FALSE;

  if (!kl_view_equals (view, 0, SIGNATURE, strlen (SIGNATURE)))
    return set_damaged (error, path, "is damaged: it does not begin as a hive does");
  kl_view_u32 (view, SEQUENCE_1_OFFSET, &first);
  kl_view_u32 (view, SEQUENCE_2_OFFSET, &second);
  if (first != second)
    return set_damaged (error, path,
                        "was not written to its end; start the image once, or take another copy");
  return TRUE;
}

void
kl_hive_free (KlHive *self)
{
  if (self == NULL)
    return;

  if (self->handle != NULL)
    hivex_close (self->handle);
  g_free (self->path);
  g_free (self);
}

/**
 * kl_hive_open:
 * @path: a hive of format 1.3, read into memory
 *
 * Errors: KL_ERROR_FORMAT for a hive that is damaged or was not written to its end, KL_ERROR_* of
 * reading. Blocks.
 *
 * Returns: (transfer full): the hive; the file changes only in kl_hive_save()
 */
KlHive *
kl_hive_open (const char *path, GError **error)
{
  g_autoptr (KlHive) self = g_new0 (KlHive, 1);

  self->path = g_strdup (path);
  if (!check_header (path, self->header, error))
    return NULL;

  self->handle = hivex_open (path, HIVEX_OPEN_WRITE);
  if (self->handle == NULL)
    {
      g_autofree char *what = g_strdup_printf ("is damaged: %s", g_strerror (errno));

      set_damaged (error, path, what);
      return NULL;
    }
  return g_steal_pointer (&self);
}

/**
 * kl_hive_save:
 *
 * Writes a hive back in place, with the time that it had, so that the same input gives the same
 * bytes.
 *
 * Errors: KL_ERROR_* of writing. Blocks.
 */
gboolean
kl_hive_save (KlHive *self, GError **error)
{
  g_autofd int fd = -1;
  guint8 written[512];
  guint32 sum = 0;

  if (hivex_commit (self->handle, NULL, 0) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot write “%s”", self->path);
      return FALSE;
    }

  fd = open (self->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot write “%s”", self->path);
      return FALSE;
    }
  if (!kl_read_at (fd, written, sizeof written, 0, self->path, error))
    return FALSE;

  memcpy (written + TIME_OFFSET, self->header + TIME_OFFSET, 8);
  for (gsize i = 0; i < CHECKSUM_OFFSET; i += 4)
    {
      guint32 word;

      memcpy (&word, written + i, sizeof word);
      sum ^= GUINT32_FROM_LE (word);
    }
  kl_put_u32 (written + CHECKSUM_OFFSET, sum);
  return kl_write_at (fd, written, sizeof written, 0, self->path, error);
}

/* 0 where there is no such key. */
static hive_node_h
find_key (KlHive *self, const char *key)
{
  g_auto (GStrv) parts = g_strsplit (key, "\\", -1);
  hive_node_h node = hivex_root (self->handle);

  for (guint i = 0; node != 0 && parts[i] != NULL; i++)
    node = hivex_node_get_child (self->handle, node, parts[i]);
  return node;
}

gboolean
kl_hive_has_key (KlHive *self, const char *key)
{
  return find_key (self, key) != 0;
}

/**
 * kl_hive_set_damaged:
 * @what: what is wrong, behind “The SYSTEM hive of the image”
 *
 * Sets KL_ERROR_FORMAT. Returns: %FALSE
 */
gboolean
kl_hive_set_damaged (KlHive *self, const char *what, GError **error)
{
  return set_damaged (error, self->path, what);
}

/* A key that has to be there. */
static hive_node_h
need_key (KlHive *self, const char *key, GError **error)
{
  hive_node_h node = find_key (self, key);

  if (node == 0)
    {
      g_autofree char *what = g_strdup_printf ("has no key “%s”", key);

      set_damaged (error, self->path, what);
    }
  return node;
}

/**
 * kl_hive_list_keys:
 *
 * Returns: (transfer full) (array zero-terminated=1): the names of the keys in @key; none where it
 *   is not there
 */
char **
kl_hive_list_keys (KlHive *self, const char *key)
{
  hive_node_h node = find_key (self, key);
  hive_node_h *children = node != 0 ? hivex_node_children (self->handle, node) : NULL;
  GPtrArray *names = g_ptr_array_new ();

  for (gsize i = 0; children != NULL && children[i] != 0; i++)
    {
      char *name = hivex_node_name (self->handle, children[i]);

      if (name != NULL)
        g_ptr_array_add (names, g_strdup (name));
      free (name);
    }
  free (children);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

/**
 * kl_hive_get_value:
 * @type: the type that the value must have
 *
 * Returns: (transfer full) (nullable): the bytes of a value; %NULL where there is none of that type
 */
GBytes *
kl_hive_get_value (KlHive *self, const char *key, const char *name, KlHiveValueType type)
{
  hive_node_h node = find_key (self, key);
  hive_value_h value = node != 0 ? hivex_node_get_value (self->handle, node, name) : 0;
  GBytes *bytes = NULL;
  hive_type found;
  size_t length;
  char *data;

  if (value == 0)
    return NULL;

  data = hivex_value_value (self->handle, value, &found, &length);
  if (data != NULL && (int) found == (int) type)
    bytes = g_bytes_new (data, length);
  free (data);
  return bytes;
}

/**
 * kl_hive_get_string:
 *
 * Returns: (transfer full) (nullable): a value of type REG_SZ as UTF-8
 */
char *
kl_hive_get_string (KlHive *self, const char *key, const char *name)
{
  g_autoptr (GBytes) bytes = kl_hive_get_value (self, key, name, KL_HIVE_VALUE_STRING);
  gsize size = 0;
  const guint8 *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
  g_autofree gunichar2 *text = g_new0 (gunichar2, size / 2 + 1);

  for (gsize i = 0; i + 1 < size; i += 2)
    text[i / 2] = (gunichar2) (data[i] | data[i + 1] << 8);
  return bytes != NULL ? g_utf16_to_utf8 (text, -1, NULL, NULL, NULL) : NULL;
}

/**
 * kl_hive_set_value:
 * @parent: must be there
 * @child: (nullable): a key in @parent, made where it lacks; %NULL for @parent itself
 *
 * Errors: KL_ERROR_FORMAT where @parent is not there, KL_ERROR_* where the hive cannot grow.
 */
gboolean
kl_hive_set_value (KlHive *self,
                   const char *parent,
                   const char *child,
                   const char *name,
                   KlHiveValueType type,
                   gconstpointer data,
                   gsize length,
                   GError **error)
{
  g_autofree char *owned_name = g_strdup (name);
  g_autofree char *owned_data = g_memdup2 (data, length);
  const hive_set_value value = { owned_name, (hive_type) type, length, owned_data };
  hive_node_h node = need_key (self, parent, error);
  hive_node_h inner;

  if (node == 0)
    return FALSE;

  inner = child != NULL ? hivex_node_get_child (self->handle, node, child) : node;
  if (inner == 0)
    inner = hivex_node_add_child (self->handle, node, child);
  if (inner == 0)
    {
      kl_set_error_errno (error, errno, "Cannot add the key %s to “%s”", child, self->path);
      return FALSE;
    }
  if (hivex_node_set_value (self->handle, inner, &value, 0) == 0)
    return TRUE;

  kl_set_error_errno (error, errno, "Cannot set the value “%s” in “%s”", name, self->path);
  return FALSE;
}

gboolean
kl_hive_set_number (KlHive *self,
                    const char *parent,
                    const char *child,
                    const char *name,
                    guint32 number,
                    GError **error)
{
  guint8 value[4];

  kl_put_u32 (value, number);
  return kl_hive_set_value (self, parent, child, name, KL_HIVE_VALUE_NUMBER, value, sizeof value,
                            error);
}

gboolean
kl_hive_set_string (KlHive *self,
                    const char *parent,
                    const char *child,
                    const char *name,
                    const char *text,
                    GError **error)
{
  glong units = 0;
  g_autofree gunichar2 *utf16 = g_utf8_to_utf16 (text, -1, NULL, &units, NULL);

  for (glong i = 0; i < units; i++)
    utf16[i] = GUINT16_TO_LE (utf16[i]);
  return kl_hive_set_value (self, parent, child, name, KL_HIVE_VALUE_STRING, utf16,
                            ((gsize) units + 1) * 2, error);
}
