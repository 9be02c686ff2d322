/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "create-report.h"

#include <glib/gi18n.h>

#include "output.h"

static void
add_reason (JsonBuilder *builder, const char *name, const char *reason)
{
  if (reason != NULL)
    kl_ctl_json_add_text (builder, name, reason);
}

static void
print_plan_event (const char *path, KlMediaLayout *layout, guint64 bytes_needed)
{
  JsonBuilder *builder;
  const char *bios_reason = NULL, *uefi_reason = NULL, *uefi = NULL;
  gboolean bios = kl_media_layout_has_bios (layout, &bios_reason);

  if (kl_media_layout_has_uefi (layout, &uefi_reason))
    uefi = kl_media_layout_get_uefi_architecture (layout);

  builder = kl_ctl_json_new ("done");
  kl_ctl_json_add_text (builder, "type",
                        kl_media_type_to_string (kl_media_layout_get_media_type (layout)));
  kl_ctl_json_add_text (builder, "path", path);
  kl_ctl_json_add_number (builder, "bytes-needed", bytes_needed);
  kl_ctl_json_add_firmware (builder, bios, uefi);
  add_reason (builder, "bios-reason", bios ? NULL : bios_reason);
  add_reason (builder, "uefi-reason", uefi ? NULL : uefi_reason);
  kl_ctl_json_add_text (builder, "boot-manager-signer", kl_media_layout_get_signer (layout));
  kl_ctl_json_add_text (builder, "label", kl_media_layout_get_label (layout));
  kl_ctl_json_add_list (builder, "warnings", kl_media_layout_get_warnings (layout));
  kl_ctl_json_print (builder);
}

static void
print_plan_text (const KlCtlOptions *options, KlMediaLayout *layout, guint64 bytes_needed)
{
  const char *bios_reason = NULL, *uefi_reason = NULL, *uefi = NULL;
  gboolean bios = kl_media_layout_has_bios (layout, &bios_reason);
  g_autofree char *size = g_format_size_full (bytes_needed, G_FORMAT_SIZE_LONG_FORMAT);

  if (options->quiet)
    return;
  if (kl_media_layout_has_uefi (layout, &uefi_reason))
    uefi = kl_media_layout_get_uefi_architecture (layout);

  g_print ("\n");
  kl_ctl_print_field (_ ("Space needed"), size);
  kl_ctl_print_boot (bios, bios_reason, uefi, uefi_reason);
  kl_ctl_print_field (_ ("Signed by"), kl_media_layout_get_signer (layout));
  kl_ctl_print_field (_ ("Label"), kl_media_layout_get_label (layout));
  kl_ctl_print_warnings (kl_media_layout_get_warnings (layout));
}

/* @change: (nullable): what happens to the file, for UFD */
static void
print_item (const KlCtlOptions *options,
            const char *path,
            guint64 size,
            const char *source,
            const char *change,
            guint columns)
{
  g_autofree char *padded = NULL;

  if (options->json)
    {
      JsonBuilder *builder = kl_ctl_json_new (NULL);

      kl_ctl_json_add_text (builder, "path", path);
      kl_ctl_json_add_number (builder, "size", size);
      kl_ctl_json_add_text (builder, "source", source);
      if (change != NULL)
        kl_ctl_json_add_text (builder, "change", change);
      kl_ctl_json_print (builder);
      return;
    }

  padded = kl_ctl_pad (path, columns);
  if (change != NULL)
    g_print ("%s  %12" G_GUINT64_FORMAT "  %-9s  %s\n", padded, size, change,
             source != NULL ? source : "");
  else
    g_print ("%s  %12" G_GUINT64_FORMAT "  %s\n", padded, size, source);
}

static void
print_changes (const KlCtlOptions *options, KlFolderPlan *plan)
{
  GPtrArray *changes = kl_folder_plan_get_changes (plan);
  guint columns = 0;

  for (guint i = 0; i < changes->len; i++)
    columns = MAX (columns,
                   (guint) g_utf8_strlen (((const KlFolderChange *) changes->pdata[i])->path, -1));
  for (guint i = 0; i < changes->len; i++)
    {
      const KlFolderChange *change = changes->pdata[i];
      const KlLayoutItem *item = change->item;

      print_item (options, change->path, item != NULL ? item->size : change->old_bytes,
                  item != NULL ? kl_layout_source_to_string (item->source) : NULL,
                  kl_change_kind_to_string (change->kind), columns);
    }
}

static void
print_items (const KlCtlOptions *options, KlMediaLayout *layout)
{
  guint n_items = kl_media_layout_get_n_items (layout), columns = 0;

  for (guint i = 0; i < n_items; i++)
    columns = MAX (columns, (guint) g_utf8_strlen (kl_media_layout_get_item (layout, i)->path, -1));

  for (guint i = 0; i < n_items; i++)
    {
      const KlLayoutItem *item = kl_media_layout_get_item (layout, i);

      print_item (options, item->path, item->size, kl_layout_source_to_string (item->source), NULL,
                  columns);
    }
}

