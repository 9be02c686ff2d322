/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-hive-edit"

#include "edit/hive-edit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <hivex.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file-io.h"

#define HEADER_SIZE 4096
#define MAX_HIVE_SIZE ((guint64) 512 << 20) /* bytes */

/* The base block of a hive: signature, two sequence numbers that agree once all is written. */
#define SIGNATURE "regf"
#define SEQUENCE_1_OFFSET 0x04
#define SEQUENCE_2_OFFSET 0x08
#define TIME_OFFSET 0x0c /* of the last write; 100 ns since 1601 */
#define CHECKSUM_OFFSET 0x1fc

G_DEFINE_AUTOPTR_CLEANUP_FUNC (hive_h, hivex_close)

static gboolean
set_damaged (GError **error, const char *path, const char *what)
{
  g_autofree char *name = g_path_get_basename (path);

  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "The %s hive of the image %s", name, what);
  return FALSE;
}

/* A hive whose writer never finished is not to be changed: what its log holds would be lost. */
static gboolean
check_header (const char *path, guint8 *header, GError **error)
{
  g_autofd int fd = kl_open_for_reading (path, error);
  KlBytesView view = { header, HEADER_SIZE };
  guint32 first = 0, second = 0;
  struct stat info;

  if (fd < 0)
    return FALSE;
  if (fstat (fd, &info) != 0 || info.st_size < 2 * HEADER_SIZE
      || (guint64) info.st_size > MAX_HIVE_SIZE)
    return set_damaged (error, path, "is damaged: it has no size that a hive has");
  if (!kl_read_at (fd, header, HEADER_SIZE, 0, path, error))
    return FALSE;

  if (!kl_view_equals (view, 0, SIGNATURE, strlen (SIGNATURE)))
    return set_damaged (error, path, "is damaged: it does not begin as a hive does");
  kl_view_u32 (view, SEQUENCE_1_OFFSET, &first);
  kl_view_u32 (view, SEQUENCE_2_OFFSET, &second);
  if (first != second)
    return set_damaged (error, path,
                        "was not written to its end; start the image once, or take another copy");
  return TRUE;
}

static hive_h *
open_hive (const char *path, guint8 *header, GError **error)
{
  hive_h *hive;

  if (!check_header (path, header, error))
    return NULL;

  hive = hivex_open (path, HIVEX_OPEN_WRITE);
  if (hive == NULL)
    {
      g_autofree char *what = g_strdup_printf ("is damaged: %s", g_strerror (errno));

      set_damaged (error, path, what);
    }
  return hive;
}

/* Writes a hive back with the time that it had, so that the same input gives the same bytes. */
static gboolean
save_hive (hive_h *hive, const char *path, const guint8 *header, GError **error)
{
  g_autofd int fd = -1;
  guint8 written[512];
  guint32 sum = 0;

  if (hivex_commit (hive, NULL, 0) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot write “%s”", path);
      return FALSE;
    }

  fd = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot write “%s”", path);
      return FALSE;
    }
  if (!kl_read_at (fd, written, sizeof written, 0, path, error))
    return FALSE;

  memcpy (written + TIME_OFFSET, header + TIME_OFFSET, 8);
  for (gsize i = 0; i < CHECKSUM_OFFSET; i += 4)
    {
      guint32 word;

      memcpy (&word, written + i, sizeof word);
      sum ^= GUINT32_FROM_LE (word);
    }
  kl_put_u32 (written + CHECKSUM_OFFSET, sum);
  return kl_write_at (fd, written, sizeof written, 0, path, error);
}

/* A key that has to be there. */
static hive_node_h
find_key (hive_h *hive, const char *path, const char *key, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (key, "\\", -1);
  hive_node_h node = hivex_root (hive);

  for (guint i = 0; node != 0 && parts[i] != NULL; i++)
    node = hivex_node_get_child (hive, node, parts[i]);
  if (node == 0)
    {
      g_autofree char *what = g_strdup_printf ("has no key “%s”", key);

      set_damaged (error, path, what);
    }
  return node;
}

static gboolean
set_value (hive_h *hive,
           const char *path,
           hive_node_h node,
           const char *name,
           hive_type type,
           const void *data,
           gsize length,
           GError **error)
{
  g_autofree char *owned_name = g_strdup (name);
  g_autofree char *owned_data = g_memdup2 (data, length);
  const hive_set_value value = { owned_name, type, length, owned_data };

  if (hivex_node_set_value (hive, node, &value, 0) == 0)
    return TRUE;

  kl_set_error_errno (error, errno, "Cannot set the value “%s” in “%s”", name, path);
  return FALSE;
}

