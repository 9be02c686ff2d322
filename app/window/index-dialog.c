/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-index-dialog"

#include "config.h"

#include "window/index-dialog.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "import/import-source.h"
#include "wim/wim.h"
#include "window/failure-view.h"

/* Of the list before it scrolls; rows, and pixels for each. */
#define MOST_ROWS 5
#define ROW_HEIGHT 64

typedef struct
{
  GtkWindow *parent; /* weak */
  char *path;
  GError *error; /* why it must be asked */
  KlIndexChosen chosen;
  gpointer user_data;
  guint index; /* of the row that is checked; from 1 */
} Question;

typedef struct
{
  char *title;
  char *subtitle;
} Choice;

static void
question_free (Question *question)
{
  g_clear_weak_pointer (&question->parent);
  g_free (question->path);
  g_error_free (question->error);
  g_free (question);
}

static void
choice_free (Choice *choice)
{
  g_free (choice->title);
  g_free (choice->subtitle);
  g_free (choice);
}

static Choice *
choice_new (const KlWimImage *image)
{
  Choice *choice = g_new0 (Choice, 1);
  g_autofree char *size = g_format_size (image->total_bytes);
  const char *const parts[] = { image->architecture, image->version, image->edition, size };
  GString *subtitle = g_string_new (NULL);

  /* Translators: the number of an image in a WIM file, then its name. */
  choice->title = kl_bidi_printf (_ ("%u: %s"), image->index,
                                  *image->name ? image->name : _ ("Without a Name"));
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (parts[i] != NULL)
      kl_bidi_append (subtitle, " · ", parts[i]);
  choice->subtitle = g_string_free (subtitle, FALSE);
  return choice;
}

static void
list_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Question *question = data;
  g_autoptr (GPtrArray) choices = g_ptr_array_new_with_free_func ((GDestroyNotify) choice_free);
  g_autoptr (KlWim) wim = NULL;
  KlImportSource found;

  if (kl_import_source_find (question->path, NULL, &found, NULL) && found.file != NULL)
    wim = kl_wim_open (found.file, NULL);
  kl_import_source_clear (&found);
  if (wim == NULL)
    {
      g_task_return_pointer (task, NULL, NULL);
      return;
    }

  for (guint i = 1; i <= kl_wim_get_n_images (wim); i++)
    g_ptr_array_add (choices, choice_new (kl_wim_get_image (wim, i)));
  g_task_return_pointer (task, g_steal_pointer (&choices), (GDestroyNotify) g_ptr_array_unref);
}

static void
answer (Question *question, guint index)
{
  question->chosen (index, question->user_data);
  question_free (question);
}

static void
response_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  Question *question = user_data;

  answer (question, strcmp (response, "import") == 0 ? question->index : 0);
}

static void
row_toggled_cb (GtkCheckButton *button, gpointer user_data)
{
  Question *question = user_data;

  if (gtk_check_button_get_active (button))
    question->index = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (button), "index"));
}

static GtkWidget *
make_row (Question *question, const Choice *choice, guint index, GtkCheckButton **group)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *button = gtk_check_button_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), choice->title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), choice->subtitle);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), button);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), button);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  choice->title, -1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  choice->title, -1);

  g_object_set_data (G_OBJECT (button), "index", GUINT_TO_POINTER (index));
  g_signal_connect (button, "toggled", G_CALLBACK (row_toggled_cb), question);
  if (*group == NULL)
    *group = GTK_CHECK_BUTTON (button);
  else
    gtk_check_button_set_group (GTK_CHECK_BUTTON (button), *group);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (button), index == 1);

  return row;
}

static GtkWidget *
make_list (Question *question, GPtrArray *choices)
{
  GtkWidget *scrolled = gtk_scrolled_window_new ();
  GtkWidget *list = gtk_list_box_new ();
  GtkCheckButton *group = NULL;

  gtk_list_box_set_selection_mode (GTK_LIST_BOX (list), GTK_SELECTION_NONE);
  gtk_widget_add_css_class (list, "boxed-list");
  gtk_widget_set_valign (list, GTK_ALIGN_START);
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Images in the File"), -1);
  for (guint i = 0; i < choices->len; i++)
    gtk_list_box_append (GTK_LIST_BOX (list),
                         make_row (question, choices->pdata[i], i + 1, &group));

  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scrolled),
                                              (int) MIN (choices->len, MOST_ROWS) * ROW_HEIGHT);
  gtk_widget_set_size_request (scrolled, 300, -1);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), list);
  return scrolled;
}

static void
present_choices (Question *question, GPtrArray *choices)
{
  g_autofree char *name = g_filename_display_basename (question->path);
  g_autofree char *body = NULL;
  GtkWidget *dialog;

  /* Translators: %s is a file name. */
  body = kl_bidi_printf (ngettext ("“%s” holds %u image.", "“%s” holds %u images.", choices->len),
                         name, choices->len);
  dialog = adw_message_dialog_new (question->parent, _ ("Which Image Should Be Imported?"), body);
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "import",
                                    _ ("_Import"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "import",
                                              ADW_RESPONSE_SUGGESTED);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "import");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (dialog), make_list (question, choices));
  g_signal_connect (dialog, "response", G_CALLBACK (response_cb), question);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  g_autoptr (GPtrArray) choices = g_task_propagate_pointer (G_TASK (result), NULL);

  if (question->parent == NULL)
    {
      answer (question, 0);
      return;
    }
  if (choices == NULL || choices->len == 0)
    {
      kl_failure_view_present (question->parent, question->error, question->path);
      answer (question, 0);
      return;
    }

  question->index = 1;
  present_choices (question, choices);
}

/**
 * kl_index_dialog_present:
 * @path: what is imported: WIM file, or folder or ISO file of a medium
 * @error: why the import needs to know
 * @chosen: called once
 *
 * Lists the images of a WIM and asks for one of them. Where they cannot be listed without copying
 * the WIM first, as from an ISO file, @error is shown instead.
 */
void
kl_index_dialog_present (GtkWindow *parent,
                         const char *path,
                         const GError *error,
                         KlIndexChosen chosen,
                         gpointer user_data)
{
  Question *question = g_new0 (Question, 1);
  g_autoptr (GTask) task = g_task_new (NULL, NULL, listed_cb, question);

  g_set_weak_pointer (&question->parent, parent);
  question->path = g_strdup (path);
  question->error = g_error_copy (error);
  question->chosen = chosen;
  question->user_data = user_data;

  g_task_set_source_tag (task, kl_index_dialog_present);
  g_task_set_task_data (task, question, NULL);
  g_task_run_in_thread (task, list_in_thread);
}
