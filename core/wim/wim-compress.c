/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-compress"

#include "wim/wim-compress.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file-io.h"
#include "wim/wim-library.h"

/* What a thread gets at once: a thread is busy for a millisecond with it, and the pieces of all of
 * them take few megabytes. */
#define CHUNKS_PER_PIECE 4
#define PIECE_SIZE ((gsize) CHUNKS_PER_PIECE * KL_WIM_BOOT_CHUNK_SIZE)

/* One thread reads and sums up for all, and that many are as quick as it. */
#define MAX_WORKERS 8

typedef struct
{
  guint8 *in;  /* PIECE_SIZE bytes, owned */
  guint8 *out; /* likewise: chunks one behind the other, each no longer than it was */
  gsize size;  /* bytes in @in; 0 tells a thread to end */
  gsize chunks[CHUNKS_PER_PIECE]; /* bytes of each in @out */
  gboolean done;                  /* guarded by the lock */
} Piece;

struct _KlWimCompressor
{
  GPtrArray *blobs; /* of KlWimBlob, borrowed */
  guint level;

  /* What is read. */
  guint next_file; /* place in blobs */
  guint64 at;      /* bytes of it read so far */
  int fd;          /* of it; -1 before its first byte and after its last */
  KlSha1 *sha1;

  guint next_written; /* place in blobs */

  /* From the one that is written next to the one that is filled next; numbers that only grow. */
  Piece *pieces;
  guint n_pieces;
  guint64 first;
  guint64 last;

  GMutex lock;
  GCond changed;
  GAsyncQueue *waiting; /* of Piece */
  GThread *workers[MAX_WORKERS];
  struct wimlib_compressor *compressors[MAX_WORKERS];
  guint n_workers;
};

typedef struct
{
  KlWimCompressor *self;
  struct wimlib_compressor *compressor;
} Worker;

/* A chunk that does not become smaller stays as it is. */
static gsize
compress_chunk (struct wimlib_compressor *compressor, const guint8 *in, gsize size, guint8 *out)
{
  gsize compressed = wimlib_compress (in, size, out, size - 1, compressor);

  if (compressed > 0)
    return compressed;
  memcpy (out, in, size);
  return size;
}

static void
compress_piece (struct wimlib_compressor *compressor, Piece *piece)
{
  guint8 *out = piece->out;

  for (gsize at = 0; at < piece->size; at += KL_WIM_BOOT_CHUNK_SIZE)
    {
      gsize n = MIN (piece->size - at, KL_WIM_BOOT_CHUNK_SIZE);
      gsize compressed = compress_chunk (compressor, piece->in + at, n, out);

      piece->chunks[at / KL_WIM_BOOT_CHUNK_SIZE] = compressed;
      out += compressed;
    }
}

static gpointer
work_thread (gpointer data)
{
  g_autofree Worker *worker = data;
  KlWimCompressor *self = worker->self;

  for (;;)
    {
      Piece *piece = g_async_queue_pop (self->waiting);

      if (piece->size == 0)
        return NULL;
      compress_piece (worker->compressor, piece);
      g_mutex_lock (&self->lock);
      piece->done = TRUE;
      g_cond_broadcast (&self->changed);
      g_mutex_unlock (&self->lock);
    }
}

static gboolean
add_worker (KlWimCompressor *self, GError **error)
{
  Worker *worker;
  int code = wimlib_create_compressor (WIMLIB_COMPRESSION_TYPE_LZX, KL_WIM_BOOT_CHUNK_SIZE,
                                       self->level, &self->compressors[self->n_workers]);

  if (code != 0)
    {
      kl_wim_set_error (error, code, 0, NULL, "Cannot compress files");
      return FALSE;
    }
  worker = g_new (Worker, 1);
  *worker = (Worker){ self, self->compressors[self->n_workers] };
  self->workers[self->n_workers++] = g_thread_new ("kl-compress", work_thread, worker);
  return TRUE;
}

/**
 * kl_wim_compressor_new:
 * @blobs: of KlWimBlob: those to compress, in the order in which they are written; none is empty
 * @level: KL_WIM_LZX_LEVEL or KL_WIM_LZX_LEVEL_SMALLER
 *
 * Errors: KL_ERROR_OUT_OF_MEMORY.
 *
 * Returns: (transfer full) (nullable): the compressor, which has begun nothing yet
 */
KlWimCompressor *
kl_wim_compressor_new (GPtrArray *blobs, guint level, GError **error)
{
  g_autoptr (KlWimCompressor) self = g_new0 (KlWimCompressor, 1);
  guint n_workers = CLAMP (g_get_num_processors (), 1, MAX_WORKERS);

  self->blobs = blobs;
  self->level = level;
  self->fd = -1;
  self->sha1 = kl_sha1_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->waiting = g_async_queue_new ();
  self->n_pieces = 2 * n_workers + 2;
  self->pieces = g_new0 (Piece, self->n_pieces);
  for (guint i = 0; i < self->n_pieces; i++)
    {
      self->pieces[i].in = g_malloc (PIECE_SIZE);
      self->pieces[i].out = g_malloc (PIECE_SIZE);
    }
  for (guint i = 0; i < n_workers; i++)
    if (!add_worker (self, error))
      return NULL;
  return g_steal_pointer (&self);
}

