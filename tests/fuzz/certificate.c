/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "crypto/x509-file.h"

/* A certificate file that a site profile names. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GPtrArray) certificates
      = kl_x509_load_file (fuzz_write_file ("site.cer", data, size), NULL);

  for (guint i = 0; certificates != NULL && i < certificates->len; i++)
    g_assert_cmpuint (g_bytes_get_size (certificates->pdata[i]), >, 0);
  return 0;
}
