# SPDX-License-Identifier: BSD-3-Clause
#
# To be sourced: BPF programs of Linux itself, fetched from Debian's package of its source and
# compiled. What is fetched and compiled is kept in $XDPK_CACHE (default: ~/.cache/xdpk-selftests),
# some 250 MB. Needs apt, bpftool, python3 and clang-19, and the running kernel's types.

kernel_version=6.12
kernel_cache=${XDPK_CACHE:-$HOME/.cache/xdpk-selftests}
kernel_source=$kernel_cache/linux-source-$kernel_version
kernel_include=$kernel_cache/include
selftests=$kernel_source/tools/testing/selftests/bpf
samples=$kernel_source/samples/bpf

fetch_source()
{
	mkdir -p "$kernel_cache/package"
	(cd "$kernel_cache/package" && apt-get download "linux-source-$kernel_version")
	dpkg-deb --fsys-tarfile "$kernel_cache"/package/linux-source-*.deb |
		tar -xO --wildcards '*.tar.xz' |
		tar -xJ -C "$kernel_cache" --wildcards '*/tools/testing/selftests/bpf/*.[ch]' \
			'*/samples/bpf/*.[ch]' '*/tools/lib/bpf/*.h' '*/tools/include/uapi/*' \
			'*/tools/include/linux/filter.h' '*/tools/include/linux/types.h' \
			'*/scripts/bpf_doc.py'
	rm -r "$kernel_cache/package"
}

# The headers that the kernel's build generates.
generate_headers()
{
	mkdir -p "$kernel_include/bpf"
	bpftool btf dump file /sys/kernel/btf/vmlinux format c >"$kernel_include/vmlinux.h"
	cp "$kernel_source"/tools/lib/bpf/bpf_*.h "$kernel_include/bpf"
	python3 "$kernel_source/scripts/bpf_doc.py" --header \
		--file "$kernel_source/tools/include/uapi/linux/bpf.h" \
		>"$kernel_include/bpf/bpf_helper_defs.h"
}

prepare_source()
{
	[ -d "$samples" ] || fetch_source
	[ -e "$kernel_include/bpf/bpf_helper_defs.h" ] || generate_headers
}

# compile OBJECT FILE [FLAG...]: as the kernel's own Makefiles do; nothing if it is there.
compile()
{
	[ ! -e "$1" ] || return 0
	object=$1 file=$2
	shift 2
	clang-19 -g -O2 -target bpf -std=gnu11 -w -D__TARGET_ARCH_x86 -DENABLE_ATOMICS_TESTS \
		"$@" -I"$kernel_include" -I"$selftests" -isystem "$kernel_source/tools/include/uapi" \
		-isystem "/usr/include/$(uname -m)-linux-gnu" -c "$file" -o "$object" ||
		echo "left out: $file does not compile"
}
