/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes a medium with every secret there is, lets go of the job, and looks for the secrets in the
 * memory of this process and in every file that the job left. What is looked for is kept XORed, so
 * that the search does not find itself.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/error.h"
#include "base/file-io.h"
#include "creation/media-creator.h"
#include "import/import.h"

#define MASK 0x5a
#define SECRET_LENGTH 20
#define BLOCK ((gsize) 1 << 20)

typedef struct
{
  const char *what;
  guint8 hidden[64];
  gsize length;
} Needle;

static char *folder;
static Needle needles[32];
static guint n_needles;

static void
add_needle (const char *what, const guint8 *data, gsize length, gboolean reversed)
{
  Needle *needle = &needles[n_needles++];

  g_assert_cmpuint (n_needles, <, G_N_ELEMENTS (needles));
  g_assert_cmpuint (length, <=, sizeof needle->hidden);
  needle->what = what;
  needle->length = length;
  for (gsize i = 0; i < length; i++)
    needle->hidden[i] = data[reversed ? length - 1 - i : i] ^ MASK;
}

/* A random text, also as UTF-16LE; only the secret that is returned holds it. */
static KlSecret *
new_secret (const char *what, const char *what_wide)
{
  KlSecret *secret = kl_secret_new_sized (SECRET_LENGTH);
  g_autoptr (KlSecret) wide = NULL;

  for (guint i = 0; i < SECRET_LENGTH; i++)
    kl_secret_get_buffer (secret)[i] = (guint8) g_random_int_range ('a', 'z' + 1);
  wide = kl_secret_new_utf16 (secret);
  add_needle (what, kl_secret_get_data (secret), SECRET_LENGTH, FALSE);
  add_needle (what_wide, kl_secret_get_data (wide), kl_secret_get_length (wide), FALSE);
  return secret;
}

static const char *
find_in (const guint8 *data, gsize size)
{
  for (guint i = 0; i < n_needles; i++)
    {
      const guint8 first = needles[i].hidden[0] ^ MASK;
      const guint8 *at = data;

      while (size - (gsize) (at - data) >= needles[i].length
             && (at = memchr (at, first, size - (gsize) (at - data))) != NULL
             && size - (gsize) (at - data) >= needles[i].length)
        {
          gsize same = 0;

          while (same < needles[i].length && (at[same] ^ MASK) == needles[i].hidden[same])
            same++;
          if (same == needles[i].length)
            return needles[i].what;
          at++;
        }
    }

  return NULL;
}

static char *
find_in_file (const char *path)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  const char *what;

  if (file == NULL || g_mapped_file_get_length (file) == 0)
    return NULL;

  what = find_in ((const guint8 *) g_mapped_file_get_contents (file),
                  g_mapped_file_get_length (file));
  return what != NULL ? g_strdup_printf ("%s in %s", what, path) : NULL;
}

static char *
find_in_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      char *found;

      /* What the test itself gave as input. */
      if (g_str_has_suffix (name, ".input"))
        continue;
      found = g_file_test (child, G_FILE_TEST_IS_DIR) ? find_in_tree (child) : find_in_file (child);
      if (found != NULL)
        return found;
    }

  return NULL;
}

/* All writable memory of the process but the block that it is read into. */
static char *
find_in_memory (void)
{
#ifdef __SANITIZE_ADDRESS__
  /* It maps terabytes, and keeps what was freed as it was. */
  return NULL;
#else
  guint8 *block = g_malloc (BLOCK);
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;
  char *found = NULL;
  int fd = open ("/proc/self/mem", O_RDONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL && found == NULL; i++)
    {
      guint64 start = 0, end = 0;

      if (sscanf (lines[i], "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x", &start, &end) != 2
          || strstr (lines[i], " rw") == NULL)
        continue;
      for (guint64 at = start; at < end && found == NULL; at += BLOCK - sizeof needles[0].hidden)
        {
          gssize got = pread (fd, block, MIN (BLOCK, end - at), (off_t) at);
          const char *what = got > 0 ? find_in (block, (gsize) got) : NULL;

          if (what != NULL)
            found = g_strdup_printf ("%s in %s", what, lines[i]);
          memset (block, 0, BLOCK);
        }
    }

  close (fd);
  g_free (block);
  return found;
#endif
}

