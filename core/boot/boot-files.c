/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-boot-files"

#include "boot/boot-files.h"

#include <string.h>
#include <sys/stat.h>

#include "base/atomic-file.h"
#include "base/error.h"
#include "base/file-io.h"
#include "boot/boot-content.h"
#include "boot/boot-files-private.h"
#include "boot/boot-search.h"
#include "crypto/pe-file.h"

#define INI_NAME "boot-files.ini"
#define INI_GROUP "boot-files"
#define INI_VERSION 1
#define INI_REASONS "turned-down"
#define MAX_INI_SIZE ((gsize) 1 << 20)
#define MAX_FILES 1000

struct _KlBootFiles
{
  GObject parent_instance;

  char *folder;         /* where the copies and boot-files.ini lie */
  char *architecture;   /* of the image, or NULL */
  char *winload_exe;    /* or NULL */
  char *winload_efi;    /* or NULL */
  GPtrArray *files;     /* of KlBootFile */
  GHashTable *rejected; /* role name → sentences about candidates that were turned down */
};

G_DEFINE_FINAL_TYPE (KlBootFiles, kl_boot_files, G_TYPE_OBJECT)

/* In the order of KlBootRole; the names stand in boot-files.ini. */
static const struct
{
  const char *id;
  const char *what; /* in a sentence: "The image has no …" */
} roles[] = {
  [KL_BOOT_ROLE_BOOTMGR] = { "bootmgr", "boot manager for BIOS (bootmgr)" },
  [KL_BOOT_ROLE_BOOTMGR_MUI] = { "bootmgr-mui", "bootmgr.exe.mui" },
  [KL_BOOT_ROLE_BOOT_SDI] = { "boot-sdi", "boot.sdi" },
  [KL_BOOT_ROLE_ETFSBOOT] = { "etfsboot", "etfsboot.com" },
  [KL_BOOT_ROLE_BOOTMGFW] = { "bootmgfw", "boot manager for UEFI (bootmgfw.efi)" },
  [KL_BOOT_ROLE_BOOTMGFW_2023]
  = { "bootmgfw-2023", "boot manager signed with “" KL_BOOT_SIGNER_2023 "”" },
  [KL_BOOT_ROLE_BOOT_STL] = { "boot-stl", "boot.stl" },
  [KL_BOOT_ROLE_FONT] = { "font", "fonts" },
  [KL_BOOT_ROLE_FONT_2023] = { "font-2023", "fonts for the boot manager of 2023" },
  [KL_BOOT_ROLE_BOOTRES] = { "bootres", "bootres.dll" },
  [KL_BOOT_ROLE_EFISYS] = { "efisys", "efisys.bin" },
};

void
kl_boot_file_free (KlBootFile *file)
{
  if (file == NULL)
    return;

  g_free (file->found_at);
  g_free (file->name);
  g_free (file->path);
  g_free (file->sha256);
  g_free (file->signer);
  g_free (file);
}

static void
kl_boot_files_finalize (GObject *object)
{
  KlBootFiles *self = KL_BOOT_FILES (object);

  g_free (self->folder);
  g_free (self->architecture);
  g_free (self->winload_exe);
  g_free (self->winload_efi);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_clear_pointer (&self->rejected, g_hash_table_unref);
  G_OBJECT_CLASS (kl_boot_files_parent_class)->finalize (object);
}

static void
kl_boot_files_class_init (KlBootFilesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kl_boot_files_finalize;
}

static void
kl_boot_files_init (KlBootFiles *self)
{
  self->files = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_boot_file_free);
  self->rejected = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
}

/* Names from outside reach windows and terminals: valid UTF-8 without control characters. */
static char *
dup_shown (const char *text)
{
  g_autofree char *valid = text != NULL ? g_utf8_make_valid (text, -1) : NULL;
  GString *shown;

  if (valid == NULL)
    return NULL;

  shown = g_string_new (NULL);
  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    g_string_append_unichar (
        shown, g_unichar_iscntrl (g_utf8_get_char (at)) ? 0xFFFD : g_utf8_get_char (at));
  return g_string_free (shown, FALSE);
}

