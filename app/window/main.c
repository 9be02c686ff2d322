/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-main"

#include "config.h"

#include <gtk/gtk.h>

#include "bus/service-application.h"
#include "language.h"
#include "window/application.h"
#include "window/site-store.h"
#include "window/turn-log.h"

/* Started by the bus, maybe where there is no display. */
static gboolean
is_service (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    if (g_str_equal (argv[i], "--gapplication-service"))
      return TRUE;

  return FALSE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GApplication) application = NULL;

  kl_language_set_up (FALSE);
  kl_turn_log_start ();
  if (is_service (argc, argv) && !gtk_init_check ())
    application = kl_service_application_new (kl_site_store_find);
  else
    application = G_APPLICATION (kl_application_new ());
  return g_application_run (application, argc, argv);
}
