/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "driver/driver-package.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "driver/driver-archive.h"
#include "driver/driver-findings.h"
#include "driver/driver-loader.h"
#include "driver/driver-match.h"

/* For 1,000 files, which take 0.3 s on a quiet machine; sanitizers cost a factor. */
#ifdef __SANITIZE_ADDRESS__
#define LIMIT_SECONDS 60
#else
#define LIMIT_SECONDS 4
#endif

static char *
fixture_path (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "..", "fixtures", "inf", name, NULL);
}

static KlDriverPackage *
load (const char *name)
{
  g_autofree char *path = fixture_path (name);
  g_autoptr (GError) error = NULL;
  KlDriverPackage *package = kl_driver_package_load (path, &error);

  g_assert_no_error (error);
  return package;
}

static GPtrArray *
scan (const char *name)
{
  g_autofree char *path = fixture_path (name);
  g_autoptr (GError) error = NULL;
  GPtrArray *packages = kl_driver_folder_scan (path, NULL, NULL, &error);

  g_assert_no_error (error);
  return packages;
}

/* Takes @texts. */
static void
assert_texts (char **texts, const char *expected)
{
  g_autofree char *joined = g_strjoinv (" ", texts);

  g_assert_cmpstr (joined, ==, expected);
  g_strfreev (texts);
}

static void
assert_error (const GError *error, int code, const char *words)
{
  g_assert_error (error, KL_ERROR, code);
  if (strstr (error->message, words) == NULL)
    g_error ("The message “%s” lacks “%s”", error->message, words);
}

static void
test_network_package (void)
{
  g_autoptr (KlDriverPackage) package = load ("packages/net/E1Test.inf");

  g_assert_null (kl_driver_package_get_problem (package));
  g_assert_cmpstr (kl_driver_package_get_inf (package), ==, "E1Test.inf");
  g_assert_cmpstr (kl_driver_package_get_class_name (package), ==, "Net");
  g_assert_cmpstr (kl_driver_package_get_provider (package), ==, "Kindling Größe");
  g_assert_cmpstr (kl_driver_package_get_version (package), ==, "12.19.2.65534");
  g_assert_cmpstr (kl_driver_package_get_date (package), ==, "2026-01-31");
  g_assert_true (kl_driver_package_get_pnp_lockdown (package));
  g_assert_true (kl_driver_package_is_default (package));
  g_assert_cmpint (kl_driver_package_get_group (package), ==, KL_DRIVER_GROUP_NETWORK);
  assert_texts (g_strdupv ((char **) kl_driver_package_get_architectures (package)), "x64");
  g_assert_cmpstr (kl_driver_package_get_catalog (package, "x64"), ==, "e1test.cat");
  g_assert_cmpstr (kl_driver_package_get_catalog (package, "x86"), ==, "e1x86.cat");
  assert_texts (kl_driver_package_dup_files (package, "x64", 0),
                "X64/E1TEST.SYS e1help.CHM X64/co/e1co64.DLL");
  assert_texts (kl_driver_package_dup_missing (package, NULL, 0), "");
  assert_texts (kl_driver_package_dup_files (package, "x86", 0), "");
}

static void
test_newest_models_section_counts (void)
{
  g_autoptr (KlDriverPackage) package = load ("packages/net/E1Test.inf");

  assert_texts (kl_driver_package_dup_hardware_ids (package, "x64", 7601),
                "PCI\\VEN_8086&DEV_10D3");
  assert_texts (kl_driver_package_dup_hardware_ids (package, "x64", 19041),
                "PCI\\VEN_8086&DEV_15F3 PCI\\VEN_8086&DEV_15F3&SUBSYS_00018086");
  assert_texts (kl_driver_package_dup_hardware_ids (package, "x64", 26100),
                "PCI\\VEN_8086&DEV_15F3 PCI\\VEN_8086&DEV_125C");
  assert_texts (kl_driver_package_dup_compatible_ids (package, "x64", 26100),
                "PCI\\VEN_8086&CC_0200");
  g_assert_false (kl_driver_package_serves (package, "x64", 6003));
  g_assert_false (kl_driver_package_serves (package, "arm64", 0));
}

