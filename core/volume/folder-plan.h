/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/layout.h"
#include "media/manifest.h"

G_BEGIN_DECLS

typedef enum
{
  KL_CHANGE_WRITE,  /* "written": new, or in place of a file that differs */
  KL_CHANGE_KEEP,   /* "unchanged": there already */
  KL_CHANGE_REMOVE, /* "removed": of an earlier medium, which this one has not */
} KlChangeKind;

const char *kl_change_kind_to_string (KlChangeKind kind);

typedef enum
{
  KL_STAGE_CONTENT,
  KL_STAGE_START, /* what firmware looks for */
  KL_STAGE_MANIFEST,
} KlChangeStage;

typedef struct
{
  KlChangeKind kind;
  KlChangeStage stage;
  const KlLayoutItem *item; /* borrowed from the layout; NULL where the file is removed */
  char *path;               /* owned; as it is spelt on the volume */
  guint64 old_bytes;        /* of the file that is there; 0 where there is none */
  char *old_sha256;         /* owned, nullable; as the earlier medium says */
  gboolean name_before;     /* what was written before gets its names first, which makes room */
} KlFolderChange;

/* Room on a volume, as far as a plan must know it. */
typedef struct
{
  guint64 cluster_bytes;
  guint64 free_bytes;
  guint64 max_file_bytes;
} KlFolderSpace;

/*
 * What must be done so that a folder holds a medium: compared with what is there, in the order of
 * work. What starts the medium comes late, and the manifest last. Writes nothing. One thread at a
 * time.
 */
typedef struct _KlFolderPlan KlFolderPlan;

KlManifest *kl_folder_read_manifest (int root, gint64 *modified);
KlFolderPlan *kl_folder_plan_new (
    KlMediaLayout *layout, int root, const char *where, gboolean by_time, GError **error);
void kl_folder_plan_free (KlFolderPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlFolderPlan, kl_folder_plan_free)

KlMediaLayout *kl_folder_plan_get_layout (KlFolderPlan *self);
GPtrArray *kl_folder_plan_get_changes (KlFolderPlan *self); /* of KlFolderChange; borrowed */
guint64 kl_folder_plan_sum_bytes (KlFolderPlan *self, KlChangeKind kind);
guint kl_folder_plan_count (KlFolderPlan *self, KlChangeKind kind);
gboolean
kl_folder_plan_check_space (KlFolderPlan *self, const KlFolderSpace *space, GError **error);

G_END_DECLS
