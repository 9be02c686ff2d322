/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-drive"

#include "access/access.h"

#include "base/error.h"
#include "drive/udisks-objects.h"

/* So long an answer is waited for that is no longer wanted, before a thread does it; milliseconds.
 */
#define GRACE 2000

/* One call of Mount. It cannot be taken back: who does not want it any more has to wait for it, and
 * to unmount. */
typedef struct
{
  GMainContext *context; /* owned; iterated by one thread at a time */
  GDBusConnection *connection;
  char *device;
  GVariant *reply; /* owned; NULL after a failure */
  GError *error;   /* owned */
  gboolean answered;
} MountCall;

static void
mount_call_free (MountCall *self)
{
  g_main_context_unref (self->context);
  g_object_unref (self->connection);
  g_clear_pointer (&self->reply, g_variant_unref);
  g_clear_error (&self->error);
  g_free (self->device);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MountCall, mount_call_free)

static void
answer_cb (GObject *connection, GAsyncResult *result, gpointer user_data)
{
  MountCall *self = user_data;

  self->reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (connection), result, &self->error);
  self->answered = TRUE;
}

static MountCall *
mount_call_new (GDBusConnection *connection, const char *device, gboolean read_only)
{
  MountCall *self = g_new0 (MountCall, 1);
  g_autofree char *path = kl_udisks_path_of_device (device);
  GVariantDict options;

  self->context = g_main_context_new ();
  self->connection = g_object_ref (connection);
  self->device = g_strdup (device);
  g_variant_dict_init (&options, NULL);
  if (read_only)
    g_variant_dict_insert (&options, "options", "s", "ro");

  g_main_context_push_thread_default (self->context);
  g_dbus_connection_call (connection, KL_UDISKS_NAME, path, KL_UDISKS_NAME ".Filesystem", "Mount",
                          g_variant_new ("(@a{sv})", g_variant_dict_end (&options)), NULL,
                          G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, NULL,
                          answer_cb, self);
  g_main_context_pop_thread_default (self->context);
  return self;
}

static gboolean
wake_cb (gpointer user_data)
{
  gboolean *over = user_data;

  *over = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  return wake_cb (user_data);
}

/* Until there is an answer, the time is over or the caller has cancelled. @limit: milliseconds */
static void
wait_for_answer (MountCall *self, guint limit, GCancellable *cancellable)
{
  g_autoptr (GSource) clock = g_timeout_source_new (limit);
  g_autoptr (GSource) cancelling
      = cancellable != NULL ? g_cancellable_source_new (cancellable) : NULL;
  gboolean over = FALSE;

  g_main_context_push_thread_default (self->context);
  g_source_set_callback (clock, wake_cb, &over, NULL);
  g_source_attach (clock, self->context);
  if (cancelling != NULL)
    {
      g_source_set_callback (cancelling, G_SOURCE_FUNC (cancelled_cb), &over, NULL);
      g_source_attach (cancelling, self->context);
    }
  while (!self->answered && !over)
    g_main_context_iteration (self->context, TRUE);

  g_source_destroy (clock);
  if (cancelling != NULL)
    g_source_destroy (cancelling);
  g_main_context_pop_thread_default (self->context);
}

static void
undo (MountCall *self)
{
  g_autoptr (GError) problem = NULL;

  if (self->reply != NULL
      && !kl_udisks_unmount (self->connection, self->device, kl_udisks_limits.quiet, NULL,
                             &problem))
    g_info ("/dev/%s stays mounted: %s", self->device, problem->message);
}

static gpointer
undo_later (gpointer user_data)
{
  g_autoptr (MountCall) self = user_data;

  /* answer_cb() points to the call, so the wait has no end: a question about a password that nobody
   * answers ends with the session. */
  while (!self->answered)
    wait_for_answer (self, kl_udisks_limits.asking, NULL);
  undo (self);
  return NULL;
}

/* What is mounted in spite of all does not stay so. Takes @self over. */
static void
abandon (MountCall *self)
{
  wait_for_answer (self, MIN (GRACE, kl_udisks_limits.quiet), NULL);
  if (self->answered)
    {
      undo (self);
      mount_call_free (self);
    }
  else
    g_thread_unref (g_thread_new ("kl-unmount", undo_later, self));
}

/**
 * kl_udisks_mount:
 * @read_only: mount it so that nothing can be written
 *
 * Where it is not wanted any more, after cancelling or for want of an answer, what UDisks2 mounts
 * later is unmounted again.
 *
 * Returns: (transfer full) (nullable): where; also if it was mounted by somebody else meanwhile
 */
char *
kl_udisks_mount (GDBusConnection *connection,
                 const char *device,
                 gboolean read_only,
                 GCancellable *cancellable,
                 GError **error)
{
  const guint limit = kl_udisks_limits.asking;
  g_autoptr (MountCall) call = NULL;
  g_autoptr (GError) problem = NULL;
  char *where = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;

  call = mount_call_new (connection, device, read_only);
  wait_for_answer (call, limit, cancellable);
  if (!call->answered)
    {
      if (!g_cancellable_set_error_if_cancelled (cancellable, &problem))
        g_set_error_literal (&problem, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "No answer");
      abandon (g_steal_pointer (&call));
    }
  else if (call->reply == NULL)
    problem = g_steal_pointer (&call->error);
  else if (g_variant_is_of_type (call->reply, G_VARIANT_TYPE ("(s)")))
    g_variant_get (call->reply, "(s)", &where);
  else
    problem = g_error_new (KL_ERROR, KL_ERROR_FAILED, "UDisks2 does not say where");

  if (where == NULL)
    {
      kl_udisks_translate_error (&problem, "Mounting", device, limit);
      g_propagate_error (error, g_steal_pointer (&problem));
    }
  return where;
}
