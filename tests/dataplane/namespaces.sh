# SPDX-License-Identifier: BSD-3-Clause
#
# Sourced by tests of xdpk between network namespaces: hosts, cables, xdpk in the background.
#
# A case runs in namespaces of its own (network, mounts, processes), so that it needs no cleaning
# up, may run beside others, and what it started ends with it; where they are not permitted it is
# skipped. The build's files come by environment: XDPK, XDPKCTL, BACKENDS, SAMPLES and PROGRAMS
# (objects), CONFIGS (their configurations), BUILD (all of it) and README. XDPK_NET_BYTES: so many
# go over TCP (100 MB; 1 GB through the router).

set -u

fail() {
	echo "FAILED: $*" >&2
	tail -n 40 ./*.out ./*.err >&2 2>/dev/null
	exit 1
}

skip() {
	echo "skipped: $*"
	exit 77
}

if [ -z "${XDPK_NET_INSIDE:-}" ]; then
	for tool in ip ping ethtool python3; do
		command -v $tool >/dev/null || skip "no $tool"
	done
	enter=(unshare --net --mount --pid --fork --kill-child)
	[ "$(id -u)" = 0 ] || enter=("${enter[@]}" --user --map-root-user)
	"${enter[@]}" mount -t tmpfs tmpfs /run 2>/dev/null ||
		skip "no namespaces of its own: $("${enter[@]}" true 2>&1)"
	dir=$(mktemp -d) || exit 1
	trap 'rm -rf "$dir"' EXIT
	XDPK_NET_INSIDE=$(realpath "$(dirname "$0")") XDPK_NET_DIR=$dir "${enter[@]}" bash "$0" "$@"
	exit
fi

mount -t tmpfs tmpfs /run
cd "$XDPK_NET_DIR" || exit 1
export EBPF_BACKEND_DIR=$BACKENDS XDG_CACHE_HOME=$PWD
# The leak checker looks for threads in /proc, which has the numbers of another namespace here.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
bytes=${XDPK_NET_BYTES:-100000000}

need_object() {
	cp "$SAMPLES/$1.bpf.o" . 2>/dev/null || cp "$PROGRAMS/$1.bpf.o" . 2>/dev/null ||
		skip "no $1.bpf.o: built without clang"
}

on() { # HOST COMMAND...
	ip netns exec "$@"
}

# A host on a cable: its end is eth0, ours HOST0 or what we say.
add_host() { # HOST ADDRESS [OURS]
	local ours=${3:-${1}0}
	ip netns add "$1" && ip link add "$ours" type veth peer name eth0 netns "$1" ||
		fail "no host $1"
	sysctl -qw "net.ipv6.conf.$ours.disable_ipv6=1" 2>/dev/null
	ip link set "$ours" up
	bring_up "$1" "$2"
	complete_packets "$1"
}

bring_up() { # HOST ADDRESS
	ip -n "$1" link set lo up
	ip -n "$1" link set eth0 up
	ip -n "$1" address add "$2" dev eth0
}

# Hosts finish checksums and cut segments themselves: the cable's other end is no network card.
complete_packets() { # HOST
	on "$1" ethtool -K eth0 tx off >/dev/null
}

# Starts xdpk under a name; its output is in NAME.out and NAME.err.
declare -A running
start_xdpk() { # NAME OPTION...
	local name=$1
	shift
	XDPK_SOCKET=$PWD/$name.sock "$XDPK" "$@" >"$name.out" 2>"$name.err" &
	running[$name]=$!
}

# It ends when told to, with every packet accounted for.
stop_xdpk() { # NAME
	kill -TERM "${running[$1]}" || fail "$1 is not there any more"
	wait "${running[$1]}" || fail "$1: exit $?"
	grep -qx "accounted: yes" "$1.out" || fail "$1: not accounted for"
}

await_link() { # INTERFACE
	for _ in {1..100}; do
		ip link show up | grep -q " $1:" && return
		sleep 0.1
	done
	fail "there is no $1"
}

await_line() { # FILE TEXT
	for _ in {1..100}; do
		grep -q "$2" "$1" && return
		sleep 0.1
	done
	fail "$1 does not say: $2"
}

await_ping() { # HOST ADDRESS
	for _ in {1..100}; do
		on "$1" ping -q -c 1 -W 1 "$2" >/dev/null && break
		sleep 0.1
	done
	on "$1" ping -q -c 20 -i 0.01 -W 2 "$2" | grep -E "packets|rtt" || fail "ping $2 from $1"
}

# TCP's own repairs are not seen here, but that the bytes are the same ones is.
transfer() { # FROM TO ADDRESS BYTES
	local receiver start=${EPOCHREALTIME/./}
	on "$2" python3 "$XDPK_NET_INSIDE/transfer.py" receive 5000 >received &
	receiver=$!
	for _ in {1..100}; do
		on "$2" ss -Hltn sport = :5000 | grep -q . && break
		sleep 0.1
	done
	timeout 200 ip netns exec "$1" python3 "$XDPK_NET_INSIDE/transfer.py" send "$3" 5000 "$4" \
		>sent 2>send.err || fail "nothing sent from $1 to $3"
	wait $receiver || fail "$2 has not received all"
	cmp sent received || fail "received something else"
	[ "$(cut -d " " -f 1 received)" = "$4" ] || fail "received $(cat received)"
	echo "$4 bytes from $1 to $2 in $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
}

ctl() { # NAME OF XDPK, LINE
	XDPK_SOCKET=$PWD/$1.sock "$XDPKCTL" "${@:2}"
}

add_host_side() { # TAP ADDRESS
	ip link set "$1" netns r
	ip -n r link set "$1" up
	ip -n r address add "$2" dev "$1"
}

# A port's row in the totals of xdpk that has ended.
total() { # NAME ROW PORT
	awk -v row="$2" -v port="$3" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == port) column = i }
		index($0, row) == 1 { sub(row, ""); n = $column }
		END { print n + 0 }' "$1.out"
}
