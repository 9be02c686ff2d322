/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/progress.h"

G_BEGIN_DECLS

/* The groups in which drivers are loaded (image-customisation.md 5.2), in their order. */
typedef enum
{
  KL_DRIVER_GROUP_BUS,     /* buses and chipset: System, USB */
  KL_DRIVER_GROUP_STORAGE, /* HDC, SCSIAdapter */
  KL_DRIVER_GROUP_NETWORK, /* Net */
  KL_DRIVER_GROUP_OTHER,   /* rarely useful in Windows PE, deselected by default */
} KlDriverGroup;

/*
 * A driver package: an INF file and the files it names. Never changes; any thread may read it.
 *
 * Architectures are "x86", "x64", "arm", "arm64" and "ia64". Where an architecture is asked for,
 * NULL stands for all of them; where a build is asked for, 0 stands for any.
 */
#define KL_TYPE_DRIVER_PACKAGE (kl_driver_package_get_type ())
G_DECLARE_FINAL_TYPE (KlDriverPackage, kl_driver_package, KL, DRIVER_PACKAGE, GObject)

KlDriverPackage *kl_driver_package_load (const char *path, GError **error);
GPtrArray *kl_driver_folder_scan (const char *folder,
                                  KlProgress *progress,
                                  GCancellable *cancellable,
                                  GError **error);

const char *kl_driver_package_get_path (KlDriverPackage *self);
const char *kl_driver_package_get_folder (KlDriverPackage *self);
const char *kl_driver_package_get_inf (KlDriverPackage *self);
const char *kl_driver_package_get_problem (KlDriverPackage *self);
const char *kl_driver_package_get_class_name (KlDriverPackage *self);
const char *kl_driver_package_get_class_guid (KlDriverPackage *self);
const char *kl_driver_package_get_provider (KlDriverPackage *self);
const char *kl_driver_package_get_version (KlDriverPackage *self);
const char *kl_driver_package_get_date (KlDriverPackage *self);
gboolean kl_driver_package_get_pnp_lockdown (KlDriverPackage *self);
const char *const *kl_driver_package_get_architectures (KlDriverPackage *self);
const char *kl_driver_package_get_catalog (KlDriverPackage *self, const char *architecture);
char *kl_driver_package_dup_catalog_path (KlDriverPackage *self, const char *architecture);
KlDriverGroup kl_driver_package_get_group (KlDriverPackage *self);
gboolean kl_driver_package_is_default (KlDriverPackage *self);

gboolean kl_driver_package_serves (KlDriverPackage *self, const char *architecture, guint build);
char **
kl_driver_package_dup_hardware_ids (KlDriverPackage *self, const char *architecture, guint build);
char **
kl_driver_package_dup_compatible_ids (KlDriverPackage *self, const char *architecture, guint build);
char **kl_driver_package_dup_files (KlDriverPackage *self, const char *architecture, guint build);
char **kl_driver_package_dup_missing (KlDriverPackage *self, const char *architecture, guint build);

int kl_driver_package_compare_version (KlDriverPackage *a, KlDriverPackage *b);
void kl_driver_packages_sort (GPtrArray *packages);

G_END_DECLS
