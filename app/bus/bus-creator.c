/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bus"

#include "bus/bus-creator.h"

#include <string.h>

#include "base/error.h"
#include "base/file-io.h"
#include "bus/bus-error.h"
#include "bus/bus-request.h"
#include "bus/bus-target.h"
#include "creation/media-creator.h"
#include "data-path.h"

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

/* Between two reports of progress; microseconds. */
#define PROGRESS_INTERVAL (G_USEC_PER_SEC / 10)

#define E_PENDING_HRESULT 0x8000000Au

typedef GVariant *(*GetProperty) (KlBusCreator *self);

/* One of the interface. */
typedef struct
{
  const char *name;
  GetProperty get;            /* NULL: of the creator, read and written by the name below */
  const char *of_the_creator; /* its property, a string; NULL: not written */
  gsize max;                  /* bytes; of a string that is written */
} Property;

#define N_PROPERTIES 11

struct _KlBusCreator
{
  GObject parent_instance;

  KlBusHost *host;             /* owned */
  GDBusConnection *connection; /* owned */
  char *client;                /* owned; unique name */
  char *path;                  /* owned */
  KlMediaCreator *creator;     /* owned */

  gboolean busy;
  gboolean run_async;                /* of the creation that is going on, or the last */
  gboolean begun;                    /* the last creation came as far as its first step */
  GDBusMethodInvocation *invocation; /* owned, nullable; is answered when the creation has ended */
  KlBusRequest *request;             /* owned, nullable; of the creation that is going on */
  GCancellable *cancellable;         /* owned, nullable; of the creation that is going on */
  GObject *entry;                    /* owned, nullable; of the host; of the creation that runs */
  guint32 exit_code;                 /* HRESULT */
  char *error_detail;                /* owned */

  GVariant *told[N_PROPERTIES]; /* owned, nullable; what the client knows of each property */
  gint64 last_progress;         /* monotonic, microseconds */
};

G_DEFINE_FINAL_TYPE (KlBusCreator, kl_bus_creator, G_TYPE_OBJECT)

enum
{
  PROP_BUSY = 1,
  N_PROPS
};

static GParamSpec *object_properties[N_PROPS];

/* The documented API reports steps of asynchronous runs only. */
static gboolean
has_steps (KlBusCreator *self)
{
  return self->run_async && self->begun;
}

static GVariant *
get_step_number (KlBusCreator *self, guint number)
{
  return g_variant_new_uint32 (has_steps (self) ? number : 0);
}

static GVariant *
get_num_steps (KlBusCreator *self)
{
  return get_step_number (self, kl_job_get_num_steps (KL_JOB (self->creator)));
}

static GVariant *
get_current_step (KlBusCreator *self)
{
  return get_step_number (self, kl_job_get_current_step (KL_JOB (self->creator)));
}

static GVariant *
get_step_progress (KlBusCreator *self)
{
  return get_step_number (self, kl_job_get_step_progress (KL_JOB (self->creator)));
}

static GVariant *
new_text (const char *text)
{
  return g_variant_new_take_string (g_utf8_make_valid (text != NULL ? text : "", -1));
}

static GVariant *
get_step_info (KlBusCreator *self)
{
  return new_text (has_steps (self) ? kl_job_get_step_info (KL_JOB (self->creator)) : "");
}

static GVariant *
get_status (KlBusCreator *self)
{
  return g_variant_new_uint32 (self->busy ? 1 : 0);
}

static GVariant *
get_exit_code (KlBusCreator *self)
{
  return g_variant_new_uint32 (self->exit_code);
}

static GVariant *
get_error_detail (KlBusCreator *self)
{
  return new_text (self->error_detail);
}

/* ConnectionOptions is missing: it is written only, and by a descriptor. */
static const Property properties[N_PROPERTIES] = {
  { "ProviderName", NULL, "provider-name", 256 },
  { "SiteCode", NULL, "site-code", 3 },
  { "DistributionPoints", NULL, "distribution-points", 16384 },
  { "MediaLabel", NULL, "media-label", 256 },
  { "NumSteps", get_num_steps },
  { "CurrentStep", get_current_step },
  { "StepProgress", get_step_progress },
  { "StepInfo", get_step_info },
  { "ErrorDetail", get_error_detail },
  { "ExitCode", get_exit_code },
  { "Status", get_status },
};

