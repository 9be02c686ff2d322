/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-checksum"

#include "base/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <isa-l/crc.h>
#include <openssl/evp.h>

#include "base/error.h"
#include "base/file-io.h"

#define MAX_WAITING 4

/* What is read at once where summing it up takes no longer than reading it: that much stays in the
 * cache of a core meanwhile. Bytes. */
#define CACHED_BLOCK ((gsize) 64 << 10)

struct _KlHasher
{
  GThread *thread;    /* owned; NULL once joined */
  EVP_MD_CTX *digest; /* owned; hashing thread only until joined */
  GMutex lock;
  GCond changed;
  GQueue waiting; /* of GBytes; guarded by lock */
  gboolean ended; /* guarded by lock */
};

/**
 * kl_crc32c_update:
 * @crc: 0 for the first block, else the value of the block before
 *
 * Returns: the CRC-32C of everything so far (reflected, polynomial 0x1EDC6F41, as in RFC 3720)
 */
guint32
kl_crc32c_update (guint32 crc, const void *data, gsize length)
{
  const guint8 *bytes = data;
  guint32 state = ~crc;

  /* ISA-L counts in int. */
  while (length > 0)
    {
      gsize n = MIN (length, (gsize) 1 << 30);

      state = crc32_iscsi ((unsigned char *) bytes, (int) n, state);
      bytes += n;
      length -= n;
    }

  return ~state;
}

/* The product of two polynomials modulo that of CRC-32C; the highest bit stands for 1. */
static guint32
multiply (guint32 a, guint32 b)
{
  const guint32 polynomial = 0x82F63B78;
  guint32 product = 0;

  for (guint32 bit = (guint32) 1 << 31; bit != 0; bit >>= 1)
    {
      if (a & bit)
        product ^= b;
      b = b & 1 ? (b >> 1) ^ polynomial : b >> 1;
    }
  return product;
}

/* What the CRC of something is multiplied with when @length bytes follow: x to the power of their
 * bits. */
static guint32
get_shift (guint64 length)
{
  guint32 shift = (guint32) 1 << 31;
  guint32 square = (guint32) 1 << (31 - 8); /* of one byte */

  for (; length != 0; length >>= 1)
    {
      if (length & 1)
        shift = multiply (shift, square);
      square = multiply (square, square);
    }
  return shift;
}

/**
 * kl_crc32c_shift:
 * @crc: of a part
 * @length: bytes that follow it
 *
 * The CRC-32C of a whole is the exclusive or of those of its parts, each shifted by what follows
 * it, in any order: so several threads can sum it up.
 */
guint32
kl_crc32c_shift (guint32 crc, guint64 length)
{
  return multiply (get_shift (length), crc);
}

/* Bytes of a file that are summed up by two threads, which take the blocks in turn. */
typedef struct
{
  int fd;
  const char *name;
  guint64 start; /* bytes; where they begin in it */
  guint64 size;  /* bytes */
  gint n_blocks;
  gint next;       /* atomic */
  gint failed;     /* atomic */
  gint n_threads;  /* atomic; those that have a buffer */
  guint8 *buffers; /* one of CACHED_BLOCK for each thread */
  guint32 *sums;   /* of each block */
  GMutex lock;
  GError *error; /* the first one; guarded by lock */
  KlProgress *progress;
  GCancellable *cancellable;
} FileSum;

static gboolean
sum_block (FileSum *sum, gint number, guint8 *buffer, GError **error)
{
  const guint64 start = (guint64) number * KL_IO_BLOCK;
  const guint64 end = MIN (start + KL_IO_BLOCK, sum->size);

  if (g_cancellable_set_error_if_cancelled (sum->cancellable, error))
    return FALSE;
  for (guint64 at = start; at < end;)
    {
      const gsize n = (gsize) MIN (end - at, CACHED_BLOCK);

      if (!kl_read_at (sum->fd, buffer, n, sum->start + at, sum->name, error))
        return FALSE;
      sum->sums[number] = kl_crc32c_update (sum->sums[number], buffer, n);
      at += n;
    }
  kl_progress_advance (sum->progress, end - start);
  return TRUE;
}

