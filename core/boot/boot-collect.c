/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-boot-collect"

#include "boot/boot-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "boot/boot-content.h"
#include "boot/boot-files-private.h"
#include "boot/boot-search.h"
#include "crypto/pe-file.h"

/* A run of kl_boot_files_collect(). */
typedef struct
{
  KlBootFiles *files;
  const char *folder;       /* where the copies go */
  const char *architecture; /* of the image; NULL where nothing tells */
  char *staging;            /* a folder inside it for what is not accepted yet */
  GHashTable *slots;        /* of strings: role and name of what was found */
  GPtrArray *written;       /* of paths of the copies */
} Collector;

static char *
slot_of (KlBootRole role, const char *name)
{
  g_autofree char *folded = g_ascii_strdown (name, -1);

  return g_strdup_printf ("%d:%s", role, kl_boot_role_is_multiple (role) ? folded : "");
}

static gboolean
has_slot (Collector *self, KlBootRole role, const char *name)
{
  g_autofree char *slot = slot_of (role, name);

  return g_hash_table_contains (self->slots, slot);
}

/* Fonts and languages are not mixed from two places. */
static gboolean
is_served (Collector *self, const KlBootCandidate *candidate)
{
  const KlBootFile *first = kl_boot_files_get (self->files, candidate->role);

  if (has_slot (self, candidate->role, candidate->name))
    return TRUE;
  return kl_boot_role_is_multiple (candidate->role) && first != NULL
         && first->origin != candidate->origin;
}

static char *
dup_file_name (KlBootRole role, const char *name)
{
  switch (role)
    {
    case KL_BOOT_ROLE_BOOTMGR:
      return g_strdup ("bootmgr");
    case KL_BOOT_ROLE_BOOTMGR_MUI:
      return g_strdup_printf ("bootmgr-%s.mui", name);
    case KL_BOOT_ROLE_BOOT_SDI:
      return g_strdup ("boot.sdi");
    case KL_BOOT_ROLE_ETFSBOOT:
      return g_strdup ("etfsboot.com");
    case KL_BOOT_ROLE_BOOTMGFW:
      return g_strdup ("bootmgfw.efi");
    case KL_BOOT_ROLE_BOOTMGFW_2023:
      return g_strdup ("bootmgfw-2023.efi");
    case KL_BOOT_ROLE_BOOT_STL:
      return g_strdup ("boot.stl");
    case KL_BOOT_ROLE_FONT:
      return g_strdup_printf ("font-%s", name);
    case KL_BOOT_ROLE_FONT_2023:
      return g_strdup_printf ("font-2023-%s", name);
    case KL_BOOT_ROLE_BOOTRES:
      return g_strdup ("bootres.dll");
    case KL_BOOT_ROLE_EFISYS:
    default:
      return g_strdup ("efisys.bin");
    }
}

static gboolean
is_loader (KlBootRole role)
{
  return role == KL_BOOT_ROLE_BOOTMGFW || role == KL_BOOT_ROLE_BOOTMGFW_2023;
}

/* The signature decides which of the two loaders a file is; an unsigned one is what its place says.
 * Returns FALSE with @why where it is neither. */
static gboolean
decide_loader (Collector *self,
               const KlBootCandidate *candidate,
               const KlBootContent *content,
               KlBootRole *role,
               char **why)
{
  const char *architecture = kl_pe_machine_to_architecture (content->machine);
  gboolean is_2023 = g_strcmp0 (content->signer, KL_BOOT_SIGNER_2023) == 0;

  if (self->architecture != NULL && g_strcmp0 (architecture, self->architecture) != 0)
    {
      *why = g_strdup_printf ("%s is for %s, and the image is for %s.", candidate->found_at,
                              architecture, self->architecture);
      return FALSE;
    }
  if (candidate->role == KL_BOOT_ROLE_BOOTMGFW_2023 && content->signer != NULL && !is_2023)
    {
      *why = g_strdup_printf ("%s is signed by “%s” and not by “%s”.", candidate->found_at,
                              content->signer, KL_BOOT_SIGNER_2023);
      return FALSE;
    }

  *role = is_2023 ? KL_BOOT_ROLE_BOOTMGFW_2023 : candidate->role;
  return TRUE;
}

