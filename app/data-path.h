/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *kl_data_path_dup (const char *relative);
char *kl_data_path_dup_sample_wim (void);
char *kl_data_path_dup_bios_code (void);

G_END_DECLS
