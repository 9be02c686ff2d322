/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-preparer"

#include "prepare/preparer.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/file-io.h"
#include "driver/driver-archive.h"
#include "image/catalog-entry.h"
#include "image/image-ini.h"
#include "prepare/content-cache.h"
#include "prepare/default-image.h"
#include "prepare/input-stamp.h"
#include "prepare/prepare-steps.h"
#include "prepare/prepare-write.h"
#include "wim/wim-header.h"

/* In the entry; what a killed preparation leaves, the next one sweeps away. */
#define WORK_PREFIX ".prepare-"

typedef struct
{
  KlCatalog *catalog; /* borrowed */
  const char *id;
  char *folder;
  GHashTable *known_inputs; /* borrowed, nullable; see kl_input_stamp_new() */
  KlEntryLock *lock;
  gboolean has_turn;
  GKeyFile *ini;
  KlRecipe *recipe;
  char *recipe_stamp;
  char *input_stamp;
  gboolean inputs_complete;

  KlInjectionStatus *status;
  KlProgress *steps[KL_INJECTION_MAX_PROGRESS]; /* borrowed from the tree of the caller */
  char *architecture;
  char *work; /* folder, removed in the end */
  char *new_wim;
  KlWim *wim;
  KlKnownSums *known; /* of files; NULL for a preview */
  KlImageTree *tree;
  KlContentCache *cache; /* once the tree is full */
  KlPrepareContext context;
  KlWimSums sums; /* of the new WIM */
} Run;

static void
run_clear (Run *run)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&run->cache, kl_content_cache_free);
  g_clear_pointer (&run->tree, kl_image_tree_free);
  g_clear_pointer (&run->wim, kl_wim_free);
  g_clear_pointer (&run->known, kl_known_sums_free);
  g_clear_pointer (&run->context.drivers, g_ptr_array_unref);
  g_clear_pointer (&run->context.archives, g_ptr_array_unref);
  if (run->work != NULL && !kl_remove_tree (run->work, &error))
    g_message ("A leftover in the catalog stays: %s", error->message);
  g_clear_pointer (&run->work, g_free);
  g_clear_pointer (&run->new_wim, g_free);
  g_clear_pointer (&run->recipe, kl_recipe_free);
  g_clear_pointer (&run->ini, g_key_file_unref);
  g_clear_pointer (&run->status, kl_injection_status_free);
  g_clear_pointer (&run->recipe_stamp, g_free);
  g_clear_pointer (&run->input_stamp, g_free);
  g_clear_pointer (&run->architecture, g_free);
  g_clear_pointer (&run->sums.sha256, g_free);
  g_clear_pointer (&run->folder, g_free);
  /* Last: a status that is no longer in progress stands by now. */
  g_clear_pointer (&run->lock, kl_entry_lock_free);
  if (run->has_turn)
    kl_image_turn_release ();
  run->has_turn = FALSE;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

void
kl_preparation_free (KlPreparation *self)
{
  if (self == NULL)
    return;

  g_free (self->context_id);
  g_strfreev (self->warnings);
  g_free (self);
}

/* image-customisation.md 2; weights are shares of the time that an image of 450 MB with 150 MB of
 * drivers takes. */
static const struct
{
  const char *text;
  double weight;
} step_rows[KL_INJECTION_MAX_PROGRESS] = {
  { "Copying the source image", 5 }, { "Reading the image", 2 },  { "Checking drivers", 3 },
  { "Adding deployment files", 5 },  { "Adding drivers", 5 },     { "Writing start-up files", 1 },
  { "Setting scratch space", 1 },    { "Writing the image", 70 }, { "Updating the catalogue", 1 },
};

static void
set_text (char **place, const char *text)
{
  g_free (*place);
  *place = g_strdup (text);
}

