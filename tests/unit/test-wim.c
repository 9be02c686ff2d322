/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wim/wim.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/checksum.h"
#include "base/error.h"
#include "wim/wim-format.h"
#include "wim/wim-header.h"

#include "wim-fixture.h"

static void
assert_open_fails (const char *path, int code, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (kl_wim_open (path, &error));
  g_assert_error (error, KL_ERROR, code);
  if (strstr (error->message, text) == NULL || strstr (error->message, path) == NULL)
    g_error ("The message “%s” lacks “%s” or the file's name", error->message, text);
}

static void
test_metadata (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *reason = NULL;
  g_autoptr (KlWim) wim = NULL;
  const KlWimImage *image;
  guint index = 0;

  put_winload (fixture->tree);
  path = capture (fixture, "boot.wim",
                  "--boot --image-property WINDOWS/ARCH=9"
                  " --image-property WINDOWS/VERSION/MAJOR=10"
                  " --image-property WINDOWS/VERSION/MINOR=0"
                  " --image-property WINDOWS/VERSION/BUILD=26100"
                  " --image-property WINDOWS/VERSION/SPBUILD=1"
                  " --image-property WINDOWS/LANGUAGES/DEFAULT=de-DE"
                  " --image-property WINDOWS/EDITIONID=WindowsPE");
  wim = open_ok (path);
  g_assert_cmpuint (kl_wim_get_n_images (wim), ==, 1);
  g_assert_cmpuint (kl_wim_get_boot_index (wim), ==, 1);
  g_assert_false (kl_wim_has_integrity_table (wim));
  g_assert_cmpint (kl_wim_get_fitness (wim, &reason), ==, KL_WIM_FIT);
  g_assert_null (reason);
  image = kl_wim_get_image (wim, 1);
  g_assert_cmpstr (image->name, ==, "Setup PE");
  g_assert_cmpstr (image->description, ==, "For tests");
  g_assert_cmpstr (image->architecture, ==, "x64");
  g_assert_cmpstr (image->version, ==, "10.0.26100.1");
  g_assert_cmpstr (image->language, ==, "de-DE");
  g_assert_cmpstr (image->edition, ==, "WindowsPE");
  g_assert_cmpuint (image->total_bytes, >, 300000);
  g_assert_true (kl_wim_choose_image (wim, 0, &index, NULL));
  g_assert_cmpuint (index, ==, 1);
}

/* A name may hold what a terminal obeys; XML allows tabs, line ends and C1 controls. */
static void
test_hostile_text (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *long_name = g_strnfill (10000, 'n');
  g_autofree char *description = g_strdup_printf ("DESCRIPTION=%s", long_name);
  g_autoptr (KlWim) wim = NULL;

  put_winload (fixture->tree);
  path = capture (fixture, "boot.wim",
                  "--boot --image-property WINDOWS/VERSION/MAJOR=-3"
                  " --image-property WINDOWS/ARCH=99999999999999999999");
  RUN (fixture, "wimlib-imagex", "info", "boot.wim", "1", "--image-property",
       "NAME=a\nb\tc\xc2\x9b"
       "31m",
       "--image-property", description);
  wim = open_ok (path);
  g_assert_cmpstr (kl_wim_get_image (wim, 1)->name, ==, "a b c 31m");
  g_assert_cmpuint (strlen (kl_wim_get_image (wim, 1)->description), ==, 4096);
  g_assert_null (kl_wim_get_image (wim, 1)->version);
  g_assert_null (kl_wim_get_image (wim, 1)->architecture);
}

static void
test_architecture_from_program (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *architecture = NULL;
  g_autofree char *nothing = NULL;
  g_autofree char *text_path = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlWim) wim = NULL;
  g_autoptr (KlWim) text = NULL;

  put_bytes (fixture->tree, "windows/SYSTEM32/winload.efi", make_pe (0xAA64, 16));
  path = capture (fixture, "boot.wim", "--boot");
  wim = open_ok (path);
  g_assert_null (kl_wim_get_image (wim, 1)->architecture);
  architecture = kl_wim_detect_architecture (wim, 1, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (architecture, ==, "arm64");

  put (fixture->tree, "windows/SYSTEM32/winload.efi", "text", 4);
  text_path = capture (fixture, "text.wim", "");
  text = open_ok (text_path);
  nothing = kl_wim_detect_architecture (text, 1, &error);
  g_assert_no_error (error);
  g_assert_null (nothing);
}

