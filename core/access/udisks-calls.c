/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "access/access.h"

#include <string.h>

#include <gio/gunixfdlist.h>

#include "base/error.h"
#include "drive/udisks-objects.h"

#define ERROR_PREFIX KL_UDISKS_NAME ".Error."

/* UDisks2 may have to be started first; milliseconds. */
#define LIST_TIMEOUT 30000

/* Asking: a person has to find a password, or a stick takes all that was written to it before it is
 * unmounted. Quiet: nobody is asked, and nothing is left to write. */
KlUdisksLimits kl_udisks_limits = { .asking = 10 * 60 * 1000, .quiet = 60 * 1000 };

/* UDisks2 passes most errors of the system on as text. */
static const struct
{
  const char *words;
  int code;
} system_words[] = {
  { "Device or resource busy", KL_ERROR_BUSY },
  { "target is busy", KL_ERROR_BUSY },
  { "Read-only file system", KL_ERROR_WRITE_PROTECTED },
  { "No medium found", KL_ERROR_DEVICE_GONE },
  { "No such device", KL_ERROR_DEVICE_GONE },
  { "Permission denied", KL_ERROR_PERMISSION },
};

static const struct
{
  const char *name; /* with or without the prefix of UDisks2's errors */
  int code;
} error_names[] = {
  { "NotAuthorized", KL_ERROR_PERMISSION },
  { "NotAuthorizedCanObtain", KL_ERROR_PERMISSION },
  { "DeviceBusy", KL_ERROR_BUSY },
  { "AlreadyUnmounting", KL_ERROR_BUSY },
  { "org.freedesktop.DBus.Error.AccessDenied", KL_ERROR_PERMISSION },
  { "org.freedesktop.DBus.Error.UnknownObject", KL_ERROR_DEVICE_GONE },
  { "org.freedesktop.DBus.Error.UnknownMethod", KL_ERROR_DEVICE_GONE },
  { "org.freedesktop.DBus.Error.UnknownInterface", KL_ERROR_DEVICE_GONE },
};

static int
find_code (const char *name, const char *message)
{
  const char *end = g_str_has_prefix (name, ERROR_PREFIX) ? name + strlen (ERROR_PREFIX) : name;

  for (guint i = 0; i < G_N_ELEMENTS (error_names); i++)
    if (g_str_equal (end, error_names[i].name))
      return error_names[i].code;
  for (guint i = 0; i < G_N_ELEMENTS (system_words); i++)
    if (strstr (message, system_words[i].words) != NULL)
      return system_words[i].code;
  return KL_ERROR_FAILED;
}

