/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver"

#include "driver/driver-match.h"

#include <string.h>

#include "driver/driver-package-private.h"

/* The identifier score of Plug and Play: a hardware ID on both sides, a compatible ID of the INF,
 * of the device, of both; the place in the device's list is added. Lower is better. */
#define RANK_COMPATIBLE_IN_INF 0x1000
#define RANK_COMPATIBLE_DEVICE 0x2000
#define RANK_COMPATIBLE_BOTH 0x3000
/* Behind all that Plug and Play knows: serves only some devices with that ID. */
#define RANK_NARROWER 0x8000

/* The parts of "PCI\VEN_v&DEV_d&SUBSYS_s&REV_r&CC_c", each owned, NULL where absent. */
typedef struct
{
  char *vendor, *device, *subsystem, *revision, *class_code, *interface;
} Parts;

void
kl_driver_match_free (KlDriverMatch *self)
{
  g_object_unref (self->package);
  g_free (self->id);
  g_free (self);
}

static void
parts_clear (Parts *self)
{
  g_free (self->vendor);
  g_free (self->device);
  g_free (self->subsystem);
  g_free (self->revision);
  g_free (self->class_code);
  g_free (self->interface);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parts, parts_clear)

/* FALSE for an ID of another form, which stands for itself only. */
static gboolean
split_id (const char *id, Parts *parts)
{
  const char *backslash = strchr (id, '\\');
  g_auto (GStrv) pieces = NULL;

  if (backslash == NULL || strchr (backslash + 1, '\\') != NULL)
    return FALSE;

  pieces = g_strsplit (backslash + 1, "&", -1);
  for (guint i = 0; pieces[i] != NULL; i++)
    {
      static const struct
      {
        const char *prefix;
        gsize offset;
      } rows[] = {
        { "VEN_", G_STRUCT_OFFSET (Parts, vendor) },
        { "VID_", G_STRUCT_OFFSET (Parts, vendor) },
        { "DEV_", G_STRUCT_OFFSET (Parts, device) },
        { "PID_", G_STRUCT_OFFSET (Parts, device) },
        { "SUBSYS_", G_STRUCT_OFFSET (Parts, subsystem) },
        { "REV_", G_STRUCT_OFFSET (Parts, revision) },
        { "CC_", G_STRUCT_OFFSET (Parts, class_code) },
        { "MI_", G_STRUCT_OFFSET (Parts, interface) },
      };
      char **member = NULL;

      for (guint k = 0; k < G_N_ELEMENTS (rows); k++)
        if (g_ascii_strncasecmp (pieces[i], rows[k].prefix, strlen (rows[k].prefix)) == 0)
          member = &G_STRUCT_MEMBER (char *, parts, rows[k].offset);
      if (member == NULL || *member != NULL)
        return FALSE;
      *member = g_strdup (pieces[i]);
    }
  return parts->vendor != NULL && parts->device != NULL;
}

/* Adds BUS\piece&piece…, unless a piece is absent or the ID is there already. */
static void
add_id (GPtrArray *list, const char *bus, const char *const *pieces, guint n_pieces)
{
  g_autoptr (GString) id = g_string_new (bus);

  for (guint i = 0; i < n_pieces; i++)
    {
      if (pieces[i] == NULL)
        return;
      g_string_append_printf (id, "%c%s", i == 0 ? '\\' : '&', pieces[i]);
    }
  for (guint i = 0; i < list->len; i++)
    if (g_ascii_strcasecmp (g_ptr_array_index (list, i), id->str) == 0)
      return;
  g_ptr_array_add (list, g_strdup (id->str));
}

#define ADD(...)                                                                                   \
  add_id (list, bus, (const char *const[]){ __VA_ARGS__ },                                         \
          G_N_ELEMENTS (((const char *const[]){ __VA_ARGS__ })))

static void
add_pci_ids (GPtrArray *list, const char *bus, const Parts *p, guint *n_hardware)
{
  /* CC_ccssPP is the class with its programming interface, CC_ccss the one without. */
  g_autofree char *brief
      = p->class_code != NULL && strlen (p->class_code) >= 7 ? g_strndup (p->class_code, 7) : NULL;

  ADD (p->vendor, p->device, p->subsystem, p->revision);
  ADD (p->vendor, p->device, p->subsystem);
  ADD (p->vendor, p->device, p->revision);
  ADD (p->vendor, p->device);
  ADD (p->vendor, p->device, p->class_code);
  ADD (p->vendor, p->device, brief);
  *n_hardware = list->len;
  ADD (p->vendor, p->class_code);
  ADD (p->vendor, brief);
  ADD (p->vendor);
  ADD (p->class_code);
  ADD (brief);
}

static void
add_usb_ids (GPtrArray *list, const char *bus, const Parts *p, guint *n_hardware)
{
  ADD (p->vendor, p->device, p->revision, p->interface);
  ADD (p->vendor, p->device, p->interface);
  if (p->interface == NULL)
    {
      ADD (p->vendor, p->device, p->revision);
      ADD (p->vendor, p->device);
    }
  *n_hardware = list->len;
}

#undef ADD

/**
 * kl_driver_expand_hardware_id:
 * @hardware_id: the ID that says most about a device, as the Device Manager shows it first
 * @n_hardware: (out): how many of the result are hardware IDs; compatible IDs follow
 *
 * The IDs that a device with this one has, the best first, as the bus drivers for PCI and USB make
 * them ("Identifiers for PCI Devices" and "… USB Devices" in Microsoft's driver documentation). An
 * ID of another form stands for itself.
 *
 * Returns: (transfer full)
 */
