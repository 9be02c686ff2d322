/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-boot-search"

#include "boot/boot-search.h"

#include <string.h>

/* Fonts and languages of one image; real ones have some 40 each. */
#define MAX_CANDIDATES 1000
#define MAX_NAME_LENGTH 64

typedef struct
{
  KlBootRole role;
  const char *pattern; /* lower case, components divided by '/', each with * and ? */
} Place;

/* media-formats.md 5.1 to 5.3, in the order in which they are looked at. */
static const Place image_places[] = {
  { KL_BOOT_ROLE_BOOTMGR, "windows/boot/pcat/bootmgr" },
  { KL_BOOT_ROLE_BOOTMGR_MUI, "windows/boot/pcat/*/bootmgr.exe.mui" },
  { KL_BOOT_ROLE_BOOT_SDI, "windows/boot/dvd/pcat/boot.sdi" },
  { KL_BOOT_ROLE_BOOT_SDI, "windows/boot/dvd/efi/boot.sdi" },
  { KL_BOOT_ROLE_BOOT_SDI, "windows/boot/dvd*/*/boot.sdi" },
  { KL_BOOT_ROLE_BOOT_SDI, "sms/boot/boot.sdi" },
  { KL_BOOT_ROLE_ETFSBOOT, "windows/boot/dvd/pcat/etfsboot.com" },
  { KL_BOOT_ROLE_ETFSBOOT, "sms/bin/*/etfsboot.com" },
  { KL_BOOT_ROLE_BOOTMGFW_2023, "windows/boot/efi_ex/bootmgfw_ex.efi" },
  { KL_BOOT_ROLE_BOOTMGFW_2023, "windows/boot/efi_ex/bootmgfw.efi" },
  { KL_BOOT_ROLE_BOOTMGFW, "windows/boot/efi/bootmgfw.efi" },
  { KL_BOOT_ROLE_BOOT_STL, "windows/boot/efi/boot.stl" },
  { KL_BOOT_ROLE_BOOT_STL, "windows/boot/efi_ex/boot*.stl" },
  { KL_BOOT_ROLE_FONT, "windows/boot/fonts/*.ttf" },
  { KL_BOOT_ROLE_FONT_2023, "windows/boot/fonts_ex/*.ttf" },
  { KL_BOOT_ROLE_BOOTRES, "windows/boot/resources/bootres.dll" },
  { KL_BOOT_ROLE_EFISYS, "windows/boot/dvd/efi/*/efisys_noprompt.bin" },
  { KL_BOOT_ROLE_EFISYS, "windows/boot/dvd/efi/*/efisys.bin" },
  { KL_BOOT_ROLE_EFISYS, "windows/boot/dvd/efi/efisys*.bin" },
  { KL_BOOT_ROLE_EFISYS, "windows/boot/dvd_ex/efi/*/efisys*_ex.bin" },
  { KL_BOOT_ROLE_EFISYS, "sms/bin/*/efisys.bin" },
};

/* The end of a path in a folder or on a disc: by base name, for what has a telling name; by folder
 * and name for the rest. */
static const Place beside_places[] = {
  { KL_BOOT_ROLE_BOOTMGR, "bootmgr" },
  { KL_BOOT_ROLE_BOOTMGR_MUI, "*/bootmgr.exe.mui" },
  { KL_BOOT_ROLE_BOOT_SDI, "boot.sdi" },
  { KL_BOOT_ROLE_ETFSBOOT, "etfsboot.com" },
  { KL_BOOT_ROLE_BOOTMGFW_2023, "bootmgfw_ex.efi" },
  { KL_BOOT_ROLE_BOOTMGFW_2023, "efi_ex/bootmgfw.efi" },
  { KL_BOOT_ROLE_BOOTMGFW, "bootmgfw.efi" },
  { KL_BOOT_ROLE_BOOTMGFW, "efi/boot/bootx64.efi" },
  { KL_BOOT_ROLE_BOOTMGFW, "efi/boot/bootaa64.efi" },
  { KL_BOOT_ROLE_BOOTMGFW, "efi/boot/bootia32.efi" },
  { KL_BOOT_ROLE_BOOT_STL, "boot.stl" },
  { KL_BOOT_ROLE_FONT, "fonts/*.ttf" },
  { KL_BOOT_ROLE_FONT_2023, "fonts_ex/*.ttf" },
  { KL_BOOT_ROLE_BOOTRES, "bootres.dll" },
  { KL_BOOT_ROLE_EFISYS, "efisys_noprompt.bin" },
  { KL_BOOT_ROLE_EFISYS, "efisys.bin" },
  { KL_BOOT_ROLE_EFISYS, "efisys*_ex.bin" },
};