static gboolean
load_record (Run *run, GError **error)
{
  run->ini = kl_image_ini_load (run->folder, KL_INI_IMAGE_FILE, error);
  if (run->ini == NULL)
    return FALSE;

  run->recipe = kl_recipe_new_from_ini (run->ini);
  run->recipe_stamp = kl_image_ini_dup_recipe_stamp (run->ini);
  run->input_stamp
      = kl_input_stamp_new (run->recipe, run->folder, run->known_inputs, &run->inputs_complete);
  run->architecture = kl_image_ini_dup_text (run->ini, KL_INI_IMAGE, KL_INI_ARCHITECTURE, 64);
  return TRUE;
}

static gboolean
stamp_is (Run *run, const char *key, const char *stamp)
{
  g_autofree char *recorded = kl_image_ini_dup_text (run->ini, KL_INI_PREPARATION, key, 64);

  return strcmp (recorded, stamp) == 0;
}

static gboolean
has_prepared_wim (Run *run)
{
  g_autofree char *path = g_build_filename (run->folder, KL_BOOT_WIM_FILE, NULL);
  struct stat info;
  guint64 size;

  return kl_image_ini_get_number (run->ini, KL_INI_BOOT_WIM, KL_INI_SIZE, 10, G_MAXINT64, &size)
         && !g_key_file_has_group (run->ini, KL_INI_BOOT_WIM_NEXT) && stat (path, &info) == 0
         && (guint64) info.st_size == size;
}

static gboolean
is_up_to_date (Run *run)
{
  return stamp_is (run, KL_INI_RECIPE_STAMP, run->recipe_stamp)
         && stamp_is (run, KL_INI_INPUT_STAMP, run->input_stamp) && has_prepared_wim (run);
}

/* A fresh context; the status that goes with it comes first, so that no query finds a context
 * without one. */
static gboolean
save_status (Run *run, GError **error)
{
  return kl_injection_status_save (run->status, run->folder, error);
}

static gboolean
new_context (Run *run, KlInjectionState state, guint progress, GError **error)
{
  g_autofree char *context_id = g_uuid_string_random ();

  g_clear_pointer (&run->status, kl_injection_status_free);
  run->status = kl_injection_status_new (context_id);
  run->status->state = state;
  run->status->progress = progress;
  run->status->max_progress = KL_INJECTION_MAX_PROGRESS;
  set_text (&run->status->progress_text, step_rows[progress - 1].text);
  g_key_file_set_string (run->ini, KL_INI_IMAGE, KL_INI_CONTEXT_ID, context_id);
  return save_status (run, error)
         && kl_image_ini_save (run->ini, run->folder, KL_INI_IMAGE_FILE, error);
}

/* The status of the run that made what is there, or a new one where that was forgotten or a later
 * run failed. */
static gboolean
find_context (Run *run, GError **error)
{
  g_autofree char *context_id
      = kl_image_ini_dup_text (run->ini, KL_INI_IMAGE, KL_INI_CONTEXT_ID, 64);

  run->status = kl_injection_status_load (run->folder);
  if (run->status->state == KL_INJECTION_COMPLETE && *context_id != '\0'
      && strcmp (run->status->context_id, context_id) == 0)
    return TRUE;

  return new_context (run, KL_INJECTION_COMPLETE, KL_INJECTION_MAX_PROGRESS, error);
}

/* Says in the status and in the progress that a step has begun. */
static gboolean
enter_step (Run *run, guint step, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (run->context.cancellable, error))
    return FALSE;

  if (step > 1)
    kl_progress_finish (run->steps[step - 2]);
  run->status->progress = step;
  set_text (&run->status->progress_text, step_rows[step - 1].text);
  if (!save_status (run, error))
    return FALSE;
  kl_progress_start (run->steps[step - 1]);
  return TRUE;
}

static void
sweep (Run *run)
{
  g_autoptr (GDir) dir = g_dir_open (run->folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, WORK_PREFIX))
      {
        g_autofree char *path = g_build_filename (run->folder, name, NULL);

        kl_remove_tree (path, NULL);
      }
}

