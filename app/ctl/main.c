/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <glib/gi18n.h>

#include "command.h"
#include "job-runner.h"
#include "language.h"
#include "output.h"
#include "settings.h"
#include "site/site-folder.h"

#define SUMMARY_COLUMNS 42

static const KlCtlCommand *const command_tables[] = {
  kl_ctl_image_commands,   kl_ctl_transfer_commands, kl_ctl_edit_commands,
  kl_ctl_prepare_commands, kl_ctl_create_commands,   kl_ctl_media_commands,
  kl_ctl_inspect_commands, kl_ctl_site_commands,     kl_ctl_drive_commands,
  kl_ctl_restore_commands, kl_ctl_driver_commands,
};

static void
add_global_options (GOptionContext *context, KlCtlOptions *options)
{
  const GOptionEntry entries[] = {
    { "catalog", 0, 0, G_OPTION_ARG_FILENAME, &options->catalog,
      N_ ("Folder of the catalog instead of the usual one"), N_ ("DIR") },
    { "site", 0, 0, G_OPTION_ARG_FILENAME, &options->site,
      N_ ("Site profile, or the name of an imported one; else media are for plain Windows PE"),
      N_ ("FILE") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json,
      N_ ("Print one JSON object a line, progress included"), NULL },
    { "quiet", 0, 0, G_OPTION_ARG_NONE, &options->quiet, N_ ("Print no progress and no remarks"),
      NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_ ("Print the version"), NULL },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
}

/* @first: nullable */
static char *
join_words (const char *first, const char *second)
{
  return first != NULL ? g_strdup_printf ("%s %s", first, second) : g_strdup (second);
}

static char *
list_commands (void)
{
  GString *text = g_string_new (_ ("Commands:\n"));

  for (guint table = 0; table < G_N_ELEMENTS (command_tables); table++)
    for (const KlCtlCommand *command = command_tables[table]; command->name != NULL; command++)
      {
        g_autofree char *name = join_words (command->group, command->name);
        g_autofree char *usage = join_words (name, command->arguments);
        g_autofree char *padded = kl_ctl_pad (usage, SUMMARY_COLUMNS);

        g_string_append_printf (text, "  %s %s\n", padded, _ (command->summary));
      }

  g_string_append (text, _ ("\nExamples:\n"));
  g_string_append (text, "  kindlingctl image import ~/winpe/boot.wim --name \"Windows PE\"\n"
                         "  kindlingctl create CD winpe.iso KDL00001\n"
                         "  kindlingctl check winpe.iso\n\n");
  g_string_append (text, _ ("“kindlingctl COMMAND --help” says how a command is used; the manual "
                            "page kindlingctl(1) has the whole story."));
  return g_string_free (text, FALSE);
}

static gboolean
is_group (const char *word)
{
  for (guint table = 0; table < G_N_ELEMENTS (command_tables); table++)
    for (const KlCtlCommand *command = command_tables[table]; command->name != NULL; command++)
      if (g_strcmp0 (command->group, word) == 0)
        return TRUE;
  return FALSE;
}

static const KlCtlCommand *
find_command (const char *group, const char *name)
{
  for (guint table = 0; table < G_N_ELEMENTS (command_tables); table++)
    for (const KlCtlCommand *command = command_tables[table]; command->name != NULL; command++)
      if (g_strcmp0 (command->group, group) == 0 && strcmp (command->name, name) == 0)
        return command;
  return NULL;
}

/* A parser that fails takes back what it has set; that scripts want JSON still holds. What an
 * earlier parser has set, this one does not free. */
static gboolean
parse (KlCtlOptions *options, GOptionContext *context, char ***words, GError **error)
{
  const gboolean json = options->json;
  char *catalog = options->catalog;
  gboolean parsed = g_option_context_parse_strv (context, words, error);

  if (options->catalog != catalog)
    g_free (catalog);
  options->json |= json;
  return parsed;
}

/* Takes the global options that stand before the next word; the words that are left begin at
 * words[1], words[0] being the one that was dealt with before. */
static gboolean
parse_up_to_word (KlCtlOptions *options, char ***words, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (_ ("COMMAND …"));
  g_autofree char *commands = list_commands ();

  add_global_options (context, options);
  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_set_summary (
      context, _ ("Makes bootable media from Windows PE boot images, on the terminal."));
  g_option_context_set_description (context, commands);
  return parse (options, context, words, error);
}

static gboolean
parse_command (KlCtlOptions *options, const KlCtlCommand *command, char ***words, GError **error)
{
  const GOptionEntry rest[] = {
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->arguments, NULL,
      command->arguments },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autofree char *program = g_strdup_printf ("kindlingctl %s", options->command);
  g_autofree char *examples = g_strdup_printf (_ ("Examples:\n%s"), command->examples);

  g_set_prgname (program);
  if (command->add_options != NULL)
    command->add_options (context, options);
  add_global_options (context, options);
  g_option_context_add_main_entries (context, rest, NULL);
  g_option_context_set_summary (context, _ (command->summary));
  g_option_context_set_description (context, examples);
  return parse (options, context, words, error);
}

static int
print_version (void)
{
  g_print ("kindlingctl %s\n", KL_VERSION);
  return KL_CTL_EXIT_DONE;
}

/* "" as a path would mean the current folder to some calls and nothing to others. */
static int
check_not_empty (const KlCtlOptions *options)
{
  const char *const paths[] = { options->catalog, options->boot_files };

  for (guint i = 0; options->arguments[i] != NULL; i++)
    if (*options->arguments[i] == '\0')
      return kl_ctl_print_usage_error (options, _ ("Argument %u of “%s” is empty"), i + 1,
                                       options->command);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    if (paths[i] != NULL && *paths[i] == '\0')
      return kl_ctl_print_usage_error (options, _ ("%s needs the path of a folder"),
                                       i == 0 ? "--catalog" : "--boot-files");
  return KL_CTL_EXIT_DONE;
}

static int
check_and_run (KlCtlOptions *options, const KlCtlCommand *command)
{
  guint n_arguments;
  int status;

  if (options->arguments == NULL)
    options->arguments = g_new0 (char *, 1);
  n_arguments = g_strv_length (options->arguments);

  if (n_arguments < command->min_arguments)
    return kl_ctl_print_usage_error (options, _ ("“%s” needs %s"), options->command,
                                     command->arguments);
  if (n_arguments > command->max_arguments)
    return kl_ctl_print_usage_error (options, _ ("“%s” is one argument too many for “%s”"),
                                     options->arguments[command->max_arguments], options->command);
  status = check_not_empty (options);
  return status == KL_CTL_EXIT_DONE ? command->run (options) : status;
}

/* @words: the command line from the last word of the command on, which is words[0]. */
/* A profile that was imported has a name, too. */
static void
find_site (KlCtlOptions *options)
{
  char *path = NULL;

  if (options->site != NULL && !g_file_test (options->site, G_FILE_TEST_EXISTS))
    path = kl_site_folder_find (options->site);
  if (path == NULL)
    return;
  g_free (options->site);
  options->site = path;
}

static int
run_command (KlCtlOptions *options, const KlCtlCommand *command, char ***words)
{
  g_autofree char *name = join_words (command->group, command->name);
  g_autoptr (GError) error = NULL;
  int status;

  options->command = name;
  if (!parse_command (options, command, words, &error))
    status = kl_ctl_print_usage_error (options, "%s", error->message);
  else if (options->version)
    status = print_version ();
  else
    {
      find_site (options);
      status = check_and_run (options, command);
    }

  options->command = "";
  return status;
}

static void
drop_first_word (char **words)
{
  g_free (words[0]);
  memmove (words, words + 1, g_strv_length (words + 1) * sizeof *words + sizeof *words);
}

/* The first word of a group such as “image”, taken off @words; NULL if there is none. */
static char *
take_group (char **words)
{
  if (words[0] == NULL || words[1] == NULL || !is_group (words[1]))
    return NULL;

  drop_first_word (words);
  return g_strdup (words[0]);
}

static int
dispatch (KlCtlOptions *options, char ***words)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *group = NULL;
  g_autofree char *name = NULL;
  const KlCtlCommand *command;

  if (!parse_up_to_word (options, words, &error))
    return kl_ctl_print_usage_error (options, "%s", error->message);
  group = take_group (*words);
  if (group != NULL && !parse_up_to_word (options, words, &error))
    return kl_ctl_print_usage_error (options, "%s", error->message);
  if (options->version)
    return print_version ();

  if ((*words)[0] == NULL || (*words)[1] == NULL)
    return kl_ctl_print_usage_error (options, _ ("A command is missing"));
  command = find_command (group, (*words)[1]);
  name = join_words (group, (*words)[1]);
  if (command == NULL)
    return kl_ctl_print_usage_error (options, _ ("There is no command “%s”"), name);

  drop_first_word (*words);
  return run_command (options, command, words);
}

