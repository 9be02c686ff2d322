/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restore/blank-writer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file-io.h"
#include "disk/exfat-volume.h"
#include "disk/partition-table.h"
#include "sink/file-sink.h"

#define MIB ((guint64) 1 << 20)
#define GIB ((guint64) 1 << 30)

typedef struct
{
  char *folder;
  char *path; /* folder/disk.img */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-blank-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "disk.img", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->path);
}

/* ---- A drive in a file: keeps what was there, fails at the n-th write, or holds less. ---- */

#define TEST_TYPE_SINK (test_sink_get_type ())
G_DECLARE_FINAL_TYPE (TestSink, test_sink, TEST, SINK, KlSink)

struct _TestSink
{
  KlSink parent_instance;

  int fd;
  guint n_writes;
  guint fail_at; /* 0: never */
  guint64 true_bytes;
};

G_DEFINE_FINAL_TYPE (TestSink, test_sink, KL_TYPE_SINK)

static gboolean
test_sink_prepare (KlSink *sink, guint64 size, GError **error)
{
  return TRUE;
}

static gboolean
test_sink_write (KlSink *sink, const void *data, gsize length, guint64 offset, GError **error)
{
  TestSink *self = TEST_SINK (sink);

  g_assert_cmpuint (offset % 512 + length % 512, ==, 0);
  if (++self->n_writes == self->fail_at)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_IO, "Write %u fails", self->n_writes);
      return FALSE;
    }
  g_assert_cmpint (pwrite (self->fd, data, length, (off_t) (offset % self->true_bytes)), ==,
                   (gssize) length);
  return TRUE;
}

static gboolean
test_sink_flush (KlSink *sink, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  return TRUE;
}

static gboolean
test_sink_read (KlSink *sink, void *buffer, gsize length, guint64 offset, GError **error)
{
  TestSink *self = TEST_SINK (sink);

  return kl_read_at (self->fd, buffer, length, offset % self->true_bytes, "disk", error);
}

static gboolean
test_sink_commit (KlSink *sink, GError **error)
{
  return TRUE;
}

static void
test_sink_finalize (GObject *object)
{
  kl_close_fd (&TEST_SINK (object)->fd);
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
}

static TestSink *
test_sink_new (const char *path, guint64 bytes)
{
  TestSink *sink = g_object_new (TEST_TYPE_SINK, NULL);

  sink->fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  sink->true_bytes = bytes;
  g_assert_cmpint (ftruncate (sink->fd, (off_t) bytes), ==, 0);
  return sink;
}

/* ---- Tools. ---- */

static char *
run (const char *folder, const char *command)
{
  const char *argv[] = { "sh", "-c", command, NULL };
  g_auto (GStrv) environment = g_environ_setenv (g_get_environ (), "LC_ALL", "C.UTF-8", TRUE);
  g_autoptr (GError) error = NULL;
  g_autofree char *err = NULL;
  char *output = NULL;
  int status = -1;

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

static void
assert_lacks (const char *text, const char *part)
{
  if (strstr (text, part) != NULL)
    g_error ("“%s” is in: %s", part, text);
}

/* The volume in a file of its own, without reading the holes of the disk. */
static void
cut_out_volume (Fixture *fixture)
{
  g_autofree char *path = g_build_filename (fixture->folder, "part.img", NULL);
  g_autofree guint8 *bytes = g_malloc (MIB);
  int from = open (fixture->path, O_RDONLY | O_CLOEXEC);
  int to = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  struct stat info;

  g_assert_cmpint (fstat (from, &info), ==, 0);
  g_assert_cmpint (ftruncate (to, info.st_size - (off_t) MIB), ==, 0);
  for (off_t at = lseek (from, (off_t) MIB, SEEK_DATA); at >= 0 && at < info.st_size;)
    {
      gssize n = pread (from, bytes, MIB, at);

      g_assert_cmpint (pwrite (to, bytes, (gsize) n, at - (off_t) MIB), ==, n);
      at = lseek (from, at + n, SEEK_DATA);
    }
  kl_close_fd (&from);
  kl_close_fd (&to);
}

static KlMediaWriter *
writer_new (guint64 bytes, KlBlankKind kind, const char *label)
{
  const KlBlankOptions options
      = { .disk_bytes = bytes, .kind = kind, .label = label, .probe_capacity = TRUE };
  g_autoptr (GError) error = NULL;
  KlMediaWriter *writer = kl_blank_writer_new (&options, &error);

  g_assert_no_error (error);
  return writer;
}

/* As the job does it. */
static gboolean
write_disk (KlMediaWriter *writer, TestSink *sink, GError **error)
{
  g_autoptr (GPtrArray) last = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_region_free);

  return kl_media_writer_write (writer, KL_SINK (sink), NULL, NULL, error)
         && kl_sink_flush (KL_SINK (sink), NULL, NULL, error)
         && kl_verify_regions (KL_SINK (sink), kl_media_writer_get_regions (writer), NULL, NULL,
                               error)
         && kl_media_writer_finish (writer, KL_SINK (sink), last, NULL, error)
         && kl_verify_regions (KL_SINK (sink), last, NULL, NULL, error);
}

