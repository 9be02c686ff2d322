/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-image"

#include "creation/media-image.h"

#include "base/error.h"
#include "image/content-folders.h"
#include "prepare/preparer.h"

/* The package that the prestart files are inside the image (media-api.md 4.1). */
#define PRESTART_PACKAGE "SMS10000"

struct _KlMediaImage
{
  KlCatalog *catalog; /* owned */
  char **folders;     /* owned, nullable; where else the WIM may lie */
  KlBootImage *image; /* owned; never with an error */
  char *notice;       /* owned, nullable: the WIM is that of the catalog */
};

/* Takes the WIM of a content folder, or gives @missing back with what was looked through. */
static gboolean
find_elsewhere (KlMediaImage *self,
                KlBootImage *image,
                const GError *missing,
                GCancellable *cancellable,
                GError **error)
{
  const char *const *folders = (const char *const *) self->folders;
  g_autoptr (GError) cancelled = NULL;
  KlBootImage *found = kl_content_folders_find (folders, image, cancellable, &cancelled);

  if (found != NULL)
    {
      self->notice = g_strdup_printf ("The WIM of the boot image comes from “%s”. %s.",
                                      kl_boot_image_get_media_wim (found), missing->message);
      g_clear_object (&self->image);
      self->image = found;
      return TRUE;
    }

  if (cancelled != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&cancelled));
      return FALSE;
    }

  g_propagate_error (error, g_error_copy (missing));
  if (error != NULL && folders != NULL && folders[0] != NULL)
    {
      g_autofree char *list = g_strjoinv ("”, “", self->folders);
      g_autofree char *message = g_steal_pointer (&(*error)->message);

      (*error)->message = g_strdup_printf ("%s. It is not in “%s” either", message, list);
    }
  return FALSE;
}

/**
 * kl_media_image_find:
 * @folders: (nullable): content folders, most preferred first
 *
 * Errors: KL_ERROR_MISSING_PACKAGE with the ID as its detail, where there is no such image or its
 * WIM is nowhere; KL_ERROR_IMAGE_BROKEN; G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full) (nullable): the image
 */
KlMediaImage *
kl_media_image_find (KlCatalog *catalog,
                     const char *id,
                     const char *const *folders,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (KlMediaImage) self = g_new0 (KlMediaImage, 1);
  g_autoptr (KlBootImage) image = kl_catalog_lookup (catalog, id, error);
  const GError *broken;

  if (image == NULL)
    return NULL;

  self->catalog = g_object_ref (catalog);
  self->folders = g_strdupv ((char **) folders);
  broken = kl_boot_image_get_error (image);
  if (broken == NULL)
    self->image = g_steal_pointer (&image);
  else if (!g_error_matches (broken, KL_ERROR, KL_ERROR_MISSING_PACKAGE))
    {
      g_propagate_error (error, g_error_copy (broken));
      return NULL;
    }
  else if (!find_elsewhere (self, image, broken, cancellable, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
kl_media_image_free (KlMediaImage *self)
{
  g_clear_object (&self->catalog);
  g_clear_object (&self->image);
  g_strfreev (self->folders);
  g_free (self->notice);
  g_free (self);
}

static gboolean
check_prestart (KlMediaImage *self, GError **error)
{
  g_autoptr (KlRecipe) recipe = kl_recipe_load (kl_boot_image_get_folder (self->image), error);
  GError *missing;

  if (recipe == NULL)
    return FALSE;
  if (*recipe->prestart_files == '\0' || g_file_test (recipe->prestart_files, G_FILE_TEST_IS_DIR))
    return TRUE;

  missing = g_error_new (KL_ERROR, KL_ERROR_MISSING_PACKAGE,
                         "The folder “%s” with the prestart files of %s is not there",
                         recipe->prestart_files, kl_boot_image_get_id (self->image));
  kl_error_set_detail (missing, PRESTART_PACKAGE);
  g_propagate_error (error, missing);
  return FALSE;
}

/**
 * kl_media_image_needs_preparing:
 * @needed: (out): whether kl_media_image_prepare() has anything to do
 *
 * A WIM from a content folder is taken as it is: it was compared with the record of what was
 * prepared.
 *
 * Errors: those of kl_prepare_is_needed(); KL_ERROR_MISSING_PACKAGE with "SMS10000" as its detail,
 * where preparing needs the folder of prestart files and it is not there.
 */
gboolean
kl_media_image_needs_preparing (KlMediaImage *self, gboolean *needed, GError **error)
{
  *needed = FALSE;
  if (self->notice != NULL)
    return TRUE;

  return kl_prepare_is_needed (self->catalog, kl_boot_image_get_id (self->image), needed, error)
         && (!*needed || check_prestart (self, error));
}

/**
 * kl_media_image_prepare:
 *
 * Media get what the recipe asks for, and never what an older one did.
 */
gboolean
kl_media_image_prepare (KlMediaImage *self,
                        KlProgress *progress,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autofree char *id = g_strdup (kl_boot_image_get_id (self->image));
  g_autoptr (KlPreparation) preparation
      = kl_prepare_image (self->catalog, id, progress, cancellable, error);
  KlBootImage *image = preparation != NULL ? kl_catalog_lookup (self->catalog, id, error) : NULL;

  if (image == NULL)
    return FALSE;

  g_object_unref (self->image);
  self->image = image;
  return TRUE;
}

/**
 * kl_media_image_has_stand_ins:
 *
 * Returns: whether another WIM may take the place of one that is not what is recorded: there are
 *   content folders
 */
gboolean
kl_media_image_has_stand_ins (KlMediaImage *self)
{
  return self->folders != NULL && self->folders[0] != NULL;
}

/* One from a content folder has been compared. */
static gboolean
check (KlMediaImage *self, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlBootImage) image = g_object_ref (self->image);
  g_autoptr (GError) differs = NULL;

  if (self->notice != NULL || kl_boot_image_check (image, progress, cancellable, &differs))
    return TRUE;
  if (g_error_matches (differs, KL_ERROR, KL_ERROR_MISSING_PACKAGE))
    return find_elsewhere (self, image, differs, cancellable, error);

  g_propagate_error (error, g_steal_pointer (&differs));
  return FALSE;
}

/**
 * kl_media_image_check:
 * @share: (nullable): with other media of the image, of which one checks it; an image from
 *   elsewhere each has to find for itself
 *
 * Compares the WIM with its record, by reading it.
 *
 * Errors: those of kl_boot_image_check().
 */
gboolean
kl_media_image_check (KlMediaImage *self,
                      KlMediaShare *share,
                      KlProgress *progress,
                      GCancellable *cancellable,
                      GError **error)
{
  GError *problem = NULL;
  KlTurn turn;

  kl_progress_start (progress);
  turn = kl_media_share_begin (share, KL_SHARED_CHECK, progress, cancellable, error);
  if (turn == KL_TURN_FAILED)
    return FALSE;
  if (turn == KL_TURN_MINE)
    {
      check (self, progress, cancellable, &problem);
      kl_media_share_end (share, KL_SHARED_CHECK, self->notice == NULL, cancellable, problem);
    }
  if (problem != NULL)
    {
      g_propagate_error (error, problem);
      return FALSE;
    }

  kl_progress_finish (progress);
  return TRUE;
}

KlBootImage *
kl_media_image_get_image (KlMediaImage *self)
{
  return self->image;
}

/* For the warnings of the medium: where the WIM comes from, if not from the catalog. */
const char *
kl_media_image_get_notice (KlMediaImage *self)
{
  return self->notice;
}
