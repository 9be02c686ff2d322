/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "media/media-writer.h"

G_BEGIN_DECLS

/* ISO 9660 + Joliet + El Torito (media-formats.md 8): libisofs makes the structures and the small
 * files (iso-image.h), the content of big files goes straight from file to extent. */
#define KL_TYPE_ISO_WRITER (kl_iso_writer_get_type ())
G_DECLARE_FINAL_TYPE (KlIsoWriter, kl_iso_writer, KL, ISO_WRITER, KlMediaWriter)

KlMediaWriter *kl_iso_writer_new (KlMediaLayout *layout);

G_END_DECLS
