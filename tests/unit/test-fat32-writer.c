/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/fat32-writer.h"

#include <sys/stat.h>
#include <unistd.h>

#include "disk-fixture.h"
#include "disk/vhd.h"

#define PARTITION ((guint64) 1 << 20)

/* ---- A sink that notes what comes, and fails at the n-th call. ---- */

#define TEST_TYPE_SINK (test_sink_get_type ())
G_DECLARE_FINAL_TYPE (TestSink, test_sink, TEST, SINK, KlSink)

typedef struct
{
  guint64 offset;
  gsize length; /* 0: a flush */
  gboolean aligned;
} Call;

struct _TestSink
{
  KlSink parent_instance;

  KlSink *file;  /* owned */
  GArray *calls; /* owned; of Call */
  guint fail_at;
  guint lie_at; /* the call that says it wrote, and wrote something else; 0: none */
  guint64 rate; /* bytes a second; 0: as fast as can be */
};

G_DEFINE_FINAL_TYPE (TestSink, test_sink, KL_TYPE_SINK)

static gboolean
note (TestSink *self, guint64 offset, gsize length, gconstpointer data, GError **error)
{
  const Call call = { offset, length, (guintptr) data % 4096 == 0 };

  g_array_append_val (self->calls, call);
  if (self->calls->len != self->fail_at)
    return TRUE;
  g_set_error (error, KL_ERROR, KL_ERROR_IO, "Call %u fails", self->calls->len);
  return FALSE;
}

static gboolean
test_sink_prepare (KlSink *sink, guint64 size, GError **error)
{
  return kl_sink_prepare (TEST_SINK (sink)->file, size, error);
}

static gboolean
test_sink_write (KlSink *sink, const void *data, gsize length, guint64 offset, GError **error)
{
  TestSink *self = TEST_SINK (sink);

  if (self->rate > 0)
    g_usleep (length * G_USEC_PER_SEC / self->rate);
  if (!note (self, offset, length, data, error))
    return FALSE;
  if (self->calls->len == self->lie_at)
    {
      g_autofree guint8 *other = g_memdup2 (data, length);

      other[length / 2] ^= 0x10;
      return kl_sink_write (self->file, other, length, offset, error);
    }
  return kl_sink_write (self->file, data, length, offset, error);
}

static gboolean
test_sink_flush (KlSink *sink, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  TestSink *self = TEST_SINK (sink);

  return note (self, 0, 0, NULL, error) && kl_sink_flush (self->file, progress, cancellable, error);
}

static gboolean
test_sink_read (KlSink *sink, void *buffer, gsize length, guint64 offset, GError **error)
{
  return kl_sink_read (TEST_SINK (sink)->file, buffer, length, offset, error);
}

static gboolean
test_sink_commit (KlSink *sink, GError **error)
{
  return kl_sink_commit (TEST_SINK (sink)->file, error);
}

static void
test_sink_finalize (GObject *object)
{
  g_clear_object (&TEST_SINK (object)->file);
  g_array_unref (TEST_SINK (object)->calls);
  G_OBJECT_CLASS (test_sink_parent_class)->finalize (object);
}

static void
test_sink_class_init (TestSinkClass *klass)
{
  KlSinkClass *sink_class = KL_SINK_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_sink_finalize;
  sink_class->prepare = test_sink_prepare;
  sink_class->write = test_sink_write;
  sink_class->flush = test_sink_flush;
  sink_class->read = test_sink_read;
  sink_class->commit = test_sink_commit;
}

static void
test_sink_init (TestSink *self)
{
  self->calls = g_array_new (FALSE, FALSE, sizeof (Call));
}

static TestSink *
test_sink_new (const char *path, guint64 needed, guint fail_at)
{
  TestSink *sink = g_object_new (TEST_TYPE_SINK, NULL);

  sink->file = kl_file_sink_new (path, NULL);
  sink->fail_at = fail_at;
  kl_file_sink_set_sparse (KL_FILE_SINK (sink->file), needed);
  return sink;
}

/* ---- Tools. ---- */