static const Property *
find_property (const char *name)
{
  for (guint i = 0; i < N_PROPERTIES; i++)
    if (g_str_equal (properties[i].name, name))
      return &properties[i];

  return NULL;
}

static GVariant *
get_property (KlBusCreator *self, const Property *property)
{
  g_autofree char *text = NULL;

  if (property->get != NULL)
    return property->get (self);

  g_object_get (self->creator, property->of_the_creator, &text, NULL);
  return new_text (text);
}

static void
emit (KlBusCreator *self, const char *interface, const char *signal, GVariant *parameters)
{
  g_dbus_connection_emit_signal (self->connection, self->client, self->path, interface, signal,
                                 parameters, NULL);
}

/* Tells the client what it does not know yet. */
static void
tell_properties (KlBusCreator *self)
{
  g_auto (GVariantBuilder) changed = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  guint n_changed = 0;

  for (guint i = 0; i < N_PROPERTIES; i++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (get_property (self, &properties[i]));

      if (self->told[i] != NULL && g_variant_equal (self->told[i], value))
        continue;
      g_variant_builder_add (&changed, "{sv}", properties[i].name, value);
      g_clear_pointer (&self->told[i], g_variant_unref);
      self->told[i] = g_steal_pointer (&value);
      n_changed++;
    }

  if (n_changed > 0)
    emit (self, PROPERTIES_INTERFACE, "PropertiesChanged",
          g_variant_new ("(sa{sv}as)", KL_BUS_CREATOR_INTERFACE, &changed, NULL));
}

static void
tell_progress (KlBusCreator *self)
{
  KlJob *job = KL_JOB (self->creator);
  const char *info = kl_job_get_step_info (job);

  self->last_progress = g_get_monotonic_time ();
  tell_properties (self);
  emit (self, KL_BUS_CREATOR_INTERFACE, "Progress",
        g_variant_new ("(uuu@sdttdi)", kl_job_get_current_step (job), kl_job_get_num_steps (job),
                       kl_job_get_step_progress (job), new_text (info), kl_job_get_fraction (job),
                       kl_job_get_bytes (job), kl_job_get_total_bytes (job), kl_job_get_rate (job),
                       kl_job_get_eta (job)));
}

static void
progress_cb (KlBusCreator *self)
{
  if (has_steps (self) && self->busy
      && g_get_monotonic_time () - self->last_progress >= PROGRESS_INTERVAL)
    tell_progress (self);
}

static void
set_busy (KlBusCreator *self, gboolean busy)
{
  self->busy = busy;
  g_object_notify_by_pspec (G_OBJECT (self), object_properties[PROP_BUSY]);
}

/* ErrorDetail, then ExitCode, then Status, as documented (media-api.md 1.3); here they travel in
 * one message, which a client sees whole. */
static void
end (KlBusCreator *self, const GError *error)
{
  const char *detail = kl_error_get_detail (error);
  g_autofree char *message = error != NULL ? kl_bus_error_dup_message (error) : g_strdup ("");
  g_autoptr (GDBusMethodInvocation) invocation = g_steal_pointer (&self->invocation);

  /* With its secrets. */
  g_clear_pointer (&self->request, kl_bus_request_free);
  kl_media_creator_set_request (self->creator, NULL);
  g_clear_object (&self->cancellable);
  g_free (self->error_detail);
  self->error_detail = g_strdup (detail != NULL ? detail : "");
  self->exit_code = kl_error_get_hresult (error);
  self->busy = FALSE;
  if (has_steps (self) && kl_job_get_num_steps (KL_JOB (self->creator)) > 0)
    tell_progress (self);
  tell_properties (self);
  if (*self->error_detail != '\0')
    emit (self, KL_BUS_CREATOR_INTERFACE, "ErrorDetailFound",
          g_variant_new ("(@s)", new_text (self->error_detail)));
  emit (self, KL_BUS_CREATOR_INTERFACE, "Completed",
        g_variant_new ("(u@ss)", self->exit_code, new_text (self->error_detail), message));

  if (invocation != NULL && error != NULL)
    kl_bus_return_error (g_steal_pointer (&invocation), error);
  else if (invocation != NULL)
    g_dbus_method_invocation_return_value (g_steal_pointer (&invocation), g_variant_new ("(u)", 0));
  set_busy (self, FALSE);
}

