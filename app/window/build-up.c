/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-build-up"

#include "config.h"

#include "window/build-up.h"

#define KEY "kl-build-up"
#define KEY_LATER "kl-build-up-later"

/* Of one page, until all of it is shown. */
typedef struct
{
  GPtrArray *parts; /* of groups and of rows, owned, in their order */
  guint n_shown;    /* of the parts */
  guint tick_id;    /* shows the next row; 0 before the page is to be shown */
} BuildUp;

static void
build_up_free (gpointer data)
{
  BuildUp *build_up = data;

  g_ptr_array_unref (build_up->parts);
  g_free (build_up);
}

/* What a row says of itself by being visible is left to whoever fills the page. */
static gboolean
is_due (GtkListBoxRow *row, gpointer user_data)
{
  return g_object_get_data (G_OBJECT (row), KEY_LATER) == NULL;
}

static void
set_later (GtkWidget *row, gboolean later)
{
  g_object_set_data (G_OBJECT (row), KEY_LATER, later ? row : NULL);
  gtk_list_box_row_changed (GTK_LIST_BOX_ROW (row));
}

static void
hide_parts (BuildUp *build_up, GtkWidget *widget)
{
  if (GTK_IS_LIST_BOX (widget))
    gtk_list_box_set_filter_func (GTK_LIST_BOX (widget), is_due, NULL, NULL);

  if (ADW_IS_PREFERENCES_GROUP (widget))
    {
      g_ptr_array_add (build_up->parts, g_object_ref (widget));
      gtk_widget_set_visible (widget, FALSE);
    }
  else if (GTK_IS_LIST_BOX_ROW (widget))
    {
      g_ptr_array_add (build_up->parts, g_object_ref (widget));
      set_later (widget, TRUE);
      return;
    }

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    hide_parts (build_up, child);
}

static gboolean
has_description (GtkWidget *group)
{
  const char *text = adw_preferences_group_get_description (ADW_PREFERENCES_GROUP (group));

  return text != NULL && *text != '\0';
}

/* The title of a group comes with its first row, but a description is as much work as a row. */
static gboolean
show_next (GtkWidget *page, GdkFrameClock *clock, gpointer user_data)
{
  BuildUp *build_up = user_data;
  gboolean shown = FALSE;

  while (build_up->n_shown < build_up->parts->len && !shown)
    {
      GtkWidget *part = build_up->parts->pdata[build_up->n_shown++];

      if (GTK_IS_LIST_BOX_ROW (part))
        {
          set_later (part, FALSE);
          shown = gtk_widget_get_visible (part);
        }
      else
        {
          gtk_widget_set_visible (part, TRUE);
          shown = build_up->n_shown == 1 || has_description (part);
        }
    }
  if (build_up->n_shown < build_up->parts->len)
    return G_SOURCE_CONTINUE;

  g_object_set_data (G_OBJECT (page), KEY, NULL);
  return G_SOURCE_REMOVE;
}

/**
 * kl_build_up_hide:
 * @page: of groups that are visible, of which the first one is the heading; not shown now
 *
 * Has @page shown bit by bit the next time: the first layout of a row takes some milliseconds, and
 * that of all of them holds up the main loop for several frames.
 */
void
kl_build_up_hide (GtkWidget *page)
{
  BuildUp *build_up;

  if (g_object_get_data (G_OBJECT (page), KEY) != NULL)
    return;
  build_up = g_new0 (BuildUp, 1);
  build_up->parts = g_ptr_array_new_with_free_func (g_object_unref);
  g_object_set_data_full (G_OBJECT (page), KEY, build_up, build_up_free);
  hide_parts (build_up, page);
}

/**
 * kl_build_up_show:
 * @page: that is filled and is shown now
 *
 * Where kl_build_up_hide() was called, shows its heading with the next frame and one more row with
 * each frame after it.
 */
void
kl_build_up_show (GtkWidget *page)
{
  BuildUp *build_up = g_object_get_data (G_OBJECT (page), KEY);

  if (build_up != NULL && build_up->tick_id == 0)
    build_up->tick_id = gtk_widget_add_tick_callback (page, show_next, build_up, NULL);
}
