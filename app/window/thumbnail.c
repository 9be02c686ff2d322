/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-thumbnail"

#include "config.h"

#include "window/thumbnail.h"

#include <glib/gi18n.h>

#include "edit/background.h"

/* Pixels. */
#define WIDTH 240
#define HEIGHT 135

struct _KlThumbnail
{
  AdwBin parent_instance;

  char *path;                /* owned; nullable */
  GCancellable *cancellable; /* owned; nullable */
  GtkWidget *picture;        /* child */
};

G_DEFINE_FINAL_TYPE (KlThumbnail, kl_thumbnail, ADW_TYPE_BIN)

static void
kl_thumbnail_dispose (GObject *object)
{
  KlThumbnail *self = KL_THUMBNAIL (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->path, g_free);

  G_OBJECT_CLASS (kl_thumbnail_parent_class)->dispose (object);
}

static void
kl_thumbnail_class_init (KlThumbnailClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_thumbnail_dispose;
}

static void
kl_thumbnail_init (KlThumbnail *self)
{
  self->picture = gtk_picture_new ();
  gtk_widget_set_size_request (self->picture, WIDTH, HEIGHT);
  gtk_picture_set_alternative_text (GTK_PICTURE (self->picture), _ ("The background picture"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->picture), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("The background picture"), -1);
  gtk_widget_set_halign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
  gtk_widget_set_margin_top (GTK_WIDGET (self), 12);
  gtk_widget_set_margin_bottom (GTK_WIDGET (self), 6);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  adw_bin_set_child (ADW_BIN (self), self->picture);
}

KlThumbnail *
kl_thumbnail_new (void)
{
  return g_object_new (KL_TYPE_THUMBNAIL, NULL);
}

static void
load_in_thread (GTask *task, gpointer source, gpointer path, GCancellable *cancellable)
{
  GError *error = NULL;
  GdkPixbuf *pixbuf = NULL;

  if (kl_background_check (path, &error))
    pixbuf = gdk_pixbuf_new_from_file_at_scale (path, WIDTH, HEIGHT, TRUE, &error);
  if (pixbuf != NULL)
    g_task_return_pointer (task, pixbuf, g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlThumbnail *self = KL_THUMBNAIL (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkPixbuf) pixbuf = g_task_propagate_pointer (G_TASK (result), &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  gtk_widget_set_visible (GTK_WIDGET (self), pixbuf != NULL);
  gtk_picture_set_pixbuf (GTK_PICTURE (self->picture), pixbuf);
}

void
kl_thumbnail_set_path (KlThumbnail *self, const char *path)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (KL_IS_THUMBNAIL (self));

  if (g_strcmp0 (self->path, path) == 0)
    return;
  g_free (self->path);
  self->path = g_strdup (path);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();

  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  if (*path == '\0')
    return;
  task = g_task_new (self, self->cancellable, loaded_cb, NULL);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, load_in_thread);
}
