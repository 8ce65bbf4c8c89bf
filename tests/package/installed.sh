#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The examples are built from the installed copy alone, by pkg-config, in C and C++, and run on every
# backend that is installed; so do the tools. The copy lies elsewhere than its prefix says.
#
#	installed.sh BUILD BACKENDS

set -eu
. "$(dirname "$0")/install.sh"
build=$1 backends=$2

install_copy "$build"
cp -r "$prefix/share/xdpk/examples" "$work/examples"
cd "$work/examples"
export PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir
make -s CFLAGS="-O1 -Wall -Wextra -Werror" CXXFLAGS="-O1 -Wall -Wextra -Werror"

for backend in $backends; do
	echo "usage $backend"
	./usage "$backend" | tee usage.out
	grep -qx "$backend: 71" usage.out || fail "usage $backend"
	[ "$backend" = interp ] || grep -qx 'compiled: 71' usage.out || fail "usage does not compile"
	grep -qx 'stopped at instruction 2' usage.out || fail "usage reads what it may not"
	[ "$(./usage-cc "$backend")" = "$backend: 128" ] || fail "usage-cc $backend"
done
./usage none 2>usage.err && fail "a backend that does not exist was created"

# runs_with MODULE COMMAND...: it opens the installed module, and none of the build's.
runs_with() {
	local module=$1
	shift
	LD_DEBUG=files LD_DEBUG_OUTPUT=$work/opened "$@" >"$work/out" || fail "$*"
	sed -nE 's/.*calling init: (.*libebpf-.*)/\1/p' "$work"/opened.* | xargs -r realpath |
		sort -u | tee "$work/modules"
	rm "$work"/opened.*
	[ "$(cat "$work/modules")" = "$libdir/xdpk/libebpf-$module.so" ] ||
		fail "$* opens another module"
}

for module in "$libdir"/xdpk/libebpf-*.so; do
	[ -e "$module" ] || continue
	module=${module##*/libebpf-}
	module=${module%.so}
	# return 1
	[ ! -x "$prefix/bin/xdpk-vm" ] ||
		runs_with "$module" "$prefix/bin/xdpk-vm" run --backend "$module" b7000000010000009500000000000000
done
case $backends in *llvm*) runs_with llvm ./usage llvm ;; esac

sample=$prefix/share/xdpk/samples/firewall
if [ -e "$sample.bpf.o" ]; then
	./filter "$sample.bpf.o" "$sample.init" | tee filter.out
	grep -qx 'xdp_firewall: drop' filter.out
	[ "$(./filter "$sample.bpf.o")" = 'xdp_firewall: pass' ] || fail "without rules it does not pass"
fi
for tool in "$prefix"/bin/*; do
	name=${tool##*/}
	[ -s "$prefix/share/man/man1/$name.1" ] || fail "$name has no manual page"
	[ "$name" = xdpk-compile ] || [ -s "$prefix/share/bash-completion/completions/$name.bash" ] ||
		fail "$name has no completion"
	"$tool" --help >"$work/help" || fail "$tool --help"
	[ -s "$work/help" ] || fail "$tool --help says nothing"
done
