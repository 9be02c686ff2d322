/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "media/manifest.h"

/* \kindling.manifest of any medium: what is read can be written, and is the same when read again.
 */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (KlManifest) manifest = kl_manifest_parse (bytes, NULL);
  g_autoptr (KlManifest) again = NULL;
  g_autoptr (GBytes) written = NULL;
  g_autoptr (GError) error = NULL;

  if (manifest == NULL)
    return 0;

  written = kl_manifest_to_bytes (manifest);
  again = kl_manifest_parse (written, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (again->files->len, ==, manifest->files->len);
  for (guint i = 0; i < manifest->files->len; i++)
    {
      const KlManifestFile *file = manifest->files->pdata[i];

      g_assert_cmpint (file->path[0], ==, '/');
      g_assert_null (strstr (file->path, "/../"));
      g_assert_false (g_str_has_suffix (file->path, "/.."));
    }
  return 0;
}
