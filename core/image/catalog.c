/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-catalog"

#include "image/catalog.h"

#include <stdlib.h>

#include "base/error.h"
#include "image/catalog-entry.h"
#include "image/catalog-scan.h"

/* How long the watch sleeps between two scans; below a second with the scan itself. */
#define SCAN_INTERVAL ((gint64) 800 * 1000) /* µs */
#define ID_LENGTH 8

/* What the watching thread holds: not the catalog, so that the catalog can go while a scan of a
 * dead network share hangs. */
typedef struct
{
  gatomicrefcount refs;
  KlCatalogScan *scan;   /* owned */
  GMainContext *context; /* owned; where the model lives */
  GWeakRef catalog;
  GMutex lock;
  GCond woken;
  gboolean wake; /* guarded by lock */
  gboolean stop; /* guarded by lock */
} Watch;

struct _KlCatalog
{
  GObject parent_instance;

  char *path;
  GMainContext *context; /* owned; where items-changed is emitted */
  KlCatalogScan *scan;   /* owned */
  GPtrArray *items;      /* of KlBootImage, sorted by ID; in context only */
  Watch *watch;          /* owned; NULL before kl_catalog_watch(); set once */
  GFileMonitor *monitor; /* owned; in context only */
};

static void kl_catalog_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlCatalog,
                               kl_catalog,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      kl_catalog_list_model_init))

static GType
kl_catalog_get_item_type (GListModel *model)
{
  return KL_TYPE_BOOT_IMAGE;
}

static guint
kl_catalog_get_n_items (GListModel *model)
{
  return KL_CATALOG (model)->items->len;
}

static gpointer
kl_catalog_get_item (GListModel *model, guint position)
{
  KlCatalog *self = KL_CATALOG (model);

  return position < self->items->len ? g_object_ref (self->items->pdata[position]) : NULL;
}

static void
kl_catalog_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kl_catalog_get_item_type;
  iface->get_n_items = kl_catalog_get_n_items;
  iface->get_item = kl_catalog_get_item;
}

static void
watch_unref (Watch *watch)
{
  if (!g_atomic_ref_count_dec (&watch->refs))
    return;

  kl_catalog_scan_unref (watch->scan);
  g_main_context_unref (watch->context);
  g_weak_ref_clear (&watch->catalog);
  g_mutex_clear (&watch->lock);
  g_cond_clear (&watch->woken);
  g_free (watch);
}

static void
kl_catalog_finalize (GObject *object)
{
  KlCatalog *self = KL_CATALOG (object);

  if (self->watch != NULL)
    {
      g_mutex_lock (&self->watch->lock);
      self->watch->stop = TRUE;
      g_cond_signal (&self->watch->woken);
      g_mutex_unlock (&self->watch->lock);
      g_clear_pointer (&self->watch, watch_unref);
    }
  if (self->monitor != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->monitor, self);
      g_file_monitor_cancel (self->monitor);
      g_clear_object (&self->monitor);
    }
  g_clear_pointer (&self->items, g_ptr_array_unref);
  g_clear_pointer (&self->scan, kl_catalog_scan_unref);
  g_clear_pointer (&self->context, g_main_context_unref);
  g_free (self->path);

  G_OBJECT_CLASS (kl_catalog_parent_class)->finalize (object);
}

static void
kl_catalog_class_init (KlCatalogClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_catalog_finalize;
}

static void
kl_catalog_init (KlCatalog *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
}

/* The first position whose ID is not below @id. */
static guint
find_position (KlCatalog *self, const char *id, gboolean *there)
{
  guint low = 0, high = self->items->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (strcmp (kl_boot_image_get_id (self->items->pdata[middle]), id) < 0)
        low = middle + 1;
      else
        high = middle;
    }

  *there
      = low < self->items->len && strcmp (kl_boot_image_get_id (self->items->pdata[low]), id) == 0;
  return low;
}

static void
apply_change (KlCatalog *self, KlCatalogChange *change)
{
  gboolean there;
  guint position = find_position (self, change->id, &there);
  gboolean here = change->image != NULL;

  if (there)
    g_ptr_array_remove_index (self->items, position);
  if (here)
    g_ptr_array_insert (self->items, (int) position, g_steal_pointer (&change->image));
  if (there || here)
    g_list_model_items_changed (G_LIST_MODEL (self), position, there ? 1 : 0, here ? 1 : 0);
}

static int
compare_images (gconstpointer a, gconstpointer b)
{
  return strcmp (kl_boot_image_get_id (*(KlBootImage *const *) a),
                 kl_boot_image_get_id (*(KlBootImage *const *) b));
}

