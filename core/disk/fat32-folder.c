/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-fat32-folder"

#include "disk/fat32-folder.h"

#include "disk/fat32-name.h"

#define ENTRY_BYTES sizeof (KlFatEntry)
#define DELETED 0xe5
#define MAX_PIECES 20
#define BASE_LENGTH 8

/* The pieces of a long name so far. */
typedef struct
{
  gunichar2 units[MAX_PIECES * KL_FAT_LONG_UNITS];
  guint next; /* the number of the piece that must follow; 0: all are there */
  guint n_pieces;
  guint8 checksum;
} LongName;

void
kl_fat32_item_clear (KlFat32Item *self)
{
  g_clear_pointer (&self->name, g_free);
}

static guint16
get_u16 (const guint8 *at)
{
  return (guint16) (at[0] | at[1] << 8);
}

/* Takes a piece; one that does not fit to those before makes the name void. */
static void
take_piece (LongName *self, const KlFatLongEntry *entry)
{
  guint number = entry->order & ~KL_FAT_LONG_LAST;
  gunichar2 *units;

  if (entry->order & KL_FAT_LONG_LAST)
    {
      self->n_pieces = self->next = number;
      self->checksum = entry->checksum;
    }
  if (number == 0 || number > MAX_PIECES || number != self->next
      || entry->checksum != self->checksum)
    {
      self->n_pieces = 0;
      return;
    }

  units = self->units + (number - 1) * KL_FAT_LONG_UNITS;
  for (guint i = 0; i < 5; i++)
    *units++ = get_u16 (entry->first + 2 * i);
  for (guint i = 0; i < 6; i++)
    *units++ = get_u16 (entry->second + 2 * i);
  for (guint i = 0; i < 2; i++)
    *units++ = get_u16 (entry->third + 2 * i);
  self->next--;
}

/* NULL where there is none that belongs to @entry. */
static char *
dup_long_name (const LongName *self, const KlFatEntry *entry)
{
  guint length = 0, limit = self->n_pieces * KL_FAT_LONG_UNITS;

  if (self->n_pieces == 0 || self->next != 0
      || self->checksum != kl_fat32_name_checksum (entry->name))
    return NULL;

  while (length < limit && self->units[length] != 0)
    length++;
  return g_utf16_to_utf8 (self->units, length, NULL, NULL, NULL);
}

static void
append_part (GString *name, const char *part, guint length, gboolean lower)
{
  while (length > 0 && part[length - 1] == ' ')
    length--;

  /* The code page of other characters is not known. */
  for (guint i = 0; i < length; i++)
    if ((guchar) part[i] >= 0x80)
      g_string_append_c (name, '_');
    else
      g_string_append_c (name, lower ? g_ascii_tolower (part[i]) : part[i]);
}

static char *
dup_short_name (const KlFatEntry *entry)
{
  GString *name = g_string_new (NULL);
  gsize base;

  append_part (name, entry->name, BASE_LENGTH, entry->case_flags & KL_FAT_CASE_LOWER_BASE);
  base = name->len;
  g_string_append_c (name, '.');
  append_part (name, entry->name + BASE_LENGTH, 3, entry->case_flags & KL_FAT_CASE_LOWER_EXTENSION);
  if (name->len == base + 1)
    g_string_truncate (name, base);
  return g_string_free (name, FALSE);
}

/**
 * kl_fat32_folder_next:
 * @folder: the content of a folder, from outside
 * @at: (inout): bytes; 0 at first, then as it was left
 * @item: (out): clear with kl_fat32_item_clear()
 *
 * Returns: whether there is one more; labels, deleted entries and the folder's own are left out
 */
gboolean
kl_fat32_folder_next (KlBytesView folder, gsize *at, KlFat32Item *item)
{
  LongName long_name = { .n_pieces = 0 };
  KlBytesView slice;

  while (kl_view_slice (folder, *at, ENTRY_BYTES, &slice) && slice.data[0] != 0)
    {
      KlFatEntry entry;

      *at += ENTRY_BYTES;
      memcpy (&entry, slice.data, sizeof entry);
      if ((guint8) entry.name[0] == DELETED)
        long_name.n_pieces = 0;
      else if ((entry.attributes & 0x3f) == KL_FAT_ATTRIBUTE_LONG_NAME)
        take_piece (&long_name, (const KlFatLongEntry *) (gconstpointer) slice.data);
      else if ((entry.attributes & KL_FAT_ATTRIBUTE_LABEL) != 0 || entry.name[0] == '.')
        long_name.n_pieces = 0;
      else
        {
          item->name = dup_long_name (&long_name, &entry);
          if (item->name == NULL)
            item->name = dup_short_name (&entry);
          item->is_folder = (entry.attributes & KL_FAT_ATTRIBUTE_DIRECTORY) != 0;
          item->first_cluster = (guint32) GUINT16_FROM_LE (entry.cluster_high) << 16
                                | GUINT16_FROM_LE (entry.cluster);
          item->size = GUINT32_FROM_LE (entry.size);
          return TRUE;
        }
    }
  return FALSE;
}
