/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "edit/osd-list.h"

/* osdinjection.xml */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const architectures[] = { "x86", "x64", "arm64" };

  for (gsize i = 0; i < G_N_ELEMENTS (architectures); i++)
    {
      g_autoptr (GPtrArray) files
          = kl_osd_list_parse ((const char *) data, size, architectures[i], NULL);

      for (guint j = 0; files != NULL && j < files->len; j++)
        {
          const KlOsdFile *file = files->pdata[j];

          g_assert_nonnull (file->name);
          g_assert_false (g_path_is_absolute (file->destination));
        }
    }
  return 0;
}
