/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <gio/gunixfdlist.h>
#include <udisks/udisks.h>

#include "drive-fixture.h"

/* UDisks2 as a stand-in on a private bus: one stick, sdb with sdb1, whose content is a plain file.
 * It runs in a thread of its own. */
typedef struct
{
  GTestDBus *bus;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  GAsyncQueue *ready;
  char *backing; /* the file behind the stick */

  UDisksDrive *drive;
  UDisksBlock *block;
  UDisksBlock *volume; /* sdb1 */
  UDisksFilesystem *file_system;

  /* What goes wrong; set before a call. */
  const char *open_error; /* D-Bus error name; NULL: none */
  const char *open_message;
  const char *unmount_error;
  const char *mount_error;
  const char *mount_folder;   /* what mounting gives */
  const char *volume_backing; /* file behind sdb1; NULL: it may not be opened */
  gboolean no_descriptor;
  gboolean never_answer; /* to opening; nor to mounting and unmounting: */
  gboolean never_mounts, never_unmounts;

  guint n_busy; /* so often it cannot be switched off */

  guint n_opened, n_mounted, n_unmounted, n_powered_off, n_ejected;
  gint32 open_flags;
  gboolean mounted_read_only;     /* the last time */
  GDBusMethodInvocation *waiting; /* when it never answers; atomic */
} UdisksFixture;

#define UDISKS_ERROR_NAME(name) "org.freedesktop.UDisks2.Error." name

static inline gboolean
open_device_cb (UDisksBlock *block,
                GDBusMethodInvocation *call,
                GUnixFDList *in,
                const char *mode,
                GVariant *options,
                gpointer user_data)
{
  UdisksFixture *self = user_data;
  g_autoptr (GUnixFDList) fds = NULL;
  int fd;

  self->n_opened++;
  g_variant_lookup (options, "flags", "i", &self->open_flags);
  if (self->never_answer)
    {
      g_atomic_pointer_set (&self->waiting, call);
      return TRUE;
    }
  if (self->open_error != NULL)
    {
      g_dbus_method_invocation_return_dbus_error (
          call, self->open_error, self->open_message != NULL ? self->open_message : "injected");
      return TRUE;
    }

  fd = open (self->backing, O_RDWR | O_CLOEXEC);
  fds = self->no_descriptor ? g_unix_fd_list_new () : g_unix_fd_list_new_from_array (&fd, 1);
  udisks_block_complete_open_device (block, call, fds, g_variant_new_handle (0));
  return TRUE;
}

/* Only for reading, and only without a question. */
static inline gboolean
open_volume_cb (UDisksBlock *block,
                GDBusMethodInvocation *call,
                GUnixFDList *in,
                const char *mode,
                GVariant *options,
                gpointer user_data)
{
  UdisksFixture *self = user_data;
  g_autoptr (GUnixFDList) fds = NULL;
  gboolean quiet = FALSE;
  int fd;

  g_variant_lookup (options, "auth.no_user_interaction", "b", &quiet);
  if (self->volume_backing == NULL || !g_str_equal (mode, "r") || !quiet)
    {
      g_dbus_method_invocation_return_dbus_error (
          call, UDISKS_ERROR_NAME ("NotAuthorizedCanObtain"), "Not authorized");
      return TRUE;
    }

  fd = open (self->volume_backing, O_RDONLY | O_CLOEXEC);
  fds = g_unix_fd_list_new_from_array (&fd, 1);
  udisks_block_complete_open_device (block, call, fds, g_variant_new_handle (0));
  return TRUE;
}

static inline gboolean
mount_cb (UDisksFilesystem *file_system,
          GDBusMethodInvocation *call,
          GVariant *options,
          gpointer user_data)
{
  UdisksFixture *self = user_data;
  const char *const points[] = { self->mount_folder, NULL };
  const char *how = NULL;

  self->n_mounted++;
  if (self->never_mounts)
    {
      g_atomic_pointer_set (&self->waiting, call);
      return TRUE;
    }
  if (self->mount_error != NULL)
    {
      /* Somebody else was quicker. */
      if (self->mount_folder != NULL)
        udisks_filesystem_set_mount_points (file_system, points);
      g_dbus_method_invocation_return_dbus_error (call, self->mount_error, "injected");
      return TRUE;
    }

  self->mounted_read_only
      = g_variant_lookup (options, "options", "&s", &how) && g_str_equal (how, "ro");
  udisks_filesystem_set_mount_points (file_system, points);
  udisks_filesystem_complete_mount (file_system, call, self->mount_folder);
  return TRUE;
}

