/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-site-editor"

#include "config.h"

#include "window/site-editor.h"

#include <glib/gi18n.h>
#include <string.h>

#include "crypto/password-strength.h"
#include "site/site-folder.h"
#include "window/failure-view.h"
#include "window/group-title.h"
#include "window/loss-question.h"
#include "window/part-names.h"
#include "window/path-row.h"
#include "window/problem-label.h"

#define GROUP "Site"
#define SINGLE_POINT "ManagementPoint"
#define POINT_LIST "ManagementPoints"

typedef enum
{
  FIELD_TEXT,
  FIELD_FILE,
  FIELD_FILES,
  FIELD_FOLDERS,
  FIELD_SWITCH,
  FIELD_STRENGTH,
} FieldKind;

/* A key of the profile (interface.md 3) as a row; a title without a key begins a group. */
typedef struct
{
  const char *key;
  FieldKind kind;
  const char *title;
  const char *advice; /* what to enter, where what was entered cannot be */
} Field;

static const Field fields[] = {
  { NULL, FIELD_TEXT, N_ ("Site"), NULL },
  { "SiteCode", FIELD_TEXT, N_ ("Site Code"), N_ ("Three letters or digits, such as ABC.") },
  { "OrganizationName", FIELD_TEXT, N_ ("Organization"), N_ ("One line of text.") },

  { NULL, FIELD_TEXT, N_ ("Management Points"), NULL },
  { POINT_LIST, FIELD_TEXT, N_ ("Management Point URLs"),
    N_ ("http://host or https://host:port; several, in their order, with “;” between.") },
  { "HTTPPort", FIELD_TEXT, N_ ("HTTP Port"), N_ ("A number from 1 to 65535.") },
  { "HTTPSPort", FIELD_TEXT, N_ ("HTTPS Port"), N_ ("A number from 1 to 65535.") },
  { "UseFirstCertificate", FIELD_SWITCH, N_ ("Use the First Fitting Client Certificate"), NULL },

  { NULL, FIELD_TEXT, N_ ("Certificates"), NULL },
  { "ManagementPointCertificate", FIELD_FILE, N_ ("Management Point Certificate"),
    N_ ("The path of a certificate file.") },
  { "SiteSigningCertificate", FIELD_FILE, N_ ("Site Signing Certificate"),
    N_ ("The path of a certificate file.") },
  { "RootCACertificates", FIELD_FILES, N_ ("Root CA Certificates"),
    N_ ("Paths of certificate files with “;” between.") },
  { "PublicRootKey", FIELD_TEXT, N_ ("Public Root Key"), N_ ("An even number of hex digits.") },

  { NULL, FIELD_TEXT, N_ ("Unknown Computers"), NULL },
  { "UnknownComputerX64", FIELD_TEXT, N_ ("GUID for x64"), N_ ("A GUID, or nothing.") },
  { "UnknownComputerX86", FIELD_TEXT, N_ ("GUID for x86"), N_ ("A GUID, or nothing.") },
  { "UnknownComputerARM64", FIELD_TEXT, N_ ("GUID for ARM64"), N_ ("A GUID, or nothing.") },

  { NULL, FIELD_TEXT, N_ ("Content"), NULL },
  { "DistributionPoints", FIELD_FOLDERS, N_ ("Content Folders"),
    N_ ("Paths of folders, in their order, with “;” between.") },

  { NULL, FIELD_TEXT, N_ ("Media Password"), NULL },
  { "PasswordRequired", FIELD_SWITCH, N_ ("Password Required"), NULL },
  { "MinimumPasswordLength", FIELD_TEXT, N_ ("Minimum Length"), N_ ("A number from 0 to 127.") },
  { "MinimumPasswordStrength", FIELD_STRENGTH, N_ ("Minimum Strength"), NULL },
};

struct _KlSiteEditor
{
  AdwWindow parent_instance;

  char *path;     /* owned; nullable: a new profile */
  GKeyFile *file; /* owned; keys that are not edited stay in it */

