/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver"

#include "driver/driver-package.h"

#include <string.h>

#include "base/error.h"
#include "driver/driver-package-private.h"

#define VERSION_PART_MAX 65534
#define N_ARCHITECTURES G_N_ELEMENTS (kl_driver_architectures)

const KlDriverArchitecture kl_driver_architectures[5] = {
  { "x86", "x86" }, { "x64", "amd64" }, { "arm", "arm" }, { "arm64", "arm64" }, { "ia64", "ia64" },
};

/* image-customisation.md 5.2. The order of a class is its place here, from 1 on. */
static const struct
{
  const char *name;
  const char *guid;
  KlDriverGroup group;
} classes[] = {
  { "System", "{4D36E97D-E325-11CE-BFC1-08002BE10318}", KL_DRIVER_GROUP_BUS },
  { "USB", "{36FC9E60-C465-11CF-8056-444553540000}", KL_DRIVER_GROUP_BUS },
  { "HDC", "{4D36E96A-E325-11CE-BFC1-08002BE10318}", KL_DRIVER_GROUP_STORAGE },
  { "SCSIAdapter", "{4D36E97B-E325-11CE-BFC1-08002BE10318}", KL_DRIVER_GROUP_STORAGE },
  { "Net", "{4D36E972-E325-11CE-BFC1-08002BE10318}", KL_DRIVER_GROUP_NETWORK },
};

G_DEFINE_FINAL_TYPE (KlDriverPackage, kl_driver_package, G_TYPE_OBJECT)

static void
kl_driver_package_finalize (GObject *object)
{
  KlDriverPackage *self = KL_DRIVER_PACKAGE (object);

  g_ptr_array_unref (self->targets);
  g_ptr_array_unref (self->files);
  for (guint i = 0; i < N_ARCHITECTURES; i++)
    g_free (self->catalog_paths[i]);
  g_string_chunk_free (self->texts);
  g_free (self->path);
  g_free (self->folder);
  g_free (self->inf);
  g_free (self->problem);

  G_OBJECT_CLASS (kl_driver_package_parent_class)->finalize (object);
}

static void
kl_driver_package_class_init (KlDriverPackageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_driver_package_finalize;
}

static void
kl_driver_package_init (KlDriverPackage *self)
{
  self->texts = g_string_chunk_new (256);
  self->targets = g_ptr_array_new ();
  self->files = g_ptr_array_new ();
  self->order = G_N_ELEMENTS (classes) + 1;
}

static KlDriverPackage *
new_package (const char *path, const char *inf)
{
  KlDriverPackage *self = g_object_new (KL_TYPE_DRIVER_PACKAGE, NULL);

  self->path = g_strdup (path);
  self->folder = g_path_get_dirname (path);
  self->inf = g_strdup (inf);
  return self;
}

KlDriverPackage *
kl_driver_package_new_broken (const char *path, const char *inf, const char *problem)
{
  KlDriverPackage *self = new_package (path, inf);

  self->problem = kl_driver_package_shorten (self, problem);
  return self;
}

/* @message without the way to the package, which may be a temporary folder. */
char *
kl_driver_package_shorten (KlDriverPackage *self, const char *message)
{
  g_autofree char *prefix = g_strconcat (self->folder, "/", NULL);
  g_auto (GStrv) parts = g_strsplit (message, prefix, -1);

  return g_strjoinv (NULL, parts);
}

static const char *
keep (KlDriverPackage *self, const char *text)
{
  return text != NULL ? g_string_chunk_insert_const (self->texts, text) : NULL;
}

/* A class may be named, given by its GUID, or both; the GUID counts. */
static void
read_class (KlDriverPackage *self, const KlInfFile *inf)
{
  self->class_name = keep (self, kl_inf_file_get_value (inf, "Version", "Class"));
  self->class_guid = keep (self, kl_inf_file_get_value (inf, "Version", "ClassGuid"));

  for (guint i = 0; i < G_N_ELEMENTS (classes); i++)
    if (self->class_guid != NULL
            ? g_ascii_strcasecmp (self->class_guid, classes[i].guid) == 0
            : self->class_name != NULL
                  && g_ascii_strcasecmp (self->class_name, classes[i].name) == 0)
      {
        self->order = i + 1;
        if (self->class_name == NULL)
          self->class_name = classes[i].name;
        if (self->class_guid == NULL)
          self->class_guid = classes[i].guid;
      }
}

