/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "crypto/certificate-key.h"
#include "crypto/variables-file.h"
#include "crypto/variables.h"
#include "drive/drive.h"
#include "media/layout.h"

G_BEGIN_DECLS

/* What the target of a request is when a run has ended. */
typedef enum
{
  KL_MEDIA_STATE_UNTOUCHED,  /* what it was before */
  KL_MEDIA_STATE_UNFINISHED, /* a drive: no longer what it was, not yet a medium; does not start */
  KL_MEDIA_STATE_PARTIAL,    /* UFD: part of the new medium is beside the files of the user */
  KL_MEDIA_STATE_DOUBTFUL,   /* all is written, but what came last failed */
  KL_MEDIA_STATE_COMPLETE,   /* the run has succeeded */
} KlMediaState;

/*
 * What is asked of the creator: CreateBootMedia's parameters (media-api.md 1.4) and what the modern
 * wizard adds. Validated by kl_media_request_new(), immutable after that; any thread.
 */
#define KL_TYPE_MEDIA_REQUEST (kl_media_request_get_type ())
G_DECLARE_FINAL_TYPE (KlMediaRequest, kl_media_request, KL, MEDIA_REQUEST, GObject)

typedef struct
{
  KlMediaType type;
  const char
      *destination; /* CD: path of the ISO file to create; disk image: of the image; UFD: only
                       for messages, and nullable; not used for UFD+FORMAT onto a drive */
  gboolean keep_other_files; /* CD: replace nothing but an ISO file at the destination */
  const char *image_id;
  const char *label;          /* NULL: made from the image's name */
  KlBootManager boot_manager; /* DEFAULT: the image's setting */
  gboolean no_verify;
  KlDrive *drive;      /* UFD, UFD+FORMAT onto a drive: the one that was chosen; pinned by it */
  const char *volume;  /* UFD: node of the volume on drive, "/dev/sdb1"; NULL: the only one */
  gboolean bios_start; /* UFD: also write start code for BIOS outside the volume */
  gboolean power_off;  /* switch the drive off once the medium is complete and read back */
  guint64 disk_image_bytes;     /* UFD+FORMAT into a file: size of the disk; 0: not into a file */
  gboolean gpt;                 /* UFD+FORMAT: GPT instead of MBR, which starts on UEFI only */
  const char *bios_code_folder; /* where KlBiosCode lies; needed for UFD+FORMAT unless gpt, and
                                   for bios_start */

  KlSecret *password;             /* of the medium; NULL or empty: none */
  const char *certificate;        /* path of a PFX file; NULL: a self-signed one is made */
  KlCertificateKey *key;          /* of the self-signed one, made ahead; nullable */
  KlSecret *certificate_password; /* nullable */
  gboolean ignore_validity;       /* take one that has expired or is not valid yet */
  GDateTime *valid_from;          /* of the self-signed one; NULL: now */
  GDateTime *valid_until;         /* of the self-signed one; NULL: a year after its start */
  KlVariables *variables;         /* the person's own; nullable */
  gboolean aes_256;               /* else AES-128 */
  gboolean unattended;            /* start-up asks for nothing but the password */
  const char *site_profile;       /* path; NULL: plain Windows PE, no site */
} KlMediaOptions;

/* Checks that need no I/O: KL_ERROR_INVALID_ARGUMENT, KL_ERROR_LABEL. A destination that is not
 * absolute is taken from the current folder; "X.iso" is not appended. */
KlMediaRequest *kl_media_request_new (const KlMediaOptions *options, GError **error);

KlMediaType kl_media_request_get_media_type (KlMediaRequest *self);
const char *kl_media_request_get_destination (KlMediaRequest *self); /* absolute */
gboolean kl_media_request_get_keep_other_files (KlMediaRequest *self);
const char *kl_media_request_get_image_id (KlMediaRequest *self);
const char *kl_media_request_get_label (KlMediaRequest *self); /* nullable */
KlBootManager kl_media_request_get_boot_manager (KlMediaRequest *self);
gboolean kl_media_request_get_verify (KlMediaRequest *self);
KlDrive *kl_media_request_get_drive (KlMediaRequest *self);     /* nullable */
const char *kl_media_request_get_volume (KlMediaRequest *self); /* nullable */
gboolean kl_media_request_get_bios_start (KlMediaRequest *self);
gboolean kl_media_request_get_power_off (KlMediaRequest *self);
guint64 kl_media_request_get_disk_image_bytes (KlMediaRequest *self); /* 0: no disk image */
gboolean kl_media_request_get_vhd (KlMediaRequest *self);             /* by the file's name */
gboolean kl_media_request_get_gpt (KlMediaRequest *self);
const char *kl_media_request_get_bios_code_folder (KlMediaRequest *self);   /* nullable */
KlSecret *kl_media_request_get_password (KlMediaRequest *self);             /* nullable */
const char *kl_media_request_get_certificate (KlMediaRequest *self);        /* nullable */
KlSecret *kl_media_request_get_certificate_password (KlMediaRequest *self); /* nullable */
KlCertificateKey *kl_media_request_get_key (KlMediaRequest *self);          /* nullable */
gboolean kl_media_request_get_ignore_validity (KlMediaRequest *self);
GDateTime *kl_media_request_get_valid_from (KlMediaRequest *self);  /* nullable */
GDateTime *kl_media_request_get_valid_until (KlMediaRequest *self); /* nullable */
KlVariables *kl_media_request_get_variables (KlMediaRequest *self); /* nullable */
KlVariablesCipher kl_media_request_get_variables_cipher (KlMediaRequest *self);
gboolean kl_media_request_get_unattended (KlMediaRequest *self);
const char *kl_media_request_get_site_profile (KlMediaRequest *self); /* nullable */

G_END_DECLS
