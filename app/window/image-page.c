/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-image-page"

#include "config.h"

#include "window/image-page.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "window/certificate-text.h"
#include "window/fact-row.h"
#include "window/failure-view.h"
#include "window/first-frame.h"
#include "window/fold.h"
#include "window/image-text.h"
#include "window/preparation-text.h"
#include "window/text-column.h"

/* Pixels. */
#define LEAST_HEIGHT 120

struct _KlImagePage
{
  AdwBin parent_instance;

  GtkStack *stack;
  GtkWidget *facts_page; /* of an image that is not broken */
  GtkLabel *name_label;
  GtkLabel *description_label;
  GtkBox *state_box;
  GtkImage *state_icon;
  GtkLabel *state_label;
  KlFactRow *bios_row;
  KlFactRow *uefi_row;
  KlFactRow *signer_row;
  KlFactRow *medium_row;
  KlFactRow *certificate_row;
  KlFactRow *id_row;
  KlFactRow *architecture_row;
  KlFactRow *version_row;
  KlFactRow *os_version_row;
  KlFactRow *language_row;
  KlFactRow *size_row;
  KlFactRow *source_row;
  KlFactRow *imported_row;
  KlFactRow *sha256_row;
  KlPreparationGroup *preparation_group;
  GtkWidget *entry_group;
  GtkWidget *source_group;
  KlFailureView *failure_view;

  KlPrepareQueue *queue; /* owned */
  KlBootImage *image;    /* owned; nullable; one that is not broken */
  guint reveal_source;   /* shows more of the page of facts soon; 0 for none */
};

G_DEFINE_FINAL_TYPE (KlImagePage, kl_image_page, ADW_TYPE_BIN)

static void
show_firmware (KlImagePage *self, KlBootImage *image)
{
  const char *bios_reason = NULL;
  const char *uefi_reason = NULL;
  gboolean bios = kl_boot_image_can_bios (image, TRUE, &bios_reason);
  gboolean uefi = kl_boot_image_can_uefi (image, &uefi_reason);
  g_autofree char *signer = NULL;

  kl_fact_row_set_boots (self->bios_row, bios, _ ("PCs with BIOS, or UEFI in compatibility mode"),
                         bios_reason);
  kl_fact_row_set_boots (self->uefi_row, uefi, kl_boot_image_get_uefi_architecture (image),
                         uefi_reason);

  signer = kl_image_text_dup_signer (kl_boot_image_get_signer (image));
  kl_fact_row_set_value (self->signer_row, signer);
  gtk_widget_set_visible (GTK_WIDGET (self->signer_row), uefi);
}

/* Old media fail in the field, long after anybody remembers when they were made. */
static void
show_last_medium (KlImagePage *self, KlBootImage *image)
{
  const KlMediaRecord *last = kl_boot_image_get_last_medium (image);

  gtk_widget_set_visible (GTK_WIDGET (self->medium_row), last != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->certificate_row), last != NULL);
  if (last != NULL)
    {
      g_autofree char *made = kl_image_text_dup_date (last->made);
      /* Translators: when a medium was made, then a file or a drive. */
      g_autofree char *text = kl_bidi_printf (_ ("%s, %s"), made, last->destination);

      kl_fact_row_set_value (self->medium_row, text);
      kl_certificate_text_show_end (self->certificate_row, last->certificate_end);
    }
}

/* A row without anything to say is not shown. */
static void
show_text (KlFactRow *row, const char *text)
{
  gtk_widget_set_visible (GTK_WIDGET (row), text != NULL && *text != '\0');
  kl_fact_row_set_value (row, text);
}