static void
test_architectures (void)
{
  g_autoptr (KlDriverPackage) storage = load ("packages/storage/stor.inf");
  g_autoptr (KlDriverPackage) chipset = load ("packages/chipset/chip.inf");

  assert_texts (g_strdupv ((char **) kl_driver_package_get_architectures (storage)), "x86 x64");
  assert_texts (kl_driver_package_dup_files (storage, "x86", 0), "x86/stor.sys");
  assert_texts (kl_driver_package_dup_files (storage, "x64", 0), "amd64/stor.sys");
  g_assert_cmpstr (kl_driver_package_get_provider (storage), ==, "Kindling ☃");
  g_assert_cmpstr (kl_driver_package_get_date (storage), ==, "2025-12-24");
  g_assert_cmpint (kl_driver_package_get_group (storage), ==, KL_DRIVER_GROUP_STORAGE);

  assert_texts (g_strdupv ((char **) kl_driver_package_get_architectures (chipset)),
                "x86 x64 arm arm64 ia64");
  g_assert_cmpstr (kl_driver_package_get_class_name (chipset), ==, "System");
  g_assert_cmpstr (kl_driver_package_get_provider (chipset), ==, "Söhne & Co — Straße");
  g_assert_null (kl_driver_package_get_version (chipset));
  g_assert_cmpstr (kl_driver_package_get_date (chipset), ==, "2025-03-04");
}

static void
test_loading_order (void)
{
  g_autoptr (GPtrArray) packages = scan ("packages");
  g_autoptr (GString) names = g_string_new (NULL);

  g_assert_cmpuint (packages->len, ==, 4);
  kl_driver_packages_sort (packages);
  for (guint i = 0; i < packages->len; i++)
    g_string_append_printf (names, "%s ",
                            kl_driver_package_get_inf (g_ptr_array_index (packages, i)));
  g_assert_cmpstr (names->str, ==, "chipset/chip.inf storage/stor.inf net/E1Test.inf autorun.inf ");
  g_assert_false (kl_driver_package_is_default (g_ptr_array_index (packages, 3)));
}

/* Each tolerance of image-customisation.md 5.5: nothing is found wrong. */
static void
assert_tolerated (const char *name, const char *files)
{
  g_autofree char *inf = g_strdup_printf ("tolerance/%s/test.inf", name);
  g_autoptr (KlDriverPackage) package = load (inf);
  g_autoptr (GPtrArray) packages = g_ptr_array_new ();
  g_autoptr (GPtrArray) findings = NULL;

  g_ptr_array_add (packages, package);
  findings = kl_driver_check (packages, "x64", 19041, NULL, NULL);
  if (findings->len > 0)
    g_error ("%s: %s", name, ((KlDriverFinding *) g_ptr_array_index (findings, 0))->text);
  assert_texts (kl_driver_package_dup_files (package, "x64", 19041), files);
}

static void
test_tolerances (void)
{
  assert_tolerated ("strays", "test.sys");
  assert_tolerated ("strays-utf16", "test.sys");
  assert_tolerated ("loose", "Sub/PACKED.SY_ Sub/deeper/deep.DLL Sub/deeper/Slash.dll "
                             "unlisted.dll");
  assert_tolerated ("wrong-folder", "test.sys");
  assert_tolerated ("in-cabinet", "test.sys");
  assert_tolerated ("layout", "bin/test.sys");
}

static void
test_chains_stop (void)
{
  g_autoptr (KlDriverPackage) package = load ("tolerance/chain/test.inf");

  assert_texts (kl_driver_package_dup_files (package, "x64", 0),
                "file1.dat file2.dat file3.dat file4.dat file5.dat file6.dat file7.dat file8.dat "
                "more.inf");
}

