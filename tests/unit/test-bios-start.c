/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "volume/bios-start.h"

#include "base/error.h"

#define LENGTH KL_BIOS_START_HEAD_BYTES
#define START 2048u

typedef struct
{
  KlBiosCode *code;
  guint8 *head; /* of a drive with two partitions, the first at START, the second active */
  guint8 *before;
} Fixture;

static void
put_entry (guint8 *head, guint number, guint8 flag, guint8 type, guint32 start)
{
  guint8 *at = head + 0x1be + number * 16;

  at[0] = flag;
  at[4] = type;
  kl_put_u32 (at + 8, start);
  kl_put_u32 (at + 12, 100000);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  g_autoptr (GError) error = NULL;

  fixture->code = kl_bios_code_load (g_getenv ("KL_BIOS_CODE"), &error);
  g_assert_no_error (error);
  fixture->head = g_malloc (LENGTH);
  for (gsize i = 0; i < LENGTH; i += 4)
    kl_put_u32 (fixture->head + i, g_rand_int (rand));
  memset (fixture->head + 0x1be, 0, 64);
  put_entry (fixture->head, 0, 0, 7, START);
  put_entry (fixture->head, 1, 0x80, 0x83, 500000);
  fixture->head[0x1fe] = 0x55;
  fixture->head[0x1ff] = 0xaa;
  fixture->before = g_memdup2 (fixture->head, LENGTH);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  kl_bios_code_free (fixture->code);
  g_free (fixture->head);
  g_free (fixture->before);
}

static void
assert_refused (Fixture *fixture, guint64 start, const char *part)
{
  g_autoptr (GError) error = NULL;
  gsize changed = 7;

  memcpy (fixture->before, fixture->head, LENGTH);
  g_assert_false (kl_bios_start_put (fixture->head, LENGTH, start, fixture->code, "/dev/sdb",
                                     &changed, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” is not in “%s”", part, error->message);
  g_assert_cmpuint (changed, ==, 7);
  g_assert_cmpmem (fixture->head, LENGTH, fixture->before, LENGTH);
}

static void
test_put (Fixture *fixture, gconstpointer data)
{
  const KlBytesView view = { fixture->head, LENGTH };
  gsize size = g_bytes_get_size (fixture->code->core), changed = 0;
  g_autoptr (GError) error = NULL;

  g_assert_false (kl_bios_start_is_there (view, START, fixture->code));
  g_assert_true (kl_bios_start_put (fixture->head, LENGTH, START, fixture->code, "/dev/sdb",
                                    &changed, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (changed, ==, 512 + (size + 511) / 512 * 512);
  g_assert_cmpmem (fixture->head, 440, fixture->code->mbr, 440);
  g_assert_cmpmem (fixture->head + 512, size, g_bytes_get_data (fixture->code->core, NULL), size);
  g_assert_true (kl_bios_start_is_there (view, START, fixture->code));
  g_assert_false (kl_bios_start_is_there (view, 500000, fixture->code));

  /* The rest is as it was, but for the two marks. */
  g_assert_cmpuint (fixture->head[0x1be], ==, 0x80);
  g_assert_cmpuint (fixture->head[0x1ce], ==, 0);
  fixture->head[0x1be] = 0;
  fixture->head[0x1ce] = 0x80;
  g_assert_cmpmem (fixture->head + 440, 72, fixture->before + 440, 72);
  g_assert_cmpmem (fixture->head + changed, LENGTH - changed, fixture->before + changed,
                   LENGTH - changed);
}

static void
test_room (Fixture *fixture, gconstpointer data)
{
  guint32 needed = (guint32) (1 + (g_bytes_get_size (fixture->code->core) + 511) / 512);
  gsize changed = 0;
  g_autoptr (GError) error = NULL;

  /* It is the first partition that limits it, not the one with the medium. */
  put_entry (fixture->head, 1, 0, 0x83, needed - 1);
  assert_refused (fixture, START, "sectors before the first partition of “/dev/sdb”");
  put_entry (fixture->head, 1, 0, 0x83, needed);
  g_assert_true (kl_bios_start_put (fixture->head, LENGTH, START, fixture->code, "/dev/sdb",
                                    &changed, &error));
  g_assert_no_error (error);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  assert_refused (fixture, 0, "has no partition table");
  assert_refused (fixture, 4096, "is a logical partition");
  put_entry (fixture->head, 2, 0, 0xee, 1);
  assert_refused (fixture, START, "has a GPT");
  memset (fixture->head + 0x1be + 32, 0, 16);
  memcpy (fixture->head + 512, "EFI PART", 8);
  assert_refused (fixture, START, "has a GPT");
  memset (fixture->head + 512, 0, 8);
  fixture->head[0x1ff] = 0;
  assert_refused (fixture, START, "has no partition table");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/bios-start/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("changes-code-gap-and-mark-only", test_put);
  ADD ("needs-room-before-the-first-partition", test_room);
  ADD ("refuses-gpt-logical-and-no-table", test_refused);
  return g_test_run ();
}
