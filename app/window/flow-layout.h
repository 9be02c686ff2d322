/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define KL_TYPE_FLOW_LAYOUT (kl_flow_layout_get_type ())
G_DECLARE_FINAL_TYPE (KlFlowLayout, kl_flow_layout, KL, FLOW_LAYOUT, GtkLayoutManager)

G_END_DECLS
