/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "base/error.h"
#include "site/connection-options.h"

/* Nothing of a value comes back in a message, whatever stands around it. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *options = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;

  if (kl_connection_options_check (options, &error))
    {
      g_autofree char *twice = g_strconcat (options, ",", options, NULL);

      /* In order means: nothing at all, or names that may stand there once. */
      if (options[strspn (options, " \t")] != '\0')
        g_assert_false (kl_connection_options_check (twice, NULL));
      return 0;
    }

  g_assert_true (g_error_matches (error, KL_ERROR, KL_ERROR_CONNECTION_OPTIONS)
                 || g_error_matches (error, KL_ERROR, KL_ERROR_CONNECTION_OPTION_NAME));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_true ((kl_error_get_detail (error) != NULL)
                 == g_error_matches (error, KL_ERROR, KL_ERROR_CONNECTION_OPTION_NAME));
  return 0;
}
