/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <errno.h>
#include <string.h>

#include <glib/gi18n.h>

#include "base/error.h"
#include "data-path.h"
#include "drive-choice.h"
#include "job-runner.h"
#include "job/media-creator.h"
#include "output.h"
#include "protection.h"

static gboolean
parse_boot_manager (const char *text, KlBootManager *manager)
{
  if (text == NULL)
    *manager = KL_BOOT_MANAGER_DEFAULT;
  else if (g_str_equal (text, "2011"))
    *manager = KL_BOOT_MANAGER_2011;
  else if (g_str_equal (text, "2023"))
    *manager = KL_BOOT_MANAGER_2023;
  else
    return FALSE;
  return TRUE;
}

/* A size in bytes or with a unit, as dd and truncate take it: K, M, G, T (also KiB …) are powers of
 * 1,024, and KB, MB, GB, TB powers of 1,000. */
static gboolean
parse_size (const char *text, guint64 *bytes)
{
  static const char units[] = "KMGT";
  const char *unit;
  char *rest = NULL;
  guint64 number, factor = 1;
  guint64 base = 1024;

  if (!g_ascii_isdigit (text[0]))
    return FALSE;
  errno = 0;
  number = g_ascii_strtoull (text, &rest, 10);
  if (errno != 0 || number == 0)
    return FALSE;

  if (*rest != '\0')
    {
      unit = strchr (units, g_ascii_toupper (*rest++));
      if (unit == NULL)
        return FALSE;
      if (g_ascii_strcasecmp (rest, "B") == 0)
        base = 1000;
      else if (*rest != '\0' && g_ascii_strcasecmp (rest, "iB") != 0)
        return FALSE;
      for (gssize i = unit - units; i >= 0; i--)
        factor *= base;
    }
  return g_uint64_checked_mul (bytes, number, factor);
}

static KlMediaRequest *
make_request (const KlCtlOptions *options,
              KlMediaType type,
              KlBootManager boot_manager,
              KlDrive *drive,
              guint64 disk_image_bytes,
              const KlCtlProtection *protection,
              GError **error)
{
  g_autofree char *bios_code = kl_data_path_dup_bios_code ();
  const KlMediaOptions media_options = {
    .type = type,
    .destination = options->arguments[1],
    .image_id = options->arguments[2],
    .label = options->label,
    .boot_manager = boot_manager,
    .no_verify = options->no_verify,
    .drive = drive,
    .disk_image_bytes = disk_image_bytes,
    .gpt = options->gpt,
    .bios_code_folder = bios_code,
    .password = protection->password,
    .certificate = options->certificate,
    .certificate_password = protection->certificate_password,
    .ignore_validity = options->ignore_validity,
    .valid_from = protection->valid_from,
    .valid_until = protection->valid_until,
    .variables = protection->variables,
    .aes_256 = options->aes_256,
    .unattended = options->unattended,
    .site_profile = options->site,
  };

  return kl_media_request_new (&media_options, error);
}

static void
add_reason (JsonBuilder *builder, const char *name, const char *reason)
{
  if (reason != NULL)
    kl_ctl_json_add_text (builder, name, reason);
}

static void
print_warnings (const char *const *warnings)
{
  for (guint i = 0; warnings != NULL && warnings[i] != NULL; i++)
    kl_ctl_print_field (_ ("Warning"), warnings[i]);
}

