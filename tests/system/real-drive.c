/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Drives for real: loop devices that udev and UDisks2 take for USB sticks. Run by stack.sh. */
#include "access/drive-handle.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "drive/drive-monitor.h"
#include "sink/drive-sink.h"

#define STICK_SIZE ((gsize) 16 << 20)
#define DEADLINE (30 * G_USEC_PER_SEC)

static const char *program;

typedef struct
{
  char *file;
  char *loop; /* "/dev/loop3" */
} Stick;

/* Runs a command that must work; returns its output without the end of line. */
static char *
run (const char *format, ...)
{
  g_autofree char *command = NULL;
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;
  char *output = NULL;
  int status = 0;
  va_list args;

  va_start (args, format);
  command = g_strdup_vprintf (format, args);
  va_end (args);
  g_assert_true (g_spawn_command_line_sync (command, &output, &errors, &status, &error));
  if (!g_spawn_check_wait_status (status, NULL))
    g_error ("%s: %s", command, errors);
  return g_strchomp (output);
}

static void
do_command (const char *command, const char *argument)
{
  g_free (run ("%s %s", command, argument));
}

static void
announce (const char *loop)
{
  do_command ("udevadm trigger --action=add", loop);
  do_command ("udevadm settle --timeout=30", "");
}

static void
set_up_with (Stick *stick, const char *folder, const char *options)
{
  int fd;

  stick->file = g_build_filename (folder, "kindling-stick-XXXXXX", NULL);
  fd = g_mkstemp (stick->file);
  g_assert_cmpint (ftruncate (fd, (off_t) STICK_SIZE), ==, 0);
  kl_close_fd (&fd);
  stick->loop = run ("losetup -f --show %s %s", options, stick->file);
  announce (stick->loop);
}

static void
set_up (Stick *stick, gconstpointer data)
{
  set_up_with (stick, g_get_tmp_dir (), data != NULL ? data : "");
}

static void
tear_down (Stick *stick, gconstpointer data)
{
  do_command ("losetup -d", stick->loop);
  do_command ("udevadm settle --timeout=30", "");
  g_unlink (stick->file);
  g_free (stick->file);
  g_free (stick->loop);
}

static KlDriveMonitor *
new_monitor (KlDriveSourceKind source)
{
  const KlDriveMonitorOptions options = { source, .allow_fixed = TRUE };
  g_autoptr (GError) error = NULL;
  KlDriveMonitor *monitor = kl_drive_monitor_new (&options);

  g_assert_true (kl_drive_monitor_wait (monitor, &error));
  g_assert_no_error (error);
  return monitor;
}

/* UDisks2 hears of a drive a moment later than we do. */
static KlDrive *
find_in (KlDriveMonitor *monitor, const char *path)
{
  gint64 end = g_get_monotonic_time () + DEADLINE;
  KlDrive *drive = NULL;

  while ((drive = kl_drive_monitor_find (monitor, path)) == NULL && g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  g_assert_nonnull (drive);
  return drive;
}

static KlDrive *
find (Stick *stick, KlDriveSourceKind source)
{
  g_autoptr (KlDriveMonitor) monitor = new_monitor (source);

  return find_in (monitor, stick->loop);
}

static KlDriveHandle *
open_drive (KlDrive *drive, GError **error)
{
  return kl_drive_open (drive, kl_drive_get_identity (drive), NULL, error);
}

static void
assert_open_fails (KlDrive *drive, int code, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlDriveHandle) handle = open_drive (drive, &error);

  g_assert_null (handle);
  g_assert_error (error, KL_ERROR, code);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” is not in “%s”", part, error->message);
}

