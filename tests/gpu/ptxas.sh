#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The PTX of kernels assembles for the GPUs there are: of the sample programs, and of those in
# Debian's xdp-tools, where they are installed. Programs that cannot be kernels say why, and those
# that must be kernels are. What reads no more than headers keeps everything in registers. The vectors
# of the instruction set assemble, too, as raw programs for the oldest of these GPUs.
#
# usage: ptxas.sh XDPK-VM VECTORS OBJECT...

vm=$1 vectors=$2
shift 2
failed=0 assembled=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

ptxas=$(PATH=$PATH:/usr/local/cuda/bin command -v ptxas)
if [ -z "$ptxas" ]; then
	echo "SKIP: there is no ptxas: it comes with the CUDA toolkit"
	exit 77
fi
newest=$("$ptxas" --help | grep -o "'sm_[0-9]*'" | tr -d "'" | sort -t_ -k2n | tail -n 1)
levels=(sm_75 sm_80 sm_90 "$newest")

must_be_kernel() { # OBJECT
	case $(basename "$1") in
	checksum.*|count.*|encap.*|firewall.*|mac-swap.*|mix.*|route.*|scan.*) return 0 ;;
	xdpfilt_*) return 0 ;;
	esac
	return 1
}

reads_payload() { # OBJECT
	case $(basename "$1") in
	checksum.*|mix.*|scan.*) return 0 ;;
	esac
	return 1
}

fail() {
	echo "FAILED: $*"
	failed=1
}

assemble() { # OBJECT LEVEL
	if ! "$ptxas" -v -arch="$2" -o "$tmp/cubin" "$tmp/ptx" >"$tmp/said" 2>&1; then
		fail "$1 for $2: $(grep -m 1 . "$tmp/said")"
		return
	fi
	assembled=$((assembled + 1))
	if ! grep -q ' 0 bytes spill stores, 0 bytes spill loads' "$tmp/said"; then
		fail "$1 for $2: ptxas says nothing of spills: $(cat "$tmp/said")"
	elif ! reads_payload "$1" && grep 'bytes spill stores' "$tmp/said" |
		grep -v ' 0 bytes spill stores, 0 bytes spill loads'; then
		fail "$1 for $2 spills"
	fi
}

check() { # OBJECT
	"$vm" dump ptx "$1" >"$tmp/ptx" 2>"$tmp/why"
	case $? in
	0)
		for level in "${levels[@]}"; do
			assemble "$1" "$level"
		done
		;;
	1)
		must_be_kernel "$1" && fail "$(cat "$tmp/why")"
		grep -q 'cannot be a kernel: ' "$tmp/why" || fail "$1: refused without a reason"
		;;
	*) fail "$1: $(cat "$tmp/why")" ;;
	esac
}

# Objects without an XDP program have nothing to be tried.
mapfile -t packaged < <(dpkg -L xdp-tools libxdp1 2>/dev/null | grep '\.o$' | sort -uV)
[ ${#packaged[@]} -gt 0 ] || echo "xdp-tools is not installed: the samples alone"
for object in "$@" "${packaged[@]}"; do
	"$vm" dump bytecode "$object" 2>&1 >"$tmp/bytecode" | grep -q 'no XDP program' || check "$object"
done
check_raw() { # VECTOR
	sed -n '/^-- asm/,/^-- [^a]/{/^--/!p}' "$1" >"$tmp/asm"
	if ! "$vm" asm -o "$tmp/raw" "$tmp/asm" 2>"$tmp/why" ||
		! "$vm" dump ptx "$tmp/raw" >"$tmp/ptx" 2>"$tmp/why"; then
		fail "$1: $(cat "$tmp/why")"
	elif ! "$ptxas" -arch="${levels[0]}" -o "$tmp/cubin" "$tmp/ptx" >"$tmp/said" 2>&1; then
		fail "$1: $(grep -m 1 . "$tmp/said")"
	else
		assembled=$((assembled + 1))
	fi
}

for vector in "$vectors"/*.data; do
	check_raw "$vector"
done
[ $assembled -gt 0 ] || fail "nothing was assembled"
echo "$assembled texts assembled for ${levels[*]}"
exit $failed