static void
make_disk (Fixture *fixture, guint64 bytes, KlBlankKind kind, const char *label)
{
  g_autoptr (KlMediaWriter) writer = writer_new (bytes, kind, label);
  g_autoptr (TestSink) sink = NULL;
  g_autoptr (GError) error = NULL;

  if (access (fixture->path, F_OK) == 0)
    unlink (fixture->path);
  sink = test_sink_new (fixture->path, bytes);
  write_disk (writer, sink, &error);
  g_assert_no_error (error);
  cut_out_volume (fixture);
}

static void
assert_no_code (Fixture *fixture)
{
  guint8 sector[512];
  int fd = open (fixture->path, O_RDONLY | O_CLOEXEC);

  g_assert_true (kl_read_at (fd, sector, sizeof sector, 0, "disk", NULL));
  kl_close_fd (&fd);
  for (gsize i = 0; i < KL_MBR_CODE_BYTES; i++)
    g_assert_cmphex (sector[i], ==, 0);
  g_assert_false (kl_disk_is_unfinished ((KlBytesView){ sector, sizeof sector }));
}

/* ---- FAT32. ---- */

static void
test_fat32 (Fixture *fixture, gconstpointer data)
{
  static const guint64 sizes[] = { 35 * MIB, 64 * MIB + 512, 301 * MIB, 2 * GIB };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *table = NULL;
      g_autofree char *checked = NULL;
      g_autofree char *probed = NULL;
      g_autofree char *listed = NULL;

      make_disk (fixture, sizes[i], KL_BLANK_BY_SIZE, "Photos 1");
      assert_no_code (fixture);
      table = run (fixture->folder, "sfdisk -d disk.img && sfdisk --verify disk.img");
      assert_has (table, "start=        2048, size=");
      assert_has (table, "type=c\n");
      assert_has (table, "No errors detected");
      checked = run (fixture->folder, "fsck.fat -nv part.img");
      assert_has (checked, "Checking free cluster summary.\npart.img: 1 files, 1/");
      probed = run (fixture->folder, "blkid -p part.img");
      assert_has (probed, " LABEL=\"PHOTOS 1\"");
      assert_has (probed, " VERSION=\"FAT32\"");
      listed = run (fixture->folder, "mdir -a -b -i part.img ::");
      g_assert_cmpstr (listed, ==, "");
    }
}

static void
test_fat32_without_label (Fixture *fixture, gconstpointer data)
{
  g_autofree char *checked = NULL;
  g_autofree char *probed = NULL;

  make_disk (fixture, 64 * MIB, KL_BLANK_FAT32, NULL);
  checked = run (fixture->folder, "fsck.fat -nv part.img");
  assert_has (checked, "part.img: 0 files, 1/");
  probed = run (fixture->folder, "blkid -p part.img");
  assert_lacks (probed, " LABEL=");
}

/* ---- exFAT. ---- */

/* The specification gives the sum of its table (7.2.5.1). */
static void
test_upcase_table (void)
{
  g_autoptr (GBytes) table = kl_exfat_upcase_make ();

  g_assert_cmpuint (g_bytes_get_size (table), ==, 5836);
  g_assert_cmphex (kl_exfat_sum (0, g_bytes_get_data (table, NULL), 5836), ==, 0xe619d30d);
}

static void
test_exfat (Fixture *fixture, gconstpointer data)
{
  static const guint64 sizes[] = { 5 * MIB, 64 * MIB + 512, 256 * MIB, 300 * MIB, 40 * GIB };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *table = NULL;
      g_autofree char *checked = NULL;
      g_autofree char *probed = NULL;

      make_disk (fixture, sizes[i], KL_BLANK_EXFAT, "Fotos für");
      assert_no_code (fixture);
      table = run (fixture->folder, "sfdisk -d disk.img && sfdisk --verify disk.img");
      assert_has (table, "start=        2048, size=");
      assert_has (table, "type=7\n");
      assert_has (table, "No errors detected");
      checked = run (fixture->folder, "fsck.exfat -n -v part.img 2>&1");
      assert_has (checked, "part.img: clean. directories 1, files 0");
      assert_lacks (checked, "ERROR");
      probed = run (fixture->folder, "blkid -p part.img");
      assert_has (probed, " LABEL=\"Fotos fM-CM-<r\""); /* as blkid writes it */
      assert_has (probed, " TYPE=\"exfat\"");
    }
}

