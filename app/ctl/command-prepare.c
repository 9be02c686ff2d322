/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <string.h>

#include <glib/gi18n.h>

#include "base/error.h"
#include "core-text.h"
#include "image/injection-status.h"
#include "job-runner.h"
#include "job/prepare-job.h"
#include "output.h"
#include "prepare/recipe.h"

/* Of what is done to a file or a value. */
#define WORD_COLUMNS 10

static void
print_status_event (const KlInjectionStatus *status)
{
  JsonBuilder *builder = kl_ctl_json_new (NULL);

  kl_ctl_json_add_text (builder, "context-id", status->context_id);
  kl_ctl_json_add_number (builder, "status", (guint64) status->state);
  kl_ctl_json_add_number (builder, "progress", status->progress);
  kl_ctl_json_add_number (builder, "max-progress", status->max_progress);
  kl_ctl_json_add_text (builder, "progress-text", status->progress_text);
  kl_ctl_json_add_number (builder, "error-code", (guint64) status->error_code);
  kl_ctl_json_add_text (builder, "extended-error-info", status->extended_error_info);
  kl_ctl_json_print (builder);
}

static void
print_status_text (const KlInjectionStatus *status)
{
  static const char *const names[]
      = { N_ ("complete"), N_ ("in progress"), N_ ("error"), N_ ("no status: never prepared") };
  g_autofree char *step = kl_core_text_translate (status->progress_text);
  g_autofree char *progress
      = g_strdup_printf (_ ("%u of %u: %s"), status->progress, status->max_progress, step);
  g_autofree char *code = g_strdup_printf ("%d", status->error_code);

  g_print ("%s\n", _ (names[status->state]));
  if (status->state == KL_INJECTION_NO_STATUS)
    return;
  kl_ctl_print_field (_ ("Context ID"), status->context_id);
  kl_ctl_print_field (_ ("Step"), progress);
  if (status->state == KL_INJECTION_ERROR)
    {
      kl_ctl_print_field (_ ("Error code"), code);
      kl_ctl_print_field (_ ("File"), status->extended_error_info);
      kl_ctl_print_core_field (_ ("Message"), status->message);
    }
}

/* GUIDs, with or without braces. */
static gboolean
is_context_id (const char *text)
{
  gsize length = strlen (text);
  g_autofree char *bare = NULL;

  if (length > 2 && text[0] == '{' && text[length - 1] == '}')
    bare = g_strndup (text + 1, length - 2);
  return g_uuid_string_is_valid (bare != NULL ? bare : text);
}

static KlInjectionStatus *
find_status (KlCatalog *catalog, const char *id, GError **error)
{
  g_autoptr (KlBootImage) image = NULL;

  if (is_context_id (id))
    return kl_injection_status_query (catalog, id, error);

  image = kl_catalog_lookup (catalog, id, error);
  if (image == NULL)
    return NULL;
  if (kl_boot_image_get_error (image) != NULL)
    {
      g_propagate_error (error, g_error_copy (kl_boot_image_get_error (image)));
      return NULL;
    }
  return kl_injection_status_load (kl_boot_image_get_folder (image));
}

static int
run_status (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlInjectionStatus) status = find_status (catalog, options->arguments[0], &error);

  if (status == NULL)
    return kl_ctl_print_error (options, error);

  if (options->json)
    print_status_event (status);
  else
    print_status_text (status);
  return KL_CTL_EXIT_DONE;
}

static int
run_forget_status (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  const char *context_id = options->arguments[0];
  g_autoptr (GError) error = NULL;

  if (!is_context_id (context_id))
    return kl_ctl_print_usage_error (options, _ ("“%s” is no context ID"), context_id);
  if (!kl_injection_status_forget (catalog, context_id, &error))
    return kl_ctl_print_error (options, error);

  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new ("done");

      kl_ctl_json_add_text (builder, "context-id", context_id);
      kl_ctl_json_print (builder);
    }
  else if (!options->quiet)
    g_print (_ ("Forgot the status %s.\n"), context_id);
  return KL_CTL_EXIT_DONE;
}

