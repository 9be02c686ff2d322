/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-layout"

#include "media/layout-private.h"

#include <string.h>

#include "base/error.h"

/* A record of 4 GiB - 2 KiB needs a second extent, which the boot library's ISO reader skips
 * (media-formats.md 8.3); a FAT32 file ends at 4 GiB - 1 (9.2). */
#define CD_FILE_LIMIT (((guint64) 4 << 30) - 2048 - 1)
#define FAT32_FILE_LIMIT (((guint64) 4 << 30) - 1)

/* Above this, x86 boot managers of Windows 8 PE fail (media-formats.md 8.3). */
#define X86_WIM_WARNING ((guint64) 300 * 1000 * 1000)

G_DEFINE_FINAL_TYPE (KlMediaLayout, kl_media_layout, G_TYPE_OBJECT)

static const char *const media_type_names[] = {
  [KL_MEDIA_TYPE_CD] = "CD",
  [KL_MEDIA_TYPE_UFD] = "UFD",
  [KL_MEDIA_TYPE_UFD_FORMAT] = "UFD+FORMAT",
};

static const char *const source_names[] = {
  [KL_LAYOUT_SOURCE_IMAGE] = "image",
  [KL_LAYOUT_SOURCE_BOOT_FILES] = "image boot files",
  [KL_LAYOUT_SOURCE_BOOT_FOLDER] = "boot folder",
  [KL_LAYOUT_SOURCE_GENERATED] = "generated",
};

static void
layout_item_free (gpointer data)
{
  KlLayoutItem *item = data;

  g_free (item->path);
  g_free (item->file);
  g_clear_pointer (&item->bytes, g_bytes_unref);
  g_free (item->sha256);
  g_free (item);
}

static int
compare_items (gconstpointer a, gconstpointer b)
{
  const KlLayoutItem *first = *(KlLayoutItem *const *) a;
  const KlLayoutItem *second = *(KlLayoutItem *const *) b;

  return strcmp (first->path, second->path);
}

G_GNUC_PRINTF (2, 3)
static void
warn (KlMediaLayout *self, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_ptr_array_add (self->warnings, g_strdup_vprintf (format, arguments));
  va_end (arguments);
}

/* The loader for UEFI, by the request, else by the image's setting, else 2011, else what there
 * is. A choice that the image cannot serve is an error and never becomes another one. */
static gboolean
choose_loader (KlLayoutPlan *plan, KlBootManager wanted, GError **error)
{
  const KlBootFile *loader;

  loader = kl_boot_files_get_loader (plan->files, wanted, error);
  if (loader == NULL)
    {
      g_prefix_error (error, "Boot image %s: ", plan->layout->image_id);
      return FALSE;
    }
  if (kl_loader_name_find (loader->machine) == NULL)
    {
      kl_media_layout_set_error (
          plan->layout, error, KL_ERROR_IMAGE_BROKEN,
          "Boot image %s: %s is a program for machine %04x, not for x86, x64 or arm64",
          plan->layout->image_id, loader->found_at, loader->machine);
      return FALSE;
    }
  plan->loader = loader;
  plan->layout->architecture = kl_loader_name_find (loader->machine)->architecture;
  plan->layout->signer = g_strdup (loader->signer);
  return TRUE;
}

static gboolean
decide_firmware (KlLayoutPlan *plan, KlBootManager wanted, GError **error)
{
  KlMediaLayout *self = plan->layout;
  gboolean optical = self->type == KL_MEDIA_TYPE_CD;

  self->bios = self->bios_files = kl_boot_files_can_bios (plan->files, optical, &self->bios_reason);
  self->uefi = self->uefi_files = kl_boot_files_can_uefi (plan->files, &self->uefi_reason);
  if (!self->bios && !self->uefi)
    {
      kl_media_layout_set_error (self, error, KL_ERROR_NO_BOOT_FILES,
                                 "Boot image %s starts neither by BIOS nor by UEFI. %s %s",
                                 self->image_id, self->bios_reason, self->uefi_reason);
      return FALSE;
    }
  if (!self->uefi && wanted != KL_BOOT_MANAGER_DEFAULT)
    {
      kl_media_layout_set_error (
          self, error, KL_ERROR_NO_BOOT_FILES,
          "A UEFI boot manager was chosen, but boot image %s does not start by UEFI. %s",
          self->image_id, self->uefi_reason);
      return FALSE;
    }
  if (!self->uefi)
    return TRUE;
  if (wanted == KL_BOOT_MANAGER_DEFAULT)
    wanted = kl_boot_image_get_boot_manager (plan->image);
  return choose_loader (plan, wanted, error);
}