/* The whole of @text as up to @max numbers; how many there are, or 0. */
static guint
parse_numbers (const char *text, const char *separators, guint max, guint limit, guint *numbers)
{
  g_auto (GStrv) parts = g_strsplit_set (text, separators, (int) max + 1);
  guint n = g_strv_length (parts);

  for (guint i = 0; i < n; i++)
    {
      guint64 value;

      g_strstrip (parts[i]);
      if (i >= max || !g_ascii_isdigit (*parts[i])
          || !g_ascii_string_to_unsigned (parts[i], 10, 0, limit, &value, NULL))
        return 0;
      numbers[i] = (guint) value;
    }
  return n;
}

/* "mm/dd/yyyy[,w.x.y.z]"; what is malformed is left out. */
static void
read_driver_ver (KlDriverPackage *self, const KlInfFile *inf)
{
  const KlInfLine *line = kl_inf_file_find_line (inf, "Version", "DriverVer");
  const char *date = line != NULL ? kl_inf_line_get_value (line, 0) : NULL;
  const char *version = line != NULL ? kl_inf_line_get_value (line, 1) : NULL;
  g_autofree char *text = NULL;
  guint numbers[4] = { 0 };

  if (date == NULL)
    return;
  text = version != NULL ? g_strdup_printf ("%s,%s", date, version) : g_strdup (date);
  self->driver_ver = keep (self, text);

  if (parse_numbers (date, "/-", 3, 9999, numbers) == 3
      && g_date_valid_dmy ((GDateDay) MIN (numbers[1], 32), (GDateMonth) MIN (numbers[0], 13),
                           (GDateYear) numbers[2]))
    {
      g_autofree char *iso = g_strdup_printf ("%04u-%02u-%02u", numbers[2], numbers[0], numbers[1]);

      self->date = keep (self, iso);
    }

  memset (numbers, 0, sizeof numbers);
  if (version != NULL && parse_numbers (version, ".", 4, VERSION_PART_MAX, numbers) > 0)
    {
      self->version = keep (self, version);
      for (guint i = 0; i < 4; i++)
        self->version_parts[i] = (guint16) numbers[i];
    }
}

/* CatalogFile.nt<arch>, CatalogFile.nt, CatalogFile; it lies beside the INF. */
static void
read_catalogs (KlDriverPackage *self, const KlInfFile *inf, KlDriverFolders *folders)
{
  for (guint i = 0; i < N_ARCHITECTURES; i++)
    {
      g_autofree char *special
          = g_strdup_printf ("CatalogFile.nt%s", kl_driver_architectures[i].suffix);
      const char *const keys[] = { special, "CatalogFile.nt", "CatalogFile" };
      g_autofree char *found = NULL;

      for (guint k = 0; k < G_N_ELEMENTS (keys) && self->catalogs[i] == NULL; k++)
        self->catalogs[i] = keep (self, kl_inf_file_get_value (inf, "Version", keys[k]));
      if (self->catalogs[i] != NULL)
        found = kl_driver_folders_find (folders, self->folder, self->catalogs[i]);
      if (found != NULL)
        self->catalog_paths[i] = g_build_filename (self->folder, found, NULL);
    }
}

static char *
find_problem (const KlInfFile *inf)
{
  static const char *const signatures[] = { "$Windows NT$", "$Chicago$", "$Windows 95$" };
  const char *signature = kl_inf_file_get_value (inf, "Version", "Signature");

  if (!kl_inf_file_has_section (inf, "Version"))
    return g_strdup ("It has no section [Version]");
  if (signature == NULL)
    return g_strdup ("Its section [Version] has no Signature");
  for (guint i = 0; i < G_N_ELEMENTS (signatures); i++)
    if (g_ascii_strcasecmp (signature, signatures[i]) == 0)
      return NULL;
  return g_strdup_printf ("Its Signature is “%.64s”, not “$Windows NT$” or “$Chicago$”", signature);
}

