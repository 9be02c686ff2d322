/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Stand-ins for the files of a Windows PE image, and WIMs made of them by wimlib-imagex. Each test
 * program that includes this has its own copy. */

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file-io.h"
#include "wim/wim.h"

typedef struct
{
  char *folder; /* temporary, removed in the end */
  char *tree;   /* inside it: what goes into a WIM */
} WimFixture;

G_GNUC_UNUSED static void
wim_fixture_set_up (WimFixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-wim-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
  fixture->tree = g_build_filename (fixture->folder, "tree", NULL);
  g_assert_cmpint (g_mkdir (fixture->tree, 0700), ==, 0);
}

G_GNUC_UNUSED static void
wim_fixture_tear_down (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (kl_remove_tree (fixture->folder, &error));
  g_assert_no_error (error);
  g_free (fixture->folder);
  g_free (fixture->tree);
}

/* Runs a program in the folder of the fixture; it has to succeed. */
G_GNUC_UNUSED static char *
run_in (const char *folder, const char *first, ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *err = NULL;
  char *out = NULL;
  int status = 0;
  va_list args;

  va_start (args, first);
  for (const char *arg = first; arg != NULL; arg = va_arg (args, const char *))
    g_ptr_array_add (argv, (gpointer) arg);
  va_end (args);
  g_ptr_array_add (argv, NULL);

  g_spawn_sync (folder, (char **) argv->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, &err,
                &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s\n%s%s", first, error->message, out, err);
  return out;
}

#define RUN(fixture, ...) g_free (run_in ((fixture)->folder, __VA_ARGS__, NULL))

/* Writes a file below @root, with its folders. */
G_GNUC_UNUSED static void
put (const char *root, const char *path, const void *data, gsize size)
{
  g_autofree char *file = g_build_filename (root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (file);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_file_set_contents (file, data, (gssize) size, &error);
  g_assert_no_error (error);
}

G_GNUC_UNUSED static void
put_bytes (const char *root, const char *path, GBytes *bytes)
{
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);

  put (root, path, data, size);
  g_bytes_unref (bytes);
}

/* Bytes that do not compress well, the same for the same seed. */
G_GNUC_UNUSED static void
put_noise (const char *root, const char *path, guint32 seed, gsize size)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8) (g_rand_int (random) >> (i % 3 == 0 ? 0 : 6) & (i % 3 == 0 ? 0xff : 0x0f));
  put (root, path, data, size);
  g_free (data);
}

/* A PE32+ program with one section, good enough for sbsign: 0x600 bytes. */
G_GNUC_UNUSED static GBytes *
make_pe (guint16 machine, guint16 subsystem)
{
  guint8 *pe = g_malloc0 (0x600);
  const gsize coff = 0x80, optional = 0x98, section = 0x98 + 240;

  memcpy (pe, "MZ", 2);
  kl_put_u32 (pe + 0x3c, coff);
  memcpy (pe + coff, "PE\0\0", 4);
  kl_put_u16 (pe + coff + 4, machine);
  kl_put_u16 (pe + coff + 6, 1);
  kl_put_u16 (pe + coff + 20, 240);
  kl_put_u16 (pe + coff + 22, 0x22);
  kl_put_u16 (pe + optional, 0x20b);
  kl_put_u32 (pe + optional + 4, 0x400);
  kl_put_u32 (pe + optional + 16, 0x1000);
  kl_put_u32 (pe + optional + 20, 0x1000);
  kl_put_u32 (pe + optional + 32, 0x1000);
  kl_put_u32 (pe + optional + 36, 0x200);
  kl_put_u32 (pe + optional + 56, 0x2000);
  kl_put_u32 (pe + optional + 60, 0x200);
  kl_put_u16 (pe + optional + 68, subsystem);
  kl_put_u32 (pe + optional + 108, 16);
  memcpy (pe + section, ".text\0\0\0", 8);
  kl_put_u32 (pe + section + 8, 0x400);
  kl_put_u32 (pe + section + 12, 0x1000);
  kl_put_u32 (pe + section + 16, 0x400);
  kl_put_u32 (pe + section + 20, 0x200);
  kl_put_u32 (pe + section + 36, 0x60000020);
  for (gsize i = 0x200; i < 0x600; i++)
    pe[i] = (guint8) (i * 7 + machine + subsystem);
  return g_bytes_new_take (pe, 0x600);
}

