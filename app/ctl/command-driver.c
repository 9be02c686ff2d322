/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "command.h"

#include <string.h>

#include <glib/gi18n.h>

#include "base/error.h"
#include "driver/driver-archive.h"
#include "driver/driver-findings.h"
#include "driver/driver-match.h"
#include "function-job.h"
#include "job-runner.h"
#include "output.h"

/* IDs and files shown to people; scripts get all. */
#define SHOWN 8

typedef struct
{
  const KlCtlOptions *options;
  GPtrArray *packages; /* of KlDriverPackage, of all paths */
  GHashTable *names;   /* of KlDriverPackage → char *: what the user knows it by */
  GPtrArray *archives; /* of KlDriverArchive: their folders last until all is judged */
  GPtrArray *findings; /* of KlDriverFinding */
  GHashTable *found; /* of KlDriverPackage → GPtrArray of its findings, for those that have some */
  GPtrArray *matches; /* of KlDriverMatch; NULL without --hardware-id */
} Inspection;

static gboolean
has_suffix (const char *path, const char *suffix)
{
  gsize length = strlen (path);

  return length > strlen (suffix)
         && g_ascii_strcasecmp (path + length - strlen (suffix), suffix) == 0;
}

static void
take_packages (Inspection *self, GPtrArray *packages, const char *path)
{
  for (guint i = 0; i < packages->len; i++)
    {
      KlDriverPackage *package = g_ptr_array_index (packages, i);

      g_ptr_array_add (self->packages, g_object_ref (package));
      g_hash_table_insert (self->names, package,
                           g_build_filename (path, kl_driver_package_get_inf (package), NULL));
    }
}

static gboolean
read_folder (Inspection *self,
             const char *folder,
             const char *path,
             KlProgress *progress,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (GPtrArray) packages = kl_driver_folder_scan (folder, progress, cancellable, error);

  if (packages == NULL)
    return FALSE;

  take_packages (self, packages, path);
  return TRUE;
}

static gboolean
read_archive (Inspection *self,
              const char *path,
              KlProgress *progress,
              GCancellable *cancellable,
              GError **error)
{
  KlProgress *unpack = kl_progress_add_step (progress, 4, "Unpacking");
  KlProgress *read = kl_progress_add_step (progress, 1, "Reading drivers");
  KlDriverArchive *archive = kl_driver_archive_extract (path, unpack, cancellable, error);

  if (archive == NULL)
    return FALSE;
  g_ptr_array_add (self->archives, archive);
  return read_folder (self, kl_driver_archive_get_folder (archive), path, read, cancellable, error);
}

static gboolean
read_path (Inspection *self,
           const char *path,
           KlProgress *progress,
           GCancellable *cancellable,
           GError **error)
{
  KlDriverPackage *package;

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return read_folder (self, path, path, progress, cancellable, error);
  if (kl_driver_archive_is_cab (path))
    return read_archive (self, path, progress, cancellable, error);
  if (g_file_test (path, G_FILE_TEST_EXISTS) && !has_suffix (path, ".inf"))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   has_suffix (path, ".exe")
                       ? "“%s” is a program: it must be unpacked on Windows, or with 7z, first"
                       : "“%s” is no folder, INF file or cabinet file (.cab)",
                   path);
      return FALSE;
    }

  package = kl_driver_package_load (path, error);
  if (package == NULL)
    return FALSE;
  g_ptr_array_add (self->packages, package);
  g_hash_table_insert (self->names, package, g_strdup (path));
  return TRUE;
}

/* Folders of thousands of packages are printed: nothing is looked for one by one. */
static void
sort_findings (Inspection *self)
{
  self->found = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
  for (guint i = 0; i < self->findings->len; i++)
    {
      KlDriverFinding *finding = g_ptr_array_index (self->findings, i);
      GPtrArray *same = g_hash_table_lookup (self->found, finding->package);

      if (same == NULL)
        {
          same = g_ptr_array_new ();
          g_hash_table_insert (self->found, finding->package, same);
        }
      g_ptr_array_add (same, finding);
    }
}

static gboolean
inspect (gpointer data, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  Inspection *self = data;
  const KlCtlOptions *options = self->options;

  for (char **path = options->arguments; *path != NULL; path++)
    {
      KlProgress *step = kl_progress_add_step (progress, 1, "Reading drivers");

      kl_progress_start (step);
      kl_progress_set_info (step, "Reading %s", *path);
      if (!read_path (self, *path, step, cancellable, error))
        return FALSE;
      kl_progress_finish (step);
    }

  self->findings = kl_driver_check (self->packages, options->architecture, (guint) options->build,
                                    cancellable, error);
  g_ptr_array_set_size (self->archives, 0);
  if (self->findings == NULL)
    return FALSE;
  sort_findings (self);
  if (options->hardware_id != NULL)
    self->matches = kl_driver_find (self->packages, options->hardware_id, options->architecture,
                                    (guint) options->build, cancellable, error);
  return options->hardware_id == NULL || self->matches != NULL;
}

