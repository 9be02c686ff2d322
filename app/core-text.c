/* SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "kl-core-text"

#include "config.h"

#include "core-text.h"

#include <string.h>

#include <glib/gi18n.h>

#include "bidi.h"

/* Both texts, for xgettext; see po/meson.build. */
#define PLURAL(singular, plural) singular, plural
#define MAX_ARGUMENTS 6
/* Sentences within sentences: a warning that holds a reason that holds what is wrong with a file.
 */
#define MAX_DEPTH 4

/* With a plural, the last argument that is a whole number counts. */
typedef struct
{
  const char *text;   /* as core gives it to printf(), but for the lengths of numbers */
  const char *plural; /* or NULL */
} TextRow;

/* The first row that fits is taken. A sentence may be followed by another one after a space. */
static const TextRow rows[] = {
  /* Steps of a job. */
  { N_ ("Preparing the boot image"), NULL },
  { N_ ("Copying the source image"), NULL },
  { N_ ("Reading the image"), NULL },
  { N_ ("Checking drivers"), NULL },
  { N_ ("Adding deployment files"), NULL },
  { N_ ("Adding drivers"), NULL },
  { N_ ("Writing start-up files"), NULL },
  { N_ ("Setting scratch space"), NULL },
  { N_ ("Writing the image"), NULL },
  { N_ ("Updating the catalogue"), NULL },
  { N_ ("Checking the boot image"), NULL },
  { N_ ("Laying out the medium"), NULL },
  { N_ ("Writing files"), NULL },
  { N_ ("Flushing to the disk"), NULL },
  { N_ ("Reading back"), NULL },
  { N_ ("Finishing"), NULL },
  { N_ ("Writing the file system and small files"), NULL },
  { N_ ("Writing the file system"), NULL },
  { N_ ("Collecting boot files"), NULL },
  { N_ ("Exporting the image"), NULL },
  { N_ ("Writing to the disk"), NULL },
  { N_ ("Reading the medium"), NULL },
  { N_ ("Waiting for the first medium"), NULL },
  { N_ ("Unpacking"), NULL },
  { N_ ("Reading drivers"), NULL },
  { N_ ("Checking SHA-256"), NULL },
  /* Translators: %s is a file, in this and the next three. */
  { N_ ("Writing %s"), NULL },
  { N_ ("Reading %s"), NULL },
  { N_ ("Copying %s"), NULL },
  { N_ ("Checking %s"), NULL },

  /* Why media do not start. */
  { N_ ("The image has no boot manager for BIOS (bootmgr), so PCs with BIOS cannot start it."),
    NULL },
  { N_ ("The image has no boot manager for UEFI (bootmgfw.efi), so PCs with UEFI cannot start it."),
    NULL },
  /* Translators: %s is the name of a file, as in the next four. */
  { N_ ("The image has no %s, so PCs with BIOS cannot start it."), NULL },
  { N_ ("The image has no %s, so PCs with UEFI cannot start it."), NULL },
  { N_ ("The image has no %s, so an ISO file starts on UEFI only."), NULL },
  { N_ ("The image has no %s, so PCs with BIOS cannot start an ISO file."), NULL },
  { N_ ("The image has no %s, which boot managers of Windows 11 24H2 and later need."), NULL },
  /* Translators: %s is an architecture, such as arm64. */
  { N_ ("The image is for %s, which has no BIOS."), NULL },
  { N_ ("the catalog entry does not say that it can"), NULL },
  { N_ ("the catalog entry is broken"), NULL },
  { N_ ("Drives with GPT are made for UEFI only."), NULL },
  { N_ ("UEFI firmware starts from FAT32, and “%s” is NTFS."), NULL },
  { N_ ("There is no start code of Kindling for BIOS on “%s”; it lies outside the volume and is "
        "written on request only."),
    NULL },
  { N_ ("Whether start code for BIOS is on “%s” cannot be seen without more rights; it lies "
        "outside the volume and is written on request only."),
    NULL },

  /* Why a boot file that was found is not used. */
  /* Translators: a file, its architecture, and that of the image. */
  { N_ ("%s is for %s, and the image is for %s."), NULL },
  /* Translators: a file, the certificate that signed it, and the one that should have. */
  { N_ ("%s is signed by “%s” and not by “%s”."), NULL },
  { N_ ("%s has %u bytes, and such a file has at most %u."), NULL },
  /* Translators: %1$s is a file, %2$s one of the reasons below: “it is not a Windows program”. */
  { N_ ("%s is not a boot manager: %s."), NULL },
  { N_ ("%s is not a CD boot sector: %s."), NULL },
  { N_ ("%s is not a RAM disk description (boot.sdi): %s."), NULL },
  { N_ ("%s is not an EFI boot manager: %s."), NULL },
  { N_ ("%s is not a resource file: %s."), NULL },
  { N_ ("%s is not a font: %s."), NULL },
  { N_ ("%s is not an EFI boot image: %s."), NULL },
  { N_ ("%s is not a boot file: %s."), NULL },
  { N_ ("%s is not a certificate trust list: %s."), NULL },
  { N_ ("it does not begin with a jump"), NULL },
  { N_ ("the text BOOTMGR is not in its first 64 KiB"), NULL },
  { N_ ("it does not have 4096 bytes"), NULL },
  { N_ ("it does not name BOOTFIX and BOOTMGR"), NULL },
  { N_ ("it does not begin with $SDI0001"), NULL },
  { N_ ("its page alignment is not 2"), NULL },
  { N_ ("the checksum of its header is wrong"), NULL },
  { N_ ("it holds no partition"), NULL },
  { N_ ("it has no place for a WIM"), NULL },
  { N_ ("it is not a Windows program"), NULL },
  { N_ ("it is for none of x86, x64 and arm64"), NULL },
  { N_ ("it is a program of another kind"), NULL },
  { N_ ("its signature cannot be read"), NULL },
  { N_ ("it does not begin like one"), NULL },
  { N_ ("it is not a FAT volume"), NULL },
  { N_ ("it holds no EFI/BOOT/BOOT*.EFI"), NULL },
  { N_ ("it is empty"), NULL },
  { N_ ("it is no such PKCS#7"), NULL },

  /* What is worth knowing of a medium. */
  { N_ ("These media start on nothing yet."), NULL },
  { N_ ("These media start on UEFI only."), NULL },
  { N_ ("These media start on BIOS only."), NULL },
  { N_ ("The WIM has %u bytes; boot managers of Windows 8 PE for x86 fail above 300000000 bytes."),
    NULL },
  { N_ ("The UEFI boot manager carries no signature: it starts only where Secure Boot is off."),
    NULL },
  { N_ ("The 2023 boot manager starts only where the firmware trusts Windows UEFI CA 2023 or "
        "Secure Boot is off."),
    NULL },
  { N_ ("The WIM of the boot image comes from “%s”."), NULL },
  /* Translators: the ID of a boot image, and a file, as in the next two. */
  { N_ ("Boot image %s: “%s” is gone; %u bytes are recorded."), NULL },
  { N_ ("Boot image %s: “%s” has %u bytes; %u are recorded."), NULL },
  { N_ ("Boot image %s: “%s” has %u bytes and CRC-32C %s; %u bytes and %s are recorded."), NULL },
  { N_ ("There is no media password: whoever has the medium can read its certificate, private key "
        "and variables."),
    NULL },
  { N_ ("The media password is weak."), NULL },
  { N_ ("There is no site profile: the medium starts plain Windows PE and knows no deployment "
        "site."),
    NULL },
  { N_ ("The site has an HTTPS management point, which does not accept a self-signed "
        "certificate."),
    NULL },
  { N_ ("The site has HTTP management points only, which expect a self-signed certificate."),
    NULL },
  /* Translators: [%s] is a group of a key file. */
  { N_ ("The site profile has certificates inside, in [%s]: they are used once it is imported."),
    NULL },
  { N_ ("The site profile has an unknown group, [%s]."), NULL },
  { N_ ("The site profile has an unknown key, %s."), NULL },
  { N_ ("The content folder “%s” is not there."), NULL },
  /* Translators: %s is the reason, in English. */
  { N_ ("The drive was not switched off: %s"), NULL },

  /* Of a certificate. */
  { N_ ("The key of the certificate is not RSA; clients may not be able to use it."), NULL },
  { N_ ("The key of the certificate has %s bits only; %s are advised."), NULL },
  { N_ ("The key of the certificate has %s bits; up to %s are supported by deployment clients."),
    NULL },
  { N_ ("The certificate is not made for client authentication; management points will refuse "
        "it."),
    NULL },
  /* Translators: the subject of a certificate, and a date. */
  { N_ ("The certificate “%s” expired on %s; management points refuse it."), NULL },
  { N_ ("The certificate “%s” is not valid before %s; management points refuse it."), NULL },
  /* Translators: %s is a date. */
  { PLURAL ("The certificate ends on %s, in %d day; the medium cannot be used after that.",
            "The certificate ends on %s, in %d days; the medium cannot be used after that.") },

  /* How long a password holds. */
  { N_ ("A graphics card does not find it in a million years."), NULL },
  { PLURAL ("A graphics card finds it in about %.0f year.",
            "A graphics card finds it in about %.0f years.") },
  { PLURAL ("A graphics card finds it in about %.0f day.",
            "A graphics card finds it in about %.0f days.") },
  { PLURAL ("A graphics card finds it in about %.0f hour.",
            "A graphics card finds it in about %.0f hours.") },
  { PLURAL ("A graphics card finds it in about %.0f minute.",
            "A graphics card finds it in about %.0f minutes.") },
  { PLURAL ("A graphics card finds it in about %.0f second.",
            "A graphics card finds it in about %.0f seconds.") },
  { N_ ("A graphics card finds it at once."), NULL },

  /* Why an image could not be prepared. */
  { N_ ("The image has no registry hive SOFTWARE and so no list of time zones: “%s” cannot be set; "
        "UTC can"),
    NULL },
  { N_ ("The image has no list of time zones, so “%s” cannot be set; UTC can"), NULL },
  /* Translators: a time zone of Windows, a number, and one or several time zones. */
  { N_ ("The image knows no time zone “%s”; it has, among %u, “%s”"), NULL },

  /* Why a drive is not written to. */
  { N_ ("It holds swap space in use (“%s”)"), NULL },
  /* Translators: %s is where a volume is mounted, such as /home. */
  { N_ ("It holds “%s” of the running system"), NULL },
  { N_ ("It holds “%s”, which is in use by Kindling"), NULL },
  { N_ ("There is no medium in it"), NULL },
  { N_ ("It is write-protected"), NULL },
  { N_ ("It is a fixed disk of an unknown bus"), NULL },
  /* Translators: %s is a bus, such as ata. */
  { N_ ("It is a fixed disk (%s)"), NULL },
  { N_ ("drive without a name"), NULL },
  /* Translators: %s is the reason, in English. */
  { N_ ("UDisks2 cannot be asked about drives: %s"), NULL },
  { N_ ("udev cannot be asked for messages about drives: %s"), NULL },

  /* What is wrong with a driver package. Words in brackets and such as CatalogFile stand in its
     INF file. */
  { N_ ("It has no section [Version]"), NULL },
  { N_ ("Its section [Version] has no Signature"), NULL },
  { N_ ("Its Signature is “%s”, not “$Windows NT$” or “$Chicago$”"), NULL },
  { N_ ("It is for no architecture: [Manufacturer] names no Models section with devices"), NULL },
  { N_ ("It is only for builds of Windows newer than %s; it is for %s"), NULL },
  /* Translators: architectures, such as x64. */
  { N_ ("It is not for %s; it is for %s"), NULL },
  { N_ ("Section [%s] has no hardware IDs"), NULL },
  { N_ ("Section [%s] names the Install section [%s], which is not there for %s"), NULL },
  { N_ ("It names no CatalogFile for %s and will be rejected on x64"), NULL },
  { N_ ("The catalog “%s” is not there, so it will be rejected on x64"), NULL },
  { N_ ("The catalog “%s” is not a signed catalog (PKCS #7)"), NULL },
  /* Translators: %s is the reason, in English. */
  { N_ ("A driver cannot be used: %s"), NULL },
  { N_ ("“%s” is for an unknown machine, not for %s"), NULL },
  /* Translators: a file, its architecture, and the one that is wanted. */
  { N_ ("“%s” is for %s, not for %s"), NULL },
  { N_ ("The file “%s” is not there"), NULL },
  { N_ ("It names no Class"), NULL },
  { N_ ("Drivers of class “%s” are rarely useful in Windows PE"), NULL },
  { N_ ("It has no DriverVer"), NULL },
  { N_ ("Its DriverVer “%s” is malformed"), NULL },
  { PLURAL ("It shares the hardware ID “%s” with %u other package.",
            "It shares the hardware ID “%s” with %u other packages.") },
  /* Translators: the first number is two or more; the one that counts is that of packages. */
  { PLURAL ("It shares %u hardware IDs, such as “%s”, with %u other package.",
            "It shares %u hardware IDs, such as “%s”, with %u other packages.") },
  /* Translators: an INF file, and its date and version. “The others” are packages. */
  { N_ ("The newest of the others, “%s” (%s), is newer"), NULL },
  { N_ ("The newest of the others, “%s” (%s), is older"), NULL },
  { N_ ("The newest of the others, “%s” (%s), is of the same version"), NULL },
  { N_ ("no date"), NULL },

  /* Warnings of a preparation. */
  { N_ ("“%s” holds no driver package"), NULL },
  { N_ ("Not loaded: “%s” of the drivers “%s”"), NULL },
  /* Translators: an INF file, what is wrong with it, and the code of that. */
  { N_ ("Left out: “%s”: %s (%s)"), NULL },
  { N_ ("“%s”: %s (%s)"), NULL },
  /* Translators: folder, file, where it comes from, and another folder. */
  { N_ ("“%s\\%s” (%s), which osdinjection.xml lists, is not in “%s”"), NULL },
  { N_ ("The image lacks %s, which the deployment agent needs"), NULL },
  { N_ ("The image lacks the component %s, which the deployment agent needs; add it with DISM on "
        "Windows"),
    NULL },
  { N_ ("The image has no TsBootShell.exe: command prompt support, organization name and prestart "
        "command have no effect without the deployment binaries"),
    NULL },

  /* How a file on a medium differs. */
  { N_ ("content differs"), NULL },
  /* Translators: %s is the reason, in English. */
  { N_ ("cannot be read: no permission for the folder %s"), NULL },
  { N_ ("cannot be read: %s"), NULL },
  /* Translators: of a file. */
  { N_ ("missing"), NULL },
  { N_ ("%u bytes, should be %u"), NULL },
  { N_ ("not in the manifest"), NULL },

  /* Why something failed, as the details of a failure have it. Those that end in a reason of the
   * system have it in its own language. */
  /* Translators: the names of files, folders and drives, IDs of boot images, and reasons. */
  { N_ ("Cannot open “%s”: %s"), NULL },
  { N_ ("Cannot read “%s”: %s"), NULL },
  { N_ ("Cannot read “%s” at byte %u: %s"), NULL },
  { N_ ("Cannot write “%s”: %s"), NULL },
  { N_ ("Cannot write “%s” at byte %u: %s"), NULL },
  { N_ ("Cannot create “%s”: %s"), NULL },
  { N_ ("Cannot make “%s”: %s"), NULL },
  { N_ ("Cannot make the folder “%s”: %s"), NULL },
  { N_ ("Cannot make a temporary folder: %s"), NULL },
  { N_ ("Cannot read the folder “%s”: %s"), NULL },
  { N_ ("Cannot write into the folder “%s”: %s"), NULL },
  { N_ ("Cannot look at “%s”: %s"), NULL },
  { N_ ("Cannot remove “%s”: %s"), NULL },
  { N_ ("Cannot flush “%s” to the disk: %s"), NULL },
  { N_ ("Cannot read the catalog “%s”: %s"), NULL },
  { N_ ("Cannot use the catalog folder “%s”: %s"), NULL },
  { N_ ("The catalog “%s” is on a read-only file system; make it writable or choose another "
        "catalog folder: %s"),
    NULL },
  { N_ ("There is no permission to change the catalog “%s”; change the folder's permissions or "
        "choose another catalog folder: %s"),
    NULL },
  { N_ ("There is no space left for the catalog “%s”: %s"), NULL },
  { N_ ("“%s” is one boot image of a catalog; choose the folder that it lies in"), NULL },
  { N_ ("The catalog entry “%s” is broken: %s"), NULL },
  { N_ ("The catalog entry “%s” has lost its boot files: %s"), NULL },
  { N_ ("There is no boot image %s in the catalog “%s”"), NULL },
  { N_ ("The boot image %s is being changed by another process"), NULL },
  { N_ ("The boot image %s was removed by another process"), NULL },
  { N_ ("“%s” of boot image %s has changed since it was imported: %s"), NULL },
  { N_ ("“%s” has changed since import: it has %u bytes and CRC-32C %s; %u bytes and %s are "
        "recorded"),
    NULL },
  { N_ ("“%s” is neither a file nor a folder"), NULL },
  { N_ ("“%s” is empty"), NULL },
  { N_ ("“%s” is not a regular file"), NULL },
  { N_ ("“%s” is not a file"), NULL },
  { N_ ("“%s” is no plain file"), NULL },
  { N_ ("“%s” is a folder and not a file name"), NULL },
  { N_ ("“%s” is no longer there"), NULL },
  { N_ ("“%s” is not a WIM file: %s"), NULL },
  { N_ ("“%s” is neither a WIM file nor an ISO file: %s"), NULL },
  { N_ ("“%s” is not a readable ISO file: it holds neither ISO 9660 nor UDF"), NULL },
  { N_ ("“%s” holds no WIM file: neither %s nor any other *.wim"), NULL },
  { N_ ("“%s” holds no image"), NULL },
  { N_ ("“%s” is damaged"), NULL },
  { N_ ("“%s” does not match its integrity table"), NULL },
  { N_ ("“%s” is truncated: a WIM header has %u bytes, and the file has %u bytes"), NULL },
  { N_ ("“%s” is truncated: its data reach to byte %u, and the file has %u bytes"), NULL },
  { N_ ("“%s” is incomplete: the content of some files is not in it, as in a delta WIM"), NULL },
  { N_ ("“%s” is part %u of %u of a split WIM. Join the parts first, for instance with "
        "“wimlib-imagex join boot.wim boot*.swm”"),
    NULL },
  { N_ ("Boot managers cannot read “%s”: %s Import it again with --reexport to have it compressed "
        "as LZX."),
    NULL },
  { N_ ("“%s” holds %u images and none is marked as bootable; choose one by its number: %s"),
    NULL },
  { N_ ("There is no image %u in “%s”: it holds %u"), NULL },
  { N_ ("No image in “%s” can be started: none has winload.exe or winload.efi (%s)"), NULL },
  { N_ ("“%s” lies inside the catalog “%s”; choose another folder"), NULL },
  { N_ ("“%s” is a folder or lies inside the catalog; export to a file elsewhere"), NULL },
  { N_ ("“%s” is write-protected"), NULL },
  { N_ ("“%s” may not be written to by this user"), NULL },
  { N_ ("“%s” is being written by another job"), NULL },
  { N_ ("“%s” is being written by another program"), NULL },
  { N_ ("“%s” is not written to: %s"), NULL },
  { N_ ("“%s” is an unfinished medium: writing it was cancelled or failed"), NULL },
  { N_ ("“%s” holds what it held before: %s"), NULL },
  { N_ ("“%s” holds part of the new medium; make it again: %s"), NULL },
  { N_ ("“%s” is written, but not to be relied on; make the medium again: %s"), NULL },
  { N_ ("“%s” is empty, but not to be relied on; restore it again: %s"), NULL },
  { N_ ("“%s” reads back differently from “%s”, first at byte %u (byte %u of the medium)"), NULL },
  { N_ ("“%s” was closed"), NULL },
  { N_ ("“%s” cannot be switched off by software"), NULL },
  { N_ ("“%s” has no file “%s”: it was not made by Kindling"), NULL },
  { N_ ("“%s” has no partition table"), NULL },
  { N_ ("“%s” holds no file system; it must hold FAT32 or NTFS"), NULL },
  { N_ ("“%s” holds no file system; it must hold FAT32 or NTFS, or be formatted"), NULL },
  { N_ ("“%s” holds %s; it must be FAT32 or NTFS"), NULL },
  { N_ ("The site profile “%s” names no management point"), NULL },
  { N_ ("The site profile “%s” names no SiteSigningCertificate"), NULL },
  { N_ ("The site profile “%s” has an HTTPS management point and no RootCACertificates"), NULL },
  { N_ ("The management point's certificate is not available: %s"), NULL },
  { N_ ("The site signing certificate is not available: %s"), NULL },
  { N_ ("A root CA certificate is not available: %s"), NULL },
  { N_ ("“%s” holds no certificate"), NULL },
  { N_ ("The certificate “%s” expired on %s"), NULL },
  { N_ ("The certificate “%s” is not valid before %s"), NULL },
  { N_ ("The media variables are sealed under another password"), NULL },
  { N_ ("The site %s asks for a media password"), NULL },
  { N_ ("The picture “%s” cannot be read: %s"), NULL },
  { N_ ("“%s” is no picture: it is neither JPEG nor PNG nor BMP"), NULL },
  { N_ ("“%s” in the image cannot be read: %s"), NULL },
  { N_ ("“%s” is not a usable INF file: it %s"), NULL },
  { N_ ("“%s” is not a usable INF file: line %u %s"), NULL },
  { N_ ("The folder “%s” with deployment binaries is not there"), NULL },
  { N_ ("The folder “%s” with the prestart files of %s is not there"), NULL },
  { N_ ("The image has no keyboard layout %s"), NULL },
  { N_ ("“%s” changed while the image was prepared; prepare again"), NULL },
  { N_ ("Preparing boot image %s failed in step %u of %u (%s), error %s: %s"), NULL },
  { N_ ("The drive holds less than it says: at most %u of %u bytes. What is written at byte %u is "
        "not there afterwards"),
    NULL },
  { N_ ("There is no medium in “%s”"), NULL },
  { N_ ("UDisks2 cannot be asked about drives"), NULL },
  { N_ ("Opening “%s” failed: %s"), NULL },
  { N_ ("In “%s”: %s"), NULL },
  { N_ ("Boot image %s: %s"), NULL },
};

