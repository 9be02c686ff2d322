/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-help-page"

#include "config.h"

#include "window/help-page.h"

#include <string.h>

#include "help-codes.h"

#define HELP_PATH "/org/kindling/Kindling/help"

/* What is known while a page is read. */
typedef struct
{
  GPtrArray *blocks; /* of KlHelpBlock */
  GString *title;
  gboolean in_title;
  GString *text; /* of the block that is open; NULL between two */
  KlHelpKind kind;
  char *id;
  gboolean ordered;
  guint number; /* of the last item of the list */
} Reading;

static const struct
{
  const char *element;
  KlHelpKind kind;
} kinds[] = {
  { "h1", KL_HELP_HEADING },  { "h2", KL_HELP_SUBHEADING }, { "p", KL_HELP_PARAGRAPH },
  { "li", KL_HELP_ITEM },     { "dt", KL_HELP_TERM },       { "dd", KL_HELP_DEFINITION },
  { "pre", KL_HELP_LISTING },
};

/* Element of the page → element of a label's markup. */
static const struct
{
  const char *element;
  const char *markup;
} inlines[] = { { "b", "b" }, { "code", "tt" }, { "kbd", "tt" } };

static const char *const structure[]
    = { "html", "head", "meta", "title", "body", "ul", "ol", "dl", NULL };

void
kl_help_block_free (KlHelpBlock *self)
{
  g_free (self->markup);
  g_free (self->id);
  g_free (self);
}

static gboolean
find_kind (const char *element, KlHelpKind *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].element, element))
      {
        *kind = kinds[i].kind;
        return TRUE;
      }
  return FALSE;
}

static const char *
find_inline (const char *element)
{
  for (guint i = 0; i < G_N_ELEMENTS (inlines); i++)
    if (g_str_equal (inlines[i].element, element))
      return inlines[i].markup;
  return NULL;
}

static const char *
find_attribute (const char **names, const char **values, const char *wanted)
{
  for (guint i = 0; names[i] != NULL; i++)
    if (g_str_equal (names[i], wanted))
      return values[i];
  return NULL;
}

static void
open_block (Reading *self, KlHelpKind kind, const char *id)
{
  self->kind = kind;
  self->text = g_string_new (NULL);
  self->id = g_strdup (id);
}

static void
start_element (GMarkupParseContext *context,
               const char *element,
               const char **names,
               const char **values,
               gpointer user_data,
               GError **error)
{
  Reading *self = user_data;
  const char *href = find_attribute (names, values, "href");
  KlHelpKind kind;

  self->in_title = g_str_equal (element, "title");
  if (g_str_equal (element, "ul") || g_str_equal (element, "ol"))
    {
      self->ordered = g_str_equal (element, "ol");
      self->number = 0;
    }
  else if (self->text != NULL && find_inline (element) != NULL)
    g_string_append_printf (self->text, "<%s>", find_inline (element));
  else if (self->text != NULL && g_str_equal (element, "a") && href != NULL)
    {
      g_autofree char *markup = g_markup_printf_escaped ("<a href=\"%s\">", href);

      g_string_append (self->text, markup);
    }
  else if (self->text == NULL && find_kind (element, &kind))
    open_block (self, kind, find_attribute (names, values, "id"));
  else if (!g_strv_contains (structure, element))
    g_set_error (error, G_MARKUP_ERROR, G_MARKUP_ERROR_UNKNOWN_ELEMENT,
                 "<%s> does not belong there", element);
}

static void
close_block (Reading *self)
{
  KlHelpBlock *block = g_new0 (KlHelpBlock, 1);

  block->kind = self->kind;
  block->id = g_steal_pointer (&self->id);
  if (self->kind == KL_HELP_ITEM && self->ordered)
    block->number = ++self->number;
  block->markup = g_strstrip (g_string_free (g_steal_pointer (&self->text), FALSE));
  g_ptr_array_add (self->blocks, block);
}

static void
end_element (GMarkupParseContext *context, const char *element, gpointer user_data, GError **error)
{
  Reading *self = user_data;
  KlHelpKind kind;

  self->in_title = FALSE;
  if (self->text == NULL)
    return;
  if (find_inline (element) != NULL)
    g_string_append_printf (self->text, "</%s>", find_inline (element));
  else if (g_str_equal (element, "a"))
    g_string_append (self->text, "</a>");
  else if (find_kind (element, &kind) && kind == self->kind)
    close_block (self);
}

/* Lines are broken anew, but in a listing. */
static void
read_text (GMarkupParseContext *context,
           const char *text,
           gsize length,
           gpointer user_data,
           GError **error)
{
  Reading *self = user_data;
  g_autofree char *escaped = g_markup_escape_text (text, (gssize) length);

  if (self->in_title)
    g_string_append_len (self->title, text, (gssize) length);
  if (self->text == NULL)
    return;
  if (self->kind != KL_HELP_LISTING)
    g_strdelimit (escaped, "\n", ' ');
  g_string_append (self->text, escaped);
}

/**
 * kl_help_page_parse:
 * @text: XHTML of which only what the manual uses is known
 * @title: (out) (transfer full): of the page
 *
 * Errors: those of GMarkup; an element that is not known is one.
 *
 * Returns: (transfer full) (element-type KlHelpBlock) (nullable): the page from top to bottom
 */
GPtrArray *
kl_help_page_parse (const char *text, gssize length, char **title, GError **error)
{
  static const GMarkupParser parser
      = { .start_element = start_element, .end_element = end_element, .text = read_text };
  g_autoptr (GPtrArray) blocks
      = g_ptr_array_new_with_free_func ((GDestroyNotify) kl_help_block_free);
  g_autoptr (GString) page_title = g_string_new (NULL);
  Reading reading = { .blocks = blocks, .title = page_title };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &reading, NULL);
  const gboolean read = g_markup_parse_context_parse (context, text, length, error)
                        && g_markup_parse_context_end_parse (context, error);

  if (reading.text != NULL)
    g_string_free (reading.text, TRUE);
  g_free (reading.id);
  if (!read)
    return NULL;

  *title = g_strdup (page_title->str);
  return g_steal_pointer (&blocks);
}

/**
 * kl_help_page_load:
 * @name: such as “drives”
 *
 * Reads a page in the language of the user where there is one, else in English. The list of codes
 * comes into a translated page only here, as its texts are translated with the program.
 *
 * Errors: G_RESOURCE_ERROR_NOT_FOUND, and those of kl_help_page_parse().
 *
 * Returns: (transfer full) (element-type KlHelpBlock) (nullable): the page from top to bottom
 */
GPtrArray *
kl_help_page_load (const char *name, char **title, GError **error)
{
  const char *const *languages = g_get_language_names ();
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;
  const char *mark;

  for (guint i = 0; bytes == NULL && languages[i] != NULL; i++)
    {
      g_autofree char *path = g_strdup_printf (HELP_PATH "/%s/%s.html", languages[i], name);

      bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
    }
  if (bytes == NULL)
    {
      g_autofree char *path = g_strdup_printf (HELP_PATH "/C/%s.html", name);

      bytes = g_resources_lookup_data (path, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
    }
  if (bytes == NULL)
    return NULL;

  text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  mark = strstr (text, KL_HELP_CODES_MARK);
  if (mark != NULL)
    {
      g_autofree char *page = g_steal_pointer (&text);
      g_autofree char *codes = kl_help_codes_dup (FALSE);

      text = g_strdup_printf ("%.*s%s%s", (int) (mark - page), page, codes,
                              mark + strlen (KL_HELP_CODES_MARK));
    }
  return kl_help_page_parse (text, -1, title, error);
}