/* The control set that Windows PE starts with. */
static gboolean
find_current_set (hive_h *hive, const char *path, int *number, GError **error)
{
  hive_node_h select = find_key (hive, path, "Select", error);
  hive_value_h current;
  hive_type type;
  size_t length;

  if (select == 0)
    return FALSE;

  current = hivex_node_get_value (hive, select, "Current");
  if (current == 0 || hivex_value_type (hive, current, &type, &length) != 0
      || type != hive_t_REG_DWORD || length != 4)
    return set_damaged (error, path, "does not say in Select\\Current which control set is used");

  *number = hivex_value_dword (hive, current);
  if (*number < 1 || *number > 999)
    return set_damaged (error, path, "says in Select\\Current a control set that cannot be");
  return TRUE;
}

/**
 * kl_hive_set_scratch_space:
 * @path: a SYSTEM hive, changed in place
 * @megabytes: size of the RAM disk that Windows PE writes to
 * @key: (out) (transfer full) (optional): the key that was changed
 *
 * Sets WinPECacheThreshold of the service FBWF in the control set that is used
 * (image-customisation.md 3.2); the service's key is made where it lacks.
 *
 * Errors: KL_ERROR_FORMAT for a hive that is damaged, was not written to its end or lacks a key,
 * KL_ERROR_* of reading and writing. Blocks.
 */
gboolean
kl_hive_set_scratch_space (const char *path, guint megabytes, char **key, GError **error)
{
  guint8 header[HEADER_SIZE];
  g_autoptr (hive_h) hive = open_hive (path, header, error);
  g_autofree char *services_key = NULL;
  hive_node_h services, fbwf;
  guint8 value[4];
  int number;

  if (hive == NULL || !find_current_set (hive, path, &number, error))
    return FALSE;

  services_key = g_strdup_printf ("ControlSet%03d\\Services", number);
  services = find_key (hive, path, services_key, error);
  if (services == 0)
    return FALSE;

  fbwf = hivex_node_get_child (hive, services, "FBWF");
  if (fbwf == 0)
    fbwf = hivex_node_add_child (hive, services, "FBWF");
  if (fbwf == 0)
    {
      kl_set_error_errno (error, errno, "Cannot add the key FBWF to “%s”", path);
      return FALSE;
    }

  kl_put_u32 (value, megabytes);
  if (!set_value (hive, path, fbwf, KL_HIVE_SCRATCH_NAME, hive_t_REG_DWORD, value, sizeof value,
                  error)
      || !save_hive (hive, path, header, error))
    return FALSE;

  if (key != NULL)
    *key = g_strconcat (services_key, "\\FBWF", NULL);
  return TRUE;
}

/**
 * kl_hive_set_background:
 * @path: a SOFTWARE hive, changed in place
 * @picture: where Windows PE finds it, "X:\Windows\System32\winre.jpg"; ASCII
 *
 * Errors: as kl_hive_set_scratch_space().
 */
gboolean
kl_hive_set_background (const char *path, const char *picture, GError **error)
{
  guint8 header[HEADER_SIZE];
  g_autoptr (hive_h) hive = open_hive (path, header, error);
  hive_node_h version, winpe;
  glong units = 0;
  g_autofree gunichar2 *utf16 = g_utf8_to_utf16 (picture, -1, NULL, &units, NULL);

  if (hive == NULL)
    return FALSE;
  version = find_key (hive, path, "Microsoft\\Windows NT\\CurrentVersion", error);
  if (version == 0)
    return FALSE;

  winpe = hivex_node_get_child (hive, version, "WinPE");
  if (winpe == 0)
    winpe = hivex_node_add_child (hive, version, "WinPE");
  if (winpe == 0)
    {
      kl_set_error_errno (error, errno, "Cannot add the key WinPE to “%s”", path);
      return FALSE;
    }

  for (glong i = 0; i < units; i++)
    utf16[i] = GUINT16_TO_LE (utf16[i]);
  return set_value (hive, path, winpe, KL_HIVE_BACKGROUND_NAME, hive_t_REG_SZ, utf16,
                    ((gsize) units + 1) * 2, error)
         && save_hive (hive, path, header, error);
}
