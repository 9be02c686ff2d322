/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "access/drive-handle.h"

#include "access/access.h"
#include "access/drive-power.h"
#include "base/error.h"
#include "drive/drive-monitor.h"
#include "sink/drive-sink.h"
#include "udisks-fixture.h"

static UdisksFixture udisks;

typedef struct
{
  DriveFixture drives;
  KlDriveMonitor *monitor;
  KlDrive *drive;
} Fixture;

/* A node that stat(2) takes for a block device: umockdev looks at the sticky bit. */
static void
make_node (DriveFixture *drives, const char *name)
{
  g_autofree char *path = g_build_filename (drives->root, "dev", name, NULL);
  g_autofree char *zeros = g_malloc0 (1 << 20);

  g_assert_true (g_file_set_contents (path, zeros, 1 << 20, NULL));
  g_assert_cmpint (g_chmod (path, 01644), ==, 0);
}

static void
set_up (Fixture *fixture, gconstpointer source)
{
  KlDriveMonitorOptions options = { (KlDriveSourceKind) GPOINTER_TO_INT (source) };
  StickSpec spec = usual_stick;
  g_autoptr (GError) error = NULL;

  drive_fixture_set_up (&fixture->drives);
  options.proc = fixture->drives.proc;
  spec.sectors = 2048;
  spec.wwn = "0x5000";
  add_stick (&fixture->drives, &spec);
  add_device (&fixture->drives, "sdb1", "sdb", 17, NULL, "vfat", "FAT32");
  make_node (&fixture->drives, "sdb");

  udisks.open_error = udisks.open_message = udisks.unmount_error = NULL;
  udisks.no_descriptor = udisks.never_answer = udisks.never_unmounts = FALSE;
  udisks.n_opened = udisks.n_unmounted = udisks.n_powered_off = udisks.n_ejected = 0;
  udisks.n_busy = 0;
  udisks_drive_set_can_power_off (udisks.drive, FALSE);
  udisks_drive_set_ejectable (udisks.drive, FALSE);
  fixture->monitor = kl_drive_monitor_new (&options);
  g_assert_true (kl_drive_monitor_wait (fixture->monitor, &error));
  g_assert_no_error (error);
  fixture->drive = kl_drive_monitor_find (fixture->monitor, "/dev/sdb");
  g_assert_nonnull (fixture->drive);
}

static void
tear_down (Fixture *fixture, gconstpointer source)
{
  static const char *const nowhere[] = { NULL };

  udisks_drive_set_serial (udisks.drive, "0001");
  udisks_drive_set_wwn (udisks.drive, "0x5000");
  udisks_block_set_size (udisks.block, 1 << 20);
  udisks_filesystem_set_mount_points (udisks.file_system, nowhere);
  g_object_unref (fixture->drive);
  g_object_unref (fixture->monitor);
  drive_fixture_tear_down (&fixture->drives);
}

static KlDriveHandle *
open_drive (Fixture *fixture, GError **error)
{
  return kl_drive_open (fixture->drive, kl_drive_get_identity (fixture->drive), NULL, error);
}

static void
assert_open_fails (Fixture *fixture, GQuark domain, int code, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlDriveHandle) handle = open_drive (fixture, &error);

  g_assert_null (handle);
  g_assert_error (error, domain, code);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” is not in “%s”", part, error->message);
}

static void
test_seen_by_udisks (Fixture *fixture, gconstpointer source)
{
  const KlDriveIdentity *identity = kl_drive_get_identity (fixture->drive);

  g_assert_cmpstr (kl_drive_get_model (fixture->drive), ==, "DataTraveler");
  g_assert_cmpstr (kl_drive_get_bus (fixture->drive), ==, "usb");
  g_assert_cmpstr (kl_drive_get_partition_table (fixture->drive), ==, "dos");
  g_assert_cmpstr (identity->serial, ==, "0001");
  g_assert_cmpstr (identity->wwn, ==, "0x5000");
  g_assert_cmpstr (identity->port_path, ==, "pci-0000:00:14.0-usb-0:2:1.0");
  g_assert_cmpuint (identity->size, ==, 1 << 20);
  g_assert_cmpuint (identity->diskseq, ==, 7);
  g_assert_cmpuint (kl_drive_get_n_volumes (fixture->drive), ==, 1);
  g_assert_cmpstr (kl_drive_get_volume (fixture->drive, 0)->fs_version, ==, "FAT32");
  g_assert_cmpint (kl_drive_get_refusal (fixture->drive, NULL), ==, KL_REFUSAL_NONE);
}

