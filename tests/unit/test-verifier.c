/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/verifier.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file-io.h"

/* A sink in memory that lies about one byte, or fails, at the n-th read. */
#define TEST_TYPE_SINK (test_sink_get_type ())
G_DECLARE_FINAL_TYPE (TestSink, test_sink, TEST, SINK, KlSink)

struct _TestSink
{
  KlSink parent_instance;

  guint8 *bytes;
  gsize size;
  GMutex lock; /* for all that follows: two threads read */
  guint n_reads;
  guint fail_at;   /* number of the read that fails; 0: none */
  gint64 wrong;    /* byte that reads back wrong; -1: none */
  guint64 highest; /* end of the furthest read */
  guint delay;     /* microseconds that a read takes */
  gsize longest;   /* bytes, of the longest read */
};

G_DEFINE_FINAL_TYPE (TestSink, test_sink, KL_TYPE_SINK)

static gboolean
test_sink_read (KlSink *sink, void *buffer, gsize length, guint64 offset, GError **error)
{
  TestSink *self = TEST_SINK (sink);
  gboolean fails;

  g_assert_cmpuint ((guintptr) buffer % 4096, ==, 0);
  g_assert_cmpuint (offset % 4096, ==, 0);
  g_assert_cmpuint (offset + length, <=, self->size);
  g_assert_true (length % 4096 == 0 || offset + length == self->size);
  g_mutex_lock (&self->lock);
  fails = ++self->n_reads == self->fail_at;
  self->highest = MAX (self->highest, offset + length);
  self->longest = MAX (self->longest, length);
  g_mutex_unlock (&self->lock);
  if (fails)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_IO, "Read %u fails", self->fail_at);
      return FALSE;
    }

  g_usleep (self->delay);
  memcpy (buffer, self->bytes + offset, length);
  if (self->wrong >= (gint64) offset && self->wrong < (gint64) (offset + length))
    ((guint8 *) buffer)[(guint64) self->wrong - offset] ^= 1;
  return TRUE;
}

static void
test_sink_finalize (GObject *object)
{
  g_free (TEST_SINK (object)->bytes);
  G_OBJECT_CLASS (test_sink_parent_class)->finalize (object);
}

static void
test_sink_class_init (TestSinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_sink_finalize;
  KL_SINK_CLASS (klass)->read = test_sink_read;
}

static void
test_sink_init (TestSink *self)
{
  self->wrong = -1;
}

/* 20 MiB and a bit: a head, a file that begins and ends within a block, padding. */
#define HEAD ((gsize) 5 * KL_IO_BLOCK + 2048)
#define WIM ((gsize) 14 * KL_IO_BLOCK + 77)
#define SIZE (HEAD + WIM + 2048 - 77)

typedef struct
{
  TestSink *sink;
  GPtrArray *regions;
  char *folder;
  char *source;
} Fixture;

static void
add_region (Fixture *fixture, gsize offset, gsize length, const char *name, const char *source)
{
  guint32 crc = kl_crc32c_update (0, fixture->sink->bytes + offset, length);

  g_ptr_array_add (fixture->regions, kl_region_new (offset, length, crc, name, source));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  TestSink *sink = g_object_new (TEST_TYPE_SINK, NULL);

  fixture->folder = g_dir_make_tmp ("kl-verifier-XXXXXX", NULL);
  fixture->source = g_build_filename (fixture->folder, "boot.wim", NULL);
  sink->size = SIZE;
  sink->bytes = g_malloc (SIZE);
  for (gsize i = 0; i < SIZE; i++)
    sink->bytes[i] = (guint8) (i * 7 + i / 1000);
  g_assert_true (
      g_file_set_contents (fixture->source, (char *) sink->bytes + HEAD, (gssize) WIM, NULL));

  fixture->sink = sink;
  fixture->regions = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);
  add_region (fixture, 0, HEAD, "head", NULL);
  add_region (fixture, HEAD, WIM, "/sources/boot.wim", fixture->source);
  add_region (fixture, HEAD + WIM, SIZE - HEAD - WIM, "padding", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->sink);
  g_ptr_array_unref (fixture->regions);
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->source);
}