static void
test_fitness (WimFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *options;
    KlWimFitness fitness;
    const char *reason;
  } cases[] = {
    { "--boot --compress=LZX", KL_WIM_FIT, NULL },
    { "--boot --compress=XPRESS", KL_WIM_FIT, NULL },
    { "--boot --compress=none", KL_WIM_FIT, NULL },
    { "--boot --check", KL_WIM_FIT, NULL },
    { "", KL_WIM_NEEDS_EXPORT, "not marked" },
    { "--boot --solid", KL_WIM_NEEDS_REEXPORT, "solid" },
    { "--boot --pipable", KL_WIM_NEEDS_REEXPORT, "pipable" },
    { "--boot --compress=LZMS", KL_WIM_NEEDS_REEXPORT, "LZMS" },
    { "--boot --compress=LZX --chunk-size=65536", KL_WIM_NEEDS_REEXPORT, "65536" },
  };

  put_winload (fixture->tree);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = g_strdup_printf ("%u.wim", i);
      g_autofree char *path = capture (fixture, name, cases[i].options);
      g_autofree char *reason = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (KlWim) wim = open_ok (path);

      g_assert_cmpint (kl_wim_get_fitness (wim, &reason), ==, cases[i].fitness);
      if (cases[i].reason == NULL)
        g_assert_null (reason);
      else
        g_assert_nonnull (strstr (reason, cases[i].reason));
      g_assert_cmpint (kl_wim_has_integrity_table (wim), ==,
                       strstr (cases[i].options, "--check") != NULL);
      g_assert_true (kl_wim_verify (wim, TRUE, NULL, NULL, &error));
      g_assert_no_error (error);
    }
}

static void
test_not_a_wim (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *text = fixture_path (fixture, "text.wim");
  g_autofree char *empty = fixture_path (fixture, "empty.wim");
  g_autofree char *absent = fixture_path (fixture, "absent.wim");

  put (fixture->folder, "text.wim", "MSWIN is not it, and this is long enough", 40);
  put (fixture->folder, "empty.wim", "", 0);
  assert_open_fails (text, KL_ERROR_FORMAT, "MSWIM");
  assert_open_fails (empty, KL_ERROR_FORMAT, "empty");
  assert_open_fails (absent, KL_ERROR_NOT_FOUND, "Cannot open");
  assert_open_fails (fixture->tree, KL_ERROR_INVALID_ARGUMENT, "not a file");
}

/* Copies the first @size bytes of a file. */
static char *
cut (WimFixture *fixture, const char *source, const char *name, gsize size)
{
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (source, &bytes, &length, NULL));
  g_assert_cmpuint (size, <=, length);
  put (fixture->folder, name, bytes, size);
  return fixture_path (fixture, name);
}

static void
test_truncated (WimFixture *fixture, gconstpointer data)
{
  static const char *const options[] = { "--boot", "--boot --check", "--boot --pipable" };

  put_winload (fixture->tree);
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autofree char *path = capture (fixture, "whole.wim", options[i]);
      g_autofree char *bytes = NULL;
      gsize length;

      g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
      for (guint n = 0; n < 12; n++)
        {
          static const gsize fixed[] = { 8, 100, 207, 208, 209, 4096 };
          gsize size = n < 6 ? fixed[n] : length - 1 - (length - 300) * (n - 6) / 12;
          g_autofree char *start = cut (fixture, path, "cut.wim", size);
          g_autofree char *number = g_strdup_printf ("%" G_GSIZE_FORMAT " bytes", size);

          assert_open_fails (start, KL_ERROR_WIM_TRUNCATED, "truncated");
          assert_open_fails (start, KL_ERROR_WIM_TRUNCATED, number);
        }
    }
}

