#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# bash offers what the tools take.
#
#	completion.sh SCRIPT TOOLS_FOLDER

set -eu
export LC_ALL=C
. "$1"
tools=$2

# offers 'COMMAND LINE' WORD...: these, and no others, complete the last word.
offers() {
	local want
	read -ra COMP_WORDS <<<"$1"
	[ "${1: -1}" != ' ' ] || COMP_WORDS+=('')
	shift
	COMP_WORDS[0]=$tools/${COMP_WORDS[0]}/${COMP_WORDS[0]}
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_xdpk_tool || true # there may be nothing
	want=$(printf '%s\n' "$@" | sort)
	[ "$(printf '%s\n' "${COMPREPLY[@]}" | sort)" = "$want" ] || {
		echo "FAILED: ${COMP_WORDS[*]}: ${COMPREPLY[*]}, wanted: $*"
		exit 1
	}
	echo "${COMP_WORDS[*]##*/}: ${#COMPREPLY[@]}"
}

if [ -x "$tools/xdpk-vm/xdpk-vm" ]; then
	offers 'xdpk-vm d' dump disasm
	offers 'xdpk-vm ' $("$tools/xdpk-vm/xdpk-vm" --help | awk '/^  / { print $1 }')
	offers 'xdpk-vm features --' --json --markdown --help
	offers 'xdpk-vm run --b' --backend
fi
if [ -x "$tools/xdpk-replay/xdpk-replay" ]; then
	offers 'xdpk-replay --e' --engine --expect
	offers 'xdpk-replay -w' -w
	offers 'xdpk-replay --engine gpu' gpu gpu-host
	offers 'xdpk-replay PROG' ''
fi
if [ -x "$tools/xdpk/xdpk" ]; then
	offers 'xdpk --co' --config --cores
fi
