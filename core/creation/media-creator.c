/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-creator"

#include "creation/media-creator.h"

#include <string.h>

#include "access/drive-power.h"
#include "base/error.h"
#include "creation/media-image.h"
#include "creation/media-protection.h"
#include "creation/media-target.h"
#include "image/content-folders.h"
#include "media/media-share.h"
#include "site/connection-options.h"

struct _KlMediaCreator
{
  KlJob parent_instance;

  KlCatalog *catalog;      /* owned */
  KlMediaRequest *request; /* owned; nullable; read by the worker, replaced only while idle */
  KlMediaShare *share;     /* owned; nullable; replaced only while idle */
  KlReadMember *member;    /* owned; of share, while it runs */
  KlMediaResult *result;   /* owned; nullable; set by the worker when it succeeds */
  KlMediaState state;      /* of the target; set by the worker */

  char *provider_name;
  char *site_code;
  KlSecret *connection_options; /* owned, nullable; holds a password */
  char *distribution_points;
  char *media_label; /* used where the request has none */
};

G_DEFINE_FINAL_TYPE (KlMediaCreator, kl_media_creator, KL_TYPE_JOB)

enum
{
  PROP_PROVIDER_NAME = 1,
  PROP_SITE_CODE,
  PROP_CONNECTION_OPTIONS,
  PROP_DISTRIBUTION_POINTS,
  PROP_MEDIA_LABEL,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

typedef struct
{
  KlProgress *prepare, *check, *verify; /* NULL where it is not needed */
  KlProgress *plan, *write, *flush, *commit;
} Steps;

/* Weights are shares of the time that an ISO of half a gigabyte takes on a disk of 0.5 GB/s. What
 * is written counts once it is on the disk, so little is left to flush. */
static Steps
add_steps (KlProgress *progress, gboolean prepare, gboolean check, gboolean verify)
{
  Steps steps = { 0 };

  if (prepare)
    steps.prepare = kl_progress_add_step (progress, 100, "Preparing the boot image");
  if (check)
    steps.check = kl_progress_add_step (progress, 10, "Checking the boot image");
  steps.plan = kl_progress_add_step (progress, 2, "Laying out the medium");
  steps.write = kl_progress_add_step (progress, 65, "Writing files");
  steps.flush = kl_progress_add_step (progress, 5, "Flushing to the disk");
  if (verify)
    steps.verify = kl_progress_add_step (progress, 40, "Reading back");
  steps.commit = kl_progress_add_step (progress, 1, "Finishing");
  return steps;
}

/* Ends a turn that was this medium's; returns whether all went well. */
static gboolean
end_turn (KlMediaCreator *self,
          KlSharedWork work,
          gboolean for_all,
          GCancellable *cancellable,
          GError *problem,
          GError **error)
{
  kl_media_share_end (self->share, work, for_all, cancellable, problem);
  if (problem == NULL)
    return TRUE;

  g_propagate_error (error, problem);
  return FALSE;
}

/* The others come after it, and find that there is nothing left to do. */
static gboolean
prepare_image (KlMediaCreator *self,
               KlMediaImage *image,
               KlProgress *step,
               GCancellable *cancellable,
               GError **error)
{
  GError *problem = NULL;

  kl_progress_start (step);
  if (kl_media_share_begin (self->share, KL_SHARED_PREPARATION, step, cancellable, error)
      == KL_TURN_FAILED)
    return FALSE;
  kl_media_image_prepare (image, step, cancellable, &problem);
  if (!end_turn (self, KL_SHARED_PREPARATION, FALSE, cancellable, problem, error))
    return FALSE;

  kl_progress_finish (step);
  return TRUE;
}

/* One question for permission, however many drives: the others wait for the first one's answer, and
 * a refusal is theirs as well. */
static KlMediaTarget *
open_target (KlMediaCreator *self, GCancellable *cancellable, GError **error)
{
  KlMediaTarget *target;
  GError *problem = NULL;
  KlTurn turn = kl_media_share_begin (self->share, KL_SHARED_PERMISSION, NULL, cancellable, error);

  if (turn == KL_TURN_FAILED)
    {
      if (!g_cancellable_is_cancelled (cancellable))
        g_prefix_error (error, "“%s” was not opened, as permission was refused before: ",
                        kl_media_request_get_destination (self->request));
      return NULL;
    }

  target = kl_media_target_open (self->request, self->catalog, cancellable, &problem);
  if (turn == KL_TURN_MINE)
    end_turn (self, KL_SHARED_PERMISSION, TRUE, cancellable, problem, error);
  else if (problem != NULL)
    g_propagate_error (error, problem);
  return target;
}

/* SiteCode of the documented API: three letters or digits, or nothing. */
static gboolean
check_site_code (const char *code, GError **error)
{
  if (code == NULL || code[0] == '\0'
      || (strlen (code) == 3 && g_ascii_isalnum (code[0]) && g_ascii_isalnum (code[1])
          && g_ascii_isalnum (code[2])))
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "The site code is not three letters or digits");
  return FALSE;
}

