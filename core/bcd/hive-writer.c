/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-hive-writer"

#include "bcd/hive-writer.h"

#include <string.h>

#include "base/bytes.h"
#include "bcd/hive-format.h"

/* An lf list in one cell; Windows splits longer ones with an index, which no store of ours needs.
 */
#define MAX_SUBKEYS 500
#define CHECKSUM_WORDS 127

typedef struct
{
  char *name;   /* owned; ASCII */
  guint32 type; /* KlHiveType */
  GBytes *data; /* owned; as stored */
} Value;

struct _KlHiveKey
{
  KlHiveWriter *writer; /* borrowed */
  char *name;           /* owned; ASCII */
  GPtrArray *subkeys;   /* owned; of KlHiveKey */
  GPtrArray *values;    /* owned; of Value, in the order in which they were set */
  guint32 cell;         /* while writing */
};

struct _KlHiveWriter
{
  guint64 filetime; /* 100 ns since 1601 */
  KlHiveKey *root;  /* owned */
  guint n_keys;
  GByteArray *bins; /* while writing: what follows the base block */
  guint32 security; /* while writing: cell */
};

/* Self-relative: owner Administrators, group SYSTEM, full control for both, inherited by subkeys
 * (media-formats.md 7.4, SD_SY_BA). */
static const guint8 security_descriptor[] = {
  0x01, 0x00, 0x04, 0x80, 0x48, 0x00, 0x00, 0x00, 0x58, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
  0x00, 0x14, 0x00, 0x00, 0x00, 0x02, 0x00, 0x34, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02,
  0x14, 0x00, 0x3f, 0x00, 0x0f, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x12,
  0x00, 0x00, 0x00, 0x00, 0x02, 0x18, 0x00, 0x3f, 0x00, 0x0f, 0x00, 0x01, 0x02, 0x00, 0x00,
  0x00, 0x00, 0x00, 0x05, 0x20, 0x00, 0x00, 0x00, 0x20, 0x02, 0x00, 0x00, 0x01, 0x02, 0x00,
  0x00, 0x00, 0x00, 0x00, 0x05, 0x20, 0x00, 0x00, 0x00, 0x20, 0x02, 0x00, 0x00, 0x01, 0x01,
  0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x12, 0x00, 0x00, 0x00,
};

G_STATIC_ASSERT (sizeof security_descriptor == 100);

static gboolean
is_name (const char *name)
{
  return name != NULL && name[0] != '\0' && strlen (name) <= 255 && g_str_is_ascii (name)
         && strchr (name, '\\') == NULL;
}

static void
value_free (gpointer data)
{
  Value *value = data;

  g_free (value->name);
  g_bytes_unref (value->data);
  g_free (value);
}

static void
key_free (gpointer data)
{
  KlHiveKey *key = data;

  g_free (key->name);
  g_ptr_array_unref (key->subkeys);
  g_ptr_array_unref (key->values);
  g_free (key);
}

static KlHiveKey *
key_new (KlHiveWriter *writer, const char *name)
{
  KlHiveKey *key = g_new0 (KlHiveKey, 1);

  key->writer = writer;
  key->name = g_strdup (name);
  key->subkeys = g_ptr_array_new_with_free_func (key_free);
  key->values = g_ptr_array_new_with_free_func (value_free);
  writer->n_keys++;
  return key;
}

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  const KlHiveKey *first = *(KlHiveKey *const *) a;
  const KlHiveKey *second = *(KlHiveKey *const *) b;
  g_autofree char *upper_first = g_ascii_strup (first->name, -1);
  g_autofree char *upper_second = g_ascii_strup (second->name, -1);

  return strcmp (upper_first, upper_second);
}

static void
set_value (KlHiveKey *key, const char *name, KlHiveType type, GBytes *data)
{
  Value *value = g_new0 (Value, 1);

  value->name = g_strdup (name);
  value->type = type;
  value->data = data;
  g_ptr_array_add (key->values, value);
}

/* UTF-16LE with a closing NUL, as the registry stores text. */
static void
append_utf16 (GByteArray *target, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree gunichar2 *units = NULL;
  glong n_units;
  glong i;

  units = g_utf8_to_utf16 (valid, -1, NULL, &n_units, NULL);
  g_assert (units != NULL);
  for (i = 0; i <= n_units; i++)
    {
      guint8 unit[2];

      kl_put_u16 (unit, units[i]);
      g_byte_array_append (target, unit, sizeof unit);
    }
}

