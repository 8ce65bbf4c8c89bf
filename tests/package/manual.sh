#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A tool's manual page tells the options that its --help tells, command by command if it has some, and
# no others; what formats manual pages has nothing to say against it.
#
#	manual.sh PAGE TOOL

set -eu
export LC_ALL=C
page=$1 tool=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Options, from help: what a line that is indented begins with. Those of --help are no surprise.
of_help() {
	sed -nE 's/^ +((-[[:alnum:]], )?--?[a-zA-Z][a-z-]*).*/\1/p' | grep -oE -e '--?[a-zA-Z][a-z-]*' |
		grep -vxE -e '-h|--help' | sort -u
}

# From the page's source, or from the section of a command.
of_page() {
	if [ -n "${1:-}" ]; then sed -n "/^\.Ss $1\$/,/^\.S[sh] /p" "$page"; else cat "$page"; fi |
		sed -nE 's/^\.It (Fl .*)/\1/p' | grep -oE 'Fl -?[a-zA-Z][a-z-]*' | sed 's/^Fl /-/' |
		grep -vxE -e '-h|--help' | sort -u
}

compare() {
	diff "$work/help" "$work/page" || {
		echo "FAILED: $* (< only --help has it, > only $page)"
		exit 1
	}
	echo "$*: $(wc -l <"$work/help") options"
}

if grep -q '^\.Ss run$' "$page"; then
	for command in $("$tool" --help | sed -nE 's/^  ([a-z]+) .*/\1/p'); do
		grep -qx "\.Ss $command" "$page" || {
			echo "FAILED: $page has no section on $command"
			exit 1
		}
		"$tool" "$command" --help | of_help >"$work/help" || true
		of_page "$command" >"$work/page" || true
		compare "${tool##*/} $command"
	done
elif grep -q '^\.Dd' "$page"; then # else the tool has printed it
	"$tool" --help | of_help >"$work/help" || true
	of_page >"$work/page" || true
	compare "${tool##*/}"
fi

formatters=0
if command -v mandoc >/dev/null; then
	formatters=$((formatters + 1))
	mandoc -T lint -W warning "$page" >"$work/said" || { cat "$work/said"; exit 1; }
fi
if command -v groff >/dev/null; then
	formatters=$((formatters + 1))
	groff -mandoc -Tutf8 -ww -z "$page" 2>"$work/said"
	[ ! -s "$work/said" ] || { cat "$work/said"; exit 1; }
fi
[ $formatters -gt 0 ] || echo "not formatted: there is neither mandoc nor groff"
