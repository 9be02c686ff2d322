/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "medium.h"

#include <efilib.h>

#define MAX_PATH 255
#define MAX_BLOCK 65536 /* bytes */

static EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
static EFI_GUID block_io = EFI_BLOCK_IO_PROTOCOL_GUID;
static EFI_GUID file_system = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;

/* Whether the device may write whole blocks to @target, whose address must then be a multiple of
 * its alignment. */
static bool
takes_blocks (EFI_BLOCK_IO *disc, const UINT8 *target)
{
  return disc->Media->IoAlign <= 1 || (UINTN) target % disc->Media->IoAlign == 0;
}

/* Reads @length bytes at @offset of the disc; both may be anything within it. */
static bool
read_disc (void *context, uint64_t offset, void *buffer, uint32_t length)
{
  Medium *self = context;
  EFI_BLOCK_IO *disc = self->disc;
  UINT32 id = disc->Media->MediaId, size = disc->Media->BlockSize;
  UINT8 *target = buffer;

  while (length > 0)
    {
      UINT64 block = offset / size;
      UINT32 skip = (UINT32) (offset % size);
      UINT32 part = size - skip < length ? size - skip : length;

      if (skip == 0 && length >= size && takes_blocks (disc, target))
        {
          part = length - length % size;
          if (disc->ReadBlocks (disc, id, block, part, target) != EFI_SUCCESS)
            return false;
        }
      else
        {
          if (disc->ReadBlocks (disc, id, block, size, self->block) != EFI_SUCCESS)
            return false;
          CopyMem (target, self->block + skip, part);
        }
      target += part;
      offset += part;
      length -= part;
    }
  return true;
}

static MediumResult
from_iso (Iso9660Result result)
{
  switch (result)
    {
    case ISO9660_FOUND:
      return MEDIUM_OK;
    case ISO9660_MISSING:
      return MEDIUM_MISSING;
    case ISO9660_UNREADABLE:
      return MEDIUM_UNREADABLE;
    case ISO9660_SPLIT:
      return MEDIUM_SPLIT;
    case ISO9660_DAMAGED:
    default:
      return MEDIUM_DAMAGED;
    }
}

/* Finds the CD-ROM node of an El Torito image in @path; NULL if there is none. */
static EFI_DEVICE_PATH *
find_cdrom_node (EFI_DEVICE_PATH *path)
{
  for (; !IsDevicePathEnd (path); path = NextDevicePathNode (path))
    if (DevicePathType (path) == MEDIA_DEVICE_PATH && DevicePathSubType (path) == MEDIA_CDROM_DP)
      return path;
  return NULL;
}

/* The Block I/O of the device whose path is @path up to @end. */
static EFI_BLOCK_IO *
find_disc (EFI_DEVICE_PATH *path, EFI_DEVICE_PATH *end)
{
  EFI_DEVICE_PATH *parent = DuplicateDevicePath (path), *rest = parent, *cut;
  EFI_HANDLE handle;
  VOID *disc = NULL;

  if (parent == NULL)
    return NULL;
  cut = (EFI_DEVICE_PATH *) ((UINT8 *) parent + ((UINT8 *) end - (UINT8 *) path));
  SetDevicePathEndNode (cut);
  if (BS->LocateDevicePath (&block_io, &rest, &handle) == EFI_SUCCESS && IsDevicePathEnd (rest))
    BS->HandleProtocol (handle, &block_io, &disc);
  FreePool (parent);
  return disc;
}

static MediumResult
open_optical (Medium *self, EFI_DEVICE_PATH *path, EFI_DEVICE_PATH *cdrom)
{
  EFI_BLOCK_IO_MEDIA *media;

  self->optical = true;
  self->disc = find_disc (path, cdrom);
  if (self->disc == NULL)
    return MEDIUM_UNKNOWN;
  media = self->disc->Media;
  if (!media->MediaPresent || media->BlockSize == 0 || media->BlockSize > MAX_BLOCK)
    return MEDIUM_UNREADABLE;
  self->block = AllocatePool (media->BlockSize + media->IoAlign);
  if (self->block == NULL)
    return MEDIUM_UNREADABLE;
  if (media->IoAlign > 1)
    self->block += media->IoAlign - (UINTN) self->block % media->IoAlign;
  return from_iso (
      iso9660_open (&self->iso, read_disc, self, (media->LastBlock + 1) * media->BlockSize));
}

