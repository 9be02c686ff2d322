/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-recipe-dialog"

#include "config.h"

#include "window/recipe-dialog.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "edit/locale-table.h"
#include "prepare/recipe.h"
#include "window/failure-view.h"
#include "window/group-title.h"
#include "window/loss-question.h"
#include "window/part-names.h"
#include "window/path-row.h"
#include "window/preview-window.h"
#include "window/problem-label.h"
#include "window/thumbnail.h"

typedef enum
{
  FIELD_GROUP, /* begins one; no key */
  FIELD_LINE,
  FIELD_FOLDER,
  FIELD_PICTURE,
  FIELD_CHOICE,
  FIELD_LOCALE,
} FieldKind;

/* A key of the recipe (`image set`) as a row. To offer a new one is a line here. */
typedef struct
{
  KlRecipePart part;
  const char *key;
  FieldKind kind;
  const char *title;
  const char *effect;     /* what it changes in the image; of a group: its description */
  const char *advice;     /* what to enter where what was entered cannot be */
  const char *values[7];  /* of a choice, as the recipe has them */
  const char *choices[7]; /* of a choice, for people */
} Field;

#define AS_IS N_ ("Unchanged")

static const Field fields[] = {
  { KL_RECIPE_FILES, NULL, FIELD_GROUP, N_ ("Deployment Binaries"),
    N_ ("The agent that a deployment site starts in Windows PE.") },
  { KL_RECIPE_FILES, "binaries", FIELD_FOLDER, N_ ("Binaries Folder"),
    N_ ("Its files go to \\sms\\bin in the image, or to where an osdinjection.xml in it says."),
    N_ ("Choose a folder that is there and can be read.") },
  { KL_RECIPE_FILES, NULL, FIELD_GROUP, N_ ("Extra Files"), NULL },
  { KL_RECIPE_FILES, "extra-files", FIELD_FOLDER, N_ ("Extra Files Folder"),
    N_ ("Laid over the root of the image, which runs as drive X. Files of the same name are "
        "replaced, such as Windows\\System32\\winpe.jpg."),
    N_ ("Choose a folder that is there and can be read.") },

  { KL_RECIPE_STARTUP, NULL, FIELD_GROUP, N_ ("Start-Up"), NULL },
  { KL_RECIPE_STARTUP, "start-command", FIELD_LINE, N_ ("Start Command"),
    N_ ("Runs when Windows PE has started: a line in winpeshl.ini, which is kept and extended, or "
        "in startnet.cmd where there is none."),
    N_ ("One line of at most 216 ASCII characters.") },
  { KL_RECIPE_STARTUP, "prestart-command", FIELD_LINE, N_ ("Prestart Command"),
    N_ ("Runs before the deployment agent asks for anything: written into TSConfig.ini."),
    N_ ("One line of at most 4096 characters.") },
  { KL_RECIPE_STARTUP, "prestart-files", FIELD_FOLDER, N_ ("Files of the Prestart Command"),
    N_ ("Copied into the image, where the prestart command finds them."),
    N_ ("Choose a folder that is there and can be read.") },
  { KL_RECIPE_STARTUP,
    "lab-shell",
    FIELD_CHOICE,
    N_ ("F8 Command Prompt"),
    N_ ("Whether F8 opens a command prompt while a PC is deployed. Whoever sits there can then "
        "read what the PC is given: for tests only."),
    NULL,
    { "", "false", "true" },
    { AS_IS, N_ ("Off"), N_ ("On") } },

  { KL_RECIPE_STARTUP, NULL, FIELD_GROUP, N_ ("Appearance"), NULL },
  { KL_RECIPE_STARTUP, "organization-name", FIELD_LINE, N_ ("Organization Name"),
    N_ ("Shown in the windows of the deployment agent: written into TSConfig.ini and "
        "TsBootShell.ini."),
    N_ ("One line of at most 256 characters.") },
  { KL_RECIPE_STARTUP, "background", FIELD_PICTURE, N_ ("Background Picture"),
    N_ ("Shown behind the windows of Windows PE: replaces winpe.jpg."),
    N_ ("Choose a JPEG, PNG or BMP picture of at most 16 MB.") },

  { KL_RECIPE_STARTUP, NULL, FIELD_GROUP, N_ ("Windows PE"), NULL },
  { KL_RECIPE_STARTUP,
    "scratch-space",
    FIELD_CHOICE,
    N_ ("Scratch Space"),
    N_ ("Memory for files that are written while Windows PE runs: a value in its SYSTEM hive."),
    NULL,
    { "", "32", "64", "128", "256", "512" },
    { AS_IS, N_ ("32 MB"), N_ ("64 MB"), N_ ("128 MB"), N_ ("256 MB"), N_ ("512 MB") } },
  { KL_RECIPE_STARTUP, "time-zone", FIELD_LINE, N_ ("Time Zone"),
    N_ ("As Windows calls it, such as W. Europe Standard Time: values in the SYSTEM hive, taken "
        "from the image’s own list."),
    N_ ("The name that Windows has for a time zone, such as W. Europe Standard Time.") },
  { KL_RECIPE_STARTUP, "input-locale", FIELD_LINE, N_ ("Keyboard"),
    N_ ("Language, such as de-CH, or language and layout, such as 0407:00000407: values in the "
        "DEFAULT hive."),
    N_ ("A language such as de-DE, or language and keyboard layout such as 0407:00000407.") },
  { KL_RECIPE_STARTUP, "user-locale", FIELD_LOCALE, N_ ("Dates and Numbers"),
    N_ ("How they are written: values in the DEFAULT hive.") },

  { KL_RECIPE_STARTUP, NULL, FIELD_GROUP, N_ ("Preparing"), NULL },
  { KL_RECIPE_STARTUP,
    "compression",
    FIELD_CHOICE,
    N_ ("Compression"),
    N_ ("Smaller takes about five times as long for the files that are added."),
    NULL,
    { "", "smaller" },
    { N_ ("Normal"), N_ ("Smaller and Slower") } },
  { KL_RECIPE_STARTUP,
    "skip-faulty-drivers",
    FIELD_CHOICE,
    N_ ("Faulty Drivers"),
    N_ ("Whether a package with an error stops the preparation or is left out with a warning."),
    NULL,
    { "", "true" },
    { N_ ("Stop and Say Which"), N_ ("Leave Out") } },
};

