/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <glib/gi18n.h>

#include "base/error.h"
#include "creation/medium-identity.h"
#include "output.h"
#include "protection.h"
#include "volume/volume-medium.h"

/* What a medium says of itself; without a manifest only what can be seen. */
typedef struct
{
  const char *image_id, *image_name, *architecture, *created, *made_by, *media_type; /* nullable */
  const char *subject, *thumbprint, *sha256;                                         /* nullable */
  char *certificate_start, *certificate_end; /* owned, nullable */
  const char *kind, *label;
  GStrv unreadable; /* owned; folders */
  gboolean bios;
  char *uefi;   /* owned, nullable */
  char *signer; /* owned, nullable */
} Description;

static void
description_clear (Description *self)
{
  g_strfreev (self->unreadable);
  g_free (self->certificate_start);
  g_free (self->certificate_end);
  g_free (self->uefi);
  g_free (self->signer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Description, description_clear)

static GStrv
dup_unreadable (KlMedium *medium)
{
  GPtrArray *folders = kl_medium_get_unreadable (medium);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < folders->len; i++)
    g_strv_builder_add (builder, folders->pdata[i]);
  return g_strv_builder_end (builder);
}

static void
describe (KlMedium *medium, const KlManifest *manifest, Description *description)
{
  description->kind = kl_medium_get_kind (medium);
  description->label = kl_medium_get_label (medium);
  description->unreadable = dup_unreadable (medium);
  description->bios = kl_medium_has_bios (medium);
  description->uefi = kl_medium_dup_uefi (medium);
  description->signer = kl_medium_dup_signer (medium);

  if (manifest == NULL)
    return;
  description->image_id = manifest->image_id;
  description->image_name = manifest->image_name;
  description->architecture = manifest->architecture;
  description->created = manifest->created;
  description->made_by = manifest->made_by;
  description->media_type = manifest->media_type;
  description->subject = manifest->certificate_subject;
  description->thumbprint = manifest->certificate_thumbprint;
  description->certificate_start = g_strdup (manifest->certificate_start);
  description->certificate_end = g_strdup (manifest->certificate_end);
}

/* The certificate itself where it can be opened, rather than what the manifest says of it. */
static void
describe_certificate (KlCertificate *certificate, Description *description)
{
  if (certificate == NULL)
    return;

  g_free (description->certificate_start);
  g_free (description->certificate_end);
  description->subject = kl_certificate_get_subject (certificate);
  description->thumbprint = kl_certificate_get_sha1 (certificate);
  description->sha256 = kl_certificate_get_sha256 (certificate);
  description->certificate_start
      = g_date_time_format_iso8601 (kl_certificate_get_not_before (certificate));
  description->certificate_end
      = g_date_time_format_iso8601 (kl_certificate_get_not_after (certificate));
}

/* Names; values only if they are asked for. */
static void
add_variables (JsonBuilder *builder, const KlCtlOptions *options, KlVariables *variables)
{
  json_builder_set_member_name (builder, "variables");
  if (variables == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }

  json_builder_begin_array (builder);
  for (guint i = 0; i < kl_variables_get_length (variables); i++)
    {
      const char *name = kl_variables_get_name (variables, i);

      if (!options->values)
        {
          json_builder_add_string_value (builder, name);
          continue;
        }
      json_builder_begin_object (builder);
      kl_ctl_json_add_text (builder, "name", name);
      kl_ctl_json_add_text (builder, "value",
                            kl_secret_get_text (kl_variables_get_value (variables, i)));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
print_variables (const KlCtlOptions *options, KlVariables *variables)
{
  for (guint i = 0; variables != NULL && i < kl_variables_get_length (variables); i++)
    {
      g_autofree char *name = kl_ctl_clean (kl_variables_get_name (variables, i));

      if (options->values)
        {
          g_autofree char *value
              = kl_ctl_clean (kl_secret_get_text (kl_variables_get_value (variables, i)));

          g_print ("%s=%s\n", name, value);
        }
      else
        kl_ctl_print_field (_ ("Variable"), name);
    }
}

static void
print_description_json (const KlCtlOptions *options,
                        const Description *description,
                        const KlMediumIdentity *identity)
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
  kl_ctl_json_add_text (builder, "made-by", description->made_by);
  json_builder_set_member_name (builder, "firmware");
  json_builder_begin_object (builder);
  kl_ctl_json_add_firmware (builder, description->bios, description->uefi);
  json_builder_end_object (builder);
  kl_ctl_json_add_text (builder, "boot-manager-signer", description->signer);
  kl_ctl_json_add_text (builder, "certificate-subject", description->subject);
  kl_ctl_json_add_text (builder, "certificate-start", description->certificate_start);
  kl_ctl_json_add_text (builder, "certificate-end", description->certificate_end);
  kl_ctl_json_add_text (builder, "certificate-thumbprint", description->thumbprint);
  kl_ctl_json_add_text (builder, "certificate-sha256", description->sha256);
  kl_ctl_json_add_flag (builder, "password-required", identity->password_required);
  kl_ctl_json_add_flag (builder, "unattended", identity->unattended);
  kl_ctl_json_add_list (builder, "unreadable", (const char *const *) description->unreadable);
  add_variables (builder, options, identity->variables);
  kl_ctl_json_print (builder);
}

static void
print_expiry (const char *end)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) date = end != NULL ? g_date_time_new_from_iso8601 (end, utc) : NULL;

  kl_ctl_print_expiry (date);
}

