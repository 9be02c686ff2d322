/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *kl_authenticode_dup_signer (GBytes *pkcs7, GError **error);
gboolean kl_pkcs7_is_trust_list (GBytes *pkcs7);

G_END_DECLS
