/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "prepare/preparer.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "edit/image-name.h"
#include "edit/ini-text.h"
#include "image/image-ini.h"
#include "import/import.h"
#include "prepare/default-image.h"
#include "prepare/driver-survey.h"

typedef struct
{
  char *folder; /* temporary, removed in the end */
  char *extra;  /* inside it: what is laid over the image */
  KlCatalog *catalog;
  char *id;
  char *entry;
} Fixture;

static void
put (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const KlImportOptions options = { .path = g_getenv ("KL_SAMPLE_WIM") };
  g_autoptr (KlBootImage) image = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  fixture->folder = g_dir_make_tmp ("kl-prepare-XXXXXX", NULL);
  fixture->extra = g_build_filename (fixture->folder, "extra", NULL);
  g_assert_cmpint (g_mkdir (fixture->extra, 0700), ==, 0);
  put (fixture->extra, "first.txt", "first");
  path = g_build_filename (fixture->folder, "catalog", NULL);
  fixture->catalog = kl_catalog_new (path);
  image = kl_catalog_import (fixture->catalog, &options, NULL, NULL, &error);
  g_assert_no_error (error);
  fixture->id = g_strdup (kl_boot_image_get_id (image));
  fixture->entry = g_strdup (kl_boot_image_get_folder (image));
  kl_recipe_set (fixture->catalog, fixture->id, "extra-files", fixture->extra, &error);
  g_assert_no_error (error);
  kl_recipe_set (fixture->catalog, fixture->id, "scratch-space", "512", &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->catalog);
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->extra);
  g_free (fixture->id);
  g_free (fixture->entry);
}

static KlImageState
get_state (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlBootImage) image = kl_catalog_lookup (fixture->catalog, fixture->id, &error);

  g_assert_no_error (error);
  g_assert_no_error (kl_boot_image_get_error (image));
  return kl_boot_image_get_state (image);
}

/* What media get must agree with the record, whatever happened. */
static void
assert_usable (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlBootImage) image = kl_catalog_lookup (fixture->catalog, fixture->id, &error);

  g_assert_no_error (error);
  kl_boot_image_check_sha256 (image, NULL, NULL, &error);
  g_assert_no_error (error);
}

static gboolean
prepare_ok (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlPreparation) result
      = kl_prepare_image (fixture->catalog, fixture->id, NULL, NULL, &error);

  g_assert_no_error (error);
  return result->changed;
}

static void
die_cb (const KlProgressReport *report, gpointer user_data)
{
  if (report->step == *(const guint *) user_data)
    kill (getpid (), SIGKILL);
}

