/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/read-share.h"

#include <fcntl.h>
#include <unistd.h>

#include "disk-fixture.h"

#define FILE_BYTES ((gsize) 40 * DISK_MIB + 12345)
#define RING_BYTES ((gsize) 16 * DISK_MIB)
#define PIECE ((gsize) 300000) /* of no block's size */
#define N_READERS 4

typedef struct
{
  char *folder;
  char *path;
  guint8 *content;
  KlReadShare *share;
  KlReadMember *members[N_READERS];
  int fds[N_READERS];
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);

  fixture->folder = g_dir_make_tmp ("kl-read-share-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "source", NULL);
  fixture->content = g_malloc (FILE_BYTES + 4);
  for (gsize i = 0; i < FILE_BYTES; i += 4)
    kl_put_u32 (fixture->content + i, g_rand_int (rand));
  g_assert_true (
      g_file_set_contents (fixture->path, (char *) fixture->content, (gssize) FILE_BYTES, NULL));

  fixture->share = kl_read_share_new ();
  for (guint i = 0; i < N_READERS; i++)
    fixture->fds[i] = kl_open_for_reading (fixture->path, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_READERS; i++)
    kl_close_fd (&fixture->fds[i]);
  kl_read_share_unref (fixture->share);
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->content);
  g_free (fixture->path);
  g_free (fixture->folder);
}

static void
join (Fixture *fixture, guint n)
{
  for (guint i = 0; i < n; i++)
    fixture->members[i] = kl_read_share_join (fixture->share, FALSE);
}

static void
join_patient (Fixture *fixture, guint n)
{
  for (guint i = 0; i < n; i++)
    fixture->members[i] = kl_read_share_join (fixture->share, TRUE);
}

static void
leave (Fixture *fixture, guint n)
{
  for (guint i = 0; i < n; i++)
    kl_read_member_leave (fixture->members[i]);
}

