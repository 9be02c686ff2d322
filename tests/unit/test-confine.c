/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"

typedef struct
{
  char *folder;
  char *inside;
  char *old;   /* file in folder */
  int refused; /* errno of what leads out: EACCES, or 0 where the kernel does not know Landlock */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const long version
      = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

  fixture->folder = g_dir_make_tmp ("kl-confine-XXXXXX", NULL);
  fixture->inside = g_build_filename (fixture->folder, "inside", NULL);
  fixture->old = g_build_filename (fixture->folder, "old", NULL);
  g_assert_cmpint (g_mkdir (fixture->inside, 0700), ==, 0);
  g_assert_true (g_file_set_contents (fixture->old, "old", 3, NULL));
  fixture->refused = version >= 1 ? EACCES : 0;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->inside);
  g_free (fixture->old);
}

static int
make_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofd int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  return fd >= 0 ? 0 : errno;
}

static gboolean
try_all (gpointer data, GError **error)
{
  Fixture *fixture = data;
  char *const argv[] = { (char *) "true", NULL };
  g_autofree char *up = g_build_filename (fixture->inside, "..", NULL);
  g_autofree char *text = NULL;
  pid_t child;
  int status = 0;

  g_assert_cmpint (make_file (fixture->inside, "new"), ==, 0);
  g_assert_true (g_file_get_contents (fixture->old, &text, NULL, NULL));
  g_assert_cmpint (make_file (up, "escaped"), ==, fixture->refused);
  g_assert_cmpint (make_file (fixture->folder, "old"), ==, fixture->refused);
  if (fixture->refused != 0)
    {
      g_assert_cmpint (g_unlink (fixture->old), ==, -1);
      g_assert_cmpint (errno, ==, fixture->refused);

      child = vfork ();
      if (child == 0)
        {
          execv ("/bin/true", argv);
          _exit (errno);
        }
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_assert_cmpint (WEXITSTATUS (status), ==, EACCES);
    }
  return TRUE;
}

/* What leads out of the folder is refused by the kernel; the others go on as they were. */
static void
test_elsewhere (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (kl_confine_run (try_all, fixture, fixture->inside, &error));
  g_assert_no_error (error);
  g_assert_cmpint (make_file (fixture->folder, "afterwards"), ==, 0);
  g_assert_cmpint (g_unlink (fixture->old), ==, 0);
}

static gboolean
try_writing (gpointer data, GError **error)
{
  Fixture *fixture = data;

  g_assert_cmpint (make_file (fixture->inside, "new"), ==, fixture->refused);
  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "Read");
  return FALSE;
}

static void
test_nowhere (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (kl_confine_run (try_writing, fixture, NULL, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
}

static gboolean
say_yes (gpointer data, GError **error)
{
  *(gboolean *) data = TRUE;
  return TRUE;
}

/* A folder that no rule can be made for is no reason not to work. */
static void
test_no_folder (Fixture *fixture, gconstpointer data)
{
  gboolean done = FALSE;

  g_assert_true (kl_confine_run (say_yes, &done, "/nowhere/at/all", NULL));
  g_assert_true (done);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/confine/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("nothing-changes-elsewhere", test_elsewhere);
  ADD ("reading-alone-changes-nothing", test_nowhere);
  ADD ("works-without-a-rule", test_no_folder);
  return g_test_run ();
}