static void
inspection_clear (Inspection *self)
{
  g_ptr_array_unref (self->packages);
  g_hash_table_unref (self->names);
  g_ptr_array_unref (self->archives);
  g_clear_pointer (&self->found, g_hash_table_unref);
  g_clear_pointer (&self->findings, g_ptr_array_unref);
  g_clear_pointer (&self->matches, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Inspection, inspection_clear)

/* File names need not be UTF-8; JSON must be. */
static void
add_texts (JsonBuilder *builder, const char *name, char **texts)
{
  for (char **text = texts; *text != NULL; text++)
    {
      char *valid = g_utf8_make_valid (*text, -1);

      g_free (*text);
      *text = valid;
    }
  kl_ctl_json_add_list (builder, name, (const char *const *) texts);
  g_strfreev (texts);
}

static void
add_findings (JsonBuilder *builder, const Inspection *self, KlDriverPackage *package)
{
  GPtrArray *findings = g_hash_table_lookup (self->found, package);

  json_builder_set_member_name (builder, "findings");
  json_builder_begin_array (builder);
  for (guint i = 0; findings != NULL && i < findings->len; i++)
    {
      const KlDriverFinding *finding = g_ptr_array_index (findings, i);

      json_builder_begin_object (builder);
      kl_ctl_json_add_text (builder, "code", finding->code);
      kl_ctl_json_add_text (builder, "severity", kl_driver_severity_to_string (finding->severity));
      kl_ctl_json_add_text (builder, "text", finding->text);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
print_json (const Inspection *self,
            KlDriverPackage *package,
            const char *name,
            const KlDriverMatch *match)
{
  const char *architecture = self->options->architecture;
  const guint build = (guint) self->options->build;
  JsonBuilder *builder = kl_ctl_json_new (NULL);

  kl_ctl_json_add_text (builder, "inf", name);
  kl_ctl_json_add_text (builder, "class", kl_driver_package_get_class_name (package));
  kl_ctl_json_add_text (builder, "class-guid", kl_driver_package_get_class_guid (package));
  kl_ctl_json_add_text (builder, "provider", kl_driver_package_get_provider (package));
  kl_ctl_json_add_text (builder, "version", kl_driver_package_get_version (package));
  kl_ctl_json_add_text (builder, "date", kl_driver_package_get_date (package));
  kl_ctl_json_add_list (builder, "architectures", kl_driver_package_get_architectures (package));
  add_texts (builder, "hardware-ids",
             kl_driver_package_dup_hardware_ids (package, architecture, build));
  add_texts (builder, "compatible-ids",
             kl_driver_package_dup_compatible_ids (package, architecture, build));
  kl_ctl_json_add_text (builder, "catalog", kl_driver_package_get_catalog (package, architecture));
  kl_ctl_json_add_flag (builder, "pnp-lockdown", kl_driver_package_get_pnp_lockdown (package));
  kl_ctl_json_add_flag (builder, "selected", kl_driver_package_is_default (package));
  add_texts (builder, "files", kl_driver_package_dup_files (package, architecture, build));
  add_texts (builder, "missing", kl_driver_package_dup_missing (package, architecture, build));
  add_findings (builder, self, package);
  if (match != NULL)
    {
      json_builder_set_member_name (builder, "match");
      json_builder_begin_object (builder);
      kl_ctl_json_add_text (builder, "id", match->id);
      kl_ctl_json_add_text (builder, "kind", kl_driver_match_kind_to_string (match->kind));
      kl_ctl_json_add_number (builder, "rank", match->rank);
      json_builder_end_object (builder);
    }
  kl_ctl_json_print (builder);
}

/* The first of them, and how many more there are. Takes @texts. */
static void
print_some (const char *name, char **texts)
{
  guint n = g_strv_length (texts);

  for (guint i = 0; i < MIN (n, SHOWN); i++)
    kl_ctl_print_field (i == 0 ? name : "", texts[i]);
  if (n > SHOWN)
    {
      g_autofree char *more = g_strdup_printf (_ ("and %u more"), n - SHOWN);

      kl_ctl_print_field ("", more);
    }
  g_strfreev (texts);
}

static void
print_version (KlDriverPackage *package)
{
  const char *version = kl_driver_package_get_version (package);
  const char *date = kl_driver_package_get_date (package);
  g_autofree char *both
      = version != NULL && date != NULL ? g_strdup_printf ("%s (%s)", version, date) : NULL;

  kl_ctl_print_field (_ ("Version"), both != NULL ? both : version != NULL ? version : date);
}

static void
print_match (const KlDriverMatch *match)
{
  const char *kind = match->kind == KL_DRIVER_MATCH_HARDWARE     ? _ ("hardware ID")
                     : match->kind == KL_DRIVER_MATCH_COMPATIBLE ? _ ("compatible ID")
                                                                 : _ ("only some such devices");
  g_autofree char *line = g_strdup_printf ("%s (%s)", match->id, kind);

  kl_ctl_print_field (_ ("Serves by"), line);
}

static void
print_text (const Inspection *self,
            KlDriverPackage *package,
            const char *name,
            const KlDriverMatch *match)
{
  const char *architecture = self->options->architecture;
  const guint build = (guint) self->options->build;
  GPtrArray *findings = g_hash_table_lookup (self->found, package);
  g_autofree char *architectures
      = g_strjoinv (", ", (char **) kl_driver_package_get_architectures (package));
  g_autofree char *clean = kl_ctl_clean (name);

  g_print ("%s\n", clean);
  if (match != NULL)
    print_match (match);
  kl_ctl_print_field (_ ("Class"), kl_driver_package_get_class_name (package));
  kl_ctl_print_field (_ ("Provider"), kl_driver_package_get_provider (package));
  print_version (package);
  kl_ctl_print_field (_ ("Architectures"), architectures);
  print_some (_ ("Hardware IDs"),
              kl_driver_package_dup_hardware_ids (package, architecture, build));
  print_some (_ ("Files"), kl_driver_package_dup_files (package, architecture, build));
  kl_ctl_print_field (_ ("Catalog"), kl_driver_package_get_catalog (package, architecture));

  for (guint i = 0; findings != NULL && i < findings->len; i++)
    {
      const KlDriverFinding *finding = g_ptr_array_index (findings, i);
      g_autofree char *label = g_strdup_printf ("%s %s", finding->code,
                                                kl_driver_severity_to_string (finding->severity));

      kl_ctl_print_core_field (label, finding->text);
    }
  g_print ("\n");
}

static void
print_package (const Inspection *self, KlDriverPackage *package, const KlDriverMatch *match)
{
  const char *name = g_hash_table_lookup (self->names, package);

  if (self->options->json)
    print_json (self, package, name, match);
  else
    print_text (self, package, name, match);
}

static void
print_summary (const Inspection *self)
{
  if (self->options->json || self->options->quiet)
    return;

  if (self->packages->len == 0)
    g_print (_ ("There is no INF file.\n"));
  else if (self->matches != NULL)
    {
      g_autofree char *id = kl_ctl_clean (self->options->hardware_id);

      g_print (_ ("%u of %u packages serve %s.\n"), self->matches->len, self->packages->len, id);
    }
}

static int
run_inspect (KlCtlOptions *options)
{
  g_auto (Inspection) self = {
    .options = options,
    .packages = g_ptr_array_new_with_free_func (g_object_unref),
    .names = g_hash_table_new_full (NULL, NULL, NULL, g_free),
    .archives = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_driver_archive_free),
  };
  g_autoptr (KlJob) job = kl_function_job_new ("Reading drivers", inspect, &self);
  g_autoptr (GError) error = NULL;
  KlCtlOptions job_options;
  static const char *const architectures[] = { "x86", "x64", "arm", "arm64", "ia64", NULL };

  if (options->architecture != NULL && !g_strv_contains (architectures, options->architecture))
    return kl_ctl_print_usage_error (
        options, _ ("“%s” is no architecture; there are x86, x64, arm, arm64 and ia64"),
        options->architecture);
  if (options->build < 0)
    return kl_ctl_print_usage_error (options, _ ("A build is a number such as 26100, not %d"),
                                     options->build);
  /* With --json there is a line per INF and nothing else. */
  job_options = *options;
  job_options.quiet |= options->json;
  if (!kl_ctl_run_job (&job_options, job, &error))
    return kl_ctl_print_error (options, error);

  for (guint i = 0; self.matches != NULL && i < self.matches->len; i++)
    {
      const KlDriverMatch *match = g_ptr_array_index (self.matches, i);

      print_package (&self, match->package, match);
    }
  for (guint i = 0; self.matches == NULL && i < self.packages->len; i++)
    print_package (&self, g_ptr_array_index (self.packages, i), NULL);
  print_summary (&self);
  return KL_CTL_EXIT_DONE;
}

static void
add_inspect_options (GOptionContext *context, KlCtlOptions *options)
{
  const GOptionEntry entries[] = {
    { "architecture", 0, 0, G_OPTION_ARG_STRING, &options->architecture,
      N_ ("Judge for an image of this architecture: x86, x64, arm, arm64"), N_ ("A") },
    { "build", 0, 0, G_OPTION_ARG_INT, &options->build,
      N_ ("Judge for an image of this build, such as 26100"), N_ ("N") },
    { "hardware-id", 0, 0, G_OPTION_ARG_STRING, &options->hardware_id,
      N_ ("List only the packages that serve this device, the best first"), N_ ("ID") },
    { NULL },
  };

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
}

const KlCtlCommand kl_ctl_driver_commands[] = {
  { "driver", "inspect", "PATH…", N_ ("Say what driver packages are, and what is wrong"),
    "  kindlingctl driver inspect ~/drivers\n"
    "  kindlingctl driver inspect network.cab --architecture x64 --build 26100\n"
    "  kindlingctl driver inspect ~/drivers --hardware-id 'PCI\\VEN_8086&DEV_15F3'",
    1, G_MAXUINT, add_inspect_options, run_inspect },
  { NULL },
};
