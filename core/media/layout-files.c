/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-layout"

#include "config.h"

#include "media/layout-private.h"

#include <string.h>

#include "base/checksum.h"
#include "crypto/pe-file.h"
#include "bcd/bcd-store.h"
#include "media/efi-image.h"
#include "media/manifest.h"

static const KlLoaderName loader_names[] = {
  { KL_PE_MACHINE_X64, "x64", "BOOTX64.EFI" },
  { KL_PE_MACHINE_X86, "x86", "BOOTIA32.EFI" },
  { KL_PE_MACHINE_ARM64, "arm64", "BOOTAA64.EFI" },
};

/* Takes @item over. Names come from an image and may clash; media know no case. */
static gboolean
take_item (KlMediaLayout *self, KlLayoutItem *item, GError **error)
{
  g_autofree char *key = g_ascii_strdown (item->path, -1);

  g_ptr_array_add (self->items, item);
  if (g_hash_table_contains (self->by_path, key))
    {
      kl_media_layout_set_error (self, error, KL_ERROR_IMAGE_BROKEN,
                                 "Boot image %s has two boot files for %s", self->image_id,
                                 item->path);
      return FALSE;
    }
  g_hash_table_insert (self->by_path, g_steal_pointer (&key), item);
  return TRUE;
}

static gboolean
take_bytes (KlMediaLayout *self, const char *path, GBytes *bytes, GError **error)
{
  KlLayoutItem *item = g_new0 (KlLayoutItem, 1);
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  item->path = g_strdup (path);
  item->size = size;
  item->source = KL_LAYOUT_SOURCE_GENERATED;
  item->bytes = bytes;
  item->crc32c = kl_crc32c_update (0, data, size);
  item->sha256 = kl_sha256_data (data, size);
  return take_item (self, item, error);
}

static gboolean
add_boot_file (KlMediaLayout *self, const char *path, const KlBootFile *file, GError **error)
{
  KlLayoutItem *item = g_new0 (KlLayoutItem, 1);

  item->path = g_strdup (path);
  item->size = file->size;
  item->source = file->origin == KL_BOOT_ORIGIN_FOLDER ? KL_LAYOUT_SOURCE_BOOT_FOLDER
                                                       : KL_LAYOUT_SOURCE_BOOT_FILES;
  item->file = g_strdup (file->path);
  item->crc32c = file->crc32c;
  item->sha256 = g_strdup (file->sha256);
  return take_item (self, item, error);
}

static gboolean
add_required (KlLayoutPlan *plan, KlBootRole role, const char *path, GError **error)
{
  const KlBootFile *file = kl_boot_files_get (plan->files, role);

  if (file == NULL)
    {
      kl_media_layout_set_error (plan->layout, error, KL_ERROR_NO_BOOT_FILES,
                                 "Boot image %s has no file for %s", plan->layout->image_id, path);
      return FALSE;
    }
  return add_boot_file (plan->layout, path, file, error);
}

static gboolean
add_optional (KlLayoutPlan *plan, KlBootRole role, const char *path, GError **error)
{
  const KlBootFile *file = kl_boot_files_get (plan->files, role);

  return file == NULL || add_boot_file (plan->layout, path, file, error);
}