static void
test_described (Stick *stick, gconstpointer data)
{
  static const KlDriveSourceKind sources[] = { KL_DRIVE_SOURCE_UDEV, KL_DRIVE_SOURCE_UDISKS };

  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      g_autoptr (KlDrive) drive = find (stick, sources[i]);
      const KlDriveIdentity *identity = kl_drive_get_identity (drive);

      g_assert_cmpstr (kl_drive_get_vendor (drive), ==, "Kingston");
      g_assert_cmpstr (kl_drive_get_model (drive), ==, "DataTraveler");
      g_assert_cmpstr (identity->serial, ==, "0001");
      g_assert_cmpuint (identity->size, ==, STICK_SIZE);
      g_assert_cmpuint (identity->diskseq, >, 0);
      g_assert_cmpint (kl_drive_get_refusal (drive, NULL), ==, KL_REFUSAL_NONE);
    }
}

/* While it is open nobody else gets it, and udev stays away. */
static void
test_exclusive (Stick *stick, gconstpointer data)
{
  g_autoptr (KlDrive) drive = find (stick, KL_DRIVE_SOURCE_UDEV);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlDriveHandle) handle = open_drive (drive, &error);
  g_autofree char *who = g_strdup_printf ("(PID %d)", getpid ());
  g_autofd int other = -1;

  g_assert_no_error (error);
  g_assert_cmpuint (kl_drive_handle_get_size (handle), ==, STICK_SIZE);
  other = open (stick->loop, O_RDWR | O_EXCL | O_CLOEXEC);
  g_assert_cmpint (other, ==, -1);
  other = open (stick->loop, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (flock (other, LOCK_SH | LOCK_NB), ==, -1);
  assert_open_fails (drive, KL_ERROR_DRIVE_IN_USE, who);

  kl_drive_handle_close (handle);
  g_assert_cmpint (flock (other, LOCK_SH | LOCK_NB), ==, 0);
}

static void
fill (guint8 *bytes, gsize length, guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);

  for (gsize i = 0; i + 4 <= length; i += 4)
    {
      guint32 word = g_rand_int (rand);

      memcpy (bytes + i, &word, 4);
    }
}

