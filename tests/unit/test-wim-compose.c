/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wim/wim.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/error.h"
#include "wim/wim-metadata.h"

#include "wim-fixture.h"

/* 2026-01-01, 100 ns since 1601 */
#define TIME G_GUINT64_CONSTANT (134116992000000000)

typedef struct
{
  GPtrArray *files; /* of KlWimAddition, with all that they point to */
  GPtrArray *donors;
  GPtrArray *kept;
} Additions;

static void
additions_clear (Additions *self)
{
  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->donors);
  g_ptr_array_unref (self->kept);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Additions, additions_clear)

#define ADDITIONS                                                                                  \
  {                                                                                                \
    g_ptr_array_new_with_free_func (g_free), g_ptr_array_new_with_free_func (g_free),              \
        g_ptr_array_new_with_free_func (g_free)                                                    \
  }

/* Says that a file of the folder "over" is laid over the image. */
static void
lay (WimFixture *fixture, Additions *additions, const char *path)
{
  g_autofree char *below = g_strdelimit (g_strdup (path), "\\", '/');
  char *content = g_build_filename (fixture->folder, "over", below, NULL);
  KlWimAddition *addition = g_new0 (KlWimAddition, 1);
  guint8 *sha1 = g_malloc (KL_SHA1_SIZE);
  g_autofree char *data = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (content, &data, &size, NULL));
  kl_sha1_data (data, size, sha1);
  *addition = (KlWimAddition){ g_strdup (path), content, size, sha1 };
  g_ptr_array_add (additions->kept, (gpointer) addition->path);
  g_ptr_array_add (additions->kept, content);
  g_ptr_array_add (additions->kept, sha1);
  g_ptr_array_add (additions->files, addition);
}

/* Another program compresses the contents from the @first on into a donor of that name. */
static void
pack (WimFixture *fixture, Additions *additions, const char *name, guint first, guint n)
{
  g_autofree char *below = g_strconcat ("in-", name, NULL);
  g_autofree char *folder = fixture_path (fixture, below);

  for (guint i = first; i < first + n; i++)
    {
      const KlWimAddition *file = additions->files->pdata[i];
      g_autofree char *number = g_strdup_printf ("%u", i);
      g_autofree char *data = NULL;
      gsize size;

      g_assert_true (g_file_get_contents (file->content, &data, &size, NULL));
      put (folder, number, data, size);
    }
  RUN (fixture, "wimlib-imagex", "capture", below, name, "--compress=LZX:20");
  g_ptr_array_add (additions->donors, fixture_path (fixture, name));
}

static gboolean
compose (WimFixture *fixture,
         const char *source,
         guint index,
         const Additions *additions,
         const char *name,
         KlWimSums *sums,
         GError **error)
{
  const KlWimOverlay overlay
      = { .files = additions->files, .donors = additions->donors, .time = TIME, .level = 20 };
  g_autofree char *target = fixture_path (fixture, name);
  g_autoptr (KlWim) wim = open_ok (source);

  g_assert_true (kl_wim_can_compose (wim));
  return kl_wim_compose (wim, index, &overlay, target, sums, NULL, NULL, error);
}

/* What another program says of an image, without what says when it was made. */
static char *
describe (WimFixture *fixture, const char *name)
{
  g_autofree char *command = g_strdup_printf (
      "wimlib-imagex info '%s' 1 | grep -E 'Count|Bytes|^Name|Description|Boot|Compression' && "
      "wimlib-imagex dir '%s' 1 | LC_ALL=C sort && wimlib-imagex extract '%s' 1 '/Windows' "
      "--dest-dir='out-%s' >extracted && cd 'out-%s' && find . -type f | LC_ALL=C sort | xargs "
      "sha256sum && "
      "find . -type l -printf '%%p %%l\\n' | LC_ALL=C sort",
      name, name, name, name, name);

  return run_in (fixture->folder, "sh", "-c", command, NULL);
}