static void
show_source (KlImagePage *self, KlBootImage *image)
{
  const char *path = kl_boot_image_get_source_path (image);
  g_autofree char *size = g_format_size (kl_boot_image_get_size (image));
  g_autofree char *date = kl_image_text_dup_date (kl_boot_image_get_imported (image));
  g_autofree char *name = path && *path ? g_filename_display_name (path) : NULL;
  g_autofree char *source = NULL;

  if (name != NULL)
    /* Translators: path of a WIM file, then the number of the image in it. */
    source = kl_bidi_printf (_ ("%s, image %u"), name, kl_boot_image_get_source_index (image));
  show_text (self->source_row, source);
  show_text (self->imported_row, date);
  show_text (self->size_row, size);
  show_text (self->sha256_row, kl_boot_image_get_sha256 (image));
}

static void
show_state (KlImagePage *self)
{
  KlStateText style;
  g_autofree char *word = NULL;
  const char *classes[] = { NULL, NULL };

  if (self->image == NULL)
    return;
  word = kl_preparation_text_dup_state (self->image, self->queue, &style);
  classes[0] = style.css_class;
  gtk_image_set_from_icon_name (self->state_icon, style.icon_name);
  gtk_label_set_label (self->state_label, word);
  gtk_widget_set_css_classes (GTK_WIDGET (self->state_box), classes);
}

static void
show_heading (KlImagePage *self, KlBootImage *image)
{
  g_autofree char *name = kl_image_text_dup_name (image);
  const char *description = kl_boot_image_get_description (image);

  gtk_label_set_label (self->name_label, name);
  gtk_label_set_label (self->description_label, description ? description : "");
  gtk_widget_set_visible (GTK_WIDGET (self->description_label),
                          description != NULL && *description != '\0'
                              && strcmp (description, name) != 0);
  show_state (self);
}

static void
show_rest (KlImagePage *self, gboolean show)
{
  gtk_widget_set_visible (self->entry_group, show);
  gtk_widget_set_visible (self->source_group, show);
}

static gboolean
show_rest_cb (gpointer user_data)
{
  KlImagePage *self = user_data;

  self->reveal_source = 0;
  show_rest (self, TRUE);
  return G_SOURCE_REMOVE;
}

static gboolean
show_facts_cb (gpointer user_data)
{
  KlImagePage *self = user_data;

  gtk_stack_set_visible_child_name (self->stack, "image");
  self->reveal_source = kl_first_frame_add (GTK_WIDGET (self), show_rest_cb, self);
  return G_SOURCE_REMOVE;
}

static void
stop_showing (KlImagePage *self)
{
  if (self->reveal_source != 0)
    g_source_remove (self->reveal_source);
  self->reveal_source = 0;
}

static gboolean
shows (KlImagePage *self, const char *page)
{
  return g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), page) == 0;
}

/* The first frame of all the facts would hold the main loop up for too long, together with that of
 * the list beside them: what can be seen without scrolling comes with the next one, and the rest
 * after it. */
static void
show_facts (KlImagePage *self)
{
  GtkRoot *window = gtk_widget_get_root (GTK_WIDGET (self));

  if (shows (self, "image") || self->reveal_source != 0)
    return;
  if (window == NULL || !gtk_widget_get_mapped (GTK_WIDGET (window)))
    {
      gtk_stack_set_visible_child_name (self->stack, "image");
      return;
    }
  show_rest (self, FALSE);
  if (!shows (self, "blank"))
    gtk_stack_set_visible_child_name (self->stack, "blank");
  self->reveal_source = kl_first_frame_add (GTK_WIDGET (self), show_facts_cb, self);
}

static void
show_other (KlImagePage *self, const char *page)
{
  stop_showing (self);
  show_rest (self, TRUE);
  gtk_stack_set_visible_child_name (self->stack, page);
}

static void
show_image (KlImagePage *self, KlBootImage *image)
{
  show_heading (self, image);
  show_firmware (self, image);
  show_last_medium (self, image);
  show_text (self->id_row, kl_boot_image_get_id (image));
  show_text (self->architecture_row, kl_boot_image_get_architecture (image));
  show_text (self->version_row, kl_boot_image_get_version (image));
  show_text (self->os_version_row, kl_boot_image_get_os_version (image));
  show_text (self->language_row, kl_boot_image_get_language (image));
  show_source (self, image);
  show_facts (self);
}

