/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "volume/volume-target.h"

#include "access/access.h"
#include "disk-fixture.h"
#include "drive/drive-monitor.h"
#include "drive/volume-choice.h"
#include "udisks-fixture.h"

#define BACKING_BYTES ((gsize) 1 << 20)

static UdisksFixture udisks;

/* A stick that UDisks2 tells of; a folder stands for its volume, and a file for its sectors. */
typedef struct
{
  DriveFixture drives;
  DiskFixture disk; /* disk.folder is the volume */
  KlDriveMonitor *monitor;
  KlDrive *drive;
  char *boot_sector; /* file behind sdb1 */
} Fixture;

static void
write_backing (guint8 table_type, guint32 start)
{
  g_autofree guint8 *bytes = g_malloc0 (BACKING_BYTES);

  memset (bytes, 0xcc, 440);
  bytes[0x1be + 4] = table_type;
  kl_put_u32 (bytes + 0x1be + 8, start);
  kl_put_u32 (bytes + 0x1be + 12, 100000);
  bytes[0x1fe] = 0x55;
  bytes[0x1ff] = 0xaa;
  g_assert_true (
      g_file_set_contents (udisks.backing, (const char *) bytes, (gssize) BACKING_BYTES, NULL));
}

static void
find_drive (Fixture *fixture)
{
  const KlDriveMonitorOptions options
      = { .source = KL_DRIVE_SOURCE_UDISKS, .proc = fixture->drives.proc };
  g_autoptr (GError) error = NULL;

  g_clear_object (&fixture->drive);
  g_clear_object (&fixture->monitor);
  fixture->monitor = kl_drive_monitor_new (&options);
  g_assert_true (kl_drive_monitor_wait (fixture->monitor, &error));
  g_assert_no_error (error);
  fixture->drive = kl_drive_monitor_find (fixture->monitor, "/dev/sdb");
  g_assert_nonnull (fixture->drive);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  StickSpec spec = usual_stick;
  g_autofree char *node = NULL;

  disk_set_up (&fixture->disk, NULL);
  fixture->disk.layout->type = KL_MEDIA_TYPE_UFD;
  fixture->boot_sector = g_build_filename (fixture->disk.sources, "boot-sector", NULL);
  drive_fixture_set_up (&fixture->drives);
  spec.sectors = 2048;
  spec.wwn = "0x5000";
  add_stick (&fixture->drives, &spec);
  add_device (&fixture->drives, "sdb1", "sdb", 17, NULL, "vfat", "FAT32");
  change_device (&fixture->drives, "sdb1", "start", "2048");
  node = g_build_filename (fixture->drives.root, "dev", "sdb", NULL);
  g_assert_true (g_file_set_contents (node, "x", 1, NULL));
  g_assert_cmpint (g_chmod (node, 01644), ==, 0);

  udisks.open_error = udisks.open_message = udisks.unmount_error = udisks.mount_error = NULL;
  udisks.never_mounts = udisks.never_unmounts = FALSE;
  udisks.volume_backing = NULL;
  udisks.mount_folder = fixture->disk.folder;
  udisks.n_opened = udisks.n_mounted = udisks.n_unmounted = 0;
  udisks_block_set_id_type (udisks.volume, "vfat");
  udisks_block_set_id_version (udisks.volume, "FAT32");
  write_backing (0x0c, 2048);
  find_drive (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  static const char *const nowhere[] = { NULL };

  udisks_drive_set_serial (udisks.drive, "0001");
  udisks_filesystem_set_mount_points (udisks.file_system, nowhere);
  g_object_unref (fixture->drive);
  g_object_unref (fixture->monitor);
  drive_fixture_tear_down (&fixture->drives);
  g_free (fixture->boot_sector);
  disk_tear_down (&fixture->disk, NULL);
}

static KlVolumeTarget *
open_target (Fixture *fixture, gboolean bios_start, gboolean read_only, GError **error)
{
  const KlVolumeOptions options = {
    .drive = fixture->drive,
    .volume = "/dev/sdb1",
    .bios_start = bios_start,
    .bios_code_folder = g_getenv ("KL_BIOS_CODE"),
    .verify = TRUE,
    .read_only = read_only,
  };

  return kl_volume_target_new (&options, NULL, error);
}

static gboolean
judge (Fixture *fixture, gboolean bios_start, GError **error)
{
  g_autoptr (KlVolumeTarget) target = open_target (fixture, bios_start, FALSE, error);

  return target != NULL && kl_volume_target_judge (target, NULL, error);
}

static void
assert_judged (Fixture *fixture, int code, const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (judge (fixture, FALSE, &error));
  g_assert_error (error, KL_ERROR, code);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” is not in “%s”", part, error->message);
  g_assert_cmpuint (udisks.n_mounted, ==, 0);
}

static void
set_type (Fixture *fixture, const char *type, const char *version)
{
  udisks_block_set_id_type (udisks.volume, type);
  udisks_block_set_id_version (udisks.volume, version);
  find_drive (fixture);
}

static gboolean
write_all (Fixture *fixture, KlVolumeTarget *target, GError **error)
{
  gboolean done = kl_volume_target_judge (target, NULL, error)
                  && kl_volume_target_plan (target, fixture->disk.layout, NULL, NULL, error)
                  && kl_volume_target_write (target, NULL, NULL, error)
                  && kl_volume_target_flush (target, NULL, error)
                  && kl_volume_target_verify (target, NULL, NULL, error)
                  && kl_volume_target_commit (target, error);

  if (!done)
    g_assert_cmpint (kl_volume_target_say_state (target, error), ==, KL_FOLDER_UNTOUCHED);
  return done;
}

static gboolean
has_wim (Fixture *fixture)
{
  g_autofree char *path = g_build_filename (fixture->disk.folder, "sources", "boot.wim", NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* Nobody is asked for a password in order to read: then what UDisks2 found counts. */
static void
test_hearsay (Fixture *fixture, gconstpointer data)
{
  set_type (fixture, "vfat", "FAT16");
  assert_judged (fixture, KL_ERROR_UFD_FS_FAT16, "“/dev/sdb1” is FAT16; it must be FAT32 or NTFS");
  set_type (fixture, "vfat", "FAT12");
  assert_judged (fixture, KL_ERROR_UFD_FS_FAT16, "is FAT12");
  set_type (fixture, "exfat", "1.0");
  assert_judged (fixture, KL_ERROR_UFD_FS_UNKNOWN, "“/dev/sdb1” holds exFAT; it must be");
  set_type (fixture, "crypto_LUKS", "2");
  assert_judged (fixture, KL_ERROR_UFD_FS_UNKNOWN, "an encrypted volume (LUKS)");
  set_type (fixture, "", "");
  assert_judged (fixture, KL_ERROR_UFD_FS_UNKNOWN, "no file system that is known");
  set_type (fixture, "vfat", "FAT32");
  g_assert_true (judge (fixture, FALSE, NULL));
}

/* The boot sector has the last word. */
static void
test_boot_sector (Fixture *fixture, gconstpointer data)
{
  guint8 sector[512] = { 0xeb, 0x3c, 0x90 };

  kl_put_u16 (sector + 11, 512);
  sector[13] = 1;
  kl_put_u16 (sector + 14, 1);
  sector[16] = 2;
  kl_put_u16 (sector + 17, 512);
  kl_put_u16 (sector + 19, 1000);
  sector[21] = 0xf8;
  kl_put_u16 (sector + 22, 8);
  sector[510] = 0x55;
  sector[511] = 0xaa;
  g_assert_true (g_file_set_contents (fixture->boot_sector, (char *) sector, 512, NULL));
  udisks.volume_backing = fixture->boot_sector;
  assert_judged (fixture, KL_ERROR_UFD_FS_FAT16, "is FAT12 (951 clusters)");
  sector[511] = 0;
  g_assert_true (g_file_set_contents (fixture->boot_sector, (char *) sector, 512, NULL));
  assert_judged (fixture, KL_ERROR_UFD_FS_UNKNOWN, "a damaged FAT file system");
}

static void
test_firmware (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlVolumeTarget) fat = open_target (fixture, FALSE, FALSE, NULL);
  g_autoptr (KlVolumeTarget) ntfs = NULL;

  g_assert_true (kl_volume_target_judge (fat, NULL, NULL));
  g_assert_null (kl_volume_target_get_uefi_obstacle (fat));
  g_assert_nonnull (strstr (kl_volume_target_get_bios_obstacle (fat), "no start code of Kindling"));
  g_clear_pointer (&fat, kl_volume_target_free);

  set_type (fixture, "ntfs", "");
  ntfs = open_target (fixture, FALSE, FALSE, NULL);
  g_assert_true (kl_volume_target_judge (ntfs, NULL, NULL));
  g_assert_nonnull (strstr (kl_volume_target_get_uefi_obstacle (ntfs), "“/dev/sdb1” is NTFS"));
}

static void
test_mounts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlVolumeTarget) target = open_target (fixture, FALSE, FALSE, NULL);
  g_autoptr (GError) error = NULL;

  write_all (fixture, target, &error);
  g_assert_no_error (error);
  g_assert_true (has_wim (fixture));
  g_assert_cmpuint (udisks.n_mounted, ==, 1);
  g_assert_false (udisks.mounted_read_only);
  g_assert_cmpuint (udisks.n_unmounted, ==, 1);
}

