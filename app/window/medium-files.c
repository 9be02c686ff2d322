/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-medium-files"

#include "config.h"

#include "window/medium-files.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "source/media-source.h"
#include "window/list-row.h"

#define KL_TYPE_MEDIUM_FILE (kl_medium_file_get_type ())
G_DECLARE_FINAL_TYPE (KlMediumFile, kl_medium_file, KL, MEDIUM_FILE, GObject)

struct _KlMediumFile
{
  GObject parent_instance;

  char *path;   /* owned; valid UTF-8 */
  char *key;    /* owned; the path, case-folded */
  guint64 size; /* bytes */
};

G_DEFINE_FINAL_TYPE (KlMediumFile, kl_medium_file, G_TYPE_OBJECT)

struct _KlMediumFiles
{
  AdwBin parent_instance;

  GtkFilterListModel *filtered; /* owned */
  char *search_key;             /* owned, nullable; case-folded */

  GtkSearchEntry *search_entry;
  GtkLabel *summary_label;
  GtkListView *list_view;
};

G_DEFINE_FINAL_TYPE (KlMediumFiles, kl_medium_files, ADW_TYPE_BIN)

static void
kl_medium_file_finalize (GObject *object)
{
  g_free (KL_MEDIUM_FILE (object)->path);
  g_free (KL_MEDIUM_FILE (object)->key);

  G_OBJECT_CLASS (kl_medium_file_parent_class)->finalize (object);
}

static void
kl_medium_file_class_init (KlMediumFileClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_medium_file_finalize;
}

static void
kl_medium_file_init (KlMediumFile *self)
{
}

static void
show_summary (KlMediumFiles *self)
{
  GListModel *shown = G_LIST_MODEL (self->filtered);
  const guint n = g_list_model_get_n_items (shown);
  guint64 bytes = 0;
  g_autofree char *size = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (KlMediumFile) file = g_list_model_get_item (shown, i);

      bytes += file->size;
    }
  size = g_format_size (bytes);
  /* Translators: a number of files and their size. */
  text = kl_bidi_printf (ngettext ("%u file (%s)", "%u files (%s)", n), n, size);
  gtk_label_set_label (self->summary_label, text);
}

static gboolean
matches (gpointer item, gpointer user_data)
{
  KlMediumFiles *self = user_data;

  return self->search_key == NULL || strstr (KL_MEDIUM_FILE (item)->key, self->search_key) != NULL;
}

static void
search_changed_cb (KlMediumFiles *self)
{
  g_free (self->search_key);
  self->search_key
      = g_utf8_casefold (gtk_editable_get_text (GTK_EDITABLE (self->search_entry)), -1);
  if (self->filtered == NULL)
    return;
  gtk_filter_changed (gtk_filter_list_model_get_filter (self->filtered),
                      GTK_FILTER_CHANGE_DIFFERENT);
  show_summary (self);
}

static void
setup_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  gtk_list_item_set_child (item, kl_list_row_new ());
}

static void
bind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  KlMediumFile *file = gtk_list_item_get_item (item);
  g_autofree char *size = g_format_size (file->size);

  kl_list_row_set (KL_LIST_ROW (gtk_list_item_get_child (item)), "text-x-generic-symbolic", NULL,
                   file->path, size, NULL);
}

static void
kl_medium_files_dispose (GObject *object)
{
  KlMediumFiles *self = KL_MEDIUM_FILES (object);

  if (self->list_view != NULL)
    gtk_list_view_set_model (self->list_view, NULL);
  g_clear_object (&self->filtered);
  g_clear_pointer (&self->search_key, g_free);

  G_OBJECT_CLASS (kl_medium_files_parent_class)->dispose (object);
}

static void
kl_medium_files_class_init (KlMediumFilesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_medium_files_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/medium-files.ui");
  gtk_widget_class_bind_template_child (widget_class, KlMediumFiles, search_entry);
  gtk_widget_class_bind_template_child (widget_class, KlMediumFiles, summary_label);
  gtk_widget_class_bind_template_child (widget_class, KlMediumFiles, list_view);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, setup_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_row_cb);
}

static void
kl_medium_files_init (KlMediumFiles *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kl_medium_files_show (KlMediumFiles *self, GPtrArray *entries)
{
  GListStore *files = g_list_store_new (KL_TYPE_MEDIUM_FILE);

  g_return_if_fail (KL_IS_MEDIUM_FILES (self));

  for (guint i = 0; i < entries->len; i++)
    {
      const KlMediaEntry *entry = entries->pdata[i];
      g_autoptr (KlMediumFile) file = g_object_new (KL_TYPE_MEDIUM_FILE, NULL);

      file->path = g_utf8_make_valid (entry->path, -1);
      file->key = g_utf8_casefold (file->path, -1);
      file->size = entry->size;
      g_list_store_append (files, file);
    }
  g_clear_object (&self->filtered);
  self->filtered = gtk_filter_list_model_new (
      G_LIST_MODEL (files), GTK_FILTER (gtk_custom_filter_new (matches, self, NULL)));
  gtk_list_view_set_model (self->list_view, GTK_SELECTION_MODEL (gtk_no_selection_new (
                                                g_object_ref (G_LIST_MODEL (self->filtered)))));
  show_summary (self);
}
