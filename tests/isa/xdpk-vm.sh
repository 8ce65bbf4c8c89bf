#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# xdpk-vm: its answers and exit statuses, and every vector of the folders given through its
# bpf_conformance door.
#
# usage: xdpk-vm.sh XDPK-VM OBJECT|'' FOLDER...

vm=$1 object=$2
shift 2
failed=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# expect STATUS PATTERN COMMAND...: the exit status, and what is printed on either stream.
# Nothing but one line may be on stderr.
expect() {
	local status=$1 pattern=$2 got
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err" <"${input:-/dev/null}"
	got=$?
	echo >>"$tmp/out"
	if [ $got != "$status" ] || ! grep -q -- "$pattern" "$tmp/out" "$tmp/err" ||
		[ "$(wc -l <"$tmp/err")" -gt 1 ]; then
		echo "FAILED: $* gives $got instead of $status, or other words than: $pattern"
		cat "$tmp/out" "$tmp/err"
		failed=1
	fi
}

section() { # NAME FILE
	awk -v name="-- $1" '/^-- /{on = $0 == name; next} on && !/^#/' "$2"
}

printf 'ldxb %%r0, [%%r1+1]\nexit\n' >"$tmp/load.s"
printf 'frob %%r0\n' >"$tmp/bad.s"
printf 'not an object' >"$tmp/bad.o"

expect 0 '^71 10 01 00 00 00 00 00 95 00 00 00 00 00 00 00$' "$vm" asm "$tmp/load.s"
expect 0 '' "$vm" asm -o "$tmp/load.bin" "$tmp/load.s"
"$vm" asm "$tmp/load.s" >"$tmp/load.hex"
for program in "$tmp/load.bin" "$tmp/load.hex"; do
	expect 0 '^0xa2$' "$vm" run "$program" --mem '01 a2' --backend interp
	expect 0 '^ldxb %r0, \[%r1+1\]$' "$vm" disasm "$program"
done
expect 1 'stopped at instruction 0 (ldxb' "$vm" run "$tmp/load.bin" --mem 01 -b interp
input=$tmp/load.hex expect 0 '^a2$' "$vm" conformance '01 a2' --backend interp
input=$tmp/load.hex expect 1 'stopped at instruction 0' "$vm" conformance --backend interp
input=$tmp/bad.s expect 2 'not bytes in hex' "$vm" conformance
expect 2 'line 1: unknown instruction: frob' "$vm" asm "$tmp/bad.s"
expect 2 'neither a file nor hex' "$vm" run nothing
expect 2 'no backend nothing' "$vm" run --backend nothing "$tmp/load.bin"
expect 2 'not a positive multiple of 8' "$vm" run 00
expect 2 'unknown option --frob' "$vm" run --frob 00
expect 2 'an argument is missing' "$vm" run 00 --mem
expect 2 'too few arguments' "$vm" run
expect 2 'too many arguments' "$vm" run 00 00
expect 2 'unknown command frob' "$vm" frob
expect 2 'not an ELF' "$vm" verify "$tmp/bad.o"
expect 2 'No such file' "$vm" verify "$tmp/none.o"
expect 2 'is none of' "$vm" dump frob "$tmp/bad.o"
expect 2 'not an ELF' "$vm" dump asm "$tmp/bad.o"
expect 2 'of raw bytecode there is ptx' "$vm" dump asm "$tmp/load.bin"
expect 0 '^  verify ' "$vm" --help
for command in run verify dump compile conformance asm disasm; do
	expect 0 "^usage: xdpk-vm $command" "$vm" "$command" --help
done

if [ -n "$object" ]; then
	expect 0 'accepted' "$vm" verify "$object"
	expect 0 'as a kernel: reads 2[0-4]. bytes of a packet' "$vm" verify --offload "$object"
	expect 0 '"verdict": "accepted"' "$vm" verify -j "$object"
	expect 2 'nothing' "$vm" verify --prog nothing "$object"
	expect 0 'exit' "$vm" dump bytecode "$object"
	expect 2 'an ELF object, not raw bytecode' "$vm" run "$object"
	expect 2 'an ELF object, not raw bytecode' "$vm" disasm "$object"
	expect 2 'must be 1 to' "$vm" compile --repeat 0 "$object"
	expect 2 'No such file' "$vm" compile --driver "$tmp/none.bc" -o "$tmp/no.o" "$object"
	expect 2 '--output IMAGE.o is missing' "$vm" compile "$object"
	expect 2 '--time makes no image' "$vm" compile --time -o "$tmp/no.o" "$object"
fi

if [ -n "$object" ] && "$vm" run -b llvm "$tmp/load.bin" --mem '01 a2' >/dev/null 2>&1; then
	expect 0 '' "$vm" compile -o "$tmp/native.o" "$object"
	expect 0 '^.ELF' head -c 4 "$tmp/native.o"
	expect 0 '^optimise .* compiler: optimise$' "$vm" compile --time --repeat 2 "$object"
	expect 0 '^cache hit ' "$vm" compile --time --repeat 2 "$object"
	expect 0 '"rounds": 2' "$vm" compile -j -r 2 "$object"
	expect 0 '' "$vm" compile --cpu x86-64-v2 -o "$tmp/other.o" "$object"
	expect 2 'must be native' "$vm" compile --cpu nonsense -o "$tmp/no.o" "$object"
	expect 1 '' cmp "$tmp/native.o" "$tmp/other.o"
	expect 2 'is none of replay' "$vm" compile --driver "$tmp/bad.o" -o "$tmp/no.o" "$object"
	cp "$tmp/bad.o" "$tmp/bad.bc"
	expect 2 "not bitcode\|cannot be read" "$vm" compile --driver "$tmp/bad.bc" -o "$tmp/no.o" "$object"
	expect 2 'it is elf, ptx or both' "$vm" compile --target coff "$object"
	expect 2 'with commas between' "$vm" compile --cpu native,,baseline "$object"
	expect 0 '' "$vm" compile --target ptx,elf --cpu baseline,native -o "$tmp/image.o" "$object"
	expect 0 'xdpk.ptx:xdp_firewall:kernel:sm_75' readelf -SW "$tmp/image.o"
	expect 0 'accepted' "$vm" verify "$tmp/image.o"
	expect 0 '' "$vm" compile -o "$tmp/again.o" "$tmp/image.o"
	expect 0 '' cmp "$tmp/native.o" "$tmp/again.o"
	expect 0 '' "$vm" compile "$tmp/load.bin" -o "$tmp/raw.o"
	expect 0 '0x' "$vm" run "$tmp/raw.o" --mem '01 a2'
	expect 1 'stopped at instruction' "$vm" run "$tmp/raw.o"
	expect 2 'of raw bytecode, not of an object' "$vm" verify "$tmp/raw.o"
	expect 2 'not of raw bytecode' "$vm" run "$tmp/image.o"
	expect 2 'nothing' "$vm" compile --prog nothing -o "$tmp/no.o" "$object"
fi

passed=0
for vector in "${@/%//*.data}"; do
	for file in $vector; do
		section asm "$file" | "$vm" asm >"$tmp/program" || failed=1
		got=$("$vm" conformance "$(section mem "$file" | tr '\n' ' ')" --backend interp \
			<"$tmp/program")
		want=$(section result "$file" | tr -d '[:space:]')
		if [ $((16#${got:-0})) = $((want)) ] && [ -n "$got" ]; then
			passed=$((passed + 1))
		else
			echo "FAILED: $file gives $got"
			failed=1
		fi
	done
done
echo "$passed vectors"
exit $failed