/* What comes before the boot image in the documented order (media-api.md 3): arguments, 08, 09,
 * then 01, 02, 06, 07. */
static KlMediaProtection *
check_site (KlMediaCreator *self, GError **error)
{
  g_auto (GStrv) folders = kl_content_folders_parse (self->distribution_points, error);

  if (folders == NULL || !check_site_code (self->site_code, error)
      || !kl_connection_options_check (
          self->connection_options != NULL ? kl_secret_get_text (self->connection_options) : NULL,
          error))
    return NULL;

  return kl_media_protection_new (self->request, self->site_code, error);
}

/* @target: (nullable): judged */
static KlMediaLayout *
make_layout (KlMediaCreator *self,
             KlMediaImage *image,
             const KlLayoutProtection *protection,
             KlMediaTarget *target,
             GError **error)
{
  const char *label = kl_media_request_get_label (self->request);
  KlLayoutOptions options = {
    .type = kl_media_request_get_media_type (self->request),
    .boot_manager = kl_media_request_get_boot_manager (self->request),
    .protection = protection,
    .notice = kl_media_image_get_notice (image),
  };

  if (label == NULL && self->media_label != NULL && self->media_label[0] != '\0')
    label = self->media_label;
  if (label != NULL && !kl_label_check (label, error))
    return NULL;

  options.label = label;
  if (kl_media_request_get_gpt (self->request))
    options.bios_obstacle = "Drives with GPT are made for UEFI only.";
  else if (target != NULL)
    {
      options.bios_obstacle = kl_media_target_get_bios_obstacle (target);
      options.uefi_obstacle = kl_media_target_get_uefi_obstacle (target);
    }
  return kl_media_layout_new (kl_media_image_get_image (image), &options, error);
}

static gboolean
write_and_verify (KlMediaTarget *target,
                  const Steps *steps,
                  GCancellable *cancellable,
                  GError **error)
{
  if (!kl_media_target_write (target, steps->write, steps->flush, cancellable, error))
    return FALSE;

  if (steps->verify != NULL)
    {
      kl_progress_start (steps->verify);
      if (!kl_media_target_verify (target, steps->verify, cancellable, error))
        return FALSE;
      kl_progress_finish (steps->verify);
    }

  kl_progress_start (steps->commit);
  if (g_cancellable_set_error_if_cancelled (cancellable, error)
      || !kl_media_target_commit (target, error))
    return FALSE;
  kl_progress_finish (steps->commit);
  return TRUE;
}

/* Those that the caller of the API set, else those of the site. */
static char **
dup_content_folders (KlMediaCreator *self, KlMediaProtection *protection)
{
  KlSiteProfile *profile = kl_media_protection_get_profile (protection);

  if (self->distribution_points != NULL && self->distribution_points[0] != '\0')
    return kl_content_folders_parse (self->distribution_points, NULL);
  return profile != NULL ? g_strdupv ((char **) kl_site_profile_get_distribution_points (profile))
                         : NULL;
}

static KlMediaImage *
find_image (KlMediaCreator *self,
            KlMediaProtection *protection,
            GCancellable *cancellable,
            GError **error)
{
  g_auto (GStrv) folders = dup_content_folders (self, protection);

  return kl_media_image_find (self->catalog, kl_media_request_get_image_id (self->request),
                              (const char *const *) folders, cancellable, error);
}