/* How one row is looked for, made at first use. */
typedef struct
{
  GRegex *regex;
  gboolean is_number[MAX_ARGUMENTS];
  guint n_arguments;
} Pattern;

static Pattern patterns[G_N_ELEMENTS (rows)];

/* @at: behind a percent sign. Returns the letter that ends the conversion. */
static const char *
skip_conversion (const char *at)
{
  return at + strspn (at, "0123456789.$");
}

static void
make_pattern (const TextRow *row, Pattern *pattern)
{
  const char *text = row->plural != NULL ? row->plural : row->text;
  g_autoptr (GString) regex = g_string_new ("^");

  for (const char *percent = strchr (text, '%'); percent != NULL; percent = strchr (text, '%'))
    {
      g_autofree char *literal = g_regex_escape_string (text, (int) (percent - text));
      const char *letter = skip_conversion (percent + 1);
      const gboolean is_number = *letter != 's';

      g_string_append_printf (regex, "%s%s", literal, is_number ? "([0-9]+)" : "(.*?)");
      pattern->is_number[pattern->n_arguments++] = is_number;
      text = letter + 1;
    }

  if (*text != '\0')
    {
      g_autofree char *literal = g_regex_escape_string (text, -1);

      g_string_append (regex, literal);
    }
  /* The sentence behind it. */
  g_string_append (regex, g_str_has_suffix (text, ".") ? "(?: (.+))?$" : "$");
  pattern->regex
      = g_regex_new (regex->str, G_REGEX_DOTALL | G_REGEX_OPTIMIZE, G_REGEX_MATCH_NOTEMPTY, NULL);
}