KlBootFiles *
kl_boot_files_new (const char *folder, const char *architecture)
{
  KlBootFiles *self = g_object_new (KL_TYPE_BOOT_FILES, NULL);

  self->folder = g_strdup (folder);
  self->architecture = g_strdup (architecture);
  return self;
}

void
kl_boot_files_take (KlBootFiles *self, KlBootFile *file)
{
  char *found_at = dup_shown (file->found_at);
  char *signer = dup_shown (file->signer);

  g_free (file->found_at);
  g_free (file->signer);
  file->found_at = found_at;
  file->signer = signer;
  g_ptr_array_add (self->files, file);
}

void
kl_boot_files_set_winload (KlBootFiles *self, const char *exe, const char *efi)
{
  g_free (self->winload_exe);
  g_free (self->winload_efi);
  self->winload_exe = g_strdup (exe);
  self->winload_efi = g_strdup (efi);
}

/* @reason: a whole sentence about one candidate. */
void
kl_boot_files_add_rejected (KlBootFiles *self, KlBootRole role, const char *reason)
{
  const char *id = roles[role].id;
  const char *before = g_hash_table_lookup (self->rejected, id);
  g_autofree char *shown = dup_shown (reason);
  char *text = before != NULL ? g_strconcat (before, " ", shown, NULL) : g_strdup (shown);

  g_hash_table_insert (self->rejected, (gpointer) id, text);
}

static void
set_if_any (GKeyFile *ini, const char *group, const char *key, const char *value)
{
  if (value != NULL)
    g_key_file_set_string (ini, group, key, value);
}

static void
save_file (GKeyFile *ini, const char *group, const KlBootFile *file)
{
  g_autofree char *base = g_path_get_basename (file->path);
  g_autofree char *crc32c = g_strdup_printf ("%08x", file->crc32c);

  g_key_file_set_string (ini, group, "role", roles[file->role].id);
  g_key_file_set_string (ini, group, "origin",
                         file->origin == KL_BOOT_ORIGIN_IMAGE ? "image" : "folder");
  g_key_file_set_string (ini, group, "found-at", file->found_at);
  g_key_file_set_string (ini, group, "name", file->name);
  g_key_file_set_string (ini, group, "file", base);
  g_key_file_set_uint64 (ini, group, "size", file->size);
  g_key_file_set_string (ini, group, "crc32c", crc32c);
  g_key_file_set_string (ini, group, "sha256", file->sha256);
  if (file->machine != 0)
    {
      g_autofree char *machine = g_strdup_printf ("%04x", file->machine);

      g_key_file_set_string (ini, group, "machine", machine);
    }
  set_if_any (ini, group, "signer", file->signer);
}

/* Writes boot-files.ini. Errors: those of kl_replace_file(). */
gboolean
kl_boot_files_save (KlBootFiles *self, GError **error)
{
  g_autoptr (GKeyFile) ini = g_key_file_new ();
  g_autofree char *path = g_build_filename (self->folder, INI_NAME, NULL);
  g_autofree char *text = NULL;
  gsize length;

  g_key_file_set_integer (ini, INI_GROUP, "version", INI_VERSION);
  set_if_any (ini, INI_GROUP, "architecture", self->architecture);
  set_if_any (ini, INI_GROUP, "winload-exe", self->winload_exe);
  set_if_any (ini, INI_GROUP, "winload-efi", self->winload_efi);
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++)
    set_if_any (ini, INI_REASONS, roles[i].id, g_hash_table_lookup (self->rejected, roles[i].id));
  for (guint i = 0; i < self->files->len; i++)
    {
      g_autofree char *group = g_strdup_printf ("file %u", i + 1);

      save_file (ini, group, g_ptr_array_index (self->files, i));
    }

  text = g_key_file_to_data (ini, &length, NULL);
  return kl_replace_file (path, text, length, error);
}

