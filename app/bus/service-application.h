/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/*
 * The application where there is no display: its objects on the bus and nothing else. It can ask
 * nobody, and so writes to no drive.
 */
#define KL_TYPE_SERVICE_APPLICATION (kl_service_application_get_type ())
G_DECLARE_FINAL_TYPE (
    KlServiceApplication, kl_service_application, KL, SERVICE_APPLICATION, GApplication)

typedef char *(*KlFindSiteProfile) (const char *site_code);

GApplication *kl_service_application_new (KlFindSiteProfile find_site_profile);

G_END_DECLS