static void
print_description_text (const KlCtlOptions *options,
                        const Description *description,
                        const KlMediumIdentity *identity)
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
  kl_ctl_print_field (_ ("Made by"), description->made_by);
  kl_ctl_print_boot (description->bios, NULL, description->uefi, NULL);
  kl_ctl_print_field (_ ("Signed by"), description->signer);
  kl_ctl_print_field (_ ("Certificate"),
                      description->subject ? description->subject : C_ ("certificate", "none"));
  kl_ctl_print_field (_ ("Thumbprint"), description->thumbprint);
  kl_ctl_print_field (_ ("SHA-256"), description->sha256);
  kl_ctl_print_field (_ ("Valid from"), description->certificate_start);
  kl_ctl_print_field (_ ("Valid until"), description->certificate_end);
  print_expiry (description->certificate_end);
  kl_ctl_print_field (_ ("Password"),
                      identity->password_required ? _ ("required") : _ ("not required"));
  if (identity->unattended)
    kl_ctl_print_field (_ ("Start-up"), _ ("unattended"));
  for (guint i = 0; description->unreadable[i] != NULL; i++)
    kl_ctl_print_field (_ ("Not readable"), description->unreadable[i]);
  print_variables (options, identity->variables);
}

static gboolean
export_certificate (const KlCtlOptions *options, const KlMediumIdentity *identity, GError **error)
{
  if (options->export_certificate == NULL)
    return TRUE;
  if (identity->certificate != NULL)
    return kl_certificate_export (identity->certificate, options->export_certificate, error);

  g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
               identity->password_required
                   ? "The certificate of “%s” can only be read with the media password"
                   : "“%s” holds no certificate",
               options->arguments[0]);
  return FALSE;
}

static int
run_inspect (KlCtlOptions *options)
{
  g_autoptr (KlVolumeMount) mount = NULL;
  g_autoptr (KlMedium) medium = NULL;
  g_autoptr (KlSecret) password = NULL;
  g_autoptr (KlMediumIdentity) identity = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (Description) description = { 0 };
  const KlManifest *manifest;

  medium = kl_medium_open_anywhere (options->arguments[0], &mount, NULL, &error);
  if (medium == NULL)
    return kl_ctl_print_error (options, error);

  manifest = kl_medium_get_manifest (medium, &error);
  if (manifest == NULL && !g_error_matches (error, KL_ERROR, KL_ERROR_NO_MANIFEST))
    return kl_ctl_print_error (options, error);
  g_clear_error (&error);

  if (!kl_ctl_read_password (options, &password, &error))
    return kl_ctl_print_error (options, error);
  identity = kl_medium_identity_read (medium, password, &error);
  if (identity == NULL || !export_certificate (options, identity, &error))
    return kl_ctl_print_error (options, error);

  describe (medium, manifest, &description);
  describe_certificate (identity->certificate, &description);
  if (options->json)
    print_description_json (options, &description, identity);
  else
    print_description_text (options, &description, identity);
  return KL_CTL_EXIT_DONE;
}

static void
add_inspect_options (GOptionContext *context, KlCtlOptions *options)
{
  const GOptionEntry entries[] = {
    { "password", 0, 0, G_OPTION_ARG_NONE, &options->ask,
      N_ ("Ask for the media password on the terminal"), NULL },
    { "password-fd", 0, 0, G_OPTION_ARG_INT, &options->password_fd,
      N_ ("Read the media password from a descriptor"), N_ ("N") },
    { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &options->password_file,
      N_ ("Read the media password from a file"), N_ ("FILE") },
    { "values", 0, 0, G_OPTION_ARG_NONE, &options->values,
      N_ ("Print the values of the media variables too; they hold secrets"), NULL },
    { "export-certificate", 0, 0, G_OPTION_ARG_FILENAME, &options->export_certificate,
      N_ ("Write the medium's certificate to a file: PEM for names in .pem, else DER"),
      N_ ("FILE") },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
}

const KlCtlCommand kl_ctl_inspect_commands[] = {
  { NULL, "inspect", "MEDIUM", N_ ("Say what is on a medium"),
    "  kindlingctl inspect winpe.iso\n"
    "  kindlingctl --json inspect /mnt/winpe\n"
    "  kindlingctl inspect /dev/sdb1\n"
    "  kindlingctl inspect winpe.iso --password-fd 3 3<password",
    1, 1, add_inspect_options, run_inspect },
  { NULL },
};