/* Makes a CA of the given name in the fixture's folder, and a certificate signed by it:
 * NAME.key, NAME.crt. */
G_GNUC_UNUSED static void
make_signer (WimFixture *fixture, const char *name, const char *issuer)
{
  g_autofree char *subject = g_strdup_printf ("/C=US/O=Stand-in/CN=%s", issuer);
  g_autofree char *ca_key = g_strdup_printf ("%s-ca.key", name);
  g_autofree char *ca_crt = g_strdup_printf ("%s-ca.crt", name);
  g_autofree char *key = g_strdup_printf ("%s.key", name);
  g_autofree char *csr = g_strdup_printf ("%s.csr", name);
  g_autofree char *crt = g_strdup_printf ("%s.crt", name);

  RUN (fixture, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
       "-subj", subject, "-keyout", ca_key, "-out", ca_crt);
  RUN (fixture, "openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Stand-in Windows",
       "-keyout", key, "-out", csr);
  RUN (fixture, "openssl", "x509", "-req", "-in", csr, "-CA", ca_crt, "-CAkey", ca_key,
       "-set_serial", "7", "-days", "3650", "-out", crt);
}

/* An EFI program signed by what make_signer() made, read back. */
G_GNUC_UNUSED static GBytes *
make_signed_pe (WimFixture *fixture, const char *signer, guint16 machine)
{
  g_autofree char *key = g_strdup_printf ("%s.key", signer);
  g_autofree char *crt = g_strdup_printf ("%s.crt", signer);
  g_autofree char *path = g_build_filename (fixture->folder, "signed.efi", NULL);
  char *data;
  gsize size;

  put_bytes (fixture->folder, "unsigned.efi", make_pe (machine, 10));
  RUN (fixture, "sbsign", "--key", key, "--cert", crt, "--output", "signed.efi", "unsigned.efi");
  g_assert_true (g_file_get_contents (path, &data, &size, NULL));
  return g_bytes_new_take (data, size);
}

/* The least that counts as a bootable image. */
G_GNUC_UNUSED static void
put_winload (const char *root)
{
  put_bytes (root, "Windows/SYSTEM32/BOOT/WinLoad.exe", make_pe (0x8664, 16));
  put_bytes (root, "Windows/SYSTEM32/BOOT/winload.EFI", make_pe (0x8664, 16));
  put_noise (root, "Windows/SYSTEM32/ntdll.dll", 1, 300000);
}

G_GNUC_UNUSED static char *
fixture_path (WimFixture *fixture, const char *name)
{
  return g_build_filename (fixture->folder, name, NULL);
}

/* Captures the tree; the options are those of wimlib-imagex capture, divided by spaces. */
G_GNUC_UNUSED static char *
capture (WimFixture *fixture, const char *name, const char *options)
{
  g_autofree char *command = g_strdup_printf (
      "wimlib-imagex capture tree '%s' 'Setup PE' 'For tests' %s --threads=1", name, options);

  RUN (fixture, "sh", "-c", command);
  return fixture_path (fixture, name);
}

G_GNUC_UNUSED static KlWim *
open_ok (const char *path)
{
  g_autoptr (GError) error = NULL;
  KlWim *wim = kl_wim_open (path, &error);

  g_assert_no_error (error);
  g_assert_nonnull (wim);
  return wim;
}

G_GNUC_UNUSED static void
flip (const char *path, gsize offset)
{
  g_autofree char *bytes = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  bytes[offset] ^= 0x40;
  g_assert_true (g_file_set_contents (path, bytes, (gssize) length, NULL));
}

G_GNUC_UNUSED static void
cancel_midway (const KlProgressReport *report, gpointer user_data)
{
  if (report->fraction > 0 && report->fraction < 1)
    g_cancellable_cancel (user_data);
}