static void
add_certificate (JsonBuilder *builder, const KlMediaResult *result)
{
  KlCertificate *certificate = result->certificate;
  g_autofree char *start = g_date_time_format_iso8601 (kl_certificate_get_not_before (certificate));
  g_autofree char *end = g_date_time_format_iso8601 (kl_certificate_get_not_after (certificate));

  kl_ctl_json_add_text (builder, "certificate-subject", kl_certificate_get_subject (certificate));
  kl_ctl_json_add_text (builder, "certificate-start", start);
  kl_ctl_json_add_text (builder, "certificate-end", end);
  kl_ctl_json_add_text (builder, "certificate-thumbprint", kl_certificate_get_sha1 (certificate));
  kl_ctl_json_add_text (builder, "certificate-sha256", kl_certificate_get_sha256 (certificate));
  kl_ctl_json_add_flag (builder, "password-required", result->password_required);
}

static void
print_certificate (const KlMediaResult *result)
{
  KlCertificate *certificate = result->certificate;
  g_autofree char *end
      = g_date_time_format (kl_certificate_get_not_after (certificate), "%Y-%m-%d %H:%M UTC");

  kl_ctl_print_field (_ ("Certificate"), kl_certificate_get_subject (certificate));
  kl_ctl_print_field (_ ("Thumbprint"), kl_certificate_get_sha1 (certificate));
  kl_ctl_print_field (_ ("SHA-256"), kl_certificate_get_sha256 (certificate));
  kl_ctl_print_field (_ ("Valid until"), end);
  kl_ctl_print_field (_ ("Password"),
                      result->password_required ? _ ("required") : _ ("not required"));
}

static void
print_result_event (const KlMediaResult *result, const char *target)
{
  JsonBuilder *builder = kl_ctl_json_new ("done");

  if (target != NULL)
    kl_ctl_json_add_text (builder, "target", target);
  kl_ctl_json_add_text (builder, "type", kl_media_type_to_string (result->type));
  kl_ctl_json_add_text (builder, "path", result->path);
  kl_ctl_json_add_number (builder, "bytes", result->bytes);
  if (result->type == KL_MEDIA_TYPE_UFD)
    {
      kl_ctl_json_add_number (builder, "bytes-written", result->bytes_written);
      kl_ctl_json_add_number (builder, "unchanged", result->n_unchanged);
      kl_ctl_json_add_number (builder, "removed", result->n_removed);
      kl_ctl_json_add_flag (builder, "bios-start-missing", result->bios_start_missing);
    }
  kl_ctl_json_add_real (builder, "seconds", result->seconds);
  kl_ctl_json_add_flag (builder, "verified", result->verified);
  kl_ctl_json_add_firmware (builder, result->bios, result->uefi);
  add_reason (builder, "bios-reason", result->bios ? NULL : result->bios_reason);
  add_reason (builder, "uefi-reason", result->uefi ? NULL : result->uefi_reason);
  kl_ctl_json_add_text (builder, "boot-manager-signer", result->signer);
  kl_ctl_json_add_text (builder, "label", result->label);
  add_certificate (builder, result);
  kl_ctl_json_add_flag (builder, "powered-off", result->powered_off);
  kl_ctl_json_add_list (builder, "warnings", (const char *const *) result->warnings);
  kl_ctl_json_print (builder);
}

/* Of UFD: what was there already. */
static void
print_changed (const KlMediaResult *result)
{
  g_autofree char *written = g_format_size (result->bytes_written);
  g_autofree char *text = NULL;

  if (result->n_unchanged == 0 && result->n_removed == 0)
    return;
  text = g_strdup_printf (_ ("%s; %u files were there already, %u were removed"), written,
                          result->n_unchanged, result->n_removed);
  kl_ctl_print_field (_ ("Written"), text);
}

static void
print_result_text (const KlMediaResult *result)
{
  g_autofree char *size = g_format_size (result->bytes);
  g_autofree char *path = kl_ctl_clean (result->path);

  g_print (result->verified ? _ ("Created %s (%s in %.1f s), read back and compared.\n")
                            : _ ("Created %s (%s in %.1f s), not read back.\n"),
           path, size, result->seconds);
  print_changed (result);
  kl_ctl_print_boot (result->bios, result->bios_reason, result->uefi, result->uefi_reason);
  if (result->bios_start_missing)
    kl_ctl_print_field (_ ("Hint"),
                        _ ("make it again with --bios-start, and a BIOS starts it too"));
  kl_ctl_print_field (_ ("Signed by"), result->signer);
  kl_ctl_print_field (_ ("Label"), result->label);
  print_certificate (result);
  if (result->powered_off)
    kl_ctl_print_field (_ ("Switched off"), _ ("yes; it can be pulled"));
  kl_ctl_print_warnings ((const char *const *) result->warnings);
}

/**
 * kl_ctl_print_plan:
 * @changes: (nullable): for UFD: what happens to each file
 *
 * What would be written: a line per file, and the space it needs.
 */
void
kl_ctl_print_plan (const KlCtlOptions *options,
                   const char *path,
                   KlMediaLayout *layout,
                   KlFolderPlan *changes,
                   guint64 bytes_needed)
{
  if (changes != NULL)
    print_changes (options, changes);
  else
    print_items (options, layout);
  if (options->json)
    print_plan_event (path, layout, bytes_needed);
  else
    print_plan_text (options, layout, bytes_needed);
}

/**
 * kl_ctl_print_result:
 * @target: (nullable): the drive, where there are several
 */
void
kl_ctl_print_result (const KlCtlOptions *options, const KlMediaResult *result, const char *target)
{
  if (options->json)
    print_result_event (result, target);
  else if (!options->quiet)
    print_result_text (result);
}
