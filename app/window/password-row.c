/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-password-row"

#include "config.h"

#include "window/password-row.h"

#include <glib/gi18n.h>

#include "window/long-text.h"

/* Of the entry, in a narrow window and in a wide one; characters. */
#define MIN_WIDTH 8
#define USUAL_WIDTH 18

struct _KlPasswordRow
{
  AdwActionRow parent_instance;

  GtkWidget *entry;       /* child of the row */
  GtkWidget *show_button; /* child of the row */
  KlSecret *secret;       /* owned, nullable; shown while the button is pressed */
};

G_DEFINE_FINAL_TYPE (KlPasswordRow, kl_password_row, ADW_TYPE_ACTION_ROW)

enum
{
  SIGNAL_CHANGED,
  SIGNAL_ENTRY_ACTIVATED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
changed_cb (KlPasswordRow *self)
{
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
activate_cb (KlPasswordRow *self)
{
  g_signal_emit (self, signals[SIGNAL_ENTRY_ACTIVATED], 0);
}

static void
name_entry (KlPasswordRow *self)
{
  const char *title = adw_preferences_row_get_title (ADW_PREFERENCES_ROW (self));
  g_auto (GStrv) parts = g_strsplit (title, "_", 2);
  g_autofree char *name = g_strjoinv ("", parts);

  gtk_accessible_update_property (GTK_ACCESSIBLE (self->entry), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                  -1);
}

static void
kl_password_row_finalize (GObject *object)
{
  g_clear_pointer (&KL_PASSWORD_ROW (object)->secret, kl_secret_unref);

  G_OBJECT_CLASS (kl_password_row_parent_class)->finalize (object);
}

static void
kl_password_row_class_init (KlPasswordRowClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_password_row_finalize;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", KL_TYPE_PASSWORD_ROW, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_ENTRY_ACTIVATED]
      = g_signal_new ("entry-activated", KL_TYPE_PASSWORD_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                      NULL, G_TYPE_NONE, 0);
}

static void
add_entry (KlPasswordRow *self)
{
  self->entry = gtk_password_entry_new ();
  g_object_set (self->entry, "activates-default", TRUE, "width-chars", MIN_WIDTH, "max-width-chars",
                USUAL_WIDTH, "valign", GTK_ALIGN_CENTER, NULL);
  g_signal_connect_object (self->entry, "changed", G_CALLBACK (changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->entry, "activate", G_CALLBACK (activate_cb), self,
                           G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), self->entry);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (self), self->entry);
}

static void
name_show_button (KlPasswordRow *self, const char *name)
{
  gtk_widget_set_tooltip_text (self->show_button, name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->show_button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  name, -1);
}

/* The icon that a GtkPasswordEntry offers for it cannot be reached by the keyboard. */
static void
add_show_button (KlPasswordRow *self)
{
  GtkEditable *text = gtk_editable_get_delegate (GTK_EDITABLE (self->entry));

  self->show_button = gtk_toggle_button_new ();
  gtk_button_set_icon_name (GTK_BUTTON (self->show_button), "view-reveal-symbolic");
  gtk_widget_set_valign (self->show_button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (self->show_button, "flat");
  name_show_button (self, _ ("Show or Hide Password"));
  g_object_bind_property (self->show_button, "active", text, "visibility", G_BINDING_SYNC_CREATE);
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), self->show_button);
}

static void
kl_password_row_init (KlPasswordRow *self)
{
  kl_long_text_spell_exactly (GTK_WIDGET (self));
  add_entry (self);
  add_show_button (self);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (self), FALSE);
  g_signal_connect (self, "notify::title", G_CALLBACK (name_entry), NULL);
}

const char *
kl_password_row_get_text (KlPasswordRow *self)
{
  return gtk_editable_get_text (GTK_EDITABLE (self->entry));
}

/* An empty one forgets that the password was shown, too. */
void
kl_password_row_set_text (KlPasswordRow *self, const char *text)
{
  gtk_editable_set_text (GTK_EDITABLE (self->entry), text);
  if (*text == '\0')
    gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->show_button), FALSE);
}

GtkWidget *
kl_password_row_get_entry (KlPasswordRow *self)
{
  return self->entry;
}

static void
secret_toggled_cb (KlPasswordRow *self)
{
  const gboolean shown = gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->show_button));

  kl_password_row_set_text (self, shown ? kl_secret_get_text (self->secret) : "");
}

/**
 * kl_password_row_set_secret:
 * @value: a reference is taken
 *
 * Makes it a row that cannot be written to and shows @value while its button is pressed. Until
 * then the entry does not hold it: what it holds, though hidden, is told to the accessibility bus.
 */
void
kl_password_row_set_secret (KlPasswordRow *self, KlSecret *value)
{
  g_return_if_fail (KL_IS_PASSWORD_ROW (self) && self->secret == NULL);

  self->secret = kl_secret_ref (value);
  g_object_set (self->entry, "placeholder-text", "••••••••", NULL);
  gtk_editable_set_editable (GTK_EDITABLE (self->entry), FALSE);
  name_show_button (self, _ ("Show or Hide Value"));
  g_signal_connect_object (self->show_button, "toggled", G_CALLBACK (secret_toggled_cb), self,
                           G_CONNECT_SWAPPED);
}
