/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "output.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <glib/gi18n.h>

#include "base/error.h"
#include "core-text.h"
#include "crypto/certificate.h"
#include "error-text.h"

#define FIELD_COLUMNS 16
#define BAR_COLUMNS 20

/**
 * kl_ctl_json_new:
 * @event: (nullable): "progress", "done", "error"; %NULL for an object that is no event
 */
JsonBuilder *
kl_ctl_json_new (const char *event)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  if (event != NULL)
    kl_ctl_json_add_text (builder, "event", event);
  return builder;
}

/**
 * kl_ctl_json_add_text:
 * @text: (nullable): %NULL is written as null; bytes that are not UTF-8, as file names may hold,
 *   become U+FFFD
 */
void
kl_ctl_json_add_text (JsonBuilder *builder, const char *name, const char *text)
{
  g_autofree char *valid = NULL;

  json_builder_set_member_name (builder, name);
  if (text == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }

  valid = g_utf8_make_valid (text, -1);
  json_builder_add_string_value (builder, valid);
}

void
kl_ctl_json_add_number (JsonBuilder *builder, const char *name, guint64 number)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) MIN (number, (guint64) G_MAXINT64));
}

void
kl_ctl_json_add_real (JsonBuilder *builder, const char *name, double number)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_double_value (builder, number);
}

void
kl_ctl_json_add_flag (JsonBuilder *builder, const char *name, gboolean flag)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, flag);
}

void
kl_ctl_json_add_list (JsonBuilder *builder, const char *name, const char *const *texts)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; texts != NULL && texts[i] != NULL; i++)
    json_builder_add_string_value (builder, texts[i]);
  json_builder_end_array (builder);
}

/**
 * kl_ctl_json_add_firmware:
 * @uefi: (nullable): the architecture that boots by UEFI; %NULL for none
 *
 * Adds "bios" and the list "uefi".
 */
void
kl_ctl_json_add_firmware (JsonBuilder *builder, gboolean bios, const char *uefi)
{
  const char *const architectures[] = { uefi, NULL };

  kl_ctl_json_add_flag (builder, "bios", bios);
  kl_ctl_json_add_list (builder, "uefi", architectures);
}

/**
 * kl_ctl_json_print_row:
 * @builder: (transfer full): from kl_ctl_json_new(NULL)
 *
 * One of many lines that come at once: nobody sees it before the program ends, or there are many.
 */
void
kl_ctl_json_print_row (JsonBuilder *builder)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *line = NULL;

  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json_generator_set_root (generator, root);
  line = json_generator_to_data (generator, NULL);

  fputs (line, stdout);
  fputc ('\n', stdout);
  g_object_unref (builder);
}

/**
 * kl_ctl_json_print:
 * @builder: (transfer full): from kl_ctl_json_new()
 *
 * Whoever reads has it at once.
 */
void
kl_ctl_json_print (JsonBuilder *builder)
{
  kl_ctl_json_print_row (builder);
  fflush (stdout);
}

/**
 * kl_ctl_clean:
 * @text: from a medium, a catalog or a file name: anything may be in it
 *
 * Returns: (transfer full): @text as UTF-8 without control characters, which could make a terminal
 *   do things
 */
char *
kl_ctl_clean (const char *text)
{
  g_autofree char *valid = NULL;
  const char *plain = text;
  GString *clean;

  while (*plain >= ' ' && *plain <= '~')
    plain++;
  if (*plain == '\0')
    return g_strdup (text);

  valid = g_utf8_make_valid (text, -1);
  clean = g_string_new (NULL);
  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);

      g_string_append_unichar (clean, g_unichar_iscntrl (character) ? 0xfffd : character);
    }
  return g_string_free (clean, FALSE);
}

/* Columns of a terminal: Chinese and Japanese characters take two. */
static guint
get_columns (gunichar character)
{
  if (character < 0x80)
    return 1;
  return g_unichar_iswide (character) ? 2 : g_unichar_iszerowidth (character) ? 0 : 1;
}

static guint
count_columns (const char *text)
{
  guint columns = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    columns += get_columns (g_utf8_get_char (text));
  return columns;
}

