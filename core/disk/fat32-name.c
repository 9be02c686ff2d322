/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-fat32-name"

#include "disk/fat32-name.h"

#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/error.h"

#define BASE_LENGTH 8
#define EXTENSION_LENGTH 3

/* So many names with one beginning get ~1, ~2, …; those after them are told apart by a sum. */
#define MAX_PLAIN_TAILS 4
#define MAX_TRIES 100000

static gboolean
is_short_character (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'()-@^_`{}~", c) != NULL);
}

/* A part of a short name must be of one case, which a flag can tell. */
static gboolean
is_short_part (const char *part, gsize length, gsize limit, gboolean *has_upper)
{
  gboolean upper = FALSE, lower = FALSE;

  if (length > limit)
    return FALSE;

  for (gsize i = 0; i < length; i++)
    {
      if (!is_short_character (part[i]))
        return FALSE;
      upper = upper || g_ascii_isupper (part[i]);
      lower = lower || g_ascii_islower (part[i]);
    }
  *has_upper = upper;
  return !upper || !lower;
}

static void
copy_upper (char *field, const char *part, gsize length)
{
  for (gsize i = 0; i < length; i++)
    field[i] = g_ascii_toupper (part[i]);
}

/* Fills in the short name and its flags where @name is one. */
static gboolean
make_short (const char *name, char short_name[11], guint8 *flags)
{
  const char *dot = strrchr (name, '.');
  gsize base = dot != NULL ? (gsize) (dot - name) : strlen (name);
  gsize extension = dot != NULL ? strlen (dot + 1) : 0;
  gboolean base_upper = FALSE, extension_upper = FALSE;

  if (base == 0 || (dot != NULL && extension == 0)
      || !is_short_part (name, base, BASE_LENGTH, &base_upper)
      || (dot != NULL && !is_short_part (dot + 1, extension, EXTENSION_LENGTH, &extension_upper)))
    return FALSE;

  memset (short_name, ' ', 11);
  copy_upper (short_name, name, base);
  if (dot != NULL)
    copy_upper (short_name + BASE_LENGTH, dot + 1, extension);

  *flags = 0;
  if (!base_upper && memcmp (short_name, name, base) != 0)
    *flags |= KL_FAT_CASE_LOWER_BASE;
  if (dot != NULL && !extension_upper && memcmp (short_name + BASE_LENGTH, dot + 1, extension) != 0)
    *flags |= KL_FAT_CASE_LOWER_EXTENSION;
  return TRUE;
}

/* The characters of a part that can stand in a short name, in capitals; others become "_", and
 * spaces and dots are left out. */
static gsize
reduce (char *field, gsize limit, const char *part, const char *end)
{
  gsize n = 0;

  for (const char *at = part; at < end && n < limit; at = g_utf8_next_char (at))
    {
      if (*at == ' ' || *at == '.')
        continue;
      field[n++] = is_short_character (*at) ? g_ascii_toupper (*at) : '_';
    }
  return n;
}

static gboolean
take (GHashTable *taken, const char short_name[11])
{
  return g_hash_table_add (taken, g_strndup (short_name, 11));
}

static gboolean
put_tail (char short_name[11], gsize base, const char *middle, guint number)
{
  g_autofree char *tail = g_strdup_printf ("%s~%u", middle, number);
  gsize length = strlen (tail);
  gsize keep = MIN (base, BASE_LENGTH - length);

  memset (short_name + keep, ' ', BASE_LENGTH - keep);
  memcpy (short_name + keep, tail, length);
  return TRUE;
}

/* A short name for a long one, as nobody in the folder has it. */
static gboolean
make_alias (const char *name, GHashTable *taken, char short_name[11])
{
  const char *end = name + strlen (name);
  const char *dot = strrchr (name, '.');
  const char *base_end = dot != NULL && dot != name ? dot : end;
  guint32 sum = kl_crc32c_update (0, name, (gsize) (end - name));
  char plain[11];
  gsize base;

  memset (plain, ' ', sizeof plain);
  base = reduce (plain, BASE_LENGTH, name, base_end);
  if (base_end != end)
    reduce (plain + BASE_LENGTH, EXTENSION_LENGTH, base_end + 1, end);
  if (base == 0)
    plain[base++] = '_';

  for (guint number = 1; number <= MAX_PLAIN_TAILS; number++)
    {
      memcpy (short_name, plain, 11);
      put_tail (short_name, base, "", number);
      if (take (taken, short_name))
        return TRUE;
    }
  for (guint i = 0; i < MAX_TRIES; i++)
    {
      g_autofree char *middle = g_strdup_printf ("%04X", (sum + i) & 0xffff);

      memcpy (short_name, plain, 11);
      put_tail (short_name, MIN (base, 2), middle, 1 + (i >> 16));
      if (take (taken, short_name))
        return TRUE;
    }
  return FALSE;
}

static gboolean
set_name_error (const char *name, const char *why, GError **error)
{
  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” cannot be a name on FAT32: %s",
               name, why);
  return FALSE;
}

static gboolean
check_name (const char *name, GError **error)
{
  gsize length = strlen (name);

  if (length == 0 || !g_utf8_validate (name, -1, NULL))
    return set_name_error (name, "it is empty or not UTF-8", error);
  if (strcmp (name, ".") == 0 || strcmp (name, "..") == 0 || name[length - 1] == '.'
      || name[length - 1] == ' ' || name[0] == ' ')
    return set_name_error (name, "it ends with a dot or begins or ends with a space", error);
  if (strpbrk (name, "\"*/:<>?\\|") != NULL)
    return set_name_error (name, "it has one of the characters \" * / : < > ? \\ |", error);
  for (const char *at = name; *at != '\0'; at++)
    if ((guchar) *at < 0x20 || *at == 0x7f)
      return set_name_error (name, "it has a control character", error);
  return TRUE;
}