void
kl_wim_compressor_free (KlWimCompressor *self)
{
  Piece end = { 0 };

  if (self == NULL)
    return;

  for (guint i = 0; i < self->n_workers; i++)
    g_async_queue_push (self->waiting, &end);
  for (guint i = 0; i < self->n_workers; i++)
    g_thread_join (self->workers[i]);
  for (guint i = 0; i < self->n_workers; i++)
    wimlib_free_compressor (self->compressors[i]);
  for (guint i = 0; i < self->n_pieces; i++)
    {
      g_free (self->pieces[i].in);
      g_free (self->pieces[i].out);
    }
  g_free (self->pieces);
  g_async_queue_unref (self->waiting);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  kl_sha1_free (self->sha1);
  kl_close_fd (&self->fd);
  g_free (self);
}

static gboolean
set_changed (const KlWimBlob *blob, GError **error)
{
  g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED,
               "“%s” changed while the image was prepared; prepare again", blob->content);
  if (error != NULL)
    kl_error_set_detail (*error, blob->content);
  return FALSE;
}

/* A file that has become shorter has changed; anything else is what reading failed with. */
static gboolean
read_content (const KlWimBlob *blob, int fd, void *data, gsize size, guint64 offset, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (kl_read_at (fd, data, size, offset, blob->content, &failure))
    return TRUE;
  if (g_error_matches (failure, KL_ERROR, KL_ERROR_FORMAT))
    return set_changed (blob, error);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

static gboolean
check_sum (KlSha1 *sha1, const KlWimBlob *blob, GError **error)
{
  guint8 digest[KL_SHA1_SIZE];

  kl_sha1_finish (sha1, digest);
  return memcmp (digest, blob->sha1, sizeof digest) == 0 || set_changed (blob, error);
}

/* Reads the next piece of the file that is being read. */
static gboolean
read_piece (KlWimCompressor *self, GError **error)
{
  const KlWimBlob *blob = self->blobs->pdata[self->next_file];
  Piece *piece = &self->pieces[self->last % self->n_pieces];
  gsize size = (gsize) MIN (blob->size - self->at, PIECE_SIZE);

  if (self->fd < 0)
    self->fd = kl_open_for_reading (blob->content, error);
  if (self->fd < 0 || !read_content (blob, self->fd, piece->in, size, self->at, error))
    return FALSE;
  kl_sha1_update (self->sha1, piece->in, size);
  self->at += size;
  if (self->at == blob->size)
    {
      if (!check_sum (self->sha1, blob, error))
        return FALSE;
      kl_close_fd (&self->fd);
      self->at = 0;
      self->next_file++;
    }

  piece->size = size;
  piece->done = FALSE;
  self->last++;
  g_async_queue_push (self->waiting, piece);
  return TRUE;
}

/* Reads ahead as far as there is room, and waits for the piece that is to be written next. */
static Piece *
next_piece (KlWimCompressor *self, GError **error)
{
  Piece *piece = &self->pieces[self->first % self->n_pieces];

  while (self->last - self->first < self->n_pieces && self->next_file < self->blobs->len)
    if (!read_piece (self, error))
      return NULL;

  g_mutex_lock (&self->lock);
  while (!piece->done)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  return piece;
}

/* The file as it is, where nothing is won by compressing it. */
static gboolean
write_plain (KlWimBlob *blob,
             int fd,
             const char *name,
             guint64 offset,
             GCancellable *cancellable,
             GError **error)
{
  g_autofree guint8 *buffer = g_malloc (PIECE_SIZE);
  g_autoptr (KlSha1) sha1 = kl_sha1_new ();
  g_autofd int source = kl_open_for_reading (blob->content, error);

  if (source < 0)
    return FALSE;
  for (guint64 at = 0; at < blob->size;)
    {
      gsize n = (gsize) MIN (blob->size - at, PIECE_SIZE);

      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !read_content (blob, source, buffer, n, at, error)
          || !kl_write_at (fd, buffer, n, offset + at, name, error))
        return FALSE;
      kl_sha1_update (sha1, buffer, n);
      at += n;
    }
  blob->stored_size = blob->size;
  blob->is_compressed = FALSE;
  return check_sum (sha1, blob, error);
}

/**
 * kl_wim_compressor_write:
 * @fd: of the file that gets it, open for writing
 * @name: of that file, for messages
 * @offset: where it gets it
 * @progress: (nullable): advances by the bytes of the content
 *
 * Writes the next content as a resource: where its chunks begin behind this table, from the second
 * on, then the chunks (wimlib's resource.c). Its blob learns how long it became.
 *
 * Errors: KL_ERROR_WIM_DAMAGED where the content is not what its sum says, with its file as detail;
 * KL_ERROR_* of reading and writing; G_IO_ERROR_CANCELLED. The object is of no use then. Blocks.
 */