static void
made_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlBusCreator) self = user_data;
  g_autoptr (GError) error = NULL;

  kl_job_run_finish (KL_JOB (source), result, &error);
  kl_bus_host_work_ended (self->host, g_steal_pointer (&self->entry), error);
  end (self, error);
}

/* NULL without an error for no site. */
static char *
dup_site_profile (KlBusCreator *self, GError **error)
{
  g_autofree char *code = NULL;
  char *path;

  g_object_get (self->creator, "site-code", &code, NULL);
  if (code == NULL || *code == '\0')
    return NULL;

  path = kl_bus_host_dup_site_profile (self->host, code);
  if (path == NULL)
    g_set_error (error, KL_ERROR, KL_ERROR_NOT_FOUND,
                 "There is no site profile for the site code %s", code);
  return path;
}

/* @target: (nullable): what was found behind the destination, and agreed to; NULL for a file */
static void
make (KlBusCreator *self, const KlBusTarget *target)
{
  KlBusRequest *request = self->request;
  g_autoptr (GError) error = NULL;
  g_autofree char *site_profile = dup_site_profile (self, &error);
  g_autofree char *bios_code = kl_data_path_dup_bios_code ();
  g_autoptr (KlMediaRequest) media_request = NULL;
  const KlMediaOptions options = {
    .type = request->type,
    .destination = request->destination,
    /* A file that is there may be replaced, as the documented API has it, but no program on the bus
     * shall have any other file of this person replaced. */
    .keep_other_files = TRUE,
    .image_id = request->image_id,
    .drive = target != NULL ? target->drive : NULL,
    .volume = target != NULL ? target->volume : NULL,
    .bios_code_folder = bios_code,
    .password = request->password,
    .certificate = request->certificate,
    .certificate_password = request->certificate_password,
    .valid_from = request->valid_from,
    .valid_until = request->valid_until,
    .site_profile = site_profile,
  };

  if (error == NULL)
    media_request = kl_media_request_new (&options, &error);
  if (media_request == NULL)
    {
      end (self, error);
      return;
    }

  kl_media_creator_set_catalog (self->creator, kl_bus_host_get_catalog (self->host));
  kl_media_creator_set_request (self->creator, media_request);
  self->begun = TRUE;
  self->entry = kl_bus_host_work_began (
      self->host, &(KlBusWork){ KL_JOB (self->creator), request->destination, options.drive });
  kl_job_run_async (KL_JOB (self->creator), self->cancellable, made_cb, g_object_ref (self));
}

static void
target_agreed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlBusCreator) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (KlBusTarget) target = kl_bus_target_choose_finish (result, &error);

  if (target == NULL)
    end (self, error);
  else
    make (self, target);
}

