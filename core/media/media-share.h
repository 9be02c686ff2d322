/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/progress.h"
#include "media/read-share.h"

G_BEGIN_DECLS

/*
 * What the media of one batch do once for all: preparing and checking the boot image, asking for
 * permission to open drives, reading files. Any thread; functions take NULL for a medium that is
 * made alone.
 */
typedef struct _KlMediaShare KlMediaShare;

typedef enum
{
  KL_SHARED_PREPARATION, /* of the boot image */
  KL_SHARED_CHECK,       /* of the boot image */
  KL_SHARED_PERMISSION,  /* to open drives; a refusal holds for all */
  KL_N_SHARED
} KlSharedWork;

typedef enum
{
  KL_TURN_FAILED,  /* the error is set: cancelled while waiting, or what was waited for failed */
  KL_TURN_MINE,    /* to do it, and to call kl_media_share_end() */
  KL_TURN_NOT_NOW, /* it was done */
} KlTurn;

KlMediaShare *kl_media_share_new (void);
KlMediaShare *kl_media_share_ref (KlMediaShare *self);
void kl_media_share_unref (KlMediaShare *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlMediaShare, kl_media_share_unref)

KlReadMember *kl_media_share_enter (KlMediaShare *self, gboolean patient);
void kl_media_share_leave (KlMediaShare *self, KlReadMember *member);
KlTurn kl_media_share_begin (KlMediaShare *self,
                             KlSharedWork work,
                             KlProgress *progress,
                             GCancellable *cancellable,
                             GError **error);
void kl_media_share_end (KlMediaShare *self,
                         KlSharedWork work,
                         gboolean for_all,
                         GCancellable *cancellable,
                         const GError *problem);

G_END_DECLS
