/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "drive/drive-source.h"

#include <fcntl.h>
#include <string.h>

#include <glib-unix.h>
#include <libudev.h>

#include "base/error.h"
#include "base/file-io.h"
#include "drive/block-tree.h"
#include "drive/mount-table.h"

/* The unit of the attribute "size", whatever the sectors of the drive; bytes. */
#define SYSFS_SECTOR 512

/* The queue of the netlink socket: enough for a hub with fifty sticks; bytes. */
#define MONITOR_BUFFER (4 << 20)

typedef struct udev Udev;
typedef struct udev_device UdevDevice;
typedef struct udev_enumerate UdevEnumerate;
typedef struct udev_list_entry UdevListEntry;
typedef struct udev_monitor UdevMonitor;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Udev, udev_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UdevDevice, udev_device_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UdevEnumerate, udev_enumerate_unref)

#define KL_TYPE_UDEV_SOURCE (kl_udev_source_get_type ())
G_DECLARE_FINAL_TYPE (KlUdevSource, kl_udev_source, KL, UDEV_SOURCE, KlDriveSource)

struct _KlUdevSource
{
  KlDriveSource parent_instance;

  Udev *udev;           /* owned */
  UdevMonitor *monitor; /* owned */
  GPtrArray *devices;   /* owned; of UdevDevice; NULL when they have to be listed anew */
  char *proc;           /* folder to read mounts from */
  int mountinfo;        /* owned; polled for changes, never read */
  GSource *events;      /* owned, as is the next; NULL if there is nothing to watch */
  GSource *mounts;
};

G_DEFINE_FINAL_TYPE (KlUdevSource, kl_udev_source, KL_TYPE_DRIVE_SOURCE)

static char *
dup_property (UdevDevice *device, const char *name)
{
  return kl_drive_clean_text (udev_device_get_property_value (device, name));
}

/* udev puts underscores where a drive says spaces. */
static char *
dup_spaced_property (UdevDevice *device, const char *name)
{
  g_autofree char *raw = g_strdup (udev_device_get_property_value (device, name));

  return raw != NULL ? kl_drive_clean_text (g_strdelimit (raw, "_", ' ')) : NULL;
}

static char *
dup_first_property (UdevDevice *device, const char *const *names)
{
  for (; *names != NULL; names++)
    {
      char *value = dup_property (device, *names);

      if (value != NULL)
        return value;
    }
  return NULL;
}

static guint64
get_number (UdevDevice *device, const char *attribute)
{
  const char *text = udev_device_get_sysattr_value (device, attribute);

  return text != NULL ? g_ascii_strtoull (text, NULL, 10) : 0;
}

static UdevDevice *
get_parent (UdevDevice *device, const char *subsystem, const char *type)
{
  return udev_device_get_parent_with_subsystem_devtype (device, subsystem, type);
}

/* eMMC is a chip on the board: its bus says nothing about being plugged in. */
static const char *
get_mmc_bus (UdevDevice *card)
{
  const char *type = udev_device_get_sysattr_value (card, "type");

  return g_strcmp0 (type, "MMC") == 0 ? "emmc" : "mmc";
}

/* A disk behind a USB bridge says "ata" in ID_BUS; what it hangs on goes before that. */
static char *
find_bus (UdevDevice *device)
{
  static const char *const subsystems[] = { "nvme", "virtio" };
  UdevDevice *card = get_parent (device, "mmc", NULL);

  if (get_parent (device, "usb", "usb_device") != NULL)
    return g_strdup ("usb");
  if (card != NULL)
    return g_strdup (get_mmc_bus (card));
  if (get_parent (device, "firewire", NULL) != NULL)
    return g_strdup ("ieee1394");
  for (guint i = 0; i < G_N_ELEMENTS (subsystems); i++)
    if (get_parent (device, subsystems[i], NULL) != NULL)
      return g_strdup (subsystems[i]);
  return dup_property (device, "ID_BUS");
}

static char *
join_name (const char *vendor, const char *model)
{
  if (vendor != NULL && model != NULL)
    return g_strdup_printf ("%s %s", vendor, model);
  return g_strdup (vendor != NULL ? vendor : model);
}

static void
read_identity (KlDriveFacts *facts, UdevDevice *device)
{
  static const char *const serials[] = { "ID_SERIAL_SHORT", "ID_SCSI_SERIAL", "ID_SERIAL", NULL };
  static const char *const wwns[] = { "ID_WWN_WITH_EXTENSION", "ID_WWN", NULL };
  KlDriveIdentity *identity = facts->identity;

  identity->name = join_name (facts->vendor, facts->model);
  identity->serial = dup_first_property (device, serials);
  identity->wwn = dup_first_property (device, wwns);
  identity->port_path = dup_property (device, "ID_PATH");
  identity->size = get_number (device, "size") * SYSFS_SECTOR;
  identity->diskseq = get_number (device, "diskseq");
}

