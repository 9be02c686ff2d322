/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <unistd.h>

#include <glib/gstdio.h>
#include <umockdev.h>

#include "base/file-io.h"

/* Drives that umockdev pretends, and a folder in place of /proc. Run under umockdev-wrapper. */
typedef struct
{
  UMockdevTestbed *testbed;
  char *root;            /* of the pretended /sys and /dev */
  char *proc;            /* folder in place of /proc */
  GHashTable *sys_paths; /* kernel name → path below /sys */
} DriveFixture;

typedef struct
{
  const char *name;        /* "sdb" */
  const char *serial;      /* NULL: none */
  const char *port;        /* NULL: "pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0" */
  const char *wwn;         /* NULL: none */
  const char *model;       /* NULL: "DataTraveler_3.0" */
  const char *parent;      /* subsystem of the parent: NULL: "usb"; "" for none */
  const char *parent_type; /* attribute "type" of the parent; NULL: none */
  const char *id_bus;      /* property ID_BUS; NULL: none */
  const char *table;       /* NULL: none */
  const char *fs_type;     /* of the whole drive; NULL: none */
  guint64 sectors;         /* 0: no medium */
  guint diskseq;
  guint minor;    /* 0: by the last letter of the name */
  gboolean fixed; /* the removable flag is not set */
  gboolean read_only;
} StickSpec;

static const StickSpec usual_stick
    = { .name = "sdb", .serial = "0001", .sectors = 131072, .diskseq = 7, .table = "dos" };

static inline void
drive_fixture_set_mounts (DriveFixture *fixture, const char *mountinfo, const char *swaps)
{
  g_autofree char *self = g_build_filename (fixture->proc, "self", NULL);
  g_autofree char *mounts = g_build_filename (self, "mountinfo", NULL);
  g_autofree char *swap = g_build_filename (fixture->proc, "swaps", NULL);

  g_mkdir_with_parents (self, 0700);
  g_assert_true (g_file_set_contents (mounts, mountinfo, -1, NULL));
  g_assert_true (g_file_set_contents (swap, swaps, -1, NULL));
}

static inline void
drive_fixture_set_up (DriveFixture *fixture)
{
  fixture->testbed = umockdev_testbed_new ();
  fixture->root = umockdev_testbed_get_root_dir (fixture->testbed);
  fixture->proc = g_dir_make_tmp ("kl-drive-XXXXXX", NULL);
  fixture->sys_paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_assert_nonnull (fixture->proc);
  drive_fixture_set_mounts (fixture, "", "Filename Type Size Used Priority\n");
}

static inline void
drive_fixture_tear_down (DriveFixture *fixture)
{
  g_assert_true (kl_remove_tree (fixture->proc, NULL));
  g_free (fixture->proc);
  g_free (fixture->root);
  g_hash_table_unref (fixture->sys_paths);
  g_object_unref (fixture->testbed);
}

/* @attributes, @properties: name, value, …, NULL. Makes the link below /sys/dev/block that umockdev
 * does not make, before anybody hears of the device. Returns the path below /sys. */
static inline const char *
drive_fixture_add (DriveFixture *fixture,
                   const char *name,
                   const char *parent,
                   guint major,
                   guint minor,
                   GPtrArray *attributes,
                   GPtrArray *properties)
{
  g_autofree char *folder = g_build_filename (fixture->root, "sys", "dev", "block", NULL);
  g_autofree char *number = g_strdup_printf ("%u:%u", major, minor);
  g_autofree char *link = g_build_filename (folder, number, NULL);
  g_autofree char *target = g_strdup_printf ("../../class/block/%s", name);
  g_autofree char *virtual = g_strconcat ("virtual/", name, NULL);
  char *path;

  g_mkdir_with_parents (folder, 0700);
  g_unlink (link);
  g_assert_cmpint (symlink (target, link), ==, 0);
  path = umockdev_testbed_add_devicev (fixture->testbed, "block", major == 253 ? virtual : name,
                                       parent, (char **) attributes->pdata,
                                       (char **) properties->pdata);
  g_assert_nonnull (path);
  g_hash_table_insert (fixture->sys_paths, g_strdup (name), path);
  return path;
}

static inline void
add_pair (GPtrArray *pairs, const char *name, const char *value)
{
  if (value == NULL)
    return;
  g_ptr_array_add (pairs, g_strdup (name));
  g_ptr_array_add (pairs, g_strdup (value));
}

static inline void
add_number (GPtrArray *pairs, const char *name, guint64 value)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, value);

  add_pair (pairs, name, text);
}

static inline guint
stick_minor (const StickSpec *spec)
{
  return spec->minor != 0 ? spec->minor : 16 * (guint) (spec->name[strlen (spec->name) - 1] - 'a');
}

static inline char *
add_parent (DriveFixture *fixture, const StickSpec *spec)
{
  const char *subsystem = spec->parent != NULL ? spec->parent : "usb";
  g_autofree char *name = g_strdup_printf ("%s-of-%s", subsystem, spec->name);
  const char *attributes[] = { "idVendor", "0951", NULL, NULL, NULL };
  const char *properties[] = { "DEVTYPE", "usb_device", NULL };

  if (*subsystem == '\0')
    return NULL;
  if (spec->parent_type != NULL)
    {
      attributes[2] = "type";
      attributes[3] = spec->parent_type;
    }
  return umockdev_testbed_add_devicev (fixture->testbed, subsystem, name, NULL,
                                       (char **) attributes, (char **) properties);
}

