/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* SHA-256 (FIPS 180-4) without a C library, for the boot program. */

#define SHA256_BYTES 32

typedef struct
{
  uint32_t state[8];
  uint64_t length;   /* bytes so far */
  uint8_t block[64]; /* what is not yet hashed */
} Sha256;

void sha256_init (Sha256 *self);
void sha256_update (Sha256 *self, const void *data, size_t length);
void sha256_finish (Sha256 *self, uint8_t digest[SHA256_BYTES]);