static void
make_patterns (void)
{
  static gsize made = 0;

  if (!g_once_init_enter (&made))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    make_pattern (&rows[i], &patterns[i]);
  g_once_init_leave (&made, 1);
}

static char *translate (const char *text, guint depth);

/* Numbers get the separators of the locale, days its order; what core has made a sentence of is
 * translated, too. */
static char *
translate_argument (const char *text, gboolean is_number, guint depth)
{
  g_autoptr (GDateTime) day = NULL;
  g_autofree char *midnight = NULL;

  if (is_number && strlen (text) < 20)
    return g_strdup_printf ("%'" G_GUINT64_FORMAT, g_ascii_strtoull (text, NULL, 10));
  if (strlen (text) != strlen ("2026-01-31") || text[4] != '-' || text[7] != '-')
    return translate (text, depth + 1);

  midnight = g_strconcat (text, "T00:00:00Z", NULL);
  day = g_date_time_new_from_iso8601 (midnight, NULL);
  return day != NULL ? g_date_time_format (day, "%x") : g_strdup (text);
}

/* @format: a translation; "%2$s" takes the second argument, "%s" the next one. */
static char *
fill (const char *format, char **arguments)
{
  GString *text = g_string_new (NULL);
  guint next = 0;

  for (const char *percent = strchr (format, '%'); percent != NULL; percent = strchr (format, '%'))
    {
      char *end;
      guint64 place = g_ascii_strtoull (percent + 1, &end, 10);
      const guint i = *end == '$' && place > 0 ? (guint) place - 1 : next++;

      g_string_append_len (text, format, percent - format);
      if (i < g_strv_length (arguments))
        {
          g_autofree char *argument = kl_bidi_isolate (arguments[i]);

          g_string_append (text, argument);
        }
      format = skip_conversion (percent + 1) + 1;
    }
  g_string_append (text, format);
  return g_string_free (text, FALSE);
}