/* A person who closes the password dialogue cancels; one who may not do it is denied. */
void
kl_udisks_translate_error (GError **error, const char *what, const char *device, guint limit)
{
  g_autofree char *name = g_dbus_error_get_remote_error (*error);
  g_autoptr (GError) raw = NULL;

  if (g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  raw = g_steal_pointer (error);
  g_dbus_error_strip_remote_error (raw);
  if (g_strcmp0 (name, ERROR_PREFIX "NotAuthorizedDismissed") == 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                 "%s “/dev/%s” was not allowed: the question was dismissed", what, device);
  else if (g_strcmp0 (name, ERROR_PREFIX "Cancelled") == 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s “/dev/%s” was cancelled", what,
                 device);
  else if (g_error_matches (raw, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_set_error (
        error, KL_ERROR, KL_ERROR_FAILED,
        "%s “/dev/%s” failed: UDisks2 has not answered for %u seconds. Look for a question "
        "about a password that waits behind other windows; else unplug the drive, plug it "
        "in again and repeat",
        what, device, (limit + 999) / 1000);
  else
    g_set_error (error, KL_ERROR, find_code (name != NULL ? name : "", raw->message),
                 "%s “/dev/%s” failed: %s", what, device, raw->message);
}

/* Errors are as GDBus gives them. @limit: milliseconds */
static GVariant *
call_object (GDBusConnection *connection,
             const char *path,
             const char *interface,
             const char *method,
             GVariant *parameters,
             guint limit,
             GUnixFDList **fds,
             GCancellable *cancellable,
             GError **error)
{
  g_autofree char *name = g_strconcat (KL_UDISKS_NAME, ".", interface, NULL);

  return g_dbus_connection_call_with_unix_fd_list_sync (
      connection, KL_UDISKS_NAME, path, name, method, parameters, NULL,
      G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, (int) limit, NULL, fds, cancellable,
      error);
}

static GVariant *
call (GDBusConnection *connection,
      const char *device,
      const char *interface,
      const char *method,
      GVariant *parameters,
      guint limit,
      GUnixFDList **fds,
      GCancellable *cancellable,
      GError **error)
{
  g_autofree char *path = kl_udisks_path_of_device (device);

  return call_object (connection, path, interface, method, parameters, limit, fds, cancellable,
                      error);
}

/**
 * kl_udisks_connect:
 *
 * Returns: (transfer full) (nullable): the system bus if UDisks2 is on it or can be started
 */
GDBusConnection *
kl_udisks_connect (GCancellable *cancellable)
{
  g_autoptr (GDBusConnection) connection = g_bus_get_sync (G_BUS_TYPE_SYSTEM, cancellable, NULL);
  g_autoptr (GVariant) reply = NULL;

  if (connection == NULL)
    return NULL;
  reply = g_dbus_connection_call_sync (connection, KL_UDISKS_NAME, KL_UDISKS_PATH "/Manager",
                                       "org.freedesktop.DBus.Peer", "Ping", NULL, NULL,
                                       G_DBUS_CALL_FLAGS_NONE, LIST_TIMEOUT, cancellable, NULL);
  return reply != NULL ? g_steal_pointer (&connection) : NULL;
}

gboolean
kl_udisks_list (GDBusConnection *connection,
                GPtrArray *drives,
                GPtrArray *mounts,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      connection, KL_UDISKS_NAME, KL_UDISKS_PATH, "org.freedesktop.DBus.ObjectManager",
      "GetManagedObjects", NULL, G_VARIANT_TYPE ("(a{oa{sa{sv}}})"), G_DBUS_CALL_FLAGS_NONE,
      LIST_TIMEOUT, cancellable, &problem);

  if (reply == NULL)
    {
      g_dbus_error_strip_remote_error (problem);
      kl_translate_io_error (&problem, "UDisks2 cannot be asked about drives");
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }

  kl_udisks_parse (reply, drives, mounts);
  return TRUE;
}

/* What is not mounted any more is no error. @limit: milliseconds, one of kl_udisks_limits */
gboolean
kl_udisks_unmount (GDBusConnection *connection,
                   const char *device,
                   guint limit,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GVariant) reply = call (connection, device, "Filesystem", "Unmount",
                                     g_variant_new ("(@a{sv})", g_variant_new ("a{sv}", NULL)),
                                     limit, NULL, cancellable, &problem);
  g_autofree char *name = NULL;

  if (reply != NULL)
    return TRUE;
  name = g_dbus_error_get_remote_error (problem);
  if (g_strcmp0 (name, ERROR_PREFIX "NotMounted") == 0)
    return TRUE;

  kl_udisks_translate_error (&problem, "Unmounting", device, limit);
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* Locks the LUKS container on @device. */
gboolean
kl_udisks_lock (GDBusConnection *connection,
                const char *device,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GVariant) reply = call (connection, device, "Encrypted", "Lock",
                                     g_variant_new ("(@a{sv})", g_variant_new ("a{sv}", NULL)),
                                     kl_udisks_limits.asking, NULL, cancellable, &problem);

  if (reply != NULL)
    return TRUE;
  kl_udisks_translate_error (&problem, "Locking", device, kl_udisks_limits.asking);
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}

/* Returns a descriptor, or -1. Takes @options over. */
static int
open_device (GDBusConnection *connection,
             const char *device,
             const char *mode,
             GVariant *options,
             guint limit,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply
      = call (connection, device, "Block", "OpenDevice", g_variant_new ("(s@a{sv})", mode, options),
              limit, &fds, cancellable, &problem);
  gint32 handle = -1;
  int fd = -1;

  if (reply == NULL)
    kl_udisks_translate_error (&problem, "Opening", device, limit);
  else if (!g_variant_is_of_type (reply, G_VARIANT_TYPE ("(h)")) || fds == NULL)
    problem = g_error_new (KL_ERROR, KL_ERROR_FAILED,
                           "Opening “/dev/%s” failed: UDisks2 sent no descriptor", device);
  else
    {
      /* A duplicate: the list closes its own when it goes, or O_EXCL would outlive ours. */
      g_variant_get (reply, "(h)", &handle);
      fd = g_unix_fd_list_get (fds, handle, &problem);
      if (fd < 0)
        kl_translate_io_error (&problem, "Opening “/dev/%s” failed", device);
    }

  if (fd < 0)
    g_propagate_error (error, g_steal_pointer (&problem));
  return fd;
}

/* Returns a descriptor open for reading and writing, or -1. @flags: further flags of open(2) */
int
kl_udisks_open (GDBusConnection *connection,
                const char *device,
                int flags,
                GCancellable *cancellable,
                GError **error)
{
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "flags", "i", flags);
  return open_device (connection, device, "rw", g_variant_dict_end (&options),
                      kl_udisks_limits.asking, cancellable, error);
}

