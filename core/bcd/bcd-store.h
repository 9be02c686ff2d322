/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  KL_BCD_BIOS, /* \Boot\BCD */
  KL_BCD_UEFI, /* \EFI\Microsoft\Boot\BCD */
} KlBcdFirmware;

/* The values are those of element 250000c2. */
typedef enum
{
  KL_BCD_MENU_LEGACY = 0,   /* text menu, F8 */
  KL_BCD_MENU_STANDARD = 1, /* graphical menu */
} KlBcdMenuPolicy;

typedef struct
{
  const char *loader;      /* "\windows\system32\boot\winload.exe"; NULL: that, by firmware */
  const char *description; /* NULL: "Windows PE" */
  const char *locale;      /* NULL or "": "en-US" */
  guint timeout;           /* seconds; 0: no menu */
  KlBcdMenuPolicy menu_policy;
} KlBcdOptions;

/* A boot configuration store that starts \sources\boot.wim from a RAM disk (media-formats.md 7). */
GBytes *kl_bcd_store_build (KlBcdFirmware firmware, const KlBcdOptions *options, GError **error);

G_END_DECLS
