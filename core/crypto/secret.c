/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-secret"

#include "crypto/secret.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/error.h"
#include "base/file-io.h"

struct _KlSecret
{
  gatomicrefcount references;
  guint8 *data; /* owned; a mapping of its own */
  gsize length; /* bytes, without the NUL behind them */
  gsize mapped; /* bytes; whole pages */
};

G_DEFINE_BOXED_TYPE (KlSecret, kl_secret, kl_secret_ref, kl_secret_unref)

/* How many secrets live, and what the process was before the first. */
static GMutex living_lock;
static guint n_living;
static int dumpable_before;

/*
 * OpenSSL wipes keys, but not every buffer that it reads or writes them through: parsing a PFX
 * leaves parts of the private key in memory that was freed. So all memory of OpenSSL is wiped
 * before it is freed. This has to be set before its first allocation.
 */
static void *
allocate (gsize size, const char *file, int line)
{
  return malloc (size);
}

static void
wipe_and_free (void *memory, const char *file, int line)
{
  if (memory == NULL)
    return;

  OPENSSL_cleanse (memory, malloc_usable_size (memory));
  free (memory);
}

static void *
allocate_again (void *memory, gsize size, const char *file, int line)
{
  const gsize before = memory != NULL ? malloc_usable_size (memory) : 0;
  void *other;

  if (memory != NULL && size > 0 && size <= before)
    return memory;

  other = size > 0 ? malloc (size) : NULL;
  if (size > 0 && other == NULL)
    return NULL;
  if (memory != NULL && other != NULL)
    memcpy (other, memory, MIN (before, size));
  wipe_and_free (memory, file, line);
  return other;
}

__attribute__ ((constructor)) static void
make_openssl_wipe (void)
{
  if (CRYPTO_set_mem_functions (allocate, allocate_again, wipe_and_free) != 1)
    g_warning ("OpenSSL has allocated memory already; what it frees is not wiped");
}

static void
forbid_dumps (void)
{
  g_mutex_lock (&living_lock);
  if (n_living++ == 0)
    {
      dumpable_before = prctl (PR_GET_DUMPABLE);
      prctl (PR_SET_DUMPABLE, 0);
    }
  g_mutex_unlock (&living_lock);
}

static void
allow_dumps (void)
{
  g_mutex_lock (&living_lock);
  /* Only 0 and 1 can be set; 2 comes from the kernel's own policy and stays with it. */
  if (--n_living == 0 && dumpable_before == 1)
    prctl (PR_SET_DUMPABLE, 1);
  g_mutex_unlock (&living_lock);
}

/**
 * kl_secret_new_sized:
 * @length: bytes
 *
 * Zero bytes to be filled through kl_secret_get_buffer(). Locking is tried: a process over its
 * limit of locked memory still gets its secret. A process out of memory ends, as with g_malloc().
 *
 * Returns: (transfer full): the secret
 */
KlSecret *
kl_secret_new_sized (gsize length)
{
  const gsize page = (gsize) sysconf (_SC_PAGESIZE);
  KlSecret *self = g_new0 (KlSecret, 1);

  g_assert (length < G_MAXSIZE - page);

  forbid_dumps ();
  g_atomic_ref_count_init (&self->references);
  self->length = length;
  self->mapped = (length + page) / page * page;
  self->data
      = mmap (NULL, self->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (self->data == MAP_FAILED)
    g_error ("Cannot map %" G_GSIZE_FORMAT " bytes: %s", self->mapped, g_strerror (errno));

  if (mlock (self->data, self->mapped) != 0)
    g_debug ("%" G_GSIZE_FORMAT " bytes are not locked: %s", self->mapped, g_strerror (errno));
  madvise (self->data, self->mapped, MADV_DONTDUMP);
  madvise (self->data, self->mapped, MADV_WIPEONFORK);
  return self;
}

/**
 * kl_secret_new:
 * @data: copied; wiping the original is the caller's
 *
 * Returns: (transfer full): the secret
 */
KlSecret *
kl_secret_new (const void *data, gsize length)
{
  KlSecret *self = kl_secret_new_sized (length);

  if (length > 0)
    memcpy (self->data, data, length);
  return self;
}

/**
 * kl_secret_new_text:
 * @text: copied, without its NUL
 *
 * Returns: (transfer full): the secret
 */
KlSecret *
kl_secret_new_text (const char *text)
{
  return kl_secret_new (text, strlen (text));
}

/* Whoever reads a descriptor of another process waits only so long; for ever where @deadline is 0
 * (of the monotonic clock, microseconds). */
static gboolean
wait_for_byte (int fd, gint64 deadline, GCancellable *cancellable, GError **error)
{
  GPollFD polls[2] = { { .fd = fd, .events = G_IO_IN } };
  guint n_polls = 1;
  int ready;

  if (deadline == 0)
    return TRUE;

  if (g_cancellable_make_pollfd (cancellable, &polls[1]))
    n_polls = 2;
  do
    {
      const gint64 left = MAX (deadline - g_get_monotonic_time (), 0);

      ready = g_poll (polls, n_polls, (int) (left / 1000));
    }
  while (ready < 0 && errno == EINTR);
  if (n_polls == 2)
    g_cancellable_release_fd (cancellable);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (ready > 0)
    return TRUE;
  g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
               "Nobody wrote the rest of the password, up to its end of line, in time");
  return FALSE;
}

