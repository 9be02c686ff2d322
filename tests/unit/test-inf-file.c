/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "driver/inf-file.h"

#include <string.h>

#include "base/error.h"

static char *
grammar_path (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "..", "fixtures", "inf", "grammar", name, NULL);
}

static KlInfFile *
load (const char *name)
{
  g_autofree char *path = grammar_path (name);
  g_autoptr (GError) error = NULL;
  KlInfFile *inf = kl_inf_file_load (path, &error);

  g_assert_no_error (error);
  g_assert_nonnull (inf);
  return inf;
}

static KlInfFile *
parse (const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;
  KlInfFile *inf = kl_inf_file_parse (bytes, "x.inf", &error);

  g_assert_no_error (error);
  return inf;
}

/* "key|value|value" of the line of a section; "-" for no key. */
static void
assert_line (const KlInfFile *inf, const char *section, guint index, const char *expected)
{
  guint n_lines;
  const KlInfLine *lines = kl_inf_file_get_lines (inf, section, &n_lines);
  g_autoptr (GString) text = NULL;

  g_assert_cmpuint (index, <, n_lines);
  text = g_string_new (lines[index].key != NULL ? lines[index].key : "-");
  for (guint i = 0; i < lines[index].n_values; i++)
    g_string_append_printf (text, "|%s", lines[index].values[i]);
  g_assert_cmpstr (text->str, ==, expected);
}

static void
assert_rules (const char *name)
{
  g_autoptr (KlInfFile) inf = load (name);

  g_assert_false (kl_inf_file_has_section (inf, ""));
  g_assert_cmpuint (kl_inf_file_get_n_lines (inf, "PLAIN"), ==, 6);
  assert_line (inf, "Plain", 0, "key|value");
  assert_line (inf, "Plain", 1, "KEY|second|third");
  assert_line (inf, "Plain", 2, "-|alone");
  assert_line (inf, "Plain", 3, "-|a|b|c");
  assert_line (inf, "plain", 4, "key|from the second section of that name");
  g_assert_cmpstr (kl_inf_file_get_value (inf, "Plain", "Key"), ==, "value");

  g_assert_cmpuint (kl_inf_file_get_n_lines (inf, "Comments"), ==, 4);
  assert_line (inf, "Comments", 0, "one|a");
  assert_line (inf, "Comments", 1, "two|a ; b");
  assert_line (inf, "Comments", 2, "three|a;b");
  assert_line (inf, "Comments", 3, "four|50% off");

  assert_line (inf, "Continued", 0, "long|a|b|c");
  assert_line (inf, "Continued", 1, "folder|1|x64\\");
  assert_line (inf, "quoted section", 0, "say|He said \"no\"");
  assert_line (inf, "Quoted Section", 1, "mixed|a, bc d");
  assert_line (inf, "Quoted Section", 2, "open|never closed, still one");
  assert_line (inf, "Quoted Section", 3, "empty|");
  assert_line (inf, "Quoted Section", 4, "nothing|||");
  g_assert_null (kl_inf_file_get_value (inf, "Quoted Section", "empty"));

  assert_line (inf, "Tokens", 0, "Wert|Wert|xWerty|in Wert quotes");
  assert_line (inf, "Tokens", 1, "unknown|%NotThere%");
  assert_line (inf, "Tokens", 2, "percent|100%");
  assert_line (inf, "Tokens", 3, "english|English");
  assert_line (inf, "Tokens", 4, "german|%OnlyGerman%");
  assert_line (inf, "Tokens", 5, "fallback|plain");
  assert_line (inf, "Tokens", 6, "unquoted|Kindling, Inc.");
}

static void
test_rules_utf8 (void)
{
  assert_rules ("rules-utf8.inf");
}

static void
test_rules_utf16le (void)
{
  assert_rules ("rules-utf16le.inf");
}

static void
test_rules_utf16be (void)
{
  assert_rules ("rules-utf16be.inf");
}

static void
assert_umlauts (const char *name)
{
  g_autoptr (KlInfFile) inf = load (name);

  g_assert_cmpstr (kl_inf_file_get_value (inf, "Text", "v"), ==, "Größe — 5 €");
}