/* Exactly one finding: code, severity and a piece of its text; none where @code is NULL. */
static void
assert_finding (const char *name, const char *code, KlDriverSeverity severity, const char *words)
{
  g_autofree char *inf = g_strdup_printf ("findings/%s/test.inf", name);
  g_autoptr (KlDriverPackage) package = load (inf);
  g_autoptr (GPtrArray) packages = g_ptr_array_new ();
  g_autoptr (GPtrArray) findings = NULL;
  g_autoptr (GError) error = NULL;
  const KlDriverFinding *finding;

  g_ptr_array_add (packages, package);
  findings = kl_driver_check (packages, "x64", 19041, NULL, &error);
  g_assert_no_error (error);
  for (guint i = code != NULL; i < findings->len; i++)
    g_error ("%s: too much: %s", name, ((KlDriverFinding *) g_ptr_array_index (findings, i))->text);
  if (code == NULL)
    return;

  g_assert_cmpuint (findings->len, ==, 1);
  finding = g_ptr_array_index (findings, 0);
  g_assert_cmpstr (finding->code, ==, code);
  g_assert_cmpint (finding->severity, ==, severity);
  g_assert_true (finding->package == package);
  if (strstr (finding->text, words) == NULL)
    g_error ("%s: “%s” lacks “%s”", name, finding->text, words);
  g_assert_null (strstr (finding->text, kl_driver_package_get_folder (package)));
}

static void
test_findings (void)
{
  assert_finding ("clean", NULL, 0, NULL);
  assert_finding ("D01-no-version", "D01", KL_DRIVER_ERROR, "no section [Version]");
  assert_finding ("D01-signature", "D01", KL_DRIVER_ERROR, "“$Windows 3.1$”");
  assert_finding ("D01-no-signature", "D01", KL_DRIVER_ERROR, "no Signature");
  assert_finding ("D01-long-line", "D01", KL_DRIVER_ERROR, "line 34 is longer than 4096");
  assert_finding ("D02-architecture", "D02", KL_DRIVER_ERROR, "not for x64; it is for arm64");
  assert_finding ("D02-newer-build", "D02", KL_DRIVER_ERROR, "newer than 19041");
  assert_finding ("D02-no-models", "D02", KL_DRIVER_ERROR, "for no architecture");
  assert_finding ("D03-no-ids", "D03", KL_DRIVER_ERROR, "[Test.NTamd64] has no hardware IDs");
  assert_finding ("D03-no-install", "D03", KL_DRIVER_ERROR, "[Install], which is not there");
  assert_finding ("D10-no-catalog", "D10", KL_DRIVER_WARNING, "no CatalogFile for x64");
  assert_finding ("D10-catalog-absent", "D10", KL_DRIVER_WARNING, "“absent.cat” is not there");
  assert_finding ("D11-no-pkcs7", "D11", KL_DRIVER_WARNING, "“test.cat” is not a signed catalog");
  assert_finding ("D12-file", "D12", KL_DRIVER_WARNING, "“readme.txt” is not there");
  assert_finding ("D12-sys", "D12", KL_DRIVER_ERROR, "“test.sys” is not there");
  assert_finding ("D13-no-class", "D13", KL_DRIVER_WARNING, "no Class");
  assert_finding ("D13-printer", "D13", KL_DRIVER_WARNING, "“Printer” are rarely useful");
  assert_finding ("D14-no-version", "D14", KL_DRIVER_WARNING, "no DriverVer");
  assert_finding ("D14-malformed", "D14", KL_DRIVER_WARNING, "“2026-31-01,1.2.3.4” is malformed");
  assert_finding ("D14-part", "D14", KL_DRIVER_WARNING, "1.2.3.65535” is malformed");
  assert_finding ("D15-machine", "D15", KL_DRIVER_ERROR, "“test.sys” is for x86, not for x64");
  assert_finding ("D15-no-program", "D15", KL_DRIVER_ERROR, "“test.sys” is not a Windows program");
}

static void
test_duplicates (void)
{
  g_autoptr (GPtrArray) packages = scan ("findings/D16");
  g_autoptr (GPtrArray) findings = kl_driver_check (packages, "x64", 0, NULL, NULL);
  const KlDriverFinding *first, *second;

  g_assert_cmpuint (findings->len, ==, 2);
  first = g_ptr_array_index (findings, 0);
  second = g_ptr_array_index (findings, 1);
  g_assert_cmpstr (first->code, ==, "D16");
  g_assert_cmpint (first->severity, ==, KL_DRIVER_NOTE);
  g_assert_nonnull (strstr (first->text, "“old/test.inf” (2026-01-31, 9.0.0.0), is older"));
  g_assert_nonnull (strstr (second->text, "“new/test.inf” (2026-02-01, 1.0.0.0), is newer"));
  g_assert_cmpint (kl_driver_package_compare_version (first->package, second->package), >, 0);
}

