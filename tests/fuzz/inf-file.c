/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "driver/driver-findings.h"

/* Everything that is said of an INF file: the package with its models, files and findings. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const architectures[] = { "x86", "x64", "arm64" };
  const char *path = fuzz_write_file ("fuzz.inf", data, size);
  g_autoptr (KlDriverPackage) package = kl_driver_package_load (path, NULL);
  g_autoptr (GPtrArray) packages = g_ptr_array_new ();

  if (package == NULL)
    return 0;

  g_ptr_array_add (packages, package);
  for (gsize i = 0; i < G_N_ELEMENTS (architectures); i++)
    {
      g_autoptr (GPtrArray) findings
          = kl_driver_check (packages, architectures[i], 26100, NULL, NULL);
      g_auto (GStrv) hardware = NULL;
      g_auto (GStrv) files = NULL;

      g_assert_nonnull (findings);
      hardware = kl_driver_package_dup_hardware_ids (package, architectures[i], 0);
      files = kl_driver_package_dup_files (package, architectures[i], 0);
    }
  return 0;
}
