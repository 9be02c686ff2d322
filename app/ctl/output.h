/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "command.h"
#include "job/job.h"

G_BEGIN_DECLS

/* All that kindlingctl prints. Text goes through the locale's charset; JSON is always UTF-8, one
 * object a line, numbers as in C. */

/* JSON: begin, add members, print. */
JsonBuilder *kl_ctl_json_new (const char *event);
void kl_ctl_json_add_text (JsonBuilder *builder, const char *name, const char *text);
void kl_ctl_json_add_number (JsonBuilder *builder, const char *name, guint64 number);
void kl_ctl_json_add_real (JsonBuilder *builder, const char *name, double number);
void kl_ctl_json_add_flag (JsonBuilder *builder, const char *name, gboolean flag);
void kl_ctl_json_add_list (JsonBuilder *builder, const char *name, const char *const *texts);
void kl_ctl_json_add_firmware (JsonBuilder *builder, gboolean bios, const char *uefi);
void kl_ctl_json_print (JsonBuilder *builder);
void kl_ctl_json_print_row (JsonBuilder *builder);

/* Text for people. */
void kl_ctl_print_field (const char *name, const char *value);
void kl_ctl_print_core_field (const char *name, const char *text);
void kl_ctl_print_warnings (const char *const *warnings);
void kl_ctl_print_boot (gboolean bios,
                        const char *bios_reason,
                        const char *uefi,
                        const char *uefi_reason);
void kl_ctl_print_expiry (GDateTime *end); /* of a certificate; nullable */
char *kl_ctl_clean (const char *text);
void kl_ctl_append_padded (GString *table, const char *text, guint columns);
char *kl_ctl_pad (const char *text, guint columns);

/* Progress: an event, or a bar on a terminal. */
void kl_ctl_print_progress (const KlCtlOptions *options, KlJob *job);
void kl_ctl_clear_progress (const KlCtlOptions *options);

/* For several jobs at once. */
void kl_ctl_print_progress_event (KlJob *job, const char *target);
gboolean kl_ctl_has_bar (const KlCtlOptions *options);
guint kl_ctl_get_terminal_rows (void);
char *kl_ctl_format_bar (KlJob *job, const char *target);

/* All say what happened and return the exit status. */
int kl_ctl_print_error (const KlCtlOptions *options, const GError *error);
int
kl_ctl_print_target_error (const KlCtlOptions *options, const GError *error, const char *target);
int kl_ctl_print_usage_error (const KlCtlOptions *options, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

G_END_DECLS
