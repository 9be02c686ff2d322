/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "crypto/variables.h"

G_BEGIN_DECLS

/* Reads a <MediaVarList> document; see kl_variables_parse_xml(). */
gboolean kl_variables_xml_read (KlSecret *xml, KlVariables *variables, GError **error);

G_END_DECLS
