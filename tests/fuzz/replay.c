/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A target without libFuzzer: replay FILE|FOLDER…
 *
 * Gives the target each file, all its beginnings in some steps, and copies with some bytes
 * changed: the same ones in each run. What the sanitizers and the time limit find is the result.
 */

#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include <gio/gio.h>

#define STEPS 24
#define SEED 1

static guint n_files;

/* A copy of its own for each call, so that reading behind the end is seen. */
static void
run (const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = g_malloc (MAX (size, 1));

  memcpy (copy, data, size);
  LLVMFuzzerTestOneInput (copy, size);
}

static void
run_changed (const guint8 *data, gsize size)
{
  static const guint8 bytes[] = { 0x00, 0x0a, 0x22, 0x25, 0x3b, 0x3d, 0x5b, 0x5c, 0x7f, 0xff };
  g_autoptr (GRand) random = g_rand_new_with_seed (SEED);

  for (guint i = 0; i < STEPS && size > 0; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (data, size);

      for (gint n = g_rand_int_range (random, 1, 4); n > 0; n--)
        copy[(gsize) (g_rand_double (random) * (double) size)]
            = g_rand_boolean (random)
                  ? bytes[g_rand_int_range (random, 0, (gint32) G_N_ELEMENTS (bytes))]
                  : (guint8) g_rand_int (random);
      run (copy, size);
    }
}

static void
replay_file (const char *path)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  const guint8 *data;
  gsize size, step;

  if (!g_file_get_contents (path, &text, &size, &error))
    g_error ("%s", error->message);

  data = (const guint8 *) text;
  step = MAX (size / STEPS, 1);
  for (gsize length = 0; length < size; length += step)
    run (data, length);
  run (data, size);
  run_changed (data, size);
  n_files++;
}

static void
replay (const char *path)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      replay_file (path);
      return;
    }

  dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      replay (child);
    }
}

int
main (int argc, char *argv[])
{
  for (int i = 1; i < argc; i++)
    replay (argv[i]);

  printf ("%u files\n", n_files);
  return n_files > 0 ? 0 : 1;
}
