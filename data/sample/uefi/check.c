/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "check.h"

#include <efilib.h>

#include "manifest.h"
#include "report.h"
#include "sha256.h"

#define MANIFEST_PATH "/kindling.manifest"
#define MANIFEST_LIMIT (1024 * 1024) /* bytes */
#define DOTS 32
#define DOTS_FROM (256 * 1024) /* bytes; smaller files get no dots */
#define ISO_NAME_LIMIT 31      /* characters; longer names are cut in the primary tree */

/* Header of a WIM (media-formats.md 10; wimlib's documentation of the format). */
#define WIM_HEADER 208
#define WIM_IMAGE_COUNT 44
#define WIM_BLOB_TABLE 48
#define WIM_XML 72
#define WIM_BOOT_INDEX 120

typedef void (*ContentCheck) (Check *self, const char *path, MediumFile *file);

static UINT32
get_u32 (const UINT8 *bytes)
{
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (UINT32) bytes[3] << 24;
}

static UINT64
get_u64 (const UINT8 *bytes)
{
  return get_u32 (bytes) | (UINT64) get_u32 (bytes + 4) << 32;
}

static char
to_upper (char c)
{
  return c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
}

/* Copies @path with the backslashes that an administrator knows from Windows. */
static void
to_windows (const char *path, char *windows)
{
  do
    *windows++ = *path == '/' ? '\\' : *path;
  while (*path++ != '\0');
}

/* Keeps "PATH WHAT" as the reason, if it is the first. */
void
check_fail (Check *self, const char *path, const char *what)
{
  char windows[MANIFEST_MAX_PATH + 1];
  UINTN n = 0;

  if (self->reason[0] != '\0')
    return;
  to_windows (path, windows);
  for (const char *c = windows; *c != '\0' && n + 1 < sizeof self->reason; c++)
    self->reason[n++] = *c;
  for (const char *c = what; *c != '\0' && n + 1 < sizeof self->reason; c++)
    self->reason[n++] = *c;
  self->reason[n] = '\0';
}

const char *
check_describe (MediumResult result)
{
  switch (result)
    {
    case MEDIUM_MISSING:
      return " is missing";
    case MEDIUM_UNREADABLE:
      return " cannot be read";
    case MEDIUM_DAMAGED:
      return " reaches beyond the end of the disc";
    case MEDIUM_SPLIT:
      return " is split, boot managers cannot read it";
    case MEDIUM_UNKNOWN:
    case MEDIUM_OK:
    default:
      return " cannot be opened";
    }
}

/* Ends the line of a file with what is wrong with it. */
static void
end_line_failed (Check *self, const char *path, const char *what)
{
  report ("%a\n", what);
  check_fail (self, path, what);
}

static bool
open_file (Check *self, const char *path, MediumFile *file)
{
  MediumResult result = medium_open_file (self->medium, path, file);
  char windows[MANIFEST_MAX_PATH + 1];

  to_windows (path, windows);
  report ("  %a", windows);
  if (result == MEDIUM_OK)
    {
      report ("  %lu bytes", file->size);
      return true;
    }
  end_line_failed (self, path, check_describe (result));
  return false;
}

/* ---- the files that a boot manager reads ---- */

/* Whether the resource whose header stands at @header lies within the file. */
static bool
resource_within (const UINT8 *header, UINT64 size)
{
  UINT64 bytes = get_u64 (header) & 0x00ffffffffffffff; /* the top byte holds flags */
  UINT64 offset = get_u64 (header + 8);

  return offset <= size && bytes <= size - offset;
}