/* Also when the command line cannot be parsed, scripts get their event. */
static gboolean
asks_for_json (char **words)
{
  for (guint i = 1; words[0] != NULL && words[i] != NULL && strcmp (words[i], "--") != 0; i++)
    if (strcmp (words[i], "--json") == 0)
      return TRUE;
  return FALSE;
}

/* Names and messages are UTF-8. Where no locale is chosen at all, as under cron, the terminal is
 * taken to be UTF-8 too; a locale that was chosen is respected. */
static void
set_up_locale (gboolean json)
{
  const char *charset_locale;

  kl_language_set_up (json);
  charset_locale = setlocale (LC_CTYPE, NULL);
  if (g_strcmp0 (charset_locale, "C") == 0 || g_strcmp0 (charset_locale, "POSIX") == 0)
    setlocale (LC_CTYPE, "C.UTF-8");
}

static void
options_clear (KlCtlOptions *options)
{
  g_free (options->catalog);
  g_free (options->site);
  g_free (options->id);
  g_free (options->name);
  g_free (options->boot_files);
  g_free (options->source);
  g_free (options->label);
  g_free (options->file_system);
  g_free (options->boot_manager);
  g_free (options->disk_image);
  g_free (options->architecture);
  g_free (options->hardware_id);
  g_strfreev (options->expect_serials);
  g_free (options->certificate);
  g_free (options->valid_from);
  g_free (options->valid_until);
  g_strfreev (options->variables);
  g_free (options->password_file);
  g_free (options->export_certificate);
  g_strfreev (options->arguments);
}

/**
 * kl_ctl_open_catalog:
 *
 * Returns: (transfer full): the catalog of --catalog, else that of the preferences, else the usual
 *   one; nothing is read yet
 */
KlCatalog *
kl_ctl_open_catalog (const KlCtlOptions *options)
{
  return kl_settings_open_catalog (options->catalog);
}

int
main (int argc, char *argv[])
{
  KlCtlOptions options = {
    .command = "", .password_fd = -1, .certificate_password_fd = -1, .connection_options_fd = -1
  };
  g_auto (GStrv) words = NULL;
  int status;

  words = g_strdupv (argv);
  options.json = asks_for_json (words);
  set_up_locale (options.json);
  kl_ctl_exit_on_signals ();
  g_set_prgname ("kindlingctl");

  status = dispatch (&options, &words);
  options_clear (&options);

  if ((fflush (stdout) != 0 || ferror (stdout)) && status == KL_CTL_EXIT_DONE)
    {
      g_printerr ("kindlingctl: %s\n", _ ("Standard output could not be written"));
      status = 1;
    }
  return status;
}
