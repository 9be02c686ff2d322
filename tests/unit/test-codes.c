/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each documented code that needs no drive, from its condition, in a synchronous and in an
 * asynchronous run: both say the same, and neither writes anything (media-api.md 1.3, 3).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "creation/media-creator.h"
#include "import/import.h"

#define SITE "[Site]\nSiteCode=ABC\nManagementPoint=http://mp.example.test\n"
#define SIGNING "SiteSigningCertificate=client.pem\n"

typedef struct
{
  int code;
  const char *detail;
  const char *site; /* text of the profile; NULL: no site */
  const char *image_id;
  const char *pfx;
  const char *options; /* of the connection */
  guint64 disk_bytes;  /* 0: an ISO file */
} Row;

static const Row rows[] = {
  { KL_ERROR_NO_DEFAULT_MP, "", "[Site]\nSiteCode=ABC\n" SIGNING, "KDL00001", NULL, NULL },
  { KL_ERROR_NO_MP_CERTS, "", SITE SIGNING "ManagementPointCertificate=none.cer\n", "KDL00001",
    NULL, NULL },
  { KL_ERROR_MISSING_PACKAGE, "KDL0000F", NULL, "KDL0000F", NULL, NULL },
  { KL_ERROR_MISSING_PACKAGE, "KDL00002", NULL, "KDL00002", NULL, NULL },
  { KL_ERROR_CERT_PASSWORD, "", NULL, "KDL00001", "other-password.pfx", NULL },
  { KL_ERROR_PRIVATE_KEY, "", NULL, "KDL00001", "no-key.pfx", NULL },
  { KL_ERROR_NO_CA_CERT, "",
    "[Site]\nSiteCode=ABC\nManagementPoint=https://mp.example.test\n" SIGNING, "KDL00001", NULL,
    NULL },
  { KL_ERROR_NO_SITE_SIGN_CERT, "", SITE, "KDL00001", NULL, NULL },
  { KL_ERROR_CONNECTION_OPTIONS, "", NULL, "KDL00001", NULL, "Username" },
  { KL_ERROR_CONNECTION_OPTION_NAME, "Colour", NULL, "KDL00001", NULL, "Colour=red" },
  { KL_ERROR_PACKAGE_TOO_LARGE, "KDL00003", NULL, "KDL00003", NULL, NULL, (guint64) 64 << 20 },
};

static char *folder;

static char *
in_folder (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static KlMediaCreator *
new_creator (const Row *row)
{
  g_autofree char *catalog_path = in_folder ("catalog");
  g_autofree char *iso = in_folder ("out.iso");
  g_autofree char *pfx = row->pfx != NULL ? in_folder (row->pfx) : NULL;
  g_autofree char *site = row->site != NULL ? in_folder ("site.ini") : NULL;
  g_autoptr (KlSecret) password = kl_secret_new_text ("secret");
  g_autoptr (KlSecret) options = row->options != NULL ? kl_secret_new_text (row->options) : NULL;
  g_autoptr (KlCatalog) catalog = kl_catalog_new (catalog_path);
  g_autoptr (KlMediaRequest) request = NULL;
  g_autoptr (GError) error = NULL;
  KlMediaCreator *creator = kl_media_creator_new (catalog);
  const KlMediaOptions media = {
    .type = row->disk_bytes > 0 ? KL_MEDIA_TYPE_UFD_FORMAT : KL_MEDIA_TYPE_CD,
    .disk_image_bytes = row->disk_bytes,
    .bios_code_folder = g_getenv ("KL_BIOS_CODE"),
    .destination = iso,
    .image_id = row->image_id,
    .certificate = pfx,
    .certificate_password = password,
    .site_profile = site,
  };

  if (site != NULL)
    g_assert_true (g_file_set_contents (site, row->site, -1, NULL));
  request = kl_media_request_new (&media, &error);
  g_assert_no_error (error);
  kl_media_creator_set_request (creator, request);
  kl_media_creator_set_connection_options (creator, options);
  return creator;
}

static void
finished_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
assert_row (const Row *row, KlJob *job, const GError *error)
{
  g_autofree char *iso = in_folder ("out.iso");

  g_assert_error (error, KL_ERROR, row->code);
  g_assert_cmphex (kl_job_get_exit_code (job), ==, kl_error_get_hresult (error));
  g_assert_cmphex (kl_job_get_exit_code (job), ==,
                   0x80040001u + (guint32) (row->code - KL_ERROR_NO_DEFAULT_MP));
  g_assert_cmpint (kl_error_get_exit_status (error), ==, 11 + row->code - KL_ERROR_NO_DEFAULT_MP);
  g_assert_cmpstr (kl_job_get_error_detail (job), ==, row->detail);
  g_assert_false (kl_job_is_busy (job));
  g_assert_false (g_file_test (iso, G_FILE_TEST_EXISTS));
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_autoptr (KlMediaCreator) sync = new_creator (row);
  g_autoptr (KlMediaCreator) async = new_creator (row);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) sync_error = NULL;
  g_autoptr (GError) async_error = NULL;

  g_assert_false (kl_job_run (KL_JOB (sync), NULL, &sync_error));
  assert_row (row, KL_JOB (sync), sync_error);

  kl_job_run_async (KL_JOB (async), NULL, finished_cb, &result);
  g_assert_true (kl_job_is_busy (KL_JOB (async)));
  g_assert_cmphex (kl_job_get_exit_code (KL_JOB (async)), ==, 0x8000000A);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (kl_job_run_finish (KL_JOB (async), result, &async_error));
  assert_row (row, KL_JOB (async), async_error);
  g_assert_cmpstr (async_error->message, ==, sync_error->message);
}