  GtkWidget *window_title;
  AdwPreferencesPage *page;
  GtkWidget *save_button;
  GtkWidget *rows[G_N_ELEMENTS (fields)];   /* borrowed; NULL for a group */
  GtkWidget *labels[G_N_ELEMENTS (fields)]; /* borrowed; NULL without advice */
  char *before[G_N_ELEMENTS (fields)]; /* owned; as it stands in the profile; NULL for a group */
  gboolean is_seen[G_N_ELEMENTS (fields)]; /* something was entered, or it was left as it is */
  guint focused;                           /* index of the row that gets the keys; 0: none */
  gboolean is_saved;
};

G_DEFINE_FINAL_TYPE (KlSiteEditor, kl_site_editor, ADW_TYPE_WINDOW)

enum
{
  SIGNAL_SAVED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* A single management point has a key of its own; a list, even of one, makes the media dynamic. */
static char *
dup_value (GKeyFile *file, const Field *field)
{
  char *value = g_key_file_get_string (file, GROUP, field->key, NULL);

  g_autofree char *list = NULL;

  if (!g_str_equal (field->key, POINT_LIST))
    return value ? value : g_strdup ("");
  if (value == NULL)
    {
      value = g_key_file_get_string (file, GROUP, SINGLE_POINT, NULL);
      return value ? value : g_strdup ("");
    }

  list = value;
  return strchr (list, ';') != NULL ? g_steal_pointer (&list) : g_strconcat (list, ";", NULL);
}

static void
store_value (GKeyFile *file, const Field *field, const char *value)
{
  const char *key = field->key;

  if (g_str_equal (key, POINT_LIST))
    {
      gboolean several = strchr (value, ';') != NULL;

      g_key_file_remove_key (file, GROUP, several ? SINGLE_POINT : POINT_LIST, NULL);
      key = several ? POINT_LIST : SINGLE_POINT;
    }
  if (*value != '\0')
    g_key_file_set_string (file, GROUP, key, value);
  else
    g_key_file_remove_key (file, GROUP, key, NULL);
}

static char *
dup_entered (KlSiteEditor *self, guint i)
{
  GtkWidget *row = self->rows[i];

  if (fields[i].kind == FIELD_SWITCH)
    {
      GtkWidget *widget = adw_action_row_get_activatable_widget (ADW_ACTION_ROW (row));

      return g_strdup (gtk_switch_get_active (GTK_SWITCH (widget)) ? "true" : "false");
    }
  if (fields[i].kind == FIELD_STRENGTH)
    {
      const guint level = adw_combo_row_get_selected (ADW_COMBO_ROW (row));

      /* Any password is what a profile that says nothing means. */
      return g_strdup (level > 0 ? kl_password_level_to_string (level) : "");
    }
  return g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (row))));
}

/* The core judges: a profile of this one key and a site code is one, or it is not. */
static gboolean
is_valid (const Field *field, const char *value)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (KlSiteProfile) profile = NULL;
  g_autofree char *data = NULL;
  gsize length;

  g_key_file_set_string (file, GROUP, "SiteCode", "AAA");
  store_value (file, field, value);
  data = g_key_file_to_data (file, &length, NULL);
  profile = kl_site_profile_parse (data, length, "site.ini", NULL);
  return profile != NULL;
}

/* Nobody has done anything wrong in an entry that is still to be filled in: there it is a hint. */
static void
show_advice (KlSiteEditor *self, guint i, gboolean is_wrong, gboolean is_hint)
{
  const char *advice = is_wrong ? _ (fields[i].advice) : NULL;
  GtkWidget *label = self->labels[i];

  kl_problem_label_show (GTK_LABEL (label), self->rows[i], is_hint ? NULL : advice);
  gtk_widget_remove_css_class (label, is_hint ? "error" : "dim-label");
  gtk_widget_add_css_class (label, is_hint ? "dim-label" : "error");
  if (is_wrong && is_hint)
    {
      gtk_label_set_label (GTK_LABEL (label), advice);
      gtk_widget_set_visible (label, TRUE);
    }
}