#define N_FIELDS G_N_ELEMENTS (fields)

struct _KlRecipeDialog
{
  AdwWindow parent_instance;

  KlCatalog *catalog;     /* owned */
  KlBootImage *image;     /* owned */
  char *before[N_FIELDS]; /* owned; as it stands in the recipe; NULL for another part */
  gboolean may_close;     /* it is saved */

  GtkWidget *window_title;
  AdwPreferencesPage *page;
  GtkWidget *save_button;
  GtkWidget *rows[N_FIELDS];   /* borrowed; NULL for another part */
  GtkWidget *labels[N_FIELDS]; /* borrowed; where a problem is told */
  KlThumbnail *thumbnail;      /* borrowed; nullable */
};

G_DEFINE_FINAL_TYPE (KlRecipeDialog, kl_recipe_dialog, ADW_TYPE_WINDOW)

static char *
dup_entered (KlRecipeDialog *self, guint i)
{
  guint selected;

  switch (fields[i].kind)
    {
    case FIELD_CHOICE:
      return g_strdup (
          fields[i].values[adw_combo_row_get_selected (ADW_COMBO_ROW (self->rows[i]))]);
    case FIELD_LOCALE:
      selected = adw_combo_row_get_selected (ADW_COMBO_ROW (self->rows[i]));
      return g_strdup (selected > 0 ? kl_locale_get_names ()[selected - 1] : "");
    case FIELD_GROUP:
    case FIELD_LINE:
    case FIELD_FOLDER:
    case FIELD_PICTURE:
    default:
      return g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->rows[i]))));
    }
}

