/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "driver/driver-package.h"

G_BEGIN_DECLS

/* Where the loader stands in the image, and the folder of all it needs; "/" in place of "\". */
#define KL_DRIVER_LOADER_SCRIPT "Windows/System32/kindling-drivers.cmd"
#define KL_DRIVER_LOADER_FOLDER "Drivers"

/* A package and its place in the image. */
typedef struct
{
  KlDriverPackage *package; /* borrowed */
  const char *inf;          /* borrowed; below the folder Drivers: "001/stor.inf" */
} KlDriverPlace;

/* A file to add to the image. */
typedef struct
{
  char *path; /* owned; from the image's root on, with "/", without one in front */
  GBytes *content;
} KlDriverLoaderFile;

void kl_driver_loader_file_free (KlDriverLoaderFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlDriverLoaderFile, kl_driver_loader_file_free)

GPtrArray *kl_driver_loader_generate (const KlDriverPlace *places,
                                      guint n_places,
                                      const char *architecture,
                                      guint build,
                                      GError **error);

G_END_DECLS