static void
validate (KlSiteEditor *self)
{
  gboolean valid = TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      g_autofree char *value = NULL;
      gboolean is_wrong;

      if (self->labels[i] == NULL)
        continue;
      value = dup_entered (self, i);
      is_wrong = !is_valid (&fields[i], value);
      self->is_seen[i] |= !g_str_equal (value, self->before[i]);
      show_advice (self, i, is_wrong, *value == '\0' && !self->is_seen[i]);
      valid &= !is_wrong;
    }
  gtk_widget_set_sensitive (self->save_button, valid);
}

/* That another window gets the keys does not change it. */
static void
focus_cb (KlSiteEditor *self)
{
  GtkWidget *focus = gtk_root_get_focus (GTK_ROOT (self));

  if (focus == NULL)
    return;
  self->is_seen[self->focused] = TRUE;
  self->focused = 0;
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (self->rows[i] != NULL && gtk_widget_is_ancestor (focus, self->rows[i]))
      self->focused = i;
  validate (self);
}

static GtkWidget *
new_switch_row (KlSiteEditor *self, const Field *field, const char *value)
{
  GtkWidget *row
      = g_object_new (ADW_TYPE_ACTION_ROW, "title", _ (field->title), "use-markup", FALSE, NULL);
  GtkWidget *widget = gtk_switch_new ();
  gboolean by_default = g_str_equal (field->key, "UseFirstCertificate");

  gtk_switch_set_active (GTK_SWITCH (widget), *value ? g_str_equal (value, "true") : by_default);
  gtk_widget_set_valign (widget, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (field->title), -1);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), widget);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), widget);
  return row;
}

/* By KlPasswordLevel. */
static GtkWidget *
new_strength_row (const Field *field, const char *value)
{
  const char *const words[] = { _ ("Any Password"), C_ ("password", "Weak"),
                                C_ ("password", "Good"), C_ ("password", "Strong"), NULL };
  g_autoptr (GtkStringList) model = gtk_string_list_new (words);
  GtkWidget *row = g_object_new (
      ADW_TYPE_COMBO_ROW, "title", _ (field->title), "use-markup", FALSE, "subtitle",
      _ ("A good one is found by a graphics card only after a year."), "model", model, NULL);
  KlPasswordLevel level = KL_PASSWORD_VERY_WEAK;

  kl_password_level_from_string (value, &level);
  adw_combo_row_set_selected (ADW_COMBO_ROW (row), level);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (field->title), -1);
  kl_name_parts_of_combo_row (ADW_COMBO_ROW (row));
  return row;
}

static GtkWidget *
new_row (KlSiteEditor *self, const Field *field, const char *value)
{
  static const char suffixes[] = "cer;crt;pem;der";
  GtkWidget *row;

  switch (field->kind)
    {
    case FIELD_SWITCH:
      return new_switch_row (self, field, value);
    case FIELD_STRENGTH:
      return new_strength_row (field, value);
    case FIELD_FILE:
      row = kl_path_row_new (_ (field->title), suffixes, FALSE, FALSE);
      break;
    case FIELD_FILES:
      row = kl_path_row_new (_ (field->title), suffixes, FALSE, TRUE);
      break;
    case FIELD_FOLDERS:
      row = kl_path_row_new (_ (field->title), NULL, TRUE, TRUE);
      break;
    case FIELD_TEXT:
    default:
      row = g_object_new (ADW_TYPE_ENTRY_ROW, "title", _ (field->title), "tooltip-text",
                          _ (field->title), NULL);
      gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                      _ (field->title), -1);
    }

  gtk_editable_set_text (GTK_EDITABLE (row), value);
  g_signal_connect_object (row, "changed", G_CALLBACK (validate), self, G_CONNECT_SWAPPED);
  return row;
}