static void
candidate_free (KlBootCandidate *candidate)
{
  g_free (candidate->found_at);
  g_free (candidate->name);
  g_free (candidate);
}

/**
 * kl_boot_role_is_multiple:
 *
 * Returns: whether a medium may hold several files of @role, told apart by their names
 */
gboolean
kl_boot_role_is_multiple (KlBootRole role)
{
  return role == KL_BOOT_ROLE_BOOTMGR_MUI || role == KL_BOOT_ROLE_FONT
         || role == KL_BOOT_ROLE_FONT_2023;
}

/**
 * kl_boot_name_is_safe:
 *
 * Returns: whether @name, which came from outside, may be part of a file name: up to 64 letters,
 *   digits, '-', '_' and '.', and not beginning with '.'
 */
gboolean
kl_boot_name_is_safe (const char *name)
{
  gsize length = strlen (name);

  return length > 0 && length <= MAX_NAME_LENGTH && name[0] != '.'
         && strspn (name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.") == length;
}

/* Whether the last components of @path match those of @pattern; all of them if @whole. */
static gboolean
match_components (char **path, char **pattern, gboolean whole)
{
  guint n_path = g_strv_length (path), n_pattern = g_strv_length (pattern);

  if (n_path < n_pattern || (whole && n_path != n_pattern))
    return FALSE;
  for (guint i = 0; i < n_pattern; i++)
    if (!g_pattern_match_simple (pattern[i], path[n_path - n_pattern + i]))
      return FALSE;

  return TRUE;
}

static const Place *
find_place (const char *path, const Place *places, gsize n_places, gboolean whole)
{
  g_autofree char *folded = g_ascii_strdown (path, -1);
  g_auto (GStrv) components = NULL;
  const char *base;

  g_strdelimit (folded, "\\", '/');
  components = g_strsplit (folded[0] == '/' ? folded + 1 : folded, "/", -1);
  base = strrchr (folded, '/') != NULL ? strrchr (folded, '/') + 1 : folded;
  for (gsize i = 0; i < n_places; i++)
    {
      const char *last = strrchr (places[i].pattern, '/');
      g_auto (GStrv) pattern = NULL;

      if (!g_pattern_match_simple (last != NULL ? last + 1 : places[i].pattern, base))
        continue;
      pattern = g_strsplit (places[i].pattern, "/", -1);
      if (match_components (components, pattern, whole))
        return &places[i];
    }

  return NULL;
}

/* "segoe_slboot_EX.ttf" → "segoe_slboot.ttf" (media-formats.md 5.3) */
static char *
dup_without_ex (const char *name)
{
  const gsize tail = strlen ("_ex.ttf");
  gsize length = strlen (name);

  if (length <= tail || g_ascii_strcasecmp (name + length - tail, "_ex.ttf") != 0)
    return g_strdup (name);
  return g_strdup_printf ("%.*s%s", (int) (length - tail), name, name + length - 4);
}

/* NULL where the name cannot be used. */
static char *
dup_name (KlBootRole role, const char *path)
{
  g_autofree char *slashed = g_strdelimit (g_strdup (path), "\\", '/');
  g_autofree char *base = g_path_get_basename (slashed);
  g_autofree char *name = NULL;

  if (role == KL_BOOT_ROLE_BOOTMGR_MUI)
    {
      g_autofree char *folder = g_path_get_dirname (slashed);

      name = g_path_get_basename (folder);
    }
  else if (role == KL_BOOT_ROLE_FONT_2023)
    name = dup_without_ex (base);
  else
    name = g_steal_pointer (&base);

  return kl_boot_name_is_safe (name) ? g_steal_pointer (&name) : NULL;
}

static void
add_candidate (GPtrArray *candidates,
               const Place *place,
               guint rank,
               KlBootOrigin origin,
               const char *path,
               guint64 size)
{
  g_autofree char *name = dup_name (place->role, path);
  KlBootCandidate *candidate;

  if (name == NULL || candidates->len >= MAX_CANDIDATES)
    {
      g_info ("“%s” is left aside: its name cannot be used", path);
      return;
    }

  candidate = g_new0 (KlBootCandidate, 1);
  candidate->role = place->role;
  candidate->origin = origin;
  candidate->rank = rank;
  candidate->found_at = g_strdup (path);
  candidate->name = g_steal_pointer (&name);
  candidate->size = size;
  g_ptr_array_add (candidates, candidate);
}

static gint
compare_candidates (gconstpointer a, gconstpointer b)
{
  const KlBootCandidate *left = *(const KlBootCandidate *const *) a;
  const KlBootCandidate *right = *(const KlBootCandidate *const *) b;

  if (left->rank != right->rank)
    return left->rank < right->rank ? -1 : 1;
  return strcmp (left->found_at, right->found_at);
}

/**
 * kl_boot_search_image:
 *
 * Names and places only; nothing is extracted.
 *
 * Errors: those of kl_wim_list_files(). Blocks.
 *
 * Returns: (transfer full) (nullable): of KlBootCandidate, in the order in which to look
 */
GPtrArray *
kl_boot_search_image (KlWim *wim, guint index, GError **error)
{
  static const char *const folders[] = { "\\Windows\\Boot", "\\sms\\boot", "\\sms\\bin" };
  g_autoptr (GPtrArray) candidates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) candidate_free);

  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autoptr (GPtrArray) files = kl_wim_list_files (wim, index, folders[i], error);

      if (files == NULL)
        return NULL;
      for (guint k = 0; k < files->len; k++)
        {
          const KlWimEntry *file = g_ptr_array_index (files, k);
          const Place *place
              = find_place (file->path, image_places, G_N_ELEMENTS (image_places), TRUE);

          if (place != NULL)
            add_candidate (candidates, place, (guint) (place - image_places), KL_BOOT_ORIGIN_IMAGE,
                           file->path, file->size);
        }
    }

  g_ptr_array_sort (candidates, compare_candidates);
  return g_steal_pointer (&candidates);
}

