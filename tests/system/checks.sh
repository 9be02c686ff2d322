# SPDX-License-Identifier: GPL-3.0-or-later
# TAP for the scripts of this folder, which source it; $folder is their scratch folder.
tests=0

# check NAME COMMAND…: one result; what the command says is shown with a failure
check() {
  local name=$1
  shift
  tests=$((tests + 1))
  if "$@" >"$folder/out" 2>&1; then
    echo "ok $tests - $name"
  else
    echo "not ok $tests - $name"
    tail -n 30 "$folder/out" | sed 's/^/# /'
  fi
}
# fails STATUS TEXT COMMAND…: the command must end with STATUS and say TEXT
fails() {
  local status=$1 text=$2 code=0
  shift 2
  "$@" >"$folder/said" 2>&1 </dev/null || code=$?
  cat "$folder/said"
  [ $code = "$status" ] && grep -qF -- "$text" "$folder/said"
}
says() {
  local text=$1
  shift
  "$@" >"$folder/said" 2>&1
  cat "$folder/said"
  grep -qF -- "$text" "$folder/said"
}
