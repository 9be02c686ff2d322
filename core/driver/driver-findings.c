/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver"

#include "driver/driver-findings.h"

#include <string.h>

#include "base/error.h"
#include "crypto/authenticode.h"
#include "crypto/pe-file.h"
#include "driver/driver-package-private.h"

#define MAX_CATALOG_SIZE ((goffset) 64 << 20)
/* How many of the packages with an ID are compared with each other. */
#define MAX_RIVALS 64

typedef struct
{
  GPtrArray *findings;
  const char *architecture; /* NULL: all */
  guint build;
  GHashTable *owners; /* "class id" in lower case → GPtrArray of packages, each once */
} Check;

/* What one package shares with others. */
typedef struct
{
  KlDriverPackage *other; /* the newest */
  char *id;               /* owned; the first of them */
  guint n_ids;
  guint n_others;
} Rivals;

void
kl_driver_finding_free (KlDriverFinding *self)
{
  g_object_unref (self->package);
  g_free (self->text);
  g_free (self);
}

static void G_GNUC_PRINTF (5, 6) add (Check *check,
                                      KlDriverPackage *package,
                                      const char *code,
                                      KlDriverSeverity severity,
                                      const char *format,
                                      ...)
{
  KlDriverFinding *finding = g_new0 (KlDriverFinding, 1);
  va_list args;

  va_start (args, format);
  finding->text = g_strdup_vprintf (format, args);
  va_end (args);
  finding->package = g_object_ref (package);
  finding->code = code;
  finding->severity = severity;
  g_ptr_array_add (check->findings, finding);
}

static void
check_targets (Check *check, KlDriverPackage *package)
{
  const char *const *architectures = kl_driver_package_get_architectures (package);
  g_autofree char *list = g_strjoinv (", ", (char **) architectures);

  if (*architectures == NULL)
    add (check, package, "D02", KL_DRIVER_ERROR,
         "It is for no architecture: [Manufacturer] names "
         "no Models section with devices");
  else if (kl_driver_package_serves (package, check->architecture, check->build))
    return;
  else if (kl_driver_package_serves (package, check->architecture, 0))
    add (check, package, "D02", KL_DRIVER_ERROR,
         "It is only for builds of Windows newer than %u; it is for %s", check->build, list);
  else
    add (check, package, "D02", KL_DRIVER_ERROR, "It is not for %s; it is for %s",
         check->architecture, list);
}

static void
check_devices (Check *check, KlDriverPackage *package, const GPtrArray *targets)
{
  for (guint i = 0; i < targets->len; i++)
    {
      const KlDriverTarget *target = g_ptr_array_index (targets, i);
      gboolean has_id = FALSE;

      for (guint k = 0; k < target->devices->len && !has_id; k++)
        has_id = ((const KlDriverDevice *) g_ptr_array_index (target->devices, k))->hardware_id
                 != NULL;
      if (!has_id)
        add (check, package, "D03", KL_DRIVER_ERROR, "Section [%s] has no hardware IDs",
             target->section);
      else if (target->missing_install != NULL)
        add (check, package, "D03", KL_DRIVER_ERROR,
             "Section [%s] names the Install section [%s], which is not there for %s",
             target->section, target->missing_install, target->architecture->name);
    }
}

static gboolean
is_catalog (const char *path)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  g_autoptr (GBytes) bytes = NULL;

  if (file == NULL || (goffset) g_mapped_file_get_length (file) > MAX_CATALOG_SIZE)
    return FALSE;
  bytes = g_mapped_file_get_bytes (file);
  return kl_pkcs7_is_trust_list (bytes);
}

static void
check_catalog (Check *check, KlDriverPackage *package, const char *architecture)
{
  const char *name = kl_driver_package_get_catalog (package, architecture);
  g_autofree char *path = kl_driver_package_dup_catalog_path (package, architecture);

  if (name == NULL)
    add (check, package, "D10", KL_DRIVER_WARNING,
         "It names no CatalogFile for %s and will be rejected on x64", architecture);
  else if (path == NULL)
    add (check, package, "D10", KL_DRIVER_WARNING,
         "The catalog “%s” is not there, so it will be rejected on x64", name);
  else if (!is_catalog (path))
    add (check, package, "D11", KL_DRIVER_WARNING,
         "The catalog “%s” is not a signed catalog (PKCS #7)", name);
}

