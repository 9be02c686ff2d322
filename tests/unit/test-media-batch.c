/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "creation/media-batch.h"

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "import/import.h"
#include "prepare/recipe.h"

#define N_MEDIA 3
#define DISK_BYTES ((guint64) 64 << 20)

/* Disk images stand for drives: the same writer, without a question for permission. */
typedef struct
{
  char *folder;
  KlCatalog *catalog;
  char *id;
  KlMediaBatch *batch;
  KlMediaCreator *creators[N_MEDIA]; /* borrowed */
  guint n_finished;
} Fixture;

static void
finished_cb (Fixture *fixture)
{
  g_assert_false (kl_media_batch_is_busy (fixture->batch));
  fixture->n_finished++;
}

static char *
dup_path (Fixture *fixture, guint number)
{
  g_autofree char *name = g_strdup_printf ("%u.img", number);

  return g_build_filename (fixture->folder, name, NULL);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const KlImportOptions import = { .path = g_getenv ("KL_SAMPLE_WIM") };
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  fixture->folder = g_dir_make_tmp ("kl-media-batch-XXXXXX", NULL);
  path = g_build_filename (fixture->folder, "catalog", NULL);
  fixture->catalog = kl_catalog_new (path);
  image = kl_catalog_import (fixture->catalog, &import, NULL, NULL, &error);
  g_assert_no_error (error);
  fixture->id = g_strdup (kl_boot_image_get_id (image));

  fixture->batch = kl_media_batch_new (fixture->catalog);
  g_signal_connect_swapped (fixture->batch, "finished", G_CALLBACK (finished_cb), fixture);
  for (guint i = 0; i < N_MEDIA; i++)
    {
      g_autofree char *destination = dup_path (fixture, i);
      const KlMediaOptions options = {
        .type = KL_MEDIA_TYPE_UFD_FORMAT,
        .destination = destination,
        .image_id = fixture->id,
        .disk_image_bytes = DISK_BYTES * (i + 1),
        .bios_code_folder = g_getenv ("KL_BIOS_CODE"),
      };
      g_autoptr (KlMediaRequest) request = kl_media_request_new (&options, &error);

      g_assert_no_error (error);
      fixture->creators[i] = kl_media_batch_add (fixture->batch, request);
    }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_object_unref (fixture->batch);
  g_object_unref (fixture->catalog);
  g_free (fixture->folder);
  g_free (fixture->id);
}

static void
start (Fixture *fixture)
{
  for (guint i = 0; i < N_MEDIA; i++)
    kl_job_run_async (KL_JOB (fixture->creators[i]), NULL, NULL, NULL);
  g_assert_true (kl_media_batch_is_busy (fixture->batch));
}

static void
wait_for_end (Fixture *fixture)
{
  while (kl_media_batch_is_busy (fixture->batch))
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
is_made (Fixture *fixture, guint number)
{
  g_autofree char *path = dup_path (fixture, number);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
test_all_made (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (fixture->batch)), ==, N_MEDIA);
  start (fixture);
  wait_for_end (fixture);
  g_assert_cmpuint (fixture->n_finished, ==, 1);
  for (guint i = 0; i < N_MEDIA; i++)
    {
      const KlMediaResult *result = kl_media_creator_get_result (fixture->creators[i]);

      g_assert_cmphex (kl_job_get_exit_code (KL_JOB (fixture->creators[i])), ==, 0);
      g_assert_true (result->verified);
      g_assert_cmpuint (result->bytes, ==, DISK_BYTES * (i + 1));
      g_assert_true (is_made (fixture, i));
      for (guint j = 0; j < i; j++)
        g_assert_cmpstr (kl_certificate_get_sha1 (result->certificate), !=,
                         kl_certificate_get_sha1 (
                             kl_media_creator_get_result (fixture->creators[j])->certificate));
    }
}

/* By the one that came first: two at once would find the image busy. */
static void
test_prepared_once (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  kl_recipe_set (fixture->catalog, fixture->id, "scratch-space", "512", &error);
  g_assert_no_error (error);
  start (fixture);
  wait_for_end (fixture);
  for (guint i = 0; i < N_MEDIA; i++)
    g_assert_cmphex (kl_job_get_exit_code (KL_JOB (fixture->creators[i])), ==, 0);
}

/* The first one, which the others wait for. */
static void
test_one_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  kl_recipe_set (fixture->catalog, fixture->id, "scratch-space", "512", &error);
  g_assert_no_error (error);
  start (fixture);
  kl_job_cancel (KL_JOB (fixture->creators[0]));
  wait_for_end (fixture);
  g_assert_cmphex (kl_job_get_exit_code (KL_JOB (fixture->creators[0])), ==, 0x800704C7);
  g_assert_false (is_made (fixture, 0));
  for (guint i = 1; i < N_MEDIA; i++)
    {
      g_assert_cmphex (kl_job_get_exit_code (KL_JOB (fixture->creators[i])), ==, 0);
      g_assert_true (is_made (fixture, i));
    }

  /* Again, alone. */
  kl_job_run_async (KL_JOB (fixture->creators[0]), NULL, NULL, NULL);
  wait_for_end (fixture);
  g_assert_true (is_made (fixture, 0));
  g_assert_cmpuint (fixture->n_finished, ==, 2);
}

static void
test_all_cancelled (Fixture *fixture, gconstpointer data)
{
  start (fixture);
  for (guint i = 0; i < N_MEDIA; i++)
    kl_job_cancel (KL_JOB (fixture->creators[i]));
  wait_for_end (fixture);
  g_assert_cmpuint (fixture->n_finished, ==, 1);
  for (guint i = 0; i < N_MEDIA; i++)
    {
      g_assert_cmphex (kl_job_get_exit_code (KL_JOB (fixture->creators[i])), ==, 0x800704C7);
      g_assert_false (is_made (fixture, i));
    }
}

/* Whoever waited is told the same; nothing is made of it. */
static void
test_broken_image (Fixture *fixture, gconstpointer data)
{
  g_autofree char *wim
      = g_build_filename (fixture->folder, "catalog", fixture->id, "source.wim", NULL);
  g_autofree char *content = NULL;
  gsize length = 0;

  g_assert_true (g_file_get_contents (wim, &content, &length, NULL));
  content[length / 2] ^= 1;
  g_assert_true (g_file_set_contents (wim, content, (gssize) length, NULL));
  start (fixture);
  wait_for_end (fixture);
  for (guint i = 0; i < N_MEDIA; i++)
    {
      g_assert_cmphex (kl_job_get_exit_code (KL_JOB (fixture->creators[i])), ==, 0x80040003);
      g_assert_cmpstr (kl_job_get_error_detail (KL_JOB (fixture->creators[i])), ==, fixture->id);
      g_assert_false (is_made (fixture, i));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/media-batch/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("all-are-made-each-with-its-certificate", test_all_made);
  ADD ("the-image-is-prepared-once", test_prepared_once);
  ADD ("one-is-cancelled-and-made-again", test_one_cancelled);
  ADD ("all-are-cancelled", test_all_cancelled);
  ADD ("a-broken-image-fails-all", test_broken_image);
#undef ADD
  return g_test_run ();
}
