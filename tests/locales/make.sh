#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes locales for LOCPATH, as glibc takes no translations in the locale C, and Debian has no other one made.
# Usage: make.sh STAMP LOCALE…    The locales stand beside STAMP.
set -eu
stamp=$1
folder=$(dirname "$stamp")
shift
made=()
for locale; do
  localedef -i "$locale" -f UTF-8 --no-archive "$folder/$locale.UTF-8" &
  made+=($!)
done
for pid in "${made[@]}"; do
  wait "$pid"
done
printf '%s\n' "$@" >"$stamp"
