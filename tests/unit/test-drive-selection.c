/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "access/drive-selection.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "drive-fixture.h"

/* A machine that is very busy may take longer, and is still right. */
#define DEADLINE (20 * G_USEC_PER_SEC)

typedef struct
{
  DriveFixture drives;
  KlDriveMonitor *monitor;
  KlDriveSelection *selection;
  GString *log; /* "lost sdb removed;" */
} Fixture;

static void
lost_cb (KlDriveSelection *selection, KlDrive *drive, int loss, gpointer user_data)
{
  static const char *const words[] = { "removed", "refused", "changed" };
  Fixture *fixture = user_data;

  g_assert_false (kl_drive_selection_contains (selection, drive));
  g_string_append_printf (fixture->log, "lost %s %s;", kl_drive_get_path (drive) + strlen ("/dev/"),
                          words[loss]);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  KlDriveMonitorOptions options = { KL_DRIVE_SOURCE_UDEV };
  StickSpec other = usual_stick;

  drive_fixture_set_up (&fixture->drives);
  other.name = "sdc";
  other.serial = "0002";
  other.port = "usb-3";
  add_stick (&fixture->drives, &usual_stick);
  add_device (&fixture->drives, "sdb1", "sdb", 17, NULL, "vfat", "FAT32");
  add_stick (&fixture->drives, &other);

  options.proc = fixture->drives.proc;
  fixture->monitor = kl_drive_monitor_new (&options);
  fixture->selection = kl_drive_selection_new (fixture->monitor);
  fixture->log = g_string_new (NULL);
  g_signal_connect (fixture->selection, "lost", G_CALLBACK (lost_cb), fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->selection);
  g_clear_object (&fixture->monitor);
  g_string_free (fixture->log, TRUE);
  drive_fixture_tear_down (&fixture->drives);
}

static KlDrive *
find (Fixture *fixture, const char *path)
{
  KlDrive *drive = kl_drive_monitor_find (fixture->monitor, path);

  g_assert_nonnull (drive);
  return drive;
}

static gboolean
choose (Fixture *fixture, const char *path)
{
  g_autoptr (KlDrive) drive = find (fixture, path);

  return kl_drive_selection_choose (fixture->selection, drive, TRUE);
}

static guint
count (Fixture *fixture)
{
  return g_list_model_get_n_items (G_LIST_MODEL (fixture->selection));
}

static void
expect_log (Fixture *fixture, const char *log)
{
  gint64 end = g_get_monotonic_time () + DEADLINE;

  while (!g_str_equal (fixture->log->str, log) && g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  g_assert_cmpstr (fixture->log->str, ==, log);
  g_string_truncate (fixture->log, 0);
}

static void
test_choose (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlDrive) first = find (fixture, "/dev/sdb");
  g_autoptr (KlDrive) listed = NULL;

  g_assert_true (choose (fixture, "/dev/sdc"));
  g_assert_true (choose (fixture, "/dev/sdb"));
  g_assert_true (choose (fixture, "/dev/sdb"));
  g_assert_cmpuint (count (fixture), ==, 2);
  listed = g_list_model_get_item (G_LIST_MODEL (fixture->selection), 1);
  g_assert_true (listed == first);

  g_assert_false (kl_drive_selection_choose (fixture->selection, first, FALSE));
  g_assert_false (kl_drive_selection_contains (fixture->selection, first));
  g_assert_cmpuint (count (fixture), ==, 1);
  kl_drive_selection_clear (fixture->selection);
  g_assert_cmpuint (count (fixture), ==, 0);
  expect_log (fixture, "");
}

static void
test_pulled (Fixture *fixture, gconstpointer data)
{
  g_assert_true (choose (fixture, "/dev/sdb"));
  g_assert_true (choose (fixture, "/dev/sdc"));
  remove_device (&fixture->drives, "sdb1");
  remove_device (&fixture->drives, "sdb");
  /* The partition may go first. */
  while (count (fixture) == 2)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_str_has_prefix (fixture->log->str, "lost sdb "));
  g_assert_cmpuint (count (fixture), ==, 1);
}

