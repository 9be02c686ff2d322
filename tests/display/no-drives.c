/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Preloaded into a program, it keeps it from hearing of drives: NO_DRIVES is “udev”, whose messages
 * then cannot be had, or “udisks”, for a program that believes itself in a sandbox and so asks
 * UDisks2. */

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
  void *(*next) (void *, const char *)
      = (void *(*) (void *, const char *) ) dlsym (RTLD_NEXT, "udev_monitor_new_from_netlink");

  return is_asked_for ("udev") ? NULL : next (udev, name);
}

int
access (const char *path, int mode)
{
  int (*next) (const char *, int) = (int (*) (const char *, int)) dlsym (RTLD_NEXT, "access");

  if (is_asked_for ("udisks") && strcmp (path, "/.flatpak-info") == 0)
    return 0;
  return next (path, mode);
}
