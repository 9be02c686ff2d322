/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-problem-label"

#include "config.h"

#include "window/problem-label.h"

/**
 * kl_problem_label_show:
 * @row: the row of the entry that @self stands below
 * @problem: (nullable): what is wrong with it, translated; %NULL if nothing is
 *
 * Says inline what is wrong, to the eye and to a screen reader.
 *
 * Returns: whether nothing is wrong
 */
gboolean
kl_problem_label_show (GtkLabel *self, GtkWidget *row, const char *problem)
{
  gtk_widget_set_visible (GTK_WIDGET (self), problem != NULL);
  gtk_label_set_label (self, problem ? problem : "");
  gtk_accessible_update_state (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_STATE_INVALID,
                               problem ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE,
                               -1);
  if (problem != NULL)
    gtk_widget_add_css_class (row, "error");
  else
    gtk_widget_remove_css_class (row, "error");

  return problem == NULL;
}