/* What is mounted on the host is known although this process cannot see it. */
static void
test_refused_by_udisks (Fixture *fixture, gconstpointer source)
{
  static const char *const home[] = { "/home", NULL };
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  const char *reason = NULL;

  udisks_filesystem_set_mount_points (udisks.file_system, home);
  while (kl_drive_get_refusal (fixture->drive, &reason) == KL_REFUSAL_NONE
         && g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, TRUE);
      g_object_unref (fixture->drive);
      fixture->drive = kl_drive_monitor_find (fixture->monitor, "/dev/sdb");
    }
  g_assert_cmpint (kl_drive_get_refusal (fixture->drive, &reason), ==, KL_REFUSAL_SYSTEM);
  g_assert_cmpstr (reason, ==, "It holds “/home” of the running system");
  assert_open_fails (fixture, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "It holds “/home”");
  g_assert_cmpuint (udisks.n_unmounted, ==, 0);
  g_assert_cmpuint (udisks.n_opened, ==, 0);
}

/* The list may be older than the mount. */
static void
test_refused_at_the_last_moment (Fixture *fixture, gconstpointer source)
{
  static const char *const usr[] = { "/usr", NULL };

  udisks_filesystem_set_mount_points (udisks.file_system, usr);
  g_assert_cmpint (kl_drive_get_refusal (fixture->drive, NULL), ==, KL_REFUSAL_NONE);
  assert_open_fails (fixture, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "It holds “/usr”");
  g_assert_cmpuint (udisks.n_unmounted, ==, 0);
}

static void
mount_stick (const char *where)
{
  const char *const points[] = { where, NULL };

  udisks_filesystem_set_mount_points (udisks.file_system, points);
}

static void
test_opened_by_udisks (Fixture *fixture, gconstpointer source)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlDriveHandle) handle = NULL;

  mount_stick ("/media/ann/WINPE");
  handle = open_drive (fixture, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (udisks.n_unmounted, ==, 1);
  g_assert_cmpuint (udisks.n_opened, ==, 1);
  g_assert_cmpint (udisks.open_flags & O_EXCL, ==, O_EXCL);
  g_assert_cmpuint (kl_drive_handle_get_size (handle), ==, 1 << 20);
  g_assert_cmpuint (kl_drive_handle_get_block_size (handle), ==, 512);
  g_assert_cmpint (pwrite (kl_drive_handle_get_fd (handle), "KINDLING", 8, 0), ==, 8);
  g_assert_true (kl_drive_handle_confirm (handle, &error));
  kl_drive_handle_close (handle);
  g_assert_cmpint (kl_drive_handle_get_fd (handle), ==, -1);
}

