/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-startup-files"

#include "prepare/startup-files.h"

#include <string.h>

#include "base/error.h"
#include "edit/background.h"
#include "edit/hive-settings.h"
#include "edit/ini-text.h"

#define WINPESHL "\\Windows\\System32\\winpeshl.ini"
#define STARTNET "\\Windows\\System32\\startnet.cmd"
#define TS_CONFIG "\\TSConfig.ini"
#define TS_BOOT_SHELL "TsBootShell.ini"
#define PRESTART_FOLDER "\\sms\\PKG\\SMS10000"

#define LOADER "kindling-drivers.cmd"
#define LOADER_LINE "%SYSTEMROOT%\\System32\\cmd.exe, /c %SYSTEMROOT%\\System32\\" LOADER
#define LOADER_CALL "call %SYSTEMROOT%\\System32\\" LOADER

/* What goes into start-up files must be of the code page that Windows PE uses. */
static char *
dup_ansi (const char *text, const char *what, GError **error)
{
  g_autoptr (GError) failure = NULL;
  char *ansi = g_str_is_ascii (text)
                   ? g_strdup (text)
                   : g_convert (text, -1, "CP1252", "UTF-8", NULL, NULL, &failure);

  if (ansi == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                 "The %s “%s” holds characters that start-up files cannot have (they are of code "
                 "page 1252)",
                 what, text);
  return ansi;
}

static KlIniText *
read_text (KlImageTree *tree, const char *path, gboolean *exists, GError **error)
{
  g_autoptr (GBytes) content = NULL;

  if (!kl_image_tree_read (tree, path, &content, error))
    return NULL;
  *exists = content != NULL;
  return kl_ini_text_new (content, path, error);
}

static gboolean
write_text (KlImageTree *tree, const char *path, KlIniText *text, GError **error)
{
  g_autoptr (GBytes) bytes = kl_ini_text_to_bytes (text);

  return kl_image_tree_add_bytes (tree, path, bytes, error);
}

/**
 * kl_startup_files_dup_agent_folder:
 *
 * Returns: (transfer full): the folder of deployment binaries (image-customisation.md 4): images
 * for arm64 keep them in the one of x64
 */
char *
kl_startup_files_dup_agent_folder (const char *architecture)
{
  return g_strconcat ("\\sms\\bin\\", strcmp (architecture, "x86") == 0 ? "i386" : "x64", NULL);
}

/* Turns [LaunchApp], which has one program without options, into [LaunchApps]. */
static void
convert_launch_app (KlIniText *text, guint first, guint end)
{
  for (guint i = first; i < end; i++)
    {
      g_autofree char *line = g_strstrip (g_strdup (text->lines->pdata[i]));
      const char *program = strchr (line, '=');

      if (g_ascii_strncasecmp (line, "AppPath", strlen ("AppPath")) == 0 && program != NULL)
        {
          g_free (text->lines->pdata[i]);
          text->lines->pdata[i] = g_strstrip (g_strdup (program + 1));
        }
    }
  g_free (text->lines->pdata[first - 1]);
  text->lines->pdata[first - 1] = g_strdup ("[LaunchApps]");
}

/* The position of the first program. */
static guint
open_launch_apps (KlIniText *text)
{
  guint first, end;

  if (kl_ini_text_find_section (text, "LaunchApps", &first, &end))
    return first;
  if (kl_ini_text_find_section (text, "LaunchApp", &first, &end))
    {
      convert_launch_app (text, first, end);
      return first;
    }

  kl_ini_text_insert (text, 0, "[LaunchApps]");
  return 1;
}

/* In winpeshl.ini: the driver loader, then the start command, then what stood there. */
static gboolean
extend_winpeshl (KlImageTree *tree,
                 const KlRecipe *recipe,
                 KlIniText *text,
                 const char *agent,
                 gboolean load_drivers,
                 GError **error)
{
  gboolean loader = load_drivers && !kl_ini_text_mentions (text, LOADER);
  gboolean starts_agent = agent != NULL && !kl_ini_text_mentions (text, "TsBootShell.exe");
  gboolean command = *recipe->start_command != '\0';
  guint position;

  if (!loader && !starts_agent && !command)
    return TRUE;

  position = open_launch_apps (text);
  if (loader)
    kl_ini_text_insert (text, position++, LOADER_LINE);
  if (command)
    {
      g_autofree char *line
          = g_strconcat ("%SYSTEMROOT%\\System32\\cmd.exe, /c ", recipe->start_command, NULL);

      kl_ini_text_insert (text, position++, line);
    }
  if (starts_agent)
    {
      g_autofree char *line = g_strconcat ("%SYSTEMDRIVE%", agent, "\\TsBootShell.exe", NULL);

      kl_ini_text_insert (text, position, line);
    }
  return write_text (tree, WINPESHL, text, error);
}

