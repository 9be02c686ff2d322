/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "crypto/secret.h"
#include "media/layout.h"

G_BEGIN_DECLS

/* What one call of CreateBootMedia asks for, checked as far as that needs no I/O. */
typedef struct
{
  KlMediaType type;
  char *destination;              /* owned; absolute */
  char *image_id;                 /* owned */
  char *certificate;              /* owned, nullable; absolute */
  int password_fd;                /* owned; -1: no password */
  int certificate_password_fd;    /* owned; -1: none */
  KlSecret *password;             /* owned, nullable */
  KlSecret *certificate_password; /* owned, nullable */
  GDateTime *valid_from;          /* owned, nullable */
  GDateTime *valid_until;         /* owned, nullable */
  gboolean run_async;
} KlBusRequest;

KlBusRequest *kl_bus_request_new (GVariant *parameters, GUnixFDList *fds, GError **error);
void kl_bus_request_free (KlBusRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KlBusRequest, kl_bus_request_free)
gboolean kl_bus_request_load (KlBusRequest *self, GCancellable *cancellable, GError **error);

int kl_bus_take_fd (GUnixFDList *fds, gint32 handle, const char *name, GError **error);
KlSecret *kl_bus_read_secret (int fd, const char *name, GCancellable *cancellable, GError **error);
guint kl_bus_watch_caller (GDBusMethodInvocation *invocation, GCancellable *cancellable);
gboolean kl_bus_check_path (const char *name, const char *path, GError **error);
gboolean kl_bus_check_text (const char *name, const char *text, gsize max, GError **error);

G_END_DECLS