/* The files are the same wherever they go; what starts from there is not. */
static void
take_obstacles (KlMediaLayout *self, const KlLayoutOptions *options)
{
  if (self->bios && options->bios_obstacle != NULL)
    {
      self->bios = FALSE;
      self->bios_reason = g_strdup (options->bios_obstacle);
    }
  if (self->uefi && options->uefi_obstacle != NULL)
    {
      self->uefi = FALSE;
      self->uefi_reason = g_strdup (options->uefi_obstacle);
    }
}

static gboolean
check_wim_size (KlLayoutPlan *plan, GError **error)
{
  KlMediaLayout *self = plan->layout;
  guint64 size = kl_boot_image_get_size (plan->image);
  guint64 limit;

  if (self->type == KL_MEDIA_TYPE_UFD)
    return TRUE;
  limit = self->type == KL_MEDIA_TYPE_CD ? CD_FILE_LIMIT : FAT32_FILE_LIMIT;
  if (size <= limit)
    return TRUE;

  kl_media_layout_set_error (self, error, KL_ERROR_PACKAGE_TOO_LARGE,
                             "The WIM of boot image %s has %" G_GUINT64_FORMAT
                             " bytes, but a file on this kind of media can have %" G_GUINT64_FORMAT
                             "; add fewer drivers or start from a smaller image",
                             self->image_id, size, limit);
  return FALSE;
}

static void
collect_warnings (KlLayoutPlan *plan)
{
  KlMediaLayout *self = plan->layout;
  guint64 size = kl_boot_image_get_size (plan->image);

  if (!self->bios && !self->uefi)
    warn (self, "These media start on nothing yet. %s %s", self->bios_reason, self->uefi_reason);
  else if (!self->bios)
    warn (self, "These media start on UEFI only. %s", self->bios_reason);
  else if (!self->uefi)
    warn (self, "These media start on BIOS only. %s", self->uefi_reason);
  if (self->bios && size > X86_WIM_WARNING
      && g_strcmp0 (kl_boot_image_get_architecture (plan->image), "x86") == 0)
    warn (self,
          "The WIM has %" G_GUINT64_FORMAT " bytes; boot managers of Windows 8 PE for x86 fail "
          "above 300000000 bytes.",
          size);
  if (!self->uefi)
    return;
  if (self->signer == NULL)
    warn (self, "The UEFI boot manager carries no signature: it starts only where Secure Boot is "
                "off.");
  if (plan->loader->role != KL_BOOT_ROLE_BOOTMGFW_2023)
    return;
  warn (self, "The 2023 boot manager starts only where the firmware trusts Windows UEFI CA 2023 or "
              "Secure Boot is off.");
  if (kl_boot_files_get (plan->files, KL_BOOT_ROLE_BOOT_STL) == NULL)
    {
      g_autofree char *missing = kl_boot_files_dup_missing (plan->files, KL_BOOT_ROLE_BOOT_STL,
                                                            KL_BOOT_LACK_NEW_MANAGERS);

      warn (self, "%s", missing);
    }
}

static void
take_warnings (KlMediaLayout *self, const KlLayoutOptions *options)
{
  const KlLayoutProtection *protection = options->protection;

  if (options->notice != NULL)
    warn (self, "%s", options->notice);
  for (guint i = 0; protection != NULL && protection->warnings[i] != NULL; i++)
    warn (self, "%s", protection->warnings[i]);
}

static gboolean
check_image (KlBootImage *image, GError **error)
{
  const GError *broken = kl_boot_image_get_error (image);

  if (broken == NULL)
    return TRUE;
  g_propagate_error (error, g_error_copy (broken));
  g_prefix_error (error, "Boot image %s: ", kl_boot_image_get_id (image));
  return FALSE;
}