static void
print_plan_event (KlMediaRequest *request, KlMediaLayout *layout, guint64 bytes_needed)
{
  JsonBuilder *builder;
  const char *bios_reason = NULL, *uefi_reason = NULL, *uefi = NULL;
  gboolean bios = kl_media_layout_has_bios (layout, &bios_reason);

  if (kl_media_layout_has_uefi (layout, &uefi_reason))
    uefi = kl_media_layout_get_uefi_architecture (layout);

  builder = kl_ctl_json_new ("done");
  kl_ctl_json_add_text (builder, "type",
                        kl_media_type_to_string (kl_media_layout_get_media_type (layout)));
  kl_ctl_json_add_text (builder, "path", kl_media_request_get_destination (request));
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
  print_warnings (kl_media_layout_get_warnings (layout));
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
      const char *source = kl_layout_source_to_string (item->source);

      if (options->json)
        {
          JsonBuilder *builder = kl_ctl_json_new (NULL);

          kl_ctl_json_add_text (builder, "path", item->path);
          kl_ctl_json_add_number (builder, "size", item->size);
          kl_ctl_json_add_text (builder, "source", source);
          kl_ctl_json_print (builder);
        }
      else
        {
          g_autofree char *path = kl_ctl_pad (item->path, columns);

          g_print ("%s  %12" G_GUINT64_FORMAT "  %s\n", path, item->size, source);
        }
    }
}

static int
run_dry (const KlCtlOptions *options, KlMediaCreator *creator)
{
  KlMediaRequest *request = kl_media_creator_get_request (creator);
  g_autoptr (KlMediaLayout) layout = NULL;
  g_autoptr (GError) error = NULL;
  guint64 bytes_needed = 0;

  layout = kl_media_creator_plan (creator, &bytes_needed, &error);
  if (layout == NULL)
    return kl_ctl_print_error (options, error);

  print_items (options, layout);
  if (options->json)
    print_plan_event (request, layout, bytes_needed);
  else
    print_plan_text (options, layout, bytes_needed);
  return KL_CTL_EXIT_DONE;
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
  kl_ctl_print_field (_ ("Valid until"), end);
  kl_ctl_print_field (_ ("Password"),
                      result->password_required ? _ ("required") : _ ("not required"));
}

static void
print_result_event (const KlMediaResult *result)
{
  JsonBuilder *builder = kl_ctl_json_new ("done");

  kl_ctl_json_add_text (builder, "type", kl_media_type_to_string (result->type));
  kl_ctl_json_add_text (builder, "path", result->path);
  kl_ctl_json_add_number (builder, "bytes", result->bytes);
  kl_ctl_json_add_real (builder, "seconds", result->seconds);
  kl_ctl_json_add_flag (builder, "verified", result->verified);
  kl_ctl_json_add_firmware (builder, result->bios, result->uefi);
  add_reason (builder, "bios-reason", result->bios ? NULL : result->bios_reason);
  add_reason (builder, "uefi-reason", result->uefi ? NULL : result->uefi_reason);
  kl_ctl_json_add_text (builder, "boot-manager-signer", result->signer);
  kl_ctl_json_add_text (builder, "label", result->label);
  add_certificate (builder, result);
  kl_ctl_json_add_list (builder, "warnings", (const char *const *) result->warnings);
  kl_ctl_json_print (builder);
}

static void
print_result_text (const KlMediaResult *result)
{
  g_autofree char *size = g_format_size (result->bytes);
  g_autofree char *path = kl_ctl_clean (result->path);

  g_print (result->verified ? _ ("Created %s (%s in %.1f s), read back and compared.\n")
                            : _ ("Created %s (%s in %.1f s), not read back.\n"),
           path, size, result->seconds);
  kl_ctl_print_boot (result->bios, result->bios_reason, result->uefi, result->uefi_reason);
  kl_ctl_print_field (_ ("Signed by"), result->signer);
  kl_ctl_print_field (_ ("Label"), result->label);
  print_certificate (result);
  print_warnings ((const char *const *) result->warnings);
}

/* The drive that DESTINATION names, and that the person agreed to lose. */
static KlDrive *
choose_drive (const KlCtlOptions *options, GError **error)
{
  g_autoptr (KlDrive) drive = kl_ctl_choose_drive (options, options->arguments[1], error);

  if (drive == NULL || (!options->dry_run && !kl_ctl_confirm_drive (options, drive, error)))
    return NULL;
  return g_steal_pointer (&drive);
}