gboolean
kl_wim_compressor_write (KlWimCompressor *self,
                         int fd,
                         const char *name,
                         guint64 offset,
                         KlProgress *progress,
                         GCancellable *cancellable,
                         GError **error)
{
  KlWimBlob *blob = self->blobs->pdata[self->next_written];
  gsize n_chunks = (gsize) ((blob->size + KL_WIM_BOOT_CHUNK_SIZE - 1) / KL_WIM_BOOT_CHUNK_SIZE);
  gsize table_size = 4 * (n_chunks - 1);
  g_autofree guint8 *table = g_malloc (4 * n_chunks);
  guint64 stored = 0; /* bytes of chunks */
  gsize chunk = 0;

  for (guint64 done = 0; done < blob->size; self->first++)
    {
      Piece *piece;
      guint64 begin = stored;

      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || (piece = next_piece (self, error)) == NULL)
        return FALSE;
      done += piece->size;
      for (gsize i = 0; i * KL_WIM_BOOT_CHUNK_SIZE < piece->size; i++, chunk++)
        {
          if (chunk > 0)
            kl_put_u32 (table + 4 * (chunk - 1), (guint32) stored);
          stored += piece->chunks[i];
        }
      if (!kl_write_at (fd, piece->out, (gsize) (stored - begin), offset + table_size + begin, name,
                        error))
        return FALSE;
      kl_progress_advance (progress, piece->size);
    }

  self->next_written++;
  if (table_size + stored >= blob->size)
    return write_plain (blob, fd, name, offset, cancellable, error);
  blob->stored_size = table_size + stored;
  blob->is_compressed = TRUE;
  return kl_write_at (fd, table, table_size, offset, name, error);
}

/* Every n-th chunk is a thread's. */
typedef struct
{
  const GByteArray *plain;
  guint8 *out;   /* each chunk where it is in @plain */
  gsize *chunks; /* bytes of each in @out */
  guint first;
  guint step;
  struct wimlib_compressor *compressor; /* owned */
} Share;

static gpointer
share_thread (gpointer data)
{
  const Share *share = data;

  for (gsize i = share->first; i * KL_WIM_BOOT_CHUNK_SIZE < share->plain->len; i += share->step)
    {
      gsize offset = i * KL_WIM_BOOT_CHUNK_SIZE;
      gsize size = MIN (share->plain->len - offset, KL_WIM_BOOT_CHUNK_SIZE);

      share->chunks[i] = compress_chunk (share->compressor, share->plain->data + offset, size,
                                         share->out + offset);
    }
  return NULL;
}

static gboolean
compress_chunks (const GByteArray *plain, guint level, guint8 *out, gsize *chunks, GError **error)
{
  guint n = CLAMP (g_get_num_processors (), 1, MAX_WORKERS);
  Share shares[MAX_WORKERS] = { 0 };
  GThread *threads[MAX_WORKERS];
  int code = 0;

  for (guint i = 0; i < n && code == 0; i++)
    {
      shares[i] = (Share){ plain, out, chunks, i, n, NULL };
      code = wimlib_create_compressor (WIMLIB_COMPRESSION_TYPE_LZX, KL_WIM_BOOT_CHUNK_SIZE, level,
                                       &shares[i].compressor);
    }
  for (guint i = 0; i < n && code == 0; i++)
    threads[i] = g_thread_new ("kl-compress", share_thread, &shares[i]);
  for (guint i = 0; i < n && code == 0; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < n; i++)
    wimlib_free_compressor (shares[i].compressor);

  if (code != 0)
    kl_wim_set_error (error, code, 0, NULL, "Cannot compress metadata");
  return code == 0;
}

/**
 * kl_wim_compress:
 * @plain: not empty
 *
 * The same in memory.
 *
 * Errors: KL_ERROR_OUT_OF_MEMORY.
 *
 * Returns: (transfer full) (nullable): the resource; as long as @plain where it was not compressed
 */
GBytes *
kl_wim_compress (const GByteArray *plain, guint level, GError **error)
{
  gsize n = (plain->len + KL_WIM_BOOT_CHUNK_SIZE - 1) / KL_WIM_BOOT_CHUNK_SIZE;
  g_autofree guint8 *out = g_malloc (plain->len);
  g_autofree gsize *chunks = g_new (gsize, n);
  g_autoptr (GByteArray) resource = NULL;
  guint32 stored = 0;

  if (!compress_chunks (plain, level, out, chunks, error))
    return NULL;

  resource = g_byte_array_new ();
  g_byte_array_set_size (resource, (guint) (4 * (n - 1)));
  for (gsize i = 0; i < n; i++)
    {
      if (i > 0)
        kl_put_u32 (resource->data + 4 * (i - 1), stored);
      g_byte_array_append (resource, out + i * KL_WIM_BOOT_CHUNK_SIZE, (guint) chunks[i]);
      stored += (guint32) chunks[i];
    }
  if (resource->len >= plain->len)
    return g_bytes_new (plain->data, plain->len);
  return g_byte_array_free_to_bytes (g_steal_pointer (&resource));
}