static void
test_checking_without_an_architecture (void)
{
  g_autoptr (GPtrArray) packages = scan ("packages/storage");
  g_autoptr (GPtrArray) findings = kl_driver_check (packages, NULL, 0, NULL, NULL);

  g_assert_cmpuint (findings->len, ==, 0);
}

/* "id kind" of the matches, best first. */
static void
assert_matches (GPtrArray *packages, const char *id, guint build, const char *expected)
{
  g_autoptr (GPtrArray) matches = kl_driver_find (packages, id, "x64", build, NULL, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < matches->len; i++)
    {
      const KlDriverMatch *match = g_ptr_array_index (matches, i);

      g_string_append_printf (text, "%s%s %s %x", i > 0 ? ", " : "",
                              kl_driver_package_get_inf (match->package),
                              kl_driver_match_kind_to_string (match->kind), match->rank);
    }
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_search (void)
{
  g_autoptr (GPtrArray) packages = scan ("packages");
  g_autoptr (GPtrArray) versions = scan ("findings/D16");

  assert_matches (packages, "PCI\\VEN_8086&DEV_15F3", 19041, "net/E1Test.inf hardware-id 0");
  assert_matches (packages, "pci\\ven_8086&dev_15f3&subsys_00018086&rev_02", 19041,
                  "net/E1Test.inf hardware-id 1");
  assert_matches (packages, "PCI\\VEN_8086&DEV_15F3&SUBSYS_00018086&REV_02", 26100,
                  "net/E1Test.inf hardware-id 3");
  assert_matches (packages, "PCI\\VEN_8086&DEV_15F3&SUBSYS_00020000", 19041,
                  "net/E1Test.inf hardware-id 1");
  assert_matches (packages, "PCI\\VEN_8086&DEV_FFFF&CC_020000", 26100,
                  "net/E1Test.inf compatible-id 3004");
  assert_matches (packages, "PCI\\VEN_9999&DEV_0001&CC_010700", 0,
                  "storage/stor.inf compatible-id 3007");
  assert_matches (packages, "PCI\\VEN_8086&DEV_10D3", 19041, "");
  assert_matches (packages, "PCI\\VEN_8086&DEV_15F", 19041, "");
  assert_matches (packages, "PCI\\VEN_1000", 0, "storage/stor.inf narrower 8000");
  assert_matches (versions, "PCI\\VEN_1AF4&DEV_1000", 0,
                  "new/test.inf hardware-id 0, old/test.inf hardware-id 0");
}

static void
test_expansion (void)
{
  guint n_hardware;

  assert_texts (kl_driver_expand_hardware_id ("PCI\\VEN_1&DEV_2&SUBSYS_3&REV_4", &n_hardware),
                "PCI\\VEN_1&DEV_2&SUBSYS_3&REV_4 PCI\\VEN_1&DEV_2&SUBSYS_3 PCI\\VEN_1&DEV_2&REV_4 "
                "PCI\\VEN_1&DEV_2 PCI\\VEN_1");
  g_assert_cmpuint (n_hardware, ==, 4);
  assert_texts (kl_driver_expand_hardware_id ("USB\\VID_1&PID_2&REV_3", &n_hardware),
                "USB\\VID_1&PID_2&REV_3 USB\\VID_1&PID_2");
  g_assert_cmpuint (n_hardware, ==, 2);
  assert_texts (kl_driver_expand_hardware_id ("USB\\VID_1&PID_2&REV_3&MI_00", &n_hardware),
                "USB\\VID_1&PID_2&REV_3&MI_00 USB\\VID_1&PID_2&MI_00");
  assert_texts (kl_driver_expand_hardware_id ("ACPI\\PNP0A08", &n_hardware), "ACPI\\PNP0A08");
  assert_texts (kl_driver_expand_hardware_id ("*pnp0501", &n_hardware), "*pnp0501");
}

static char *
make_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("kindling-driver-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static void
put (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
link_to (const char *folder, const char *name, const char *target)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

static void
test_links (void)
{
  g_autofree char *folder = make_folder ();
  g_autoptr (GPtrArray) packages = NULL;
  g_autoptr (GError) error = NULL;

  put (folder, "a/one.inf", "[Version]\nSignature=\"$Windows NT$\"\n");
  link_to (folder, "b", "a");
  link_to (folder, "a/self", "..");
  link_to (folder, "two.inf", "a/one.inf");
  packages = kl_driver_folder_scan (folder, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (packages->len, ==, 2);

  link_to (folder, "out", "/etc");
  g_assert_null (kl_driver_folder_scan (folder, NULL, NULL, &error));
  assert_error (error, KL_ERROR_INVALID_ARGUMENT, "“out” in “");
  g_assert_nonnull (strstr (error->message, "leads out"));
  g_clear_error (&error);
  kl_remove_tree (folder, NULL);
}

static void
test_files_outside_are_not_taken (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *inf = g_build_filename (folder, "pack/test.inf", NULL);
  g_autoptr (KlDriverPackage) package = NULL;

  put (folder, "secret.sys", "x");
  put (folder, "pack/test.inf",
       "[Version]\nSignature=\"$Windows NT$\"\n[Manufacturer]\nm=M,NTamd64\n[M.NTamd64]\n"
       "d=I,PCI\\VEN_1&DEV_2\n[I]\nCopyFiles=@..\\secret.sys,@link.sys,@C:\\x.sys,F\n[F]\na.sys\n"
       "[SourceDisksFiles]\na.sys=1,..\\\n");
  link_to (folder, "pack/link.sys", "../secret.sys");
  package = kl_driver_package_load (inf, NULL);
  assert_texts (kl_driver_package_dup_missing (package, NULL, 0),
                "../secret.sys link.sys C:/x.sys ../a.sys");
  kl_remove_tree (folder, NULL);
}

static void
test_folders_that_cannot_be_read (void)
{
  g_autofree char *folder = make_folder ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GPtrArray) packages = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) deep = g_string_new ("d");

  g_assert_null (kl_driver_folder_scan ("/nonexistent/x", NULL, NULL, &error));
  assert_error (error, KL_ERROR_NOT_FOUND, "/nonexistent/x");
  g_clear_error (&error);
  g_assert_null (kl_driver_package_load ("/nonexistent/x.inf", &error));
  assert_error (error, KL_ERROR_NOT_FOUND, "/nonexistent");
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  g_assert_null (kl_driver_folder_scan (folder, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  packages = kl_driver_folder_scan (folder, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (packages->len, ==, 0);

  for (guint i = 0; i < 33; i++)
    g_string_append (deep, "/d");
  put (folder, deep->str, "x");
  g_string_append (deep, "/e");
  {
    g_autofree char *too_deep = g_build_filename (folder, "a", NULL);

    put (too_deep, "d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/x", "x");
  }
  g_assert_null (kl_driver_folder_scan (folder, NULL, NULL, &error));
  assert_error (error, KL_ERROR_INVALID_ARGUMENT, "more than 32 folders deep");
  kl_remove_tree (folder, NULL);
}

/* A list that would take for ever: each of many Models sections copies the same long list. */
static void
test_copy_bombs (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *path = g_build_filename (folder, "test.inf", NULL);
  g_autoptr (GString) text
      = g_string_new ("[Version]\nSignature=\"$Windows NT$\"\n[Manufacturer]\n");
  g_autoptr (KlDriverPackage) package = NULL;

  for (guint i = 0; i < 300; i++)
    g_string_append_printf (text, "m%u=M%u,NTamd64\n", i, i);
  for (guint i = 0; i < 300; i++)
    g_string_append_printf (text, "[M%u.NTamd64]\nd=I,PCI\\VEN_%u&DEV_1\n", i, i);
  g_string_append (text, "[I]\nCopyFiles=F\n[F]\n");
  for (guint i = 0; i < 3000; i++)
    g_string_append_printf (text, "f%u.dll\n", i);
  put (folder, "test.inf", text->str);

  package = kl_driver_package_load (path, NULL);
  g_assert_nonnull (strstr (kl_driver_package_get_problem (package), "more than 500000 times"));
  g_assert_null (strstr (kl_driver_package_get_problem (package), folder));
  kl_remove_tree (folder, NULL);
}

/* 1000 INF files in at most a second on a quiet machine; four times that is the limit here. */
static void
test_thousand_packages (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *source = fixture_path ("packages/net/E1Test.inf");
  g_autofree char *contents = NULL;
  gsize size;
  g_autoptr (GPtrArray) packages = NULL;
  g_autoptr (GPtrArray) findings = NULL;
  gint64 start, scanned, checked;

  g_assert_true (g_file_get_contents (source, &contents, &size, NULL));
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *name = g_strdup_printf ("group%02u/pack%03u/e1.inf", i / 50, i);
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_autofree char *parent = g_path_get_dirname (path);

      g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
      g_assert_true (g_file_set_contents_full (path, contents, (gssize) size,
                                               G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    }

  start = g_get_monotonic_time ();
  packages = kl_driver_folder_scan (folder, NULL, NULL, NULL);
  scanned = g_get_monotonic_time ();
  findings = kl_driver_check (packages, "x64", 26100, NULL, NULL);
  checked = g_get_monotonic_time ();
  g_test_message ("1000 INF files: read in %.3f s, judged in %.3f s",
                  (double) (scanned - start) / G_USEC_PER_SEC,
                  (double) (checked - scanned) / G_USEC_PER_SEC);
  g_assert_cmpuint (packages->len, ==, 1000);
  g_assert_cmpuint (findings->len, >, 1000);
  g_assert_cmpint (scanned - start, <, LIMIT_SECONDS * G_USEC_PER_SEC);
  g_assert_cmpint (checked - scanned, <, LIMIT_SECONDS * G_USEC_PER_SEC);
  kl_remove_tree (folder, NULL);
}

static void
make_cab (const char *folder, const char *cab)
{
  g_autofree char *command = g_strdup_printf ("cd '%s' && gcab -c -z '%s' $(find . -type f | "
                                              "sed 's,^./,,')",
                                              folder, cab);
  const char *const argv[] = { "sh", "-c", command, NULL };
  int status;

  g_assert_true (g_spawn_sync (NULL, (char **) argv, NULL,
                               G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                               NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
}

static void
test_cabinets (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *cab = g_build_filename (folder, "drivers.cab", NULL);
  g_autofree char *fixtures = fixture_path ("packages");
  g_autofree char *real = realpath (fixtures, NULL);
  g_autofree char *unpacked = NULL;
  g_autoptr (GPtrArray) packages = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *contents = NULL;
  gsize size;
  KlDriverArchive *archive;

  make_cab (real, cab);
  archive = kl_driver_archive_extract (cab, NULL, NULL, &error);
  g_assert_no_error (error);
  unpacked = g_strdup (kl_driver_archive_get_folder (archive));
  packages = kl_driver_folder_scan (unpacked, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (packages->len, ==, 4);
  assert_texts (kl_driver_package_dup_missing (g_ptr_array_index (packages, 2), "x64", 0), "");
  kl_driver_archive_free (archive);
  g_assert_false (g_file_test (unpacked, G_FILE_TEST_EXISTS));

  g_assert_true (g_file_get_contents (cab, &contents, &size, NULL));
  g_assert_true (g_file_set_contents (cab, contents, (gssize) size / 2, NULL));
  g_assert_null (kl_driver_archive_extract (cab, NULL, NULL, &error));
  assert_error (error, KL_ERROR_FORMAT, "drivers.cab");
  g_clear_error (&error);
  put (folder, "drivers.cab", "no cabinet at all");
  g_assert_null (kl_driver_archive_extract (cab, NULL, NULL, &error));
  assert_error (error, KL_ERROR_FORMAT, "not a cabinet file");
  kl_remove_tree (folder, NULL);
}

/* The path in a cabinet file is changed to lead out of it. */
static void
test_cabinets_that_lead_out (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *tree = g_build_filename (folder, "tree", NULL);
  g_autofree char *cab = g_build_filename (folder, "x.cab", NULL);
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;
  char *name;

  put (tree, "aa/file.inf", "x");
  make_cab (tree, cab);
  g_assert_true (g_file_get_contents (cab, &contents, &size, NULL));
  name = memmem (contents, size, "aa\\file", 7);
  if (name == NULL)
    name = memmem (contents, size, "aa/file", 7);
  g_assert_nonnull (name);
  memcpy (name, "..", 2);
  g_assert_true (g_file_set_contents (cab, contents, (gssize) size, NULL));
  g_assert_null (kl_driver_archive_extract (cab, NULL, NULL, &error));
  assert_error (error, KL_ERROR_FORMAT, "unsafe name");
  kl_remove_tree (folder, NULL);
}

static void
test_cabinets_can_be_cancelled (void)
{
  g_autofree char *folder = make_folder ();
  g_autofree char *cab = g_build_filename (folder, "x.cab", NULL);
  g_autofree char *tree = g_build_filename (folder, "tree", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  put (tree, "file.inf", "x");
  make_cab (tree, cab);
  g_cancellable_cancel (cancellable);
  g_assert_null (kl_driver_archive_extract (cab, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  kl_remove_tree (folder, NULL);
}

static void
test_loader_refuses_odd_paths (void)
{
  static const char *const paths[]
      = { "001/100%.inf", "001/größe.inf", "001/a^b.inf", "", "1\n.inf" };
  g_autoptr (KlDriverPackage) package = load ("findings/clean/test.inf");
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      const KlDriverPlace place = { package, paths[i] };

      g_assert_null (kl_driver_loader_generate (&place, 1, "x64", 0, &error));
      assert_error (error, KL_ERROR_INVALID_ARGUMENT, "The driver loader cannot load");
      g_clear_error (&error);
    }
  files = kl_driver_loader_generate (NULL, 0, "x64", 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (files->len, ==, 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/driver-package/a-network-package-is-read", test_network_package);
  g_test_add_func ("/driver-package/the-newest-models-section-counts",
                   test_newest_models_section_counts);
  g_test_add_func ("/driver-package/architectures-are-decorations", test_architectures);
  g_test_add_func ("/driver-package/classes-give-the-order", test_loading_order);
  g_test_add_func ("/driver-package/common-mistakes-are-tolerated", test_tolerances);
  g_test_add_func ("/driver-package/chains-stop-at-depth-8", test_chains_stop);
  g_test_add_func ("/driver-package/each-finding-is-made", test_findings);
  g_test_add_func ("/driver-package/two-versions-are-pointed-out", test_duplicates);
  g_test_add_func ("/driver-package/each-architecture-is-judged-by-its-own-files",
                   test_checking_without_an_architecture);
  g_test_add_func ("/driver-package/a-device-is-searched-as-windows-ranks", test_search);
  g_test_add_func ("/driver-package/ids-are-expanded-as-bus-drivers-do", test_expansion);
  g_test_add_func ("/driver-package/links-that-lead-out-are-refused", test_links);
  g_test_add_func ("/driver-package/files-outside-are-missing", test_files_outside_are_not_taken);
  g_test_add_func ("/driver-package/folders-that-cannot-be-read-are-errors",
                   test_folders_that_cannot_be_read);
  g_test_add_func ("/driver-package/copy-bombs-are-refused", test_copy_bombs);
  g_test_add_func ("/driver-package/a-thousand-packages-are-read-fast", test_thousand_packages);
  g_test_add_func ("/driver-package/cabinets-are-unpacked", test_cabinets);
  g_test_add_func ("/driver-package/cabinets-that-lead-out-are-refused",
                   test_cabinets_that_lead_out);
  g_test_add_func ("/driver-package/unpacking-can-be-cancelled", test_cabinets_can_be_cancelled);
  g_test_add_func ("/driver-package/the-loader-refuses-odd-paths", test_loader_refuses_odd_paths);
  return g_test_run ();
}
