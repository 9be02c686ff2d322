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
test_export (WimFixture *fixture, gconstpointer data)
{
  static const char *const options[]
      = { "--compress=LZX", "--compress=XPRESS", "--compress=none", "--solid", "--pipable" };

  put_winload (fixture->tree);
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autofree char *name = g_strdup_printf ("%u.wim", i);
      g_autofree char *source = capture (fixture, name, options[i]);
      g_autofree char *target_name = g_strdup_printf ("out%u.wim", i);
      g_autofree char *target = fixture_path (fixture, target_name);
      g_autofree char *info = NULL;
      g_autofree char *listing = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (KlWim) wim = NULL;
      g_autoptr (KlWim) exported = NULL;

      RUN (fixture, "wimlib-imagex", "info", name, "1", "--image-property", "WINDOWS/ARCH=9");
      if (strcmp (options[i], "--solid") != 0)
        RUN (fixture, "wimlib-imagex", "append", "tree", name, "Second");
      wim = open_ok (source);
      g_assert_true (kl_wim_export (wim, 1, target, NULL, NULL, &error));
      g_assert_no_error (error);

      exported = open_ok (target);
      g_assert_cmpint (kl_wim_get_fitness (exported, NULL), ==, KL_WIM_FIT);
      g_assert_cmpstr (kl_wim_get_image (exported, 1)->name, ==, "Setup PE");
      g_assert_cmpstr (kl_wim_get_image (exported, 1)->description, ==, "For tests");
      g_assert_cmpstr (kl_wim_get_image (exported, 1)->architecture, ==, "x64");
      g_assert_true (kl_wim_verify (exported, TRUE, NULL, NULL, &error));
      g_assert_no_error (error);

      info = run_in (fixture->folder, "wimlib-imagex", "info", target_name, NULL);
      g_assert_nonnull (strstr (info, "Image Count:    1\n"));
      g_assert_nonnull (strstr (info, "Compression:    LZX\n"));
      g_assert_nonnull (strstr (info, "Chunk Size:     32768 bytes\n"));
      g_assert_nonnull (strstr (info, "Boot Index:     1\n"));
      RUN (fixture, "wimlib-imagex", "verify", target_name);
      listing = run_in (fixture->folder, "7z", "t", target_name, NULL);
      g_assert_nonnull (strstr (listing, "Everything is Ok"));
    }
}

/* What is LZX already is not compressed again: the blob lies in the new file byte for byte. */
static void
test_export_copies_blobs (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *source = NULL;
  g_autofree char *target = fixture_path (fixture, "out.wim");
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;
  gsize from_size, to_size;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlWim) wim = NULL;

  put_noise (fixture->tree, "Windows/System32/winload.exe", 9, 400000);
  source = capture (fixture, "boot.wim", "--compress=LZX:100");
  wim = open_ok (source);
  g_assert_true (kl_wim_export (wim, 1, target, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (source, &from, &from_size, NULL));
  g_assert_true (g_file_get_contents (target, &to, &to_size, NULL));
  g_assert_nonnull (memmem (to, to_size, from + 208, 150000));
}

