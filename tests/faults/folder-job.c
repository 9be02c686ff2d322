/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Writes a medium into a folder that stands for the volume of a stick, as the creator does it;
 * kindlingctl writes to volumes only, which faulty-disk.c cannot be under: folder-job CATALOG ID
 * FOLDER */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/error.h"
#include "base/file-io.h"
#include "error-text.h"
#include "image/catalog.h"
#include "volume/folder-writer.h"

static const char *const states[] = { "untouched", "partial", "complete" };

static gboolean
measure (int root, const char *folder, KlFolderSpace *space, GError **error)
{
  struct statvfs info;

  if (fstatvfs (root, &info) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot look at “%s”", folder);
      return FALSE;
    }
  *space = (KlFolderSpace){ info.f_frsize, (guint64) info.f_bavail * info.f_frsize, G_MAXUINT32 };
  return TRUE;
}

static gboolean
write_layout (KlMediaLayout *layout, int root, const char *folder, GError **error)
{
  KlFolderOptions options = { .root = root, .where = folder, .verify = TRUE };
  g_autoptr (KlFolderPlan) plan = NULL;
  g_autoptr (KlFolderWriter) writer = NULL;
  gboolean done;

  if (!measure (root, folder, &options.space, error))
    return FALSE;
  plan = kl_folder_plan_new (layout, root, folder, FALSE, error);
  if (plan == NULL || !kl_folder_plan_check_space (plan, &options.space, error))
    return FALSE;
  options.plan = plan;
  writer = kl_folder_writer_new (&options);
  done = kl_folder_writer_write (writer, NULL, NULL, error)
         && kl_folder_writer_flush (writer, NULL, error)
         && kl_folder_writer_verify (writer, NULL, NULL, error)
         && kl_folder_writer_commit (writer, error);
  kl_folder_writer_abort (writer);
  g_printerr ("state: %s\n", states[kl_folder_writer_get_state (writer)]);
  return done;
}

static gboolean
run (char **arguments, GError **error)
{
  const KlLayoutOptions options = { .type = KL_MEDIA_TYPE_UFD, .label = "Faults" };
  g_autoptr (KlCatalog) catalog = kl_catalog_new (arguments[1]);
  g_autoptr (KlBootImage) image = kl_catalog_lookup (catalog, arguments[2], error);
  g_autoptr (KlMediaLayout) layout
      = image != NULL ? kl_media_layout_new (image, &options, error) : NULL;
  g_autofd int root = -1;

  if (layout == NULL)
    return FALSE;
  root = open (arguments[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0)
    {
      kl_set_error_errno (error, errno, "Cannot open “%s”", arguments[3]);
      return FALSE;
    }
  return write_layout (layout, root, arguments[3], error);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;
  g_autofree char *next_step = NULL;

  if (argc != 4)
    return 2;
  if (run (argv, &error))
    return 0;
  next_step = kl_error_text_dup_next_step (error);
  g_printerr ("%s: %s\nWhat to do: %s\n", kl_error_text_get_title (error), error->message,
              next_step);
  return kl_error_get_exit_status (error);
}
