/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim-compress"

#include "wim/wim-compress.h"

#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file-io.h"
#include "wim/wim-library.h"

/* What a thread gets at once: a thread is busy for a millisecond with it, and the pieces of all of
 * them take few megabytes. A chunk is of one file, and there are many files that are small. */
#define PIECE_SIZE ((gsize) 4 * KL_WIM_BOOT_CHUNK_SIZE)
#define CHUNKS_PER_PIECE 64

/* One thread reads and sums up for all, and that many are as quick as it. */
#define MAX_WORKERS 8

/* Small contents are written together, up to so many bytes. */
#define BUFFER_SIZE ((gsize) 128 << 10)

typedef struct
{
  gsize size;   /* bytes in the file */
  gsize stored; /* bytes of what the piece has for it, which is no more */
} Chunk;

typedef struct
{
  guint8 *in;  /* PIECE_SIZE bytes, owned: chunks of files, one behind the other */
  guint8 *out; /* likewise, of what became of them */
  gsize size;  /* bytes in @in */
  Chunk chunks[CHUNKS_PER_PIECE];
  guint n_chunks; /* 0 tells a thread to end */
  gboolean done;  /* guarded by the lock */

  /* What was taken of it. */
  guint n_taken;
  gsize taken; /* bytes of @out */
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
  guint8 *buffer;     /* BUFFER_SIZE bytes that are to be written */
  gsize buffered;     /* bytes in it */
  guint64 buffer_at;  /* their place in the file */

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
  const guint8 *in = piece->in;
  guint8 *out = piece->out;

  for (guint i = 0; i < piece->n_chunks; i++)
    {
      Chunk *chunk = &piece->chunks[i];

      chunk->stored = compress_chunk (compressor, in, chunk->size, out);
      in += chunk->size;
      out += chunk->stored;
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

      if (piece->n_chunks == 0)
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
  self->buffer = g_malloc (BUFFER_SIZE);
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
  g_free (self->buffer);
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

/* Reads on in the file that is being read, as far as a piece has room. */
static gboolean
read_chunks (KlWimCompressor *self, Piece *piece, GError **error)
{
  const KlWimBlob *blob = self->blobs->pdata[self->next_file];
  gsize size = (gsize) MIN (blob->size - self->at, PIECE_SIZE - piece->size);

  if (self->fd < 0)
    self->fd = kl_open_for_reading (blob->content, error);
  if (self->fd < 0
      || !read_content (blob, self->fd, piece->in + piece->size, size, self->at, error))
    return FALSE;
  kl_sha1_update (self->sha1, piece->in + piece->size, size);
  for (gsize at = 0; at < size; at += KL_WIM_BOOT_CHUNK_SIZE)
    piece->chunks[piece->n_chunks++].size = MIN (size - at, KL_WIM_BOOT_CHUNK_SIZE);
  piece->size += size;
  self->at += size;
  if (self->at < blob->size)
    return TRUE;

  if (!check_sum (self->sha1, blob, error))
    return FALSE;
  kl_close_fd (&self->fd);
  self->at = 0;
  self->next_file++;
  return TRUE;
}

/* Whether the next file begins in a piece that has something already: all of it is to be there. */
static gboolean
fits (KlWimCompressor *self, const Piece *piece)
{
  const KlWimBlob *blob
      = self->next_file < self->blobs->len ? self->blobs->pdata[self->next_file] : NULL;

  return blob != NULL && self->at == 0 && blob->size <= PIECE_SIZE - piece->size
         && piece->n_chunks + PIECE_SIZE / KL_WIM_BOOT_CHUNK_SIZE <= CHUNKS_PER_PIECE;
}

/* Reads the next piece: of one file, or several small ones. */
static gboolean
read_piece (KlWimCompressor *self, GError **error)
{
  Piece *piece = &self->pieces[self->last % self->n_pieces];

  piece->size = 0;
  piece->n_chunks = 0;
  piece->n_taken = 0;
  piece->taken = 0;
  piece->done = FALSE;
  do
    if (!read_chunks (self, piece, error))
      return FALSE;
  while (fits (self, piece));

  self->last++;
  g_async_queue_push (self->waiting, piece);
  return TRUE;
}

/* The piece that is to be written next; reads ahead as far as there is room, and waits for it. */
static Piece *
next_piece (KlWimCompressor *self, GError **error)
{
  Piece *piece = &self->pieces[self->first % self->n_pieces];

  if (self->first < self->last && piece->n_taken > 0)
    return piece;
  while (self->last - self->first < self->n_pieces && self->next_file < self->blobs->len)
    if (!read_piece (self, error))
      return NULL;

  g_mutex_lock (&self->lock);
  while (!piece->done)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  return piece;
}

/* What becomes of a file. */
typedef struct
{
  guint8 *table; /* of the places of its chunks from the second on, behind the table */
  gsize n_chunks;
  guint32 stored; /* bytes of them */
} Resource;

/* The next chunks of a file of which @left bytes are not taken yet. */
static const guint8 *
take_chunks (
    KlWimCompressor *self, Piece *piece, guint64 left, Resource *resource, gsize *size, gsize *n)
{
  const guint8 *data = piece->out + piece->taken;

  *size = 0;
  *n = 0;
  while (*size < left && piece->n_taken < piece->n_chunks)
    {
      const Chunk *chunk = &piece->chunks[piece->n_taken++];

      if (resource->n_chunks > 0)
        kl_put_u32 (resource->table + 4 * (resource->n_chunks - 1), resource->stored);
      resource->n_chunks++;
      resource->stored += (guint32) chunk->stored;
      *size += chunk->size;
      *n += chunk->stored;
    }
  piece->taken += *n;
  if (piece->n_taken == piece->n_chunks)
    self->first++;
  return data;
}

static gboolean
flush_buffer (KlWimCompressor *self, int fd, const char *name, GError **error)
{
  gsize n = self->buffered;

  self->buffered = 0;
  return n == 0 || kl_write_at (fd, self->buffer, n, self->buffer_at, name, error);
}

/* Writes at once what is long, and what is short together with what stands before and behind it. */
static gboolean
write_part (KlWimCompressor *self,
            int fd,
            const char *name,
            guint64 offset,
            const guint8 *data,
            gsize size,
            GError **error)
{
  if ((self->buffer_at + self->buffered != offset || self->buffered + size > BUFFER_SIZE)
      && !flush_buffer (self, fd, name, error))
    return FALSE;
  if (size > BUFFER_SIZE / 2)
    return flush_buffer (self, fd, name, error)
           && kl_write_at (fd, data, size, offset, name, error);

  if (self->buffered == 0)
    self->buffer_at = offset;
  memcpy (self->buffer + self->buffered, data, size);
  self->buffered += size;
  return TRUE;
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
  return check_sum (sha1, blob, error);
}

static gboolean
write_chunks (KlWimCompressor *self,
              const KlWimBlob *blob,
              int fd,
              const char *name,
              guint64 offset,
              Resource *resource,
              KlProgress *progress,
              GCancellable *cancellable,
              GError **error)
{
  gsize size, n;

  for (guint64 done = 0; done < blob->size; done += size)
    {
      guint64 place = offset + resource->stored;
      Piece *piece;
      const guint8 *data;

      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || (piece = next_piece (self, error)) == NULL)
        return FALSE;
      data = take_chunks (self, piece, blob->size - done, resource, &size, &n);
      if (!write_part (self, fd, name, place, data, n, error))
        return FALSE;
      kl_progress_advance (progress, size);
    }
  return TRUE;
}

/**
 * kl_wim_compressor_write:
 * @fd: of the file that gets it, open for writing; the same for all
 * @name: of that file, for messages
 * @offset: where it gets it
 * @progress: (nullable): advances by the bytes of the content
 *
 * Writes the next content as a resource: where its chunks begin behind this table, from the second
 * on, then the chunks (wimlib's resource.c). Its blob learns how long it became. All is in the file
 * once the last of them is written.
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
  Resource resource = { .table = table };

  if (!write_chunks (self, blob, fd, name, offset + table_size, &resource, progress, cancellable,
                     error))
    return FALSE;

  self->next_written++;
  blob->stored_size = table_size + resource.stored;
  blob->is_compressed = blob->stored_size < blob->size;
  if ((self->next_written == self->blobs->len || (!blob->is_compressed && table_size > 0))
      && !flush_buffer (self, fd, name, error))
    return FALSE;
  /* A single chunk that is as long as it was is the file. */
  if (table_size == 0)
    return TRUE;
  return blob->is_compressed ? kl_write_at (fd, table, table_size, offset, name, error)
                             : write_plain (blob, fd, name, offset, cancellable, error);
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

static gboolean
decompress_chunks (struct wimlib_decompressor *decompressor,
                   KlBytesView resource,
                   guint8 *out,
                   guint64 size)
{
  guint64 n = (size + KL_WIM_BOOT_CHUNK_SIZE - 1) / KL_WIM_BOOT_CHUNK_SIZE;
  guint64 table = 4 * (n - 1), at = table;

  for (guint64 i = 0; i < n; i++)
    {
      gsize plain = (gsize) MIN (size - i * KL_WIM_BOOT_CHUNK_SIZE, KL_WIM_BOOT_CHUNK_SIZE);
      guint64 end = resource.size;
      guint32 next;
      KlBytesView chunk;

      if (i + 1 < n)
        {
          if (!kl_view_u32 (resource, 4 * i, &next))
            return FALSE;
          end = table + next;
        }
      if (end <= at || !kl_view_slice (resource, at, end - at, &chunk) || chunk.size > plain)
        return FALSE;
      if (chunk.size == plain)
        memcpy (out, chunk.data, plain);
      else if (wimlib_decompress (chunk.data, chunk.size, out, plain, decompressor) != 0)
        return FALSE;
      out += plain;
      at = end;
    }
  return TRUE;
}

/**
 * kl_wim_decompress:
 * @resource: compressed as kl_wim_compress() does
 * @size: of what is in it, bytes; not 0, and no more than there is memory for
 * @name: of the file that it comes from, for messages
 *
 * Errors: KL_ERROR_WIM_DAMAGED, KL_ERROR_OUT_OF_MEMORY.
 *
 * Returns: (transfer full) (nullable): the content
 */
GBytes *
kl_wim_decompress (GBytes *resource, guint64 size, const char *name, GError **error)
{
  struct wimlib_decompressor *decompressor = NULL;
  g_autofree guint8 *out = g_malloc ((gsize) size);
  KlBytesView view;
  gboolean ok;
  int code = wimlib_create_decompressor (WIMLIB_COMPRESSION_TYPE_LZX, KL_WIM_BOOT_CHUNK_SIZE,
                                         &decompressor);

  if (code != 0)
    {
      kl_wim_set_error (error, code, 0, NULL, "Cannot read the metadata of “%s”", name);
      return NULL;
    }
  view.data = g_bytes_get_data (resource, &view.size);
  ok = decompress_chunks (decompressor, view, out, size);
  wimlib_free_decompressor (decompressor);
  if (ok)
    return g_bytes_new_take (g_steal_pointer (&out), (gsize) size);

  g_set_error (error, KL_ERROR, KL_ERROR_WIM_DAMAGED, "The metadata of “%s” are damaged", name);
  return NULL;
}