/* One piece, compared with what the file holds. */
static void
read_piece (Fixture *fixture, guint reader, gsize offset)
{
  g_autofree guint8 *bytes = g_malloc (PIECE);
  gsize length = MIN (PIECE, FILE_BYTES - offset);
  g_autoptr (GError) error = NULL;

  kl_read_member_read (fixture->members[reader], fixture->fds[reader], bytes, length, offset,
                       fixture->path, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (memcmp (bytes, fixture->content + offset, length) == 0);
}

static void
read_all (Fixture *fixture, guint reader)
{
  for (gsize at = 0; at < FILE_BYTES; at += PIECE)
    read_piece (fixture, reader, at);
}

static void
test_read_once (Fixture *fixture, gconstpointer data)
{
  join (fixture, N_READERS);
  for (gsize at = 0; at < FILE_BYTES; at += PIECE)
    for (guint reader = 0; reader < N_READERS; reader++)
      read_piece (fixture, (reader + (guint) (at / PIECE)) % N_READERS, at);
  g_assert_cmpuint (kl_read_share_get_file_bytes (fixture->share), ==, FILE_BYTES);
  leave (fixture, N_READERS);
}

/* Returns: how long it takes to read everything where there is nobody to wait for; microseconds */
static gint64
time_alone (Fixture *fixture)
{
  const gint64 start = g_get_monotonic_time ();

  join (fixture, 1);
  read_all (fixture, 0);
  leave (fixture, 1);
  return g_get_monotonic_time () - start;
}

/* Returns: how long one that waits for nobody, or is awoken, may take, on a machine that does other
 * things as well; microseconds. One that waits takes KL_READ_PATIENCE_WITH_ONE and the time to
 * read. */
static gint64
get_time_to_wake (Fixture *fixture)
{
  return KL_READ_PATIENCE_WITH_ONE * 3 / 4 + 2 * time_alone (fixture);
}

static guint64
get_file_bytes (Fixture *fixture)
{
  return kl_read_share_get_file_bytes (fixture->share);
}

/* What one reads that comes when the whole file has been read: only what is out of the ring. */
static void
read_behind (Fixture *fixture, guint reader)
{
  const guint64 before = get_file_bytes (fixture);

  read_all (fixture, reader);
  g_assert_cmpuint (get_file_bytes (fixture) - before, >, FILE_BYTES - RING_BYTES);
  g_assert_cmpuint (get_file_bytes (fixture) - before, <=, FILE_BYTES - RING_BYTES + DISK_MIB);
}

/* It never waits for the others, nor they for it, unless both are patient. */
static void
test_behind (Fixture *fixture, gconstpointer data)
{
  const gboolean patient[][2] = { { FALSE, FALSE }, { FALSE, TRUE }, { TRUE, FALSE } };

  for (guint i = 0; i < G_N_ELEMENTS (patient); i++)
    {
      const gint64 limit = get_time_to_wake (fixture);
      const guint64 before = get_file_bytes (fixture);
      gint64 start;

      for (guint j = 0; j < 2; j++)
        fixture->members[j] = kl_read_share_join (fixture->share, patient[i][j]);
      start = g_get_monotonic_time ();
      read_all (fixture, 0);
      g_assert_cmpint (g_get_monotonic_time () - start, <, limit);
      g_assert_cmpuint (get_file_bytes (fixture) - before, ==, FILE_BYTES);
      read_behind (fixture, 1);
      leave (fixture, 2);
    }
}

/* A file that is written anew in its place is another one: nobody gets what it held before. */
static void
test_changed (Fixture *fixture, gconstpointer data)
{
  g_autofd int fd = open (fixture->path, O_WRONLY | O_CLOEXEC);

  join (fixture, 2);
  read_piece (fixture, 0, 0);
  fixture->content[5] ^= 0xff;
  g_usleep (20000); /* the kernel's clock for files ticks every 10 ms at most */
  g_assert_cmpint (pwrite (fd, fixture->content, 10, 0), ==, 10);
  read_piece (fixture, 1, 0);
  leave (fixture, 2);
}

/* Without another member there is nothing to keep. */
static void
test_alone (Fixture *fixture, gconstpointer data)
{
  join (fixture, 1);
  read_all (fixture, 0);
  read_all (fixture, 0);
  g_assert_cmpuint (kl_read_share_get_file_bytes (fixture->share), ==, 2 * FILE_BYTES);
  leave (fixture, 1);
}

static void
test_failing_reader (Fixture *fixture, gconstpointer data)
{
  g_autofree guint8 *bytes = g_malloc (PIECE);
  g_autofd int fd = open (fixture->path, O_WRONLY | O_CLOEXEC);

  join (fixture, 2);
  for (gsize at = 0; at < FILE_BYTES; at += PIECE)
    {
      g_autoptr (GError) error = NULL;

      if (at % 3 == 0)
        {
          gboolean read = kl_read_member_read (fixture->members[0], fd, bytes, PIECE, at, "faulty",
                                               NULL, &error);

          g_assert_true (read || strstr (error->message, "faulty") != NULL);
        }
      read_piece (fixture, 1, at);
    }
  leave (fixture, 2);
}

static void
test_ends_early (Fixture *fixture, gconstpointer data)
{
  g_autofree guint8 *bytes = g_malloc (PIECE);
  g_autoptr (GError) error = NULL;

  join (fixture, 2);
  g_assert_false (kl_read_member_read (fixture->members[0], fixture->fds[0], bytes, PIECE,
                                       FILE_BYTES - PIECE + 1, "short", NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  leave (fixture, 2);
}

typedef struct
{
  Fixture *fixture;
  guint number;
} Reader;

static gpointer
read_thread (gpointer data)
{
  Reader *reader = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (reader->number);

  for (gsize at = 0; at < FILE_BYTES; at += PIECE)
    {
      read_piece (reader->fixture, reader->number, at);
      if (g_rand_int_range (rand, 0, 8) == 0)
        g_usleep (1000 * reader->number);
    }
  kl_read_member_leave (reader->fixture->members[reader->number]);
  return NULL;
}

static void
test_threads (Fixture *fixture, gconstpointer data)
{
  Reader readers[N_READERS];
  GThread *threads[N_READERS];

  join (fixture, N_READERS);
  for (guint i = 0; i < N_READERS; i++)
    {
      readers[i] = (Reader){ fixture, i };
      threads[i] = g_thread_new ("reader", read_thread, &readers[i]);
    }
  for (guint i = 0; i < N_READERS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (kl_read_share_get_file_bytes (fixture->share), >=, FILE_BYTES);
  g_assert_cmpuint (kl_read_share_get_file_bytes (fixture->share), <, N_READERS * FILE_BYTES);
}

/* ---- Those ahead wait for those behind. ---- */

#define N_SMALL 60
#define SMALL ((gsize) 4000)

typedef struct
{
  Fixture *fixture;
  guint number;
  guint pause; /* microseconds after each small file */
  gint64 took; /* microseconds */
} Drive;

static void
read_small (Fixture *fixture, guint reader, guint first, guint n)
{
  for (guint i = first; i < first + n; i++)
    {
      guint8 bytes[SMALL];
      g_autofree char *path = g_strdup_printf ("%s/%u", fixture->folder, i);
      g_autofd int fd = kl_open_for_reading (path, NULL);

      g_assert_true (
          kl_read_member_read (fixture->members[reader], fd, bytes, SMALL, 0, path, NULL, NULL));
      g_assert_true (memcmp (bytes, fixture->content + i, SMALL) == 0);
    }
}

/* Files onto a drive that needs its time for the flush after each, and is as fast as the others in
 * large files. */
static gpointer
drive_thread (gpointer data)
{
  Drive *drive = data;
  Fixture *fixture = drive->fixture;
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < N_SMALL; i++)
    {
      read_small (fixture, drive->number, i, 1);
      g_usleep (drive->pause);
    }
  for (gsize at = 0; at < FILE_BYTES; at += PIECE)
    {
      read_piece (fixture, drive->number, at);
      g_usleep (2000);
    }
  drive->took = g_get_monotonic_time () - start;
  kl_read_member_leave (fixture->members[drive->number]);
  return NULL;
}

static void
write_small (Fixture *fixture)
{
  for (guint i = 0; i < N_SMALL; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%u", fixture->folder, i);

      g_assert_true (
          g_file_set_contents (path, (char *) fixture->content + i, (gssize) SMALL, NULL));
    }
}

static void
run_drives (Fixture *fixture, const guint *pauses, Drive *drives)
{
  GThread *threads[N_READERS];

  write_small (fixture);
  join_patient (fixture, N_READERS);
  for (guint i = 0; i < N_READERS; i++)
    {
      drives[i] = (Drive){ .fixture = fixture, .number = i, .pause = pauses[i] };
      threads[i] = g_thread_new ("drive", drive_thread, &drives[i]);
    }
  for (guint i = 0; i < N_READERS; i++)
    g_thread_join (threads[i]);
}

static void
test_flushes (Fixture *fixture, gconstpointer data)
{
  const guint pauses[N_READERS] = { 0, 2000, 5000, 8000 };
  Drive drives[N_READERS];

  run_drives (fixture, pauses, drives);
  g_assert_cmpuint (kl_read_share_get_file_bytes (fixture->share), ==,
                    FILE_BYTES + N_SMALL * SMALL);
}

/* One is stuck: it costs the others their patience with it once, whatever the number of files, and
 * they go on to read once. */
static void
test_stuck (Fixture *fixture, gconstpointer data)
{
  const guint pauses[N_READERS] = { 100000, 0, 2000, 4000 };
  Drive drives[N_READERS];

  run_drives (fixture, pauses, drives);
  g_assert_cmpuint (kl_read_share_get_file_bytes (fixture->share), <=,
                    2 * (FILE_BYTES + N_SMALL * SMALL));
  for (guint i = 1; i < N_READERS; i++)
    g_assert_cmpint (drives[i].took, <, drives[0].took - 3 * G_USEC_PER_SEC);
}

/* One after the other comes and does nothing: two use up what the one ahead has of patience, who
 * waits no more for the third. */
static void
test_bounds (Fixture *fixture, gconstpointer data)
{
  gint64 took[3];

  write_small (fixture);
  join_patient (fixture, 1);
  for (guint i = 0; i < 3; i++)
    {
      const gint64 start = g_get_monotonic_time ();

      fixture->members[i + 1] = kl_read_share_join (fixture->share, TRUE);
      read_small (fixture, 0, 20 * i, 20);
      took[i] = g_get_monotonic_time () - start;
    }
  g_assert_cmpint (took[0], >=, KL_READ_PATIENCE_WITH_ONE * 9 / 10);
  g_assert_cmpint (took[0], <, KL_READ_PATIENCE * 3 / 4);
  g_assert_cmpint (took[0] + took[1], >=, KL_READ_PATIENCE * 9 / 10);
  g_assert_cmpint (took[2], <, KL_READ_PATIENCE_WITH_ONE * 3 / 4);
  leave (fixture, 4);
}

static gpointer
read_ahead_thread (gpointer data)
{
  read_all (data, 0);
  return NULL;
}

/* Until the one ahead, who has read something since there were @begun bytes, reads no more. */
static void
wait_until_it_waits (Fixture *fixture, guint64 begun)
{
  guint64 before, now = begun;

  do
    {
      before = now;
      g_usleep (50000);
      now = get_file_bytes (fixture);
    }
  while (now == begun || now != before);
}

/* Others that leave or finish, or its own end, wake one that waits. */
static void
test_wakes (Fixture *fixture, gconstpointer data)
{
  for (guint how = 0; how < 3; how++)
    {
      const gint64 limit = get_time_to_wake (fixture);
      const guint64 begun = get_file_bytes (fixture);
      gint64 start;
      GThread *thread;

      join_patient (fixture, 2);
      thread = g_thread_new ("ahead", read_ahead_thread, fixture);
      wait_until_it_waits (fixture, begun);
      start = g_get_monotonic_time ();
      if (how == 0)
        kl_read_member_finish (fixture->members[0]);
      else if (how == 1)
        kl_read_member_finish (fixture->members[1]);
      else
        kl_read_member_leave (fixture->members[1]);
      g_thread_join (thread);
      g_assert_cmpint (g_get_monotonic_time () - start, <, limit);
      kl_read_member_leave (fixture->members[0]);
      if (how < 2)
        kl_read_member_leave (fixture->members[1]);
    }
}

static gpointer
cancel_thread (gpointer data)
{
  g_usleep (100000);
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  g_autofree guint8 *bytes = g_malloc (FILE_BYTES);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  const gint64 limit = get_time_to_wake (fixture);
  const gint64 start = g_get_monotonic_time ();
  GThread *thread;

  join_patient (fixture, 2);
  thread = g_thread_new ("cancel", cancel_thread, cancellable);
  kl_read_member_read (fixture->members[0], fixture->fds[0], bytes, FILE_BYTES, 0, fixture->path,
                       cancellable, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time () - start, <, limit);
  g_thread_join (thread);
  leave (fixture, 2);
}

/* ---- Writers of whole media, one of them onto a slow target. ---- */

#define TEST_TYPE_SLOW_SINK (test_slow_sink_get_type ())
G_DECLARE_FINAL_TYPE (TestSlowSink, test_slow_sink, TEST, SLOW_SINK, KlSink)

struct _TestSlowSink
{
  KlSink parent_instance;

  KlSink *file;        /* owned */
  guint pause;         /* microseconds for each write; 0: as fast as can be */
  guint64 fail_beyond; /* bytes; 0: never */
};

G_DEFINE_FINAL_TYPE (TestSlowSink, test_slow_sink, KL_TYPE_SINK)

static gboolean
slow_prepare (KlSink *sink, guint64 size, GError **error)
{
  return kl_sink_prepare (TEST_SLOW_SINK (sink)->file, size, error);
}

static gboolean
slow_write (KlSink *sink, const void *data, gsize length, guint64 offset, GError **error)
{
  TestSlowSink *self = TEST_SLOW_SINK (sink);

  if (self->fail_beyond > 0 && offset > self->fail_beyond)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_DEVICE_GONE, "Pulled out");
      return FALSE;
    }
  g_usleep (self->pause);
  return kl_sink_write (self->file, data, length, offset, error);
}

static gboolean
slow_flush (KlSink *sink, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  return kl_sink_flush (TEST_SLOW_SINK (sink)->file, progress, cancellable, error);
}

static gboolean
slow_read (KlSink *sink, void *buffer, gsize length, guint64 offset, GError **error)
{
  return kl_sink_read (TEST_SLOW_SINK (sink)->file, buffer, length, offset, error);
}

static gboolean
slow_commit (KlSink *sink, GError **error)
{
  return kl_sink_commit (TEST_SLOW_SINK (sink)->file, error);
}

static void
slow_finalize (GObject *object)
{
  g_clear_object (&TEST_SLOW_SINK (object)->file);
  G_OBJECT_CLASS (test_slow_sink_parent_class)->finalize (object);
}

static void
test_slow_sink_class_init (TestSlowSinkClass *klass)
{
  KlSinkClass *sink_class = KL_SINK_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = slow_finalize;
  sink_class->prepare = slow_prepare;
  sink_class->write = slow_write;
  sink_class->flush = slow_flush;
  sink_class->read = slow_read;
  sink_class->commit = slow_commit;
}

static void
test_slow_sink_init (TestSlowSink *self)
{
}

typedef struct
{
  KlMediaWriter *writer;
  TestSlowSink *sink;
  KlReadMember *member;
  GError *error;
  gint64 ended; /* monotonic time */
} Medium;

static gpointer
write_thread (gpointer data)
{
  Medium *medium = data;

  disk_write (medium->writer, KL_SINK (medium->sink), NULL, &medium->error);
  kl_read_member_leave (medium->member);
  medium->ended = g_get_monotonic_time ();
  return NULL;
}

/* The first is slow, the second fails: the others are read back as they should be, long before the
 * slow one is done. */
static void
test_writers (DiskFixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  g_autoptr (KlReadShare) share = kl_read_share_new ();
  Medium media[N_READERS] = { 0 };
  GThread *threads[N_READERS];

  disk_layout_add (fixture->layout, "/sources/large.wim", 60 * DISK_MIB, rand, fixture->sources);
  for (guint i = 0; i < N_READERS; i++)
    {
      KlReadMember *member = kl_read_share_join (share, FALSE);
      const KlFat32Options options = { .disk_bytes = (200 + 100 * i) * DISK_MIB,
                                       .bios_code = fixture->code,
                                       .member = member };
      g_autofree char *path = g_strdup_printf ("%s/%u.img", fixture->folder, i);

      media[i].writer = kl_fat32_writer_new (fixture->layout, &options, &media[i].error);
      g_assert_no_error (media[i].error);
      media[i].sink = g_object_new (TEST_TYPE_SLOW_SINK, NULL);
      media[i].sink->file = kl_file_sink_new (path, NULL);
      media[i].sink->pause = i == 0 ? 30000 : 0;
      media[i].sink->fail_beyond = i == 1 ? 20 * DISK_MIB : 0;
      media[i].member = member;
      kl_file_sink_set_sparse (KL_FILE_SINK (media[i].sink->file), 0);
    }
  for (guint i = 0; i < N_READERS; i++)
    threads[i] = g_thread_new ("medium", write_thread, &media[i]);
  for (guint i = 0; i < N_READERS; i++)
    g_thread_join (threads[i]);

  for (guint i = 0; i < N_READERS; i++)
    {
      if (i == 1)
        g_assert_error (media[i].error, KL_ERROR, KL_ERROR_DEVICE_GONE);
      else
        g_assert_no_error (media[i].error);
      g_assert_cmpint (media[i].ended, <=, media[0].ended);
      g_clear_error (&media[i].error);
      g_clear_object (&media[i].writer);
      g_clear_object (&media[i].sink);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/read-share/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("readers-of-one-pace-read-once", test_read_once);
  ADD ("one-ahead-never-waits-for-one-behind", test_behind);
  ADD ("a-file-that-changes-is-read-anew", test_changed);
  ADD ("one-alone-keeps-nothing", test_alone);
  ADD ("one-that-fails-fails-alone", test_failing_reader);
  ADD ("the-end-of-the-file-is-told", test_ends_early);
  ADD ("threads-get-their-bytes", test_threads);
  ADD ("drives-with-flushes-of-all-lengths-read-once", test_flushes);
  ADD ("one-that-is-stuck-is-waited-for-once", test_stuck);
  ADD ("patience-with-one-and-in-all-is-bounded", test_bounds);
  ADD ("leaving-and-finishing-wake", test_wakes);
  ADD ("cancelling-wakes", test_cancel);
#undef ADD
  g_test_add ("/read-share/a-slow-medium-holds-up-no-other", DiskFixture, NULL, disk_set_up,
              test_writers, disk_tear_down);
  return g_test_run ();
}
