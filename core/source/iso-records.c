/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-iso-records"

#include "source/iso-records.h"

#include "base/error.h"

/* ECMA-119 8.1: volume descriptors stand from block 16 on, until one of type 255. */
#define FIRST_DESCRIPTOR 16
#define MAX_DESCRIPTORS 64
#define TYPE_BOOT_RECORD 0
#define TYPE_PRIMARY 1
#define TYPE_SUPPLEMENTARY 2
#define TYPE_TERMINATOR 255

#define ROOT_RECORD 156      /* in a primary or supplementary descriptor */
#define ESCAPE_SEQUENCES 88  /* in a supplementary descriptor */
#define CATALOG_POINTER 0x47 /* in a boot record, El Torito 2.0 figure 7 */

/* ECMA-119 9.1: a directory record. */
#define RECORD_EXTENT 2
#define RECORD_SIZE 10
#define RECORD_FLAGS 25
#define RECORD_NAME_LENGTH 32
#define RECORD_NAME 33
#define FLAG_DIRECTORY 0x02
#define FLAG_MORE_EXTENTS 0x80

#define MAX_DEPTH 64

/* El Torito 2.0, figures 2 to 5. */
#define CATALOG_ENTRY 32
#define BOOTABLE 0x88
#define HEADER_MORE 0x90
#define HEADER_LAST 0x91
#define PLATFORM_BIOS 0x00
#define PLATFORM_EFI 0xEF

typedef struct
{
  KlBytesView head;
  KlIsoTree tree;
  GPtrArray *records; /* of KlIsoRecord */
  gsize left;         /* how many more records can stand in head; ends a tree that loops */
} Walk;

static void
record_free (KlIsoRecord *self)
{
  g_free (self->path);
  g_free (self);
}

static gboolean
set_format_error (GError **error, const char *what, const char *path)
{
  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "The ISO 9660 structures are wrong: %s (%s)", what,
               path);
  return FALSE;
}

static gboolean
is_joliet (KlBytesView descriptor)
{
  /* UCS-2 levels 1 to 3. */
  return kl_view_equals (descriptor, ESCAPE_SEQUENCES, "%/@", 3)
         || kl_view_equals (descriptor, ESCAPE_SEQUENCES, "%/C", 3)
         || kl_view_equals (descriptor, ESCAPE_SEQUENCES, "%/E", 3);
}

static gboolean
is_wanted (KlBytesView descriptor, guint8 type, guint8 wanted)
{
  return type == wanted && (wanted != TYPE_SUPPLEMENTARY || is_joliet (descriptor))
         && (wanted != TYPE_BOOT_RECORD
             || kl_view_equals (descriptor, 7, "EL TORITO SPECIFICATION", 23));
}

static gboolean
find_descriptor (KlBytesView head, guint8 wanted, KlBytesView *descriptor)
{
  for (guint64 block = FIRST_DESCRIPTOR; block < FIRST_DESCRIPTOR + MAX_DESCRIPTORS; block++)
    {
      guint8 type = TYPE_TERMINATOR;

      if (!kl_view_slice (head, block * KL_ISO_BLOCK, KL_ISO_BLOCK, descriptor)
          || !kl_view_equals (*descriptor, 1, "CD001", 5) || !kl_view_u8 (*descriptor, 0, &type)
          || type == TYPE_TERMINATOR)
        return FALSE;
      if (is_wanted (*descriptor, type, wanted))
        return TRUE;
    }

  return FALSE;
}

/* Joliet names are UCS-2, big end first. */
static char *
dup_name (Walk *walk, KlBytesView name)
{
  g_autofree gunichar2 *units = NULL;
  gsize n = name.size / 2;

  if (walk->tree == KL_ISO_TREE_PRIMARY)
    return g_strndup ((const char *) name.data, name.size);

  units = g_new (gunichar2, n + 1);
  for (gsize i = 0; i < n; i++)
    units[i] = (gunichar2) (name.data[2 * i] << 8 | name.data[2 * i + 1]);
  return g_utf16_to_utf8 (units, (glong) n, NULL, NULL, NULL);
}

static gboolean walk_directory (
    Walk *walk, guint64 offset, guint64 size, const char *path, guint depth, GError **error);

static gboolean
add_record (Walk *walk, KlBytesView record, const char *folder, guint depth, GError **error)
{
  guint8 flags = 0, name_length = 0;
  guint32 block = 0, size = 0;
  KlBytesView name;
  g_autofree char *text = NULL;
  g_autofree char *path = NULL;

  if (!kl_view_u32 (record, RECORD_EXTENT, &block) || !kl_view_u32 (record, RECORD_SIZE, &size)
      || !kl_view_u8 (record, RECORD_FLAGS, &flags)
      || !kl_view_u8 (record, RECORD_NAME_LENGTH, &name_length)
      || !kl_view_slice (record, RECORD_NAME, name_length, &name) || walk->left-- == 0)
    return set_format_error (error, "a directory record is cut off", folder);

  /* The folder itself and the one above it are called 0 and 1. */
  if (name_length == 1 && name.data[0] <= 1)
    return TRUE;
  text = dup_name (walk, name);
  if (text == NULL)
    return set_format_error (error, "a name is not UTF-16", folder);
  path = g_strconcat (folder, "/", text, NULL);
  if ((flags & FLAG_MORE_EXTENTS) != 0)
    return set_format_error (error, "a file has several extents", path);

  if ((flags & FLAG_DIRECTORY) != 0)
    return walk_directory (walk, (guint64) block * KL_ISO_BLOCK, size, path, depth + 1, error);

  g_ptr_array_add (walk->records, g_new0 (KlIsoRecord, 1));
  *(KlIsoRecord *) g_ptr_array_index (walk->records, walk->records->len - 1)
      = (KlIsoRecord){ g_steal_pointer (&path), (guint64) block * KL_ISO_BLOCK, size };
  return TRUE;
}

