/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include <glib.h>
#include <glib/gi18n.h>

#include "core-text.h"

/* In the language of this program a sentence is put in brackets; these stand for GLib's own. */
static const char *
bracket (const char *text)
{
  g_autofree char *bracketed = g_strdup_printf ("[%s]", text);

  return g_intern_string (bracketed);
}

const char *
g_dgettext (G_GNUC_UNUSED const char *domain, const char *text)
{
  if (strcmp (text, "“%s” is for %s, not for %s") == 0)
    return "[not %3$s, but %2$s: %1$s]";
  return bracket (text);
}

const char *
g_dngettext (G_GNUC_UNUSED const char *domain, const char *one, const char *many, gulong n)
{
  return bracket (n == 1 ? one : many);
}

const char *
g_dpgettext (G_GNUC_UNUSED const char *domain, const char *text, G_GNUC_UNUSED gsize offset)
{
  const char *message = strchr (text, '\004') + 1;

  return strcmp (message, ".") == 0 ? "!" : "<%s> | <%s>";
}

static void
assert_text (const char *text, const char *wanted)
{
  g_autofree char *translated = kl_core_text_translate (text);

  g_assert_cmpstr (translated, ==, wanted);
}

static void
test_plain (void)
{
  assert_text ("Adding drivers", "[Adding drivers]");
  assert_text ("Copying boot.wim", "[Copying boot.wim]");
  assert_text ("“a.sys” is for x86, not for x64", "[not x64, but x86: a.sys]");
  assert_text ("what nobody says", "what nobody says");
  assert_text ("", "");
}

static void
test_nested (void)
{
  assert_text ("Cannot open “/a.wim”: it ends too early (wimlib error 65)",
               "[Cannot open “/a.wim”: [[it ends too early] (wimlib error 65)]]");
  assert_text ("The catalog entry “/c” is broken: “/c/image.ini” is no key file: of GLib",
               "[The catalog entry “/c” is broken: [“/c/image.ini” is no key file: of GLib]]");
  /* A row of sentences, with full stops of their own and without. */
  assert_text ("It is write-protected. The media password is weak. Something else",
               "[It is write-protected]! [The media password is weak.] Something else");
  /* A list in which some have a row. */
  assert_text ("“/dev/sdb” is not the drive that was chosen: the port differs. Chosen: Stick, "
               "serial 1, disk sequence 7. There now: Stick",
               "[“/dev/sdb” is not the drive that was chosen: [the port] differs. Chosen: Stick, "
               "[serial 1], [disk sequence 7]. There now: Stick]");
}

static void
test_preparation (void)
{
  assert_text ("Preparing boot image KDL00001 failed in step 4 of 9 (Adding deployment files), "
               "error 5: Cannot open “/x”: Permission denied",
               "[Preparing boot image KDL00001 failed in step 4 of 9 ([Adding deployment files]), "
               "error 5: [Cannot open “/x”: Permission denied]]");
  assert_text ("Preparing boot image KDL00001 failed in step 7 of 9 (Setting scratch space), "
               "error 13: The SYSTEM hive of the image has no key “Select”",
               "[Preparing boot image KDL00001 failed in step 7 of 9 ([Setting scratch space]), "
               "error 13: [The SYSTEM hive of the image [has no key “Select”]]]");
}

static void
test_plural (void)
{
  assert_text ("It shares 3 hardware IDs, such as “A”, with 1 other package.",
               "[It shares 3 hardware IDs, such as “A”, with 1 other package.]");
  assert_text ("It shares 1 hardware IDs, such as “A”, with 2 other packages.",
               "[It shares 1 hardware IDs, such as “A”, with 2 other packages.]");
  assert_text ("A graphics card finds it in about 2 days.",
               "[A graphics card finds it in about 2 days.]");
  assert_text ("A graphics card finds it in about 1 day.",
               "[A graphics card finds it in about 1 day.]");
}

