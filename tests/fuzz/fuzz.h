/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What each target is: takes any bytes, returns 0, and neither crashes nor leaks. The name and the
 * shape are libFuzzer's. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* For what reads files only: a path where the bytes stand until the next call. */
const char *fuzz_write_file (const char *name, const uint8_t *data, size_t size);