static void
run_script (const char *script, const char *argument, KlSecret *input)
{
  const char *command[] = { "/bin/sh", "-ec", script, "sh", argument, NULL };
  g_autoptr (GError) error = NULL;
  int in = -1;
  int status = 0;
  GPid pid;

  g_spawn_async_with_pipes (folder, (char **) command, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                            &pid, input != NULL ? &in : NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  if (input != NULL)
    {
      g_assert_cmpint (write (in, kl_secret_get_data (input), kl_secret_get_length (input)), >, 0);
      close (in);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

/* The private exponent and a prime of a key, as big-endian bytes and as the words of a number. */
static void
add_key_needles (EVP_PKEY *key)
{
  static const char *const parts[] = { OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1 };
  static const char *const names[][2]
      = { { "private exponent", "private exponent (words)" }, { "prime", "prime (words)" } };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      BIGNUM *number = NULL;
      guint8 bytes[256];
      int length;

      g_assert_cmpint (EVP_PKEY_get_bn_param (key, parts[i], &number), ==, 1);
      length = BN_bn2bin (number, bytes);
      add_needle (names[i][0], bytes + length - 40, 32, FALSE);
      add_needle (names[i][1], bytes + length - 40, 32, TRUE);
      OPENSSL_cleanse (bytes, sizeof bytes);
      BN_clear_free (number);
    }

  EVP_PKEY_free (key);
}

static EVP_PKEY *
read_key (const char *path)
{
  BIO *file = BIO_new_file (path, "r");
  EVP_PKEY *key = PEM_read_bio_PrivateKey (file, NULL, NULL, NULL);

  BIO_free (file);
  return key;
}

static KlSecret *
connection_options (KlSecret *password)
{
  static const char prefix[] = "Username=admin,Password=";
  KlSecret *options = kl_secret_new_sized (strlen (prefix) + kl_secret_get_length (password));

  memcpy (kl_secret_get_buffer (options), prefix, strlen (prefix));
  memcpy (kl_secret_get_buffer (options) + strlen (prefix), kl_secret_get_data (password),
          kl_secret_get_length (password));
  return options;
}

static void
create (const char *pfx, KlCertificateKey *key, gboolean expect)
{
  g_autofree char *catalog_path = g_build_filename (folder, "catalog", NULL);
  g_autofree char *iso = g_build_filename (folder, "out.iso", NULL);
  g_autofree char *pfx_path = pfx != NULL ? g_build_filename (folder, pfx, NULL) : NULL;
  g_autoptr (KlCatalog) catalog = kl_catalog_new (catalog_path);
  g_autoptr (KlMediaCreator) creator = kl_media_creator_new (catalog);
  g_autoptr (KlMediaRequest) request = NULL;
  g_autoptr (KlVariables) variables = kl_variables_new ();
  g_autoptr (KlSecret) password = new_secret ("media password", "media password (wide)");
  g_autoptr (KlSecret) value = new_secret ("variable", "variable (wide)");
  g_autoptr (KlSecret) site_password = new_secret ("site password", "site password (wide)");
  g_autoptr (KlSecret) options = connection_options (site_password);
  g_autoptr (KlSecret) pfx_password = new_secret ("PFX password", "PFX password (wide)");
  g_autoptr (GError) error = NULL;
  KlMediaOptions media = {
    .type = KL_MEDIA_TYPE_CD,
    .destination = iso,
    .image_id = "KDL00001",
    .password = password,
    .certificate = pfx_path,
    .key = key,
    .certificate_password = pfx_password,
    .variables = variables,
  };

  if (pfx != NULL)
    run_script (
        "openssl pkcs12 -export -legacy -inkey key.input -in cert.input -out \"$1\" -passout stdin",
        pfx, pfx_password);
  if (!expect)
    media.certificate_password = password;
  kl_variables_append_secret (variables, "Secret", value);
  request = kl_media_request_new (&media, &error);
  g_assert_no_error (error);
  kl_media_creator_set_request (creator, request);
  kl_media_creator_set_connection_options (creator, options);
  if (kl_job_run (KL_JOB (creator), NULL, &error) != expect)
    g_error ("%s", error != NULL ? error->message : "no error");
  g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 0);
}

static void
assert_gone (void)
{
  g_autofree char *in_memory = NULL;
  g_autofree char *in_files = NULL;

  g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 1);
  in_files = find_in_tree (folder);
  g_assert_cmpstr (in_files, ==, NULL);
  in_memory = find_in_memory ();
  g_assert_cmpstr (in_memory, ==, NULL);
}

