/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive-facts.h"

G_BEGIN_DECLS

#define KL_UDISKS_NAME "org.freedesktop.UDisks2"
#define KL_UDISKS_PATH "/org/freedesktop/UDisks2"

char *kl_udisks_path_of_device (const char *kernel_name);
void kl_udisks_parse (GVariant *reply, GPtrArray *drives, GPtrArray *mounts);

G_END_DECLS
