#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a command on a private X server with a window manager, a private session bus and private HOME and XDG folders, as any
# user, without standard input. Usage: headless.sh COMMAND ARGUMENT…   (XSIZE=1280x800x24 may be set before)
set -u
scratch=$(mktemp -d)
mkdir -m 700 "$scratch/run" "$scratch/home"
xpid='' wpid='' cpid=''
finish() {
  trap - EXIT TERM INT HUP
  [ -z "$cpid" ] || cat "$scratch/said"
  for pid in $cpid $wpid $xpid; do
    kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
  done
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 143' TERM INT HUP

unset DBUS_SESSION_BUS_ADDRESS WAYLAND_DISPLAY AT_SPI_BUS_ADDRESS
export HOME=$scratch/home XDG_RUNTIME_DIR=$scratch/run
export XDG_CONFIG_HOME=$HOME/.config XDG_CACHE_HOME=$HOME/.cache XDG_DATA_HOME=$HOME/.local/share
export GDK_BACKEND=x11 GSK_RENDERER=cairo GDK_SCALE=1 LIBGL_ALWAYS_SOFTWARE=1
export GTK_A11Y=atspi NO_AT_BRIDGE=0 LANG=C.UTF-8 LC_ALL=C.UTF-8 LANGUAGE=
export GSETTINGS_BACKEND=memory GTK_USE_PORTAL=0 GIO_USE_VFS=local G_DEBUG=fatal-criticals

# Without animations, unless ANIMATIONS=1: each picture is the last one.
settings() {
  [ "${ANIMATIONS:-0}" = 1 ] && return
  mkdir -p "$XDG_CONFIG_HOME/gtk-4.0"
  printf '[Settings]\ngtk-enable-animations=0\n' >"$XDG_CONFIG_HOME/gtk-4.0/settings.ini"
}
settings

coproc X { exec Xvfb -displayfd 1 -screen 0 "${XSIZE:-1280x800x24}" -nolisten tcp -noreset +extension RANDR +extension XTEST 2>"$scratch/xvfb.log"; }
xpid=$X_PID
read -r -t 60 display <&"${X[0]}" || { cat "$scratch/xvfb.log" >&2; exit 1; }
export DISPLAY=:$display
openbox --sm-disable >/dev/null 2>&1 &
wpid=$!
deadline=$((SECONDS + 30))
until xdotool get_desktop >/dev/null 2>&1; do
  [ $SECONDS -lt $deadline ] || { echo "The window manager does not start." >&2; exit 1; }
  sleep .05
done

# In the background, so that a signal to this script is served at once.
run() {
  dbus-run-session -- "$@" </dev/null >"$scratch/said" 2>&1 &
  cpid=$!
  wait "$cpid"
  rc=$?
  cpid=''
  cat "$scratch/said"
}

run "$@"
# GTK 4.8 now and then tells the accessibility bus of a widget that has just left it. Elsewhere that is a message; here
# all criticals end the program, so that the scenario begins anew, once.
if [ $rc != 0 ] && grep -q "g_variant_is_object_path: assertion 'string != NULL'" "$scratch/said"; then
  echo "Begun anew because of a fault of GTK's accessibility."
  rm -rf "$scratch/run" "$scratch/home"
  mkdir -m 700 "$scratch/run" "$scratch/home"
  settings
  run "$@"
fi
exit $rc
