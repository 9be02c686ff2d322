/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/capacity-probe.h"

#include <unistd.h>

#include "disk-fixture.h"

/* ---- A drive that holds less than it says. ---- */

#define TEST_TYPE_LIAR (test_liar_get_type ())
G_DECLARE_FINAL_TYPE (TestLiar, test_liar, TEST, LIAR, KlSink)

typedef enum
{
  LIE_NONE,
  LIE_WRAPS,    /* begins again at its start */
  LIE_LOSES,    /* drops what is beyond, and reads zeros there */
  LIE_SQUEEZES, /* puts everything beyond into its last block */
  N_LIES
} Lie;

struct _TestLiar
{
  KlSink parent_instance;

  KlSink *file; /* owned */
  Lie lie;
  guint64 true_size; /* bytes */
  guint n_writes;
  guint64 bytes; /* written */
};

G_DEFINE_FINAL_TYPE (TestLiar, test_liar, KL_TYPE_SINK)

#define BLOCK ((gsize) 512)

/* Where a block really lies; G_MAXUINT64: nowhere. */
static guint64
find_place (TestLiar *self, guint64 offset)
{
  if (offset < self->true_size || self->lie == LIE_NONE)
    return offset;
  if (self->lie == LIE_WRAPS)
    return offset % self->true_size;
  return self->lie == LIE_LOSES ? G_MAXUINT64 : self->true_size - BLOCK;
}

static gboolean
liar_prepare (KlSink *sink, guint64 size, GError **error)
{
  return kl_sink_prepare (TEST_LIAR (sink)->file, size, error);
}

/* How much of @length lies in one piece from @offset on. */
static gsize
find_run (TestLiar *self, guint64 offset, gsize length)
{
  if (self->lie == LIE_NONE)
    return length;
  if (offset < self->true_size)
    return (gsize) MIN (length, self->true_size - offset);
  if (self->lie == LIE_WRAPS)
    return (gsize) MIN (length, self->true_size - offset % self->true_size);
  return self->lie == LIE_LOSES ? length : BLOCK;
}

static gboolean
liar_write (KlSink *sink, const void *data, gsize length, guint64 offset, GError **error)
{
  TestLiar *self = TEST_LIAR (sink);
  const guint8 *bytes = data;

  self->n_writes++;
  self->bytes += length;
  while (length > 0)
    {
      gsize n = find_run (self, offset, length);
      guint64 place = find_place (self, offset);

      if (place != G_MAXUINT64 && !kl_sink_write (self->file, bytes, n, place, error))
        return FALSE;
      bytes += n;
      offset += n;
      length -= n;
    }
  return TRUE;
}

static gboolean
liar_flush (KlSink *sink, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  return TRUE;
}

/* By whole blocks of what the file under it wants: true sizes are multiples of 4096. */
static gboolean
liar_read (KlSink *sink, void *buffer, gsize length, guint64 offset, GError **error)
{
  TestLiar *self = TEST_LIAR (sink);
  guint8 *bytes = buffer;

  while (length > 0)
    {
      gsize n = MAX (find_run (self, offset, length), MIN (length, 4096));
      guint64 place = find_place (self, offset);

      if (place == G_MAXUINT64)
        memset (bytes, 0, n);
      else if (!kl_sink_read (self->file, bytes, n, place / 4096 * 4096, error))
        return FALSE;
      bytes += n;
      offset += n;
      length -= n;
    }
  return TRUE;
}

static gboolean
liar_commit (KlSink *sink, GError **error)
{
  return TRUE;
}

static void
liar_finalize (GObject *object)
{
  g_clear_object (&TEST_LIAR (object)->file);
  G_OBJECT_CLASS (test_liar_parent_class)->finalize (object);
}

static void
test_liar_class_init (TestLiarClass *klass)
{
  KlSinkClass *sink_class = KL_SINK_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = liar_finalize;
  sink_class->prepare = liar_prepare;
  sink_class->write = liar_write;
  sink_class->flush = liar_flush;
  sink_class->read = liar_read;
  sink_class->commit = liar_commit;
}

static void
test_liar_init (TestLiar *self)
{
}

static TestLiar *
liar_new (const char *path, Lie lie, guint64 true_size)
{
  TestLiar *liar = g_object_new (TEST_TYPE_LIAR, NULL);

  liar->file = kl_file_sink_new (path, NULL);
  liar->lie = lie;
  liar->true_size = true_size;
  kl_file_sink_set_sparse (KL_FILE_SINK (liar->file), 0);
  return liar;
}

/* ---- The writer on such drives, without reading the content back. ---- */

static gboolean
make_medium (DiskFixture *fixture, TestLiar *liar, guint64 size, gboolean gpt, GError **error)
{
  const KlFat32Options options
      = { .disk_bytes = size, .gpt = gpt, .bios_code = fixture->code, .probe_capacity = TRUE };
  g_autoptr (KlMediaWriter) writer = kl_fat32_writer_new (fixture->layout, &options, error);
  g_autoptr (GPtrArray) last = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);

  g_assert_nonnull (writer);
  return kl_media_writer_write (writer, KL_SINK (liar), NULL, NULL, error)
         && kl_sink_flush (KL_SINK (liar), NULL, NULL, error)
         && kl_media_writer_finish (writer, KL_SINK (liar), last, NULL, error);
}

