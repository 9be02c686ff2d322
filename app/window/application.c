/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-application"

#include "config.h"

#include "window/application.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "bus/bus-service.h"
#include "image/catalog.h"
#include "settings.h"
#include "window/about.h"
#include "window/drive-question.h"
#include "window/help-window.h"
#include "window/job-view.h"
#include "window/jobs-window.h"
#include "window/label-check.h"
#include "window/leave-question.h"
#include "window/media-jobs.h"
#include "window/preferences-window.h"
#include "window/site-store.h"
#include "window/turn-log.h"
#include "window/window.h"

struct _KlApplication
{
  AdwApplication parent_instance;

  KlCatalog *catalog;    /* owned; from startup on */
  char *catalog_path;    /* owned; from the command line, or NULL */
  KlBusService *service; /* owned; while on the bus */
  guint inhibitor;       /* of suspend and log-out; 0 while no job runs */
  gboolean held;         /* while a job runs */
};

static void bus_host_init (KlBusHostInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KlApplication,
                               kl_application,
                               ADW_TYPE_APPLICATION,
                               G_IMPLEMENT_INTERFACE (KL_TYPE_BUS_HOST, bus_host_init))

static const struct
{
  const char *action;
  const char *accelerators[3];
} accelerators[] = {
  { "app.quit", { "<Control>q" } },
  { "app.help", { "F1" } },
  { "app.preferences", { "<Control>comma" } },
  { "window.close", { "<Control>w" } },
  { "win.show-help-overlay", { "<Control>question", "<Control>F1" } },
  { "win.import", { "<Control>o" } },
  { "win.import-folder", { "<Control><Shift>o" } },
  { "win.search", { "<Control>f" } },
  { "win.create-media", { "<Control>n" } },
  { "app.show-jobs", { "<Control>j" } },
  { "win.prepare-image", { "<Control>p" } },
  { "win.check-medium", { "<Control>k" } },
  { "win.rename-image", { "F2" } },
  { "win.export-image", { "<Control>e" } },
  { "win.remove-image", { "<Control>Delete" } },
};

/* Of the notification that all media are done. */
#define DONE_NOTIFICATION "media-done"

/* How long the outcome of what ran in the background can be asked for; milliseconds. */
#define OUTCOME_KEPT (30 * 60 * 1000)

static KlWindow *
present_window (KlApplication *self)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  while (window != NULL && !KL_IS_WINDOW (window))
    window = gtk_window_get_transient_for (window);
  if (window == NULL)
    {
      window = GTK_WINDOW (kl_window_new (GTK_APPLICATION (self), self->catalog));
      gtk_window_set_icon_name (window, KL_APPLICATION_ID);
      kl_turn_log_watch (GTK_WIDGET (window));
    }
  gtk_window_present (window);
  g_application_set_inactivity_timeout (G_APPLICATION (self), 0);
  g_application_withdraw_notification (G_APPLICATION (self), DONE_NOTIFICATION);

  return KL_WINDOW (window);
}

static gboolean
is_busy (GtkWindow *window)
{
  if (KL_IS_WINDOW (window))
    return kl_window_is_busy (KL_WINDOW (window));
  return gtk_window_get_modal (window) && !KL_IS_PREFERENCES_WINDOW (window)
         && KL_IS_WINDOW (gtk_window_get_transient_for (window));
}

/* Whether something holds on to the catalog: a job, or a dialog about one of its images. */
gboolean
kl_application_is_busy (KlApplication *self)
{
  g_return_val_if_fail (KL_IS_APPLICATION (self), FALSE);

  if (kl_media_jobs_get_n_running (kl_media_jobs_get ()) > 0 || kl_job_view_get_running () != NULL)
    return TRUE;
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL; l = l->next)
    if (is_busy (l->data))
      return TRUE;

  return FALSE;
}

gboolean
kl_application_has_own_catalog (KlApplication *self)
{
  g_return_val_if_fail (KL_IS_APPLICATION (self), FALSE);

  return self->catalog_path != NULL;
}

/* What is changed from outside while there is work goes by the next start. */
static void
catalog_folder_changed_cb (KlApplication *self)
{
  g_autoptr (KlCatalog) catalog = NULL;

  if (kl_application_is_busy (self))
    return;
  catalog = kl_settings_open_catalog (NULL);
  if (g_str_equal (kl_catalog_get_path (catalog), kl_catalog_get_path (self->catalog)))
    return;

  g_set_object (&self->catalog, catalog);
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL; l = l->next)
    if (KL_IS_WINDOW (l->data))
      kl_window_set_catalog (l->data, catalog);
}