/* The medium is complete whatever comes of this, so a failure is a warning. */
static void
power_off (KlMediaCreator *self, GCancellable *cancellable)
{
  KlMediaResult *result = self->result;
  KlDrive *drive = kl_media_request_get_drive (self->request);
  g_autoptr (GError) error = NULL;
  g_autofree char *warning = NULL;

  if (drive == NULL || !kl_media_request_get_power_off (self->request))
    return;
  result->powered_off = kl_drive_power_off (drive, cancellable, &error);
  if (result->powered_off)
    return;

  warning = g_strdup_printf ("The drive was not switched off: %s", error->message);
  kl_media_result_warn (result, warning);
}

static gboolean
is_ready_cb (gpointer user_data)
{
  return kl_media_protection_is_ready (user_data);
}

/* Nobody waits for a key: what is large is written meanwhile into a file that has no name yet. */
static void
write_ahead (KlMediaCreator *self,
             KlMediaImage *image,
             KlMediaProtection *protection,
             KlMediaTarget *target,
             const Steps *steps,
             GCancellable *cancellable)
{
  const char *id = kl_media_request_get_image_id (self->request);
  const KlLayoutProtection *files = kl_media_protection_draft (protection, id);
  g_autoptr (KlMediaLayout) draft
      = files != NULL ? make_layout (self, image, files, target, NULL) : NULL;

  if (draft == NULL)
    return;

  kl_progress_start (steps->plan);
  kl_progress_finish (steps->plan);
  kl_media_target_write_ahead (target, draft, is_ready_cb, protection, steps->write, cancellable);
}

/* Returns: (nullable): the layout, once the certificate is there and the target has room for it */
static KlMediaLayout *
plan (KlMediaCreator *self,
      KlMediaImage *image,
      KlMediaProtection *protection,
      KlMediaTarget *target,
      const Steps *steps,
      GCancellable *cancellable,
      GError **error)
{
  const char *id = kl_media_request_get_image_id (self->request);
  g_autoptr (KlMediaLayout) layout = NULL;

  if (kl_media_request_get_media_type (self->request) == KL_MEDIA_TYPE_CD)
    write_ahead (self, image, protection, target, steps, cancellable);
  if (!kl_media_protection_finish (protection, id, cancellable, error)
      || !kl_media_target_judge (target, cancellable, error))
    return NULL;
  layout = make_layout (self, image, kl_media_protection_get_files (protection), target, error);
  if (layout == NULL || !kl_media_target_plan (target, layout, self->member, cancellable, error))
    return NULL;
  return g_steal_pointer (&layout);
}

/* An image that is gone, or has become shorter, while it was read. */
static gboolean
is_of_source (const GError *error)
{
  return g_error_matches (error, KL_ERROR, KL_ERROR_NOT_FOUND)
         || g_error_matches (error, KL_ERROR, KL_ERROR_FORMAT);
}

/* All checks first: nothing is written before the image, the layout and the target have passed
 * theirs. Only for a file, which has no name before it is complete, the image is checked while it
 * is written: the writer compares what it reads with the record. What is large in it is written
 * while the certificate is made. */