static KlDriveFacts *
read_disk (UdevDevice *device)
{
  g_autoptr (KlDriveFacts) facts = kl_drive_facts_new (udev_device_get_devnode (device));

  facts->vendor = dup_spaced_property (device, "ID_VENDOR");
  facts->model = dup_spaced_property (device, "ID_MODEL");
  if (facts->model == NULL)
    facts->model = dup_spaced_property (device, "ID_NAME");
  facts->bus = find_bus (device);
  facts->partition_table = dup_property (device, "ID_PART_TABLE_TYPE");
  facts->removable = get_number (device, "removable") != 0;
  facts->read_only = get_number (device, "ro") != 0;
  read_identity (facts, device);
  return g_steal_pointer (&facts);
}

static void
add_volume (KlDriveFacts *facts, UdevDevice *device)
{
  KlVolume *volume = kl_drive_facts_add_volume (facts, udev_device_get_devnode (device));

  volume->fs_type = dup_property (device, "ID_FS_TYPE");
  volume->fs_version = dup_property (device, "ID_FS_VERSION");
  volume->label = dup_property (device, "ID_FS_LABEL");
  volume->size = get_number (device, "size") * SYSFS_SECTOR;
}

/* Loop devices, RAID, LVM and the like are no drives, unless udev knows a bus that they are on;
 * neither are optical drives and the boot partitions that the kernel shows beside an eMMC. */
static gboolean
is_drive (UdevDevice *device)
{
  const char *name = udev_device_get_sysname (device);

  if (udev_device_get_devnode (device) == NULL
      || udev_device_get_property_value (device, "ID_CDROM") != NULL
      || g_str_has_prefix (name, "sr") || g_str_has_prefix (name, "fd"))
    return FALSE;
  if (g_str_has_prefix (name, "mmcblk")
      && (g_strrstr (name, "boot") != NULL || g_strrstr (name, "rpmb") != NULL))
    return FALSE;
  return g_strrstr (udev_device_get_syspath (device), "/devices/virtual/") == NULL
         || udev_device_get_property_value (device, "ID_BUS") != NULL;
}

static gboolean
is_partition (UdevDevice *device)
{
  return g_strcmp0 (udev_device_get_devtype (device), "partition") == 0;
}

static void
free_device (gpointer device)
{
  udev_device_unref (device);
}

/* In the order in which libudev lists them: a disk before its partitions. */
static GPtrArray *
list_block_devices (Udev *udev)
{
  GPtrArray *devices = g_ptr_array_new_with_free_func (free_device);
  g_autoptr (UdevEnumerate) enumerate = udev_enumerate_new (udev);
  UdevListEntry *entry;

  udev_enumerate_add_match_subsystem (enumerate, "block");
  udev_enumerate_scan_devices (enumerate);
  udev_list_entry_foreach (entry, udev_enumerate_get_list_entry (enumerate))
  {
    UdevDevice *device = udev_device_new_from_syspath (udev, udev_list_entry_get_name (entry));

    if (device != NULL)
      g_ptr_array_add (devices, device);
  }
  return devices;
}

/* Whether udev may have said something that is still to be read. */
static gboolean
has_news (KlUdevSource *self)
{
  GPollFD poll = { .events = G_IO_IN };

  if (self->events == NULL)
    return TRUE;
  poll.fd = udev_monitor_get_fd (self->monitor);
  return g_poll (&poll, 1, 0) != 0;
}

/* To look through /sys takes milliseconds: only where something may be new. */
static GPtrArray *
get_block_devices (KlUdevSource *self)
{
  if (has_news (self))
    g_clear_pointer (&self->devices, g_ptr_array_unref);
  if (self->devices == NULL)
    self->devices = list_block_devices (self->udev);
  return self->devices;
}

static KlDriveFacts *
find_disk (GPtrArray *drives, UdevDevice *partition)
{
  UdevDevice *disk = get_parent (partition, "block", "disk");
  const char *node = disk != NULL ? udev_device_get_devnode (disk) : NULL;

  for (guint i = 0; node != NULL && i < drives->len; i++)
    {
      KlDriveFacts *facts = g_ptr_array_index (drives, i);

      if (g_str_equal (facts->path, node))
        return facts;
    }
  return NULL;
}

/* The device itself, not a partition of it or what is stacked on it. */
static gboolean
is_mounted (GPtrArray *mounts, const char *name)
{
  for (guint i = 0; i < mounts->len; i++)
    {
      const KlMount *mount = g_ptr_array_index (mounts, i);

      if (!mount->swap && g_strcmp0 (mount->device, name) == 0)
        return TRUE;
    }
  return FALSE;
}

static gint
compare_volumes (gconstpointer left, gconstpointer right)
{
  const KlVolume *a = *(KlVolume *const *) left, *b = *(KlVolume *const *) right;
  gsize length_a = strlen (a->path), length_b = strlen (b->path);

  if (length_a != length_b)
    return length_a < length_b ? -1 : 1;
  return g_strcmp0 (a->path, b->path);
}