/* Prepares in another process, which is killed on its way. */
static void
prepare_and_die (Fixture *fixture, const guint *step)
{
  int status = 0;
  pid_t child = fork ();

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    {
      g_autoptr (KlProgress) progress = kl_progress_new (die_cb, (gpointer) step);

      kl_prepare_image (fixture->catalog, fixture->id, progress, NULL, NULL);
      _exit (0);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpint (WTERMSIG (status), ==, SIGKILL);
}

static char *
sum_of_media_wim (Fixture *fixture)
{
  g_autoptr (KlBootImage) image = kl_catalog_lookup (fixture->catalog, fixture->id, NULL);

  return g_strdup (kl_boot_image_get_sha256 (image));
}

static void
test_killed (Fixture *fixture, gconstpointer data)
{
  const guint *step = data;
  g_autoptr (KlInjectionStatus) status = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autofree char *boot_wim = g_build_filename (fixture->entry, KL_BOOT_WIM_FILE, NULL);
  g_autoptr (GDir) dir = NULL;
  const char *name;

  g_assert_true (prepare_ok (fixture));
  before = sum_of_media_wim (fixture);
  put (fixture->extra, "second.txt", "second");
  prepare_and_die (fixture, step);

  status = kl_injection_status_load (fixture->entry);
  g_assert_cmpint (status->state, ==, KL_INJECTION_ERROR);
  g_assert_cmpint (status->error_code, ==, KL_INJECTION_CODE_DIED);
  g_assert_cmpuint (status->progress, ==, *step);
  g_assert_cmpint (get_state (fixture), ==, KL_IMAGE_STATE_ERROR);
  after = sum_of_media_wim (fixture);
  g_assert_cmpstr (before, ==, after);
  assert_usable (fixture);

  g_assert_true (prepare_ok (fixture));
  g_assert_cmpint (get_state (fixture), ==, KL_IMAGE_STATE_COMPLETE);
  assert_usable (fixture);
  g_free (after);
  after = sum_of_media_wim (fixture);
  g_assert_cmpstr (before, !=, after);
  g_assert_true (g_file_test (boot_wim, G_FILE_TEST_IS_REGULAR));
  dir = g_dir_open (fixture->entry, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_assert_false (g_str_has_prefix (name, ".prepare"));
}

/* Killed between the renames of boot.wim and of the record: the moment is made by hand. */
static void
test_between_renames (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GKeyFile) old = NULL;
  g_autoptr (GKeyFile) next = NULL;
  static const char *const keys[] = { KL_INI_SIZE, KL_INI_CRC32C, KL_INI_SHA256 };
  g_autofree char *boot_wim = g_build_filename (fixture->entry, KL_BOOT_WIM_FILE, NULL);
  g_autofree char *kept = g_build_filename (fixture->folder, "kept.wim", NULL);
  g_autofree char *identifier = NULL;
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *data_of_old = NULL;
  gsize length;

  prepare_ok (fixture);
  old = kl_image_ini_load (fixture->entry, KL_INI_IMAGE_FILE, NULL);
  g_assert_true (g_file_get_contents (boot_wim, &data_of_old, &length, NULL));
  g_assert_true (g_file_set_contents (kept, data_of_old, (gssize) length, NULL));
  first = sum_of_media_wim (fixture);
  put (fixture->extra, "second.txt", "second");
  prepare_ok (fixture);
  second = sum_of_media_wim (fixture);

  next = kl_image_ini_load (fixture->entry, KL_INI_IMAGE_FILE, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *value = g_key_file_get_value (next, KL_INI_BOOT_WIM, keys[i], NULL);

      g_key_file_set_value (old, KL_INI_BOOT_WIM_NEXT, keys[i], value);
    }
  g_free (data_of_old);
  g_assert_true (g_file_get_contents (boot_wim, &data_of_old, NULL, NULL));
  {
    GString *text = g_string_new (NULL);

    for (int i = 0; i < 16; i++)
      g_string_append_printf (text, "%02x", (guint8) data_of_old[24 + i]);
    identifier = g_string_free (text, FALSE);
  }
  g_key_file_set_string (old, KL_INI_BOOT_WIM_NEXT, KL_INI_IDENTIFIER, identifier);
  g_assert_true (kl_image_ini_save (old, fixture->entry, KL_INI_IMAGE_FILE, NULL));

  /* After the rename the new WIM counts, before it the old one. */
  g_free (second);
  second = sum_of_media_wim (fixture);
  g_assert_cmpstr (first, !=, second);
  assert_usable (fixture);
  g_assert_cmpint (g_rename (kept, boot_wim), ==, 0);
  g_free (second);
  second = sum_of_media_wim (fixture);
  g_assert_cmpstr (first, ==, second);
  assert_usable (fixture);
  g_assert_true (prepare_ok (fixture));
  assert_usable (fixture);
}

static void
test_up_to_date (Fixture *fixture, gconstpointer data)
{
  gint64 started;
  gboolean needed;

  g_assert_true (kl_prepare_is_needed (fixture->catalog, fixture->id, &needed, NULL));
  g_assert_true (needed);
  g_assert_true (prepare_ok (fixture));
  g_assert_true (kl_prepare_is_needed (fixture->catalog, fixture->id, &needed, NULL));
  g_assert_false (needed);

  started = g_get_monotonic_time ();
  g_assert_false (prepare_ok (fixture));
  g_assert_cmpint (g_get_monotonic_time () - started, <, 500 * 1000);

  /* Emptying the recipe takes out of the image what was in it. */
  g_assert_true (kl_recipe_set (fixture->catalog, fixture->id, "extra-files", "", NULL));
  g_assert_true (kl_recipe_set (fixture->catalog, fixture->id, "scratch-space", "", NULL));
  g_assert_cmpint (get_state (fixture), ==, KL_IMAGE_STATE_STALE);
  g_assert_true (kl_prepare_is_needed (fixture->catalog, fixture->id, &needed, NULL));
  g_assert_true (needed);
  g_assert_true (prepare_ok (fixture));
  g_assert_cmpint (get_state (fixture), ==, KL_IMAGE_STATE_COMPLETE);
}

static void
cancel_cb (const KlProgressReport *report, gpointer user_data)
{
  if (report->step == 8)
    g_cancellable_cancel (user_data);
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (KlProgress) progress = kl_progress_new (cancel_cb, cancellable);
  g_autoptr (KlPreparation) result = NULL;
  g_autoptr (KlInjectionStatus) status = NULL;
  g_autoptr (GError) error = NULL;

  result = kl_prepare_image (fixture->catalog, fixture->id, progress, cancellable, &error);
  g_assert_null (result);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  status = kl_injection_status_load (fixture->entry);
  g_assert_cmpint (status->state, ==, KL_INJECTION_ERROR);
  g_assert_cmpint (status->error_code, ==, KL_INJECTION_CODE_CANCELLED);
  assert_usable (fixture);
}

static void
change_cb (const KlProgressReport *report, gpointer user_data)
{
  Fixture *fixture = user_data;

  if (report->step == 8)
    put (fixture->extra, "first.txt", "other");
}

/* A file that changes between the looks at it, of the same size. */
static void
test_input_changes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlProgress) progress = kl_progress_new (change_cb, fixture);
  g_autoptr (KlPreparation) result = NULL;
  g_autoptr (GError) error = NULL;

  result = kl_prepare_image (fixture->catalog, fixture->id, progress, NULL, &error);
  g_assert_null (result);
  g_assert_error (error, KL_ERROR, KL_ERROR_INJECTION);
  g_assert_nonnull (strstr (error->message, "prepare again"));
  g_assert_true (g_str_has_suffix (kl_error_get_detail (error), "extra/first.txt"));
  assert_usable (fixture);
  g_assert_true (prepare_ok (fixture));
}