/* An image with links of both kinds and what only wimlib knows, as the second of two. */
static char *
capture_two (WimFixture *fixture)
{
  g_autofree char *dll = g_build_filename (fixture->tree, "Windows/SYSTEM32/ntdll.dll", NULL);
  g_autofree char *again = g_build_filename (fixture->tree, "Windows/again.dll", NULL);
  g_autofree char *symbolic = g_build_filename (fixture->tree, "Windows/link.dll", NULL);
  g_autofree char *source = NULL;

  put (fixture->tree, "Windows/old.txt", "old", 3);
  source = capture (fixture, "two.wim", "--compress=LZX");
  put_winload (fixture->tree);
  put (fixture->tree, "Windows/empty", "", 0);
  g_assert_cmpint (link (dll, again), ==, 0);
  g_assert_cmpint (symlink ("SYSTEM32/ntdll.dll", symbolic), ==, 0);
  RUN (fixture, "wimlib-imagex", "append", "tree", "two.wim", "Second", "--unix-data", "--boot");
  return g_steal_pointer (&source);
}

static void
put_over (WimFixture *fixture, Additions *additions)
{
  g_autofree char *over = fixture_path (fixture, "over");

  put_noise (over, "Windows/new/deep/noise.bin", 5, 700000);
  put (over, "Windows/OLD.TXT", "replaced", 8);
  put (over, "Windows/zero.txt", "", 0);
  put (over, "Windows/Ünï.txt", "replaced", 8);
  lay (fixture, additions, "\\Windows\\new\\deep\\noise.bin");
  lay (fixture, additions, "\\Windows\\OLD.TXT");
  lay (fixture, additions, "\\Windows\\zero.txt");
  lay (fixture, additions, "\\Windows\\Ünï.txt");
}

/* It says the same as a program that is not ours makes of the same files. */
static void
test_as_its_peer (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *source = capture_two (fixture);
  g_auto (Additions) additions = ADDITIONS;
  g_autofree char *ours = NULL;
  g_autofree char *theirs = NULL;
  g_autofree char *tested = NULL;
  g_autofree char *target = fixture_path (fixture, "out.wim");
  g_autofree char *sha256 = NULL;
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  KlWimSums sums = { 0 };
  gsize size;

  put_over (fixture, &additions);
  pack (fixture, &additions, "pack.wim", 0, 4);
  g_assert_true (compose (fixture, source, 2, &additions, "out.wim", &sums, &error));
  g_assert_no_error (error);

  RUN (fixture, "wimlib-imagex", "export", "two.wim", "2", "peer.wim", "--boot");
  RUN (fixture, "env", "WIMLIB_IMAGEX_IGNORE_CASE=1", "wimlib-imagex", "update", "peer.wim", "1",
       "--command", "add over /");
  RUN (fixture, "wimlib-imagex", "verify", "out.wim");
  tested = run_in (fixture->folder, "7z", "t", "out.wim", NULL);
  g_assert_nonnull (strstr (tested, "Everything is Ok"));
  g_assert_null (strstr (tested, "DELETED"));
  ours = describe (fixture, "out.wim");
  theirs = describe (fixture, "peer.wim");
  g_assert_cmpstr (ours, ==, theirs);
  g_assert_nonnull (strstr (ours, "/Windows/link.dll"));

  sha256 = kl_sha256_file (target, NULL, NULL, NULL);
  g_assert_cmpstr (sums.sha256, ==, sha256);
  g_assert_true (g_file_get_contents (target, &bytes, &size, NULL));
  g_assert_cmpuint (sums.size, ==, size);
  g_assert_cmpuint (sums.crc32c, ==, kl_crc32c_update (0, bytes, size));
  g_clear_pointer (&bytes, g_free);
  g_assert_true (g_file_get_contents (source, &bytes, &size, NULL));
  g_assert_cmpuint (sums.source_size, ==, size);
  g_assert_cmpuint (sums.source_crc32c, ==, kl_crc32c_update (0, bytes, size));
  g_free (sums.sha256);
}

static void
assert_same_bytes (WimFixture *fixture,
                   const Additions *additions,
                   const char *source,
                   char **sha256)
{
  KlWimSums sums = { 0 };
  g_autofree char *target = fixture_path (fixture, "same.wim");
  g_autoptr (GError) error = NULL;

  compose (fixture, source, 2, additions, "same.wim", &sums, &error);
  g_assert_no_error (error);
  g_assert_cmpint (unlink (target), ==, 0);
  if (*sha256 == NULL)
    *sha256 = g_strdup (sums.sha256);
  g_assert_cmpstr (sums.sha256, ==, *sha256);
  g_free (sums.sha256);
}