static gboolean
create_on_target (KlMediaCreator *self,
                  KlProgress *progress,
                  GCancellable *cancellable,
                  GError **error)
{
  const gint64 started = g_get_monotonic_time ();
  gboolean check = kl_media_request_get_media_type (self->request) != KL_MEDIA_TYPE_CD;
  g_autoptr (KlMediaProtection) protection = NULL;
  g_autoptr (KlMediaImage) image = NULL;
  g_autoptr (KlMediaLayout) layout = NULL;
  g_autoptr (KlMediaTarget) target = NULL;
  g_autoptr (GError) problem = NULL;
  gboolean stale = FALSE;
  Steps steps;

  if (!kl_media_target_check_place (self->request, self->catalog, error))
    return FALSE;
  protection = check_site (self, error);
  if (protection == NULL)
    return FALSE;
  /* To make a key takes tenths of a second: nobody is to wait for it. */
  kl_media_protection_start (protection, FALSE);
  image = find_image (self, protection, cancellable, error);
  if (image == NULL || !kl_media_image_needs_preparing (image, &stale, error))
    return FALSE;
  check = check || kl_media_image_has_stand_ins (image);
  steps = add_steps (progress, stale, check, kl_media_request_get_verify (self->request));
  if (stale && !prepare_image (self, image, steps.prepare, cancellable, error))
    return FALSE;
  target = open_target (self, cancellable, error);
  if (target == NULL)
    return FALSE;

  if (check && !kl_media_image_check (image, self->share, steps.check, cancellable, error))
    return FALSE;
  layout = plan (self, image, protection, target, &steps, cancellable, &problem);
  if (layout == NULL)
    {
      /* An image that is not what it was comes first in the documented order. */
      if (check || kl_media_image_check (image, self->share, NULL, cancellable, error))
        g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  kl_progress_start (steps.plan);
  kl_progress_finish (steps.plan);

  if (!write_and_verify (target, &steps, cancellable, &problem))
    {
      if (check || !is_of_source (problem)
          || kl_media_image_check (image, self->share, NULL, cancellable, error))
        g_propagate_error (error, g_steal_pointer (&problem));
      self->state = kl_media_target_say_state (target, error);
      return FALSE;
    }

  self->state = KL_MEDIA_STATE_COMPLETE;
  self->result
      = kl_media_result_new (self->request, layout, protection, target,
                             (double) (g_get_monotonic_time () - started) / G_USEC_PER_SEC);
  kl_media_result_remember (self->result, self->request, kl_media_image_get_image (image),
                            protection);
  power_off (self, cancellable);
  return TRUE;
}

static gboolean
kl_media_creator_run (KlJob *job, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  KlMediaCreator *self = KL_MEDIA_CREATOR (job);
  KlDrive *drive;
  const char *destination;
  gboolean done;

  g_clear_pointer (&self->result, kl_media_result_free);
  self->state = KL_MEDIA_STATE_UNTOUCHED;
  if (self->request == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "Nothing was requested");
      return FALSE;
    }

  /* A drive is one target, whatever is done to it. */
  drive = kl_media_request_get_drive (self->request);
  destination = drive != NULL ? kl_drive_get_path (drive)
                              : kl_media_request_get_destination (self->request);
  if (!kl_media_target_reserve (destination, error))
    return FALSE;
  /* Flushes into a mounted volume part those who write there; a drive that is formatted is written
   * at one pace, and never waits for another. */
  self->member = kl_media_share_enter (self->share, kl_media_request_get_media_type (self->request)
                                                        == KL_MEDIA_TYPE_UFD);
  done = create_on_target (self, progress, cancellable, error);
  kl_media_share_leave (self->share, g_steal_pointer (&self->member));
  kl_media_target_release (destination);
  return done;
}

static char **
find_text (KlMediaCreator *self, guint property)
{
  switch (property)
    {
    case PROP_PROVIDER_NAME:
      return &self->provider_name;
    case PROP_SITE_CODE:
      return &self->site_code;
    case PROP_DISTRIBUTION_POINTS:
      return &self->distribution_points;
    case PROP_MEDIA_LABEL:
      return &self->media_label;
    default:
      return NULL;
    }
}

static void
kl_media_creator_get_property (GObject *object, guint property, GValue *value, GParamSpec *pspec)
{
  KlMediaCreator *self = KL_MEDIA_CREATOR (object);
  char **text = find_text (self, property);

  if (property == PROP_CONNECTION_OPTIONS)
    g_value_set_string (value, self->connection_options != NULL
                                   ? kl_secret_get_text (self->connection_options)
                                   : NULL);
  else if (text != NULL)
    g_value_set_string (value, *text);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property, pspec);
}

static void
kl_media_creator_set_property (GObject *object,
                               guint property,
                               const GValue *value,
                               GParamSpec *pspec)
{
  char **text = find_text (KL_MEDIA_CREATOR (object), property);

  if (property == PROP_CONNECTION_OPTIONS)
    {
      const char *options = g_value_get_string (value);
      g_autoptr (KlSecret) secret = options != NULL ? kl_secret_new_text (options) : NULL;

      kl_media_creator_set_connection_options (KL_MEDIA_CREATOR (object), secret);
      return;
    }
  if (text == NULL)
    {
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property, pspec);
      return;
    }
  g_return_if_fail (!kl_job_is_busy (KL_JOB (object)));

  g_free (*text);
  *text = g_value_dup_string (value);
}