/* mkfs.exfat, of another house, comes to the same. */
static void
test_exfat_as_others (Fixture *fixture, gconstpointer data)
{
  static const char *const sizes[] = { "1G", "64G" };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      const guint64 bytes = g_ascii_strtoull (sizes[i], NULL, 10) * GIB;
      g_autofree char *command = g_strdup_printf (
          "truncate -s %s other.img && mkfs.exfat -L TEST other.img >mkfs.txt && "
          "for f in part other; do dump.exfat $f.img | grep -v Serial >$f.txt; done && "
          "diff part.txt other.txt >&2 && rm other.img",
          sizes[i]);

      make_disk (fixture, bytes + MIB, KL_BLANK_EXFAT, "TEST");
      g_free (run (fixture->folder, command));
    }
}

static void
test_exfat_without_label (Fixture *fixture, gconstpointer data)
{
  g_autofree char *checked = NULL;
  g_autofree char *probed = NULL;

  make_disk (fixture, 64 * MIB, KL_BLANK_EXFAT, "");
  checked = run (fixture->folder, "fsck.exfat -n part.img 2>&1");
  assert_has (checked, "part.img: clean. directories 1, files 0");
  probed = run (fixture->folder, "blkid -p part.img");
  assert_lacks (probed, " LABEL=");
}

/* An MBR ends at 2 TiB. */
static void
test_beyond_2_tib (Fixture *fixture, gconstpointer data)
{
  g_autofree char *table = NULL;
  g_autofree char *checked = NULL;

  make_disk (fixture, 3 * 1024 * GIB, KL_BLANK_BY_SIZE, "BIG");
  table = run (fixture->folder, "sfdisk -d disk.img && sfdisk --verify disk.img");
  assert_has (table, "label: gpt");
  assert_has (table, "start=        2048, size=  6442446848,");
  assert_has (table, "type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7");
  assert_has (table, "No errors detected");
  checked = run (fixture->folder, "fsck.exfat -n part.img 2>&1");
  assert_has (checked, "part.img: clean. directories 1, files 0");
}

/* ---- Whatever the file system. ---- */

static void
test_by_size (void)
{
  g_assert_cmpint (kl_blank_kind_choose (20 * MIB), ==, KL_BLANK_EXFAT);
  g_assert_cmpint (kl_blank_kind_choose (64 * MIB), ==, KL_BLANK_FAT32);
  g_assert_cmpint (kl_blank_kind_choose (32 * GIB), ==, KL_BLANK_FAT32);
  g_assert_cmpint (kl_blank_kind_choose (32 * GIB + 512), ==, KL_BLANK_EXFAT);
}

/* What was a medium, or a disk with a GPT, is nothing of that afterwards. */
static void
test_nothing_old_is_left (Fixture *fixture, gconstpointer data)
{
  static const KlBlankKind kinds[] = { KL_BLANK_FAT32, KL_BLANK_EXFAT };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (KlMediaWriter) writer = writer_new (64 * MIB, kinds[i], "NEW");
      g_autoptr (TestSink) sink = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *whole = NULL;
      g_autofree char *volume = NULL;

      g_free (run (fixture->folder,
                   "rm -f disk.img && tr '\\0' '\\252' </dev/zero | head -c 64M >disk.img && "
                   "echo 'label: gpt\n,,U' | sfdisk -q disk.img && "
                   "mke2fs -q -F -E offset=1048576 disk.img 62M 2>/dev/null"));
      sink = test_sink_new (fixture->path, 64 * MIB);
      write_disk (writer, sink, &error);
      g_assert_no_error (error);
      assert_no_code (fixture);
      cut_out_volume (fixture);
      whole = run (fixture->folder, "wipefs -n -p -O TYPE disk.img");
      g_assert_cmpstr (whole, ==, "dos\n");
      volume = run (fixture->folder, "wipefs -n -p -O TYPE part.img | sort -u");
      assert_has (volume, kinds[i] == KL_BLANK_FAT32 ? "vfat" : "exfat");
      assert_lacks (volume, "ext");
      g_free (run (fixture->folder,
                   kinds[i] == KL_BLANK_FAT32 ? "fsck.fat -n part.img" : "fsck.exfat -n part.img"));
    }
}

/* Wherever it is broken off: the drive is marked, and no file system shows half of what was. */
static void
test_broken_off (Fixture *fixture, gconstpointer data)
{
  static const KlBlankKind kinds[] = { KL_BLANK_FAT32, KL_BLANK_EXFAT };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (guint n = 2;; n++)
      {
        g_autoptr (KlMediaWriter) writer = writer_new (64 * MIB, kinds[i], "NEW");
        g_autoptr (TestSink) sink = test_sink_new (fixture->path, 64 * MIB);
        g_autoptr (GError) error = NULL;
        guint8 sector[512];

        sink->fail_at = n;
        if (write_disk (writer, sink, &error))
          {
            g_assert_cmpuint (n, >, 10);
            break;
          }
        g_assert_error (error, KL_ERROR, KL_ERROR_IO);
        g_assert_true (kl_read_at (sink->fd, sector, sizeof sector, 0, "disk", NULL));
        g_assert_true (kl_disk_is_unfinished ((KlBytesView){ sector, sizeof sector }));
      }
}