static void
kl_udev_source_scan (KlDriveSource *source, GPtrArray *drives, GPtrArray *mounts)
{
  KlUdevSource *self = KL_UDEV_SOURCE (source);
  GPtrArray *devices = get_block_devices (self);

  kl_mount_table_read (mounts, self->proc);
  for (guint i = 0; i < devices->len; i++)
    {
      UdevDevice *device = g_ptr_array_index (devices, i);
      KlDriveFacts *facts;

      if (is_partition (device) || !is_drive (device))
        continue;
      facts = read_disk (device);
      facts->proc = g_strdup (self->proc);
      if (udev_device_get_property_value (device, "ID_FS_TYPE") != NULL
          || is_mounted (mounts, udev_device_get_sysname (device)))
        add_volume (facts, device);
      g_ptr_array_add (drives, facts);
    }

  for (guint i = 0; i < devices->len; i++)
    {
      UdevDevice *device = g_ptr_array_index (devices, i);
      KlDriveFacts *facts = is_partition (device) ? find_disk (drives, device) : NULL;

      if (facts != NULL && udev_device_get_devnode (device) != NULL)
        add_volume (facts, device);
    }

  for (guint i = 0; i < drives->len; i++)
    {
      KlDriveFacts *facts = g_ptr_array_index (drives, i);

      g_ptr_array_sort (facts->volumes, compare_volumes);
      kl_drive_facts_take_mounts (facts, mounts);
    }
}

static gboolean
event_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  KlUdevSource *self = user_data;
  UdevDevice *device = udev_monitor_receive_device (self->monitor);

  /* What happened is read anew from /sys: events may be lost when very many come at once. */
  g_clear_pointer (&device, udev_device_unref);
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  kl_drive_source_changed (KL_DRIVE_SOURCE (self));
  return G_SOURCE_CONTINUE;
}

static gboolean
mounts_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  kl_drive_source_changed (KL_DRIVE_SOURCE (user_data));
  return G_SOURCE_CONTINUE;
}

static GSource *
watch (KlUdevSource *self, int fd, GIOCondition condition, GUnixFDSourceFunc func)
{
  GSource *source = g_unix_fd_source_new (fd, condition);

  g_source_set_callback (source, G_SOURCE_FUNC (func), self, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

static gboolean
start_monitor (KlUdevSource *self)
{
  self->monitor = udev_monitor_new_from_netlink (self->udev, "udev");
  if (self->monitor == NULL
      || udev_monitor_filter_add_match_subsystem_devtype (self->monitor, "block", NULL) < 0)
    return FALSE;

  /* Needs a privilege; without it the usual size has to do. */
  udev_monitor_set_receive_buffer_size (self->monitor, MONITOR_BUFFER);
  if (udev_monitor_enable_receiving (self->monitor) < 0)
    return FALSE;

  self->events = watch (self, udev_monitor_get_fd (self->monitor), G_IO_IN, event_cb);
  return TRUE;
}

/* The kernel says “priority” on this file whenever something is mounted or unmounted. */
static void
start_watching_mounts (KlUdevSource *self)
{
  g_autofree char *path = g_build_filename (self->proc, "self", "mountinfo", NULL);

  self->mountinfo = open (path, O_RDONLY | O_CLOEXEC);
  if (self->mountinfo >= 0 && g_str_equal (self->proc, "/proc"))
    self->mounts = watch (self, self->mountinfo, G_IO_PRI | G_IO_ERR, mounts_cb);
}

static void
drop_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
kl_udev_source_finalize (GObject *object)
{
  KlUdevSource *self = KL_UDEV_SOURCE (object);

  drop_source (&self->events);
  drop_source (&self->mounts);
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  kl_close_fd (&self->mountinfo);
  g_clear_pointer (&self->monitor, udev_monitor_unref);
  g_clear_pointer (&self->udev, udev_unref);
  g_free (self->proc);

  G_OBJECT_CLASS (kl_udev_source_parent_class)->finalize (object);
}

static void
kl_udev_source_class_init (KlUdevSourceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_udev_source_finalize;
  KL_DRIVE_SOURCE_CLASS (klass)->scan = kl_udev_source_scan;
}

static void
kl_udev_source_init (KlUdevSource *self)
{
  self->mountinfo = -1;
}

/* The source for programs that run on the host. @proc: "/proc", or a folder that a test filled. */
KlDriveSource *
kl_udev_source_new (const char *proc)
{
  KlUdevSource *self = g_object_new (KL_TYPE_UDEV_SOURCE, NULL);
  GError *error = NULL;

  self->udev = udev_new ();
  self->proc = g_strdup (proc);
  if (!start_monitor (self))
    error = g_error_new_literal (KL_ERROR, KL_ERROR_FAILED,
                                 "udev cannot be asked for messages about drives");
  start_watching_mounts (self);
  kl_drive_source_set_ready (KL_DRIVE_SOURCE (self), error);
  return KL_DRIVE_SOURCE (self);
}

KlDriveFacts *
kl_udev_read_drive (dev_t number)
{
  g_autoptr (Udev) udev = udev_new ();
  g_autoptr (UdevDevice) device = udev_device_new_from_devnum (udev, 'b', number);

  if (device == NULL || udev_device_get_devnode (device) == NULL)
    return NULL;
  return read_disk (device);
}