/* Without winpeshl.ini, Windows PE runs startnet.cmd, which then starts the network by wpeinit. */
static gboolean
extend_startnet (KlImageTree *tree, const KlRecipe *recipe, gboolean load_drivers, GError **error)
{
  g_autoptr (KlIniText) text = NULL;
  gboolean exists, loader;

  text = read_text (tree, STARTNET, &exists, error);
  if (text == NULL)
    return FALSE;
  loader = load_drivers && !kl_ini_text_mentions (text, LOADER);
  if (!loader && *recipe->start_command == '\0')
    return TRUE;

  if (!exists)
    kl_ini_text_insert (text, 0, "wpeinit");
  if (loader)
    kl_ini_text_insert (text, 0, LOADER_CALL);
  if (*recipe->start_command != '\0')
    kl_ini_text_insert (text, text->lines->len, recipe->start_command);
  return write_text (tree, STARTNET, text, error);
}

/* @agent: the folder of TsBootShell.exe where binaries were added, else NULL */
static gboolean
add_launch (KlImageTree *tree,
            const KlRecipe *recipe,
            const char *agent,
            gboolean load_drivers,
            GError **error)
{
  g_autoptr (KlIniText) text = NULL;
  gboolean exists;

  text = read_text (tree, WINPESHL, &exists, error);
  if (text == NULL)
    return FALSE;
  if (exists || agent != NULL)
    return extend_winpeshl (tree, recipe, text, agent, load_drivers, error);
  return extend_startnet (tree, recipe, load_drivers, error);
}

