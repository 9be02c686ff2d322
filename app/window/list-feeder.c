/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-list-feeder"

#include "config.h"

#include "window/list-feeder.h"

/* A quarter of a frame for rows; what follows is to be laid out and drawn. Microseconds. */
#define BUDGET 4000

/* Items that go or come by one change of the list, where they have rows. */
#define MOST_WITH_ROWS 8

/* How far from the item in view others have rows: GtkListView makes up to 200. */
#define REACH 220

typedef enum
{
  REMOVING, /* what goes, from the end, where most items have no row */
  BEHIND,   /* what comes behind the pivot, away from it */
  BEFORE,   /* what comes before the pivot, away from it */
} Phase;

struct _KlListFeeder
{
  GObject parent_instance;

  GListStore *store; /* owned */
  GPtrArray *items;  /* owned; of GObject: what the list is to hold; NULL before the first */
  GArray *stays;     /* owned; of gboolean, for each item of the list when it was begun */
  guint pivot;       /* index in the items */
  Phase phase;
  guint
      place; /* in the list: removing: what lies behind is done; else where the next one belongs */
  guint at;  /* in the items: the next one, BEFORE: behind it */
  guint source; /* 0 while there is nothing to do */
};

G_DEFINE_FINAL_TYPE (KlListFeeder, kl_list_feeder, G_TYPE_OBJECT)

enum
{
  SIGNAL_STAYS,
  SIGNAL_ARRIVED,
  SIGNAL_DONE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* Those stay that come in the same order in both; none where the one that is to be in view is new:
 * the view, which lies on another one, would have to jump and make all its rows at once. */
static void
plan (KlListFeeder *self)
{
  const guint n = g_list_model_get_n_items (G_LIST_MODEL (self->store));
  g_autoptr (GHashTable) places = g_hash_table_new (NULL, NULL);
  guint next = 0;
  gboolean any;

  for (guint i = 0; i < self->items->len; i++)
    g_hash_table_insert (places, self->items->pdata[i], GUINT_TO_POINTER (i + 1));
  any = self->items->len > 0
        && g_list_store_find (self->store, self->items->pdata[self->pivot], NULL);

  g_array_set_size (self->stays, 0);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (self->store), i);
      const guint place = GPOINTER_TO_UINT (g_hash_table_lookup (places, item));
      const gboolean stays = any && place > next;

      if (stays)
        next = place;
      g_array_append_val (self->stays, stays);
    }
  self->phase = REMOVING;
  self->place = n;
}

static void
begin_behind (KlListFeeder *self)
{
  g_autoptr (GHashTable) before = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < self->pivot; i++)
    g_hash_table_add (before, self->items->pdata[i]);
  for (self->place = 0;; self->place++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (self->store), self->place);

      if (item == NULL || !g_hash_table_contains (before, item))
        break;
    }
  self->phase = BEHIND;
  self->at = self->pivot;
}

static void
remove_some (KlListFeeder *self)
{
  guint n = 0;

  while (self->place > 0 && g_array_index (self->stays, gboolean, self->place - 1))
    self->place--;
  while (n < MIN (self->place, MOST_WITH_ROWS)
         && !g_array_index (self->stays, gboolean, self->place - n - 1))
    n++;
  if (n == 0)
    {
      begin_behind (self);
      return;
    }

  self->place -= n;
  g_list_store_splice (self->store, self->place, n, NULL, 0);
}

static guint
get_most (KlListFeeder *self)
{
  const guint distance = self->phase == BEHIND ? self->at - self->pivot : self->pivot - self->at;

  return distance < REACH ? MOST_WITH_ROWS : G_MAXUINT;
}

static void
insert_behind (KlListFeeder *self)
{
  const guint most = MIN (self->items->len - self->at, get_most (self));
  const gboolean first = self->at == self->pivot;
  g_autoptr (GObject) there = g_list_model_get_item (G_LIST_MODEL (self->store), self->place);
  guint n = 0;

  if (most == 0)
    {
      self->phase = BEFORE;
      self->at = self->pivot;
      self->place -= self->items->len - self->pivot;
      return;
    }

  while (n < most && self->items->pdata[self->at + n] != there)
    n++;
  if (n > 0)
    g_list_store_splice (self->store, self->place, 0, self->items->pdata + self->at, n);
  else
    g_signal_emit (self, signals[SIGNAL_STAYS], 0, there);
  self->at += MAX (n, 1);
  self->place += MAX (n, 1);
  if (first)
    g_signal_emit (self, signals[SIGNAL_ARRIVED], 0, self->place - MAX (n, 1));
}