/* The same stick, plugged in again, with the next number of the kernel. */
static void
test_comes_back (Fixture *fixture, gconstpointer data)
{
  StickSpec again = usual_stick;
  g_autoptr (KlDrive) before = find (fixture, "/dev/sdc");

  g_assert_true (choose (fixture, "/dev/sdc"));
  again.name = "sdc";
  again.serial = "0002";
  again.port = "usb-3";
  again.diskseq = 8;
  remove_device (&fixture->drives, "sdc");
  add_stick (&fixture->drives, &again);
  expect_log (fixture, "lost sdc removed;");
  g_assert_cmpuint (count (fixture), ==, 0);

  /* As it was listed then it cannot be chosen any more, as it is listed now it can. */
  g_assert_false (kl_drive_selection_choose (fixture->selection, before, TRUE));
  g_assert_true (choose (fixture, "/dev/sdc"));
}

static void
test_changed (Fixture *fixture, gconstpointer data)
{
  g_assert_true (choose (fixture, "/dev/sdb"));
  change_device (&fixture->drives, "sdb1", "ID_FS_LABEL", "PHOTOS");
  expect_log (fixture, "lost sdb changed;");
  g_assert_cmpuint (count (fixture), ==, 0);
}

/* A stick that is pulled loses its partition first; the last word is that it was pulled. */
static void
test_changed_and_pulled (Fixture *fixture, gconstpointer data)
{
  g_assert_true (choose (fixture, "/dev/sdb"));
  remove_device (&fixture->drives, "sdb1");
  expect_log (fixture, "lost sdb changed;");
  remove_device (&fixture->drives, "sdb");
  expect_log (fixture, "lost sdb removed;");

  /* Of one that was chosen again it is said once. */
  g_assert_true (choose (fixture, "/dev/sdc"));
  change_device (&fixture->drives, "sdc", "ID_PART_TABLE_TYPE", "gpt");
  expect_log (fixture, "lost sdc changed;");
  g_assert_true (choose (fixture, "/dev/sdc"));
  remove_device (&fixture->drives, "sdc");
  expect_log (fixture, "lost sdc removed;");
}

/* An automounter mounts what was plugged in; that is no other stick. */
static void
test_mounted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlDrive) chosen = NULL;

  g_assert_true (choose (fixture, "/dev/sdb"));
  drive_fixture_set_mounts (&fixture->drives, "22 1 8:17 / /media/stick rw - vfat /dev/sdb1 rw\n",
                            "");
  change_device (&fixture->drives, "sdb", "removable", "1");
  for (gint64 end = g_get_monotonic_time () + DEADLINE; g_get_monotonic_time () < end;)
    {
      g_clear_object (&chosen);
      chosen = g_list_model_get_item (G_LIST_MODEL (fixture->selection), 0);
      g_assert_nonnull (chosen);
      if (kl_drive_is_mounted (chosen))
        break;
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
    }
  g_assert_true (kl_drive_is_mounted (chosen));
  expect_log (fixture, "");
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_assert_true (choose (fixture, "/dev/sdc"));
  change_device (&fixture->drives, "sdc", "ro", "1");
  expect_log (fixture, "lost sdc refused;");
  g_assert_false (choose (fixture, "/dev/sdc"));
}

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/drive-selection/is-a-list-of-what-was-chosen", test_choose);
  ADD ("/drive-selection/drops-what-is-pulled", test_pulled);
  ADD ("/drive-selection/does-not-choose-what-comes-back", test_comes_back);
  ADD ("/drive-selection/drops-what-changed", test_changed);
  ADD ("/drive-selection/says-at-last-that-it-was-pulled", test_changed_and_pulled);
  ADD ("/drive-selection/keeps-what-is-mounted", test_mounted);
  ADD ("/drive-selection/drops-what-is-refused", test_refused);

  return g_test_run ();
}
