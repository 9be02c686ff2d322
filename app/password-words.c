/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-password-words"

#include "config.h"

#include "password-words.h"

#include <glib/gi18n.h>

const char *
kl_password_level_get_word (KlPasswordLevel level)
{
  static const char *const words[] = {
    NC_ ("password", "Very Weak"),
    NC_ ("password", "Weak"),
    NC_ ("password", "Good"),
    NC_ ("password", "Strong"),
  };

  g_return_val_if_fail ((guint) level < G_N_ELEMENTS (words), "");

  return g_dpgettext2 (GETTEXT_PACKAGE, "password", words[level]);
}