static void
kl_media_layout_finalize (GObject *object)
{
  KlMediaLayout *self = KL_MEDIA_LAYOUT (object);

  g_free (self->label);
  g_free (self->image_id);
  g_clear_pointer (&self->created, g_date_time_unref);
  g_hash_table_unref (self->by_path);
  g_ptr_array_unref (self->items);
  g_free (self->bios_reason);
  g_free (self->uefi_reason);
  g_free (self->signer);
  g_ptr_array_unref (self->warnings);
  G_OBJECT_CLASS (kl_media_layout_parent_class)->finalize (object);
}

static void
kl_media_layout_class_init (KlMediaLayoutClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_media_layout_finalize;
}

static void
kl_media_layout_init (KlMediaLayout *self)
{
  self->items = g_ptr_array_new_with_free_func (layout_item_free);
  self->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->warnings = g_ptr_array_new_with_free_func (g_free);
}

/**
 * kl_media_type_to_string:
 *
 * The literal of the documented API: "CD", "UFD" or "UFD+FORMAT".
 */
const char *
kl_media_type_to_string (KlMediaType type)
{
  g_return_val_if_fail ((gsize) type < G_N_ELEMENTS (media_type_names), NULL);
  return media_type_names[type];
}

/**
 * kl_media_type_from_string:
 * @text: a literal in any case; "UDF" and "UDF+FORMAT" stand for the UFD forms, as the
 *   documentation spells them in places (media-api.md 1.4)
 *
 * Returns: whether @text names a type; @type is untouched otherwise
 */
gboolean
kl_media_type_from_string (const char *text, KlMediaType *type)
{
  g_autofree char *name = NULL;
  gsize i;

  g_return_val_if_fail (text != NULL && type != NULL, FALSE);

  name = g_ascii_strup (text, -1);
  if (g_str_has_prefix (name, "UDF"))
    memcpy (name, "UFD", 3);
  for (i = 0; i < G_N_ELEMENTS (media_type_names); i++)
    {
      if (g_str_equal (name, media_type_names[i]))
        {
          *type = (KlMediaType) i;
          return TRUE;
        }
    }
  return FALSE;
}

/**
 * kl_layout_source_to_string:
 *
 * Where a file comes from, as a dry run prints it (interface.md 2).
 */
const char *
kl_layout_source_to_string (KlLayoutSource source)
{
  g_return_val_if_fail ((gsize) source < G_N_ELEMENTS (source_names), NULL);
  return source_names[source];
}

/**
 * kl_media_layout_new:
 *
 * Decides which files a medium of @image holds (media-formats.md 3 and 5). Generated files (BCD
 * stores, EFI image, label, manifest) are made now; nothing else of the image is read.
 *
 * Errors: KL_ERROR_LABEL; KL_ERROR_NO_BOOT_FILES when neither firmware could start it, with both
 * reasons, or when a chosen boot manager is not there; KL_ERROR_PACKAGE_TOO_LARGE with the image ID
 * as detail; KL_ERROR_MISSING_PACKAGE when the loader changed since import; whatever the image's
 * own error is.
 */
KlMediaLayout *
kl_media_layout_new (KlBootImage *image, const KlLayoutOptions *options, GError **error)
{
  g_autoptr (KlMediaLayout) self = NULL;
  g_autoptr (KlBootFiles) files = NULL;
  KlLayoutPlan plan = { NULL };

  g_return_val_if_fail (KL_IS_BOOT_IMAGE (image) && options != NULL, NULL);

  if (!check_image (image, error))
    return NULL;
  if (options->label != NULL && !kl_label_check (options->label, error))
    return NULL;
  files = kl_boot_image_load_boot_files (image, error);
  if (files == NULL)
    return NULL;

  self = g_object_new (KL_TYPE_MEDIA_LAYOUT, NULL);
  self->type = options->type;
  self->image_id = g_strdup (kl_boot_image_get_id (image));
  self->label = options->label != NULL ? g_strstrip (g_strdup (options->label))
                                       : kl_label_dup_default (kl_boot_image_get_name (image));
  self->created = options->created != NULL ? g_date_time_to_utc (options->created)
                                           : g_date_time_new_now_utc ();
  plan = (KlLayoutPlan){ self, image, files, NULL, options->protection };
  if (!decide_firmware (&plan, options->boot_manager, error) || !check_wim_size (&plan, error))
    return NULL;
  take_obstacles (self, options);
  if (!kl_layout_plan_add_files (&plan, error))
    return NULL;
  collect_warnings (&plan);
  take_warnings (self, options);
  g_ptr_array_add (self->warnings, NULL);
  g_ptr_array_sort (self->items, compare_items);
  return g_steal_pointer (&self);
}

