/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-create-page"

#include "config.h"

#include "window/create-page.h"

typedef struct
{
  KlCatalog *catalog;  /* owned */
  KlMediaDraft *draft; /* owned */
  char *title;         /* owned */
  char *forward_label; /* owned */
  gboolean complete;
  gboolean destructive;
} KlCreatePagePrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (KlCreatePage, kl_create_page, ADW_TYPE_BIN)

enum
{
  PROP_TITLE = 1,
  PROP_FORWARD_LABEL,
  PROP_COMPLETE,
  PROP_DESTRUCTIVE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static KlCreatePagePrivate *
get_private (KlCreatePage *self)
{
  return kl_create_page_get_instance_private (self);
}

static void
kl_create_page_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  KlCreatePagePrivate *priv = get_private (KL_CREATE_PAGE (object));

  switch (id)
    {
    case PROP_TITLE:
      g_value_set_string (value, priv->title);
      break;
    case PROP_FORWARD_LABEL:
      g_value_set_string (value, priv->forward_label);
      break;
    case PROP_COMPLETE:
      g_value_set_boolean (value, priv->complete);
      break;
    case PROP_DESTRUCTIVE:
      g_value_set_boolean (value, priv->destructive);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
    }
}

static void
kl_create_page_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  KlCreatePagePrivate *priv = get_private (KL_CREATE_PAGE (object));

  switch (id)
    {
    case PROP_TITLE:
      g_free (priv->title);
      priv->title = g_value_dup_string (value);
      break;
    case PROP_FORWARD_LABEL:
      g_free (priv->forward_label);
      priv->forward_label = g_value_dup_string (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
    }
}

static void
kl_create_page_finalize (GObject *object)
{
  KlCreatePagePrivate *priv = get_private (KL_CREATE_PAGE (object));

  g_clear_object (&priv->catalog);
  g_clear_object (&priv->draft);
  g_free (priv->title);
  g_free (priv->forward_label);

  G_OBJECT_CLASS (kl_create_page_parent_class)->finalize (object);
}

static void
kl_create_page_class_init (KlCreatePageClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = kl_create_page_get_property;
  object_class->set_property = kl_create_page_set_property;
  object_class->finalize = kl_create_page_finalize;

  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  properties[PROP_FORWARD_LABEL] = g_param_spec_string ("forward-label", NULL, NULL, NULL, flags);
  properties[PROP_COMPLETE] = g_param_spec_boolean ("complete", NULL, NULL, FALSE,
                                                    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_DESTRUCTIVE] = g_param_spec_boolean ("destructive", NULL, NULL, FALSE,
                                                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kl_create_page_init (KlCreatePage *self)
{
}

void
kl_create_page_attach (KlCreatePage *self, KlCatalog *catalog, KlMediaDraft *draft)
{
  KlCreatePagePrivate *priv = get_private (self);

  g_return_if_fail (priv->draft == NULL);

  priv->catalog = g_object_ref (catalog);
  priv->draft = g_object_ref (draft);
  if (KL_CREATE_PAGE_GET_CLASS (self)->attach != NULL)
    KL_CREATE_PAGE_GET_CLASS (self)->attach (self, draft);
}

void
kl_create_page_enter (KlCreatePage *self)
{
  g_return_if_fail (KL_IS_CREATE_PAGE (self));

  if (KL_CREATE_PAGE_GET_CLASS (self)->enter != NULL)
    KL_CREATE_PAGE_GET_CLASS (self)->enter (self);
}

void
kl_create_page_leave (KlCreatePage *self)
{
  g_return_if_fail (KL_IS_CREATE_PAGE (self));

  if (KL_CREATE_PAGE_GET_CLASS (self)->leave != NULL)
    KL_CREATE_PAGE_GET_CLASS (self)->leave (self);
}

void
kl_create_page_clear (KlCreatePage *self)
{
  g_return_if_fail (KL_IS_CREATE_PAGE (self));

  if (KL_CREATE_PAGE_GET_CLASS (self)->clear != NULL)
    KL_CREATE_PAGE_GET_CLASS (self)->clear (self);
}

gboolean
kl_create_page_is_wanted (KlCreatePage *self)
{
  g_return_val_if_fail (KL_IS_CREATE_PAGE (self), FALSE);

  return KL_CREATE_PAGE_GET_CLASS (self)->is_wanted == NULL
         || KL_CREATE_PAGE_GET_CLASS (self)->is_wanted (self);
}

gboolean
kl_create_page_has_input (KlCreatePage *self)
{
  g_return_val_if_fail (KL_IS_CREATE_PAGE (self), FALSE);

  return KL_CREATE_PAGE_GET_CLASS (self)->has_input != NULL
         && KL_CREATE_PAGE_GET_CLASS (self)->has_input (self);
}

KlCatalog *
kl_create_page_get_catalog (KlCreatePage *self)
{
  return get_private (self)->catalog;
}

KlMediaDraft *
kl_create_page_get_draft (KlCreatePage *self)
{
  return get_private (self)->draft;
}

const char *
kl_create_page_get_title (KlCreatePage *self)
{
  return get_private (self)->title;
}

const char *
kl_create_page_get_forward_label (KlCreatePage *self)
{
  return get_private (self)->forward_label;
}

gboolean
kl_create_page_is_complete (KlCreatePage *self)
{
  return get_private (self)->complete;
}

gboolean
kl_create_page_is_destructive (KlCreatePage *self)
{
  return get_private (self)->destructive;
}

void
kl_create_page_set_complete (KlCreatePage *self, gboolean complete)
{
  KlCreatePagePrivate *priv = get_private (self);

  if (priv->complete == complete)
    return;
  priv->complete = complete;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPLETE]);
}

void
kl_create_page_set_forward (KlCreatePage *self, const char *label, gboolean destructive)
{
  KlCreatePagePrivate *priv = get_private (self);

  priv->destructive = destructive;
  g_object_set (self, "forward-label", label, NULL);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DESTRUCTIVE]);
}