static int
run_create (KlCtlOptions *options)
{
  g_autoptr (KlDrive) drive = NULL;
  g_autoptr (KlCatalog) catalog = NULL;
  g_autoptr (KlMediaCreator) creator = NULL;
  g_autoptr (KlMediaRequest) request = NULL;
  g_auto (KlCtlProtection) protection = { 0 };
  g_autoptr (GError) error = NULL;
  const KlMediaResult *result;
  KlBootManager boot_manager;
  KlMediaType type;
  guint64 disk_image_bytes = 0;
  gboolean to_drive;

  if (!kl_media_type_from_string (options->arguments[0], &type))
    return kl_ctl_print_usage_error (options, _ ("“%s” is no type of media: CD, UFD, UFD+FORMAT"),
                                     options->arguments[0]);
  if (!parse_boot_manager (options->boot_manager, &boot_manager))
    return kl_ctl_print_usage_error (options, _ ("“%s” is no boot manager: 2011, 2023"),
                                     options->boot_manager);
  if (options->disk_image != NULL && !parse_size (options->disk_image, &disk_image_bytes))
    return kl_ctl_print_usage_error (options,
                                     _ ("“%s” is no size: bytes, or a number with K, M, G "
                                        "or T such as 8G"),
                                     options->disk_image);

  to_drive = type == KL_MEDIA_TYPE_UFD_FORMAT && disk_image_bytes == 0;
  if (!to_drive && (options->expect_serial != NULL || options->yes || options->allow_fixed))
    return kl_ctl_print_usage_error (
        options, _ ("--expect-serial, --yes and --allow-fixed are for UFD+FORMAT onto a drive"));
  if (to_drive)
    {
      drive = choose_drive (options, &error);
      if (drive == NULL)
        return kl_ctl_print_error (options, error);
    }

  if (!kl_ctl_protection_read (options, &protection, &error))
    return kl_ctl_print_error (options, error);

  request
      = make_request (options, type, boot_manager, drive, disk_image_bytes, &protection, &error);
  if (request == NULL)
    return kl_ctl_print_error (options, error);

  catalog = kl_ctl_open_catalog (options);
  creator = kl_media_creator_new (catalog);
  kl_media_creator_set_request (creator, request);
  kl_media_creator_set_connection_options (creator, protection.connection_options);
  if (options->dry_run)
    return run_dry (options, creator);

  if (!kl_ctl_run_job (options, KL_JOB (creator), &error))
    return kl_ctl_print_error (options, error);

  result = kl_media_creator_get_result (creator);
  if (options->export_certificate != NULL
      && !kl_certificate_export (result->certificate, options->export_certificate, &error))
    return kl_ctl_print_error (options, error);

  if (options->json)
    print_result_event (result);
  else if (!options->quiet)
    print_result_text (result);
  return KL_CTL_EXIT_DONE;
}

