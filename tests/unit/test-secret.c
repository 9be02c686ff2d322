/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"

/* Whether the process's memory holds @hidden with each byte XORed with 0x5a. */
G_GNUC_UNUSED static guint
count_in_memory (const guint8 *hidden, gsize length)
{
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;
  guint8 *block = g_malloc (1 << 20);
  guint found = 0;
  int fd = open ("/proc/self/mem", O_RDONLY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      guint64 start, end;

      if (sscanf (lines[i], "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x rw", &start, &end) != 2
          || strstr (lines[i], " rw") == NULL)
        continue;
      for (guint64 at = start; at < end; at += (1 << 20) - length)
        {
          gssize got = pread (fd, block, MIN (1 << 20, end - at), (off_t) at);

          for (gssize k = 0; k + (gssize) length <= got; k++)
            {
              gsize same = 0;

              while (same < length && (block[k + (gssize) same] ^ 0x5a) == hidden[same])
                same++;
              found += same == length;
            }
          /* Nothing that was read stays in the block, or the next look would find it here. */
          memset (block, 0, 1 << 20);
        }
    }

  close (fd);
  g_free (block);
  return found;
}

/* Not for the address sanitizer, which maps terabytes. */
#ifndef __SANITIZE_ADDRESS__
static void
test_wiped (void)
{
  guint8 hidden[24];
  KlSecret *secret;

  g_assert_cmpint (g_access ("/proc/self/mem", R_OK), ==, 0);
  secret = kl_secret_new_sized (sizeof hidden);
  for (guint i = 0; i < sizeof hidden; i++)
    {
      hidden[i] = (guint8) g_random_int_range (1, 255);
      kl_secret_get_buffer (secret)[i] = hidden[i] ^ 0x5a;
    }
  if (geteuid () == 0)
    g_assert_cmpuint (count_in_memory (hidden, sizeof hidden), ==, 1);
  kl_secret_unref (secret);
  g_assert_cmpuint (count_in_memory (hidden, sizeof hidden), ==, 0);
}
#endif

static void
test_not_dumpable_while_one_lives (void)
{
  KlSecret *first, *second;

  g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 1);
  first = kl_secret_new_text ("a");
  g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 0);
  second = kl_secret_ref (first);
  kl_secret_unref (first);
  first = kl_secret_new_text ("b");
  kl_secret_unref (second);
  g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 0);
  kl_secret_unref (first);
  g_assert_cmpint (prctl (PR_GET_DUMPABLE), ==, 1);
}