static void
test_names (void)
{
  /* Quotation marks in them, and what reads like a sentence. */
  assert_text ("Cannot open “/the “best” one”: Permission denied",
               "[Cannot open “/the “best” one”: Permission denied]");
  assert_text ("Cannot open “/”: x”: Permission denied",
               "[Cannot open “/”: x”: Permission denied]");
  assert_text ("Cannot open “/it is empty”: no", "[Cannot open “/it is empty”: no]");
  assert_text ("Cannot open “it is “empty””: it is empty",
               "[Cannot open “it is “empty””: [it is empty]]");
  /* What core has given stands in marks, too. */
  assert_text ("“partition table” reads back differently, between byte 1 and byte 2 of the medium",
               "[“[partition table]” reads back differently, between byte 1 and byte 2 of the "
               "medium]");
  assert_text ("“/a” is gone; 5 bytes are recorded. It is not in “/b”, “/c”, “/d” either",
               "[“/a” is gone; 5 bytes are recorded]! [It is not in “/b> | </c> | </d” either]");
  assert_text ("“/a” holds 2 WIM files that could be meant; give one of them: “/b”, “/c”",
               "[“/a” holds 2 WIM files that could be meant; give one of them: </b> | </c>]");
  assert_text ("Image 2 of “/a”, “PE”, cannot be started: it has neither winload.exe nor "
               "winload.efi",
               "[Image 2 of “/a”, “PE”, cannot be started: it has neither winload.exe nor "
               "winload.efi]");
  assert_text ("\xff", "\uFFFD");
}

static void
test_longest_first (void)
{
  assert_text ("Cannot write “/a” out of “/b.cab”: no room",
               "[Cannot write “/a” out of “/b.cab”: no room]");
  assert_text ("“/a” is damaged: a part cannot be read",
               "[“/a” is damaged: a part cannot be read]");
  assert_text ("“/a” is damaged: it is empty", "[“/a” is damaged: [it is empty]]");
  assert_text ("“/a” is not a file of 5 bytes", "[“/a” is not a file of 5 bytes]");
}

/* Both texts of a row; the plural of others is NULL. */
#define PLURAL(singular, plural) singular, plural
static const struct
{
  const char *text;
  const char *plural;
} rows[] = {
#include "core-texts-images.h"
#include "core-texts-media.h"
};

/* @format: with 7 for each number and Xx for each text. */
static char *
dup_filled (const char *format)
{
  GString *text = g_string_new (format);

  g_string_replace (text, "%u", "7", 0);
  g_string_replace (text, "%s", "Xx", 0);
  return g_string_free (text, FALSE);
}

static void
assert_row (const char *format)
{
  g_autofree char *text = dup_filled (format);
  g_autofree char *wanted = g_strdup_printf ("[%s]", text);

  if (strcmp (format, "“%s” is for %s, not for %s") != 0)
    assert_text (text, wanted);
}

static void
test_every_row (void)
{
  gint64 start = g_get_monotonic_time (), worst = 0;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const gint64 before = g_get_monotonic_time ();

      if (rows[i].plural == NULL)
        assert_row (rows[i].text);
      else
        assert_row (rows[i].plural);
      worst = MAX (worst, g_get_monotonic_time () - before);
    }
  g_test_message ("%u rows, %.1f µs a text, %d µs at most", (guint) G_N_ELEMENTS (rows),
                  (double) (g_get_monotonic_time () - start) / G_N_ELEMENTS (rows), (int) worst);
}

/* Names that make every place look like the end of an argument. */
static void
test_slow_names (void)
{
  const char *const pieces[]
      = { "”", "” ", "”: ", "”, “", ", ", "\\”: “", ". ", "”: Cannot open “" };

  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      GString *text = g_string_new ("Cannot open “");
      const gint64 start = g_get_monotonic_time ();
      g_autofree char *translated = NULL;

      while (text->len < 4096)
        g_string_append (text, pieces[i]);
      g_string_append (text, "”: no");
      translated = kl_core_text_translate (text->str);
      g_test_message ("%s: %d ms", pieces[i], (int) ((g_get_monotonic_time () - start) / 1000));
      g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_TIME_SPAN_SECOND);
      g_string_free (text, TRUE);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core-text/a-sentence-is-translated", test_plain);
  g_test_add_func ("/core-text/reasons-within-sentences-are-too", test_nested);
  g_test_add_func ("/core-text/the-step-of-a-failed-preparation-is-too", test_preparation);
  g_test_add_func ("/core-text/the-last-number-counts", test_plural);
  g_test_add_func ("/core-text/names-stay", test_names);
  g_test_add_func ("/core-text/what-says-most-is-tried-first", test_longest_first);
  g_test_add_func ("/core-text/every-row-is-found", test_every_row);
  g_test_add_func ("/core-text/no-name-makes-it-slow", test_slow_names);

  return g_test_run ();
}
