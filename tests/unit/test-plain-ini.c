/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/plain-ini.h"

#define RECORD                                                                                     \
  "[Image]\nName=Odd PE, 64 bits = x64\nVersion=\n\n[Source]\nSize=491879\nName=other\n\n"         \
  "[Driver 1]\nPath=/srv/a b/[c];d\n"

static KlPlainIni *
read_text (const char *text)
{
  return kl_plain_ini_new (text, strlen (text));
}

/* Whatever is taken is what GKeyFile reads, group by group and key by key. */
static void
assert_as_key_file (const char *text)
{
  g_autoptr (KlPlainIni) plain = read_text (text);
  g_autoptr (GKeyFile) ini = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) groups = NULL;
  const char *group, *key, *value;
  guint line = 0;

  g_assert_nonnull (plain);
  g_key_file_load_from_data (ini, text, strlen (text), G_KEY_FILE_KEEP_COMMENTS, &error);
  g_assert_no_error (error);
  groups = g_key_file_get_groups (ini, NULL);
  for (guint i = 0; groups[i] != NULL; i++)
    {
      g_auto (GStrv) keys = g_key_file_get_keys (ini, groups[i], NULL, NULL);

      g_assert_true (kl_plain_ini_has_group (plain, groups[i]));
      g_assert_true (kl_plain_ini_get_line (plain, line++, &group, &key, &value));
      g_assert_cmpstr (group, ==, groups[i]);
      g_assert_null (key);
      for (guint j = 0; keys[j] != NULL; j++)
        {
          g_autofree char *wanted = g_key_file_get_value (ini, groups[i], keys[j], NULL);

          g_assert_cmpstr (kl_plain_ini_get (plain, groups[i], keys[j]), ==, wanted);
          g_assert_true (kl_plain_ini_get_line (plain, line++, &group, &key, &value));
          g_assert_cmpstr (group, ==, groups[i]);
          g_assert_cmpstr (key, ==, keys[j]);
          g_assert_cmpstr (value, ==, wanted);
        }
    }
  g_assert_false (kl_plain_ini_get_line (plain, line, &group, &key, &value));
}

static void
test_plain (void)
{
  g_autoptr (KlPlainIni) plain = read_text (RECORD);

  assert_as_key_file (RECORD);
  assert_as_key_file ("[A]\n");
  assert_as_key_file ("[A]");
  assert_as_key_file ("\n[A]\nb=c");
  assert_as_key_file ("[A]\nE=1\nEncodingOfIt=2\n");
  g_assert_false (kl_plain_ini_has_group (plain, "Boot"));
  g_assert_false (kl_plain_ini_has_group (plain, "Name"));
  g_assert_null (kl_plain_ini_get (plain, "Source", "Version"));
  g_assert_null (kl_plain_ini_get (plain, "Boot", "Name"));
}

/* These are for GKeyFile to read, or to refuse. */
static void
test_others (void)
{
  static const char *const texts[] = {
    "a=b\n",                 /* outside of any group */
    "[A\n",                  /* no group */
    "[]\n",                  /* no name */
    "[A] \n",                /* a space behind it */
    "[A]\n[B]\n[A]\n",       /* a group that comes again */
    "[A]\nb=1\nb=2\n",       /* a key that does */
    "[A]\nb\n",              /* no value */
    "[A]\n=b\n",             /* no key */
    "[A]\nb =c\n",           /* spaces around it */
    "[A]\nb= c\n",           /* the same */
    "[A]\nb=c \n",           /* the same */
    "[A]\nb[de]=c\n",        /* of a language */
    "[A]\nb=c\\sd\n",        /* an escape */
    "[A]\nb=\xc3\xb6\n",     /* not ASCII */
    "[A]\nb=c\r\n",          /* as Windows ends lines */
    "[A]\n# b\n",            /* a comment */
    "[A]\nEncoding=UTF-8\n", /* GKeyFile looks at this one */
  };
  g_autofree char *long_text = g_strnfill (70000, 'x');
  g_autoptr (GString) many = g_string_new ("[A]\n");

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (KlPlainIni) plain = read_text (texts[i]);

      g_test_message ("%s", texts[i]);
      g_assert_null (plain);
    }
  for (int i = 0; i < 100; i++)
    g_string_append_printf (many, "k%d=\n", i);
  g_assert_null (read_text (many->str));
  memcpy (long_text, "[A]\nb=", 6);
  g_assert_null (read_text (long_text));
  g_assert_null (kl_plain_ini_new ("[A]\nb=\0c", 8));
}

/* Cut anywhere, or with one byte changed, it is refused or read as GKeyFile reads it. */
static void
test_damaged (void)
{
  const gsize length = strlen (RECORD);

  for (gsize i = 1; i < length; i++)
    for (guint byte = 0; byte < 256; byte += 3)
      {
        g_autofree char *text = g_strdup (RECORD);
        g_autoptr (KlPlainIni) plain = NULL;

        text[i] = (char) byte;
        plain = read_text (text);
        if (plain != NULL)
          assert_as_key_file (text);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plain-ini/is-read-as-a-key-file", test_plain);
  g_test_add_func ("/plain-ini/everything-else-is-left-to-others", test_others);
  g_test_add_func ("/plain-ini/damage-makes-no-difference", test_damaged);
  return g_test_run ();
}