static void
test_export_keeps_what_is_there (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *source = NULL;
  g_autofree char *target = fixture_path (fixture, "out.wim");
  g_autofree char *nowhere = fixture_path (fixture, "no/out.wim");
  g_autofree char *text = NULL;
  g_autoptr (GError) there = NULL;
  g_autoptr (GError) absent = NULL;
  g_autoptr (KlWim) wim = NULL;

  put_winload (fixture->tree);
  source = capture (fixture, "boot.wim", "");
  put (fixture->folder, "out.wim", "mine", 4);
  wim = open_ok (source);
  g_assert_false (kl_wim_export (wim, 1, target, NULL, NULL, &there));
  g_assert_error (there, KL_ERROR, KL_ERROR_FAILED);
  g_assert_nonnull (strstr (there->message, "exists"));
  g_assert_true (g_file_get_contents (target, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "mine");
  g_assert_false (kl_wim_export (wim, 1, nowhere, NULL, NULL, &absent));
  g_assert_error (absent, KL_ERROR, KL_ERROR_NOT_FOUND);
}

static void
test_export_cancelled (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *source = NULL;
  g_autofree char *target = fixture_path (fixture, "out.wim");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (KlProgress) progress = kl_progress_new (cancel_midway, cancellable);
  KlProgress *step = kl_progress_add_step (progress, 1, "Exporting");
  g_autoptr (GError) midway = NULL;
  g_autoptr (GError) before = NULL;
  g_autoptr (KlWim) wim = NULL;

  for (guint32 i = 0; i < 8; i++)
    {
      g_autofree char *name = g_strdup_printf ("Windows/%u.bin", i);

      put_noise (fixture->tree, name, i, 2000000);
    }
  put_winload (fixture->tree);
  source = capture (fixture, "boot.wim", "--compress=none");
  wim = open_ok (source);
  g_assert_false (kl_wim_export (wim, 1, target, step, cancellable, &midway));
  g_assert_error (midway, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (g_file_test (target, G_FILE_TEST_EXISTS));
  g_assert_false (kl_wim_export (wim, 1, target, NULL, cancellable, &before));
  g_assert_error (before, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (g_file_test (target, G_FILE_TEST_EXISTS));
}

static void
last_report (const KlProgressReport *report, gpointer user_data)
{
  KlProgressReport *last = user_data;

  *last = *report;
  last->info = NULL;
}

static void
test_export_counts_bytes (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *source = NULL;
  g_autofree char *target = fixture_path (fixture, "out.wim");
  KlProgressReport last = { 0 };
  g_autoptr (KlProgress) progress = kl_progress_new (last_report, &last);
  KlProgress *step = kl_progress_add_step (progress, 1, "Exporting");
  g_autoptr (KlWim) wim = NULL;

  put_winload (fixture->tree);
  source = capture (fixture, "boot.wim", "");
  wim = open_ok (source);
  g_assert_true (kl_wim_export (wim, 1, target, step, NULL, NULL));
  g_assert_cmpuint (last.total_bytes, >, 300000);
  g_assert_cmpuint (last.bytes, ==, last.total_bytes);
}

/* A limit on the size of files stands in for a full disk; both are KL_ERROR_NO_SPACE. */
static void
test_export_without_space (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *source = NULL;
  g_autofree char *target = fixture_path (fixture, "out.wim");
  g_autoptr (GError) error = NULL;
  g_autoptr (KlWim) wim = NULL;
  struct rlimit before, small;

  put_winload (fixture->tree);
  put_noise (fixture->tree, "big.bin", 4, 3000000);
  source = capture (fixture, "boot.wim", "");
  wim = open_ok (source);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  small = (struct rlimit){ 100000, before.rlim_max };
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  g_assert_false (kl_wim_export (wim, 1, target, NULL, NULL, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_error (error, KL_ERROR, KL_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, target));
  g_assert_false (g_file_test (target, G_FILE_TEST_EXISTS));
}

static void
test_damaged_export (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = NULL;
  g_autofree char *target = fixture_path (fixture, "out.wim");
  g_autoptr (GError) error = NULL;
  g_autoptr (KlWim) wim = NULL;

  put_noise (fixture->tree, "Windows/System32/winload.exe", 9, 400000);
  path = capture (fixture, "plain.wim", "--boot --compress=none");
  flip (path, 5000);
  wim = open_ok (path);
  g_assert_false (kl_wim_export (wim, 1, target, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_false (g_file_test (target, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add (path, WimFixture, NULL, wim_fixture_set_up, func, wim_fixture_tear_down)
  ADD ("/wim-export/an-export-suits-boot-managers", test_export);
  ADD ("/wim-export/an-export-copies-compressed-blobs", test_export_copies_blobs);
  ADD ("/wim-export/an-export-overwrites-nothing", test_export_keeps_what_is_there);
  ADD ("/wim-export/an-export-can-be-cancelled", test_export_cancelled);
  ADD ("/wim-export/an-export-counts-bytes", test_export_counts_bytes);
  ADD ("/wim-export/a-full-disk-fails-an-export", test_export_without_space);
  ADD ("/wim-export/damage-stops-an-export", test_damaged_export);
#undef ADD
  return g_test_run ();
}
