/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "window/list-feeder.h"

#define N_THINGS 600

typedef struct
{
  GPtrArray *things; /* of GObject */
  GListStore *store;
  KlListFeeder *feeder;
  guint most;    /* items that came or went by one change */
  guint arrived; /* place that was told; G_MAXUINT before */
  guint n_stay;
} Fixture;

static void
changed_cb (GListModel *store, guint position, guint removed, guint added, gpointer user_data)
{
  Fixture *f = user_data;

  f->most = MAX (f->most, MAX (removed, added));
}

static void
arrived_cb (KlListFeeder *feeder, guint place, gpointer user_data)
{
  ((Fixture *) user_data)->arrived = place;
}

static void
stays_cb (KlListFeeder *feeder, GObject *item, gpointer user_data)
{
  ((Fixture *) user_data)->n_stay++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->things = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < N_THINGS; i++)
    g_ptr_array_add (f->things, g_object_new (G_TYPE_OBJECT, NULL));
  f->store = g_list_store_new (G_TYPE_OBJECT);
  f->feeder = kl_list_feeder_new (f->store);
  g_signal_connect (f->store, "items-changed", G_CALLBACK (changed_cb), f);
  g_signal_connect (f->feeder, "arrived", G_CALLBACK (arrived_cb), f);
  g_signal_connect (f->feeder, "stays", G_CALLBACK (stays_cb), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->feeder);
  g_clear_object (&f->store);
  g_ptr_array_unref (f->things);
}

/* The things from @first on, every @step-th (backwards where that is negative), @n at most. */
static GPtrArray *
pick (Fixture *f, guint first, int step, guint n)
{
  GPtrArray *items = g_ptr_array_new_with_free_func (g_object_unref);

  for (int i = (int) first; i >= 0 && i < N_THINGS && items->len < n; i += step)
    g_ptr_array_add (items, g_object_ref (f->things->pdata[i]));
  return items;
}

static void
run (Fixture *f)
{
  while (!kl_list_feeder_is_done (f->feeder))
    g_main_context_iteration (NULL, TRUE);
}

static void
assert_holds (Fixture *f, GPtrArray *items)
{
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f->store)), ==, items->len);
  for (guint i = 0; i < items->len; i++)
    {
      g_autoptr (GObject) item = g_list_model_get_item (G_LIST_MODEL (f->store), i);

      g_assert_true (item == items->pdata[i]);
    }
}

static void
feed (Fixture *f, GPtrArray *items, guint pivot)
{
  f->arrived = G_MAXUINT;
  f->n_stay = 0;
  kl_list_feeder_set (f->feeder, items, pivot);
  run (f);
  assert_holds (f, items);
  if (items->len == 0)
    g_assert_cmpuint (f->arrived, ==, G_MAXUINT);
  else
    g_assert_cmpuint (f->arrived, <=, pivot);
}

/* Each list after each other one, with the item in view at the start, in the middle, at the end. */
static void
test_any_list_after_any_other (Fixture *f, gconstpointer data)
{
  const struct
  {
    guint first;
    int step;
    guint n;
  } lists[] = { { 0, 1, N_THINGS }, { 0, 1, 0 },   { 7, 20, 30 },         { 599, -1, 50 },
                { 100, 1, 1 },      { 0, 2, 300 }, { 599, -1, N_THINGS }, { 590, 1, 10 } };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    for (guint k = 0; k < G_N_ELEMENTS (lists); k++)
      {
        g_autoptr (GPtrArray) one = pick (f, lists[i].first, lists[i].step, lists[i].n);
        g_autoptr (GPtrArray) other = pick (f, lists[k].first, lists[k].step, lists[k].n);

        feed (f, one, 0);
        feed (f, other, other->len / 2);
        feed (f, one, one->len > 0 ? one->len - 1 : 0);
      }
}

static void
test_what_has_rows_comes_bit_by_bit (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) near = pick (f, 0, 1, 200);

  feed (f, near, 0);
  g_assert_cmpuint (f->most, <=, 8);
}

static void
test_what_is_in_both_stays (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) all = pick (f, 0, 1, N_THINGS);
  g_autoptr (GPtrArray) some = pick (f, 7, 20, 30);

  feed (f, all, 0);
  feed (f, some, 3);
  g_assert_cmpuint (f->n_stay, ==, 30);
  feed (f, all, 67);
  g_assert_cmpuint (f->n_stay, ==, 30);
}

static void
test_a_newer_list_takes_over_on_the_way (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) all = pick (f, 0, 1, N_THINGS);
  g_autoptr (GPtrArray) some = pick (f, 7, 20, 30);

  kl_list_feeder_set (f->feeder, all, 300);
  g_main_context_iteration (NULL, TRUE);
  feed (f, some, 29);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/list-feeder/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("any-list-after-any-other", test_any_list_after_any_other);
  ADD ("what-has-rows-comes-bit-by-bit", test_what_has_rows_comes_bit_by_bit);
  ADD ("what-is-in-both-stays", test_what_is_in_both_stays);
  ADD ("a-newer-list-takes-over-on-the-way", test_a_newer_list_takes_over_on_the_way);
#undef ADD

  return g_test_run ();
}