static gboolean
broken (GError **error, const char *path, const char *group, const char *what)
{
  g_set_error (error, KL_ERROR, KL_ERROR_IMAGE_BROKEN, "“%s” is broken: in [%s], %s", path, group,
               what);
  return FALSE;
}

static gboolean
load_role (const char *id, KlBootRole *role)
{
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++)
    if (g_strcmp0 (id, roles[i].id) == 0)
      {
        *role = (KlBootRole) i;
        return TRUE;
      }

  return FALSE;
}

static gboolean
load_hex (GKeyFile *ini, const char *group, const char *key, guint64 max, guint64 *value)
{
  g_autofree char *text = g_key_file_get_string (ini, group, key, NULL);

  return text != NULL && g_ascii_string_to_unsigned (text, 16, 0, max, value, NULL);
}

static gboolean
is_digest (const char *text)
{
  return text != NULL && strlen (text) == 64 && strspn (text, "0123456789abcdef") == 64;
}

/* The copy must be a plain file of the folder, of the size on record. */
static gboolean
check_copy (const KlBootFile *file, const char *ini_path, const char *group, GError **error)
{
  struct stat info;
  g_autofree char *what = NULL;

  if (lstat (file->path, &info) == 0 && S_ISREG (info.st_mode)
      && (guint64) info.st_size == file->size)
    return TRUE;

  what = g_strdup_printf ("“%s” is not a file of %" G_GUINT64_FORMAT " bytes", file->path,
                          file->size);
  return broken (error, ini_path, group, what);
}

static KlBootFile *
load_file (
    KlBootFiles *self, GKeyFile *ini, const char *ini_path, const char *group, GError **error)
{
  g_autoptr (KlBootFile) file = g_new0 (KlBootFile, 1);
  g_autofree char *role = g_key_file_get_string (ini, group, "role", NULL);
  g_autofree char *origin = g_key_file_get_string (ini, group, "origin", NULL);
  g_autofree char *base = g_key_file_get_string (ini, group, "file", NULL);
  guint64 crc32c = 0, machine = 0;

  file->found_at = g_key_file_get_string (ini, group, "found-at", NULL);
  file->name = g_key_file_get_string (ini, group, "name", NULL);
  file->sha256 = g_key_file_get_string (ini, group, "sha256", NULL);
  file->signer = g_key_file_get_string (ini, group, "signer", NULL);
  file->size = g_key_file_get_uint64 (ini, group, "size", NULL);
  if (!load_role (role, &file->role) || origin == NULL || file->found_at == NULL)
    {
      broken (error, ini_path, group, "role, origin or found-at is missing");
      return NULL;
    }
  if (base == NULL || !kl_boot_name_is_safe (base) || file->name == NULL
      || !kl_boot_name_is_safe (file->name))
    {
      broken (error, ini_path, group, "file or name cannot be a file name");
      return NULL;
    }
  if (!load_hex (ini, group, "crc32c", G_MAXUINT32, &crc32c) || !is_digest (file->sha256)
      || (g_key_file_has_key (ini, group, "machine", NULL)
          && !load_hex (ini, group, "machine", G_MAXUINT16, &machine)))
    {
      broken (error, ini_path, group, "a number is missing or wrong");
      return NULL;
    }

  file->origin = g_str_equal (origin, "image") ? KL_BOOT_ORIGIN_IMAGE : KL_BOOT_ORIGIN_FOLDER;
  file->path = g_build_filename (self->folder, base, NULL);
  file->crc32c = (guint32) crc32c;
  file->machine = (guint16) machine;
  return check_copy (file, ini_path, group, error) ? g_steal_pointer (&file) : NULL;
}

/* A path for a BCD store: "\windows\system32\winload.exe" and nothing odd. */
static char *
load_winload (GKeyFile *ini, const char *key)
{
  g_autofree char *path = g_key_file_get_string (ini, INI_GROUP, key, NULL);

  if (path == NULL || path[0] != '\\' || strlen (path) > 200
      || strspn (path, G_CSET_a_2_z G_CSET_DIGITS "\\.") != strlen (path))
    return NULL;
  return g_steal_pointer (&path);
}