static void
test_dry_run (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlVolumeTarget) target = open_target (fixture, FALSE, TRUE, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (kl_volume_target_judge (target, NULL, &error));
  g_assert_true (kl_volume_target_plan (target, fixture->disk.layout, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (kl_folder_plan_count (kl_volume_target_get_plan (target), KL_CHANGE_WRITE), ==,
                    5);
  g_clear_pointer (&target, kl_volume_target_free);
  g_assert_true (udisks.mounted_read_only);
  g_assert_cmpuint (udisks.n_unmounted, ==, 1);
  g_assert_false (has_wim (fixture));
}

/* What others mounted stays mounted; also if they were quicker by a moment. */
static void
test_mounted_by_others (Fixture *fixture, gconstpointer quicker)
{
  const char *const points[] = { fixture->disk.folder, NULL };
  g_autoptr (KlVolumeTarget) target = NULL;
  g_autoptr (GError) error = NULL;

  if (GPOINTER_TO_INT (quicker))
    udisks.mount_error = UDISKS_ERROR_NAME ("AlreadyMounted");
  else
    udisks_filesystem_set_mount_points (udisks.file_system, points);
  target = open_target (fixture, FALSE, FALSE, &error);
  g_assert_no_error (error);
  write_all (fixture, target, &error);
  g_assert_no_error (error);
  g_assert_true (has_wim (fixture));
  g_assert_cmpuint (udisks.n_unmounted, ==, 0);
}

static void
test_mount_fails (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *name;
    int code; /* -1: cancelled */
  } rows[] = {
    { UDISKS_ERROR_NAME ("NotAuthorized"), KL_ERROR_PERMISSION },
    { UDISKS_ERROR_NAME ("NotAuthorizedDismissed"), -1 },
    { UDISKS_ERROR_NAME ("Failed"), KL_ERROR_FAILED },
    { "org.freedesktop.DBus.Error.UnknownObject", KL_ERROR_DEVICE_GONE },
  };

  udisks.mount_folder = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      udisks.mount_error = rows[i].name;
      g_assert_false (judge (fixture, FALSE, &error));
      if (rows[i].code < 0)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      else
        g_assert_error (error, KL_ERROR, rows[i].code);
    }
  g_assert_false (has_wim (fixture));
}