static void
test_encodings (void)
{
  assert_umlauts ("umlauts-cp1252.inf");
  assert_umlauts ("umlauts-utf8.inf");
  assert_umlauts ("umlauts-utf16le.inf");
}

static void
test_line_numbers (void)
{
  g_autoptr (KlInfFile) inf = parse ("; one\r\n[A]\r\nb = c, \\\r\n  d\r\n\r\ne = f\r\n");

  g_assert_cmpuint (kl_inf_file_find_line (inf, "a", "b")->number, ==, 3);
  g_assert_cmpuint (kl_inf_file_find_line (inf, "a", "e")->number, ==, 6);
}

static void
test_backslash_before_another_entry (void)
{
  g_autoptr (KlInfFile) inf
      = parse ("[A]\nx.sys = 1,sub\\\ny.sys = 1,other\\\n\nz = a,\\\nb = c\nr = a b \\\n c\n");

  g_assert_cmpuint (kl_inf_file_get_n_lines (inf, "A"), ==, 4);
  assert_line (inf, "A", 0, "x.sys|1|sub\\");
  assert_line (inf, "A", 1, "y.sys|1|other\\");
  assert_line (inf, "A", 2, "z|a|b = c");
  assert_line (inf, "A", 3, "r|a b c");
}

static void
assert_refused (GString *text, const char *words)
{
  g_autoptr (GBytes) bytes = g_string_free_to_bytes (text);
  g_autoptr (GError) error = NULL;

  g_assert_null (kl_inf_file_parse (bytes, "x.inf", &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  if (strstr (error->message, words) == NULL || strstr (error->message, "x.inf") == NULL)
    g_error ("The message “%s” lacks “%s”", error->message, words);
}

static GString *
repeated (const char *start, const char *piece, guint times, const char *end)
{
  GString *text = g_string_new (start);

  for (guint i = 0; i < times; i++)
    g_string_append (text, piece);
  return g_string_append (text, end);
}

static void
test_limits (void)
{
  GString *sections = g_string_new (NULL);

  assert_refused (repeated ("[A]\nk = ", "x", 4093, "\n"), "line 2 is longer than 4096");
  assert_refused (repeated ("[A]\nk = ", "x, \\\n", 2000, "y\n"), "line 2 is longer than 4096");
  assert_refused (repeated ("[", "n", 256, "]\n"), "line 1 names a section");
  assert_refused (repeated ("[A]\n", "x\n", 500001, ""), "over 500000");
  assert_refused (repeated ("", "; sixteen bytes\n", 1048577, ""), "more than 16 MiB");
  for (guint i = 0; i <= 32768; i++)
    g_string_append_printf (sections, "[s%u]\n", i);
  assert_refused (sections, "section 32769");
}

static void
test_limits_are_reached (void)
{
  g_autoptr (GString) line = repeated ("[A]\nk=", "x", 4094, "\n");
  g_autoptr (GString) section = repeated ("[", "n", 255, "]\na=b\n");
  g_autoptr (KlInfFile) one = parse (line->str);
  g_autoptr (KlInfFile) other = parse (section->str);

  g_assert_cmpuint (strlen (kl_inf_file_get_value (one, "A", "k")), ==, 4094);
  section->str[256] = '\0';
  g_assert_cmpstr (kl_inf_file_get_value (other, section->str + 1, "a"), ==, "b");
}

/* A short file whose tokens would make gigabytes. */
static void
test_token_bombs (void)
{
  GString *line = repeated ("[Strings]\nt = ", "x", 4000, "\n[A]\nk = ");
  GString *file = repeated ("[Strings]\nt = ", "x", 4000, "\n[A]\n");

  for (guint i = 0; i < 1000; i++)
    g_string_append (line, "%t%");
  assert_refused (line, "line 4 is too long once its tokens");
  for (guint i = 0; i < 100000; i++)
    g_string_append (file, "k=%t%\n");
  assert_refused (file, "more than 64 MiB");
}

static void
test_odd_ends (void)
{
  const char utf16[] = "\xff\xfe[\0A\0]\0\n\0k\0=\0v\0\x3d\xd8\0";
  g_autoptr (GBytes) bytes = g_bytes_new_static (utf16, sizeof utf16 - 1);
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GError) error = NULL;
  g_autoptr (KlInfFile) inf = kl_inf_file_parse (bytes, "x.inf", &error);
  g_autoptr (KlInfFile) nothing = kl_inf_file_parse (empty, "x.inf", &error);
  g_autoptr (KlInfFile) open_bracket = parse ("[A\nk=v");
  g_autoptr (KlInfFile) ctrl_z = parse ("[A]\nk=v\n\x1a");

  g_assert_no_error (error);
  g_assert_cmpstr (kl_inf_file_get_value (inf, "A", "k"), ==, "v\xef\xbf\xbd");
  g_assert_false (kl_inf_file_has_section (nothing, "Version"));
  g_assert_cmpstr (kl_inf_file_get_value (open_bracket, "A", "k"), ==, "v");
  g_assert_cmpuint (kl_inf_file_get_n_lines (ctrl_z, "A"), ==, 1);
}

static void
assert_sound (const KlInfFile *inf)
{
  static const char *const sections[] = { "Version", "Plain", "Tokens", "Continued", "Strings" };

  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    {
      guint n_lines;
      const KlInfLine *lines = kl_inf_file_get_lines (inf, sections[i], &n_lines);

      for (guint k = 0; k < n_lines; k++)
        for (guint n = 0; n < lines[k].n_values; n++)
          g_assert_true (g_utf8_validate (lines[k].values[n], -1, NULL));
    }
}

static void
test_mutations (void)
{
  static const char *const names[] = { "rules-utf8.inf", "rules-utf16le.inf", "rules-utf16be.inf" };
  static const char special[] = "[]\"%;\\,=\n\r\0\x1a \x80\xff.";
  g_autoptr (GRand) random = g_rand_new_with_seed (20260131);
  guint n_parsed = 0;

  for (guint i = 0; i < 30000; i++)
    {
      static char *contents[G_N_ELEMENTS (names)];
      static gsize sizes[G_N_ELEMENTS (names)];
      const guint which = i % G_N_ELEMENTS (names);
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (KlInfFile) inf = NULL;
      g_autoptr (GError) error = NULL;
      gsize size;
      guint8 *copy;

      if (contents[which] == NULL)
        {
          g_autofree char *path = grammar_path (names[which]);

          g_assert_true (g_file_get_contents (path, &contents[which], &sizes[which], NULL));
        }
      size
          = i % 4 == 0 ? (gsize) g_rand_int_range (random, 1, (gint32) sizes[which]) : sizes[which];
      copy = g_memdup2 (contents[which], size);
      for (gint k = g_rand_int_range (random, 1, 12); k > 0; k--)
        copy[g_rand_int_range (random, 0, (gint32) size)]
            = k % 3 == 0 ? (guint8) g_rand_int (random)
                         : (guint8) special[g_rand_int_range (random, 0, sizeof special - 1)];
      bytes = g_bytes_new_take (copy, size);
      inf = kl_inf_file_parse (bytes, "m.inf", &error);
      if (inf != NULL)
        assert_sound (inf);
      else
        g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
      n_parsed += inf != NULL;
    }
  g_assert_cmpuint (n_parsed, >, 29000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/inf-file/rules-hold-in-utf8", test_rules_utf8);
  g_test_add_func ("/inf-file/rules-hold-in-utf16-little-endian", test_rules_utf16le);
  g_test_add_func ("/inf-file/rules-hold-in-utf16-big-endian", test_rules_utf16be);
  g_test_add_func ("/inf-file/encodings-are-told-apart", test_encodings);
  g_test_add_func ("/inf-file/lines-know-their-number", test_line_numbers);
  g_test_add_func ("/inf-file/a-backslash-before-another-entry-ends-a-folder",
                   test_backslash_before_another_entry);
  g_test_add_func ("/inf-file/what-is-beyond-a-limit-is-refused", test_limits);
  g_test_add_func ("/inf-file/what-is-at-a-limit-is-taken", test_limits_are_reached);
  g_test_add_func ("/inf-file/token-bombs-are-refused", test_token_bombs);
  g_test_add_func ("/inf-file/odd-ends-do-no-harm", test_odd_ends);
  g_test_add_func ("/inf-file/mutated-files-get-an-answer", test_mutations);
  return g_test_run ();
}