static gboolean
load_all (KlBootFiles *self, GKeyFile *ini, const char *path, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (ini, NULL);

  if (g_key_file_get_integer (ini, INI_GROUP, "version", NULL) != INI_VERSION)
    return broken (error, path, INI_GROUP, "the version is not 1");

  self->architecture = g_key_file_get_string (ini, INI_GROUP, "architecture", NULL);
  self->winload_exe = load_winload (ini, "winload-exe");
  self->winload_efi = load_winload (ini, "winload-efi");
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++)
    {
      g_autofree char *text = g_key_file_get_string (ini, INI_REASONS, roles[i].id, NULL);

      if (text != NULL)
        g_hash_table_insert (self->rejected, (gpointer) roles[i].id, dup_shown (text));
    }

  for (guint i = 0; groups[i] != NULL; i++)
    {
      KlBootFile *file;

      if (!g_str_has_prefix (groups[i], "file "))
        continue;
      if (self->files->len >= MAX_FILES)
        return broken (error, path, groups[i], "there are too many files");
      file = load_file (self, ini, path, groups[i], error);
      if (file == NULL)
        return FALSE;
      kl_boot_files_take (self, file);
    }

  return TRUE;
}

/* The whole file, if it is not absurdly large. */
static char *
read_ini (const char *path, gsize *length, GError **error)
{
  struct stat info;
  g_autofd int fd = kl_open_with_info (path, &info, error);

  if (fd < 0)
    return NULL;
  if ((guint64) info.st_size > MAX_INI_SIZE)
    {
      broken (error, path, INI_GROUP, "there are more than 1 MiB");
      return NULL;
    }

  *length = (gsize) info.st_size;
  return kl_read_all (fd, (guint64) info.st_size, path, error);
}

/**
 * kl_boot_files_load:
 * @folder: where kl_boot_files_collect() put them
 *
 * Reads boot-files.ini as something that anybody may have written: names stay inside @folder, sizes
 * must agree with the files. The content of the copies is not read.
 *
 * Errors: KL_ERROR_NOT_FOUND, KL_ERROR_PERMISSION, KL_ERROR_IMAGE_BROKEN. Blocks; any thread.
 */
KlBootFiles *
kl_boot_files_load (const char *folder, GError **error)
{
  g_autoptr (KlBootFiles) self = kl_boot_files_new (folder, NULL);
  g_autoptr (GKeyFile) ini = g_key_file_new ();
  g_autoptr (GError) unreadable = NULL;
  g_autofree char *path = g_build_filename (folder, INI_NAME, NULL);
  g_autofree char *text = NULL;
  gsize length;

  text = read_ini (path, &length, error);
  if (text == NULL)
    return NULL;
  if (!g_key_file_load_from_data (ini, text, length, G_KEY_FILE_NONE, &unreadable))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_IMAGE_BROKEN, "“%s” is broken: %s", path,
                   unreadable->message);
      return NULL;
    }

  return load_all (self, ini, path, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * kl_boot_files_get:
 *
 * Returns: (transfer none) (nullable): the (first) file of a role
 */
const KlBootFile *
kl_boot_files_get (KlBootFiles *self, KlBootRole role)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      const KlBootFile *file = g_ptr_array_index (self->files, i);

      if (file->role == role)
        return file;
    }

  return NULL;
}

/**
 * kl_boot_files_get_all:
 *
 * Returns: (transfer container): of KlBootFile: all files of a role
 */
GPtrArray *
kl_boot_files_get_all (KlBootFiles *self, KlBootRole role)
{
  GPtrArray *all = g_ptr_array_new ();

  for (guint i = 0; i < self->files->len; i++)
    {
      KlBootFile *file = g_ptr_array_index (self->files, i);

      if (file->role == role)
        g_ptr_array_add (all, file);
    }

  return all;
}

