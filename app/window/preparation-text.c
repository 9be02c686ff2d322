/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-preparation-text"

#include "config.h"

#include "window/preparation-text.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "image/injection-status.h"

gboolean
kl_preparation_text_is_cancelled (KlBootImage *image)
{
  const KlInjectionStatus *status = kl_boot_image_get_injection (image);

  return kl_boot_image_get_state (image) == KL_IMAGE_STATE_ERROR && status != NULL
         && status->error_code == KL_INJECTION_CODE_CANCELLED;
}

/**
 * kl_preparation_text_dup_state:
 * @queue: (nullable)
 * @style: (out): the word of the state without its step
 *
 * Returns: the state in a few words, with the step where one goes on
 */
char *
kl_preparation_text_dup_state (KlBootImage *image, KlPrepareQueue *queue, KlStateText *style)
{
  const KlInjectionStatus *status = kl_boot_image_get_injection (image);
  const gboolean waits = queue != NULL
                         && kl_prepare_queue_look_up (queue, kl_boot_image_get_id (image), NULL)
                                == KL_QUEUED_WAITING;

  *style = kl_image_text_get_state (image);
  if (waits)
    *style = (KlStateText){ C_ ("image state", "Waiting to be prepared"),
                            "content-loading-symbolic", "accent" };
  else if (kl_boot_image_get_error (image) == NULL && kl_preparation_text_is_cancelled (image))
    *style = (KlStateText){ C_ ("image state", "Preparation cancelled"), "dialog-warning-symbolic",
                            "warning" };
  else if (kl_boot_image_get_state (image) == KL_IMAGE_STATE_IN_PROGRESS && status != NULL)
    /* Translators: the step of a preparation, then how many there are. */
    return kl_bidi_printf (C_ ("image state", "Being prepared, step %u of %u"), status->progress,
                           status->max_progress);
  return g_strdup (style->word);
}

/* Takes @part. */
static void
append (GString *text, const char *separator, char *part)
{
  kl_bidi_append (text, separator, part);
  g_free (part);
}

/**
 * kl_preparation_text_dup_drivers:
 * @survey: (nullable): what is in the folders, once that is known
 */
char *
kl_preparation_text_dup_drivers (const KlRecipe *recipe, const KlDriverSurvey *survey)
{
  const guint n = recipe->drivers->len;
  GString *text = g_string_new (NULL);
  KlSurveyCount count;

  if (n == 0)
    g_string_append (text, C_ ("drivers", "None"));
  else if (survey == NULL)
    append (text, ", ", kl_bidi_printf (ngettext ("%u folder", "%u folders", n), n));
  else
    {
      count = kl_driver_survey_count (survey);
      if (count.n_loaded == 0)
        g_string_append (text, _ ("No package"));
      else
        append (text, ", ",
                kl_bidi_printf (ngettext ("%u package", "%u packages", count.n_loaded),
                                count.n_loaded));
      if (count.n_warnings > 0)
        append (text, ", ",
                kl_bidi_printf (ngettext ("%u warning", "%u warnings", count.n_warnings),
                                count.n_warnings));
      if (count.n_errors > 0)
        append (
            text, ", ",
            kl_bidi_printf (ngettext ("%u error", "%u errors", count.n_errors), count.n_errors));
    }
  return g_string_free (text, FALSE);
}

char *
kl_preparation_text_dup_files (const KlRecipe *recipe)
{
  g_autofree char *binaries = g_filename_display_basename (recipe->binaries);
  g_autofree char *extra_files = g_filename_display_basename (recipe->extra_files);
  GString *text = g_string_new (NULL);

  if (*recipe->binaries != '\0')
    /* Translators: %s is the name of a folder. */
    append (text, " · ", kl_bidi_printf (_ ("Binaries from “%s”"), binaries));
  if (*recipe->extra_files != '\0')
    /* Translators: %s is the name of a folder. */
    append (text, " · ", kl_bidi_printf (_ ("Extra files from “%s”"), extra_files));
  if (text->len == 0)
    g_string_append (text, C_ ("deployment files", "None"));
  return g_string_free (text, FALSE);
}

char *
kl_preparation_text_dup_startup (const KlRecipe *recipe)
{
  const struct
  {
    gboolean set;
    const char *word;
  } parts[] = {
    { *recipe->start_command != '\0', _ ("start command") },
    { *recipe->prestart_command != '\0' || *recipe->prestart_files != '\0',
      _ ("prestart command") },
    { *recipe->background != '\0', _ ("background") },
    { recipe->scratch_space > 0, _ ("scratch space") },
    { recipe->lab_shell != KL_RECIPE_KEEP, _ ("command prompt") },
    { *recipe->organization_name != '\0', _ ("organization") },
    { *recipe->time_zone != '\0', _ ("time zone") },
    { *recipe->input_locale != '\0' || *recipe->user_locale != '\0', _ ("keyboard and formats") },
    { recipe->smaller, _ ("smaller file") },
  };
  g_autoptr (GString) text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (parts[i].set)
      kl_bidi_append (text, ", ", parts[i].word);
  if (text->len == 0)
    /* Translators: no setting of the image is changed. */
    return g_strdup (_ ("As in the source image"));

  /* Translators: %s is a list of settings. */
  return kl_bidi_printf (_ ("Set: %s"), text->str);
}
