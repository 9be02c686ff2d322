/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "drive/drive-monitor.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "drive/drive-source.h"
#include "drive/mount-table.h"
#include "drive/refusal.h"

struct _KlDriveMonitor
{
  GObject parent_instance;

  KlDriveSource *source; /* owned */
  GPtrArray *drives;     /* of KlDrive, sorted by compare_paths() */
  GStrv protected_paths;
  gboolean allow_fixed;
  gboolean ready;
};

enum
{
  PROP_READY = 1,
  N_PROPS,
};

enum
{
  SIGNAL_ADDED,
  SIGNAL_CHANGED,
  SIGNAL_REMOVED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static void list_model_iface_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlDriveMonitor,
                               kl_drive_monitor,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_iface_init))

/* sdb before sdaa. */
static int
compare_paths (const char *a, const char *b)
{
  gsize length_a = strlen (a), length_b = strlen (b);

  if (length_a != length_b)
    return length_a < length_b ? -1 : 1;
  return strcmp (a, b);
}

static gint
compare_facts (gconstpointer left, gconstpointer right)
{
  const KlDriveFacts *a = *(KlDriveFacts *const *) left, *b = *(KlDriveFacts *const *) right;

  return compare_paths (a->path, b->path);
}

static GType
kl_drive_monitor_get_item_type (GListModel *list)
{
  return KL_TYPE_DRIVE;
}

static guint
kl_drive_monitor_get_n_items (GListModel *list)
{
  return KL_DRIVE_MONITOR (list)->drives->len;
}

static gpointer
kl_drive_monitor_get_item (GListModel *list, guint position)
{
  KlDriveMonitor *self = KL_DRIVE_MONITOR (list);

  return position < self->drives->len ? g_object_ref (g_ptr_array_index (self->drives, position))
                                      : NULL;
}

static void
list_model_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = kl_drive_monitor_get_item_type;
  iface->get_n_items = kl_drive_monitor_get_n_items;
  iface->get_item = kl_drive_monitor_get_item;
}

static void
add_drive (KlDriveMonitor *self, guint position, KlDrive *drive)
{
  g_ptr_array_insert (self->drives, (gint) position, g_object_ref (drive));
  g_list_model_items_changed (G_LIST_MODEL (self), position, 0, 1);
  g_signal_emit (self, signals[SIGNAL_ADDED], 0, drive);
}

static void
remove_drive (KlDriveMonitor *self, guint position)
{
  g_autoptr (KlDrive) drive = g_object_ref (g_ptr_array_index (self->drives, position));

  g_ptr_array_remove_index (self->drives, position);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
  g_signal_emit (self, signals[SIGNAL_REMOVED], 0, drive);
}

static void
change_drive (KlDriveMonitor *self, guint position, KlDrive *drive)
{
  g_autoptr (KlDrive) before = self->drives->pdata[position];

  self->drives->pdata[position] = g_object_ref (drive);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 1);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, drive, before);
}

/* Under the same name, but pulled and plugged in between; a card in a reader comes and goes without
 * its reader. */
static gboolean
is_other_drive (KlDrive *a, KlDrive *b)
{
  const KlDriveIdentity *left = kl_drive_get_identity (a), *right = kl_drive_get_identity (b);

  return g_strcmp0 (left->serial, right->serial) != 0 || g_strcmp0 (left->wwn, right->wwn) != 0
         || g_strcmp0 (left->port_path, right->port_path) != 0
         || (left->diskseq != right->diskseq && left->size != 0 && right->size != 0);
}

/* Puts @drive where it belongs, at @position or later; returns the position behind it. */
static guint
merge_drive (KlDriveMonitor *self, guint position, KlDrive *drive)
{
  while (position < self->drives->len)
    {
      KlDrive *there = g_ptr_array_index (self->drives, position);
      int order = compare_paths (kl_drive_get_path (there), kl_drive_get_path (drive));

      if (order > 0)
        break;
      if (order < 0 || is_other_drive (there, drive))
        {
          remove_drive (self, position);
          continue;
        }
      if (!kl_drive_equal (there, drive))
        change_drive (self, position, drive);
      return position + 1;
    }

  add_drive (self, position, drive);
  return position + 1;
}

