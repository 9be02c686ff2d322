/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is written of an ISO file before it is known how the medium is laid out. */
#include "iso/iso-writer.h"

#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/file-io.h"
#include "creation/media-creator.h"
#include "creation/media-protection.h"
#include "creation/media-target.h"
#include "image/image-ini.h"
#include "import/import.h"
#include "sink/file-sink.h"

#define ID "TST00001"
#define MANY_BYTES ((guint64) 150 << 20)

/* Made once: a catalog with an image whose WIM is larger than what goes through libisofs. */
static char *work;
static KlCatalog *catalog;

/* ---- A sink that passes everything on to a file, counts, and fails at the n-th copy. ---- */

#define TEST_TYPE_SINK (test_sink_get_type ())
G_DECLARE_FINAL_TYPE (TestSink, test_sink, TEST, SINK, KlSink)

struct _TestSink
{
  KlSink parent_instance;

  KlSink *file; /* owned */
  guint n_copies;
  guint fail_at;
  guint64 copied; /* bytes */
  guint64 next;   /* bytes; the end of the last copy */
  gboolean gap;   /* one began elsewhere */
};

G_DEFINE_FINAL_TYPE (TestSink, test_sink, KL_TYPE_SINK)

static gboolean
test_sink_prepare (KlSink *sink, guint64 size, GError **error)
{
  return kl_sink_prepare (TEST_SINK (sink)->file, size, error);
}

static gboolean
test_sink_write (KlSink *sink, const void *data, gsize length, guint64 offset, GError **error)
{
  return kl_sink_write (TEST_SINK (sink)->file, data, length, offset, error);
}

static gboolean
test_sink_copy (KlSink *sink,
                int source,
                const char *source_name,
                guint64 source_offset,
                guint64 length,
                guint64 offset,
                guint32 *crc32c,
                KlProgress *progress,
                GCancellable *cancellable,
                GError **error)
{
  TestSink *self = TEST_SINK (sink);

  if (++self->n_copies == self->fail_at)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_IO, "Copy %u fails", self->n_copies);
      return FALSE;
    }
  self->gap = self->gap || (self->copied > 0 && offset != self->next);
  self->next = offset + length;
  self->copied += length;
  return kl_sink_copy (self->file, source, source_name, source_offset, length, offset, crc32c,
                       progress, cancellable, error);
}

static gboolean
test_sink_flush (KlSink *sink, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  return kl_sink_flush (TEST_SINK (sink)->file, progress, cancellable, error);
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
  G_OBJECT_CLASS (test_sink_parent_class)->finalize (object);
}

static void
test_sink_class_init (TestSinkClass *klass)
{
  KlSinkClass *sink_class = KL_SINK_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_sink_finalize;
  sink_class->prepare = test_sink_prepare;
  sink_class->write = test_sink_write;
  sink_class->copy = test_sink_copy;
  sink_class->flush = test_sink_flush;
  sink_class->read = test_sink_read;
  sink_class->commit = test_sink_commit;
}

static void
test_sink_init (TestSink *self)
{
}

/* ---- Tools. ---- */

static char *
run (const char *format, ...)
{
  g_autofree char *command = NULL;
  const char *argv[] = { "sh", "-ec", NULL, NULL };
  g_autoptr (GError) error = NULL;
  char *output = NULL;
  int status = -1;
  va_list args;

  va_start (args, format);
  command = g_strdup_vprintf (format, args);
  va_end (args);
  argv[2] = command;
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                NULL, &output, NULL, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s", command, error->message);
  return output;
}

