#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Debian packages: they are made, their dependencies can be had, and in an empty root, where dpkg
# installs them, the daemon and the tools run, with the compiler that is installed there; removed, they
# leave nothing.
#
#	debian.sh BUILD [MESON OPTION...]       BUILD is kept: only what is stale is built

set -eu
. "$(dirname "$0")/install.sh"
build=$1
shift
for tool in dpkg-shlibdeps dpkg; do
	command -v $tool >/dev/null || { echo "skipped: there is no $tool"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: dpkg wants root"; exit 77; }

"$(dirname "$0")/../../tools/debian-package" -b "$build" "$work/packages" "$@"
packages=("$work"/packages/*.deb)
[ ${#packages[@]} -ge 3 ] || fail "only ${packages[*]}"
for package in "${packages[@]}"; do
	printf '%8d %s needs %s\n' "$(stat -c %s "$package")" "${package##*/}" \
		"$(dpkg-deb -f "$package" Depends)"
done
if apt-cache show libelf1 >/dev/null 2>&1; then
	apt-get install --simulate "${packages[@]}" >"$work/apt" 2>&1 ||
		{ cat "$work/apt"; fail "what they depend on cannot be had"; }
fi

mkdir -p "$root/var/lib/dpkg/"{info,updates,triggers}
touch "$root/var/lib/dpkg/"{status,available}
bare() {
	dpkg --root="$root" --force-depends --force-script-chrootless --log=/dev/null "$@" \
		>"$work/dpkg" 2>&1 || { cat "$work/dpkg"; fail "dpkg $*"; }
}
bare --install "${packages[@]}"
unset EBPF_BACKEND_DIR
export XDG_CACHE_HOME=$work LD_LIBRARY_PATH
LD_LIBRARY_PATH=$(dirname "$root"/usr/lib/*/libxdpk.so.0)
if [ -x "$root/usr/bin/xdpk" ]; then
	"$root/usr/bin/xdpk" --help | head -1
	"$root/usr/bin/xdpk" --version | grep -q "^xdpk " || fail "xdpk --version"
fi
for module in "$LD_LIBRARY_PATH"/xdpk/libebpf-*.so; do
	[ -e "$module" ] || continue
	module=${module##*/libebpf-}
	# return 1
	[ "$("$root/usr/bin/xdpk-vm" run --backend "${module%.so}" b7000000010000009500000000000000)" = 0x1 ] ||
		fail "xdpk-vm with ${module%.so}"
done
[ "$(stat -c %U:%a "$root/usr/bin/xdpk-vm")" = root:755 ] || fail "owner and mode of xdpk-vm"
[ ! -e "$root/usr/lib/systemd/system/xdpk.service" ] ||
	grep -q '^ExecStart=/usr/bin/xdpk ' "$root/usr/lib/systemd/system/xdpk.service" ||
	fail "the service starts another xdpk"

names=()
for package in "${packages[@]}"; do
	names+=("$(dpkg-deb -f "$package" Package)")
done
bare --purge "${names[@]}"
left=$(find "$root" -path "$root/var/lib/dpkg" -prune -o -type f -print)
[ -z "$left" ] || fail "left behind: $left"
