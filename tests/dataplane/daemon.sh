#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# For scripts that source it: an xdpk in a folder of its own, and an xdpkctl that speaks to it.
# The build's files come by environment.

set -u
die() {
	echo "FAILED: $*" >&2
	[ ! -s xdpk.log ] || cat xdpk.log >&2
	exit 1
}

skip() {
	echo "skipped: $*"
	exit 77
}

dir=$(mktemp -d) || exit 1
daemon=
finish() {
	[ -z "$daemon" ] || kill -9 "$daemon" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
export XDPK_SOCKET=$dir/run/control.sock EBPF_BACKEND_DIR=$BACKENDS XDG_CACHE_HOME=$dir
cp "$XDPK" "$dir/xdpk" && cp "$(dirname "$XDPK")/xdpk-compile" "$dir" && cp "$XDPKCTL" "$dir/xdpkctl" || exit 1
cp "$CONFIGS"/*.init "$dir" && cp "$SAMPLES/firewall.bpf.o" "$PROGRAMS/relay.bpf.o" "$dir" || exit 1
chmod 755 "$dir"
cd "$dir" || exit 1

# Starts xdpk and waits until it listens.
start() {
	./xdpk --no-cache "$@" >xdpk.log 2>&1 &
	daemon=$!
	for _ in {1..100}; do
		./xdpkctl port list >/dev/null 2>&1 && return
		kill -0 $daemon 2>/dev/null || die "xdpk ended"
		sleep 0.1
	done
	die "xdpk does not listen"
}

# Ends it, and it must have accounted for all packets.
stop() {
	kill "$daemon"
	wait "$daemon" || die "xdpk ended with $?"
	daemon=
	grep -q 'accounted: yes' xdpk.log || die "not accounted"
	[ ! -e "$XDPK_SOCKET" ] || die "the socket is left"
}

# ctl WORD...: succeeds and leaves its answer in `answer`.
ctl() {
	answer=$(./xdpkctl "$@" 2>&1) || die "xdpkctl $*: $answer"
}

# refused STATUS TEXT WORD...: fails like that, and says so.
refused() {
	local status=$1 text=$2
	shift 2
	answer=$(./xdpkctl "$@" 2>&1)
	[ $? = "$status" ] || die "xdpkctl $*: status is not $status: $answer"
	[[ $answer == *"$text"* ]] || die "xdpkctl $*: '$text' is not in: $answer"
}

# says TEXT: the last answer has it.
says() {
	[[ $answer == *"$1"* ]] || die "'$1' is not in: $answer"
}

says_not() {
	[[ $answer != *"$1"* ]] || die "'$1' is in: $answer"
}