typedef struct
{
  Fixture *fixture;
  GCancellable *cancellable;
  const char *target;
  GError *error;
} Exporting;

static gpointer
export_thread (gpointer data)
{
  Exporting *exporting = data;
  const KlDefaultImage wanted = { .architecture = "x64" };

  kl_default_image_export (exporting->fixture->catalog, &wanted, exporting->target, NULL,
                           exporting->cancellable, &exporting->error);
  return NULL;
}

/* Preparing and exporting wait for each other, and can be cancelled meanwhile. */
static void
test_turns (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_build_filename (fixture->folder, "default.wim", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Exporting exporting = { .fixture = fixture, .cancellable = cancellable, .target = target };
  GThread *thread;

  for (int cancelled = 1; cancelled >= 0; cancelled--)
    {
      g_assert_true (kl_image_turn_take (NULL, NULL));
      thread = g_thread_new ("export", export_thread, &exporting);
      g_usleep (100 * 1000);
      g_assert_false (g_file_test (target, G_FILE_TEST_EXISTS));
      if (cancelled)
        g_cancellable_cancel (cancellable);
      else
        kl_image_turn_release ();
      g_thread_join (thread);
      if (cancelled)
        {
          kl_image_turn_release ();
          g_assert_error (exporting.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          g_clear_error (&exporting.error);
          g_cancellable_reset (cancellable);
        }
      else
        g_assert_no_error (exporting.error);
    }
  g_assert_true (g_file_test (target, G_FILE_TEST_IS_REGULAR));
  g_assert_true (prepare_ok (fixture));
}

static void
test_set_all (Fixture *fixture, gconstpointer data)
{
  const KlRecipeSetting good[] = { { "scratch-space", "128" }, { "organization-name", "Example" } };
  const KlRecipeSetting bad[] = { { "scratch-space", "64" }, { "time-zone", "a\\b" } };
  g_autoptr (KlRecipe) recipe = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (kl_recipe_set_all (fixture->catalog, fixture->id, bad, 2, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  recipe = kl_recipe_load (fixture->entry, NULL);
  g_assert_cmpuint (recipe->scratch_space, ==, 512);
  g_clear_pointer (&recipe, kl_recipe_free);

  recipe = kl_recipe_load_with (fixture->entry, good, 2, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (recipe->scratch_space, ==, 128);
  g_assert_cmpstr (recipe->organization_name, ==, "Example");
  g_assert_cmpstr (recipe->extra_files, ==, fixture->extra);
  g_clear_pointer (&recipe, kl_recipe_free);
  recipe = kl_recipe_load (fixture->entry, NULL);
  g_assert_cmpuint (recipe->scratch_space, ==, 512);
  g_clear_pointer (&recipe, kl_recipe_free);

  g_assert_true (kl_recipe_set_all (fixture->catalog, fixture->id, good, 2, &error));
  recipe = kl_recipe_load (fixture->entry, NULL);
  g_assert_cmpuint (recipe->scratch_space, ==, 128);
  g_assert_cmpstr (recipe->organization_name, ==, "Example");

  g_assert_false (kl_recipe_check ("background", fixture->extra, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
}

static void
test_preview_with (Fixture *fixture, gconstpointer data)
{
  const KlRecipeSetting setting = { "extra-files", "" };
  g_autoptr (KlPreview) now = NULL;
  g_autoptr (KlPreview) then = NULL;
  g_autoptr (GError) error = NULL;

  now = kl_prepare_preview (fixture->catalog, fixture->id, NULL, 0, NULL, &error);
  g_assert_no_error (error);
  then = kl_prepare_preview (fixture->catalog, fixture->id, &setting, 1, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (kl_image_tree_get_files (now->tree)->len, ==,
                    kl_image_tree_get_files (then->tree)->len + 1);
}

static KlSurveyPackage *
find_package (KlDriverSurvey *survey, const char *inf)
{
  for (guint i = 0; i < survey->packages->len; i++)
    {
      KlSurveyPackage *package = survey->packages->pdata[i];

      if (g_str_equal (kl_driver_package_get_inf (package->package), inf))
        return package;
    }
  g_assert_not_reached ();
}

static void
assert_count (Fixture *fixture, guint n_loaded, guint n_warnings, guint n_errors)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlDriverSurvey) survey
      = kl_driver_survey_new (fixture->entry, NULL, NULL, NULL, &error);
  KlSurveyCount count;

  g_assert_no_error (error);
  count = kl_driver_survey_count (survey);
  g_assert_cmpuint (count.n_loaded, ==, n_loaded);
  g_assert_cmpuint (count.n_warnings, ==, n_warnings);
  g_assert_cmpuint (count.n_errors, ==, n_errors);
}

static void
set_driver (Fixture *fixture, const char *key, const char *value)
{
  g_autoptr (GError) error = NULL;

  kl_recipe_set (fixture->catalog, fixture->id, key, value, &error);
  g_assert_no_error (error);
}

static void
test_survey (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path
      = g_test_build_filename (G_TEST_DIST, "..", "fixtures", "inf", "packages", NULL);
  g_autofree char *gone = g_build_filename (fixture->folder, "gone", NULL);
  g_autofree char *name = NULL;
  g_autofree char *gone_name = NULL;
  g_autoptr (KlDriverSurvey) survey = NULL;
  g_autoptr (GError) error = NULL;

  survey = kl_driver_survey_new (fixture->entry, path, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (survey->packages->len, ==, 4);
  g_assert_cmpstr (survey->architecture, ==, "x64");
  g_assert_true (find_package (survey, "storage/stor.inf")->serves);
  g_assert_true (kl_survey_package_loads (find_package (survey, "storage/stor.inf")));
  g_assert_true (kl_survey_package_has (find_package (survey, "autorun.inf"), KL_DRIVER_ERROR));
  g_assert_false (kl_survey_package_loads (find_package (survey, "autorun.inf")));
  assert_count (fixture, 0, 0, 0);

  g_assert_true (kl_recipe_add_driver (fixture->catalog, fixture->id, path, &name, NULL));
  assert_count (fixture, 3, 0, 1);
  set_driver (fixture, "driver.packages/autorun.inf", "off");
  assert_count (fixture, 3, 0, 0);
  set_driver (fixture, "driver.packages/net/E1Test.inf", "off");
  assert_count (fixture, 2, 0, 0);
  set_driver (fixture, "driver.packages", "off");
  assert_count (fixture, 0, 0, 0);

  g_assert_cmpint (g_mkdir (gone, 0700), ==, 0);
  g_assert_true (kl_recipe_add_driver (fixture->catalog, fixture->id, gone, &gone_name, NULL));
  g_assert_cmpint (g_rmdir (gone), ==, 0);
  assert_count (fixture, 0, 0, 1);
}

static void
test_status_of_image (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBootImage) before = kl_catalog_lookup (fixture->catalog, fixture->id, NULL);
  g_autoptr (KlBootImage) after = NULL;

  g_assert_cmpint (kl_boot_image_get_injection (before)->state, ==, KL_INJECTION_NO_STATUS);
  g_assert_true (prepare_ok (fixture));
  after = kl_catalog_lookup (fixture->catalog, fixture->id, NULL);
  g_assert_cmpint (kl_boot_image_get_injection (after)->state, ==, KL_INJECTION_COMPLETE);
  g_assert_cmpuint (kl_boot_image_get_injection (after)->progress, ==, KL_INJECTION_MAX_PROGRESS);
}

static void
test_names (void)
{
  static const struct
  {
    const char *name;
    gboolean good;
  } cases[] = {
    { "a.txt", TRUE }, { "größe", TRUE },    { "console.txt", TRUE }, { "com10", TRUE },
    { "con", FALSE },  { "Con.txt", FALSE }, { "lpt9.a.b", FALSE },   { "nul ", FALSE },
    { "a.", FALSE },   { "a ", FALSE },      { "a:b", FALSE },        { "a\tb", FALSE },
    { "..", FALSE },   { "", FALSE },        { "\xff", FALSE },       { "conin$", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (kl_image_name_check (cases[i].name, &error), ==, cases[i].good);
      if (!cases[i].good)
        g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_ini_text (void)
{
  static const char text[]
      = "; top\r\n[Shell]\nOrgName = Old\r\nRun=x\r\n\r\n[Other]\r\nOrgName=1\x1a";
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, sizeof text - 1);
  g_autoptr (KlIniText) ini = kl_ini_text_new (bytes, "x", NULL);
  g_autoptr (GBytes) written = NULL;
  static const char expected[] = "; "
                                 "top\r\n[Shell]\r\nOrgName=New\r\nRun=x\r\nAdded=1\r\n\r\n[Other]"
                                 "\r\nOrgName=1\r\n[New]\r\nA=b\r\n";

  kl_ini_text_set (ini, "shell", "OrgName", "New");
  kl_ini_text_set (ini, "Shell", "Added", "1");
  kl_ini_text_set (ini, "New", "A", "b");
  written = kl_ini_text_to_bytes (ini);
  g_assert_cmpmem (g_bytes_get_data (written, NULL), g_bytes_get_size (written), expected,
                   sizeof expected - 1);
}

int
main (int argc, char *argv[])
{
  static guint steps[KL_INJECTION_MAX_PROGRESS];

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autofree char *path
          = g_strdup_printf ("/prepare/killed-in-step-%u-leaves-the-old-image", i + 1);

      steps[i] = i + 1;
      g_test_add (path, Fixture, &steps[i], set_up, test_killed, tear_down);
    }
#define TEST(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)
  TEST ("/prepare/killed-between-renames-is-no-contradiction", test_between_renames);
  TEST ("/prepare/nothing-changed-is-up-to-date", test_up_to_date);
  TEST ("/prepare/cancelling-is-a-status", test_cancel);
  TEST ("/prepare/one-at-a-time-in-a-process", test_turns);
  TEST ("/prepare/input-that-changes-meanwhile-is-noticed", test_input_changes);
  TEST ("/prepare/settings-are-made-together-or-not", test_set_all);
  TEST ("/prepare/preview-of-a-change-that-is-not-made", test_preview_with);
  TEST ("/prepare/survey-says-which-drivers-load", test_survey);
  TEST ("/prepare/image-carries-its-status", test_status_of_image);
  g_test_add_func ("/prepare/names-that-windows-cannot-have", test_names);
  g_test_add_func ("/prepare/unknown-lines-are-kept", test_ini_text);
  return g_test_run ();
}