/* Fills an empty model in one go. Each ID comes once then, and none is gone. */
static void
apply_first (KlCatalog *self, GPtrArray *changes)
{
  for (guint i = 0; i < changes->len; i++)
    {
      KlCatalogChange *change = changes->pdata[i];

      g_ptr_array_add (self->items, g_steal_pointer (&change->image));
    }
  g_ptr_array_sort (self->items, compare_images);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, 0, self->items->len);
}

static gboolean
is_plain_filling (KlCatalog *self, GPtrArray *changes)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  if (self->items->len > 0 || changes->len == 0)
    return FALSE;

  for (guint i = 0; i < changes->len; i++)
    {
      KlCatalogChange *change = changes->pdata[i];

      if (change->image == NULL || !g_hash_table_add (seen, change->id))
        return FALSE;
    }
  return TRUE;
}

static void
apply_changes (KlCatalog *self)
{
  g_autoptr (GPtrArray) changes = kl_catalog_scan_take_changes (self->scan);

  if (is_plain_filling (self, changes))
    apply_first (self, changes);
  else
    for (guint i = 0; i < changes->len; i++)
      apply_change (self, changes->pdata[i]);
}

static gboolean
apply_cb (gpointer data)
{
  g_autoptr (KlCatalog) self = g_weak_ref_get (&((Watch *) data)->catalog);

  if (self != NULL)
    apply_changes (self);
  return G_SOURCE_REMOVE;
}

static void
hand_over (Watch *watch)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "kl-catalog-changes");
  g_atomic_ref_count_inc (&watch->refs);
  g_source_set_callback (source, apply_cb, watch, (GDestroyNotify) watch_unref);
  g_source_attach (source, watch->context);
}

/* Sleeps until the next scan is due. FALSE: the catalog is gone. */
static gboolean
wait_for_turn (Watch *watch)
{
  gint64 due = g_get_monotonic_time () + SCAN_INTERVAL;
  gboolean go_on;

  g_mutex_lock (&watch->lock);
  while (!watch->stop && !watch->wake && g_cond_wait_until (&watch->woken, &watch->lock, due))
    ;
  watch->wake = FALSE;
  go_on = !watch->stop;
  g_mutex_unlock (&watch->lock);
  return go_on;
}

static gpointer
watch_thread (gpointer data)
{
  Watch *watch = data;

  do
    {
      g_autoptr (GError) error = NULL;

      /* A share that is away for a while keeps its list. */
      if (!kl_catalog_scan_run (watch->scan, &error))
        g_debug ("%s", error->message);
      if (kl_catalog_scan_has_changes (watch->scan))
        hand_over (watch);
    }
  while (wait_for_turn (watch));

  watch_unref (watch);
  return NULL;
}

static void
monitor_changed_cb (KlCatalog *self)
{
  kl_catalog_wake (self);
}

/**
 * kl_catalog_dup_default_path:
 *
 * Returns: (transfer full): the user's catalog folder (interface.md 1)
 */
char *
kl_catalog_dup_default_path (void)
{
  return g_build_filename (g_get_user_data_dir (), "kindling", "catalog", NULL);
}

/**
 * kl_catalog_new:
 * @path: the catalog folder; it need not exist
 *
 * Returns: (transfer full): an empty model that reads nothing yet. It emits in the caller's
 *   thread-default main context.
 */
KlCatalog *
kl_catalog_new (const char *path)
{
  KlCatalog *self = g_object_new (KL_TYPE_CATALOG, NULL);

  self->path = g_canonicalize_filename (path, NULL);
  self->scan = kl_catalog_scan_new (self->path);
  return self;
}

const char *
kl_catalog_get_path (KlCatalog *self)
{
  g_return_val_if_fail (KL_IS_CATALOG (self), NULL);

  return self->path;
}

/**
 * kl_catalog_require:
 *
 * For a folder that somebody chose. When it is not there, its drive or share is away: to take it
 * for an empty catalog, and to import into a new folder of that name, would hide what it holds. Any
 * thread.
 */
void
kl_catalog_require (KlCatalog *self)
{
  g_return_if_fail (KL_IS_CATALOG (self));

  kl_catalog_scan_require (self->scan);
}

gboolean
kl_catalog_is_required (KlCatalog *self)
{
  g_return_val_if_fail (KL_IS_CATALOG (self), FALSE);

  return kl_catalog_scan_is_required (self->scan);
}

/**
 * kl_catalog_contains:
 * @path: of a file that may not exist yet
 *
 * Whether a file of this name lies in the catalog folder or below, by whatever path. Symbolic links
 * among its folders are followed; @path itself is not. Any thread.
 */
gboolean
kl_catalog_contains (KlCatalog *self, const char *path)
{
  g_autofree char *folder = NULL;
  g_autofree char *real_folder = NULL;
  g_autofree char *real_catalog = NULL;
  gsize length;

  g_return_val_if_fail (KL_IS_CATALOG (self) && path != NULL, FALSE);

  folder = g_path_get_dirname (path);
  real_folder = realpath (folder, NULL);
  real_catalog = realpath (self->path, NULL);
  if (real_folder == NULL || real_catalog == NULL)
    return FALSE;

  length = strlen (real_catalog);
  return strncmp (real_folder, real_catalog, length) == 0
         && (real_folder[length] == '/' || real_folder[length] == '\0');
}

