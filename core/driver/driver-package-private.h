/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "driver/driver-package.h"
#include "driver/inf-file.h"

G_BEGIN_DECLS

/* Against hostile folders and files. */
#define KL_DRIVER_MAX_DEVICES 200000  /* lines of Models sections in a package */
#define KL_DRIVER_MAX_TARGETS 4096    /* Models sections times architectures */
#define KL_DRIVER_MAX_COPIES 500000   /* lines of CopyFiles sections in a package */
#define KL_DRIVER_MAX_DEPTH 32        /* folders within each other */
#define KL_DRIVER_MAX_ENTRIES 1000000 /* files and folders in a scan */
#define KL_DRIVER_MAX_PACKAGES 50000  /* INF files in a scan */
#define KL_DRIVER_MAX_INCLUDES 8      /* INF files that one package pulls in */

/* An architecture as this program, INF decorations and Plug and Play say it. */
typedef struct
{
  const char *name;   /* "x64" */
  const char *suffix; /* "amd64" */
} KlDriverArchitecture;

extern const KlDriverArchitecture kl_driver_architectures[5];

/* A line of a Models section. Texts belong to the package. */
typedef struct
{
  const char *install;     /* name of the Install section, undecorated */
  const char *hardware_id; /* NULL where the line has none */
  const char **compatible_ids;
  guint n_compatible;
} KlDriverDevice;

typedef enum
{
  KL_DRIVER_FILE_MISSING,
  KL_DRIVER_FILE_PRESENT,
  KL_DRIVER_FILE_PACKED, /* there as "file.sy_", or inside a cabinet file of the package */
} KlDriverFileState;

typedef struct
{
  char *name; /* owned; below the INF's folder, with "/"; as on the disk where it is present */
  KlDriverFileState state;
} KlDriverFile;

/* A Models section, for one of the architectures that it is for. */
typedef struct
{
  const KlDriverArchitecture *architecture;
  guint manufacturer; /* which line of [Manufacturer] names it */
  gboolean specific;  /* the decoration names the architecture */
  guint major, minor; /* lowest version of Windows; 0 for any */
  guint product_type; /* 0 for any */
  guint build;        /* lowest build; 0 for any */
  const char *section;
  GPtrArray *devices;          /* of KlDriverDevice; shared between architectures */
  GArray *files;               /* of guint: indices in the package's files */
  const char *missing_install; /* the first Install section that is not there, or NULL */
} KlDriverTarget;

struct _KlDriverPackage
{
  GObject parent_instance;

  GStringChunk *texts; /* owns all const char * here */
  char *path;          /* of the INF; absolute */
  char *folder;        /* that holds it */
  char *inf;           /* below the folder that was scanned, with "/" */
  char *problem;       /* why the INF cannot be used; NULL for a usable one */

  const char *class_name, *class_guid, *provider; /* nullable */
  const char *driver_ver;                         /* as written; nullable */
  const char *version;                            /* "1.2.3.4"; nullable */
  const char *date;                               /* "2026-01-31"; nullable */
  guint16 version_parts[4];
  const char *catalogs[G_N_ELEMENTS (kl_driver_architectures)]; /* nullable */
  char *catalog_paths[G_N_ELEMENTS (kl_driver_architectures)];  /* absolute; NULL if absent */
  gboolean pnp_lockdown;
  guint order; /* 1 … 6 */

  GPtrArray *targets; /* of KlDriverTarget */
  GPtrArray *files;   /* of KlDriverFile */
  const char *architectures[G_N_ELEMENTS (kl_driver_architectures) + 1];
};

/* driver-folder.c: the folders of a tree, read once, searched without case. */
typedef struct _KlDriverFolders KlDriverFolders;

KlDriverFolders *kl_driver_folders_new (const char *root, GError **error);
void kl_driver_folders_free (KlDriverFolders *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlDriverFolders, kl_driver_folders_free)
char *kl_driver_folders_find (KlDriverFolders *self, const char *folder, const char *relative);

/* driver-package.c */
KlDriverPackage *kl_driver_package_read (KlDriverFolders *folders,
                                         const char *path,
                                         const char *inf,
                                         GError **error);
KlDriverPackage *
kl_driver_package_new_broken (const char *path, const char *inf, const char *problem);
GPtrArray *
kl_driver_package_get_targets (KlDriverPackage *self, const char *architecture, guint build);

char *kl_driver_package_shorten (KlDriverPackage *self, const char *message);

/* driver-models.c */
gboolean
kl_driver_package_read_models (KlDriverPackage *self, const KlInfFile *inf, GError **error);

/* driver-files.c */
gboolean kl_driver_package_read_files (KlDriverPackage *self,
                                       const KlInfFile *inf,
                                       KlDriverFolders *folders,
                                       GError **error);

G_END_DECLS
