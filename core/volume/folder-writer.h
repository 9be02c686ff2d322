/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/progress.h"
#include "media/read-share.h"
#include "volume/file-calls.h"
#include "volume/folder-plan.h"

G_BEGIN_DECLS

/*
 * Layout → files in a folder that holds other things too. Each file is written beside its target
 * under a name of its own and gets the target's name when all are written and read back, or before
 * where room is short. The order of calls is: write, flush, verify, commit. Freed without commit,
 * nothing that was not complete remains. Blocks; one thread at a time.
 */
typedef struct _KlFolderWriter KlFolderWriter;

typedef void (*KlDropCachedFunc) (gpointer data);

typedef struct
{
  KlFolderPlan *plan; /* borrowed; must outlive the writer */
  int root;           /* borrowed descriptor of the folder */
  const char *where;  /* its name, for messages */
  KlFolderSpace space;
  KlReadMember *member;         /* nullable; borrowed likewise; through which sources are read */
  gboolean verify;              /* read back what is written and what is kept */
  gboolean slow_flush;          /* only fdatasync(2) brings anything to the disk: FUSE */
  KlDropCachedFunc drop_cached; /* nullable: what else stands between a file and the disk */
  gpointer drop_data;
  const KlFileCalls *calls; /* nullable: those of the system */
} KlFolderOptions;

typedef enum
{
  KL_FOLDER_UNTOUCHED, /* no file that was there has changed */
  KL_FOLDER_PARTIAL,   /* some files are new and some are not */
  KL_FOLDER_COMPLETE,
} KlFolderState;

KlFolderWriter *kl_folder_writer_new (const KlFolderOptions *options);
void kl_folder_writer_free (KlFolderWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlFolderWriter, kl_folder_writer_free)

gboolean kl_folder_writer_write (KlFolderWriter *self,
                                 KlProgress *progress,
                                 GCancellable *cancellable,
                                 GError **error);
gboolean kl_folder_writer_flush (KlFolderWriter *self, GCancellable *cancellable, GError **error);
gboolean kl_folder_writer_verify (KlFolderWriter *self,
                                  KlProgress *progress,
                                  GCancellable *cancellable,
                                  GError **error);
gboolean kl_folder_writer_commit (KlFolderWriter *self, GError **error);
gboolean kl_folder_writer_abort (KlFolderWriter *self);
KlFolderState kl_folder_writer_get_state (KlFolderWriter *self);

G_END_DECLS
