#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Every XDP program of Linux's samples and selftests, from Debian's package of its source, and of
# Debian's xdp-tools and libxdp1, on every engine, against the running kernel, and as images in a
# build without LLVM:
#
#	tests/replay/kernel-programs.sh [BUILD [options of kernel-programs.py]]
#
# BUILD is the build folder (default: build). Needs root, for bpf() and a network namespace. Not
# run by default: it downloads 150 MB (see kernel-source.sh). kernel-programs.txt names what cannot
# be equal; in kernel-programs/ are control lines for the objects that need some.
set -eu

build=${1:-build}
[ $# -eq 0 ] || shift

if [ "$(id -u)" != 0 ]; then
	echo "skipped: bpf() and a network of one's own are root's"
	exit 77
fi
here=$(dirname "$0")
. "$here/../kernel-source.sh"
prepare_source
objects=$kernel_cache/programs
mkdir -p "$objects"

# Those of the files that have programs in XDP sections.
with_xdp()
{
	grep -lE 'SEC\("\??xdp' "$@"
}

for file in $(with_xdp "$selftests"/progs/*.c); do
	case $file in
	*/test_xdp_noinline.c) flags=-fno-inline ;;
	*) flags= ;;
	esac
	compile "$objects/$(basename "$file" .c).o" "$file" -mcpu=v3 $flags
done
for file in $(with_xdp "$samples"/*_kern.c); do
	compile "$objects/sample-$(basename "$file" .c).o" "$file" \
		-include "$here/kernel-programs/sample.h" -I"$kernel_source/tools/include"
done
for file in $(with_xdp "$samples"/*.bpf.c); do
	name=$(basename "$file" .bpf.c)
	[ ! -e "$objects/sample-$name.o" ] || continue
	compile "$objects/$name.part" "$file"
	compile "$objects/xdp_sample.part" "$samples/xdp_sample.bpf.c"
	bpftool gen object "$objects/sample-$name.o" "$objects/$name.part" \
		"$objects/xdp_sample.part"
done

shipped=$(dpkg -L xdp-tools libxdp1 2>/dev/null | grep '\.o$') ||
	echo "left out: the packages xdp-tools and libxdp1 are not installed"

ninja -C "$build" --quiet tests/replay/without-llvm.built
without_llvm=$build/tests/replay/without-llvm
export XDPK_IMAGES="$build/tools/xdpk-vm/xdpk-vm:$without_llvm/tools/xdpk-replay/xdpk-replay"
exec unshare --net "$here/kernel-programs/network.sh" \
	python3 -B "$here/kernel-programs.py" "$@" "$build" "$objects"/*.o $shipped