/**
 * kl_ctl_append_padded:
 *
 * Appends @text with spaces up to @columns of a terminal.
 */
void
kl_ctl_append_padded (GString *table, const char *text, guint columns)
{
  const guint width = count_columns (text);

  g_string_append (table, text);
  for (guint i = width; i < columns; i++)
    g_string_append_c (table, ' ');
}

/**
 * kl_ctl_pad:
 *
 * Returns: (transfer full): @text with spaces up to @columns of a terminal
 */
char *
kl_ctl_pad (const char *text, guint columns)
{
  GString *padded = g_string_new (NULL);

  kl_ctl_append_padded (padded, text, columns);
  return g_string_free (padded, FALSE);
}

/**
 * kl_ctl_print_field:
 * @value: (nullable): nothing is printed for %NULL and ""
 */
void
kl_ctl_print_field (const char *name, const char *value)
{
  g_autofree char *padded = NULL;
  g_autofree char *clean = NULL;

  if (value == NULL || *value == '\0')
    return;

  padded = kl_ctl_pad (name, FIELD_COLUMNS);
  clean = kl_ctl_clean (value);
  g_print ("%s %s\n", padded, clean);
}

/**
 * kl_ctl_print_core_field:
 * @text: (nullable): a sentence of core
 */
void
kl_ctl_print_core_field (const char *name, const char *text)
{
  g_autofree char *translated = text != NULL ? kl_core_text_translate (text) : NULL;

  kl_ctl_print_field (name, translated);
}

/**
 * kl_ctl_print_warnings:
 * @warnings: (nullable): sentences of core
 */
void
kl_ctl_print_warnings (const char *const *warnings)
{
  for (guint i = 0; warnings != NULL && warnings[i] != NULL; i++)
    kl_ctl_print_core_field (_ ("Warning"), warnings[i]);
}

void
kl_ctl_print_boot (gboolean bios,
                   const char *bios_reason,
                   const char *uefi,
                   const char *uefi_reason)
{
  g_autofree char *bios_why = kl_core_text_translate (bios_reason ? bios_reason : "");
  g_autofree char *uefi_why = kl_core_text_translate (uefi_reason ? uefi_reason : "");
  g_autofree char *no_bios = g_strdup_printf (_ ("no: %s"), bios_why);
  g_autofree char *no_uefi = g_strdup_printf (_ ("no: %s"), uefi_why);

  kl_ctl_print_field (_ ("Boots on BIOS"), bios ? _ ("yes") : bios_reason ? no_bios : _ ("no"));
  kl_ctl_print_field (_ ("Boots on UEFI"), uefi ? uefi : uefi_reason ? no_uefi : _ ("no"));
}

/* From 30 days before the end on. */
void
kl_ctl_print_expiry (GDateTime *end)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *text = NULL;
  GTimeSpan left;

  if (end == NULL)
    return;

  left = g_date_time_difference (end, now);
  if (left < 0)
    kl_ctl_print_field (_ ("Warning"), _ ("The certificate has expired."));
  else if (left < KL_CERTIFICATE_WARN_DAYS * G_TIME_SPAN_DAY)
    {
      const guint days = (guint) (left / G_TIME_SPAN_DAY);

      text = g_strdup_printf (
          ngettext ("The certificate ends in %u day.", "The certificate ends in %u days.", days),
          days);
      kl_ctl_print_field (_ ("Warning"), text);
    }
}

/* @target: (nullable): which of several jobs it is */
void
kl_ctl_print_progress_event (KlJob *job, const char *target)
{
  JsonBuilder *builder = kl_ctl_json_new ("progress");
  int eta = kl_job_get_eta (job);

  if (target != NULL)
    kl_ctl_json_add_text (builder, "target", target);
  kl_ctl_json_add_number (builder, "step", kl_job_get_current_step (job));
  kl_ctl_json_add_number (builder, "steps", kl_job_get_num_steps (job));
  kl_ctl_json_add_real (builder, "fraction", kl_job_get_fraction (job));
  kl_ctl_json_add_number (builder, "bytes", kl_job_get_bytes (job));
  kl_ctl_json_add_number (builder, "total-bytes", kl_job_get_total_bytes (job));
  kl_ctl_json_add_number (builder, "rate", (guint64) MAX (kl_job_get_rate (job), 0));
  if (eta >= 0)
    kl_ctl_json_add_number (builder, "eta", (guint64) eta);
  else
    kl_ctl_json_add_text (builder, "eta", NULL);
  kl_ctl_json_add_text (builder, "info", kl_job_get_step_info (job));
  kl_ctl_json_print (builder);
}