/* ErrorCode and ExtendedErrorInfo, beside the error itself. */
static int
print_failure (KlCtlOptions *options, KlCatalog *catalog, const GError *error)
{
  g_autoptr (KlInjectionStatus) status = NULL;
  g_autofree char *code = NULL;

  if (!g_error_matches (error, KL_ERROR, KL_ERROR_INJECTION))
    return kl_ctl_print_error (options, error);

  status = find_status (catalog, options->arguments[0], NULL);
  if (status != NULL && options->json)
    print_status_event (status);
  else if (status != NULL)
    {
      code = g_strdup_printf ("%d", status->error_code);
      g_printerr ("ErrorCode: %s\n", code);
      g_printerr ("ExtendedErrorInfo: %s\n", status->extended_error_info);
    }
  return kl_ctl_print_error (options, error);
}

static int
run_prepare (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  const char *id = options->arguments[0];
  g_autoptr (KlPrepareJob) job = kl_prepare_job_new (catalog, id);
  const KlPreparation *result;
  g_autoptr (GError) error = NULL;

  if (!kl_ctl_run_job (options, KL_JOB (job), &error))
    return print_failure (options, catalog, error);

  result = kl_prepare_job_get_result (job);
  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new ("done");

      kl_ctl_json_add_text (builder, "id", id);
      kl_ctl_json_add_text (builder, "context-id", result->context_id);
      kl_ctl_json_add_flag (builder, "changed", result->changed);
      kl_ctl_json_add_list (builder, "warnings", (const char *const *) result->warnings);
      kl_ctl_json_print (builder);
      return KL_CTL_EXIT_DONE;
    }

  if (!options->quiet)
    g_print (result->changed ? _ ("Prepared %s.\n") : _ ("%s is up to date.\n"), id);
  if (!options->quiet)
    kl_ctl_print_warnings ((const char *const *) result->warnings);
  return KL_CTL_EXIT_DONE;
}

static void
print_preview_event (KlImageTree *tree)
{
  GPtrArray *files = kl_image_tree_get_files (tree);
  GPtrArray *values = kl_image_tree_get_values (tree);
  GPtrArray *warnings = kl_image_tree_get_warnings (tree);
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();
  JsonBuilder *builder;

  for (guint i = 0; i < files->len; i++)
    {
      const KlTreeFile *file = files->pdata[i];

      builder = kl_ctl_json_new (NULL);
      kl_ctl_json_add_text (builder, "path", file->path);
      kl_ctl_json_add_number (builder, "size", file->size);
      kl_ctl_json_add_text (builder, "change", file->replaces ? "replace" : "add");
      kl_ctl_json_add_text (builder, "source", file->source != NULL ? file->source : "generated");
      kl_ctl_json_print (builder);
    }
  for (guint i = 0; i < values->len; i++)
    {
      const KlTreeRegistryValue *value = values->pdata[i];

      builder = kl_ctl_json_new (NULL);
      kl_ctl_json_add_text (builder, "hive", value->hive);
      kl_ctl_json_add_text (builder, "key", value->key);
      kl_ctl_json_add_text (builder, "name", value->name);
      kl_ctl_json_add_text (builder, "value", value->value);
      kl_ctl_json_print (builder);
    }

  for (guint i = 0; i < warnings->len; i++)
    g_ptr_array_add (texts, warnings->pdata[i]);
  g_ptr_array_add (texts, NULL);
  builder = kl_ctl_json_new ("done");
  kl_ctl_json_add_number (builder, "files", files->len);
  kl_ctl_json_add_number (builder, "bytes", kl_image_tree_get_size (tree));
  kl_ctl_json_add_list (builder, "warnings", (const char *const *) texts->pdata);
  kl_ctl_json_print (builder);
}

