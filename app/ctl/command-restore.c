/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <glib/gi18n.h>

#include "drive-choice.h"
#include "job-runner.h"
#include "output.h"
#include "restore/restore-job.h"

static const char *
get_table (gboolean gpt)
{
  return gpt ? "gpt" : "dos"; /* as “drive list” has it */
}

/* As the volume bears it. */
static char *
dup_label (const KlCtlOptions *options, KlBlankKind kind)
{
  const char *label = options->label != NULL ? options->label : "";

  return kind == KL_BLANK_FAT32 ? g_ascii_strup (label, -1) : g_strdup (label);
}

static void
print_event (const KlCtlOptions *options,
             const char *path,
             KlBlankKind kind,
             gboolean gpt,
             guint64 bytes,
             const KlRestoreResult *result)
{
  JsonBuilder *builder = kl_ctl_json_new ("done");
  g_autofree char *label = dup_label (options, kind);

  kl_ctl_json_add_text (builder, "path", path);
  kl_ctl_json_add_text (builder, "file-system", kl_blank_kind_to_string (kind));
  kl_ctl_json_add_text (builder, "partition-table", get_table (gpt));
  kl_ctl_json_add_text (builder, "label", label);
  kl_ctl_json_add_number (builder, "bytes", bytes);
  if (result != NULL)
    {
      kl_ctl_json_add_real (builder, "seconds", result->seconds);
      kl_ctl_json_add_flag (builder, "verified", TRUE);
    }
  kl_ctl_json_print (builder);
}

static void
print_volume (const KlCtlOptions *options, KlBlankKind kind, gboolean gpt, guint64 bytes)
{
  g_autofree char *label = dup_label (options, kind);
  g_autofree char *size = g_format_size_full (bytes, G_FORMAT_SIZE_LONG_FORMAT);

  kl_ctl_print_field (_ ("File system"), kl_blank_kind_get_title (kind));
  kl_ctl_print_field (_ ("Label"), *label != '\0' ? label : C_ ("label", "none"));
  kl_ctl_print_field (_ ("Partition"), gpt ? "GPT" : "MBR");
  kl_ctl_print_field (_ ("Size"), size);
}

/* What would be lost, and what would be there instead. */
static int
run_dry (const KlCtlOptions *options, KlDrive *drive, KlBlankKind kind)
{
  const KlBlankOptions blank
      = { .disk_bytes = kl_drive_get_size (drive), .kind = kind, .label = options->label };
  g_autoptr (GError) error = NULL;
  g_autoptr (KlMediaWriter) writer = kl_blank_writer_new (&blank, &error);
  g_autofree char *content = NULL;
  KlBlankWriter *plan;

  if (writer == NULL)
    return kl_ctl_print_error (options, error);

  plan = KL_BLANK_WRITER (writer);
  if (options->json)
    print_event (options, kl_drive_get_path (drive), kl_blank_writer_get_kind (plan),
                 kl_blank_writer_has_gpt (plan), kl_blank_writer_get_volume_bytes (plan), NULL);
  else if (!options->quiet)
    {
      content = kl_ctl_describe_content (drive);
      kl_ctl_print_field (_ ("Drive"), kl_drive_get_path (drive));
      kl_ctl_print_field (_ ("Will be lost"), *content != '\0' ? content : _ ("nothing known"));
      print_volume (options, kl_blank_writer_get_kind (plan), kl_blank_writer_has_gpt (plan),
                    kl_blank_writer_get_volume_bytes (plan));
    }
  return KL_CTL_EXIT_DONE;
}

static int
run_job (const KlCtlOptions *options, KlDrive *drive, KlBlankKind kind)
{
  g_autoptr (KlRestoreJob) job = kl_restore_job_new (drive, kind, options->label);
  const KlRestoreResult *result;
  g_autoptr (GError) error = NULL;

  if (!kl_ctl_run_job (options, KL_JOB (job), &error))
    return kl_ctl_print_error (options, error);

  result = kl_restore_job_get_result (job);
  if (options->json)
    print_event (options, result->path, result->kind, result->gpt, result->bytes, result);
  else if (!options->quiet)
    {
      g_print (_ ("%s is empty and ready for normal use (%.1f s), read back and compared.\n"),
               result->path, result->seconds);
      print_volume (options, result->kind, result->gpt, result->bytes);
    }
  return KL_CTL_EXIT_DONE;
}

static int
run_restore (KlCtlOptions *options)
{
  g_autoptr (GPtrArray) drives = NULL;
  g_autoptr (GError) error = NULL;
  KlBlankKind kind = KL_BLANK_BY_SIZE;
  KlDrive *drive;

  if (options->file_system != NULL && !kl_blank_kind_from_string (options->file_system, &kind))
    return kl_ctl_print_usage_error (options, _ ("“%s” is no file system: fat32, exfat"),
                                     options->file_system);

  drives = kl_ctl_choose_drives (options, options->arguments, 1, NULL, &error);
  if (drives == NULL)
    return kl_ctl_print_error (options, error);
  drive = drives->pdata[0];
  if (kind == KL_BLANK_BY_SIZE)
    kind = kl_blank_kind_choose (kl_drive_get_size (drive));
  if (options->label != NULL && !kl_blank_check_label (kind, options->label, &error))
    return kl_ctl_print_error (options, error);

  if (options->dry_run)
    return run_dry (options, drive, kind);
  if (!kl_ctl_confirm_drives (options, drives, &error))
    return kl_ctl_print_error (options, error);
  return run_job (options, drive, kind);
}

static void
add_restore_options (GOptionContext *context, KlCtlOptions *options)
{
  const GOptionEntry entries[] = {
    { "file-system", 0, 0, G_OPTION_ARG_STRING, &options->file_system,
      N_ ("Of the empty volume; else FAT32 up to 32 GiB and exFAT above"), "fat32|exfat" },
    { "label", 0, 0, G_OPTION_ARG_STRING, &options->label,
      N_ ("Label of the volume, up to 11 characters; else none"), N_ ("LABEL") },
    { "expect-serial", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->expect_serials,
      N_ ("Refuse any drive but the one with this serial number, and ask nothing"), N_ ("SERIAL") },
    { "yes", 0, 0, G_OPTION_ARG_NONE, &options->yes,
      N_ ("Do not ask before everything on the drive is lost"), NULL },
    { "allow-fixed", 0, 0, G_OPTION_ARG_NONE, &options->allow_fixed,
      N_ ("Also a fixed disk; never the system's"), NULL },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &options->dry_run,
      N_ ("Print what would be lost and made, and write nothing"), NULL },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
}

const KlCtlCommand kl_ctl_restore_commands[] = {
  { "drive", "restore", "DRIVE",
    N_ ("Give a drive back to normal use: one empty volume that nothing starts from"),
    "  kindlingctl drive restore /dev/sdb\n"
    "  kindlingctl drive restore /dev/sdb --file-system exfat --label PHOTOS\n"
    "  kindlingctl drive restore /dev/sdb --expect-serial 0951C3\n"
    "  kindlingctl --json drive restore /dev/sdb --dry-run",
    1, 1, add_restore_options, run_restore },
  { NULL },
};
