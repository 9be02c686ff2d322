/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bus"

#include "bus/bus-request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file-io.h"
#include "base/file-kind.h"

/* Longest texts that make sense; bytes. */
#define MAX_WORD 64
#define MAX_PATH 4096

/* How long a client may take to write a password that it has announced; milliseconds. */
#define SECRET_PATIENCE 5000

/**
 * kl_bus_check_text:
 * @name: of the argument or property
 * @max: bytes
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT, without the text.
 */
gboolean
kl_bus_check_text (const char *name, const char *text, gsize max, GError **error)
{
  if (strnlen (text, max + 1) > max)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "%s is longer than %" G_GSIZE_FORMAT " bytes", name, max);
      return FALSE;
    }
  return TRUE;
}

/**
 * kl_bus_check_path:
 * @name: of the argument
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT where the path is not absolute.
 */
gboolean
kl_bus_check_path (const char *name, const char *path, GError **error)
{
  if (!kl_bus_check_text (name, path, MAX_PATH, error))
    return FALSE;
  if (g_path_is_absolute (path))
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "%s is not an absolute path: the caller's folder is not known here", name);
  return FALSE;
}

/* "" is none. */
static gboolean
parse_time (const char *name, const char *text, GDateTime **time, GError **error)
{
  if (*text == '\0')
    return TRUE;
  if (!kl_bus_check_text (name, text, MAX_WORD, error))
    return FALSE;

  *time = g_date_time_new_from_iso8601 (text, NULL);
  if (*time != NULL)
    return TRUE;
  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "%s is no time with its zone such as 2027-01-31T12:00:00Z", name);
  return FALSE;
}

/**
 * kl_bus_take_fd:
 * @fds: (nullable): that came with the message
 * @handle: index in @fds
 * @name: of the argument or property
 *
 * Takes what a password can come from: a pipe, a socket, or a file.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT.
 *
 * Returns: a descriptor that the caller closes, or -1
 */
int
kl_bus_take_fd (GUnixFDList *fds, gint32 handle, const char *name, GError **error)
{
  g_autofd int fd = -1;
  struct stat status;

  if (fds != NULL && handle >= 0 && handle < g_unix_fd_list_get_length (fds))
    fd = g_unix_fd_list_get (fds, handle, NULL);
  if (fd >= 0 && fstat (fd, &status) == 0
      && (S_ISREG (status.st_mode) || S_ISFIFO (status.st_mode) || S_ISSOCK (status.st_mode)))
    {
      const int taken = fd;

      fd = -1;
      return taken;
    }

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "%s is no descriptor of a pipe, a socket or a file", name);
  return -1;
}

/* At most one descriptor; *fd stays -1 for none. */
static gboolean
take_optional_fd (GVariant *handles, GUnixFDList *fds, const char *name, int *fd, GError **error)
{
  const gsize n = g_variant_n_children (handles);
  gint32 handle;

  if (n == 0)
    return TRUE;
  if (n > 1)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "%s holds %" G_GSIZE_FORMAT " descriptors and not one or none", name, n);
      return FALSE;
    }

  g_variant_get_child (handles, 0, "h", &handle);
  *fd = kl_bus_take_fd (fds, handle, name, error);
  return *fd >= 0;
}

/**
 * kl_bus_request_new:
 * @parameters: of the call, "(sssahsahssb)"
 * @fds: (nullable): that came with it
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT.
 *
 * Returns: (transfer full) (nullable): the request; its secrets are not read yet
 */
KlBusRequest *
kl_bus_request_new (GVariant *parameters, GUnixFDList *fds, GError **error)
{
  g_autoptr (KlBusRequest) self = g_new0 (KlBusRequest, 1);
  g_autoptr (GVariant) password = NULL, certificate_password = NULL;
  const char *type, *destination, *image_id, *certificate, *from, *until;

  self->password_fd = self->certificate_password_fd = -1;
  g_variant_get (parameters, "(&s&s&s@ah&s@ah&s&sb)", &type, &destination, &image_id, &password,
                 &certificate, &certificate_password, &from, &until, &self->run_async);

  if (strnlen (type, MAX_WORD) == MAX_WORD || !kl_media_type_from_string (type, &self->type))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "MediaType is none of CD, UFD and UFD+FORMAT");
      return NULL;
    }
  if (!kl_bus_check_path ("DestinationPath", destination, error)
      || !kl_bus_check_text ("BootImageID", image_id, MAX_WORD, error)
      || (*certificate != '\0' && !kl_bus_check_path ("CertPath", certificate, error))
      || !parse_time ("CertValidStart", from, &self->valid_from, error)
      || !parse_time ("CertValidEnd", until, &self->valid_until, error)
      || !take_optional_fd (password, fds, "MediaPassword", &self->password_fd, error)
      || !take_optional_fd (certificate_password, fds, "CertPassword",
                            &self->certificate_password_fd, error))
    return NULL;

  self->destination = g_canonicalize_filename (destination, NULL);
  if (self->type == KL_MEDIA_TYPE_CD && g_str_has_suffix (destination, G_DIR_SEPARATOR_S))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "DestinationPath is a folder and not a file name");
      return NULL;
    }
  self->image_id = g_strdup (image_id);
  self->certificate = *certificate != '\0' ? g_strdup (certificate) : NULL;
  return g_steal_pointer (&self);
}

