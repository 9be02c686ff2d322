/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Writes the SYSTEM hive of the sample boot image: make-hive OUT. It has the keys that preparation
 * looks for in the one of a Windows PE image, and nothing else. */

#include "bcd/hive-writer.h"

/* 2026-01-01, as everything in the sample; 100 ns since 1601. */
#define SAMPLE_TIME ((guint64) 0x01dc7ab192810000)

int
main (int argc, char *argv[])
{
  g_autoptr (KlHiveWriter) writer = kl_hive_writer_new ("ROOT", SAMPLE_TIME);
  KlHiveKey *root = kl_hive_writer_get_root (writer);
  KlHiveKey *set = kl_hive_key_add (root, "ControlSet001");
  KlHiveKey *fbwf = kl_hive_key_add (kl_hive_key_add (set, "Services"), "FBWF");
  KlHiveKey *select = kl_hive_key_add (root, "Select");
  KlHiveKey *setup = kl_hive_key_add (root, "Setup");
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *data;

  if (argc != 2)
    {
      g_printerr ("Usage: make-hive OUT\n");
      return 2;
    }

  kl_hive_key_set_dword (fbwf, "WinPECacheThreshold", 32);
  kl_hive_key_set_dword (select, "Current", 1);
  kl_hive_key_set_dword (select, "Default", 1);
  kl_hive_key_set_string (setup, "CmdLine", "winpeshl.exe");

  bytes = kl_hive_writer_to_bytes (writer);
  data = g_bytes_get_data (bytes, &size);
  if (!g_file_set_contents (argv[1], data, (gssize) size, &error))
    {
      g_printerr ("make-hive: %s\n", error->message);
      return 1;
    }
  return 0;
}