static void
assert_found (DiskFixture *fixture, Lie lie, guint64 true_size, guint64 size, gboolean gpt)
{
  g_autoptr (TestLiar) liar = liar_new (fixture->path, lie, true_size);
  g_autoptr (GError) error = NULL;
  g_autofree char *says = g_strdup_printf (" of %" G_GUINT64_FORMAT " bytes", size);
  guint8 *sector = g_aligned_alloc (1, 4096, 4096);
  const char *number;
  guint64 found;

  if (make_medium (fixture, liar, size, gpt, &error))
    g_error ("Lie %d of %" G_GUINT64_FORMAT " bytes of %" G_GUINT64_FORMAT " was not found", lie,
             true_size, size);
  g_assert_error (error, KL_ERROR, KL_ERROR_CAPACITY);
  number = strstr (error->message, "at most ");
  g_assert_nonnull (number);
  g_assert_nonnull (strstr (error->message, says));
  found = g_ascii_strtoull (number + strlen ("at most "), NULL, 10);
  g_assert_cmpuint (found, >=, true_size);
  g_assert_cmpuint (found, <, size);

  /* It is no medium. */
  g_assert_true (kl_sink_read (liar->file, sector, 4096, 0, NULL));
  g_assert_false (sector[510] == 0x55 && sector[511] == 0xaa);
  g_aligned_free (sector);
}

static void
test_lies (DiskFixture *fixture, gconstpointer data)
{
  static const guint64 sizes[] = { 2, 4, 12, 16, 31, 64, 100, 198 };

  for (guint lie = LIE_WRAPS; lie < N_LIES; lie++)
    for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
      assert_found (fixture, lie, sizes[i] * DISK_MIB, 200 * DISK_MIB, i % 2 == 1);
}

/* Up to 64 times the content. */
static void
test_random_lies (DiskFixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);

  for (guint i = 0; i < 30; i++)
    {
      Lie lie = 1 + i % (N_LIES - 1);
      guint64 size = (guint64) g_rand_int_range (rand, 10000, 45000) * 4096
                     + 512 * (guint64) g_rand_int_range (rand, 0, 8);
      guint64 true_size
          = 4096 * (guint64) g_rand_int_range (rand, 256, (gint32) ((size - DISK_MIB) / 4096));

      assert_found (fixture, lie, true_size, size, FALSE);
    }
}

/* Content of 3 MB on 64 GB: not every number is found, those that are made are. */
static void
test_large_lies (DiskFixture *fixture, gconstpointer data)
{
  for (guint64 true_size = 4 << 10; true_size < 64000; true_size *= 2)
    for (guint lie = LIE_WRAPS; lie < N_LIES; lie++)
      assert_found (fixture, lie, true_size * DISK_MIB, 64000000000, FALSE);
}

static void
test_honest (DiskFixture *fixture, gconstpointer data)
{
  const guint64 sizes[] = { 301 * DISK_MIB, 300 * DISK_MIB + 512, 64000000000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (guint gpt = 0; gpt < 2; gpt++)
      {
        g_autoptr (TestLiar) liar = liar_new (fixture->path, LIE_NONE, 0);
        g_autoptr (GError) error = NULL;

        make_medium (fixture, liar, sizes[i], gpt, &error);
        g_assert_no_error (error);
        g_assert_cmpuint (liar->n_writes, <, 160);
      }
}

static void
test_full (DiskFixture *fixture, gconstpointer data)
{
  g_autoptr (KlCapacityProbe) none
      = kl_capacity_probe_new (10 * DISK_MIB, 10 * DISK_MIB, 11 * DISK_MIB);
  g_autoptr (TestLiar) liar = liar_new (fixture->path, LIE_LOSES, 0);

  g_assert_true (kl_capacity_probe_write (none, KL_SINK (liar), NULL, NULL));
  g_assert_true (kl_capacity_probe_check (none, KL_SINK (liar), NULL, NULL));
  g_assert_cmpuint (liar->n_writes, ==, 0);
}

/* What loses its marks at once is found before the content is written. */
static void
test_found_early (DiskFixture *fixture, gconstpointer data)
{
  g_autoptr (TestLiar) liar = liar_new (fixture->path, LIE_LOSES, 100 * DISK_MIB);
  g_autoptr (GError) error = NULL;

  g_assert_false (make_medium (fixture, liar, 300 * DISK_MIB, FALSE, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_CAPACITY);
  g_assert_cmpuint (liar->bytes, <, 3 * DISK_MIB);
}

static void
set_up (DiskFixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);

  disk_set_up (fixture, data);
  g_object_unref (fixture->layout);
  fixture->layout = disk_layout_new (TRUE);
  disk_layout_add (fixture->layout, "/bootmgr", 450001, rand, NULL);
  disk_layout_add (fixture->layout, "/sources/boot.wim", 1000001, rand, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/capacity-probe/" path, DiskFixture, NULL, set_up, func, disk_tear_down)
  ADD ("every-lie-is-found-with-both-sizes", test_lies);
  ADD ("lies-of-any-number-are-found", test_random_lies);
  ADD ("lies-of-large-drives-are-found", test_large_lies);
  ADD ("an-honest-drive-passes", test_honest);
  ADD ("a-full-medium-has-no-marks", test_full);
  ADD ("a-loss-is-found-before-the-content", test_found_early);
#undef ADD
  return g_test_run ();
}
