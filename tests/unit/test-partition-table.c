/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disk/partition-table.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "disk/bios-code.h"
#include "disk/vhd.h"

typedef struct
{
  char *folder;
  char *path; /* of a disk */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kl-partition-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "disk", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (kl_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->path);
}

static char *
run (const char *program, const char *option, const char *path)
{
  const char *argv[] = { program, option, path, NULL };
  g_autoptr (GError) error = NULL;
  char *output = NULL;
  int status = -1;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
                NULL, &output, NULL, &status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (status, &error);
  g_assert_no_error (error);
  return output;
}

static void
assert_has (const char *text, const char *part)
{
  if (strstr (text, part) == NULL)
    g_error ("“%s” is not in: %s", part, text);
}

static void
write_disk (const char *path,
            guint64 sectors,
            const guint8 *head,
            gsize head_bytes,
            const guint8 *tail,
            gsize tail_bytes)
{
  int fd = g_open (path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  g_assert_cmpint (ftruncate (fd, (off_t) (sectors * 512)), ==, 0);
  g_assert_true (kl_write_at (fd, head, head_bytes, 0, path, NULL));
  g_assert_true (kl_write_at (fd, tail, tail_bytes, sectors * 512 - tail_bytes, path, NULL));
  close (fd);
}

/* Offsets of media-formats.md 9.1. */
static void
test_mbr (Fixture *fixture, gconstpointer data)
{
  guint8 code[KL_MBR_CODE_BYTES], sector[512];
  KlMbrPartition partition = { 0 };
  const KlBytesView view = { sector, sizeof sector };
  g_autofree char *output = NULL;

  memset (code, 0xfa, sizeof code);
  kl_mbr_build (614400, 0x11223344, code, sector);
  g_assert_cmpmem (sector, 440, code, 440);
  g_assert_cmpmem (sector + 0x1b8, 6, "\x44\x33\x22\x11\0\0", 6);
  g_assert_cmpmem (sector + 0x1be, 16,
                   "\x80\x20\x21\x00\x0c\x5e\x38\x26\x00\x08\x00\x00\x00\x60\x09\x00", 16);
  for (guint i = 0x1ce; i < 0x1fe; i++)
    g_assert_cmphex (sector[i], ==, 0);
  g_assert_cmpmem (sector + 0x1fe, 2, "\x55\xaa", 2);

  g_assert_true (kl_mbr_get_partition (view, 0, &partition));
  g_assert_true (partition.active && partition.has_code);
  g_assert_cmpuint (partition.start, ==, 2048);
  g_assert_cmpuint (partition.n_sectors, ==, 614400);
  g_assert_false (kl_mbr_get_partition (view, 1, &partition));
  g_assert_false (kl_mbr_get_partition (view, 4, &partition));
  g_assert_false (kl_disk_is_unfinished (view));

  write_disk (fixture->path, 616448, sector, sizeof sector, sector, 0);
  output = run ("sfdisk", "-d", fixture->path);
  assert_has (output, "label-id: 0x11223344");
  assert_has (output, "start=        2048, size=      614400, type=c, bootable");
}

static void
test_far_cylinders (Fixture *fixture, gconstpointer data)
{
  guint8 sector[512];

  kl_mbr_build (131072000, 1, NULL, sector);
  g_assert_cmpmem (sector + 0x1be + 5, 3, "\xfe\xff\xff", 3);
  g_assert_cmphex (sector[0], ==, 0);
}

static void
test_partition_sizes (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (kl_mbr_compute_partition (0), ==, 0);
  g_assert_cmpuint (kl_mbr_compute_partition (4095), ==, 0);
  g_assert_cmpuint (kl_mbr_compute_partition (4096), ==, 2048);
  g_assert_cmpuint (kl_mbr_compute_partition (616448 + 2047), ==, 614400);
  g_assert_cmpuint (kl_mbr_compute_partition (G_MAXUINT64), ==, ((guint64) 1 << 32) - 2048);
  g_assert_cmpuint (kl_gpt_compute_partition (10), ==, 0);
  g_assert_cmpuint (kl_gpt_compute_partition (616448), ==, 614400 - 2048);
  g_assert_cmpuint (kl_gpt_compute_partition (616448 + 33), ==, 614400);
  g_assert_cmpuint (kl_gpt_compute_partition (((guint64) 1 << 33) + 33), ==,
                    ((guint64) 1 << 33) - 2048);
}

static void
test_gpt (Fixture *fixture, gconstpointer data)
{
  const KlGptGuid disk = kl_gpt_guid_new (), part = kl_gpt_guid_new ();
  guint8 head[KL_GPT_HEAD_SECTORS * 512], tail[KL_GPT_TAIL_SECTORS * 512];
  g_autofree char *dump = NULL;
  g_autofree char *verified = NULL;
  guint64 start = 0, n_sectors = 0;

  kl_gpt_build (616448, kl_gpt_compute_partition (616448), &disk, &part, head, tail);
  write_disk (fixture->path, 616448, head, sizeof head, tail, sizeof tail);
  dump = run ("sfdisk", "-d", fixture->path);
  assert_has (dump, "label: gpt");
  assert_has (dump, "start=        2048, size=      612352, "
                    "type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7");
  verified = run ("sfdisk", "--verify", fixture->path);
  assert_has (verified, "No errors detected.");

  g_assert_true (kl_gpt_find_partition ((KlBytesView){ head, sizeof head }, &start, &n_sectors));
  g_assert_cmpuint (start, ==, 2048);
  g_assert_cmpuint (n_sectors, ==, 612352);
  head[1024] ^= 1;
  g_assert_false (kl_gpt_find_partition ((KlBytesView){ head, sizeof head }, &start, &n_sectors));
}

static void
test_unfinished (Fixture *fixture, gconstpointer data)
{
  guint8 sector[512] = { 0 };
  const KlBytesView view = { sector, sizeof sector };
  g_autofree char *output = NULL;

  g_assert_false (kl_disk_is_unfinished (view));
  kl_disk_mark_unfinished (sector);
  g_assert_true (kl_disk_is_unfinished (view));
  g_assert_false (kl_mbr_has_signature (view));
  g_assert_false (kl_disk_is_unfinished ((KlBytesView){ sector, 30 }));

  write_disk (fixture->path, 616448, sector, sizeof sector, sector, 0);
  output = run ("wipefs", "--noheadings", fixture->path);
  g_assert_cmpstr (output, ==, "");
  sector[0x1fe] = 0x55;
  sector[0x1ff] = 0xaa;
  g_assert_false (kl_disk_is_unfinished (view));
}

static void
test_vhd (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDateTime) created = g_date_time_new_utc (2000, 1, 1, 0, 1, 0);
  guint8 footer[KL_VHD_FOOTER_BYTES];
  const KlBytesView view = { footer, sizeof footer };
  gboolean fixed = FALSE;
  guint64 bytes = 0;

  kl_vhd_build_footer ((guint64) 512 << 20, created, footer);
  g_assert_cmpmem (footer, 8, "conectix", 8);
  g_assert_cmpmem (footer + 24, 4, "\0\0\0\x3c", 4);
  g_assert_cmpmem (footer + 48, 8, "\0\0\0\0\x20\0\0\0", 8);
  g_assert_true (kl_vhd_parse_footer (view, &fixed, &bytes));
  g_assert_true (fixed);
  g_assert_cmpuint (bytes, ==, (guint64) 512 << 20);

  for (guint i = 0; i < sizeof footer; i++)
    {
      footer[i] ^= 0x10;
      g_assert_false (kl_vhd_parse_footer (view, &fixed, &bytes));
      footer[i] ^= 0x10;
    }
}

