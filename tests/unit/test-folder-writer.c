/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "volume/folder-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "disk-fixture.h"
#include "media/manifest.h"

#define PLENTY ((guint64) 1 << 30)

typedef struct
{
  char *folder;  /* the volume */
  char *sources; /* files of the layouts */
  int root;
  KlMediaLayout *first, *second; /* an earlier medium, and the one that replaces it */
} Fixture;

/* ---- Calls that are counted, and fail or go wrong. ---- */

static guint n_calls, fail_at, n_blocks, spoil_at, cancel_at;
static GCancellable *to_cancel;

static gboolean
fails (void)
{
  if (++n_calls != fail_at)
    return FALSE;
  errno = EIO;
  return TRUE;
}

static ssize_t
test_pwrite (int fd, const void *data, size_t length, off_t offset)
{
  g_autofree guint8 *copy = NULL;

  if (fails ())
    return -1;
  n_blocks++;
  if (n_blocks == cancel_at)
    g_cancellable_cancel (to_cancel);
  if (n_blocks != spoil_at)
    return pwrite (fd, data, length, offset);

  copy = g_memdup2 (data, length);
  copy[length / 2] ^= 1;
  return pwrite (fd, copy, length, offset);
}

static int
test_fdatasync (int fd)
{
  return fails () ? -1 : 0;
}

static int
test_syncfs (int fd)
{
  return fails () ? -1 : 0;
}

static int
test_renameat (int from, const char *old, int to, const char *name)
{
  return fails () ? -1 : renameat (from, old, to, name);
}

static int
test_unlinkat (int folder, const char *name, int flags)
{
  return unlinkat (folder, name, flags);
}

static const KlFileCalls test_calls
    = { test_pwrite, test_fdatasync, test_syncfs, test_renameat, test_unlinkat };

/* ---- Media. ---- */

static void
add_manifest (KlMediaLayout *layout)
{
  g_autoptr (KlManifest) manifest = kl_manifest_new ();
  KlLayoutItem *item = g_new0 (KlLayoutItem, 1);
  gsize size;
  gconstpointer data;

  manifest->image_id = g_strdup (layout->image_id);
  manifest->image_name = g_strdup ("Test");
  manifest->architecture = g_strdup ("x64");
  manifest->media_type = g_strdup ("UFD");
  manifest->label = g_strdup (layout->label);
  manifest->created = g_strdup ("2026-03-04T05:06:08Z");
  manifest->uefi = g_strdup ("x64");
  for (guint i = 0; i < layout->items->len; i++)
    {
      const KlLayoutItem *file = layout->items->pdata[i];

      kl_manifest_add_file (manifest, file->path, file->size, file->sha256);
    }
  item->path = g_strdup (KL_MANIFEST_PATH);
  item->bytes = kl_manifest_to_bytes (manifest);
  data = g_bytes_get_data (item->bytes, &size);
  item->size = size;
  item->crc32c = kl_crc32c_update (0, data, size);
  item->sha256 = kl_sha256_data (data, size);
  g_ptr_array_add (layout->items, item);
  g_hash_table_insert (layout->by_path, g_strdup (KL_MANIFEST_PATH), item);
}