static void
insert_before (KlListFeeder *self)
{
  const guint most = MIN (self->at, get_most (self));
  g_autoptr (GObject) there
      = self->place > 0 ? g_list_model_get_item (G_LIST_MODEL (self->store), self->place - 1)
                        : NULL;
  guint n = 0;

  while (n < most && self->items->pdata[self->at - n - 1] != there)
    n++;
  if (n > 0)
    g_list_store_splice (self->store, self->place, 0, self->items->pdata + self->at - n, n);
  else
    {
      g_signal_emit (self, signals[SIGNAL_STAYS], 0, there);
      self->place--;
    }
  self->at -= MAX (n, 1);
}

static gboolean
step_cb (gpointer user_data)
{
  KlListFeeder *self = user_data;
  const gint64 end = g_get_monotonic_time () + BUDGET;

  while (!kl_list_feeder_is_done (self) && g_get_monotonic_time () < end)
    if (self->phase == REMOVING)
      remove_some (self);
    else if (self->phase == BEHIND)
      insert_behind (self);
    else
      insert_before (self);

  if (!kl_list_feeder_is_done (self))
    return G_SOURCE_CONTINUE;
  self->source = 0;
  g_signal_emit (self, signals[SIGNAL_DONE], 0);
  return G_SOURCE_REMOVE;
}

static void
kl_list_feeder_dispose (GObject *object)
{
  KlListFeeder *self = KL_LIST_FEEDER (object);

  g_clear_handle_id (&self->source, g_source_remove);
  g_clear_object (&self->store);
  g_clear_pointer (&self->items, g_ptr_array_unref);
  g_clear_pointer (&self->stays, g_array_unref);

  G_OBJECT_CLASS (kl_list_feeder_parent_class)->dispose (object);
}

static void
kl_list_feeder_class_init (KlListFeederClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kl_list_feeder_dispose;

  signals[SIGNAL_STAYS] = g_signal_new ("stays", KL_TYPE_LIST_FEEDER, G_SIGNAL_RUN_LAST, 0, NULL,
                                        NULL, NULL, G_TYPE_NONE, 1, G_TYPE_OBJECT);
  signals[SIGNAL_ARRIVED] = g_signal_new ("arrived", KL_TYPE_LIST_FEEDER, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[SIGNAL_DONE] = g_signal_new ("done", KL_TYPE_LIST_FEEDER, G_SIGNAL_RUN_LAST, 0, NULL,
                                       NULL, NULL, G_TYPE_NONE, 0);
}

static void
kl_list_feeder_init (KlListFeeder *self)
{
  self->stays = g_array_new (FALSE, FALSE, sizeof (gboolean));
}

/**
 * kl_list_feeder_new:
 * @store: nobody else may change it
 */
KlListFeeder *
kl_list_feeder_new (GListStore *store)
{
  KlListFeeder *self = g_object_new (KL_TYPE_LIST_FEEDER, NULL);

  self->store = g_object_ref (store);
  return self;
}

/**
 * kl_list_feeder_set:
 * @items: (element-type GObject): none of them twice; must not change afterwards
 * @pivot: index of the one that is to be in view (0 for no items): it comes first, then those
 * around it
 *
 * Begins to bring the list there, from wherever it is.
 */
void
kl_list_feeder_set (KlListFeeder *self, GPtrArray *items, guint pivot)
{
  g_return_if_fail (KL_IS_LIST_FEEDER (self));
  g_return_if_fail (pivot == 0 || pivot < items->len);

  g_ptr_array_ref (items);
  g_clear_pointer (&self->items, g_ptr_array_unref);
  self->items = items;
  self->pivot = pivot;
  plan (self);
  if (self->source == 0)
    self->source = g_idle_add (step_cb, self);
}

gboolean
kl_list_feeder_is_done (KlListFeeder *self)
{
  g_return_val_if_fail (KL_IS_LIST_FEEDER (self), FALSE);

  return self->items == NULL || (self->phase == BEFORE && self->at == 0);
}
