/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/file-kind.h"
#include "sink/sink.h"

G_BEGIN_DECLS

/* A file that replaces @path only at commit (KlAtomicFile). prepare checks free space first:
 * KL_ERROR_NO_SPACE with both numbers. A folder, a device, a folder that cannot be written to:
 * KL_ERROR_* in _new, before anything is written. */
#define KL_TYPE_FILE_SINK (kl_file_sink_get_type ())
G_DECLARE_FINAL_TYPE (KlFileSink, kl_file_sink, KL, FILE_SINK, KlSink)

KlSink *kl_file_sink_new (const char *path, GError **error);
const char *
kl_file_sink_get_path (KlFileSink *self); /* of the file itself, symbolic links resolved */
void kl_file_sink_set_kind (KlFileSink *self, KlFileKind kind);
void kl_file_sink_set_sparse (KlFileSink *self, guint64 needed);

G_END_DECLS
