/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-boot-image"

#include "image/boot-image.h"

#include <sys/stat.h>

#include "base/error.h"
#include "base/file-io.h"
#include "image/boot-image-check.h"
#include "image/image-ini.h"
#include "image/injection-status.h"
#include "wim/wim-header.h"

/* Where values from a record are cut; characters. */
#define MAX_WORD 64
#define MAX_SENTENCE 1024
#define MAX_PATH_TEXT 4096

struct _KlBootImage
{
  GObject parent_instance;

  char *id;
  char *folder;
  char *name;
  char *description;
  char *version;
  char *os_version;
  char *architecture;
  char *language;
  char *context_id;
  char *source_path;
  guint source_index;
  GDateTime *imported; /* UTC, or NULL */
  KlImageState state;
  KlInjectionStatus *injection; /* NULL for a broken entry */
  GError *error;                /* or NULL */

  char *media_wim; /* path */
  guint64 size;    /* of the media WIM as recorded; bytes */
  guint32 crc32c;
  char *sha256;

  gboolean bios_optical;
  gboolean bios;
  gboolean uefi;
  char *bios_optical_reason; /* "" where it can */
  char *bios_reason;
  char *uefi_reason;
  char *uefi_architecture; /* or NULL */
  char *signer;            /* or NULL */
  gboolean has_2011;
  gboolean has_2023;
  KlBootManager boot_manager;

  GPtrArray *media; /* of KlMediaRecord: the last one, or none */
  guint n_media;
};

