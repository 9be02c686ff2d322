/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-fact-row"

#include "config.h"

#include "window/fact-row.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "core-text.h"
#include "window/long-text.h"

struct _KlFactRow
{
  AdwActionRow parent_instance;

  GtkWidget *state_box;   /* child of the row */
  GtkWidget *copy_button; /* child of the row */
  GtkImage *state_icon;   /* in the box */
  GtkLabel *state_label;  /* in the box */
  gboolean can_copy;
};

G_DEFINE_FINAL_TYPE (KlFactRow, kl_fact_row, ADW_TYPE_ACTION_ROW)

enum
{
  PROP_CAN_COPY = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
copy_clicked_cb (KlFactRow *self)
{
  const char *value = adw_action_row_get_subtitle (ADW_ACTION_ROW (self));

  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), value ? value : "");
  gtk_widget_activate_action (GTK_WIDGET (self), "win.announce", "s",
                              _ ("Copied to the clipboard"));
}

static void
add_copy_button (KlFactRow *self)
{
  self->copy_button = gtk_button_new_from_icon_name ("edit-copy-symbolic");
  gtk_widget_set_valign (self->copy_button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (self->copy_button, "flat");
  gtk_widget_set_tooltip_text (self->copy_button, _ ("Copy"));
  g_signal_connect_object (self->copy_button, "clicked", G_CALLBACK (copy_clicked_cb), self,
                           G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), self->copy_button);
}

static void
name_parts (KlFactRow *self)
{
  const char *title = adw_preferences_row_get_title (ADW_PREFERENCES_ROW (self));
  const char *value = adw_action_row_get_subtitle (ADW_ACTION_ROW (self));
  const char *word = gtk_label_get_label (self->state_label);
  g_autofree char *name = g_strjoin (": ", title, value && *value ? value : NULL, NULL);
  g_autofree char *full = kl_bidi_join (", ", name, word && *word ? word : NULL, NULL);

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, full, -1);
  if (self->copy_button != NULL)
    {
      /* Translators: name of a button; %s is what it copies, for instance “SHA-256”. */
      g_autofree char *copy = kl_bidi_printf (_ ("Copy %s"), title);

      gtk_accessible_update_property (GTK_ACCESSIBLE (self->copy_button),
                                      GTK_ACCESSIBLE_PROPERTY_LABEL, copy, -1);
    }
}

static void
kl_fact_row_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  KlFactRow *self = KL_FACT_ROW (object);

  switch (id)
    {
    case PROP_CAN_COPY:
      self->can_copy = g_value_get_boolean (value);
      if (self->can_copy && self->copy_button == NULL)
        add_copy_button (self);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
    }
}

static void
kl_fact_row_class_init (KlFactRowClass *klass)
{
  G_OBJECT_CLASS (klass)->set_property = kl_fact_row_set_property;

  properties[PROP_CAN_COPY]
      = g_param_spec_boolean ("can-copy", NULL, NULL, FALSE,
                              G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (G_OBJECT_CLASS (klass), N_PROPS, properties);
}

static void
kl_fact_row_init (KlFactRow *self)
{
  kl_long_text_spell_exactly (GTK_WIDGET (self));
  self->state_icon = GTK_IMAGE (gtk_image_new ());
  self->state_label = GTK_LABEL (gtk_label_new (NULL));
  self->state_box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_box_append (GTK_BOX (self->state_box), GTK_WIDGET (self->state_icon));
  gtk_box_append (GTK_BOX (self->state_box), GTK_WIDGET (self->state_label));
  gtk_widget_set_visible (self->state_box, FALSE);
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), self->state_box);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (self), FALSE);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (self), FALSE);
  gtk_widget_add_css_class (GTK_WIDGET (self), "fact");
  g_signal_connect (self, "notify::title", G_CALLBACK (name_parts), NULL);
}

GtkWidget *
kl_fact_row_new (const char *title, const char *value)
{
  GtkWidget *row = g_object_new (KL_TYPE_FACT_ROW, "title", title, NULL);

  kl_fact_row_set_value (KL_FACT_ROW (row), value);
  return row;
}

void
kl_fact_row_set_value (KlFactRow *self, const char *value)
{
  g_return_if_fail (KL_IS_FACT_ROW (self));

  adw_action_row_set_subtitle (ADW_ACTION_ROW (self), value ? value : "");
  name_parts (self);
}

void
kl_fact_row_set_state (KlFactRow *self,
                       const char *icon_name,
                       const char *css_class,
                       const char *word)
{
  const char *classes[] = { css_class, NULL };

  g_return_if_fail (KL_IS_FACT_ROW (self));

  gtk_widget_set_visible (self->state_box, icon_name != NULL);
  if (icon_name == NULL)
    return;
  gtk_image_set_from_icon_name (self->state_icon, icon_name);
  gtk_label_set_label (self->state_label, word ? word : "");
  gtk_widget_set_visible (GTK_WIDGET (self->state_label), word != NULL);
  gtk_widget_set_css_classes (self->state_box, classes);
  name_parts (self);
}

/**
 * kl_fact_row_set_boots:
 * @how: shown where @boots
 * @why_not: (nullable): the reason as core gives it, shown where not
 *
 * Says whether a kind of firmware starts a medium, in words, icon and colour.
 */
void
kl_fact_row_set_boots (KlFactRow *self, gboolean boots, const char *how, const char *why_not)
{
  g_autofree char *reason = !boots && why_not != NULL ? kl_core_text_translate (why_not) : NULL;

  kl_fact_row_set_value (self, boots ? how : reason);
  if (boots)
    kl_fact_row_set_state (self, "object-select-symbolic", "success", C_ ("boots", "Yes"));
  else
    kl_fact_row_set_state (self, "action-unavailable-symbolic", "warning", C_ ("boots", "No"));
}
