/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <errno.h>
#include <string.h>

#include <glib/gi18n.h>

#include "base/error.h"
#include "batch-runner.h"
#include "create-report.h"
#include "creation/media-batch.h"
#include "data-path.h"
#include "drive-choice.h"
#include "job-runner.h"
#include "output.h"
#include "protection.h"

/* Type, image ID, and more drives than a hub has ports. */
#define MAX_ARGUMENTS 258

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

/* What the words of the command line mean. */
typedef struct
{
  KlMediaType type;
  KlBootManager boot_manager;
  guint64 disk_image_bytes; /* 0: not into a disk image */
  guint n_destinations;
  gboolean to_drive;
} Choice;

static KlMediaRequest *
make_request (const KlCtlOptions *options,
              const Choice *choice,
              guint position,
              KlDrive *drive,
              const char *volume,
              const KlCtlProtection *protection,
              GError **error)
{
  g_autofree char *bios_code = kl_data_path_dup_bios_code ();
  const KlMediaOptions media_options = {
    .type = choice->type,
    .destination = options->arguments[position + 1],
    .image_id = options->arguments[choice->n_destinations + 1],
    .label = options->label,
    .boot_manager = choice->boot_manager,
    .no_verify = options->no_verify,
    .drive = drive,
    .volume = volume,
    .bios_start = options->bios_start,
    .power_off = options->power_off,
    .disk_image_bytes = choice->disk_image_bytes,
    .gpt = options->gpt,
    .bios_code_folder = bios_code,
    .password = protection->password,
    .certificate = options->certificate,
    .certificate_password = protection->certificate_password,
    .key = protection->key,
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

static int
run_dry (const KlCtlOptions *options, KlMediaCreator *creator)
{
  const char *path = kl_media_request_get_destination (kl_media_creator_get_request (creator));
  g_autoptr (KlMediaLayout) layout = NULL;
  g_autoptr (KlFolderPlan) changes = NULL;
  g_autoptr (GError) error = NULL;
  guint64 bytes_needed = 0;

  layout = kl_media_creator_plan_changes (creator, &bytes_needed, &changes, &error);
  if (layout == NULL)
    return kl_ctl_print_error (options, error);

  kl_ctl_print_plan (options, path, layout, changes, bytes_needed);
  return KL_CTL_EXIT_DONE;
}

static int
run_one (const KlCtlOptions *options, KlMediaCreator *creator)
{
  const KlMediaResult *result;
  g_autoptr (GError) error = NULL;

  if (!kl_ctl_run_job (options, KL_JOB (creator), &error))
    return kl_ctl_print_error (options, error);

  result = kl_media_creator_get_result (creator);
  if (options->export_certificate != NULL
      && !kl_certificate_export (result->certificate, options->export_certificate, &error))
    return kl_ctl_print_error (options, error);

  kl_ctl_print_result (options, result, NULL);
  return KL_CTL_EXIT_DONE;
}

static int
run_batch (const KlCtlOptions *options, KlMediaBatch *batch)
{
  const guint n = g_list_model_get_n_items (G_LIST_MODEL (batch));
  g_autoptr (KlMediaCreator) first = g_list_model_get_item (G_LIST_MODEL (batch), 0);
  int status = KL_CTL_EXIT_DONE;

  if (!options->dry_run)
    return n == 1 ? run_one (options, first) : kl_ctl_run_batch (options, batch);

  for (guint i = 0; i < n && status == KL_CTL_EXIT_DONE; i++)
    {
      g_autoptr (KlMediaCreator) creator = g_list_model_get_item (G_LIST_MODEL (batch), i);

      status = run_dry (options, creator);
    }
  return status;
}

/* Returns the exit status for wrong use, or that of a command line which is right. */
static int
read_choice (const KlCtlOptions *options, Choice *choice)
{
  const char *const *arguments = (const char *const *) options->arguments;

  choice->n_destinations = g_strv_length (options->arguments) - 2;
  if (!kl_media_type_from_string (arguments[0], &choice->type))
    return kl_ctl_print_usage_error (options, _ ("“%s” is no type of media: CD, UFD, UFD+FORMAT"),
                                     arguments[0]);
  if (!parse_boot_manager (options->boot_manager, &choice->boot_manager))
    return kl_ctl_print_usage_error (options, _ ("“%s” is no boot manager: 2011, 2023"),
                                     options->boot_manager);
  if (options->disk_image != NULL && !parse_size (options->disk_image, &choice->disk_image_bytes))
    return kl_ctl_print_usage_error (options,
                                     _ ("“%s” is no size: bytes, or a number with K, M, G "
                                        "or T such as 8G"),
                                     options->disk_image);

  choice->to_drive = choice->type != KL_MEDIA_TYPE_CD && choice->disk_image_bytes == 0;
  if (!choice->to_drive && choice->n_destinations > 1)
    return kl_ctl_print_usage_error (options,
                                     _ ("“%s” is one argument too many: several destinations are "
                                        "for UFD and UFD+FORMAT onto drives"),
                                     arguments[3]);
  if (choice->n_destinations > 1 && options->export_certificate != NULL)
    return kl_ctl_print_usage_error (options,
                                     _ ("--export-certificate is for one medium: each of several "
                                        "has a certificate of its own"));
  if (!choice->to_drive
      && (options->expect_serials != NULL || options->yes || options->allow_fixed
          || options->power_off))
    return kl_ctl_print_usage_error (options,
                                     _ ("--expect-serial, --yes, --allow-fixed and --power-off "
                                        "are for UFD and UFD+FORMAT onto a drive"));
  return KL_CTL_EXIT_DONE;
}

/* The drives that the command line names: for UFD by one volume each, else those that the person
 * agreed to lose. */
static GPtrArray *
choose_drives (const KlCtlOptions *options,
               const Choice *choice,
               GPtrArray *volumes,
               GError **error)
{
  const gboolean whole = choice->type != KL_MEDIA_TYPE_UFD;
  g_autoptr (GPtrArray) drives = kl_ctl_choose_drives (
      options, options->arguments + 1, choice->n_destinations, whole ? NULL : volumes, error);

  if (drives == NULL)
    return NULL;
  if (whole && !options->dry_run && !kl_ctl_confirm_drives (options, drives, error))
    return NULL;
  return g_steal_pointer (&drives);
}

static int
run_create (KlCtlOptions *options)
{
  g_autoptr (GPtrArray) drives = NULL;
  g_autoptr (GPtrArray) volumes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (KlCatalog) catalog = NULL;
  g_autoptr (KlMediaBatch) batch = NULL;
  g_auto (KlCtlProtection) protection = { 0 };
  g_autoptr (GError) error = NULL;
  Choice choice = { 0 };
  int status = read_choice (options, &choice);

  if (status != KL_CTL_EXIT_DONE)
    return status;
  /* It takes tenths of a second, while drives are asked for, passwords typed and files looked at.
   */
  if (options->certificate == NULL && choice.n_destinations == 1)
    protection.key = kl_certificate_key_new ();
  if (choice.to_drive)
    {
      drives = choose_drives (options, &choice, volumes, &error);
      if (drives == NULL)
        return kl_ctl_print_error (options, error);
    }
  if (!kl_ctl_protection_read (options, &protection, &error))
    return kl_ctl_print_error (options, error);

  catalog = kl_ctl_open_catalog (options);
  batch = kl_media_batch_new (catalog);
  for (guint i = 0; i < choice.n_destinations; i++)
    {
      KlDrive *drive = drives != NULL ? drives->pdata[i] : NULL;
      g_autoptr (KlMediaRequest) request
          = make_request (options, &choice, i, drive, volumes->len > 0 ? volumes->pdata[i] : NULL,
                          &protection, &error);

      if (request == NULL)
        return kl_ctl_print_error (options, error);
      kl_media_creator_set_connection_options (kl_media_batch_add (batch, request),
                                               protection.connection_options);
    }
  return run_batch (options, batch);
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
    { "expect-serial", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->expect_serials,
      N_ ("UFD, UFD+FORMAT: refuse any drive but the one with this serial number; several times, "
          "or a "
          "list with commas, for several drives"),
      N_ ("SERIAL") },
    { "yes", 0, 0, G_OPTION_ARG_NONE, &options->yes,
      N_ ("UFD+FORMAT: do not ask before everything on the drive is lost"), NULL },
    { "allow-fixed", 0, 0, G_OPTION_ARG_NONE, &options->allow_fixed,
      N_ ("UFD, UFD+FORMAT: also onto a fixed disk; never the system's"), NULL },
    { "bios-start", 0, 0, G_OPTION_ARG_NONE, &options->bios_start,
      N_ ("UFD: also write start code for BIOS before the first partition of the drive"), NULL },
    { "power-off", 0, 0, G_OPTION_ARG_NONE, &options->power_off,
      N_ ("UFD, UFD+FORMAT: switch the drive off once it is made and read back"), NULL },
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
  { NULL, "create", "TYPE DESTINATION… IMAGE-ID",
    N_ ("Make a medium; TYPE is CD, UFD or UFD+FORMAT, DESTINATION the file, volume or drive, or "
        "several volumes or drives"),
    "  kindlingctl create CD winpe.iso KDL00001\n"
    "  kindlingctl create CD winpe.iso KDL00001 --label \"DEPLOY 1\" --boot-manager 2023\n"
    "  kindlingctl create CD winpe.iso KDL00001 --dry-run\n"
    "  kindlingctl create UFD /media/admin/STICK KDL00001\n"
    "  kindlingctl create UFD /dev/sdb1 KDL00001 --bios-start\n"
    "  kindlingctl create UFD+FORMAT /dev/sdb KDL00001\n"
    "  kindlingctl create UFD+FORMAT /dev/sdb KDL00001 --expect-serial 0951C3\n"
    "  kindlingctl create UFD+FORMAT /dev/sdb /dev/sdc /dev/sdd KDL00001 --power-off\n"
    "  kindlingctl create UFD+FORMAT stick.img KDL00001 --disk-image 8G\n"
    "  kindlingctl create UFD+FORMAT winpe.vhd KDL00001 --disk-image 2G\n"
    "  kindlingctl --site abc.ini create CD abc.iso KDL00001 --password-fd 3 3<password",
    3, MAX_ARGUMENTS, add_create_options, run_create },
  { NULL },
};
