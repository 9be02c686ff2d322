#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Fetches Debian's kernel for the tests that boot a machine of their own, and makes an initial RAM disk that starts
# on the files of this very system: make-kernel.sh FOLDER
#
# FOLDER gets vmlinuz and initrd. Nothing is installed: the package is only unpacked, and what is not needed thrown
# away. Where FOLDER is up to date nothing is done. Needs the network, and no root.
set -euo pipefail
[ $# = 1 ] || { sed -n '4,8s/^# \{0,1\}//p' "$0"; exit 2; }
mkdir -p "$1"
folder=$(realpath "$1") me=$(realpath "$0")
say() { printf '%s\n' "$*" >&2; }
die() { say "The kernel for the virtual machine: $*"; exit 1; }

# Up to date means: made by this very script.
[ ! -f "$folder/initrd" ] || ! cmp -s "$me" "$folder/made-by" || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM INT HUP

update_lists() {
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=120 -qq update >>"$work/log" 2>&1
}
find_package() {
  apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9][^ ]*\)$/\1/p' | head -n 1
}
download() {
  package=$(find_package)
  [ -n "$package" ] && (cd "$work" && apt-get -q -o DPkg::Lock::Timeout=120 download "$package") >>"$work/log" 2>&1
}
# Lists that are old name files that are no longer there.
say "Fetching Debian's kernel for the virtual machine"
download || { update_lists && download; } || { cat "$work/log" >&2; die "it could not be downloaded; see above."; }

mkdir "$work/kernel"
dpkg-deb --fsys-tarfile "$work"/linux-image-*.deb | tar -x -C "$work/kernel" ./boot ./lib/modules
release=$(basename "$work"/kernel/lib/modules/*)
depmod -b "$work/kernel" "$release"

# Everything that the machine will ever need is loaded at its start: the files of the host, the line to the test,
# USB sticks and their file systems, disks that fail, and quotas. Those that are built in are not there as a file.
modules=(virtio_pci 9pnet_virtio 9p overlay virtio_console virtio_blk xhci_pci usb_storage sd_mod
         ext4 vfat exfat fuse dm_mod dm_flakey quota_v2 nls_cp437 nls_ascii nls_iso8859-1 nls_utf8)
root=$work/root
mkdir -p "$root"/{bin,dev,proc,sys,host,upper,new,modules}
for module in "${modules[@]}"; do
  modprobe -d "$work/kernel" -S "$release" -D "$module" || die "$package has no module $module."
done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$work/files"
while read -r file; do
  cp "$file" "$root/modules/"
  basename "$file"
done <"$work/files" >"$root/order"

cp "$(command -v busybox)" "$root/bin/busybox"
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
# The host's files, read-only, below a file system in memory.
b=/bin/busybox
$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
while read -r file; do $b insmod /modules/$file; done </order
$b mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=512000 host /host
$b mount -t tmpfs memory /upper
$b mkdir /upper/files /upper/work
$b mount -t overlay -o lowerdir=/host,upperdir=/upper/files,workdir=/upper/work overlay /new
for name in dev proc sys; do
  $b umount /$name
  $b mkdir -p /new/$name
done
$b mount -t devtmpfs dev /new/dev
$b mount -t proc proc /new/proc
$b mount -t sysfs sys /new/sys
$b mkdir -p /new/tests
$b mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=512000 tests /new/tests
exec $b switch_root /new /bin/bash /tests/vm/guest-init.sh
INIT
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) | gzip -1 >"$work/initrd"

rm -f "$folder/initrd"
cp "$work/kernel/boot/vmlinuz-$release" "$folder/vmlinuz"
cp "$me" "$folder/made-by"
mv "$work/initrd" "$folder/initrd"