/* Key → value of what differs from the recipe. */
static GHashTable *
find_changes (KlRecipeDialog *self)
{
  GHashTable *changes = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);

  for (guint i = 0; i < N_FIELDS; i++)
    if (self->before[i] != NULL)
      {
        g_autofree char *value = dup_entered (self, i);

        if (!g_str_equal (value, self->before[i]))
          g_hash_table_insert (changes, (gpointer) fields[i].key, g_steal_pointer (&value));
      }
  return changes;
}

static gboolean
show_problem (KlRecipeDialog *self, guint i, gboolean wrong)
{
  return self->labels[i] == NULL
         || kl_problem_label_show (GTK_LABEL (self->labels[i]), self->rows[i],
                                   wrong ? _ (fields[i].advice) : NULL);
}

/* A line can be judged at once; a path when it is saved, by a thread. */
static void
changed_cb (KlRecipeDialog *self)
{
  gboolean fit = TRUE;

  for (guint i = 0; i < N_FIELDS; i++)
    if (self->rows[i] != NULL)
      {
        g_autofree char *value = dup_entered (self, i);
        const gboolean wrong
            = fields[i].kind == FIELD_LINE && !kl_recipe_check (fields[i].key, value, NULL);

        fit &= show_problem (self, i, wrong);
        if (fields[i].kind == FIELD_PICTURE && self->thumbnail != NULL)
          kl_thumbnail_set_path (self->thumbnail, value);
      }
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "recipe.save", fit);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "recipe.preview", fit);
}

static GtkWidget *
new_caption (const char *text, gboolean problem)
{
  static const char *const effect_classes[] = { "caption", "dim-label", "problem", NULL };
  static const char *const problem_classes[] = { "caption", "error", "problem", NULL };
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_widget_set_css_classes (label, (const char **) (problem ? problem_classes : effect_classes));
  gtk_widget_set_visible (label, !problem);
  return label;
}

static GtkWidget *
new_combo_row (const Field *field, const char *value)
{
  g_autoptr (GtkStringList) model = gtk_string_list_new (NULL);
  const char *const *locales = kl_locale_get_names ();
  GtkWidget *row;
  guint selected = 0;

  if (field->kind == FIELD_LOCALE)
    {
      gtk_string_list_append (model, _ ("Unchanged"));
      for (guint i = 0; locales[i] != NULL; i++)
        {
          gtk_string_list_append (model, locales[i]);
          selected = g_str_equal (locales[i], value) ? i + 1 : selected;
        }
    }
  for (guint i = 0; field->kind == FIELD_CHOICE && field->values[i] != NULL; i++)
    {
      gtk_string_list_append (model, _ (field->choices[i]));
      selected = g_str_equal (field->values[i], value) ? i : selected;
    }

  row = g_object_new (ADW_TYPE_COMBO_ROW, "title", _ (field->title), "use-markup", FALSE, "model",
                      model, NULL);
  adw_combo_row_set_selected (ADW_COMBO_ROW (row), selected);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (field->title), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  _ (field->effect), -1);
  kl_name_parts_of_combo_row (ADW_COMBO_ROW (row));
  return row;
}

static GtkWidget *
new_row (KlRecipeDialog *self, const Field *field, const char *value)
{
  const gboolean chosen = field->kind == FIELD_CHOICE || field->kind == FIELD_LOCALE;
  GtkWidget *row;

  if (chosen)
    row = new_combo_row (field, value);
  else if (field->kind == FIELD_LINE)
    row = g_object_new (ADW_TYPE_ENTRY_ROW, "title", _ (field->title), "tooltip-text",
                        _ (field->title), NULL);
  else
    row = kl_path_row_new (_ (field->title),
                           field->kind == FIELD_PICTURE ? "jpg;jpeg;png;bmp" : NULL,
                           field->kind == FIELD_FOLDER, FALSE);
  if (!chosen)
    {
      gtk_editable_set_text (GTK_EDITABLE (row), value);
      gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                      _ (field->title), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                      _ (field->effect), -1);
    }
  g_signal_connect_object (row, chosen ? "notify::selected" : "changed", G_CALLBACK (changed_cb),
                           self, G_CONNECT_SWAPPED);
  return row;
}