static void
test_same_bytes (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *source = capture_two (fixture);
  g_autofree char *sha256 = NULL;
  g_autofree char *before = fixture_path (fixture, "before.wim");
  g_auto (Additions) all = ADDITIONS;
  g_auto (Additions) several = ADDITIONS;
  g_auto (Additions) some = ADDITIONS;
  g_auto (Additions) none = ADDITIONS;
  g_auto (Additions) earlier = ADDITIONS;
  KlWimSums sums = { 0 };

  put_over (fixture, &all);
  put_over (fixture, &several);
  put_over (fixture, &some);
  put_over (fixture, &none);
  put_over (fixture, &earlier);
  pack (fixture, &all, "all.wim", 0, 4);
  pack (fixture, &several, "last.wim", 1, 3);
  pack (fixture, &several, "first.wim", 0, 1);
  pack (fixture, &some, "some.wim", 1, 1);
  g_assert_true (compose (fixture, source, 2, &none, "before.wim", &sums, NULL));
  g_ptr_array_add (earlier.donors, g_steal_pointer (&before));
  assert_same_bytes (fixture, &all, source, &sha256);
  assert_same_bytes (fixture, &several, source, &sha256);
  assert_same_bytes (fixture, &some, source, &sha256);
  assert_same_bytes (fixture, &none, source, &sha256);
  assert_same_bytes (fixture, &earlier, source, &sha256);
  g_free (sums.sha256);
}

/* A file that is not what it was when it was summed up. */
static void
test_changed (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *source = capture_two (fixture);
  g_autofree char *target = fixture_path (fixture, "out.wim");
  g_autofree char *over = fixture_path (fixture, "over");
  static const gsize sizes[] = { 700000, 699999, 5 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_auto (Additions) additions = ADDITIONS;
      g_autoptr (GError) error = NULL;
      KlWimSums sums = { 0 };

      put_over (fixture, &additions);
      put_noise (over, "Windows/new/deep/noise.bin", 6, sizes[i]);
      g_assert_false (compose (fixture, source, 2, &additions, "out.wim", &sums, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED);
      g_assert_cmpstr (kl_error_get_detail (error), ==,
                       ((KlWimAddition *) additions.files->pdata[0])->content);
      g_assert_false (g_file_test (target, G_FILE_TEST_EXISTS));
    }
}

/* Files of all lengths around those of chunks, and of threads' pieces, that become smaller or not.
 */
static void
test_compressed (WimFixture *fixture, gconstpointer data)
{
  static const gsize sizes[] = { 1,      2,      32767,  32768,  32769,  65536,  65537,
                                 131071, 131072, 131073, 262143, 262144, 262145, 3000000 };
  g_autofree char *source = capture_two (fixture);
  g_autofree char *over = fixture_path (fixture, "over");
  g_auto (Additions) additions = ADDITIONS;
  g_autofree char *ours = NULL;
  g_autofree char *theirs = NULL;
  g_autoptr (GError) error = NULL;
  KlWimSums sums = { 0 };

  for (guint i = 0; i < 2 * G_N_ELEMENTS (sizes); i++)
    {
      gsize size = sizes[i / 2];
      g_autofree char *name = g_strdup_printf ("Windows/%02u.bin", i);
      g_autofree char *path = g_strdelimit (g_strconcat ("\\", name, NULL), "/", '\\');
      g_autofree char *text = g_malloc (size);

      for (gsize k = 0; k < size; k++)
        text[k] = (char) ((k * k / 7) % 251 + i);
      if (i % 2 == 0)
        put_noise (over, name, i + 1, size);
      else
        put (over, name, text, size);
      lay (fixture, &additions, path);
    }
  compose (fixture, source, 2, &additions, "out.wim", &sums, &error);
  g_assert_no_error (error);
  g_free (sums.sha256);

  RUN (fixture, "wimlib-imagex", "export", "two.wim", "2", "peer.wim", "--boot");
  RUN (fixture, "env", "WIMLIB_IMAGEX_IGNORE_CASE=1", "wimlib-imagex", "update", "peer.wim", "1",
       "--command", "add over /");
  RUN (fixture, "wimlib-imagex", "verify", "out.wim");
  ours = describe (fixture, "out.wim");
  theirs = describe (fixture, "peer.wim");
  g_assert_cmpstr (ours, ==, theirs);
}

/* Nothing of what was replaced, and nothing of the donors but what is wanted. */
static void
test_nothing_else (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *over = fixture_path (fixture, "over");
  g_autofree char *target = fixture_path (fixture, "out.wim");
  g_autofree char *bytes = NULL;
  g_autofree char *source = NULL;
  g_auto (Additions) additions = ADDITIONS;
  KlWimSums sums = { 0 };
  gsize size;

  put (fixture->tree, "secret.txt", "the old password", 16);
  put_winload (fixture->tree);
  source = capture (fixture, "boot.wim", "--boot");
  put (over, "SECRET.TXT", "nothing of note.", 16);
  put (over, "unwanted.txt", "the other password", 18);
  lay (fixture, &additions, "\\SECRET.TXT");
  lay (fixture, &additions, "\\unwanted.txt");
  pack (fixture, &additions, "pack.wim", 0, 2);
  g_ptr_array_set_size (additions.files, 1);
  g_assert_true (compose (fixture, source, 1, &additions, "out.wim", &sums, NULL));
  g_assert_true (g_file_get_contents (target, &bytes, &size, NULL));
  g_assert_nonnull (memmem (bytes, size, "nothing of note.", 16));
  g_assert_null (memmem (bytes, size, "the old password", 16));
  g_assert_null (memmem (bytes, size, "the other password", 18));
  g_free (sums.sha256);
}

/* More small files than a thread gets at once, with larger ones between them; by whatever way they
 * come into one folder, they are found there again. */
static void
test_many (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *source = capture_two (fixture);
  g_autofree char *over = fixture_path (fixture, "over");
  g_auto (Additions) additions = ADDITIONS;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlWim) wim = NULL;
  g_autofree char *target = fixture_path (fixture, "out.wim");
  const KlWimAddition *different = NULL;
  KlWimSums sums = { 0 };

  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *path = g_strdup_printf ("\\Windows\\MANY\\%s%03u.txt",
                                               i % 2 == 0 ? "File" : "fiLE", i * 7 % 1000);
      g_autofree char *below = g_strdelimit (g_strdup (path), "\\", '/');

      put_noise (over, below, i, i % 200 == 199 ? 200000 : i * 37 % 2000);
      lay (fixture, &additions, path);
    }
  g_assert_true (compose (fixture, source, 2, &additions, "out.wim", &sums, NULL));
  RUN (fixture, "wimlib-imagex", "verify", "out.wim");
  RUN (fixture, "sh", "-c",
       "wimlib-imagex extract out.wim 1 /Windows/MANY --dest-dir=many >extracted && "
       "diff -r many/MANY over/Windows/MANY");
  RUN (fixture, "sh", "-c",
       "wimlib-imagex dir out.wim 1 --path=/Windows/MANY | grep -i file >there; "
       "LC_ALL=C sort -f there | cmp - there");

  wim = open_ok (target);
  g_assert_true (kl_wim_compare (wim, additions.files, &different, &error));
  g_assert_null (different);
  ((KlWimAddition *) additions.files->pdata[500])->size++;
  g_assert_true (kl_wim_compare (wim, additions.files, &different, &error));
  g_assert_true (different == additions.files->pdata[500]);
  g_free (sums.sha256);
}