static void
assert_read_back (KlSink *sink, const guint8 *expected, gsize size)
{
  guint8 *buffer = g_aligned_alloc (1, size, 4096);
  g_autoptr (GError) error = NULL;

  g_assert_true (kl_sink_read (sink, buffer, size, 0, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (buffer, size, expected, size);
  g_aligned_free (buffer);
}

/* Writes of all lengths at all places, and copies from a file, against a shadow in memory. */
static void
write_random (KlSink *sink, guint8 *shadow, gsize size)
{
  g_autofree char *source_path = g_build_filename (g_get_tmp_dir (), "source", NULL);
  g_autofree guint8 *source = g_malloc (size);
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  g_autoptr (GError) error = NULL;
  g_autofd int fd = -1;

  fill (source, size, 5);
  g_assert_true (g_file_set_contents (source_path, (char *) source, (gssize) size, NULL));
  fd = kl_open_for_reading (source_path, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 60; i++)
    {
      gsize length = (gsize) g_rand_int_range (rand, 1, i % 3 == 0 ? 3 << 20 : 9000);
      gsize offset = (gsize) g_rand_int_range (rand, 0, (gint32) (size - length));
      gsize from = (gsize) g_rand_int_range (rand, 0, (gint32) (size - length));

      if (i % 2 == 0)
        g_assert_true (kl_sink_write (sink, source + from, length, offset, &error));
      else
        g_assert_true (
            kl_sink_copy (sink, fd, source_path, from, length, offset, NULL, NULL, NULL, &error));
      g_assert_no_error (error);
      memcpy (shadow + offset, source + from, length);
    }
  g_unlink (source_path);
}

static void
test_written (Stick *stick, gconstpointer data)
{
  g_autoptr (KlDriveMonitor) monitor = new_monitor (KL_DRIVE_SOURCE_UDEV);
  g_autoptr (KlDrive) drive = find_in (monitor, stick->loop);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlDriveHandle) handle = open_drive (drive, &error);
  g_autoptr (KlSink) sink = NULL;
  g_autofree guint8 *shadow = g_malloc0 (STICK_SIZE);
  g_autofree char *content = NULL;
  gint64 end;
  gsize length;

  g_assert_no_error (error);
  sink = kl_drive_sink_new (handle);
  g_assert_false (kl_sink_write (sink, shadow, 512, 0, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (kl_sink_prepare (sink, STICK_SIZE + 1, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NO_SPACE);
  g_clear_error (&error);
  g_assert_true (kl_sink_prepare (sink, STICK_SIZE, &error));
  write_random (sink, shadow, STICK_SIZE);

  /* A partition table, which everybody shall hear of. */
  memset (shadow, 0, 512);
  shadow[446 + 4] = 0x0c;
  shadow[446 + 9] = 8;
  shadow[446 + 13] = 32;
  shadow[510] = 0x55;
  shadow[511] = 0xaa;
  g_assert_true (kl_sink_write (sink, shadow, 512, 0, &error));
  g_assert_true (kl_sink_flush (sink, NULL, NULL, &error));
  assert_read_back (sink, shadow, STICK_SIZE);
  g_assert_true (kl_sink_commit (sink, &error));
  g_assert_no_error (error);

  g_assert_true (g_file_get_contents (stick->loop, &content, &length, NULL));
  g_assert_cmpmem (content, length, shadow, STICK_SIZE);
  end = g_get_monotonic_time () + DEADLINE;
  while (g_strcmp0 (kl_drive_get_partition_table (drive), "dos") != 0
         && g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, TRUE);
      g_object_unref (drive);
      drive = find_in (monitor, stick->loop);
    }
  g_assert_cmpstr (kl_drive_get_partition_table (drive), ==, "dos");
}

static char *
mount_stick (Stick *stick)
{
  char *folder = g_dir_make_tmp ("mount-XXXXXX", NULL);

  do_command ("mkfs.ext4 -q", stick->loop);
  g_free (run ("mount %s %s", stick->loop, folder));
  do_command ("udevadm settle --timeout=30", "");
  return folder;
}

static void
test_unmounted (Stick *stick, gconstpointer data)
{
  g_autofree char *folder = mount_stick (stick);
  g_autoptr (KlDrive) drive = find (stick, KL_DRIVE_SOURCE_UDEV);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlDriveHandle) handle = NULL;

  g_assert_true (kl_drive_is_mounted (drive));
  g_assert_cmpstr (kl_drive_get_volume (drive, 0)->fs_type, ==, "ext4");
  g_assert_cmpstr (kl_drive_get_volume (drive, 0)->mount_points[0], ==, folder);
  handle = open_drive (drive, &error);
  g_assert_no_error (error);
  g_assert_cmpint (umount2 (folder, 0), ==, -1);
  g_rmdir (folder);
}

static void
test_busy (Stick *stick, gconstpointer data)
{
  g_autofree char *folder = mount_stick (stick);
  g_autoptr (KlDrive) drive = find (stick, KL_DRIVE_SOURCE_UDEV);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) sleeper = NULL;
  g_autofree char *where = g_strdup_printf ("“%s”", folder);
  g_autofree char *who = NULL;

  g_subprocess_launcher_set_cwd (launcher, folder);
  sleeper = g_subprocess_launcher_spawn (launcher, NULL, "sleep", "600", NULL);
  g_assert_nonnull (sleeper);
  who = g_strdup_printf ("sleep (PID %s)", g_subprocess_get_identifier (sleeper));
  assert_open_fails (drive, KL_ERROR_DRIVE_IN_USE, where);
  assert_open_fails (drive, KL_ERROR_DRIVE_IN_USE, who);

  g_subprocess_force_exit (sleeper);
  g_subprocess_wait (sleeper, NULL, NULL);
  g_assert_cmpint (umount2 (folder, 0), ==, 0);
  g_rmdir (folder);
}

/* The list was made before the system began to use the drive. */
static void
test_system (Stick *stick, gconstpointer data)
{
  g_autoptr (KlDrive) before = find (stick, KL_DRIVE_SOURCE_UDEV);
  g_autoptr (KlDrive) after = NULL;
  const char *reason = NULL;

  do_command ("mkfs.ext4 -q", stick->loop);
  g_free (run ("mount %s /home", stick->loop));
  after = find (stick, KL_DRIVE_SOURCE_UDEV);
  g_assert_cmpint (kl_drive_get_refusal (after, &reason), ==, KL_REFUSAL_SYSTEM);
  g_assert_cmpstr (reason, ==, "It holds “/home” of the running system");
  assert_open_fails (before, KL_ERROR_INVALID_ARGUMENT, "It holds “/home”");
  assert_open_fails (after, KL_ERROR_INVALID_ARGUMENT, "It holds “/home”");
  g_assert_cmpint (umount2 ("/home", 0), ==, 0);
}

static void
test_root_disk (Stick *stick, gconstpointer data)
{
  g_autoptr (KlDriveMonitor) monitor = new_monitor (KL_DRIVE_SOURCE_UDEV);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (monitor)); i++)
    {
      g_autoptr (KlDrive) drive = g_list_model_get_item (G_LIST_MODEL (monitor), i);

      if (kl_drive_get_refusal (drive, NULL) == KL_REFUSAL_NONE)
        g_assert_true (g_str_has_prefix (kl_drive_get_path (drive), "/dev/loop"));
    }
}

