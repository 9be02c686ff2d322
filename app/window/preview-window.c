/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-preview-window"

#include "config.h"

#include "window/preview-window.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "bidi.h"
#include "core-text.h"
#include "prepare/preparer.h"
#include "window/failure-view.h"
#include "window/group-title.h"
#include "window/image-text.h"
#include "window/list-row.h"

struct _KlPreviewWindow
{
  AdwWindow parent_instance;

  KlBootImage *image;           /* owned */
  GCancellable *cancellable;    /* owned */
  GtkFilterListModel *filtered; /* owned; nullable; of KlChange */
  char *search_key;             /* owned; nullable */

  AdwWindowTitle *title;
  GtkStack *stack;
  GtkSearchEntry *search_entry;
  GtkListView *list_view;
  KlFailureView *failure_view;
};

G_DEFINE_FINAL_TYPE (KlPreviewWindow, kl_preview_window, ADW_TYPE_WINDOW)

/* One line of a preview. */
#define KL_TYPE_CHANGE (kl_change_get_type ())
G_DECLARE_FINAL_TYPE (KlChange, kl_change, KL, CHANGE, GObject)

struct _KlChange
{
  GObject parent_instance;

  const char *icon_name;
  const char *css_class; /* nullable */
  const char *word;      /* translated */
  gboolean sentence;     /* the title is one */
  char *title;
  char *subtitle;
};

G_DEFINE_FINAL_TYPE (KlChange, kl_change, G_TYPE_OBJECT)

static void
kl_change_finalize (GObject *object)
{
  KlChange *self = KL_CHANGE (object);

  g_free (self->title);
  g_free (self->subtitle);
  G_OBJECT_CLASS (kl_change_parent_class)->finalize (object);
}

static void
kl_change_class_init (KlChangeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_change_finalize;
}

static void
kl_change_init (KlChange *self)
{
}

/* Takes @title and @subtitle. Returns what @changes holds. */
static KlChange *
add_change (GListStore *changes,
            const char *icon_name,
            const char *css_class,
            const char *word,
            char *title,
            char *subtitle)
{
  g_autoptr (KlChange) change = g_object_new (KL_TYPE_CHANGE, NULL);

  change->icon_name = icon_name;
  change->css_class = css_class;
  change->word = word;
  change->title = g_utf8_make_valid (title, -1);
  change->subtitle = g_utf8_make_valid (subtitle, -1);
  g_free (title);
  g_free (subtitle);
  g_list_store_append (changes, change);
  return change;
}

static void
add_files (GListStore *changes, GPtrArray *files, gboolean replaced)
{
  for (guint i = 0; i < files->len; i++)
    {
      const KlTreeFile *file = files->pdata[i];
      g_autofree char *size = g_format_size (file->size);
      const char *word = replaced ? _ ("Replaced") : _ ("Added");
      /* Translators: that a file of the image is written by this program, not copied. */
      const char *source = file->source != NULL ? file->source : _ ("generated");

      if (file->replaces == replaced)
        add_change (changes, replaced ? "emblem-synchronizing-symbolic" : "list-add-symbolic",
                    replaced ? "warning" : "success", word, g_strdup (file->path),
                    kl_bidi_join (" · ", word, size, source, NULL));
    }
}

/* What wants attention comes first. */
static GListStore *
list_changes (KlImageTree *tree)
{
  GListStore *changes = g_list_store_new (KL_TYPE_CHANGE);
  GPtrArray *warnings = kl_image_tree_get_warnings (tree);
  GPtrArray *values = kl_image_tree_get_values (tree);

  for (guint i = 0; i < warnings->len; i++)
    add_change (changes, "dialog-warning-symbolic", "warning", _ ("Warning"),
                kl_core_text_translate (warnings->pdata[i]), g_strdup (_ ("Warning")))
        ->sentence
        = TRUE;
  for (guint i = 0; i < values->len; i++)
    {
      const KlTreeRegistryValue *value = values->pdata[i];

      add_change (changes, "document-properties-symbolic", "accent", _ ("Registry value"),
                  g_strdup_printf ("%s = %s", value->name, value->value),
                  g_strdup_printf ("%s · %s\\%s", _ ("Registry value"), value->hive, value->key));
    }
  add_files (changes, kl_image_tree_get_files (tree), TRUE);
  add_files (changes, kl_image_tree_get_files (tree), FALSE);
  return changes;
}