static char *
translate_match (const TextRow *row, const Pattern *pattern, const GMatchInfo *match, guint depth)
{
  g_autofree char *rest = g_match_info_fetch (match, (int) pattern->n_arguments + 1);
  g_autoptr (GPtrArray) arguments = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *sentence = NULL;
  g_autofree char *more = NULL;
  gulong n = 0;

  for (guint i = 0; i < pattern->n_arguments; i++)
    {
      g_autofree char *argument = g_match_info_fetch (match, (int) i + 1);

      g_ptr_array_add (arguments, translate_argument (argument, pattern->is_number[i], depth));
      if (pattern->is_number[i])
        n = strtoul (argument, NULL, 10);
    }
  g_ptr_array_add (arguments, NULL);

  sentence = fill (row->plural != NULL ? g_dngettext (GETTEXT_PACKAGE, row->text, row->plural, n)
                                       : g_dgettext (GETTEXT_PACKAGE, row->text),
                   (char **) arguments->pdata);
  if (rest == NULL || *rest == '\0')
    return g_steal_pointer (&sentence);
  more = translate (rest, depth + 1);
  return g_strdup_printf ("%s %s", sentence, more);
}

static char *
translate (const char *text, guint depth)
{
  for (guint i = 0; depth < MAX_DEPTH && i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GMatchInfo) match = NULL;

      if (g_regex_match (patterns[i].regex, text, 0, &match))
        return translate_match (&rows[i], &patterns[i], match, depth);
    }
  return g_strdup (text);
}

/**
 * kl_core_text_translate:
 * @text: a step, reason, warning, finding or message of an error that core has made, just now or
 *   when it wrote it to a file; rare messages of errors, which are details, have no translation
 *
 * Numbers and days in it come as the locale writes them. Any thread.
 *
 * Returns: (transfer full): it in the user's language; as it is where there is no translation
 */
char *
kl_core_text_translate (const char *text)
{
  g_return_val_if_fail (text != NULL, NULL);

  /* Names of files may be anything. */
  if (!g_utf8_validate (text, -1, NULL))
    return g_utf8_make_valid (text, -1);
  make_patterns ();
  return translate (text, 0);
}
