/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "image/catalog.h"

G_BEGIN_DECLS

/* Exit statuses that stand for no GError; the others come from kl_error_get_exit_status(). */
#define KL_CTL_EXIT_DONE 0
#define KL_CTL_EXIT_USAGE 2
#define KL_CTL_EXIT_CANCELLED 3

/* Everything the command line can say; filled in by GOption. Owned by main(). */
typedef struct
{
  /* Global. */
  char *catalog; /* folder, or NULL for the default one */
  char *site;    /* site profile, or NULL */
  gboolean json;
  gboolean quiet;
  gboolean version;

  /* image import, image show */
  int index; /* 0: not given */
  char *id;
  char *name;
  char *boot_files;
  gboolean reexport;
  char *source; /* image export-default; NULL: the catalog */
  gboolean sample;
  gboolean verify;

  /* create */
  char *label;
  char *boot_manager;
  char *disk_image; /* a size; NULL: not into a disk image */
  gboolean gpt;
  char **expect_serials; /* each may be a list with commas; NULL: any */
  gboolean yes;
  gboolean allow_fixed;
  gboolean bios_start;
  gboolean power_off;
  gboolean no_verify;
  gboolean dry_run;
  char *certificate;
  int certificate_password_fd; /* -1: not given */
  gboolean ignore_validity;
  char *valid_from;
  char *valid_until;
  char **variables; /* NAME=VALUE; NULL: none */
  gboolean aes_256;
  gboolean unattended;
  int connection_options_fd; /* -1: not given */

  /* create, inspect */
  int password_fd; /* -1: not given */
  char *password_file;
  gboolean ask; /* for the password, on the terminal */
  char *export_certificate;

  /* inspect */
  gboolean values;

  /* drive restore, with some of create */
  char *file_system; /* NULL: by size */

  /* drive list, drive watch */
  gboolean all;

  /* driver inspect */
  char *architecture;
  char *hardware_id;
  int build; /* 0: not given */

  char **arguments;    /* without options; in the encoding of file names; never NULL in run() */
  const char *command; /* "image import", for messages */
} KlCtlOptions;

typedef struct
{
  const char *group;     /* "image", or NULL for a command of one word */
  const char *name;      /* NULL ends a table */
  const char *arguments; /* "ID PATH", for the usage line */
  const char *summary;   /* a line, translatable */
  const char *examples;  /* for --help */
  guint min_arguments;
  guint max_arguments;
  void (*add_options) (GOptionContext *context, KlCtlOptions *options); /* or NULL */
  int (*run) (KlCtlOptions *options); /* returns the exit status */
} KlCtlCommand;

extern const KlCtlCommand kl_ctl_image_commands[];
extern const KlCtlCommand kl_ctl_transfer_commands[];
extern const KlCtlCommand kl_ctl_edit_commands[];
extern const KlCtlCommand kl_ctl_prepare_commands[];
extern const KlCtlCommand kl_ctl_inspect_commands[];
extern const KlCtlCommand kl_ctl_media_commands[];
extern const KlCtlCommand kl_ctl_site_commands[];
extern const KlCtlCommand kl_ctl_create_commands[];
extern const KlCtlCommand kl_ctl_drive_commands[];
extern const KlCtlCommand kl_ctl_restore_commands[];
extern const KlCtlCommand kl_ctl_driver_commands[];

KlCatalog *kl_ctl_open_catalog (const KlCtlOptions *options);

G_END_DECLS
