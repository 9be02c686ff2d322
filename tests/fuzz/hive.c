/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "edit/hive-settings.h"

/* All that is done to hives of an image, one after the other. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *path = fuzz_write_file ("SYSTEM", data, size);
  g_autoptr (KlTimeZone) zone = kl_hive_read_time_zone (path, "W. Europe Standard Time", NULL);
  g_autoptr (KlTimeZone) utc = kl_time_zone_new_utc ();
  KlInputLocale input;

  kl_hive_set_scratch_space (path, 512, NULL);
  kl_hive_set_time_zone (path, zone != NULL ? zone : utc, NULL);
  kl_hive_set_background (path, "X:\\Windows\\System32\\winpe.jpg", NULL);
  g_assert_true (kl_input_locale_parse ("nl-NL", &input));
  kl_hive_check_keyboard (path, input.layout, NULL);
  kl_hive_set_keyboard (path, &input, NULL);
  kl_hive_set_user_locale (path, kl_locale_find ("nl-NL"), NULL);
  return 0;
}
