/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bcd-store"

#include "bcd/bcd-store.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "bcd/bcd-format.h"
#include "bcd/hive-writer.h"

/* The same store for the same options, always: 2000-01-01 00:00 UTC in units of 100 ns. */
#define FILETIME G_GUINT64_CONSTANT (125911584000000000)

#define BOOT_MANAGER "{9dea862c-5cdd-4e70-acc1-f32b344d4795}"
#define LOADER "{7619dcc9-fafe-11d9-b411-000476eba25f}"
#define RAM_DISK_OPTIONS "{7619dcc8-fafe-11d9-b411-000476eba25f}"

#define TYPE_BOOT_MANAGER 0x10100002
#define TYPE_LOADER 0x10200003
#define TYPE_RAM_DISK_OPTIONS 0x30000000

#define ELEMENT_DEVICE 0x11000001
#define ELEMENT_PATH 0x12000002
#define ELEMENT_DESCRIPTION 0x12000004
#define ELEMENT_LOCALE 0x12000005
#define ELEMENT_OS_DEVICE 0x21000001
#define ELEMENT_SYSTEM_ROOT 0x22000002
#define ELEMENT_DEFAULT_OBJECT 0x23000003
#define ELEMENT_DISPLAY_ORDER 0x24000001
#define ELEMENT_TIMEOUT 0x25000004
#define ELEMENT_MENU_POLICY 0x250000c2
#define ELEMENT_DETECT_HAL 0x26000010
#define ELEMENT_SHOW_MENU 0x26000020
#define ELEMENT_WIN_PE 0x26000022
#define ELEMENT_EMS 0x260000b0
#define ELEMENT_SDI_DEVICE 0x31000003
#define ELEMENT_SDI_PATH 0x32000004

#define RAM_DISK_FILE "\\sources\\boot.wim"
#define SDI_FILE "\\boot\\boot.sdi"
#define MAX_TEXT 1024 /* bytes; longer names are not for a boot menu */

/* RAM_DISK_OPTIONS as a GUID is stored. */
static const guint8 ram_disk_options_guid[16] = {
  0xc8, 0xdc, 0x19, 0x76, 0xfe, 0xfa, 0xd9, 0x11, 0xb4, 0x11, 0x00, 0x04, 0x76, 0xeb, 0xa2, 0x5f,
};

static const char *const default_loaders[] = {
  [KL_BCD_BIOS] = "\\windows\\system32\\boot\\winload.exe",
  [KL_BCD_UEFI] = "\\windows\\system32\\boot\\winload.efi",
};

static KlHiveKey *
add_object (KlHiveKey *objects, const char *guid, guint32 type)
{
  KlHiveKey *object = kl_hive_key_add (objects, guid);

  kl_hive_key_set_dword (kl_hive_key_add (object, "Description"), "Type", type);
  return kl_hive_key_add (object, "Elements");
}

static KlHiveKey *
add_element (KlHiveKey *elements, guint32 element)
{
  char name[9];

  g_snprintf (name, sizeof name, "%08x", element);
  return kl_hive_key_add (elements, name);
}

static void
add_text (KlHiveKey *elements, guint32 element, const char *value)
{
  kl_hive_key_set_string (add_element (elements, element), "Element", value);
}

static void
add_binary (KlHiveKey *elements, guint32 element, const void *data, gsize length)
{
  kl_hive_key_set_binary (add_element (elements, element), "Element", data, length);
}

static void
add_integer (KlHiveKey *elements, guint32 element, guint64 value)
{
  guint8 data[8];

  kl_put_u64 (data, value);
  add_binary (elements, element, data, sizeof data);
}

static void
add_boolean (KlHiveKey *elements, guint32 element, gboolean value)
{
  guint8 data = value ? 1 : 0;

  add_binary (elements, element, &data, sizeof data);
}

static void
fill_boot_device (KlBcdDevice *device)
{
  memset (device, 0, sizeof *device);
  device->type = GUINT32_TO_LE (KL_BCD_DEVICE_BOOT);
  device->size = GUINT32_TO_LE (sizeof *device);
}

static void
add_boot_device (KlHiveKey *elements, guint32 element)
{
  KlBcdBootElement blob = { { 0 } };

  fill_boot_device (&blob.device);
  add_binary (elements, element, &blob, sizeof blob);
}

static void
add_ram_disk_device (KlHiveKey *elements, guint32 element)
{
  const char *path = RAM_DISK_FILE;
  gsize total = sizeof (KlBcdRamDiskElement) + 2 * (strlen (path) + 1);
  g_autofree guint8 *blob = g_malloc0 (total);
  KlBcdRamDiskElement head = { { 0 } };
  gsize i;

  memcpy (head.options, ram_disk_options_guid, sizeof head.options);
  head.type = GUINT32_TO_LE (KL_BCD_DEVICE_RAM_DISK);
  head.flags = GUINT32_TO_LE (KL_BCD_DEVICE_HAS_OPTIONS);
  head.size = GUINT32_TO_LE ((guint32) (total - G_STRUCT_OFFSET (KlBcdRamDiskElement, type)));
  head.location = GUINT32_TO_LE (KL_BCD_LOCATION_RAM_DISK);
  head.version = GUINT32_TO_LE (1);
  head.length = GUINT32_TO_LE ((guint32) (total - G_STRUCT_OFFSET (KlBcdRamDiskElement, version)));
  head.path_type = GUINT32_TO_LE (KL_BCD_PATH_ON_DEVICE);
  fill_boot_device (&head.parent);
  memcpy (blob, &head, sizeof head);
  for (i = 0; path[i] != '\0'; i++)
    kl_put_u16 (blob + sizeof head + 2 * i, (guint8) path[i]);
  add_binary (elements, element, blob, total);
}

