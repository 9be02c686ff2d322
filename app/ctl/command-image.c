/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <glib/gi18n.h>

#include "core-text.h"
#include "function-job.h"
#include "job-runner.h"
#include "output.h"
#include "prepare/preparer.h"

/* The admin's text goes before what the image says of itself. */
static const char *
get_version (KlBootImage *image)
{
  const char *version = kl_boot_image_get_version (image);

  return version != NULL && *version != '\0' ? version : kl_boot_image_get_os_version (image);
}

/* @known: nullable; for a list. The key that scripts read. */
static const char *
get_state (KlBootImage *image, GHashTable *known)
{
  return kl_image_state_to_string (kl_prepare_find_state (image, known));
}

static const char *
get_state_word (KlBootImage *image, GHashTable *known)
{
  switch (kl_prepare_find_state (image, known))
    {
    case KL_IMAGE_STATE_COMPLETE:
      return C_ ("state in a list", "prepared");
    case KL_IMAGE_STATE_IN_PROGRESS:
      return C_ ("state in a list", "preparing");
    case KL_IMAGE_STATE_ERROR:
      return C_ ("state in a list", "failed");
    case KL_IMAGE_STATE_STALE:
      /* Translators: since it was prepared. */
      return C_ ("state in a list", "changed");
    case KL_IMAGE_STATE_NO_STATUS:
    default:
      /* Translators: to be used as it is, or to be prepared. */
      return C_ ("state in a list", "ready");
    }
}

static void
add_identity (JsonBuilder *builder, KlBootImage *image, GHashTable *known)
{
  const GError *broken = kl_boot_image_get_error (image);

  kl_ctl_json_add_text (builder, "id", kl_boot_image_get_id (image));
  kl_ctl_json_add_text (builder, "name", kl_boot_image_get_name (image));
  kl_ctl_json_add_text (builder, "architecture", kl_boot_image_get_architecture (image));
  kl_ctl_json_add_text (builder, "version", get_version (image));
  kl_ctl_json_add_number (builder, "size", kl_boot_image_get_size (image));
  kl_ctl_json_add_text (builder, "state", get_state (image, known));
  if (broken != NULL)
    kl_ctl_json_add_text (builder, "error", broken->message);
}

static void
add_row (GString *table, const char *const *cells)
{
  static const guint columns[] = { 8, 5, 16, 10, 11 };

  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    {
      g_autofree char *clean = kl_ctl_clean (cells[i] != NULL ? cells[i] : "");

      kl_ctl_append_padded (table, clean, columns[i] + 2);
    }
  g_string_append (table, cells[G_N_ELEMENTS (columns)]);
  g_string_append_c (table, '\n');
}

static void
add_image_row (GString *table, KlBootImage *image, GHashTable *known)
{
  const GError *broken = kl_boot_image_get_error (image);
  g_autofree char *size = broken == NULL ? g_format_size (kl_boot_image_get_size (image)) : NULL;
  g_autofree char *reason = broken != NULL ? kl_core_text_translate (broken->message) : NULL;
  g_autofree char *last = kl_ctl_clean (reason != NULL ? reason : kl_boot_image_get_name (image));
  const char *const cells[]
      = { kl_boot_image_get_id (image),  kl_boot_image_get_architecture (image),
          get_version (image),           size,
          get_state_word (image, known), last };

  add_row (table, cells);
}

static int
run_list (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GString) table = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  guint n_images;

  if (!kl_catalog_load (catalog, &error))
    return kl_ctl_print_error (options, error);

  n_images = g_list_model_get_n_items (G_LIST_MODEL (catalog));
  if (!options->json && !options->quiet)
    {
      const char *const heads[]
          = { _ ("ID"), _ ("Arch."), _ ("Version"), _ ("Size"), _ ("State"), _ ("Name") };

      if (n_images > 0)
        add_row (table, heads);
      else
        g_print (_ ("No boot images in %s. “kindlingctl image import PATH” adds one.\n"),
                 kl_catalog_get_path (catalog));
    }

  for (guint i = 0; i < n_images; i++)
    {
      g_autoptr (KlBootImage) image = g_list_model_get_item (G_LIST_MODEL (catalog), i);

      if (options->json)
        {
          JsonBuilder *builder = kl_ctl_json_new (NULL);

          add_identity (builder, image, known);
          kl_ctl_json_print_row (builder);
        }
      else
        add_image_row (table, image, known);
    }
  g_print ("%s", table->str);
  return KL_CTL_EXIT_DONE;
}

static char *
dup_imported (KlBootImage *image)
{
  GDateTime *imported = kl_boot_image_get_imported (image);

  return imported != NULL ? g_date_time_format_iso8601 (imported) : NULL;
}

static const char *
boot_manager_to_string (KlBootManager manager)
{
  switch (manager)
    {
    case KL_BOOT_MANAGER_2011:
      return "2011";
    case KL_BOOT_MANAGER_2023:
      return "2023";
    case KL_BOOT_MANAGER_DEFAULT:
    default:
      return "";
    }
}