/* Appends a cell in use with room for @size bytes, zeroed. Returns its offset; @data is valid until
 * the next cell. */
static guint32
add_cell (KlHiveWriter *self, gsize size, void **data)
{
  gsize offset = self->bins->len;
  gsize whole = (size + 4 + KL_HIVE_CELL_UNIT - 1) / KL_HIVE_CELL_UNIT * KL_HIVE_CELL_UNIT;

  g_byte_array_set_size (self->bins, (guint) (offset + whole));
  memset (self->bins->data + offset, 0, whole);
  kl_put_u32 (self->bins->data + offset, (guint32) - (gint32) whole);
  *data = self->bins->data + offset + 4;
  return (guint32) offset;
}

static guint32
write_data (KlHiveWriter *self, const void *bytes, gsize size)
{
  void *data;
  guint32 cell = add_cell (self, size, &data);

  memcpy (data, bytes, size);
  return cell;
}

static void
write_security (KlHiveWriter *self)
{
  void *data;
  KlHiveSk sk = { { 's', 'k' } };

  self->security = add_cell (self, sizeof sk + sizeof security_descriptor, &data);
  sk.next = GUINT32_TO_LE (self->security);
  sk.previous = GUINT32_TO_LE (self->security);
  sk.references = GUINT32_TO_LE (self->n_keys);
  sk.size = GUINT32_TO_LE (sizeof security_descriptor);
  memcpy (data, &sk, sizeof sk);
  memcpy ((guint8 *) data + sizeof sk, security_descriptor, sizeof security_descriptor);
}

static guint32
write_value (KlHiveWriter *self, const Value *value)
{
  gsize name_length = strlen (value->name);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (value->data, &size);
  KlHiveVk vk = { { 'v', 'k' } };
  void *data;
  guint32 cell;

  vk.name_length = GUINT16_TO_LE ((guint16) name_length);
  vk.type = GUINT32_TO_LE (value->type);
  vk.flags = GUINT16_TO_LE (KL_HIVE_VK_ASCII);
  if (size <= sizeof vk.data)
    {
      vk.size = GUINT32_TO_LE ((guint32) size | KL_HIVE_VK_INLINE);
      if (size > 0)
        memcpy (&vk.data, bytes, size);
    }
  else
    {
      vk.size = GUINT32_TO_LE ((guint32) size);
      vk.data = GUINT32_TO_LE (write_data (self, bytes, size));
    }
  cell = add_cell (self, sizeof vk + name_length, &data);
  memcpy (data, &vk, sizeof vk);
  memcpy ((guint8 *) data + sizeof vk, value->name, name_length);
  return cell;
}

static guint32
write_values (KlHiveWriter *self, const KlHiveKey *key)
{
  g_autofree guint32 *cells = g_new0 (guint32, key->values->len + 1);
  guint i;

  if (key->values->len == 0)
    return KL_HIVE_NO_CELL;
  for (i = 0; i < key->values->len; i++)
    cells[i] = GUINT32_TO_LE (write_value (self, key->values->pdata[i]));
  return write_data (self, cells, key->values->len * sizeof cells[0]);
}

static guint32
write_subkey_list (KlHiveWriter *self, const KlHiveKey *key)
{
  guint n = key->subkeys->len;
  KlHiveLf lf = { { 'l', 'f' } };
  void *data;
  guint32 cell;
  guint i;

  if (n == 0)
    return KL_HIVE_NO_CELL;
  cell = add_cell (self, sizeof lf + n * sizeof (KlHiveLfEntry), &data);
  lf.n_entries = GUINT16_TO_LE ((guint16) n);
  memcpy (data, &lf, sizeof lf);
  for (i = 0; i < n; i++)
    {
      const KlHiveKey *subkey = key->subkeys->pdata[i];
      KlHiveLfEntry entry = { 0 };

      entry.key = GUINT32_TO_LE (subkey->cell);
      memcpy (entry.hint, subkey->name, MIN (strlen (subkey->name), sizeof entry.hint));
      memcpy ((guint8 *) data + sizeof lf + i * sizeof entry, &entry, sizeof entry);
    }
  return cell;
}