void
kl_bus_request_free (KlBusRequest *self)
{
  g_free (self->destination);
  g_free (self->image_id);
  g_free (self->certificate);
  kl_close_fd (&self->password_fd);
  kl_close_fd (&self->certificate_password_fd);
  g_clear_pointer (&self->password, kl_secret_unref);
  g_clear_pointer (&self->certificate_password, kl_secret_unref);
  g_clear_pointer (&self->valid_from, g_date_time_unref);
  g_clear_pointer (&self->valid_until, g_date_time_unref);
  g_free (self);
}

/**
 * kl_bus_read_secret:
 * @name: of the argument or property, for messages
 *
 * Waits some seconds for the client to write. Blocks; any thread.
 *
 * Errors: those of kl_secret_new_from_fd_within().
 *
 * Returns: (transfer full) (nullable): the secret
 */
KlSecret *
kl_bus_read_secret (int fd, const char *name, GCancellable *cancellable, GError **error)
{
  const int flags = fcntl (fd, F_GETFL);
  KlSecret *secret;

  /* The client can have its own end read by somebody else, who is quicker. */
  if (flags >= 0)
    fcntl (fd, F_SETFL, flags | O_NONBLOCK);
  secret = kl_secret_new_from_fd_within (fd, SECRET_PATIENCE, cancellable, error);
  if (secret == NULL)
    g_prefix_error (error, "%s: ", name);
  return secret;
}

/* Nobody waits for the reply any more. */
static void
caller_gone_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

/**
 * kl_bus_watch_caller:
 *
 * Cancels what a call has begun when its client leaves the bus. Main thread.
 *
 * Returns: for g_bus_unwatch_name()
 */
guint
kl_bus_watch_caller (GDBusMethodInvocation *invocation, GCancellable *cancellable)
{
  return g_bus_watch_name_on_connection (g_dbus_method_invocation_get_connection (invocation),
                                         g_dbus_method_invocation_get_sender (invocation),
                                         G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, caller_gone_cb,
                                         g_object_ref (cancellable), g_object_unref);
}

/* Here, because a path on a network share that hangs would stop the main thread. */
static void
resolve_destination (KlBusRequest *self)
{
  char *resolved = realpath (self->destination, NULL);

  if (resolved == NULL)
    return;
  g_free (self->destination);
  self->destination = resolved;
}

/**
 * kl_bus_request_load:
 *
 * Reads the secrets and closes their descriptors, and looks at what is at the destination; that of
 * a drive is without links then. Blocks; any thread.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT, G_IO_ERROR_CANCELLED, those of read(2).
 */
gboolean
kl_bus_request_load (KlBusRequest *self, GCancellable *cancellable, GError **error)
{
  if (self->password_fd >= 0)
    {
      self->password = kl_bus_read_secret (self->password_fd, "MediaPassword", cancellable, error);
      if (self->password == NULL)
        return FALSE;
    }
  if (self->certificate_password_fd >= 0)
    {
      self->certificate_password
          = kl_bus_read_secret (self->certificate_password_fd, "CertPassword", cancellable, error);
      if (self->certificate_password == NULL)
        return FALSE;
    }

  kl_close_fd (&self->password_fd);
  kl_close_fd (&self->certificate_password_fd);
  if (self->type == KL_MEDIA_TYPE_CD)
    return kl_file_kind_check (AT_FDCWD, self->destination, KL_FILE_KIND_ISO, self->destination,
                               error);

  resolve_destination (self);
  return TRUE;
}