char **
kl_driver_expand_hardware_id (const char *hardware_id, guint *n_hardware)
{
  GPtrArray *list = g_ptr_array_new ();
  g_auto (Parts) parts = { 0 };
  const char *backslash = strchr (hardware_id, '\\');
  g_autofree char *bus
      = backslash != NULL ? g_strndup (hardware_id, (gsize) (backslash - hardware_id)) : NULL;

  *n_hardware = 1;
  if (bus != NULL && g_ascii_strcasecmp (bus, "PCI") == 0 && split_id (hardware_id, &parts))
    add_pci_ids (list, bus, &parts, n_hardware);
  else if (bus != NULL && g_ascii_strcasecmp (bus, "USB") == 0 && split_id (hardware_id, &parts))
    add_usb_ids (list, bus, &parts, n_hardware);
  else
    g_ptr_array_add (list, g_strdup (hardware_id));

  g_ptr_array_add (list, NULL);
  return (char **) g_ptr_array_free (list, FALSE);
}

/* Whether @id names devices among those that @wanted names: the same and a "&" behind it. */
static gboolean
is_narrower (const char *id, const char *wanted)
{
  gsize length = strlen (wanted);

  return g_ascii_strncasecmp (id, wanted, length) == 0 && id[length] == '&';
}

static void
rank_id (KlDriverMatch *best,
         const char *id,
         gboolean compatible_in_inf,
         const char *const *wanted,
         guint n_hardware)
{
  for (guint i = 0; wanted[i] != NULL; i++)
    {
      const gboolean compatible_device = i >= n_hardware;
      guint rank = i;
      KlDriverMatchKind kind = KL_DRIVER_MATCH_HARDWARE;

      if (g_ascii_strcasecmp (id, wanted[i]) == 0)
        {
          if (compatible_in_inf || compatible_device)
            kind = KL_DRIVER_MATCH_COMPATIBLE;
          rank += compatible_in_inf
                      ? compatible_device ? RANK_COMPATIBLE_BOTH : RANK_COMPATIBLE_IN_INF
                  : compatible_device ? RANK_COMPATIBLE_DEVICE
                                      : 0;
        }
      else if (i == 0 && is_narrower (id, wanted[0]))
        {
          kind = KL_DRIVER_MATCH_NARROWER;
          rank = RANK_NARROWER;
        }
      else
        continue;

      if (best->id == NULL || rank < best->rank)
        {
          g_free (best->id);
          best->id = g_strdup (id);
          best->rank = rank;
          best->kind = kind;
        }
    }
}

static void
rank_package (KlDriverMatch *best,
              KlDriverPackage *package,
              const char *const *wanted,
              guint n_hardware,
              const char *architecture,
              guint build)
{
  g_autoptr (GPtrArray) targets = kl_driver_package_get_targets (package, architecture, build);

  for (guint i = 0; i < targets->len; i++)
    {
      const KlDriverTarget *target = g_ptr_array_index (targets, i);

      for (guint k = 0; k < target->devices->len; k++)
        {
          const KlDriverDevice *device = g_ptr_array_index (target->devices, k);

          if (device->hardware_id != NULL)
            rank_id (best, device->hardware_id, FALSE, wanted, n_hardware);
          for (guint n = 0; n < device->n_compatible; n++)
            rank_id (best, device->compatible_ids[n], TRUE, wanted, n_hardware);
        }
    }
}

static int
compare_matches (gconstpointer a, gconstpointer b)
{
  const KlDriverMatch *one = *(const KlDriverMatch *const *) a;
  const KlDriverMatch *other = *(const KlDriverMatch *const *) b;
  int order;

  if (one->rank != other->rank)
    return one->rank < other->rank ? -1 : 1;
  order = kl_driver_package_compare_version (other->package, one->package);
  return order != 0 ? order
                    : strcmp (kl_driver_package_get_inf (one->package),
                              kl_driver_package_get_inf (other->package));
}

/**
 * kl_driver_find:
 * @packages: (element-type KlDriverPackage)
 * @hardware_id: such as "PCI\VEN_8086&DEV_15F3", in any case; with SUBSYS and REV the answer is for
 *   that very device, without them for all devices of that kind
 *
 * Which packages serve a device.
 *
 * Errors: G_IO_ERROR_CANCELLED. Takes up to a tenth of a second for a thousand packages; any
 * thread.
 *
 * Returns: (transfer full) (element-type KlDriverMatch): the one that Windows would choose first:
 *   by rank, then by date and version
 */
GPtrArray *
kl_driver_find (GPtrArray *packages,
                const char *hardware_id,
                const char *architecture,
                guint build,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GPtrArray) matches
      = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_driver_match_free);
  guint n_hardware;
  g_auto (GStrv) wanted = kl_driver_expand_hardware_id (hardware_id, &n_hardware);

  for (guint i = 0; i < packages->len; i++)
    {
      KlDriverPackage *package = g_ptr_array_index (packages, i);
      KlDriverMatch best = { 0 };

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      rank_package (&best, package, (const char *const *) wanted, n_hardware, architecture, build);
      if (best.id == NULL)
        continue;
      best.package = g_object_ref (package);
      g_ptr_array_add (matches, g_memdup2 (&best, sizeof best));
    }

  g_ptr_array_sort (matches, compare_matches);
  return g_steal_pointer (&matches);
}

/**
 * kl_driver_match_kind_to_string:
 *
 * Returns: "hardware-id", "compatible-id", "narrower"
 */
const char *
kl_driver_match_kind_to_string (KlDriverMatchKind kind)
{
  switch (kind)
    {
    case KL_DRIVER_MATCH_HARDWARE:
      return "hardware-id";
    case KL_DRIVER_MATCH_COMPATIBLE:
      return "compatible-id";
    case KL_DRIVER_MATCH_NARROWER:
    default:
      return "narrower";
    }
}
