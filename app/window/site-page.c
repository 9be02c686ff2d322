/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-site-page"

#include "config.h"

#include "window/site-page.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "error-text.h"
#include "window/fact-row.h"
#include "window/group-title.h"
#include "window/part-names.h"
#include "window/problem-label.h"
#include "window/site-store.h"
#include "window/variables-group.h"

struct _KlSitePage
{
  KlCreatePage parent_instance;

  GPtrArray *sites; /* of KlStoredSite; in the order of the choices behind “None” */
  gboolean filling; /* while the choices change */

  AdwComboRow *profile_row;
  GtkLabel *problem_label;
  KlFactRow *none_row;
  KlFactRow *points_row;
  KlFactRow *policy_row;
  KlFactRow *unknown_row;
  KlVariablesGroup *variables_group;
};

G_DEFINE_FINAL_TYPE (KlSitePage, kl_site_page, KL_TYPE_CREATE_PAGE)

static const KlStoredSite *
get_chosen (KlSitePage *self)
{
  const guint selected = adw_combo_row_get_selected (self->profile_row);

  return selected >= 1 && selected <= self->sites->len ? self->sites->pdata[selected - 1] : NULL;
}

static void
show_points (KlSitePage *self, KlSiteProfile *profile)
{
  const char *const *points = kl_site_profile_get_management_points (profile);
  g_autofree char *text = g_strjoinv ("\n", (char **) points);

  kl_fact_row_set_value (self->points_row, *text != '\0' ? text : C_ ("management points", "None"));
  kl_fact_row_set_state (self->points_row, *text != '\0' ? NULL : "dialog-warning-symbolic",
                         "warning", NULL);
}

static void
show_policy (KlSitePage *self, KlSiteProfile *profile)
{
  const guint least = kl_site_profile_get_minimum_password_length (profile);
  const gboolean required = kl_site_profile_get_password_required (profile);
  g_autofree char *length
      = kl_bidi_printf (ngettext ("%u character or more", "%u characters or more", least), least);
  g_autofree char *text = g_strjoin (", ", required ? _ ("Required") : _ ("Optional"),
                                     least > 0 ? length : NULL, NULL);

  kl_fact_row_set_value (self->policy_row, text);
}

static void
show_unknown (KlSitePage *self, KlSiteProfile *profile)
{
  static const char *const architectures[] = { "x64", "x86", "arm64", NULL };
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) supported = NULL;
  g_autofree char *text = NULL;

  for (guint i = 0; architectures[i] != NULL; i++)
    if (kl_site_profile_get_unknown_computer (profile, architectures[i]) != NULL)
      g_strv_builder_add (builder, architectures[i]);
  supported = g_strv_builder_end (builder);
  text = g_strjoinv (", ", supported);
  kl_fact_row_set_value (self->unknown_row, *text != '\0' ? text : _ ("Not supported"));
}

static void
show_site (KlSitePage *self)
{
  const KlStoredSite *site = get_chosen (self);
  KlSiteProfile *profile = site ? site->profile : NULL;
  const char *problem = site && site->error ? kl_error_text_get_title (site->error) : NULL;
  gboolean complete
      = kl_problem_label_show (self->problem_label, GTK_WIDGET (self->profile_row), problem);

  gtk_widget_set_visible (GTK_WIDGET (self->none_row), site == NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->points_row), profile != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->policy_row), profile != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->unknown_row), profile != NULL);
  if (profile != NULL)
    {
      show_points (self, profile);
      show_policy (self, profile);
      show_unknown (self, profile);
    }

  complete &= kl_variables_group_is_complete (self->variables_group);
  kl_create_page_set_complete (KL_CREATE_PAGE (self), complete);
}

static void
chosen_cb (KlSitePage *self)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  const KlStoredSite *site;

  if (self->filling || draft == NULL)
    return;
  site = get_chosen (self);
  g_object_set (draft, "site-profile", site ? site->path : NULL, NULL);
  show_site (self);
}

static void
variables_cb (KlSitePage *self)
{
  show_site (self);
}

/* A profile from elsewhere cannot be chosen: those of the preferences are offered. */
static void
offer_sites (KlSitePage *self)
{
  KlMediaDraft *draft = kl_create_page_get_draft (KL_CREATE_PAGE (self));
  const char *chosen = kl_media_draft_get_site_path (draft);
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  guint selected = 0;

  g_clear_pointer (&self->sites, g_ptr_array_unref);
  self->sites = kl_site_store_list ();
  /* Translators: no site profile. */
  gtk_string_list_append (names, C_ ("site", "None"));
  for (guint i = 0; i < self->sites->len; i++)
    {
      const KlStoredSite *site = self->sites->pdata[i];
      g_autofree char *title = kl_site_store_dup_title (site);

      gtk_string_list_append (names, title);
      if (g_strcmp0 (site->path, chosen) == 0)
        selected = i + 1;
    }

  self->filling = TRUE;
  adw_combo_row_set_model (self->profile_row, G_LIST_MODEL (names));
  adw_combo_row_set_selected (self->profile_row, selected);
  self->filling = FALSE;
  chosen_cb (self);
}

static void
kl_site_page_attach (KlCreatePage *page, KlMediaDraft *draft)
{
  KlSitePage *self = KL_SITE_PAGE (page);

  kl_variables_group_attach (self->variables_group, draft);
  offer_sites (self);
}

static gboolean
kl_site_page_is_wanted (KlCreatePage *page)
{
  g_autoptr (GPtrArray) sites = kl_site_store_list ();

  return sites->len > 0;
}

static void
kl_site_page_clear (KlCreatePage *page)
{
  kl_variables_group_clear (KL_SITE_PAGE (page)->variables_group);
}

static void
kl_site_page_finalize (GObject *object)
{
  g_clear_pointer (&KL_SITE_PAGE (object)->sites, g_ptr_array_unref);

  G_OBJECT_CLASS (kl_site_page_parent_class)->finalize (object);
}

static gboolean
kl_site_page_has_input (KlCreatePage *page)
{
  return kl_variables_group_has_input (KL_SITE_PAGE (page)->variables_group);
}

static void
kl_site_page_class_init (KlSitePageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kl_site_page_finalize;
  KL_CREATE_PAGE_CLASS (klass)->attach = kl_site_page_attach;
  KL_CREATE_PAGE_CLASS (klass)->is_wanted = kl_site_page_is_wanted;
  KL_CREATE_PAGE_CLASS (klass)->clear = kl_site_page_clear;
  KL_CREATE_PAGE_CLASS (klass)->has_input = kl_site_page_has_input;

  g_type_ensure (KL_TYPE_FACT_ROW);
  g_type_ensure (KL_TYPE_VARIABLES_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/site-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KlSitePage, profile_row);
  gtk_widget_class_bind_template_child (widget_class, KlSitePage, problem_label);
  gtk_widget_class_bind_template_child (widget_class, KlSitePage, none_row);
  gtk_widget_class_bind_template_child (widget_class, KlSitePage, points_row);
  gtk_widget_class_bind_template_child (widget_class, KlSitePage, policy_row);
  gtk_widget_class_bind_template_child (widget_class, KlSitePage, unknown_row);
  gtk_widget_class_bind_template_child (widget_class, KlSitePage, variables_group);
  gtk_widget_class_bind_template_callback (widget_class, chosen_cb);
  gtk_widget_class_bind_template_callback (widget_class, variables_cb);
}

static void
kl_site_page_init (KlSitePage *self)
{
  self->sites = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_group_title_wrap_all (GTK_WIDGET (self));
  kl_name_parts_of_combo_row (self->profile_row);
}
