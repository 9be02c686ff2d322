# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# What the boot tests share; sourced. Results go out in the Test Anything Protocol.
#
#   work                       folder for this run; gone at the end
#   pass NAME, fail NAME [FILE…]   one result; the files are shown with a failure
#   boots NAME FIRMWARE MEDIUM LINE…   the sample's program must end, and say every LINE (fixed text)
#   shows NAME FIRMWARE MEDIUM TEXT    firmware itself must say TEXT (extended regular expression),
#                                      and the sample's program must not have started
#   quietly COMMAND…           runs a step that is no test; the run ends if it fails
#   finish                     prints the plan; call it last
set -u
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
work=$(mktemp -d)
tests=0 job=''
clean_up() {
  [ -z "$job" ] || { kill "$job" && wait "$job"; } 2>/dev/null
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 143' TERM INT HUP

# In the background and waited for: so a signal is served at once.
run() {
  "$@" </dev/null &
  job=$!
  wait "$job"
  local status=$?
  job=''
  return $status
}

pass() {
  tests=$((tests + 1))
  echo "ok $tests - $1"
}

fail() {
  tests=$((tests + 1))
  echo "not ok $tests - $1"
  shift
  local file
  for file in "$@"; do
    [ ! -s "$file" ] || tail -n 60 "$file" | tr -d '\033\r' | sed 's/^/# /'
  done
}

quietly() {
  run "$@" >"$work/step.log" 2>&1 && return
  echo "Bail out! failed: $*"
  sed 's/^/# /' "$work/step.log"
  exit 1
}

# A quiet boot takes 0.2 s (SeaBIOS) or 5 s (OVMF); the time-outs are for machines that are not quiet.
boots() {
  local name=$1 firmware=$2 medium=$3 log=$work/boot.log line
  shift 3
  if ! run "$here/qemu.sh" "$firmware" "$medium" 'Press a key' "$log" 60; then
    fail "$name: the sample's program did not end" "$log" "$log.bios" "$log.err"
    return
  fi
  for line in "$@"; do
    if ! grep -qaF -- "$line" "$log"; then
      fail "$name: not said: $line" "$log" "$log.err"
      return
    fi
  done
  pass "$name"
}

shows() {
  local name=$1 firmware=$2 medium=$3 text=$4 log=$work/boot.log
  if ! run "$here/qemu.sh" "$firmware" "$medium" "$text|KINDLING SAMPLE" "$log" 60; then
    fail "$name: firmware said nothing of it" "$log" "$log.bios" "$log.err"
  elif grep -qa 'KINDLING SAMPLE' "$log"; then
    fail "$name: the sample's program was started" "$log"
  else
    pass "$name"
  fi
}

finish() {
  echo "1..$tests"
}
