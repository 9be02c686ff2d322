/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "error-text.h"

#include <string.h>

#include "base/error.h"

static void
assert_reads_well (const char *text)
{
  g_assert_nonnull (text);
  g_assert_cmpuint (strlen (text), >, 8);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_null (strchr (text, '!'));
  g_assert_null (strstr (text, "uccessful"));
  g_assert_null (strstr (text, "Please"));
}

static GError *
error_of_code (int code)
{
  return g_error_new (KL_ERROR, code, "what core wrote");
}

static void
test_each_code_has_a_title_and_a_next_step (void)
{
  const int ranges[][2] = { { KL_ERROR_FAILED, KL_ERROR_MEDIA_PASSWORD },
                            { KL_ERROR_NO_DEFAULT_MP, KL_ERROR_PACKAGE_TOO_LARGE } };
  g_autoptr (GHashTable) titles = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint range = 0; range < G_N_ELEMENTS (ranges); range++)
    for (int code = ranges[range][0]; code <= ranges[range][1]; code++)
      {
        g_autoptr (GError) error = error_of_code (code);
        const char *title = kl_error_text_get_title (error);
        g_autofree char *next_step = kl_error_text_dup_next_step (error);

        assert_reads_well (title);
        assert_reads_well (next_step);
        g_assert_false (g_str_has_suffix (title, "."));
        /* A code without a row of its own would read like KL_ERROR_FAILED. */
        g_assert_true (g_hash_table_add (titles, (gpointer) title));
      }
}

static void
test_cancelling_and_foreign_errors_have_sentences (void)
{
  g_autoptr (GError) cancelled = g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
  g_autoptr (GError) foreign = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "timed out");
  g_autoptr (GError) failed = error_of_code (KL_ERROR_FAILED);
  g_autofree char *next_step = kl_error_text_dup_next_step (cancelled);

  g_assert_cmpstr (kl_error_text_get_title (cancelled), ==, "Cancelled");
  assert_reads_well (next_step);
  g_assert_cmpstr (kl_error_text_get_title (foreign), ==, kl_error_text_get_title (failed));
}

static void
test_a_drive_in_use_is_named (void)
{
  g_autoptr (GError) error = error_of_code (KL_ERROR_DRIVE_IN_USE);
  g_autofree char *next_step = NULL;

  kl_error_set_detail (error, "100 % (/media/ann/100 %s): bash (PID 12)");
  next_step = kl_error_text_dup_next_step (error);
  g_assert_nonnull (strstr (next_step, "100 % (/media/ann/100 %s): bash (PID 12). Close"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error-text/each-code-has-a-title-and-a-next-step",
                   test_each_code_has_a_title_and_a_next_step);
  g_test_add_func ("/error-text/cancelling-and-foreign-errors-have-sentences",
                   test_cancelling_and_foreign_errors_have_sentences);
  g_test_add_func ("/error-text/a-drive-in-use-is-named", test_a_drive_in_use_is_named);
  return g_test_run ();
}