/* @path: absolute. @inf: what the package calls it. */
KlDriverPackage *
kl_driver_package_read (KlDriverFolders *folders,
                        const char *path,
                        const char *inf_name,
                        GError **error)
{
  g_autoptr (KlInfFile) inf = kl_inf_file_load (path, error);
  g_autoptr (KlDriverPackage) self = NULL;
  const char *lockdown;

  if (inf == NULL)
    return NULL;

  self = new_package (path, inf_name);
  self->problem = find_problem (inf);
  if (self->problem != NULL)
    return g_steal_pointer (&self);

  read_class (self, inf);
  read_driver_ver (self, inf);
  read_catalogs (self, inf, folders);
  self->provider = keep (self, kl_inf_file_get_value (inf, "Version", "Provider"));
  lockdown = kl_inf_file_get_value (inf, "Version", "PnpLockdown");
  self->pnp_lockdown = lockdown != NULL && g_ascii_strtoull (lockdown, NULL, 0) != 0;
  if (!kl_driver_package_read_models (self, inf, error)
      || !kl_driver_package_read_files (self, inf, folders, error))
    return NULL;

  return g_steal_pointer (&self);
}

/**
 * kl_driver_package_load:
 * @path: of an INF file
 *
 * Reads one driver package. An INF that can be read and is not usable gives a package with
 * kl_driver_package_get_problem().
 *
 * Errors: those of kl_open_for_reading(). Blocks; any thread.
 *
 * Returns: (transfer full) (nullable)
 */
