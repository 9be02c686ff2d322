/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-loss-question"

#include "config.h"

#include "window/loss-question.h"

/**
 * kl_loss_question_new:
 * @parent: (nullable): window that is asked about
 * @keep_label: of the answer by which nothing is lost, "keep"; Enter and Escape give it
 * @response: ID of the other answer
 * @response_label: what it is called
 *
 * Returns: (transfer none): an AdwMessageDialog, which is to be presented
 */
GtkWidget *
kl_loss_question_new (GtkWindow *parent,
                      const char *heading,
                      const char *body,
                      const char *keep_label,
                      const char *response,
                      const char *response_label)
{
  GtkWidget *widget = adw_message_dialog_new (parent, heading, body);
  AdwMessageDialog *self = ADW_MESSAGE_DIALOG (widget);

  adw_message_dialog_add_responses (self, "keep", keep_label, response, response_label, NULL);
  adw_message_dialog_set_response_appearance (self, response, ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (self, "keep");
  adw_message_dialog_set_close_response (self, "keep");
  return widget;
}