/**
 * kl_fat32_name_is_short:
 *
 * Whether @name needs no long name: 8 and 3 ASCII characters, each part of one case.
 */
gboolean
kl_fat32_name_is_short (const char *name)
{
  char short_name[11];
  guint8 flags;

  return make_short (name, short_name, &flags);
}

/**
 * kl_fat32_name_make:
 * @name: UTF-8
 * @taken: (element-type utf8): the short names of the folder so far; gets the new one
 * @made: (out): clear with kl_fat32_name_clear()
 *
 * How @name stands in a folder (media-formats.md 9.2). Names that are short ones (see
 * kl_fat32_name_is_short()) must come first, so that no alias takes theirs.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT for a name that FAT32 cannot hold.
 */
gboolean
kl_fat32_name_make (const char *name, GHashTable *taken, KlFat32Name *made, GError **error)
{
  KlFat32Name result = { { 0 }, 0, NULL, 0 };
  g_autofree gunichar2 *units = NULL;
  g_autofree char *upper = NULL;
  glong n_units = 0;

  if (!check_name (name, error))
    return FALSE;

  if (make_short (name, result.short_name, &result.case_flags) && take (taken, result.short_name))
    {
      *made = result;
      return TRUE;
    }

  units = g_utf8_to_utf16 (name, -1, NULL, &n_units, NULL);
  if (units == NULL || n_units > KL_FAT_MAX_NAME)
    return set_name_error (name, "it has more than 255 characters", error);

  /* "Boot" becomes BOOT and not BOOT~1. */
  upper = g_ascii_strup (name, -1);
  if ((!make_short (upper, result.short_name, &result.case_flags)
       || !take (taken, result.short_name))
      && !make_alias (name, taken, result.short_name))
    return set_name_error (name, "too many names in its folder begin alike", error);

  result.case_flags = 0;
  result.long_name = g_steal_pointer (&units);
  result.n_units = (guint) n_units;
  *made = result;
  return TRUE;
}

void
kl_fat32_name_clear (KlFat32Name *self)
{
  g_clear_pointer (&self->long_name, g_free);
}

/**
 * kl_fat32_name_count_entries:
 *
 * Returns: how many entries of 32 bytes the name takes, the short one included
 */
guint
kl_fat32_name_count_entries (const KlFat32Name *self)
{
  return 1 + (self->n_units + KL_FAT_LONG_UNITS - 1) / KL_FAT_LONG_UNITS;
}

/* Unit @i of a long name with its end and its filling. */
static guint16
get_unit (const KlFat32Name *self, guint i)
{
  if (i < self->n_units)
    return self->long_name[i];
  return i == self->n_units ? 0 : 0xffff;
}

static void
put_long_entry (const KlFat32Name *self, guint piece, gboolean last, guint8 *at)
{
  KlFatLongEntry entry = { 0 };
  guint unit = piece * KL_FAT_LONG_UNITS;

  entry.order = (guint8) ((piece + 1) | (last ? KL_FAT_LONG_LAST : 0));
  entry.attributes = KL_FAT_ATTRIBUTE_LONG_NAME;
  entry.checksum = kl_fat32_name_checksum (self->short_name);
  for (guint i = 0; i < 5; i++)
    kl_put_u16 (entry.first + 2 * i, get_unit (self, unit++));
  for (guint i = 0; i < 6; i++)
    kl_put_u16 (entry.second + 2 * i, get_unit (self, unit++));
  for (guint i = 0; i < 2; i++)
    kl_put_u16 (entry.third + 2 * i, get_unit (self, unit++));
  memcpy (at, &entry, sizeof entry);
}

/**
 * kl_fat32_name_put:
 * @entry: everything but the name
 * @at: room for kl_fat32_name_count_entries() entries
 *
 * Returns: the place behind the entries
 */
guint8 *
kl_fat32_name_put (const KlFat32Name *self, const KlFatEntry *entry, guint8 *at)
{
  guint n_pieces = kl_fat32_name_count_entries (self) - 1;
  KlFatEntry named = *entry;

  for (guint piece = n_pieces; piece-- > 0; at += sizeof (KlFatLongEntry))
    put_long_entry (self, piece, piece + 1 == n_pieces, at);

  memcpy (named.name, self->short_name, sizeof named.name);
  named.case_flags = self->case_flags;
  memcpy (at, &named, sizeof named);
  return at + sizeof named;
}

/**
 * kl_fat32_name_checksum:
 *
 * The sum that ties the pieces of a long name to their short one.
 */
guint8
kl_fat32_name_checksum (const char short_name[11])
{
  guint8 sum = 0;

  for (guint i = 0; i < 11; i++)
    sum = (guint8) (((sum & 1) << 7) + (sum >> 1) + (guint8) short_name[i]);
  return sum;
}

/**
 * kl_fat32_name_make_label:
 * @label: UTF-8
 * @field: (out): 11 characters, filled up with spaces
 *
 * The name of the volume for a label: capitals, "_" for what cannot stand there, the first 11.
 */
void
kl_fat32_name_make_label (const char *label, char field[11])
{
  g_autofree char *valid = g_utf8_make_valid (label, -1);
  guint n = 0;

  memset (field, ' ', 11);
  for (const char *at = valid; *at != '\0' && n < 11; at = g_utf8_next_char (at))
    {
      gboolean fits = g_ascii_isalnum (*at) || *at == '-' || (*at == ' ' && n > 0);

      field[n++] = fits ? g_ascii_toupper (*at) : '_';
    }
}