static void
add_boot (JsonBuilder *builder, KlBootImage *image)
{
  const char *bios_reason = NULL, *uefi_reason = NULL, *uefi = NULL;
  gboolean bios = kl_boot_image_can_bios (image, TRUE, &bios_reason);

  if (kl_boot_image_can_uefi (image, &uefi_reason))
    uefi = kl_boot_image_get_uefi_architecture (image);

  kl_ctl_json_add_firmware (builder, bios, uefi);
  if (!bios)
    kl_ctl_json_add_text (builder, "bios-reason", bios_reason);
  if (uefi == NULL)
    kl_ctl_json_add_text (builder, "uefi-reason", uefi_reason);
  kl_ctl_json_add_text (builder, "boot-manager-signer", kl_boot_image_get_signer (image));
  kl_ctl_json_add_text (builder, "boot-manager",
                        boot_manager_to_string (kl_boot_image_get_boot_manager (image)));
}

static void
add_time (JsonBuilder *builder, const char *name, GDateTime *time)
{
  g_autofree char *text = time != NULL ? g_date_time_format_iso8601 (time) : NULL;

  kl_ctl_json_add_text (builder, name, text);
}

static void
add_record (JsonBuilder *builder, const KlMediaRecord *record)
{
  add_time (builder, "made", record->made);
  kl_ctl_json_add_text (builder, "type", record->type);
  kl_ctl_json_add_text (builder, "destination", record->destination);
  kl_ctl_json_add_text (builder, "label", record->label);
  kl_ctl_json_add_number (builder, "bytes", record->bytes);
  kl_ctl_json_add_text (builder, "site-code", record->site_code);
  kl_ctl_json_add_text (builder, "certificate-thumbprint", record->thumbprint);
  add_time (builder, "certificate-end", record->certificate_end);
  kl_ctl_json_add_flag (builder, "password-required", record->password_required);
  kl_ctl_json_add_flag (builder, "verified", record->verified);
}

static void
add_media (JsonBuilder *builder, KlBootImage *image)
{
  const KlMediaRecord *last = kl_boot_image_get_last_medium (image);

  kl_ctl_json_add_number (builder, "media", kl_boot_image_get_n_media (image));
  json_builder_set_member_name (builder, "last-medium");
  if (last == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }
  json_builder_begin_object (builder);
  add_record (builder, last);
  json_builder_end_object (builder);
}

/* @sha256_matches: NULL where it was not asked for. */
static void
print_image_json (KlBootImage *image, const gboolean *sha256_matches)
{
  JsonBuilder *builder = kl_ctl_json_new (NULL);
  g_autofree char *imported = dup_imported (image);

  add_identity (builder, image, NULL);
  if (kl_boot_image_get_error (image) == NULL)
    {
      kl_ctl_json_add_text (builder, "description", kl_boot_image_get_description (image));
      kl_ctl_json_add_text (builder, "os-version", kl_boot_image_get_os_version (image));
      kl_ctl_json_add_text (builder, "language", kl_boot_image_get_language (image));
      kl_ctl_json_add_text (builder, "source-path", kl_boot_image_get_source_path (image));
      kl_ctl_json_add_number (builder, "source-index", kl_boot_image_get_source_index (image));
      kl_ctl_json_add_text (builder, "imported", imported);
      kl_ctl_json_add_text (builder, "sha256", kl_boot_image_get_sha256 (image));
      if (sha256_matches != NULL)
        kl_ctl_json_add_flag (builder, "sha256-matches", *sha256_matches);
      add_boot (builder, image);
    }
  kl_ctl_json_add_text (builder, "folder", kl_boot_image_get_folder (image));
  add_media (builder, image);
  kl_ctl_json_print (builder);
}

static void
print_source (KlBootImage *image)
{
  g_autofree char *source
      = g_strdup_printf (_ ("%s, image %u"), kl_boot_image_get_source_path (image),
                         kl_boot_image_get_source_index (image));
  GDateTime *imported = kl_boot_image_get_imported (image);
  g_autoptr (GDateTime) local = imported != NULL ? g_date_time_to_local (imported) : NULL;
  g_autofree char *when = local != NULL ? g_date_time_format (local, "%c") : NULL;

  kl_ctl_print_field (_ ("Source"), source);
  kl_ctl_print_field (_ ("Imported"), when);
}

static char *
dup_local (GDateTime *time)
{
  g_autoptr (GDateTime) local = time != NULL ? g_date_time_to_local (time) : NULL;

  return local != NULL ? g_date_time_format (local, "%Y-%m-%d %H:%M")
                       : g_strdup (C_ ("date", "unknown"));
}

static void
print_last_medium (KlBootImage *image)
{
  const KlMediaRecord *last = kl_boot_image_get_last_medium (image);
  g_autofree char *made = NULL;
  g_autofree char *text = NULL;
  g_autofree char *end = NULL;
  g_autofree char *until = NULL;

  if (last == NULL)
    return;

  made = dup_local (last->made);
  text = g_strdup_printf (_ ("%s, %s"), made, last->destination);
  end = dup_local (last->certificate_end);
  kl_ctl_print_field (_ ("Last medium"), text);
  until = g_strdup_printf (_ ("valid until %s"), end);
  kl_ctl_print_field (_ ("Its certificate"), until);
  kl_ctl_print_expiry (last->certificate_end);
}