static gpointer
cancel_when_called (gpointer cancellable)
{
  while (g_atomic_pointer_get (&udisks.waiting) == NULL)
    g_usleep (1000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

/* What is mounted when nobody waits for it any more does not stay mounted. */
static void
assert_unmounted_later (Fixture *fixture)
{
  const gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  g_assert_cmpuint (udisks.n_mounted, ==, 1);
  g_assert_cmpint (g_atomic_int_get (&udisks.n_unmounted), ==, 0);
  udisks.never_mounts = FALSE;
  udisks_fixture_answer (&udisks, NULL, fixture->disk.folder);
  while (g_atomic_int_get (&udisks.n_unmounted) == 0 && g_get_monotonic_time () < end)
    g_usleep (1000);
  g_assert_cmpint (g_atomic_int_get (&udisks.n_unmounted), ==, 1);
}

static void
test_mount_cancelled (Fixture *fixture, gconstpointer data)
{
  const KlUdisksLimits usual = kl_udisks_limits;
  g_autoptr (KlVolumeTarget) target = open_target (fixture, FALSE, FALSE, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_when_called, cancellable);

  kl_udisks_limits.quiet = 300;
  udisks.never_mounts = TRUE;
  g_assert_false (kl_volume_target_judge (target, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  kl_udisks_limits = usual;
  assert_unmounted_later (fixture);
}

static void
test_mount_never_answers (Fixture *fixture, gconstpointer data)
{
  const KlUdisksLimits usual = kl_udisks_limits;
  g_autoptr (GError) error = NULL;

  kl_udisks_limits = (KlUdisksLimits){ 300, 300 };
  udisks.never_mounts = TRUE;
  g_assert_false (judge (fixture, FALSE, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "UDisks2 has not answered for 1 seconds"));
  kl_udisks_limits = usual;
  assert_unmounted_later (fixture);
}

/* All was flushed: the medium is good, and the work ends. */
static void
test_unmount_never_answers (Fixture *fixture, gconstpointer data)
{
  const KlUdisksLimits usual = kl_udisks_limits;
  g_autoptr (KlVolumeTarget) target = open_target (fixture, FALSE, FALSE, NULL);
  g_autoptr (GError) error = NULL;

  kl_udisks_limits.quiet = 300;
  udisks.never_unmounts = TRUE;
  write_all (fixture, target, &error);
  g_assert_no_error (error);
  g_clear_pointer (&target, kl_volume_target_free);
  g_assert_true (has_wim (fixture));
  g_assert_cmpuint (udisks.n_unmounted, ==, 1);
  udisks_fixture_answer (&udisks, NULL, NULL);
  kl_udisks_limits = usual;
}

static void
test_other_drive (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlVolumeTarget) target = open_target (fixture, FALSE, FALSE, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) at_once = NULL;

  g_assert_true (kl_volume_target_judge (target, NULL, NULL));
  g_assert_true (kl_volume_target_plan (target, fixture->disk.layout, NULL, NULL, NULL));
  udisks_drive_set_serial (udisks.drive, "0002");
  g_assert_false (kl_volume_target_write (target, NULL, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_WRONG_DRIVE);
  g_assert_false (has_wim (fixture));
  g_assert_null (open_target (fixture, FALSE, FALSE, &at_once));
  g_assert_error (at_once, KL_ERROR, KL_ERROR_WRONG_DRIVE);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  static const char *const usr[] = { "/usr", NULL };
  g_autoptr (GError) error = NULL;

  udisks_filesystem_set_mount_points (udisks.file_system, usr);
  g_assert_null (open_target (fixture, FALSE, FALSE, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "It holds “/usr”"));
}

static void
test_bios_start (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlVolumeTarget) target = open_target (fixture, TRUE, FALSE, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL;
  gsize length = 0, size = g_bytes_get_size (fixture->disk.code->core);

  write_all (fixture, target, &error);
  g_assert_no_error (error);
  g_assert_null (kl_volume_target_get_bios_obstacle (target));
  g_assert_cmpuint (udisks.n_opened, ==, 1);
  g_assert_cmpint (udisks.open_flags & O_EXCL, ==, 0);
  g_assert_true (g_file_get_contents (udisks.backing, &bytes, &length, NULL));
  g_assert_cmpmem (bytes, 440, fixture->disk.code->mbr, 440);
  g_assert_cmpmem (bytes + 512, size, g_bytes_get_data (fixture->disk.code->core, NULL), size);
  g_assert_cmpuint ((guint8) bytes[0x1be], ==, 0x80);
}

/* Before anything is written, and before the files are. */
static void
test_bios_start_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) gpt = NULL;
  g_autoptr (GError) denied = NULL;

  write_backing (0xee, 1);
  g_assert_false (judge (fixture, TRUE, &gpt));
  g_assert_error (gpt, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (gpt->message, "has a GPT"));
  udisks.open_error = UDISKS_ERROR_NAME ("NotAuthorized");
  g_assert_false (judge (fixture, TRUE, &denied));
  g_assert_error (denied, KL_ERROR, KL_ERROR_PERMISSION);
  g_assert_false (has_wim (fixture));
}

static void
test_state (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlVolumeTarget) target = open_target (fixture, FALSE, FALSE, NULL);
  const KlLayoutItem *item = kl_media_layout_find (fixture->disk.layout, "/sources/boot.wim");
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (item->file, "short", -1, NULL));
  g_assert_false (write_all (fixture, target, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_MISSING_PACKAGE);
  g_assert_nonnull (strstr (error->message, "” holds what it held before: "));
  g_assert_false (has_wim (fixture));
}

static void
test_choice (Fixture *fixture, gconstpointer data)
{
  const char *const points[] = { fixture->disk.folder, NULL };
  g_autofree char *inside = g_build_filename (fixture->disk.folder, "inside", NULL);
  const char *const names[] = { "/dev/sdb1", "/dev/sdb", fixture->disk.folder };
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) nowhere = NULL;
  char *none = NULL;

  g_assert_cmpint (g_mkdir (inside, 0700), ==, 0);
  udisks_filesystem_set_mount_points (udisks.file_system, points);
  find_drive (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *volume = NULL;
      g_autoptr (KlDrive) drive
          = kl_drive_monitor_find_volume (fixture->monitor, names[i], &volume, NULL);

      g_assert_cmpstr (volume, ==, "/dev/sdb1");
      g_assert_cmpstr (kl_drive_get_path (drive), ==, "/dev/sdb");
    }
  g_assert_null (kl_drive_monitor_find_volume (fixture->monitor, inside, &none, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_assert_null (kl_drive_monitor_find_volume (fixture->monitor, "/dev/null", &none, &nowhere));
  g_assert_error (nowhere, KL_ERROR, KL_ERROR_NOT_FOUND);
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  udisks_fixture_start (&udisks);
  kl_drive_allow_plain_files = TRUE;
#define ADD_WITH(name, data, func)                                                                 \
  g_test_add ("/volume-target/" name, Fixture, data, set_up, func, tear_down)
#define ADD(name, func) ADD_WITH (name, NULL, func)
  ADD ("judges-by-hearsay-without-a-password", test_hearsay);
  ADD ("judges-by-the-boot-sector", test_boot_sector);
  ADD ("says-which-firmware-starts", test_firmware);
  ADD ("mounts-and-unmounts", test_mounts);
  ADD ("dry-run-mounts-read-only", test_dry_run);
  ADD_WITH ("leaves-mounted-what-was", GINT_TO_POINTER (FALSE), test_mounted_by_others);
  ADD_WITH ("takes-what-an-automounter-mounted", GINT_TO_POINTER (TRUE), test_mounted_by_others);
  ADD ("says-why-mounting-failed", test_mount_fails);
  ADD ("mounts-nothing-after-cancelling", test_mount_cancelled);
  ADD ("waits-for-mounting-not-for-ever", test_mount_never_answers);
  ADD ("waits-for-unmounting-not-for-ever", test_unmount_never_answers);
  ADD ("writes-to-no-other-drive", test_other_drive);
  ADD ("refuses-the-drive-of-the-system", test_refused);
  ADD ("writes-start-code-on-request", test_bios_start);
  ADD ("refuses-start-code-before-writing", test_bios_start_refused);
  ADD ("says-what-the-volume-holds", test_state);
  ADD ("finds-a-volume-by-each-of-its-names", test_choice);
  result = g_test_run ();
  udisks_fixture_stop (&udisks);
  return result;
}
