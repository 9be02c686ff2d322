/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-image"

#include "wim/wim.h"

#include <string.h>

#include "base/error.h"
#include "base/file-io.h"
#include "crypto/pe-file.h"
#include "wim/wim-private.h"

#define MAX_TEXT_LENGTH 4096 /* characters of a name or description */
#define MAX_PROGRAM_SIZE ((guint64) 64 << 20)

void
kl_wim_image_free (KlWimImage *image)
{
  g_free (image->name);
  g_free (image->description);
  g_free (image->architecture);
  g_free (image->version);
  g_free (image->language);
  g_free (image->edition);
  g_free (image);
}

/* Text from the XML: valid UTF-8, one line, no control characters, bounded. */
static char *
dup_text (KlWim *self, guint index, const char *property)
{
  const char *raw = kl_wim_get_property (self, index, property);
  g_autofree char *valid = NULL;
  GString *text;
  guint n = 0;

  if (raw == NULL)
    return NULL;

  valid = g_utf8_make_valid (raw, (gssize) strnlen (raw, MAX_TEXT_LENGTH * 6));
  text = g_string_new (NULL);
  for (const char *at = valid; *at != '\0' && n < MAX_TEXT_LENGTH; at = g_utf8_next_char (at), n++)
    {
      gunichar c = g_utf8_get_char (at);

      g_string_append_unichar (text, g_unichar_iscntrl (c) ? ' ' : c);
    }

  g_strstrip (text->str);
  return g_string_free (text, FALSE);
}

static gboolean
read_number (KlWim *self, guint index, const char *property, guint64 *value)
{
  g_autofree char *text = dup_text (self, index, property);

  return text != NULL && g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, value, NULL);
}

/* media-api.md 4.3 */
static const char *
architecture_from_number (guint64 number)
{
  switch (number)
    {
    case 0:
      return "x86";
    case 5:
      return "arm";
    case 6:
      return "ia64";
    case 9:
      return "x64";
    case 12:
      return "arm64";
    default:
      return NULL;
    }
}

static char *
dup_version (KlWim *self, guint index)
{
  guint64 major, minor, build, spbuild;

  if (!read_number (self, index, "WINDOWS/VERSION/MAJOR", &major)
      || !read_number (self, index, "WINDOWS/VERSION/MINOR", &minor)
      || !read_number (self, index, "WINDOWS/VERSION/BUILD", &build))
    return NULL;
  if (!read_number (self, index, "WINDOWS/VERSION/SPBUILD", &spbuild))
    return g_strdup_printf ("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT, major,
                            minor, build);

  return g_strdup_printf ("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT
                          ".%" G_GUINT64_FORMAT,
                          major, minor, build, spbuild);
}

/* What the XML says about an image. */
KlWimImage *
kl_wim_image_read (KlWim *self, guint index)
{
  KlWimImage *image = g_new0 (KlWimImage, 1);
  guint64 architecture;

  image->index = index;
  image->name = dup_text (self, index, "NAME");
  if (image->name == NULL)
    image->name = g_strdup ("");
  image->description = dup_text (self, index, "DESCRIPTION");
  if (image->description == NULL)
    image->description = g_strdup ("");
  if (read_number (self, index, "WINDOWS/ARCH", &architecture))
    image->architecture = g_strdup (architecture_from_number (architecture));
  image->version = dup_version (self, index);
  image->language = dup_text (self, index, "WINDOWS/LANGUAGES/DEFAULT");
  image->edition = dup_text (self, index, "WINDOWS/EDITIONID");
  read_number (self, index, "TOTALBYTES", &image->total_bytes);
  return image;
}

/* Whether Windows can be started from an image: it holds a winload (media-formats.md 5.1). */
static gboolean
check_bootable (KlWim *self, guint index, gboolean *bootable, GError **error)
{
  static const char *const programs[] = {
    "/Windows/System32/Boot/winload.efi",
    "/Windows/System32/Boot/winload.exe",
    "/Windows/System32/winload.efi",
    "/Windows/System32/winload.exe",
  };

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      if (!kl_wim_find_file (self, index, programs[i], bootable, NULL, error))
        return FALSE;
      if (*bootable)
        return TRUE;
    }

  return TRUE;
}

static char *
dup_image_list (KlWim *self)
{
  GString *list = g_string_new (NULL);

  for (guint i = 1; i <= kl_wim_get_n_images (self); i++)
    {
      const KlWimImage *image = kl_wim_get_image (self, i);

      g_string_append_printf (list, "%s%u: %s", i > 1 ? ", " : "", i,
                              image->name[0] != '\0' ? image->name : "(no name)");
    }

  return g_string_free (list, FALSE);
}