static void
load_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;

  if (kl_bus_request_load (task_data, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (KlBusCreator) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    end (self, error);
  else if (self->request->type == KL_MEDIA_TYPE_CD)
    make (self, NULL);
  else
    kl_bus_target_choose_async (self->host, self->connection, self->client, self->request->type,
                                self->request->destination, self->cancellable, target_agreed_cb,
                                g_object_ref (self));
}

static void
start (KlBusCreator *self, KlBusRequest *request)
{
  g_autoptr (GTask) task = NULL;

  self->request = request;
  self->run_async = request->run_async;
  self->begun = FALSE;
  self->cancellable = g_cancellable_new ();
  self->exit_code = E_PENDING_HRESULT;
  g_free (self->error_detail);
  self->error_detail = g_strdup ("");
  set_busy (self, TRUE);
  tell_properties (self);

  task = g_task_new (self, self->cancellable, loaded_cb, g_object_ref (self));
  g_task_set_task_data (task, request, NULL);
  g_task_run_in_thread (task, load_in_thread);
}

static gboolean
set_error_if_busy (KlBusCreator *self, GError **error)
{
  if (!self->busy)
    return FALSE;

  g_set_error (error, KL_ERROR, KL_ERROR_BUSY,
               "This creator is busy with another medium; other paths have creators of their own");
  return TRUE;
}

static GUnixFDList *
get_fds (GDBusMethodInvocation *invocation)
{
  return g_dbus_message_get_unix_fd_list (g_dbus_method_invocation_get_message (invocation));
}

static gboolean
create_boot_media (KlBusCreator *self, GDBusMethodInvocation *invocation, GError **error)
{
  KlBusRequest *request;

  if (set_error_if_busy (self, error))
    return FALSE;
  request = kl_bus_request_new (g_dbus_method_invocation_get_parameters (invocation),
                                get_fds (invocation), error);
  if (request == NULL)
    return FALSE;

  if (request->run_async)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", 0));
  else
    self->invocation = invocation;
  start (self, request);
  return TRUE;
}

/* Asynchronous creation only, as documented. */
static void
cancel (KlBusCreator *self, GDBusMethodInvocation *invocation)
{
  if (self->run_async && self->request != NULL)
    g_cancellable_cancel (self->cancellable);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", 0));
}

typedef struct
{
  KlBusCreator *self;                /* owned */
  GDBusMethodInvocation *invocation; /* owned */
  KlSecret *secret;                  /* owned, nullable */
  int fd;                            /* owned */
} OptionsReading;

static void
options_reading_free (OptionsReading *reading)
{
  g_clear_object (&reading->self);
  g_clear_object (&reading->invocation);
  g_clear_pointer (&reading->secret, kl_secret_unref);
  kl_close_fd (&reading->fd);
  g_free (reading);
}

static void
read_options_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  OptionsReading *reading = task_data;
  GError *error = NULL;

  reading->secret = kl_bus_read_secret (reading->fd, "ConnectionOptions", cancellable, &error);
  if (reading->secret != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
options_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KlBusCreator *self = KL_BUS_CREATOR (source);
  OptionsReading *reading = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;

  g_clear_object (&self->cancellable);
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    kl_bus_return_error (g_steal_pointer (&reading->invocation), error);
  else
    {
      kl_media_creator_set_connection_options (self->creator, reading->secret);
      g_dbus_method_invocation_return_value (g_steal_pointer (&reading->invocation), NULL);
    }
  set_busy (self, FALSE);
}

/* They are read before the call returns, and the creator is busy meanwhile. */
static gboolean
set_connection_options (KlBusCreator *self,
                        GVariant *value,
                        GDBusMethodInvocation *invocation,
                        GError **error)
{
  g_autoptr (GTask) task = NULL;
  OptionsReading *reading;
  int fd = kl_bus_take_fd (get_fds (invocation), g_variant_get_handle (value), "ConnectionOptions",
                           error);

  if (fd < 0)
    return FALSE;

  reading = g_new0 (OptionsReading, 1);
  reading->self = g_object_ref (self);
  reading->invocation = invocation;
  reading->fd = fd;
  self->cancellable = g_cancellable_new ();
  set_busy (self, TRUE);
  task = g_task_new (self, self->cancellable, options_read_cb, NULL);
  g_task_set_task_data (task, reading, (GDestroyNotify) options_reading_free);
  g_task_run_in_thread (task, read_options_in_thread);
  return TRUE;
}

static gboolean
check_site_code (const char *code, GError **error)
{
  if (*code == '\0'
      || (strlen (code) == 3 && g_ascii_isalnum (code[0]) && g_ascii_isalnum (code[1])
          && g_ascii_isalnum (code[2])))
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "SiteCode is not three letters or digits");
  return FALSE;
}

static gboolean
set_text (KlBusCreator *self, const Property *property, GVariant *value, GError **error)
{
  const char *text = g_variant_get_string (value, NULL);

  if (!kl_bus_check_text (property->name, text, property->max, error)
      || (g_str_equal (property->name, "SiteCode") && !check_site_code (text, error)))
    return FALSE;

  g_object_set (self->creator, property->of_the_creator, text, NULL);
  tell_properties (self);
  return TRUE;
}

/* GDBus has seen to it that the property is there, may be written, and is of its type. */
static gboolean
set (KlBusCreator *self, GDBusMethodInvocation *invocation, GError **error)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (invocation);
  const gboolean is_options = g_str_equal (
      g_dbus_method_invocation_get_property_info (invocation)->name, "ConnectionOptions");
  g_autoptr (GVariant) value = NULL;
  const char *name;

  g_variant_get (parameters, "(&s&sv)", NULL, &name, &value);
  if (set_error_if_busy (self, error))
    return FALSE;
  if (is_options)
    return set_connection_options (self, value, invocation, error);
  if (!set_text (self, find_property (name), value, error))
    return FALSE;

  g_dbus_method_invocation_return_value (invocation, NULL);
  return TRUE;
}

