/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <glib/gi18n.h>

#include "core-text.h"
#include "drive-choice.h"
#include "output.h"

#define COLUMNS_PATH 14
#define COLUMNS_SIZE 10
#define COLUMNS_BUS 7
#define COLUMNS_SERIAL 20

static gboolean
is_listed (const KlCtlOptions *options, KlDrive *drive)
{
  return options->all || kl_drive_get_refusal (drive, NULL) == KL_REFUSAL_NONE;
}

static void
add_volumes (JsonBuilder *builder, KlDrive *drive)
{
  json_builder_set_member_name (builder, "volumes");
  json_builder_begin_array (builder);
  for (guint i = 0; i < kl_drive_get_n_volumes (drive); i++)
    {
      const KlVolume *volume = kl_drive_get_volume (drive, i);

      json_builder_begin_object (builder);
      kl_ctl_json_add_text (builder, "path", volume->path);
      kl_ctl_json_add_text (builder, "file-system", volume->fs_type);
      kl_ctl_json_add_text (builder, "file-system-version", volume->fs_version);
      kl_ctl_json_add_text (builder, "label", volume->label);
      kl_ctl_json_add_number (builder, "size", volume->size);
      kl_ctl_json_add_list (builder, "mount-points", (const char *const *) volume->mount_points);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
print_drive_json (const char *event, KlDrive *drive)
{
  JsonBuilder *builder = kl_ctl_json_new (event);
  const KlDriveIdentity *identity = kl_drive_get_identity (drive);
  const char *reason = NULL;
  KlRefusal refusal = kl_drive_get_refusal (drive, &reason);

  kl_ctl_json_add_text (builder, "path", kl_drive_get_path (drive));
  kl_ctl_json_add_text (builder, "vendor", kl_drive_get_vendor (drive));
  kl_ctl_json_add_text (builder, "model", kl_drive_get_model (drive));
  kl_ctl_json_add_text (builder, "serial", identity->serial);
  kl_ctl_json_add_number (builder, "size", kl_drive_get_size (drive));
  kl_ctl_json_add_text (builder, "bus", kl_drive_get_bus (drive));
  kl_ctl_json_add_text (builder, "refused", reason);
  kl_ctl_json_add_text (builder, "refused-code",
                        refusal != KL_REFUSAL_NONE ? kl_refusal_to_string (refusal) : NULL);
  kl_ctl_json_add_text (builder, "wwn", identity->wwn);
  kl_ctl_json_add_text (builder, "port", identity->port_path);
  kl_ctl_json_add_number (builder, "diskseq", identity->diskseq);
  kl_ctl_json_add_flag (builder, "removable", kl_drive_is_removable (drive));
  kl_ctl_json_add_flag (builder, "read-only", kl_drive_is_read_only (drive));
  kl_ctl_json_add_flag (builder, "mounted", kl_drive_is_mounted (drive));
  kl_ctl_json_add_flag (builder, "unfinished", kl_drive_is_unfinished (drive));
  kl_ctl_json_add_text (builder, "partition-table", kl_drive_get_partition_table (drive));
  add_volumes (builder, drive);
  kl_ctl_json_print (builder);
}

static void
append_cell (GString *row, const char *text, guint columns)
{
  g_autofree char *clean = kl_ctl_clean (text != NULL ? text : "");
  g_autofree char *padded = kl_ctl_pad (clean, columns);

  g_string_append_printf (row, "%s  ", padded);
}

static char *
format_row (
    const char *path, const char *size, const char *bus, const char *serial, const char *name)
{
  GString *row = g_string_new (NULL);

  append_cell (row, path, COLUMNS_PATH);
  append_cell (row, size, COLUMNS_SIZE);
  append_cell (row, bus, COLUMNS_BUS);
  append_cell (row, serial, COLUMNS_SERIAL);
  append_cell (row, name, 0);
  return g_strchomp (g_string_free (row, FALSE));
}

static void
print_indented (const char *text)
{
  g_autofree char *clean = kl_ctl_clean (text);

  if (*clean != '\0')
    g_print ("    %s\n", clean);
}

/* @event: (nullable): a word in front */
static void
print_drive_text (const char *event, KlDrive *drive)
{
  g_autofree char *size = g_format_size (kl_drive_get_size (drive));
  g_autofree char *name = kl_drive_dup_name (drive);
  g_autofree char *content = kl_ctl_describe_content (drive);
  g_autofree char *row = format_row (kl_drive_get_path (drive), size, kl_drive_get_bus (drive),
                                     kl_drive_get_identity (drive)->serial, name);
  const char *reason = NULL;

  g_print ("%s%s%s\n", event != NULL ? event : "", event != NULL ? "  " : "", row);
  print_indented (content);
  if (kl_drive_get_refusal (drive, &reason) != KL_REFUSAL_NONE)
    {
      g_autofree char *why = kl_core_text_translate (reason);
      g_autofree char *sentence = g_strdup_printf (_ ("Refused: %s."), why);

      print_indented (sentence);
    }
}

static void
print_drive (const KlCtlOptions *options, const char *event, KlDrive *drive)
{
  if (options->json)
    print_drive_json (event, drive);
  else
    print_drive_text (event, drive);
}

static void
print_nothing (guint n_drives)
{
  if (n_drives == 0)
    g_print (_ ("No drives. Plug one in and try again.\n"));
  else
    g_print (g_dngettext (GETTEXT_PACKAGE,
                          "No drive that may be written to; %u is refused: “kindlingctl drive "
                          "list --all” says why.\n",
                          "No drive that may be written to; %u are refused: “kindlingctl drive "
                          "list --all” says why.\n",
                          n_drives),
             n_drives);
}

static int
run_list (KlCtlOptions *options)
{
  g_autoptr (KlDriveMonitor) monitor = kl_ctl_new_drive_monitor (options);
  g_autoptr (GError) error = NULL;
  guint n_drives, n_listed = 0;

  if (!kl_drive_monitor_wait (monitor, &error))
    return kl_ctl_print_error (options, error);

  n_drives = g_list_model_get_n_items (G_LIST_MODEL (monitor));
  for (guint i = 0; i < n_drives; i++)
    {
      g_autoptr (KlDrive) drive = g_list_model_get_item (G_LIST_MODEL (monitor), i);

      if (!is_listed (options, drive))
        continue;
      if (n_listed++ == 0 && !options->json && !options->quiet)
        {
          g_autofree char *head
              = format_row (_ ("Drive"), _ ("Size"), _ ("Bus"), _ ("Serial"), _ ("Name"));

          g_print ("%s\n", head);
        }
      print_drive (options, NULL, drive);
    }

  if (n_listed == 0 && !options->json && !options->quiet)
    print_nothing (n_drives);
  return KL_CTL_EXIT_DONE;
}

static void
added_cb (KlDriveMonitor *monitor, KlDrive *drive, gpointer user_data)
{
  if (is_listed (user_data, drive))
    print_drive (user_data, "add", drive);
}

static void
removed_cb (KlDriveMonitor *monitor, KlDrive *drive, gpointer user_data)
{
  if (is_listed (user_data, drive))
    print_drive (user_data, "remove", drive);
}

/* A drive that is refused from now on, or no longer, comes or goes for those who see no refused
 * ones. */
static void
changed_cb (KlDriveMonitor *monitor, KlDrive *drive, KlDrive *before, gpointer user_data)
{
  if (is_listed (user_data, drive))
    print_drive (user_data, is_listed (user_data, before) ? "change" : "add", drive);
  else if (is_listed (user_data, before))
    print_drive (user_data, "remove", before);
}

static int
run_watch (KlCtlOptions *options)
{
  g_autoptr (KlDriveMonitor) monitor = kl_ctl_new_drive_monitor (options);
  g_autoptr (GError) error = NULL;

  if (!kl_drive_monitor_wait (monitor, &error))
    return kl_ctl_print_error (options, error);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (monitor)); i++)
    {
      g_autoptr (KlDrive) drive = g_list_model_get_item (G_LIST_MODEL (monitor), i);

      added_cb (monitor, drive, options);
    }
  g_signal_connect (monitor, "drive-added", G_CALLBACK (added_cb), options);
  g_signal_connect (monitor, "drive-changed", G_CALLBACK (changed_cb), options);
  g_signal_connect (monitor, "drive-removed", G_CALLBACK (removed_cb), options);

  /* Until a signal ends the program; see kl_ctl_exit_on_signals(). */
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

static void
add_drive_options (GOptionContext *context, KlCtlOptions *options)
{
  const GOptionEntry entries[] = {
    { "all", 0, 0, G_OPTION_ARG_NONE, &options->all,
      N_ ("Also drives that are refused, with the reason"), NULL },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
}

const KlCtlCommand kl_ctl_drive_commands[] = {
  { "drive", "list", "", N_ ("List the drives that media can be written to"),
    "  kindlingctl drive list\n"
    "  kindlingctl --json drive list --all",
    0, 0, add_drive_options, run_list },
  { "drive", "watch", "", N_ ("List them and print what changes, until Ctrl+C"),
    "  kindlingctl drive watch\n"
    "  kindlingctl --json drive watch --all",
    0, 0, add_drive_options, run_watch },
  { NULL },
};