/* The bar stands on standard error, so that standard output can go to a file. */
gboolean
kl_ctl_has_bar (const KlCtlOptions *options)
{
  return !options->json && !options->quiet && isatty (STDERR_FILENO)
         && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

static glong
terminal_columns (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return 80;
  return size.ws_col;
}

guint
kl_ctl_get_terminal_rows (void)
{
  struct winsize size;

  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0)
    return 24;
  return size.ws_row;
}

static char *
describe_progress (KlJob *job)
{
  GString *text = g_string_new ("[");
  double fraction = CLAMP (kl_job_get_fraction (job), 0, 1);
  guint64 total = kl_job_get_total_bytes (job);
  const char *info = kl_job_get_step_info (job);
  g_autofree char *step = kl_core_text_translate (info != NULL ? info : "");

  for (int i = 0; i < BAR_COLUMNS; i++)
    g_string_append_c (text, i < (int) (fraction * BAR_COLUMNS) ? '#' : '.');
  g_string_append_printf (text, "] %3d %%  %s", (int) (fraction * 100), step);

  if (total > 0)
    {
      g_autofree char *done_text = g_format_size (kl_job_get_bytes (job));
      g_autofree char *total_text = g_format_size (total);

      g_string_append_printf (text, _ ("  %s of %s"), done_text, total_text);
    }
  if (kl_job_get_rate (job) > 0)
    {
      g_autofree char *rate_text = g_format_size ((guint64) kl_job_get_rate (job));

      g_string_append_printf (text, _ ("  %s/s"), rate_text);
    }
  if (kl_job_get_eta (job) >= 0)
    g_string_append_printf (text, _ ("  %d s left"), kl_job_get_eta (job));

  return g_string_free (text, FALSE);
}

/* Returns: (transfer full): as much of @text as fits */
static char *
cut (const char *text, guint columns)
{
  const char *end = text;
  guint width = 0;

  for (; *end != '\0'; end = g_utf8_next_char (end))
    {
      width += get_columns (g_utf8_get_char (end));
      if (width > columns)
        break;
    }
  return g_strndup (text, (gsize) (end - text));
}

/**
 * kl_ctl_format_bar:
 * @target: (nullable): what stands in front
 *
 * Returns: (transfer full): a line for the terminal, no wider than that
 */
char *
kl_ctl_format_bar (KlJob *job, const char *target)
{
  g_autofree char *progress = describe_progress (job);
  g_autofree char *line
      = g_strconcat (target != NULL ? target : "", target != NULL ? "  " : "", progress, NULL);
  g_autofree char *clean = kl_ctl_clean (line);

  return cut (clean, (guint) MAX (terminal_columns () - 1, 0));
}

/**
 * kl_ctl_print_progress:
 *
 * Prints where @job stands: an event with --json, a bar on a terminal, else nothing.
 */
void
kl_ctl_print_progress (const KlCtlOptions *options, KlJob *job)
{
  g_autofree char *bar = NULL;

  if (options->quiet)
    return;
  if (options->json)
    {
      kl_ctl_print_progress_event (job, NULL);
      return;
    }
  if (!kl_ctl_has_bar (options))
    return;

  bar = kl_ctl_format_bar (job, NULL);
  g_printerr ("\r%s\033[K", bar);
}

void
kl_ctl_clear_progress (const KlCtlOptions *options)
{
  if (kl_ctl_has_bar (options))
    g_printerr ("\r\033[K");
}

