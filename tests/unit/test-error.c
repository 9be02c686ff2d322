/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"

#include <errno.h>
#include <string.h>

static void
test_hresults (void)
{
  static const struct
  {
    int code;
    guint32 hresult;
    int status;
    const char *symbol;
  } rows[] = {
    { KL_ERROR_NO_DEFAULT_MP, 0x80040001, 11, "CREATETSMEDIA_E_NODEFAULTMP" },
    { KL_ERROR_NO_MP_CERTS, 0x80040002, 12, "CREATETSMEDIA_E_NOMPCERTS" },
    { KL_ERROR_MISSING_PACKAGE, 0x80040003, 13, "CREATETSMEDIA_E_MISSINGPACKAGE" },
    { KL_ERROR_CERT_PASSWORD, 0x80040004, 14, "CREATETSMEDIA_E_CERTPASSWORD" },
    { KL_ERROR_PRIVATE_KEY, 0x80040005, 15, "CREATETSMEDIA_E_PRIVATEKEY" },
    { KL_ERROR_NO_CA_CERT, 0x80040006, 16, "CREATETSMEDIA_E_NOCACERT" },
    { KL_ERROR_NO_SITE_SIGN_CERT, 0x80040007, 17, "CREATETSMEDIA_E_NOSITESIGNCERT" },
    { KL_ERROR_CONNECTION_OPTIONS, 0x80040008, 18, "CREATETSMEDIA_E_CONNECTIONOPTIONS" },
    { KL_ERROR_CONNECTION_OPTION_NAME, 0x80040009, 19, "CREATETSMEDIA_E_CONNECTIONOPTIONNAME" },
    { KL_ERROR_UFD_FS_FAT16, 0x8004000A, 20, "CREATETSMEDIA_E_UFD_FS_FAT16" },
    { KL_ERROR_UFD_FS_UNKNOWN, 0x8004000B, 21, "CREATETSMEDIA_E_UFD_FS_UNKNOWN" },
    { KL_ERROR_PACKAGE_TOO_LARGE, 0x8004000C, 22, "CREATETSMEDIA_E_PACKAGETOOLARGE" },
    { KL_ERROR_CERT_VALIDITY, 0x800B0101, 1, "CERT_E_EXPIRED" },
    { KL_ERROR_MEDIA_PASSWORD, 0x80070056, 1, "ERROR_INVALID_PASSWORD" },
    { KL_ERROR_MISMATCH, 0x80070017, 31, "ERROR_CRC" },
    { KL_ERROR_CAPACITY, 0x80070017, 1, "KINDLING_E_CAPACITY" },
    { KL_ERROR_NO_SPACE, 0x80070070, 1, "ERROR_DISK_FULL" },
    { KL_ERROR_DRIVE_IN_USE, 0x80070964, 1, "ERROR_DEVICE_IN_USE" },
    { KL_ERROR_TIME_ZONE, 0x80070057, 1, "KINDLING_E_TIME_ZONE" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (KL_ERROR, rows[i].code, "x");

      g_assert_cmphex (kl_error_get_hresult (error), ==, rows[i].hresult);
      g_assert_cmpint (kl_error_get_exit_status (error), ==, rows[i].status);
      g_assert_cmpstr (kl_error_get_symbol (error), ==, rows[i].symbol);
    }
}

static void
test_every_code_has_a_row (void)
{
  for (int code = KL_ERROR_FAILED + 1; code <= KL_ERROR_PACKAGE_TOO_LARGE; code++)
    {
      g_autoptr (GError) error = NULL;

      if (code > KL_ERROR_MEDIA_PASSWORD && code < KL_ERROR_NO_DEFAULT_MP)
        continue;
      error = g_error_new_literal (KL_ERROR, code, "x");
      g_assert_cmphex (kl_error_get_hresult (error), !=, 0x80004005);
    }
}

/* What the manual's tables are made of. */
static void
test_every_row_has_a_meaning (void)
{
  guint n_rows;
  const KlErrorRow *rows = kl_error_get_rows (&n_rows);

  for (guint i = 0; i < n_rows; i++)
    {
      g_assert_cmpuint (strlen (rows[i].meaning), >, 8);
      g_assert_false (g_str_has_suffix (rows[i].meaning, "."));
      g_assert_false (strchr ("'\\.", rows[i].meaning[0]) != NULL);
    }
  for (guint i = 0; i < 12; i++)
    g_assert_cmphex (rows[n_rows - 12 + i].hresult, ==, 0x80040001 + i);
}

static void
test_cancelled (void)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "x");

  g_assert_cmphex (kl_error_get_hresult (error), ==, 0x800704C7);
  g_assert_cmpint (kl_error_get_exit_status (error), ==, 3);
}

static void
test_detail_survives_copying (void)
{
  g_autoptr (GError) error = g_error_new_literal (KL_ERROR, KL_ERROR_MISSING_PACKAGE, "gone");
  g_autoptr (GError) copy = NULL;

  g_assert_null (kl_error_get_detail (error));
  kl_error_set_detail (error, "KDL00001");
  copy = g_error_copy (error);
  g_clear_error (&error);
  g_assert_cmpstr (kl_error_get_detail (copy), ==, "KDL00001");
}

static void
test_errno (void)
{
  g_autoptr (GError) error = NULL;

  kl_set_error_errno (&error, ENOSPC, "Cannot write “%s”", "a.iso");
  g_assert_error (error, KL_ERROR, KL_ERROR_NO_SPACE);
  g_assert_true (g_str_has_prefix (error->message, "Cannot write “a.iso”: "));
}

static void
test_translation_keeps_cancelling (void)
{
  g_autoptr (GError) cancelled = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "x");
  g_autoptr (GError) missing
      = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_NOENT, "no such file");

  kl_translate_io_error (&cancelled, "Copying");
  g_assert_error (cancelled, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  kl_translate_io_error (&missing, "Copying “%s”", "f");
  g_assert_error (missing, KL_ERROR, KL_ERROR_NOT_FOUND);
  g_assert_cmpstr (missing->message, ==, "Copying “f”: no such file");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/error/documented-codes-have-their-hresult-and-exit-status", test_hresults);
  g_test_add_func ("/error/every-code-has-a-row", test_every_code_has_a_row);
  g_test_add_func ("/error/every-row-has-a-meaning", test_every_row_has_a_meaning);
  g_test_add_func ("/error/cancelled-is-800704c7", test_cancelled);
  g_test_add_func ("/error/detail-survives-copying", test_detail_survives_copying);
  g_test_add_func ("/error/errno-chooses-the-code", test_errno);
  g_test_add_func ("/error/translation-keeps-cancelling", test_translation_keeps_cancelling);
  return g_test_run ();
}
