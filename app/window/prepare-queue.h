/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "job/prepare-job.h"

G_BEGIN_DECLS

typedef enum
{
  KL_QUEUED_NOT,
  KL_QUEUED_WAITING,
  KL_QUEUED_RUNNING,
} KlQueued;

/*
 * The preparations that the window was asked for, one after the other: each takes all processors.
 *
 * Signals: "changed" when an image begins to wait, runs or has ended; "progress" of the one that
 * runs; "ended" (ID, warnings, error or NULL).
 */
#define KL_TYPE_PREPARE_QUEUE (kl_prepare_queue_get_type ())
G_DECLARE_FINAL_TYPE (KlPrepareQueue, kl_prepare_queue, KL, PREPARE_QUEUE, GObject)

KlPrepareQueue *kl_prepare_queue_new (KlCatalog *catalog);
void kl_prepare_queue_set_catalog (KlPrepareQueue *self, KlCatalog *catalog);
void kl_prepare_queue_add (KlPrepareQueue *self, const char *id);
void kl_prepare_queue_cancel (KlPrepareQueue *self, const char *id);
/* @n_before: (out) (optional): how many images come first */
KlQueued kl_prepare_queue_look_up (KlPrepareQueue *self, const char *id, guint *n_before);
KlJob *kl_prepare_queue_get_job (KlPrepareQueue *self);                          /* nullable */
const GError *kl_prepare_queue_get_error (KlPrepareQueue *self, const char *id); /* nullable */

/* As kl_job_view_ask_to_close(). */
gboolean kl_prepare_queue_ask_to_close (KlPrepareQueue *self, GtkWindow *window);

G_END_DECLS
