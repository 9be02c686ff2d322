/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-first-frame"

#include "config.h"

#include "window/first-frame.h"

/* How long a frame is waited for: a window on another desktop is not drawn; milliseconds. */
#define LONGEST 300

/* A tick comes before its frame is laid out: at the second one the first frame has been drawn. */
#define TICKS 2

typedef struct
{
  GSource *source; /* owned */
  guint n_ticks;
} Wait;

static void
wait_free (gpointer data)
{
  Wait *wait = data;

  g_source_unref (wait->source);
  g_free (wait);
}

static gboolean
tick_cb (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  Wait *wait = data;

  if (++wait->n_ticks < TICKS && !g_source_is_destroyed (wait->source))
    return G_SOURCE_CONTINUE;

  g_source_set_ready_time (wait->source, 0);
  return G_SOURCE_REMOVE;
}

/**
 * kl_first_frame_add:
 * @widget: in a window that is shown and has just changed
 * @callback: called once, whatever it returns
 *
 * Has @callback wait for the next frame of @widget, which is laid out and drawn meanwhile: what
 * begins then does not find the window busy with itself. It comes soon also where nothing is drawn,
 * and when the widget has gone.
 *
 * Returns: the source, for g_source_remove()
 */
guint
kl_first_frame_add (GtkWidget *widget, GSourceFunc callback, gpointer data)
{
  GSource *source = g_timeout_source_new (LONGEST);
  Wait *wait = g_new0 (Wait, 1);
  guint id;

  g_source_set_callback (source, callback, data, NULL);
  id = g_source_attach (source, NULL);
  wait->source = source;
  gtk_widget_add_tick_callback (widget, tick_cb, wait, wait_free);
  return id;
}
