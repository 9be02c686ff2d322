/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded into a program, it keeps it from hearing of drives: NO_DRIVES is “udev”, whose messages
 * then cannot be had, or “udisks”, for a program that believes itself in a sandbox and so asks
 * UDisks2. */

#include <stdlib.h>
#include <string.h>

#include "preload.h"

static int
is_asked_for (const char *kind)
{
  const char *wanted = getenv ("NO_DRIVES");

  return wanted != NULL && strcmp (wanted, kind) == 0;
}

void *udev_monitor_new_from_netlink (void *udev, const char *name);
void *
udev_monitor_new_from_netlink (void *udev, const char *name)
{
  return is_asked_for ("udev") ? NULL : NEXT (udev_monitor_new_from_netlink) (udev, name);
}

int
access (const char *path, int mode)
{
  if (is_asked_for ("udisks") && strcmp (path, "/.flatpak-info") == 0)
    return 0;
  return NEXT (access) (path, mode);
}