static inline void
add_stick (DriveFixture *fixture, const StickSpec *spec)
{
  g_autoptr (GPtrArray) attributes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) properties = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *parent = add_parent (fixture, spec);
  g_autofree char *node = g_strdup_printf ("/dev/%s", spec->name);
  g_autofree char *number = g_strdup_printf ("8:%u", stick_minor (spec));

  add_number (attributes, "size", spec->sectors);
  add_number (attributes, "diskseq", spec->diskseq);
  add_pair (attributes, "removable", spec->fixed ? "0" : "1");
  add_pair (attributes, "ro", spec->read_only ? "1" : "0");
  add_pair (attributes, "dev", number);
  add_pair (properties, "DEVTYPE", "disk");
  add_pair (properties, "DEVNAME", node);
  add_pair (properties, "MAJOR", "8");
  add_number (properties, "MINOR", stick_minor (spec));
  add_pair (properties, "ID_BUS", spec->id_bus);
  add_pair (properties, "ID_VENDOR", "Kingston");
  add_pair (properties, "ID_MODEL", spec->model != NULL ? spec->model : "DataTraveler_3.0");
  add_pair (properties, "ID_SERIAL_SHORT", spec->serial);
  add_pair (properties, "ID_WWN", spec->wwn);
  add_pair (properties, "ID_PATH",
            spec->port != NULL ? spec->port : "pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0");
  add_pair (properties, "ID_PART_TABLE_TYPE", spec->table);
  add_pair (properties, "ID_FS_TYPE", spec->fs_type);
  g_ptr_array_add (attributes, NULL);
  g_ptr_array_add (properties, NULL);
  drive_fixture_add (fixture, spec->name, parent, 8, stick_minor (spec), attributes, properties);
}

/* A partition of @disk, or what is stacked on devices: @slaves are names with spaces between. */
static inline void
add_device (DriveFixture *fixture,
            const char *name,
            const char *disk,
            guint minor,
            const char *slaves,
            const char *fs_type,
            const char *fs_version)
{
  g_autoptr (GPtrArray) attributes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) properties = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) list = g_strsplit (slaves != NULL ? slaves : "", " ", -1);
  g_autofree char *node = g_strdup_printf ("/dev/%s", name);
  g_autofree char *number = g_strdup_printf ("%u:%u", disk != NULL ? 8 : 253, minor);

  add_pair (attributes, "size", "129024");
  add_pair (attributes, "dev", number);
  if (disk != NULL)
    add_pair (attributes, "partition", "1");
  for (guint i = 0; list[i] != NULL; i++)
    {
      g_autofree char *slave = g_strdup_printf ("slaves/%s", list[i]);

      add_pair (attributes, slave, "");
    }
  add_pair (properties, "DEVTYPE", disk != NULL ? "partition" : "disk");
  add_pair (properties, "DEVNAME", node);
  add_pair (properties, "MAJOR", disk != NULL ? "8" : "253");
  add_number (properties, "MINOR", minor);
  add_pair (properties, "ID_FS_TYPE", fs_type);
  add_pair (properties, "ID_FS_VERSION", fs_version);
  add_pair (properties, "ID_FS_LABEL", fs_type != NULL ? "WINPE" : NULL);
  g_ptr_array_add (attributes, NULL);
  g_ptr_array_add (properties, NULL);
  drive_fixture_add (fixture, name,
                     disk != NULL ? g_hash_table_lookup (fixture->sys_paths, disk) : NULL,
                     disk != NULL ? 8 : 253, minor, attributes, properties);
}

static inline void
remove_device (DriveFixture *fixture, const char *name)
{
  const char *path = g_hash_table_lookup (fixture->sys_paths, name);
  g_autofree char *link = g_build_filename (fixture->root, "sys", "block", name, NULL);

  g_assert_nonnull (path);
  umockdev_testbed_uevent (fixture->testbed, path, "remove");
  g_unlink (link); /* umockdev forgets it */
  umockdev_testbed_remove_device (fixture->testbed, path);
  if (g_strrstr (path, "-of-") != NULL
      && strchr (g_strrstr (path, "-of-"), '/') == g_strrstr (path, "/"))
    {
      g_autofree char *parent = g_path_get_dirname (path);

      umockdev_testbed_remove_device (fixture->testbed, parent);
    }
  g_hash_table_remove (fixture->sys_paths, name);
}

/* Sets a property or, with a lower-case name, an attribute, and sends “change”. */
static inline void
change_device (DriveFixture *fixture, const char *name, const char *what, const char *value)
{
  const char *path = g_hash_table_lookup (fixture->sys_paths, name);

  if (g_ascii_isupper (*what))
    umockdev_testbed_set_property (fixture->testbed, path, what, value);
  else
    umockdev_testbed_set_attribute (fixture->testbed, path, what, value);
  umockdev_testbed_uevent (fixture->testbed, path, "change");
}