KlDriverPackage *
kl_driver_package_load (const char *path, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *folder = g_path_get_dirname (absolute);
  g_autofree char *inf = g_path_get_basename (absolute);
  g_autoptr (KlDriverFolders) folders = kl_driver_folders_new (folder, error);
  g_autoptr (GError) local = NULL;
  KlDriverPackage *self;

  if (folders == NULL)
    return NULL;
  self = kl_driver_package_read (folders, absolute, inf, &local);
  if (self == NULL && g_error_matches (local, KL_ERROR, KL_ERROR_FORMAT))
    return kl_driver_package_new_broken (absolute, inf, local->message);
  if (self == NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return self;
}

/**
 * kl_driver_package_get_path:
 *
 * Returns: where the INF lies; absolute
 */
const char *
kl_driver_package_get_path (KlDriverPackage *self)
{
  return self->path;
}

/**
 * kl_driver_package_get_folder:
 *
 * Returns: the folder that holds the INF; absolute. Its whole tree is the package.
 */
const char *
kl_driver_package_get_folder (KlDriverPackage *self)
{
  return self->folder;
}

/**
 * kl_driver_package_get_inf:
 *
 * Returns: the INF's path below the folder that was scanned; its name for a file that was loaded
 */
const char *
kl_driver_package_get_inf (KlDriverPackage *self)
{
  return self->inf;
}

/**
 * kl_driver_package_get_problem:
 *
 * Returns: (nullable): why the INF cannot be used (D01), a sentence; nothing else is known then
 */
const char *
kl_driver_package_get_problem (KlDriverPackage *self)
{
  return self->problem;
}

/**
 * kl_driver_package_get_class_name:
 *
 * Returns: (nullable): "Net"
 */
const char *
kl_driver_package_get_class_name (KlDriverPackage *self)
{
  return self->class_name;
}

/**
 * kl_driver_package_get_class_guid:
 *
 * Returns: (nullable): as the INF spells it, with braces
 */
const char *
kl_driver_package_get_class_guid (KlDriverPackage *self)
{
  return self->class_guid;
}

const char *
kl_driver_package_get_provider (KlDriverPackage *self)
{
  return self->provider;
}

/**
 * kl_driver_package_get_version:
 *
 * Returns: (nullable): "1.2.3.4"; %NULL where it is absent or malformed
 */
const char *
kl_driver_package_get_version (KlDriverPackage *self)
{
  return self->version;
}

/**
 * kl_driver_package_get_date:
 *
 * Returns: (nullable): ISO 8601; %NULL where it is absent or malformed
 */
const char *
kl_driver_package_get_date (KlDriverPackage *self)
{
  return self->date;
}

gboolean
kl_driver_package_get_pnp_lockdown (KlDriverPackage *self)
{
  return self->pnp_lockdown;
}

/**
 * kl_driver_package_get_architectures:
 *
 * Returns: (array zero-terminated=1): those for which there is a Models section with content
 */
const char *const *
kl_driver_package_get_architectures (KlDriverPackage *self)
{
  return self->architectures;
}

/* Without an architecture: the first that the package is for. */
static guint
find_architecture (KlDriverPackage *self, const char *architecture)
{
  if (architecture == NULL)
    architecture = self->architectures[0];
  for (guint i = 0; i < N_ARCHITECTURES; i++)
    if (g_strcmp0 (architecture, kl_driver_architectures[i].name) == 0)
      return i;
  return 0;
}

/**
 * kl_driver_package_get_catalog:
 *
 * Returns: (nullable): the name of the catalog that the INF gives for the architecture
 */
const char *
kl_driver_package_get_catalog (KlDriverPackage *self, const char *architecture)
{
  return self->catalogs[find_architecture (self, architecture)];
}

/**
 * kl_driver_package_dup_catalog_path:
 *
 * Returns: (transfer full) (nullable): where that catalog lies; %NULL if it is not there
 */
char *
kl_driver_package_dup_catalog_path (KlDriverPackage *self, const char *architecture)
{
  return g_strdup (self->catalog_paths[find_architecture (self, architecture)]);
}

KlDriverGroup
kl_driver_package_get_group (KlDriverPackage *self)
{
  return self->order <= G_N_ELEMENTS (classes) ? classes[self->order - 1].group
                                               : KL_DRIVER_GROUP_OTHER;
}

/**
 * kl_driver_package_is_default:
 *
 * Returns: whether the package is selected unless somebody decides otherwise: its class matters in
 *   Windows PE, and it is usable
 */
gboolean
kl_driver_package_is_default (KlDriverPackage *self)
{
  return self->problem == NULL && kl_driver_package_get_group (self) != KL_DRIVER_GROUP_OTHER;
}

/* The lowest version of Windows that a build belongs to; 0 for any. */
static guint
version_of_build (guint build)
{
  if (build >= 10240)
    return 10 << 16;
  if (build >= 9600)
    return 6 << 16 | 3;
  if (build >= 9200)
    return 6 << 16 | 2;
  if (build >= 7600)
    return 6 << 16 | 1;
  return build >= 6000 ? 6 << 16 : 5 << 16 | 2;
}

static gboolean
applies (const KlDriverTarget *target, guint build)
{
  return build == 0
         || ((target->major << 16 | target->minor) <= version_of_build (build)
             && target->build <= build);
}

/* Whether Windows prefers @a to @b: the newer version, the named architecture, and workstations to
 * servers, which Windows PE is taken for. */
static gboolean
is_better (const KlDriverTarget *a, const KlDriverTarget *b)
{
  if (a->major != b->major)
    return a->major > b->major;
  if (a->minor != b->minor)
    return a->minor > b->minor;
  if (a->build != b->build)
    return a->build > b->build;
  if (a->specific != b->specific)
    return a->specific;
  return a->product_type <= 1 && b->product_type > 1;
}

/* For one line of [Manufacturer] Windows takes one Models section only. */
static gboolean
is_best (KlDriverPackage *self, const KlDriverTarget *target, guint build)
{
  for (guint i = 0; i < self->targets->len; i++)
    {
      const KlDriverTarget *other = g_ptr_array_index (self->targets, i);

      if (other->manufacturer == target->manufacturer && other->architecture == target->architecture
          && applies (other, build) && is_better (other, target))
        return FALSE;
    }
  return TRUE;
}

/*
 * Returns: (transfer container): the Models sections that are used on an image. Without a build:
 * all of the architecture.
 */
GPtrArray *
kl_driver_package_get_targets (KlDriverPackage *self, const char *architecture, guint build)
{
  GPtrArray *targets = g_ptr_array_new ();

  for (guint i = 0; i < self->targets->len; i++)
    {
      KlDriverTarget *target = g_ptr_array_index (self->targets, i);

      if ((architecture == NULL || strcmp (target->architecture->name, architecture) == 0)
          && applies (target, build) && (build == 0 || is_best (self, target, build)))
        g_ptr_array_add (targets, target);
    }
  return targets;
}

/**
 * kl_driver_package_serves:
 *
 * Returns: whether a Models section applies to an image of that architecture and build
 */
gboolean
kl_driver_package_serves (KlDriverPackage *self, const char *architecture, guint build)
{
  g_autoptr (GPtrArray) targets = kl_driver_package_get_targets (self, architecture, build);

  return targets->len > 0;
}

static void
add_id (GPtrArray *list, GHashTable *seen, const char *id)
{
  if (id != NULL && g_hash_table_add (seen, g_ascii_strdown (id, -1)))
    g_ptr_array_add (list, g_strdup (id));
}

static char **
dup_ids (KlDriverPackage *self, const char *architecture, guint build, gboolean compatible)
{
  g_autoptr (GPtrArray) targets = kl_driver_package_get_targets (self, architecture, build);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) done = g_hash_table_new (NULL, NULL);
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < targets->len; i++)
    {
      const KlDriverTarget *target = g_ptr_array_index (targets, i);

      if (!g_hash_table_add (done, target->devices))
        continue;
      for (guint k = 0; k < target->devices->len; k++)
        {
          const KlDriverDevice *device = g_ptr_array_index (target->devices, k);

          if (!compatible)
            add_id (list, seen, device->hardware_id);
          for (guint n = 0; compatible && n < device->n_compatible; n++)
            add_id (list, seen, device->compatible_ids[n]);
        }
    }

  g_ptr_array_add (list, NULL);
  return (char **) g_ptr_array_free (list, FALSE);
}