static void
check_wim (Check *self, const char *path, MediumFile *file)
{
  UINT8 *header = self->buffer;
  UINT32 images, boot_index;

  if (file->size < WIM_HEADER || !medium_read (self->medium, file, 0, header, WIM_HEADER))
    {
      end_line_failed (self, path, " cannot be read");
      return;
    }
  if (CompareMem (header, "MSWIM\0\0", 8) != 0)
    {
      end_line_failed (self, path, " is not a WIM");
      return;
    }
  images = get_u32 (header + WIM_IMAGE_COUNT);
  boot_index = get_u32 (header + WIM_BOOT_INDEX);
  report (", WIM, images: %d, boot index: %d", images, boot_index);
  if (!resource_within (header + WIM_BLOB_TABLE, file->size)
      || !resource_within (header + WIM_XML, file->size))
    end_line_failed (self, path, " is cut off");
  else if (boot_index == 0 || boot_index > images)
    end_line_failed (self, path, " has no bootable image");
  else
    report ("\n");
}

static void
check_magic (Check *self,
             const char *path,
             MediumFile *file,
             const char *magic,
             UINTN length,
             const char *good,
             const char *bad)
{
  if (!medium_read (self->medium, file, 0, self->buffer, length)
      || CompareMem (self->buffer, magic, length) != 0)
    end_line_failed (self, path, bad);
  else
    report ("%a\n", good);
}

static void
check_store (Check *self, const char *path, MediumFile *file)
{
  check_magic (self, path, file, "regf", 4, ", registry hive", " is not a BCD store");
}

static void
check_sdi (Check *self, const char *path, MediumFile *file)
{
  check_magic (self, path, file, "$SDI0001", 8, ", RAM disk image", " is not a RAM disk image");
}

static const struct
{
  const char *path;
  ContentCheck check;
} boot_files[] = {
  { "/sources/boot.wim", check_wim },
  { "/EFI/Microsoft/Boot/BCD", check_store },
  { "/boot/boot.sdi", check_sdi },
};
#define N_BOOT_FILES (sizeof boot_files / sizeof boot_files[0])

/* ---- every byte of a file ---- */

/* Reads the whole file, hashing it; from DOTS_FROM bytes on a row of dots shows how far it is. */
static bool
read_whole (Check *self, MediumFile *file, UINT8 digest[SHA256_BYTES])
{
  UINT64 dots = 0;
  Sha256 sha256;

  sha256_init (&sha256);
  if (file->size >= DOTS_FROM)
    report ("\n    reading ");
  for (UINT64 offset = 0; offset < file->size;)
    {
      UINT64 left = file->size - offset;
      UINTN part = left < CHECK_BUFFER ? (UINTN) left : CHECK_BUFFER;

      if (!medium_read (self->medium, file, offset, self->buffer, part))
        return false;
      sha256_update (&sha256, self->buffer, part);
      offset += part;
      for (; file->size >= DOTS_FROM && dots < offset * DOTS / file->size; dots++)
        report (".");
    }
  sha256_finish (&sha256, digest);
  return true;
}

/* Names over 31 characters are cut in the primary tree of an ISO; Windows reads such files through
 * Joliet, a boot manager never asks for them. */
static bool
has_long_name (const char *path)
{
  UINTN length = 0;

  for (; *path != '\0'; path++)
    {
      length = *path == '/' ? 0 : length + 1;
      if (length > ISO_NAME_LIMIT)
        return true;
    }
  return false;
}

static void
compare_file (Check *self, const ManifestFile *wanted)
{
  UINT8 digest[SHA256_BYTES];
  MediumFile file;

  if (!open_file (self, wanted->path, &file))
    return;
  if (file.size != wanted->size)
    {
      report (", the manifest says %lu:", wanted->size);
      end_line_failed (self, wanted->path, ": size differs from manifest");
    }
  else if (!read_whole (self, &file, digest))
    end_line_failed (self, wanted->path, " cannot be read");
  else if (CompareMem (digest, wanted->sha256, SHA256_BYTES) != 0)
    end_line_failed (self, wanted->path, ": SHA-256 differs from manifest");
  else
    report (", size and SHA-256 agree\n");
  medium_close_file (&file);
}

