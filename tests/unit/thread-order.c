/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Preloaded into a program that was built for ThreadSanitizer: tells it the order that GLib's
 * mutexes, queues, threads, tasks and idle calls make. GLib itself is not built for it, so that
 * each value handed over by one of them looked like a race. See CONTRIBUTING, “Threads”.
 */
#define GLIB_DISABLE_DEPRECATION_WARNINGS
#include <gio/gio.h>

#include "preload.h"

/* Of the sanitizer; what the program starts may be built without. */
extern void __tsan_acquire (void *address) __attribute__ ((weak));
extern void __tsan_release (void *address) __attribute__ ((weak));

typedef struct
{
  GThreadFunc func;
  gpointer data;
} Start;

typedef struct
{
  GSourceFunc func;
  GDestroyNotify destroy;
  gpointer data;
} Call;

/* What was done before release() at an address is done for who comes later to acquire(). */
static void
release (gconstpointer address)
{
  if (__tsan_release != NULL)
    __tsan_release ((gpointer) address);
}

static void
acquire (gconstpointer address)
{
  if (__tsan_acquire != NULL)
    __tsan_acquire ((gpointer) address);
}

/* Mutexes and conditions. */

void
g_mutex_lock (GMutex *mutex)
{
  NEXT (g_mutex_lock) (mutex);
  acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  const gboolean locked = NEXT (g_mutex_trylock) (mutex);

  if (locked)
    acquire (mutex);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  release (mutex);
  NEXT (g_mutex_unlock) (mutex);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  release (mutex);
  NEXT (g_cond_wait) (cond, mutex);
  acquire (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end)
{
  gboolean in_time;

  release (mutex);
  in_time = NEXT (g_cond_wait_until) (cond, mutex, end);
  acquire (mutex);
  return in_time;
}

gpointer
g_once_impl (GOnce *once, GThreadFunc func, gpointer data)
{
  gpointer value = NEXT (g_once_impl) (once, func, data);

  release (once);
  acquire (once);
  return value;
}

/* Queues: who takes a thing sees what was done before it was put there. */

static gpointer
taken (gpointer data)
{
  if (data != NULL)
    acquire (data);
  return data;
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  release (data);
  NEXT (g_async_queue_push) (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  return taken (NEXT (g_async_queue_pop) (queue));
}

gpointer
g_async_queue_try_pop (GAsyncQueue *queue)
{
  return taken (NEXT (g_async_queue_try_pop) (queue));
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue, guint64 timeout)
{
  return taken (NEXT (g_async_queue_timeout_pop) (queue, timeout));
}

/* Threads. */

static gpointer
run_thread (gpointer data)
{
  Start start = *(Start *) data;
  gpointer result;

  acquire (data);
  g_free (data);
  result = start.func (start.data);
  release (g_thread_self ());
  return result;
}

static Start *
start_new (GThreadFunc func, gpointer data)
{
  Start *start = g_new (Start, 1);

  start->func = func;
  start->data = data;
  release (start);
  return start;
}

GThread *
g_thread_new (const char *name, GThreadFunc func, gpointer data)
{
  return NEXT (g_thread_new) (name, run_thread, start_new (func, data));
}

GThread *
g_thread_try_new (const char *name, GThreadFunc func, gpointer data, GError **error)
{
  Start *start = start_new (func, data);
  GThread *thread = NEXT (g_thread_try_new) (name, run_thread, start, error);

  if (thread == NULL)
    g_free (start);
  return thread;
}

gpointer
g_thread_join (GThread *thread)
{
  gpointer result = NEXT (g_thread_join) (thread);

  acquire (thread);
  return result;
}

/* Tasks. */

static GQuark
func_quark (void)
{
  return g_quark_from_static_string ("kl-thread-order-func");
}

static void
run_task (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GTaskThreadFunc func = (GTaskThreadFunc) g_object_get_qdata (G_OBJECT (task), func_quark ());

  acquire (task);
  func (task, source, data, cancellable);
  release (task);
}

void
g_task_run_in_thread (GTask *task, GTaskThreadFunc func)
{
  g_object_set_qdata (G_OBJECT (task), func_quark (), (gpointer) func);
  release (task);
  NEXT (g_task_run_in_thread) (task, run_task);
}

void
g_task_return_pointer (GTask *task, gpointer result, GDestroyNotify destroy)
{
  release (task);
  NEXT (g_task_return_pointer) (task, result, destroy);
}

void
g_task_return_boolean (GTask *task, gboolean result)
{
  release (task);
  NEXT (g_task_return_boolean) (task, result);
}

void
g_task_return_error (GTask *task, GError *error)
{
  release (task);
  NEXT (g_task_return_error) (task, error);
}

gpointer
g_task_propagate_pointer (GTask *task, GError **error)
{
  acquire (task);
  return NEXT (g_task_propagate_pointer) (task, error);
}

gboolean
g_task_propagate_boolean (GTask *task, GError **error)
{
  acquire (task);
  return NEXT (g_task_propagate_boolean) (task, error);
}

/* Calls on the main loop of another thread. */

static gboolean
call (gpointer data)
{
  Call *self = data;

  acquire (self);
  return self->func (self->data);
}

static void
call_free (gpointer data)
{
  Call *self = data;

  acquire (self);
  if (self->destroy != NULL)
    self->destroy (self->data);
  g_free (self);
}

guint
g_idle_add_full (int priority, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  Call *self = g_new (Call, 1);

  self->func = func;
  self->destroy = destroy;
  self->data = data;
  release (self);
  return NEXT (g_idle_add_full) (priority, call, self, call_free);
}

/* The last one to let go of an object sees what the others had done to it. */
void
g_object_unref (gpointer object)
{
  release (object);
  acquire (object);
  NEXT (g_object_unref) (object);
}
