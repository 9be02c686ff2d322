/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-share"

#include "media/media-share.h"

#include "base/error.h"

typedef struct
{
  gboolean taken; /* somebody is at it */
  gboolean done;
  guint n_failures;
  GError *error; /* owned; of the last failure */
} Work;

struct _KlMediaShare
{
  GMutex lock; /* guards all below but for reading */
  GCond changed;
  guint n_members;
  Work works[KL_N_SHARED];
  KlReadShare *reading; /* owned */
};

/**
 * kl_media_share_new:
 *
 * Returns: (transfer full): for the media of one boot image
 */
KlMediaShare *
kl_media_share_new (void)
{
  KlMediaShare *self = g_atomic_rc_box_new0 (KlMediaShare);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->reading = kl_read_share_new ();
  return self;
}

KlMediaShare *
kl_media_share_ref (KlMediaShare *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
forget_works (KlMediaShare *self)
{
  for (guint i = 0; i < KL_N_SHARED; i++)
    {
      g_clear_error (&self->works[i].error);
      self->works[i] = (Work){ 0 };
    }
}

static void
clear (gpointer data)
{
  KlMediaShare *self = data;

  forget_works (self);
  kl_read_share_unref (self->reading);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
}

void
kl_media_share_unref (KlMediaShare *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

/**
 * kl_media_share_enter:
 * @patient: whether it reads at a pace that varies, see kl_read_share_join()
 *
 * A medium begins.
 *
 * Returns: (transfer full) (nullable): through which it reads files; to be given to
 * kl_media_share_leave(); %NULL for @self %NULL
 */
KlReadMember *
kl_media_share_enter (KlMediaShare *self, gboolean patient)
{
  if (self == NULL)
    return NULL;

  g_mutex_lock (&self->lock);
  self->n_members++;
  g_mutex_unlock (&self->lock);
  return kl_read_share_join (self->reading, patient);
}

/**
 * kl_media_share_leave:
 * @member: (transfer full) (nullable): from kl_media_share_enter()
 *
 * A medium has come to its end. After the last one nothing counts as done any more: what begins
 * later asks and checks anew.
 */
void
kl_media_share_leave (KlMediaShare *self, KlReadMember *member)
{
  if (self == NULL)
    return;

  kl_read_member_leave (member);
  g_mutex_lock (&self->lock);
  if (--self->n_members == 0)
    forget_works (self);
  g_mutex_unlock (&self->lock);
}

static void
wake_cb (GCancellable *cancellable, KlMediaShare *self)
{
  g_mutex_lock (&self->lock);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

/* With the lock held. */
static KlTurn
wait_for_turn (KlMediaShare *self, Work *work, GCancellable *cancellable, GError **error)
{
  const guint n_failures = work->n_failures;

  while (work->taken && !g_cancellable_is_cancelled (cancellable))
    g_cond_wait (&self->changed, &self->lock);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return KL_TURN_FAILED;
  if (work->done && work->error == NULL)
    return KL_TURN_NOT_NOW;
  if (work->error != NULL && (work->done || work->n_failures != n_failures))
    {
      g_propagate_error (error, g_error_copy (work->error));
      return KL_TURN_FAILED;
    }
  work->taken = TRUE;
  return KL_TURN_MINE;
}

/**
 * kl_media_share_begin:
 * @progress: (nullable): is told what is waited for
 *
 * Waits until nobody is at it. Blocks.
 *
 * Errors: those of the one who was at it; G_IO_ERROR_CANCELLED.
 */
KlTurn
kl_media_share_begin (KlMediaShare *self,
                      KlSharedWork work,
                      KlProgress *progress,
                      GCancellable *cancellable,
                      GError **error)
{
  gulong handler = 0;
  KlTurn turn;

  if (self == NULL)
    return KL_TURN_MINE;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (wake_cb), self, NULL);
  g_mutex_lock (&self->lock);
  if (self->works[work].taken)
    kl_progress_set_info (progress, "Waiting for the first medium");
  turn = wait_for_turn (self, &self->works[work], cancellable, error);
  g_mutex_unlock (&self->lock);
  g_cancellable_disconnect (cancellable, handler);
  return turn;
}

/* Whether a person, or the rules, said no; and not this medium's cancel button. */
static gboolean
is_refusal (const GError *problem, GCancellable *cancellable)
{
  return g_error_matches (problem, KL_ERROR, KL_ERROR_PERMISSION)
         || (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED)
             && !g_cancellable_is_cancelled (cancellable));
}

/**
 * kl_media_share_end:
 * @for_all: whether the others need not do it as well; else they do it one after the other
 * @cancellable: (nullable): of the medium
 * @problem: (nullable): why it was not done
 *
 * The end of what kl_media_share_begin() gave to the caller. One that was cancelled hands over to
 * the next. A boot image that cannot be prepared or checked fails all that waited for it, and
 * whoever comes later tries again. With permissions only a refusal is for all; a drive that cannot
 * be opened for another reason fails alone.
 */
void
kl_media_share_end (KlMediaShare *self,
                    KlSharedWork work,
                    gboolean for_all,
                    GCancellable *cancellable,
                    const GError *problem)
{
  Work *ended;
  gboolean failed;

  if (self == NULL)
    return;

  failed = work == KL_SHARED_PERMISSION
               ? is_refusal (problem, cancellable)
               : problem != NULL && !g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_mutex_lock (&self->lock);
  ended = &self->works[work];
  ended->taken = FALSE;
  ended->done = problem == NULL ? for_all : failed && work == KL_SHARED_PERMISSION;
  if (failed || problem == NULL)
    g_clear_error (&ended->error);
  if (failed)
    {
      ended->error = g_error_copy (problem);
      ended->n_failures++;
    }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}
