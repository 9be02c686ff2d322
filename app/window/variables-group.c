/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-variables-group"

#include "config.h"

#include "window/variables-group.h"

#include <glib/gi18n.h>

#include "window/group-title.h"
#include "window/problem-label.h"

struct _KlVariablesGroup
{
  AdwPreferencesGroup parent_instance;

  KlMediaDraft *draft; /* owned; nullable */
  GPtrArray *rows;     /* of Row */
  GtkWidget *problem_label;
  GtkWidget *add_button;
  gboolean complete;
};

G_DEFINE_FINAL_TYPE (KlVariablesGroup, kl_variables_group, ADW_TYPE_PREFERENCES_GROUP)

enum
{
  PROP_COMPLETE = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

typedef struct
{
  KlVariablesGroup *group; /* borrowed */
  GtkWidget *row;          /* borrowed from the group, like what is in it */
  GtkEditable *name;
  GtkEditable *value;
} Row;

/* NULL where the row may stand as it is; an empty row says nothing. */
static const char *
find_problem (KlVariablesGroup *self, guint position)
{
  const Row *row = self->rows->pdata[position];
  const char *name = gtk_editable_get_text (row->name);
  g_autoptr (KlSecret) value = kl_secret_new_text (gtk_editable_get_text (row->value));

  if (*name == '\0')
    return kl_secret_is_empty (value) ? NULL : _ ("A variable has a value and no name.");
  if (*name == '_')
    return _ ("Names that begin with “_” are reserved for the task sequence.");
  if (g_ascii_strcasecmp (name, "SMSTSMP") == 0
      || g_ascii_strcasecmp (name, "SMSTSLocationMPs") == 0)
    return _ ("The management points come from the site profile.");
  for (guint i = 0; i < position; i++)
    if (g_ascii_strcasecmp (name, gtk_editable_get_text (((Row *) self->rows->pdata[i])->name))
        == 0)
      return _ ("Two variables have the same name.");
  if (!kl_variable_check_own (name, value, NULL))
    return _ ("A name has up to 255 letters, digits, “_”, “-” or “.”; a value has no control "
              "characters.");

  return NULL;
}

static void
take_variables (KlVariablesGroup *self)
{
  KlVariables *variables = NULL;

  for (guint i = 0; i < self->rows->len; i++)
    {
      const Row *row = self->rows->pdata[i];
      const char *name = gtk_editable_get_text (row->name);
      g_autoptr (KlSecret) value = NULL;

      if (*name == '\0')
        continue;
      if (variables == NULL)
        variables = kl_variables_new ();
      value = kl_secret_new_text (gtk_editable_get_text (row->value));
      kl_variables_append_secret (variables, name, value);
    }

  kl_media_draft_set_variables (self->draft, variables);
  g_clear_pointer (&variables, kl_variables_unref);
}

static void
validate (KlVariablesGroup *self)
{
  GtkWidget *wrong = NULL;
  const char *problem = NULL;
  gboolean complete;

  for (guint i = 0; i < self->rows->len && problem == NULL; i++)
    {
      const Row *row = self->rows->pdata[i];

      wrong = GTK_WIDGET (row->name);
      kl_problem_label_show (GTK_LABEL (self->problem_label), wrong, NULL);
      problem = find_problem (self, i);
    }
  if (wrong != NULL)
    kl_problem_label_show (GTK_LABEL (self->problem_label), wrong, problem);
  else
    gtk_widget_set_visible (self->problem_label, FALSE);

  complete = problem == NULL;
  if (complete)
    take_variables (self);
  if (self->complete != complete)
    {
      self->complete = complete;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPLETE]);
    }
}

static void
changed_cb (GtkEditable *editable, KlVariablesGroup *self)
{
  if (self->draft != NULL)
    validate (self);
}

/* The focus goes to the variable that comes into the place of the one that goes, or else to the
 * button for a new one. */
static void
remove_cb (GtkButton *button, Row *row)
{
  KlVariablesGroup *self = row->group;
  guint index;

  g_ptr_array_find (self->rows, row, &index);
  adw_preferences_group_remove (ADW_PREFERENCES_GROUP (self), row->row);
  g_ptr_array_remove_index (self->rows, index);
  if (self->rows->len == 0)
    gtk_widget_grab_focus (self->add_button);
  else
    {
      row = self->rows->pdata[MIN (index, self->rows->len - 1)];
      gtk_widget_grab_focus (GTK_WIDGET (row->name));
    }
  validate (self);
}

