/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <glib/gi18n.h>

#include "data-path.h"
#include "function-job.h"
#include "job-runner.h"
#include "job/import-job.h"
#include "output.h"

/* Marks an --index that was not given. */
#define NO_INDEX G_MININT

static void
print_imported_event (KlBootImage *image)
{
  JsonBuilder *builder = kl_ctl_json_new ("done");
  const char *bios_reason = NULL, *uefi_reason = NULL, *uefi = NULL;
  gboolean bios = kl_boot_image_can_bios (image, TRUE, &bios_reason);

  if (kl_boot_image_can_uefi (image, &uefi_reason))
    uefi = kl_boot_image_get_uefi_architecture (image);

  kl_ctl_json_add_text (builder, "id", kl_boot_image_get_id (image));
  kl_ctl_json_add_text (builder, "name", kl_boot_image_get_name (image));
  kl_ctl_json_add_text (builder, "architecture", kl_boot_image_get_architecture (image));
  kl_ctl_json_add_text (builder, "version", kl_boot_image_get_os_version (image));
  kl_ctl_json_add_number (builder, "size", kl_boot_image_get_size (image));
  kl_ctl_json_add_text (builder, "sha256", kl_boot_image_get_sha256 (image));
  kl_ctl_json_add_firmware (builder, bios, uefi);
  if (!bios)
    kl_ctl_json_add_text (builder, "bios-reason", bios_reason);
  if (uefi == NULL)
    kl_ctl_json_add_text (builder, "uefi-reason", uefi_reason);
  kl_ctl_json_add_text (builder, "boot-manager-signer", kl_boot_image_get_signer (image));
  kl_ctl_json_print (builder);
}

static void
print_imported_text (KlBootImage *image)
{
  const char *bios_reason = NULL, *uefi_reason = NULL, *uefi = NULL;
  gboolean bios = kl_boot_image_can_bios (image, TRUE, &bios_reason);
  g_autofree char *size = g_format_size (kl_boot_image_get_size (image));
  g_autofree char *name = kl_ctl_clean (kl_boot_image_get_name (image));

  if (kl_boot_image_can_uefi (image, &uefi_reason))
    uefi = kl_boot_image_get_uefi_architecture (image);

  g_print (_ ("Imported as %s: %s (%s, %s).\n"), kl_boot_image_get_id (image), name,
           kl_boot_image_get_architecture (image), size);
  kl_ctl_print_boot (bios, bios_reason, uefi, uefi_reason);
  kl_ctl_print_field (_ ("Signed by"), kl_boot_image_get_signer (image));
}

static int
check_import_options (const KlCtlOptions *options)
{
  gboolean has_path = options->arguments[0] != NULL;

  if (options->sample && has_path)
    return kl_ctl_print_usage_error (options, _ ("Give either PATH or --sample"));
  if (!options->sample && !has_path)
    return kl_ctl_print_usage_error (options, _ ("“%s” needs %s"), options->command, "PATH");
  if (options->index != NO_INDEX && options->index < 1)
    return kl_ctl_print_usage_error (options, _ ("The first image of a file has index 1, not %d"),
                                     options->index);
  return KL_CTL_EXIT_DONE;
}

static char *
dup_absolute (const char *path)
{
  return path != NULL ? g_canonicalize_filename (path, NULL) : NULL;
}

static int
run_import (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autofree char *path
      = options->sample ? kl_data_path_dup_sample_wim () : dup_absolute (options->arguments[0]);
  g_autofree char *boot_files = dup_absolute (options->boot_files);
  const KlImportOptions import_options = {
    .path = path,
    .index = options->index != NO_INDEX ? (guint) options->index : 0,
    .id = options->id,
    .name = options->name,
    .boot_files = boot_files,
    .reexport = options->reexport,
  };
  g_autoptr (KlImportJob) job = NULL;
  g_autoptr (GError) error = NULL;
  int status = check_import_options (options);

  if (status != KL_CTL_EXIT_DONE)
    return status;

  job = kl_import_job_new (catalog, &import_options);
  if (!kl_ctl_run_job (options, KL_JOB (job), &error))
    return kl_ctl_print_error (options, error);

  /* The new ID is a result, not a remark: --quiet leaves it alone. */
  if (options->json)
    print_imported_event (kl_import_job_get_image (job));
  else if (options->quiet)
    g_print ("%s\n", kl_boot_image_get_id (kl_import_job_get_image (job)));
  else
    print_imported_text (kl_import_job_get_image (job));
  return KL_CTL_EXIT_DONE;
}

static void
add_import_options (GOptionContext *context, KlCtlOptions *options)
{
  const GOptionEntry entries[] = {
    { "index", 0, 0, G_OPTION_ARG_INT, &options->index,
      N_ ("Image of the file; else the one that is marked to boot"), "N" },
    { "id", 0, 0, G_OPTION_ARG_STRING, &options->id,
      N_ ("ID in the catalog; else the next free one"), "ID" },
    { "name", 0, 0, G_OPTION_ARG_STRING, &options->name,
      N_ ("Name in the catalog; else the image's own"), N_ ("NAME") },
    { "boot-files", 0, 0, G_OPTION_ARG_FILENAME, &options->boot_files,
      N_ ("Folder or ISO file with boot files that the image lacks"), N_ ("DIR") },
    { "reexport", 0, 0, G_OPTION_ARG_NONE, &options->reexport,
      N_ ("Compress a WIM anew that boot managers cannot read"), NULL },
    { "sample", 0, 0, G_OPTION_ARG_NONE, &options->sample, N_ ("Import the built-in sample image"),
      NULL },
    { NULL },
  };

  options->index = NO_INDEX;
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
}

typedef struct
{
  KlCatalog *catalog; /* not owned */
  const char *id;
  const char *path;
} Export;

static gboolean
export_image (gpointer data, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  const Export *export = data;

  return kl_catalog_export (export->catalog, export->id, export->path, progress, cancellable,
                            error);
}

static int
run_export (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autofree char *id = g_ascii_strup (options->arguments[0], -1);
  g_autofree char *path = dup_absolute (options->arguments[1]);
  g_autofree char *clean = kl_ctl_clean (path);
  Export export = { .catalog = catalog, .id = id, .path = path };
  g_autoptr (KlJob) job = kl_function_job_new ("Copying the boot image", export_image, &export);
  g_autoptr (GError) error = NULL;

  if (!kl_ctl_run_job (options, job, &error))
    return kl_ctl_print_error (options, error);

  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new ("done");

      kl_ctl_json_add_text (builder, "id", export.id);
      kl_ctl_json_add_text (builder, "path", path);
      kl_ctl_json_print (builder);
    }
  else if (!options->quiet)
    g_print (_ ("Exported %s to %s.\n"), export.id, clean);
  return KL_CTL_EXIT_DONE;
}

const KlCtlCommand kl_ctl_transfer_commands[] = {
  { "image", "import", "PATH", N_ ("Import a WIM file, or a folder or ISO file with one"),
    "  kindlingctl image import boot.wim --index 2\n"
    "  kindlingctl image import winpe.wim --boot-files /media/adk/Media --name \"Windows PE\"\n"
    "  kindlingctl image import Windows.iso\n"
    "  kindlingctl image import --sample",
    0, 1, add_import_options, run_import },
  { "image", "export", "ID PATH", N_ ("Write the WIM of a boot image to a file"),
    "  kindlingctl image export KDL00001 boot.wim", 2, 2, NULL, run_export },
  { NULL },
};
