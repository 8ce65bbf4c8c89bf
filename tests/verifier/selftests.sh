#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The kernel's verifier selftests, from Debian's package of its source, against our verifier:
#
#	tests/verifier/selftests.sh [BUILD [options of verifier-selftests]]
#
# BUILD is the build folder (default: build). What is fetched and compiled is kept in
# $XDPK_CACHE (default: ~/.cache/xdpk-selftests), some 200 MB. Needs apt, bpftool, python3,
# clang-19, and bpf() for the comparison. Not run by default: it downloads 150 MB.
set -eu

build=${1:-build}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- -x 89 -a 84 -r 98

version=6.12
cache=${XDPK_CACHE:-$HOME/.cache/xdpk-selftests}
source=$cache/linux-source-$version
include=$cache/include
objects=$cache/objects

fetch()
{
	mkdir -p "$cache/package"
	(cd "$cache/package" && apt-get download "linux-source-$version")
	dpkg-deb --fsys-tarfile "$cache"/package/linux-source-*.deb |
		tar -xO --wildcards '*.tar.xz' |
		tar -xJ -C "$cache" --wildcards '*/tools/testing/selftests/bpf/progs/*.[ch]' \
			'*/tools/testing/selftests/bpf/*.h' '*/tools/lib/bpf/*.h' \
			'*/tools/include/uapi/*' '*/tools/include/linux/filter.h' \
			'*/scripts/bpf_doc.py'
	rm -r "$cache/package"
}

# The headers that the kernel's build generates.
generate()
{
	mkdir -p "$include/bpf"
	bpftool btf dump file /sys/kernel/btf/vmlinux format c >"$include/vmlinux.h"
	cp "$source"/tools/lib/bpf/bpf_*.h "$include/bpf"
	python3 "$source/scripts/bpf_doc.py" --header \
		--file "$source/tools/include/uapi/linux/bpf.h" >"$include/bpf/bpf_helper_defs.h"
}

compile()
{
	mkdir -p "$objects"
	for file in "$source"/tools/testing/selftests/bpf/progs/verifier_*.c; do
		object=$objects/$(basename "$file" .c).o
		[ ! -e "$object" ] || continue
		clang-19 -g -O2 -target bpf -mcpu=v4 -std=gnu11 -w -D__TARGET_ARCH_x86 \
			-I"$include" -I"$source/tools/testing/selftests/bpf" \
			-isystem "$source/tools/include/uapi" \
			-isystem "/usr/include/$(uname -m)-linux-gnu" -c "$file" -o "$object" ||
			echo "left out: $file does not compile"
	done
}

[ -d "$source" ] || fetch
[ -e "$include/bpf/bpf_helper_defs.h" ] || generate
compile
exec "$build/tests/verifier/verifier-selftests" "$@" "$objects"/*.o