/* Opens the medium that @image was started from. It stays open until the program ends. */
MediumResult
medium_open (Medium *self, EFI_HANDLE image)
{
  EFI_DEVICE_PATH *path, *cdrom;
  EFI_LOADED_IMAGE *loaded;
  EFI_FILE_IO_INTERFACE *volume;
  VOID *protocol;

  ZeroMem (self, sizeof *self);
  if (BS->HandleProtocol (image, &loaded_image, &protocol) != EFI_SUCCESS)
    return MEDIUM_UNKNOWN;
  loaded = protocol;
  if (loaded->DeviceHandle == NULL)
    return MEDIUM_UNKNOWN;
  path = DevicePathFromHandle (loaded->DeviceHandle);
  cdrom = path != NULL ? find_cdrom_node (path) : NULL;
  if (cdrom != NULL)
    return open_optical (self, path, cdrom);
  if (BS->HandleProtocol (loaded->DeviceHandle, &file_system, &protocol) != EFI_SUCCESS)
    return MEDIUM_UNKNOWN;
  volume = protocol;
  if (volume->OpenVolume (volume, &self->root) != EFI_SUCCESS)
    return MEDIUM_UNREADABLE;
  return MEDIUM_OK;
}

static MediumResult
open_on_volume (Medium *self, const char *path, MediumFile *file)
{
  CHAR16 name[MAX_PATH + 1];
  EFI_FILE_INFO *info;
  EFI_STATUS status;
  bool folder;
  UINTN i;

  for (i = 0; i < MAX_PATH && path[i] != '\0'; i++)
    name[i] = path[i] == '/' ? '\\' : (CHAR16) (UINT8) path[i];
  name[i] = 0;
  status = self->root->Open (self->root, &file->handle, name, EFI_FILE_MODE_READ, 0);
  if (status == EFI_NOT_FOUND)
    return MEDIUM_MISSING;
  if (status != EFI_SUCCESS)
    return MEDIUM_UNREADABLE;
  info = LibFileInfo (file->handle);
  if (info == NULL)
    {
      medium_close_file (file);
      return MEDIUM_UNREADABLE;
    }
  file->size = info->FileSize;
  folder = (info->Attribute & EFI_FILE_DIRECTORY) != 0;
  FreePool (info);
  if (!folder)
    return MEDIUM_OK;
  medium_close_file (file);
  return MEDIUM_MISSING;
}

/* Opens the file @path ("/sources/boot.wim", any case). */
MediumResult
medium_open_file (Medium *self, const char *path, MediumFile *file)
{
  Iso9660Result result;
  uint64_t offset = 0;
  uint32_t bytes = 0;

  ZeroMem (file, sizeof *file);
  if (!self->optical)
    return open_on_volume (self, path, file);
  result = iso9660_find (&self->iso, path, &offset, &bytes);
  file->offset = offset;
  file->size = bytes;
  return from_iso (result);
}

/* Reads exactly @length bytes at @offset of the file. */
bool
medium_read (Medium *self, MediumFile *file, UINT64 offset, void *buffer, UINTN length)
{
  UINTN done = length;

  if (offset > file->size || length > file->size - offset || length > UINT32_MAX)
    return false;
  if (self->optical)
    return read_disc (self, file->offset + offset, buffer, (uint32_t) length);
  return file->handle->SetPosition (file->handle, offset) == EFI_SUCCESS
         && file->handle->Read (file->handle, &done, buffer) == EFI_SUCCESS && done == length;
}

void
medium_close_file (MediumFile *file)
{
  if (file->handle != NULL)
    file->handle->Close (file->handle);
  file->handle = NULL;
}
