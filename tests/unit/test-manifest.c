/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "media/manifest.h"

#include <string.h>

#include "base/checksum.h"
#include "base/error.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define HEAD                                                                                       \
  "kindling-manifest=1\nimage-id=KDL00001\nimage-name=Windows PE\narchitecture=x64\n"              \
  "media-type=CD\nlabel=WINPE\ncreated=2026-11-20T12:00:00Z\nbios=true\nuefi=x64\n"

#define SEED 20261120
#define ROUNDS 5000

static KlManifest *
make_manifest (void)
{
  KlManifest *manifest = kl_manifest_new ();

  manifest->image_id = g_strdup ("KDL00001");
  manifest->image_name = g_strdup ("Windows PE");
  manifest->architecture = g_strdup ("x64");
  manifest->media_type = g_strdup ("CD");
  manifest->label = g_strdup ("WINPE");
  manifest->created = g_strdup ("2026-11-20T12:00:00Z");
  manifest->bios = TRUE;
  manifest->uefi = g_strdup ("x64");
  return manifest;
}

static KlManifest *
parse (const char *text, gsize length, GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, length);

  return kl_manifest_parse (bytes, error);
}

static void
assert_refused (const char *text, const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (parse (text, strlen (text), &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  if (strstr (error->message, part) == NULL)
    g_error ("no \"%s\" in \"%s\"", part, error->message);
}

/* @text with its checksum in the second line, as it is written. */
static char *
with_sum (const char *text)
{
  const char *rest = strchr (text, '\n') + 1;
  g_autofree char *sha256 = kl_sha256_data (rest, strlen (rest));

  return g_strdup_printf ("%.*smanifest-sha256=%s\n%s", (int) (rest - text), text, sha256, rest);
}

static void
test_text (void)
{
  g_autoptr (KlManifest) manifest = make_manifest ();
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *expected = with_sum (HEAD "boot-manager-signer=Windows UEFI CA 2023\n"
                                             "file=" SHA_B " 17 /Boot/BCD\n"
                                             "file=" SHA_A " 5000000000 /sources/boot.wim\n");
  gsize length;
  const char *text;

  manifest->signer = g_strdup ("Windows UEFI CA 2023");
  kl_manifest_add_file (manifest, "/sources/boot.wim", 5000000000, SHA_A);
  kl_manifest_add_file (manifest, "/Boot/BCD", 17, SHA_B);
  bytes = kl_manifest_to_bytes (manifest);
  text = g_bytes_get_data (bytes, &length);
  g_assert_cmpmem (text, length, expected, strlen (expected));
}

static void
test_round_trip (void)
{
  g_autoptr (KlManifest) manifest = make_manifest ();
  g_autoptr (KlManifest) read = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  const KlManifestFile *file;

  manifest->certificate_thumbprint = g_strdup ("ABCDEF");
  manifest->certificate_end = g_strdup ("2027-11-20T12:00:00Z");
  manifest->bios = FALSE;
  manifest->made_by = g_strdup ("Kindling 7.8.9");
  kl_manifest_add_file (manifest, "/a b/c=d.txt", G_MAXINT64, SHA_B);
  bytes = kl_manifest_to_bytes (manifest);
  read = kl_manifest_parse (bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (read->image_id, ==, "KDL00001");
  g_assert_cmpstr (read->image_name, ==, "Windows PE");
  g_assert_cmpstr (read->architecture, ==, "x64");
  g_assert_cmpstr (read->media_type, ==, "CD");
  g_assert_cmpstr (read->label, ==, "WINPE");
  g_assert_cmpstr (read->created, ==, "2026-11-20T12:00:00Z");
  g_assert_cmpstr (read->made_by, ==, "Kindling 7.8.9");
  g_assert_false (read->bios);
  g_assert_cmpstr (read->uefi, ==, "x64");
  g_assert_null (read->signer);
  g_assert_cmpstr (read->certificate_thumbprint, ==, "ABCDEF");
  g_assert_cmpstr (read->certificate_end, ==, "2027-11-20T12:00:00Z");
  g_assert_cmpuint (read->files->len, ==, 1);
  file = read->files->pdata[0];
  g_assert_cmpstr (file->path, ==, "/a b/c=d.txt");
  g_assert_cmpuint (file->size, ==, G_MAXINT64);
  g_assert_cmpstr (file->sha256, ==, SHA_B);
}

/* Each changed byte and each cut is found; what an earlier version wrote, without a checksum, is
 * read as before. */
static void
test_damaged (void)
{
  const char *plain = HEAD "file=" SHA_B " 17 /Boot/BCD\n";
  g_autofree char *text = with_sum (plain);
  const gsize length = strlen (text), rest = (gsize) (strstr (text, "image-id") - text);
  g_autoptr (KlManifest) whole = parse (text, length, NULL);
  g_autoptr (KlManifest) earlier = parse (plain, strlen (plain), NULL);

  g_assert_nonnull (whole);
  g_assert_nonnull (earlier);
  for (gsize i = rest; i < length; i++)
    {
      g_autoptr (GError) changed = NULL;
      g_autoptr (GError) cut = NULL;

      g_assert_null (parse (text, i, &cut));
      g_assert_error (cut, KL_ERROR, KL_ERROR_FORMAT);
      text[i] ^= 1;
      g_assert_null (parse (text, length, &changed));
      g_assert_error (changed, KL_ERROR, KL_ERROR_FORMAT);
      g_assert_nonnull (strstr (changed->message, "the manifest is damaged"));
      text[i] ^= 1;
    }
}

/* A name with a line end must not become a key of its own. */
static void
test_values_cannot_pretend (void)
{
  const char *name = "x\nbios=false\r\nfile=\\n";
  g_autoptr (KlManifest) manifest = make_manifest ();
  g_autoptr (KlManifest) read = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;

  g_free (manifest->image_name);
  manifest->image_name = g_strdup (name);
  bytes = kl_manifest_to_bytes (manifest);
  read = kl_manifest_parse (bytes, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (read->image_name, ==, name);
  g_assert_true (read->bios);
  g_assert_cmpuint (read->files->len, ==, 0);
}

static void
test_unknown_keys (void)
{
  const char *text = HEAD "shoe-size=43\nfuture=a=b\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (KlManifest) read = parse (text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (read->label, ==, "WINPE");
}

static void
test_paths_refused (void)
{
  static const char *const paths[] = { "a",   "/",     "",    "/a/../b", "/..",  "/a/.",
                                       "//a", "/a//b", "/a/", "/a\\\\b", "/./a", "../a" };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *text = g_strdup_printf (HEAD "file=" SHA_A " 1 %s\n", paths[i]);

      assert_refused (text, "line 10: the path of a file is not absolute and plain");
    }
}

static void
test_sizes_refused (void)
{
  static const char *const sizes[] = {
    "", "-1", "+1", "0x10", "1e3", "01", "9223372036854775808", "1,", " 1", "18446744073709551616"
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *text = g_strdup_printf (HEAD "file=" SHA_A " %s /a\n", sizes[i]);

      assert_refused (text, "the size of a file is not a number of bytes");
    }
}

static void
test_lines_refused (void)
{
  assert_refused (HEAD "file=" SHA_A "a 1 /a\n", "the SHA-256 of a file is not 64");
  assert_refused (HEAD "file=g" SHA_A " 1 /a\n", "the SHA-256 of a file is not 64");
  assert_refused (HEAD "file=" SHA_A " 1\n", "a file is not \"SHA256 SIZE /path\"");
  assert_refused (HEAD "file=" SHA_A " 1 /a\nfile=" SHA_B " 2 /a\n", "line 11: a path that is");
  assert_refused (HEAD "file=" SHA_A " 1 /a/B\nfile=" SHA_B " 2 /A/b\n", "line 11: a path that is");
  assert_refused (HEAD "file=" SHA_A " 1 /a\\q\n", "not absolute and plain");
  assert_refused (HEAD "label=X\n", "line 10: a key stands there twice");
  assert_refused (HEAD "bios=true\n", "\"bios\" stands there twice");
  assert_refused (HEAD "no value\n", "line 10: not \"key=value\"");
  assert_refused (HEAD "=x\n", "line 10: not \"key=value\"");
  assert_refused (HEAD "\n", "line 10: not \"key=value\"");
  assert_refused (HEAD "boot-manager-signer=\\x\n", "a backslash that escapes nothing");
  assert_refused (HEAD "cut=of", "cut off");
  assert_refused ("image-id=X\n", "line 1: not a Kindling manifest");
  assert_refused ("kindling-manifest=2\n", "line 1: a format version");
  assert_refused ("kindling-manifest=1\n", "the key \"image-id\" is missing");
  assert_refused ("kindling-manifest=1\nbios=yes\n", "\"bios\" is neither");
  assert_refused ("", "empty");
  assert_refused ("\xff\xfe", "not UTF-8");
}

static void
test_missing_keys (void)
{
  g_auto (GStrv) lines = g_strsplit (HEAD, "\n", -1);
  guint skipped;
  guint i;

  for (skipped = 1; lines[skipped][0] != '\0'; skipped++)
    {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autofree char *key = g_strndup (lines[skipped], strcspn (lines[skipped], "="));
      g_autofree char *part = g_strdup_printf ("the key \"%s\" is missing", key);

      for (i = 0; lines[i][0] != '\0'; i++)
        if (i != skipped)
          g_string_append_printf (text, "%s\n", lines[i]);
      assert_refused (text->str, part);
    }
}

static void
test_nul_refused (void)
{
  const char text[] = HEAD "a=b\0c\n";
  g_autoptr (GError) error = NULL;

  g_assert_null (parse (text, sizeof text - 1, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "not UTF-8"));
}

static void
test_limits (void)
{
  g_autoptr (GString) text = g_string_new (HEAD);
  g_autoptr (KlManifest) read = NULL;
  g_autoptr (GError) size_error = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *large = g_malloc0 ((16 << 20) + 1);
  guint i;

  g_assert_null (parse (large, (16 << 20) + 1, &size_error));
  g_assert_error (size_error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (size_error->message, "16777217 bytes, more than"));

  for (i = 0; i < 100000; i++)
    g_string_append_printf (text, "file=" SHA_A " 0 /%u\n", i);
  read = parse (text->str, text->len, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (read->files->len, ==, 100000);
  g_string_append (text, "file=" SHA_A " 0 /x\n");
  assert_refused (text->str, "more than 100000 files");
}

static void
mutate (GRand *random, GByteArray *text)
{
  static const char *const pieces[] = { "\n", "=", "/", "..", "\\", "file=", " ", "\xff", "bios" };
  guint position = (guint) g_rand_int_range (random, 0, (gint32) text->len);
  const char *piece = pieces[g_rand_int_range (random, 0, G_N_ELEMENTS (pieces))];
  guint i;

  switch (g_rand_int_range (random, 0, 4))
    {
    case 0:
      text->data[position] ^= (guint8) (1 << g_rand_int_range (random, 0, 8));
      break;
    case 1:
      g_byte_array_set_size (text, position + 1);
      break;
    case 2:
      g_byte_array_remove_index (text, position);
      break;
    default:
      for (i = 0; piece[i] != '\0' && position + i < text->len; i++)
        text->data[position + i] = (guint8) piece[i];
    }
}

/* What is accepted in spite of its damage must be sound, and survive a round trip. */
static void
check_sound (KlManifest *manifest)
{
  g_autoptr (GBytes) bytes = kl_manifest_to_bytes (manifest);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlManifest) again = kl_manifest_parse (bytes, &error);
  guint i;

  g_assert_no_error (error);
  g_assert_cmpuint (again->files->len, ==, manifest->files->len);
  for (i = 0; i < manifest->files->len; i++)
    {
      const KlManifestFile *file = manifest->files->pdata[i];
      g_autofree char *canonical = g_canonicalize_filename (file->path, "/");

      g_assert_cmpstr (file->path, ==, canonical);
      g_assert_cmpuint (strlen (file->sha256), ==, 64);
    }
}

static void
test_mutations (void)
{
  const char *original = HEAD "boot-manager-signer=A\\\\B\n"
                              "file=" SHA_B " 17 /Boot/BCD\n"
                              "file=" SHA_A " 5000 /sources/boot.wim\n";
  g_autoptr (GRand) random = g_rand_new_with_seed (SEED);
  guint n_accepted = 0;
  guint round;

  for (round = 0; round < ROUNDS; round++)
    {
      g_autoptr (GByteArray) text = g_byte_array_new ();
      g_autoptr (KlManifest) manifest = NULL;
      g_autoptr (GError) error = NULL;
      gint32 n = g_rand_int_range (random, 1, 4);

      g_byte_array_append (text, (const guint8 *) original, (guint) strlen (original));
      for (; n > 0 && text->len > 0; n--)
        mutate (random, text);
      manifest = parse ((const char *) text->data, text->len, &error);
      g_assert_true ((manifest == NULL) == (error != NULL));
      if (error != NULL)
        g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
      else
        check_sound (manifest);
      n_accepted += manifest != NULL;
    }
  g_assert_cmpuint (n_accepted, >, ROUNDS / 100);
  g_assert_cmpuint (n_accepted, <, ROUNDS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/manifest/text-is-as-documented-and-sorted", test_text);
  g_test_add_func ("/manifest/damage-is-found-by-its-checksum", test_damaged);
  g_test_add_func ("/manifest/every-value-comes-back", test_round_trip);
  g_test_add_func ("/manifest/values-cannot-pretend-to-be-keys", test_values_cannot_pretend);
  g_test_add_func ("/manifest/unknown-keys-are-passed-over", test_unknown_keys);
  g_test_add_func ("/manifest/paths-that-lead-elsewhere-are-refused", test_paths_refused);
  g_test_add_func ("/manifest/sizes-are-strict", test_sizes_refused);
  g_test_add_func ("/manifest/broken-lines-are-refused", test_lines_refused);
  g_test_add_func ("/manifest/required-keys-are-named", test_missing_keys);
  g_test_add_func ("/manifest/nul-is-refused", test_nul_refused);
  g_test_add_func ("/manifest/limits-hold", test_limits);
  g_test_add_func ("/manifest/damage-is-refused-or-harmless", test_mutations);
  return g_test_run ();
}
