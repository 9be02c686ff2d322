/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "drive-choice.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gi18n.h>

#include "base/error.h"
#include "drive/volume-choice.h"
#include "output.h"

#define MAX_ANSWER 64

/**
 * kl_ctl_new_drive_monitor:
 *
 * Returns: (transfer full): the drives, where the one that holds the catalog is refused
 */
KlDriveMonitor *
kl_ctl_new_drive_monitor (const KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  const char *const paths[] = { kl_catalog_get_path (catalog), NULL };
  const KlDriveMonitorOptions monitor_options
      = { .protected_paths = paths, .allow_fixed = options->allow_fixed };

  return kl_drive_monitor_new (&monitor_options);
}

/**
 * kl_ctl_describe_content:
 *
 * Returns: (transfer full): what is on the drive, “FAT32 “WINPE” at /media/x, ext4”; "" for nothing
 */
char *
kl_ctl_describe_content (KlDrive *drive)
{
  GString *text;

  if (kl_drive_is_unfinished (drive))
    return g_strdup (_ ("an unfinished medium: writing it was cancelled or failed"));

  text = g_string_new (NULL);
  for (guint i = 0; i < kl_drive_get_n_volumes (drive); i++)
    {
      const KlVolume *volume = kl_drive_get_volume (drive, i);
      const char *kind = volume->fs_version != NULL && g_str_equal (volume->fs_type, "vfat")
                             ? volume->fs_version
                             : volume->fs_type;

      g_string_append (text, i > 0 ? ", " : "");
      g_string_append (text, kind != NULL ? kind : _ ("no known file system"));
      if (volume->label != NULL)
        /* Translators: follows a file system; %s is the label of the volume. */
        g_string_append_printf (text, _ (" “%s”"), volume->label);
      for (guint j = 0; volume->mount_points[j] != NULL; j++)
        g_string_append_printf (text, _ (" at %s"), volume->mount_points[j]);
    }
  if (text->len == 0 && kl_drive_get_partition_table (drive) != NULL)
    g_string_append_printf (text, _ ("a partition table (%s) without partitions"),
                            kl_drive_get_partition_table (drive));
  return g_string_free (text, FALSE);
}

static gboolean
check_allowed (KlDrive *drive, GError **error)
{
  const char *reason = NULL;

  if (kl_drive_get_refusal (drive, &reason) == KL_REFUSAL_NONE)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” is not written to: %s",
               kl_drive_get_path (drive), reason);
  return FALSE;
}

/* --expect-serial may be given several times, and each time be a list. */
static GStrv
list_serials (const KlCtlOptions *options)
{
  g_autofree char *all = g_strjoinv (",", options->expect_serials);

  return g_strsplit (all, ",", -1);
}

/* Whether the drives are those that are expected: every serial number one of them, and every drive
 * one of the serial numbers. */
static gboolean
check_serials (const KlCtlOptions *options, GPtrArray *drives, GError **error)
{
  g_auto (GStrv) expected = NULL;

  if (options->expect_serials == NULL)
    return TRUE;

  expected = list_serials (options);
  for (guint i = 0; i < drives->len; i++)
    {
      const KlDriveIdentity *identity = kl_drive_get_identity (drives->pdata[i]);
      g_autofree char *there = NULL;
      g_autofree char *list = NULL;

      if (identity->serial != NULL
          && g_strv_contains ((const char *const *) expected, identity->serial))
        continue;

      there = kl_drive_identity_to_string (identity);
      list = g_strjoinv ("”, “", expected);
      g_set_error (error, KL_ERROR, KL_ERROR_WRONG_DRIVE,
                   "“%s” is not the drive with the serial number “%s”. There now: %s",
                   kl_drive_get_path (drives->pdata[i]), list, there);
      return FALSE;
    }
  for (guint i = 0; expected[i] != NULL; i++)
    {
      guint n = 0;

      for (guint j = 0; j < drives->len; j++)
        n += g_str_equal (expected[i], kl_drive_get_identity (drives->pdata[j])->serial);
      if (n == 1)
        continue;
      g_set_error (error, KL_ERROR, KL_ERROR_WRONG_DRIVE,
                   n == 0 ? "None of the drives has the serial number “%s”"
                          : "Several of the drives have the serial number “%s”",
                   expected[i]);
      return FALSE;
    }
  return TRUE;
}

static KlDrive *
find_whole_drive (const KlCtlOptions *options,
                  KlDriveMonitor *monitor,
                  const char *path,
                  GError **error)
{
  KlDrive *drive = kl_drive_monitor_find (monitor, path);

  if (drive == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
                 "“%s” is no drive; “kindlingctl drive list --all” names the drives that are "
                 "there%s",
                 path,
                 g_str_equal (options->command, "create")
                     ? ". For a disk image in a file --disk-image SIZE is needed"
                     : "");
  return drive;
}

