/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver-details"

#include "config.h"

#include "window/driver-details.h"

#include <glib/gi18n.h>

#include "core-text.h"
#include "driver/driver-archive.h"
#include "error-text.h"
#include "window/fact-row.h"
#include "window/long-text.h"

/* IDs and files that are shown; the terminal program lists all. */
#define MOST_LINES 200

struct _KlDriverDetails
{
  AdwBin parent_instance;

  KlDriverItem *item;     /* owned; nullable */
  KlDriverSurvey *survey; /* owned; nullable; of the item */
  guint n_parts;          /* of the page that are made */

  GtkWidget *page;            /* child; nullable */
  GtkWidget *toggle;          /* borrowed from the page; nullable */
  AdwPreferencesGroup *facts; /* borrowed from the page; nullable */
};

G_DEFINE_FINAL_TYPE (KlDriverDetails, kl_driver_details, ADW_TYPE_BIN)

enum
{
  SIGNAL_SWITCHED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
kl_driver_details_dispose (GObject *object)
{
  KlDriverDetails *self = KL_DRIVER_DETAILS (object);

  g_clear_object (&self->item);
  g_clear_pointer (&self->survey, kl_driver_survey_unref);

  G_OBJECT_CLASS (kl_driver_details_parent_class)->dispose (object);
}

static void
kl_driver_details_class_init (KlDriverDetailsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_driver_details_dispose;

  signals[SIGNAL_SWITCHED] = g_signal_new ("switched", KL_TYPE_DRIVER_DETAILS, G_SIGNAL_RUN_LAST, 0,
                                           NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
kl_driver_details_init (KlDriverDetails *self)
{
}

static void
switched_cb (KlDriverDetails *self)
{
  g_signal_emit (self, signals[SIGNAL_SWITCHED], 0,
                 gtk_switch_get_active (GTK_SWITCH (self->toggle)));
}

static AdwPreferencesGroup *
add_group (KlDriverDetails *self, const char *title)
{
  GtkWidget *group = adw_preferences_group_new ();

  if (title != NULL)
    adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (group), title);
  adw_preferences_page_add (ADW_PREFERENCES_PAGE (self->page), ADW_PREFERENCES_GROUP (group));
  return ADW_PREFERENCES_GROUP (group);
}

static void
add_fact (AdwPreferencesGroup *group, const char *title, const char *value)
{
  g_autofree char *valid = value != NULL ? g_utf8_make_valid (value, -1) : NULL;

  if (value != NULL && *value != '\0')
    adw_preferences_group_add (group, kl_fact_row_new (title, valid));
}

/* Takes @texts. One text to read and copy; a list of thousands helps nobody here. */
static void
add_list (KlDriverDetails *self, const char *title, char **texts)
{
  const guint n = g_strv_length (texts);
  g_autofree char *heading = g_strdup_printf ("%s (%u)", title, n);
  GString *text = g_string_new (NULL);
  g_autofree char *valid = NULL;
  GtkWidget *lines;

  for (guint i = 0; i < MIN (n, MOST_LINES); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "\n" : "", texts[i]);
  if (n > MOST_LINES)
    g_string_append_printf (text, _ ("\nand %u more"), n - MOST_LINES);
  valid = g_utf8_make_valid (text->str, (gssize) text->len);
  g_string_free (text, TRUE);
  g_strfreev (texts);
  if (n == 0)
    return;

  lines = kl_long_text_new (valid);
  gtk_widget_add_css_class (lines, "detail");
  gtk_widget_add_css_class (lines, "driver-list");
  adw_preferences_group_add (add_group (self, heading),
                             g_object_new (ADW_TYPE_PREFERENCES_ROW, "title", heading, "child",
                                           lines, "activatable", FALSE, "focusable", FALSE, NULL));
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_parent (lines)),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, heading, -1);
}

static void
add_findings (KlDriverDetails *self, const KlSurveyPackage *package)
{
  AdwPreferencesGroup *group = package->findings->len > 0 ? add_group (self, _ ("Findings")) : NULL;

  for (guint i = 0; i < package->findings->len; i++)
    {
      const KlDriverFinding *finding = package->findings->pdata[i];
      const char *const words[] = { _ ("Note"), _ ("Warning"), _ ("Error") };
      const char *const icons[]
          = { "dialog-information-symbolic", "dialog-warning-symbolic", "dialog-error-symbolic" };
      const char *const classes[] = { "accent", "warning", "error" };
      g_autofree char *title = g_strdup_printf ("%s %s", words[finding->severity], finding->code);
      g_autofree char *text = kl_core_text_translate (finding->text);
      GtkWidget *row = kl_fact_row_new (title, text);

      adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 6);
      kl_fact_row_set_state (KL_FACT_ROW (row), icons[finding->severity],
                             classes[finding->severity], NULL);
      adw_preferences_group_add (group, row);
    }
}

/* A package that cannot serve the image can be turned off but not on. */
static void
add_switch (KlDriverDetails *self, AdwPreferencesGroup *group)
{
  const KlSurveyPackage *package = kl_driver_item_get_package (self->item);
  const gboolean on = kl_driver_item_is_on (self->item);
  const gboolean refused
      = package != NULL && !on && kl_survey_package_has (package, KL_DRIVER_ERROR);
  const char *path = kl_driver_item_get_folder (self->item)->driver->path;
  const char *title = package != NULL                   ? _ ("Load This Package")
                      : kl_driver_archive_is_cab (path) ? _ ("Use This Cabinet File")
                                                        : _ ("Use This Folder");
  const KlStateText state = kl_driver_item_get_state (self->item);
  const char *reason = refused ? _ ("Refused: it has an error, which stands below") : state.word;
  GtkWidget *row = g_object_new (ADW_TYPE_ACTION_ROW, "title", title, "subtitle", reason,
                                 "subtitle-lines", 2, NULL);

  self->toggle = gtk_switch_new ();
  gtk_switch_set_active (GTK_SWITCH (self->toggle), on);
  gtk_widget_set_sensitive (self->toggle, !refused);
  gtk_widget_set_valign (self->toggle, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->toggle), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  title, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  g_signal_connect_object (self->toggle, "notify::active", G_CALLBACK (switched_cb), self,
                           G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), self->toggle);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), self->toggle);
  adw_preferences_group_add (group, row);
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_parent (row)),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
}