/* The table stands before the data where a WIM was appended to; then only the table tells. */
static void
test_table_beyond_end (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *bytes = NULL;
  KlBytesView view;
  guint64 table = 0;
  gsize length;

  put_winload (fixture->tree);
  path = capture (fixture, "boot.wim", "--boot");
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  view = (KlBytesView){ (const guint8 *) bytes, length };
  g_assert_true (kl_view_u64 (view, 0x30 + 8, &table));
  kl_put_u64 ((guint8 *) bytes + table + 8, length + 5);
  put (fixture->folder, "boot.wim", bytes, length);
  assert_open_fails (path, KL_ERROR_WIM_TRUNCATED, "its data reach to byte");
}

static void
test_split (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *first = fixture_path (fixture, "part.swm");
  g_autofree char *second = fixture_path (fixture, "part2.swm");

  put_winload (fixture->tree);
  put_noise (fixture->tree, "a.bin", 2, 1500000);
  put_noise (fixture->tree, "b.bin", 3, 1500000);
  path = capture (fixture, "boot.wim", "--boot");
  RUN (fixture, "wimlib-imagex", "split", "boot.wim", "part.swm", "1");
  assert_open_fails (first, KL_ERROR_WIM_SPLIT, "part 1 of");
  assert_open_fails (second, KL_ERROR_WIM_SPLIT, "part 2 of");
  assert_open_fails (second, KL_ERROR_WIM_SPLIT, "wimlib-imagex join");
}

static void
patch (const char *path, gsize offset, const void *data, gsize size)
{
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  g_assert_cmpuint (offset + size, <=, length);
  memcpy (bytes + offset, data, size);
  g_assert_true (g_file_set_contents (path, bytes, (gssize) length, NULL));
}

static void
test_absurd_header (WimFixture *fixture, gconstpointer data)
{
  static const guint8 written[4] = { 0x42, 0, 4, 0 };
  static const guint8 many[4] = { 0xff, 0xff, 0, 0 };
  static const guint8 size[4] = { 0xd1, 0, 0, 0 };
  static const guint8 huge[8] = { 0, 0, 0, 0, 0, 0, 0x10, 0 };
  g_autofree char *path = NULL;

  put_winload (fixture->tree);
  path = capture (fixture, "a.wim", "--boot");
  patch (path, 0x10, written, 4);
  assert_open_fails (path, KL_ERROR_WIM_DAMAGED, "being written");
  path = (g_free (path), capture (fixture, "b.wim", "--boot"));
  patch (path, 0x2c, many, 4);
  assert_open_fails (path, KL_ERROR_WIM_DAMAGED, "65535 images");
  path = (g_free (path), capture (fixture, "c.wim", "--boot"));
  patch (path, 0x08, size, 4);
  assert_open_fails (path, KL_ERROR_FORMAT, "209 bytes");
  path = (g_free (path), capture (fixture, "d.wim", "--boot"));
  patch (path, 0x48 + 16, huge, 8);
  assert_open_fails (path, KL_ERROR_WIM_DAMAGED, "XML data");
}

static void
test_choose_image (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *reason = NULL;
  g_autoptr (KlWim) wim = NULL;
  g_autoptr (GError) several = NULL;
  g_autoptr (GError) beyond = NULL;
  guint index = 77;

  put_winload (fixture->tree);
  path = capture (fixture, "boot.wim", "");
  RUN (fixture, "wimlib-imagex", "append", "tree", "boot.wim", "Second PE");
  wim = open_ok (path);
  g_assert_cmpint (kl_wim_get_fitness (wim, &reason), ==, KL_WIM_NEEDS_EXPORT);
  g_assert_nonnull (strstr (reason, "2 images"));
  g_assert_false (kl_wim_choose_image (wim, 0, &index, &several));
  g_assert_error (several, KL_ERROR, KL_ERROR_WIM_INDEX);
  g_assert_nonnull (strstr (several->message, "1: Setup PE, 2: Second PE"));
  g_assert_false (kl_wim_choose_image (wim, 3, &index, &beyond));
  g_assert_error (beyond, KL_ERROR, KL_ERROR_WIM_INDEX);
  g_assert_nonnull (strstr (beyond->message, "it holds 2"));
  g_assert_cmpuint (index, ==, 77);
  g_assert_true (kl_wim_choose_image (wim, 2, &index, NULL));
  g_assert_cmpuint (index, ==, 2);
  g_clear_pointer (&wim, kl_wim_free);

  RUN (fixture, "wimlib-imagex", "info", "boot.wim", "2", "--boot");
  wim = open_ok (path);
  g_assert_true (kl_wim_choose_image (wim, 0, &index, NULL));
  g_assert_cmpuint (index, ==, 2);
}

