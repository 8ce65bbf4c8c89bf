#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# gdb.sh REPLAY MAKE_CAPTURE PROG.o SOURCE INIT XDPK_VM: a breakpoint at a line of the program's
# source, set before anything is loaded, stops in compiled code and shows the line; so does one at its
# name, and one in an image that has lines. One without is run all the same, and stops nowhere. With
# XDPK_GDB unset gdb is told of nothing.

set -u
replay=$1 make_capture=$2 object=$3 source=$4 init=$5 vm=$6
command -v gdb >/dev/null || { echo "skipped: there is no gdb"; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
fail() {
	echo "FAILED: $*" >&2
	cat "$dir/out" >&2
	exit 1
}

"$make_capture" "$dir/in.pcap" || exit 1
strip -o "$dir/replay" "$replay" && replay=$dir/replay # as it is installed
line=$(grep -n 'verdict = bpf_map_lookup_elem(&rules,' "$source" | cut -d: -f1)
wanted=$(sed -n "${line}p" "$source")
cat >"$dir/script" <<END
set breakpoint pending on
set confirm off
break ${source##*/}:$line
run
bt
delete
tbreak xdp_firewall
continue
kill
END

# debug VALUE: what gdb shows of a run with XDPK_GDB=VALUE.
debug() {
	XDPK_GDB=$1 DEBUGINFOD_URLS='' timeout 120 gdb -nx -q -batch -x "$dir/script" --args \
		"$replay" --no-cache --engine llvm --init "$init" "$object" "$dir/in.pcap" >"$dir/out" 2>&1
	! grep -q 'ptrace: Operation not permitted' "$dir/out" ||
		{ echo "skipped: processes may not be traced here"; exit 77; }
}

debug 1
grep -q "^Breakpoint 1.*, xdp_firewall () at .*${source##*/}:$line" "$dir/out" ||
	fail "no stop at line $line"
grep -qxF "$line	$wanted" "$dir/out" || fail "the line is not shown"
grep -q '^#0 .*xdp_firewall ()' "$dir/out" || fail "the program is not on the stack"
grep -q '^#[0-9]* .* ebpf_driver ()' "$dir/out" || fail "its caller is not on the stack"
grep -q '^Temporary breakpoint 2.*, xdp_firewall () at' "$dir/out" || fail "no stop at its name"

# runs_through WHY: it did not stop.
runs_through() {
	! grep -q 'xdp_firewall () at' "$dir/out" || fail "$1"
	grep -q 'no differences\|exited normally' "$dir/out" || fail "it did not run to its end"
}

debug ''
runs_through "gdb was told without being asked for"
"$vm" compile "$object" -o "$dir/bare.o" >"$dir/out" 2>&1 || fail "no image without lines"
XDPK_GDB=1 "$vm" compile "$object" -o "$dir/image.o" >"$dir/out" 2>&1 || fail "no image"
object=$dir/bare.o
debug 1
runs_through "an image without lines was compiled again"
object=$dir/image.o
debug 1
grep -q "^Breakpoint 1.*, xdp_firewall () at .*${source##*/}:$line" "$dir/out" ||
	fail "no stop at line $line of an image"
echo "stopped at ${source##*/}:$line"