static const char *
rejected_text (KlBootFiles *self, KlBootRole role)
{
  return g_hash_table_lookup (self->rejected, roles[role].id);
}

static char *
dup_lack (KlBootLack lack, const char *what)
{
  switch (lack)
    {
    case KL_BOOT_LACK_BIOS:
      return g_strdup_printf ("The image has no %s, so PCs with BIOS cannot start it.", what);
    case KL_BOOT_LACK_UEFI:
      return g_strdup_printf ("The image has no %s, so PCs with UEFI cannot start it.", what);
    case KL_BOOT_LACK_BIOS_DISC:
      return g_strdup_printf ("The image has no %s, so an ISO file starts on UEFI only.", what);
    case KL_BOOT_LACK_DISC:
      return g_strdup_printf ("The image has no %s, so PCs with BIOS cannot start an ISO file.",
                              what);
    case KL_BOOT_LACK_NEW_MANAGERS:
      return g_strdup_printf (
          "The image has no %s, which boot managers of Windows 11 24H2 and later need.", what);
    case KL_BOOT_LACK_FILE:
    default:
      return g_strdup_printf ("The image has no %s.", what);
    }
}

/**
 * kl_boot_files_dup_missing:
 * @lack: what follows from it
 *
 * Returns: (transfer full): that there is no file of @role, and why what was found in its place was
 *   turned down: "The image has no boot.sdi. \sms\boot\boot.sdi is not …: …."
 */
char *
kl_boot_files_dup_missing (KlBootFiles *self, KlBootRole role, KlBootLack lack)
{
  g_autofree char *sentence = dup_lack (lack, roles[role].what);
  const char *rejected = rejected_text (self, role);

  return g_strjoin (" ", sentence, rejected, NULL);
}

/**
 * kl_boot_files_get_loader:
 * @manager: the admin's choice; only %KL_BOOT_MANAGER_DEFAULT takes what there is
 *
 * Errors: KL_ERROR_NO_BOOT_FILES.
 *
 * Returns: (transfer none) (nullable): the UEFI boot manager for a medium
 */
const KlBootFile *
kl_boot_files_get_loader (KlBootFiles *self, KlBootManager manager, GError **error)
{
  const KlBootFile *old = kl_boot_files_get (self, KL_BOOT_ROLE_BOOTMGFW);
  const KlBootFile *new = kl_boot_files_get (self, KL_BOOT_ROLE_BOOTMGFW_2023);
  const KlBootFile *loader = old;
  g_autofree char *reason = NULL;

  if (manager == KL_BOOT_MANAGER_2023 || (manager == KL_BOOT_MANAGER_DEFAULT && old == NULL))
    loader = new;
  if (loader != NULL)
    return loader;

  reason = kl_boot_files_dup_missing (
      self, manager == KL_BOOT_MANAGER_2023 ? KL_BOOT_ROLE_BOOTMGFW_2023 : KL_BOOT_ROLE_BOOTMGFW,
      KL_BOOT_LACK_FILE);
  g_set_error_literal (error, KL_ERROR, KL_ERROR_NO_BOOT_FILES, reason);
  return NULL;
}

const char *
kl_boot_files_get_winload_exe (KlBootFiles *self)
{
  return self->winload_exe;
}

const char *
kl_boot_files_get_winload_efi (KlBootFiles *self)
{
  return self->winload_efi;
}

/* Sets *reason, which may be NULL, and says no. */
static gboolean
cannot (char **reason, char *text)
{
  if (reason != NULL)
    *reason = text;
  else
    g_free (text);
  return FALSE;
}

