/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver"

#include <string.h>

#include "base/error.h"
#include "driver/driver-package-private.h"

/* What a decoration says: NT[arch][.major[.minor[.type[.suite[.build]]]]]. */
typedef struct
{
  const KlDriverArchitecture *architecture; /* NULL: all */
  guint major, minor, product_type, build;
} Decoration;

typedef struct
{
  KlDriverPackage *package;
  const KlInfFile *inf;
  GHashTable *devices; /* Models section in lower case → GPtrArray of KlDriverDevice */
  GHashTable *seen;    /* manufacturer, section and architecture of targets; owned keys */
  guint n_devices;
} Models;

static void
free_target (gpointer data)
{
  KlDriverTarget *target = data;

  g_ptr_array_unref (target->devices);
  g_array_unref (target->files);
  g_free (target);
}

static void
free_device (gpointer data)
{
  KlDriverDevice *device = data;

  g_free (device->compatible_ids);
  g_free (device);
}

static const char *
keep (Models *models, const char *text)
{
  return text != NULL ? g_string_chunk_insert_const (models->package->texts, text) : NULL;
}

static gboolean
refuse (Models *models, GError **error, guint limit, gboolean devices)
{
  g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
               devices ? "“%s” has more than %u devices" : "“%s” has more than %u Models sections",
               models->package->path, limit);
  return FALSE;
}

/* Decorations with spaces in them are known. */
static char *
without_spaces (const char *text)
{
  GString *out = g_string_new (NULL);

  for (; *text != '\0'; text++)
    if (!g_ascii_isspace (*text))
      g_string_append_c (out, *text);
  return g_string_free (out, FALSE);
}

/* A part of a decoration; empty or absent counts as 0. */
static gboolean
parse_number (const char *const *parts, guint n_parts, guint index, guint *number)
{
  guint64 value = 0;
  char *end;

  *number = 0;
  if (index >= n_parts || *parts[index] == '\0')
    return TRUE;
  value = g_ascii_strtoull (parts[index], &end, 0);
  if (end == parts[index] || *end != '\0' || value > G_MAXINT)
    return FALSE;
  *number = (guint) value;
  return TRUE;
}

static gboolean
parse_decoration (const char *text, Decoration *decoration)
{
  g_auto (GStrv) parts = g_strsplit (text, ".", 8);
  const char *const *view = (const char *const *) parts;
  guint n = g_strv_length (parts);
  guint i;

  *decoration = (Decoration){ 0 };
  if (n == 0 || g_ascii_strncasecmp (parts[0], "NT", 2) != 0)
    return FALSE;
  if (parts[0][2] != '\0')
    {
      for (i = 0; i < G_N_ELEMENTS (kl_driver_architectures); i++)
        if (g_ascii_strcasecmp (parts[0] + 2, kl_driver_architectures[i].suffix) == 0)
          decoration->architecture = &kl_driver_architectures[i];
      if (decoration->architecture == NULL)
        return FALSE;
    }

  return parse_number (view, n, 1, &decoration->major)
         && parse_number (view, n, 2, &decoration->minor)
         && parse_number (view, n, 3, &decoration->product_type)
         && parse_number (view, n, 5, &decoration->build);
}

/* Tokens of IDs are replaced by now; IDs hold no spaces at their ends and no control characters
 * that anyone would want to see. */
static const char *
keep_id (Models *models, const KlInfLine *line, guint index)
{
  const char *id = kl_inf_line_get_value (line, index);

  return id != NULL && strlen (id) <= 1024 ? keep (models, id) : NULL;
}

static KlDriverDevice *
read_device (Models *models, const KlInfLine *line)
{
  KlDriverDevice *device = g_new0 (KlDriverDevice, 1);

  device->install = keep (models, kl_inf_line_get_value (line, 0));
  device->hardware_id = keep_id (models, line, 1);
  if (line->n_values > 2)
    device->compatible_ids = g_new0 (const char *, line->n_values - 2);
  for (guint i = 2; i < line->n_values; i++)
    {
      const char *id = keep_id (models, line, i);

      if (id != NULL)
        device->compatible_ids[device->n_compatible++] = id;
    }
  return device;
}

/* The lines of a Models section; NULL with @error set beyond the limit. */
static GPtrArray *
read_devices (Models *models, const char *section, GError **error)
{
  g_autofree char *key = g_ascii_strdown (section, -1);
  GPtrArray *known = g_hash_table_lookup (models->devices, key);
  g_autoptr (GPtrArray) devices = NULL;
  guint n_lines;
  const KlInfLine *lines = kl_inf_file_get_lines (models->inf, section, &n_lines);

  if (known != NULL)
    return g_ptr_array_ref (known);

  devices = g_ptr_array_new_with_free_func (free_device);
  for (guint i = 0; i < n_lines; i++)
    {
      if (lines[i].key == NULL || kl_inf_line_get_value (&lines[i], 0) == NULL)
        continue;
      if (++models->n_devices > KL_DRIVER_MAX_DEVICES)
        {
          refuse (models, error, KL_DRIVER_MAX_DEVICES, TRUE);
          return NULL;
        }
      g_ptr_array_add (devices, read_device (models, &lines[i]));
    }

  g_hash_table_insert (models->devices, g_steal_pointer (&key), g_ptr_array_ref (devices));
  return g_steal_pointer (&devices);
}

