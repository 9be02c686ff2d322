/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "boot/boot-files.h"

G_BEGIN_DECLS

/* How a KlBootFiles is filled; for boot-collect.c and nobody else. */
KlBootFiles *kl_boot_files_new (const char *folder, const char *architecture);
void kl_boot_files_take (KlBootFiles *self, KlBootFile *file);
void kl_boot_files_set_winload (KlBootFiles *self, const char *exe, const char *efi);
void kl_boot_files_add_rejected (KlBootFiles *self, KlBootRole role, const char *reason);
gboolean kl_boot_files_save (KlBootFiles *self, GError **error);
void kl_boot_file_free (KlBootFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlBootFile, kl_boot_file_free)

G_END_DECLS
