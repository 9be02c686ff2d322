/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image/catalog.h"

G_BEGIN_DECLS

/* Status of QueryOSDBinaryInjectionStatus (media-api.md 4.2). */
typedef enum
{
  KL_INJECTION_COMPLETE,
  KL_INJECTION_IN_PROGRESS,
  KL_INJECTION_ERROR,
  KL_INJECTION_NO_STATUS,
} KlInjectionState;

/* Steps of a preparation (image-customisation.md 2). */
#define KL_INJECTION_MAX_PROGRESS 9

/* Win32 codes that come from no file or system call. */
#define KL_INJECTION_CODE_CANCELLED 1223
#define KL_INJECTION_CODE_DIED 1067 /* ERROR_PROCESS_ABORTED */

/* How far the preparation of one image is: a value. */
struct _KlInjectionStatus
{
  char *context_id; /* GUID; "" where there is none */
  KlInjectionState state;
  guint progress;     /* the step that is going on, or failed; 1 … */
  guint max_progress; /* 0 without a status */
  char *progress_text;
  gint32 error_code; /* Win32; 0 unless the state is error */
  char *extended_error_info;
  char *message; /* what happened, in English; "" unless the state is error */
};

KlInjectionStatus *kl_injection_status_new (const char *context_id);
void kl_injection_status_free (KlInjectionStatus *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlInjectionStatus, kl_injection_status_free)

KlInjectionStatus *kl_injection_status_load (const char *folder);
gboolean kl_injection_status_save (KlInjectionStatus *self, const char *folder, GError **error);

/* QueryOSDBinaryInjectionStatus and DeleteContextID. */
KlInjectionStatus *
kl_injection_status_query (KlCatalog *catalog, const char *context_id, GError **error);
gboolean kl_injection_status_forget (KlCatalog *catalog, const char *context_id, GError **error);

gint32 kl_injection_code_from_error (const GError *error);

G_END_DECLS
