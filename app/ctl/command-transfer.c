/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <glib/gi18n.h>

#include "data-path.h"
#include "job-runner.h"
#include "job/export-job.h"
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

static int
run_export (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autofree char *id = g_ascii_strup (options->arguments[0], -1);
  g_autofree char *path = dup_absolute (options->arguments[1]);
  g_autofree char *clean = kl_ctl_clean (path);
  g_autoptr (KlExportJob) job = kl_export_job_new (catalog, id, path);
  g_autoptr (GError) error = NULL;

  if (!kl_ctl_run_job (options, KL_JOB (job), &error))
    return kl_ctl_print_error (options, error);

  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new ("done");

      kl_ctl_json_add_text (builder, "id", id);
      kl_ctl_json_add_text (builder, "path", path);
      kl_ctl_json_print (builder);
    }
  else if (!options->quiet)
    g_print (_ ("Exported %s to %s.\n"), id, clean);
  return KL_CTL_EXIT_DONE;
}

static int
run_export_default (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autofree char *source = dup_absolute (options->source);
  g_autofree char *path = dup_absolute (options->arguments[1]);
  g_autofree char *clean = kl_ctl_clean (path);
  const KlDefaultImage wanted
      = { options->arguments[0], options->index != NO_INDEX ? (guint) options->index : 0, source };
  g_autoptr (KlExportJob) job = NULL;
  g_autoptr (GError) error = NULL;

  if (options->index != NO_INDEX && options->index < 1)
    return kl_ctl_print_usage_error (options, _ ("The first image of a file has index 1, not %d"),
                                     options->index);

  job = kl_export_job_new_default (catalog, &wanted, path);
  if (!kl_ctl_run_job (options, KL_JOB (job), &error))
    return kl_ctl_print_error (options, error);

  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new ("done");

      kl_ctl_json_add_text (builder, "architecture", wanted.architecture);
      kl_ctl_json_add_text (builder, "path", path);
      kl_ctl_json_print (builder);
    }
  else if (!options->quiet)
    g_print (_ ("Exported the boot image for %s to %s.\n"), wanted.architecture, clean);
  return KL_CTL_EXIT_DONE;
}

static void
add_export_default_options (GOptionContext *context, KlCtlOptions *options)
{
  const GOptionEntry entries[] = {
    { "index", 0, 0, G_OPTION_ARG_INT, &options->index,
      N_ ("Image of the file; else the one that is marked to boot"), "N" },
    { "from", 0, 0, G_OPTION_ARG_FILENAME, &options->source,
      N_ ("WIM file, folder or ISO file; else the catalog's first image for ARCH"), N_ ("PATH") },
    { NULL },
  };

  options->index = NO_INDEX;
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
}

static int
run_properties (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  const char *source = options->arguments[0];
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = kl_image_properties_read (catalog, source, &error);

  if (xml == NULL)
    return kl_ctl_print_error (options, error);

  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new (NULL);

      kl_ctl_json_add_text (builder, "source", source);
      kl_ctl_json_add_text (builder, "image-property", xml);
      kl_ctl_json_print (builder);
    }
  else
    g_print ("%s\n", xml);
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
  { "image", "export-default", "ARCH PATH", N_ ("Write one image, as it was imported, to a file"),
    "  kindlingctl image export-default x64 boot.wim\n"
    "  kindlingctl image export-default arm64 boot.wim --from Windows.iso --index 2",
    2, 2, add_export_default_options, run_export_default },
  { "image", "properties", "PATH|ID", N_ ("Print the metadata of a WIM file as XML"),
    "  kindlingctl image properties boot.wim", 1, 1, NULL, run_properties },
  { NULL },
};
