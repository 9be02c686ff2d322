/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "crypto/certificate.h"

/* A PFX file that somebody was given; what is imported can be described and written again. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (KlSecret) password = kl_secret_new_text ("secret");
  g_autoptr (KlCertificate) certificate = kl_certificate_import_bytes (bytes, password, NULL, NULL);
  g_autoptr (KlSecret) pfx = NULL;
  g_autoptr (GBytes) der = NULL;
  g_auto (GStrv) warnings = NULL;

  if (certificate == NULL)
    return 0;

  g_assert_true (g_utf8_validate (kl_certificate_get_subject (certificate), -1, NULL));
  warnings = kl_certificate_dup_warnings (certificate, NULL);
  der = kl_certificate_to_der (certificate);
  pfx = kl_certificate_to_pfx (certificate, "{09821541-3BE2-421C-AA13-D1E0AD000000}", NULL);
  return 0;
}