static gboolean
add_target (Models *models,
            guint manufacturer,
            const char *section,
            const Decoration *decoration,
            const KlDriverArchitecture *architecture,
            GPtrArray *devices,
            GError **error)
{
  KlDriverPackage *self = models->package;
  KlDriverTarget *target;
  g_autofree char *key = g_strdup_printf ("%s %s", architecture->name, section);
  g_autofree char *lower = g_ascii_strdown (key, -1);

  if (!g_hash_table_add (models->seen, g_steal_pointer (&lower)))
    return TRUE;
  if (self->targets->len >= KL_DRIVER_MAX_TARGETS)
    return refuse (models, error, KL_DRIVER_MAX_TARGETS, FALSE);

  target = g_new0 (KlDriverTarget, 1);
  target->architecture = architecture;
  target->manufacturer = manufacturer;
  target->specific = decoration->architecture != NULL;
  target->major = decoration->major;
  target->minor = decoration->minor;
  target->product_type = decoration->product_type;
  target->build = decoration->build;
  target->section = keep (models, section);
  target->devices = g_ptr_array_ref (devices);
  target->files = g_array_new (FALSE, FALSE, sizeof (guint));
  g_ptr_array_add (self->targets, target);
  return TRUE;
}

/* A Models section that is absent or empty is for no architecture. */
static gboolean
add_section (Models *models,
             guint manufacturer,
             const char *section,
             const Decoration *decoration,
             GError **error)
{
  g_autoptr (GPtrArray) devices = NULL;

  if (kl_inf_file_get_n_lines (models->inf, section) == 0)
    return TRUE;
  devices = read_devices (models, section, error);
  if (devices == NULL)
    return FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (kl_driver_architectures); i++)
    if (decoration->architecture == NULL || decoration->architecture == &kl_driver_architectures[i])
      if (!add_target (models, manufacturer, section, decoration, &kl_driver_architectures[i],
                       devices, error))
        return FALSE;
  return TRUE;
}

/* "%Mfg% = Models[,decoration…]", or "Models" alone. */
static gboolean
read_manufacturer (Models *models, guint manufacturer, const KlInfLine *line, GError **error)
{
  const Decoration undecorated = { .architecture = &kl_driver_architectures[0] };
  const char *name = kl_inf_line_get_value (line, 0);

  if (name == NULL)
    return TRUE;

  for (guint i = 1; i < line->n_values; i++)
    {
      g_autofree char *text = without_spaces (line->values[i]);
      g_autofree char *section = g_strdup_printf ("%s.%s", name, text);
      g_autofree char *as_written = g_strdup_printf ("%s.%s", name, line->values[i]);
      Decoration decoration;

      if (!parse_decoration (text, &decoration))
        continue;
      if (!add_section (models, manufacturer, section, &decoration, error)
          || (strcmp (text, line->values[i]) != 0
              && !add_section (models, manufacturer, as_written, &decoration, error)))
        return FALSE;
    }

  return add_section (models, manufacturer, name, &undecorated, error);
}

static void
list_architectures (KlDriverPackage *self)
{
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (kl_driver_architectures); i++)
    for (guint k = 0; k < self->targets->len; k++)
      {
        const KlDriverTarget *target = g_ptr_array_index (self->targets, k);

        if (target->architecture == &kl_driver_architectures[i])
          {
            self->architectures[n++] = target->architecture->name;
            break;
          }
      }
}

/*
 * Reads [Manufacturer] and the Models sections it names (image-customisation.md 5.3): for which
 * architectures and builds the package is, and for which devices. Errors: KL_ERROR_FORMAT beyond
 * the limits.
 */
gboolean
kl_driver_package_read_models (KlDriverPackage *self, const KlInfFile *inf, GError **error)
{
  Models models = { .package = self, .inf = inf };
  g_autoptr (GHashTable) devices
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint n_lines;
  const KlInfLine *lines = kl_inf_file_get_lines (inf, "Manufacturer", &n_lines);

  models.devices = devices;
  models.seen = seen;
  g_ptr_array_set_free_func (self->targets, free_target);
  for (guint i = 0; i < n_lines; i++)
    if (!read_manufacturer (&models, i, &lines[i], error))
      return FALSE;

  list_architectures (self);
  return TRUE;
}
