/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-hive-settings"

#include "edit/hive-settings.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "edit/hive-edit.h"

#define TIME_ZONES "Microsoft\\Windows NT\\CurrentVersion\\Time Zones"

/* TZI: three biases in minutes, then two SYSTEMTIMEs of 16 bytes, for standard and daylight time.
 */
#define STANDARD_BIAS_OFFSET 4
#define DAYLIGHT_BIAS_OFFSET 8
#define STANDARD_START_OFFSET 12
#define DAYLIGHT_START_OFFSET 28
#define START_SIZE 16

G_STATIC_ASSERT (sizeof (((KlTimeZone *) NULL)->rules) == DAYLIGHT_START_OFFSET + START_SIZE);

#define ENGLISH_KEYBOARD "00000409"

/* "ControlSet001\Control": a key in the control set that Windows PE starts with. */
static char *
dup_current_key (KlHive *hive, const char *key, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  guint32 number = 0;
  gsize size = 0;

  if (!kl_hive_has_key (hive, "Select"))
    {
      kl_hive_set_damaged (hive, "has no key “Select”", error);
      return NULL;
    }

  bytes = kl_hive_get_value (hive, "Select", "Current", KL_HIVE_VALUE_NUMBER);
  if (bytes != NULL)
    {
      const guint8 *data = g_bytes_get_data (bytes, &size);

      if (size != 4 || !kl_view_u32 ((KlBytesView){ data, size }, 0, &number))
        number = 0;
    }
  if (number < 1 || number > 999)
    {
      kl_hive_set_damaged (hive,
                           bytes == NULL
                               ? "does not say in Select\\Current which control set is used"
                               : "says in Select\\Current a control set that cannot be",
                           error);
      return NULL;
    }
  return g_strdup_printf ("ControlSet%03u\\%s", number, key);
}

/**
 * kl_hive_set_scratch_space:
 * @path: a SYSTEM hive
 * @megabytes: size of the RAM disk that Windows PE writes to
 *
 * Sets WinPECacheThreshold of the service FBWF in the control set that is used
 * (image-customisation.md 3.2); the service's key is made where it lacks.
 *
 * Errors: KL_ERROR_FORMAT for a hive that is damaged, was not written to its end or lacks a key,
 * KL_ERROR_* of reading and writing. Blocks.
 */
gboolean
kl_hive_set_scratch_space (const char *path, guint megabytes, GError **error)
{
  g_autoptr (KlHive) hive = kl_hive_open (path, error);
  g_autofree char *services = hive != NULL ? dup_current_key (hive, "Services", error) : NULL;

  return services != NULL
         && kl_hive_set_number (hive, services, "FBWF", KL_HIVE_SCRATCH_NAME, megabytes, error)
         && kl_hive_save (hive, error);
}

/**
 * kl_hive_set_background:
 * @path: a SOFTWARE hive
 * @picture: where Windows PE finds it, "X:\Windows\System32\winre.jpg"; ASCII
 *
 * Errors: as kl_hive_set_scratch_space().
 */
gboolean
kl_hive_set_background (const char *path, const char *picture, GError **error)
{
  g_autoptr (KlHive) hive = kl_hive_open (path, error);

  return hive != NULL
         && kl_hive_set_string (hive, "Microsoft\\Windows NT\\CurrentVersion", "WinPE",
                                KL_HIVE_BACKGROUND_NAME, picture, error)
         && kl_hive_save (hive, error);
}

void
kl_time_zone_free (KlTimeZone *self)
{
  if (self == NULL)
    return;

  g_free (self->key_name);
  g_free (self->standard_name);
  g_free (self->daylight_name);
  g_free (self);
}

/**
 * kl_time_zone_new_utc:
 *
 * Returns: (transfer full): UTC, which needs no list of zones
 */
KlTimeZone *
kl_time_zone_new_utc (void)
{
  KlTimeZone *self = g_new0 (KlTimeZone, 1);

  self->key_name = g_strdup (KL_TIME_ZONE_UTC);
  self->standard_name = g_strdup ("Coordinated Universal Time");
  self->daylight_name = g_strdup ("Coordinated Universal Time");
  return self;
}

/* The name that the registry points to in a library, so that it is in the language of Windows; else
 * the plain one. */
static char *
dup_zone_name (KlHive *hive, const char *key, const char *resource, const char *plain)
{
  char *name = kl_hive_get_string (hive, key, resource);

  if (name == NULL)
    name = kl_hive_get_string (hive, key, plain);
  return name != NULL ? name : g_strdup ("");
}

