/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver"

#include "driver/driver-loader.h"

#include <string.h>

#include "base/error.h"

#define MAX_PLACES 999
#define MAX_ID 200   /* characters; Windows' own limit for a device ID */
#define MAX_PATH 180 /* characters below Drivers; with the drive and folder under 255 */
#define LIST_FOLDER KL_DRIVER_LOADER_FOLDER "/ids"

/*
 * What the script relies on and no one here could try on Windows: that reg.exe prints the values of
 * "reg query … /s /v HardwareID" as text with the IDs in it; that findstr /g: takes a lone
 * backslash literally; that the PC's devices are in the Enum key by the time winpeshl.exe starts
 * its first program. The first two are tried by the script itself, on list 000, which holds the
 * beginning of the key's own name: if that is not found in what reg printed, all packages are
 * loaded.
 */
static const char head[]
    = "@echo off\n"
      "rem Made by Kindling: loads drivers before the network starts.\n"
      "rem A package is loaded if a device of this PC has one of its IDs (ids\\NNN.txt).\n"
      "rem Where the devices cannot be told, all are loaded. Not verified on Windows PE: that\n"
      "rem all devices are known by now; how drvload reports. The log says what was done.\n"
      "set KLOG=%SYSTEMROOT%\\Temp\\kindling-drivers.log\n"
      "set KDEV=%SYSTEMROOT%\\Temp\\kindling-devices.txt\n"
      "set KDIR=%SYSTEMDRIVE%\\Drivers\n";

static const char tail[] = "exit /b 0\n"
                           "\n"
                           ":devices\n"
                           "set KALL=\n"
                           "set KKEY=HKLM\\SYSTEM\\CurrentControlSet\\Enum\n"
                           ">%KDEV% 2>nul reg query %KKEY% /s /v HardwareID\n"
                           ">>%KDEV% 2>nul reg query %KKEY% /s /v CompatibleIDs\n"
                           ">nul 2>nul findstr /i /l /g:%KDIR%\\ids\\000.txt %KDEV%\n"
                           "if errorlevel 1 set KALL=1\n"
                           ">nul 2>nul findstr /i /l /c:REG_MULTI_SZ %KDEV%\n"
                           "if errorlevel 1 set KALL=1\n"
                           "if defined KALL >>%KLOG% echo The devices cannot be told: loading all\n"
                           "exit /b 0\n"
                           "\n"
                           ":load\n"
                           "if defined KALL goto now\n"
                           "if not exist %KDIR%\\ids\\%1.txt goto now\n"
                           ">nul 2>nul findstr /i /l /g:%KDIR%\\ids\\%1.txt %KDEV%\n"
                           "if errorlevel 2 goto now\n"
                           "if errorlevel 1 goto skip\n"
                           ":now\n"
                           ">>%KLOG% 2>&1 drvload \"%KDIR%\\%~2\"\n"
                           ">>%KLOG% echo [%1] loaded, rc=%ERRORLEVEL%: %2\n"
                           "exit /b 0\n"
                           ":skip\n"
                           ">>%KLOG% echo [%1] skipped, no such device: %2\n"
                           "exit /b 0\n";

void
kl_driver_loader_file_free (KlDriverLoaderFile *self)
{
  g_free (self->path);
  g_bytes_unref (self->content);
  g_free (self);
}

/* @text: with LF; becomes CRLF. */
static void
add_file (GPtrArray *files, char *path, const char *text)
{
  KlDriverLoaderFile *file = g_new (KlDriverLoaderFile, 1);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  char *joined = g_strjoinv ("\r\n", lines);

  file->path = path;
  file->content = g_bytes_new_take (joined, strlen (joined));
  g_ptr_array_add (files, file);
}

/* A batch file cannot name any path: %, ^ and ! mean something even within quotes, and what a byte
 * above 127 means depends on the code page. */
