/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "crypto/secret.h"

G_BEGIN_DECLS

/*
 * The sealed file \SMS\data\Variables.dat (media-formats.md 1): an envelope with a header, AES-CBC
 * under a key made of the media password. No salt and no iteration: whoever has the file can try
 * passwords at the speed of one SHA-1 chain and one AES block each.
 */
typedef enum
{
  KL_VARIABLES_CIPHER_AES_128 = 0x660e, /* the default */
  KL_VARIABLES_CIPHER_AES_192 = 0x660f,
  KL_VARIABLES_CIPHER_AES_256 = 0x6610,
} KlVariablesCipher;

#define KL_VARIABLES_KEY_MATERIAL 40            /* bytes */
#define KL_VARIABLES_FILE_MAX (8 * 1024 * 1024) /* bytes; real files have 12 to 24 KB */

void kl_variables_derive_material (const guint8 *password,
                                   gsize length,
                                   guint8 material[KL_VARIABLES_KEY_MATERIAL]);

GBytes *kl_variables_file_seal (KlSecret *plaintext, KlSecret *password, KlVariablesCipher cipher);
KlSecret *kl_variables_file_open (GBytes *file, KlSecret *password, GError **error);
KlSecret *
kl_variables_file_open_raw (GBytes *file, const guint8 *password, gsize length, GError **error);
gboolean kl_variables_file_try_password (GBytes *file, KlSecret *password, GError **error);
gboolean kl_variables_file_needs_password (GBytes *file, gboolean *needed, GError **error);
gboolean kl_variables_file_get_cipher (GBytes *file, KlVariablesCipher *cipher, GError **error);

G_END_DECLS
