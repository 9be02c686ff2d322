/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "crypto/secret.h"

G_BEGIN_DECLS

/* Guesses of a media password that one graphics card makes in a second; see the .c file. */
#define KL_PASSWORD_GUESSES_PER_SECOND 1e10

/* What a password is called, by the time in which one graphics card finds it. */
typedef enum
{
  KL_PASSWORD_VERY_WEAK, /* within an hour */
  KL_PASSWORD_WEAK,      /* within a year */
  KL_PASSWORD_GOOD,      /* within a thousand years */
  KL_PASSWORD_STRONG,    /* later */
} KlPasswordLevel;

typedef struct
{
  double bits;         /* log2 of the guesses that try all passwords of its kind */
  double seconds;      /* until it is found, on average */
  int score;           /* libpwquality's, 0 … 100; 0 where it refuses the password */
  const char *finding; /* why it refuses, English; NULL where it does not */
} KlPasswordStrength;

void kl_password_strength_measure (KlSecret *password, KlPasswordStrength *strength);
KlPasswordLevel kl_password_strength_get_level (const KlPasswordStrength *strength);
const char *kl_password_level_to_string (KlPasswordLevel level);
gboolean kl_password_level_from_string (const char *text, KlPasswordLevel *level);
char *kl_password_strength_dup_text (const KlPasswordStrength *strength);

KlSecret *kl_passphrase_generate (double *bits);

G_END_DECLS
