/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-injection-status"

#include "image/injection-status.h"

#include <errno.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/file-io.h"
#include "image/catalog-entry.h"
#include "image/image-ini.h"

/* Where values are cut; characters. */
#define MAX_WORD 64
#define MAX_TEXT 4096

/**
 * kl_injection_status_new:
 *
 * Returns: (transfer full): no status, all zero and empty
 */
KlInjectionStatus *
kl_injection_status_new (const char *context_id)
{
  KlInjectionStatus *self = g_new0 (KlInjectionStatus, 1);

  self->context_id = g_strdup (context_id);
  self->state = KL_INJECTION_NO_STATUS;
  self->progress_text = g_strdup ("");
  self->extended_error_info = g_strdup ("");
  self->message = g_strdup ("");
  return self;
}

void
kl_injection_status_free (KlInjectionStatus *self)
{
  if (self == NULL)
    return;

  g_free (self->context_id);
  g_free (self->progress_text);
  g_free (self->extended_error_info);
  g_free (self->message);
  g_free (self);
}

static void
take_text (char **place, char *text)
{
  g_free (*place);
  *place = text;
}

static void
set_error (KlInjectionStatus *self, gint32 code, const char *message)
{
  self->state = KL_INJECTION_ERROR;
  self->error_code = code;
  take_text (&self->message, g_strdup (message));
}

static KlInjectionStatus *
read_status (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GKeyFile) ini = kl_image_ini_load (folder, KL_INI_STATUS_FILE, &error);
  g_autoptr (KlInjectionStatus) self = kl_injection_status_new ("");
  guint64 state, progress = 0, max_progress = 0, code = 0;

  if (ini == NULL)
    {
      if (!g_error_matches (error, KL_ERROR, KL_ERROR_NOT_FOUND))
        set_error (self, kl_injection_code_from_error (error), error->message);
      return g_steal_pointer (&self);
    }

  take_text (&self->context_id,
             kl_image_ini_dup_text (ini, KL_INI_STATUS, KL_INI_CONTEXT_ID, MAX_WORD));
  take_text (&self->progress_text,
             kl_image_ini_dup_text (ini, KL_INI_STATUS, KL_INI_PROGRESS_TEXT, MAX_TEXT));
  take_text (&self->extended_error_info,
             kl_image_ini_dup_text (ini, KL_INI_STATUS, KL_INI_EXTENDED_ERROR_INFO, MAX_TEXT));
  take_text (&self->message, kl_image_ini_dup_text (ini, KL_INI_STATUS, KL_INI_MESSAGE, MAX_TEXT));
  kl_image_ini_get_number (ini, KL_INI_STATUS, KL_INI_PROGRESS, 10, G_MAXINT, &progress);
  kl_image_ini_get_number (ini, KL_INI_STATUS, KL_INI_MAX_PROGRESS, 10, G_MAXINT, &max_progress);
  kl_image_ini_get_number (ini, KL_INI_STATUS, KL_INI_ERROR_CODE, 10, G_MAXINT32, &code);
  self->progress = (guint) progress;
  self->max_progress = (guint) max_progress;
  self->error_code = (gint32) code;
  if (kl_image_ini_get_number (ini, KL_INI_STATUS, KL_INI_STATUS, 10, 3, &state))
    self->state = (KlInjectionState) state;
  else
    set_error (self, 13, "The status file has no usable value for Status");
  return g_steal_pointer (&self);
}

/**
 * kl_injection_status_load:
 * @folder: of the catalog entry
 *
 * Reads the status of an entry's current context. A worker holds the entry's lock from beginning to
 * end: where the file says "in progress" and nobody holds the lock, the worker has died, and this
 * says error 1067. Any thread, any process.
 *
 * Returns: (transfer full): the status; %KL_INJECTION_NO_STATUS where there is none
 */
KlInjectionStatus *
kl_injection_status_load (const char *folder)
{
  g_autoptr (KlInjectionStatus) self = read_status (folder);

  if (self->state != KL_INJECTION_IN_PROGRESS || kl_entry_lock_is_held (folder))
    return g_steal_pointer (&self);

  /* It may have ended between the two looks. */
  g_clear_pointer (&self, kl_injection_status_free);
  self = read_status (folder);
  if (self->state == KL_INJECTION_IN_PROGRESS && !kl_entry_lock_is_held (folder))
    set_error (self, KL_INJECTION_CODE_DIED,
               "The process that prepared the image ended before it was done");
  return g_steal_pointer (&self);
}

/**
 * kl_injection_status_save:
 *
 * Replaces the entry's status file atomically. The caller holds the entry's lock.
 */
gboolean
kl_injection_status_save (KlInjectionStatus *self, const char *folder, GError **error)
{
  g_autoptr (GKeyFile) ini = g_key_file_new ();
  g_autofree char *message = g_utf8_make_valid (self->message, -1);
  g_autofree char *info = g_utf8_make_valid (self->extended_error_info, -1);

  g_key_file_set_string (ini, KL_INI_STATUS, KL_INI_CONTEXT_ID, self->context_id);
  g_key_file_set_integer (ini, KL_INI_STATUS, KL_INI_STATUS, (int) self->state);
  g_key_file_set_integer (ini, KL_INI_STATUS, KL_INI_PROGRESS, (int) self->progress);
  g_key_file_set_integer (ini, KL_INI_STATUS, KL_INI_MAX_PROGRESS, (int) self->max_progress);
  g_key_file_set_string (ini, KL_INI_STATUS, KL_INI_PROGRESS_TEXT, self->progress_text);
  g_key_file_set_integer (ini, KL_INI_STATUS, KL_INI_ERROR_CODE, self->error_code);
  g_key_file_set_string (ini, KL_INI_STATUS, KL_INI_EXTENDED_ERROR_INFO, info);
  g_key_file_set_string (ini, KL_INI_STATUS, KL_INI_MESSAGE, message);
  return kl_image_ini_save (ini, folder, KL_INI_STATUS_FILE, error);
}

