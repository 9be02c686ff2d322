/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Many jobs in one process, one round after the other, and what of the process grows meanwhile.
 *
 *   many-jobs KIND ROUNDS [DRIVE…]
 *
 * KIND: “disk-images”, eight media side by side per round; “drives”, one per named drive, which is
 * erased (only loop devices are taken); “iso”, “prepare”, “cancel”, “import”, one job per round.
 *
 * Prints a line per sample (tab-separated) and TAP. What malloc has given away may not grow; with
 * the tunables that meson.build sets, so that the C library and GLib keep nothing back, it is exact
 * to some hundred bytes. The resident set is printed with it. Descriptors, threads, mounts and
 * files have to be what they were, and no child may be left.
 */
#include <dirent.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/file-io.h"
#include "creation/media-batch.h"
#include "drive/drive-monitor.h"
#include "image/media-record.h"
#include "job/import-job.h"
#include "job/prepare-job.h"
#include "prepare/recipe.h"

#define N_SIDE_BY_SIDE 8
#define DISK_BYTES ((guint64) 64 << 20)
#define MAX_GROWTH 1024 /* bytes, and for each round: */
#define MAX_GROWTH_PER_ROUND 16
#define WAIT_SECONDS 60

typedef struct
{
  char *folder; /* of all there is: the catalog, what is made, TMPDIR, caches */
  KlCatalog *catalog;
  char *id;
  KlDriveMonitor *monitor; /* only for drives */
  char **nodes;
  guint n_ended;
  guint n_alive; /* jobs that are not finalized yet; atomic: a worker may be the last one to hold
                    one */
  guint n_cancelled;
} Load;

typedef struct
{
  guint64 in_use;   /* bytes that malloc has given away */
  guint64 resident; /* KiB */
  guint64 peak;     /* KiB */
  guint descriptors;
  guint threads;
  guint mounts;
  guint files;
} Sample;

static guint64
read_status (const char *name)
{
  g_autofree char *text = NULL;
  const char *line;

  g_assert_true (g_file_get_contents ("/proc/self/status", &text, NULL, NULL));
  line = strstr (text, name);
  return line != NULL ? g_ascii_strtoull (line + strlen (name), NULL, 10) : 0;
}

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* But for the records of media: the newest 500 stay. */
static guint
count_files (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (strcmp (name, KL_MEDIA_FOLDER) != 0)
        n += 1 + (g_file_test (child, G_FILE_TEST_IS_SYMLINK) ? 0 : count_files (child));
    }
  return n;
}

static guint
count_lines (const char *path)
{
  g_autofree char *text = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  for (const char *at = text; (at = strchr (at, '\n')) != NULL; at++)
    n++;
  return n;
}

/* Threads that GLib keeps for the next task are sent away first. */
static guint
count_threads (void)
{
  g_thread_pool_stop_unused_threads ();
  return count_entries ("/proc/self/task");
}

static Sample
take_sample (Load *load)
{
  Sample sample = { 0 };
  struct mallinfo2 info;

  sample.threads = count_threads ();
  info = mallinfo2 ();
  sample.in_use = info.uordblks + info.hblkhd;
  sample.resident = read_status ("VmRSS:");
  sample.peak = read_status ("VmHWM:");
  sample.descriptors = count_entries ("/proc/self/fd");
  sample.mounts = count_lines ("/proc/self/mountinfo");
  sample.files = count_files (load->folder);
  return sample;
}

static void
print_sample (guint round, const Sample *sample)
{
  g_print ("# %5u\t%8" G_GUINT64_FORMAT "\t%8" G_GUINT64_FORMAT "\t%8" G_GUINT64_FORMAT
           "\t%3u\t%3u\t%3u\t%4u\n",
           round, sample->in_use / 1024, sample->resident, sample->peak, sample->descriptors,
           sample->threads, sample->mounts, sample->files);
}

