/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/media-writer.h"

G_BEGIN_DECLS

/* ISO 9660 + Joliet + El Torito (media-formats.md 8): libisofs makes the structures and the small
 * files (iso-image.h), the content of big files goes straight from file to extent. */
#define KL_TYPE_ISO_WRITER (kl_iso_writer_get_type ())
G_DECLARE_FINAL_TYPE (KlIsoWriter, kl_iso_writer, KL, ISO_WRITER, KlMediaWriter)

KlMediaWriter *kl_iso_writer_new (KlMediaLayout *layout);

/* Whether the layout that the medium will have is there: what is written ahead is enough. */
typedef gboolean (*KlEnoughFunc) (gpointer user_data);

gboolean kl_iso_writer_write_ahead (KlIsoWriter *self,
                                    KlSink *sink,
                                    KlEnoughFunc enough,
                                    gpointer user_data,
                                    KlProgress *progress,
                                    GCancellable *cancellable,
                                    GError **error);
void kl_iso_writer_set_layout (KlIsoWriter *self, KlMediaLayout *layout);

G_END_DECLS
