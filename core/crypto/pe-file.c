/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-pe-file"

#include "crypto/pe-file.h"

#include <sys/stat.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file-io.h"

/* Offsets from Microsoft's "PE Format" page. */
#define DOS_PE_OFFSET 0x3c    /* u32: where "PE\0\0" stands */
#define COFF_MACHINE 4        /* from "PE\0\0" */
#define COFF_OPTIONAL_SIZE 20 /* u16: bytes of the optional header */
#define COFF_SIZE 24          /* with the magic */
#define OPTIONAL_SUBSYSTEM 68 /* from the optional header; the same in PE32 and PE32+ */
#define OPTIONAL_MAGIC_PE32 0x10b
#define OPTIONAL_MAGIC_PE32_PLUS 0x20b
#define PE32_DIRECTORIES 92 /* u32: number of data directories, which follow */
#define PE32_PLUS_DIRECTORIES 108
#define DIRECTORY_CERTIFICATES 4
#define CERTIFICATE_HEADER 8 /* u32 length, u16 revision, u16 type */
#define CERTIFICATE_PKCS7 2

/* bootmgfw.efi has 1.5 to 3 MB, ntoskrnl.exe 12 MB. */
#define MAX_PE_SIZE ((guint64) 64 << 20)

static void
refuse (GError **error, const char *name, const char *why)
{
  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” is not a Windows program: %s", name, why);
}

/* The first PKCS#7 entry of the certificate table; a broken table is refused, an empty one is an
 * unsigned file. */
static gboolean
find_signature (KlBytesView file, guint32 table, guint32 table_size, KlPeFile *pe)
{
  guint64 at = table;
  guint64 end = (guint64) table + table_size;

  if (table_size == 0)
    return TRUE;
  if (end > file.size)
    return FALSE;

  while (at + CERTIFICATE_HEADER <= end)
    {
      guint32 length;
      guint16 type;

      if (!kl_view_u32 (file, at, &length) || !kl_view_u16 (file, at + 6, &type)
          || length < CERTIFICATE_HEADER || length > end - at)
        return FALSE;
      if (type == CERTIFICATE_PKCS7)
        {
          pe->signature_offset = (gsize) at + CERTIFICATE_HEADER;
          pe->signature_size = length - CERTIFICATE_HEADER;
          return TRUE;
        }
      at += (length + 7u) & ~(guint64) 7;
    }

  return TRUE;
}

static gboolean
parse_optional (KlBytesView file, KlBytesView optional, KlPeFile *pe, const char **why)
{
  guint32 n_directories, table = 0, table_size = 0;
  guint16 magic;
  gsize directories;

  *why = "its optional header is broken";
  if (!kl_view_u16 (optional, 0, &magic)
      || (magic != OPTIONAL_MAGIC_PE32 && magic != OPTIONAL_MAGIC_PE32_PLUS)
      || !kl_view_u16 (optional, OPTIONAL_SUBSYSTEM, &pe->subsystem))
    return FALSE;

  directories = magic == OPTIONAL_MAGIC_PE32 ? PE32_DIRECTORIES : PE32_PLUS_DIRECTORIES;
  if (!kl_view_u32 (optional, directories, &n_directories))
    return FALSE;
  if (n_directories <= DIRECTORY_CERTIFICATES)
    return TRUE;

  directories += 4 + 8 * DIRECTORY_CERTIFICATES;
  if (!kl_view_u32 (optional, directories, &table)
      || !kl_view_u32 (optional, directories + 4, &table_size))
    return FALSE;

  *why = "its certificate table is broken";
  return find_signature (file, table, table_size, pe);
}

/**
 * kl_pe_parse:
 * @bytes: the whole file
 * @name: the file's name, for messages
 * @pe: (out): untouched on failure
 *
 * Reads machine, subsystem and the place of the signature. Errors: KL_ERROR_FORMAT. Any thread.
 */