static inline gboolean
unmount_cb (UDisksFilesystem *file_system,
            GDBusMethodInvocation *call,
            GVariant *options,
            gpointer user_data)
{
  static const char *const nowhere[] = { NULL };
  UdisksFixture *self = user_data;

  g_atomic_int_inc (&self->n_unmounted);
  if (self->never_unmounts)
    {
      g_atomic_pointer_set (&self->waiting, call);
      return TRUE;
    }
  if (self->unmount_error != NULL)
    {
      g_dbus_method_invocation_return_dbus_error (call, self->unmount_error, "injected");
      return TRUE;
    }
  udisks_filesystem_set_mount_points (file_system, nowhere);
  udisks_filesystem_complete_unmount (file_system, call);
  return TRUE;
}

static inline gboolean
power_off_cb (UDisksDrive *drive,
              GDBusMethodInvocation *call,
              GVariant *options,
              gpointer user_data)
{
  UdisksFixture *self = user_data;

  self->n_powered_off++;
  if (self->n_powered_off <= self->n_busy)
    g_dbus_method_invocation_return_dbus_error (call, UDISKS_ERROR_NAME ("DeviceBusy"), "injected");
  else
    udisks_drive_complete_power_off (drive, call);
  return TRUE;
}

static inline gboolean
eject_cb (UDisksDrive *drive, GDBusMethodInvocation *call, GVariant *options, gpointer user_data)
{
  UdisksFixture *self = user_data;

  self->n_ejected++;
  udisks_drive_complete_eject (drive, call);
  return TRUE;
}

static inline void
export_object (GDBusObjectManagerServer *manager, const char *path, gpointer one, gpointer two)
{
  g_autoptr (GDBusObjectSkeleton) object = g_dbus_object_skeleton_new (path);

  g_dbus_object_skeleton_add_interface (object, G_DBUS_INTERFACE_SKELETON (one));
  if (two != NULL)
    g_dbus_object_skeleton_add_interface (object, G_DBUS_INTERFACE_SKELETON (two));
  g_dbus_object_manager_server_export (manager, object);
}

/* The answer to the last call that got none, much too late: an error, or NULL for success. */
static inline void
udisks_fixture_answer (UdisksFixture *self, const char *error, const char *result)
{
  GDBusMethodInvocation *call = g_atomic_pointer_exchange (&self->waiting, NULL);

  g_assert_nonnull (call);
  if (error != NULL)
    g_dbus_method_invocation_return_dbus_error (call, error, "too late");
  else
    g_dbus_method_invocation_return_value (call,
                                           result != NULL ? g_variant_new ("(s)", result) : NULL);
}

#define OBJECTS "/org/freedesktop/UDisks2"

