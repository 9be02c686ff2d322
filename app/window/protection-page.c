/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-protection-page"

#include "config.h"

#include "window/protection-page.h"

#include "window/certificate-group.h"
#include "window/group-title.h"
#include "window/password-group.h"

struct _KlProtectionPage
{
  KlCreatePage parent_instance;

  KlPasswordGroup *password_group;
  KlCertificateGroup *certificate_group;
  GtkSwitch *unattended_switch;
  GtkSwitch *aes_256_switch;
};

G_DEFINE_FINAL_TYPE (KlProtectionPage, kl_protection_page, KL_TYPE_CREATE_PAGE)

static void
complete_cb (KlProtectionPage *self)
{
  kl_create_page_set_complete (KL_CREATE_PAGE (self),
                               kl_password_group_is_complete (self->password_group)
                                   && kl_certificate_group_is_complete (self->certificate_group));
}

static void
kl_protection_page_attach (KlCreatePage *page, KlMediaDraft *draft)
{
  KlProtectionPage *self = KL_PROTECTION_PAGE (page);

  kl_password_group_attach (self->password_group, draft);
  kl_certificate_group_attach (self->certificate_group, draft);
  g_object_bind_property (draft, "unattended", self->unattended_switch, "active",
                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  g_object_bind_property (draft, "aes-256", self->aes_256_switch, "active",
                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  complete_cb (self);
}

static void
kl_protection_page_enter (KlCreatePage *page)
{
  kl_password_group_focus (KL_PROTECTION_PAGE (page)->password_group);
}

static void
kl_protection_page_leave (KlCreatePage *page)
{
  kl_password_group_hide_passphrase (KL_PROTECTION_PAGE (page)->password_group);
}

static void
kl_protection_page_clear (KlCreatePage *page)
{
  KlProtectionPage *self = KL_PROTECTION_PAGE (page);

  kl_password_group_clear (self->password_group);
  kl_certificate_group_clear (self->certificate_group);
}

static gboolean
kl_protection_page_has_input (KlCreatePage *page)
{
  KlProtectionPage *self = KL_PROTECTION_PAGE (page);

  return kl_password_group_has_input (self->password_group)
         || kl_certificate_group_has_input (self->certificate_group);
}

static void
kl_protection_page_class_init (KlProtectionPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  KL_CREATE_PAGE_CLASS (klass)->attach = kl_protection_page_attach;
  KL_CREATE_PAGE_CLASS (klass)->enter = kl_protection_page_enter;
  KL_CREATE_PAGE_CLASS (klass)->leave = kl_protection_page_leave;
  KL_CREATE_PAGE_CLASS (klass)->clear = kl_protection_page_clear;
  KL_CREATE_PAGE_CLASS (klass)->has_input = kl_protection_page_has_input;

  g_type_ensure (KL_TYPE_PASSWORD_GROUP);
  g_type_ensure (KL_TYPE_CERTIFICATE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/kindling/Kindling/ui/protection-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KlProtectionPage, password_group);
  gtk_widget_class_bind_template_child (widget_class, KlProtectionPage, certificate_group);
  gtk_widget_class_bind_template_child (widget_class, KlProtectionPage, unattended_switch);
  gtk_widget_class_bind_template_child (widget_class, KlProtectionPage, aes_256_switch);
  gtk_widget_class_bind_template_callback (widget_class, complete_cb);
}

static void
kl_protection_page_init (KlProtectionPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  kl_group_title_wrap_all (GTK_WIDGET (self));
}