/* Returns a descriptor open for reading, or -1 where a person would have to be asked. */
int
kl_udisks_open_quietly (GDBusConnection *connection,
                        const char *device,
                        GCancellable *cancellable,
                        GError **error)
{
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "auth.no_user_interaction", "b", TRUE);
  return open_device (connection, device, "r", g_variant_dict_end (&options),
                      kl_udisks_limits.quiet, cancellable, error);
}

/* Has the partition table read again, which needs a privilege. Failures mean that partitions show
 * up later, when the drive is plugged in again. */
void
kl_udisks_rescan (GDBusConnection *connection, const char *device)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GVariant) reply = NULL;
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "auth.no_user_interaction", "b", TRUE);
  reply = call (connection, device, "Block", "Rescan",
                g_variant_new ("(@a{sv})", g_variant_dict_end (&options)), kl_udisks_limits.quiet,
                NULL, NULL, &problem);
  if (reply == NULL)
    g_debug ("Rescan of %s: %s", device, problem->message);
}

/* NULL where it cannot be read. */
static GVariant *
get_property (GDBusConnection *connection,
              const char *path,
              const char *interface,
              const char *name)
{
  g_autofree char *full = g_strconcat (KL_UDISKS_NAME, ".", interface, NULL);
  g_autoptr (GVariant) reply = g_dbus_connection_call_sync (
      connection, KL_UDISKS_NAME, path, "org.freedesktop.DBus.Properties", "Get",
      g_variant_new ("(ss)", full, name), G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NONE,
      LIST_TIMEOUT, NULL, NULL);
  GVariant *value = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(v)", &value);
  return value;
}

static gboolean
get_flag (GDBusConnection *connection, const char *path, const char *name)
{
  g_autoptr (GVariant) value = get_property (connection, path, "Drive", name);

  return value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN)
         && g_variant_get_boolean (value);
}

/* Switches the drive off, or has it eject its medium where it stays on, as a card reader does. */
gboolean
kl_udisks_power_off (GDBusConnection *connection,
                     const char *device,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autofree char *block = kl_udisks_path_of_device (device);
  g_autoptr (GVariant) drive = get_property (connection, block, "Block", "Drive");
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) problem = NULL;
  const char *path = drive != NULL && g_variant_is_of_type (drive, G_VARIANT_TYPE_OBJECT_PATH)
                         ? g_variant_get_string (drive, NULL)
                         : "/";
  const char *method = get_flag (connection, path, "CanPowerOff") ? "PowerOff"
                       : get_flag (connection, path, "Ejectable") ? "Eject"
                                                                  : NULL;

  if (method == NULL)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FAILED, "“/dev/%s” cannot be switched off by software",
                   device);
      return FALSE;
    }

  reply = call_object (connection, path, "Drive", method,
                       g_variant_new ("(@a{sv})", g_variant_new ("a{sv}", NULL)),
                       kl_udisks_limits.asking, NULL, cancellable, &problem);
  if (reply != NULL)
    return TRUE;
  kl_udisks_translate_error (&problem, "Switching off", device, kl_udisks_limits.asking);
  g_propagate_error (error, g_steal_pointer (&problem));
  return FALSE;
}