typedef struct
{
  char *folder;
  char *path; /* folder/a.iso */
  KlBootImage *image;
  TestSink *sink;
  guint n_asked;
  guint enough_at; /* the question that is answered with yes; 0: none */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("kl-write-ahead-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "a.iso", NULL);
  fixture->image = kl_catalog_lookup (catalog, ID, &error);
  g_assert_no_error (error);
  fixture->sink = g_object_new (TEST_TYPE_SINK, NULL);
  fixture->sink->file = kl_file_sink_new (fixture->path, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->sink);
  g_object_unref (fixture->image);
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->path);
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

static gboolean
is_enough (gpointer user_data)
{
  Fixture *fixture = user_data;

  return ++fixture->n_asked == fixture->enough_at;
}

/* Variables.dat has @size bytes. */
static KlMediaLayout *
make_layout (KlBootImage *image, gsize size)
{
  static const char *const no_warnings[] = { NULL };
  g_autoptr (GBytes) ini = g_bytes_new_static ("[TSMBootstrap]\r\n", 16);
  g_autoptr (GBytes) variables = g_bytes_new_take (g_malloc0 (size), size);
  const KlLayoutProtection protection = {
    .bootstrap_ini = ini,
    .variables_dat = variables,
    .subject = "CN=a",
    .thumbprint = "00",
    .not_before = "2000-01-01T00:00:00Z",
    .not_after = "2000-01-01T00:00:00Z",
    .warnings = no_warnings,
  };
  const KlLayoutOptions options
      = { .type = KL_MEDIA_TYPE_CD, .label = "AHEAD", .protection = &protection };
  g_autoptr (GError) error = NULL;
  KlMediaLayout *layout = kl_media_layout_new (image, &options, &error);

  g_assert_no_error (error);
  return layout;
}

/* Prepares the sink for @draft and writes ahead. */
static KlMediaWriter *
begin (Fixture *fixture, KlMediaLayout *draft, KlProgress *progress)
{
  KlMediaWriter *writer = kl_iso_writer_new (draft);
  g_autoptr (GError) error = NULL;
  guint64 size = 0;

  g_assert_true (kl_media_writer_measure (writer, &size, &error));
  g_assert_true (kl_sink_prepare (KL_SINK (fixture->sink), size, &error));
  kl_iso_writer_write_ahead (KL_ISO_WRITER (writer), KL_SINK (fixture->sink), is_enough, fixture,
                             progress, NULL, &error);
  g_assert_no_error (error);
  return writer;
}

/* Writes the rest as @layout says; each file then comes out as it was, by the word of others. */
static void
finish (Fixture *fixture, KlMediaWriter *writer, KlMediaLayout *layout, KlProgress *progress)
{
  KlSink *sink = KL_SINK (fixture->sink);
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;

  kl_iso_writer_set_layout (KL_ISO_WRITER (writer), layout);
  kl_media_writer_write (writer, sink, progress, NULL, &error);
  g_assert_no_error (error);
  kl_sink_flush (sink, NULL, NULL, &error);
  g_assert_no_error (error);
  kl_verify_regions (sink, kl_media_writer_get_regions (writer), NULL, NULL, &error);
  g_assert_no_error (error);
  kl_sink_commit (sink, &error);
  g_assert_no_error (error);

  output = run ("cd '%s'; 7z x -tiso -y -oout a.iso > 7z.out; xorriso -indev a.iso -check_media -- "
                "> xorriso.out",
                fixture->folder);
  for (guint i = 0; i < kl_media_layout_get_n_items (layout); i++)
    {
      const KlLayoutItem *item = kl_media_layout_get_item (layout, i);
      g_autofree char *sum = run ("sha256sum < '%s/out%s'", fixture->folder, item->path);

      g_assert_true (g_str_has_prefix (sum, item->sha256));
    }
}

/* Of what does not go through libisofs: the WIM and boot.sdi. */
static guint64
sum_big (KlMediaLayout *layout)
{
  return kl_media_layout_find (layout, "/sources/boot.wim")->size
         + kl_media_layout_find (layout, "/Boot/boot.sdi")->size;
}

static void
assert_regions (KlMediaWriter *writer, guint64 size)
{
  GPtrArray *regions = kl_media_writer_get_regions (writer);
  guint64 at = 0;

  for (guint i = 0; i < regions->len; i++)
    {
      const KlRegion *region = g_ptr_array_index (regions, i);

      g_assert_cmpuint (region->offset, ==, at);
      at += region->length;
    }
  g_assert_cmpuint (at, ==, size);
}

/* ---- The writer. ---- */

static void
test_once (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMediaLayout) draft = make_layout (fixture->image, 10000);
  g_autoptr (KlMediaLayout) layout = make_layout (fixture->image, 10032);
  g_autoptr (KlMediaWriter) writer = begin (fixture, draft, NULL);
  guint64 size = 0;

  g_assert_cmpuint (fixture->sink->copied, ==, sum_big (draft));
  finish (fixture, writer, layout, NULL);
  g_assert_cmpuint (fixture->sink->copied, ==, sum_big (draft));
  g_assert_true (kl_media_writer_measure (writer, &size, NULL));
  assert_regions (writer, size);
}