/**
 * kl_driver_package_dup_hardware_ids:
 *
 * Returns: (transfer full): the hardware IDs of the devices that the package is for, in the order
 * of the INF, each once
 */
char **
kl_driver_package_dup_hardware_ids (KlDriverPackage *self, const char *architecture, guint build)
{
  return dup_ids (self, architecture, build, FALSE);
}

/**
 * kl_driver_package_dup_compatible_ids:
 *
 * Returns: (transfer full): the IDs that stand behind the hardware IDs in the INF
 */
char **
kl_driver_package_dup_compatible_ids (KlDriverPackage *self, const char *architecture, guint build)
{
  return dup_ids (self, architecture, build, TRUE);
}

static char **
dup_files (KlDriverPackage *self, const char *architecture, guint build, gboolean missing)
{
  g_autoptr (GPtrArray) targets = kl_driver_package_get_targets (self, architecture, build);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < targets->len; i++)
    {
      const KlDriverTarget *target = g_ptr_array_index (targets, i);

      for (guint k = 0; k < target->files->len; k++)
        {
          const KlDriverFile *file
              = g_ptr_array_index (self->files, g_array_index (target->files, guint, k));

          if ((!missing || file->state == KL_DRIVER_FILE_MISSING)
              && g_hash_table_add (seen, (gpointer) file))
            g_ptr_array_add (list, g_strdup (file->name));
        }
    }

  g_ptr_array_add (list, NULL);
  return (char **) g_ptr_array_free (list, FALSE);
}

/**
 * kl_driver_package_dup_files:
 *
 * Returns: (transfer full): the files that the INF copies, below its folder, with "/"; spelt as on
 *   the disk where they are there. The INF and its catalog are not among them.
 */
char **
kl_driver_package_dup_files (KlDriverPackage *self, const char *architecture, guint build)
{
  return dup_files (self, architecture, build, FALSE);
}

/**
 * kl_driver_package_dup_missing:
 *
 * Returns: (transfer full): those of kl_driver_package_dup_files() that are not there
 */
char **
kl_driver_package_dup_missing (KlDriverPackage *self, const char *architecture, guint build)
{
  return dup_files (self, architecture, build, TRUE);
}

/**
 * kl_driver_package_compare_version:
 *
 * Compares as Windows does: the date, then the version.
 *
 * Returns: above 0 if @a is newer
 */
int
kl_driver_package_compare_version (KlDriverPackage *a, KlDriverPackage *b)
{
  int order = g_strcmp0 (a->date, b->date);

  for (guint i = 0; i < 4 && order == 0; i++)
    order = (int) a->version_parts[i] - (int) b->version_parts[i];
  return order;
}

static int
compare_packages (gconstpointer a, gconstpointer b)
{
  const KlDriverPackage *one = *(KlDriverPackage *const *) a;
  const KlDriverPackage *other = *(KlDriverPackage *const *) b;

  if (one->order != other->order)
    return one->order < other->order ? -1 : 1;
  return strcmp (one->inf, other->inf);
}

/**
 * kl_driver_packages_sort:
 * @packages: (element-type KlDriverPackage)
 *
 * Puts packages into the order in which they are loaded: by class, then by path
 * (image-customisation.md 5.2).
 */
void
kl_driver_packages_sort (GPtrArray *packages)
{
  g_ptr_array_sort (packages, compare_packages);
}