/* One part of the page: all at once take longer than a frame. FALSE for the last. */
static gboolean
show_part (KlDriverDetails *self, guint part)
{
  const KlSurveyPackage *item = kl_driver_item_get_package (self->item);
  KlDriverPackage *package = item->package;
  const char *architecture = item->serves ? self->survey->architecture : NULL;
  const guint build = item->serves ? self->survey->build : 0;
  g_autofree char *architectures
      = g_strjoinv (", ", (char **) kl_driver_package_get_architectures (package));
  /* Translators: a day, by the rules of strftime(): “20 November 2027”. */
  g_autofree char *date
      = kl_core_text_dup_day (kl_driver_package_get_date (package), _ ("%-d %B %Y"));

  switch (part)
    {
    case 0:
      add_switch (self, add_group (self, NULL));
      add_findings (self, item);
      break;
    case 1:
      self->facts = add_group (self, _ ("Package"));
      add_fact (self->facts, _ ("Class"), kl_driver_package_get_class_name (package));
      add_fact (self->facts, _ ("Provider"), kl_driver_package_get_provider (package));
      add_fact (self->facts, _ ("Version"), kl_driver_package_get_version (package));
      add_fact (self->facts, _ ("Date"), date);
      break;
    case 2:
      add_fact (self->facts, _ ("Architectures"), architectures);
      add_fact (self->facts, _ ("Catalog File"),
                kl_driver_package_get_catalog (package, architecture));
      add_fact (self->facts, _ ("Folder"), item->folder->driver->path);
      break;
    case 3:
      add_list (self, _ ("Hardware IDs"),
                kl_driver_package_dup_hardware_ids (package, architecture, build));
      break;
    case 4:
      add_list (self, _ ("Files"), kl_driver_package_dup_files (package, architecture, build));
      break;
    case 5:
    default:
      add_list (self, _ ("Missing Files"),
                kl_driver_package_dup_missing (package, architecture, build));
      return FALSE;
    }
  return TRUE;
}

/* The page is another one when the item is: this belongs to the page. */
static gboolean
show_part_cb (GtkWidget *page, GdkFrameClock *clock, gpointer user_data)
{
  KlDriverDetails *self = user_data;

  return show_part (self, self->n_parts++);
}

static void
show_package (KlDriverDetails *self)
{
  show_part (self, 0);
  self->n_parts = 1;
  gtk_widget_add_tick_callback (self->page, show_part_cb, self, NULL);
}

static void
show_folder (KlDriverDetails *self, const KlSurveyFolder *folder)
{
  AdwPreferencesGroup *group = add_group (self, NULL);
  g_autofree char *n = g_strdup_printf ("%u", folder->n_packages);
  g_autofree char *shown = g_filename_display_name (folder->driver->path);
  GtkWidget *path = kl_fact_row_new (_ ("Path"), shown);
  GtkWidget *button;

  add_switch (self, group);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (path), 4);
  adw_preferences_group_add (group, path);
  if (folder->error != NULL)
    {
      g_autofree char *next_step = kl_error_text_dup_next_step (folder->error);
      GtkWidget *row = kl_fact_row_new (kl_error_text_get_title (folder->error), next_step);

      kl_fact_row_set_state (KL_FACT_ROW (row), "dialog-error-symbolic", "error", NULL);
      adw_preferences_group_add (group, row);
    }
  else
    add_fact (group, _ ("Packages"), n);

  button = gtk_button_new_with_mnemonic (C_ ("drivers", "_Remove"));
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, _ ("Take it out of the recipe; its files stay"));
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), "drivers.remove");
  adw_action_row_add_suffix (ADW_ACTION_ROW (path), button);
}

void
kl_driver_details_set_item (KlDriverDetails *self, KlDriverItem *item, KlDriverSurvey *survey)
{
  g_return_if_fail (KL_IS_DRIVER_DETAILS (self));

  g_set_object (&self->item, item);
  g_clear_pointer (&self->survey, kl_driver_survey_unref);
  self->survey = survey != NULL ? kl_driver_survey_ref (survey) : NULL;
  self->toggle = NULL;
  self->page = item != NULL ? adw_preferences_page_new () : NULL;
  adw_bin_set_child (ADW_BIN (self), self->page);
  if (item == NULL)
    return;
  if (kl_driver_item_get_package (item) != NULL)
    show_package (self);
  else
    show_folder (self, kl_driver_item_get_folder (item));
}

/* Lends; NULL where nothing is shown. */
KlDriverItem *
kl_driver_details_get_item (KlDriverDetails *self)
{
  g_return_val_if_fail (KL_IS_DRIVER_DETAILS (self), NULL);

  return self->item;
}

/* Where the focus was before the details were shown anew. */
void
kl_driver_details_grab_switch (KlDriverDetails *self)
{
  g_return_if_fail (KL_IS_DRIVER_DETAILS (self));

  if (self->toggle != NULL)
    gtk_widget_grab_focus (self->toggle);
}