static void
ended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Load *load = user_data;
  g_autoptr (GError) error = NULL;

  load->n_ended++;
  if (kl_job_run_finish (KL_JOB (source), result, &error))
    return;
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_error ("a job failed: %s", error->message);
  load->n_cancelled++;
}

static void
gone_cb (gpointer user_data, GObject *gone)
{
  Load *load = user_data;

  g_atomic_int_dec_and_test (&load->n_alive);
}

static void
start (Load *load, KlJob *job)
{
  g_atomic_int_inc (&load->n_alive);
  g_object_weak_ref (G_OBJECT (job), gone_cb, load);
  kl_job_run_async (job, NULL, ended_cb, load);
}

static void
wait_for_ends (Load *load, guint n_jobs)
{
  while (load->n_ended < n_jobs)
    g_main_context_iteration (NULL, TRUE);
  load->n_ended = 0;
}

/* The last report of a job, which is on its way, holds it for some milliseconds more. */
static void
wait_for_release (Load *load)
{
  gint64 end = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;

  while (g_atomic_int_get (&load->n_alive) > 0 && g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  g_assert_cmpuint (g_atomic_int_get (&load->n_alive), ==, 0);
}

static void
run_job (Load *load, KlJob *job)
{
  start (load, job);
  wait_for_ends (load, 1);
}

static KlMediaRequest *
new_request (const KlMediaOptions *options)
{
  g_autoptr (GError) error = NULL;
  KlMediaRequest *request = kl_media_request_new (options, &error);

  g_assert_no_error (error);
  return request;
}

static KlMediaRequest *
new_disk_image_request (Load *load, const char *path)
{
  const KlMediaOptions options = {
    .type = KL_MEDIA_TYPE_UFD_FORMAT,
    .destination = path,
    .image_id = load->id,
    .disk_image_bytes = DISK_BYTES,
    .bios_code_folder = g_getenv ("KL_BIOS_CODE"),
  };

  return new_request (&options);
}

static KlJob *
new_creator (Load *load, KlMediaRequest *request)
{
  KlMediaCreator *creator = kl_media_creator_new (load->catalog);

  kl_media_creator_set_request (creator, request);
  return KL_JOB (creator);
}

static void
make_iso (Load *load, guint round)
{
  g_autofree char *path = g_build_filename (load->folder, "medium.iso", NULL);
  const KlMediaOptions options
      = { .type = KL_MEDIA_TYPE_CD, .destination = path, .image_id = load->id };
  g_autoptr (KlMediaRequest) request = new_request (&options);
  g_autoptr (KlJob) job = new_creator (load, request);

  run_job (load, job);
}

static void
start_on_file (Load *load, KlMediaBatch *batch, guint number)
{
  g_autofree char *name = g_strdup_printf ("%u.img", number);
  g_autofree char *path = g_build_filename (load->folder, name, NULL);
  g_autoptr (KlMediaRequest) request = new_disk_image_request (load, path);

  start (load, KL_JOB (kl_media_batch_add (batch, request)));
}

static void
make_disk_images (Load *load, guint round)
{
  g_autoptr (KlMediaBatch) batch = kl_media_batch_new (load->catalog);

  for (guint i = 0; i < N_SIDE_BY_SIDE; i++)
    start_on_file (load, batch, i);
  wait_for_ends (load, N_SIDE_BY_SIDE);
}

static KlDrive *
find_drive (Load *load, const char *node)
{
  gint64 end = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;
  KlDrive *drive = NULL;

  while ((drive = kl_drive_monitor_find (load->monitor, node)) == NULL
         || kl_drive_get_refusal (drive, NULL) != KL_REFUSAL_NONE)
    {
      g_clear_object (&drive);
      if (g_get_monotonic_time () > end)
        g_error ("%s does not come", node);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
    }
  return drive;
}

/* Each round takes the drives as they are then: the last one wrote a table onto them. */
static void
make_drives (Load *load, guint round)
{
  g_autoptr (KlMediaBatch) batch = kl_media_batch_new (load->catalog);

  for (char **node = load->nodes; *node != NULL; node++)
    {
      g_autoptr (KlDrive) drive = find_drive (load, *node);
      const KlMediaOptions options = {
        .type = KL_MEDIA_TYPE_UFD_FORMAT,
        .image_id = load->id,
        .drive = drive,
        .bios_code_folder = g_getenv ("KL_BIOS_CODE"),
      };
      g_autoptr (KlMediaRequest) request = new_request (&options);

      start (load, KL_JOB (kl_media_batch_add (batch, request)));
    }
  wait_for_ends (load, g_strv_length (load->nodes));
}

static void
change_recipe (Load *load, guint round)
{
  g_autoptr (GError) error = NULL;

  kl_recipe_set (load->catalog, load->id, "scratch-space", round % 2 == 0 ? "256" : "512", &error);
  g_assert_no_error (error);
}

static void
prepare (Load *load, guint round)
{
  g_autoptr (KlPrepareJob) job = kl_prepare_job_new (load->catalog, load->id);

  change_recipe (load, round);
  run_job (load, KL_JOB (job));
}

static void
cancel_at_step_cb (KlJob *job, gpointer user_data)
{
  if (kl_job_get_current_step (job) >= GPOINTER_TO_UINT (user_data))
    kl_job_cancel (job);
}

/* Preparations and creations by turns, before the first step, at the first, at the second … */
static void
cancel (Load *load, guint round)
{
  g_autofree char *path = g_build_filename (load->folder, "cancelled.img", NULL);
  g_autoptr (KlJob) job = NULL;
  guint step = round / 2 % 8;

  change_recipe (load, round);
  if (round % 2 == 0)
    job = KL_JOB (kl_prepare_job_new (load->catalog, load->id));
  else
    {
      g_autoptr (KlMediaRequest) request = new_disk_image_request (load, path);

      job = new_creator (load, request);
    }
  g_signal_connect (job, "progress", G_CALLBACK (cancel_at_step_cb), GUINT_TO_POINTER (step));
  start (load, job);
  if (step == 0)
    kl_job_cancel (job);
  wait_for_ends (load, 1);
  g_unlink (path);
}

static void
import_and_remove (Load *load, guint round)
{
  const KlImportOptions options = { .path = g_getenv ("KL_SAMPLE_WIM"), .id = "LOA00002" };
  g_autoptr (KlImportJob) job = kl_import_job_new (load->catalog, &options);
  g_autoptr (GError) error = NULL;

  run_job (load, KL_JOB (job));
  kl_catalog_remove (load->catalog, "LOA00002", &error);
  g_assert_no_error (error);
}

static const struct
{
  const char *name;
  void (*run) (Load *load, guint round);
} kinds[] = {
  { "disk-images", make_disk_images },
  { "drives", make_drives },
  { "iso", make_iso },
  { "prepare", prepare },
  { "cancel", cancel },
  { "import", import_and_remove },
};

static void
set_up (Load *load, char **nodes)
{
  const KlImportOptions options = { .path = g_getenv ("KL_SAMPLE_WIM"), .id = "LOA00001" };
  const KlDriveMonitorOptions drives = { KL_DRIVE_SOURCE_AUTOMATIC, .allow_fixed = TRUE };
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  path = g_build_filename (load->folder, "catalog", NULL);
  load->catalog = kl_catalog_new (path);
  image = kl_catalog_import (load->catalog, &options, NULL, NULL, &error);
  g_assert_no_error (error);
  load->id = g_strdup (kl_boot_image_get_id (image));
  load->nodes = nodes;
  if (nodes[0] != NULL)
    load->monitor = kl_drive_monitor_new (&drives);
}

static void
tear_down (Load *load)
{
  g_clear_object (&load->monitor);
  g_object_unref (load->catalog);
  g_free (load->id);
  g_assert_true (kl_remove_tree (load->folder, NULL));
  g_free (load->folder);
}

static void
say (gboolean good, const char *what)
{
  static guint n;

  g_print ("%s %u - %s\n", good ? "ok" : "not ok", ++n, what);
}

/* What a job leaves grows from each quarter to the next; what is kept for more threads at a time
 * than ever before grows once. The first quarter fills what is kept anyhow. */
static gint64
find_growth (const gint64 *least)
{
  g_print ("# memory in use, at least, by quarters: %" G_GINT64_FORMAT " %" G_GINT64_FORMAT
           " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " bytes\n",
           least[0], least[1], least[2], least[3]);
  return MIN (least[2] - least[1], least[3] - least[2]);
}

/* Those that are about to end may take their time. */
static gboolean
are_threads_gone (guint expected)
{
  gint64 end = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;

  while (count_threads () > expected && g_get_monotonic_time () < end)
    g_usleep (1000);
  return count_threads () <= expected;
}

static void
judge (gint64 growth, guint n_rounds, const Sample *warm, const Sample *last)
{
  say (growth <= MAX_GROWTH + n_rounds * MAX_GROWTH_PER_ROUND, "memory in use");
  say (last->descriptors == warm->descriptors, "descriptors");
  say (are_threads_gone (warm->threads), "threads");
  say (last->mounts == warm->mounts, "mounts");
  say (last->files == warm->files, "files");
  say (waitpid (-1, NULL, WNOHANG) == -1, "no children");
  g_print ("1..6\n");
}

/* Jobs differ by what their threads do at the moment of a sample: the least of a quarter counts. */
static void
run_rounds (Load *load, void (*run) (Load *, guint), guint n_rounds)
{
  gint64 least[] = { G_MAXINT64, G_MAXINT64, G_MAXINT64, G_MAXINT64 };
  Sample warm = { 0 }, sample = { 0 };

  g_print ("# round\tin use\tresident\tpeak (KiB)\tdescriptors\tthreads\tmounts\tfiles\n");
  for (guint round = 0; round < n_rounds; round++)
    {
      gint64 *lowest = &least[round * 4 / n_rounds];

      run (load, round);
      wait_for_release (load);
      sample = take_sample (load);
      *lowest = MIN (*lowest, (gint64) sample.in_use);
      if (round < n_rounds / 2)
        {
          guint threads = round == 0 ? sample.threads : MIN (warm.threads, sample.threads);

          warm = sample;
          warm.threads = threads;
        }
      if ((round + 1) % MAX (1, n_rounds / 20) == 0)
        print_sample (round + 1, &sample);
    }
  if (load->n_cancelled > 0)
    g_print ("# %u of %u were cancelled before their end\n", load->n_cancelled, n_rounds);
  judge (find_growth (least), n_rounds / 4, &warm, &sample);
}

int
main (int argc, char **argv)
{
  Load load = { 0 };
  guint kind = 0;
  guint n_rounds = argc >= 3 ? (guint) atoi (argv[2]) : 0;

  while (kind < G_N_ELEMENTS (kinds) && g_strcmp0 (argv[1], kinds[kind].name) != 0)
    kind++;
  if (n_rounds < 4 || kind == G_N_ELEMENTS (kinds))
    {
      g_printerr ("Usage: %s KIND ROUNDS [DRIVE…]   (at least 4 rounds)\n", argv[0]);
      return 2;
    }
  for (int i = 3; i < argc; i++)
    g_assert_true (g_str_has_prefix (argv[i], "/dev/loop"));

  /* GLib must not ask for the folder before it is set. */
  load.folder
      = g_strdup_printf ("%s/kl-load-XXXXXX", g_getenv ("TMPDIR") ? g_getenv ("TMPDIR") : "/tmp");
  g_assert_nonnull (g_mkdtemp (load.folder));
  g_setenv ("TMPDIR", load.folder, TRUE);
  g_setenv ("XDG_CACHE_HOME", load.folder, TRUE);
  g_setenv ("XDG_DATA_HOME", load.folder, TRUE);
  set_up (&load, argv + 3);
  run_rounds (&load, kinds[kind].run, n_rounds);
  tear_down (&load);
  return 0;
}
