/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver"

#include <string.h>

#include "base/error.h"
#include "driver/driver-package-private.h"

/* All about the files of one package, for one architecture at a time. */
typedef struct
{
  KlDriverPackage *package;
  KlDriverFolders *folders;
  GPtrArray *infs;     /* of KlInfFile: the package's, then those of LayoutFile and Include */
  GPtrArray *included; /* owns all of infs but the first */
  GHashTable *names;   /* of included files, in lower case */

  const KlDriverArchitecture *architecture;
  GHashTable *disk_files; /* name in lower case → KlInfLine of [SourceDisksFiles] */
  GHashTable *disk_names; /* disk in lower case → KlInfLine of [SourceDisksNames] */
  GHashTable *resolved;   /* source name in lower case → index of the file + 1 */
  GHashTable *visited;    /* sections of the current target, in lower case */
  GHashTable *listed;     /* indices of files of the current target */
  KlDriverTarget *target;

  GHashTable *indices; /* all files of the package: name in lower case → index + 1 */
  guint n_copies;
} Files;

static void
free_file (gpointer data)
{
  KlDriverFile *file = data;

  g_free (file->name);
  g_free (file);
}

/*
 * Install sections stand as Install.nt<arch>, Install.nt or Install; the first that is there is
 * taken. NULL if none is.
 */
static char *
find_install (const KlInfFile *inf, const char *name, const char *suffix)
{
  const char *const endings[] = { ".nt", suffix, ".nt", "", "", "" };

  for (guint i = 0; i < G_N_ELEMENTS (endings); i += 2)
    {
      g_autofree char *section = g_strconcat (name, endings[i], endings[i + 1], NULL);

      if (kl_inf_file_has_section (inf, section))
        return g_steal_pointer (&section);
    }
  return NULL;
}

/* The lines of a section and its one for the architecture, which counts first, by key. */
static GHashTable *
index_disks (Files *files, const char *section)
{
  GHashTable *lines_by_key = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *special = g_strdup_printf ("%s.%s", section, files->architecture->suffix);

  for (guint i = 0; i < files->infs->len; i++)
    for (guint k = 0; k < 2; k++)
      {
        guint n_lines;
        const KlInfLine *lines = kl_inf_file_get_lines (g_ptr_array_index (files->infs, i),
                                                        k == 0 ? special : section, &n_lines);

        for (guint n = 0; n < n_lines; n++)
          {
            g_autofree char *key = lines[n].key != NULL ? g_utf8_strdown (lines[n].key, -1) : NULL;

            if (key != NULL && !g_hash_table_contains (lines_by_key, key))
              g_hash_table_insert (lines_by_key, g_steal_pointer (&key), (gpointer) &lines[n]);
          }
      }
  return lines_by_key;
}

/* "file.sy_" for "file.sys"; "file.a_" for "file.a". */
static char *
compressed_name (const char *name)
{
  const char *dot = strrchr (name, '.');

  if (dot == NULL)
    return g_strconcat (name, "._", NULL);
  if (strlen (dot) < 4)
    return g_strconcat (name, "_", NULL);
  return g_strdup_printf ("%.*s_", (int) (strlen (name) - 1), name);
}

/* One place where a file can be; the name as it is on the disk, or NULL. */
static char *
try_place (Files *files, const char *path, const char *subdir, const char *name, gboolean *packed)
{
  g_autofree char *place
      = g_strjoin ("/", path != NULL ? path : ".", subdir != NULL ? subdir : ".", name, NULL);
  char *found = kl_driver_folders_find (files->folders, files->package->folder, place);

  *packed = FALSE;
  if (found == NULL)
    {
      g_autofree char *other = compressed_name (place);

      found = kl_driver_folders_find (files->folders, files->package->folder, other);
      *packed = found != NULL;
    }
  return found;
}

