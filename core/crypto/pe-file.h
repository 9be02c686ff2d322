/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define KL_PE_MACHINE_X86 0x014C
#define KL_PE_MACHINE_ARM 0x01C4
#define KL_PE_MACHINE_IA64 0x0200
#define KL_PE_MACHINE_X64 0x8664
#define KL_PE_MACHINE_ARM64 0xAA64

#define KL_PE_SUBSYSTEM_EFI_APPLICATION 10
#define KL_PE_SUBSYSTEM_BOOT_APPLICATION 16

/* What the headers of a Windows program (PE) say. */
typedef struct
{
  guint16 machine;        /* KL_PE_MACHINE_* or another */
  guint16 subsystem;      /* KL_PE_SUBSYSTEM_* or another */
  gsize signature_offset; /* of the first PKCS#7 signature; bytes */
  gsize signature_size;   /* bytes; 0 for an unsigned file */
} KlPeFile;

gboolean kl_pe_parse (GBytes *bytes, const char *name, KlPeFile *pe, GError **error);
GBytes *kl_pe_load (const char *path, KlPeFile *pe, GError **error);
gboolean kl_pe_read_machine (const char *path, guint16 *machine, GError **error);
const char *kl_pe_machine_to_architecture (guint16 machine);

G_END_DECLS