static KlDrive *
make_drive (KlDriveMonitor *self, KlDriveFacts *facts, GPtrArray *protection, GPtrArray *mounts)
{
  facts->protection = g_ptr_array_ref (protection);
  facts->refusal = kl_refusal_find (facts, mounts, self->allow_fixed, &facts->refusal_reason);
  return kl_drive_new (facts);
}

static void
refresh (KlDriveMonitor *self)
{
  /* What is made into drives is taken out of the array. */
  g_autoptr (GPtrArray) found
      = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_drive_facts_free);
  g_autoptr (GPtrArray) mounts = kl_mount_table_new ();
  g_autoptr (GPtrArray) protection
      = kl_mount_table_of_paths ((const char *const *) self->protected_paths);
  guint position = 0;

  kl_drive_source_scan (self->source, found, mounts);
  g_ptr_array_sort (found, compare_facts);
  for (guint i = 0; i < found->len; i++)
    {
      KlDriveFacts *facts = g_steal_pointer (&g_ptr_array_index (found, i));
      g_autoptr (KlDrive) drive = make_drive (self, facts, protection, mounts);

      position = merge_drive (self, position, drive);
    }
  while (position < self->drives->len)
    remove_drive (self, position);
}

static void
changed_cb (KlDriveSource *source, gpointer user_data)
{
  KlDriveMonitor *self = user_data;
  g_autoptr (KlDriveMonitor) alive = g_object_ref (self);
  const GError *error;

  if (!kl_drive_source_is_ready (source, &error))
    return;
  refresh (self);
  if (!self->ready)
    {
      self->ready = TRUE;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_READY]);
    }
}

static void
kl_drive_monitor_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_READY:
      g_value_set_boolean (value, KL_DRIVE_MONITOR (object)->ready);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
kl_drive_monitor_dispose (GObject *object)
{
  KlDriveMonitor *self = KL_DRIVE_MONITOR (object);

  if (self->source != NULL)
    g_signal_handlers_disconnect_by_data (self->source, self);
  g_clear_object (&self->source);

  G_OBJECT_CLASS (kl_drive_monitor_parent_class)->dispose (object);
}

static void
kl_drive_monitor_finalize (GObject *object)
{
  KlDriveMonitor *self = KL_DRIVE_MONITOR (object);

  g_ptr_array_unref (self->drives);
  g_strfreev (self->protected_paths);

  G_OBJECT_CLASS (kl_drive_monitor_parent_class)->finalize (object);
}

static guint
new_signal (const char *name, guint n_drives)
{
  return g_signal_new (name, KL_TYPE_DRIVE_MONITOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                       G_TYPE_NONE, n_drives, KL_TYPE_DRIVE, KL_TYPE_DRIVE);
}

static void
kl_drive_monitor_class_init (KlDriveMonitorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_drive_monitor_get_property;
  object_class->dispose = kl_drive_monitor_dispose;
  object_class->finalize = kl_drive_monitor_finalize;

  properties[PROP_READY] = g_param_spec_boolean ("ready", NULL, NULL, FALSE,
                                                 G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_ADDED] = new_signal ("drive-added", 1);
  signals[SIGNAL_CHANGED] = new_signal ("drive-changed", 2);
  signals[SIGNAL_REMOVED] = new_signal ("drive-removed", 1);
}

static void
kl_drive_monitor_init (KlDriveMonitor *self)
{
  self->drives = g_ptr_array_new_with_free_func (g_object_unref);
}

/* udev's messages do not arrive in the sandbox of a Flatpak. */
static KlDriveSource *
new_source (KlDriveSourceKind kind, const char *proc)
{
  if (kind == KL_DRIVE_SOURCE_AUTOMATIC)
    kind = g_file_test ("/.flatpak-info", G_FILE_TEST_EXISTS) ? KL_DRIVE_SOURCE_UDISKS
                                                              : KL_DRIVE_SOURCE_UDEV;

  return kind == KL_DRIVE_SOURCE_UDISKS ? kl_udisks_source_new ()
                                        : kl_udev_source_new (proc != NULL ? proc : "/proc");
}