/* What a process that was killed between the two renames of commit() left open. */
static void
settle_next (Run *run)
{
  g_autofree char *path = g_build_filename (run->folder, KL_BOOT_WIM_FILE, NULL);
  g_autofree char *there = kl_wim_header_dup_identifier (path, NULL);
  g_autofree char *next
      = kl_image_ini_dup_text (run->ini, KL_INI_BOOT_WIM_NEXT, KL_INI_IDENTIFIER, 64);
  static const char *const keys[] = { KL_INI_SIZE, KL_INI_CRC32C, KL_INI_SHA256 };

  if (there != NULL && *next != '\0' && strcmp (there, next) == 0)
    for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
      {
        g_autofree char *value
            = kl_image_ini_dup_text (run->ini, KL_INI_BOOT_WIM_NEXT, keys[i], 64);

        g_key_file_set_string (run->ini, KL_INI_BOOT_WIM, keys[i], value);
      }
  g_key_file_remove_group (run->ini, KL_INI_BOOT_WIM_NEXT, NULL);
}

static gboolean
make_work_folder (Run *run, GError **error)
{
  run->work = g_build_filename (run->folder, WORK_PREFIX "XXXXXX", NULL);
  if (g_mkdtemp (run->work) == NULL)
    {
      kl_set_error_errno (error, errno, "Cannot make a folder in “%s”", run->folder);
      g_clear_pointer (&run->work, g_free);
      return FALSE;
    }

  run->new_wim = g_build_filename (run->work, KL_BOOT_WIM_FILE, NULL);
  return TRUE;
}

static KlKnownSums *
load_known_sums (Run *run)
{
  g_autofree char *path
      = g_build_filename (kl_catalog_get_path (run->catalog), KL_CACHE_FOLDER, "file-sums", NULL);

  return kl_known_sums_load (path);
}

/* Opens the source image for the steps that fill the tree. */
static gboolean
open_source (Run *run, GError **error)
{
  g_autofree char *path = g_build_filename (run->folder, KL_SOURCE_WIM_FILE, NULL);
  guint64 index = 0;

  run->wim = kl_wim_open (path, error);
  if (run->wim == NULL)
    return FALSE;
  if (!kl_image_ini_get_number (run->ini, KL_INI_SOURCE, KL_INI_INDEX, 10,
                                kl_wim_get_n_images (run->wim), &index)
      || index < 1)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_WIM_INDEX,
                   "The record of boot image %s names no image that “%s” holds", run->id, path);
      return FALSE;
    }

  if (run->work != NULL)
    run->known = load_known_sums (run);
  run->tree = kl_image_tree_new (run->wim, (guint) index, run->work, run->known, error);
  if (run->tree == NULL)
    return FALSE;
  run->context.recipe = run->recipe;
  run->context.wim = run->wim;
  run->context.index = (guint) index;
  run->context.architecture = run->architecture;
  run->context.build = kl_image_ini_get_build (run->ini);
  run->context.tree = run->tree;
  run->context.drivers = g_ptr_array_new_with_free_func (g_object_unref);
  run->context.archives = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_driver_archive_free);
  return TRUE;
}

/* Opening the source is the step that has failed, however late it was found out. */
static void
blame_first_step (Run *run)
{
  run->status->progress = 1;
  set_text (&run->status->progress_text, step_rows[0].text);
}

/* Whether the source is what was imported. One that is not explains any failure since. */
static gboolean
compare_source (Run *run, guint64 size, guint32 crc, GError **error)
{
  g_autofree char *path = g_build_filename (run->folder, KL_SOURCE_WIM_FILE, NULL);
  guint64 recorded_size = 0, recorded_crc = 0;

  kl_image_ini_get_number (run->ini, KL_INI_SOURCE, KL_INI_SIZE, 10, G_MAXINT64, &recorded_size);
  kl_image_ini_get_number (run->ini, KL_INI_SOURCE, KL_INI_CRC32C, 16, G_MAXUINT32, &recorded_crc);
  if (size == recorded_size && crc == recorded_crc)
    return TRUE;

  blame_first_step (run);
  g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
               "“%s” has changed since import: it has %" G_GUINT64_FORMAT
               " bytes and CRC-32C %08x; %" G_GUINT64_FORMAT " bytes and %08x are recorded",
               path, size, crc, recorded_size, (guint32) recorded_crc);
  return FALSE;
}