/* Both media have /same and /Boot/same.ttf with the same bytes. */
static KlMediaLayout *
new_layout (Fixture *fixture, guint seed)
{
  g_autoptr (GRand) same = g_rand_new_with_seed (1);
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  g_autofree char *folder = g_strdup_printf ("%s/%u", fixture->sources, seed);
  KlMediaLayout *layout = disk_layout_new (TRUE);

  g_assert_cmpint (g_mkdir (folder, 0700), ==, 0);
  disk_layout_add (layout, "/same", 70000, same, folder);
  disk_layout_add (layout, "/Boot/same.ttf", 100, same, NULL);
  disk_layout_add (layout, "/bootmgr", 5001, rand, folder);
  disk_layout_add (layout, "/Boot/BCD", 12288, rand, NULL);
  disk_layout_add (layout, "/EFI/BOOT/BOOTX64.EFI", 4000, rand, folder);
  disk_layout_add (layout, "/sources/boot.wim", 2500000, rand, folder);
  disk_layout_add (layout, seed == 2 ? "/Boot/Fonts/old.ttf" : "/new", seed == 2 ? 3000 : 0, rand,
                   NULL);
  add_manifest (layout);
  return layout;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-volume-XXXXXX", NULL);
  fixture->sources = g_dir_make_tmp ("kl-sources-XXXXXX", NULL);
  fixture->root = open (fixture->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  fixture->first = new_layout (fixture, 2);
  fixture->second = new_layout (fixture, 3);
  n_calls = fail_at = n_blocks = spoil_at = cancel_at = 0;
  to_cancel = NULL;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  kl_close_fd (&fixture->root);
  g_object_unref (fixture->first);
  g_object_unref (fixture->second);
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_assert_true (kl_remove_tree (fixture->sources, NULL));
  g_free (fixture->folder);
  g_free (fixture->sources);
}

typedef struct
{
  KlFolderState state;
  guint n_written, n_kept, n_removed;
  gboolean clean;
} Outcome;

/* As the creator does it. */
static gboolean
make (Fixture *fixture,
      KlMediaLayout *layout,
      gboolean verify,
      guint64 free_bytes,
      Outcome *outcome,
      GError **error)
{
  KlFolderOptions options = { .root = fixture->root,
                              .where = fixture->folder,
                              .space = { 4096, free_bytes, G_MAXUINT32 },
                              .verify = verify,
                              .calls = &test_calls };
  g_autoptr (KlFolderPlan) plan
      = kl_folder_plan_new (layout, fixture->root, fixture->folder, !verify, error);
  g_autoptr (KlFolderWriter) writer = NULL;
  gboolean done;

  *outcome = (Outcome){ 0 };
  if (plan == NULL || !kl_folder_plan_check_space (plan, &options.space, error))
    return FALSE;
  options.plan = plan;
  writer = kl_folder_writer_new (&options);
  done = kl_folder_writer_write (writer, NULL, to_cancel, error)
         && kl_folder_writer_flush (writer, to_cancel, error)
         && (!verify || kl_folder_writer_verify (writer, NULL, to_cancel, error))
         && kl_folder_writer_commit (writer, error);
  outcome->clean = kl_folder_writer_abort (writer);
  outcome->state = kl_folder_writer_get_state (writer);
  outcome->n_written = kl_folder_plan_count (plan, KL_CHANGE_WRITE);
  outcome->n_kept = kl_folder_plan_count (plan, KL_CHANGE_KEEP);
  outcome->n_removed = kl_folder_plan_count (plan, KL_CHANGE_REMOVE);
  return done;
}

static Outcome
must_make (Fixture *fixture, KlMediaLayout *layout, gboolean verify)
{
  g_autoptr (GError) error = NULL;
  Outcome outcome;

  make (fixture, layout, verify, PLENTY, &outcome, &error);
  g_assert_no_error (error);
  g_assert_cmpint (outcome.state, ==, KL_FOLDER_COMPLETE);
  return outcome;
}

/* ---- What is there. ---- */

static char *
place (Fixture *fixture, const char *path)
{
  return g_strconcat (fixture->folder, path, NULL);
}

static char *
sum_there (Fixture *fixture, const char *path)
{
  g_autofree char *name = place (fixture, path);
  g_autofree char *data = NULL;
  gsize length = 0;

  return g_file_get_contents (name, &data, &length, NULL) ? kl_sha256_data (data, length) : NULL;
}

static const char *
sum_of (KlMediaLayout *layout, const char *path)
{
  const KlLayoutItem *item = kl_media_layout_find (layout, path);

  return item != NULL ? item->sha256 : NULL;
}

static void
assert_holds (Fixture *fixture, KlMediaLayout *layout)
{
  for (guint i = 0; i < layout->items->len; i++)
    {
      const KlLayoutItem *item = layout->items->pdata[i];
      g_autofree char *there = sum_there (fixture, item->path);

      g_test_message ("%s", item->path);
      g_assert_cmpstr (there, ==, item->sha256);
    }
}

static void
put (Fixture *fixture, const char *path, const char *text)
{
  g_autofree char *name = place (fixture, path);
  g_autofree char *folder = g_path_get_dirname (name);

  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (name, text, -1, NULL));
}

static gboolean
exists (Fixture *fixture, const char *path)
{
  g_autofree char *name = place (fixture, path);

  return g_file_test (name, G_FILE_TEST_EXISTS);
}

static guint
count_temporaries (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      n += g_str_has_suffix (name, ".part");
      n += g_file_test (path, G_FILE_TEST_IS_DIR) ? count_temporaries (path) : 0;
    }
  return n;
}

/* Every file is that of one medium or of the other, and a manifest is there only with all files
 * that it names. */