static void
test_no_place (WimFixture *fixture, gconstpointer data)
{
  static const char *const paths[] = { "\\Windows\\old.txt\\file", "\\Windows", "\\", "\\a\\\\b" };
  g_autofree char *source = capture_two (fixture);

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_auto (Additions) additions = ADDITIONS;
      KlWimAddition *addition = g_new0 (KlWimAddition, 1);
      g_autoptr (GError) error = NULL;
      KlWimSums sums = { 0 };

      addition->path = paths[i];
      g_ptr_array_add (additions.files, addition);
      g_assert_false (compose (fixture, source, 1, &additions, "out.wim", &sums, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, paths[i]));
    }
}

/* A limit on the size of files stands in for a full disk. */
static void
test_no_space (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *source = capture_two (fixture);
  g_autofree char *target = fixture_path (fixture, "out.wim");
  g_auto (Additions) additions = ADDITIONS;
  g_autoptr (GError) error = NULL;
  KlWimSums sums = { 0 };
  struct rlimit before, small;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &before), ==, 0);
  small = (struct rlimit){ 100000, before.rlim_max };
  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  g_assert_false (compose (fixture, source, 2, &additions, "out.wim", &sums, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_error (error, KL_ERROR, KL_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, target));
  g_assert_false (g_file_test (target, G_FILE_TEST_EXISTS));
}

