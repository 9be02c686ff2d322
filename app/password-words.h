/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "crypto/password-strength.h"

G_BEGIN_DECLS

const char *kl_password_level_get_word (KlPasswordLevel level); /* translated, "Very Weak" */

G_END_DECLS