static gboolean
check_path (const char *path, GError **error)
{
  const char *why = NULL;

  if (*path == '\0' || strlen (path) > MAX_PATH)
    why = "is empty or too long";
  for (const char *at = path; *at != '\0'; at++)
    if (*at < 0x20 || *at > 0x7e || strchr ("%^!\"<>|*?:", *at) != NULL)
      why = "has characters that a batch file cannot carry";
  if (why == NULL)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "The driver loader cannot load “%s”: its path %s", path, why);
  return FALSE;
}

/* findstr gives backslashes at the end, in a row and before quotes a meaning of their own. */
static gboolean
is_plain_id (const char *id)
{
  gsize length = strlen (id);

  if (length == 0 || length > MAX_ID)
    return FALSE;
  for (const char *at = id; *at != '\0'; at++)
    if (*at <= 0x20 || *at > 0x7e || *at == '"')
      return FALSE;
  return id[length - 1] != '\\' && strstr (id, "\\\\") == NULL;
}

/*
 * The list of a package; NULL where it cannot be made, for lack of IDs or for an odd one: such a
 * package is always loaded.
 */
static char *
make_list (KlDriverPackage *package, const char *architecture, guint build)
{
  g_auto (GStrv) ids = kl_driver_package_dup_hardware_ids (package, architecture, build);
  g_auto (GStrv) others = kl_driver_package_dup_compatible_ids (package, architecture, build);
  char **const lists[] = { ids, others };
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    for (guint k = 0; lists[i][k] != NULL; k++)
      {
        if (!is_plain_id (lists[i][k]))
          return NULL;
        g_string_append_printf (text, "%s\n", lists[i][k]);
      }
  return text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

static void
append_call (GString *script, guint number, const char *inf)
{
  g_autofree char *windows = g_strdelimit (g_strdup (inf), "/", '\\');

  g_string_append_printf (script, "call :load %03u \"%s\"\n", number, windows);
}

/**
 * kl_driver_loader_generate:
 * @places: (array length=n_places): in the order in which they are to be loaded; see
 *   kl_driver_packages_sort()
 * @architecture: of the image
 * @build: of the image; 0 if it is not known
 *
 * Makes the batch file that loads drivers when Windows PE starts (image-customisation.md 5.2), and
 * a list of IDs for each package. A package is loaded if the registry key Enum of the PC has one of
 * its IDs; loading every network driver is known to break networks. The devices are looked up again
 * before each group of classes, since a bus driver brings out devices that were not known before.
 * Where they cannot be looked up, all packages are loaded, in the same order. The batch file always
 * ends with 0.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT for more than 999 packages, and for a path that a batch file
 * cannot name.
 *
 * Returns: (transfer full) (nullable) (element-type KlDriverLoaderFile): the script first
 */
GPtrArray *
kl_driver_loader_generate (const KlDriverPlace *places,
                           guint n_places,
                           const char *architecture,
                           guint build,
                           GError **error)
{
  g_autoptr (GPtrArray) files
      = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_driver_loader_file_free);
  g_autoptr (GString) script = g_string_new (head);

  if (n_places > MAX_PLACES)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The driver loader takes at most %u packages, not %u", MAX_PLACES, n_places);
      return NULL;
    }

  g_string_append_printf (script, ">>%%KLOG%% echo Kindling: %u driver packages\n", n_places);
  for (guint i = 0; i < n_places; i++)
    {
      if (!check_path (places[i].inf, error))
        return NULL;
      if (i == 0
          || kl_driver_package_get_group (places[i].package)
                 != kl_driver_package_get_group (places[i - 1].package))
        g_string_append (script, "call :devices\n");
      append_call (script, i + 1, places[i].inf);
    }
  g_string_append (script, tail);

  add_file (files, g_strdup (KL_DRIVER_LOADER_SCRIPT), script->str);
  add_file (files, g_strdup (LIST_FOLDER "/000.txt"), "HKEY_LOCAL_MACHINE\\SYSTEM\n");
  for (guint i = 0; i < n_places; i++)
    {
      g_autofree char *list = make_list (places[i].package, architecture, build);

      if (list != NULL)
        add_file (files, g_strdup_printf (LIST_FOLDER "/%03u.txt", i + 1), list);
    }
  return g_steal_pointer (&files);
}