static void
get (KlBusCreator *self, GDBusMethodInvocation *invocation)
{
  const char *name = g_dbus_method_invocation_get_property_info (invocation)->name;

  g_dbus_method_invocation_return_value (
      invocation, g_variant_new ("(v)", get_property (self, find_property (name))));
}

static void
get_all (KlBusCreator *self, GDBusMethodInvocation *invocation)
{
  g_auto (GVariantBuilder) all = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (guint i = 0; i < N_PROPERTIES; i++)
    g_variant_builder_add (&all, "{sv}", properties[i].name, get_property (self, &properties[i]));
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a{sv})", &all));
}

static void
kl_bus_creator_get_property (GObject *object, guint property, GValue *value, GParamSpec *pspec)
{
  g_assert (property == PROP_BUSY);
  g_value_set_boolean (value, KL_BUS_CREATOR (object)->busy);
}

static void
kl_bus_creator_finalize (GObject *object)
{
  KlBusCreator *self = KL_BUS_CREATOR (object);

  g_clear_object (&self->host);
  g_clear_object (&self->connection);
  g_clear_object (&self->creator);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->request, kl_bus_request_free);
  g_free (self->client);
  g_free (self->path);
  g_free (self->error_detail);
  for (guint i = 0; i < N_PROPERTIES; i++)
    g_clear_pointer (&self->told[i], g_variant_unref);

  G_OBJECT_CLASS (kl_bus_creator_parent_class)->finalize (object);
}

static void
kl_bus_creator_class_init (KlBusCreatorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_bus_creator_get_property;
  object_class->finalize = kl_bus_creator_finalize;

  object_properties[PROP_BUSY]
      = g_param_spec_boolean ("busy", NULL, NULL, FALSE,
                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, object_properties);
}

static void
kl_bus_creator_init (KlBusCreator *self)
{
  self->error_detail = g_strdup ("");
}

/**
 * kl_bus_creator_new:
 * @client: unique name on the bus
 * @path: of the object
 *
 * Returns: (transfer full): an idle creator
 */
KlBusCreator *
kl_bus_creator_new (KlBusHost *host,
                    GDBusConnection *connection,
                    const char *client,
                    const char *path)
{
  KlBusCreator *self = g_object_new (KL_TYPE_BUS_CREATOR, NULL);

  self->host = g_object_ref (host);
  self->connection = g_object_ref (connection);
  self->client = g_strdup (client);
  self->path = g_strdup (path);
  self->creator = kl_media_creator_new (kl_bus_host_get_catalog (host));
  g_signal_connect_object (self->creator, "progress", G_CALLBACK (progress_cb), self,
                           G_CONNECT_SWAPPED);
  for (guint i = 0; i < N_PROPERTIES; i++)
    self->told[i] = g_variant_ref_sink (get_property (self, &properties[i]));
  return self;
}

gboolean
kl_bus_creator_is_busy (KlBusCreator *self)
{
  return self->busy;
}

/**
 * kl_bus_creator_call:
 * @invocation: (transfer full): of the interface, or of its properties
 *
 * Answers the call, at once or when what it asked for has ended.
 */
void
kl_bus_creator_call (KlBusCreator *self, GDBusMethodInvocation *invocation)
{
  const char *method = g_dbus_method_invocation_get_method_name (invocation);
  g_autoptr (GError) error = NULL;
  gboolean taken = TRUE;

  if (g_str_equal (method, "Get"))
    get (self, invocation);
  else if (g_str_equal (method, "GetAll"))
    get_all (self, invocation);
  else if (g_str_equal (method, "Cancel"))
    cancel (self, invocation);
  else if (g_str_equal (method, "Set"))
    taken = set (self, invocation, &error);
  else
    taken = create_boot_media (self, invocation, &error);

  if (!taken)
    kl_bus_return_error (invocation, error);
}

/**
 * kl_bus_creator_close:
 *
 * The client has gone: nobody would learn what became of its medium, so it is cancelled.
 */
void
kl_bus_creator_close (KlBusCreator *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
}