static void
bind_rows (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, bios_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, uefi_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, signer_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, medium_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, certificate_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, id_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, architecture_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, version_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, os_version_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, language_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, size_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, source_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, imported_row);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, sha256_row);
}

static void
kl_image_page_dispose (GObject *object)
{
  KlImagePage *self = KL_IMAGE_PAGE (object);

  stop_showing (self);
  g_clear_object (&self->queue);
  g_clear_object (&self->image);

  G_OBJECT_CLASS (kl_image_page_parent_class)->dispose (object);
}

static void
kl_image_page_class_init (KlImagePageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kl_image_page_dispose;

  g_type_ensure (KL_TYPE_FACT_ROW);
  g_type_ensure (KL_TYPE_FAILURE_VIEW);
  g_type_ensure (KL_TYPE_PREPARATION_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/image-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, stack);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, facts_page);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, name_label);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, description_label);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, state_box);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, state_icon);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, state_label);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, preparation_group);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, entry_group);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, source_group);
  gtk_widget_class_bind_template_child (widget_class, KlImagePage, failure_view);
  bind_rows (widget_class);
}

/* It scrolls, and takes what height there is. What it would take otherwise is not worth the time of
 * laying it out in a width that it does not get: GtkStack and AdwLeaflet ask for that. */
static void
measure_facts_page (GtkWidget *page,
                    GtkOrientation orientation,
                    int for_size,
                    int *minimum,
                    int *natural,
                    int *minimum_baseline,
                    int *natural_baseline)
{
  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    gtk_widget_measure (gtk_widget_get_first_child (page), orientation, -1, minimum, natural, NULL,
                        NULL);
  else
    *minimum = *natural = LEAST_HEIGHT;
}

static void
allocate_facts_page (GtkWidget *page, int width, int height, int baseline)
{
  gtk_widget_allocate (gtk_widget_get_first_child (page), width, height, baseline, NULL);
}

static void
kl_image_page_init (KlImagePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_layout_manager (
      self->facts_page, gtk_custom_layout_new (NULL, measure_facts_page, allocate_facts_page));
  kl_fold_wrap_buttons (GTK_WIDGET (self));
  kl_text_column_use (GTK_WIDGET (self));
}

void
kl_image_page_set_queue (KlImagePage *self, KlCatalog *catalog, KlPrepareQueue *queue)
{
  g_return_if_fail (KL_IS_IMAGE_PAGE (self));

  g_set_object (&self->queue, queue);
  kl_preparation_group_set_queue (self->preparation_group, catalog, queue);
  g_signal_connect_object (queue, "changed", G_CALLBACK (show_state), self, G_CONNECT_SWAPPED);
}

void
kl_image_page_set_catalog (KlImagePage *self, KlCatalog *catalog)
{
  g_return_if_fail (KL_IS_IMAGE_PAGE (self));

  kl_preparation_group_set_catalog (self->preparation_group, catalog);
}

void
kl_image_page_set_image (KlImagePage *self, KlBootImage *image)
{
  const GError *error = image != NULL ? kl_boot_image_get_error (image) : NULL;
  KlBootImage *usable = error == NULL ? image : NULL;

  g_return_if_fail (KL_IS_IMAGE_PAGE (self));

  g_set_object (&self->image, usable);
  kl_preparation_group_set_image (self->preparation_group, usable);
  if (image == NULL)
    show_other (self, "none");
  else if (error != NULL)
    {
      kl_failure_view_set_error (self->failure_view, error, kl_boot_image_get_folder (image));
      show_other (self, "broken");
    }
  else
    show_image (self, image);
}

KlPreparationGroup *
kl_image_page_get_preparation (KlImagePage *self)
{
  g_return_val_if_fail (KL_IS_IMAGE_PAGE (self), NULL);

  return self->preparation_group;
}
