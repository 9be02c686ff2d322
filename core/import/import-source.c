/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-import-source"

#include "import/import-source.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file-io.h"
#include "source/media-source-kinds.h"
#include "wim/wim-header.h"

#define USUAL_PLACE "/sources/boot.wim"
#define WIM_HEADER_SIZE 208 /* bytes */
#define MAX_LISTED 10       /* candidates in a message */

void
kl_import_source_clear (KlImportSource *self)
{
  g_clear_object (&self->media);
  g_clear_object (&self->beside);
  g_clear_pointer (&self->inside, g_free);
  g_clear_pointer (&self->file, g_free);
  g_clear_pointer (&self->name, g_free);
}

/* By its first bytes: a plain or a pipable WIM. */
static gboolean
is_wim_file (const char *path, gboolean *is_wim, GError **error)
{
  char magic[8] = "";
  g_autofd int fd = kl_open_for_reading (path, error);
  gssize n;

  if (fd < 0)
    return FALSE;

  n = pread (fd, magic, sizeof magic, 0);
  if (n < 0)
    {
      kl_set_error_errno (error, errno, "Cannot read “%s”", path);
      return FALSE;
    }

  *is_wim = n == sizeof magic
            && (memcmp (magic, "MSWIM\0\0\0", 8) == 0 || memcmp (magic, "WLPWM\0\0\0", 8) == 0);
  return TRUE;
}

static gboolean
is_likely (KlMediaSource *media, const KlMediaEntry *entry)
{
  g_autofree char *base = g_path_get_basename (entry->path);
  guint8 bytes[WIM_HEADER_SIZE];
  KlWimHeader header;
  gssize n;

  if (g_ascii_strcasecmp (base, "boot.wim") == 0 || g_ascii_strcasecmp (base, "winpe.wim") == 0)
    return TRUE;

  n = kl_media_source_peek (media, entry->path, bytes, sizeof bytes, NULL);
  return n > 0
         && kl_wim_header_parse ((KlBytesView){ bytes, (gsize) n }, entry->size, entry->path,
                                 &header, NULL)
         && header.boot_index > 0;
}

static gboolean
has_wim_suffix (const char *path)
{
  gsize length = strlen (path);

  return length > 4 && g_ascii_strcasecmp (path + length - 4, ".wim") == 0;
}

static const KlMediaEntry *
set_several (KlMediaSource *media, GPtrArray *candidates, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (guint i = 0; i < candidates->len && i < MAX_LISTED; i++)
    g_string_append_printf (list, "%s“%s”", i > 0 ? ", " : "",
                            ((KlMediaEntry *) candidates->pdata[i])->path);
  if (candidates->len > MAX_LISTED)
    g_string_append (list, ", …");

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "“%s” holds %u WIM files that could be meant; give one of them: %s",
               kl_media_source_get_path (media), candidates->len, list->str);
  return NULL;
}

/* \sources\boot.wim where there is one, else the one WIM that looks like a boot image, else the one
 * WIM. */
static const KlMediaEntry *
choose_wim (KlMediaSource *media, GError **error)
{
  GPtrArray *entries = kl_media_source_list (media, error);
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_autoptr (GPtrArray) likely = g_ptr_array_new ();
  const KlMediaEntry *usual;

  if (entries == NULL)
    return NULL;

  usual = kl_media_source_find (media, USUAL_PLACE);
  if (usual != NULL)
    return usual;

  for (guint i = 0; i < entries->len; i++)
    {
      KlMediaEntry *entry = entries->pdata[i];

      if (!has_wim_suffix (entry->path))
        continue;
      g_ptr_array_add (all, entry);
      if (is_likely (media, entry))
        g_ptr_array_add (likely, entry);
    }

  if (all->len == 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
                   "“%s” holds no WIM file: neither %s nor any other *.wim",
                   kl_media_source_get_path (media), USUAL_PLACE);
      return NULL;
    }
  if (likely->len == 1)
    return likely->pdata[0];
  if (all->len == 1)
    return all->pdata[0];
  return set_several (media, likely->len > 1 ? likely : all, error);
}

static KlMediaSource *
open_media (const char *path, gboolean is_folder, GError **error)
{
  g_autoptr (GError) failure = NULL;
  KlMediaSource *media = kl_media_source_open (path, &failure);

  if (media != NULL)
    return media;

  if (!is_folder && g_error_matches (failure, KL_ERROR, KL_ERROR_FORMAT))
    g_prefix_error (&failure, "“%s” is neither a WIM file nor an ISO file: ", path);
  g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}

static gboolean
find_wim (KlImportSource *self, const char *path, GError **error)
{
  const KlMediaEntry *entry;
  gboolean is_wim = FALSE;
  struct stat info;

  if (stat (path, &info) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot open “%s”", path);
      return FALSE;
    }
  if (!S_ISDIR (info.st_mode) && !is_wim_file (path, &is_wim, error))
    return FALSE;

  self->media = is_wim ? kl_file_source_new (path, error)
                       : open_media (path, S_ISDIR (info.st_mode), error);
  if (self->media == NULL)
    return FALSE;

  if (is_wim)
    {
      GPtrArray *entries = kl_media_source_list (self->media, error);

      entry = entries != NULL && entries->len == 1 ? entries->pdata[0] : NULL;
      if (entry == NULL && entries != NULL)
        g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "“%s” cannot be imported", path);
    }
  else
    entry = choose_wim (self->media, error);
  if (entry == NULL)
    return FALSE;

  self->inside = g_strdup (entry->path);
  self->size = entry->size;
  if (is_wim)
    self->file = g_strdup (path);
  else if (S_ISDIR (info.st_mode))
    self->file = g_build_filename (path, entry->path, NULL);
  self->name
      = self->file != NULL ? g_strdup (self->file) : g_strdup_printf ("%s:%s", path, entry->path);
  return is_wim || (self->beside = g_object_ref (self->media)) != NULL;
}

/**
 * kl_import_source_find:
 * @path: a WIM file, a folder or an ISO file laid out like an ADK or Windows medium
 * @boot_files: (nullable): a folder or ISO file that goes before what lies beside the WIM
 * @source: (out caller-allocates): to be cleared, also after an error
 *
 * Errors: KL_ERROR_FORMAT for a file that is neither, KL_ERROR_NOT_FOUND where there is no WIM,
 * KL_ERROR_INVALID_ARGUMENT with a list where there are several, KL_ERROR_* of reading.
 */
gboolean
kl_import_source_find (const char *path,
                       const char *boot_files,
                       KlImportSource *source,
                       GError **error)
{
  *source = (KlImportSource){ 0 };
  if (!find_wim (source, path, error))
    return FALSE;
  if (boot_files == NULL)
    return TRUE;

  g_clear_object (&source->beside);
  source->beside = kl_media_source_open (boot_files, error);
  return source->beside != NULL;
}
