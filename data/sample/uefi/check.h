/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "medium.h"

/* Checks what is on the medium and prints a line for each file. The first thing that is wrong is
 * kept as the reason of the failure. */

typedef struct
{
  Medium *medium;
  UINT8 *buffer;  /* for reading, CHECK_BUFFER bytes */
  char *manifest; /* the text of \kindling.manifest; NULL: the medium has none */
  UINTN manifest_length;
  char reason[160]; /* "" as long as all is well */
} Check;

#define CHECK_BUFFER (256 * 1024)

void check_fail (Check *self, const char *path, const char *what);
void check_boot_files (Check *self);
void check_manifest (Check *self);
const char *check_describe (MediumResult result);