/* @volumes: (nullable): gets the volume that @path names; %NULL: it names a drive */
static KlDrive *
find_drive (const KlCtlOptions *options,
            KlDriveMonitor *monitor,
            GPtrArray *found,
            GPtrArray *volumes,
            const char *path,
            GError **error)
{
  char *volume = NULL;
  g_autoptr (KlDrive) drive = volumes != NULL
                                  ? kl_drive_monitor_find_volume (monitor, path, &volume, error)
                                  : find_whole_drive (options, monitor, path, error);

  if (drive == NULL)
    return NULL;
  if (volumes != NULL)
    g_ptr_array_add (volumes, volume);
  for (guint i = 0; i < found->len; i++)
    if (g_str_equal (kl_drive_get_path (found->pdata[i]), kl_drive_get_path (drive)))
      {
        g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” was named twice",
                     kl_drive_get_path (drive));
        return NULL;
      }
  return check_allowed (drive, error) ? g_steal_pointer (&drive) : NULL;
}

/**
 * kl_ctl_choose_drives:
 * @paths: (array length=n_paths): what the command line names: nodes or links to them, or for UFD
 *   what kl_drive_monitor_find_volume() finds
 * @volumes: (nullable) (element-type utf8): for UFD: gets the node of a volume on each drive
 *
 * Errors: those of kl_drive_monitor_find_volume(); KL_ERROR_NOT_FOUND, KL_ERROR_INVALID_ARGUMENT
 * with the reason for refusing one, KL_ERROR_WRONG_DRIVE if one has another serial number than
 * those that are expected.
 *
 * Returns: (transfer full) (nullable) (element-type KlDrive): the drives, in the order of @paths
 */
GPtrArray *
kl_ctl_choose_drives (
    const KlCtlOptions *options, char **paths, guint n_paths, GPtrArray *volumes, GError **error)
{
  g_autoptr (KlDriveMonitor) monitor = kl_ctl_new_drive_monitor (options);
  g_autoptr (GPtrArray) drives = g_ptr_array_new_with_free_func (g_object_unref);

  if (!kl_drive_monitor_wait (monitor, error))
    return NULL;
  for (guint i = 0; i < n_paths; i++)
    {
      KlDrive *drive = find_drive (options, monitor, drives, volumes, paths[i], error);

      if (drive == NULL)
        return NULL;
      g_ptr_array_add (drives, drive);
    }
  return check_serials (options, drives, error) ? g_steal_pointer (&drives) : NULL;
}

static void
print_drive (KlDrive *drive)
{
  g_autofree char *name = kl_drive_dup_name (drive);
  g_autofree char *size = g_format_size (kl_drive_get_size (drive));
  g_autofree char *content = kl_ctl_describe_content (drive);
  g_autofree char *clean_name = kl_ctl_clean (name);
  g_autofree char *clean_content = kl_ctl_clean (content);
  const char *serial = kl_drive_get_identity (drive)->serial;
  g_autofree char *clean_serial
      = kl_ctl_clean (serial != NULL ? serial : C_ ("serial number", "unknown"));

  g_printerr (_ ("%s: %s, serial number %s, %s\n"), kl_drive_get_path (drive), clean_name,
              clean_serial, size);
  g_printerr (_ ("On it now: %s\n"), *content != '\0' ? clean_content : _ ("nothing known"));
}

static void
print_question (GPtrArray *drives)
{
  for (guint i = 0; i < drives->len; i++)
    print_drive (drives->pdata[i]);
  if (drives->len == 1)
    g_printerr (_ ("Everything on it will be lost. Type “yes” to go on: "));
  else
    g_printerr (
        g_dngettext (
            GETTEXT_PACKAGE, "Everything on this %u drive will be lost. Type “yes” to go on: ",
            "Everything on these %u drives will be lost. Type “yes” to go on: ", drives->len),
        drives->len);
}

/**
 * kl_ctl_confirm_drives:
 * @drives: (element-type KlDrive)
 *
 * Asks on a terminal, once for all, with model, serial number, size and what is on each drive.
 * Where nobody can be asked, --yes or --expect-serial stand for the answer.
 *
 * Errors: G_IO_ERROR_CANCELLED for another answer; KL_ERROR_INVALID_ARGUMENT if nobody can be
 * asked.
 */
gboolean
kl_ctl_confirm_drives (const KlCtlOptions *options, GPtrArray *drives, GError **error)
{
  char answer[MAX_ANSWER];

  if (options->yes || options->expect_serials != NULL)
    return TRUE;
  if (options->json || !isatty (STDIN_FILENO) || !isatty (STDERR_FILENO))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "Everything on “%s” would be lost, and nobody can be asked: --yes or "
                   "--expect-serial SERIAL is needed",
                   kl_drive_get_path (drives->pdata[0]));
      return FALSE;
    }

  print_question (drives);
  if (fgets (answer, sizeof answer, stdin) != NULL && strcmp (g_strstrip (answer), "yes") == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "“%s” was left as it is",
               kl_drive_get_path (drives->pdata[0]));
  return FALSE;
}