/* Flushes the staged file and moves it to its name in the folder. */
static gboolean
place_file (const char *staged, const char *path, GError **error)
{
  g_autofd int fd = open (staged, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

  if (fd < 0 || fsync (fd) != 0 || rename (staged, path) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot write “%s”", path);
      return FALSE;
    }

  return TRUE;
}

static gboolean
keep (Collector *self,
      const KlBootCandidate *candidate,
      KlBootRole role,
      GBytes *bytes,
      KlBootContent *content,
      const char *staged,
      GError **error)
{
  g_autoptr (KlBootFile) file = g_new0 (KlBootFile, 1);
  g_autofree char *file_name = dup_file_name (role, candidate->name);
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);

  file->role = role;
  file->origin = candidate->origin;
  file->found_at = g_strdup (candidate->found_at);
  file->name = g_strdup (candidate->name);
  file->path = g_build_filename (self->folder, file_name, NULL);
  file->size = size;
  file->crc32c = kl_crc32c_update (0, data, size);
  file->sha256 = kl_sha256_data (data, size);
  file->machine = content->machine;
  file->signer = g_steal_pointer (&content->signer);
  if (!place_file (staged, file->path, error))
    return FALSE;

  g_ptr_array_add (self->written, g_strdup (file->path));
  g_hash_table_add (self->slots, slot_of (role, candidate->name));
  kl_boot_files_take (self->files, g_steal_pointer (&file));
  return TRUE;
}

/* Looks into a staged copy; keeps it, or remembers why not. */
static gboolean
judge (Collector *self, const KlBootCandidate *candidate, const char *staged, GError **error)
{
  g_auto (KlBootContent) content = { 0 };
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) unfit = NULL;
  g_autofree char *why = NULL;
  KlBootRole role = candidate->role;
  char *data;
  gsize size;

  if (!g_file_get_contents (staged, &data, &size, error))
    {
      kl_translate_io_error (error, "Cannot read “%s”", candidate->found_at);
      return FALSE;
    }

  bytes = g_bytes_new_take (data, size);
  if (!kl_boot_content_check (candidate->role, bytes, candidate->found_at, &content, &unfit))
    {
      kl_boot_files_add_rejected (self->files, candidate->role, unfit->message);
      return TRUE;
    }
  if (is_loader (candidate->role) && !decide_loader (self, candidate, &content, &role, &why))
    {
      kl_boot_files_add_rejected (self->files, candidate->role, why);
      return TRUE;
    }

  if (has_slot (self, role, candidate->name))
    return TRUE;
  return keep (self, candidate, role, bytes, &content, staged, error);
}

static gboolean
is_too_large (Collector *self, const KlBootCandidate *candidate)
{
  guint64 limit = kl_boot_content_get_limit (candidate->role);
  g_autofree char *why = NULL;

  if (candidate->size <= limit)
    return FALSE;

  why = g_strdup_printf ("%s has %" G_GUINT64_FORMAT
                         " bytes, and such a file has at most %" G_GUINT64_FORMAT ".",
                         candidate->found_at, candidate->size, limit);
  kl_boot_files_add_rejected (self->files, candidate->role, why);
  return TRUE;
}

