/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "drive/drive-source.h"

/* Events come in bursts, one for each partition and property: they are answered together. A person
 * sees no delay; milliseconds. */
#define BURST 40

typedef struct
{
  gboolean ready;
  GError *error;  /* owned; why there is nothing to tell */
  GSource *burst; /* owned; runs while a burst is collected */
} KlDriveSourcePrivate;

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (KlDriveSource, kl_drive_source, G_TYPE_OBJECT)

static void
kl_drive_source_finalize (GObject *object)
{
  KlDriveSourcePrivate *priv = kl_drive_source_get_instance_private (KL_DRIVE_SOURCE (object));

  if (priv->burst != NULL)
    g_source_destroy (priv->burst);
  g_clear_pointer (&priv->burst, g_source_unref);
  g_clear_error (&priv->error);

  G_OBJECT_CLASS (kl_drive_source_parent_class)->finalize (object);
}

static void
kl_drive_source_class_init (KlDriveSourceClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_drive_source_finalize;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", KL_TYPE_DRIVE_SOURCE, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kl_drive_source_init (KlDriveSource *self)
{
}

void
kl_drive_source_scan (KlDriveSource *self, GPtrArray *drives, GPtrArray *mounts)
{
  KL_DRIVE_SOURCE_GET_CLASS (self)->scan (self, drives, mounts);
}

/* @error: (out) (transfer none) (nullable): why a source that is ready has nothing to tell */
gboolean
kl_drive_source_is_ready (KlDriveSource *self, const GError **error)
{
  KlDriveSourcePrivate *priv = kl_drive_source_get_instance_private (self);

  *error = priv->error;
  return priv->ready;
}

/* @error: (transfer full) (nullable) */
void
kl_drive_source_set_ready (KlDriveSource *self, GError *error)
{
  KlDriveSourcePrivate *priv = kl_drive_source_get_instance_private (self);

  priv->ready = TRUE;
  g_clear_error (&priv->error);
  priv->error = error;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static gboolean
burst_cb (gpointer user_data)
{
  KlDriveSource *self = user_data;
  KlDriveSourcePrivate *priv = kl_drive_source_get_instance_private (self);

  g_clear_pointer (&priv->burst, g_source_unref);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  return G_SOURCE_REMOVE;
}

/* Emits “changed” a moment after the first call; a storm of calls does not put it off. */
void
kl_drive_source_changed (KlDriveSource *self)
{
  KlDriveSourcePrivate *priv = kl_drive_source_get_instance_private (self);

  if (priv->burst != NULL)
    return;

  priv->burst = g_timeout_source_new (BURST);
  g_source_set_callback (priv->burst, burst_cb, self, NULL);
  g_source_attach (priv->burst, g_main_context_get_thread_default ());
}
