/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-batch"

#include "creation/media-batch.h"

struct _KlMediaBatch
{
  GObject parent_instance;

  KlCatalog *catalog;  /* owned */
  KlMediaShare *share; /* owned; of all creators */
  GPtrArray *creators; /* of KlMediaCreator, owned */
  gboolean busy;
};

static void kl_media_batch_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlMediaBatch,
                               kl_media_batch,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      kl_media_batch_list_model_init))

enum
{
  PROP_BUSY = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];
static guint finished_signal;

/* The last word of a creator comes with its “busy”. */
static void
creator_busy_cb (KlMediaBatch *self)
{
  gboolean busy = FALSE;

  for (guint i = 0; i < self->creators->len; i++)
    busy = busy || kl_job_is_busy (self->creators->pdata[i]);
  if (busy == self->busy)
    return;

  self->busy = busy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
  if (!busy)
    g_signal_emit (self, finished_signal, 0);
}

static GType
kl_media_batch_get_item_type (GListModel *model)
{
  return KL_TYPE_MEDIA_CREATOR;
}

static guint
kl_media_batch_get_n_items (GListModel *model)
{
  return KL_MEDIA_BATCH (model)->creators->len;
}

static gpointer
kl_media_batch_get_item (GListModel *model, guint position)
{
  KlMediaBatch *self = KL_MEDIA_BATCH (model);

  return position < self->creators->len ? g_object_ref (self->creators->pdata[position]) : NULL;
}

static void
kl_media_batch_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = kl_media_batch_get_item_type;
  iface->get_n_items = kl_media_batch_get_n_items;
  iface->get_item = kl_media_batch_get_item;
}

static void
kl_media_batch_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  if (id == PROP_BUSY)
    g_value_set_boolean (value, KL_MEDIA_BATCH (object)->busy);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
kl_media_batch_finalize (GObject *object)
{
  KlMediaBatch *self = KL_MEDIA_BATCH (object);

  g_clear_object (&self->catalog);
  g_clear_pointer (&self->share, kl_media_share_unref);
  g_clear_pointer (&self->creators, g_ptr_array_unref);
  G_OBJECT_CLASS (kl_media_batch_parent_class)->finalize (object);
}

static void
kl_media_batch_class_init (KlMediaBatchClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_media_batch_get_property;
  object_class->finalize = kl_media_batch_finalize;

  properties[PROP_BUSY]
      = g_param_spec_boolean ("busy", NULL, NULL, FALSE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  finished_signal = g_signal_new ("finished", KL_TYPE_MEDIA_BATCH, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
}

static void
kl_media_batch_init (KlMediaBatch *self)
{
  self->share = kl_media_share_new ();
  self->creators = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * kl_media_batch_new:
 * @catalog: where boot images are looked up
 *
 * Returns: (transfer full): a batch without media
 */
KlMediaBatch *
kl_media_batch_new (KlCatalog *catalog)
{
  KlMediaBatch *self;

  g_return_val_if_fail (KL_IS_CATALOG (catalog), NULL);

  self = g_object_new (KL_TYPE_MEDIA_BATCH, NULL);
  self->catalog = g_object_ref (catalog);
  return self;
}

/**
 * kl_media_batch_add:
 * @request: what is made; a reference is taken
 *
 * Returns: (transfer none): the creator for it, not started
 */
KlMediaCreator *
kl_media_batch_add (KlMediaBatch *self, KlMediaRequest *request)
{
  KlMediaCreator *creator;

  g_return_val_if_fail (KL_IS_MEDIA_BATCH (self), NULL);
  g_return_val_if_fail (KL_IS_MEDIA_REQUEST (request), NULL);

  creator = kl_media_creator_new (self->catalog);
  kl_media_creator_set_request (creator, request);
  kl_media_creator_set_share (creator, self->share);
  g_signal_connect_object (creator, "notify::busy", G_CALLBACK (creator_busy_cb), self,
                           G_CONNECT_SWAPPED);
  g_ptr_array_add (self->creators, creator);
  g_list_model_items_changed (G_LIST_MODEL (self), self->creators->len - 1, 0, 1);
  return creator;
}

/* Whether one of the creators runs. */
gboolean
kl_media_batch_is_busy (KlMediaBatch *self)
{
  g_return_val_if_fail (KL_IS_MEDIA_BATCH (self), FALSE);

  return self->busy;
}
