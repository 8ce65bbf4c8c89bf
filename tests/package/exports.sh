#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Three lists are one: what the library exports, what its map says, and the functions that the
# installed headers declare, as the C compiler reads them (tables, which are not functions, are
# compared between library and map; what gdb looks for is no part of them).
#
#	exports.sh LIBRARY MAP INCLUDE CC HEADER...

set -eu
export LC_ALL=C
library=$1 map=$2 include=$3 cc=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! "$cc" -aux-info /dev/null -fsyntax-only -xc /dev/null 2>/dev/null; then
	echo "skipped: $cc does not tell what headers declare"
	exit 77
fi

# same WHAT WANTED HAVE
same() {
	if ! diff "$2" "$3" >"$work/diff"; then
		echo "FAILED: $1 (< the map has it alone, > the map lacks it):"
		grep '^[<>]' "$work/diff"
		return 1
	fi
	echo "$(wc -l <"$2") $1"
}

sed -nE 's/^\t([a-z]\w*);.*/\1/p' "$map" | sort >"$work/map"
node=$(sed -nE 's/^(\w+\.\w+) \{$/\1/p' "$map" | sort | paste -sd'|')
nm -D --defined-only --with-symbol-versions "$library" >"$work/nm"
sed -nE "s/.* [TRDB] (\w+)@@($node)\$/\1/p" "$work/nm" | grep -v '^__jit_debug_' | sort >"$work/library"
# The sanitizers' own symbols and the nodes are not functions of ours.
grep -vE " A ($node)| __(asan|odr_asan|ubsan|tsan)|@@($node)\$" "$work/nm" >"$work/others" && {
	echo "FAILED: exported without being in the map:"
	cat "$work/others"
	exit 1
}

echo '#define EBPF_NATIVE_DRIVER' >"$work/all.c"
printf '#include "%s"\n' "$@" >>"$work/all.c"
"$cc" -std=gnu11 -I "$include" -fsyntax-only -aux-info "$work/declared" "$work/all.c"
for header; do
	grep -F "/* $header:" "$work/declared"
done | sed -nE '/ static /!s/.*[ *](\w+) \(.*/\1/p' | sort -u >"$work/headers"
sed -nE 's/^([0-9a-f]+) [RDB] (\w+)@@.*/\2/p' "$work/nm" | grep -v '^__jit_debug_' | sort >"$work/tables"
comm -23 "$work/map" "$work/tables" >"$work/functions"

status=0
same 'symbols exported as the map says' "$work/map" "$work/library" || status=1
same 'functions declared as the map says' "$work/functions" "$work/headers" || status=1
exit $status