static gboolean
check_source (Run *run, GError **error)
{
  g_autofree char *path = g_build_filename (run->folder, KL_SOURCE_WIM_FILE, NULL);
  GError *failure = NULL;
  guint64 size;
  guint32 crc;

  if (kl_crc32c_file (path, NULL, run->context.cancellable, &size, &crc, &failure))
    return compare_source (run, size, crc, error);

  if (!g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    blame_first_step (run);
  g_propagate_error (error, failure);
  return FALSE;
}

typedef gboolean (*StepFunc) (KlPrepareContext *context, KlProgress *progress, GError **error);

/* Steps 2 … 7. */
static const StepFunc filling_steps[]
    = { kl_prepare_read_image,  kl_prepare_check_drivers, kl_prepare_add_deployment,
        kl_prepare_add_drivers, kl_prepare_add_startup,   kl_prepare_set_registry };

static gboolean
fill_tree (Run *run, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (filling_steps); i++)
    if (!enter_step (run, i + 2, error)
        || !filling_steps[i](&run->context, run->steps[i + 1], error)
        || !kl_image_tree_settle (run->tree, error))
      return FALSE;
  return kl_image_tree_finish (run->tree, error);
}

static gboolean
write_wim (Run *run, GError **error)
{
  g_autofree char *source = g_build_filename (run->folder, KL_SOURCE_WIM_FILE, NULL);
  guint level = run->recipe->smaller ? KL_WIM_LZX_LEVEL_SMALLER : KL_WIM_LZX_LEVEL;
  KlPrepareOutput output = { .wim = run->wim,
                             .index = run->context.index,
                             .source = source,
                             .tree = run->tree,
                             .level = level,
                             .work = run->work,
                             .target = run->new_wim,
                             .sums = &run->sums,
                             .cancellable = run->context.cancellable };

  run->cache = kl_content_cache_new (kl_catalog_get_path (run->catalog), run->work, level);
  output.cache = run->cache;
  return kl_prepare_write (&output, run->steps[7], error);
}

static void
write_record (Run *run, const char *group)
{
  g_autofree char *crc = g_strdup_printf ("%08x", run->sums.crc32c);

  g_key_file_set_uint64 (run->ini, group, KL_INI_SIZE, run->sums.size);
  g_key_file_set_string (run->ini, group, KL_INI_CRC32C, crc);
  g_key_file_set_string (run->ini, group, KL_INI_SHA256, run->sums.sha256);
}

static void
write_preparation (Run *run)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
  guint64 version = 0;

  kl_image_ini_get_number (run->ini, KL_INI_PREPARATION, KL_INI_SOURCE_VERSION, 10, G_MAXUINT32,
                           &version);
  g_key_file_set_uint64 (run->ini, KL_INI_PREPARATION, KL_INI_SOURCE_VERSION, version + 1);
  g_key_file_set_string (run->ini, KL_INI_PREPARATION, KL_INI_RECIPE_STAMP, run->recipe_stamp);
  g_key_file_set_string (run->ini, KL_INI_PREPARATION, KL_INI_INPUT_STAMP, run->input_stamp);
  g_key_file_set_string (run->ini, KL_INI_PREPARATION, KL_INI_PREPARED, time);
}

/* Two files change, and readers must find them in agreement at every moment: first the record tells
 * of both WIM files, then one rename changes them, then the record forgets the old one. */