/* The name of a listed file that is not there: where the INF says it should be. */
static char *
expected_name (const char *path, const char *subdir, const char *name)
{
  g_autofree char *joined
      = g_strjoin ("/", path != NULL ? path : "", subdir != NULL ? subdir : "", name, NULL);
  g_auto (GStrv) parts = NULL;
  GString *out = g_string_new (NULL);

  parts = g_strsplit_set (joined, "/\\", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    if (*parts[i] != '\0' && strcmp (parts[i], ".") != 0)
      g_string_append_printf (out, "%s%s", out->len > 0 ? "/" : "", parts[i]);
  return g_string_free (out, FALSE);
}

/* Whether the disk's tag names a cabinet file that is there: the file is taken to be in it. */
static gboolean
is_in_cabinet (Files *files, const KlInfLine *disk)
{
  const char *tag = disk != NULL ? kl_inf_line_get_value (disk, 1) : NULL;
  g_autofree char *found = NULL;

  if (tag == NULL || strlen (tag) < 5 || g_ascii_strcasecmp (tag + strlen (tag) - 4, ".cab") != 0)
    return FALSE;
  found = kl_driver_folders_find (files->folders, files->package->folder, tag);
  return found != NULL;
}

static guint
add_file (Files *files, char *name, KlDriverFileState state)
{
  g_autofree char *key = g_utf8_strdown (name, -1);
  guint index = GPOINTER_TO_UINT (g_hash_table_lookup (files->indices, key));

  if (index == 0)
    {
      KlDriverFile *file = g_new0 (KlDriverFile, 1);

      file->name = name;
      file->state = state;
      g_ptr_array_add (files->package->files, file);
      index = files->package->files->len;
      g_hash_table_insert (files->indices, g_steal_pointer (&key), GUINT_TO_POINTER (index));
    }
  else
    g_free (name);
  return index;
}

/* INF folder \ path \ subdir \ file, and for INFs with wrong folders in them the INF's folder. */
static guint
resolve (Files *files, const char *source)
{
  g_autofree char *key = g_utf8_strdown (source, -1);
  const KlInfLine *line = g_hash_table_lookup (files->disk_files, key);
  const char *subdir = line != NULL ? kl_inf_line_get_value (line, 1) : NULL;
  const char *disk = line != NULL ? kl_inf_line_get_value (line, 0) : NULL;
  g_autofree char *disk_key = disk != NULL ? g_utf8_strdown (disk, -1) : NULL;
  const KlInfLine *disk_line
      = disk_key != NULL ? g_hash_table_lookup (files->disk_names, disk_key) : NULL;
  const char *path = disk_line != NULL ? kl_inf_line_get_value (disk_line, 3) : NULL;
  gboolean packed;
  char *found = try_place (files, path, subdir, source, &packed);

  if (found == NULL && path != NULL)
    found = try_place (files, NULL, subdir, source, &packed);
  if (found == NULL && (path != NULL || subdir != NULL))
    found = try_place (files, NULL, NULL, source, &packed);
  if (found != NULL)
    return add_file (files, found, packed ? KL_DRIVER_FILE_PACKED : KL_DRIVER_FILE_PRESENT);

  return add_file (files, expected_name (path, subdir, source),
                   is_in_cabinet (files, disk_line) ? KL_DRIVER_FILE_PACKED
                                                    : KL_DRIVER_FILE_MISSING);
}

static gboolean
list_file (Files *files, const char *source, GError **error)
{
  g_autofree char *key = g_utf8_strdown (source, -1);
  guint index;

  if (++files->n_copies > KL_DRIVER_MAX_COPIES)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "“%s” names files more than %u times",
                   files->package->path, KL_DRIVER_MAX_COPIES);
      return FALSE;
    }

  index = GPOINTER_TO_UINT (g_hash_table_lookup (files->resolved, key));
  if (index == 0)
    {
      index = resolve (files, source);
      g_hash_table_insert (files->resolved, g_steal_pointer (&key), GUINT_TO_POINTER (index));
    }
  index--;
  if (g_hash_table_add (files->listed, GUINT_TO_POINTER (index + 1)))
    g_array_append_val (files->target->files, index);
  return TRUE;
}