/* Unmounted first, as an automounter may have been quicker; tried again while it is looked at. */
static void
test_switched_off (Fixture *fixture, gconstpointer source)
{
  g_autoptr (GError) error = NULL;

  udisks.n_busy = 1;
  udisks_drive_set_can_power_off (udisks.drive, TRUE);
  udisks_drive_set_ejectable (udisks.drive, TRUE);
  mount_stick ("/media/ann/WINPE");
  kl_drive_power_off (fixture->drive, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (udisks.n_unmounted, ==, 1);
  g_assert_cmpuint (udisks.n_powered_off, ==, 2);
  g_assert_cmpuint (udisks.n_ejected, ==, 0);
}

static void
test_ejected (Fixture *fixture, gconstpointer source)
{
  g_autoptr (GError) error = NULL;

  udisks_drive_set_ejectable (udisks.drive, TRUE);
  kl_drive_power_off (fixture->drive, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (udisks.n_ejected, ==, 1);
  g_assert_cmpuint (udisks.n_powered_off, ==, 0);
}

static void
test_no_switch (Fixture *fixture, gconstpointer source)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (kl_drive_power_off (fixture->drive, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "“/dev/sdb” cannot be switched off by software"));
}

static void
test_stays_busy (Fixture *fixture, gconstpointer source)
{
  g_autoptr (GError) error = NULL;

  udisks.n_busy = G_MAXUINT;
  udisks_drive_set_can_power_off (udisks.drive, TRUE);
  g_assert_false (kl_drive_power_off (fixture->drive, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_DRIVE_IN_USE);
  g_assert_cmpstr (kl_error_get_detail (error), ==, "/dev/sdb");
}

/* Another stick in the same port is not switched off. */
static void
test_other_stick_stays_on (Fixture *fixture, gconstpointer source)
{
  g_autoptr (GError) error = NULL;

  udisks_drive_set_can_power_off (udisks.drive, TRUE);
  udisks_drive_set_serial (udisks.drive, "0002");
  g_assert_false (kl_drive_power_off (fixture->drive, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_WRONG_DRIVE);
  g_assert_cmpuint (udisks.n_powered_off, ==, 0);
}

typedef struct
{
  const char *name;
  const char *open_error;
  const char *open_message;
  const char *unmount_error;
  gboolean is_cancelled;
  int code;
  const char *part;
} FailCase;

static const FailCase fail_cases[] = {
  { "open-denied", UDISKS_ERROR_NAME ("NotAuthorized"), NULL, NULL, FALSE, KL_ERROR_PERMISSION,
    "Opening “/dev/sdb” failed" },
  { "open-denied-to-this-session", UDISKS_ERROR_NAME ("NotAuthorizedCanObtain"), NULL, NULL, FALSE,
    KL_ERROR_PERMISSION, "Opening “/dev/sdb” failed" },
  { "open-dismissed", UDISKS_ERROR_NAME ("NotAuthorizedDismissed"), NULL, NULL, TRUE, 0,
    "dismissed" },
  { "open-busy", UDISKS_ERROR_NAME ("Failed"), "Error opening /dev/sdb: Device or resource busy",
    NULL, FALSE, KL_ERROR_DRIVE_IN_USE, "Device or resource busy" },
  { "open-read-only", UDISKS_ERROR_NAME ("Failed"), "Error opening /dev/sdb: Read-only file system",
    NULL, FALSE, KL_ERROR_WRITE_PROTECTED, "Read-only" },
  { "open-no-medium", UDISKS_ERROR_NAME ("Failed"), "Error opening /dev/sdb: No medium found", NULL,
    FALSE, KL_ERROR_DEVICE_GONE, "No medium" },
  { "open-gone", "org.freedesktop.DBus.Error.UnknownObject", NULL, NULL, FALSE,
    KL_ERROR_DEVICE_GONE, "Opening “/dev/sdb” failed" },
  { "open-other", UDISKS_ERROR_NAME ("Failed"), "odd", NULL, FALSE, KL_ERROR_FAILED, "odd" },
  { "unmount-busy", NULL, NULL, UDISKS_ERROR_NAME ("DeviceBusy"), FALSE, KL_ERROR_DRIVE_IN_USE,
    "mounted at “/media/ann/WINPE” and stays so" },
  { "unmount-denied", NULL, NULL, UDISKS_ERROR_NAME ("NotAuthorized"), FALSE, KL_ERROR_PERMISSION,
    "“/media/ann/WINPE”" },
  { "unmount-dismissed", NULL, NULL, UDISKS_ERROR_NAME ("NotAuthorizedDismissed"), TRUE, 0,
    "dismissed" },
  { "unmount-other", NULL, NULL, UDISKS_ERROR_NAME ("Failed"), FALSE, KL_ERROR_FAILED,
    "“/media/ann/WINPE”" },
};

static const FailCase *current_case;

static void
test_fails (Fixture *fixture, gconstpointer source)
{
  const FailCase *fail = current_case;

  if (fail->unmount_error != NULL)
    mount_stick ("/media/ann/WINPE");
  udisks.open_error = fail->open_error;
  udisks.open_message = fail->open_message;
  udisks.unmount_error = fail->unmount_error;
  assert_open_fails (fixture, fail->is_cancelled ? G_IO_ERROR : KL_ERROR,
                     fail->is_cancelled ? (int) G_IO_ERROR_CANCELLED : fail->code, fail->part);
  if (fail->unmount_error != NULL)
    g_assert_cmpuint (udisks.n_opened, ==, 0);
}

static void
test_no_descriptor (Fixture *fixture, gconstpointer source)
{
  udisks.no_descriptor = TRUE;
  assert_open_fails (fixture, KL_ERROR, KL_ERROR_FAILED, "Opening “/dev/sdb” failed");
}

static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (G_USEC_PER_SEC / 4);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* While a person looks for the password. */
static void
test_cancelled_while_asking (Fixture *fixture, gconstpointer source)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_soon, cancellable);
  gint64 started = g_get_monotonic_time ();

  udisks.never_answer = TRUE;
  g_assert_null (
      kl_drive_open (fixture->drive, kl_drive_get_identity (fixture->drive), cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - started, <, 5 * G_USEC_PER_SEC);
  g_thread_join (thread);
  udisks_fixture_answer (&udisks, UDISKS_ERROR_NAME ("Cancelled"), NULL);
}

/* Nobody waits for ever: neither for opening nor for unmounting. */
static void
test_never_answers (Fixture *fixture, gconstpointer source)
{
  static const char *const media[] = { "/media/stick", NULL };
  const KlUdisksLimits usual = kl_udisks_limits;

  kl_udisks_limits.asking = 300;
  udisks.never_answer = TRUE;
  assert_open_fails (fixture, KL_ERROR, KL_ERROR_FAILED,
                     "Opening “/dev/sdb” failed: UDisks2 has not answered for 1 seconds");
  udisks_fixture_answer (&udisks, UDISKS_ERROR_NAME ("Failed"), NULL);

  udisks.never_answer = FALSE;
  udisks.never_unmounts = TRUE;
  udisks_filesystem_set_mount_points (udisks.file_system, media);
  assert_open_fails (fixture, KL_ERROR, KL_ERROR_FAILED, "plug it in again");
  g_assert_cmpuint (udisks.n_opened, ==, 1);
  udisks_fixture_answer (&udisks, UDISKS_ERROR_NAME ("Failed"), NULL);
  kl_udisks_limits = usual;
}

/* Each field, before opening and after: refused, with both identities. */
static void
test_other_identity (Fixture *fixture, gconstpointer source)
{
  static const char *const parts[]
      = { "the serial number differs", "the WWN differs", "the size differs", "the port differs",
          "the disk sequence number differs" };

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autoptr (KlDriveIdentity) pinned
          = kl_drive_identity_copy (kl_drive_get_identity (fixture->drive));
      g_autoptr (GError) error = NULL;
      char **texts[] = { &pinned->serial, &pinned->wwn, NULL, &pinned->port_path, NULL };

      if (texts[i] != NULL)
        {
          g_free (*texts[i]);
          *texts[i] = g_strdup ("other");
        }
      pinned->size += i == 2;
      pinned->diskseq += i == 4;
      g_assert_null (kl_drive_open (fixture->drive, pinned, NULL, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_WRONG_DRIVE);
      g_assert_nonnull (strstr (error->message, parts[i]));
      g_assert_nonnull (strstr (error->message, "Chosen: Kingston DataTraveler"));
      g_assert_nonnull (strstr (error->message, "There now: Kingston DataTraveler"));
    }
  g_assert_cmpuint (udisks.n_opened, ==, 0);
}

static void
swap_drive (Fixture *fixture, guint field)
{
  static const struct
  {
    const char *what, *value;
  } changes[] = { { "ID_SERIAL_SHORT", "0002" },
                  { "ID_WWN", "0x6000" },
                  { "size", "4096" },
                  { "ID_PATH", "pci-0000:00:14.0-usb-0:3:1.0" },
                  { "diskseq", "8" } };

  change_device (&fixture->drives, "sdb", changes[field].what, changes[field].value);
}

/* The stick is exchanged between opening and the first write: nothing is written. */
static void
test_swapped_before_writing (Fixture *fixture, gconstpointer source)
{
  static const guint8 data[4096] = { 1 };

  for (guint field = 0; field < 5; field++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (KlDriveHandle) handle = NULL;
      g_autoptr (KlSink) sink = NULL;
      guint8 found = 9;

      tear_down (fixture, source);
      set_up (fixture, source);
      handle = open_drive (fixture, &error);
      g_assert_no_error (error);
      sink = kl_drive_sink_new (handle);
      g_assert_true (kl_sink_prepare (sink, 8192, &error));
      swap_drive (fixture, field);
      g_assert_false (kl_sink_write (sink, data, sizeof data, 0, &error));
      g_assert_error (error, KL_ERROR, KL_ERROR_WRONG_DRIVE);
      g_assert_cmpint (pread (kl_drive_handle_get_fd (handle), &found, 1, 0), ==, 1);
      g_assert_cmpuint (found, ==, 0);
    }
}

static void
test_swapped_by_udisks (Fixture *fixture, gconstpointer source)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlDriveHandle) handle = open_drive (fixture, &error);

  g_assert_no_error (error);
  udisks_drive_set_serial (udisks.drive, "0002");
  g_assert_false (kl_drive_handle_confirm (handle, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_WRONG_DRIVE);
  g_assert_nonnull (strstr (error->message, "serial 0002"));
}

static void
test_pulled (Fixture *fixture, gconstpointer source)
{
  remove_device (&fixture->drives, "sdb1");
  remove_device (&fixture->drives, "sdb");
  assert_open_fails (fixture, KL_ERROR, KL_ERROR_DEVICE_GONE, "no longer there");
}

static void
test_locked_by_another (Fixture *fixture, gconstpointer source)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlDriveHandle) handle = open_drive (fixture, &error);

  g_assert_no_error (error);
  assert_open_fails (fixture, KL_ERROR, KL_ERROR_DRIVE_IN_USE, "“/dev/sdb” is locked by");
}

