/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "iso9660.h"

#include <stddef.h>

#define VOLUME_DESCRIPTOR_SECTOR 16
#define MAX_DIRECTORY_BYTES (1024 * 1024)

/* Offsets in a directory record, ECMA-119 9.1. */
#define RECORD_EXTENT 2
#define RECORD_BYTES 10
#define RECORD_FLAGS 25
#define RECORD_NAME_LENGTH 32
#define RECORD_NAME 33

#define FLAG_DIRECTORY 0x02
#define FLAG_MORE_EXTENTS 0x80

typedef struct
{
  uint64_t offset; /* bytes from the start of the volume */
  uint32_t bytes;
  uint8_t flags;
} Extent;

static uint32_t
get_u32 (const uint8_t *bytes)
{
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t) bytes[3] << 24;
}

static char
to_upper (char c)
{
  return c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
}

/* Takes the extent of a record; false if it does not lie within the volume. */
static bool
get_extent (const Iso9660 *self, const uint8_t *record, Extent *extent)
{
  extent->offset = (uint64_t) get_u32 (record + RECORD_EXTENT) * ISO9660_SECTOR;
  extent->bytes = get_u32 (record + RECORD_BYTES);
  extent->flags = record[RECORD_FLAGS];
  return extent->offset <= self->volume_bytes
         && extent->bytes <= self->volume_bytes - extent->offset;
}

/* Names count without ";n" and without dots at their end, and without case. */
static bool
is_named (const uint8_t *record, const char *name, size_t name_length)
{
  const char *own = (const char *) record + RECORD_NAME;
  size_t own_length = 0;

  while (own_length < record[RECORD_NAME_LENGTH] && own[own_length] != ';')
    own_length++;
  while (own_length > 0 && own[own_length - 1] == '.')
    own_length--;
  if (own_length != name_length)
    return false;
  for (size_t i = 0; i < name_length; i++)
    if (to_upper (own[i]) != to_upper (name[i]))
      return false;
  return true;
}

/* Looks through one sector of a directory. A record that is too short or reaches beyond its sector
 * ends the sector, as the zero after the last one does. */
static bool
find_in_sector (const uint8_t *sector, const char *name, size_t name_length, const uint8_t **record)
{
  size_t position = 0;

  while (position + RECORD_NAME < ISO9660_SECTOR)
    {
      const uint8_t *candidate = sector + position;
      size_t length = candidate[0];

      if (length <= RECORD_NAME || length > ISO9660_SECTOR - position)
        return false;
      if (candidate[RECORD_NAME_LENGTH] <= length - RECORD_NAME
          && is_named (candidate, name, name_length))
        {
          *record = candidate;
          return true;
        }
      position += length;
    }
  return false;
}

static Iso9660Result
find_in_directory (const Iso9660 *self,
                   const Extent *directory,
                   const char *name,
                   size_t name_length,
                   Extent *found)
{
  uint8_t sector[ISO9660_SECTOR];
  const uint8_t *record;

  if (directory->bytes > MAX_DIRECTORY_BYTES)
    return ISO9660_DAMAGED;
  for (uint32_t done = 0; done < directory->bytes; done += ISO9660_SECTOR)
    {
      if (!self->read (self->context, directory->offset + done, sector, ISO9660_SECTOR))
        return ISO9660_UNREADABLE;
      if (find_in_sector (sector, name, name_length, &record))
        return get_extent (self, record, found) ? ISO9660_FOUND : ISO9660_DAMAGED;
    }
  return ISO9660_MISSING;
}

/* Reads the primary volume descriptor. The volume descriptor of a bootable disc is at sector 16,
 * for El Torito's stands at 17. */
Iso9660Result
iso9660_open (Iso9660 *self, Iso9660Read read, void *context, uint64_t volume_bytes)
{
  static const uint8_t magic[] = { 1, 'C', 'D', '0', '0', '1' };
  uint8_t sector[ISO9660_SECTOR];
  Extent root;

  self->read = read;
  self->context = context;
  self->volume_bytes = volume_bytes;
  if (!read (context, VOLUME_DESCRIPTOR_SECTOR * ISO9660_SECTOR, sector, sizeof sector))
    return ISO9660_UNREADABLE;
  for (size_t i = 0; i < sizeof magic; i++)
    if (sector[i] != magic[i])
      return ISO9660_DAMAGED;
  /* +128: size of a logical block; +156: record of the root directory */
  if (sector[128] != (ISO9660_SECTOR & 0xff) || sector[129] != ISO9660_SECTOR >> 8)
    return ISO9660_DAMAGED;
  if (!get_extent (self, sector + 156, &root))
    return ISO9660_DAMAGED;
  self->root_offset = root.offset;
  self->root_bytes = root.bytes;
  return ISO9660_FOUND;
}

/* Finds the file @path ("/sources/boot.wim"). Its extent is given in bytes and lies within the
 * volume. A path that names a directory counts as missing. */
Iso9660Result
iso9660_find (const Iso9660 *self, const char *path, uint64_t *offset, uint32_t *bytes)
{
  Extent current = { self->root_offset, self->root_bytes, FLAG_DIRECTORY };

  while (*path == '/')
    {
      const char *name = ++path;
      Iso9660Result result;

      while (*path != '/' && *path != '\0')
        path++;
      if ((current.flags & FLAG_DIRECTORY) == 0 || path == name)
        return ISO9660_MISSING;
      result = find_in_directory (self, &current, name, (size_t) (path - name), &current);
      if (result != ISO9660_FOUND)
        return result;
    }
  if ((current.flags & FLAG_DIRECTORY) != 0)
    return ISO9660_MISSING;
  if ((current.flags & FLAG_MORE_EXTENTS) != 0)
    return ISO9660_SPLIT;
  *offset = current.offset;
  *bytes = current.bytes;
  return ISO9660_FOUND;
}
