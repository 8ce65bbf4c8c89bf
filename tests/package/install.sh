# SPDX-License-Identifier: BSD-3-Clause
#
# Sourced: a folder of the test's own, and in it what `meson install` installs.
#
#	$work    the folder, which goes with the test
#	$root    what stands for / there
#	$prefix  the installation's prefix below it

export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

fail() {
	echo "FAILED: $*"
	exit 1
}

# install_copy BUILD [PREFIX]: nothing is built.
install_copy() {
	prefix=$root${2:-/usr/local}
	meson install -C "$1" --no-rebuild --destdir "$root" >"$work/install.log" 2>&1 ||
		{ cat "$work/install.log"; fail "meson install"; }
	# The build is not to be found from there.
	unset EBPF_BACKEND_DIR LD_LIBRARY_PATH
	export XDG_CACHE_HOME=$work
	libdir=$(dirname "$(find "$prefix" -name libxdpk.so)")
}
