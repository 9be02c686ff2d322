/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-capacity-probe"

#include "sink/capacity-probe.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

/* A stick takes some milliseconds for each. */
#define MAX_SPREAD 64

/* Where in the content a mark lands that lies behind a power of two, on a drive of that true size:
 * behind what is written last, and in what is written always; bytes. */
#define LANDING (((guint64) 1 << 20) + ((guint64) 64 << 10))

#define MAGIC "Kindling capacity mark"
#define NONCE_OFFSET 32
#define POSITION_OFFSET 40
#define FILL_OFFSET 48

struct _KlCapacityProbe
{
  GArray *positions; /* of guint64; bytes from the beginning of the medium, ascending */
  guint64 nonce;     /* marks of earlier media do not count */
  guint64 size;      /* bytes, of the medium */
};

static int
compare_positions (gconstpointer a, gconstpointer b)
{
  const guint64 first = *(const guint64 *) a, second = *(const guint64 *) b;

  return first < second ? -1 : first > second;
}

static void
add_position (KlCapacityProbe *self, guint64 position, guint64 used, guint64 end)
{
  position -= position % KL_CAPACITY_MARK;
  if (position >= used && position + KL_CAPACITY_MARK <= end)
    g_array_append_val (self->positions, position);
}

static void
remove_doubles (KlCapacityProbe *self)
{
  GArray *positions = self->positions;

  g_array_sort (positions, compare_positions);
  for (guint i = positions->len; i > 1; i--)
    if (g_array_index (positions, guint64, i - 1) == g_array_index (positions, guint64, i - 2))
      g_array_remove_index (positions, i - 1);
}

/**
 * kl_capacity_probe_new:
 * @used: bytes from the beginning that the content takes, without a gap
 * @end: bytes; the free space ends here
 * @size: bytes of the whole medium
 *
 * Chooses where marks lie: right behind the content, in the last free block, evenly spread between
 * them, and behind each power of two, which is where drives that begin again do so. Where the
 * spread is not wider than the content (64 times the content reach for the medium) a true size of
 * any number is found: one of the marks lands in the content then.
 *
 * Returns: (transfer full): the probe; without marks where there is no free space
 */
KlCapacityProbe *
kl_capacity_probe_new (guint64 used, guint64 end, guint64 size)
{
  KlCapacityProbe *self = g_new0 (KlCapacityProbe, 1);
  guint64 step;

  self->positions = g_array_new (FALSE, FALSE, sizeof (guint64));
  self->nonce = (guint64) g_random_int () << 32 | g_random_int ();
  self->size = size;
  used = (used + KL_CAPACITY_MARK - 1) / KL_CAPACITY_MARK * KL_CAPACITY_MARK;
  if (used < LANDING || end < used + KL_CAPACITY_MARK)
    return self;

  step = MAX (used - 4 * KL_CAPACITY_MARK, (end - used) / MAX_SPREAD);
  for (guint64 at = used; at < end; at += step)
    add_position (self, at, used, end);
  for (guint64 power = (guint64) 1 << 20; power < end; power *= 2)
    add_position (self, power + LANDING, used, end);
  add_position (self, end - KL_CAPACITY_MARK, used, end);
  remove_doubles (self);
  return self;
}

void
kl_capacity_probe_free (KlCapacityProbe *self)
{
  g_array_unref (self->positions);
  g_free (self);
}

static void
make_mark (KlCapacityProbe *self, guint64 position, guint8 *mark)
{
  guint64 fill = self->nonce ^ position;

  memset (mark, 0, FILL_OFFSET);
  memcpy (mark, MAGIC, sizeof MAGIC);
  kl_put_u64 (mark + NONCE_OFFSET, self->nonce);
  kl_put_u64 (mark + POSITION_OFFSET, position);
  for (gsize i = FILL_OFFSET; i < KL_CAPACITY_MARK; i += 8)
    {
      fill = fill * G_GUINT64_CONSTANT (6364136223846793005) + 1442695040888963407u;
      kl_put_u64 (mark + i, fill);
    }
}

/* Two blocks, aligned: what should be there, and what is. */
static guint8 *
allocate (void)
{
  return g_aligned_alloc (2, KL_CAPACITY_MARK, KL_CAPACITY_MARK);
}

/**
 * kl_capacity_probe_write:
 *
 * Writes the marks, in ascending order; to be flushed.
 *
 * Errors: those of kl_sink_write(); G_IO_ERROR_CANCELLED.
 */
gboolean
kl_capacity_probe_write (KlCapacityProbe *self,
                         KlSink *sink,
                         GCancellable *cancellable,
                         GError **error)
{
  guint8 *mark = allocate ();
  gboolean written = TRUE;

  for (guint i = 0; written && i < self->positions->len; i++)
    {
      const guint64 position = g_array_index (self->positions, guint64, i);

      make_mark (self, position, mark);
      written = !g_cancellable_set_error_if_cancelled (cancellable, error)
                && kl_sink_write (sink, mark, KL_CAPACITY_MARK, position, error);
    }
  g_aligned_free (mark);
  return written;
}

/* @there: what is read at @position instead of its mark. Another mark tells how far the drive
 * reaches before it begins again; else it does not reach further than this. */
static gboolean
set_capacity_error (KlCapacityProbe *self, guint64 position, const guint8 *there, GError **error)
{
  const KlBytesView view = { there, KL_CAPACITY_MARK };
  guint64 nonce = 0, other = position, true_size = position;

  if (kl_view_equals (view, 0, MAGIC, sizeof MAGIC) && kl_view_u64 (view, NONCE_OFFSET, &nonce)
      && nonce == self->nonce && kl_view_u64 (view, POSITION_OFFSET, &other) && other != position)
    true_size = other > position ? other - position : position - other;

  g_set_error (error, KL_ERROR, KL_ERROR_CAPACITY,
               "The drive holds less than it says: at most %" G_GUINT64_FORMAT
               " of %" G_GUINT64_FORMAT " bytes. What is written at byte %" G_GUINT64_FORMAT
               " is not there afterwards",
               true_size, self->size, position);
  return FALSE;
}

/**
 * kl_capacity_probe_check:
 *
 * Reads the marks past the page cache. After the content was written it finds all that the probe
 * can find; right after the marks were written, what loses them at once.
 *
 * Errors: KL_ERROR_CAPACITY with both sizes; those of kl_sink_read(); G_IO_ERROR_CANCELLED.
 */
gboolean
kl_capacity_probe_check (KlCapacityProbe *self,
                         KlSink *sink,
                         GCancellable *cancellable,
                         GError **error)
{
  guint8 *mark = allocate ();
  guint8 *there = mark + KL_CAPACITY_MARK;
  gboolean same = TRUE;

  for (guint i = 0; same && i < self->positions->len; i++)
    {
      const guint64 position = g_array_index (self->positions, guint64, i);

      make_mark (self, position, mark);
      same = !g_cancellable_set_error_if_cancelled (cancellable, error)
             && kl_sink_read (sink, there, KL_CAPACITY_MARK, position, error)
             && (memcmp (mark, there, KL_CAPACITY_MARK) == 0
                 || set_capacity_error (self, position, there, error));
    }
  g_aligned_free (mark);
  return same;
}