static void
add_create_options (GOptionContext *context, KlCtlOptions *options)
{
  const GOptionEntry entries[] = {
    { "label", 0, 0, G_OPTION_ARG_STRING, &options->label,
      N_ ("Label of the medium; else made from the image's name"), N_ ("LABEL") },
    { "boot-manager", 0, 0, G_OPTION_ARG_STRING, &options->boot_manager,
      N_ ("Boot manager signed by the authority of 2011 or 2023; else the image's setting"),
      "2011|2023" },
    { "disk-image", 0, 0, G_OPTION_ARG_STRING, &options->disk_image,
      N_ ("UFD+FORMAT: make a disk image of this size, a VHD if DESTINATION ends in .vhd"),
      N_ ("SIZE") },
    { "gpt", 0, 0, G_OPTION_ARG_NONE, &options->gpt,
      N_ ("UFD+FORMAT: GPT instead of MBR; starts on UEFI only"), NULL },
    { "expect-serial", 0, 0, G_OPTION_ARG_STRING, &options->expect_serial,
      N_ ("UFD+FORMAT: refuse any drive but the one with this serial number"), N_ ("SERIAL") },
    { "yes", 0, 0, G_OPTION_ARG_NONE, &options->yes,
      N_ ("UFD+FORMAT: do not ask before everything on the drive is lost"), NULL },
    { "allow-fixed", 0, 0, G_OPTION_ARG_NONE, &options->allow_fixed,
      N_ ("UFD+FORMAT: also onto a fixed disk; never the system's"), NULL },
    { "password", 0, 0, G_OPTION_ARG_NONE, &options->ask,
      N_ ("Ask for the media password on the terminal, twice"), NULL },
    { "password-fd", 0, 0, G_OPTION_ARG_INT, &options->password_fd,
      N_ ("Read the media password, one line, from a descriptor"), N_ ("N") },
    { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &options->password_file,
      N_ ("Read the media password from the first line of a file"), N_ ("FILE") },
    { "certificate", 0, 0, G_OPTION_ARG_FILENAME, &options->certificate,
      N_ ("PFX file with the media certificate; else a self-signed one is made"), N_ ("PFX") },
    { "certificate-password-fd", 0, 0, G_OPTION_ARG_INT, &options->certificate_password_fd,
      N_ ("Read the password of the PFX file, one line, from a descriptor"), N_ ("N") },
    { "ignore-validity", 0, 0, G_OPTION_ARG_NONE, &options->ignore_validity,
      N_ ("Take the certificate of the PFX file although it has expired or is not valid yet"),
      NULL },
    { "connection-options-fd", 0, 0, G_OPTION_ARG_INT, &options->connection_options_fd,
      N_ ("Read the connection options of the documented API, one line, from a descriptor"),
      N_ ("N") },
    { "valid-from", 0, 0, G_OPTION_ARG_STRING, &options->valid_from,
      N_ ("Begin of the self-signed certificate, ISO 8601, UTC; else now"), N_ ("TIME") },
    { "valid-until", 0, 0, G_OPTION_ARG_STRING, &options->valid_until,
      N_ ("End of the self-signed certificate; else a year after its begin"), N_ ("TIME") },
    { "export-certificate", 0, 0, G_OPTION_ARG_FILENAME, &options->export_certificate,
      N_ ("Write the certificate to a file for the site: PEM for names in .pem, else DER"),
      N_ ("FILE") },
    { "variable", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->variables,
      N_ ("A further media variable; may be given several times"), N_ ("NAME=VALUE") },
    { "aes-256", 0, 0, G_OPTION_ARG_NONE, &options->aes_256,
      N_ ("Seal the media variables with AES-256, which older sites may not read"), NULL },
    { "unattended", 0, 0, G_OPTION_ARG_NONE, &options->unattended,
      N_ ("Start-up asks for nothing but the media password"), NULL },
    { "no-verify", 0, 0, G_OPTION_ARG_NONE, &options->no_verify, N_ ("Do not read the medium back"),
      NULL },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &options->dry_run,
      N_ ("Print what would be written and write nothing"), NULL },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
}

const KlCtlCommand kl_ctl_create_commands[] = {
  { NULL, "create", "TYPE DESTINATION IMAGE-ID",
    N_ ("Make a medium; TYPE is CD or UFD+FORMAT, DESTINATION the file or drive"),
    "  kindlingctl create CD winpe.iso KDL00001\n"
    "  kindlingctl create CD winpe.iso KDL00001 --label \"DEPLOY 1\" --boot-manager 2023\n"
    "  kindlingctl create CD winpe.iso KDL00001 --dry-run\n"
    "  kindlingctl create UFD+FORMAT /dev/sdb KDL00001\n"
    "  kindlingctl create UFD+FORMAT /dev/sdb KDL00001 --expect-serial 0951C3\n"
    "  kindlingctl create UFD+FORMAT stick.img KDL00001 --disk-image 8G\n"
    "  kindlingctl create UFD+FORMAT winpe.vhd KDL00001 --disk-image 2G\n"
    "  kindlingctl --site abc.ini create CD abc.iso KDL00001 --password-fd 3 3<password",
    3, 3, add_create_options, run_create },
  { NULL },
};
