#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The kernel's verifier selftests, from Debian's package of its source, against our verifier:
#
#	tests/verifier/selftests.sh [BUILD [options of verifier-selftests]]
#
# BUILD is the build folder (default: build). Needs bpf() for the comparison. Not run by
# default: it downloads 150 MB (see kernel-source.sh).
set -eu

build=${1:-build}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- -x 100 -a 99 -r 100 -k "$(dirname "$0")/disagreements.txt"

. "$(dirname "$0")/../kernel-source.sh"
prepare_source
objects=$kernel_cache/objects
mkdir -p "$objects"
for file in "$selftests"/progs/verifier_*.c; do
	compile "$objects/$(basename "$file" .c).o" "$file" -mcpu=v4
done
exec "$build/tests/verifier/verifier-selftests" "$@" "$objects"/*.o
