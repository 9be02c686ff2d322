/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "edit/locale-table.h"

G_BEGIN_DECLS

/* Settings of Windows PE in registry hives of an image (image-customisation.md 3.2), changed in
 * place. */

#define KL_HIVE_SYSTEM "\\Windows\\System32\\config\\SYSTEM"
#define KL_HIVE_SOFTWARE "\\Windows\\System32\\config\\SOFTWARE"
#define KL_HIVE_DEFAULT "\\Windows\\System32\\config\\DEFAULT"

#define KL_HIVE_SCRATCH_KEY "Services\\FBWF" /* in the control set */
#define KL_HIVE_SCRATCH_NAME "WinPECacheThreshold"
#define KL_HIVE_BACKGROUND_KEY "Microsoft\\Windows NT\\CurrentVersion\\WinPE"
#define KL_HIVE_BACKGROUND_NAME "CustomBackground"
#define KL_HIVE_TIME_ZONE_KEY "Control\\TimeZoneInformation" /* in the control set */
#define KL_HIVE_TIME_ZONE_NAME "TimeZoneKeyName"
#define KL_HIVE_KEYBOARD_KEY "Keyboard Layout\\Preload"
#define KL_HIVE_SUBSTITUTES_KEY "Keyboard Layout\\Substitutes"
#define KL_HIVE_USER_LOCALE_KEY "Control Panel\\International"

/* What the image itself knows of a time zone; of the SOFTWARE hive. */
typedef struct
{
  char *key_name;      /* "W. Europe Standard Time" */
  char *standard_name; /* what TimeZoneInformation gets: "@tzres.dll,-322" */
  char *daylight_name;
  guint8 rules[44]; /* TZI: bias, biases and dates of both times, as they lie in the registry */
} KlTimeZone;

void kl_time_zone_free (KlTimeZone *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlTimeZone, kl_time_zone_free)

#define KL_TIME_ZONE_UTC "UTC"

KlTimeZone *kl_time_zone_new_utc (void);
KlTimeZone *kl_hive_read_time_zone (const char *path, const char *name, GError **error);

gboolean kl_hive_set_scratch_space (const char *path, guint megabytes, GError **error);
gboolean kl_hive_set_background (const char *path, const char *picture, GError **error);
gboolean kl_hive_set_time_zone (const char *path, const KlTimeZone *zone, GError **error);
gboolean kl_hive_check_keyboard (const char *path, const char *layout, GError **error);
gboolean kl_hive_set_keyboard (const char *path, const KlInputLocale *input, GError **error);
gboolean kl_hive_set_user_locale (const char *path, const KlLocale *locale, GError **error);

G_END_DECLS