static void
print_preview_text (KlImageTree *tree)
{
  GPtrArray *files = kl_image_tree_get_files (tree);
  GPtrArray *values = kl_image_tree_get_values (tree);
  GPtrArray *warnings = kl_image_tree_get_warnings (tree);
  g_autofree char *size = g_format_size (kl_image_tree_get_size (tree));

  for (guint i = 0; i < files->len; i++)
    {
      const KlTreeFile *file = files->pdata[i];
      g_autofree char *path = kl_ctl_clean (file->path);

      g_autofree char *word = kl_ctl_pad (file->replaces ? C_ ("what is done", "replace")
                                                         : C_ ("what is done", "add"),
                                          WORD_COLUMNS);

      g_print ("%s  %12" G_GUINT64_FORMAT "  %s\n", word, file->size, path);
    }
  for (guint i = 0; i < values->len; i++)
    {
      const KlTreeRegistryValue *value = values->pdata[i];

      g_autofree char *word = kl_ctl_pad (C_ ("what is done", "set"), WORD_COLUMNS);

      g_print ("%s  %s\\%s: %s = %s\n", word, value->hive, value->key, value->name, value->value);
    }
  for (guint i = 0; i < warnings->len; i++)
    kl_ctl_print_core_field (_ ("Warning"), warnings->pdata[i]);
  g_print (ngettext ("%u file (%s) would be added or replaced.\n",
                     "%u files (%s) would be added or replaced.\n", files->len),
           files->len, size);
}

static int
run_preview (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlPreview) preview
      = kl_prepare_preview (catalog, options->arguments[0], NULL, 0, NULL, &error);

  if (preview == NULL)
    return kl_ctl_print_error (options, error);

  if (options->json)
    print_preview_event (preview->tree);
  else
    print_preview_text (preview->tree);
  return KL_CTL_EXIT_DONE;
}

static int
run_add_driver (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  const char *id = options->arguments[0];
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *list = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 1; options->arguments[i] != NULL; i++)
    {
      char *name = NULL;

      if (!kl_recipe_add_driver (catalog, id, options->arguments[i], &name, &error))
        return kl_ctl_print_error (options, error);
      g_ptr_array_add (names, name);
    }

  g_ptr_array_add (names, NULL);
  list = g_strjoinv (", ", (char **) names->pdata);
  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new ("done");

      kl_ctl_json_add_text (builder, "id", id);
      kl_ctl_json_add_list (builder, "drivers", (const char *const *) names->pdata);
      kl_ctl_json_print (builder);
    }
  else if (!options->quiet)
    g_print (_ ("Added drivers to %s: %s\n"), id, list);
  return KL_CTL_EXIT_DONE;
}

static int
run_remove_driver (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  const char *id = options->arguments[0];
  g_autoptr (GError) error = NULL;

  for (guint i = 1; options->arguments[i] != NULL; i++)
    if (!kl_recipe_remove_driver (catalog, id, options->arguments[i], &error))
      return kl_ctl_print_error (options, error);

  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new ("done");

      kl_ctl_json_add_text (builder, "id", id);
      kl_ctl_json_print (builder);
    }
  else if (!options->quiet)
    g_print (_ ("Removed drivers from %s.\n"), id);
  return KL_CTL_EXIT_DONE;
}

const KlCtlCommand kl_ctl_prepare_commands[] = {
  { "image", "prepare", "ID", N_ ("Apply an image's recipe: binaries, drivers, settings"),
    "  kindlingctl image prepare KDL00001", 1, 1, NULL, run_prepare },
  { "image", "preview", "ID", N_ ("Say what preparing an image would change"),
    "  kindlingctl image preview KDL00001", 1, 1, NULL, run_preview },
  { "image", "status", "CONTEXT-ID|ID", N_ ("Say how far the preparation of an image is"),
    "  kindlingctl image status KDL00001", 1, 1, NULL, run_status },
  { "image", "forget-status", "CONTEXT-ID", N_ ("Forget the status of a preparation"),
    "  kindlingctl image forget-status 6e8bc430-9c3a-11d9-9669-0800200c9a66", 1, 1, NULL,
    run_forget_status },
  { "image", "add-driver", "ID DIR…", N_ ("Add folders or .cab files with drivers to the recipe"),
    "  kindlingctl image add-driver KDL00001 /srv/drivers/net /srv/drivers/storage.cab", 2,
    G_MAXUINT, NULL, run_add_driver },
  { "image", "remove-driver", "ID NAME…", N_ ("Take drivers out of the recipe"),
    "  kindlingctl image remove-driver KDL00001 net", 2, G_MAXUINT, NULL, run_remove_driver },
  { NULL },
};