static char *
dup_summary (KlImageTree *tree)
{
  GPtrArray *files = kl_image_tree_get_files (tree);
  const guint n_values = kl_image_tree_get_values (tree)->len;
  const guint n_warnings = kl_image_tree_get_warnings (tree)->len;
  g_autofree char *size = g_format_size (kl_image_tree_get_size (tree));
  g_autofree char *file_text = NULL;
  g_autofree char *value_text = NULL;
  g_autofree char *warning_text = NULL;

  /* Translators: a number of files and their size. */
  file_text
      = kl_bidi_printf (ngettext ("%u file (%s)", "%u files (%s)", files->len), files->len, size);
  value_text
      = kl_bidi_printf (ngettext ("%u registry value", "%u registry values", n_values), n_values);
  warning_text = kl_bidi_printf (ngettext ("%u warning", "%u warnings", n_warnings), n_warnings);
  return kl_bidi_join (" · ", file_text, value_text, n_warnings > 0 ? warning_text : NULL, NULL);
}

static gboolean
matches (gpointer item, gpointer user_data)
{
  KlPreviewWindow *self = user_data;
  KlChange *change = item;
  g_autofree char *text = NULL;
  g_autofree char *key = NULL;

  if (self->search_key == NULL || *self->search_key == '\0')
    return TRUE;
  text = g_strjoin (" ", change->title, change->subtitle, NULL);
  key = g_utf8_casefold (text, -1);
  return strstr (key, self->search_key) != NULL;
}

static void
search_changed_cb (KlPreviewWindow *self)
{
  g_free (self->search_key);
  self->search_key
      = g_utf8_casefold (gtk_editable_get_text (GTK_EDITABLE (self->search_entry)), -1);
  if (self->filtered != NULL)
    gtk_filter_changed (gtk_filter_list_model_get_filter (self->filtered),
                        GTK_FILTER_CHANGE_DIFFERENT);
}

static void
setup_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  gtk_list_item_set_child (item, kl_list_row_new ());
}

static void
bind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  KlChange *change = gtk_list_item_get_item (item);

  kl_list_row_set (KL_LIST_ROW (gtk_list_item_get_child (item)), change->icon_name,
                   change->css_class, change->title, change->subtitle, NULL);
  kl_list_row_set_wrap (KL_LIST_ROW (gtk_list_item_get_child (item)), change->sentence);
}

static void
show_preview (KlPreviewWindow *self, KlPreview *preview)
{
  g_autoptr (GListStore) changes = list_changes (preview->tree);
  g_autofree char *summary = dup_summary (preview->tree);

  if (g_list_model_get_n_items (G_LIST_MODEL (changes)) == 0)
    {
      gtk_stack_set_visible_child_name (self->stack, "nothing");
      return;
    }
  adw_window_title_set_subtitle (self->title, summary);
  self->filtered
      = gtk_filter_list_model_new (G_LIST_MODEL (g_steal_pointer (&changes)),
                                   GTK_FILTER (gtk_custom_filter_new (matches, self, NULL)));
  gtk_list_view_set_model (self->list_view, GTK_SELECTION_MODEL (gtk_single_selection_new (
                                                g_object_ref (G_LIST_MODEL (self->filtered)))));
  gtk_stack_set_visible_child_name (self->stack, "changes");
  gtk_widget_grab_focus (GTK_WIDGET (self->list_view));
}

typedef struct
{
  KlCatalog *catalog;
  char *id;
  GPtrArray *texts; /* owned strings that the settings borrow */
  GArray *settings; /* of KlRecipeSetting */
} Reading;

static void
reading_free (Reading *reading)
{
  g_object_unref (reading->catalog);
  g_free (reading->id);
  g_ptr_array_unref (reading->texts);
  g_array_unref (reading->settings);
  g_free (reading);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Reading *reading = data;
  GError *error = NULL;
  KlPreview *preview = kl_prepare_preview (reading->catalog, reading->id,
                                           (const KlRecipeSetting *) reading->settings->data,
                                           reading->settings->len, cancellable, &error);

  if (preview != NULL)
    g_task_return_pointer (task, preview, (GDestroyNotify) kl_preview_free);
  else
    g_task_return_error (task, error);
}

/* What is said about these codes is meant for files that are chosen; here they are those of a
 * recipe, and the details name them. */