/* GUIDs are compared without case and braces. */
static char *
dup_bare (const char *context_id)
{
  g_autofree char *bare = g_ascii_strdown (context_id, -1);
  gsize length = strlen (bare);

  if (length > 2 && bare[0] == '{' && bare[length - 1] == '}')
    return g_strndup (bare + 1, length - 2);
  return g_steal_pointer (&bare);
}

/* The folder of the entry whose context it is; NULL without an error where there is none. */
static char *
find_folder (KlCatalog *catalog, const char *context_id, GError **error)
{
  const char *path = kl_catalog_get_path (catalog);
  g_autofree char *wanted = dup_bare (context_id);
  g_autoptr (GError) failure = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &failure);
  const char *name;

  if (dir == NULL)
    {
      if (!g_error_matches (failure, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          kl_translate_io_error (error, "Cannot read the catalog “%s”", path);
        }
      return NULL;
    }

  while (*wanted != '\0' && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folder = g_build_filename (path, name, NULL);
      g_autoptr (KlInjectionStatus) status = NULL;
      g_autofree char *bare = NULL;

      if (!kl_catalog_is_valid_id (name))
        continue;
      status = read_status (folder);
      bare = dup_bare (status->context_id);
      if (strcmp (bare, wanted) == 0)
        return g_steal_pointer (&folder);
    }
  return NULL;
}

/**
 * kl_injection_status_query:
 * @context_id: a GUID, with or without braces
 *
 * QueryOSDBinaryInjectionStatus (media-api.md 4.2): a context that is unknown or deleted has no
 * status, and that is no error.
 *
 * Errors: KL_ERROR_* of reading the catalog folder. Blocks; any thread.
 *
 * Returns: (transfer full): the status
 */
KlInjectionStatus *
kl_injection_status_query (KlCatalog *catalog, const char *context_id, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *folder = find_folder (catalog, context_id, &failure);

  if (failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  return folder != NULL ? kl_injection_status_load (folder) : kl_injection_status_new (context_id);
}

static gboolean
forget_locked (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, KL_INI_STATUS_FILE, NULL);
  g_autoptr (GKeyFile) ini = kl_image_ini_load (folder, KL_INI_IMAGE_FILE, error);

  if (ini == NULL)
    return FALSE;

  g_key_file_set_string (ini, KL_INI_IMAGE, KL_INI_CONTEXT_ID, "");
  if (!kl_image_ini_save (ini, folder, KL_INI_IMAGE_FILE, error))
    return FALSE;
  if (g_unlink (path) == 0 || errno == ENOENT)
    return TRUE;

  kl_set_error_errno (error, errno, "Cannot remove “%s”", path);
  return FALSE;
}

/**
 * kl_injection_status_forget:
 *
 * DeleteContextID: later queries give no status. A context that is unknown already is gone.
 *
 * Errors: KL_ERROR_BUSY while the preparation is going on, KL_ERROR_* of writing. Blocks.
 */
gboolean
kl_injection_status_forget (KlCatalog *catalog, const char *context_id, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autofree char *folder = find_folder (catalog, context_id, &failure);
  g_autofree char *id = folder != NULL ? g_path_get_basename (folder) : NULL;
  g_autoptr (KlEntryLock) lock = NULL;

  if (failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (folder == NULL)
    return TRUE;

  lock = kl_entry_lock_new (folder, id, TRUE, error);
  if (lock == NULL || !forget_locked (folder, error))
    {
      kl_catalog_explain (catalog, error);
      return FALSE;
    }

  kl_catalog_wake (catalog);
  return TRUE;
}

/**
 * kl_injection_code_from_error:
 *
 * Returns: the Win32 code that ErrorCode reports (image-customisation.md 2)
 */
gint32
kl_injection_code_from_error (const GError *error)
{
  static const struct
  {
    int code;
    gint32 win32;
  } rows[] = {
    { KL_ERROR_NOT_FOUND, 2 },     { KL_ERROR_PERMISSION, 5 },
    { KL_ERROR_OUT_OF_MEMORY, 8 }, { KL_ERROR_WRITE_PROTECTED, 19 },
    { KL_ERROR_DEVICE_GONE, 21 },  { KL_ERROR_INVALID_ARGUMENT, 87 },
    { KL_ERROR_NO_SPACE, 112 },    { KL_ERROR_BUSY, 170 },
    { KL_ERROR_IO, 1117 },         { KL_ERROR_FAILED, 31 },
    { KL_ERROR_TIME_ZONE, 87 },
  };

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return KL_INJECTION_CODE_CANCELLED;
  if (error->domain != KL_ERROR)
    return 31;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].code == error->code)
      return rows[i].win32;
  /* All others say that something is not as it should be: ERROR_INVALID_DATA. */
  return 13;
}