static gpointer
sum_blocks (gpointer data)
{
  FileSum *sum = data;
  guint8 *buffer = sum->buffers + CACHED_BLOCK * (gsize) g_atomic_int_add (&sum->n_threads, 1);
  gint number;

  while (!g_atomic_int_get (&sum->failed)
         && (number = g_atomic_int_add (&sum->next, 1)) < sum->n_blocks)
    {
      GError *error = NULL;

      if (sum_block (sum, number, buffer, &error))
        continue;
      g_atomic_int_set (&sum->failed, TRUE);
      g_mutex_lock (&sum->lock);
      if (sum->error == NULL)
        sum->error = g_steal_pointer (&error);
      g_mutex_unlock (&sum->lock);
      g_clear_error (&error);
    }
  return NULL;
}

static guint32
join_sums (const FileSum *sum)
{
  const guint32 shift = get_shift (KL_IO_BLOCK);
  guint32 crc = 0;

  for (gint i = 0; i < sum->n_blocks; i++)
    {
      const guint64 length = MIN (sum->size - (guint64) i * KL_IO_BLOCK, KL_IO_BLOCK);

      crc = multiply (length == KL_IO_BLOCK ? shift : get_shift (length), crc) ^ sum->sums[i];
    }
  return crc;
}

/**
 * kl_crc32c_range:
 * @name: of the file, for messages
 * @offset: bytes from its beginning, as is @length
 * @progress: (nullable): advances by the bytes read
 * @crc: (out): the CRC-32C of these bytes
 *
 * By this thread and one more.
 *
 * Errors: KL_ERROR_* of read(2), KL_ERROR_FORMAT where the file is shorter; G_IO_ERROR_CANCELLED.
 * Blocks; any thread.
 */
gboolean
kl_crc32c_range (int fd,
                 const char *name,
                 guint64 offset,
                 guint64 length,
                 KlProgress *progress,
                 GCancellable *cancellable,
                 guint32 *crc,
                 GError **error)
{
  const gint n_blocks = (gint) ((length + KL_IO_BLOCK - 1) / KL_IO_BLOCK);
  g_autofree guint32 *sums = g_new0 (guint32, MAX (n_blocks, 1));
  g_autofree guint8 *buffers = g_malloc (2 * CACHED_BLOCK);
  FileSum sum = { .fd = fd,
                  .name = name,
                  .start = offset,
                  .size = length,
                  .n_blocks = n_blocks,
                  .buffers = buffers,
                  .sums = sums,
                  .progress = progress,
                  .cancellable = cancellable };
  GThread *helper = NULL;

  g_mutex_init (&sum.lock);
  if (n_blocks > 1)
    helper = g_thread_try_new ("checksum", sum_blocks, &sum, NULL);
  sum_blocks (&sum);
  if (helper != NULL)
    g_thread_join (helper);
  g_mutex_clear (&sum.lock);
  if (sum.error != NULL)
    {
      g_propagate_error (error, sum.error);
      return FALSE;
    }

  *crc = join_sums (&sum);
  return TRUE;
}

/**
 * kl_crc32c_file:
 * @progress: (nullable): advances by the bytes read
 * @size: (out) (optional): bytes read
 * @crc: (out): the CRC-32C of the whole file
 *
 * Errors: KL_ERROR_* of open(2), those of kl_crc32c_range() where the file becomes shorter
 * meanwhile. Blocks; any thread.
 */
gboolean
kl_crc32c_file (const char *path,
                KlProgress *progress,
                GCancellable *cancellable,
                guint64 *size,
                guint32 *crc,
                GError **error)
{
  struct stat info;
  g_autofd int fd = kl_open_with_info (path, &info, error);

  if (fd < 0
      || !kl_crc32c_range (fd, path, 0, (guint64) info.st_size, progress, cancellable, crc, error))
    return FALSE;

  if (size != NULL)
    *size = (guint64) info.st_size;
  return TRUE;
}

static gboolean
sum_up_to (KlPartSum *self, guint64 end, GCancellable *cancellable, GError **error)
{
  g_autofree guint8 *buffer = self->at < end ? g_malloc (CACHED_BLOCK) : NULL;

  while (self->at < end)
    {
      gsize n = (gsize) MIN (end - self->at, CACHED_BLOCK);

      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !kl_read_at (self->fd, buffer, n, self->at, self->name, error))
        return FALSE;
      self->crc32c = kl_crc32c_update (self->crc32c, buffer, n);
      self->at += n;
    }
  return TRUE;
}

