/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "access/drive-selection.h"

struct _KlDriveSelection
{
  GObject parent_instance;

  KlDriveMonitor *monitor; /* owned */
  GPtrArray *drives;       /* of KlDrive, owned */
  GPtrArray *changed;      /* of KlDrive, owned: lost as what was on them changed */
};

static void kl_drive_selection_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlDriveSelection,
                               kl_drive_selection,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      kl_drive_selection_list_model_init))

static guint lost_signal;

static gboolean
is_same (KlDrive *a, KlDrive *b)
{
  return g_str_equal (kl_drive_get_path (a), kl_drive_get_path (b))
         && kl_drive_identity_check (kl_drive_get_identity (a), kl_drive_get_identity (b),
                                     kl_drive_get_path (a), NULL);
}

/* Whether both hold the same partitions and file systems, mounted or not. */
static gboolean
holds_same (KlDrive *a, KlDrive *b)
{
  const guint n = kl_drive_get_n_volumes (a);

  if (n != kl_drive_get_n_volumes (b)
      || g_strcmp0 (kl_drive_get_partition_table (a), kl_drive_get_partition_table (b)) != 0)
    return FALSE;
  for (guint i = 0; i < n; i++)
    {
      const KlVolume *left = kl_drive_get_volume (a, i), *right = kl_drive_get_volume (b, i);

      if (g_strcmp0 (left->path, right->path) != 0 || left->size != right->size
          || g_strcmp0 (left->fs_type, right->fs_type) != 0
          || g_strcmp0 (left->fs_version, right->fs_version) != 0
          || g_strcmp0 (left->label, right->label) != 0)
        return FALSE;
    }
  return TRUE;
}

/* Returns the position of @drive; the length if it is not there. */
static guint
find_in (GPtrArray *drives, KlDrive *drive)
{
  guint position = 0;

  while (position < drives->len && !is_same (drives->pdata[position], drive))
    position++;
  return position;
}

static guint
find (KlDriveSelection *self, KlDrive *drive)
{
  return find_in (self->drives, drive);
}

static void
drop (KlDriveSelection *self, guint position)
{
  g_ptr_array_remove_index (self->drives, position);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
}

static void
lose (KlDriveSelection *self, guint position, KlSelectionLoss loss)
{
  g_autoptr (KlDrive) drive = g_object_ref (self->drives->pdata[position]);

  drop (self, position);
  if (loss == KL_SELECTION_LOSS_CHANGED)
    g_ptr_array_add (self->changed, g_object_ref (drive));
  g_signal_emit (self, lost_signal, 0, drive, (int) loss);
}

/* The kernel takes the partitions of a stick that is pulled away before the stick: what looked like
 * another content was its end, and that is what the person is to be told. */
static void
removed_cb (KlDriveSelection *self, KlDrive *drive)
{
  const guint position = find (self, drive);
  const guint changed = find_in (self->changed, drive);

  if (position < self->drives->len)
    lose (self, position, KL_SELECTION_LOSS_REMOVED);
  if (changed < self->changed->len)
    {
      g_autoptr (KlDrive) gone = g_ptr_array_steal_index (self->changed, changed);

      g_signal_emit (self, lost_signal, 0, gone, (int) KL_SELECTION_LOSS_REMOVED);
    }
}

static void
changed_cb (KlDriveSelection *self, KlDrive *now, KlDrive *before)
{
  const guint position = find (self, before);

  if (!is_same (before, now))
    removed_cb (self, before);
  else if (position == self->drives->len)
    return;
  else if (kl_drive_get_refusal (now, NULL) != KL_REFUSAL_NONE)
    lose (self, position, KL_SELECTION_LOSS_REFUSED);
  else if (!holds_same (before, now))
    lose (self, position, KL_SELECTION_LOSS_CHANGED);
  else
    {
      g_set_object ((KlDrive **) &self->drives->pdata[position], now);
      g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 1);
    }
}

static GType
kl_drive_selection_get_item_type (GListModel *model)
{
  return KL_TYPE_DRIVE;
}

static guint
kl_drive_selection_get_n_items (GListModel *model)
{
  return KL_DRIVE_SELECTION (model)->drives->len;
}

static gpointer
kl_drive_selection_get_item (GListModel *model, guint position)
{
  KlDriveSelection *self = KL_DRIVE_SELECTION (model);

  return position < self->drives->len ? g_object_ref (self->drives->pdata[position]) : NULL;
}

