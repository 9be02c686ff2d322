/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <wimlib.h>

#include "wim/wim-header.h"
#include "wim/wim.h"

G_BEGIN_DECLS

/* What wim.c and the other files that call wimlib, share. */

/* The only chunk size of LZX and XPRESS that boot managers are known to read; bytes. */
#define KL_WIM_BOOT_CHUNK_SIZE 32768

struct _KlWim
{
  WIMStruct *wim; /* owned */
  char *path;
  KlWimHeader header;
  struct wimlib_wim_info info;
  gboolean has_solid; /* a blob lies in a solid resource */
  GPtrArray *images;  /* of KlWimImage */
};

/* What a long call of wimlib reports to, and asks. */
typedef struct
{
  KlProgress *progress;      /* nullable */
  GCancellable *cancellable; /* nullable */
  const char *written;       /* the file being written, or NULL */
  int written_fd;            /* -1 until it is there */
} KlWimCall;

enum wimlib_progress_status kl_wim_progress_cb (enum wimlib_progress_msg message,
                                                union wimlib_progress_info *info,
                                                void *user_data);
void kl_wim_free_keeping_errno (WIMStruct *wim);
void kl_wim_set_error (
    GError **error, int code, int errnum, GCancellable *cancellable, const char *format, ...)
    G_GNUC_PRINTF (5, 6);

G_END_DECLS