gboolean
kl_pe_parse (GBytes *bytes, const char *name, KlPeFile *pe, GError **error)
{
  KlBytesView file = { 0 }, optional;
  KlPeFile parsed = { 0 };
  guint32 at;
  guint16 optional_size;
  const char *why;

  file.data = g_bytes_get_data (bytes, &file.size);
  if (!kl_view_equals (file, 0, "MZ", 2) || !kl_view_u32 (file, DOS_PE_OFFSET, &at)
      || !kl_view_equals (file, at, "PE\0\0", 4))
    {
      refuse (error, name, "it has no MZ and PE header");
      return FALSE;
    }
  if (!kl_view_u16 (file, (guint64) at + COFF_MACHINE, &parsed.machine)
      || !kl_view_u16 (file, (guint64) at + COFF_OPTIONAL_SIZE, &optional_size)
      || !kl_view_slice (file, (guint64) at + COFF_SIZE, optional_size, &optional))
    {
      refuse (error, name, "it ends within its headers");
      return FALSE;
    }
  if (!parse_optional (file, optional, &parsed, &why))
    {
      refuse (error, name, why);
      return FALSE;
    }

  *pe = parsed;
  return TRUE;
}

/**
 * kl_pe_load:
 * @pe: (out): untouched on failure
 *
 * Errors: those of kl_open_for_reading() and kl_pe_parse(); KL_ERROR_FORMAT above 64 MiB. Blocks.
 *
 * Returns: (transfer full) (nullable): the whole file
 */
GBytes *
kl_pe_load (const char *path, KlPeFile *pe, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autofree guint8 *data = NULL;
  struct stat info;
  g_autofd int fd = kl_open_with_info (path, &info, error);

  if (fd < 0)
    return NULL;
  if (!S_ISREG (info.st_mode) || (guint64) info.st_size > MAX_PE_SIZE)
    {
      refuse (error, path, "it is too large");
      return NULL;
    }

  data = kl_read_all (fd, (guint64) info.st_size, path, error);
  if (data == NULL)
    return NULL;

  bytes = g_bytes_new_take (g_steal_pointer (&data), (gsize) info.st_size);
  return kl_pe_parse (bytes, path, pe, error) ? g_steal_pointer (&bytes) : NULL;
}

/**
 * kl_pe_read_machine:
 * @machine: (out): untouched on failure
 *
 * What machine a program or driver is for: reads its headers only.
 *
 * Errors: those of kl_open_for_reading(), KL_ERROR_FORMAT. Blocks.
 */
gboolean
kl_pe_read_machine (const char *path, guint16 *machine, GError **error)
{
  guint8 dos[DOS_PE_OFFSET + 4], coff[COFF_MACHINE + 2];
  KlBytesView dos_view = { dos, sizeof dos }, coff_view = { coff, sizeof coff };
  guint32 at = 0;
  g_autoptr (GError) short_file = NULL;
  g_autofd int fd = kl_open_for_reading (path, error);

  if (fd < 0)
    return FALSE;
  if (!kl_read_at (fd, dos, sizeof dos, 0, path, &short_file)
      || !kl_view_equals (dos_view, 0, "MZ", 2) || !kl_view_u32 (dos_view, DOS_PE_OFFSET, &at)
      || !kl_read_at (fd, coff, sizeof coff, at, path, &short_file)
      || !kl_view_equals (coff_view, 0, "PE\0\0", 4))
    {
      if (short_file != NULL && !g_error_matches (short_file, KL_ERROR, KL_ERROR_FORMAT))
        g_propagate_error (error, g_steal_pointer (&short_file));
      else
        refuse (error, path, "it has no MZ and PE header");
      return FALSE;
    }

  return kl_view_u16 (coff_view, COFF_MACHINE, machine);
}

/**
 * kl_pe_machine_to_architecture:
 * @machine: a machine of a PE header
 *
 * Returns: (nullable): "x86", "x64", "arm", "arm64", "ia64"
 */
const char *
kl_pe_machine_to_architecture (guint16 machine)
{
  switch (machine)
    {
    case KL_PE_MACHINE_X86:
      return "x86";
    case KL_PE_MACHINE_X64:
      return "x64";
    case KL_PE_MACHINE_ARM:
      return "arm";
    case KL_PE_MACHINE_ARM64:
      return "arm64";
    case KL_PE_MACHINE_IA64:
      return "ia64";
    default:
      return NULL;
    }
}