static inline void
make_objects (UdisksFixture *self, GDBusObjectManagerServer *manager)
{
  static const char *const links[]
      = { "/dev/disk/by-id/usb-x", "/dev/disk/by-path/pci-0000:00:14.0-usb-0:2:1.0", NULL };
  g_autoptr (UDisksPartitionTable) table = udisks_partition_table_skeleton_new ();
  g_autoptr (UDisksPartition) partition = udisks_partition_skeleton_new ();
  g_autoptr (GDBusObjectSkeleton) object
      = g_dbus_object_skeleton_new (OBJECTS "/block_devices/sdb1");
  g_autoptr (UDisksManager) service = udisks_manager_skeleton_new ();

  self->drive = udisks_drive_skeleton_new ();
  udisks_drive_set_vendor (self->drive, "Kingston");
  udisks_drive_set_model (self->drive, "DataTraveler");
  udisks_drive_set_serial (self->drive, "0001");
  udisks_drive_set_wwn (self->drive, "0x5000");
  udisks_drive_set_connection_bus (self->drive, "usb");
  udisks_drive_set_media_removable (self->drive, TRUE);
  g_signal_connect (self->drive, "handle-power-off", G_CALLBACK (power_off_cb), self);
  g_signal_connect (self->drive, "handle-eject", G_CALLBACK (eject_cb), self);

  self->block = udisks_block_skeleton_new ();
  udisks_block_set_device (self->block, "/dev/sdb");
  udisks_block_set_drive (self->block, OBJECTS "/drives/K");
  udisks_block_set_size (self->block, 1 << 20);
  udisks_block_set_symlinks (self->block, links);
  udisks_partition_table_set_type_ (table, "dos");
  g_signal_connect (self->block, "handle-open-device", G_CALLBACK (open_device_cb), self);

  self->volume = udisks_block_skeleton_new ();
  udisks_block_set_device (self->volume, "/dev/sdb1");
  udisks_block_set_drive (self->volume, OBJECTS "/drives/K");
  udisks_block_set_id_type (self->volume, "vfat");
  udisks_block_set_id_version (self->volume, "FAT32");
  udisks_block_set_size (self->volume, 1 << 19);
  g_signal_connect (self->volume, "handle-open-device", G_CALLBACK (open_volume_cb), self);
  udisks_partition_set_table (partition, OBJECTS "/block_devices/sdb");
  self->file_system = udisks_filesystem_skeleton_new ();
  g_signal_connect (self->file_system, "handle-mount", G_CALLBACK (mount_cb), self);
  g_signal_connect (self->file_system, "handle-unmount", G_CALLBACK (unmount_cb), self);

  export_object (manager, OBJECTS "/Manager", service, NULL);
  export_object (manager, OBJECTS "/drives/K", self->drive, NULL);
  export_object (manager, OBJECTS "/block_devices/sdb", self->block, table);
  g_dbus_object_skeleton_add_interface (object, G_DBUS_INTERFACE_SKELETON (self->volume));
  g_dbus_object_skeleton_add_interface (object, G_DBUS_INTERFACE_SKELETON (partition));
  g_dbus_object_skeleton_add_interface (object, G_DBUS_INTERFACE_SKELETON (self->file_system));
  g_dbus_object_manager_server_export (manager, object);
}

static inline void
name_cb (GDBusConnection *connection, const char *name, gpointer ready)
{
  g_async_queue_push (ready, ready);
}

static inline gpointer
serve (gpointer user_data)
{
  UdisksFixture *self = user_data;
  g_autoptr (GDBusObjectManagerServer) manager = NULL;
  g_autoptr (GDBusConnection) connection = NULL;
  guint id;

  g_main_context_push_thread_default (self->context);
  connection = g_dbus_connection_new_for_address_sync (
      g_test_dbus_get_bus_address (self->bus),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, NULL);
  manager = g_dbus_object_manager_server_new (OBJECTS);
  make_objects (self, manager);
  g_dbus_object_manager_server_set_connection (manager, connection);
  id = g_bus_own_name_on_connection (connection, "org.freedesktop.UDisks2", 0, name_cb, NULL,
                                     self->ready, NULL);
  g_main_loop_run (self->loop);
  g_bus_unown_name (id);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

/* Once for a program: GLib keeps the connection to the system bus. */
static inline void
udisks_fixture_start (UdisksFixture *self)
{
  int fd = g_file_open_tmp ("kl-stick-XXXXXX", &self->backing, NULL);

  g_assert_cmpint (ftruncate (fd, 1 << 20), ==, 0);
  kl_close_fd (&fd);
  self->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (self->bus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (self->bus), TRUE);
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->ready = g_async_queue_new ();
  self->thread = g_thread_new ("udisks", serve, self);
  g_assert_nonnull (g_async_queue_timeout_pop (self->ready, 20 * G_USEC_PER_SEC));
}

static inline void
udisks_fixture_stop (UdisksFixture *self)
{
  g_main_loop_quit (self->loop);
  g_thread_join (self->thread);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_async_queue_unref (self->ready);
  g_clear_object (&self->drive);
  g_clear_object (&self->block);
  g_clear_object (&self->volume);
  g_clear_object (&self->file_system);
  g_unlink (self->backing);
  g_free (self->backing);
}
