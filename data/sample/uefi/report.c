/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report.h"

#include <efilib.h>
#include <efiser.h>

#define MAX_LINE 256
#define MAX_PORTS 8

/* Installed by EDK2's console drivers on each device that ConOut writes to. */
static EFI_GUID console_out_device
    = { 0xd3b36f2c, 0xd551, 0x11d4, { 0x9a, 0x46, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d } };
static EFI_GUID serial_io = EFI_SERIAL_IO_PROTOCOL_GUID;

static EFI_SERIAL_IO_PROTOCOL *ports[MAX_PORTS];
static UINTN n_ports;

/* Whether the device path @path begins with all nodes of @start. */
static BOOLEAN
path_begins_with (EFI_DEVICE_PATH *path, EFI_DEVICE_PATH *start)
{
  UINTN length = DevicePathSize (start) - END_DEVICE_PATH_LENGTH;

  return DevicePathSize (path) >= length + END_DEVICE_PATH_LENGTH
         && CompareMem (path, start, length) == 0;
}

/* Whether one of the console's devices is a terminal on the serial port @port. */
static BOOLEAN
console_reaches (EFI_HANDLE port, EFI_HANDLE *consoles, UINTN n_consoles)
{
  EFI_DEVICE_PATH *start = DevicePathFromHandle (port), *path;

  if (start == NULL)
    return FALSE;
  for (UINTN i = 0; i < n_consoles; i++)
    {
      path = DevicePathFromHandle (consoles[i]);
      if (path != NULL && path_begins_with (path, start))
        return TRUE;
    }
  return FALSE;
}

static void
write_to_ports (const CHAR16 *text)
{
  for (; *text != 0; text++)
    {
      CHAR8 byte = *text < 0x80 ? (CHAR8) *text : '?';

      for (UINTN i = 0; i < n_ports; i++)
        {
          UINTN length = 1;

          ports[i]->Write (ports[i], &length, &byte);
        }
    }
}

/* Chooses the serial ports to write to. Firmware that has a serial port among its consoles (OVMF,
 * servers) sends ConOut there; such a port is left out, or each line would stand there twice. */
void
report_start (void)
{
  EFI_HANDLE *serials = NULL, *consoles = NULL;
  UINTN n_serials = 0, n_consoles = 0;

  LibLocateHandle (ByProtocol, &serial_io, NULL, &n_serials, &serials);
  LibLocateHandle (ByProtocol, &console_out_device, NULL, &n_consoles, &consoles);
  n_ports = 0;
  for (UINTN i = 0; i < n_serials && n_ports < MAX_PORTS; i++)
    {
      VOID *port;

      if (!console_reaches (serials[i], consoles, n_consoles)
          && BS->HandleProtocol (serials[i], &serial_io, &port) == EFI_SUCCESS)
        ports[n_ports++] = port;
    }
  if (serials != NULL)
    FreePool (serials);
  if (consoles != NULL)
    FreePool (consoles);
}

/* Prints as gnu-efi's Print() does: %a is ASCII text, %lu 64 bits; "\n" ends a line. */
void
report (const char *format, ...)
{
  CHAR16 wide_format[MAX_LINE], line[MAX_LINE];
  va_list arguments;
  UINTN n = 0;

  for (; *format != '\0' && n < MAX_LINE - 2; format++)
    {
      if (*format == '\n')
        wide_format[n++] = '\r';
      wide_format[n++] = (CHAR16) *format;
    }
  wide_format[n] = 0;
  va_start (arguments, format);
  UnicodeVSPrint (line, sizeof line, wide_format, arguments);
  va_end (arguments);
  ST->ConOut->OutputString (ST->ConOut, line);
  write_to_ports (line);
}

/* Returns when a key was pressed, or after @seconds. */
void
report_wait_for_key (UINTN seconds)
{
  EFI_EVENT events[2] = { ST->ConIn->WaitForKey, NULL };
  EFI_INPUT_KEY key;
  UINTN index;

  while (ST->ConIn->ReadKeyStroke (ST->ConIn, &key) == EFI_SUCCESS)
    ;
  if (BS->CreateEvent (EVT_TIMER, TPL_APPLICATION, NULL, NULL, &events[1]) != EFI_SUCCESS)
    return;
  BS->SetTimer (events[1], TimerRelative, seconds * 10000000); /* units of 100 ns */
  BS->WaitForEvent (2, events, &index);
  BS->CloseEvent (events[1]);
  ST->ConIn->ReadKeyStroke (ST->ConIn, &key);
}