/* One byte at a time, so that a second line stays in the descriptor for another reader. */
static gboolean
read_line (int fd, KlSecret *line, gint64 deadline, GCancellable *cancellable, GError **error)
{
  gsize length = 0;

  for (;;)
    {
      gssize got;

      if (!wait_for_byte (fd, deadline, cancellable, error))
        return FALSE;
      got = read (fd, line->data + length, 1);
      if (got < 0 && (errno == EINTR || (errno == EAGAIN && deadline != 0)))
        continue;
      if (got < 0)
        {
          kl_set_error_errno (error, errno, "Cannot read the password from descriptor %d", fd);
          return FALSE;
        }
      if (got == 0 || line->data[length] == '\n')
        break;
      if (line->data[length] == '\0' || ++length > KL_SECRET_MAX_TEXT)
        {
          g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                       "A password is text of at most %d bytes in one line", KL_SECRET_MAX_TEXT);
          return FALSE;
        }
    }

  if (length > 0 && line->data[length - 1] == '\r')
    length--;
  kl_secret_truncate (line, length);
  return TRUE;
}

static KlSecret *
read_secret (int fd, gint64 deadline, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlSecret) line = kl_secret_new_sized (KL_SECRET_MAX_TEXT + 1);

  if (!read_line (fd, line, deadline, cancellable, error))
    return NULL;
  if (!g_utf8_validate ((const char *) line->data, (gssize) line->length, NULL))
    {
      g_set_error (error, KL_ERROR, KL_ERROR_INVALID_ARGUMENT,
                   "The password from descriptor %d is not UTF-8 text", fd);
      return NULL;
    }

  return g_steal_pointer (&line);
}

/**
 * kl_secret_new_from_fd:
 * @fd: an open descriptor; stays open
 *
 * Reads one line of UTF-8; its end (LF or CR LF) is no part of the secret. Blocks; any thread.
 *
 * Errors: KL_ERROR_INVALID_ARGUMENT (longer than KL_SECRET_MAX_TEXT, a NUL, not UTF-8) and those
 * of read(2).
 *
 * Returns: (transfer full) (nullable): the secret, maybe empty
 */
KlSecret *
kl_secret_new_from_fd (int fd, GError **error)
{
  return read_secret (fd, 0, NULL, error);
}

/**
 * kl_secret_new_from_fd_within:
 * @patience: how long the whole line may take; milliseconds
 * @cancellable: (nullable): ends the waiting
 *
 * As kl_secret_new_from_fd(), from a pipe, socket or file whose other end is not trusted to write.
 * Make it one that does not block (O_NONBLOCK) where somebody else may read from it, too.
 *
 * Errors: also KL_ERROR_INVALID_ARGUMENT after @patience, and G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full) (nullable): the secret, maybe empty
 */
KlSecret *
kl_secret_new_from_fd_within (int fd, guint patience, GCancellable *cancellable, GError **error)
{
  const gint64 deadline = g_get_monotonic_time () + (gint64) patience * 1000;

  return read_secret (fd, deadline, cancellable, error);
}

/**
 * kl_secret_new_from_file:
 *
 * As kl_secret_new_from_fd(), from the first line of a file. Errors name the file and never what is
 * in it.
 *
 * Returns: (transfer full) (nullable): the secret
 */
KlSecret *
kl_secret_new_from_file (const char *path, GError **error)
{
  g_autofd int fd = kl_open_for_reading (path, error);
  KlSecret *self;

  if (fd < 0)
    return NULL;

  self = kl_secret_new_from_fd (fd, error);
  if (self == NULL)
    g_prefix_error (error, "“%s”: ", path);
  return self;
}

/**
 * kl_secret_new_utf16:
 * @text: valid UTF-8
 *
 * Returns: (transfer full): the text in UTF-16LE without a terminator; characters above U+FFFF as
 *   surrogate pairs, nothing normalised (media-formats.md 1.2)
 */
KlSecret *
kl_secret_new_utf16 (KlSecret *text)
{
  KlSecret *self = kl_secret_new_sized (text->length * 2);
  const char *at = (const char *) text->data;
  const char *end = at + text->length;
  gsize length = 0;

  for (; at < end; at = g_utf8_next_char (at))
    {
      gunichar character = g_utf8_get_char (at);
      guint16 units[2] = { (guint16) character, 0 };
      guint n_units = 1;

      if (character > 0xffff)
        {
          units[0] = (guint16) (0xd800 + ((character - 0x10000) >> 10));
          units[1] = (guint16) (0xdc00 + ((character - 0x10000) & 0x3ff));
          n_units = 2;
        }
      for (guint i = 0; i < n_units; i++)
        {
          self->data[length++] = (guint8) units[i];
          self->data[length++] = (guint8) (units[i] >> 8);
        }
    }

  self->length = length;
  return self;
}

