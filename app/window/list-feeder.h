/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Brings a list that a view shows to what it is to hold, in steps that leave room for frames: a
 * view makes rows for up to 200 items around those in view, and that many rows made or taken away
 * at once stop the window. Items that stay keep their rows. Signals: "stays", with an item that is
 * in both; "arrived", with the place of the item that is to be in view; "done". */
#define KL_TYPE_LIST_FEEDER (kl_list_feeder_get_type ())
G_DECLARE_FINAL_TYPE (KlListFeeder, kl_list_feeder, KL, LIST_FEEDER, GObject)

KlListFeeder *kl_list_feeder_new (GListStore *store);
void kl_list_feeder_set (KlListFeeder *self, GPtrArray *items, guint pivot);
gboolean kl_list_feeder_is_done (KlListFeeder *self);

G_END_DECLS
