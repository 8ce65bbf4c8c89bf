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
# Beside the verifier_*.c: what is held, what goes round, what does not come back.
more='dynptr_fail dynptr_success exceptions exceptions_fail for_each_array_map_elem iters iters_num
	preempt_lock test_spin_lock_fail user_ringbuf_fail'
for name in $(cd "$selftests/progs" && ls verifier_*.c | sed 's/\.c$//') $more; do
	compile "$objects/$name.o" "$selftests/progs/$name.c" -mcpu=v4
done
exec "$build/tests/verifier/verifier-selftests" "$@" "$objects"/*.o