/* Another stick takes the name of the one that was chosen. */
static void
test_replaced (Stick *stick, gconstpointer data)
{
  g_autoptr (KlDrive) drive = find (stick, KL_DRIVE_SOURCE_UDEV);

  do_command ("losetup -d", stick->loop);
  do_command ("udevadm settle --timeout=30", "");
  g_free (run ("losetup %s %s", stick->loop, stick->file));
  announce (stick->loop);
  assert_open_fails (drive, KL_ERROR_WRONG_DRIVE, "the disk sequence number differs");
}

static void
test_read_only (Stick *stick, gconstpointer data)
{
  g_autoptr (KlDrive) drive = find (stick, KL_DRIVE_SOURCE_UDEV);

  g_assert_cmpint (kl_drive_get_refusal (drive, NULL), ==, KL_REFUSAL_READ_ONLY);
  assert_open_fails (drive, KL_ERROR_WRITE_PROTECTED, "write-protected");
}

/* A stick that cannot keep what it promised: its file lies on a file system that is full. */
static void
test_failing (Stick *stick, gconstpointer data)
{
  g_autofree char *folder = g_dir_make_tmp ("small-XXXXXX", NULL);
  g_autofree guint8 *bytes = g_malloc (STICK_SIZE);
  Stick small;

  g_free (run ("mount -t tmpfs -o size=4M none %s", folder));
  set_up_with (&small, folder, "");
  {
    g_autoptr (KlDrive) drive = find (&small, KL_DRIVE_SOURCE_UDEV);
    g_autoptr (GError) error = NULL;
    g_autoptr (KlDriveHandle) handle = open_drive (drive, &error);
    g_autoptr (KlSink) sink = NULL;

    g_assert_no_error (error);
    sink = kl_drive_sink_new (handle);
    fill (bytes, STICK_SIZE, 1);
    g_assert_true (kl_sink_prepare (sink, STICK_SIZE, &error));
    g_assert_false (kl_sink_write (sink, bytes, STICK_SIZE, 0, &error)
                    && kl_sink_flush (sink, NULL, NULL, &error));
    g_assert_error (error, KL_ERROR, KL_ERROR_IO);
    g_assert_nonnull (strstr (error->message, "Cannot write “/dev/loop"));
    g_assert_nonnull (strstr (error->message, " at byte "));
    g_test_message ("%s", error->message);
  }
  tear_down (&small, NULL);
  g_assert_cmpint (umount2 (folder, 0), ==, 0);
  g_rmdir (folder);
}

