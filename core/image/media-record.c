/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-record"

#include "image/media-record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/file-io.h"
#include "image/image-ini.h"

#define GROUP "Medium"
#define SUFFIX ".ini"
#define NAME_FORMAT "%Y%m%dT%H%M%SZ"
#define MAX_TEXT 4096 /* characters */
#define MAX_WORD 64

KlMediaRecord *
kl_media_record_new (void)
{
  return g_new0 (KlMediaRecord, 1);
}

void
kl_media_record_free (KlMediaRecord *self)
{
  g_clear_pointer (&self->made, g_date_time_unref);
  g_clear_pointer (&self->certificate_end, g_date_time_unref);
  g_free (self->type);
  g_free (self->destination);
  g_free (self->label);
  g_free (self->site_code);
  g_free (self->thumbprint);
  g_free (self);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return -strcmp (*(char *const *) a, *(char *const *) b);
}

/* The newest first: the names begin with the time. */
static GPtrArray *
list_names (const char *folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_ascii_isdigit (name[0]) && g_str_has_suffix (name, SUFFIX))
      g_ptr_array_add (names, g_strdup (name));

  g_ptr_array_sort (names, compare_names);
  return names;
}

static void
forget_oldest (const char *folder)
{
  g_autoptr (GPtrArray) names = list_names (folder);

  for (guint i = KL_MEDIA_RECORDS_MAX; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (folder, names->pdata[i], NULL);

      g_unlink (path);
    }
}

static void
set_time (GKeyFile *file, const char *key, GDateTime *time)
{
  g_autofree char *text = time != NULL ? g_date_time_format_iso8601 (time) : NULL;

  if (text != NULL)
    g_key_file_set_string (file, GROUP, key, text);
}

/**
 * kl_media_record_save:
 * @entry: folder of the catalog entry
 *
 * Adds a record, and forgets the oldest beyond KL_MEDIA_RECORDS_MAX. Blocks; any thread.
 *
 * Errors: those of writing a file.
 */
gboolean
kl_media_record_save (const KlMediaRecord *self, const char *entry, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *folder = g_build_filename (entry, KL_MEDIA_FOLDER, NULL);
  g_autofree char *time = g_date_time_format (self->made, NAME_FORMAT);
  g_autofree char *name = g_strdup_printf ("%s-%.8s" SUFFIX, time, self->thumbprint);

  if (g_mkdir (folder, KL_FOLDER_MODE) != 0 && errno != EEXIST)
    {
      kl_set_error_errno (error, errno, "Making the folder “%s”", folder);
      return FALSE;
    }

  set_time (file, "Made", self->made);
  g_key_file_set_string (file, GROUP, "Type", self->type);
  g_key_file_set_string (file, GROUP, "Destination", self->destination);
  g_key_file_set_string (file, GROUP, "Label", self->label);
  g_key_file_set_uint64 (file, GROUP, "Bytes", self->bytes);
  g_key_file_set_string (file, GROUP, "SiteCode", self->site_code);
  g_key_file_set_string (file, GROUP, "CertificateThumbprint", self->thumbprint);
  set_time (file, "CertificateEnd", self->certificate_end);
  g_key_file_set_boolean (file, GROUP, "PasswordRequired", self->password_required);
  g_key_file_set_boolean (file, GROUP, "Verified", self->verified);
  if (!kl_image_ini_save (file, folder, name, error))
    return FALSE;

  /* By the time of the entry whoever watches the catalog notices. */
  utimensat (AT_FDCWD, entry, NULL, 0);
  forget_oldest (folder);
  kl_atomic_file_sweep (folder);
  return TRUE;
}

static GDateTime *
get_time (GKeyFile *file, const char *key)
{
  g_autofree char *text = kl_image_ini_dup_text (file, GROUP, key, MAX_WORD);
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, NULL);

  return time != NULL ? g_date_time_to_utc (time) : NULL;
}

/* NULL for what is no record, which hides none of the others. */
static KlMediaRecord *
load (const char *folder, const char *name)
{
  g_autoptr (GKeyFile) file = kl_image_ini_load (folder, name, NULL);
  g_autoptr (KlMediaRecord) self = kl_media_record_new ();

  if (file == NULL)
    return NULL;

  self->made = get_time (file, "Made");
  self->type = kl_image_ini_dup_text (file, GROUP, "Type", MAX_WORD);
  self->destination = kl_image_ini_dup_text (file, GROUP, "Destination", MAX_TEXT);
  self->label = kl_image_ini_dup_text (file, GROUP, "Label", MAX_WORD);
  kl_image_ini_get_number (file, GROUP, "Bytes", 10, G_MAXUINT64, &self->bytes);
  self->site_code = kl_image_ini_dup_text (file, GROUP, "SiteCode", MAX_WORD);
  self->thumbprint = kl_image_ini_dup_text (file, GROUP, "CertificateThumbprint", MAX_WORD);
  self->certificate_end = get_time (file, "CertificateEnd");
  self->password_required = g_key_file_get_boolean (file, GROUP, "PasswordRequired", NULL);
  self->verified = g_key_file_get_boolean (file, GROUP, "Verified", NULL);
  return self->made != NULL ? g_steal_pointer (&self) : NULL;
}

/**
 * kl_media_record_list:
 * @entry: folder of the catalog entry
 * @most: how many are read, the newest first
 * @n_all: (out) (optional): how many there are
 *
 * Blocks; any thread.
 *
 * Returns: (transfer full) (element-type KlMediaRecord): the records; those that cannot be read are
 *   left out
 */
GPtrArray *
kl_media_record_list (const char *entry, guint most, guint *n_all)
{
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_media_record_free);
  g_autofree char *folder = g_build_filename (entry, KL_MEDIA_FOLDER, NULL);
  g_autoptr (GPtrArray) names = list_names (folder);

  for (guint i = 0; i < names->len && records->len < most; i++)
    {
      KlMediaRecord *record = load (folder, names->pdata[i]);

      if (record != NULL)
        g_ptr_array_add (records, record);
    }
  if (n_all != NULL)
    *n_all = names->len;
  return records;
}
