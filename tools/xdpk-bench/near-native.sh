#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# near-native.sh BENCH LIMIT: fails if compiled code takes more than LIMIT times as long as native
# C in the median of five launches. One launch is not enough: where the code happens to be mapped
# can make all repetitions of a launch slow alike.

bench=$1 limit=$2
ratios=()
for launch in 1 2 3 4 5; do
	table=$("$bench" firewall --quick) || exit
	ratios+=("$(awk '$1 == "llvm" { print $3 }' <<<"$table")")
done
echo "$table"
median=$(printf '%s\n' "${ratios[@]}" | sort -n | sed -n 3p)
echo "llvm / native in five launches: ${ratios[*]}; median $median, at most $limit"
[ -n "$median" ] && awk "BEGIN { exit !($median <= $limit) }"