static gboolean
choose_only_bootable (KlWim *self, guint *index, GError **error)
{
  g_autofree char *list = NULL;
  guint found = 0, n_found = 0;

  for (guint i = 1; i <= kl_wim_get_n_images (self); i++)
    {
      gboolean bootable;

      if (!check_bootable (self, i, &bootable, error))
        return FALSE;
      if (bootable)
        {
          found = i;
          n_found++;
        }
    }

  if (n_found == 1)
    {
      *index = found;
      return TRUE;
    }

  list = dup_image_list (self);
  if (n_found == 0)
    g_set_error (error, KL_ERROR, KL_ERROR_WIM_NOT_BOOTABLE,
                 "No image in “%s” can be started: none has winload.exe or winload.efi (%s)",
                 kl_wim_get_path (self), list);
  else
    g_set_error (error, KL_ERROR, KL_ERROR_WIM_INDEX,
                 "“%s” holds %u images and none is marked as bootable; choose one by its number: "
                 "%s",
                 kl_wim_get_path (self), kl_wim_get_n_images (self), list);
  return FALSE;
}

/**
 * kl_wim_choose_image:
 * @wanted: the image asked for, 1 …; 0 to choose: the boot index, else the only image, else the
 *   only one that can be started
 * @index: (out): untouched on failure
 *
 * Errors: KL_ERROR_WIM_INDEX (no such image, or several to choose from, with their names),
 * KL_ERROR_WIM_NOT_BOOTABLE (no winload in it), KL_ERROR_WIM_DAMAGED. Blocks.
 */
gboolean
kl_wim_choose_image (KlWim *self, guint wanted, guint *index, GError **error)
{
  guint chosen = wanted;
  gboolean bootable;

  if (kl_wim_get_n_images (self) == 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_NOT_BOOTABLE, "“%s” holds no image",
                   kl_wim_get_path (self));
      return FALSE;
    }
  if (wanted > kl_wim_get_n_images (self))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_INDEX, "There is no image %u in “%s”: it holds %u",
                   wanted, kl_wim_get_path (self), kl_wim_get_n_images (self));
      return FALSE;
    }

  if (chosen == 0)
    chosen = kl_wim_get_boot_index (self);
  if (chosen == 0 && kl_wim_get_n_images (self) == 1)
    chosen = 1;
  if (chosen == 0)
    return choose_only_bootable (self, index, error);

  if (!check_bootable (self, chosen, &bootable, error))
    return FALSE;
  if (!bootable)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_NOT_BOOTABLE,
                   "Image %u of “%s”, “%s”, cannot be started: it has neither winload.exe nor "
                   "winload.efi",
                   chosen, kl_wim_get_path (self), kl_wim_get_image (self, chosen)->name);
      return FALSE;
    }

  *index = chosen;
  return TRUE;
}

/**
 * kl_wim_detect_architecture:
 *
 * For images whose XML is silent (media-api.md 4.3).
 *
 * Errors: KL_ERROR_WIM_DAMAGED; KL_ERROR_* of writing a temporary file. Blocks.
 *
 * Returns: (transfer full) (nullable): "x86", "x64", "arm", "arm64" or "ia64" by the PE header of a
 *   boot program; %NULL without @error set where there is none to be read
 */
char *
kl_wim_detect_architecture (KlWim *self, guint index, GError **error)
{
  static const char *const programs[] = {
    "/Windows/System32/Boot/winload.efi", "/Windows/System32/Boot/winload.exe",
    "/Windows/System32/winload.efi",      "/Windows/System32/winload.exe",
    "/Windows/System32/ntoskrnl.exe",
  };
  g_autofree char *folder = g_dir_make_tmp ("kindling-XXXXXX", error);
  g_autofree char *target = NULL;
  char *architecture = NULL;
  gboolean ok = TRUE;

  if (folder == NULL)
    {
      kl_translate_io_error (error, "Cannot make a temporary folder");
      return NULL;
    }

  target = g_build_filename (folder, "program", NULL);
  for (guint i = 0; ok && architecture == NULL && i < G_N_ELEMENTS (programs); i++)
    {
      g_autoptr (GBytes) bytes = NULL;
      guint64 size = 0;
      gboolean exists;
      KlPeFile pe;

      ok = kl_wim_find_file (self, index, programs[i], &exists, &size, error);
      if (!ok || !exists || size > MAX_PROGRAM_SIZE)
        continue;

      ok = kl_wim_extract_file (self, index, programs[i], target, NULL, error);
      bytes = ok ? kl_pe_load (target, &pe, NULL) : NULL;
      if (bytes != NULL)
        architecture = g_strdup (kl_pe_machine_to_architecture (pe.machine));
    }

  kl_remove_tree (folder, NULL);
  return architecture;
}