static void
test_bios_code (Fixture *fixture, gconstpointer data)
{
  g_autoptr (KlBiosCode) code = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *boot = g_build_filename (fixture->folder, "boot.img", NULL);
  g_autofree char *core = g_build_filename (fixture->folder, "core.img", NULL);
  g_autofree char *original = g_build_filename (g_getenv ("KL_BIOS_CODE"), "boot.img", NULL);
  g_autofree char *bytes = NULL;
  gsize size = 0;

  code = kl_bios_code_load (g_getenv ("KL_BIOS_CODE"), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (code->core), <, 2047 * 512);
  g_assert_cmphex (code->mbr[0], ==, 0xeb);
  g_assert_cmpmem (code->mbr + 0x66, 2, "\x90\x90", 2);

  g_assert_null (kl_bios_code_load (fixture->folder, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
  assert_has (error->message, boot);
  g_clear_error (&error);

  g_assert_true (g_file_get_contents (original, &bytes, &size, NULL));
  g_assert_true (g_file_set_contents (boot, bytes, (gssize) size, NULL));
  g_assert_true (g_file_set_contents (core, bytes, (gssize) size, NULL));
  g_assert_null (kl_bios_code_load (fixture->folder, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  assert_has (error->message, "are not the start code");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add ("/partition-table/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("an-mbr-has-one-active-partition", test_mbr);
  ADD ("far-cylinders-are-the-last-one", test_far_cylinders);
  ADD ("partitions-are-whole-mib", test_partition_sizes);
  ADD ("sfdisk-verifies-a-gpt", test_gpt);
  ADD ("an-unfinished-disk-is-known-and-is-nothing-else", test_unfinished);
  ADD ("a-vhd-footer-has-a-sum", test_vhd);
  ADD ("start-code-is-checked", test_bios_code);
#undef ADD
  return g_test_run ();
}