static void
test_cancelled (WimFixture *fixture, gconstpointer data)
{
  const KlWimOverlay overlay = { .time = TIME, .level = 20 };
  g_autofree char *source = NULL;
  g_autofree char *target = fixture_path (fixture, "out.wim");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (KlProgress) progress = kl_progress_new (cancel_midway, cancellable);
  KlProgress *step = kl_progress_add_step (progress, 1, "Writing");
  g_autoptr (GError) error = NULL;
  g_autoptr (KlWim) wim = NULL;
  KlWimSums sums = { 0 };

  put_noise (fixture->tree, "large.bin", 3, 12000000);
  source = capture (fixture, "boot.wim", "--boot");
  wim = open_ok (source);
  kl_progress_start (step);
  g_assert_false (kl_wim_compose (wim, 1, &overlay, target, &sums, step, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (g_file_test (target, G_FILE_TEST_EXISTS));
}

/* A delta lacks what another file has. */
static void
test_delta (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *source = capture_two (fixture);
  g_autofree char *delta = fixture_path (fixture, "delta.wim");
  g_auto (Additions) additions = ADDITIONS;
  g_autoptr (GError) error = NULL;
  KlWimSums sums = { 0 };

  put (fixture->tree, "more.txt", "more", 4);
  RUN (fixture, "wimlib-imagex", "capture", "tree", "delta.wim", "Delta", "--delta-from=two.wim",
       "--boot");
  g_assert_false (compose (fixture, delta, 1, &additions, "out.wim", &sums, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED);
  g_assert_nonnull (strstr (error->message, delta));
}

static void
count_cb (const guint8 *sha1, gboolean is_link, gpointer user_data)
{
  ++*(guint *) user_data;
}

/* Whatever stands in a byte, it is an error or an image: never a read beyond the end. */
static void
test_damaged_metadata (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *source = NULL;
  g_autofree char *path = fixture_path (fixture, "plain.wim");
  g_autofree char *bytes = NULL;
  KlBytesView view;
  guint64 offset = 0, size = 0;
  guint n_good = 0;
  gsize length;

  source = capture_two (fixture);
  RUN (fixture, "wimlib-imagex", "export", "two.wim", "2", "plain.wim", "--boot",
       "--compress=none");
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  view = (KlBytesView){ (guint8 *) bytes, length };
  g_assert_true (kl_view_u64 (view, 0x68, &offset) && kl_view_u64 (view, 0x70, &size));

  for (gsize i = 0; i <= size; i++)
    for (guint value = 0; value < 4; value++)
      {
        g_autofree guint8 *copy = g_memdup2 (bytes + offset, (gsize) size);
        g_autoptr (GBytes) wrong = NULL;
        g_autoptr (KlWimMetadata) metadata = NULL;
        g_autoptr (GError) error = NULL;
        guint n = 0;

        if (i < size)
          copy[i] = (guint8[]){ 0, 0xff, (guint8) (copy[i] + 8), (guint8) (copy[i] ^ 0x10) }[value];
        wrong = g_bytes_new_take (g_steal_pointer (&copy), (gsize) size);
        metadata = kl_wim_metadata_new (wrong, path, &error);
        g_assert_true ((metadata == NULL) == (error != NULL));
        if (metadata == NULL)
          {
            g_assert_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED);
            continue;
          }
        n_good++;
        kl_wim_metadata_foreach (metadata, count_cb, &n);
        kl_wim_metadata_put (metadata, "\\Windows\\new\\file", NULL, TIME, NULL);
        g_byte_array_unref (kl_wim_metadata_write (metadata));
      }
  g_assert_cmpuint (n_good, >, 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add (path, WimFixture, NULL, wim_fixture_set_up, func, wim_fixture_tear_down)
  ADD ("/wim-compose/other-programs-make-the-same-of-it", test_as_its_peer);
  ADD ("/wim-compose/where-contents-come-from-does-not-show", test_same_bytes);
  ADD ("/wim-compose/nothing-else-gets-into-it", test_nothing_else);
  ADD ("/wim-compose/a-file-that-changes-meanwhile", test_changed);
  ADD ("/wim-compose/files-of-all-lengths-are-compressed", test_compressed);
  ADD ("/wim-compose/many-small-files-in-a-folder", test_many);
  ADD ("/wim-compose/a-path-that-has-no-place", test_no_place);
  ADD ("/wim-compose/a-full-disk-fails-it", test_no_space);
  ADD ("/wim-compose/it-can-be-cancelled", test_cancelled);
  ADD ("/wim-compose/a-delta-is-incomplete", test_delta);
  ADD ("/wim-metadata/damage-is-an-error", test_damaged_metadata);
#undef ADD
  return g_test_run ();
}