/* Without an architecture: each catalog once. */
static void
check_catalogs (Check *check, KlDriverPackage *package)
{
  const char *const *architectures = kl_driver_package_get_architectures (package);

  if (check->architecture != NULL)
    {
      check_catalog (check, package, check->architecture);
      return;
    }
  for (guint i = 0; architectures[i] != NULL; i++)
    {
      const char *name = kl_driver_package_get_catalog (package, architectures[i]);
      gboolean seen = FALSE;

      for (guint k = 0; k < i; k++)
        seen |= g_strcmp0 (name, kl_driver_package_get_catalog (package, architectures[k])) == 0;
      if (!seen)
        check_catalog (check, package, architectures[i]);
    }
}

static gboolean
is_program (const char *name)
{
  return strlen (name) > 4 && g_ascii_strcasecmp (name + strlen (name) - 4, ".sys") == 0;
}

static void
check_machine (Check *check,
               KlDriverPackage *package,
               const KlDriverFile *file,
               const char *architecture)
{
  g_autofree char *path
      = g_build_filename (kl_driver_package_get_folder (package), file->name, NULL);
  g_autoptr (GError) error = NULL;
  guint16 machine;
  const char *found;

  if (!kl_pe_read_machine (path, &machine, &error))
    {
      g_autofree char *why = kl_driver_package_shorten (package, error->message);

      add (check, package, "D15", KL_DRIVER_ERROR, "A driver cannot be used: %s", why);
      return;
    }

  found = kl_pe_machine_to_architecture (machine);
  if (found == NULL)
    add (check, package, "D15", KL_DRIVER_ERROR, "“%s” is for an unknown machine, not for %s",
         file->name, architecture);
  else if (strcmp (found, architecture) != 0)
    add (check, package, "D15", KL_DRIVER_ERROR, "“%s” is for %s, not for %s", file->name, found,
         architecture);
}

static void
check_files (Check *check, KlDriverPackage *package, const GPtrArray *targets)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < targets->len; i++)
    {
      const KlDriverTarget *target = g_ptr_array_index (targets, i);

      for (guint k = 0; k < target->files->len; k++)
        {
          const KlDriverFile *file
              = g_ptr_array_index (package->files, g_array_index (target->files, guint, k));
          const gboolean missing = file->state == KL_DRIVER_FILE_MISSING;

          if (!g_hash_table_add (
                  seen,
                  g_strdup_printf ("%s %s", missing ? "" : target->architecture->name, file->name)))
            continue;
          if (missing)
            add (check, package, "D12",
                 is_program (file->name) ? KL_DRIVER_ERROR : KL_DRIVER_WARNING,
                 "The file “%s” is not there", file->name);
          else if (file->state == KL_DRIVER_FILE_PRESENT && is_program (file->name))
            check_machine (check, package, file, target->architecture->name);
        }
    }
}

static void
check_version_section (Check *check, KlDriverPackage *package)
{
  const char *class_name = kl_driver_package_get_class_name (package);

  if (class_name == NULL && kl_driver_package_get_class_guid (package) == NULL)
    add (check, package, "D13", KL_DRIVER_WARNING, "It names no Class");
  else if (kl_driver_package_get_group (package) == KL_DRIVER_GROUP_OTHER)
    add (check, package, "D13", KL_DRIVER_WARNING,
         "Drivers of class “%s” are rarely useful in Windows PE",
         class_name != NULL ? class_name : kl_driver_package_get_class_guid (package));

  if (package->driver_ver == NULL)
    add (check, package, "D14", KL_DRIVER_WARNING, "It has no DriverVer");
  else if (package->date == NULL || (package->version == NULL && strchr (package->driver_ver, ',')))
    add (check, package, "D14", KL_DRIVER_WARNING, "Its DriverVer “%s” is malformed",
         package->driver_ver);
}

static char *
owner_key (KlDriverPackage *package, const char *id)
{
  const char *guid = kl_driver_package_get_class_guid (package);
  g_autofree char *key = g_strdup_printf ("%s %s", guid != NULL ? guid : "", id);

  return g_ascii_strdown (key, -1);
}

static void
note_owner (Check *check, KlDriverPackage *package)
{
  g_auto (GStrv) ids
      = kl_driver_package_dup_hardware_ids (package, check->architecture, check->build);

  for (guint i = 0; ids[i] != NULL; i++)
    {
      g_autofree char *key = owner_key (package, ids[i]);
      GPtrArray *owners = g_hash_table_lookup (check->owners, key);

      if (owners == NULL)
        {
          owners = g_ptr_array_new ();
          g_hash_table_insert (check->owners, g_steal_pointer (&key), owners);
        }
      if (owners->len < MAX_RIVALS)
        g_ptr_array_add (owners, package);
    }
}

