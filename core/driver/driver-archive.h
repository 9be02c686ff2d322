/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/progress.h"

G_BEGIN_DECLS

/* The files of a driver archive in a private temporary folder; freed, the folder is gone. */
typedef struct _KlDriverArchive KlDriverArchive;

gboolean kl_driver_archive_is_cab (const char *path);
KlDriverArchive *kl_driver_archive_extract (const char *path,
                                            KlProgress *progress,
                                            GCancellable *cancellable,
                                            GError **error);
const char *kl_driver_archive_get_folder (KlDriverArchive *self);
void kl_driver_archive_free (KlDriverArchive *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlDriverArchive, kl_driver_archive_free)

G_END_DECLS