/* An ADK holds a tree for each architecture; the image's own comes first. */
static gboolean
names_architecture (const char *path, const char *architecture)
{
  g_autofree char *folded = g_ascii_strdown (path, -1);

  if (architecture == NULL)
    return FALSE;
  if (g_str_equal (architecture, "x64"))
    return strstr (folded, "/amd64/") != NULL || strstr (folded, "/x64/") != NULL;
  if (g_str_equal (architecture, "x86"))
    return strstr (folded, "/x86/") != NULL || strstr (folded, "/i386/") != NULL;
  return strstr (folded, "/arm64/") != NULL;
}

/**
 * kl_boot_search_beside:
 * @architecture: (nullable): of the image; files from a folder with its name come first
 *
 * Looks through a folder or a disc for files with the names of boot files.
 *
 * Errors: those of kl_media_source_list(). Blocks.
 *
 * Returns: (transfer full) (nullable): of KlBootCandidate, in the order in which to look
 */
GPtrArray *
kl_boot_search_beside (KlMediaSource *beside, const char *architecture, GError **error)
{
  const guint n_places = G_N_ELEMENTS (beside_places);
  GPtrArray *files = kl_media_source_list (beside, error);
  g_autoptr (GPtrArray) candidates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) candidate_free);

  if (files == NULL)
    return NULL;

  for (guint i = 0; i < files->len; i++)
    {
      const KlMediaEntry *file = g_ptr_array_index (files, i);
      const Place *place = find_place (file->path, beside_places, n_places, FALSE);
      guint rank;

      if (place == NULL)
        continue;
      rank = (guint) (place - beside_places);
      if (!names_architecture (file->path, architecture))
        rank += n_places;
      add_candidate (candidates, place, rank, KL_BOOT_ORIGIN_FOLDER, file->path, file->size);
    }

  g_ptr_array_sort (candidates, compare_candidates);
  return g_steal_pointer (&candidates);
}
