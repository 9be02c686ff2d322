/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "boot/boot-content.h"
#include "crypto/authenticode.h"
#include "crypto/pe-file.h"

/* A file with the name of a boot file: programs and their signatures, trust lists, RAM disk
 * descriptions, fonts, boot sectors. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autofree char *signer = kl_authenticode_dup_signer (bytes, NULL);
  KlPeFile pe;

  for (KlBootRole role = KL_BOOT_ROLE_BOOTMGR; role <= KL_BOOT_ROLE_EFISYS; role++)
    {
      g_auto (KlBootContent) content = { 0 };

      if (kl_boot_content_check (role, bytes, "fuzz", &content, NULL) && content.signer != NULL)
        g_assert_true (g_utf8_validate (content.signer, -1, NULL));
    }
  if (kl_pe_parse (bytes, "fuzz", &pe, NULL))
    {
      g_assert_cmpuint (pe.signature_offset, <=, size);
      g_assert_cmpuint (pe.signature_size, <=, size - pe.signature_offset);
    }
  return 0;
}