static void
kl_drive_selection_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kl_drive_selection_get_item_type;
  iface->get_n_items = kl_drive_selection_get_n_items;
  iface->get_item = kl_drive_selection_get_item;
}

static void
kl_drive_selection_finalize (GObject *object)
{
  KlDriveSelection *self = KL_DRIVE_SELECTION (object);

  g_clear_object (&self->monitor);
  g_clear_pointer (&self->drives, g_ptr_array_unref);
  g_clear_pointer (&self->changed, g_ptr_array_unref);

  G_OBJECT_CLASS (kl_drive_selection_parent_class)->finalize (object);
}

static void
kl_drive_selection_class_init (KlDriveSelectionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_drive_selection_finalize;

  lost_signal = g_signal_new ("lost", KL_TYPE_DRIVE_SELECTION, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                              NULL, G_TYPE_NONE, 2, KL_TYPE_DRIVE, G_TYPE_INT);
}

static void
kl_drive_selection_init (KlDriveSelection *self)
{
  self->drives = g_ptr_array_new_with_free_func (g_object_unref);
  self->changed = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * kl_drive_selection_new:
 * @monitor: whose drives can be chosen; a reference is taken
 *
 * Returns: (transfer full): an empty selection
 */
KlDriveSelection *
kl_drive_selection_new (KlDriveMonitor *monitor)
{
  KlDriveSelection *self;

  g_return_val_if_fail (KL_IS_DRIVE_MONITOR (monitor), NULL);

  self = g_object_new (KL_TYPE_DRIVE_SELECTION, NULL);
  self->monitor = g_object_ref (monitor);
  g_signal_connect_object (monitor, "drive-removed", G_CALLBACK (removed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (monitor, "drive-changed", G_CALLBACK (changed_cb), self,
                           G_CONNECT_SWAPPED);
  return self;
}

/**
 * kl_drive_selection_get_monitor:
 *
 * Returns: (transfer none): the monitor that it follows
 */
KlDriveMonitor *
kl_drive_selection_get_monitor (KlDriveSelection *self)
{
  g_return_val_if_fail (KL_IS_DRIVE_SELECTION (self), NULL);

  return self->monitor;
}

/**
 * kl_drive_selection_choose:
 * @drive: as the monitor lists it now
 *
 * Adds or removes one drive. A drive that is refused, or that the monitor does not list any more,
 * is not added.
 *
 * Returns: whether @drive is chosen now
 */
gboolean
kl_drive_selection_choose (KlDriveSelection *self, KlDrive *drive, gboolean chosen)
{
  g_autoptr (KlDrive) there = NULL;
  guint position;

  g_return_val_if_fail (KL_IS_DRIVE_SELECTION (self) && KL_IS_DRIVE (drive), FALSE);

  position = find (self, drive);
  if (!chosen)
    {
      if (position < self->drives->len)
        drop (self, position);
      return FALSE;
    }
  if (position < self->drives->len)
    return TRUE;

  there = kl_drive_monitor_find (self->monitor, kl_drive_get_path (drive));
  if (there == NULL || !is_same (there, drive) || !holds_same (there, drive)
      || kl_drive_get_refusal (there, NULL) != KL_REFUSAL_NONE)
    return FALSE;
  position = find_in (self->changed, drive);
  if (position < self->changed->len)
    g_ptr_array_remove_index (self->changed, position);
  g_ptr_array_add (self->drives, g_steal_pointer (&there));
  g_list_model_items_changed (G_LIST_MODEL (self), self->drives->len - 1, 0, 1);
  return TRUE;
}

/**
 * kl_drive_selection_contains:
 *
 * Returns: whether the drive with this identity is chosen
 */
gboolean
kl_drive_selection_contains (KlDriveSelection *self, KlDrive *drive)
{
  g_return_val_if_fail (KL_IS_DRIVE_SELECTION (self) && KL_IS_DRIVE (drive), FALSE);

  return find (self, drive) < self->drives->len;
}

/* Chooses none. */
void
kl_drive_selection_clear (KlDriveSelection *self)
{
  guint n;

  g_return_if_fail (KL_IS_DRIVE_SELECTION (self));

  n = self->drives->len;
  g_ptr_array_set_size (self->drives, 0);
  g_ptr_array_set_size (self->changed, 0);
  if (n > 0)
    g_list_model_items_changed (G_LIST_MODEL (self), 0, n, 0);
}