static KlTimeZone *
read_zone (KlHive *hive, const char *name)
{
  g_autofree char *key = g_strconcat (TIME_ZONES "\\", name, NULL);
  g_autoptr (GBytes) rules = kl_hive_get_value (hive, key, "TZI", KL_HIVE_VALUE_BINARY);
  KlTimeZone *zone;

  if (rules == NULL || g_bytes_get_size (rules) != sizeof zone->rules)
    return NULL;

  zone = g_new0 (KlTimeZone, 1);
  zone->key_name = g_strdup (name);
  zone->standard_name = dup_zone_name (hive, key, "MUI_Std", "Std");
  zone->daylight_name = dup_zone_name (hive, key, "MUI_Dlt", "Dlt");
  memcpy (zone->rules, g_bytes_get_data (rules, NULL), sizeof zone->rules);
  return zone;
}

/* What the image calls what was asked for, or the names that it has for the same beginning. */
static char *
dup_similar (char **names, const char *wanted)
{
  g_autoptr (GPtrArray) similar = g_ptr_array_new ();
  g_autofree char *first = g_ascii_strdown (wanted, -1);

  first[strcspn (first, " ")] = '\0';
  for (guint i = 0; names[i] != NULL && similar->len < 5; i++)
    {
      g_autofree char *folded = g_ascii_strdown (names[i], -1);

      if (*first != '\0' && strstr (folded, first) != NULL)
        g_ptr_array_add (similar, names[i]);
    }
  for (guint i = 0; names[i] != NULL && similar->len == 0 && i < 3; i++)
    g_ptr_array_add (similar, names[i]);
  g_ptr_array_add (similar, NULL);
  return g_strjoinv ("”, “", (char **) similar->pdata);
}

static void
set_unknown_zone (KlHive *hive, const char *name, GError **error)
{
  g_auto (GStrv) names = kl_hive_list_keys (hive, TIME_ZONES);
  g_autofree char *similar = dup_similar (names, name);

  if (names[0] == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_TIME_ZONE,
                 "The image has no list of time zones, so “%s” cannot be set; UTC can", name);
  else
    g_set_error (error, KL_ERROR, KL_ERROR_TIME_ZONE,
                 "The image knows no time zone “%s”; it has, among %u, “%s”", name,
                 g_strv_length (names), similar);
}

/**
 * kl_hive_read_time_zone:
 * @path: a SOFTWARE hive
 * @name: of the zone in Windows, "W. Europe Standard Time", in any letter case
 *
 * Windows takes what it has to write for a time zone from its own list, and so does this.
 *
 * Errors: KL_ERROR_TIME_ZONE for a zone that the image does not have, with such as it has;
 * KL_ERROR_FORMAT for a damaged hive; KL_ERROR_* of reading. Blocks.
 *
 * Returns: (transfer full): the time zone
 */
KlTimeZone *
kl_hive_read_time_zone (const char *path, const char *name, GError **error)
{
  g_autoptr (KlHive) hive = kl_hive_open (path, error);
  g_auto (GStrv) names = hive != NULL ? kl_hive_list_keys (hive, TIME_ZONES) : NULL;
  KlTimeZone *zone = NULL;

  for (guint i = 0; zone == NULL && names != NULL && names[i] != NULL; i++)
    if (g_ascii_strcasecmp (names[i], name) == 0)
      zone = read_zone (hive, names[i]);
  if (zone == NULL && hive != NULL)
    set_unknown_zone (hive, name, error);
  return zone;
}

static gboolean
set_zone_numbers (KlHive *hive, const char *control, const KlTimeZone *zone, GError **error)
{
  static const struct
  {
    const char *name;
    gsize offset;
  } rows[] = { { "Bias", 0 },
               { "ActiveTimeBias", 0 },
               { "StandardBias", STANDARD_BIAS_OFFSET },
               { "DaylightBias", DAYLIGHT_BIAS_OFFSET } };
  const KlBytesView rules = { zone->rules, sizeof zone->rules };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      guint32 number = 0;

      kl_view_u32 (rules, rows[i].offset, &number);
      if (!kl_hive_set_number (hive, control, "TimeZoneInformation", rows[i].name, number, error))
        return FALSE;
    }
  return kl_hive_set_number (hive, control, "TimeZoneInformation", "DynamicDaylightTimeDisabled", 0,
                             error);
}

