/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-confine"

#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file-io.h"

/* Linux 6.2; Debian 12 has 6.1, and the header of it. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

/* All that changes something; https://docs.kernel.org/userspace-api/landlock.html */
#define CHANGES                                                                                    \
  (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE  \
   | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG      \
   | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK   \
   | LANDLOCK_ACCESS_FS_MAKE_SYM)

typedef struct
{
  KlConfinedFunc func;
  gpointer data;
  int rules; /* owned; descriptor of a rule set, -1 without */
  gboolean result;
  GError *error; /* owned by the caller in the end */
} Confined;

/* What this kernel can forbid; 0: nothing */
static guint64
find_rights (void)
{
  const long version
      = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

  if (version < 1)
    return 0;
  return CHANGES | LANDLOCK_ACCESS_FS_EXECUTE | (version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0)
         | (version >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0);
}

/* -1 where the kernel cannot, or the folder is not one for rules. */
static int
make_rules (const char *folder)
{
  const guint64 rights = find_rights ();
  const struct landlock_ruleset_attr attributes = { .handled_access_fs = rights };
  struct landlock_path_beneath_attr beneath
      = { .allowed_access = rights & ~(guint64) LANDLOCK_ACCESS_FS_EXECUTE, .parent_fd = -1 };
  g_autofd int parent = -1;
  g_autofd int rules = -1;
  int result;

  if (rights == 0)
    return -1;
  rules = (int) syscall (SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
  if (rules < 0)
    return -1;

  if (folder != NULL)
    {
      parent = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
      beneath.parent_fd = parent;
      if (parent < 0
          || syscall (SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
        return -1;
    }

  result = rules;
  rules = -1;
  return result;
}

static gpointer
run_confined (gpointer user_data)
{
  Confined *self = user_data;

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
      || syscall (SYS_landlock_restrict_self, self->rules, 0) != 0)
    g_info ("Without confinement: %s", g_strerror (errno));
  self->result = self->func (self->data, &self->error);
  return NULL;
}

/**
 * kl_confine_run:
 * @func: called in a thread of its own, while the caller waits; starts no thread that outlives it
 * @folder: (nullable): below it @func may make, change and remove files; nowhere without
 *
 * Runs what reads files from anywhere so that it can change nothing elsewhere and start no program,
 * whatever a name in such a file leads it to: the kernel refuses it (Landlock, from Linux 5.13 on;
 * EACCES). Files that are open already stay so. It is one process all the same: this holds mistakes
 * about paths, and not a program that is made to run other code. A kernel without Landlock runs
 * @func as it is.
 *
 * Returns: what @func returned, with its @error
 */
gboolean
kl_confine_run (KlConfinedFunc func, gpointer data, const char *folder, GError **error)
{
  Confined confined = { .func = func, .data = data };
  GThread *thread = NULL;

  confined.rules = make_rules (folder);
  if (confined.rules >= 0)
    thread = g_thread_try_new ("kl-confined", run_confined, &confined, NULL);
  if (thread == NULL)
    confined.result = func (data, &confined.error);
  else
    g_thread_join (thread);

  kl_close_fd (&confined.rules);
  if (confined.error != NULL)
    g_propagate_error (error, confined.error);
  return confined.result;
}
