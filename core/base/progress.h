/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * A tree of weighted steps that can only go up.
 *
 * The owner of a job makes the root, gives it numbered steps (kl_progress_add_step) and hands each
 * stage the step that is the stage's. A stage says how many bytes it has to move
 * (kl_progress_set_total), counts them (kl_progress_advance) and names what it works on
 * (kl_progress_set_info); or it splits its step into steps of its own and hands those on. No stage
 * knows what stands above it.
 *
 * A tree belongs to one job; its functions may be called from any thread. A NULL progress is
 * allowed everywhere and does nothing.
 */
typedef struct _KlProgress KlProgress;

typedef struct
{
  guint n_steps;        /* steps of the root */
  guint step;           /* 1 … n_steps; 0 before the first one */
  double step_fraction; /* 0 … 1, within the current step */
  double fraction;      /* 0 … 1, over all steps by weight; never decreases */
  guint64 bytes;        /* done within the current step */
  guint64 total_bytes;  /* of the current step; 0 where the step does not count bytes */
  char *info;           /* English, "Writing sources/boot.wim"; never NULL */
} KlProgressReport;

typedef void (*KlProgressFunc) (const KlProgressReport *report, gpointer user_data);

KlProgress *kl_progress_new (KlProgressFunc func, gpointer user_data);
void kl_progress_free (KlProgress *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlProgress, kl_progress_free)

KlProgress *kl_progress_add_step (KlProgress *self, double weight, const char *info);
void kl_progress_start (KlProgress *self);
void kl_progress_finish (KlProgress *self);
void kl_progress_set_info (KlProgress *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
void kl_progress_set_total (KlProgress *self, guint64 total_bytes);
void kl_progress_advance (KlProgress *self, guint64 bytes);
void kl_progress_set_done (KlProgress *self, guint64 bytes);

void kl_progress_report_copy (const KlProgressReport *source, KlProgressReport *target);
void kl_progress_report_clear (KlProgressReport *report);

G_END_DECLS
