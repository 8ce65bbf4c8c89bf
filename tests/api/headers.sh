#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: headers.sh HEADER...: compiles every header alone, as C11 and as C++17, with all warnings as
# errors. They find each other.

warnings=(-Wall -Wextra -Wpedantic -Wshadow -Werror)
failed=0 compiled=0
includes=()
for header; do
	includes+=(-I "$(dirname "$header")")
done

# compile COMPILER LANGUAGE STANDARD HEADER
compile() {
	compiled=$((compiled + 1))
	"$1" -x "$2" -std="$3" "${warnings[@]}" "${includes[@]}" -fsyntax-only "$4" ||
		{ echo "$4: not $3"; failed=1; }
}

cxx=$(command -v c++ || command -v g++ || command -v clang++-19)
for header; do
	compile "${CC:-cc}" c c11 "$header"
	[ -z "$cxx" ] || compile "$cxx" c++ c++17 "$header"
done
echo "$compiled compilations"
[ "$failed" = 0 ] && [ "$compiled" -gt 0 ] || exit 1
[ -n "$cxx" ] || { echo "skipped: no C++ compiler; C was fine"; exit 77; }
