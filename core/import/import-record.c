/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-import-record"

#include "import/import-record.h"

#include "image/image-ini.h"

static void
set_text (GKeyFile *ini, const char *group, const char *key, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value != NULL ? value : "", -1);

  g_key_file_set_string (ini, group, key, valid);
}

/* The name in the XML, cut to what the user might give; else the file's name. */
static char *
dup_name (const KlImportRecord *record)
{
  g_autofree char *name = g_strstrip (g_strdup (record->image->name));
  g_autofree char *base = NULL;

  if (record->name != NULL)
    return g_strdup (record->name);

  if (*name == '\0')
    {
      base = g_path_get_basename (record->source_name);
      if (strrchr (base, '.') != NULL && strrchr (base, '.') != base)
        *strrchr (base, '.') = '\0';
      g_free (name);
      name = g_utf8_make_valid (base, -1);
    }
  return g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), KL_NAME_MAX));
}

static void
write_image (const KlImportRecord *record, GKeyFile *ini)
{
  g_autofree char *name = dup_name (record);
  const KlWimImage *image = record->image;

  set_text (ini, KL_INI_IMAGE, KL_INI_NAME, name);
  set_text (ini, KL_INI_IMAGE, KL_INI_DESCRIPTION, image->description);
  set_text (ini, KL_INI_IMAGE, KL_INI_VERSION, "");
  set_text (ini, KL_INI_IMAGE, KL_INI_OS_VERSION, image->version);
  set_text (ini, KL_INI_IMAGE, KL_INI_ARCHITECTURE, record->architecture);
  set_text (ini, KL_INI_IMAGE, KL_INI_LANGUAGE, image->language);
  set_text (ini, KL_INI_IMAGE, KL_INI_BOOT_MANAGER, "");
  set_text (ini, KL_INI_IMAGE, KL_INI_CONTEXT_ID, "");
}

static void
write_file (GKeyFile *ini, const char *group, const KlFileRecord *file)
{
  g_autofree char *crc = g_strdup_printf ("%08x", file->crc32c);

  g_key_file_set_uint64 (ini, group, KL_INI_SIZE, file->size);
  set_text (ini, group, KL_INI_CRC32C, crc);
  set_text (ini, group, KL_INI_SHA256, file->sha256);
}

static void
write_source (const KlImportRecord *record, GKeyFile *ini)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
  g_autofree char *path = g_canonicalize_filename (record->source_path, NULL);

  set_text (ini, KL_INI_SOURCE, KL_INI_PATH, path);
  g_key_file_set_uint64 (ini, KL_INI_SOURCE, KL_INI_INDEX, record->image->index);
  set_text (ini, KL_INI_SOURCE, KL_INI_IMPORTED, time);
  write_file (ini, KL_INI_SOURCE, record->source);
  if (record->boot != NULL)
    write_file (ini, KL_INI_BOOT_WIM, record->boot);
}

static void
write_ability (GKeyFile *ini, const char *key, gboolean can, const char *reason)
{
  g_autofree char *reason_key = g_strconcat (key, KL_INI_REASON, NULL);

  g_key_file_set_boolean (ini, KL_INI_BOOT, key, can);
  if (!can)
    set_text (ini, KL_INI_BOOT, reason_key, reason);
}

/* The year that the field calls the two certificates by, else the whole name. */
static const char *
short_signer (const char *signer)
{
  if (signer == NULL)
    return "";
  if (g_str_has_suffix (signer, "PCA 2011"))
    return "2011";
  if (g_str_has_suffix (signer, "CA 2023"))
    return "2023";
  return signer;
}

static void
write_boot (const KlImportRecord *record, GKeyFile *ini)
{
  KlBootFiles *files = record->files;
  const KlBootFile *loader = kl_boot_files_get_loader (files, KL_BOOT_MANAGER_DEFAULT, NULL);
  const char *const managers[]
      = { kl_boot_files_get (files, KL_BOOT_ROLE_BOOTMGFW) != NULL ? "2011;" : "",
          kl_boot_files_get (files, KL_BOOT_ROLE_BOOTMGFW_2023) != NULL ? "2023;" : "" };
  g_autofree char *list = g_strconcat (managers[0], managers[1], NULL);
  g_autofree char *optical = NULL;
  g_autofree char *bios = NULL;
  g_autofree char *uefi = NULL;
  gboolean can_optical = kl_boot_files_can_bios (files, TRUE, &optical);
  gboolean can_bios = kl_boot_files_can_bios (files, FALSE, &bios);
  gboolean can_uefi = kl_boot_files_can_uefi (files, &uefi);

  write_ability (ini, KL_INI_BIOS_OPTICAL, can_optical, optical);
  write_ability (ini, KL_INI_BIOS, can_bios, bios);
  write_ability (ini, KL_INI_UEFI, can_uefi, uefi);
  set_text (ini, KL_INI_BOOT, KL_INI_UEFI_ARCHITECTURE,
            kl_boot_files_get_uefi_architecture (files));
  set_text (ini, KL_INI_BOOT, KL_INI_SIGNER, short_signer (loader != NULL ? loader->signer : NULL));
  set_text (ini, KL_INI_BOOT, KL_INI_BOOT_MANAGERS, list);
}

/**
 * kl_import_record_save:
 *
 * Writes image.ini of a new entry. Errors: those of kl_image_ini_save().
 */
gboolean
kl_import_record_save (const KlImportRecord *record, const char *folder, GError **error)
{
  g_autoptr (GKeyFile) ini = g_key_file_new ();

  write_image (record, ini);
  write_source (record, ini);
  write_boot (record, ini);
  return kl_image_ini_save (ini, folder, KL_INI_IMAGE_FILE, error);
}