static GError *
make_failure (const GError *error)
{
  static const int codes[]
      = { KL_ERROR_NOT_FOUND, KL_ERROR_FORMAT, KL_ERROR_INVALID_ARGUMENT, KL_ERROR_FAILED };
  GError *failure;

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_error_matches (error, KL_ERROR, codes[i]))
      {
        failure = g_error_new_literal (KL_ERROR, KL_ERROR_INJECTION, error->message);
        if (kl_error_get_detail (error) != NULL)
          kl_error_set_detail (failure, kl_error_get_detail (error));
        return failure;
      }
  return g_error_copy (error);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlPreviewWindow *self = KL_PREVIEW_WINDOW (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlPreview) preview = g_task_propagate_pointer (G_TASK (result), &error);

  if (self->image == NULL || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* closed */
  if (preview != NULL)
    show_preview (self, preview);
  else
    {
      g_autoptr (GError) failure = make_failure (error);

      kl_failure_view_set_error (self->failure_view, failure,
                                 kl_boot_image_get_folder (self->image));
      gtk_stack_set_visible_child_name (self->stack, "failed");
    }
}

static void
kl_preview_window_dispose (GObject *object)
{
  KlPreviewWindow *self = KL_PREVIEW_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->image);
  g_clear_object (&self->filtered);
  g_clear_pointer (&self->search_key, g_free);

  G_OBJECT_CLASS (kl_preview_window_parent_class)->dispose (object);
}

static void
kl_preview_window_finalize (GObject *object)
{
  g_clear_object (&KL_PREVIEW_WINDOW (object)->cancellable);

  G_OBJECT_CLASS (kl_preview_window_parent_class)->finalize (object);
}

static void
kl_preview_window_class_init (KlPreviewWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_preview_window_dispose;
  G_OBJECT_CLASS (klass)->finalize = kl_preview_window_finalize;

  g_type_ensure (KL_TYPE_FAILURE_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/preview-window.ui");
  gtk_widget_class_bind_template_child (widget_class, KlPreviewWindow, title);
  gtk_widget_class_bind_template_child (widget_class, KlPreviewWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, KlPreviewWindow, search_entry);
  gtk_widget_class_bind_template_child (widget_class, KlPreviewWindow, list_view);
  gtk_widget_class_bind_template_child (widget_class, KlPreviewWindow, failure_view);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, setup_row_cb);
  gtk_widget_class_bind_template_callback (widget_class, bind_row_cb);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
kl_preview_window_init (KlPreviewWindow *self)
{
  self->cancellable = g_cancellable_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_group_title_wrap_all (GTK_WIDGET (self));
}

static Reading *
reading_new (KlCatalog *catalog, KlBootImage *image, GHashTable *settings)
{
  Reading *reading = g_new0 (Reading, 1);
  GHashTableIter iter;
  gpointer key, value;

  reading->catalog = g_object_ref (catalog);
  reading->id = g_strdup (kl_boot_image_get_id (image));
  reading->texts = g_ptr_array_new_with_free_func (g_free);
  reading->settings = g_array_new (FALSE, FALSE, sizeof (KlRecipeSetting));
  if (settings != NULL)
    {
      g_hash_table_iter_init (&iter, settings);
      while (g_hash_table_iter_next (&iter, &key, &value))
        {
          KlRecipeSetting setting = { g_strdup (key), g_strdup (value) };

          g_ptr_array_add (reading->texts, (gpointer) setting.key);
          g_ptr_array_add (reading->texts, (gpointer) setting.value);
          g_array_append_val (reading->settings, setting);
        }
    }
  return reading;
}

void
kl_preview_window_open (GtkWindow *parent,
                        KlCatalog *catalog,
                        KlBootImage *image,
                        GHashTable *settings)
{
  KlPreviewWindow *self
      = g_object_new (KL_TYPE_PREVIEW_WINDOW, "application", gtk_window_get_application (parent),
                      "transient-for", parent, NULL);
  g_autoptr (GTask) task = g_task_new (self, self->cancellable, read_cb, NULL);

  self->image = g_object_ref (image);
  g_task_set_task_data (task, reading_new (catalog, image, settings),
                        (GDestroyNotify) reading_free);
  g_task_run_in_thread (task, read_in_thread);
  gtk_window_present (GTK_WINDOW (self));
}
