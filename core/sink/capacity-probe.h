/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sink/sink.h"

G_BEGIN_DECLS

/* The block of a mark; bytes. Marks begin at multiples of it. */
#define KL_CAPACITY_MARK ((gsize) 4096)

/*
 * Finds drives that hold less than they say. Marks are written over the free space of the medium
 * before its content, and read after it: a drive that loses what is beyond its true size lost them,
 * and one that begins again at its start wrote the content over them. One medium; blocks; one
 * thread at a time.
 */
typedef struct _KlCapacityProbe KlCapacityProbe;

KlCapacityProbe *kl_capacity_probe_new (guint64 used, guint64 end, guint64 size);
void kl_capacity_probe_free (KlCapacityProbe *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlCapacityProbe, kl_capacity_probe_free)

gboolean kl_capacity_probe_write (KlCapacityProbe *self,
                                  KlSink *sink,
                                  GCancellable *cancellable,
                                  GError **error);
gboolean kl_capacity_probe_check (KlCapacityProbe *self,
                                  KlSink *sink,
                                  GCancellable *cancellable,
                                  GError **error);

G_END_DECLS