/* The search is worth something only if it finds what is there. */
static void
test_search_finds (void)
{
  g_autoptr (KlSecret) secret = new_secret ("kept", "kept (wide)");
  g_autofree char *copy = NULL;
  g_autofree char *found = NULL;
  g_autofree char *path = g_build_filename (folder, "leak", NULL);
  g_autofree char *in_file = NULL;

  copy = g_strdup (kl_secret_get_text (secret));
#ifndef __SANITIZE_ADDRESS__
  if (geteuid () == 0)
    {
      found = find_in_memory ();
      g_assert_nonnull (found);
    }
#endif
  g_assert_true (g_file_set_contents (path, copy, -1, NULL));
  in_file = find_in_tree (folder);
  g_assert_nonnull (in_file);
  g_unlink (path);
  memset (copy, 0, strlen (copy));
  n_needles = 0;
}

static void
test_self_signed (void)
{
  n_needles = 0;
  create (NULL, NULL, TRUE);
  assert_gone ();
}

/* Made ahead: used for a medium, or not used at all. */
static void
check_key_ahead (gboolean use)
{
  KlCertificateKey *key = kl_certificate_key_new ();
  KlSecret *der = kl_certificate_key_peek (key, NULL, NULL);
  const guint8 *from = kl_secret_get_data (der);

  n_needles = 0;
  add_key_needles (d2i_AutoPrivateKey (NULL, &from, (long) kl_secret_get_length (der)));
  kl_secret_unref (der);
  if (use)
    create (NULL, key, TRUE);
  g_assert_true (kl_certificate_key_is_taken (key) == use);
  kl_certificate_key_unref (key);
  assert_gone ();
}

static void
test_key_ahead (void)
{
  check_key_ahead (TRUE);
  check_key_ahead (FALSE);
}

/* With the right password for it, or a wrong one. */
static void
check_imported (gboolean expect)
{
  g_autofree char *key = g_build_filename (folder, "key.input", NULL);

  n_needles = 0;
  run_script (
      "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.input -out cert.input -subj /CN=x "
      "2>/dev/null",
      "", NULL);
  add_key_needles (read_key (key));
  create ("client.pfx", NULL, expect);
  assert_gone ();
}

static void
test_imported (void)
{
  check_imported (TRUE);
}

static void
test_refused (void)
{
  check_imported (FALSE);
}

int
main (int argc, char **argv)
{
  g_autofree char *catalog_path = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("kl-secrets-XXXXXX", NULL);
  catalog_path = g_build_filename (folder, "catalog", NULL);
  {
    g_autoptr (KlCatalog) catalog = kl_catalog_new (catalog_path);
    const KlImportOptions options = { .path = g_getenv ("KL_SAMPLE_WIM"), .id = "KDL00001" };
    g_autoptr (KlBootImage) image = kl_catalog_import (catalog, &options, NULL, NULL, &error);

    g_assert_no_error (error);
  }

  g_test_add_func ("/secrets-in-memory/search-finds-what-is-there", test_search_finds);
  g_test_add_func ("/secrets-in-memory/none-is-left-with-a-new-certificate", test_self_signed);
  g_test_add_func ("/secrets-in-memory/none-is-left-of-a-key-made-ahead", test_key_ahead);
  g_test_add_func ("/secrets-in-memory/none-is-left-with-an-imported-one", test_imported);
  g_test_add_func ("/secrets-in-memory/none-is-left-after-a-wrong-password", test_refused);
  status = g_test_run ();
  kl_remove_tree (folder, NULL);
  g_free (folder);
  return status;
}