static gboolean
walk_directory (
    Walk *walk, guint64 offset, guint64 size, const char *path, guint depth, GError **error)
{
  KlBytesView directory;
  guint64 at = 0;

  if (depth > MAX_DEPTH)
    return set_format_error (error, "folders are nested too deep", path);
  if (!kl_view_slice (walk->head, offset, size, &directory))
    return set_format_error (error, "a folder lies outside the head", path);

  while (at < directory.size)
    {
      guint8 length = directory.data[at];
      KlBytesView record;

      /* A record never crosses a block; the rest of a block is zeros. */
      if (length == 0)
        {
          at += KL_ISO_BLOCK - at % KL_ISO_BLOCK;
          continue;
        }
      if (!kl_view_slice (directory, at, length, &record))
        return set_format_error (error, "a directory record is cut off", path);
      if (!add_record (walk, record, path, depth, error))
        return FALSE;
      at += length;
    }

  return TRUE;
}

/**
 * kl_iso_records_read:
 * @head: the volume from byte 0 up to the end of its directories, or more
 * @tree: which of the two trees
 *
 * Errors: KL_ERROR_FORMAT where the tree is absent, damaged, or has a file in several extents.
 * ECMA-119 8 and 9; Joliet: a supplementary descriptor with the escape sequences of UCS-2.
 *
 * Returns: (transfer full) (nullable) (element-type KlIsoRecord): the files, no folders
 */
GPtrArray *
kl_iso_records_read (KlBytesView head, KlIsoTree tree, GError **error)
{
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func ((GDestroyNotify) record_free);
  Walk walk = { head, tree, records, head.size / RECORD_NAME };
  KlBytesView descriptor;
  guint32 block = 0, size = 0;

  if (!find_descriptor (head, tree == KL_ISO_TREE_PRIMARY ? TYPE_PRIMARY : TYPE_SUPPLEMENTARY,
                        &descriptor)
      || !kl_view_u32 (descriptor, ROOT_RECORD + RECORD_EXTENT, &block)
      || !kl_view_u32 (descriptor, ROOT_RECORD + RECORD_SIZE, &size))
    {
      set_format_error (error, "there is no volume descriptor",
                        tree == KL_ISO_TREE_PRIMARY ? "ISO 9660" : "Joliet");
      return NULL;
    }

  if (!walk_directory (&walk, (guint64) block * KL_ISO_BLOCK, size, "", 0, error))
    return NULL;
  return g_steal_pointer (&records);
}

/**
 * kl_iso_records_find:
 * @path: in ASCII, compared without case, as boot managers do
 *
 * Returns: (transfer none) (nullable): the record
 */
const KlIsoRecord *
kl_iso_records_find (GPtrArray *records, const char *path)
{
  for (guint i = 0; i < records->len; i++)
    {
      const KlIsoRecord *record = g_ptr_array_index (records, i);

      if (g_ascii_strcasecmp (record->path, path) == 0)
        return record;
    }

  return NULL;
}

/**
 * kl_iso_boot_catalog_find:
 * @head: the volume descriptors, from byte 0 of the volume on
 * @offset: (out): where the boot catalogue lies; bytes
 *
 * Returns: %FALSE for a volume that nobody can boot
 */
gboolean
kl_iso_boot_catalog_find (KlBytesView head, guint64 *offset)
{
  KlBytesView descriptor;
  guint32 block = 0;

  if (!find_descriptor (head, TYPE_BOOT_RECORD, &descriptor)
      || !kl_view_u32 (descriptor, CATALOG_POINTER, &block))
    return FALSE;

  *offset = (guint64) block * KL_ISO_BLOCK;
  return TRUE;
}

static void
note_entry (KlIsoBootEntries *entries, guint8 platform, guint8 indicator)
{
  entries->bios = entries->bios || (platform == PLATFORM_BIOS && indicator == BOOTABLE);
  entries->efi = entries->efi || (platform == PLATFORM_EFI && indicator == BOOTABLE);
}

/**
 * kl_iso_boot_catalog_parse:
 * @catalog: the first bytes of the boot catalogue, 2048 are enough for 60 entries
 * @entries: (out): what it offers; nothing where the catalogue is not one
 *
 * media-formats.md 8.1: validation entry, initial entry, then section headers with their entries.
 */
void
kl_iso_boot_catalog_parse (KlBytesView catalog, KlIsoBootEntries *entries)
{
  guint8 platform = 0, indicator = 0;
  guint64 at = 2 * CATALOG_ENTRY;

  *entries = (KlIsoBootEntries){ FALSE, FALSE };
  if (!kl_view_equals (catalog, 0, "\x01", 1) || !kl_view_equals (catalog, 30, "\x55\xAA", 2)
      || !kl_view_u8 (catalog, 1, &platform) || !kl_view_u8 (catalog, CATALOG_ENTRY, &indicator))
    return;

  note_entry (entries, platform, indicator);
  while (kl_view_u8 (catalog, at, &indicator)
         && (indicator == HEADER_MORE || indicator == HEADER_LAST))
    {
      gboolean last = indicator == HEADER_LAST;
      guint16 count = 0;

      if (!kl_view_u8 (catalog, at + 1, &platform) || !kl_view_u16 (catalog, at + 2, &count))
        return;
      at += CATALOG_ENTRY;
      for (guint i = 0; i < count && kl_view_u8 (catalog, at, &indicator); i++)
        {
          note_entry (entries, platform, indicator);
          at += CATALOG_ENTRY;
        }
      if (last)
        return;
    }
}