/* All candidates come out in one pass; there are few, and looking is quick. */
static gboolean
collect_from_image (Collector *self,
                    KlWim *wim,
                    guint index,
                    KlProgress *progress,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (GPtrArray) candidates = kl_boot_search_image (wim, index, error);
  g_autoptr (GPtrArray) looked_at = g_ptr_array_new ();
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func (g_free);

  if (candidates == NULL)
    return FALSE;

  for (guint i = 0; i < candidates->len; i++)
    {
      KlBootCandidate *candidate = g_ptr_array_index (candidates, i);

      if (is_too_large (self, candidate))
        continue;
      g_ptr_array_add (looked_at, candidate);
      g_ptr_array_add (paths, candidate->found_at);
      g_ptr_array_add (targets, g_strdup_printf ("%s/%u", self->staging, i));
    }
  g_ptr_array_add (paths, NULL);
  g_ptr_array_add (targets, NULL);

  if (!kl_wim_extract_files (wim, index, (const char *const *) paths->pdata,
                             (const char *const *) targets->pdata, progress, cancellable, error))
    return FALSE;

  for (guint i = 0; i < looked_at->len; i++)
    {
      KlBootCandidate *candidate = g_ptr_array_index (looked_at, i);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (!is_served (self, candidate)
          && !judge (self, candidate, g_ptr_array_index (targets, i), error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
stage_from_beside (KlMediaSource *beside,
                   const KlBootCandidate *candidate,
                   const char *staged,
                   KlProgress *progress,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autofd int fd = open (staged, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, KL_FILE_MODE);

  if (fd < 0)
    {
      kl_set_error_errno (error, errno, "Cannot write “%s”", staged);
      return FALSE;
    }

  return kl_media_source_copy (beside, candidate->found_at, fd, staged, NULL, NULL, progress,
                               cancellable, error);
}

static gboolean
collect_from_beside (Collector *self,
                     KlMediaSource *beside,
                     KlProgress *progress,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (GPtrArray) candidates = kl_boot_search_beside (beside, self->architecture, error);
  g_autofree char *staged = g_build_filename (self->staging, "beside", NULL);

  if (candidates == NULL)
    return FALSE;

  for (guint i = 0; i < candidates->len; i++)
    {
      const KlBootCandidate *candidate = g_ptr_array_index (candidates, i);

      if (is_served (self, candidate) || is_too_large (self, candidate))
        continue;
      if (!stage_from_beside (beside, candidate, staged, progress, cancellable, error)
          || !judge (self, candidate, staged, error))
        return FALSE;
    }

  return TRUE;
}

/* media-formats.md 7.2: the copy in Boot comes first; paths in BCD stores are lower case. */
static gboolean
find_winload (KlWim *wim, guint index, const char *base, char **path, GError **error)
{
  static const char *const folders[] = { "\\windows\\system32\\boot", "\\windows\\system32" };

  *path = NULL;
  for (guint i = 0; *path == NULL && i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *candidate = g_strdup_printf ("%s\\%s", folders[i], base);
      guint64 size = 0;
      gboolean exists;

      if (!kl_wim_find_file (wim, index, candidate, &exists, &size, error))
        return FALSE;
      if (exists && size > 0)
        *path = g_steal_pointer (&candidate);
    }

  return TRUE;
}

static gboolean
note_winload (Collector *self, KlWim *wim, guint index, GError **error)
{
  g_autofree char *exe = NULL;
  g_autofree char *efi = NULL;

  if (!find_winload (wim, index, "winload.exe", &exe, error)
      || !find_winload (wim, index, "winload.efi", &efi, error))
    return FALSE;

  kl_boot_files_set_winload (self->files, exe, efi);
  return TRUE;
}

static void
collector_clear (Collector *self, gboolean failed)
{
  kl_remove_tree (self->staging, NULL);
  for (guint i = 0; failed && i < self->written->len; i++)
    g_unlink (g_ptr_array_index (self->written, i));
  g_clear_pointer (&self->staging, g_free);
  g_clear_pointer (&self->slots, g_hash_table_unref);
  g_clear_pointer (&self->written, g_ptr_array_unref);
  g_clear_object (&self->files);
}

static gboolean
collect_all (Collector *self,
             KlWim *wim,
             guint index,
             KlMediaSource *beside,
             KlProgress *progress,
             GCancellable *cancellable,
             GError **error)
{
  KlProgress *image_step = kl_progress_add_step (progress, 3, NULL);
  KlProgress *beside_step = kl_progress_add_step (progress, 1, NULL);

  if (!note_winload (self, wim, index, error)
      || !collect_from_image (self, wim, index, image_step, cancellable, error))
    return FALSE;
  kl_progress_finish (image_step);

  if (beside != NULL && !collect_from_beside (self, beside, beside_step, cancellable, error))
    return FALSE;
  kl_progress_finish (beside_step);

  return kl_boot_files_save (self->files, error);
}

/**
 * kl_boot_files_collect:
 * @index: the image in @wim
 * @beside: (nullable): a folder or disc that may hold what the image lacks
 * @target_folder: an existing folder for the copies and boot-files.ini
 *
 * Finds the boot files of an image (media-formats.md 5): in its \Windows\Boot, then its \sms, then
 * in @beside. A name selects a candidate, and what is in the file decides; what was turned down is
 * remembered for the reasons. Missing files are no error here, see kl_boot_files_check_any().
 *
 * Errors: KL_ERROR_WIM_DAMAGED, KL_ERROR_* of reading and writing, G_IO_ERROR_CANCELLED; nothing of
 * the run remains in @target_folder then. Blocks; the thread that uses @wim and @beside.
 *
 * Returns: (transfer full) (nullable): the boot files
 */
KlBootFiles *
kl_boot_files_collect (KlWim *wim,
                       guint index,
                       KlMediaSource *beside,
                       const char *target_folder,
                       KlProgress *progress,
                       GCancellable *cancellable,
                       GError **error)
{
  Collector self = { .folder = target_folder };
  g_autofree char *architecture = g_strdup (kl_wim_get_image (wim, index)->architecture);
  KlBootFiles *files = NULL;
  gboolean ok;

  if (architecture == NULL)
    {
      g_autoptr (GError) unreadable = NULL;

      architecture = kl_wim_detect_architecture (wim, index, &unreadable);
      if (unreadable != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&unreadable));
          return NULL;
        }
    }

  self.staging = g_build_filename (target_folder, ".boot-XXXXXX", NULL);
  if (g_mkdtemp (self.staging) == NULL)
    {
      kl_set_error_errno (error, errno, "Cannot write into the folder “%s”", target_folder);
      g_free (self.staging);
      return NULL;
    }

  self.architecture = architecture;
  self.files = kl_boot_files_new (target_folder, architecture);
  self.slots = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self.written = g_ptr_array_new_with_free_func (g_free);
  ok = collect_all (&self, wim, index, beside, progress, cancellable, error);
  if (ok)
    files = g_object_ref (self.files);
  collector_clear (&self, !ok);
  return files;
}