/**
 * kl_part_sum_add:
 * @data: what was read of the file
 * @offset: from there
 *
 * Parts should come in their order; if they do not, all is read again in the end.
 *
 * Errors: those of kl_read_at(); G_IO_ERROR_CANCELLED. Blocks while what was left out is read.
 */
gboolean
kl_part_sum_add (KlPartSum *self,
                 const void *data,
                 gsize length,
                 guint64 offset,
                 GCancellable *cancellable,
                 GError **error)
{
  self->is_lost = self->is_lost || offset < self->at;
  if (self->is_lost)
    return TRUE;
  if (!sum_up_to (self, offset, cancellable, error))
    return FALSE;

  self->crc32c = kl_crc32c_update (self->crc32c, data, length);
  self->at += length;
  return TRUE;
}

/**
 * kl_part_sum_finish:
 *
 * Sums up the rest of the file. Then @at is its size, and @crc32c that of all of it.
 *
 * Errors: as kl_crc32c_file(). Blocks.
 */
gboolean
kl_part_sum_finish (KlPartSum *self, GCancellable *cancellable, GError **error)
{
  struct stat info;

  if (fstat (self->fd, &info) != 0)
    {
      kl_set_error_errno (error, errno, "Cannot read “%s”", self->name);
      return FALSE;
    }
  if (self->is_lost)
    *self = (KlPartSum){ .fd = self->fd, .name = self->name };
  return sum_up_to (self, (guint64) info.st_size, cancellable, error);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)

/**
 * kl_sha1_fd:
 * @size: of the file; bytes
 * @name: for messages
 * @progress: (nullable): advances by the bytes read
 * @digest: (out caller-allocates): 20 bytes
 *
 * Errors: KL_ERROR_FORMAT where the file is shorter, KL_ERROR_* of read(2), G_IO_ERROR_CANCELLED.
 * Blocks; any thread.
 */
gboolean
kl_sha1_fd (int fd,
            guint64 size,
            const char *name,
            KlProgress *progress,
            GCancellable *cancellable,
            guint8 *digest,
            GError **error)
{
  g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
  g_autofree guint8 *buffer = g_malloc ((gsize) CLAMP (size, 1, CACHED_BLOCK));

  EVP_DigestInit_ex (context, EVP_sha1 (), NULL);
  for (guint64 offset = 0; offset < size;)
    {
      gsize n = (gsize) MIN (size - offset, CACHED_BLOCK);

      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !kl_read_at (fd, buffer, n, offset, name, error))
        return FALSE;
      EVP_DigestUpdate (context, buffer, n);
      offset += n;
      kl_progress_advance (progress, n);
    }

  EVP_DigestFinal_ex (context, digest, NULL);
  return TRUE;
}

void
kl_sha1_data (const void *data, gsize length, guint8 *digest)
{
  EVP_Digest (data, length, digest, NULL, EVP_sha1 (), NULL);
}

struct _KlSha1
{
  EVP_MD_CTX *context; /* owned */
};

KlSha1 *
kl_sha1_new (void)
{
  KlSha1 *self = g_new0 (KlSha1, 1);

  self->context = EVP_MD_CTX_new ();
  EVP_DigestInit_ex (self->context, EVP_sha1 (), NULL);
  return self;
}

void
kl_sha1_update (KlSha1 *self, const void *data, gsize length)
{
  EVP_DigestUpdate (self->context, data, length);
}

/**
 * kl_sha1_finish:
 * @digest: (out caller-allocates): 20 bytes
 *
 * What comes next begins a new sum.
 */
void
kl_sha1_finish (KlSha1 *self, guint8 *digest)
{
  EVP_DigestFinal_ex (self->context, digest, NULL);
  EVP_DigestInit_ex (self->context, EVP_sha1 (), NULL);
}

void
kl_sha1_free (KlSha1 *self)
{
  if (self == NULL)
    return;

  EVP_MD_CTX_free (self->context);
  g_free (self);
}

