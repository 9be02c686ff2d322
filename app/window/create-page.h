/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "image/catalog.h"
#include "window/media-draft.h"

G_BEGIN_DECLS

/*
 * One page of the Create Media dialog: Target, Site, Protection, Review. A page reads and fills the
 * draft and holds no state of its own beyond what its entries hold. The dialog goes on
 * while the page is complete.
 *
 * Properties: title (of the page), complete, forward-label (of the button that goes on),
 * destructive (whether that button must warn).
 */
#define KL_TYPE_CREATE_PAGE (kl_create_page_get_type ())
G_DECLARE_DERIVABLE_TYPE (KlCreatePage, kl_create_page, KL, CREATE_PAGE, AdwBin)

struct _KlCreatePageClass
{
  AdwBinClass parent_class;

  /* The draft is there; called once. */
  void (*attach) (KlCreatePage *self, KlMediaDraft *draft);
  /* The page is shown, for the first time or again. */
  void (*enter) (KlCreatePage *self);
  /* Another page or the job is shown next. */
  void (*leave) (KlCreatePage *self);
  /* The dialog closes: forget what is secret. */
  void (*clear) (KlCreatePage *self);
  /* Whether there is anything to ask; asked anew each time. Without it there always is. */
  gboolean (*is_wanted) (KlCreatePage *self);
  /* Whether a person has entered what is lost with the page. Without it nothing is. */
  gboolean (*has_input) (KlCreatePage *self);
};

void kl_create_page_attach (KlCreatePage *self, KlCatalog *catalog, KlMediaDraft *draft);
void kl_create_page_enter (KlCreatePage *self);
void kl_create_page_leave (KlCreatePage *self);
void kl_create_page_clear (KlCreatePage *self);
gboolean kl_create_page_is_wanted (KlCreatePage *self);
gboolean kl_create_page_has_input (KlCreatePage *self);

KlCatalog *kl_create_page_get_catalog (KlCreatePage *self);
KlMediaDraft *kl_create_page_get_draft (KlCreatePage *self);
const char *kl_create_page_get_title (KlCreatePage *self);
const char *kl_create_page_get_forward_label (KlCreatePage *self);
gboolean kl_create_page_is_complete (KlCreatePage *self);
gboolean kl_create_page_is_destructive (KlCreatePage *self);

/* For subclasses. */
void kl_create_page_set_complete (KlCreatePage *self, gboolean complete);
void kl_create_page_set_forward (KlCreatePage *self, const char *label, gboolean destructive);

G_END_DECLS
