/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-wim"

#include "base/error.h"
#include "wim/wim-library.h"

static int
code_from_wimlib (int code)
{
  switch (code)
    {
    case WIMLIB_ERR_NOMEM:
      return KL_ERROR_OUT_OF_MEMORY;
    case WIMLIB_ERR_NOT_A_WIM_FILE:
    case WIMLIB_ERR_INVALID_HEADER:
    case WIMLIB_ERR_UNKNOWN_VERSION:
    case WIMLIB_ERR_UNSUPPORTED:
    case WIMLIB_ERR_WIM_IS_ENCRYPTED:
      return KL_ERROR_FORMAT;
    case WIMLIB_ERR_UNEXPECTED_END_OF_FILE:
    case WIMLIB_ERR_WIM_IS_INCOMPLETE:
      return KL_ERROR_WIM_TRUNCATED;
    case WIMLIB_ERR_IS_SPLIT_WIM:
    case WIMLIB_ERR_SPLIT_INVALID:
    case WIMLIB_ERR_INVALID_PART_NUMBER:
      return KL_ERROR_WIM_SPLIT;
    case WIMLIB_ERR_INVALID_CHUNK_SIZE:
    case WIMLIB_ERR_INVALID_COMPRESSION_TYPE:
      return KL_ERROR_WIM_UNREADABLE;
    case WIMLIB_ERR_DECOMPRESSION:
    case WIMLIB_ERR_IMAGE_COUNT:
    case WIMLIB_ERR_INTEGRITY:
    case WIMLIB_ERR_INVALID_INTEGRITY_TABLE:
    case WIMLIB_ERR_INVALID_LOOKUP_TABLE_ENTRY:
    case WIMLIB_ERR_INVALID_METADATA_RESOURCE:
    case WIMLIB_ERR_INVALID_PIPABLE_WIM:
    case WIMLIB_ERR_INVALID_RESOURCE_HASH:
    case WIMLIB_ERR_INVALID_UTF16_STRING:
    case WIMLIB_ERR_METADATA_NOT_FOUND:
    case WIMLIB_ERR_RESOURCE_NOT_FOUND:
    case WIMLIB_ERR_RESOURCE_ORDER:
    case WIMLIB_ERR_XML:
      return KL_ERROR_WIM_DAMAGED;
    case WIMLIB_ERR_INVALID_IMAGE:
      return KL_ERROR_WIM_INDEX;
    case WIMLIB_ERR_PATH_DOES_NOT_EXIST:
    case WIMLIB_ERR_NOTDIR:
      return KL_ERROR_NOT_FOUND;
    case WIMLIB_ERR_READ:
      return KL_ERROR_IO;
    default:
      return KL_ERROR_FAILED;
    }
}

/* wimlib's own words are of one language and name no file. */
static const char *
find_words (int code)
{
  switch (code)
    {
    case WIMLIB_ERR_NOMEM:
      return "there is not enough memory";
    case WIMLIB_ERR_DECOMPRESSION:
      return "its compressed data are damaged";
    case WIMLIB_ERR_IMAGE_COUNT:
      return "it says another number of images than it holds";
    case WIMLIB_ERR_INTEGRITY:
      return "a checksum of its integrity table does not fit";
    case WIMLIB_ERR_INVALID_CHUNK_SIZE:
      return "the size of its chunks is not supported";
    case WIMLIB_ERR_INVALID_COMPRESSION_TYPE:
      return "its kind of compression is unknown";
    case WIMLIB_ERR_INVALID_HEADER:
      return "its header is wrong";
    case WIMLIB_ERR_INVALID_IMAGE:
      return "there is no such image in it";
    case WIMLIB_ERR_INVALID_INTEGRITY_TABLE:
      return "its integrity table is damaged";
    case WIMLIB_ERR_INVALID_LOOKUP_TABLE_ENTRY:
      return "its blob table is damaged";
    case WIMLIB_ERR_INVALID_METADATA_RESOURCE:
      return "the metadata of an image are damaged";
    case WIMLIB_ERR_INVALID_PIPABLE_WIM:
      return "it is a damaged pipable WIM";
    case WIMLIB_ERR_INVALID_RESOURCE_HASH:
      return "content does not match its SHA-1";
    case WIMLIB_ERR_INVALID_UTF16_STRING:
      return "it holds a name that is not UTF-16";
    case WIMLIB_ERR_METADATA_NOT_FOUND:
      return "the metadata of an image are not in it";
    case WIMLIB_ERR_NOT_A_WIM_FILE:
      return "it is not a WIM file";
    case WIMLIB_ERR_IS_SPLIT_WIM:
      return "it is one part of several";
    case WIMLIB_ERR_SPLIT_INVALID:
      return "its parts do not belong together";
    case WIMLIB_ERR_INVALID_PART_NUMBER:
      return "the number of its part is wrong";
    case WIMLIB_ERR_PATH_DOES_NOT_EXIST:
      return "there is no such file in the image";
    case WIMLIB_ERR_NOTDIR:
      return "a file lies where a folder should";
    case WIMLIB_ERR_RESOURCE_NOT_FOUND:
      return "the content of a file is not in it";
    case WIMLIB_ERR_RESOURCE_ORDER:
      return "its contents lie in the wrong order";
    case WIMLIB_ERR_UNEXPECTED_END_OF_FILE:
      return "it ends too early";
    case WIMLIB_ERR_UNKNOWN_VERSION:
      return "its version is unknown";
    case WIMLIB_ERR_UNSUPPORTED:
      return "this kind of WIM is not supported";
    case WIMLIB_ERR_WIM_IS_ENCRYPTED:
      return "it is encrypted";
    case WIMLIB_ERR_WIM_IS_INCOMPLETE:
      return "it is incomplete";
    case WIMLIB_ERR_XML:
      return "its XML data are damaged";
    case WIMLIB_ERR_OPEN:
      return "a file cannot be opened";
    case WIMLIB_ERR_READ:
      return "reading failed";
    case WIMLIB_ERR_WRITE:
      return "writing failed";
    case WIMLIB_ERR_STAT:
      return "a file cannot be looked at";
    case WIMLIB_ERR_MKDIR:
      return "a folder cannot be made";
    default:
      return NULL;
    }
}

/* @errnum: what errno was when wimlib came back. wimlib says of a failed write only that it failed;
 * errno then tells a full disk from a broken one. */
void
kl_wim_set_error (
    GError **error, int code, int errnum, GCancellable *cancellable, const char *format, ...)
{
  const char *words = find_words (code);
  g_autofree char *what = NULL;
  g_autofree char *why = NULL;
  va_list args;

  if (code == WIMLIB_ERR_ABORTED_BY_PROGRESS
      && g_cancellable_set_error_if_cancelled (cancellable, error))
    return;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);

  if (errnum != 0
      && (code == WIMLIB_ERR_WRITE || code == WIMLIB_ERR_READ || code == WIMLIB_ERR_OPEN
          || code == WIMLIB_ERR_MKDIR || code == WIMLIB_ERR_STAT))
    kl_set_error_errno (error, errnum, "%s", what);
  else
    {
      why = words != NULL ? g_strdup_printf ("%s (wimlib error %d)", words, code)
                          : g_strdup_printf ("wimlib error %d", code);
      g_set_error (error, KL_ERROR, code_from_wimlib (code), "%s: %s", what, why);
    }
}
