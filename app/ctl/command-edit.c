/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <string.h>

#include <glib/gi18n.h>

#include "output.h"

/* The Status of QueryOSDBinaryInjectionStatus (media-api.md 4.2). */
enum
{
  STATUS_COMPLETE,
  STATUS_IN_PROGRESS,
  STATUS_ERROR,
  STATUS_NO_STATUS,
};

static int
print_done (const KlCtlOptions *options, const char *id, const char *text)
{
  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new ("done");

      kl_ctl_json_add_text (builder, "id", id);
      kl_ctl_json_print (builder);
    }
  else if (!options->quiet)
    g_print ("%s\n", text);
  return KL_CTL_EXIT_DONE;
}

static int
run_remove (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autofree char *id = g_ascii_strup (options->arguments[0], -1);
  g_autofree char *text = g_strdup_printf (_ ("Removed %s."), id);
  g_autoptr (GError) error = NULL;

  if (!kl_catalog_remove (catalog, id, &error))
    return kl_ctl_print_error (options, error);

  return print_done (options, id, text);
}

/* All are looked at before the first one is set. */
static int
check_settings (const KlCtlOptions *options)
{
  for (guint i = 1; options->arguments[i] != NULL; i++)
    {
      const char *setting = options->arguments[i];

      if (strchr (setting, '=') == NULL || *setting == '=')
        return kl_ctl_print_usage_error (options, _ ("“%s” is not of the form KEY=VALUE"), setting);
      if (!g_utf8_validate (setting, -1, NULL))
        return kl_ctl_print_usage_error (options, _ ("Argument %u is not valid UTF-8"), i + 1);
    }
  return KL_CTL_EXIT_DONE;
}

static int
run_set (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autofree char *id = g_ascii_strup (options->arguments[0], -1);
  g_autofree char *text = g_strdup_printf (_ ("Changed %s."), id);
  g_autoptr (GError) error = NULL;
  int status = check_settings (options);

  if (status != KL_CTL_EXIT_DONE)
    return status;

  for (guint i = 1; options->arguments[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (options->arguments[i], "=", 2);

      if (!kl_catalog_set (catalog, id, parts[0], parts[1], &error))
        return kl_ctl_print_error (options, error);
    }
  return print_done (options, id, text);
}

static int
find_status (KlImageState state)
{
  switch (state)
    {
    case KL_IMAGE_STATE_COMPLETE:
    case KL_IMAGE_STATE_STALE:
      return STATUS_COMPLETE;
    case KL_IMAGE_STATE_IN_PROGRESS:
      return STATUS_IN_PROGRESS;
    case KL_IMAGE_STATE_ERROR:
      return STATUS_ERROR;
    case KL_IMAGE_STATE_NO_STATUS:
    default:
      return STATUS_NO_STATUS;
    }
}

static void
print_status (const KlCtlOptions *options, const char *context_id, int status)
{
  static const char *const names[]
      = { N_ ("complete"), N_ ("in progress"), N_ ("error"), N_ ("no status: never prepared") };
  JsonBuilder *builder;

  if (!options->json)
    {
      g_print ("%s\n", _ (names[status]));
      return;
    }

  builder = kl_ctl_json_new (NULL);
  kl_ctl_json_add_text (builder, "context-id", context_id);
  kl_ctl_json_add_number (builder, "status", (guint64) status);
  kl_ctl_json_add_number (builder, "progress", 0);
  kl_ctl_json_add_number (builder, "max-progress", 0);
  kl_ctl_json_add_text (builder, "progress-text", "");
  kl_ctl_json_add_number (builder, "error-code", 0);
  kl_ctl_json_add_text (builder, "extended-error-info", "");
  kl_ctl_json_print (builder);
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

static int
run_status (KlCtlOptions *options)
{
  g_autoptr (KlCatalog) catalog = kl_ctl_open_catalog (options);
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (GError) error = NULL;
  const char *id = options->arguments[0];

  /* A context that nobody knows has no status, and that is no error (media-api.md 4.2). */
  if (is_context_id (id))
    {
      print_status (options, id, STATUS_NO_STATUS);
      return KL_CTL_EXIT_DONE;
    }

  image = kl_catalog_lookup (catalog, id, &error);
  if (image == NULL)
    return kl_ctl_print_error (options, error);
  if (kl_boot_image_get_error (image) != NULL)
    return kl_ctl_print_error (options, kl_boot_image_get_error (image));

  print_status (options, "", find_status (kl_boot_image_get_state (image)));
  return KL_CTL_EXIT_DONE;
}

const KlCtlCommand kl_ctl_edit_commands[] = {
  { "image", "set", "ID KEY=VALUE…",
    N_ ("Change name, description, version or boot-manager (2011, 2023)"),
    "  kindlingctl image set KDL00001 name=\"Windows PE\" version=7\n"
    "  kindlingctl image set KDL00001 boot-manager=2023",
    2, G_MAXUINT, NULL, run_set },
  { "image", "status", "CONTEXT-ID|ID", N_ ("Say how far the preparation of an image is"),
    "  kindlingctl image status KDL00001", 1, 1, NULL, run_status },
  { "image", "remove", "ID", N_ ("Remove a boot image from the catalog"),
    "  kindlingctl image remove KDL00001", 1, 1, NULL, run_remove },
  { NULL },
};
