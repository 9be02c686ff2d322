/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-main"

#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>

#include "window/application.h"
#include "window/turn-log.h"

int
main (int argc, char **argv)
{
  g_autoptr (KlApplication) application = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, KL_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  kl_turn_log_start ();
  application = kl_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
