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
# said TEXT: in the output of several media, kept in $folder/batch
said() { grep -qF -- "$1" "$folder/batch" || { cat "$folder/batch"; return 1; }; }
# A disk that takes a second for 10 MiB, wherever it is, so that writing a medium has a middle: put before a command.
slowly=(env "LD_PRELOAD=$KINDLING_SLOW_DISK" SLOW_FOLDER= SLOW_RATE=10)
# enlarge SIZE: makes $folder/large.wim of the sample $wim
enlarge() {
  cp "$wim" "$folder/large.wim"
  head -c "$1" /dev/urandom >"$folder/noise"
  wimlib-imagex update "$folder/large.wim" 1 --command="add '$folder/noise' /noise.bin" >/dev/null 2>&1
  rm "$folder/noise"
}
# interrupted SECONDS COMMAND…: SIGINT as soon as one medium of several is written, which $writing names then; status 3
# within SECONDS
interrupted() {
  local limit=$1 code=0 job sent
  shift
  writing=
  set -m # or the signal would be ignored in the background
  "$@" >"$folder/batch" 2>&1 </dev/null & job=$!
  set +m
  for _ in $(seq 1000); do
    writing=$(sed -n 's/.*"target":"\([^"]*\)".*"info":"Writing .*/\1/p' "$folder/batch" | head -n 1)
    [ -z "$writing" ] || break
    sleep .01
  done
  sent=$(date +%s%N)
  kill -INT $job
  wait $job || code=$?
  sent=$((($(date +%s%N) - sent) / 1000000))
  echo "# ended $sent ms after the signal"
  cat "$folder/batch"
  [ $code = 3 ] && [ $sent -lt $((limit * 1000)) ]
}