static gboolean
commit (Run *run, GError **error)
{
  g_autofree char *path = g_build_filename (run->folder, KL_BOOT_WIM_FILE, NULL);
  g_autofree char *identifier = kl_wim_header_dup_identifier (run->new_wim, error);

  if (identifier == NULL)
    return FALSE;

  write_record (run, KL_INI_BOOT_WIM_NEXT);
  g_key_file_set_string (run->ini, KL_INI_BOOT_WIM_NEXT, KL_INI_IDENTIFIER, identifier);
  if (!kl_image_ini_save (run->ini, run->folder, KL_INI_IMAGE_FILE, error))
    return FALSE;
  if (g_rename (run->new_wim, path) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot replace “%s”", path);
      return FALSE;
    }
  if (!kl_sync_directory (run->folder, error))
    return FALSE;

  write_record (run, KL_INI_BOOT_WIM);
  write_preparation (run);
  g_key_file_remove_group (run->ini, KL_INI_BOOT_WIM_NEXT, NULL);
  return kl_image_ini_save (run->ini, run->folder, KL_INI_IMAGE_FILE, error);
}

/* Steps 1 to 8. A source that is copied from is summed up by the way; one that has to be compressed
 * anew is summed up before. */
static gboolean
make_wim (Run *run, GError **error)
{
  gboolean composes;

  if (!open_source (run, error))
    return FALSE;

  composes = kl_wim_can_compose (run->wim);
  return (composes || check_source (run, error)) && fill_tree (run, error)
         && enter_step (run, 8, error) && write_wim (run, error)
         && (!composes
             || compare_source (run, run->sums.source_size, run->sums.source_crc32c, error));
}

static gboolean
run_steps (Run *run, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (!make_work_folder (run, error) || !enter_step (run, 1, error))
    return FALSE;
  if (!make_wim (run, &failure))
    {
      if (g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED) || check_source (run, error))
        g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (!enter_step (run, 9, error) || !commit (run, error))
    return FALSE;

  run->status->state = KL_INJECTION_COMPLETE;
  kl_progress_finish (run->steps[8]);
  return save_status (run, error);
}

/* The file that a failure is about, where the failure does not say. */
static const char *
find_culprit (Run *run)
{
  switch (run->status->progress)
    {
    case 1:
    case 2:
      return KL_SOURCE_WIM_FILE;
    case 4:
      return *run->recipe->binaries != '\0' ? run->recipe->binaries : run->recipe->extra_files;
    case 6:
      return run->recipe->background;
    case 7:
      return "SYSTEM";
    case 8:
    case 9:
      return KL_BOOT_WIM_FILE;
    default:
      return "";
    }
}

/* Records a failure where everybody can see it, and names the step for who called. */
static void
record_failure (Run *run, GError **error, GError *failure)
{
  g_autoptr (GError) unsaved = NULL;
  const char *detail = kl_error_get_detail (failure);
  gboolean cancelled = g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  run->status->state = KL_INJECTION_ERROR;
  run->status->error_code = kl_injection_code_from_error (failure);
  set_text (&run->status->message, failure->message);
  if (!cancelled)
    set_text (&run->status->extended_error_info, detail != NULL ? detail : find_culprit (run));

  /* Space first: on a full disk the status can be saved only then. */
  g_clear_pointer (&run->cache, kl_content_cache_free);
  g_clear_pointer (&run->tree, kl_image_tree_free);
  g_clear_pointer (&run->wim, kl_wim_free);
  kl_remove_tree (run->work, NULL);
  if (!save_status (run, &unsaved))
    g_message ("%s", unsaved->message);

  if (cancelled)
    {
      g_propagate_error (error, failure);
      return;
    }
  g_set_error (error, KL_ERROR, KL_ERROR_INJECTION,
               "Preparing boot image %s failed in step %u of %u (%s), error %d: %s", run->id,
               run->status->progress, run->status->max_progress, run->status->progress_text,
               run->status->error_code, failure->message);
  if (error != NULL)
    kl_error_set_detail (*error, run->status->extended_error_info);
  g_error_free (failure);
}