/**
 * kl_catalog_load:
 *
 * Reads all entries and fills the model. Only in the thread that made the catalog. An absent folder
 * is an empty catalog; a broken entry is an item with an error.
 *
 * Errors: KL_ERROR_* of reading the folder.
 */
gboolean
kl_catalog_load (KlCatalog *self, GError **error)
{
  g_return_val_if_fail (KL_IS_CATALOG (self), FALSE);

  if (!kl_catalog_scan_run (self->scan, error))
    return FALSE;

  apply_changes (self);
  return TRUE;
}

static void
load_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (kl_catalog_scan_run (KL_CATALOG (source)->scan, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * kl_catalog_load_async:
 *
 * kl_catalog_load() that does not block: a thread reads the entries, and the model is filled by
 * kl_catalog_load_finish(). Only in the thread that made the catalog.
 */
void
kl_catalog_load_async (KlCatalog *self,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (KL_IS_CATALOG (self));

  g_task_set_source_tag (task, kl_catalog_load_async);
  g_task_run_in_thread (task, load_in_thread);
}

gboolean
kl_catalog_load_finish (KlCatalog *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;

  apply_changes (self);
  return TRUE;
}

/**
 * kl_catalog_watch:
 *
 * From now on the model follows what any process does to the catalog, within a second. A thread
 * looks at the entries' modification times, since file monitors see nothing of what others do on a
 * network share; a monitor makes it look at once where it can. Without kl_catalog_load() before, it
 * fills the model too, without blocking. Only in the thread that made the catalog; a second call
 * does nothing.
 */
void
kl_catalog_watch (KlCatalog *self)
{
  g_autoptr (GFile) folder = NULL;
  Watch *watch;

  g_return_if_fail (KL_IS_CATALOG (self));

  if (self->watch != NULL)
    return;

  watch = g_new0 (Watch, 1);
  g_atomic_ref_count_init (&watch->refs);
  g_atomic_ref_count_inc (&watch->refs);
  watch->scan = kl_catalog_scan_ref (self->scan);
  watch->context = g_main_context_ref (self->context);
  g_weak_ref_init (&watch->catalog, self);
  g_mutex_init (&watch->lock);
  g_cond_init (&watch->woken);
  g_atomic_pointer_set (&self->watch, watch);
  g_thread_unref (g_thread_new ("kl-catalog-watch", watch_thread, watch));

  folder = g_file_new_for_path (self->path);
  self->monitor = g_file_monitor_directory (folder, G_FILE_MONITOR_WATCH_MOVES, NULL, NULL);
  if (self->monitor != NULL)
    g_signal_connect_swapped (self->monitor, "changed", G_CALLBACK (monitor_changed_cb), self);
}

/*
 * kl_catalog_wake:
 *
 * Makes the watch look now. Any thread; without a watch nothing happens.
 */
void
kl_catalog_wake (KlCatalog *self)
{
  Watch *watch = g_atomic_pointer_get (&self->watch);

  if (watch == NULL)
    return;

  g_mutex_lock (&watch->lock);
  watch->wake = TRUE;
  g_cond_signal (&watch->woken);
  g_mutex_unlock (&watch->lock);
}

/**
 * kl_catalog_lookup:
 *
 * Reads one entry from the disk, whatever the model shows.
 *
 * Errors: KL_ERROR_MISSING_PACKAGE with @id as its detail where there is none,
 * KL_ERROR_IMAGE_BROKEN where it cannot be read. Any thread.
 *
 * Returns: (transfer full): the image as it is now
 */
KlBootImage *
kl_catalog_lookup (KlCatalog *self, const char *id, GError **error)
{
  g_autofree char *folder = NULL;

  g_return_val_if_fail (KL_IS_CATALOG (self), NULL);

  folder = kl_catalog_find_entry (self, id, error);
  return folder != NULL ? kl_boot_image_load (folder, error) : NULL;
}

/**
 * kl_catalog_is_valid_id:
 *
 * Three letters or digits (the site code) and five hexadecimal digits, all upper case: "KDL00001".
 */
gboolean
kl_catalog_is_valid_id (const char *id)
{
  if (strlen (id) != ID_LENGTH)
    return FALSE;

  for (int i = 0; i < ID_LENGTH; i++)
    if (!g_ascii_isdigit (id[i]) && !g_ascii_isupper (id[i]))
      return FALSE;
    else if (i >= 3 && !g_ascii_isxdigit (id[i]))
      return FALSE;
  return TRUE;
}