/* FALSE where the section was read for this target before. */
static gboolean
visit (Files *files, const KlInfFile *inf, const char *section)
{
  g_autofree char *key = g_strdup_printf ("%p %s", (const void *) inf, section);

  return g_hash_table_add (files->visited, g_ascii_strdown (key, -1));
}

/* A section that CopyFiles names: "dest[,source[,temp[,flags]]]". One that is not there lists
 * nothing. */
static gboolean
read_copy_section (Files *files, const KlInfFile *inf, const char *section, GError **error)
{
  guint n_lines;
  const KlInfLine *lines = kl_inf_file_get_lines (inf, section, &n_lines);

  if (!visit (files, inf, section))
    return TRUE;
  for (guint i = 0; i < n_lines; i++)
    {
      const char *source = kl_inf_line_get_value (&lines[i], 1);

      if (source == NULL)
        source = kl_inf_line_get_value (&lines[i], 0);
      if (lines[i].key == NULL && source != NULL && !list_file (files, source, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_copy_files (Files *files, const KlInfFile *inf, const KlInfLine *line, GError **error)
{
  for (guint i = 0; i < line->n_values; i++)
    {
      const char *value = kl_inf_line_get_value (line, i);

      if (value == NULL)
        continue;
      if (*value == '@' ? value[1] != '\0' && !list_file (files, value + 1, error)
                        : !read_copy_section (files, inf, value, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_key (const KlInfLine *line, const char *key)
{
  return line->key != NULL && g_ascii_strcasecmp (line->key, key) == 0;
}

/* An INF beside ours; one of Windows' own is not there and not ours. */
static void
include (Files *files, const char *name)
{
  g_autofree char *found = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  KlInfFile *inf;

  if (files->included->len >= KL_DRIVER_MAX_INCLUDES
      || !g_hash_table_add (files->names, g_utf8_strdown (name, -1)))
    return;

  found = kl_driver_folders_find (files->folders, files->package->folder, name);
  if (found == NULL)
    return;
  path = g_build_filename (files->package->folder, found, NULL);
  inf = kl_inf_file_load (path, &error);
  if (inf == NULL)
    {
      g_info ("%s", error->message);
      return;
    }
  g_ptr_array_add (files->included, inf);
  g_ptr_array_add (files->infs, inf);
}

static gboolean
read_install (Files *files, const KlInfFile *inf, const char *section, guint depth, GError **error);

/* "Needs = section…", in this file or in one that is included. */
static gboolean
read_needs (Files *files, const KlInfLine *line, guint depth, GError **error)
{
  if (depth >= KL_INF_MAX_DEPTH)
    return TRUE;

  for (guint i = 0; i < line->n_values; i++)
    for (guint k = 0; k < files->infs->len; k++)
      {
        const KlInfFile *inf = g_ptr_array_index (files->infs, k);
        const char *section = line->values[i];

        if (*section != '\0' && kl_inf_file_has_section (inf, section)
            && !read_install (files, inf, section, depth + 1, error))
          return FALSE;
      }
  return TRUE;
}

static gboolean
read_install (Files *files, const KlInfFile *inf, const char *section, guint depth, GError **error)
{
  guint n_lines;
  const KlInfLine *lines = kl_inf_file_get_lines (inf, section, &n_lines);

  if (!visit (files, inf, section))
    return TRUE;
  for (guint i = 0; i < n_lines; i++)
    {
      gboolean ok = TRUE;

      if (is_key (&lines[i], "CopyFiles"))
        ok = read_copy_files (files, inf, &lines[i], error);
      else if (is_key (&lines[i], "CopyINF"))
        for (guint k = 0; k < lines[i].n_values && ok; k++)
          ok = *lines[i].values[k] == '\0' || list_file (files, lines[i].values[k], error);
      else if (is_key (&lines[i], "Include"))
        for (guint k = 0; k < lines[i].n_values; k++)
          include (files, lines[i].values[k]);
      else if (is_key (&lines[i], "Needs"))
        ok = read_needs (files, &lines[i], depth, error);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

/* An Install section and those that belong to it. */
static gboolean
read_device (Files *files, const KlDriverDevice *device, GError **error)
{
  static const char *const companions[]
      = { "", ".Services", ".HW", ".CoInstallers", ".Wdf", ".Components", ".Software" };
  const KlInfFile *inf = g_ptr_array_index (files->infs, 0);
  g_autofree char *key = g_strdup_printf ("install %s", device->install);
  g_autofree char *section = NULL;

  if (!visit (files, NULL, key))
    return TRUE;
  section = find_install (inf, device->install, files->architecture->suffix);
  if (section == NULL)
    {
      if (files->target->missing_install == NULL)
        files->target->missing_install = device->install;
      return TRUE;
    }

  for (guint i = 0; i < G_N_ELEMENTS (companions); i++)
    {
      g_autofree char *name = g_strconcat (section, companions[i], NULL);

      if (!read_install (files, inf, name, 0, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_target (Files *files, KlDriverTarget *target, GError **error)
{
  files->target = target;
  g_hash_table_remove_all (files->visited);
  g_hash_table_remove_all (files->listed);
  for (guint i = 0; i < target->devices->len; i++)
    if (!read_device (files, g_ptr_array_index (target->devices, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
read_architecture (Files *files, const KlDriverArchitecture *architecture, GError **error)
{
  g_autoptr (GHashTable) disk_files = NULL;
  g_autoptr (GHashTable) disk_names = NULL;

  files->architecture = architecture;
  files->disk_files = disk_files = index_disks (files, "SourceDisksFiles");
  files->disk_names = disk_names = index_disks (files, "SourceDisksNames");
  g_hash_table_remove_all (files->resolved);
  for (guint i = 0; i < files->package->targets->len; i++)
    {
      KlDriverTarget *target = g_ptr_array_index (files->package->targets, i);

      if (target->architecture == architecture && !read_target (files, target, error))
        return FALSE;
    }
  return TRUE;
}

static void
include_layout (Files *files, const KlInfFile *inf)
{
  const KlInfLine *line = kl_inf_file_find_line (inf, "Version", "LayoutFile");

  for (guint i = 0; line != NULL && i < line->n_values; i++)
    include (files, line->values[i]);
}

static GHashTable *
new_text_set (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

/*
 * Finds the files that each target copies (image-customisation.md 5.3), on the disk, without case.
 * Errors: KL_ERROR_FORMAT beyond the limits.
 */
gboolean
kl_driver_package_read_files (KlDriverPackage *self,
                              const KlInfFile *inf,
                              KlDriverFolders *folders,
                              GError **error)
{
  Files files = { .package = self, .folders = folders };
  g_autoptr (GPtrArray) infs = files.infs = g_ptr_array_new ();
  g_autoptr (GPtrArray) included = files.included
      = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_inf_file_free);
  g_autoptr (GHashTable) names = files.names = new_text_set ();
  g_autoptr (GHashTable) resolved = files.resolved = new_text_set ();
  g_autoptr (GHashTable) visited = files.visited = new_text_set ();
  g_autoptr (GHashTable) listed = files.listed = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) indices = files.indices = new_text_set ();

  g_ptr_array_set_free_func (self->files, free_file);
  g_ptr_array_add (infs, (gpointer) inf);
  include_layout (&files, inf);
  for (guint i = 0; i < G_N_ELEMENTS (kl_driver_architectures); i++)
    if (g_strv_contains (self->architectures, kl_driver_architectures[i].name)
        && !read_architecture (&files, &kl_driver_architectures[i], error))
      return FALSE;
  return TRUE;
}