static void
test_only_bootable (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr (KlWim) wim = NULL;
  g_autoptr (GError) error = NULL;
  guint index = 0;

  put_noise (fixture->tree, "data/file", 5, 1000);
  path = capture (fixture, "boot.wim", "");
  put_winload (fixture->tree);
  RUN (fixture, "wimlib-imagex", "append", "tree", "boot.wim", "The PE");
  wim = open_ok (path);
  g_assert_true (kl_wim_choose_image (wim, 0, &index, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (index, ==, 2);
  g_assert_false (kl_wim_choose_image (wim, 1, &index, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_WIM_NOT_BOOTABLE);
  g_assert_nonnull (strstr (error->message, "Setup PE"));
}

static void
test_nothing_bootable (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *two_path = NULL;
  g_autofree char *empty_path = fixture_path (fixture, "empty.wim");
  g_autoptr (KlWim) wim = NULL;
  g_autoptr (KlWim) two = NULL;
  g_autoptr (KlWim) empty = NULL;
  g_autoptr (GError) one_error = NULL;
  g_autoptr (GError) two_error = NULL;
  g_autoptr (GError) empty_error = NULL;
  guint index;

  /* A folder of that name is no program. */
  put_noise (fixture->tree, "Windows/System32/winload.exe/file", 5, 1000);
  path = capture (fixture, "boot.wim", "--boot");
  wim = open_ok (path);
  g_assert_false (kl_wim_choose_image (wim, 0, &index, &one_error));
  g_assert_error (one_error, KL_ERROR, KL_ERROR_WIM_NOT_BOOTABLE);

  two_path = capture (fixture, "two.wim", "");
  RUN (fixture, "wimlib-imagex", "append", "tree", "two.wim", "Other");
  two = open_ok (two_path);
  g_assert_false (kl_wim_choose_image (two, 0, &index, &two_error));
  g_assert_error (two_error, KL_ERROR, KL_ERROR_WIM_NOT_BOOTABLE);
  g_assert_nonnull (strstr (two_error->message, "2: Other"));

  RUN (fixture, "cp", "boot.wim", "empty.wim");
  RUN (fixture, "wimlib-imagex", "delete", "empty.wim", "1");
  empty = open_ok (empty_path);
  g_assert_false (kl_wim_choose_image (empty, 0, &index, &empty_error));
  g_assert_error (empty_error, KL_ERROR, KL_ERROR_WIM_NOT_BOOTABLE);
  g_assert_nonnull (strstr (empty_error->message, "holds no image"));
}

static void
test_list_and_extract (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *out_path = fixture_path (fixture, "out");
  g_autofree char *a = fixture_path (fixture, "out/a");
  g_autofree char *b = fixture_path (fixture, "out/b");
  g_autofree char *link = fixture_path (fixture, "tree/Windows/Boot/link.ttf");
  g_autofree char *text = NULL;
  const char *paths[]
      = { "\\WINDOWS\\boot\\dvd\\pcat\\BOOT.SDI", "/windows/boot/DVD/efi/boot.sdi", NULL };
  const char *targets[] = { a, b, NULL };
  g_autoptr (KlWim) wim = NULL;
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) out = NULL;

  put (fixture->tree, "Windows/Boot/DVD/PCAT/boot.sdi", "pcat", 4);
  put (fixture->tree, "Windows/Boot/DVD/EFI/Boot.sdi", "second", 6);
  g_assert_cmpint (symlink ("/etc/passwd", link), ==, 0);
  path = capture (fixture, "boot.wim", "--boot --norpfix");
  wim = open_ok (path);

  files = kl_wim_list_files (wim, 1, "\\windows\\BOOT", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (files->len, ==, 2);
  g_assert_cmpstr (((KlWimEntry *) files->pdata[0])->path, ==,
                   "\\Windows\\Boot\\DVD\\EFI\\Boot.sdi");
  g_assert_cmpuint (((KlWimEntry *) files->pdata[0])->size, ==, 6);
  none = kl_wim_list_files (wim, 1, "\\sms", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);

  RUN (fixture, "mkdir", "out");
  g_assert_true (kl_wim_extract_files (wim, 1, paths, targets, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (a, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "pcat");
  g_free (text);
  g_assert_true (g_file_get_contents (b, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "second");

  g_assert_false (kl_wim_extract_file (wim, 1, "\\Windows\\Boot\\link.ttf", a, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (kl_wim_extract_file (wim, 1, "/../../etc/passwd", a, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);

  out = g_dir_open (out_path, 0, NULL);
  g_assert_nonnull (g_dir_read_name (out));
  g_assert_nonnull (g_dir_read_name (out));
  g_assert_null (g_dir_read_name (out));
}

static void
test_damaged (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *checked_path = NULL;
  g_autofree char *plain_path = NULL;
  g_autofree char *target = fixture_path (fixture, "out.wim");
  g_autoptr (KlWim) checked = NULL;
  g_autoptr (KlWim) plain = NULL;
  g_autoptr (GError) table = NULL;
  g_autoptr (GError) blob = NULL;
  g_autoptr (GError) extract = NULL;
  g_autoptr (GError) none = NULL;

  put_noise (fixture->tree, "Windows/System32/winload.exe", 9, 400000);
  checked_path = capture (fixture, "checked.wim", "--boot --check");
  plain_path = capture (fixture, "plain.wim", "--boot --compress=none");
  flip (checked_path, 5000);
  flip (plain_path, 5000);

  checked = open_ok (checked_path);
  g_assert_false (kl_wim_verify (checked, FALSE, NULL, NULL, &table));
  g_assert_error (table, KL_ERROR, KL_ERROR_WIM_DAMAGED);
  g_assert_nonnull (strstr (table->message, "integrity table"));

  plain = open_ok (plain_path);
  g_assert_true (kl_wim_verify (plain, FALSE, NULL, NULL, &none));
  g_assert_no_error (none);
  g_assert_false (kl_wim_verify (plain, TRUE, NULL, NULL, &blob));
  g_assert_error (blob, KL_ERROR, KL_ERROR_WIM_DAMAGED);
  g_assert_nonnull (strstr (blob->message, plain_path));
  g_assert_false (
      kl_wim_extract_file (plain, 1, "/windows/system32/winload.exe", target, NULL, &extract));
  g_assert_error (extract, KL_ERROR, KL_ERROR_WIM_DAMAGED);
  g_assert_false (g_file_test (target, G_FILE_TEST_EXISTS));
}

static void
assert_xml (const char *text, const char *reason)
{
  gsize size;
  g_autofree char *utf16 = g_convert (text, -1, "UTF-16LE", "UTF-8", NULL, &size, NULL);
  g_autoptr (GError) error = NULL;
  gboolean ok = kl_wim_xml_check ((KlBytesView){ (guint8 *) utf16, size }, "x.wim", &error);

  g_assert_cmpint (ok, ==, reason == NULL);
  if (reason == NULL)
    return;
  g_assert_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED);
  if (strstr (error->message, reason) == NULL || strstr (error->message, "x.wim") == NULL)
    g_error ("The message “%s” lacks “%s” or the file's name", error->message, reason);
}

static void
test_xml (WimFixture *fixture, gconstpointer data)
{
  assert_xml ("<WIM><IMAGE INDEX=\"1\"/></WIM>", NULL);
  assert_xml ("\xef\xbb\xbf<?xml version=\"1.0\"?><!-- c --><WIM><![CDATA[&]]></WIM>", NULL);
  assert_xml ("<!DOCTYPE WIM [<!ENTITY a \"b\">]><WIM>c</WIM>", "document type");
  assert_xml ("<WIM>&a;</WIM>", "x.wim");
  assert_xml ("<WIM>\x1b</WIM>", "character");
  assert_xml ("<WIM>", "x.wim");
  assert_xml ("", "x.wim");
}

/* Without its parent a delta WIM lacks content. */
static void
test_delta (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *base = NULL;
  g_autofree char *path = NULL;
  g_autofree char *target = fixture_path (fixture, "out.wim");
  g_autoptr (GError) verify = NULL;
  g_autoptr (GError) export = NULL;
  g_autoptr (KlWim) wim = NULL;

  put_winload (fixture->tree);
  base = capture (fixture, "base.wim", "--boot");
  put_noise (fixture->tree, "more.bin", 8, 5000);
  path = capture (fixture, "delta.wim", "--boot --delta-from=base.wim");
  wim = open_ok (path);
  g_assert_false (kl_wim_verify (wim, TRUE, NULL, NULL, &verify));
  g_assert_error (verify, KL_ERROR, KL_ERROR_WIM_DAMAGED);
  g_assert_nonnull (strstr (verify->message, "delta WIM"));
  g_assert_false (kl_wim_export (wim, 1, target, NULL, NULL, &export));
  g_assert_error (export, KL_ERROR, KL_ERROR_WIM_DAMAGED);
  g_assert_false (g_file_test (target, G_FILE_TEST_EXISTS));
}

static gsize
find_text (const char *path, const char *text, gsize size)
{
  g_autofree char *bytes = NULL;
  const char *at;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  at = memmem (bytes, length, text, size);
  g_assert_nonnull (at);
  return (gsize) (at - bytes);
}

static void
test_damaged_tables (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *xml = NULL;
  g_autofree char *metadata = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlWim) wim = NULL;
  guint index;

  put_winload (fixture->tree);
  xml = capture (fixture, "xml.wim", "--boot");
  flip (xml, find_text (xml, "<\0W\0I\0M\0>", 9) + 2);
  assert_open_fails (xml, KL_ERROR_WIM_DAMAGED, "The XML data");

  metadata = capture (fixture, "metadata.wim", "--boot --compress=none");
  flip (metadata, find_text (metadata, "W\0i\0n\0d\0o\0w\0s\0", 14) - 60);
  wim = open_ok (metadata);
  g_assert_false (kl_wim_choose_image (wim, 0, &index, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED);
  g_assert_nonnull (strstr (error->message, metadata));
}

static void
test_verify_cancelled (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (KlProgress) progress = kl_progress_new (cancel_midway, cancellable);
  KlProgress *step = kl_progress_add_step (progress, 1, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlWim) wim = NULL;

  put_winload (fixture->tree);
  put_noise (fixture->tree, "big.bin", 4, 12000000);
  put_noise (fixture->tree, "big2.bin", 5, 12000000);
  path = capture (fixture, "boot.wim", "--boot --check --compress=none");
  wim = open_ok (path);
  g_assert_false (kl_wim_verify (wim, TRUE, step, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Every field of the header with every kind of value: an answer, and never a crash. */
static void
test_header_mutations (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *bytes = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (20260101);
  gsize length;
  guint n_ok = 0, n_failed = 0;

  put_winload (fixture->tree);
  path = capture (fixture, "boot.wim", "--boot");
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  for (guint i = 0; i < 5000; i++)
    {
      guint8 header[sizeof (KlWimDiskHeader)];
      KlBytesView view = { header, sizeof header };
      KlWimHeader parsed = { .file_size = 1 };
      g_autoptr (GError) error = NULL;

      memcpy (header, bytes, sizeof header);
      for (gint k = g_rand_int_range (random, 0, 6); k > 0; k--)
        header[g_rand_int_range (random, 0, sizeof header)] = (guint8) g_rand_int (random);
      if (i % 7 == 0)
        view.size = (gsize) g_rand_int_range (random, 0, sizeof header);
      if (kl_wim_header_parse (view, length, "m.wim", &parsed, &error))
        {
          g_assert_no_error (error);
          g_assert_cmpuint (parsed.file_size, ==, length);
          n_ok++;
        }
      else
        {
          g_assert_true (error->domain == KL_ERROR);
          g_assert_nonnull (strstr (error->message, "m.wim"));
          g_assert_cmpuint (parsed.file_size, ==, 1);
          n_failed++;
        }
    }
  g_assert_cmpuint (n_ok, >, 500);
  g_assert_cmpuint (n_failed, >, 500);
}

/* The same for whole files, through wimlib. */
static void
test_file_mutations (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *mutant = fixture_path (fixture, "mutant.wim");
  g_autofree char *bytes = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (20260102);
  gsize length;
  guint n_failed = 0;

  put_bytes (fixture->tree, "windows/SYSTEM32/winload.efi", make_pe (0xAA64, 16));
  put (fixture->tree, "Windows/Boot/PCAT/bootmgr", "text", 4);
  path = capture (fixture, "boot.wim", "--boot --compress=none");
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  for (guint i = 0; i < 1500; i++)
    {
      g_autofree char *copy = g_memdup2 (bytes, length);
      g_autoptr (GPtrArray) files = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (KlWim) wim = NULL;
      guint index;

      for (gint k = g_rand_int_range (random, 1, 5); k > 0; k--)
        copy[g_rand_int_range (random, k % 2 == 0 ? 0 : 208, (gint32) length)]
            = (char) g_rand_int (random);
      g_assert_true (g_file_set_contents (mutant, copy, (gssize) length, NULL));
      wim = kl_wim_open (mutant, &error);
      if (wim != NULL && kl_wim_choose_image (wim, 0, &index, &error))
        files = kl_wim_list_files (wim, index, "\\windows", &error);
      if (files != NULL)
        kl_wim_verify (wim, TRUE, NULL, NULL, &error);
      if (error != NULL)
        {
          g_assert_true (error->domain == KL_ERROR);
          n_failed++;
        }
    }
  g_assert_cmpuint (n_failed, >, 300);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add (path, WimFixture, NULL, wim_fixture_set_up, func, wim_fixture_tear_down)
  ADD ("/wim/metadata-comes-from-the-xml", test_metadata);
  ADD ("/wim/hostile-texts-are-tamed", test_hostile_text);
  ADD ("/wim/a-program-tells-the-architecture", test_architecture_from_program);
  ADD ("/wim/says-what-boot-managers-can-read", test_fitness);
  ADD ("/wim/other-files-are-refused", test_not_a_wim);
  ADD ("/wim/a-truncated-file-is-called-so-with-numbers", test_truncated);
  ADD ("/wim/data-beyond-the-end-are-noticed", test_table_beyond_end);
  ADD ("/wim/a-split-part-is-called-so", test_split);
  ADD ("/wim/absurd-headers-are-refused", test_absurd_header);
  ADD ("/wim/the-image-is-chosen-or-asked-for", test_choose_image);
  ADD ("/wim/the-only-bootable-image-is-chosen", test_only_bootable);
  ADD ("/wim/nothing-bootable-is-an-error", test_nothing_bootable);
  ADD ("/wim/files-are-listed-and-extracted-without-case", test_list_and_extract);
  ADD ("/wim/damage-is-found", test_damaged);
  ADD ("/wim/damaged-tables-are-called-so", test_damaged_tables);
  ADD ("/wim/xml-is-whole-and-plain", test_xml);
  ADD ("/wim/a-delta-wim-is-incomplete", test_delta);
  ADD ("/wim/verifying-can-be-cancelled", test_verify_cancelled);
  ADD ("/wim/mutated-headers-get-an-answer", test_header_mutations);
  ADD ("/wim/mutated-files-get-an-answer", test_file_mutations);
#undef ADD
  return g_test_run ();
}
