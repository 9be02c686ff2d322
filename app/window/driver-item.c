/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver-item"

#include "config.h"

#include "window/driver-item.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "core-text.h"

struct _KlDriverItem
{
  GObject parent_instance;

  KlDriverSurvey *survey;         /* owned */
  const KlSurveyFolder *folder;   /* of the survey */
  const KlSurveyPackage *package; /* of the survey; NULL for the folder itself */
  char *words;                    /* owned; what a search looks through; case-folded */
  const char *state;              /* word that was told last; translated */
};

G_DEFINE_FINAL_TYPE (KlDriverItem, kl_driver_item, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
kl_driver_item_finalize (GObject *object)
{
  KlDriverItem *self = KL_DRIVER_ITEM (object);

  kl_driver_survey_unref (self->survey);
  g_free (self->words);

  G_OBJECT_CLASS (kl_driver_item_parent_class)->finalize (object);
}

static void
kl_driver_item_class_init (KlDriverItemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_driver_item_finalize;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", KL_TYPE_DRIVER_ITEM, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kl_driver_item_init (KlDriverItem *self)
{
}

const KlSurveyFolder *
kl_driver_item_get_folder (KlDriverItem *self)
{
  return self->folder;
}

const KlSurveyPackage *
kl_driver_item_get_package (KlDriverItem *self)
{
  return self->package;
}

char *
kl_driver_item_dup_key (KlDriverItem *self)
{
  return g_strjoin ("/", self->folder->driver->name,
                    self->package ? kl_driver_package_get_inf (self->package->package) : NULL,
                    NULL);
}

gboolean
kl_driver_item_is_on (KlDriverItem *self)
{
  return self->package != NULL ? self->package->on : self->folder->driver->enabled;
}

static KlStateText
get_folder_state (KlDriverItem *self)
{
  if (self->folder->error != NULL)
    return (KlStateText){ C_ ("driver", "Cannot be read"), "dialog-error-symbolic", "error" };
  if (!self->folder->driver->enabled)
    return (KlStateText){ C_ ("driver", "Off"), "folder-symbolic", "dim-label" };
  return (KlStateText){ C_ ("driver", "On"), "folder-symbolic", "accent" };
}

KlStateText
kl_driver_item_get_state (KlDriverItem *self)
{
  if (self->package == NULL)
    return get_folder_state (self);
  if (!self->package->on || !self->folder->driver->enabled)
    return (KlStateText){ C_ ("driver", "Off"), "action-unavailable-symbolic", "dim-label" };
  if (kl_driver_package_get_problem (self->package->package) != NULL)
    return (KlStateText){ C_ ("driver", "Cannot be read"), "dialog-error-symbolic", "error" };
  if (kl_survey_package_has (self->package, KL_DRIVER_ERROR))
    return (KlStateText){ self->package->serves ? C_ ("driver", "Error")
                                                : C_ ("driver", "Not for this image"),
                          "dialog-error-symbolic", "error" };
  if (kl_survey_package_has (self->package, KL_DRIVER_WARNING))
    return (KlStateText){ C_ ("driver", "Warning"), "dialog-warning-symbolic", "warning" };
  return (KlStateText){ C_ ("driver", "Is loaded"), "object-select-symbolic", "success" };
}

char *
kl_driver_item_dup_title (KlDriverItem *self)
{
  const char *title = self->package != NULL ? kl_driver_package_get_inf (self->package->package)
                                            : self->folder->driver->name;

  return g_utf8_make_valid (title, -1);
}

/* Of a package: what it is; of a folder: where it is. */
char *
kl_driver_item_dup_subtitle (KlDriverItem *self)
{
  GString *text = g_string_new (NULL);
  g_autofree char *date = NULL;
  const char *parts[4] = { NULL };

  if (self->package == NULL)
    {
      g_string_free (text, TRUE);
      return g_filename_display_name (self->folder->driver->path);
    }

  date = kl_core_text_dup_day (kl_driver_package_get_date (self->package->package), "%x");
  parts[0] = kl_driver_package_get_class_name (self->package->package);
  parts[1] = kl_driver_package_get_provider (self->package->package);
  parts[2] = kl_driver_package_get_version (self->package->package);
  parts[3] = date;
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (parts[i] != NULL && *parts[i] != '\0')
      kl_bidi_append (text, " · ", parts[i]);
  if (text->len == 0)
    g_string_append (text, kl_driver_item_get_state (self).word);
  return g_string_free (text, FALSE);
}

/**
 * kl_driver_item_new:
 * @folder: of the survey
 * @package: (nullable): of the survey, in the folder
 *
 * Any thread may make it; all else but kl_driver_item_matches() is for the main one.
 */
KlDriverItem *
kl_driver_item_new (KlDriverSurvey *survey,
                    const KlSurveyFolder *folder,
                    const KlSurveyPackage *package)
{
  KlDriverItem *self = g_object_new (KL_TYPE_DRIVER_ITEM, NULL);
  g_autofree char *title = NULL;
  g_autofree char *subtitle = NULL;
  g_autofree char *text = NULL;

  self->survey = kl_driver_survey_ref (survey);
  self->folder = folder;
  self->package = package;
  self->state = kl_driver_item_get_state (self).word;
  title = kl_driver_item_dup_title (self);
  subtitle = kl_driver_item_dup_subtitle (self);
  text = g_strjoin (" ", title, subtitle, NULL);
  self->words = g_utf8_casefold (text, -1);
  return self;
}

gboolean
kl_driver_item_matches (KlDriverItem *self, const char *key)
{
  return strstr (self->words, key) != NULL;
}

/* Tells who shows it, if its state is another one than when it was told last. */
void
kl_driver_item_refresh (KlDriverItem *self)
{
  const char *state = kl_driver_item_get_state (self).word;

  if (state == self->state)
    return;
  self->state = state;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}
