/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The UEFI boot program of the sample boot image: stands in for bootmgfw.efi, is put on media as
 * \EFI\BOOT\BOOTX64.EFI, and answers the question whether a PC starts from such media. Its texts
 * are part of data/sample/README.md, and tests look for them. */
#include <efi.h>
#include <efilib.h>

#include "check.h"
#include "report.h"

#define WAIT_SECONDS 60

static void
run_checks (Check *check, EFI_HANDLE image)
{
  MediumResult result = medium_open (check->medium, image);
  EFI_PHYSICAL_ADDRESS buffer;

  if (result == MEDIUM_DAMAGED)
    check_fail (check, "", "no ISO 9660 file system was found");
  else if (result == MEDIUM_UNKNOWN)
    check_fail (check, "", "the medium that this was started from is unknown");
  else if (result != MEDIUM_OK)
    check_fail (check, "", "the medium cannot be read");
  if (result != MEDIUM_OK)
    return;
  report (check->medium->optical ? "Medium: optical disc, ISO 9660 read through the firmware\n"
                                 : "Medium: FAT volume of a disk or USB drive\n");
  /* Whole pages: drives want aligned buffers, and read block by block into others. */
  if (BS->AllocatePages (AllocateAnyPages, EfiLoaderData, EFI_SIZE_TO_PAGES (CHECK_BUFFER), &buffer)
      != EFI_SUCCESS)
    {
      check_fail (check, "", "too little memory");
      return;
    }
  check->buffer = (UINT8 *) (UINTN) buffer;
  check_boot_files (check);
  check_manifest (check);
}

EFI_STATUS
efi_main (EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
  static Medium medium;
  static Check check;

  InitializeLib (image, system);
  BS->SetWatchdogTimer (0, 0, 0, NULL); /* a slow drive may need more than its five minutes */
  report_start ();
  ST->ConOut->ClearScreen (ST->ConOut); /* the firmware's logo may stand there */
  check.medium = &medium;
  report ("\nKINDLING SAMPLE boot program (UEFI x64)\n");
  report ("It reads the medium it was started from, as a boot manager would.\n\n");
  run_checks (&check, image);
  if (check.reason[0] != '\0')
    report ("\nKINDLING SAMPLE: FAIL: %a\n", check.reason);
  else
    report ("\nKINDLING SAMPLE: PASS (UEFI x64, %a, %a)\n",
            medium.optical ? "optical medium" : "FAT volume",
            check.manifest != NULL ? "manifest agrees" : "no manifest");
  report ("Press a key to go back to the firmware; it goes on in %d seconds.\n", WAIT_SECONDS);
  report_wait_for_key (WAIT_SECONDS);
  return check.reason[0] != '\0' ? EFI_LOAD_ERROR : EFI_SUCCESS;
}
