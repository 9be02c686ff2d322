/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/variables.h"

#include <string.h>

#include "base/error.h"

static KlVariables *
parse (const char *xml, GError **error)
{
  g_autoptr (KlSecret) secret = kl_secret_new_text (xml);

  return kl_variables_parse_xml (secret, error);
}

static void
assert_value (KlVariables *variables, guint position, const char *name, const char *value)
{
  g_assert_cmpstr (kl_variables_get_name (variables, position), ==, name);
  g_assert_cmpstr (kl_secret_get_text (kl_variables_get_value (variables, position)), ==, value);
}

static void
test_written_text (void)
{
  g_autoptr (KlVariables) variables = kl_variables_new ();
  g_autoptr (KlSecret) xml = NULL;

  kl_variables_append (variables, "_SMSTSSiteCode", "ABC");
  kl_variables_append_hex (variables, "_SMSTSMediaPFX", "\x30\xfa\x00", 3);
  kl_variables_append (variables, "Own", "<&>\"'\r\n€");
  xml = kl_variables_to_xml (variables);
  g_assert_cmpstr (kl_secret_get_text (xml), ==,
                   "<?xml version=\"1.0\"?><MediaVarList>"
                   "<var name=\"_SMSTSSiteCode\">ABC</var>"
                   "<var name=\"_SMSTSMediaPFX\">30FA00</var>"
                   "<var name=\"Own\">&lt;&amp;&gt;&quot;'&#13;\n€</var>"
                   "</MediaVarList>");
}

static void
test_foreign_spellings (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KlVariables) variables = parse (
      "<?xml version='1.0' encoding=\"utf-16\"?>\r\n<!-- made elsewhere -->\n"
      "<MediaVarList Version=\"4.00\" other='x'>\n"
      "  <var flags='2' name=\"A\" type = \"text\"><![CDATA[<1> & ]] 2]]></var>\n"
      "  <var name='B'>a<!-- no -->b<![CDATA[c]]>&#x1D11E;&#65;&apos;</var><var name=\"C\"/>"
      "<var name=\"D\"></var >\r\n <var name='E'>1\r\n2\r3</var></MediaVarList>\n",
      &error);

  g_assert_no_error (error);
  g_assert_cmpuint (kl_variables_get_length (variables), ==, 5);
  assert_value (variables, 0, "A", "<1> & ]] 2");
  assert_value (variables, 1, "B",
                "abc\xf0\x9d\x84\x9e"
                "A'");
  assert_value (variables, 2, "C", "");
  assert_value (variables, 3, "D", "");
  assert_value (variables, 4, "E", "1\n2\n3");
  g_assert_true (kl_variables_find (variables, "b") == kl_variables_get_value (variables, 1));
  g_assert_null (kl_variables_find (variables, "nobody"));
}

static void
test_refused (void)
{
  static const char *const documents[] = {
    "",
    "plain",
    "<MediaVarList>",
    "<Other/>",
    "<MediaVarList/>x",
    "<MediaVarList/><MediaVarList/>",
    "<MediaVarList><var name=\"A\">x</var>",
    "<MediaVarList><var>x</var></MediaVarList>",
    "<MediaVarList><var name=\"\">x</var></MediaVarList>",
    "<MediaVarList><var name=\"A\" name=\"B\">x</var></MediaVarList>",
    "<MediaVarList><var name=A>x</var></MediaVarList>",
    "<MediaVarList><var name=\"A\">x</other></MediaVarList>",
    "<MediaVarList><var name=\"A\">&unknown;</var></MediaVarList>",
    "<MediaVarList><var name=\"A\">&#0;</var></MediaVarList>",
    "<MediaVarList><var name=\"A\">&#xD800;</var></MediaVarList>",
    "<MediaVarList><var name=\"A\">&#11;</var></MediaVarList>",
    "<MediaVarList><var name=\"A\">&amp</var></MediaVarList>",
    "<MediaVarList><var name=\"A\">\x01</var></MediaVarList>",
    "<MediaVarList><var name=\"A\"><b>x</b></var></MediaVarList>",
    "<MediaVarList><set name=\"A\">x</set></MediaVarList>",
    "<MediaVarList>text</MediaVarList>",
    "<MediaVarList><var name=\"A\"><![CDATA[x</var></MediaVarList>",
    "<MediaVarList><!-- x</MediaVarList>",
    "<!DOCTYPE x [<!ENTITY a \"b\">]><MediaVarList/>",
    "<MediaVarList><var name=\"A\">\xff</var></MediaVarList>",
    "<MediaVarList a='1' b='1' c='1' d='1' e='1' f='1' g='1' h='1' i='1' j='1' k='1' l='1' m='1' "
    "n='1' o='1' p='1' q='1'/>",
  };

  for (guint i = 0; i < G_N_ELEMENTS (documents); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (KlVariables) variables = parse (documents[i], &error);

      if (variables != NULL)
        g_error ("“%s” was accepted", documents[i]);
      g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
      g_assert_nonnull (strstr (error->message, "at byte"));
    }
}

