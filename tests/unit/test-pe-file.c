/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crypto/pe-file.h"

#include "base/error.h"
#include "crypto/authenticode.h"

#include "wim-fixture.h"

/* Reading signatures is slow under the address sanitizer. */
#ifdef __SANITIZE_ADDRESS__
#define N_MUTANTS 1000
#else
#define N_MUTANTS 6000
#endif

static void
test_reads_headers (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) bytes = make_pe (0x8664, 10);
  g_autoptr (GError) error = NULL;
  KlPeFile pe;

  g_assert_true (kl_pe_parse (bytes, "x.efi", &pe, &error));
  g_assert_no_error (error);
  g_assert_cmphex (pe.machine, ==, KL_PE_MACHINE_X64);
  g_assert_cmpuint (pe.subsystem, ==, KL_PE_SUBSYSTEM_EFI_APPLICATION);
  g_assert_cmpuint (pe.signature_size, ==, 0);
  g_assert_cmpstr (kl_pe_machine_to_architecture (pe.machine), ==, "x64");
  g_assert_cmpstr (kl_pe_machine_to_architecture (0xAA64), ==, "arm64");
  g_assert_cmpstr (kl_pe_machine_to_architecture (0x14C), ==, "x86");
  g_assert_null (kl_pe_machine_to_architecture (0x1234));
}

static void
assert_refused (GBytes *bytes, const char *text)
{
  g_autoptr (GError) error = NULL;
  KlPeFile pe = { .machine = 7 };

  g_assert_false (kl_pe_parse (bytes, "x.efi", &pe, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  if (strstr (error->message, text) == NULL)
    g_error ("The message “%s” lacks “%s”", error->message, text);
  g_assert_cmpuint (pe.machine, ==, 7);
}

static GBytes *
patched (GBytes *bytes, gsize offset, guint32 value)
{
  gsize size;
  guint8 *copy;
  const void *data = g_bytes_get_data (bytes, &size);

  copy = g_memdup2 (data, size);
  kl_put_u32 (copy + offset, value);
  return g_bytes_new_take (copy, size);
}

static void
test_refuses_nonsense (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) pe = make_pe (0x8664, 10);
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GBytes) text = g_bytes_new_static ("MZ and no more", 14);
  g_autoptr (GBytes) far_away = patched (pe, 0x3c, 0xfffffff0);
  g_autoptr (GBytes) coff = g_bytes_new_from_bytes (pe, 0, 0x86);
  g_autoptr (GBytes) magic = patched (pe, 0x98, 0x1234);
  g_autoptr (GBytes) beyond = patched (pe, 0x98 + 112 + 36, 0x7fffffff);

  assert_refused (empty, "no MZ and PE");
  assert_refused (text, "no MZ and PE");
  assert_refused (far_away, "no MZ and PE");
  assert_refused (coff, "ends within");
  assert_refused (magic, "optional header");
  assert_refused (beyond, "certificate table");
}