/* FALSE where the units at *at are half a pair. */
static gboolean
next_character (const guint8 *utf16, gsize length, gsize *at, gunichar *character)
{
  gunichar first = utf16[*at] | (gunichar) utf16[*at + 1] << 8;
  gunichar second;

  *at += 2;
  *character = first;
  if (first < 0xd800 || first > 0xdfff)
    return TRUE;
  if (first > 0xdbff || *at + 2 > length)
    return FALSE;

  second = utf16[*at] | (gunichar) utf16[*at + 1] << 8;
  *at += 2;
  *character = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
  return second >= 0xdc00 && second <= 0xdfff;
}

/**
 * kl_secret_new_from_utf16:
 * @utf16: UTF-16LE
 * @length: bytes
 *
 * Errors: KL_ERROR_FORMAT (an odd length, half a surrogate pair).
 *
 * Returns: (transfer full) (nullable): the text in UTF-8
 */
KlSecret *
kl_secret_new_from_utf16 (const guint8 *utf16, gsize length, GError **error)
{
  g_autoptr (KlSecret) self = NULL;
  gsize used = 0;

  if (length % 2 != 0)
    {
      g_set_error (error, KL_ERROR, KL_ERROR_FORMAT, "%" G_GSIZE_FORMAT " bytes are no UTF-16 text",
                   length);
      return NULL;
    }

  self = kl_secret_new_sized (length / 2 * 3);
  for (gsize at = 0; at < length;)
    {
      gunichar character;

      if (!next_character (utf16, length, &at, &character))
        {
          g_set_error (error, KL_ERROR, KL_ERROR_FORMAT,
                       "Half a surrogate pair stands before byte %" G_GSIZE_FORMAT, at);
          return NULL;
        }
      used += (gsize) g_unichar_to_utf8 (character, (char *) self->data + used);
    }

  self->length = used;
  return g_steal_pointer (&self);
}

/**
 * kl_secret_new_guid:
 * @braces: in braces and with capital letters, or without and with small ones
 *
 * Returns: (transfer full): a random GUID (version 4) that leaves no copy in other memory
 */
KlSecret *
kl_secret_new_guid (gboolean braces)
{
  KlSecret *self = kl_secret_new_sized (braces ? 38 : 36);
  const char *digits = braces ? "0123456789ABCDEF" : "0123456789abcdef";
  guint8 *to = self->data;
  guint8 random[16];

  if (RAND_bytes (random, sizeof random) != 1)
    g_error ("OpenSSL has no random numbers");
  random[6] = (guint8) ((random[6] & 0x0f) | 0x40);
  random[8] = (guint8) ((random[8] & 0x3f) | 0x80);

  if (braces)
    *to++ = '{';
  for (guint i = 0; i < sizeof random; i++)
    {
      if (i == 4 || i == 6 || i == 8 || i == 10)
        *to++ = '-';
      *to++ = (guint8) digits[random[i] >> 4];
      *to++ = (guint8) digits[random[i] & 15];
    }
  if (braces)
    *to++ = '}';

  OPENSSL_cleanse (random, sizeof random);
  return self;
}

KlSecret *
kl_secret_ref (KlSecret *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
kl_secret_unref (KlSecret *self)
{
  if (!g_atomic_ref_count_dec (&self->references))
    return;

  OPENSSL_cleanse (self->data, self->mapped);
  munmap (self->data, self->mapped);
  g_free (self);
  allow_dumps ();
}

/**
 * kl_secret_get_text:
 *
 * Returns: (transfer none): the bytes; a NUL stands behind them
 */
const char *
kl_secret_get_text (KlSecret *self)
{
  return (const char *) self->data;
}

const guint8 *
kl_secret_get_data (KlSecret *self)
{
  return self->data;
}

gsize
kl_secret_get_length (KlSecret *self)
{
  return self->length;
}

/**
 * kl_secret_get_buffer:
 *
 * For the one who made @self and has not shared it yet.
 *
 * Returns: (transfer none): the bytes, to be written
 */
guint8 *
kl_secret_get_buffer (KlSecret *self)
{
  return self->data;
}

/**
 * kl_secret_truncate:
 * @length: not more than the length now
 *
 * Cuts and wipes the end; for the one who made @self and has not shared it yet.
 */
void
kl_secret_truncate (KlSecret *self, gsize length)
{
  g_return_if_fail (length <= self->length);

  OPENSSL_cleanse (self->data + length, self->mapped - length);
  self->length = length;
}

/**
 * kl_secret_equal:
 *
 * Returns: whether both hold the same bytes; the time taken tells no more than the lengths
 */
gboolean
kl_secret_equal (KlSecret *a, KlSecret *b)
{
  return a->length == b->length && CRYPTO_memcmp (a->data, b->data, a->length) == 0;
}

/**
 * kl_secret_is_empty:
 * @self: (nullable): a secret
 *
 * Returns: whether there is no secret, or one of no bytes
 */
gboolean
kl_secret_is_empty (KlSecret *self)
{
  return self == NULL || self->length == 0;
}
