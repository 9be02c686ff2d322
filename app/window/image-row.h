/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "image/boot-image.h"
#include "window/prepare-queue.h"

G_BEGIN_DECLS

/* One boot image in the list: a line of name, a line of identity, a line of state. */
#define KL_TYPE_IMAGE_ROW (kl_image_row_get_type ())
G_DECLARE_FINAL_TYPE (KlImageRow, kl_image_row, KL, IMAGE_ROW, GtkWidget)

GtkWidget *kl_image_row_new (KlPrepareQueue *queue);
void kl_image_row_set_image (KlImageRow *self, KlBootImage *image); /* nullable */

G_END_DECLS