/* Opens a drive as somebody else does; says what came of it. */
static int
open_as_asked (const char *path)
{
  g_autoptr (KlDriveMonitor) monitor = new_monitor (KL_DRIVE_SOURCE_UDISKS);
  g_autoptr (KlDrive) drive = find_in (monitor, path);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlDriveHandle) handle = open_drive (drive, &error);
  g_autoptr (KlSink) sink = NULL;

  if (handle == NULL)
    {
      printf ("%s: %s\n", kl_error_get_symbol (error), error->message);
      return 1;
    }

  sink = kl_drive_sink_new (handle);
  g_assert_true (kl_sink_prepare (sink, STICK_SIZE, &error));
  g_assert_true (kl_sink_write (sink, "KINDLING", 8, 100, &error));
  g_assert_true (kl_sink_commit (sink, &error));
  printf ("written\n");
  return 0;
}

static char *
run_as_nobody (const char *path)
{
  g_autofree char *command = g_strdup_printf (
      "setpriv --reuid=nobody --regid=nogroup --clear-groups %s open %s", program, path);
  char *output = NULL;

  g_assert_true (g_spawn_command_line_sync (command, &output, NULL, NULL, NULL));
  return output;
}

static void
test_polkit (Stick *stick, gconstpointer data)
{
  static const char rule[] = "polkit.addRule (function (action, subject) {\n"
                             "  if (action.id.indexOf ('org.freedesktop.udisks2.') == 0\n"
                             "      && subject.user == 'nobody')\n"
                             "    return polkit.Result.YES;\n"
                             "});\n";
  g_autofree char *rules
      = g_build_filename (g_getenv ("KINDLING_POLKIT_RULES"), "49-kindling.rules", NULL);
  gint64 end = g_get_monotonic_time () + DEADLINE;
  g_autofree char *denied = run_as_nobody (stick->loop);
  g_autofree char *content = NULL;
  gboolean written = FALSE;
  gsize length;

  g_test_message ("%s", denied);
  g_assert_true (g_str_has_prefix (denied, "E_ACCESSDENIED: Opening “/dev/loop"));
  g_assert_true (g_file_set_contents (rules, rule, -1, NULL));
  g_assert_cmpint (g_chmod (rules, 0644), ==, 0);
  while (!written && g_get_monotonic_time () < end)
    {
      g_autofree char *allowed = run_as_nobody (stick->loop);

      written = g_str_equal (allowed, "written\n");
    }
  g_assert_true (written);
  g_assert_true (g_file_get_contents (stick->loop, &content, &length, NULL));
  g_assert_cmpmem (content + 100, 8, "KINDLING", 8);
  g_unlink (rules);
}

static void
add (const char *name, void (*func) (Stick *, gconstpointer), const char *options)
{
  g_autofree char *path = g_strconcat ("/real-drive/", name, NULL);

  g_test_add (path, Stick, options, set_up, func, tear_down);
}

int
main (int argc, char **argv)
{
  if (argc == 3 && g_str_equal (argv[1], "open"))
    return open_as_asked (argv[2]);

  program = argv[0];
  g_test_init (&argc, &argv, NULL);
  add ("described-by-udev-and-udisks", test_described, NULL);
  add ("opened-exclusively-and-locked", test_exclusive, NULL);
  add ("what-is-written-is-there", test_written, NULL);
  add ("unmounted-first", test_unmounted, NULL);
  add ("busy-names-the-program", test_busy, NULL);
  add ("system-is-refused-at-the-last-moment", test_system, NULL);
  add ("only-sticks-are-offered", test_root_disk, NULL);
  add ("another-stick-under-the-name", test_replaced, NULL);
  add ("write-protected", test_read_only, "-r");
  add ("drive-that-fails-names-the-byte", test_failing, NULL);
  add ("polkit-denies-and-allows", test_polkit, NULL);
  return g_test_run ();
}