static gboolean
verify (Fixture *fixture, GError **error)
{
  return kl_verify_regions (KL_SINK (fixture->sink), fixture->regions, NULL, NULL, error);
}

static void
assert_mismatch_at (Fixture *fixture, gsize wrong, const char *part)
{
  g_autoptr (GError) error = NULL;

  fixture->sink->wrong = (gint64) wrong;
  g_assert_false (verify (fixture, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISMATCH);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, part));
}

static void
keep_last (const KlProgressReport *report, gpointer user_data)
{
  guint64 *bytes = user_data;

  g_assert_cmpuint (report->total_bytes, <=, SIZE);
  g_assert_cmpuint (report->bytes, >=, *bytes);
  *bytes = report->bytes;
}

static void
test_same (Fixture *fixture, gconstpointer data)
{
  guint64 bytes = 0;
  g_autoptr (KlProgress) progress = kl_progress_new (keep_last, &bytes);
  KlProgress *step = kl_progress_add_step (progress, 1, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (kl_verify_regions (KL_SINK (fixture->sink), fixture->regions, step, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->sink->highest, ==, SIZE);
  g_assert_cmpuint (fixture->sink->longest, <=, 4 * KL_IO_BLOCK);
  g_assert_cmpuint (bytes, ==, SIZE);
}

/* Each byte at which a region, a block or the medium begins or ends. */
static void
test_each_edge (Fixture *fixture, gconstpointer data)
{
  assert_mismatch_at (fixture, 0, "“head” reads back differently, between byte 0 and");
  assert_mismatch_at (fixture, 4 * KL_IO_BLOCK - 1, "“head”");
  assert_mismatch_at (fixture, 4 * KL_IO_BLOCK, "“head”");
  assert_mismatch_at (fixture, HEAD - 1, "“head”");
  assert_mismatch_at (fixture, HEAD, "“/sources/boot.wim”");
  assert_mismatch_at (fixture, HEAD + WIM - 1, "“/sources/boot.wim”");
  assert_mismatch_at (fixture, HEAD + WIM, "“padding”");
  assert_mismatch_at (fixture, SIZE - 1, "“padding”");
}

static void
test_first_byte (Fixture *fixture, gconstpointer data)
{
  g_autofree char *of_medium
      = g_strdup_printf ("byte %" G_GSIZE_FORMAT " of the medium", HEAD + 9 * KL_IO_BLOCK + 3);
  g_autofree char *of_file
      = g_strdup_printf ("first at byte %" G_GSIZE_FORMAT " (", 9 * KL_IO_BLOCK + 3);

  assert_mismatch_at (fixture, HEAD + 9 * KL_IO_BLOCK + 3, of_file);
  assert_mismatch_at (fixture, HEAD + 9 * KL_IO_BLOCK + 3, of_medium);
  assert_mismatch_at (fixture, HEAD, "first at byte 0 (");
}

/* Of two regions that differ, the first one is named, whoever of the threads is ahead; and reading
 * ends soon after one that is complete. */
static void
test_first_region (Fixture *fixture, gconstpointer data)
{
  KlRegion *last = g_ptr_array_index (fixture->regions, 2);
  const guint32 crc = last->crc32c;

  last->crc32c ^= 1;
  for (guint i = 0; i < 50; i++)
    assert_mismatch_at (fixture, HEAD + WIM - 1, "“/sources/boot.wim” reads back");
  last->crc32c = crc;
  fixture->sink->highest = 0;
  fixture->sink->delay = 20000;
  assert_mismatch_at (fixture, 7, "“head”");
  g_assert_cmpuint (fixture->sink->highest, <, HEAD + WIM / 2);
}

/* Regions much smaller than a block, with gaps, as small files lie on a medium. */
static void
test_many_regions (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_ptr_array_set_size (fixture->regions, 0);
  for (gsize at = 100; at + 70000 < SIZE; at += 30011)
    add_region (fixture, at, 1 + at % 30000, "small", NULL);
  add_region (fixture, SIZE - 1, 1, "last", NULL);
  g_assert_true (verify (fixture, &error));
  g_assert_no_error (error);
  for (guint i = 0; i + 1 < fixture->regions->len; i += 13)
    {
      const KlRegion *region = g_ptr_array_index (fixture->regions, i);

      assert_mismatch_at (fixture, region->offset, "“small”");
      assert_mismatch_at (fixture, region->offset + region->length - 1, "“small”");
      fixture->sink->wrong = (gint64) (region->offset + region->length);
      g_assert_true (verify (fixture, &error));
    }
}

/* The medium is a true copy of a source that is not what it was. */
static void
test_changed_source (Fixture *fixture, gconstpointer data)
{
  KlRegion *region = g_ptr_array_index (fixture->regions, 1);
  g_autoptr (GError) error = NULL;

  region->crc32c ^= 1;
  g_assert_false (verify (fixture, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "recorded checksum"));
}

static void
test_source_gone (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (remove (fixture->source), ==, 0);
  assert_mismatch_at (fixture, HEAD + 5, "“/sources/boot.wim” reads back differently, between");
}

/* What is wrong before the place where reading fails is told, and not that. */
static void
test_wrong_before_failing (Fixture *fixture, gconstpointer data)
{
  fixture->sink->fail_at = 8;
  for (guint i = 0; i < 20; i++)
    {
      fixture->sink->n_reads = 0;
      fixture->sink->delay = i * 100;
      assert_mismatch_at (fixture, 100, "“head”");
    }
}

static void
test_every_failing_read (Fixture *fixture, gconstpointer data)
{
  guint n_failed = 0;

  for (guint n = 1;; n++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *expected = g_strdup_printf ("Read %u fails", n);

      fixture->sink->n_reads = 0;
      fixture->sink->fail_at = n;
      if (verify (fixture, &error))
        break;
      g_assert_error (error, KL_ERROR, KL_ERROR_IO);
      g_assert_cmpstr (error->message, ==, expected);
      n_failed++;
    }

  g_assert_cmpuint (n_failed, ==, (SIZE + 2 * KL_IO_BLOCK - 1) / (2 * KL_IO_BLOCK));
}

static void
cancel_half_way (const KlProgressReport *report, gpointer user_data)
{
  if (report->bytes >= SIZE / 2)
    g_cancellable_cancel (user_data);
}

static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (KlProgress) progress = kl_progress_new (cancel_half_way, cancellable);
  KlProgress *step = kl_progress_add_step (progress, 1, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (
      kl_verify_regions (KL_SINK (fixture->sink), fixture->regions, step, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (fixture->sink->highest, <, SIZE);
}

static void
test_gap (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_ptr_array_remove_index (fixture->regions, 1);
  fixture->sink->wrong = HEAD + 5;
  g_assert_true (verify (fixture, &error));
  g_assert_no_error (error);
  g_ptr_array_set_size (fixture->regions, 0);
  g_assert_true (verify (fixture, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/verifier/what-was-written-is-accepted", test_same);
  ADD ("/verifier/a-wrong-byte-at-any-edge-is-found", test_each_edge);
  ADD ("/verifier/the-first-wrong-byte-is-named", test_first_byte);
  ADD ("/verifier/the-first-wrong-region-is-named", test_first_region);
  ADD ("/verifier/small-regions-count-each", test_many_regions);
  ADD ("/verifier/a-changed-source-is-told-apart", test_changed_source);
  ADD ("/verifier/a-source-that-is-gone-still-names-the-file", test_source_gone);
  ADD ("/verifier/every-failing-read-ends-it", test_every_failing_read);
  ADD ("/verifier/what-is-wrong-before-a-failing-read-is-told", test_wrong_before_failing);
  ADD ("/verifier/can-be-cancelled-between-blocks", test_cancelled);
  ADD ("/verifier/only-regions-count", test_gap);
#undef ADD
  return g_test_run ();
}
