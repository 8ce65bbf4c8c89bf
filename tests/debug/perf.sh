#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# perf.sh REPLAY MAKE_CAPTURE PROG.o INIT SOURCE [VM]: perf report shows the program's names, by a map and
# by a dump, and its source lines by the dump. Without XDPK_PERF nothing is written; a link that lies
# where the map is to go is not followed.

set -u
replay=$(realpath "$1") make_capture=$(realpath "$2") object=$(realpath "$3")
init=$4 source=$5 vm=${6:+$(realpath "$6")}
command -v perf >/dev/null || { echo "skipped: there is no perf"; exit 77; }
dir=$(mktemp -d) || exit 1
map=
trap 'rm -rf "$dir" ${map:+"$map"}' EXIT
cd "$dir" || exit 1
fail() {
	echo "FAILED: $*" >&2
	cat out >&2
	exit 1
}

"$make_capture" in.pcap || exit 1
run=("$replay" --no-cache --engine llvm --repeat 2000 --init "$init" "$object" in.pcap)

# record HOW: a profile of a run with XDPK_PERF=HOW, whose process is $pid.
record() {
	XDPK_PERF=$1 perf record -q -k mono -e cpu-clock -F 4000 -o perf.data \
		sh -c 'echo $$ >pid; exec "$@"' sh "${run[@]}" >out 2>&1
}
report() {
	perf report --stdio -i "$1" "${@:2}" 2>/dev/null | grep -v '^#' >out
}

perf record -q -e cpu-clock -o perf.data true >/dev/null 2>&1 ||
	{ echo "skipped: perf may not measure here"; exit 77; }
record map || fail "no profile"
map=/tmp/perf-$(cat pid).map
[ "$(stat -c %a "$map")" = 600 ] || fail "$map is for others, too"
report perf.data -s sym
grep -q 'xdp_firewall:burst' out || fail "no name by the map"

record jitdump || fail "no profile"
[ -s "jit-$(cat pid).dump" ] || fail "there is no dump"
perf inject --jit -i perf.data -o perf.jit || fail "perf inject does not take the dump"
report perf.jit -s sym
grep -q 'xdp_firewall:burst' out || fail "no name by the dump"
# What perf makes of the dump has the lines; addr2line asks it.
for so in jitted-"$(cat pid)"-*.so; do
	readelf --debug-dump=decodedline "$so" 2>/dev/null
done >out
grep -q "${source##*/}  *[0-9]" out || fail "no lines in the dump"

# Code that is no object: what librte_bpf makes. r0 = 7
if [ -n "$vm" ]; then
	for how in map jitdump; do
		XDPK_PERF=$how sh -c 'echo $$ >pid; exec "$@"' sh "$vm" run -b rte \
			"b7 00 00 00 07 00 00 00 95 00 00 00 00 00 00 00" >out 2>&1 ||
			fail "librte_bpf does not run it"
		case $how in
		map) cat "/tmp/perf-$(cat pid).map" >out; rm -f "/tmp/perf-$(cat pid).map" ;;
		*) strings "jit-$(cat pid).dump" >out ;;
		esac
		grep -q 'raw:rte$' out || fail "no name of librte_bpf's code by $how"
		grep -q 'raw:jit$' out || fail "no name of the door to it by $how"
	done
fi

XDPK_PERF='' sh -c 'echo $$ >pid; exec "$@"' sh "${run[@]}" >out 2>&1 || fail "it does not run"
[ ! -e "/tmp/perf-$(cat pid).map" ] && [ ! -e "jit-$(cat pid).dump" ] ||
	fail "perf was told without being asked for"

# Somebody who foresees the number.
echo precious >target
XDPK_PERF=map sh -c 'ln -s "$0/target" /tmp/perf-$$.map; echo $$ >pid; exec "$@"' "$dir" "${run[@]}" \
	>out 2>&1
rm -f "$map"
map=/tmp/perf-$(cat pid).map
[ "$(cat target)" = precious ] || fail "a link was followed"
echo "perf knows xdp_firewall:burst and the lines of ${source##*/}"
