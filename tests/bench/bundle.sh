#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# What tools/gpu-bundle packs is small, has no compiler in it, and runs where there is nothing but a
# shell and the C library: in a root of its own.
#
#	tests/bench/bundle.sh BUILD
set -eu

build=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
if [ "$(id -u)" != 0 ]; then
	echo "skipped: a root of one's own is root's"
	exit 77
fi
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

tools/gpu-bundle --build "$build" "$root/bundle" --entries 20000 --batches 256 --depth 2 scan route

size=$(du -sm "$root/bundle" | cut -f1)
[ "$size" -lt 60 ] || { echo "it is $size MiB large"; exit 1; }
if ls "$root"/bundle/lib/libLLVM* 2>/dev/null; then
	echo "it has a compiler"
	exit 1
fi
for name in firewall count checksum scan route mac-swap encap mix; do
	grep -q "^$name\.bpf\.o@mix$" "$root/bundle/cases" || { echo "$name is left out"; exit 1; }
done
for object in $(dpkg -L xdp-tools libxdp1 2>/dev/null | grep '/xdpfilt_.*\.o$'); do
	grep -q "^$(basename "$object")@mix$" "$root/bundle/cases" || { echo "$object is left out"; exit 1; }
done
for image in "$root"/bundle/bench/*.o "$root/bundle/objects/firewall.bpf.o"; do
	grep -qa '^\.target sm_75' "$image" || { echo "$image has no PTX"; exit 1; }
done

mkdir -p "$root/bin" "$root/dev" "$root/tmp"
mknod "$root/dev/null" c 1 3
cp "$(readlink -f /bin/sh)" "$root/bin/sh"
for library in ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0; do
	path=$(ldconfig -p | awk -v name=$library '$1 == name { print $NF; exit }')
	mkdir -p "$root/lib/x86_64-linux-gnu" "$root/lib64"
	cp -L "$path" "$root/lib/x86_64-linux-gnu/"
done
cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"

run()
{
	env -i LD_LIBRARY_PATH="${driver-}" "$(command -v chroot)" "$root" /bin/sh /bundle/run "$@"
}

# said PATTERN...: each begins a line of what was run
said()
{
	for pattern; do
		grep -q "^$pattern" "$root/out" || { echo "it does not say $pattern:"; cat "$root/out"; exit 1; }
	done
}

# On threads all is measured; of what is wanted of GPUs alone nothing counts. Whether `auto` is fast
# enough, beside what else runs here, tests/bench/gpu.py asks.
status=0
run --device host:2 --quick >"$root/out" || status=$?
grep -q '"device": "host:2"' "$root/bundle/results/bench.json"
grep -q '<svg' "$root/bundle/results/bench.svg"
grep -c '"engine": "llvm"' "$root/bundle/results/bench.json" # images, not the interpreter
grep -q '^host:2 (threads of the CPU' "$root/bundle/results/README.md"
said 'pass: programs over captures' 'pass: core and device agree' 'no GPU: compute-sanitizer' \
	'no GPU: scan, 1514 bytes: [0-9.]* times one core (llvm)' \
	'no GPU: scan, 1514 bytes: [0-9]*% of the bandwidth' \
	'no GPU: scan, 1514 bytes: latency p50' '\(pass\|FAIL\): auto'
[ "$status" -eq "$(grep -c '^FAIL' "$root/out")" ]

# A driver whose GPU is an interpreter of PTX: it is no match for a core, and that is what it says.
mkdir "$root/cuda"
cp "$build/tests/gpu/libcuda.so.1" "$root/cuda/"
grep '^count' "$root/bundle/cases" >"$root/few"
mv "$root/few" "$root/bundle/cases"
status=0
driver=/cuda run --quick >"$root/out" || status=$?
[ "$status" -eq 1 ]
grep -q '"is_gpu": true' "$root/bundle/results/bench.json"
said 'cuda:0' 'pass: programs over captures' 'not run: compute-sanitizer' \
	'pass: core and device agree' 'FAIL: scan, 1514 bytes: 0.0 times one core (llvm)' \
	'FAIL: scan, 1514 bytes: [0-9]*% of the bandwidth' 'pass: scan, 1514 bytes: latency p50'
grep -q '^FAIL: scan' "$root/bundle/results/wanted.txt"
grep -q '^cuda:0' "$root/bundle/results/README.md"

# Without a driver there is one clear line, and no success.
if run >"$root/out" 2>&1; then
	echo "it passes without a GPU"
	exit 1
fi
grep -q 'libcuda\.so\.1' "$root/out" && [ "$(wc -l <"$root/out")" -eq 1 ]
