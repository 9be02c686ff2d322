/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-password-group"

#include "config.h"

#include "window/password-group.h"

#include <glib/gi18n.h>

#include "bidi.h"
#include "core-text.h"
#include "password-words.h"
#include "window/fact-row.h"
#include "window/password-row.h"
#include "window/problem-label.h"

struct _KlPasswordGroup
{
  AdwPreferencesGroup parent_instance;

  KlMediaDraft *draft; /* owned; nullable */
  gboolean complete;
  gboolean filling; /* while both entries get the same passphrase */

  KlPasswordRow *password_row;
  KlPasswordRow *repeat_row;
  AdwActionRow *strength_row;
  GtkLevelBar *strength_bar;
  KlFactRow *passphrase_row;
  KlFactRow *none_row;
  GtkLabel *problem_label;
};

G_DEFINE_FINAL_TYPE (KlPasswordGroup, kl_password_group, ADW_TYPE_PREFERENCES_GROUP)

enum
{
  PROP_COMPLETE = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
show_strength (KlPasswordGroup *self, KlSecret *password)
{
  g_autofree char *sentence = NULL;
  g_autofree char *time = NULL;
  g_autofree char *text = NULL;
  KlPasswordStrength strength;
  KlPasswordLevel level;

  gtk_widget_set_visible (GTK_WIDGET (self->strength_row), password != NULL);
  if (password == NULL)
    return;

  kl_password_strength_measure (password, &strength);
  level = kl_password_strength_get_level (&strength);
  sentence = kl_password_strength_dup_text (&strength);
  time = kl_core_text_translate (sentence);
  text = g_strconcat (kl_password_level_get_word (level), " – ", time, NULL);

  adw_action_row_set_subtitle (self->strength_row, text);
  gtk_level_bar_set_value (self->strength_bar, (double) level + 1);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->strength_row),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
}

/* What the site asks for, as far as the password does not meet it; NULL where it does. */
static char *
dup_policy_problem (KlPasswordGroup *self, KlSecret *password)
{
  KlSiteProfile *site = kl_media_draft_get_site (self->draft);
  const char *code = site ? kl_site_profile_get_site_code (site) : NULL;
  const guint least = site ? kl_site_profile_get_minimum_password_length (site) : 0;

  if (site == NULL || kl_site_profile_check_password (site, password, NULL))
    return NULL;
  if (password == NULL)
    /* Translators: %s is the code of a site, such as “ABC”. */
    return kl_bidi_printf (_ ("The site %s asks for a media password."), code);
  if (g_utf8_strlen (kl_secret_get_text (password), -1) >= (glong) least)
    /* Translators: code of a site, then a word for the strength of passwords. */
    return kl_bidi_printf (
        _ ("The site %s asks for a stronger media password: “%s” or better."), code,
        kl_password_level_get_word (kl_site_profile_get_minimum_password_strength (site)));

  return kl_bidi_printf (
      ngettext ("The site %s asks for a media password of %u character or more.",
                "The site %s asks for a media password of %u characters or more.", least),
      code, least);
}

/* What is wrong with what has been typed. A second entry that is not yet filled is no mistake. */
static char *
dup_problem (KlPasswordGroup *self, KlSecret *password)
{
  const char *repeated = kl_password_row_get_text (self->repeat_row);

  if (*repeated != '\0' && strcmp (repeated, kl_password_row_get_text (self->password_row)) != 0)
    return g_strdup (_ ("The two passwords differ."));
  return dup_policy_problem (self, password);
}

static void
set_complete (KlPasswordGroup *self, gboolean complete)
{
  if (self->complete == complete)
    return;
  self->complete = complete;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPLETE]);
}

static void
validate (KlPasswordGroup *self)
{
  const char *text = kl_password_row_get_text (self->password_row);
  g_autoptr (KlSecret) password = *text != '\0' ? kl_secret_new_text (text) : NULL;
  const gboolean equal = strcmp (text, kl_password_row_get_text (self->repeat_row)) == 0;
  g_autofree char *problem = dup_problem (self, password);
  GtkWidget *wrong = kl_password_row_get_entry (equal ? self->password_row : self->repeat_row);
  GtkWidget *right = kl_password_row_get_entry (equal ? self->repeat_row : self->password_row);

  show_strength (self, password);
  gtk_widget_set_visible (GTK_WIDGET (self->none_row),
                          password == NULL && *kl_password_row_get_text (self->repeat_row) == '\0');
  kl_problem_label_show (self->problem_label, right, NULL);
  kl_problem_label_show (self->problem_label, wrong, problem);

  g_object_set (self->draft, "password", equal ? password : NULL, NULL);
  set_complete (self, equal && problem == NULL);
}