static gboolean
set_zone_texts (KlHive *hive, const char *control, const KlTimeZone *zone, GError **error)
{
  const char *const key = "TimeZoneInformation";

  return kl_hive_set_string (hive, control, key, KL_HIVE_TIME_ZONE_NAME, zone->key_name, error)
         && kl_hive_set_string (hive, control, key, "StandardName", zone->standard_name, error)
         && kl_hive_set_string (hive, control, key, "DaylightName", zone->daylight_name, error)
         && kl_hive_set_value (hive, control, key, "StandardStart", KL_HIVE_VALUE_BINARY,
                               zone->rules + STANDARD_START_OFFSET, START_SIZE, error)
         && kl_hive_set_value (hive, control, key, "DaylightStart", KL_HIVE_VALUE_BINARY,
                               zone->rules + DAYLIGHT_START_OFFSET, START_SIZE, error);
}

/**
 * kl_hive_set_time_zone:
 * @path: a SYSTEM hive
 *
 * Sets TimeZoneInformation in the control set that is used, with the values that Windows itself
 * keeps there. Windows PE takes the bias from it and ignores daylight saving time (Windows PE team
 * blog, "Daylight Savings Time in WinPE"); the rules are written all the same, as Windows does.
 *
 * Errors: as kl_hive_set_scratch_space().
 */
gboolean
kl_hive_set_time_zone (const char *path, const KlTimeZone *zone, GError **error)
{
  g_autoptr (KlHive) hive = kl_hive_open (path, error);
  g_autofree char *control = hive != NULL ? dup_current_key (hive, "Control", error) : NULL;

  return control != NULL && set_zone_numbers (hive, control, zone, error)
         && set_zone_texts (hive, control, zone, error) && kl_hive_save (hive, error);
}

/**
 * kl_hive_check_keyboard:
 * @path: a SYSTEM hive, only read
 * @layout: eight hexadecimal digits
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT where Windows has no such keyboard layout, as far as the image
 * lists them; else as kl_hive_set_scratch_space().
 */
gboolean
kl_hive_check_keyboard (const char *path, const char *layout, GError **error)
{
  g_autoptr (KlHive) hive = kl_hive_open (path, error);
  g_autofree char *layouts
      = hive != NULL ? dup_current_key (hive, "Control\\Keyboard Layouts", error) : NULL;
  g_autofree char *key = layouts != NULL ? g_strconcat (layouts, "\\", layout, NULL) : NULL;

  if (key == NULL)
    return FALSE;
  if (!kl_hive_has_key (hive, layouts) || kl_hive_has_key (hive, key))
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "The image has no keyboard layout %s",
               layout);
  return FALSE;
}

/**
 * kl_hive_set_keyboard:
 * @path: the DEFAULT hive, which Windows PE works with as its user's
 *
 * The layout comes first, and English (United States) second, as it always is in Windows PE
 * (media-api.md 4.1). A layout that is not the usual one of its language stands in Substitutes.
 *
 * Errors: as kl_hive_set_scratch_space().
 */
gboolean
kl_hive_set_keyboard (const char *path, const KlInputLocale *input, GError **error)
{
  g_autoptr (KlHive) hive = kl_hive_open (path, error);
  gboolean own = g_ascii_strtoull (input->layout + 4, NULL, 16) == input->language;
  g_autofree char *language = g_strdup_printf ("%08x", input->language);
  const char *first = own ? input->layout : language;
  const char *const key = "Keyboard Layout";

  if (hive == NULL || !kl_hive_set_string (hive, key, "Preload", "1", first, error)
      || (strcmp (first, ENGLISH_KEYBOARD) != 0
          && !kl_hive_set_string (hive, key, "Preload", "2", ENGLISH_KEYBOARD, error))
      || (!own && !kl_hive_set_string (hive, key, "Substitutes", language, input->layout, error)))
    return FALSE;
  return kl_hive_save (hive, error);
}

/**
 * kl_hive_set_user_locale:
 * @path: the DEFAULT hive
 *
 * Formats of dates and numbers: Windows takes what is not written out there from the locale.
 *
 * Errors: as kl_hive_set_scratch_space().
 */
gboolean
kl_hive_set_user_locale (const char *path, const KlLocale *locale, GError **error)
{
  g_autoptr (KlHive) hive = kl_hive_open (path, error);
  g_autofree char *number = g_strdup_printf ("%08X", locale->lcid);

  return hive != NULL
         && kl_hive_set_string (hive, "Control Panel", "International", "LocaleName", locale->name,
                                error)
         && kl_hive_set_string (hive, "Control Panel", "International", "Locale", number, error)
         && kl_hive_save (hive, error);
}