/* The machine stays awake, and the program alive, as long as a job runs. */
static void
jobs_changed_cb (KlApplication *self)
{
  GtkApplication *application = GTK_APPLICATION (self);
  const gboolean busy = kl_media_jobs_get_n_running (kl_media_jobs_get ()) > 0;

  if (busy == self->held)
    return;
  self->held = busy;
  if (busy)
    {
      g_application_hold (G_APPLICATION (self));
      self->inhibitor = gtk_application_inhibit (
          application, gtk_application_get_active_window (application),
          GTK_APPLICATION_INHIBIT_LOGOUT | GTK_APPLICATION_INHIBIT_SUSPEND, _ ("A job is running"));
      return;
    }

  if (self->inhibitor != 0)
    gtk_application_uninhibit (application, self->inhibitor);
  self->inhibitor = 0;
  if (gtk_application_get_windows (application) == NULL || kl_leave_question_is_asked ())
    g_application_set_inactivity_timeout (G_APPLICATION (self), OUTCOME_KEPT);
  g_application_release (G_APPLICATION (self));
}

static char *
dup_outcome (const KlMediaJobCounts *counts)
{
  if (counts->failed == 0)
    return kl_bidi_printf (ngettext ("%u medium is ready", "%u media are ready", counts->done),
                           counts->done);
  if (counts->done == 0)
    return kl_bidi_printf (
        ngettext ("%u medium could not be made", "%u media could not be made", counts->failed),
        counts->failed);
  /* Translators: how many media were made, and how many were not. */
  return kl_bidi_printf (_ ("%u media are ready, %u could not be made"), counts->done,
                         counts->failed);
}

/* Who looks at the window sees it there, but for one who is about to leave. */
static void
all_ended_cb (KlApplication *self)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));
  const KlMediaJobCounts counts = kl_media_jobs_get_counts (kl_media_jobs_get ());
  g_autoptr (GNotification) notification = NULL;
  g_autoptr (GIcon) icon = g_themed_icon_new (KL_APPLICATION_ID);
  g_autofree char *title = NULL;

  if (counts.done + counts.failed == 0
      || (window != NULL && gtk_window_is_active (window) && !kl_leave_question_is_asked ()))
    return;
  title = dup_outcome (&counts);
  notification = g_notification_new (title);
  g_notification_set_icon (notification, icon);
  if (counts.failed > 0)
    {
      g_notification_set_body (notification, _ ("The list of jobs says why."));
      g_notification_set_priority (notification, G_NOTIFICATION_PRIORITY_HIGH);
    }
  g_notification_set_default_action (notification, "app.show-jobs");
  g_notification_add_button (notification, _ ("Show Jobs"), "app.show-jobs");
  g_application_send_notification (G_APPLICATION (self), DONE_NOTIFICATION, notification);
}

static void
show_jobs_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  kl_jobs_window_present (GTK_WINDOW (present_window (KL_APPLICATION (user_data))));
}

static void
quit_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  g_autoptr (GList) windows = NULL;

  windows = g_list_copy (gtk_application_get_windows (GTK_APPLICATION (user_data)));
  for (GList *l = windows; l != NULL; l = l->next)
    if (KL_IS_WINDOW (l->data))
      gtk_window_close (l->data);
}

static void
about_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  kl_about_show (GTK_APPLICATION (user_data), KL_APPLICATION (user_data)->catalog);
}

/* Above the window that is in use, which may be a dialog. */
static void
preferences_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (user_data));

  if (window != NULL && !KL_IS_PREFERENCES_WINDOW (window))
    gtk_window_present (GTK_WINDOW (kl_preferences_window_new (window)));
}

static void
help_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkApplication *application = GTK_APPLICATION (user_data);

  kl_help_show (application, kl_help_find_place (gtk_application_get_active_window (application)));
}

static void
help_place_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  kl_help_show (GTK_APPLICATION (user_data), g_variant_get_string (parameter, NULL));
}

static const GActionEntry actions[] = {
  { "help", help_activated },
  { "help-place", help_place_activated, "s" },
  { "preferences", preferences_activated },
  { "quit", quit_activated },
  { "about", about_activated },
  { "show-jobs", show_jobs_activated },
};

static KlCatalog *
get_catalog (KlBusHost *host)
{
  return KL_APPLICATION (host)->catalog;
}

static char *
dup_site_profile (KlBusHost *host, const char *site_code)
{
  return kl_site_store_find (site_code);
}

static char *
dup_work_name (const KlBusWork *work)
{
  g_autofree char *file = g_filename_display_basename (work->path);

  if (work->drive != NULL)
    return kl_drive_dup_name (work->drive);
  return KL_IS_MEDIA_CREATOR (work->job) ? g_steal_pointer (&file)
                                         : kl_bidi_printf (_ ("Exporting “%s”"), file);
}

/* For the list of jobs. */
static GObject *
work_began (KlBusHost *host, const KlBusWork *work)
{
  g_autofree char *name = dup_work_name (work);
  const KlOtherJob other = { .job = work->job,
                             .name = name,
                             .path = work->path,
                             .drive = work->drive,
                             /* Translators: said of a job, in a list. */
                             .origin = _ ("for another program") };

  return G_OBJECT (kl_media_jobs_begin_other (kl_media_jobs_get (), &other));
}

static void
work_ended (KlBusHost *host, GObject *entry, const GError *error)
{
  kl_media_job_end (KL_MEDIA_JOB (entry), error);
  g_object_unref (entry);
}