static void
print_image_text (KlBootImage *image)
{
  const char *bios_reason = NULL, *uefi_reason = NULL, *uefi = NULL;
  gboolean bios = kl_boot_image_can_bios (image, TRUE, &bios_reason);
  g_autofree char *size
      = g_format_size_full (kl_boot_image_get_size (image), G_FORMAT_SIZE_LONG_FORMAT);

  if (kl_boot_image_can_uefi (image, &uefi_reason))
    uefi = kl_boot_image_get_uefi_architecture (image);

  kl_ctl_print_field (_ ("ID"), kl_boot_image_get_id (image));
  kl_ctl_print_field (_ ("Name"), kl_boot_image_get_name (image));
  kl_ctl_print_field (_ ("Description"), kl_boot_image_get_description (image));
  kl_ctl_print_field (_ ("Version"), kl_boot_image_get_version (image));
  kl_ctl_print_field (_ ("OS version"), kl_boot_image_get_os_version (image));
  kl_ctl_print_field (_ ("Architecture"), kl_boot_image_get_architecture (image));
  kl_ctl_print_field (_ ("Language"), kl_boot_image_get_language (image));
  kl_ctl_print_field (_ ("Size"), size);
  kl_ctl_print_field (_ ("State"), get_state_word (image, NULL));
  kl_ctl_print_boot (bios, bios_reason, uefi, uefi_reason);
  kl_ctl_print_field (_ ("Boot manager"),
                      boot_manager_to_string (kl_boot_image_get_boot_manager (image)));
  kl_ctl_print_field (_ ("Signed by"), kl_boot_image_get_signer (image));
  print_source (image);
  kl_ctl_print_field (_ ("SHA-256"), kl_boot_image_get_sha256 (image));
  kl_ctl_print_field (_ ("Folder"), kl_boot_image_get_folder (image));
  print_last_medium (image);
}

static int
run_history (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlBootImage) image = kl_catalog_lookup (catalog, options->arguments[0], &error);
  g_autoptr (GPtrArray) records = NULL;

  if (image == NULL)
    return kl_ctl_print_error (options, error);

  records = kl_media_record_list (kl_boot_image_get_folder (image), G_MAXUINT, NULL);
  for (guint i = 0; i < records->len; i++)
    {
      const KlMediaRecord *record = records->pdata[i];

      if (options->json)
        {
          JsonBuilder *builder = kl_ctl_json_new (NULL);

          add_record (builder, record);
          kl_ctl_json_print (builder);
        }
      else
        {
          g_autofree char *made = dup_local (record->made);
          g_autofree char *end = dup_local (record->certificate_end);
          g_autofree char *destination = kl_ctl_clean (record->destination);

          g_print (_ ("%s  %-10s  certificate until %s  %s\n"), made, record->type, end,
                   destination);
        }
    }
  return KL_CTL_EXIT_DONE;
}

static gboolean
check_sha256 (gpointer data, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  return kl_boot_image_check_sha256 (data, progress, cancellable, error);
}

static int
run_show (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (GError) error = NULL;
  const gboolean matches = TRUE;

  image = kl_catalog_lookup (catalog, options->arguments[0], &error);
  if (image == NULL)
    return kl_ctl_print_error (options, error);
  if (kl_boot_image_get_error (image) != NULL)
    {
      if (options->json)
        print_image_json (image, NULL);
      return kl_ctl_print_error (options, kl_boot_image_get_error (image));
    }

  if (options->verify)
    {
      g_autoptr (KlJob) job = kl_function_job_new ("Checking SHA-256", check_sha256, image);

      if (!kl_ctl_run_job (options, job, &error))
        return kl_ctl_print_error (options, error);
    }

  if (options->json)
    print_image_json (image, options->verify ? &matches : NULL);
  else
    print_image_text (image);
  if (options->verify && !options->json)
    kl_ctl_print_field (_ ("Checked"), _ ("the file matches its SHA-256"));
  return KL_CTL_EXIT_DONE;
}

static void
add_show_options (GOptionContext *context, KlCtlOptions *options)
{
  const GOptionEntry entries[] = {
    { "verify", 0, 0, G_OPTION_ARG_NONE, &options->verify,
      N_ ("Read the image and compare it with its SHA-256"), NULL },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
}

const KlCtlCommand kl_ctl_image_commands[] = {
  { "image", "list", "", N_ ("List the boot images of the catalog"),
    "  kindlingctl image list\n"
    "  kindlingctl --json image list | jq -r .id",
    0, 0, NULL, run_list },
  { "image", "show", "ID", N_ ("Show what is known of a boot image"),
    "  kindlingctl image show KDL00001\n"
    "  kindlingctl image show KDL00001 --verify",
    1, 1, add_show_options, run_show },
  { "image", "history", "ID", N_ ("List the media that were made of it, the newest first"),
    "  kindlingctl image history KDL00001", 1, 1, NULL, run_history },
  { NULL },
};