static void
find_rivals (Check *check, KlDriverPackage *package, Rivals *rivals)
{
  g_auto (GStrv) ids
      = kl_driver_package_dup_hardware_ids (package, check->architecture, check->build);
  g_autoptr (GHashTable) others = g_hash_table_new (NULL, NULL);

  for (guint i = 0; ids[i] != NULL; i++)
    {
      g_autofree char *key = owner_key (package, ids[i]);
      const GPtrArray *owners = g_hash_table_lookup (check->owners, key);
      gboolean shared = FALSE;

      for (guint k = 0; owners != NULL && k < owners->len; k++)
        {
          KlDriverPackage *other = g_ptr_array_index (owners, k);

          if (other == package)
            continue;
          shared = TRUE;
          g_hash_table_add (others, other);
          if (rivals->other == NULL || kl_driver_package_compare_version (other, rivals->other) > 0)
            rivals->other = other;
        }
      if (shared && rivals->n_ids++ == 0)
        rivals->id = g_strdup (ids[i]);
    }
  rivals->n_others = g_hash_table_size (others);
}

static void
check_rivals (Check *check, KlDriverPackage *package)
{
  Rivals rivals = { 0 };
  const char *date, *version;
  g_autofree char *id = NULL;
  g_autofree char *shared = NULL;
  g_autofree char *newest = NULL;
  int order;

  find_rivals (check, package, &rivals);
  id = rivals.id;
  if (rivals.other == NULL)
    return;

  order = kl_driver_package_compare_version (rivals.other, package);
  date = kl_driver_package_get_date (rivals.other);
  version = kl_driver_package_get_version (rivals.other);
  if (rivals.n_ids == 1)
    shared = g_strdup_printf (KL_PLURAL (rivals.n_others,
                                         "It shares the hardware ID “%s” with %u other package.",
                                         "It shares the hardware ID “%s” with %u other packages."),
                              id, rivals.n_others);
  else
    shared = g_strdup_printf (
        KL_PLURAL (rivals.n_others,
                   "It shares %u hardware IDs, such as “%s”, with %u other package.",
                   "It shares %u hardware IDs, such as “%s”, with %u other packages."),
        rivals.n_ids, id, rivals.n_others);
  newest = g_strjoin (", ", date != NULL ? date : "no date", version, NULL);
  add (check, package, "D16", KL_DRIVER_NOTE,
       order > 0   ? "%s The newest of the others, “%s” (%s), is newer"
       : order < 0 ? "%s The newest of the others, “%s” (%s), is older"
                   : "%s The newest of the others, “%s” (%s), is of the same version",
       shared, kl_driver_package_get_inf (rivals.other), newest);
}

static void
check_package (Check *check, KlDriverPackage *package)
{
  const char *problem = kl_driver_package_get_problem (package);
  g_autoptr (GPtrArray) targets = NULL;

  if (problem != NULL)
    {
      add (check, package, "D01", KL_DRIVER_ERROR, "%s", problem);
      return;
    }

  targets = kl_driver_package_get_targets (package, check->architecture, check->build);
  check_targets (check, package);
  check_devices (check, package, targets);
  check_catalogs (check, package);
  check_files (check, package, targets);
  check_version_section (check, package);
  check_rivals (check, package);
}

/**
 * kl_driver_check:
 * @packages: (element-type KlDriverPackage)
 * @architecture: (nullable): of the image; %NULL to judge each package for all it is for
 * @build: of the image; 0 if it is not known
 *
 * Judges packages by the rules D01 to D16 of image-customisation.md 5.4. Reads catalogs and the
 * headers of drivers.
 *
 * Errors: G_IO_ERROR_CANCELLED. Blocks; any thread.
 *
 * Returns: (transfer full) (nullable) (element-type KlDriverFinding): in the order of @packages,
 * and of the codes
 */
GPtrArray *
kl_driver_check (GPtrArray *packages,
                 const char *architecture,
                 guint build,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (GPtrArray) findings
      = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_driver_finding_free);
  g_autoptr (GHashTable) owners
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  Check check
      = { .findings = findings, .architecture = architecture, .build = build, .owners = owners };

  for (guint i = 0; i < packages->len; i++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      note_owner (&check, g_ptr_array_index (packages, i));
    }
  for (guint i = 0; i < packages->len; i++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      check_package (&check, g_ptr_array_index (packages, i));
    }
  return g_steal_pointer (&findings);
}

/**
 * kl_driver_severity_to_string:
 *
 * Returns: "note", "warning", "error"
 */
const char *
kl_driver_severity_to_string (KlDriverSeverity severity)
{
  switch (severity)
    {
    case KL_DRIVER_NOTE:
      return "note";
    case KL_DRIVER_WARNING:
      return "warning";
    case KL_DRIVER_ERROR:
    default:
      return "error";
    }
}
