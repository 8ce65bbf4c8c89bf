#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# words.sh XDPK_VM REPLAY MAKE_CAPTURE PROG.o SOURCE INIT: assembly has the program's lines between
# its instructions; IR is there before and after optimisation; the
# machine says nothing unasked, and what was asked for.

set -u
vm=$(realpath "$1") replay=$(realpath "$2") make_capture=$(realpath "$3") object=$(realpath "$4")
source=$5 init=$6
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
fail() {
	echo "FAILED: $*" >&2
	exit 1
}

"$vm" dump asm "$object" >asm || fail "no assembly"
text=$(grep -m1 'verdict = bpf_map_lookup_elem(&rules,' "$source")
line=$(grep -nm1 'verdict = bpf_map_lookup_elem(&rules,' "$source" | cut -d: -f1)
grep -F -A1 "# $text @ " asm | grep -q "${source##*/}:$line\$" || fail "line $line is not in it"
grep -F -A1 "# $text @ " asm | tail -1 | grep -q '^	[a-z]' || fail "no instruction follows line $line"
! grep -q '\.loc\|\.debug\|\.cfi' asm || fail "it has what is for debuggers"

"$vm" dump ir "$object" >ir && "$vm" dump ir-opt "$object" >ir-opt || fail "no IR"
grep -q '^define' ir && grep -q '^define' ir-opt || fail "no function in it"
[ "$(grep -c alloca ir)" -gt "$(grep -c alloca ir-opt)" ] || fail "nothing was optimised"

"$make_capture" in.pcap || exit 1
# say LEVEL: what a run says on standard error.
say() {
	XDPK_LOG_LEVEL=$1 "$replay" --no-cache --engine llvm --init "$init" "$object" in.pcap \
		2>&1 >out || fail "it does not run"
}
[ -z "$(say '')" ] || fail "it speaks unasked"
[ -z "$(say error)" ] || fail "it calls something an error"
say info >said
for words in 'info: xdp_firewall: loaded as program' 'info: xdp_firewall: compiling: llvm, native' \
	'info: xdp_firewall: llvm code of [0-9]* bytes'; do
	grep -q "^xdpk: $words" said || fail "no '$words'"
done
say loud | grep -q 'XDPK_LOG_LEVEL=loud' || fail "a level that does not exist goes unnoticed"
printf '\x95\0\0\0\0\0\0' >cut
XDPK_LOG_LEVEL=debug "$vm" verify cut 2>&1 | grep -q '^xdpk: debug: ' ||
	fail "errors are not told when they are made"
echo "lines in assembly, words when asked for"