static void
measure_members (const KlHiveKey *key, KlHiveNk *nk)
{
  gsize longest_subkey = 0;
  gsize longest_value = 0;
  gsize largest_data = 0;
  guint i;

  for (i = 0; i < key->subkeys->len; i++)
    longest_subkey = MAX (longest_subkey, strlen (((KlHiveKey *) key->subkeys->pdata[i])->name));
  for (i = 0; i < key->values->len; i++)
    {
      const Value *value = key->values->pdata[i];

      longest_value = MAX (longest_value, strlen (value->name));
      largest_data = MAX (largest_data, g_bytes_get_size (value->data));
    }
  nk->longest_subkey = GUINT32_TO_LE ((guint32) (2 * longest_subkey));
  nk->longest_value = GUINT32_TO_LE ((guint32) (2 * longest_value));
  nk->largest_data = GUINT32_TO_LE ((guint32) largest_data);
}

/* The cell of a key comes first, for its subkeys point to it; it is filled last, when the cells it
 * points to are known. As deep as the caller's tree. */
static void
write_key (KlHiveWriter *self, KlHiveKey *key, guint32 parent)
{
  gsize name_length = strlen (key->name);
  KlHiveNk nk = { { 'n', 'k' } };
  guint8 *at;
  void *data;
  guint i;

  key->cell = add_cell (self, sizeof nk + name_length, &data);
  nk.flags = GUINT16_TO_LE (key == self->root ? KL_HIVE_NK_ROOT : KL_HIVE_NK_PLAIN);
  nk.filetime = GUINT64_TO_LE (self->filetime);
  nk.parent = GUINT32_TO_LE (parent);
  nk.n_values = GUINT32_TO_LE (key->values->len);
  nk.values = GUINT32_TO_LE (write_values (self, key));
  g_ptr_array_sort (key->subkeys, compare_keys);
  for (i = 0; i < key->subkeys->len; i++)
    write_key (self, key->subkeys->pdata[i], key->cell);
  nk.n_subkeys = GUINT32_TO_LE (key->subkeys->len);
  nk.subkeys = GUINT32_TO_LE (write_subkey_list (self, key));
  nk.volatile_subkeys = KL_HIVE_NO_CELL;
  nk.security = GUINT32_TO_LE (self->security);
  nk.class_name = KL_HIVE_NO_CELL;
  nk.name_length = GUINT16_TO_LE ((guint16) name_length);
  measure_members (key, &nk);

  at = self->bins->data + key->cell + 4;
  memcpy (at, &nk, sizeof nk);
  memcpy (at + sizeof nk, key->name, name_length);
}

/* One bin for all cells; what remains of its last unit is one free cell. */
static void
write_bin (KlHiveWriter *self)
{
  KlHiveBin bin = { { 'h', 'b', 'i', 'n' } };
  gsize used;
  gsize whole;

  g_byte_array_set_size (self->bins, sizeof bin);
  write_security (self);
  write_key (self, self->root, 0);

  used = self->bins->len;
  whole = (used + KL_HIVE_BIN_UNIT - 1) / KL_HIVE_BIN_UNIT * KL_HIVE_BIN_UNIT;
  g_byte_array_set_size (self->bins, (guint) whole);
  if (whole > used)
    {
      memset (self->bins->data + used, 0, whole - used);
      kl_put_u32 (self->bins->data + used, (guint32) (whole - used));
    }
  bin.size = GUINT32_TO_LE ((guint32) whole);
  bin.filetime = GUINT64_TO_LE (self->filetime);
  memcpy (self->bins->data, &bin, sizeof bin);
}

static guint32
compute_checksum (const KlHiveBase *base)
{
  KlBytesView view = { (const guint8 *) base, sizeof *base };
  guint32 sum = 0;
  guint32 word = 0;
  guint i;

  for (i = 0; i < CHECKSUM_WORDS; i++)
    {
      kl_view_u32 (view, i * sizeof word, &word);
      sum ^= word;
    }
  if (sum == 0)
    return 1;
  return sum == G_MAXUINT32 ? G_MAXUINT32 - 1 : sum;
}

static void
fill_base (KlHiveWriter *self, KlHiveBase *base)
{
  memset (base, 0, sizeof *base);
  memcpy (base->signature, "regf", sizeof base->signature);
  base->first_sequence = GUINT32_TO_LE (1);
  base->second_sequence = GUINT32_TO_LE (1);
  base->filetime = GUINT64_TO_LE (self->filetime);
  base->major = GUINT32_TO_LE (1);
  base->minor = GUINT32_TO_LE (3);
  base->format = GUINT32_TO_LE (1);
  base->root = GUINT32_TO_LE (self->root->cell);
  base->bins_size = GUINT32_TO_LE (self->bins->len);
  base->clustering = GUINT32_TO_LE (1);
  base->checksum = GUINT32_TO_LE (compute_checksum (base));
}