static void
print_error_event (const GError *error,
                   const char *title,
                   const char *next_step,
                   const char *target)
{
  JsonBuilder *builder = kl_ctl_json_new ("error");
  const char *detail = kl_error_get_detail (error);
  g_autofree char *hresult = g_strdup_printf ("0x%08X", kl_error_get_hresult (error));

  if (target != NULL)
    kl_ctl_json_add_text (builder, "target", target);
  kl_ctl_json_add_text (builder, "code", kl_error_get_symbol (error));
  kl_ctl_json_add_text (builder, "exit-code", hresult);
  kl_ctl_json_add_text (builder, "detail", detail != NULL ? detail : "");
  kl_ctl_json_add_text (builder, "message", error->message);
  kl_ctl_json_add_text (builder, "title", title);
  kl_ctl_json_add_text (builder, "next-step", next_step);
  kl_ctl_json_print (builder);
}

/* The command that does the next step, where there is one. */
static const char *
find_next_command (const GError *error)
{
  static const struct
  {
    int code;
    const char *command;
  } rows[] = {
    { KL_ERROR_WIM_UNREADABLE, "kindlingctl image import PATH --reexport" },
    { KL_ERROR_WIM_INDEX, "kindlingctl image import PATH --index N" },
    { KL_ERROR_NO_BOOT_FILES, "kindlingctl image import PATH --boot-files DIR" },
    { KL_ERROR_MISSING_PACKAGE, "kindlingctl image list" },
    { KL_ERROR_IMAGE_BROKEN, "kindlingctl image remove ID" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_error_matches (error, KL_ERROR, rows[i].code))
      return rows[i].command;
  return NULL;
}

/**
 * kl_ctl_print_target_error:
 * @target: (nullable): which of several media it is
 *
 * Says what happened, the fact with its numbers, and what to do: on standard error, or as an event
 * with --json.
 *
 * Returns: the exit status
 */
int
kl_ctl_print_target_error (const KlCtlOptions *options, const GError *error, const char *target)
{
  g_autofree char *name = target != NULL ? g_strdup_printf ("%s: ", target) : g_strdup ("");
  const char *title = kl_error_text_get_title (error);
  g_autofree char *next_step = kl_error_text_dup_next_step (error);
  const char *command = find_next_command (error);
  g_autofree char *reason = kl_core_text_translate (error->message);
  g_autofree char *message = kl_ctl_clean (reason);

  if (options->json)
    print_error_event (error, title, next_step, target);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_printerr ("kindlingctl: %s%s\n", name, title);
  else
    {
      g_printerr ("kindlingctl: %s%s\n", name, title);
      g_printerr (_ ("  Details: %s\n"), message);
      g_printerr (_ ("  What to do: %s\n"), next_step);
      if (command != NULL)
        g_printerr (_ ("  Command: %s\n"), command);
    }

  return kl_error_get_exit_status (error);
}

int
kl_ctl_print_error (const KlCtlOptions *options, const GError *error)
{
  return kl_ctl_print_target_error (options, error, NULL);
}

/**
 * kl_ctl_print_usage_error:
 *
 * Says what is wrong with the command line: always on standard error, since a person typed it, and
 * with --json as an event too.
 *
 * Returns: the exit status for wrong use
 */
int
kl_ctl_print_usage_error (const KlCtlOptions *options, const char *format, ...)
{
  const gboolean has_command = *options->command != '\0';
  g_autoptr (GError) error = NULL;
  g_autofree char *message = NULL;
  g_autofree char *program
      = g_strdup_printf ("kindlingctl%s%s", has_command ? " " : "", options->command);
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (KL_ERROR, KL_ERROR_INVALID_ARGUMENT, format, args);
  va_end (args);

  message = kl_ctl_clean (error->message);
  g_printerr ("kindlingctl: %s\n", message);
  g_printerr (_ ("“%s --help” says how it is used.\n"), program);
  if (options->json)
    {
      g_autofree char *next_step = kl_error_text_dup_next_step (error);

      print_error_event (error, kl_error_text_get_title (error), next_step, NULL);
    }

  return KL_CTL_EXIT_USAGE;
}
