/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "crypto/bootstrap-ini.h"

/* TsmBootstrap.ini of any medium; what it says is written and read again. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (KlBootstrapIni) ini = kl_bootstrap_ini_parse (bytes, NULL);
  g_autoptr (KlBootstrapIni) again = NULL;
  g_autoptr (GBytes) written = NULL;

  if (ini == NULL)
    return 0;

  g_assert_true (g_utf8_validate (ini->media_type, -1, NULL));
  written = kl_bootstrap_ini_to_bytes (ini);
  again = kl_bootstrap_ini_parse (written, NULL);
  g_assert_nonnull (again);
  g_assert_cmpstr (again->media_type, ==, ini->media_type);
  g_assert_cmpint (again->password_required, ==, ini->password_required);
  g_assert_cmpint (again->unattended, ==, ini->unattended);
  return 0;
}
