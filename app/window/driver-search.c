/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-driver-search"

#include "config.h"

#include "window/driver-search.h"

#include <string.h>

typedef struct
{
  KlDriverSurvey *survey; /* owned */
  GPtrArray *items;       /* owned; of KlDriverItem */
  char *text;             /* owned */
  KlDriverClass class;
} Search;

static void
search_free (gpointer data)
{
  Search *search = data;

  g_ptr_array_unref (search->items);
  kl_driver_survey_unref (search->survey);
  g_free (search->text);
  g_free (search);
}

static guint
get_rank (KlDriverItem *item)
{
  static const guint ranks[] = {
    [KL_DRIVER_GROUP_NETWORK] = 0,
    [KL_DRIVER_GROUP_STORAGE] = 1,
    [KL_DRIVER_GROUP_BUS] = 2,
    [KL_DRIVER_GROUP_OTHER] = 3,
  };

  return ranks[kl_driver_package_get_group (kl_driver_item_get_package (item)->package)];
}

/* What Windows PE needs comes first: network, then storage. */
static int
compare_packages (gconstpointer a, gconstpointer b)
{
  KlDriverItem *one = *(KlDriverItem *const *) a;
  KlDriverItem *other = *(KlDriverItem *const *) b;

  if (get_rank (one) != get_rank (other))
    return get_rank (one) < get_rank (other) ? -1 : 1;
  return strcmp (kl_driver_package_get_inf (kl_driver_item_get_package (one)->package),
                 kl_driver_package_get_inf (kl_driver_item_get_package (other)->package));
}

static void
add_folder (KlDriverSurvey *survey, const KlSurveyFolder *folder, GPtrArray *items)
{
  g_autoptr (GPtrArray) packages = g_ptr_array_new ();

  for (guint i = 0; i < survey->packages->len; i++)
    {
      const KlSurveyPackage *package = survey->packages->pdata[i];

      if (package->folder == folder)
        g_ptr_array_add (packages, kl_driver_item_new (survey, folder, package));
    }
  g_ptr_array_sort (packages, compare_packages);

  g_ptr_array_add (items, kl_driver_item_new (survey, folder, NULL));
  g_ptr_array_extend_and_steal (items, g_steal_pointer (&packages));
}

/**
 * kl_driver_search_list:
 *
 * All rows of the list: each folder, below it its packages. Any thread.
 *
 * Returns: (transfer full) (element-type KlDriverItem)
 */
GPtrArray *
kl_driver_search_list (KlDriverSurvey *survey)
{
  GPtrArray *items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < survey->folders->len; i++)
    add_folder (survey, survey->folders->pdata[i], items);
  return items;
}

static gboolean
fits_class (const KlSurveyPackage *package, KlDriverClass class)
{
  const KlDriverGroup group = kl_driver_package_get_group (package->package);

  switch (class)
    {
    case KL_DRIVER_CLASS_NETWORK:
      return group == KL_DRIVER_GROUP_NETWORK;
    case KL_DRIVER_CLASS_STORAGE:
      return group == KL_DRIVER_GROUP_STORAGE;
    case KL_DRIVER_CLASS_BUS:
      return group == KL_DRIVER_GROUP_BUS;
    case KL_DRIVER_CLASS_OTHER:
      return group == KL_DRIVER_GROUP_OTHER;
    case KL_DRIVER_CLASS_FINDINGS:
      return package->findings->len > 0;
    case KL_DRIVER_CLASS_ALL:
    default:
      return TRUE;
    }
}

/* A folder comes with its packages; alone where its own name fits, or nothing is asked for. */
static void
find_text (const Search *search, GPtrArray *found)
{
  g_autofree char *key = g_utf8_casefold (search->text, -1);
  const gboolean all = *key == '\0' && search->class == KL_DRIVER_CLASS_ALL;
  KlDriverItem *folder = NULL; /* that is not in the list yet */

  for (guint i = 0; i < search->items->len; i++)
    {
      KlDriverItem *item = search->items->pdata[i];
      const KlSurveyPackage *package = kl_driver_item_get_package (item);
      const gboolean fits = *key == '\0' || kl_driver_item_matches (item, key);

      if (package == NULL)
        {
          folder = all || (*key != '\0' && fits) ? NULL : item;
          if (folder == NULL)
            g_ptr_array_add (found, g_object_ref (item));
        }
      else if (fits && fits_class (package, search->class))
        {
          if (folder != NULL)
            g_ptr_array_add (found, g_object_ref (folder));
          folder = NULL;
          g_ptr_array_add (found, g_object_ref (item));
        }
    }
}

/* Which packages serve a device, the best one first. */
static gboolean
find_device (const Search *search, GPtrArray *found, GCancellable *cancellable, GError **error)
{
  g_autoptr (GHashTable) items = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) packages = g_ptr_array_new ();
  g_autoptr (GPtrArray) matches = NULL;

  for (guint i = 0; i < search->items->len; i++)
    {
      const KlSurveyPackage *package = kl_driver_item_get_package (search->items->pdata[i]);

      if (package == NULL)
        continue;
      g_ptr_array_add (packages, package->package);
      g_hash_table_insert (items, package->package, search->items->pdata[i]);
    }

  matches = kl_driver_find (packages, search->text, search->survey->architecture,
                            search->survey->build, cancellable, error);
  if (matches == NULL)
    return FALSE;
  for (guint i = 0; i < matches->len; i++)
    {
      const KlDriverMatch *match = matches->pdata[i];

      g_ptr_array_add (found, g_object_ref (g_hash_table_lookup (items, match->package)));
    }
  return TRUE;
}

static void
search_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Search *search = data;
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_object_unref);
  GError *error = NULL;

  if (!kl_driver_search_is_device (search->text))
    find_text (search, found);
  else if (!find_device (search, found, cancellable, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_task_return_pointer (task, g_steal_pointer (&found), (GDestroyNotify) g_ptr_array_unref);
}

/* A hardware ID; the name of no file, class, provider or version has a backslash. */
gboolean
kl_driver_search_is_device (const char *text)
{
  return strchr (text, '\\') != NULL;
}

/**
 * kl_driver_search_start:
 * @items: (element-type KlDriverItem): of kl_driver_search_list() for the survey
 * @text: part of a name, provider, class or version, in any case; or a hardware ID, whatever the
 *   class then is
 *
 * Looks in a thread which rows are to be seen.
 */
void
kl_driver_search_start (gpointer source,
                        KlDriverSurvey *survey,
                        GPtrArray *items,
                        const char *text,
                        KlDriverClass class,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback)
{
  g_autoptr (GTask) task = g_task_new (source, cancellable, callback, NULL);
  Search *search = g_new0 (Search, 1);

  search->survey = kl_driver_survey_ref (survey);
  search->items = g_ptr_array_ref (items);
  search->text = g_strdup (text);
  search->class = class;
  g_task_set_task_data (task, search, search_free);
  g_task_run_in_thread (task, search_in_thread);
}

/* (element-type KlDriverItem), in the order of the list. Fails only with G_IO_ERROR_CANCELLED. */
GPtrArray *
kl_driver_search_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
