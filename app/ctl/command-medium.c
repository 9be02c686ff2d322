/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "job-runner.h"
#include "job/check-job.h"
#include "media/medium.h"
#include "output.h"

static void
print_differences (const KlCtlOptions *options, const KlMediumCheck *check)
{
  for (guint i = 0; i < check->differences->len; i++)
    {
      const KlMediumDifference *difference = g_ptr_array_index (check->differences, i);

      if (options->json)
        {
          JsonBuilder *builder = kl_ctl_json_new (NULL);

          kl_ctl_json_add_text (builder, "path", difference->path);
          kl_ctl_json_add_text (builder, "problem", difference->problem);
          kl_ctl_json_print (builder);
        }
      else
        {
          g_autofree char *path = kl_ctl_clean (difference->path);

          g_print ("%s: %s\n", path, difference->problem);
        }
    }
}

static void
print_check_event (const KlMediumCheck *check)
{
  JsonBuilder *builder = kl_ctl_json_new ("done");

  kl_ctl_json_add_number (builder, "files", check->files);
  kl_ctl_json_add_number (builder, "mismatches", check->differences->len);
  kl_ctl_json_add_number (builder, "bytes", check->bytes);
  kl_ctl_json_print (builder);
}

/* A medium that differs is a result and not a failure of the check: with --json the event is
 * “done”. */
static int
print_mismatch (const KlCtlOptions *options, const KlMediumCheck *check)
{
  g_autoptr (GError) error = NULL;

  g_set_error (&error, KL_ERROR, KL_ERROR_MISMATCH,
               "%u files of “%s” do not match its manifest of %" G_GUINT64_FORMAT " files",
               check->differences->len, options->arguments[0], check->files);
  if (options->json)
    return kl_error_get_exit_status (error);

  return kl_ctl_print_error (options, error);
}

static int
run_check (KlCtlOptions *options)
{
  g_autoptr (KlCheckJob) job = kl_check_job_new (options->arguments[0]);
  g_autoptr (GError) error = NULL;
  const KlMediumCheck *check;

  if (!kl_ctl_run_job (options, KL_JOB (job), &error))
    return kl_ctl_print_error (options, error);

  check = kl_check_job_get_check (job);
  print_differences (options, check);
  if (options->json)
    print_check_event (check);
  if (check->differences->len > 0)
    return print_mismatch (options, check);

  if (!options->json && !options->quiet)
    {
      g_autofree char *size = g_format_size (check->bytes);
      g_autofree char *files = g_strdup_printf ("%" G_GUINT64_FORMAT, check->files);

      g_print (_ ("All %s files match the manifest (%s read).\n"), files, size);
    }
  return KL_CTL_EXIT_DONE;
}

/* What a medium says of itself; without a manifest only what can be seen. */
typedef struct
{
  const char *image_id, *image_name, *architecture, *created, *media_type; /* nullable */
  const char *thumbprint, *certificate_end;                                /* nullable */
  const char *kind, *label;
  gboolean bios;
  char *uefi;   /* owned, nullable */
  char *signer; /* owned, nullable */
} Description;

static void
description_clear (Description *self)
{
  g_free (self->uefi);
  g_free (self->signer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Description, description_clear)

static void
describe (KlMedium *medium, const KlManifest *manifest, Description *description)
{
  description->kind = kl_medium_get_kind (medium);
  description->label = kl_medium_get_label (medium);
  description->bios = kl_medium_has_bios (medium);
  description->uefi = kl_medium_dup_uefi (medium);
  description->signer = kl_medium_dup_signer (medium);

  if (manifest == NULL)
    return;
  description->image_id = manifest->image_id;
  description->image_name = manifest->image_name;
  description->architecture = manifest->architecture;
  description->created = manifest->created;
  description->media_type = manifest->media_type;
  description->thumbprint = manifest->certificate_thumbprint;
  description->certificate_end = manifest->certificate_end;
}

static void
print_description_json (const KlCtlOptions *options, const Description *description)
{
  JsonBuilder *builder = kl_ctl_json_new (NULL);

  kl_ctl_json_add_text (builder, "path", options->arguments[0]);
  kl_ctl_json_add_text (builder, "kind", description->kind);
  kl_ctl_json_add_text (builder, "media-type", description->media_type);
  kl_ctl_json_add_text (builder, "image-id", description->image_id);
  kl_ctl_json_add_text (builder, "image-name", description->image_name);
  kl_ctl_json_add_text (builder, "architecture", description->architecture);
  kl_ctl_json_add_text (builder, "label", description->label);
  kl_ctl_json_add_text (builder, "created", description->created);
  json_builder_set_member_name (builder, "firmware");
  json_builder_begin_object (builder);
  kl_ctl_json_add_firmware (builder, description->bios, description->uefi);
  json_builder_end_object (builder);
  kl_ctl_json_add_text (builder, "boot-manager-signer", description->signer);
  kl_ctl_json_add_text (builder, "certificate-subject", NULL);
  kl_ctl_json_add_text (builder, "certificate-start", NULL);
  kl_ctl_json_add_text (builder, "certificate-end", description->certificate_end);
  kl_ctl_json_add_text (builder, "certificate-thumbprint", description->thumbprint);
  kl_ctl_json_add_flag (builder, "password-required", FALSE);
  kl_ctl_json_print (builder);
}

static void
print_description_text (const Description *description)
{
  kl_ctl_print_field (_ ("Medium"), description->kind);
  kl_ctl_print_field (_ ("Type"), description->media_type);
  kl_ctl_print_field (_ ("Label"), description->label);
  kl_ctl_print_field (_ ("Boot image"), description->image_id != NULL
                                            ? description->image_id
                                            : _ ("unknown: the medium has no manifest"));
  kl_ctl_print_field (_ ("Name"), description->image_name);
  kl_ctl_print_field (_ ("Architecture"), description->architecture);
  kl_ctl_print_field (_ ("Created"), description->created);
  kl_ctl_print_boot (description->bios, NULL, description->uefi, NULL);
  kl_ctl_print_field (_ ("Signed by"), description->signer);
  kl_ctl_print_field (_ ("Certificate"),
                      description->thumbprint ? description->thumbprint : _ ("none"));
  kl_ctl_print_field (_ ("Valid until"), description->certificate_end);
  kl_ctl_print_field (_ ("Password"), _ ("not required"));
}

static int
run_inspect (KlCtlOptions *options)
{
  g_autoptr (KlMedium) medium = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Description) description = { 0 };
  const KlManifest *manifest;

  medium = kl_medium_open (options->arguments[0], &error);
  if (medium == NULL)
    return kl_ctl_print_error (options, error);

  manifest = kl_medium_get_manifest (medium, &error);
  if (manifest == NULL && !g_error_matches (error, KL_ERROR, KL_ERROR_NO_MANIFEST))
    return kl_ctl_print_error (options, error);

  describe (medium, manifest, &description);
  if (options->json)
    print_description_json (options, &description);
  else
    print_description_text (&description);
  return KL_CTL_EXIT_DONE;
}

const KlCtlCommand kl_ctl_media_commands[] = {
  { NULL, "check", "MEDIUM", N_ ("Compare a medium with its manifest, file by file"),
    "  kindlingctl check winpe.iso\n"
    "  kindlingctl --json check /mnt/winpe",
    1, 1, NULL, run_check },
  { NULL, "inspect", "MEDIUM", N_ ("Say what is on a medium"),
    "  kindlingctl inspect winpe.iso\n"
    "  kindlingctl --json inspect /mnt/winpe",
    1, 1, NULL, run_inspect },
  { NULL },
};
