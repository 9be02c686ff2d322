#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes an installable package for Debian 12 of the program.
#
#   data/debian/build-deb.sh OUT          configures for /usr, builds, and puts kindling_VERSION_ARCHITECTURE.deb into the folder OUT
#   data/debian/build-deb.sh OUT BUILD    packs what a build folder holds, for the prefix that it was configured with
#
# Prints the path of the package. Needs meson, ninja and dpkg-dev; no root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# = 1 ] || [ $# = 2 ] || { sed -n '3,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
umask 022

if [ $# = 2 ]; then
  build=$(cd "$2" && pwd)
else
  build=$scratch/build
  meson setup "$build" "$root" --prefix=/usr --buildtype=release --strip -Dtests=false >&2
  ninja -C "$build" >&2
fi
version=$(meson introspect "$build" --projectinfo | sed 's/.*"version": "\([^"]*\)".*/\1/')
architecture=$(dpkg --print-architecture)

tree=$scratch/kindling
DESTDIR=$tree meson install -C "$build" --no-rebuild --strip --quiet >&2
prefix=$tree$(meson introspect "$build" --buildoptions |
  /usr/bin/python3 -c 'import json, sys; print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')

# What Debian's policy asks of every package.
documents=$tree/usr/share/doc/kindling
mkdir -p "$documents"
cp "$here/copyright" "$documents/"
sed "s/@VERSION@/$version/" "$here/changelog" | gzip -9n >"$documents/changelog.gz"
find "$prefix/share/man" -name '*.1' -exec gzip -9n {} +

# Shared libraries are found by what the programs are linked with; what they call or look for is named in control.
mkdir -p "$scratch/debian" "$tree/DEBIAN"
printf 'Source: kindling\n\nPackage: kindling\nArchitecture: any\n' >"$scratch/debian/control"
libraries=$(cd "$scratch" && dpkg-shlibdeps -O "$prefix"/bin/* 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
[ -n "$libraries" ] || { echo "The libraries that the programs need could not be told." >&2; exit 1; }
sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@LIBRARIES@/$libraries/" \
  -e "s/@INSTALLED_SIZE@/$(du -sk --exclude=DEBIAN "$tree" | cut -f1)/" "$here/control.in" >"$tree/DEBIAN/control"
(cd "$tree" && find . -type f ! -path './DEBIAN/*' -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' md5sum) >"$tree/DEBIAN/md5sums"

package=$out/kindling_${version}_$architecture.deb
dpkg-deb --root-owner-group --build "$tree" "$package" >&2
echo "$package"