static void
test_locked_and_left_out_of_dumps (void)
{
  g_autoptr (KlSecret) secret = kl_secret_new_text ("locked");
  g_autofree char *smaps = NULL;
  const guint64 address = (guint64) (gsize) kl_secret_get_data (secret);
  char *at = NULL, *flags;

  /* The kernel may have joined the mapping with a neighbour of the same kind. */
  g_assert_true (g_file_get_contents ("/proc/self/smaps", &smaps, NULL, NULL));
  for (char *line = smaps; line != NULL && at == NULL; line = strchr (line, '\n'))
    {
      guint64 start, end;

      line += *line == '\n';
      if (sscanf (line, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x ", &start, &end) == 2
          && start <= address && address < end)
        at = line;
    }
  g_assert_nonnull (at);
  flags = strstr (at, "VmFlags:");
  g_assert_nonnull (flags);
  *strchr (flags, '\n') = '\0';
  g_assert_nonnull (strstr (flags, " dd"));
}

static KlSecret *
read_from_pipe (const char *data, gsize length, int *left, GError **error)
{
  int ends[2];
  KlSecret *secret;

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (write (ends[1], data, length), ==, (gssize) length);
  close (ends[1]);
  secret = kl_secret_new_from_fd (ends[0], error);
  if (left != NULL)
    *left = ends[0];
  else
    close (ends[0]);
  return secret;
}

static void
test_one_line_from_a_descriptor (void)
{
  g_autoptr (KlSecret) secret = NULL;
  g_autoptr (KlSecret) second = NULL;
  g_autoptr (KlSecret) empty = NULL;
  int fd;

  secret = read_from_pipe ("Zürich€\r\nother", strlen ("Zürich€\r\nother"), &fd, NULL);
  g_assert_cmpstr (kl_secret_get_text (secret), ==, "Zürich€");
  second = kl_secret_new_from_fd (fd, NULL);
  g_assert_cmpstr (kl_secret_get_text (second), ==, "other");
  close (fd);

  empty = read_from_pipe ("", 0, NULL, NULL);
  g_assert_true (kl_secret_is_empty (empty));
}

static void
test_what_is_no_line_is_refused (void)
{
  g_autofree char *hostile = g_strnfill (2000, 'x');
  static const char nul[] = "ab\0cd\n";
  g_autoptr (GError) error = NULL;

  g_assert_null (read_from_pipe (hostile, 2000, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_null (strstr (error->message, "xx"));
  g_clear_error (&error);
  g_assert_null (read_from_pipe (nul, 6, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (read_from_pipe ("\xff\xfe\n", 3, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "UTF-8"));
  g_clear_error (&error);
  g_assert_null (kl_secret_new_from_fd (-1, &error));
  g_assert_nonnull (error);
}

/* The other end stays open and silent after a part of the line. */
static void
test_patience (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSecret) secret = NULL;
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (write (ends[1], "half", 4), ==, 4);
  g_assert_null (kl_secret_new_from_fd_within (ends[0], 50, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  g_cancellable_cancel (cancellable);
  g_assert_null (kl_secret_new_from_fd_within (ends[0], 60000, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  g_assert_cmpint (write (ends[1], "whole\n", 6), ==, 6);
  secret = kl_secret_new_from_fd_within (ends[0], 60000, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (kl_secret_get_text (secret), ==, "whole");
  close (ends[0]);
  close (ends[1]);
}

static void
test_longest_text (void)
{
  g_autofree char *text = g_strnfill (KL_SECRET_MAX_TEXT, 'x');
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  g_autoptr (KlSecret) secret = read_from_pipe (line, strlen (line), NULL, NULL);

  g_assert_cmpuint (kl_secret_get_length (secret), ==, KL_SECRET_MAX_TEXT);
}

static void
test_from_a_file (void)
{
  g_autofree char *folder = g_dir_make_tmp ("kl-secret-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "password", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlSecret) secret = NULL;

  g_assert_null (kl_secret_new_from_file (path, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
  g_assert_true (g_file_set_contents (path, "hunter2\nmore\n", -1, NULL));
  secret = kl_secret_new_from_file (path, NULL);
  g_assert_cmpstr (kl_secret_get_text (secret), ==, "hunter2");
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_utf16_goes_both_ways (void)
{
  g_autoptr (KlSecret) text = kl_secret_new_text ("Zürich€\xf0\x9d\x84\x9e");
  g_autoptr (KlSecret) wide = kl_secret_new_utf16 (text);
  g_autoptr (KlSecret) back = NULL;
  g_autoptr (GError) error = NULL;
  static const guint8 expected[] = { 0x5a, 0,    0xfc, 0,    0x72, 0,    0x69, 0,    0x63,
                                     0,    0x68, 0,    0xac, 0x20, 0x34, 0xd8, 0x1e, 0xdd };

  g_assert_cmpmem (kl_secret_get_data (wide), kl_secret_get_length (wide), expected,
                   sizeof expected);
  back = kl_secret_new_from_utf16 (expected, sizeof expected, NULL);
  g_assert_true (kl_secret_equal (back, text));

  g_assert_null (kl_secret_new_from_utf16 (expected, sizeof expected - 2, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_clear_error (&error);
  g_assert_null (kl_secret_new_from_utf16 (expected, 3, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#ifndef __SANITIZE_ADDRESS__
  g_test_add_func ("/secret/nothing-of-it-stays-in-memory", test_wiped);
#endif
  g_test_add_func ("/secret/process-is-not-dumpable-while-one-lives",
                   test_not_dumpable_while_one_lives);
  g_test_add_func ("/secret/pages-are-left-out-of-dumps", test_locked_and_left_out_of_dumps);
  g_test_add_func ("/secret/one-line-from-a-descriptor", test_one_line_from_a_descriptor);
  g_test_add_func ("/secret/what-is-no-line-is-refused", test_what_is_no_line_is_refused);
  g_test_add_func ("/secret/silent-descriptor-ends-the-waiting", test_patience);
  g_test_add_func ("/secret/longest-text", test_longest_text);
  g_test_add_func ("/secret/first-line-of-a-file", test_from_a_file);
  g_test_add_func ("/secret/utf16-goes-both-ways", test_utf16_goes_both_ways);
  return g_test_run ();
}
