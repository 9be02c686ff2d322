/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include <glib.h>

#include "base/error.h"

/* Folders that cannot be written to, for any user. Root passes over permission bits, but not over a
 * read-only file system; where a container lets even root mount nothing, it does without the
 * capability that makes it pass. */
typedef struct
{
  const char *folder;
  gboolean mounted;
  struct __user_cap_data_struct capabilities[2]; /* as they were */
} ReadOnly;

static inline void
read_only_call (long call, struct __user_cap_data_struct *capabilities)
{
  struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };

  g_assert_cmpint (syscall (call, &header, capabilities), ==, 0);
}

/* Returns the code of the error that writing gives. */
static inline int
read_only_begin (ReadOnly *self, const char *folder)
{
  struct __user_cap_data_struct fewer[2];

  self->folder = folder;
  self->mounted = geteuid () == 0 && mount (folder, folder, NULL, MS_BIND, NULL) == 0;
  read_only_call (SYS_capget, self->capabilities);
  if (self->mounted)
    {
      g_assert_cmpint (mount (NULL, folder, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
      return KL_ERROR_WRITE_PROTECTED;
    }

  memcpy (fewer, self->capabilities, sizeof fewer);
  fewer[0].effective &= ~((1u << CAP_DAC_OVERRIDE) | (1u << CAP_FOWNER));
  read_only_call (SYS_capset, fewer);
  g_assert_cmpint (chmod (folder, 0555), ==, 0);
  return KL_ERROR_PERMISSION;
}

static inline void
read_only_end (ReadOnly *self)
{
  read_only_call (SYS_capset, self->capabilities);
  if (self->mounted)
    g_assert_cmpint (umount (self->folder), ==, 0);
  else
    g_assert_cmpint (chmod (self->folder, 0755), ==, 0);
}