static void
assert_old_or_new (Fixture *fixture)
{
  static const char *const paths[] = { "/same",
                                       "/Boot/same.ttf",
                                       "/bootmgr",
                                       "/Boot/BCD",
                                       "/EFI/BOOT/BOOTX64.EFI",
                                       "/sources/boot.wim",
                                       "/Boot/Fonts/old.ttf",
                                       "/new",
                                       KL_MANIFEST_PATH };
  g_autofree char *manifest = sum_there (fixture, KL_MANIFEST_PATH);

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *there = sum_there (fixture, paths[i]);

      g_test_message ("%s", paths[i]);
      g_assert_true (g_strcmp0 (there, sum_of (fixture->first, paths[i])) == 0
                     || g_strcmp0 (there, sum_of (fixture->second, paths[i])) == 0);
    }
  g_assert_cmpuint (count_temporaries (fixture->folder), ==, 0);
  if (g_strcmp0 (manifest, sum_of (fixture->second, KL_MANIFEST_PATH)) == 0)
    assert_holds (fixture, fixture->second);
}

static void
empty_folder (Fixture *fixture)
{
  kl_close_fd (&fixture->root);
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_assert_cmpint (g_mkdir (fixture->folder, 0700), ==, 0);
  fixture->root = open (fixture->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* ---- The tests. ---- */

static void
test_new (Fixture *fixture, gconstpointer data)
{
  Outcome outcome = must_make (fixture, fixture->first, TRUE);

  g_assert_cmpuint (outcome.n_written, ==, 8);
  g_assert_cmpuint (outcome.n_kept + outcome.n_removed, ==, 0);
  assert_holds (fixture, fixture->first);
  g_assert_cmpuint (count_temporaries (fixture->folder), ==, 0);
}

static void
test_any_case (Fixture *fixture, gconstpointer data)
{
  g_autofree char *there = NULL;

  put (fixture, "/SOURCES/Boot.WIM", "old");
  put (fixture, "/SOURCES/mine", "mine");
  put (fixture, "/BOOTMGR", "old");
  must_make (fixture, fixture->first, TRUE);
  g_assert_false (exists (fixture, "/sources"));
  g_assert_false (exists (fixture, "/bootmgr"));
  g_assert_true (exists (fixture, "/SOURCES/mine"));
  there = sum_there (fixture, "/SOURCES/Boot.WIM");
  g_assert_cmpstr (there, ==, sum_of (fixture->first, "/sources/boot.wim"));
}

/* Where both spellings are there, the exact one is meant. */
static void
test_two_spellings (Fixture *fixture, gconstpointer data)
{
  g_autofree char *there = NULL;

  put (fixture, "/SAME", "other");
  put (fixture, "/same", "old");
  must_make (fixture, fixture->first, TRUE);
  there = sum_there (fixture, "/same");
  g_assert_cmpstr (there, ==, sum_of (fixture->first, "/same"));
}

static void
test_update (Fixture *fixture, gconstpointer data)
{
  Outcome outcome;
  struct stat before, after;
  g_autofree char *same = place (fixture, "/same");

  put (fixture, "/Boot/mine", "mine");
  must_make (fixture, fixture->first, TRUE);
  g_assert_cmpint (stat (same, &before), ==, 0);
  outcome = must_make (fixture, fixture->second, TRUE);
  g_assert_cmpuint (outcome.n_kept, ==, 2);
  g_assert_cmpuint (outcome.n_removed, ==, 1);
  assert_holds (fixture, fixture->second);
  g_assert_cmpint (stat (same, &after), ==, 0);
  g_assert_cmpuint (after.st_ino, ==, before.st_ino);
  g_assert_false (exists (fixture, "/Boot/Fonts"));
  g_assert_true (exists (fixture, "/Boot/mine"));
}

/* A file of the old medium that somebody changed is theirs. */
static void
test_changed_old_file_stays (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = g_strnfill (3000, 'x');
  Outcome outcome;

  must_make (fixture, fixture->first, TRUE);
  put (fixture, "/Boot/Fonts/old.ttf", text);
  outcome = must_make (fixture, fixture->second, TRUE);
  g_assert_cmpuint (outcome.n_removed, ==, 0);
  g_assert_true (exists (fixture, "/Boot/Fonts/old.ttf"));
}

static void
test_kept_files_are_read (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = place (fixture, "/same");
  g_autofd int fd = -1;
  Outcome outcome;

  must_make (fixture, fixture->first, TRUE);
  fd = open (name, O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (pwrite (fd, "????", 4, 60000), ==, 4);
  outcome = must_make (fixture, fixture->second, TRUE);
  g_assert_cmpuint (outcome.n_kept, ==, 1);
  assert_holds (fixture, fixture->second);
}

/* Without reading them, younger files than the manifest do not count. */
static void
test_kept_files_by_time (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = place (fixture, "/same");
  const struct utimbuf later = { time (NULL) + 100, time (NULL) + 100 };
  Outcome outcome;

  must_make (fixture, fixture->first, FALSE);
  outcome = must_make (fixture, fixture->second, FALSE);
  g_assert_cmpuint (outcome.n_kept, ==, 2);
  g_assert_cmpint (utime (name, &later), ==, 0);
  outcome = must_make (fixture, fixture->first, FALSE);
  g_assert_cmpuint (outcome.n_kept, ==, 1);
  assert_holds (fixture, fixture->first);
}

static void
test_leftovers (Fixture *fixture, gconstpointer data)
{
  put (fixture, "/sources/kindling-0123abcd.part", "left");
  put (fixture, "/kindling-0123abcd.part", "left");
  put (fixture, "/kindling-mine.part", "mine");
  must_make (fixture, fixture->first, TRUE);
  g_assert_cmpuint (count_temporaries (fixture->folder), ==, 1);
  g_assert_true (exists (fixture, "/kindling-mine.part"));
}

/* Whichever call fails: what is there is old or new, nothing temporary is left, and making it again
 * mends it. */
static void
test_each_failure (Fixture *fixture, gconstpointer short_room)
{
  const guint64 room = GPOINTER_TO_INT (short_room) ? 3800000 : PLENTY;
  guint n_total, n_partial = 0, n_untouched = 0;
  Outcome outcome;

  must_make (fixture, fixture->first, TRUE);
  n_calls = 0;
  g_assert_true (make (fixture, fixture->second, TRUE, room, &outcome, NULL));
  n_total = n_calls;
  g_assert_cmpuint (n_total, >, 20);

  for (guint n = 1; n <= n_total; n++)
    {
      g_autoptr (GError) error = NULL;

      fail_at = 0;
      empty_folder (fixture);
      must_make (fixture, fixture->first, FALSE);
      n_calls = 0;
      fail_at = n;
      g_test_message ("call %u", n);
      g_assert_false (make (fixture, fixture->second, TRUE, room, &outcome, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_IO);
      g_assert_true (outcome.clean);
      assert_old_or_new (fixture);
      n_partial += outcome.state == KL_FOLDER_PARTIAL;
      n_untouched += outcome.state == KL_FOLDER_UNTOUCHED;
      if (outcome.state == KL_FOLDER_UNTOUCHED)
        assert_holds (fixture, fixture->first);

      fail_at = 0;
      must_make (fixture, fixture->second, TRUE);
      assert_holds (fixture, fixture->second);
    }
  g_assert_cmpuint (n_partial, >, 3);
  g_assert_cmpuint (n_untouched, >, 10);
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Outcome outcome;

  must_make (fixture, fixture->first, TRUE);
  n_blocks = 0;
  cancel_at = 3;
  to_cancel = cancellable;
  g_assert_false (make (fixture, fixture->second, TRUE, PLENTY, &outcome, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (outcome.state, ==, KL_FOLDER_UNTOUCHED);
  assert_holds (fixture, fixture->first);
  g_assert_cmpuint (count_temporaries (fixture->folder), ==, 0);
  g_assert_false (exists (fixture, "/new"));
}

/* A drive that lies is found out before the old files are touched. */
static void
test_read_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Outcome outcome;

  must_make (fixture, fixture->first, TRUE);
  n_blocks = 0;
  spoil_at = 2; /* /new has no byte; the first block of the WIM is the first */
  g_assert_false (make (fixture, fixture->second, TRUE, PLENTY, &outcome, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "/sources/boot.wim”"));
  g_assert_nonnull (strstr (error->message, "from byte 1572864 on"));
  g_assert_cmpint (outcome.state, ==, KL_FOLDER_UNTOUCHED);
  assert_holds (fixture, fixture->first);
}

static void
test_source_changed (Fixture *fixture, gconstpointer data)
{
  const KlLayoutItem *item = kl_media_layout_find (fixture->first, "/sources/boot.wim");
  g_autoptr (GError) shorter = NULL;
  g_autoptr (GError) other = NULL;
  g_autofd int fd = open (item->file, O_WRONLY | O_CLOEXEC);
  Outcome outcome;

  g_assert_cmpint (pwrite (fd, "????", 4, 100), ==, 4);
  g_assert_false (make (fixture, fixture->first, TRUE, PLENTY, &outcome, &other));
  g_assert_error (other, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  g_assert_cmpstr (kl_error_get_detail (other), ==, "TST00001");
  g_assert_cmpint (ftruncate (fd, 100), ==, 0);
  g_assert_false (make (fixture, fixture->first, TRUE, PLENTY, &outcome, &shorter));
  g_assert_error (shorter, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  g_assert_false (exists (fixture, "/sources"));
}

static void
test_in_the_way (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *path; /* a file there */
    const char *part;
  } rows[] = {
    { "/Bootmgr/x", "“/Bootmgr” on" },
    { "/sources", "“/sources” on" },
    { "/EFI", "“/EFI” on" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      Outcome outcome;

      empty_folder (fixture);
      put (fixture, rows[i].path, "x");
      g_assert_false (make (fixture, fixture->first, TRUE, PLENTY, &outcome, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, rows[i].part));
      g_assert_true (exists (fixture, rows[i].path));
    }
}

/* A link is nothing that a medium has, and leads elsewhere. */
static void
test_links (Fixture *fixture, gconstpointer data)
{
  g_autofree char *link = place (fixture, "/sources");
  g_autofree char *file = place (fixture, "/same");
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) second = NULL;
  Outcome outcome;

  g_assert_cmpint (symlink (fixture->sources, link), ==, 0);
  g_assert_false (make (fixture, fixture->first, TRUE, PLENTY, &outcome, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_unlink (link);
  g_assert_cmpint (symlink (fixture->sources, file), ==, 0);
  g_assert_false (make (fixture, fixture->first, TRUE, PLENTY, &outcome, &second));
  g_assert_error (second, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
}

static guint64
count_room (KlMediaLayout *layout, guint cluster)
{
  guint64 bytes = 1 << 20;

  for (guint i = 0; i < layout->items->len; i++)
    bytes += (((const KlLayoutItem *) layout->items->pdata[i])->size + cluster - 1) / cluster
             * cluster;
  return bytes;
}

static void
test_clusters (Fixture *fixture, gconstpointer data)
{
  static const guint clusters[] = { 512, 4096, 65536 };
  g_autoptr (KlFolderPlan) plan
      = kl_folder_plan_new (fixture->first, fixture->root, fixture->folder, FALSE, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (clusters); i++)
    {
      const guint64 needed = count_room (fixture->first, clusters[i]);
      const KlFolderSpace enough = { clusters[i], needed, G_MAXUINT32 };
      const KlFolderSpace less = { clusters[i], needed - 1, G_MAXUINT32 };
      g_autoptr (GError) error = NULL;

      g_assert_true (kl_folder_plan_check_space (plan, &enough, NULL));
      g_assert_false (kl_folder_plan_check_space (plan, &less, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE);
      g_assert_cmpstr (kl_error_get_detail (error), ==, "TST00001");
      g_assert_nonnull (strstr (error->message, "bytes are needed"));
    }
}

static void
test_file_too_large (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlFolderPlan) plan
      = kl_folder_plan_new (fixture->first, fixture->root, fixture->folder, FALSE, NULL);
  const KlFolderSpace exact = { 4096, PLENTY, 2500000 };
  const KlFolderSpace less = { 4096, PLENTY, 2499999 };
  g_autoptr (GError) error = NULL;

  g_assert_true (kl_folder_plan_check_space (plan, &exact, NULL));
  g_assert_false (kl_folder_plan_check_space (plan, &less, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "“/sources/boot.wim” has 2500000 bytes"));
}

/* What is replaced counts only once the new one has its name. */
static void
test_short_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Outcome outcome;

  must_make (fixture, fixture->first, TRUE);
  g_assert_false (make (fixture, fixture->second, TRUE, 3500000, &outcome, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_PACKAGE_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "beside the file that it replaces"));
  assert_holds (fixture, fixture->first);

  /* The WIM fits, and what follows only after it. */
  g_assert_true (make (fixture, fixture->second, TRUE, (1 << 20) + 2502656, &outcome, NULL));
  assert_holds (fixture, fixture->second);
}

/* ---- Several volumes at once. ---- */

#define N_VOLUMES 4

typedef struct
{
  KlMediaLayout *layout; /* borrowed */
  KlReadMember *member;  /* owned */
  char *folder;          /* owned */
} Volume;

static gpointer
write_volume (gpointer data)
{
  Volume *volume = data;
  g_autofd int root = open (volume->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlFolderPlan) plan
      = kl_folder_plan_new (volume->layout, root, volume->folder, FALSE, &error);
  const KlFolderOptions options = { .plan = plan,
                                    .root = root,
                                    .where = volume->folder,
                                    .space = { 4096, PLENTY, G_MAXUINT32 },
                                    .member = volume->member };
  g_autoptr (KlFolderWriter) writer = kl_folder_writer_new (&options);

  g_assert_no_error (error);
  if (kl_folder_writer_write (writer, NULL, NULL, &error))
    kl_folder_writer_commit (writer, &error);
  g_assert_no_error (error);
  kl_read_member_leave (volume->member);
  return NULL;
}

/* A volume that has some of the files already takes part as well. */
static void
test_share (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlReadShare) share = kl_read_share_new ();
  Volume volumes[N_VOLUMES];
  GThread *threads[N_VOLUMES];
  guint64 source_bytes = 0;

  must_make (fixture, fixture->first, TRUE);
  for (guint i = 0; i < N_VOLUMES; i++)
    {
      volumes[i] = (Volume){ fixture->second, kl_read_share_join (share, TRUE), NULL };
      volumes[i].folder = i == 0 ? g_strdup (fixture->folder)
                                 : g_strdup_printf ("%s/volume-%u", fixture->sources, i);
      g_mkdir_with_parents (volumes[i].folder, 0700);
    }
  for (guint i = 0; i < N_VOLUMES; i++)
    threads[i] = g_thread_new ("volume", write_volume, &volumes[i]);
  for (guint i = 0; i < N_VOLUMES; i++)
    g_thread_join (threads[i]);

  for (guint i = 0; i < fixture->second->items->len; i++)
    {
      const KlLayoutItem *item = fixture->second->items->pdata[i];

      source_bytes += item->file != NULL ? item->size : 0;
      for (guint j = 0; j < N_VOLUMES; j++)
        {
          g_autofree char *path = g_strconcat (volumes[j].folder, item->path, NULL);
          g_autofree char *sha256 = NULL;
          g_autofree char *content = NULL;
          gsize length;

          g_assert_true (g_file_get_contents (path, &content, &length, NULL));
          sha256 = kl_sha256_data (content, length);
          g_assert_cmpstr (sha256, ==, item->sha256);
        }
    }
  g_assert_cmpuint (kl_read_share_get_file_bytes (share), ==, source_bytes);
  for (guint i = 0; i < N_VOLUMES; i++)
    g_free (volumes[i].folder);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD_WITH(name, data, func)                                                                 \
  g_test_add ("/folder-writer/" name, Fixture, data, set_up, func, tear_down)
#define ADD(name, func) ADD_WITH (name, NULL, func)
  ADD ("writes-all-files", test_new);
  ADD ("finds-names-in-any-case", test_any_case);
  ADD ("prefers-the-exact-spelling", test_two_spellings);
  ADD ("writes-what-changed-and-removes-what-went", test_update);
  ADD ("leaves-an-old-file-that-was-changed", test_changed_old_file_stays);
  ADD ("reads-what-it-keeps", test_kept_files_are_read);
  ADD ("goes-by-time-without-reading", test_kept_files_by_time);
  ADD ("removes-what-a-pulled-plug-left", test_leftovers);
  ADD ("survives-each-failure", test_each_failure);
  ADD_WITH ("survives-each-failure-where-room-is-short", GINT_TO_POINTER (TRUE), test_each_failure);
  ADD ("cancels-without-a-trace", test_cancel);
  ADD ("names-file-and-byte-that-differ", test_read_back);
  ADD ("refuses-a-source-that-changed", test_source_changed);
  ADD ("refuses-what-is-in-the-way", test_in_the_way);
  ADD ("follows-no-links", test_links);
  ADD ("counts-clusters", test_clusters);
  ADD ("refuses-a-file-that-is-too-large", test_file_too_large);
  ADD ("makes-room-where-it-is-short", test_short_room);
  ADD ("reads-once-for-several-volumes", test_share);
  return g_test_run ();
}
