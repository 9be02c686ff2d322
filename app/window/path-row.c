/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-path-row"

#include "config.h"

#include "window/path-row.h"

#include <glib/gi18n.h>

#include "bidi.h"

struct _KlPathRow
{
  AdwEntryRow parent_instance;

  GtkFileChooserNative *chooser; /* owned while it is open */
  GtkWidget *browse_button;      /* child of the row */
  char *suffixes;                /* owned; nullable: any file */
  gboolean folder;
  gboolean several;
};

G_DEFINE_FINAL_TYPE (KlPathRow, kl_path_row, ADW_TYPE_ENTRY_ROW)

enum
{
  PROP_SUFFIXES = 1,
  PROP_FOLDER,
  PROP_SEVERAL,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
take_path (KlPathRow *self, const char *path)
{
  const char *before = gtk_editable_get_text (GTK_EDITABLE (self));
  g_autofree char *text = NULL;

  if (self->several && *before != '\0')
    text = g_strconcat (before, g_str_has_suffix (before, ";") ? "" : ";", path, NULL);
  gtk_editable_set_text (GTK_EDITABLE (self), text ? text : path);
}

static void
chosen_cb (KlPathRow *self, int response)
{
  g_autoptr (GFile) file = NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (self->chooser));
  g_clear_object (&self->chooser);
  if (file != NULL && g_file_peek_path (file) != NULL)
    take_path (self, g_file_peek_path (file));
}

static void
add_filters (KlPathRow *self)
{
  g_auto (GStrv) suffixes = self->suffixes ? g_strsplit (self->suffixes, ";", -1) : NULL;
  g_autoptr (GtkFileFilter) fitting = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();

  if (suffixes == NULL || self->folder)
    return;

  /* Translators: the files that fit what is chosen, such as certificates. */
  gtk_file_filter_set_name (fitting, _ ("Fitting Files"));
  for (guint i = 0; suffixes[i] != NULL; i++)
    gtk_file_filter_add_suffix (fitting, suffixes[i]);
  gtk_file_filter_set_name (all, _ ("All Files"));
  gtk_file_filter_add_pattern (all, "*");
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (self->chooser), fitting);
  gtk_file_chooser_add_filter (GTK_FILE_CHOOSER (self->chooser), all);
}

static void
browse_cb (KlPathRow *self)
{
  const GtkFileChooserAction action
      = self->folder ? GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER : GTK_FILE_CHOOSER_ACTION_OPEN;

  g_clear_object (&self->chooser);
  self->chooser = gtk_file_chooser_native_new (
      adw_preferences_row_get_title (ADW_PREFERENCES_ROW (self)),
      GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), action, _ ("_Choose"), NULL);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (self->chooser), TRUE);
  add_filters (self);
  g_signal_connect_object (self->chooser, "response", G_CALLBACK (chosen_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (self->chooser));
}

static void
name_parts (KlPathRow *self)
{
  const char *title = adw_preferences_row_get_title (ADW_PREFERENCES_ROW (self));
  /* Translators: name of a button; %s is what it looks for, for instance “PFX File”. */
  g_autofree char *name = kl_bidi_printf (_ ("Choose %s"), title);

  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->browse_button),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void
kl_path_row_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  KlPathRow *self = KL_PATH_ROW (object);

  switch (id)
    {
    case PROP_SUFFIXES:
      self->suffixes = g_value_dup_string (value);
      break;
    case PROP_FOLDER:
      self->folder = g_value_get_boolean (value);
      break;
    case PROP_SEVERAL:
      self->several = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
    }
}

static void
kl_path_row_dispose (GObject *object)
{
  KlPathRow *self = KL_PATH_ROW (object);

  g_clear_object (&self->chooser);
  g_clear_pointer (&self->suffixes, g_free);

  G_OBJECT_CLASS (kl_path_row_parent_class)->dispose (object);
}

static void
kl_path_row_class_init (KlPathRowClass *klass)
{
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = kl_path_row_set_property;
  object_class->dispose = kl_path_row_dispose;

  properties[PROP_SUFFIXES] = g_param_spec_string ("suffixes", NULL, NULL, NULL, flags);
  properties[PROP_FOLDER] = g_param_spec_boolean ("folder", NULL, NULL, FALSE, flags);
  properties[PROP_SEVERAL] = g_param_spec_boolean ("several", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kl_path_row_init (KlPathRow *self)
{
  self->browse_button = gtk_button_new_from_icon_name ("document-open-symbolic");
  gtk_widget_set_valign (self->browse_button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (self->browse_button, "flat");
  gtk_widget_set_tooltip_text (self->browse_button, _ ("Browse…"));
  adw_entry_row_add_suffix (ADW_ENTRY_ROW (self), self->browse_button);
  g_signal_connect_object (self->browse_button, "clicked", G_CALLBACK (browse_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect (self, "notify::title", G_CALLBACK (name_parts), NULL);
}

GtkWidget *
kl_path_row_new (const char *title, const char *suffixes, gboolean folder, gboolean several)
{
  return g_object_new (KL_TYPE_PATH_ROW, "title", title, "tooltip-text", title, "suffixes",
                       suffixes, "folder", folder, "several", several, NULL);
}