/* Adds all files of @role as @prefix, the file's name, @suffix. */
static gboolean
add_named (
    KlLayoutPlan *plan, KlBootRole role, const char *prefix, const char *suffix, GError **error)
{
  g_autoptr (GPtrArray) files = kl_boot_files_get_all (plan->files, role);
  guint i;

  for (i = 0; i < files->len; i++)
    {
      const KlBootFile *file = files->pdata[i];
      g_autofree char *path = NULL;

      if (file->name == NULL || file->name[0] == '\0' || file->name[0] == '.'
          || strpbrk (file->name, "/\\") != NULL)
        {
          kl_media_layout_set_error (plan->layout, error, KL_ERROR_IMAGE_BROKEN,
                                     "Boot image %s has a boot file with the name \"%s\"",
                                     plan->layout->image_id, file->name != NULL ? file->name : "");
          return FALSE;
        }
      path = g_strconcat (prefix, file->name, suffix, NULL);
      if (!add_boot_file (plan->layout, path, file, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_bcd (KlLayoutPlan *plan,
         KlBcdFirmware firmware,
         const char *loader,
         const char *path,
         GError **error)
{
  const KlBcdOptions options = {
    .loader = loader,
    .description = kl_boot_image_get_name (plan->image),
    .locale = kl_boot_image_get_language (plan->image),
    .timeout = 0,
    .menu_policy = KL_BCD_MENU_LEGACY,
  };
  GBytes *store = kl_bcd_store_build (firmware, &options, error);

  return store != NULL && take_bytes (plan->layout, path, store, error);
}

static gboolean
add_bios_files (KlLayoutPlan *plan, GError **error)
{
  KlMediaLayout *self = plan->layout;

  return add_required (plan, KL_BOOT_ROLE_BOOTMGR, "/bootmgr", error)
         && add_bcd (plan, KL_BCD_BIOS, kl_boot_files_get_winload_exe (plan->files),
                     BIOS_BOOT "BCD", error)
         && add_named (plan, KL_BOOT_ROLE_FONT, BIOS_BOOT "Fonts/", "", error)
         && add_named (plan, KL_BOOT_ROLE_BOOTMGR_MUI, BIOS_BOOT, "/bootmgr.exe.mui", error)
         && add_optional (plan, KL_BOOT_ROLE_BOOTRES, BIOS_BOOT "Resources/bootres.dll", error)
         && (self->type != KL_MEDIA_TYPE_CD
             || add_required (plan, KL_BOOT_ROLE_ETFSBOOT, BIOS_BOOT_IMAGE, error));
}

/* The image is made from the copy in the catalog here and now, so the copy is compared with its
 * record here too. */
static gboolean
add_efi_boot_image (KlLayoutPlan *plan, const char *name, GError **error)
{
  const KlBootFile *loader = plan->loader;
  g_autoptr (GBytes) image = NULL;
  guint32 crc32c;

  image = kl_efi_image_build (name, loader->path, &crc32c, error);
  if (image == NULL)
    return FALSE;
  if (crc32c != loader->crc32c)
    {
      kl_media_layout_set_error (
          plan->layout, error, KL_ERROR_MISSING_PACKAGE,
          "%s: CRC-32C is %08x, but was %08x when boot image %s was imported", loader->path, crc32c,
          loader->crc32c, plan->layout->image_id);
      return FALSE;
    }
  return take_bytes (plan->layout, EFI_BOOT_IMAGE, g_steal_pointer (&image), error);
}

static KlBootRole
choose_fonts (KlLayoutPlan *plan)
{
  if (plan->loader->role == KL_BOOT_ROLE_BOOTMGFW_2023
      && kl_boot_files_get (plan->files, KL_BOOT_ROLE_FONT_2023) != NULL)
    return KL_BOOT_ROLE_FONT_2023;
  return KL_BOOT_ROLE_FONT;
}

static gboolean
add_uefi_files (KlLayoutPlan *plan, GError **error)
{
  KlMediaLayout *self = plan->layout;
  const char *name = kl_loader_name_find (plan->loader->machine)->file_name;
  g_autofree char *path = g_strconcat (EFI_BOOT, name, NULL);

  return add_boot_file (self, path, plan->loader, error)
         && add_bcd (plan, KL_BCD_UEFI, kl_boot_files_get_winload_efi (plan->files),
                     EFI_MICROSOFT "BCD", error)
         && add_optional (plan, KL_BOOT_ROLE_BOOT_STL, EFI_MICROSOFT "boot.stl", error)
         && add_named (plan, choose_fonts (plan), EFI_MICROSOFT "Fonts/", "", error)
         && add_optional (plan, KL_BOOT_ROLE_BOOTRES, EFI_MICROSOFT "Resources/bootres.dll", error)
         && (self->type != KL_MEDIA_TYPE_CD || add_efi_boot_image (plan, name, error));
}

static gboolean
add_boot_wim (KlLayoutPlan *plan, GError **error)
{
  KlLayoutItem *item = g_new0 (KlLayoutItem, 1);

  item->path = g_strdup (BOOT_WIM);
  item->size = kl_boot_image_get_size (plan->image);
  item->source = KL_LAYOUT_SOURCE_IMAGE;
  item->file = g_strdup (kl_boot_image_get_media_wim (plan->image));
  item->crc32c = kl_boot_image_get_crc32c (plan->image);
  item->sha256 = g_strdup (kl_boot_image_get_sha256 (plan->image));
  return take_item (plan->layout, item, error);
}

static gboolean
add_label (KlMediaLayout *self, GError **error)
{
  g_autofree char *text = g_strdup_printf ("label=%s\r\n", self->label);
  gsize length = strlen (text);

  return take_bytes (self, MEDIA_LABEL, g_bytes_new_take (g_steal_pointer (&text), length), error);
}

static gboolean
add_protection (KlLayoutPlan *plan, GError **error)
{
  const KlLayoutProtection *protection = plan->protection;

  return protection == NULL
         || (take_bytes (plan->layout, BOOTSTRAP_INI, g_bytes_ref (protection->bootstrap_ini),
                         error)
             && take_bytes (plan->layout, VARIABLES_DAT, g_bytes_ref (protection->variables_dat),
                            error));
}

static void
describe_certificate (KlManifest *manifest, const KlLayoutProtection *protection)
{
  if (protection == NULL)
    return;

  manifest->certificate_subject = g_strdup (protection->subject);
  manifest->certificate_thumbprint = g_strdup (protection->thumbprint);
  manifest->certificate_start = g_strdup (protection->not_before);
  manifest->certificate_end = g_strdup (protection->not_after);
}

static gboolean
add_manifest (KlLayoutPlan *plan, GError **error)
{
  KlMediaLayout *self = plan->layout;
  g_autoptr (KlManifest) manifest = kl_manifest_new ();
  guint i;

  manifest->image_id = g_strdup (self->image_id);
  manifest->image_name = g_strdup (kl_boot_image_get_name (plan->image));
  manifest->architecture = g_strdup (kl_boot_image_get_architecture (plan->image));
  manifest->media_type = g_strdup (kl_media_type_to_string (self->type));
  manifest->label = g_strdup (self->label);
  manifest->created = g_date_time_format (self->created, "%Y-%m-%dT%H:%M:%SZ");
  manifest->made_by = g_strdup ("Kindling " KL_VERSION);
  manifest->bios = self->bios;
  manifest->uefi = g_strdup (self->uefi ? self->architecture : "");
  manifest->signer = g_strdup (self->signer);
  describe_certificate (manifest, plan->protection);
  for (i = 0; i < self->items->len; i++)
    {
      const KlLayoutItem *item = self->items->pdata[i];

      kl_manifest_add_file (manifest, item->path, item->size, item->sha256);
    }
  return take_bytes (self, KL_MANIFEST_PATH, kl_manifest_to_bytes (manifest), error);
}

/**
 * kl_loader_name_find:
 * @machine: of a PE header
 *
 * Returns: (transfer none) (nullable): what such a loader is called on media; %NULL for machines
 *   that Windows PE does not run on
 */
const KlLoaderName *
kl_loader_name_find (guint16 machine)
{
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (loader_names); i++)
    {
      if (loader_names[i].machine == machine)
        return &loader_names[i];
    }
  return NULL;
}

/**
 * kl_layout_plan_add_files:
 *
 * Adds every file of the medium, the manifest last, for it lists the others (media-formats.md 3 and
 * 5.1).
 */
gboolean
kl_layout_plan_add_files (KlLayoutPlan *plan, GError **error)
{
  KlMediaLayout *self = plan->layout;

  return (!self->bios_files || add_bios_files (plan, error))
         && (!self->uefi_files || add_uefi_files (plan, error))
         && add_required (plan, KL_BOOT_ROLE_BOOT_SDI, BIOS_BOOT "boot.sdi", error)
         && add_boot_wim (plan, error) && add_label (self, error) && add_protection (plan, error)
         && add_manifest (plan, error);
}