/* Everything but etfsboot.com, which only discs need. */
static gboolean
can_bios_without_disc (KlBootFiles *self, char **reason)
{
  if (g_strcmp0 (self->architecture, "arm64") == 0 || g_strcmp0 (self->architecture, "arm") == 0)
    return cannot (reason,
                   g_strdup_printf ("The image is for %s, which has no BIOS.", self->architecture));
  if (kl_boot_files_get (self, KL_BOOT_ROLE_BOOTMGR) == NULL)
    return cannot (reason,
                   kl_boot_files_dup_missing (self, KL_BOOT_ROLE_BOOTMGR, KL_BOOT_LACK_BIOS));
  if (kl_boot_files_get (self, KL_BOOT_ROLE_BOOT_SDI) == NULL)
    return cannot (reason,
                   kl_boot_files_dup_missing (self, KL_BOOT_ROLE_BOOT_SDI, KL_BOOT_LACK_BIOS));
  if (self->winload_exe == NULL)
    return cannot (reason, dup_lack (KL_BOOT_LACK_BIOS, "winload.exe"));

  return TRUE;
}

/**
 * kl_boot_files_can_bios:
 * @optical: for a disc (ISO file), which needs etfsboot.com too
 * @reason: (out) (optional): an English sentence where the answer is no
 *
 * Returns: whether PCs with BIOS can start media made with these files
 */
gboolean
kl_boot_files_can_bios (KlBootFiles *self, gboolean optical, char **reason)
{
  if (!can_bios_without_disc (self, reason))
    return FALSE;
  if (optical && kl_boot_files_get (self, KL_BOOT_ROLE_ETFSBOOT) == NULL)
    return cannot (reason, kl_boot_files_dup_missing (self, KL_BOOT_ROLE_ETFSBOOT,
                                                      kl_boot_files_can_uefi (self, NULL)
                                                          ? KL_BOOT_LACK_BIOS_DISC
                                                          : KL_BOOT_LACK_DISC));

  return TRUE;
}

/**
 * kl_boot_files_can_uefi:
 * @reason: (out) (optional): an English sentence where the answer is no
 *
 * Returns: whether PCs with UEFI can start media made with these files
 */
gboolean
kl_boot_files_can_uefi (KlBootFiles *self, char **reason)
{
  if (kl_boot_files_get (self, KL_BOOT_ROLE_BOOTMGFW) == NULL
      && kl_boot_files_get (self, KL_BOOT_ROLE_BOOTMGFW_2023) == NULL)
    return cannot (reason,
                   kl_boot_files_dup_missing (self, KL_BOOT_ROLE_BOOTMGFW, KL_BOOT_LACK_UEFI));
  if (kl_boot_files_get (self, KL_BOOT_ROLE_BOOT_SDI) == NULL)
    return cannot (reason,
                   kl_boot_files_dup_missing (self, KL_BOOT_ROLE_BOOT_SDI, KL_BOOT_LACK_UEFI));
  if (self->winload_efi == NULL)
    return cannot (reason, dup_lack (KL_BOOT_LACK_UEFI, "winload.efi"));

  return TRUE;
}

/**
 * kl_boot_files_check_any:
 *
 * For the importer: media of an image that neither firmware can start are of no use.
 *
 * Errors: KL_ERROR_NO_BOOT_FILES, with what is missing for each firmware and what helps.
 */
gboolean
kl_boot_files_check_any (KlBootFiles *self, GError **error)
{
  g_autofree char *bios = NULL;
  g_autofree char *uefi = NULL;

  if (kl_boot_files_can_bios (self, FALSE, &bios) || kl_boot_files_can_uefi (self, &uefi))
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_NO_BOOT_FILES,
               "%s %s A folder or ISO file with the missing files can be given with "
               "--boot-files.",
               bios, uefi);
  return FALSE;
}

/**
 * kl_boot_files_get_uefi_architecture:
 *
 * Returns: (nullable): "x64", "x86" or "arm64" by the header of the UEFI boot manager
 */
const char *
kl_boot_files_get_uefi_architecture (KlBootFiles *self)
{
  const KlBootFile *loader = kl_boot_files_get_loader (self, KL_BOOT_MANAGER_DEFAULT, NULL);

  return loader != NULL ? kl_pe_machine_to_architecture (loader->machine) : NULL;
}