static void
kl_media_creator_finalize (GObject *object)
{
  KlMediaCreator *self = KL_MEDIA_CREATOR (object);

  g_clear_object (&self->catalog);
  g_clear_object (&self->request);
  g_clear_pointer (&self->share, kl_media_share_unref);
  g_clear_pointer (&self->result, kl_media_result_free);
  g_clear_pointer (&self->connection_options, kl_secret_unref);
  g_free (self->provider_name);
  g_free (self->site_code);
  g_free (self->distribution_points);
  g_free (self->media_label);
  G_OBJECT_CLASS (kl_media_creator_parent_class)->finalize (object);
}

static void
kl_media_creator_class_init (KlMediaCreatorClass *klass)
{
  static const char *const names[N_PROPS] = {
    [PROP_PROVIDER_NAME] = "provider-name",
    [PROP_SITE_CODE] = "site-code",
    [PROP_CONNECTION_OPTIONS] = "connection-options",
    [PROP_DISTRIBUTION_POINTS] = "distribution-points",
    [PROP_MEDIA_LABEL] = "media-label",
  };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_media_creator_get_property;
  object_class->set_property = kl_media_creator_set_property;
  object_class->finalize = kl_media_creator_finalize;
  KL_JOB_CLASS (klass)->run = kl_media_creator_run;

  for (guint property = PROP_PROVIDER_NAME; property < N_PROPS; property++)
    properties[property] = g_param_spec_string (names[property], NULL, NULL, NULL,
                                                G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kl_media_creator_init (KlMediaCreator *self)
{
}

/**
 * kl_media_creator_new:
 * @catalog: where boot images are looked up
 *
 * Returns: (transfer full): a creator without a request
 */
KlMediaCreator *
kl_media_creator_new (KlCatalog *catalog)
{
  KlMediaCreator *self;

  g_return_val_if_fail (KL_IS_CATALOG (catalog), NULL);

  self = g_object_new (KL_TYPE_MEDIA_CREATOR, NULL);
  self->catalog = g_object_ref (catalog);
  return self;
}

/* Where boot images are looked up from now on. Only while the creator is idle. Owner's thread. */
void
kl_media_creator_set_catalog (KlMediaCreator *self, KlCatalog *catalog)
{
  g_return_if_fail (KL_IS_MEDIA_CREATOR (self));
  g_return_if_fail (!kl_job_is_busy (KL_JOB (self)));

  g_set_object (&self->catalog, catalog);
}

/**
 * kl_media_creator_set_request:
 * @request: what the next run makes; a reference is taken
 *
 * Only while the creator is idle. Owner's thread.
 */
void
kl_media_creator_set_request (KlMediaCreator *self, KlMediaRequest *request)
{
  g_return_if_fail (KL_IS_MEDIA_CREATOR (self));
  g_return_if_fail (!kl_job_is_busy (KL_JOB (self)));

  g_set_object (&self->request, request);
}

/**
 * kl_media_creator_get_request:
 *
 * Returns: (transfer none) (nullable): the request of the next or current run
 */
KlMediaRequest *
kl_media_creator_get_request (KlMediaCreator *self)
{
  return self->request;
}

/**
 * kl_media_creator_set_share:
 * @share: what it does once for all together with others; a reference is taken
 *
 * Only while the creator is idle. Owner's thread.
 */
void
kl_media_creator_set_share (KlMediaCreator *self, KlMediaShare *share)
{
  g_return_if_fail (KL_IS_MEDIA_CREATOR (self));
  g_return_if_fail (!kl_job_is_busy (KL_JOB (self)));

  g_clear_pointer (&self->share, kl_media_share_unref);
  self->share = kl_media_share_ref (share);
}

/**
 * kl_media_creator_set_connection_options:
 * @options: (nullable): "name=value,…"; a reference is taken
 *
 * They are checked when the next run begins. Owner's thread.
 */
void
kl_media_creator_set_connection_options (KlMediaCreator *self, KlSecret *options)
{
  g_return_if_fail (KL_IS_MEDIA_CREATOR (self));
  g_return_if_fail (!kl_job_is_busy (KL_JOB (self)));

  g_clear_pointer (&self->connection_options, kl_secret_unref);
  if (options != NULL)
    self->connection_options = kl_secret_ref (options);
}

/* What a medium of this layout needs, and for UFD what changes: @changes is set for that only. */
static gboolean
measure (KlMediaCreator *self,
         KlMediaTarget *target,
         KlMediaLayout *layout,
         guint64 *bytes,
         KlFolderPlan **changes,
         GError **error)
{
  if (target == NULL)
    return kl_media_target_measure (self->request, layout, bytes, error);
  if (!kl_media_target_plan (target, layout, NULL, NULL, error))
    return FALSE;

  *changes = kl_media_target_steal_changes (target);
  *bytes = kl_folder_plan_sum_bytes (*changes, KL_CHANGE_WRITE);
  return TRUE;
}

/**
 * kl_media_creator_plan:
 * @bytes_needed: (out) (optional): the size of the whole medium, bytes; for UFD of what is written
 *
 * kl_media_creator_plan_changes() without the changes.
 *
 * Returns: (transfer full) (nullable): the layout
 */
KlMediaLayout *
kl_media_creator_plan (KlMediaCreator *self, guint64 *bytes_needed, GError **error)
{
  return kl_media_creator_plan_changes (self, bytes_needed, NULL, error);
}

/**
 * kl_media_creator_plan_changes:
 * @bytes_needed: (out) (optional): the size of the whole medium, bytes; for UFD of what is written
 * @changes: (out) (optional) (nullable): for UFD: what is written, unchanged and removed, by the
 *   word of the medium that is there, which is not read; free with kl_folder_plan_free()
 *
 * What would be written where. Reads the catalog entry; writes nothing, and looks at no destination
 * but a volume for UFD, which is mounted read-only meanwhile if it is not mounted. Blocks; any
 * thread, while the creator is idle.
 *
 * Errors: those of the checks that come before the first write: KL_ERROR_MISSING_PACKAGE,
 * KL_ERROR_NO_BOOT_FILES, KL_ERROR_PACKAGE_TOO_LARGE, KL_ERROR_LABEL, those of the site profile and
 * of the certificate, for UFD those of kl_media_target_judge(). The medium made later differs in
 * its certificate and therefore by some bytes.
 *
 * Returns: (transfer full) (nullable): the layout
 */
KlMediaLayout *
kl_media_creator_plan_changes (KlMediaCreator *self,
                               guint64 *bytes_needed,
                               KlFolderPlan **changes,
                               GError **error)
{
  g_autoptr (KlMediaProtection) protection = NULL;
  g_autoptr (KlMediaImage) image = NULL;
  g_autoptr (KlMediaTarget) target = NULL;
  g_autoptr (KlMediaLayout) layout = NULL;
  g_autoptr (KlFolderPlan) plan = NULL;
  guint64 bytes = 0;

  g_return_val_if_fail (KL_IS_MEDIA_CREATOR (self) && self->request != NULL, NULL);

  protection = check_site (self, error);
  if (protection == NULL)
    return NULL;
  image = find_image (self, protection, NULL, error);
  if (image == NULL)
    return NULL;
  kl_media_protection_start (protection, TRUE);
  if (!kl_media_protection_finish (protection, kl_media_request_get_image_id (self->request), NULL,
                                   error))
    return NULL;
  if (kl_media_request_get_media_type (self->request) == KL_MEDIA_TYPE_UFD)
    {
      target = kl_media_target_peek (self->request, NULL, error);
      if (target == NULL || !kl_media_target_judge (target, NULL, error))
        return NULL;
    }
  layout = make_layout (self, image, kl_media_protection_get_files (protection), target, error);
  if (layout == NULL || !measure (self, target, layout, &bytes, &plan, error))
    return NULL;

  if (bytes_needed != NULL)
    *bytes_needed = bytes;
  if (changes != NULL)
    *changes = g_steal_pointer (&plan);
  return g_steal_pointer (&layout);
}

/**
 * kl_media_creator_get_result:
 *
 * Returns: (transfer none) (nullable): what the last run made; %NULL before it has succeeded.
 * Owner's thread.
 */
const KlMediaResult *
kl_media_creator_get_result (KlMediaCreator *self)
{
  return kl_job_is_busy (KL_JOB (self)) ? NULL : self->result;
}

/**
 * kl_media_creator_get_state:
 *
 * What a run that failed or was cancelled has left is said in front of its error too, for people.
 *
 * Returns: what the target of the last run is now; KL_MEDIA_STATE_UNTOUCHED before and during a
 *   run. Owner's thread.
 */
KlMediaState
kl_media_creator_get_state (KlMediaCreator *self)
{
  return kl_job_is_busy (KL_JOB (self)) ? KL_MEDIA_STATE_UNTOUCHED : self->state;
}
