/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-bus"

#include "bus/bus-images.h"

#include "base/error.h"
#include "bus/bus-error.h"
#include "bus/bus-request.h"
#include "image/injection-status.h"
#include "prepare/default-image.h"

#define MAX_CONTEXT_ID 64

/* What all clients together may ask for at a time; each call takes a thread. */
#define MAX_CALLS 32u

/* Blocks, in a thread; returns the body of the reply. */
typedef GVariant *(*Method) (KlCatalog *catalog,
                             GVariant *parameters,
                             GCancellable *cancellable,
                             GError **error);

typedef struct
{
  const char *name;
  Method method;
} MethodRow;

typedef struct
{
  GDBusMethodInvocation *invocation; /* owned */
  KlCatalog *catalog;                /* owned */
  const MethodRow *row;
  guint watch; /* of the client's name */
} Call;

/* Of this process; main thread. */
static guint n_calls;

static void
call_free (Call *call)
{
  g_bus_unwatch_name (call->watch);
  g_clear_object (&call->invocation);
  g_clear_object (&call->catalog);
  g_free (call);
}

static const char *
get_context_id (GVariant *parameters, GError **error)
{
  const char *context_id;

  g_variant_get (parameters, "(&s)", &context_id);
  return kl_bus_check_text ("ContextID", context_id, MAX_CONTEXT_ID, error) ? context_id : NULL;
}

static GVariant *
query_status (KlCatalog *catalog, GVariant *parameters, GCancellable *cancellable, GError **error)
{
  const char *context_id = get_context_id (parameters, error);
  g_autoptr (KlInjectionStatus) status
      = context_id != NULL ? kl_injection_status_query (catalog, context_id, error) : NULL;

  if (status == NULL)
    return NULL;

  return g_variant_new ("(iuuusis)", 0, status->state, status->progress, status->max_progress,
                        status->progress_text, status->error_code, status->extended_error_info);
}

static GVariant *
delete_context_id (KlCatalog *catalog,
                   GVariant *parameters,
                   GCancellable *cancellable,
                   GError **error)
{
  const char *context_id = get_context_id (parameters, error);

  if (context_id == NULL || !kl_injection_status_forget (catalog, context_id, error))
    return NULL;
  return g_variant_new ("(i)", 0);
}

static void
add_text (GVariantBuilder *image, const char *name, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);

  g_variant_builder_add (image, "{sv}", name, g_variant_new_string (valid));
}

/* Names are those of SMS_BootImagePackage (media-api.md 4.1). */
static GVariant *
describe_image (KlBootImage *image)
{
  g_auto (GVariantBuilder) facts = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  const GError *problem = kl_boot_image_get_error (image);

  add_text (&facts, "PackageID", kl_boot_image_get_id (image));
  if (problem != NULL)
    add_text (&facts, "Error", problem->message);
  else
    {
      add_text (&facts, "Name", kl_boot_image_get_name (image));
      add_text (&facts, "Description", kl_boot_image_get_description (image));
      add_text (&facts, "Version", kl_boot_image_get_version (image));
      add_text (&facts, "Architecture", kl_boot_image_get_architecture (image));
      add_text (&facts, "ImageOSVersion", kl_boot_image_get_os_version (image));
      add_text (&facts, "Language", kl_boot_image_get_language (image));
      add_text (&facts, "ImagePath", kl_boot_image_get_source_path (image));
      add_text (&facts, "ContextID", kl_boot_image_get_context_id (image));
      add_text (&facts, "State", kl_image_state_to_string (kl_boot_image_get_state (image)));
      g_variant_builder_add (&facts, "{sv}", "ImageIndex",
                             g_variant_new_uint32 (kl_boot_image_get_source_index (image)));
      g_variant_builder_add (&facts, "{sv}", "Size",
                             g_variant_new_uint64 (kl_boot_image_get_size (image)));
    }
  return g_variant_builder_end (&facts);
}

/* In a list of its own: the application's belongs to its main context. */
static GVariant *
list_images (KlCatalog *catalog, GVariant *parameters, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlCatalog) own = kl_catalog_new (kl_catalog_get_path (catalog));
  g_auto (GVariantBuilder) images = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  if (!kl_catalog_load (own, error))
    return NULL;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (own)); i++)
    {
      g_autoptr (KlBootImage) image = g_list_model_get_item (G_LIST_MODEL (own), i);

      g_variant_builder_add_value (&images, describe_image (image));
    }
  return g_variant_new ("(iaa{sv})", 0, &images);
}

/* A source is a path, or an ID, which has no slash. */
static GVariant *
get_properties (KlCatalog *catalog, GVariant *parameters, GCancellable *cancellable, GError **error)
{
  g_autofree char *xml = NULL;
  const char *source;

  g_variant_get (parameters, "(&s)", &source);
  if (!kl_catalog_is_valid_id (source) && !kl_bus_check_path ("SourceImagePath", source, error))
    return NULL;

  xml = kl_image_properties_read (catalog, source, error);
  return xml != NULL ? g_variant_new ("(is)", 0, xml) : NULL;
}

static const MethodRow methods[] = {
  { "QueryOSDBinaryInjectionStatus", query_status },
  { "DeleteContextID", delete_context_id },
  { "ListImages", list_images },
  { "GetImageProperties", get_properties },
};

static void
call_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Call *call = task_data;
  GError *error = NULL;
  GVariant *reply = call->row->method (call->catalog,
                                       g_dbus_method_invocation_get_parameters (call->invocation),
                                       cancellable, &error);

  if (reply != NULL)
    g_task_return_pointer (task, g_variant_ref_sink (reply), (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

static void
called_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_task_propagate_pointer (G_TASK (result), &error);

  n_calls--;
  if (reply != NULL)
    g_dbus_method_invocation_return_value (g_steal_pointer (&call->invocation), reply);
  else
    kl_bus_return_error (g_steal_pointer (&call->invocation), error);
  g_application_release (G_APPLICATION (source));
}

static gboolean
set_error_if_too_many (GError **error)
{
  if (n_calls < MAX_CALLS)
    return FALSE;

  g_set_error (error, KL_ERROR, KL_ERROR_BUSY, "Too many calls are waiting for their answer");
  return TRUE;
}

static const MethodRow *
find_method (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    if (g_str_equal (methods[i].name, name))
      return &methods[i];

  g_assert_not_reached ();
}

/**
 * kl_bus_images_call:
 * @invocation: (transfer full): of org.kindling.BootImages1, but not ExportDefaultBootImage
 *
 * Answers the call when it is done, which takes a thread: the catalog may be on a slow network
 * share. The application stays meanwhile. A client that goes cancels what it has asked for.
 */
void
kl_bus_images_call (KlBusHost *host, GDBusMethodInvocation *invocation)
{
  const MethodRow *row = find_method (g_dbus_method_invocation_get_method_name (invocation));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;
  Call *call;

  if (set_error_if_too_many (&error))
    {
      kl_bus_return_error (invocation, error);
      return;
    }

  n_calls++;
  call = g_new0 (Call, 1);
  call->invocation = invocation;
  call->catalog = g_object_ref (kl_bus_host_get_catalog (host));
  call->row = row;
  call->watch = kl_bus_watch_caller (invocation, cancellable);

  g_application_hold (G_APPLICATION (host));
  task = g_task_new (host, cancellable, called_cb, NULL);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  g_task_run_in_thread (task, call_in_thread);
}