static void
assert_signer (WimFixture *fixture, const char *name, const char *issuer)
{
  g_autofree char *path = fixture_path (fixture, "program.efi");
  g_autofree char *signer = NULL;
  g_autoptr (GBytes) program = NULL;
  g_autoptr (GBytes) signature = NULL;
  g_autoptr (GError) error = NULL;
  KlPeFile pe;

  make_signer (fixture, name, issuer);
  put_bytes (fixture->folder, "program.efi", make_signed_pe (fixture, name, 0x8664));
  program = kl_pe_load (path, &pe, &error);
  g_assert_no_error (error);
  g_assert_cmphex (pe.machine, ==, 0x8664);
  signature = g_bytes_new_from_bytes (program, pe.signature_offset, pe.signature_size);
  signer = kl_authenticode_dup_signer (signature, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (signer, ==, issuer);
}

static void
test_names_the_signer (WimFixture *fixture, gconstpointer data)
{
  assert_signer (fixture, "2011", "Microsoft Windows Production PCA 2011");
  assert_signer (fixture, "2023", "Windows UEFI CA 2023");
}

static void
test_unsigned (WimFixture *fixture, gconstpointer data)
{
  g_autofree char *path = fixture_path (fixture, "program.efi");
  g_autofree char *absent = fixture_path (fixture, "absent.efi");
  g_autoptr (GBytes) program = NULL;
  g_autoptr (GError) error = NULL;
  KlPeFile pe;

  put_bytes (fixture->folder, "program.efi", make_pe (0xAA64, 10));
  program = kl_pe_load (path, &pe, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pe.signature_size, ==, 0);
  g_assert_null (kl_pe_load (absent, &pe, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_NOT_FOUND);
}

static void
test_refuses_other_signatures (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) text = g_bytes_new_static ("no DER at all", 13);
  g_autoptr (GBytes) empty = g_bytes_new (NULL, 0);
  g_autoptr (GError) error = NULL;

  g_assert_null (kl_authenticode_dup_signer (text, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "13 bytes"));
  g_clear_error (&error);
  g_assert_null (kl_authenticode_dup_signer (empty, &error));
  g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
  g_assert_false (kl_pkcs7_is_trust_list (text));
}

static void
test_mutations (WimFixture *fixture, gconstpointer data)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (20260103);
  g_autoptr (GBytes) whole = NULL;
  const guint8 *bytes;
  gsize size;
  guint n_signed = 0, n_refused = 0;

  make_signer (fixture, "2023", "Windows UEFI CA 2023");
  whole = make_signed_pe (fixture, "2023", 0x8664);
  bytes = g_bytes_get_data (whole, &size);
  for (guint i = 0; i < N_MUTANTS; i++)
    {
      gsize length = i % 5 == 0 ? (gsize) g_rand_int_range (random, 0, (gint32) size) : size;
      guint8 *copy = g_memdup2 (bytes, MAX (length, 1));
      g_autoptr (GBytes) mutant = NULL;
      g_autoptr (GError) error = NULL;
      KlPeFile pe;

      for (gint k = g_rand_int_range (random, 0, 4); length > 0 && k > 0; k--)
        copy[g_rand_int_range (random, 0, (gint32) (k == 1 ? length : MIN (length, 0x200)))]
            = (guint8) g_rand_int (random);
      mutant = g_bytes_new_take (copy, length);
      if (!kl_pe_parse (mutant, "m.efi", &pe, &error))
        {
          g_assert_error (error, KL_ERROR, KL_ERROR_FORMAT);
          n_refused++;
        }
      else if (pe.signature_size > 0)
        {
          g_autoptr (GBytes) pkcs7
              = g_bytes_new_from_bytes (mutant, pe.signature_offset, pe.signature_size);
          g_autofree char *signer = kl_authenticode_dup_signer (pkcs7, &error);

          kl_pkcs7_is_trust_list (pkcs7);
          g_assert_true ((signer == NULL) == (error != NULL));
          n_signed += signer != NULL;
        }
    }
  g_assert_cmpuint (n_signed, >, N_MUTANTS / 12);
  g_assert_cmpuint (n_refused, >, N_MUTANTS / 12);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func)                                                                            \
  g_test_add (path, WimFixture, NULL, wim_fixture_set_up, func, wim_fixture_tear_down)
  ADD ("/pe-file/machine-and-subsystem-are-read", test_reads_headers);
  ADD ("/pe-file/nonsense-is-refused", test_refuses_nonsense);
  ADD ("/pe-file/the-signer-is-the-issuer-of-the-certificate", test_names_the_signer);
  ADD ("/pe-file/an-unsigned-program-has-no-signer", test_unsigned);
  ADD ("/pe-file/other-signatures-are-refused", test_refuses_other_signatures);
  ADD ("/pe-file/mutated-programs-get-an-answer", test_mutations);
#undef ADD
  return g_test_run ();
}
