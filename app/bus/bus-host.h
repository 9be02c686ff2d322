/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "drive/drive.h"
#include "image/catalog.h"
#include "job/job.h"
#include "media/layout.h"

G_BEGIN_DECLS

/* How long an application that was started by the bus stays without a client; milliseconds. */
#define KL_BUS_PATIENCE 10000

/* What a person is asked before a drive is written to on behalf of a program. */
typedef struct
{
  KlDrive *drive;
  const char *volume; /* UFD: node of the file system that gets the files; else NULL */
  KlMediaType type;
  const char *caller; /* name that the program's process gives itself */
  guint32 process;    /* its number; 0: unknown */
} KlBusQuestion;

/* A medium or another file that is made on behalf of a program. */
typedef struct
{
  KlJob *job;
  const char *path; /* of the file; with a drive: of what was asked for */
  KlDrive *drive;   /* nullable */
} KlBusWork;

/*
 * What the objects on the bus need of the application that exports them. Main thread.
 *
 * ask is where a drive's fate is decided: an application that leaves it out can ask nobody, and no
 * drive is written to on its bus.
 */
#define KL_TYPE_BUS_HOST (kl_bus_host_get_type ())
G_DECLARE_INTERFACE (KlBusHost, kl_bus_host, KL, BUS_HOST, GApplication)

struct _KlBusHostInterface
{
  GTypeInterface parent_interface;

  KlCatalog *(*get_catalog) (KlBusHost *self);
  /* The path of the site profile of this site code; NULL where there is none. */
  char *(*dup_site_profile) (KlBusHost *self, const char *site_code);
  void (*ask_async) (KlBusHost *self,
                     const KlBusQuestion *question,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user_data);
  gboolean (*ask_finish) (KlBusHost *self, GAsyncResult *result, GError **error);
  /* Both may be left out. What the first one returns is told to the second, which takes it. */
  GObject *(*work_began) (KlBusHost *self, const KlBusWork *work);
  void (*work_ended) (KlBusHost *self, GObject *entry, const GError *error);
};

KlCatalog *kl_bus_host_get_catalog (KlBusHost *self);
char *kl_bus_host_dup_site_profile (KlBusHost *self, const char *site_code);
void kl_bus_host_ask_async (KlBusHost *self,
                            const KlBusQuestion *question,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean kl_bus_host_ask_finish (KlBusHost *self, GAsyncResult *result, GError **error);
GObject *kl_bus_host_work_began (KlBusHost *self, const KlBusWork *work);
void kl_bus_host_work_ended (KlBusHost *self, GObject *entry, const GError *error);

G_END_DECLS
