#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# instructions.sh PROGRAM TABLE: how many instructions compiled programs take per packet, by
# callgrind, beside what TABLE says: a workload of xdpk-bench and its number in each line. More than
# 5% above that fails. More than 5% below it asks for the table to be lowered, which would let that
# much go again unseen.

set -u -o pipefail
program=$1 table=$2

[ "$(uname -m)" = x86_64 ] || { echo "skipped: programs are compiled for x86-64"; exit 77; }
command -v valgrind >/dev/null || { echo "skipped: no valgrind"; exit 77; }
dir=$(mktemp -d) || exit
trap 'rm -r "$dir"' EXIT

# count WORKLOAD: instructions per packet
count() {
	local packets total
	"$program" make "$1" "$dir/$1.o" &&
		packets=$(valgrind --tool=callgrind --callgrind-out-file="$dir/$1.out" \
			--collect-atstart=no --toggle-collect=counted_pass \
			"$program" run "$1" "$dir/$1.o" 2>"$dir/log") ||
		{ cat "$dir/log" >&2; return 1; }
	total=$(awk '$1 == "totals:" { print $2 }' "$dir/$1.out")
	awk -v n="$total" -v packets="$packets" 'BEGIN { printf "%.1f\n", n / packets }'
}

status=0
while read -r workload before; do
	now=$(count "$workload") || exit 1
	awk -v w="$workload" -v now="$now" -v before="$before" 'BEGIN {
		printf "%-12s %8.1f instructions per packet, were %8.1f: %+.1f%%\n", w, now, before,
			(now / before - 1) * 100
		if (now > before * 1.05)
			print "  more than 5% too many"
		else if (now < before * 0.95)
			print "  fewer by more than 5%: lower the number in the table"
		exit now > before * 1.05
	}' || status=1
done < <(grep -v '^#' "$table")
exit $status