static void
add_boot_manager (KlHiveKey *objects, const KlBcdOptions *options, const char *locale)
{
  const char *const order[] = { LOADER, NULL };
  KlHiveKey *elements = add_object (objects, BOOT_MANAGER, TYPE_BOOT_MANAGER);

  add_text (elements, ELEMENT_DESCRIPTION, "Windows Boot Manager");
  add_text (elements, ELEMENT_LOCALE, locale);
  add_text (elements, ELEMENT_DEFAULT_OBJECT, LOADER);
  kl_hive_key_set_strings (add_element (elements, ELEMENT_DISPLAY_ORDER), "Element", order);
  add_integer (elements, ELEMENT_TIMEOUT, options->timeout);
  if (options->timeout > 0)
    add_boolean (elements, ELEMENT_SHOW_MENU, TRUE);
}

static void
add_loader (KlHiveKey *objects,
            const KlBcdOptions *options,
            const char *path,
            const char *description,
            const char *locale)
{
  KlHiveKey *elements = add_object (objects, LOADER, TYPE_LOADER);

  add_ram_disk_device (elements, ELEMENT_DEVICE);
  add_text (elements, ELEMENT_PATH, path);
  add_text (elements, ELEMENT_DESCRIPTION, description);
  add_text (elements, ELEMENT_LOCALE, locale);
  add_ram_disk_device (elements, ELEMENT_OS_DEVICE);
  add_text (elements, ELEMENT_SYSTEM_ROOT, "\\windows");
  add_integer (elements, ELEMENT_MENU_POLICY, options->menu_policy);
  add_boolean (elements, ELEMENT_DETECT_HAL, TRUE);
  add_boolean (elements, ELEMENT_WIN_PE, TRUE);
  add_boolean (elements, ELEMENT_EMS, FALSE);
}

/* No description here: it would become the title of the menu (media-formats.md 7.2). */
static void
add_ram_disk_options (KlHiveKey *objects)
{
  KlHiveKey *elements = add_object (objects, RAM_DISK_OPTIONS, TYPE_RAM_DISK_OPTIONS);

  add_boot_device (elements, ELEMENT_SDI_DEVICE);
  add_text (elements, ELEMENT_SDI_PATH, SDI_FILE);
}

static gboolean
check_text (const char *what, const char *text, GError **error)
{
  if (strlen (text) <= MAX_TEXT && g_utf8_validate (text, -1, NULL))
    return TRUE;
  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "Boot configuration: the %s is not UTF-8 text of at most %d bytes", what, MAX_TEXT);
  return FALSE;
}

static const char *
or_default (const char *text, const char *fallback)
{
  return text != NULL && text[0] != '\0' ? text : fallback;
}

/**
 * kl_bcd_store_build:
 * @firmware: whose store; the two differ in the default loader only
 *
 * Makes a store with exactly three objects (boot manager, loader, RAM-disk options) that starts
 * \sources\boot.wim from the medium it lies on, whatever that is (media-formats.md 7.1 to 7.3).
 * The same options give the same bytes.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT for a loader outside the WIM's root or text that is not UTF-8
 * or too long.
 *
 * Returns: (transfer full): a registry hive
 */
GBytes *
kl_bcd_store_build (KlBcdFirmware firmware, const KlBcdOptions *options, GError **error)
{
  g_autoptr (KlHiveWriter) writer = NULL;
  const char *loader;
  const char *description;
  const char *locale;
  KlHiveKey *root;
  KlHiveKey *objects;

  g_return_val_if_fail (options != NULL && (gsize) firmware < G_N_ELEMENTS (default_loaders), NULL);

  loader = or_default (options->loader, default_loaders[firmware]);
  description = or_default (options->description, "Windows PE");
  locale = or_default (options->locale, "en-US");
  if (!check_text ("loader", loader, error) || !check_text ("description", description, error)
      || !check_text ("locale", locale, error))
    return NULL;
  if (loader[0] != '\\')
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "Boot configuration: the loader \"%s\" does not begin with a backslash", loader);
      return NULL;
    }

  writer = kl_hive_writer_new ("NewStoreRoot", FILETIME);
  root = kl_hive_writer_get_root (writer);
  kl_hive_key_set_string (kl_hive_key_add (root, "Description"), "KeyName", "BCD00000001");
  objects = kl_hive_key_add (root, "Objects");
  add_boot_manager (objects, options, locale);
  add_loader (objects, options, loader, description, locale);
  add_ram_disk_options (objects);
  return kl_hive_writer_to_bytes (writer);
}