static char *
run (const char *folder, const char *command)
{
  const char *argv[] = { "sh", "-c", command, NULL };
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (GError) error = NULL;
  g_autofree char *err = NULL;
  char *output = NULL;
  int status = -1;

  environment = g_environ_setenv (environment, "MTOOLS_SKIP_CHECK", "1", TRUE);
  environment = g_environ_setenv (environment, "LC_ALL", "C.UTF-8", TRUE);
  g_spawn_sync (folder, (char **) argv, environment, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &err,
                &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s: %s %s", command, error->message, output, err);
  return output;
}

static void
assert_has (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("“%s” is not in: %s", part, text);
}

static guint
count_names (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* fsck.fat finds nothing, and mtools extracts every file as it was and nothing else. */
static void
assert_sound (DiskFixture *fixture, KlMediaLayout *layout)
{
  g_autofree char *checked = NULL;
  g_autofree char *listed = NULL;
  guint n_files;

  /* fsck.fat knows no offset, and copying a large disk takes a while. */
  checked
      = run (fixture->folder, "test $(stat -c %s disk.img) -gt 1000000000 || {"
                              " dd if=disk.img of=part.img bs=1M skip=1 conv=sparse status=none &&"
                              " fsck.fat -nv part.img && rm part.img; }");
  if (*checked != '\0')
    assert_has (checked,
                "Checking for unused clusters.\nChecking free cluster summary.\npart.img: ");

  g_free (run (fixture->folder, "mkdir out && mcopy -s -n -Q -i disk.img@@1M '::*' out"));
  for (guint i = 0; i < layout->items->len; i++)
    {
      const KlLayoutItem *item = layout->items->pdata[i];
      g_autofree char *path = g_build_filename (fixture->folder, "out", item->path, NULL);
      g_autofree char *content = NULL;
      g_autofree char *sha256 = NULL;
      gsize length = 0;

      if (!g_file_get_contents (path, &content, &length, NULL))
        g_error ("%s was not extracted", item->path);
      sha256 = kl_sha256_data (content, length);
      g_assert_cmpstr (sha256, ==, item->sha256);
    }
  listed = run (fixture->folder, "find out -type f | wc -l");
  n_files = (guint) g_ascii_strtoull (g_strstrip (listed), NULL, 10);
  g_assert_cmpuint (n_files, ==, layout->items->len);
  g_free (run (fixture->folder, "rm -r out"));
}

/* ---- What was written, seen by others. ---- */

static void
test_seen_by_others (DiskFixture *fixture, gconstpointer data)
{
  g_autofree char *table = NULL;
  g_autofree char *probed = NULL;
  g_autofree char *times = NULL;

  disk_make (fixture, fixture->layout, 301 * DISK_MIB, FALSE);
  table = run (fixture->folder, "sfdisk -d disk.img && sfdisk --verify disk.img");
  assert_has (table, "start=        2048, size=      614400, type=c, bootable");
  assert_has (table, "No errors detected");
  probed = run (fixture->folder, "blkid -p -O 1048576 disk.img");
  assert_has (probed, " LABEL=\"TEST DISK\"");
  assert_has (probed, " VERSION=\"FAT32\"");
  times = run (fixture->folder, "mdir -i disk.img@@1M ::/bootmgr");
  assert_has (times, "bootmgr         450001 2026-03-04   5:06");
  assert_sound (fixture, fixture->layout);
}

/* The bytes of media-formats.md 9.2 and 9.3. */
static void
test_bytes (DiskFixture *fixture, gconstpointer data)
{
  g_autofree guint8 *head = g_malloc (2 * PARTITION);
  const guint8 *volume = head + PARTITION;
  gsize core_size;
  gconstpointer core = g_bytes_get_data (fixture->code->core, &core_size);
  int fd;

  disk_make (fixture, fixture->layout, 301 * DISK_MIB, FALSE);
  fd = kl_open_for_reading (fixture->path, NULL);
  g_assert_true (kl_read_at (fd, head, 2 * PARTITION, 0, fixture->path, NULL));
  kl_close_fd (&fd);

  g_assert_cmpmem (head, KL_MBR_CODE_BYTES, fixture->code->mbr, KL_MBR_CODE_BYTES);
  g_assert_cmpmem (head + 512, core_size, core, core_size);
  g_assert_cmpmem (volume, 11, "\xeb\x58\x90MSWIN4.1", 11);
  g_assert_cmpmem (volume + 11, 7, "\x00\x02\x08\x52\x03\x02\x00", 7);
  g_assert_cmpmem (volume + 28, 8, "\x00\x08\x00\x00\x00\x60\x09\x00", 8);
  g_assert_cmpmem (volume + 36, 4, "\x57\x02\x00\x00", 4);
  g_assert_cmpmem (volume + 82, 8, "FAT32   ", 8);
  g_assert_cmpmem (volume, 1536, volume + 3072, 1536);
  g_assert_cmpmem (volume + 512, 4, "RRaA", 4);
}

static void
test_uefi_only (DiskFixture *fixture, gconstpointer data)
{
  g_autoptr (KlMediaLayout) layout = disk_layout_new (FALSE);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  g_autofree guint8 *head = g_malloc (PARTITION);
  int fd;

  disk_layout_add (layout, "/sources/boot.wim", 10000, rand, NULL);
  disk_make (fixture, layout, 64 * DISK_MIB, FALSE);
  fd = kl_open_for_reading (fixture->path, NULL);
  g_assert_true (kl_read_at (fd, head, PARTITION, 0, fixture->path, NULL));
  kl_close_fd (&fd);
  for (gsize i = 0; i < PARTITION; i++)
    if (i < 0x1b8 || i >= 512)
      g_assert_cmphex (head[i], ==, 0);
  assert_sound (fixture, layout);
}

/* No character beyond 16 bits: mtools does not know them. */
static char *
random_name (GRand *rand)
{
  static const char *const letters[] = { "a", "b", "C", "D", "1", "-", "_", " ", ".", "ä", "漢" };
  GString *name = g_string_new ("n");
  gint length = g_rand_int_range (rand, 0, g_rand_int_range (rand, 0, 8) == 0 ? 60 : 12);

  for (gint i = 0; i < length; i++)
    g_string_append (name, letters[g_rand_int_range (rand, 0, G_N_ELEMENTS (letters))]);
  g_string_append_printf (name, "%u", g_rand_int_range (rand, 0, 1000));
  return g_string_free (name, FALSE);
}

static void
test_random_layouts (DiskFixture *fixture, gconstpointer data)
{
  static const guint64 sizes[] = { 0, 100, 200, 300, 20000 };

  for (guint seed = 1; seed <= G_N_ELEMENTS (sizes); seed++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      g_autoptr (KlMediaLayout) layout = disk_layout_new (TRUE);
      g_autofree char *folder = g_strdup ("");

      for (guint i = 0; i < 120; i++)
        {
          g_autofree char *name = random_name (rand);
          g_autofree char *path = NULL;
          g_autofree char *key = NULL;
          gsize size
              = (gsize) g_rand_int_range (rand, 0, 4) * (gsize) g_rand_int_range (rand, 0, 60000);

          if (i % 10 == 0 && strlen (folder) < 100)
            {
              g_autofree char *below = g_strconcat (folder, "/", name, NULL);

              g_free (folder);
              folder = g_strdup (i % 40 == 0 ? "" : below);
            }
          path = g_strdup_printf ("%s/%u%s", folder, i, name);
          disk_layout_add (layout, path, size, rand, i % 3 == 0 ? fixture->sources : NULL);
        }
      disk_make (fixture, layout, sizes[seed - 1] * DISK_MIB, FALSE);
      assert_sound (fixture, layout);
    }
}

/* A disk of the least size, filled up to its last cluster. */
static void
test_exactly_full (DiskFixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (9);
  g_autoptr (KlMediaLayout) layout = disk_layout_new (TRUE);
  g_autofree char *info = NULL;

  /* 512-byte clusters, 1 MiB of tables before the data, and one cluster for the root. */
  disk_layout_add (layout, "/full", 40 * DISK_MIB - DISK_MIB - 512, rand, fixture->sources);
  disk_make (fixture, layout, 0, FALSE);
  info = run (fixture->folder, "minfo -i disk.img@@1M :: | grep -a 'free clusters'; "
                               "stat -c %s disk.img");
  assert_has (info, "free clusters=0\n42991616\n");
  assert_sound (fixture, layout);
}

static void
test_sparse (DiskFixture *fixture, gconstpointer data)
{
  struct stat info;

  disk_make (fixture, fixture->layout, 60000 * DISK_MIB, FALSE);
  g_assert_cmpint (stat (fixture->path, &info), ==, 0);
  g_assert_cmpuint ((guint64) info.st_size, ==, 60000 * DISK_MIB);
  g_assert_cmpuint ((guint64) info.st_blocks * 512, <, 32 * DISK_MIB);
}

/* Above 2 TiB the first 2 TiB are used. */
static void
test_three_tebibytes (DiskFixture *fixture, gconstpointer data)
{
  g_autofree char *table = NULL;

  disk_make (fixture, fixture->layout, (guint64) 3 << 40, FALSE);
  table = run (fixture->folder, "sfdisk -d disk.img; "
                                "mtype -i disk.img@@1M ::/Boot/BCD | wc -c");
  assert_has (table, "start=        2048, size=  4294965248, type=c");
  assert_has (table, "\n12288\n");
}

static void
test_vhd (DiskFixture *fixture, gconstpointer data)
{
  guint8 footer[KL_VHD_FOOTER_BYTES];
  gboolean fixed = FALSE;
  guint64 bytes = 0;
  int fd;

  disk_make (fixture, fixture->layout, 100 * DISK_MIB, TRUE);
  fd = kl_open_for_reading (fixture->path, NULL);
  g_assert_cmpint (lseek (fd, 0, SEEK_END), ==, 100 * DISK_MIB + 512);
  g_assert_true (kl_read_at (fd, footer, 512, 100 * DISK_MIB, fixture->path, NULL));
  kl_close_fd (&fd);
  g_assert_true (kl_vhd_parse_footer ((KlBytesView){ footer, 512 }, &fixed, &bytes));
  g_assert_true (fixed);
  g_assert_cmpuint (bytes, ==, 100 * DISK_MIB);
}

/* ---- The order of the writes. ---- */

static void
test_order (DiskFixture *fixture, gconstpointer data)
{
  g_autoptr (KlMediaWriter) writer
      = disk_writer_new (fixture, fixture->layout, 300 * DISK_MIB, FALSE);
  g_autoptr (TestSink) sink = test_sink_new (fixture->path, 0, 0);
  g_autoptr (GError) error = NULL;
  guint phase = 0, n_in_phase[6] = { 0 };
  guint64 end = 0;

  disk_write (writer, KL_SINK (sink), NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < sink->calls->len; i++)
    {
      const Call *call = &g_array_index (sink->calls, Call, i);

      if (call->length == 0)
        {
          phase++;
          end = 0;
          continue;
        }
      g_assert_cmpuint (call->offset, >=, end);
      g_assert_cmpuint (call->offset % 4096, ==, 0);
      g_assert_cmpuint (call->length % 4096, ==, 0);
      g_assert_true (call->aligned);
      end = call->offset + call->length;
      n_in_phase[phase]++;
      if (phase == 0)
        g_assert_true (end <= PARTITION + 16 * 512 || call->offset >= 299 * DISK_MIB);
      if (phase == 1)
        g_assert_cmpuint (call->offset, >=, 4096);
      if (phase == 1 && n_in_phase[1] > 1)
        g_assert_cmpuint (call->offset % (DISK_MIB / 2), ==, 0);
      if (phase == 2)
        g_assert_cmpuint (call->offset, ==, PARTITION);
      if (phase == 3)
        g_assert_cmpuint (call->offset, ==, 0);
    }
  g_assert_cmpuint (phase, ==, 4);
  g_assert_cmpuint (n_in_phase[0], ==, 5);
  g_assert_cmpuint (n_in_phase[1], >=, 3);
  g_assert_cmpuint (n_in_phase[2], ==, 1);
  g_assert_cmpuint (n_in_phase[3], ==, 1);
  g_assert_cmpuint (n_in_phase[4], ==, 0);
}

/* Wherever it ends, the error is the sink's, no file appears, and the bytes so far are told as
 * unfinished: no table, no boot sector. */
static void
test_every_failing_call (DiskFixture *fixture, gconstpointer data)
{
  guint n_calls = 0;

  for (guint n = 0; n == 0 || n <= n_calls; n++)
    {
      g_autoptr (KlMediaWriter) writer = disk_writer_new (fixture, fixture->layout, 0, FALSE);
      g_autoptr (TestSink) sink = test_sink_new (fixture->path, 0, n);
      g_autofree char *expected = g_strdup_printf ("Call %u fails", n);
      g_autofree char *text = NULL;
      g_autoptr (GError) error = NULL;
      guint8 *sector = g_aligned_alloc (1, 4096, 4096);
      gboolean written = disk_write (writer, KL_SINK (sink), NULL, &error);

      g_assert_true (kl_sink_read (sink->file, sector, 4096, 0, NULL));
      /* The first call writes the mark, the last one flushes the table. */
      g_assert_cmpint (kl_disk_is_unfinished ((KlBytesView){ sector, 512 }), ==,
                       n > 1 && n < n_calls);
      g_aligned_free (sector);
      g_assert_cmpint (written, ==, n == 0);
      if (n == 0)
        {
          n_calls = sink->calls->len;
          g_assert_true (g_file_set_contents (fixture->path, "old", -1, NULL));
          continue;
        }

      g_assert_error (error, KL_ERROR, KL_ERROR_IO);
      g_assert_cmpstr (error->message, ==, expected);
      g_clear_object (&sink);
      g_assert_cmpuint (count_names (fixture->folder), ==, 1);
      g_assert_true (g_file_get_contents (fixture->path, &text, NULL, NULL));
      g_assert_cmpstr (text, ==, "old");
    }
  g_assert_cmpuint (n_calls, >=, 11);
}

/* One bit of one write: reading back finds it, wherever it is in what belongs to the medium. What
 * is only cleared before it is no part of that. */
static void
test_every_lying_write (DiskFixture *fixture, gconstpointer data)
{
  guint n_calls = 1, n_found = 0;

  for (guint n = 0; n <= n_calls; n++)
    {
      g_autoptr (KlMediaWriter) writer = disk_writer_new (fixture, fixture->layout, 0, FALSE);
      g_autoptr (TestSink) sink = test_sink_new (fixture->path, 0, 0);
      g_autoptr (GError) error = NULL;
      guint n_flushes = 0;
      gboolean written;

      sink->lie_at = n;
      written = disk_write (writer, KL_SINK (sink), NULL, &error);
      n_calls = MAX (n_calls, sink->calls->len);
      for (guint i = 0; i < n && i < sink->calls->len; i++)
        n_flushes += g_array_index (sink->calls, Call, i).length == 0;
      if (n == 0 || n_flushes == 0 || g_array_index (sink->calls, Call, n - 1).length == 0)
        {
          g_assert_no_error (error);
          continue;
        }
      g_assert_false (written);
      g_assert_error (error, KL_ERROR, KL_ERROR_MISMATCH);
      n_found++;
    }
  g_assert_cmpuint (n_found, >=, 20);
}

typedef struct
{
  GCancellable *cancellable;
  double fraction;
  gint64 cancelled; /* monotonic time; 0: not yet */
} Trigger;

static void
cancel_at (const KlProgressReport *report, gpointer user_data)
{
  Trigger *trigger = user_data;

  if (report->fraction < trigger->fraction || trigger->cancelled != 0)
    return;
  trigger->cancelled = g_get_monotonic_time ();
  g_cancellable_cancel (trigger->cancellable);
}

static void
test_cancelled (DiskFixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Trigger trigger = { cancellable, i / 6.0, 0 };
      g_autoptr (KlProgress) progress = kl_progress_new (cancel_at, &trigger);
      KlProgress *step = kl_progress_add_step (progress, 1, NULL);
      g_autoptr (KlMediaWriter) writer = disk_writer_new (fixture, fixture->layout, 0, FALSE);
      g_autoptr (GPtrArray) last = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);
      KlSink *sink = kl_file_sink_new (fixture->path, NULL);
      g_autoptr (GError) error = NULL;

      g_assert_false (kl_media_writer_write (writer, sink, step, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      g_assert_false (kl_media_writer_finish (writer, sink, last, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpuint (last->len, ==, 0);
      g_object_unref (sink);
      g_assert_cmpint (g_get_monotonic_time () - trigger.cancelled, <, G_USEC_PER_SEC);
      g_assert_cmpuint (count_names (fixture->folder), ==, 0);
    }
}

typedef struct
{
  GCancellable *cancellable;
  gint64 after;     /* microseconds */
  gint64 cancelled; /* monotonic time */
} Timer;

static gpointer
cancel_thread (gpointer data)
{
  Timer *timer = data;

  g_usleep ((gulong) timer->after);
  timer->cancelled = g_get_monotonic_time ();
  g_cancellable_cancel (timer->cancellable);
  return NULL;
}

/* 1 MB/s is as slow as drives are. */
static void
test_cancelled_slow (DiskFixture *fixture, gconstpointer data)
{
  const gint64 times[] = { 150, 1600 };

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (KlMediaWriter) writer = disk_writer_new (fixture, fixture->layout, 0, FALSE);
      g_autoptr (TestSink) sink = test_sink_new (fixture->path, 0, 0);
      g_autoptr (GError) error = NULL;
      Timer timer = { cancellable, times[i] * 1000, 0 };
      GThread *thread = g_thread_new ("cancel", cancel_thread, &timer);

      sink->rate = 1000000;
      g_assert_false (disk_write (writer, KL_SINK (sink), cancellable, &error));
      g_thread_join (thread);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpint (g_get_monotonic_time () - timer.cancelled, <, G_USEC_PER_SEC);
    }
}

/* ---- What goes wrong. ---- */

static void
test_too_small (DiskFixture *fixture, gconstpointer data)
{
  g_autoptr (KlMediaWriter) least = disk_writer_new (fixture, fixture->layout, 0, FALSE);
  guint64 min = kl_fat32_writer_get_min_bytes (KL_FAT32_WRITER (least)), size = 0;
  const guint64 sizes[] = { 512, DISK_MIB, 2 * DISK_MIB, 20 * DISK_MIB, min - 512 };

  g_assert_true (kl_media_writer_measure (least, &size, NULL));
  g_assert_cmpuint (size, ==, min);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      const KlFat32Options options = { .disk_bytes = sizes[i], .bios_code = fixture->code };
      g_autofree char *expected = g_strdup_printf ("at least %" G_GUINT64_FORMAT
                                                   " bytes, but this one has %" G_GUINT64_FORMAT,
                                                   min, sizes[i]);
      g_autoptr (GError) error = NULL;

      g_assert_null (kl_fat32_writer_new (fixture->layout, &options, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE);
      g_assert_cmpstr (kl_error_get_detail (error), ==, "TST00001");
      assert_has (error->message, expected);
    }
}

static void
test_large_file (DiskFixture *fixture, gconstpointer data)
{
  const KlFat32Options options = { .bios_code = fixture->code };
  KlLayoutItem *wim = g_hash_table_lookup (fixture->layout->by_path, "/sources/boot.wim");
  g_autoptr (GError) error = NULL;

  wim->size = (guint64) 4 << 30;
  g_assert_null (kl_fat32_writer_new (fixture->layout, &options, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE);
  g_assert_cmpstr (kl_error_get_detail (error), ==, "TST00001");
  assert_has (error->message, "/sources/boot.wim");
}

static void
test_changed_sources (DiskFixture *fixture, gconstpointer data)
{
  const KlLayoutItem *wim = kl_media_layout_find (fixture->layout, "/sources/boot.wim");
  const gint codes[] = { KL_ERROR_MISSING_PACKAGE, KL_ERROR_MISSING_PACKAGE, KL_ERROR_NOT_FOUND };
  g_autofree char *content = NULL;
  gsize size = 0;

  g_assert_true (g_file_get_contents (wim->file, &content, &size, NULL));
  content[size / 2] ^= 1;
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (KlMediaWriter) writer = disk_writer_new (fixture, fixture->layout, 0, FALSE);
      g_autoptr (KlSink) sink = kl_file_sink_new (fixture->path, NULL);
      g_autoptr (GError) error = NULL;

      if (i == 2)
        g_assert_cmpint (g_unlink (wim->file), ==, 0);
      else
        g_assert_true (g_file_set_contents (wim->file, content, (gssize) (size - i), NULL));
      g_assert_false (disk_write (writer, sink, NULL, &error));
      g_assert_error (error, KL_ERROR, codes[i]);
      assert_has (error->message, i == 0   ? "its checksum differs"
                                  : i == 1 ? "bytes and not"
                                           : wim->file);
      if (i < 2)
        g_assert_cmpstr (kl_error_get_detail (error), ==, "TST00001");
    }
}

static int
compare_regions (gconstpointer a, gconstpointer b)
{
  const KlRegion *first = *(KlRegion *const *) a;
  const KlRegion *second = *(KlRegion *const *) b;

  return first->offset < second->offset ? -1 : first->offset > second->offset;
}

static void
test_progress (DiskFixture *fixture, gconstpointer data)
{
  g_autoptr (KlMediaWriter) writer = disk_writer_new (fixture, fixture->layout, 0, FALSE);
  g_autoptr (KlSink) sink = kl_file_sink_new (fixture->path, NULL);
  g_autoptr (GPtrArray) last = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);
  g_autoptr (GPtrArray) regions = g_ptr_array_new ();
  guint64 bytes = 0, end = 0;

  g_assert_true (kl_media_writer_write (writer, sink, NULL, NULL, NULL));
  g_assert_true (kl_media_writer_finish (writer, sink, last, NULL, NULL));
  g_assert_cmpuint (last->len, ==, 2);
  g_ptr_array_extend (regions, kl_media_writer_get_regions (writer), NULL, NULL);
  g_ptr_array_extend (regions, last, NULL, NULL);
  g_ptr_array_sort (regions, compare_regions);
  for (guint i = 0; i < regions->len; i++)
    {
      const KlRegion *region = regions->pdata[i];

      g_assert_cmpuint (region->offset, >=, end);
      end = region->offset + region->length;
      bytes += region->length;
    }
  g_assert_cmpuint (bytes, ==, end);
  g_assert_cmpuint (end, <=, kl_fat32_writer_get_written_bytes (KL_FAT32_WRITER (writer)));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/fat32-writer/" path, DiskFixture, NULL, disk_set_up, func, disk_tear_down)
  ADD ("sfdisk-blkid-fsck-and-mtools-agree", test_seen_by_others);
  ADD ("structures-have-their-bytes", test_bytes);
  ADD ("without-bios-there-is-no-code", test_uefi_only);
  ADD ("random-layouts-are-extracted-by-mtools", test_random_layouts);
  ADD ("a-volume-can-be-exactly-full", test_exactly_full);
  ADD ("free-space-is-a-hole", test_sparse);
  ADD ("of-three-tib-the-first-two-are-used", test_three_tebibytes);
  ADD ("a-vhd-has-its-footer", test_vhd);
  ADD ("writes-ascend-and-the-table-comes-last", test_order);
  ADD ("every-failing-call-of-the-sink-ends-it", test_every_failing_call);
  ADD ("every-lying-write-is-found", test_every_lying_write);
  ADD ("can-be-cancelled-at-any-point", test_cancelled);
  ADD ("a-slow-drive-can-be-cancelled-within-a-second", test_cancelled_slow);
  ADD ("a-target-too-small-is-told-with-both-sizes", test_too_small);
  ADD ("a-file-of-four-gib-is-refused", test_large_file);
  ADD ("changed-sources-are-found-before-the-end", test_changed_sources);
  ADD ("regions-cover-what-is-written", test_progress);
#undef ADD
  return g_test_run ();
}