/* Where TsBootShell.ini is, or should be. */
static char *
find_boot_shell (KlImageTree *tree, const char *agent_folder, GError **error)
{
  static const char *const others[] = { "\\Windows\\System32\\" TS_BOOT_SHELL, "\\" TS_BOOT_SHELL };
  g_autoptr (GError) failure = NULL;
  g_autofree char *found = kl_image_tree_find_name (tree, "\\sms", TS_BOOT_SHELL, &failure);

  if (failure != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
  for (gsize i = 0; found == NULL && i < G_N_ELEMENTS (others); i++)
    {
      gboolean exists;

      if (!kl_image_tree_has_file (tree, others[i], &exists, error))
        return NULL;
      if (exists)
        found = g_strdup (others[i]);
    }
  return found != NULL ? g_steal_pointer (&found)
                       : g_strconcat (agent_folder, "\\", TS_BOOT_SHELL, NULL);
}

/* F8 and the title of the dialogs. */
static gboolean
add_boot_shell (KlImageTree *tree, const KlRecipe *recipe, const char *agent_folder, GError **error)
{
  g_autoptr (KlIniText) text = NULL;
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;
  gboolean exists;

  if (recipe->lab_shell == KL_RECIPE_KEEP && *recipe->organization_name == '\0')
    return TRUE;

  path = find_boot_shell (tree, agent_folder, error);
  name = path != NULL ? dup_ansi (recipe->organization_name, "organization name", error) : NULL;
  text = name != NULL ? read_text (tree, path, &exists, error) : NULL;
  if (text == NULL)
    return FALSE;

  if (*name != '\0')
    kl_ini_text_set (text, "Shell", "OrgName", name);
  if (recipe->lab_shell != KL_RECIPE_KEEP)
    kl_ini_text_set (text, "Shell", "EnableDebugShell",
                     recipe->lab_shell == KL_RECIPE_TRUE ? "true" : "false");
  return write_text (tree, path, text, error);
}

static gboolean
add_prestart (KlImageTree *tree,
              const KlRecipe *recipe,
              KlProgress *progress,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (KlIniText) text = NULL;
  g_autofree char *command = NULL;
  gboolean exists;

  if (*recipe->prestart_files != '\0'
      && !kl_image_tree_add_folder (tree, PRESTART_FOLDER, recipe->prestart_files, progress,
                                    cancellable, error))
    return FALSE;
  if (*recipe->prestart_command == '\0')
    return TRUE;

  command = dup_ansi (recipe->prestart_command, "prestart command", error);
  text = command != NULL ? read_text (tree, TS_CONFIG, &exists, error) : NULL;
  if (text == NULL)
    return FALSE;
  kl_ini_text_set (text, "CustomHook", "CommandLine", command);
  return write_text (tree, TS_CONFIG, text, error);
}

/* winre.jpg in a recovery image; where an old one has winpe.bmp, the registry names the new file.
 */
static gboolean
add_background (KlImageTree *tree,
                const KlRecipe *recipe,
                GCancellable *cancellable,
                GError **error)
{
  const char *path = "\\Windows\\System32\\winpe.jpg";
  g_autoptr (GBytes) picture = NULL;
  g_autofree char *staged = NULL;
  gboolean has_winre, has_winpe, has_bitmap;

  if (*recipe->background == '\0')
    return TRUE;

  picture = kl_background_load_jpeg (recipe->background, error);
  if (picture == NULL || !kl_image_tree_has_file (tree, path, &has_winpe, error)
      || !kl_image_tree_has_file (tree, "\\Windows\\System32\\winre.jpg", &has_winre, error)
      || !kl_image_tree_has_file (tree, "\\Windows\\System32\\winpe.bmp", &has_bitmap, error))
    return FALSE;

  if (has_winre && !has_winpe)
    path = "\\Windows\\System32\\winre.jpg";
  if (!kl_image_tree_add_bytes (tree, path, picture, error))
    return FALSE;
  if (has_winpe || has_winre || !has_bitmap)
    return TRUE;

  kl_image_tree_note_value (tree, "SOFTWARE", KL_HIVE_BACKGROUND_KEY, KL_HIVE_BACKGROUND_NAME,
                            "X:\\Windows\\System32\\winpe.jpg");
  return kl_image_tree_take_file (tree, KL_HIVE_SOFTWARE, &staged, cancellable, error)
         && kl_hive_set_background (staged, "X:\\Windows\\System32\\winpe.jpg", error);
}

static void
warn_without_agent (KlImageTree *tree, const KlRecipe *recipe)
{
  if (recipe->lab_shell != KL_RECIPE_KEEP || *recipe->organization_name != '\0'
      || *recipe->prestart_command != '\0')
    kl_image_tree_warn (tree,
                        "The image has no TsBootShell.exe: command prompt support, organization "
                        "name and prestart command have no effect without the deployment binaries");
}

/**
 * kl_startup_files_add:
 * @architecture: of the image
 * @load_drivers: starts the generated driver loader first
 *
 * Adds or changes winpeshl.ini or startnet.cmd, TsBootShell.ini, TSConfig.ini, the prestart files
 * and the background picture, as the recipe asks. To be called when the deployment binaries are in.
 *
 * Errors: KL_ERROR_FORMAT for start-up files and pictures that cannot be read,
 * KL_ERROR_INVALID_ARGUMENT for texts that start-up files cannot have, those of
 * kl_image_tree_add_file().
 */
gboolean
kl_startup_files_add (KlImageTree *tree,
                      const KlRecipe *recipe,
                      const char *architecture,
                      gboolean load_drivers,
                      KlProgress *progress,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autofree char *agent_folder = kl_startup_files_dup_agent_folder (architecture);
  g_autofree char *shell = g_strconcat (agent_folder, "\\TsBootShell.exe", NULL);
  gboolean has_agent;

  if (!kl_image_tree_has_file (tree, shell, &has_agent, error))
    return FALSE;
  if (!has_agent)
    warn_without_agent (tree, recipe);

  return add_launch (tree, recipe, has_agent && *recipe->binaries != '\0' ? agent_folder : NULL,
                     load_drivers, error)
         && add_boot_shell (tree, recipe, agent_folder, error)
         && add_prestart (tree, recipe, progress, cancellable, error)
         && add_background (tree, recipe, cancellable, error);
}
