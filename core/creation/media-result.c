/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-media-result"

#include "creation/media-result.h"

#include "image/media-record.h"

static void
take_sizes (KlMediaResult *result, KlMediaTarget *target)
{
  KlFolderPlan *changes = kl_media_target_get_changes (target);

  result->bytes = result->bytes_written = kl_media_target_get_bytes (target);
  if (changes == NULL)
    return;

  result->bytes_written = kl_folder_plan_sum_bytes (changes, KL_CHANGE_WRITE);
  result->n_unchanged = kl_folder_plan_count (changes, KL_CHANGE_KEEP);
  result->n_removed = kl_folder_plan_count (changes, KL_CHANGE_REMOVE);
}

/**
 * kl_media_result_new:
 * @layout: of the medium that was made
 * @protection: finished
 * @target: committed
 * @seconds: that it took
 *
 * Returns: (transfer full): what was made. Any thread.
 */
KlMediaResult *
kl_media_result_new (KlMediaRequest *request,
                     KlMediaLayout *layout,
                     KlMediaProtection *protection,
                     KlMediaTarget *target,
                     double seconds)
{
  KlMediaResult *result = g_new0 (KlMediaResult, 1);
  const char *obstacle = kl_media_target_get_bios_obstacle (target);
  const char *reason = NULL;

  result->type = kl_media_layout_get_media_type (layout);
  result->path = g_strdup (kl_media_request_get_destination (request));
  take_sizes (result, target);
  result->seconds = seconds;
  result->verified = kl_media_request_get_verify (request);
  result->bios = kl_media_layout_has_bios (layout, &reason);
  result->bios_start_missing = !result->bios && obstacle != NULL && g_str_equal (reason, obstacle);
  result->bios_reason = result->bios ? NULL : g_strdup (reason);
  if (kl_media_layout_has_uefi (layout, &reason))
    result->uefi = g_strdup (kl_media_layout_get_uefi_architecture (layout));
  else
    result->uefi_reason = g_strdup (reason);
  result->signer = g_strdup (kl_media_layout_get_signer (layout));
  result->label = g_strdup (kl_media_layout_get_label (layout));
  result->certificate = kl_certificate_ref (kl_media_protection_get_certificate (protection));
  result->password_required = kl_media_request_get_password (request) != NULL;
  result->warnings = g_strdupv ((char **) kl_media_layout_get_warnings (layout));
  return result;
}

void
kl_media_result_free (KlMediaResult *self)
{
  g_free (self->path);
  g_free (self->bios_reason);
  g_free (self->uefi);
  g_free (self->uefi_reason);
  g_free (self->signer);
  g_free (self->label);
  g_clear_pointer (&self->certificate, kl_certificate_unref);
  g_strfreev (self->warnings);
  g_free (self);
}

/**
 * kl_media_result_warn:
 *
 * Adds what the person should know of a medium that is complete all the same.
 */
void
kl_media_result_warn (KlMediaResult *self, const char *warning)
{
  g_autoptr (GStrvBuilder) warnings = g_strv_builder_new ();

  g_strv_builder_addv (warnings, (const char **) self->warnings);
  g_strv_builder_add (warnings, warning);
  g_strfreev (self->warnings);
  self->warnings = g_strv_builder_end (warnings);
}

/* What tells one drive from another when it is no longer plugged in. */
static char *
dup_drive_name (KlDrive *drive)
{
  const char *serial = kl_drive_get_identity (drive)->serial;
  g_autofree char *name = kl_drive_dup_name (drive);

  return serial != NULL ? g_strdup_printf ("%s (%s)", name, serial) : g_steal_pointer (&name);
}

/**
 * kl_media_result_remember:
 *
 * Keeps it in the history of the image. A catalog that cannot be written to has none. Blocks; any
 * thread.
 */
void
kl_media_result_remember (const KlMediaResult *self,
                          KlMediaRequest *request,
                          KlBootImage *image,
                          KlMediaProtection *protection)
{
  KlSiteProfile *site = kl_media_protection_get_profile (protection);
  KlDrive *drive = kl_media_request_get_drive (request);
  g_autoptr (KlMediaRecord) record = kl_media_record_new ();
  g_autoptr (GError) error = NULL;

  record->made = g_date_time_new_now_utc ();
  record->type = g_strdup (kl_media_type_to_string (self->type));
  record->destination = drive != NULL ? dup_drive_name (drive) : g_strdup (self->path);
  record->label = g_strdup (self->label);
  record->bytes = self->bytes;
  record->site_code = g_strdup (site != NULL ? kl_site_profile_get_site_code (site) : "");
  record->thumbprint = g_strdup (kl_certificate_get_sha1 (self->certificate));
  record->certificate_end = g_date_time_ref (kl_certificate_get_not_after (self->certificate));
  record->password_required = self->password_required;
  record->verified = self->verified;
  if (!kl_media_record_save (record, kl_boot_image_get_folder (image), &error))
    g_info ("The medium is not in the history of its image: %s", error->message);
}
