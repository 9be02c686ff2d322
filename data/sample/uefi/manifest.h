/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sha256.h"

/* Reads \kindling.manifest (core/media/manifest.h) line by line, in place and without a C library.
 * The text is not trusted. */

#define MANIFEST_MAX_PATH 255

typedef struct
{
  char path[MANIFEST_MAX_PATH + 1]; /* "/sources/boot.wim" */
  uint64_t size;                    /* bytes */
  uint8_t sha256[SHA256_BYTES];
} ManifestFile;

typedef enum
{
  MANIFEST_FILE,
  MANIFEST_END,
  MANIFEST_DAMAGED,
} ManifestResult;

bool manifest_has_version (const char *text, size_t length);
bool
manifest_get_value (const char *text, size_t length, const char *key, char *value, size_t room);
ManifestResult
manifest_next_file (const char *text, size_t length, size_t *position, ManifestFile *file);
