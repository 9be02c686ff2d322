/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "access/drive-handle.h"
#include "sink/sink.h"

G_BEGIN_DECLS

/* A drive, from its first byte on, past the page cache. Nothing is written before prepare, and
 * nothing to a drive whose identity is not that of the one that was chosen: it is compared right
 * before the first write. What was on the drive does not survive a write. */
#define KL_TYPE_DRIVE_SINK (kl_drive_sink_get_type ())
G_DECLARE_FINAL_TYPE (KlDriveSink, kl_drive_sink, KL, DRIVE_SINK, KlSink)

KlSink *kl_drive_sink_new (KlDriveHandle *handle);
gboolean kl_drive_sink_has_written (KlDriveSink *self);

G_END_DECLS