static gpointer
hash_thread (gpointer data)
{
  KlHasher *self = data;

  for (;;)
    {
      g_autoptr (GBytes) block = NULL;

      g_mutex_lock (&self->lock);
      while (g_queue_is_empty (&self->waiting) && !self->ended)
        g_cond_wait (&self->changed, &self->lock);
      block = g_queue_pop_head (&self->waiting);
      g_cond_broadcast (&self->changed);
      g_mutex_unlock (&self->lock);

      if (block == NULL)
        return NULL;
      EVP_DigestUpdate (self->digest, g_bytes_get_data (block, NULL), g_bytes_get_size (block));
    }
}

static char *
hex_from_digest (EVP_MD_CTX *digest)
{
  guint8 value[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  GString *hex = g_string_new (NULL);

  EVP_DigestFinal_ex (digest, value, &length);
  for (unsigned int i = 0; i < length; i++)
    g_string_append_printf (hex, "%02x", value[i]);

  return g_string_free (hex, FALSE);
}

/**
 * kl_hasher_new:
 *
 * Returns: (transfer full): a SHA-256 that runs in its own thread
 */
KlHasher *
kl_hasher_new (void)
{
  KlHasher *self = g_new0 (KlHasher, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->waiting);
  self->digest = EVP_MD_CTX_new ();
  EVP_DigestInit_ex (self->digest, EVP_sha256 (), NULL);
  self->thread = g_thread_new ("kl-sha256", hash_thread, self);
  return self;
}

/**
 * kl_hasher_feed:
 * @data: the next block; a reference is taken
 *
 * Blocks while four blocks are waiting, so memory stays bounded.
 */
void
kl_hasher_feed (KlHasher *self, GBytes *data)
{
  g_mutex_lock (&self->lock);
  while (g_queue_get_length (&self->waiting) >= MAX_WAITING)
    g_cond_wait (&self->changed, &self->lock);
  g_queue_push_tail (&self->waiting, g_bytes_ref (data));
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
stop_thread (KlHasher *self)
{
  if (self->thread == NULL)
    return;

  g_mutex_lock (&self->lock);
  self->ended = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_thread_join (g_steal_pointer (&self->thread));
}

/**
 * kl_hasher_finish:
 *
 * Waits for the thread. Call once.
 *
 * Returns: (transfer full): the digest, 64 lower-case hexadecimal digits
 */
char *
kl_hasher_finish (KlHasher *self)
{
  stop_thread (self);
  return hex_from_digest (self->digest);
}

void
kl_hasher_free (KlHasher *self)
{
  if (self == NULL)
    return;

  stop_thread (self);
  g_queue_clear_full (&self->waiting, (GDestroyNotify) g_bytes_unref);
  EVP_MD_CTX_free (self->digest);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

/**
 * kl_sha256_file:
 * @progress: (nullable): advances by the bytes read
 *
 * Errors: KL_ERROR_* of open(2) and read(2); G_IO_ERROR_CANCELLED. Blocks; any thread.
 *
 * Returns: (transfer full) (nullable): the SHA-256 of the whole file, hex in lower case
 */
char *
kl_sha256_file (const char *path, KlProgress *progress, GCancellable *cancellable, GError **error)
{
  g_autoptr (KlHasher) hasher = kl_hasher_new ();
  g_autofd int fd = kl_open_for_reading (path, error);
  gssize n = fd >= 0 ? 1 : -1;

  while (n > 0)
    {
      guint8 *block = g_malloc (KL_IO_BLOCK);
      g_autoptr (GBytes) bytes = NULL;

      n = kl_read_some (fd, block, KL_IO_BLOCK, path, cancellable, error);
      bytes = g_bytes_new_take (block, n > 0 ? (gsize) n : 0);
      if (n > 0)
        {
          kl_hasher_feed (hasher, bytes);
          kl_progress_advance (progress, (guint64) n);
        }
    }

  return n == 0 ? kl_hasher_finish (hasher) : NULL;
}

/**
 * kl_sha256_data:
 *
 * Returns: (transfer full): the SHA-256 of @data, 64 lower-case hexadecimal digits
 */
char *
kl_sha256_data (const void *data, gsize length)
{
  EVP_MD_CTX *digest = EVP_MD_CTX_new ();
  char *hex;

  EVP_DigestInit_ex (digest, EVP_sha256 (), NULL);
  EVP_DigestUpdate (digest, data, length);
  hex = hex_from_digest (digest);
  EVP_MD_CTX_free (digest);
  return hex;
}