static void
make_files (void)
{
  static const char script[]
      = "set -e; cd \"$1\"\n"
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out client.pem -subj /CN=client\n"
        "openssl pkcs12 -export -inkey key -in client.pem -out other-password.pfx "
        "-passout pass:other\n"
        "openssl pkcs12 -export -nokeys -in client.pem -out no-key.pfx -passout pass:secret\n"
        "exec >/dev/null\n";
  const char *command[] = { "/bin/sh", "-c", script, "sh", folder, NULL };
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
}

static char *
import_image (const char *id)
{
  g_autofree char *catalog_path = in_folder ("catalog");
  g_autoptr (KlCatalog) catalog = kl_catalog_new (catalog_path);
  const KlImportOptions options = { .path = g_getenv ("KL_SAMPLE_WIM"), .id = id };
  g_autoptr (GError) error = NULL;
  g_autoptr (KlBootImage) image = kl_catalog_import (catalog, &options, NULL, NULL, &error);

  g_assert_no_error (error);
  return g_strdup (kl_boot_image_get_folder (image));
}

/* 200 MiB that take no space, and by its record as it should be: its checksum is that of so many
 * zero bytes. */
static void
make_large (const char *entry)
{
  const guint64 size = (guint64) 200 << 20;
  g_autofree char *wim = g_build_filename (entry, "source.wim", NULL);
  g_autofree char *record = g_build_filename (entry, "image.ini", NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (truncate (wim, 0), ==, 0);
  g_assert_cmpint (truncate (wim, (off_t) size), ==, 0);
  g_key_file_load_from_file (file, record, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  g_key_file_set_uint64 (file, "Source", "Size", size);
  g_key_file_set_string (file, "Source", "CRC32C", "a72ad06e");
  g_key_file_save_to_file (file, record, &error);
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_autofree char *missing = NULL;
  g_autofree char *missing_wim = NULL;
  g_autofree char *large = NULL;
  g_autofree char *usual = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("kl-codes-XXXXXX", NULL);
  make_files ();
  usual = import_image ("KDL00001");
  missing = import_image ("KDL00002");
  missing_wim = g_build_filename (missing, "source.wim", NULL);
  g_unlink (missing_wim);
  large = import_image ("KDL00003");
  make_large (large);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path
          = g_strdup_printf ("/codes/8004%04x-%u", rows[i].code - KL_ERROR_NO_DEFAULT_MP + 1, i);

      g_test_add_data_func (path, &rows[i], test_row);
    }

  status = g_test_run ();
  kl_remove_tree (folder, NULL);
  g_free (folder);
  return status;
}