/* Without a manifest there is nothing to compare with; the WIM is read all the same. */
static void
read_boot_wim (Check *self)
{
  UINT8 digest[SHA256_BYTES];
  MediumFile file;

  report ("This medium has no \\kindling.manifest: sizes are not compared.\n");
  if (!open_file (self, boot_files[0].path, &file))
    return;
  if (!read_whole (self, &file, digest))
    end_line_failed (self, boot_files[0].path, " cannot be read");
  else
    report (", read\n");
  medium_close_file (&file);
}

/* Reads the manifest into memory. */
static bool
load_manifest (Check *self)
{
  MediumFile file;
  bool read;

  if (!open_file (self, MANIFEST_PATH, &file))
    return false;
  if (file.size > MANIFEST_LIMIT)
    {
      end_line_failed (self, MANIFEST_PATH, " is too large");
      return false;
    }
  self->manifest_length = (UINTN) file.size;
  self->manifest = AllocatePool (self->manifest_length + 1);
  read = self->manifest != NULL
         && medium_read (self->medium, &file, 0, self->manifest, self->manifest_length);
  medium_close_file (&file);
  if (!read)
    end_line_failed (self, MANIFEST_PATH, " cannot be read");
  else if (!manifest_has_version (self->manifest, self->manifest_length))
    end_line_failed (self, MANIFEST_PATH, " has an unknown format");
  else
    report ("\n");
  return self->reason[0] == '\0';
}

static void
print_value (Check *self, const char *key, const char *title)
{
  char value[48];

  if (manifest_get_value (self->manifest, self->manifest_length, key, value, sizeof value))
    report ("  %a: %a\n", title, value);
}

static bool
is_same_path (const char *a, const char *b)
{
  while (*a != '\0' && *b != '\0' && to_upper (*a) == to_upper (*b))
    a++, b++;
  return *a == *b;
}

/* The place of @path among the files that a boot manager needs; -1: it is none of them. */
static int
boot_file_index (const char *path)
{
  for (UINTN i = 0; i < N_BOOT_FILES; i++)
    if (is_same_path (path, boot_files[i].path))
      return (int) i;
  return -1;
}

static void
compare_files (Check *self)
{
  UINTN position = 0, left_out = 0, seen = 0;
  ManifestResult result;
  ManifestFile file;

  while ((result = manifest_next_file (self->manifest, self->manifest_length, &position, &file))
         == MANIFEST_FILE)
    {
      int index = boot_file_index (file.path);

      if (index >= 0)
        seen |= 1 << index;
      if (self->medium->optical && has_long_name (file.path))
        left_out++;
      else
        compare_file (self, &file);
    }
  if (result == MANIFEST_DAMAGED)
    {
      report ("  a line of the manifest cannot be understood\n");
      check_fail (self, MANIFEST_PATH, " is damaged");
    }
  for (UINTN i = 0; i < N_BOOT_FILES; i++)
    if ((seen & 1 << i) == 0)
      check_fail (self, boot_files[i].path, " is not in the manifest");
  if (left_out > 0)
    report ("  not compared, for their long names: %d\n", (UINT32) left_out);
}

/* Looks at each file that the boot manager needs: is it there, how large is it, is it of its kind.
 */
void
check_boot_files (Check *self)
{
  MediumFile file;

  report ("What a boot manager needs:\n");
  for (UINTN i = 0; i < N_BOOT_FILES; i++)
    if (open_file (self, boot_files[i].path, &file))
      {
        boot_files[i].check (self, boot_files[i].path, &file);
        medium_close_file (&file);
      }
}

/* Reads the medium and compares it with its manifest, if it has one: the size and the SHA-256 of
 * each file. */
void
check_manifest (Check *self)
{
  MediumFile file;

  if (medium_open_file (self->medium, MANIFEST_PATH, &file) == MEDIUM_MISSING)
    {
      read_boot_wim (self);
      return;
    }
  medium_close_file (&file);
  report ("What the manifest says:\n");
  if (!load_manifest (self))
    return;
  print_value (self, "image-name", "boot image");
  print_value (self, "label", "label");
  print_value (self, "created", "made");
  compare_files (self);
}