static void
test_moved (Fixture *fixture, gconstpointer data)
{
  const gsize sizes[] = { 2000, 9000, 30000 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (guint k = 0; k < G_N_ELEMENTS (sizes); k++)
      {
        g_autoptr (KlMediaLayout) draft = make_layout (fixture->image, sizes[i]);
        g_autoptr (KlMediaLayout) layout = make_layout (fixture->image, sizes[k]);
        g_autoptr (KlMediaWriter) writer = begin (fixture, draft, NULL);
        guint64 size = 0;

        finish (fixture, writer, layout, NULL);
        g_assert_cmpuint (fixture->sink->copied, ==, sum_big (draft) * (i == k ? 1 : 2));
        g_assert_true (kl_media_writer_measure (writer, &size, NULL));
        assert_regions (writer, size);
        tear_down (fixture, NULL);
        set_up (fixture, NULL);
      }
}

static void
test_nothing_yet (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMediaLayout) layout = make_layout (fixture->image, 10000);
  g_autoptr (KlMediaWriter) writer = NULL;

  fixture->enough_at = 1;
  writer = begin (fixture, layout, NULL);
  g_assert_cmpuint (fixture->sink->copied, ==, 0);
  finish (fixture, writer, layout, NULL);
  g_assert_cmpuint (fixture->sink->copied, ==, sum_big (layout));
}

/* A copy of the boot image's entry whose WIM has MANY_BYTES bytes, most of them a hole. */
static KlBootImage *
make_many_bytes (Fixture *fixture)
{
  const char *const folder = kl_boot_image_get_folder (fixture->image);
  g_autofree char *copy = g_build_filename (fixture->folder, "TST00002", NULL);
  g_autofree char *wim = g_build_filename (copy, KL_SOURCE_WIM_FILE, NULL);
  g_autofree char *made = run ("cp -r '%s' '%s'; truncate -s %" G_GUINT64_FORMAT " '%s'", folder,
                               copy, MANY_BYTES, wim);
  g_autofree char *recorded = NULL;
  g_autoptr (GError) error = NULL;
  KlBootImage *image;
  guint32 crc32c = 0;

  g_assert_true (kl_crc32c_file (wim, NULL, NULL, NULL, &crc32c, &error));
  recorded = run ("sed -i 's/^" KL_INI_SIZE "=.*/" KL_INI_SIZE "=%" G_GUINT64_FORMAT
                  "/; s/^" KL_INI_CRC32C "=.*/" KL_INI_CRC32C "=%08x/' '%s/" KL_INI_IMAGE_FILE "'",
                  MANY_BYTES, crc32c, copy);
  image = kl_boot_image_load (copy, &error);
  g_assert_no_error (error);
  return image;
}

typedef struct
{
  guint64 bytes;
  guint64 total;
} Seen;

static void
note_report (const KlProgressReport *report, gpointer user_data)
{
  Seen *seen = user_data;

  g_assert_cmpuint (report->bytes, >=, seen->bytes);
  seen->bytes = report->bytes;
  seen->total = report->total_bytes;
}

