/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

/*
 * Bounds-checked little-endian access to bytes from outside. Each getter returns FALSE and leaves
 * the output alone where the value does not lie wholly inside.
 */
typedef struct
{
  const guint8 *data; /* borrowed */
  gsize size;         /* bytes */
} KlBytesView;

static inline gboolean
kl_view_slice (KlBytesView view, guint64 offset, guint64 length, KlBytesView *slice)
{
  if (offset > view.size || length > view.size - offset)
    return FALSE;
  *slice = (KlBytesView){ view.data + offset, (gsize) length };
  return TRUE;
}

static inline gboolean
kl_view_u8 (KlBytesView view, guint64 offset, guint8 *value)
{
  if (offset >= view.size)
    return FALSE;
  *value = view.data[offset];
  return TRUE;
}

static inline gboolean
kl_view_u16 (KlBytesView view, guint64 offset, guint16 *value)
{
  KlBytesView at;
  guint16 raw;

  if (!kl_view_slice (view, offset, sizeof raw, &at))
    return FALSE;
  memcpy (&raw, at.data, sizeof raw);
  *value = GUINT16_FROM_LE (raw);
  return TRUE;
}

static inline gboolean
kl_view_u32 (KlBytesView view, guint64 offset, guint32 *value)
{
  KlBytesView at;
  guint32 raw;

  if (!kl_view_slice (view, offset, sizeof raw, &at))
    return FALSE;
  memcpy (&raw, at.data, sizeof raw);
  *value = GUINT32_FROM_LE (raw);
  return TRUE;
}

static inline gboolean
kl_view_u64 (KlBytesView view, guint64 offset, guint64 *value)
{
  KlBytesView at;
  guint64 raw;

  if (!kl_view_slice (view, offset, sizeof raw, &at))
    return FALSE;
  memcpy (&raw, at.data, sizeof raw);
  *value = GUINT64_FROM_LE (raw);
  return TRUE;
}

static inline gboolean
kl_view_equals (KlBytesView view, guint64 offset, const void *bytes, gsize length)
{
  KlBytesView at;

  return kl_view_slice (view, offset, length, &at) && memcmp (at.data, bytes, length) == 0;
}

static inline void
kl_put_u16 (guint8 *at, guint16 value)
{
  value = GUINT16_TO_LE (value);
  memcpy (at, &value, sizeof value);
}

static inline void
kl_put_u32 (guint8 *at, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (at, &value, sizeof value);
}

static inline void
kl_put_u64 (guint8 *at, guint64 value)
{
  value = GUINT64_TO_LE (value);
  memcpy (at, &value, sizeof value);
}

G_END_DECLS
