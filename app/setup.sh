# SPDX-License-Identifier: GPL-3.0-or-later
# Read by app/run and tests/run: installs what is missing and builds. Expects $root, the project's folder.

build=$root/build

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# packages_of SECTION…: the names below [SECTION] in the one list of packages
packages_of() {
  local section
  for section; do
    awk -v wanted="[$section]" '/^\[/ { on = ($0 == wanted); next } /^[^#]/ && NF && on { print $1 }' \
      "$root/data/debian-packages.txt"
  done
}

# install_packages SECTION…: installs what dpkg does not have; asks for nothing, and does nothing where all is there
install_packages() {
  local missing as_root=() name
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "This is not a Debian system: packages are not installed. The list is in data/debian-packages.txt."
    return 0
  fi
  missing=$(for name in $(packages_of "$@"); do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
  done)
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "Packages are missing and there is no sudo. As root, run: apt-get install --no-install-recommends" $missing
    as_root=(sudo)
  fi
  say "Installing" $missing
  "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=120 -qq update || die "The package lists could not be updated."
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=120 -qq install -y --no-install-recommends $missing </dev/null >/dev/null \
    || die "Some packages could not be installed; see above."
}

# quietly COMMAND…: shows the output only if the command fails
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  [ $status = 0 ] || cat "$log" >&2
  rm -f "$log"
  return $status
}

# configure FOLDER OPTION…: sets a build folder up, or changes its options
configure() {
  local folder=$1
  shift
  if [ -f "$folder/build.ninja" ]; then
    [ $# = 0 ] || quietly meson configure "$folder" "$@"
  else
    say "Configuring $(basename "$folder")"
    rm -rf "$folder"
    quietly meson setup "$folder" "$root" "$@"
  fi
}