static KlPreparation *
make_result (Run *run, gboolean changed)
{
  KlPreparation *result = g_new0 (KlPreparation, 1);
  GPtrArray *warnings = run->tree != NULL ? kl_image_tree_get_warnings (run->tree) : NULL;

  result->context_id = g_strdup (run->status->context_id);
  result->changed = changed;
  result->warnings = g_new0 (char *, warnings != NULL ? warnings->len + 1 : 1);
  for (guint i = 0; warnings != NULL && i < warnings->len; i++)
    result->warnings[i] = g_strdup (warnings->pdata[i]);
  return result;
}

static gboolean
start (Run *run, KlProgress *progress, GError **error)
{
  settle_next (run);
  for (guint i = 0; i < KL_INJECTION_MAX_PROGRESS; i++)
    run->steps[i] = kl_progress_add_step (progress, step_rows[i].weight, step_rows[i].text);
  return new_context (run, KL_INJECTION_IN_PROGRESS, 1, error);
}

static KlPreparation *
prepare (Run *run, KlProgress *progress, GError **error)
{
  GError *failure = NULL;

  run->folder = kl_catalog_find_entry (run->catalog, run->id, error);
  run->lock = run->folder != NULL ? kl_entry_lock_new (run->folder, run->id, TRUE, error) : NULL;
  if (run->lock == NULL || !load_record (run, error))
    return NULL;

  sweep (run);
  if (is_up_to_date (run))
    return find_context (run, error) ? make_result (run, FALSE) : NULL;

  if (!kl_image_turn_take (run->context.cancellable, error))
    return NULL;
  run->has_turn = TRUE;
  if (!start (run, progress, error))
    return NULL;
  kl_catalog_wake (run->catalog);
  if (!run_steps (run, &failure))
    {
      if (run->known != NULL && !g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        kl_known_sums_forget (run->known);
      record_failure (run, error, failure);
      return NULL;
    }
  kl_content_cache_store (run->cache, run->id, &run->sums);
  kl_known_sums_save (run->known);
  return make_result (run, TRUE);
}

/**
 * kl_prepare_image:
 * @progress: (nullable): gets the nine steps of a preparation
 *
 * Applies the recipe of a boot image to a fresh export of its source image: the result takes the
 * place of boot.wim by one rename, once it is complete and checked. Until then whatever was there
 * stays in use. Each step is recorded in the entry's status, which any process can read. Where
 * recipe, source and all input are as they were at the last preparation, nothing is done; else it
 * waits for its turn, see kl_image_turn_take().
 *
 * Errors: KL_ERROR_MISSING_PACKAGE (no such image), KL_ERROR_BUSY (somebody else works on it),
 * KL_ERROR_IMAGE_BROKEN, KL_ERROR_* of writing, all before it begins; after that
 * KL_ERROR_INJECTION, with the file in the way as its detail, the code being in the status; and
 * G_IO_ERROR_CANCELLED within a second. Blocks; any thread.
 *
 * Returns: (transfer full): what it came to
 */
KlPreparation *
kl_prepare_image (KlCatalog *catalog,
                  const char *id,
                  KlProgress *progress,
                  GCancellable *cancellable,
                  GError **error)
{
  g_auto (Run) run = { .catalog = catalog, .id = id, .context.cancellable = cancellable };
  KlPreparation *result;

  g_return_val_if_fail (KL_IS_CATALOG (catalog), NULL);

  result = prepare (&run, progress, error);
  if (result == NULL && run.status == NULL)
    kl_catalog_explain (catalog, error);
  run_clear (&run);
  kl_catalog_wake (catalog);
  return result;
}

/* Whether the recipe asks for something that the prepared WIM has not, or has no longer. Where a
 * folder of the recipe is gone for the moment, a WIM that was prepared by it is taken as it is. */
static gboolean
is_needed (Run *run)
{
  gboolean prepared = g_key_file_has_group (run->ini, KL_INI_PREPARATION);
  gboolean usable = is_up_to_date (run)
                    || (!run->inputs_complete && has_prepared_wim (run)
                        && stamp_is (run, KL_INI_RECIPE_STAMP, run->recipe_stamp));

  return (prepared || !kl_recipe_is_empty (run->recipe)) && !usable;
}

/**
 * kl_prepare_is_needed:
 * @needed: (out): whether media of the image must wait for its preparation
 *
 * Where a folder of the recipe is gone for the moment, a WIM that was prepared by this recipe is
 * taken as it is.
 *
 * Errors: KL_ERROR_MISSING_PACKAGE, KL_ERROR_IMAGE_BROKEN. Blocks; any thread.
 */
gboolean
kl_prepare_is_needed (KlCatalog *catalog, const char *id, gboolean *needed, GError **error)
{
  g_auto (Run) run = { .catalog = catalog, .id = id };

  run.folder = kl_catalog_find_entry (catalog, id, error);
  if (run.folder == NULL || !load_record (&run, error))
    return FALSE;

  *needed = is_needed (&run);
  return TRUE;
}

/**
 * kl_prepare_find_state:
 * @known: (nullable): for several images one after the other: a table of strings to strings that is
 *   empty at first, by which a folder that several recipes name is listed once
 *
 * The state of an image, with a look at the files and folders that its recipe names:
 * kl_boot_image_get_state(), which lists have, knows of recipe and source alone, because it is
 * asked once a second for all images, and those folders may be large or on a share.
 *
 * Blocks while folders are listed, where the image is prepared; any thread.
 */
KlImageState
kl_prepare_find_state (KlBootImage *image, GHashTable *known)
{
  g_auto (Run) run = { .id = kl_boot_image_get_id (image), .known_inputs = known };
  KlImageState state = kl_boot_image_get_state (image);

  if (state != KL_IMAGE_STATE_COMPLETE || kl_boot_image_get_error (image) != NULL)
    return state;

  run.folder = g_strdup (kl_boot_image_get_folder (image));
  return load_record (&run, NULL) && is_needed (&run) ? KL_IMAGE_STATE_STALE : state;
}

void
kl_preview_free (KlPreview *self)
{
  if (self == NULL)
    return;

  g_clear_pointer (&self->tree, kl_image_tree_free);
  g_clear_pointer (&self->wim, kl_wim_free);
  g_free (self);
}

/**
 * kl_prepare_preview:
 * @settings: (array length=n_settings) (nullable): changes to the recipe that are not made yet, as
 *   kl_recipe_set() takes them
 *
 * Goes through the steps that fill the image and writes nothing into the catalog: small files that
 * have to be edited for it go into a temporary folder.
 *
 * Errors: those that preparing would fail with, and those of kl_recipe_set() for a value of
 * @settings. Blocks; any thread.
 *
 * Returns: (transfer full): files, registry values and warnings
 */
KlPreview *
kl_prepare_preview (KlCatalog *catalog,
                    const char *id,
                    const KlRecipeSetting *settings,
                    gsize n_settings,
                    GCancellable *cancellable,
                    GError **error)
{
  g_auto (Run) run = { .catalog = catalog, .id = id, .context.cancellable = cancellable };
  KlPreview *preview;

  run.folder = kl_catalog_find_entry (catalog, id, error);
  if (run.folder == NULL || !load_record (&run, error))
    return NULL;
  g_clear_pointer (&run.recipe, kl_recipe_free);
  run.recipe = kl_recipe_load_with (run.folder, settings, n_settings, error);
  if (run.recipe == NULL || !open_source (&run, error))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (filling_steps); i++)
    if (!filling_steps[i](&run.context, NULL, error))
      return NULL;

  preview = g_new0 (KlPreview, 1);
  preview->tree = g_steal_pointer (&run.tree);
  preview->wim = g_steal_pointer (&run.wim);
  return preview;
}