static void
test_bounds (void)
{
  g_autoptr (GString) xml = g_string_new ("<MediaVarList>");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i <= KL_VARIABLES_MAX; i++)
    g_string_append (xml, "<var name=\"A\"/>");
  g_string_append (xml, "</MediaVarList>");
  g_assert_null (parse (xml->str, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "too many variables"));
}

static KlVariables *
parse_wide (const char *text, const char *end, gsize end_length, GError **error)
{
  g_autoptr (KlSecret) secret = kl_secret_new_text (text);
  g_autoptr (KlSecret) wide = kl_secret_new_utf16 (secret);
  g_autoptr (KlSecret) plaintext = kl_secret_new_sized (kl_secret_get_length (wide) + end_length);

  memcpy (kl_secret_get_buffer (plaintext), kl_secret_get_data (wide), kl_secret_get_length (wide));
  memcpy (kl_secret_get_buffer (plaintext) + kl_secret_get_length (wide), end, end_length);
  return kl_variables_parse_plaintext (plaintext, error);
}

static void
test_ends_of_the_text (void)
{
  static const char text[] = "<MediaVarList><var name=\"A\">b</var></MediaVarList>";
  static const struct
  {
    const char *start, *end;
    gsize end_length;
  } rows[] = {
    { "", "", 0 },           { "", "\0\0", 2 },         { "\xef\xbb\xbf", "\0\0", 2 },
    { "", "\xff\xff", 2 },   { "", "\0\0\xff\xff", 4 }, { "", "\0\0junk", 6 },
    { "", "\xff\xfe\0", 3 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *whole = g_strconcat (rows[i].start, text, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (KlVariables) variables
          = parse_wide (whole, rows[i].end, rows[i].end_length, &error);

      if (i == 6)
        {
          /* U+FEFF in the file's order of bytes is FF FE. */
          g_assert_no_error (error);
          continue;
        }
      g_assert_no_error (error);
      assert_value (variables, 0, "A", "b");
    }
}

/* Random names and values, surrogates included, come back as they were. */
static void
test_random_lists (void)
{
  for (guint round = 0; round < 200; round++)
    {
      g_autoptr (KlVariables) variables = kl_variables_new ();
      g_autoptr (KlVariables) back = NULL;
      g_autoptr (KlSecret) plaintext = NULL;
      g_autoptr (GError) error = NULL;
      const guint n = (guint) g_test_rand_int_range (0, 12);

      for (guint i = 0; i < n; i++)
        {
          g_autoptr (GString) value = g_string_new (NULL);
          g_autofree char *name = g_strdup_printf ("Name%u", i);

          for (gint k = g_test_rand_int_range (0, 40); k > 0; k--)
            {
              static const gunichar odd[] = { '\t', '\n', '\r', '<', '&', '>', ']', 0x85, 0x2028 };
              gunichar character = (gunichar) g_test_rand_int_range (0x20, 0x10ffff);

              if (k % 3 == 0)
                character = odd[g_test_rand_int_range (0, G_N_ELEMENTS (odd))];
              if ((character < 0xd800 || character > 0xdfff) && (character & 0xfffe) != 0xfffe)
                g_string_append_unichar (value, character);
            }
          kl_variables_append (variables, name, value->str);
        }

      plaintext = kl_variables_to_plaintext (variables);
      back = kl_variables_parse_plaintext (plaintext, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (kl_variables_get_length (back), ==, n);
      for (guint i = 0; i < n; i++)
        g_assert_true (kl_secret_equal (kl_variables_get_value (back, i),
                                        kl_variables_get_value (variables, i)));
    }
}

static void
test_mutations (void)
{
  static const char document[] = "<?xml version=\"1.0\"?><MediaVarList a='b'><!--c--><var "
                                 "name=\"A\">x&amp;<![CDATA[y]]></var></MediaVarList>";
  g_autoptr (GRand) random = g_rand_new_with_seed (20261120);

  for (guint round = 0; round < 5000; round++)
    {
      g_autofree char *copy = g_strdup (document);
      g_autoptr (KlVariables) variables = NULL;
      g_autoptr (GError) error = NULL;

      for (gint i = g_rand_int_range (random, 1, 4); i > 0; i--)
        copy[g_rand_int_range (random, 0, sizeof document - 1)]
            = "<>&;\"'/!-[]A=? \x01\x7f"[g_rand_int_range (random, 0, 17)];
      if (round % 3 == 0)
        copy[g_rand_int_range (random, 0, sizeof document - 1)] = '\0';
      variables = parse (copy, &error);
      g_assert_true ((variables == NULL) == (error != NULL));
    }
}

static void
assert_own (const char *name, const char *value, const char *word)
{
  g_autoptr (KlSecret) secret = kl_secret_new_text (value);
  g_autoptr (GError) error = NULL;
  gboolean ok = kl_variable_check_own (name, secret, &error);

  if (word == NULL)
    {
      g_assert_no_error (error);
      g_assert_true (ok);
      return;
    }
  g_assert_false (ok);
  g_assert_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT);
  if (strstr (error->message, word) == NULL)
    g_error ("“%s” is not in “%s”", word, error->message);
}

static void
test_own_variables (void)
{
  g_autofree char *long_name = g_strnfill (256, 'n');
  g_autofree char *fits = g_strnfill (255, 'n');
  g_autofree char *long_value = g_strnfill (KL_VARIABLE_VALUE_MAX + 1, 'v');

  assert_own ("OSDComputerName", "PC-1", NULL);
  assert_own ("Straße_1.a-b", "€ <&>\r\n\t", NULL);
  assert_own (fits, "", NULL);
  assert_own ("_SMSTSMP", "x", "reserved");
  assert_own ("SMSTSMP", "x", "site profile");
  assert_own ("smstslocationmps", "x", "site profile");
  assert_own ("", "x", "no name");
  assert_own (NULL, "x", "no name");
  assert_own ("a b", "x", "U+0020");
  assert_own ("a=b", "x", "U+003D");
  assert_own (long_name, "x", "256 characters");
  assert_own ("A", "a\x01z", "U+0001");
  assert_own ("A", "\xef\xbf\xbf", "U+FFFF");
  assert_own ("A", long_value, "at most");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/variables/text-is-escaped-and-in-order", test_written_text);
  g_test_add_func ("/variables/foreign-spellings-are-read", test_foreign_spellings);
  g_test_add_func ("/variables/what-is-no-list-is-refused", test_refused);
  g_test_add_func ("/variables/number-is-bounded", test_bounds);
  g_test_add_func ("/variables/any-end-of-the-text-is-read", test_ends_of_the_text);
  g_test_add_func ("/variables/random-lists-come-back", test_random_lists);
  g_test_add_func ("/variables/mutations-give-an-error-or-a-list", test_mutations);
  g_test_add_func ("/variables/own-variables-are-checked", test_own_variables);
  return g_test_run ();
}