static void
changed_cb (KlPasswordGroup *self)
{
  if (self->filling || self->draft == NULL)
    return;
  kl_password_group_hide_passphrase (self);
  validate (self);
}

static void
generate_cb (KlPasswordGroup *self)
{
  g_autoptr (KlSecret) phrase = kl_passphrase_generate (NULL);

  self->filling = TRUE;
  kl_password_row_set_text (self->password_row, kl_secret_get_text (phrase));
  kl_password_row_set_text (self->repeat_row, kl_secret_get_text (phrase));
  self->filling = FALSE;

  /* In this order: the name of a hidden row does not reach a screen reader. */
  gtk_widget_set_visible (GTK_WIDGET (self->passphrase_row), TRUE);
  kl_fact_row_set_value (self->passphrase_row, kl_secret_get_text (phrase));
  validate (self);
}

static void
kl_password_group_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  if (id == PROP_COMPLETE)
    g_value_set_boolean (value, KL_PASSWORD_GROUP (object)->complete);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

static void
kl_password_group_dispose (GObject *object)
{
  g_clear_object (&KL_PASSWORD_GROUP (object)->draft);

  G_OBJECT_CLASS (kl_password_group_parent_class)->dispose (object);
}

static void
kl_password_group_class_init (KlPasswordGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_password_group_get_property;
  object_class->dispose = kl_password_group_dispose;
  properties[PROP_COMPLETE] = g_param_spec_boolean ("complete", NULL, NULL, FALSE,
                                                    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (KL_TYPE_FACT_ROW);
  g_type_ensure (KL_TYPE_PASSWORD_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/password-group.ui");
  gtk_widget_class_bind_template_child (widget_class, KlPasswordGroup, password_row);
  gtk_widget_class_bind_template_child (widget_class, KlPasswordGroup, repeat_row);
  gtk_widget_class_bind_template_child (widget_class, KlPasswordGroup, strength_row);
  gtk_widget_class_bind_template_child (widget_class, KlPasswordGroup, strength_bar);
  gtk_widget_class_bind_template_child (widget_class, KlPasswordGroup, passphrase_row);
  gtk_widget_class_bind_template_child (widget_class, KlPasswordGroup, none_row);
  gtk_widget_class_bind_template_child (widget_class, KlPasswordGroup, problem_label);
  gtk_widget_class_bind_template_callback (widget_class, changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, generate_cb);
}

static void
kl_password_group_init (KlPasswordGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_fact_row_set_state (self->none_row, "dialog-warning-symbolic", "warning", NULL);
}

void
kl_password_group_attach (KlPasswordGroup *self, KlMediaDraft *draft)
{
  g_return_if_fail (self->draft == NULL);

  self->draft = g_object_ref (draft);
  g_signal_connect_object (draft, "notify::site-profile", G_CALLBACK (validate), self,
                           G_CONNECT_SWAPPED);
  validate (self);
}

gboolean
kl_password_group_is_complete (KlPasswordGroup *self)
{
  return self->complete;
}

/* Whether a password was entered or made, be it only once. */
gboolean
kl_password_group_has_input (KlPasswordGroup *self)
{
  return *kl_password_row_get_text (self->password_row) != '\0'
         || *kl_password_row_get_text (self->repeat_row) != '\0';
}

void
kl_password_group_focus (KlPasswordGroup *self)
{
  gtk_widget_grab_focus (kl_password_row_get_entry (self->password_row));
}

/* A generated passphrase is shown once: until it is edited or the page is left. */
void
kl_password_group_hide_passphrase (KlPasswordGroup *self)
{
  kl_fact_row_set_value (self->passphrase_row, NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->passphrase_row), FALSE);
}

/* The buffers of the entries wipe what they held. */
void
kl_password_group_clear (KlPasswordGroup *self)
{
  self->filling = TRUE;
  kl_password_row_set_text (self->password_row, "");
  kl_password_row_set_text (self->repeat_row, "");
  self->filling = FALSE;
  kl_password_group_hide_passphrase (self);
}
