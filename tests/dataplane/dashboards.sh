#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The dashboard and the alerts ask for metrics that there are. Arguments: the list of names, and the
# files that use them.

set -u
names=$1
shift
missing=0
for file; do
	for name in $(grep -o '\bxdpk_[a-z_]*' "$file" | sort -u); do
		family=$(sed -E 's/_(total|bucket|sum|count|info)$//' <<<"$name")
		grep -q "^$family " "$names" && continue
		echo "$file: there is no $name"
		missing=1
	done
done
[ $missing = 0 ] || exit 1
for file; do
	case $file in
	*.json) ! command -v jq >/dev/null || jq -e '.panels | length > 0' "$file" >/dev/null || exit 1 ;;
	*.yml) ! command -v promtool >/dev/null || promtool check rules "$file" || exit 1 ;;
	esac
done