static void
add_field (KlRecipeDialog *self, guint i, AdwPreferencesGroup *group, const KlRecipe *recipe)
{
  const Field *field = &fields[i];

  self->before[i] = kl_recipe_dup_value (recipe, field->key);
  self->rows[i] = new_row (self, field, self->before[i]);
  adw_preferences_group_add (group, self->rows[i]);
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_parent (self->rows[i])),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, _ (field->title), -1);
  if (field->advice != NULL)
    {
      self->labels[i] = new_caption (NULL, TRUE);
      adw_preferences_group_add (group, self->labels[i]);
    }
  if (field->kind == FIELD_PICTURE)
    {
      self->thumbnail = kl_thumbnail_new ();
      adw_preferences_group_add (group, GTK_WIDGET (self->thumbnail));
    }
  adw_preferences_group_add (group, new_caption (_ (field->effect), FALSE));
}

static void
add_fields (KlRecipeDialog *self, KlRecipePart part, const KlRecipe *recipe)
{
  AdwPreferencesGroup *group = NULL;
  GtkWidget *first = NULL;
  gboolean captioned = FALSE; /* texts stand below the row of a group: nothing comes after them */

  for (guint i = 0; i < N_FIELDS; i++)
    {
      if (fields[i].part != part)
        continue;
      if (fields[i].kind == FIELD_GROUP || captioned)
        {
          group = ADW_PREFERENCES_GROUP (adw_preferences_group_new ());
          adw_preferences_page_add (self->page, group);
          captioned = FALSE;
        }
      if (fields[i].kind == FIELD_GROUP)
        {
          adw_preferences_group_set_title (group, _ (fields[i].title));
          if (fields[i].effect != NULL)
            adw_preferences_group_set_description (group, _ (fields[i].effect));
          continue;
        }
      add_field (self, i, group, recipe);
      captioned = TRUE;
      first = first != NULL ? first : self->rows[i];
    }
  changed_cb (self);
  gtk_widget_grab_focus (first);
}

/* What a thread saves. */
typedef struct
{
  KlCatalog *catalog;
  char *id;
  GHashTable *changes;
  const char *wrong_key; /* out; the first value that is not fit */
} Saving;

static void
saving_free (Saving *saving)
{
  g_object_unref (saving->catalog);
  g_free (saving->id);
  g_hash_table_unref (saving->changes);
  g_free (saving);
}

static void
save_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Saving *saving = data;
  g_autofree KlRecipeSetting *settings = g_new0 (KlRecipeSetting, N_FIELDS);
  GError *error = NULL;
  GHashTableIter iter;
  gpointer key, value;
  gsize n = 0;

  g_hash_table_iter_init (&iter, saving->changes);
  while (saving->wrong_key == NULL && g_hash_table_iter_next (&iter, &key, &value))
    {
      settings[n++] = (KlRecipeSetting){ key, value };
      if (!kl_recipe_check (key, value, &error))
        saving->wrong_key = key;
    }
  if (saving->wrong_key == NULL
      && kl_recipe_set_all (saving->catalog, saving->id, settings, n, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlRecipeDialog *self = KL_RECIPE_DIALOG (source);
  Saving *saving = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;

  if (self->catalog == NULL)
    return;
  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      self->may_close = TRUE;
      gtk_window_close (GTK_WINDOW (self));
      return;
    }

  gtk_widget_action_set_enabled (GTK_WIDGET (self), "recipe.save", TRUE);
  for (guint i = 0; i < N_FIELDS; i++)
    if (self->labels[i] != NULL && g_strcmp0 (fields[i].key, saving->wrong_key) == 0)
      {
        show_problem (self, i, TRUE);
        gtk_widget_grab_focus (self->rows[i]);
        return;
      }
  kl_failure_view_present (GTK_WINDOW (self), error, kl_boot_image_get_folder (self->image));
}

static void
save (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlRecipeDialog *self = KL_RECIPE_DIALOG (widget);
  Saving *saving = g_new0 (Saving, 1);
  g_autoptr (GTask) task = g_task_new (self, NULL, saved_cb, NULL);

  saving->catalog = g_object_ref (self->catalog);
  saving->id = g_strdup (kl_boot_image_get_id (self->image));
  saving->changes = find_changes (self);
  gtk_widget_action_set_enabled (widget, "recipe.save", FALSE);
  g_task_set_task_data (task, saving, (GDestroyNotify) saving_free);
  g_task_run_in_thread (task, save_in_thread);
}