static void
test_drive_that_holds_less (Fixture *fixture, gconstpointer data)
{
  static const KlBlankKind kinds[] = { KL_BLANK_FAT32, KL_BLANK_EXFAT };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autoptr (KlMediaWriter) writer = writer_new (4 * GIB, kinds[i], "NEW");
      g_autoptr (TestSink) sink = test_sink_new (fixture->path, 512 * MIB);
      g_autoptr (GError) error = NULL;
      guint8 sector[512];

      g_assert_false (write_disk (writer, sink, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_CAPACITY);
      g_assert_true (kl_read_at (sink->fd, sector, sizeof sector, 0, "disk", NULL));
      g_assert_true (kl_disk_is_unfinished ((KlBytesView){ sector, sizeof sector }));
    }
}

static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMediaWriter) writer = writer_new (64 * MIB, KL_BLANK_EXFAT, "NEW");
  g_autoptr (TestSink) sink = test_sink_new (fixture->path, 64 * MIB);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (kl_media_writer_write (writer, KL_SINK (sink), NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (sink->n_writes, ==, 0);
}

static void
test_labels (void)
{
  static const struct
  {
    KlBlankKind kind;
    const char *label;
    const char *says; /* NULL: it is right */
  } cases[] = {
    { KL_BLANK_FAT32, "", NULL },
    { KL_BLANK_FAT32, "Stick 2-b_c", NULL },
    { KL_BLANK_FAT32, "TWELVE CHARS", "has 12 characters; on FAT32 it has at most 11" },
    { KL_BLANK_FAT32, "Bücher", "letters from A to Z" },
    { KL_BLANK_FAT32, " X", "letters from A to Z" },
    { KL_BLANK_FAT32, "A:B", "the character :" },
    { KL_BLANK_EXFAT, "Bücher 漢字", NULL },
    { KL_BLANK_EXFAT, "🔥🔥🔥🔥🔥🔥", "has 12 characters; on exFAT it has at most 11" },
    { KL_BLANK_EXFAT, "A\tB", "control character" },
    { KL_BLANK_EXFAT, "\xff", "not UTF-8" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean right = kl_blank_check_label (cases[i].kind, cases[i].label, &error);

      g_assert_cmpint (right, ==, cases[i].says == NULL);
      if (right)
        continue;
      g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
      assert_has (error->message, cases[i].says);
    }
}

static void
test_sizes_that_do_not_fit (void)
{
  static const struct
  {
    guint64 bytes;
    KlBlankKind kind;
    const char *says;
  } cases[] = {
    { 20 * MIB, KL_BLANK_FAT32, "choose exFAT" },
    { 3 * 1024 * GIB, KL_BLANK_FAT32, "ends at 2 TiB; choose exFAT" },
    { 4 * MIB, KL_BLANK_BY_SIZE, "5 MiB are the least" },
    { 512, KL_BLANK_BY_SIZE, "5 MiB are the least" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const KlBlankOptions options = { .disk_bytes = cases[i].bytes, .kind = cases[i].kind };
      g_autoptr (GError) error = NULL;

      g_assert_null (kl_blank_writer_new (&options, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
      assert_has (error->message, cases[i].says);
    }
}

#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/blank-writer/fat32-seen-by-others", test_fat32);
  ADD ("/blank-writer/fat32-without-label", test_fat32_without_label);
  g_test_add_func ("/blank-writer/exfat-upcase-table-of-the-specification", test_upcase_table);
  ADD ("/blank-writer/exfat-seen-by-others", test_exfat);
  ADD ("/blank-writer/exfat-is-laid-out-as-by-others", test_exfat_as_others);
  ADD ("/blank-writer/exfat-without-label", test_exfat_without_label);
  ADD ("/blank-writer/beyond-2-tib", test_beyond_2_tib);
  g_test_add_func ("/blank-writer/file-system-by-size", test_by_size);
  ADD ("/blank-writer/nothing-old-is-left", test_nothing_old_is_left);
  ADD ("/blank-writer/broken-off-is-marked", test_broken_off);
  ADD ("/blank-writer/drive-that-holds-less", test_drive_that_holds_less);
  ADD ("/blank-writer/cancelled-before-the-first-write", test_cancelled);
  g_test_add_func ("/blank-writer/labels", test_labels);
  g_test_add_func ("/blank-writer/sizes-that-do-not-fit", test_sizes_that_do_not_fit);
  return g_test_run ();
}
