/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "image/boot-image.h"
#include "window/preparation-group.h"

G_BEGIN_DECLS

/* What a boot image is and whether it will boot; NULL shows that none is selected. */
#define KL_TYPE_IMAGE_PAGE (kl_image_page_get_type ())
G_DECLARE_FINAL_TYPE (KlImagePage, kl_image_page, KL, IMAGE_PAGE, AdwBin)

void kl_image_page_set_queue (KlImagePage *self, KlCatalog *catalog, KlPrepareQueue *queue);
void kl_image_page_set_catalog (KlImagePage *self, KlCatalog *catalog);
void kl_image_page_set_image (KlImagePage *self, KlBootImage *image);
KlPreparationGroup *kl_image_page_get_preparation (KlImagePage *self);

G_END_DECLS