/**
 * kl_hive_writer_new:
 * @root_name: of the root key, ASCII
 * @filetime: of everything in the hive, 100 ns units since 1601 UTC
 *
 * Begins a hive with an empty root key.
 *
 * Returns: (transfer full): a writer; free with kl_hive_writer_free()
 */
KlHiveWriter *
kl_hive_writer_new (const char *root_name, guint64 filetime)
{
  KlHiveWriter *self;

  g_return_val_if_fail (is_name (root_name), NULL);

  self = g_new0 (KlHiveWriter, 1);
  self->filetime = filetime;
  self->root = key_new (self, root_name);
  return self;
}

void
kl_hive_writer_free (KlHiveWriter *self)
{
  if (self == NULL)
    return;
  key_free (self->root);
  g_free (self);
}

KlHiveKey *
kl_hive_writer_get_root (KlHiveWriter *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->root;
}

/**
 * kl_hive_writer_to_bytes:
 *
 * Writes the tree: base block and one bin (media-formats.md 7.4). Subkeys are sorted by upper-case
 * name, as readers search them; values keep their order.
 *
 * Returns: (transfer full): the hive, a multiple of 4096 bytes
 */
GBytes *
kl_hive_writer_to_bytes (KlHiveWriter *self)
{
  g_autoptr (GByteArray) bins = g_byte_array_new ();
  g_autoptr (GByteArray) hive = g_byte_array_new ();
  KlHiveBase base;

  g_return_val_if_fail (self != NULL, NULL);

  self->bins = bins;
  write_bin (self);
  fill_base (self, &base);
  g_byte_array_append (hive, (const guint8 *) &base, sizeof base);
  g_byte_array_append (hive, bins->data, bins->len);
  self->bins = NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&hive));
}

/**
 * kl_hive_key_add:
 * @name: ASCII, at most 255 characters, not yet among the subkeys
 *
 * Adds a subkey, at most 500 to one key.
 *
 * Returns: (transfer none): the subkey; the writer owns it
 */
KlHiveKey *
kl_hive_key_add (KlHiveKey *parent, const char *name)
{
  KlHiveKey *key;

  g_return_val_if_fail (parent != NULL && is_name (name), NULL);
  g_return_val_if_fail (parent->subkeys->len < MAX_SUBKEYS, NULL);

  key = key_new (parent->writer, name);
  g_ptr_array_add (parent->subkeys, key);
  return key;
}

/**
 * kl_hive_key_set_binary:
 * @data: copied
 *
 * Adds a REG_BINARY value; a name must be set only once.
 */
void
kl_hive_key_set_binary (KlHiveKey *key, const char *name, const void *data, gsize length)
{
  g_return_if_fail (key != NULL && is_name (name));

  set_value (key, name, KL_HIVE_BINARY, g_bytes_new (data, length));
}

void
kl_hive_key_set_dword (KlHiveKey *key, const char *name, guint32 value)
{
  guint8 data[4];

  g_return_if_fail (key != NULL && is_name (name));

  kl_put_u32 (data, value);
  set_value (key, name, KL_HIVE_DWORD, g_bytes_new (data, sizeof data));
}

/**
 * kl_hive_key_set_string:
 * @value: UTF-8
 *
 * Adds a REG_SZ value: UTF-16LE with a closing NUL.
 */
void
kl_hive_key_set_string (KlHiveKey *key, const char *name, const char *value)
{
  GByteArray *data;

  g_return_if_fail (key != NULL && is_name (name) && value != NULL);

  data = g_byte_array_new ();
  append_utf16 (data, value);
  set_value (key, name, KL_HIVE_SZ, g_byte_array_free_to_bytes (data));
}

/**
 * kl_hive_key_set_strings:
 * @values: UTF-8, ends with %NULL, none empty
 *
 * Adds a REG_MULTI_SZ value: each text with its NUL, and one more NUL.
 */
void
kl_hive_key_set_strings (KlHiveKey *key, const char *name, const char *const *values)
{
  GByteArray *data;
  guint i;

  g_return_if_fail (key != NULL && is_name (name) && values != NULL);

  data = g_byte_array_new ();
  for (i = 0; values[i] != NULL; i++)
    append_utf16 (data, values[i]);
  append_utf16 (data, "");
  set_value (key, name, KL_HIVE_MULTI_SZ, g_byte_array_free_to_bytes (data));
}