static void
bus_host_init (KlBusHostInterface *iface)
{
  iface->get_catalog = get_catalog;
  iface->dup_site_profile = dup_site_profile;
  iface->ask_async = kl_drive_question_ask_async;
  iface->ask_finish = kl_drive_question_ask_finish;
  iface->work_began = work_began;
  iface->work_ended = work_ended;
}

/* A process beside the one that has the name offers nothing on the bus: it cannot be found there.
 */
static gboolean
kl_application_dbus_register (GApplication *application,
                              GDBusConnection *connection,
                              const char *object_path,
                              GError **error)
{
  KlApplication *self = KL_APPLICATION (application);

  if (!G_APPLICATION_CLASS (kl_application_parent_class)
           ->dbus_register (application, connection, object_path, error))
    return FALSE;
  if (g_application_get_flags (application) & G_APPLICATION_NON_UNIQUE)
    return TRUE;

  self->service = kl_bus_service_new (KL_BUS_HOST (self), connection, error);
  return self->service != NULL;
}

static void
kl_application_dbus_unregister (GApplication *application,
                                GDBusConnection *connection,
                                const char *object_path)
{
  g_clear_object (&KL_APPLICATION (application)->service);

  G_APPLICATION_CLASS (kl_application_parent_class)
      ->dbus_unregister (application, connection, object_path);
}

static void
kl_application_startup (GApplication *application)
{
  KlApplication *self = KL_APPLICATION (application);

  G_APPLICATION_CLASS (kl_application_parent_class)->startup (application);

  if (g_application_get_flags (application) & G_APPLICATION_IS_SERVICE)
    g_application_set_inactivity_timeout (application, KL_BUS_PATIENCE);
  self->catalog = kl_settings_open_catalog (self->catalog_path);
  if (self->catalog_path == NULL)
    g_signal_connect_object (kl_settings_get (), "changed::catalog-folder",
                             G_CALLBACK (catalog_folder_changed_cb), self, G_CONNECT_SWAPPED);

  g_signal_connect_object (kl_media_jobs_get (), "changed", G_CALLBACK (jobs_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (kl_media_jobs_get (), "all-ended", G_CALLBACK (all_ended_cb), self,
                           G_CONNECT_SWAPPED);
  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
  for (guint i = 0; i < G_N_ELEMENTS (accelerators); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), accelerators[i].action,
                                           accelerators[i].accelerators);
  kl_label_check_start (GTK_APPLICATION (self));
  kl_bidi_set_rtl (gtk_widget_get_default_direction () == GTK_TEXT_DIR_RTL);
}

static void
kl_application_activate (GApplication *application)
{
  present_window (KL_APPLICATION (application));
}

static void
kl_application_open (GApplication *application, GFile **files, int n_files, const char *hint)
{
  KlWindow *window = present_window (KL_APPLICATION (application));

  for (int i = 0; i < n_files; i++)
    kl_window_open_file (window, files[i]);
}

/* A catalog that is named on the command line is shown by a process of its own: the one that runs
 * already may show another catalog. */
static int
kl_application_handle_local_options (GApplication *application, GVariantDict *options)
{
  KlApplication *self = KL_APPLICATION (application);
  g_autofree char *path = NULL;

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("kindling %s\n", KL_VERSION);
      return 0;
    }

  if (g_variant_dict_lookup (options, "catalog", "^ay", &path))
    {
      self->catalog_path = g_canonicalize_filename (path, NULL);
      g_application_set_flags (application,
                               g_application_get_flags (application) | G_APPLICATION_NON_UNIQUE);
    }

  return G_APPLICATION_CLASS (kl_application_parent_class)
      ->handle_local_options (application, options);
}

static void
kl_application_finalize (GObject *object)
{
  KlApplication *self = KL_APPLICATION (object);

  g_clear_object (&self->catalog);
  g_free (self->catalog_path);

  G_OBJECT_CLASS (kl_application_parent_class)->finalize (object);
}

static void
kl_application_class_init (KlApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_application_finalize;
  application_class->dbus_register = kl_application_dbus_register;
  application_class->dbus_unregister = kl_application_dbus_unregister;
  application_class->startup = kl_application_startup;
  application_class->activate = kl_application_activate;
  application_class->open = kl_application_open;
  application_class->handle_local_options = kl_application_handle_local_options;
}

static void
kl_application_init (KlApplication *self)
{
  static const GOptionEntry options[] = {
    { "catalog", 0, 0, G_OPTION_ARG_FILENAME, NULL,
      /* Translators: shown by kindling --help. */
      N_ ("Folder of the catalog of boot images"), N_ ("DIR") },
    { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Print the version and exit"), NULL },
    { NULL },
  };

  g_application_add_main_option_entries (G_APPLICATION (self), options);
  g_application_set_option_context_parameter_string (G_APPLICATION (self), _ ("[FILE…]"));
}

KlApplication *
kl_application_new (void)
{
  return g_object_new (KL_TYPE_APPLICATION, "application-id", KL_APPLICATION_ID,
                       "resource-base-path", "/org/kindling/Kindling", "flags",
                       G_APPLICATION_HANDLES_OPEN, NULL);
}
