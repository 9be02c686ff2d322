/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-ctl"

#include "config.h"

#include "protection.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <glib/gi18n.h>

#include "base/error.h"
#include "base/file-io.h"
#include "output.h"
#include "site/site-profile.h"

#define CONTROL_C '\x03'

/* One line from a terminal in canonical mode; Ctrl-C ends it as a line end does. */
static KlSecret *
read_terminal_line (int fd, GError **error)
{
  g_autoptr (KlSecret) line = kl_secret_new_sized (KL_SECRET_MAX_TEXT + 1);
  guint8 *buffer = kl_secret_get_buffer (line);
  gsize length = 0;

  while (length <= KL_SECRET_MAX_TEXT)
    {
      const gssize got = read (fd, buffer + length, 1);

      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0 || buffer[length] == '\n')
        break;
      if (buffer[length] == CONTROL_C)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The password was not entered");
          return NULL;
        }
      length++;
    }

  kl_secret_truncate (line, MIN (length, KL_SECRET_MAX_TEXT));
  if (length > KL_SECRET_MAX_TEXT
      || !g_utf8_validate (kl_secret_get_text (line), (gssize) length, NULL))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "A password is text of at most %d bytes in one line", KL_SECRET_MAX_TEXT);
      return NULL;
    }
  return g_steal_pointer (&line);
}

/* Asks on the terminal with echo off. Signals from the keyboard are off too, so that the terminal
 * never stays without echo. */
static KlSecret *
ask (const char *question, GError **error)
{
  g_autofd int fd = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  struct termios before, quiet;
  KlSecret *line;

  if (fd < 0 || tcgetattr (fd, &before) != 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "There is no terminal to ask for the password; give it by a descriptor");
      return NULL;
    }

  quiet = before;
  quiet.c_lflag &= (tcflag_t) ~(ECHO | ISIG);
  quiet.c_lflag |= ICANON;
  quiet.c_cc[VEOL] = CONTROL_C;
  /* First, so that what answers the question at once is not shown or thrown away. */
  tcsetattr (fd, TCSAFLUSH, &quiet);
  g_printerr ("%s: ", question);
  line = read_terminal_line (fd, error);
  tcsetattr (fd, TCSAFLUSH, &before);
  g_printerr ("\n");
  return line;
}

static KlSecret *
ask_twice (GError **error)
{
  g_autoptr (KlSecret) first = ask (_ ("Media password"), error);
  g_autoptr (KlSecret) second = NULL;

  if (first == NULL)
    return NULL;
  second = ask (_ ("Media password again"), error);
  if (second == NULL)
    return NULL;
  if (!kl_secret_equal (first, second))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT, "The two passwords differ");
      return NULL;
    }
  return g_steal_pointer (&first);
}

static gboolean
can_ask (void)
{
  return isatty (STDIN_FILENO) && isatty (STDERR_FILENO);
}

/* FALSE with an error; TRUE with *password NULL where none of the options was given. */
static gboolean
read_given (int fd, const char *file, KlSecret **password, GError **error)
{
  if (fd >= 0)
    *password = kl_secret_new_from_fd (fd, error);
  else if (file != NULL)
    *password = kl_secret_new_from_file (file, error);
  else
    return TRUE;
  return *password != NULL;
}

static gboolean
check_sources (const KlCtlOptions *options, GError **error)
{
  const int n = (options->password_fd >= 0) + (options->password_file != NULL) + options->ask;

  if (n <= 1)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "--password, --password-fd and --password-file exclude each other");
  return FALSE;
}

/* Whether the site asks for a password; a profile that cannot be read speaks for itself later. */
static gboolean
site_requires_password (const KlCtlOptions *options)
{
  g_autoptr (KlSiteProfile) profile
      = options->site != NULL ? kl_site_profile_load (options->site, NULL) : NULL;

  return profile != NULL && kl_site_profile_get_password_required (profile);
}

gboolean
kl_ctl_read_password (const KlCtlOptions *options, KlSecret **password, GError **error)
{
  if (!check_sources (options, error))
    return FALSE;
  if (!options->ask)
    return read_given (options->password_fd, options->password_file, password, error);

  *password = ask (_ ("Media password"), error);
  return *password != NULL;
}

static gboolean
read_media_password (const KlCtlOptions *options, KlCtlProtection *protection, GError **error)
{
  if (!check_sources (options, error))
    return FALSE;
  if (!options->ask
      && !read_given (options->password_fd, options->password_file, &protection->password, error))
    return FALSE;
  if (options->ask
      || (protection->password == NULL && can_ask () && site_requires_password (options)))
    {
      protection->password = ask_twice (error);
      return protection->password != NULL;
    }

  return TRUE;
}

static gboolean
read_certificate_password (const KlCtlOptions *options, KlCtlProtection *protection, GError **error)
{
  if (!read_given (options->certificate_password_fd, NULL, &protection->certificate_password,
                   error))
    return FALSE;
  if (options->certificate != NULL && protection->certificate_password == NULL && can_ask ())
    {
      protection->certificate_password
          = ask (_ ("Password of the certificate file (Enter for none)"), error);
      return protection->certificate_password != NULL;
    }

  return TRUE;
}

/* A day alone begins at midnight, UTC. */
static gboolean
parse_time (const char *option, const char *text, GDateTime **time, GError **error)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autofree char *whole = NULL;

  if (text == NULL)
    return TRUE;

  whole = strchr (text, 'T') != NULL ? g_strdup (text) : g_strconcat (text, "T00:00:00Z", NULL);
  *time = g_date_time_new_from_iso8601 (whole, utc);
  if (*time != NULL)
    return TRUE;

  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "“%s” of %s is no time such as 2027-01-31T12:00:00Z", text, option);
  return FALSE;
}

static gboolean
parse_variables (char **texts, KlCtlProtection *protection, GError **error)
{
  if (texts == NULL)
    return TRUE;

  protection->variables = kl_variables_new ();
  for (guint i = 0; texts[i] != NULL; i++)
    {
      const char *equals = strchr (texts[i], '=');
      g_autofree char *name = NULL;

      if (equals == NULL)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                       "“%s” of --variable is not of the form NAME=VALUE", texts[i]);
          return FALSE;
        }
      name = g_strndup (texts[i], (gsize) (equals - texts[i]));
      kl_variables_append (protection->variables, name, equals + 1);
    }
  return TRUE;
}

gboolean
kl_ctl_protection_read (const KlCtlOptions *options, KlCtlProtection *protection, GError **error)
{
  return parse_time ("--valid-from", options->valid_from, &protection->valid_from, error)
         && parse_time ("--valid-until", options->valid_until, &protection->valid_until, error)
         && parse_variables (options->variables, protection, error)
         && read_given (options->connection_options_fd, NULL, &protection->connection_options,
                        error)
         && read_media_password (options, protection, error)
         && read_certificate_password (options, protection, error);
}

void
kl_ctl_protection_clear (KlCtlProtection *protection)
{
  g_clear_pointer (&protection->password, kl_secret_unref);
  g_clear_pointer (&protection->certificate_password, kl_secret_unref);
  g_clear_pointer (&protection->valid_from, g_date_time_unref);
  g_clear_pointer (&protection->valid_until, g_date_time_unref);
  g_clear_pointer (&protection->variables, kl_variables_unref);
  g_clear_pointer (&protection->connection_options, kl_secret_unref);
  g_clear_pointer (&protection->key, kl_certificate_key_unref);
}
