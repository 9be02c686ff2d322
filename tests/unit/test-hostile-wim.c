/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/boot-files.h"
#include "boot/boot-search.h"
#include "wim-fixture.h"

#include "base/error.h"

/* A name that is to be replaced; as long as the longest of those below. */
#define PLACE "aaaaaaaaaaaaaaaaaaaa.ttf"

/* Names that no Windows writes, for the same number of UTF-16 units. */
static const char *const hostile_names[] = {
  "../../../../../evil0.ttf",   "..\\..\\..\\..\\..\\evil1.ttf", "/tmp/kl-evil/evil234.ttf",
  "C:\\Windows\\System320.ttf", "\\\\server\\share\\evil5.ttf",  "....................ttf.",
};

static void
put_utf16 (guint8 *at, const char *text)
{
  for (gsize i = 0; text[i] != '\0'; i++)
    kl_put_u16 (at + 2 * i, (guint8) text[i]);
}

/* Rewrites the names in the uncompressed WIM, and the SHA-1 by which it knows its metadata. */
static void
rename_inside (const char *path, const char *name)
{
  const gsize entry_bytes = 50, sum_at = 30;
  guint8 place[2 * (sizeof PLACE - 1)], before[20], after[20];
  g_autofree char *text = NULL;
  gsize length, n = sizeof after, offset, size;
  guint8 *bytes, *at, *table;
  guint64 number = 0;
  KlBytesView view;

  g_assert_cmpuint (strlen (name), ==, strlen (PLACE));
  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  bytes = (guint8 *) text;
  view = (KlBytesView){ bytes, length };

  /* The metadata are the boot metadata, too. */
  g_assert_true (kl_view_u64 (view, 0x60, &number));
  size = (gsize) (number & (((guint64) 1 << 56) - 1));
  g_assert_true (kl_view_u64 (view, 0x68, &number));
  offset = (gsize) number;
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA1);

      g_checksum_update (sum, bytes + offset, (gssize) size);
      n = sizeof after;
      g_checksum_get_digest (sum, i == 0 ? before : after, &n);
      put_utf16 (place, PLACE);
      at = memmem (bytes + offset, size, place, sizeof place);
      if (i == 0)
        {
          g_assert_nonnull (at);
          put_utf16 (at, name);
        }
    }

  g_assert_true (kl_view_u64 (view, 0x38, &number));
  for (table = bytes + number; memcmp (table + sum_at, before, sizeof before) != 0;
       table += entry_bytes)
    g_assert_cmpuint ((gsize) (table - bytes) + 2 * entry_bytes, <=, length);
  memcpy (table + sum_at, after, sizeof after);
  g_assert_true (g_file_set_contents (path, text, (gssize) length, NULL));
}

static guint
count_in (const char *folder, const char *part)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      n += strstr (name, part) != NULL;
      if (g_file_test (path, G_FILE_TEST_IS_DIR) && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        n += count_in (path, part);
    }
  return n;
}

/* Boot files are looked for, extracted and kept under names of ours, or not at all. */
static void
test_names (WimFixture *fixture, gconstpointer data)
{
  put_winload (fixture->tree);
  put (fixture->tree, "Windows/Boot/Fonts/" PLACE, "\0\1\0\0 a font", 11);
  put (fixture->tree, "Windows/Boot/Fonts/good_font.ttf", "\0\1\0\0 another", 12);

  for (guint i = 0; i < G_N_ELEMENTS (hostile_names); i++)
    {
      g_autofree char *path = capture (fixture, "hostile.wim", "--compress=none --boot");
      g_autofree char *target = fixture_path (fixture, "a/b/c/boot-files");
      g_autoptr (GError) error = NULL;
      g_autoptr (KlWim) wim = NULL;
      g_autoptr (KlBootFiles) files = NULL;

      rename_inside (path, hostile_names[i]);
      g_assert_cmpint (g_mkdir_with_parents (target, 0700), ==, 0);
      wim = kl_wim_open (path, &error);
      files = wim != NULL ? kl_boot_files_collect (wim, 1, NULL, target, NULL, NULL, &error) : NULL;
      g_test_message ("%s: %s", hostile_names[i], error != NULL ? error->message : "read");
      if (files != NULL)
        {
          g_autoptr (GPtrArray) fonts = kl_boot_files_get_all (files, KL_BOOT_ROLE_FONT);

          for (guint k = 0; k < fonts->len; k++)
            {
              const KlBootFile *font = fonts->pdata[k];

              g_assert_true (g_str_has_prefix (font->path, target));
              g_assert_true (kl_boot_name_is_safe (font->name));
            }
        }
      else
        g_assert_true (error->domain == KL_ERROR);

      g_assert_cmpuint (count_in (fixture->folder, "evil"), ==, 0);
      g_assert_false (g_file_test ("/tmp/kl-evil", G_FILE_TEST_EXISTS));
      g_clear_object (&files);
      g_clear_pointer (&wim, kl_wim_free);
      g_assert_true (kl_remove_tree (target, NULL));
      g_assert_cmpint (g_unlink (path), ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/hostile-wim/names-lead-nowhere-else", WimFixture, NULL, wim_fixture_set_up,
              test_names, wim_fixture_tear_down);
  return g_test_run ();
}