KlMediaType
kl_media_layout_get_media_type (KlMediaLayout *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), KL_MEDIA_TYPE_CD);
  return self->type;
}

const char *
kl_media_layout_get_label (KlMediaLayout *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), NULL);
  return self->label;
}

const char *
kl_media_layout_get_image_id (KlMediaLayout *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), NULL);
  return self->image_id;
}

/**
 * kl_media_layout_get_created:
 *
 * Returns: (transfer none): when the medium is made, as the manifest says; UTC
 */
GDateTime *
kl_media_layout_get_created (KlMediaLayout *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), NULL);
  return self->created;
}

guint
kl_media_layout_get_n_items (KlMediaLayout *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), 0);
  return self->items->len;
}

/**
 * kl_media_layout_get_item:
 * @position: below kl_media_layout_get_n_items()
 *
 * Returns: (transfer none): an item; they are sorted by the bytes of their paths
 */
const KlLayoutItem *
kl_media_layout_get_item (KlMediaLayout *self, guint position)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self) && position < self->items->len, NULL);
  return self->items->pdata[position];
}

/**
 * kl_media_layout_find:
 * @path: "/sources/boot.wim", without regard to case
 *
 * Returns: (transfer none) (nullable): the item with this path
 */
const KlLayoutItem *
kl_media_layout_find (KlMediaLayout *self, const char *path)
{
  g_autofree char *key = NULL;

  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self) && path != NULL, NULL);

  key = g_ascii_strdown (path, -1);
  return g_hash_table_lookup (self->by_path, key);
}

/**
 * kl_media_layout_get_content_bytes:
 *
 * Returns: the sum of all sizes in bytes, the manifest included, without what a file system adds
 */
guint64
kl_media_layout_get_content_bytes (KlMediaLayout *self)
{
  guint64 bytes = 0;
  guint i;

  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), 0);

  for (i = 0; i < self->items->len; i++)
    bytes += ((const KlLayoutItem *) self->items->pdata[i])->size;
  return bytes;
}

/**
 * kl_media_layout_has_bios:
 * @reason: (out) (optional) (transfer none) (nullable): why not, an English sentence
 */
gboolean
kl_media_layout_has_bios (KlMediaLayout *self, const char **reason)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), FALSE);

  if (reason != NULL)
    *reason = self->bios ? NULL : self->bios_reason;
  return self->bios;
}

/**
 * kl_media_layout_has_uefi:
 * @reason: (out) (optional) (transfer none) (nullable): why not, an English sentence
 */
gboolean
kl_media_layout_has_uefi (KlMediaLayout *self, const char **reason)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), FALSE);

  if (reason != NULL)
    *reason = self->uefi ? NULL : self->uefi_reason;
  return self->uefi;
}

const char *
kl_media_layout_get_uefi_architecture (KlMediaLayout *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), NULL);
  return self->architecture;
}

const char *
kl_media_layout_get_signer (KlMediaLayout *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), NULL);
  return self->signer;
}

const char *const *
kl_media_layout_get_warnings (KlMediaLayout *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), NULL);
  return (const char *const *) self->warnings->pdata;
}

const KlLayoutItem *
kl_media_layout_get_bios_boot_image (KlMediaLayout *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), NULL);
  return self->type == KL_MEDIA_TYPE_CD ? kl_media_layout_find (self, BIOS_BOOT_IMAGE) : NULL;
}

const KlLayoutItem *
kl_media_layout_get_efi_boot_image (KlMediaLayout *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_LAYOUT (self), NULL);
  return self->type == KL_MEDIA_TYPE_CD ? kl_media_layout_find (self, EFI_BOOT_IMAGE) : NULL;
}

/**
 * kl_media_layout_set_error:
 *
 * Sets an error whose detail is the image ID (media-api.md 3). Within the layout only.
 */
void
kl_media_layout_set_error (
    KlMediaLayout *self, GError **error, KlError code, const char *format, ...)
{
  GError *made;
  va_list arguments;

  va_start (arguments, format);
  made = g_error_new_valist (KL_ERROR, (gint) code, format, arguments);
  va_end (arguments);
  kl_error_set_detail (made, self->image_id);
  g_propagate_error (error, made);
}
