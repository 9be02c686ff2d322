/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <efi.h>

/* What the boot program says: on the firmware's console, and on the serial ports that the console
 * does not reach. Lines must stay under 80 characters, or a terminal breaks them. */

void report_start (void);
void report (const char *format, ...);
void report_wait_for_key (UINTN seconds);