static void
preview (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlRecipeDialog *self = KL_RECIPE_DIALOG (widget);
  g_autoptr (GHashTable) changes = find_changes (self);

  kl_preview_window_open (GTK_WINDOW (self), self->catalog, self->image, changes);
}

static gboolean
has_changes (GtkWindow *window)
{
  KlRecipeDialog *self = KL_RECIPE_DIALOG (window);
  g_autoptr (GHashTable) changes = find_changes (self);

  return !self->may_close && g_hash_table_size (changes) > 0;
}

static void
kl_recipe_dialog_dispose (GObject *object)
{
  KlRecipeDialog *self = KL_RECIPE_DIALOG (object);

  g_clear_object (&self->catalog);
  g_clear_object (&self->image);
  for (guint i = 0; i < N_FIELDS; i++)
    g_clear_pointer (&self->before[i], g_free);

  G_OBJECT_CLASS (kl_recipe_dialog_parent_class)->dispose (object);
}

static void
kl_recipe_dialog_class_init (KlRecipeDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_recipe_dialog_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/recipe-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, KlRecipeDialog, window_title);
  gtk_widget_class_bind_template_child (widget_class, KlRecipeDialog, page);
  gtk_widget_class_bind_template_child (widget_class, KlRecipeDialog, save_button);
  gtk_widget_class_install_action (widget_class, "recipe.save", NULL, save);
  gtk_widget_class_install_action (widget_class, "recipe.preview", NULL, preview);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kl_recipe_dialog_init (KlRecipeDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_group_title_wrap_all (self->window_title);
  kl_loss_question_guard (GTK_WINDOW (self), has_changes, NULL);
}

/* What a thread opens. */
typedef struct
{
  GtkWindow *parent; /* weak; main thread */
  KlCatalog *catalog;
  KlBootImage *image;
  KlRecipePart part;
} Opening;

static void
opening_free (Opening *opening)
{
  g_clear_weak_pointer (&opening->parent);
  g_object_unref (opening->catalog);
  g_object_unref (opening->image);
  g_free (opening);
}

static void
open_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Opening *opening = data;
  GError *error = NULL;
  KlRecipe *recipe = kl_recipe_load (kl_boot_image_get_folder (opening->image), &error);

  if (recipe != NULL)
    g_task_return_pointer (task, recipe, (GDestroyNotify) kl_recipe_free);
  else
    g_task_return_error (task, error);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Opening *opening = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  g_autoptr (KlRecipe) recipe = g_task_propagate_pointer (G_TASK (result), &error);
  KlRecipeDialog *self;

  if (opening->parent == NULL)
    return;
  if (recipe == NULL)
    {
      kl_failure_view_present (opening->parent, error, kl_boot_image_get_folder (opening->image));
      return;
    }

  self = g_object_new (
      KL_TYPE_RECIPE_DIALOG, "application", gtk_window_get_application (opening->parent),
      "transient-for", opening->parent, "title",
      opening->part == KL_RECIPE_FILES ? _ ("Deployment Files") : _ ("Start-Up and Settings"),
      NULL);
  self->catalog = g_object_ref (opening->catalog);
  self->image = g_object_ref (opening->image);
  add_fields (self, opening->part, recipe);
  gtk_window_present (GTK_WINDOW (self));
}

void
kl_recipe_dialog_open (GtkWindow *parent, KlCatalog *catalog, KlBootImage *image, KlRecipePart part)
{
  Opening *opening = g_new0 (Opening, 1);
  g_autoptr (GTask) task = g_task_new (NULL, NULL, opened_cb, NULL);

  g_set_weak_pointer (&opening->parent, parent);
  opening->catalog = g_object_ref (catalog);
  opening->image = g_object_ref (image);
  opening->part = part;
  g_task_set_task_data (task, opening, (GDestroyNotify) opening_free);
  g_task_run_in_thread (task, open_in_thread);
}