static GtkWidget *
new_problem_label (void)
{
  static const char *const classes[] = { "caption", "error", "problem", NULL };
  GtkWidget *label = gtk_label_new (NULL);

  gtk_widget_set_visible (label, FALSE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_widget_set_css_classes (label, (const char **) classes);
  return label;
}

static void
add_fields (KlSiteEditor *self)
{
  AdwPreferencesGroup *group = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      g_autofree char *value = NULL;

      if (fields[i].key == NULL)
        {
          group = ADW_PREFERENCES_GROUP (adw_preferences_group_new ());
          adw_preferences_group_set_title (group, _ (fields[i].title));
          adw_preferences_page_add (self->page, group);
          continue;
        }
      value = dup_value (self->file, &fields[i]);
      self->rows[i] = new_row (self, &fields[i], value);
      self->before[i] = dup_entered (self, i);
      adw_preferences_group_add (group, self->rows[i]);
      if (fields[i].advice != NULL)
        {
          self->labels[i] = new_problem_label ();
          adw_preferences_group_add (group, self->labels[i]);
        }
    }
}

static void
save (GtkWidget *widget, const char *action, GVariant *parameter)
{
  KlSiteEditor *self = KL_SITE_EDITOR (widget);
  g_autofree char *saved = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    if (fields[i].key != NULL)
      {
        g_autofree char *value = dup_entered (self, i);

        store_value (self->file, &fields[i], value);
      }

  if (!kl_site_folder_save (self->file, self->path, &saved, &error))
    {
      kl_failure_view_present (GTK_WINDOW (self), error, self->path);
      return;
    }
  self->is_saved = TRUE;
  g_signal_emit (self, signals[SIGNAL_SAVED], 0, saved);
  gtk_window_close (GTK_WINDOW (self));
}

static gboolean
has_changes (GtkWindow *window)
{
  KlSiteEditor *self = KL_SITE_EDITOR (window);

  for (guint i = 0; !self->is_saved && i < G_N_ELEMENTS (fields); i++)
    if (self->before[i] != NULL)
      {
        g_autofree char *value = dup_entered (self, i);

        if (!g_str_equal (value, self->before[i]))
          return TRUE;
      }
  return FALSE;
}

static void
kl_site_editor_finalize (GObject *object)
{
  KlSiteEditor *self = KL_SITE_EDITOR (object);

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    g_free (self->before[i]);

  g_free (self->path);
  g_clear_pointer (&self->file, g_key_file_unref);

  G_OBJECT_CLASS (kl_site_editor_parent_class)->finalize (object);
}

static void
kl_site_editor_class_init (KlSiteEditorClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_site_editor_finalize;
  signals[SIGNAL_SAVED] = g_signal_new ("saved", KL_TYPE_SITE_EDITOR, G_SIGNAL_RUN_LAST, 0, NULL,
                                        NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/site-editor.ui");
  gtk_widget_class_bind_template_child (widget_class, KlSiteEditor, window_title);
  gtk_widget_class_bind_template_child (widget_class, KlSiteEditor, page);
  gtk_widget_class_bind_template_child (widget_class, KlSiteEditor, save_button);
  gtk_widget_class_install_action (widget_class, "site.save", NULL, save);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kl_site_editor_init (KlSiteEditor *self)
{
  self->file = g_key_file_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_group_title_wrap_all (self->window_title);
  kl_loss_question_guard (GTK_WINDOW (self), has_changes, NULL);
}

KlSiteEditor *
kl_site_editor_new (GtkWindow *parent, const char *path)
{
  KlSiteEditor *self = g_object_new (
      KL_TYPE_SITE_EDITOR, "application", gtk_window_get_application (parent), "transient-for",
      parent, "title", path ? _ ("Edit Site Profile") : _ ("New Site Profile"), NULL);

  self->path = g_strdup (path);
  if (path != NULL)
    {
      GKeyFile *file = kl_site_profile_load_key_file (path, NULL);

      if (file != NULL)
        {
          g_key_file_unref (self->file);
          self->file = file;
        }
    }
  add_fields (self);
  validate (self);
  g_signal_connect (self, "notify::focus-widget", G_CALLBACK (focus_cb), NULL);
  gtk_widget_grab_focus (self->rows[1]); /* after the title of the first group */
  return self;
}