static GtkWidget *
new_remove_button (void)
{
  GtkWidget *button = gtk_button_new_from_icon_name ("list-remove-symbolic");

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, _ ("Remove Variable"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Remove Variable"), -1);
  return button;
}

static void
name_entry (GtkWidget *entry, const char *name)
{
  gtk_widget_set_hexpand (entry, TRUE);
  gtk_editable_set_width_chars (GTK_EDITABLE (entry), 6);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void
add_row (KlVariablesGroup *self)
{
  Row *row = g_new0 (Row, 1);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *name = gtk_entry_new ();
  GtkWidget *value = gtk_password_entry_new ();
  GtkWidget *button = new_remove_button ();

  name_entry (name, _ ("Variable Name"));
  name_entry (value, _ ("Variable Value"));
  g_object_set (name, "placeholder-text", _ ("Name"), NULL);
  g_object_set (value, "placeholder-text", _ ("Value"), "show-peek-icon", TRUE, NULL);
  gtk_box_append (GTK_BOX (box), name);
  gtk_box_append (GTK_BOX (box), value);
  gtk_box_append (GTK_BOX (box), button);
  gtk_widget_add_css_class (box, "variable");

  row->group = self;
  row->name = GTK_EDITABLE (name);
  row->value = GTK_EDITABLE (value);
  row->row = g_object_new (ADW_TYPE_PREFERENCES_ROW, "activatable", FALSE, "child", box, "title",
                           _ ("Variable"), NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row->row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Variable"), -1);
  g_ptr_array_add (self->rows, row);
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), row->row);

  g_signal_connect_object (name, "changed", G_CALLBACK (changed_cb), self, 0);
  g_signal_connect_object (value, "changed", G_CALLBACK (changed_cb), self, 0);
  g_signal_connect (button, "clicked", G_CALLBACK (remove_cb), row);
  gtk_widget_grab_focus (name);
}

static void
add_cb (KlVariablesGroup *self)
{
  add_row (self);
}

static void
kl_variables_group_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  if (id == PROP_COMPLETE)
    g_value_set_boolean (value, KL_VARIABLES_GROUP (object)->complete);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
kl_variables_group_dispose (GObject *object)
{
  g_clear_object (&KL_VARIABLES_GROUP (object)->draft);

  G_OBJECT_CLASS (kl_variables_group_parent_class)->dispose (object);
}

static void
kl_variables_group_finalize (GObject *object)
{
  g_ptr_array_unref (KL_VARIABLES_GROUP (object)->rows);

  G_OBJECT_CLASS (kl_variables_group_parent_class)->finalize (object);
}

static void
kl_variables_group_class_init (KlVariablesGroupClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_variables_group_get_property;
  object_class->dispose = kl_variables_group_dispose;
  object_class->finalize = kl_variables_group_finalize;
  properties[PROP_COMPLETE] = g_param_spec_boolean ("complete", NULL, NULL, TRUE,
                                                    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kl_variables_group_init (KlVariablesGroup *self)
{
  GtkWidget *button = gtk_button_new_with_mnemonic (_ ("_Add Variable"));

  self->add_button = button;
  self->rows = g_ptr_array_new_with_free_func (g_free);
  self->complete = TRUE;

  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  kl_group_title_wrap_button (button);
  g_signal_connect_object (button, "clicked", G_CALLBACK (add_cb), self, G_CONNECT_SWAPPED);
  adw_preferences_group_set_header_suffix (ADW_PREFERENCES_GROUP (self), button);

  self->problem_label = gtk_label_new (NULL);
  gtk_widget_set_visible (self->problem_label, FALSE);
  gtk_label_set_xalign (GTK_LABEL (self->problem_label), 0);
  gtk_label_set_wrap (GTK_LABEL (self->problem_label), TRUE);
  gtk_widget_add_css_class (self->problem_label, "caption");
  gtk_widget_add_css_class (self->problem_label, "error");
  gtk_widget_add_css_class (self->problem_label, "problem");
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), self->problem_label);
}

void
kl_variables_group_attach (KlVariablesGroup *self, KlMediaDraft *draft)
{
  g_return_if_fail (self->draft == NULL);

  self->draft = g_object_ref (draft);
}

gboolean
kl_variables_group_is_complete (KlVariablesGroup *self)
{
  return self->complete;
}

/* Whether anything was entered. */
gboolean
kl_variables_group_has_input (KlVariablesGroup *self)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      const Row *row = self->rows->pdata[i];

      if (*gtk_editable_get_text (row->name) != '\0' || *gtk_editable_get_text (row->value) != '\0')
        return TRUE;
    }
  return FALSE;
}

/* The buffers of the entries wipe what they held. */
void
kl_variables_group_clear (KlVariablesGroup *self)
{
  g_clear_object (&self->draft);
  for (guint i = 0; i < self->rows->len; i++)
    gtk_editable_set_text (((Row *) self->rows->pdata[i])->value, "");
}