static void
add_for (const char *name, KlDriveSourceKind source, void (*func) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/drive-access/", name, NULL);

  g_test_add (path, Fixture, GINT_TO_POINTER (source), set_up, func, tear_down);
}

static void
set_case (Fixture *fixture, gconstpointer data)
{
  current_case = data;
  set_up (fixture, GINT_TO_POINTER (KL_DRIVE_SOURCE_UDISKS));
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  udisks_fixture_start (&udisks);
  kl_drive_allow_plain_files = TRUE;

  add_for ("udisks/drive-is-described", KL_DRIVE_SOURCE_UDISKS, test_seen_by_udisks);
  add_for ("udisks/mounts-of-the-host-refuse", KL_DRIVE_SOURCE_UDISKS, test_refused_by_udisks);
  add_for ("udisks/mounts-are-read-again", KL_DRIVE_SOURCE_UDISKS, test_refused_at_the_last_moment);
  add_for ("udisks/unmounts-and-opens", KL_DRIVE_SOURCE_UDISKS, test_opened_by_udisks);
  add_for ("udisks/no-descriptor", KL_DRIVE_SOURCE_UDISKS, test_no_descriptor);
  add_for ("udisks/cancelled-while-asking", KL_DRIVE_SOURCE_UDISKS, test_cancelled_while_asking);
  add_for ("udisks/never-answers", KL_DRIVE_SOURCE_UDISKS, test_never_answers);
  add_for ("udisks/other-drive-is-pinned", KL_DRIVE_SOURCE_UDISKS, test_other_identity);
  add_for ("udisks/swapped-after-opening", KL_DRIVE_SOURCE_UDISKS, test_swapped_by_udisks);
  add_for ("udisks/switched-off", KL_DRIVE_SOURCE_UDISKS, test_switched_off);
  add_for ("udisks/ejected", KL_DRIVE_SOURCE_UDISKS, test_ejected);
  add_for ("udisks/has-no-switch", KL_DRIVE_SOURCE_UDISKS, test_no_switch);
  add_for ("udisks/stays-busy", KL_DRIVE_SOURCE_UDISKS, test_stays_busy);
  add_for ("udisks/another-stick-stays-on", KL_DRIVE_SOURCE_UDISKS, test_other_stick_stays_on);
  for (guint i = 0; i < G_N_ELEMENTS (fail_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/drive-access/udisks/", fail_cases[i].name, NULL);

      g_test_add (path, Fixture, &fail_cases[i], set_case, test_fails, tear_down);
    }
  add_for ("udev/other-drive-is-pinned", KL_DRIVE_SOURCE_UDEV, test_other_identity);
  add_for ("udev/swapped-before-the-first-write", KL_DRIVE_SOURCE_UDEV,
           test_swapped_before_writing);
  add_for ("udev/pulled", KL_DRIVE_SOURCE_UDEV, test_pulled);
  add_for ("udev/locked-by-another", KL_DRIVE_SOURCE_UDEV, test_locked_by_another);

  result = g_test_run ();
  udisks_fixture_stop (&udisks);
  return result;
}