/**
 * kl_drive_monitor_new:
 * @options: (nullable): %NULL for the usual ones
 *
 * Does not block: with udev the list is filled at once, with UDisks2 when it answers. The list then
 * follows what is plugged in, mounted and partitioned, within 300 ms.
 *
 * Returns: (transfer full): the monitor
 */
KlDriveMonitor *
kl_drive_monitor_new (const KlDriveMonitorOptions *options)
{
  static const KlDriveMonitorOptions usual = { KL_DRIVE_SOURCE_AUTOMATIC };
  KlDriveMonitor *self = g_object_new (KL_TYPE_DRIVE_MONITOR, NULL);

  if (options == NULL)
    options = &usual;
  self->allow_fixed = options->allow_fixed;
  self->protected_paths = g_strdupv ((char **) options->protected_paths);
  self->source = new_source (options->source, options->proc);
  g_signal_connect (self->source, "changed", G_CALLBACK (changed_cb), self);
  changed_cb (self->source, self);
  return self;
}

/**
 * kl_drive_monitor_is_ready:
 *
 * Returns: whether the list was filled; until then an empty list means nothing
 */
gboolean
kl_drive_monitor_is_ready (KlDriveMonitor *self)
{
  g_return_val_if_fail (KL_IS_DRIVE_MONITOR (self), FALSE);

  return self->ready;
}

/**
 * kl_drive_monitor_get_error:
 *
 * Returns: (transfer none) (nullable): why the list is empty or does not follow what is plugged in
 */
const GError *
kl_drive_monitor_get_error (KlDriveMonitor *self)
{
  const GError *error = NULL;

  g_return_val_if_fail (KL_IS_DRIVE_MONITOR (self), NULL);

  kl_drive_source_is_ready (self->source, &error);
  return error;
}

/**
 * kl_drive_monitor_wait:
 *
 * Runs the main context of the caller until the list was filled. For programs without a window.
 *
 * Errors: those of kl_drive_monitor_get_error()
 */
gboolean
kl_drive_monitor_wait (KlDriveMonitor *self, GError **error)
{
  const GError *problem;

  g_return_val_if_fail (KL_IS_DRIVE_MONITOR (self), FALSE);

  while (!self->ready)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);

  problem = kl_drive_monitor_get_error (self);
  if (problem != NULL)
    g_propagate_error (error, g_error_copy (problem));
  return problem == NULL;
}

/**
 * kl_drive_monitor_set_allow_fixed:
 * @allow_fixed: whether fixed disks are offered too
 *
 * The switch belongs to one list and one moment; nobody should remember it.
 */
void
kl_drive_monitor_set_allow_fixed (KlDriveMonitor *self, gboolean allow_fixed)
{
  g_return_if_fail (KL_IS_DRIVE_MONITOR (self));

  self->allow_fixed = allow_fixed;
  changed_cb (self->source, self);
}

/**
 * kl_drive_monitor_set_protected_paths:
 * @paths: (nullable): files and folders; drives that hold one are refused
 */
void
kl_drive_monitor_set_protected_paths (KlDriveMonitor *self, const char *const *paths)
{
  g_return_if_fail (KL_IS_DRIVE_MONITOR (self));

  g_strfreev (self->protected_paths);
  self->protected_paths = g_strdupv ((char **) paths);
  changed_cb (self->source, self);
}

/**
 * kl_drive_monitor_find:
 * @path: the node of a whole drive, or a link to it such as those below /dev/disk
 *
 * Returns: (transfer full) (nullable): the drive, refused or not
 */
KlDrive *
kl_drive_monitor_find (KlDriveMonitor *self, const char *path)
{
  g_autofree char *resolved = realpath (path, NULL);

  g_return_val_if_fail (KL_IS_DRIVE_MONITOR (self), NULL);

  for (guint i = 0; i < self->drives->len; i++)
    {
      KlDrive *drive = g_ptr_array_index (self->drives, i);

      if (g_str_equal (kl_drive_get_path (drive), resolved != NULL ? resolved : path))
        return g_object_ref (drive);
    }
  return NULL;
}
