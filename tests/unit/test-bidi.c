/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib.h>

#include "bidi.h"
#include "core-text.h"

static void
assert_text (char *text, const char *wanted)
{
  g_assert_cmpstr (text, ==, wanted);
  g_free (text);
}

static void
test_left_to_right (void)
{
  kl_bidi_set_rtl (FALSE);
  assert_text (kl_bidi_printf ("“%s” has %u files (%s)", "/a", 3u, "2 MB"),
               "“/a” has 3 files (2 MB)");
  assert_text (kl_bidi_isolate ("/a"), "/a");
  assert_text (kl_bidi_join (" · ", "a", "b", NULL), "a · b");
  assert_text (kl_core_text_translate ("Writing /a/b.wim"), "Writing /a/b.wim");
}

static void
test_right_to_left (void)
{
  kl_bidi_set_rtl (TRUE);
  assert_text (kl_bidi_printf ("“%s” has %u files (%s)", "/a", 3u, "2 MB"),
               "\u200f“\u2068/a\u2069” has \u20683\u2069 files (\u20682 MB\u2069)");
  /* Places, lengths and what is no argument. */
  assert_text (kl_bidi_printf ("%2$s: %1$'5.1f of 100 %%", 1.25, "x"),
               "\u200f\u2068x\u2069: \u2068  1.2\u2069 of 100 %");
  assert_text (kl_bidi_printf ("no argument"), "\u200fno argument");
  assert_text (kl_bidi_isolate (""), "");
  assert_text (kl_bidi_isolate ("KDL00001"), "\u2068KDL00001\u2069");
  assert_text (kl_bidi_join (" · ", "a", "b", NULL), "\u200f\u2068a\u2069 · \u2068b\u2069");
  assert_text (kl_bidi_join (" · ", NULL, NULL), "");
  /* Also what is in the sentences of core. */
  assert_text (kl_core_text_translate ("Writing /a/b.wim"), "Writing \u2068/a/b.wim\u2069");
  kl_bidi_set_rtl (FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/bidi/left-to-right-is-as-it-was", test_left_to_right);
  g_test_add_func ("/bidi/right-to-left-isolates-what-is-filled-in", test_right_to_left);

  return g_test_run ();
}