G_DEFINE_FINAL_TYPE (KlBootImage, kl_boot_image, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_ID,
  PROP_NAME,
  PROP_DESCRIPTION,
  PROP_VERSION,
  PROP_ARCHITECTURE,
  PROP_SIZE,
  PROP_STATE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

static void
kl_boot_image_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  KlBootImage *self = KL_BOOT_IMAGE (object);

  switch (prop_id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_DESCRIPTION:
      g_value_set_string (value, self->description);
      break;
    case PROP_VERSION:
      g_value_set_string (value, self->version);
      break;
    case PROP_ARCHITECTURE:
      g_value_set_string (value, self->architecture);
      break;
    case PROP_SIZE:
      g_value_set_uint64 (value, self->size);
      break;
    case PROP_STATE:
      g_value_set_int (value, (int) self->state);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
kl_boot_image_finalize (GObject *object)
{
  KlBootImage *self = KL_BOOT_IMAGE (object);
  char *const texts[] = { self->id,          self->folder,           self->name,
                          self->description, self->version,          self->os_version,
                          self->language,    self->architecture,     self->context_id,
                          self->source_path, self->media_wim,        self->sha256,
                          self->bios_reason, self->uefi_reason,      self->bios_optical_reason,
                          self->signer,      self->uefi_architecture };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  g_clear_pointer (&self->imported, g_date_time_unref);
  g_clear_pointer (&self->injection, kl_injection_status_free);
  g_clear_error (&self->error);
  g_clear_pointer (&self->media, g_ptr_array_unref);

  G_OBJECT_CLASS (kl_boot_image_parent_class)->finalize (object);
}

static void
kl_boot_image_class_init (KlBootImageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = kl_boot_image_get_property;
  object_class->finalize = kl_boot_image_finalize;

  props[PROP_ID] = g_param_spec_string ("id", NULL, NULL, "", flags);
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, "", flags);
  props[PROP_DESCRIPTION] = g_param_spec_string ("description", NULL, NULL, "", flags);
  props[PROP_VERSION] = g_param_spec_string ("version", NULL, NULL, "", flags);
  props[PROP_ARCHITECTURE] = g_param_spec_string ("architecture", NULL, NULL, "", flags);
  props[PROP_SIZE] = g_param_spec_uint64 ("size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  /* A KlImageState; the enumeration has no GType. */
  props[PROP_STATE] = g_param_spec_int ("state", NULL, NULL, KL_IMAGE_STATE_COMPLETE,
                                        KL_IMAGE_STATE_STALE, KL_IMAGE_STATE_NO_STATUS, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
kl_boot_image_init (KlBootImage *self)
{
  self->state = KL_IMAGE_STATE_NO_STATUS;
}

/**
 * kl_image_state_to_string:
 *
 * Returns: the word that interface.md 2 gives for @state
 */
const char *
kl_image_state_to_string (KlImageState state)
{
  static const char *const words[] = {
    [KL_IMAGE_STATE_COMPLETE] = "complete", [KL_IMAGE_STATE_IN_PROGRESS] = "in-progress",
    [KL_IMAGE_STATE_ERROR] = "error",       [KL_IMAGE_STATE_NO_STATUS] = "no-status",
    [KL_IMAGE_STATE_STALE] = "stale",
  };

  g_return_val_if_fail ((guint) state < G_N_ELEMENTS (words), "error");
  return words[state];
}

static char *
dup_or_null (KlImageRecord *record, const char *group, const char *key)
{
  g_autofree char *text = kl_image_record_dup_text (record, group, key, MAX_WORD);

  return *text != '\0' ? g_steal_pointer (&text) : NULL;
}

static void
read_image (KlBootImage *self, KlImageRecord *record)
{
  g_autofree char *manager
      = kl_image_record_dup_text (record, KL_INI_IMAGE, KL_INI_BOOT_MANAGER, 8);

  self->name = kl_image_record_dup_text (record, KL_INI_IMAGE, KL_INI_NAME, KL_NAME_MAX);
  self->description
      = kl_image_record_dup_text (record, KL_INI_IMAGE, KL_INI_DESCRIPTION, MAX_SENTENCE);
  self->version = kl_image_record_dup_text (record, KL_INI_IMAGE, KL_INI_VERSION, KL_NAME_MAX);
  self->os_version = kl_image_record_dup_text (record, KL_INI_IMAGE, KL_INI_OS_VERSION, MAX_WORD);
  self->architecture
      = kl_image_record_dup_text (record, KL_INI_IMAGE, KL_INI_ARCHITECTURE, MAX_WORD);
  self->language = kl_image_record_dup_text (record, KL_INI_IMAGE, KL_INI_LANGUAGE, MAX_WORD);
  self->context_id = kl_image_record_dup_text (record, KL_INI_IMAGE, KL_INI_CONTEXT_ID, MAX_WORD);
  self->boot_manager = strcmp (manager, "2011") == 0   ? KL_BOOT_MANAGER_2011
                       : strcmp (manager, "2023") == 0 ? KL_BOOT_MANAGER_2023
                                                       : KL_BOOT_MANAGER_DEFAULT;
}

static void
read_source (KlBootImage *self, KlImageRecord *record)
{
  g_autofree char *imported
      = kl_image_record_dup_text (record, KL_INI_SOURCE, KL_INI_IMPORTED, MAX_WORD);
  guint64 index = 0;

  self->source_path = kl_image_record_dup_text (record, KL_INI_SOURCE, KL_INI_PATH, MAX_PATH_TEXT);
  kl_image_record_get_number (record, KL_INI_SOURCE, KL_INI_INDEX, 10, G_MAXUINT16, &index);
  self->source_index = (guint) index;
  self->imported = g_date_time_new_from_iso8601 (imported, NULL);
}

static gboolean
is_sha256 (const char *text)
{
  return strlen (text) == 64 && strspn (text, "0123456789abcdef") == 64;
}

/* Whether the boot.wim that was to come is there already: only asked between the two renames that
 * put it there, or when a process was killed in between. */
static gboolean
has_next_wim (KlBootImage *self, KlImageRecord *record)
{
  g_autofree char *path = g_build_filename (self->folder, KL_BOOT_WIM_FILE, NULL);
  g_autofree char *recorded
      = kl_image_record_dup_text (record, KL_INI_BOOT_WIM_NEXT, KL_INI_IDENTIFIER, MAX_WORD);
  g_autofree char *there = kl_wim_header_dup_identifier (path, NULL);

  return there != NULL && strcmp (there, recorded) == 0;
}

/* Size and sums of the WIM that media get. */
static gboolean
read_media_wim (KlBootImage *self, KlImageRecord *record, GError **error)
{
  gboolean next
      = kl_image_record_has_group (record, KL_INI_BOOT_WIM_NEXT) && has_next_wim (self, record);
  gboolean prepared = next || kl_image_record_has_group (record, KL_INI_BOOT_WIM);
  const char *group = next ? KL_INI_BOOT_WIM_NEXT : prepared ? KL_INI_BOOT_WIM : KL_INI_SOURCE;
  const char *wrong = NULL;
  guint64 crc = 0;

  self->media_wim
      = g_build_filename (self->folder, prepared ? KL_BOOT_WIM_FILE : KL_SOURCE_WIM_FILE, NULL);
  self->sha256 = kl_image_record_dup_text (record, group, KL_INI_SHA256, MAX_WORD);

  if (!kl_image_record_get_number (record, group, KL_INI_SIZE, 10, G_MAXINT64, &self->size))
    wrong = KL_INI_SIZE;
  else if (!kl_image_record_get_number (record, group, KL_INI_CRC32C, 16, G_MAXUINT32, &crc))
    wrong = KL_INI_CRC32C;
  else if (!is_sha256 (self->sha256))
    wrong = KL_INI_SHA256;

  if (wrong != NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_IMAGE_BROKEN,
                   "The record “%s/%s” has no usable value for %s in [%s]", self->folder,
                   KL_INI_IMAGE_FILE, wrong, group);
      return FALSE;
    }

  self->crc32c = (guint32) crc;
  return TRUE;
}

static gboolean
read_ability (KlImageRecord *record, const char *key, char **reason)
{
  g_autofree char *reason_key = g_strconcat (key, KL_INI_REASON, NULL);
  gboolean can = kl_image_record_get_flag (record, KL_INI_BOOT, key);

  *reason = kl_image_record_dup_text (record, KL_INI_BOOT, reason_key, MAX_SENTENCE);
  if (!can && **reason == '\0')
    {
      g_free (*reason);
      *reason = g_strdup ("the catalog entry does not say that it can");
    }
  return can;
}

static void
read_boot (KlBootImage *self, KlImageRecord *record)
{
  g_autofree char *managers
      = kl_image_record_dup_text (record, KL_INI_BOOT, KL_INI_BOOT_MANAGERS, MAX_WORD);
  g_auto (GStrv) parts = g_strsplit (managers, ";", 8);

  self->bios_optical = read_ability (record, KL_INI_BIOS_OPTICAL, &self->bios_optical_reason);
  self->bios = read_ability (record, KL_INI_BIOS, &self->bios_reason);
  self->uefi = read_ability (record, KL_INI_UEFI, &self->uefi_reason);
  self->uefi_architecture = dup_or_null (record, KL_INI_BOOT, KL_INI_UEFI_ARCHITECTURE);
  self->signer = dup_or_null (record, KL_INI_BOOT, KL_INI_SIGNER);
  self->has_2011 = g_strv_contains ((const char *const *) parts, "2011");
  self->has_2023 = g_strv_contains ((const char *const *) parts, "2023");
}

/* A source that is not what was recorded makes the prepared WIM stale too. */
static gboolean
source_has_size (KlBootImage *self, KlImageRecord *record)
{
  g_autofree char *path = g_build_filename (self->folder, KL_SOURCE_WIM_FILE, NULL);
  guint64 size;
  struct stat info;

  return !kl_image_record_get_number (record, KL_INI_SOURCE, KL_INI_SIZE, 10, G_MAXINT64, &size)
         || stat (path, &info) != 0 || (guint64) info.st_size == size;
}

static KlImageState
find_prepared_state (KlBootImage *self, KlImageRecord *record)
{
  g_autofree char *stamp = kl_image_record_dup_recipe_stamp (record);
  g_autofree char *recorded
      = kl_image_record_dup_text (record, KL_INI_PREPARATION, KL_INI_RECIPE_STAMP, MAX_WORD);

  return strcmp (stamp, recorded) == 0 && source_has_size (self, record) ? KL_IMAGE_STATE_COMPLETE
                                                                         : KL_IMAGE_STATE_STALE;
}

/* A status of another context is none (media-api.md 4.2). A forgotten one takes nothing from the
 * WIM that was prepared. */
static void
read_status (KlBootImage *self, KlImageRecord *record, const KlEntryFiles *seen)
{
  KlInjectionStatus *status = seen == NULL || seen->status ? kl_injection_status_load (self->folder)
                                                           : kl_injection_status_new ("");
  gboolean current = strcmp (status->context_id, self->context_id) == 0
                     || (status->state == KL_INJECTION_ERROR && *status->context_id == '\0');

  self->injection = status;

  if (current && status->state == KL_INJECTION_IN_PROGRESS)
    self->state = KL_IMAGE_STATE_IN_PROGRESS;
  else if (current && status->state == KL_INJECTION_ERROR)
    self->state = KL_IMAGE_STATE_ERROR;
  else if (kl_image_record_has_group (record, KL_INI_PREPARATION))
    self->state = find_prepared_state (self, record);
  else if (current && status->state == KL_INJECTION_COMPLETE)
    self->state = KL_IMAGE_STATE_COMPLETE;
}

static KlBootImage *
new_for_folder (const char *folder)
{
  KlBootImage *self = g_object_new (KL_TYPE_BOOT_IMAGE, NULL);

  self->folder = g_canonicalize_filename (folder, NULL);
  self->id = g_path_get_basename (self->folder);
  return self;
}

static KlBootImage *
load_entry (const char *folder, const char *media_wim, const KlEntryFiles *seen, GError **error)
{
  g_autoptr (KlBootImage) self = new_for_folder (folder);
  g_autoptr (GError) failure = NULL;
  g_autoptr (KlImageRecord) record = kl_image_record_load (self->folder, &failure);

  if (record == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_IMAGE_BROKEN, "The catalog entry “%s” is broken: %s",
                   self->folder, failure->message);
      return NULL;
    }

  read_image (self, record);
  read_source (self, record);
  if (!read_media_wim (self, record, error))
    return NULL;
  if (media_wim != NULL)
    {
      g_free (self->media_wim);
      self->media_wim = g_strdup (media_wim);
    }
  read_boot (self, record);
  read_status (self, record, seen);
  self->media = seen == NULL || seen->media ? kl_media_record_list (self->folder, 1, &self->n_media)
                                            : g_ptr_array_new ();
  if (!kl_boot_image_check_size (self, seen, &self->error))
    self->state = KL_IMAGE_STATE_ERROR;

  return g_steal_pointer (&self);
}

/**
 * kl_boot_image_load:
 * @folder: a catalog entry
 *
 * Reads the records; the WIM is looked at from outside only. An entry whose WIM is gone or has
 * another size is an image all the same, with the state %KL_IMAGE_STATE_ERROR and
 * kl_boot_image_get_error() saying so.
 *
 * Errors: KL_ERROR_IMAGE_BROKEN where the record is absent, unreadable or not a record.
 *
 * Returns: (transfer full): the image
 */
KlBootImage *
kl_boot_image_load (const char *folder, GError **error)
{
  return load_entry (folder, NULL, NULL, error);
}

/* As kl_boot_image_load(), which looks itself; @seen: what the caller saw right before. */
KlBootImage *
kl_boot_image_load_seen (const char *folder, const KlEntryFiles *seen, GError **error)
{
  return load_entry (folder, NULL, seen, error);
}

/**
 * kl_boot_image_load_with_wim:
 * @media_wim: another place of the WIM that media get; the record stays what it is compared with
 *
 * As kl_boot_image_load().
 */
KlBootImage *
kl_boot_image_load_with_wim (const char *folder, const char *media_wim, GError **error)
{
  return load_entry (folder, media_wim, NULL, error);
}

/**
 * kl_boot_image_new_broken:
 * @folder: a catalog entry
 * @error: (transfer full): why it cannot be used
 *
 * Returns: (transfer full): an image that has an ID and an error, and nothing else
 */
KlBootImage *
kl_boot_image_new_broken (const char *folder, GError *error)
{
  KlBootImage *self = new_for_folder (folder);
  char **const texts[] = { &self->name,       &self->description,  &self->version,
                           &self->os_version, &self->architecture, &self->language,
                           &self->context_id, &self->source_path,  &self->sha256 };
  char **const reasons[] = { &self->bios_optical_reason, &self->bios_reason, &self->uefi_reason };

  g_return_val_if_fail (error != NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    *texts[i] = g_strdup ("");
  for (gsize i = 0; i < G_N_ELEMENTS (reasons); i++)
    *reasons[i] = g_strdup ("the catalog entry is broken");
  self->media_wim = g_build_filename (self->folder, KL_SOURCE_WIM_FILE, NULL);
  self->state = KL_IMAGE_STATE_ERROR;
  self->error = error;
  return self;
}

const char *
kl_boot_image_get_id (KlBootImage *self)
{
  return self->id;
}

const char *
kl_boot_image_get_folder (KlBootImage *self)
{
  return self->folder;
}

const char *
kl_boot_image_get_name (KlBootImage *self)
{
  return self->name;
}

const char *
kl_boot_image_get_description (KlBootImage *self)
{
  return self->description;
}

const char *
kl_boot_image_get_version (KlBootImage *self)
{
  return self->version;
}

const char *
kl_boot_image_get_os_version (KlBootImage *self)
{
  return self->os_version;
}

const char *
kl_boot_image_get_architecture (KlBootImage *self)
{
  return self->architecture;
}

const char *
kl_boot_image_get_language (KlBootImage *self)
{
  return self->language;
}

const char *
kl_boot_image_get_source_path (KlBootImage *self)
{
  return self->source_path;
}

guint
kl_boot_image_get_source_index (KlBootImage *self)
{
  return self->source_index;
}

GDateTime *
kl_boot_image_get_imported (KlBootImage *self)
{
  return self->imported;
}

KlImageState
kl_boot_image_get_state (KlBootImage *self)
{
  return self->state;
}

/**
 * kl_boot_image_get_injection:
 *
 * Returns: (transfer none) (nullable): the status as it stood when the entry was read, of whatever
 *   context; %NULL for an entry whose record cannot be read
 */
const KlInjectionStatus *
kl_boot_image_get_injection (KlBootImage *self)
{
  g_return_val_if_fail (KL_IS_BOOT_IMAGE (self), NULL);

  return self->injection;
}

const GError *
kl_boot_image_get_error (KlBootImage *self)
{
  return self->error;
}

const char *
kl_boot_image_get_media_wim (KlBootImage *self)
{
  return self->media_wim;
}

guint64
kl_boot_image_get_size (KlBootImage *self)
{
  return self->size;
}

guint32
kl_boot_image_get_crc32c (KlBootImage *self)
{
  return self->crc32c;
}

const char *
kl_boot_image_get_sha256 (KlBootImage *self)
{
  return self->sha256;
}

/**
 * kl_boot_image_can_bios:
 * @optical: for a CD, which needs etfsboot.com besides
 * @reason: (out) (optional): borrowed; why not, "" if it can
 */
gboolean
kl_boot_image_can_bios (KlBootImage *self, gboolean optical, const char **reason)
{
  if (reason != NULL)
    *reason = optical ? self->bios_optical_reason : self->bios_reason;
  return optical ? self->bios_optical : self->bios;
}

/**
 * kl_boot_image_can_uefi:
 * @reason: (out) (optional): borrowed; why not, "" if it can
 */
gboolean
kl_boot_image_can_uefi (KlBootImage *self, const char **reason)
{
  if (reason != NULL)
    *reason = self->uefi_reason;
  return self->uefi;
}

const char *
kl_boot_image_get_uefi_architecture (KlBootImage *self)
{
  return self->uefi_architecture;
}

const char *
kl_boot_image_get_signer (KlBootImage *self)
{
  return self->signer;
}

/**
 * kl_boot_image_has_boot_manager:
 *
 * Whether there is a UEFI boot manager of this kind; for %KL_BOOT_MANAGER_DEFAULT, any.
 */
gboolean
kl_boot_image_has_boot_manager (KlBootImage *self, KlBootManager manager)
{
  switch (manager)
    {
    case KL_BOOT_MANAGER_2011:
      return self->has_2011;
    case KL_BOOT_MANAGER_2023:
      return self->has_2023;
    case KL_BOOT_MANAGER_DEFAULT:
    default:
      return self->has_2011 || self->has_2023;
    }
}

KlBootManager
kl_boot_image_get_boot_manager (KlBootImage *self)
{
  return self->boot_manager;
}

const char *
kl_boot_image_get_context_id (KlBootImage *self)
{
  return self->context_id;
}

const KlMediaRecord *
kl_boot_image_get_last_medium (KlBootImage *self)
{
  return self->media != NULL && self->media->len > 0 ? self->media->pdata[0] : NULL;
}

guint
kl_boot_image_get_n_media (KlBootImage *self)
{
  return self->n_media;
}

/**
 * kl_boot_image_load_boot_files:
 *
 * Errors: KL_ERROR_IMAGE_BROKEN, also where they are gone; KL_ERROR_* of reading.
 *
 * Returns: (transfer full): the boot files of the entry, for making media
 */
KlBootFiles *
kl_boot_image_load_boot_files (KlBootImage *self, GError **error)
{
  g_autofree char *folder = g_build_filename (self->folder, KL_BOOT_FILES_FOLDER, NULL);
  g_autoptr (GError) failure = NULL;
  KlBootFiles *files = kl_boot_files_load (folder, &failure);

  if (files != NULL)
    return files;

  if (g_error_matches (failure, KL_ERROR, KL_ERROR_NOT_FOUND))
    g_set_error (error, KL_ERROR, KL_ERROR_IMAGE_BROKEN,
                 "The catalog entry “%s” has lost its boot files: %s", self->folder,
                 failure->message);
  else
    g_propagate_error (error, g_steal_pointer (&failure));
  return NULL;
}