/* A part of the WIM ahead, the rest later, at the same place or at another. */
static void
assert_part (Fixture *fixture, gsize variables, guint times)
{
  g_autoptr (KlBootImage) image = make_many_bytes (fixture);
  g_autoptr (KlMediaLayout) draft = make_layout (image, 10000);
  g_autoptr (KlMediaLayout) layout = make_layout (image, variables);
  Seen seen = { 0 };
  g_autoptr (KlProgress) progress = kl_progress_new (note_report, &seen);
  KlProgress *step = kl_progress_add_step (progress, 1, NULL);
  g_autoptr (KlMediaWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  guint64 size = 0, ahead;

  fixture->enough_at = 5;
  writer = begin (fixture, draft, step);
  ahead = fixture->sink->copied;
  g_assert_cmpuint (ahead, >, 32 << 20);
  g_assert_cmpuint (ahead, <, MANY_BYTES / 2);
  g_assert_cmpuint (seen.bytes, ==, ahead);

  kl_iso_writer_set_layout (KL_ISO_WRITER (writer), layout);
  g_assert_true (kl_media_writer_measure (writer, &size, NULL));
  kl_media_writer_write (writer, KL_SINK (fixture->sink), step, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (fixture->sink->copied, ==, sum_big (layout) + ahead * (times - 1));
  g_assert_cmpint (fixture->sink->gap, ==, times > 1);
  g_assert_cmpuint (seen.total, ==, size);
  g_assert_cmpuint (seen.bytes, ==, size);
  assert_regions (writer, size);
}

static void
test_part (Fixture *fixture, gconstpointer data)
{
  assert_part (fixture, 10000, 1);
}

static void
test_part_moved (Fixture *fixture, gconstpointer data)
{
  assert_part (fixture, 20000, 2);
}

static void
test_failing_copies (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_many_bytes (fixture);
  g_autoptr (KlMediaLayout) layout = make_layout (image, 10000);
  guint n_failed = 0;

  for (;; n_failed++)
    {
      g_autoptr (KlMediaWriter) writer = kl_iso_writer_new (layout);
      g_autofree char *expected = g_strdup_printf ("Copy %u fails", n_failed + 1);
      g_autoptr (GError) error = NULL;

      fixture->sink->n_copies = 0;
      fixture->sink->fail_at = n_failed + 1;
      if (kl_iso_writer_write_ahead (KL_ISO_WRITER (writer), KL_SINK (fixture->sink), is_enough,
                                     fixture, NULL, NULL, &error))
        break;
      g_assert_error (error, KL_ERROR, KL_ERROR_IO);
      g_assert_cmpstr (error->message, ==, expected);
    }
  g_assert_cmpuint (n_failed, >=, 3);
}

/* ---- The target: what goes wrong ahead is said in its turn. ---- */

static KlMediaRequest *
make_request (Fixture *fixture, KlCertificateKey *key)
{
  const KlMediaOptions options
      = { .type = KL_MEDIA_TYPE_CD, .destination = fixture->path, .image_id = ID, .key = key };
  g_autoptr (GError) error = NULL;
  KlMediaRequest *request = kl_media_request_new (&options, &error);

  g_assert_no_error (error);
  return request;
}

static KlMediaTarget *
open_target (Fixture *fixture)
{
  g_autoptr (KlMediaRequest) request = make_request (fixture, NULL);
  g_autoptr (GError) error = NULL;
  KlMediaTarget *target;

  g_clear_object (&fixture->sink);
  target = kl_media_target_open (request, catalog, NULL, &error);
  g_assert_no_error (error);
  return target;
}

static void
test_source_gone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_many_bytes (fixture);
  g_autoptr (KlMediaLayout) layout = make_layout (image, 10000);
  g_autoptr (KlMediaTarget) target = open_target (fixture);
  g_autofree char *output = run ("mv '%s/TST00002' '%s/aside'", fixture->folder, fixture->folder);
  g_autofree char *again = NULL;
  g_autoptr (GError) error = NULL;

  kl_media_target_write_ahead (target, layout, is_enough, fixture, NULL, NULL);
  again = run ("mv '%s/aside' '%s/TST00002'", fixture->folder, fixture->folder);
  g_assert_true (kl_media_target_plan (target, layout, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_false (kl_media_target_write (target, NULL, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "TST00002/"));
}

/* Wherever it is found, in what was written ahead or in the rest. */
static void
test_source_changed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_many_bytes (fixture);
  g_autoptr (KlMediaLayout) layout = make_layout (image, 10000);
  g_autofree char *output = run ("printf x | dd of='%s/TST00002/source.wim' bs=1 seek=6000000 "
                                 "conv=notrunc",
                                 fixture->folder);

  for (fixture->enough_at = 3; fixture->enough_at < 8; fixture->enough_at++)
    {
      g_autoptr (KlMediaTarget) target = open_target (fixture);
      g_autoptr (GError) error = NULL;

      fixture->n_asked = 0;
      kl_media_target_write_ahead (target, layout, is_enough, fixture, NULL, NULL);
      g_assert_true (kl_media_target_plan (target, layout, NULL, NULL, &error));
      g_assert_no_error (error);
      g_assert_false (kl_media_target_write (target, NULL, NULL, NULL, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
      g_assert_nonnull (strstr (error->message, "its checksum differs"));
    }
}

static void
test_no_space (Fixture *fixture, gconstpointer data)
{
  if (g_test_subprocess ())
    {
      const struct rlimit limit = { 1 << 20, 1 << 20 };
      g_autoptr (KlMediaLayout) layout = make_layout (fixture->image, 10000);
      g_autoptr (KlMediaTarget) target = open_target (fixture);
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
      kl_media_target_write_ahead (target, layout, is_enough, fixture, NULL, NULL);
      g_assert_cmpuint (fixture->n_asked, ==, 0);
      g_assert_false (kl_media_target_plan (target, layout, NULL, NULL, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_NO_SPACE);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
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
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) image = make_many_bytes (fixture);
  g_autoptr (KlMediaLayout) layout = make_layout (image, 10000);

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Trigger trigger = { cancellable, i / 10.0, 0 };
      g_autoptr (KlProgress) progress = kl_progress_new (cancel_at, &trigger);
      KlProgress *step = kl_progress_add_step (progress, 1, NULL);
      g_autoptr (GError) error = NULL;
      KlMediaTarget *target = open_target (fixture);

      kl_media_target_write_ahead (target, layout, is_enough, fixture, step, cancellable);
      g_assert_true (kl_media_target_plan (target, layout, NULL, cancellable, &error));
      g_assert_false (kl_media_target_write (target, step, NULL, cancellable, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      kl_media_target_free (target);
      g_assert_cmpint (g_get_monotonic_time () - trigger.cancelled, <, G_USEC_PER_SEC);
      g_assert_cmpuint (count_names (fixture->folder), ==, 1);
    }
}

/* ---- The job. ---- */

/* The certificate is some bytes longer or shorter, if it is not as most are. */
static void
test_draft (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMediaRequest) request = make_request (fixture, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlMediaProtection) protection = NULL;
  const KlLayoutProtection *draft = NULL, *files;
  gint64 difference;

  /* Now and then a key is there at once. */
  for (guint i = 0; i < 20 && draft == NULL; i++)
    {
      g_clear_pointer (&protection, kl_media_protection_free);
      protection = kl_media_protection_new (request, NULL, &error);
      kl_media_protection_start (protection, FALSE);
      draft = kl_media_protection_draft (protection, ID);
    }
  g_assert_nonnull (draft);
  g_assert_true (kl_media_protection_finish (protection, ID, NULL, &error));
  g_assert_no_error (error);
  files = kl_media_protection_get_files (protection);

  g_assert_true (g_bytes_equal (draft->bootstrap_ini, files->bootstrap_ini));
  g_assert_cmpuint (strlen (draft->subject), ==, strlen (files->subject));
  g_assert_cmpuint (strlen (draft->thumbprint), ==, strlen (files->thumbprint));
  g_assert_cmpuint (strlen (draft->not_before), ==, strlen (files->not_before));
  g_assert_cmpuint (strlen (draft->not_after), ==, strlen (files->not_after));
  difference = (gint64) g_bytes_get_size (draft->variables_dat)
               - (gint64) g_bytes_get_size (files->variables_dat);
  g_assert_cmpint (ABS (difference), <=, 2 * 32);
}

static void
test_no_draft (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlMediaRequest) request = make_request (fixture, NULL);
  g_autoptr (KlMediaProtection) protection = kl_media_protection_new (request, NULL, NULL);

  kl_media_protection_start (protection, FALSE);
  while (!kl_media_protection_is_ready (protection))
    g_usleep (1000);
  g_assert_null (kl_media_protection_draft (protection, ID));
}

/* Of a run of the job. */
typedef struct
{
  KlCertificateKey *key;
  GCancellable *cancellable; /* nullable: cancelled when the WIM is begun */
  double fraction;
  gboolean begun;
  gboolean ahead; /* it was begun before the key was there */
} Watch;

static void
watch (const KlProgressReport *report, gpointer user_data)
{
  Watch *self = user_data;

  g_assert_cmpfloat (report->fraction, >=, self->fraction);
  self->fraction = report->fraction;
  if (self->begun || !g_str_equal (report->info, "Writing sources/boot.wim"))
    return;

  self->begun = TRUE;
  self->ahead = !kl_certificate_key_is_taken (self->key);
  g_cancellable_cancel (self->cancellable);
}

static gboolean
run_job (Fixture *fixture, Watch *self, GError **error)
{
  g_autoptr (KlCertificateKey) key = kl_certificate_key_new ();
  g_autoptr (KlMediaRequest) request = make_request (fixture, key);
  g_autoptr (KlMediaCreator) creator = kl_media_creator_new (catalog);
  g_autoptr (KlProgress) progress = kl_progress_new (watch, self);
  gboolean done;

  self->key = key;
  kl_media_creator_set_request (creator, request);
  done = KL_JOB_GET_CLASS (creator)->run (KL_JOB (creator), progress, self->cancellable, error);
  g_assert_cmpint (kl_media_creator_get_state (creator), ==,
                   done ? KL_MEDIA_STATE_COMPLETE : KL_MEDIA_STATE_UNTOUCHED);
  return done;
}

/* Now and then a key is there at once. */
static void
test_job (Fixture *fixture, gconstpointer data)
{
  Watch seen = { 0 };

  g_clear_object (&fixture->sink);
  for (guint i = 0; i < 10 && !seen.ahead; i++)
    {
      g_autoptr (GError) error = NULL;

      seen = (Watch){ 0 };
      g_assert_true (run_job (fixture, &seen, &error));
      g_assert_no_error (error);
      g_assert_cmpfloat (seen.fraction, ==, 1);
    }
  g_assert_true (seen.ahead);
}

static void
test_job_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Watch seen = { .cancellable = cancellable };
  g_autoptr (GError) error = NULL;

  g_clear_object (&fixture->sink);
  g_assert_false (run_job (fixture, &seen, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (seen.begun);
  g_assert_cmpuint (count_names (fixture->folder), ==, 0);
}

/* ---- The boot image. ---- */

static void
make_image (void)
{
  g_autofree char *folder = NULL;
  g_autofree char *wim = NULL;
  g_autofree char *output = NULL;
  KlImportOptions options = { .id = ID };
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (GError) error = NULL;

  work = g_dir_make_tmp ("kl-write-ahead-images-XXXXXX", NULL);
  folder = g_build_filename (work, "catalog", NULL);
  options.path = wim = g_build_filename (work, "boot.wim", NULL);
  output
      = run ("cd '%s'; cp '%s' boot.wim; chmod u+w boot.wim; head -c 5000000 /dev/urandom > noise; "
             "wimlib-imagex update boot.wim 1 --command='add noise /noise.bin'",
             work, g_getenv ("KL_SAMPLE_WIM"));
  catalog = kl_catalog_new (folder);
  image = kl_catalog_import (catalog, &options, NULL, NULL, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  make_image ();
#define ADD(path, func) g_test_add ("/write-ahead/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("what-is-where-it-belongs-is-not-copied-again", test_once);
  ADD ("what-moved-is-copied-again", test_moved);
  ADD ("all-can-be-left-for-later", test_nothing_yet);
  ADD ("a-part-is-continued", test_part);
  ADD ("a-part-that-moved-is-counted-once", test_part_moved);
  ADD ("a-failing-copy-is-given-back", test_failing_copies);
  ADD ("a-failure-is-one-of-writing", test_source_gone);
  ADD ("a-changed-source-is-found", test_source_changed);
  ADD ("too-little-space-is-said-by-the-plan", test_no_space);
  ADD ("can-be-cancelled-at-any-point", test_cancelled);
  ADD ("a-draft-has-the-sizes-of-the-medium", test_draft);
  ADD ("no-draft-once-the-certificate-is-there", test_no_draft);
  ADD ("a-job-does-not-wait-for-its-key", test_job);
  ADD ("a-job-is-cancelled-before-its-key-is-there", test_job_cancelled);
#undef ADD
  status = g_test_run ();

  g_clear_object (&catalog);
  kl_remove_tree (work, NULL);
  g_free (work);
  return status;
}
