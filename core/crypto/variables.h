/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "crypto/secret.h"

G_BEGIN_DECLS

/*
 * Media variables: an ordered list of names and values, and the XML text they are kept in
 * (media-formats.md 1.4). Values are secrets; names are not. Not thread-safe while it is filled;
 * immutable and for any thread once it is shared.
 */
typedef struct _KlVariables KlVariables;

#define KL_VARIABLES_MAX 2048           /* variables in one list */
#define KL_VARIABLE_NAME_MAX 255        /* characters */
#define KL_VARIABLE_VALUE_MAX (1 << 20) /* bytes */

KlVariables *kl_variables_new (void);
KlVariables *kl_variables_ref (KlVariables *self);
void kl_variables_unref (KlVariables *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlVariables, kl_variables_unref)

void kl_variables_append (KlVariables *self, const char *name, const char *value);
void kl_variables_append_secret (KlVariables *self, const char *name, KlSecret *value);
void kl_variables_append_hex (KlVariables *self, const char *name, const void *data, gsize length);
guint kl_variables_get_length (KlVariables *self);
const char *kl_variables_get_name (KlVariables *self, guint position);
KlSecret *kl_variables_get_value (KlVariables *self, guint position);
KlSecret *kl_variables_find (KlVariables *self, const char *name);

gboolean kl_variable_check_own (const char *name, KlSecret *value, GError **error);

KlSecret *kl_variables_to_xml (KlVariables *self);
KlVariables *kl_variables_parse_xml (KlSecret *xml, GError **error);
KlSecret *kl_variables_to_plaintext (KlVariables *self);
KlVariables *kl_variables_parse_plaintext (KlSecret *plaintext, GError **error);

G_END_DECLS
