#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Hosts in network namespaces talk to each other through xdpk.
#
#	net.sh CASE [ARGUMENT]    one of the functions below whose name begins with test_, without that
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

# Two hosts on a wire of two ports of a driver, or of a driver between two processes.
test_wire() { # DRIVER
	need_object wire
	add_host a 10.0.0.1/24
	add_host b 10.0.0.2/24
	"wire_of_$1"
	await_ping a 10.0.0.2
	transfer a b 10.0.0.2 "$bytes"
	transfer b a 10.0.0.1 "$((bytes / 10))"
	for name in "${!running[@]}"; do
		stop_xdpk "$name"
	done
}

wire_of_af_packet() {
	start_xdpk one --ebpf wire.bpf.o --port net_af_packet0,iface=a0 --port net_af_packet1,iface=b0
}

wire_of_af_xdp() {
	start_xdpk one --ebpf wire.bpf.o --port net_af_xdp0,iface=a0 --port net_af_xdp1,iface=b0
	sleep 1
	! grep -q "^xdpk: port net_af_xdp" one.err || skip "$(grep "^xdpk:" one.err)"
}

# Without cables: the TAPs are the hosts' interfaces.
wire_of_tap() {
	[ -w /dev/net/tun ] || skip "no /dev/net/tun"
	ip link del a0
	ip link del b0
	start_xdpk one --ebpf wire.bpf.o --port net_tap0,iface=tap_a --port net_tap1,iface=tap_b
	await_link tap_b
	ip link set tap_a netns a name eth0
	ip link set tap_b netns b name eth0
	bring_up a 10.0.0.1/24
	bring_up b 10.0.0.2/24
}

between_processes() { # PORT OF THE ONE, PORT OF THE OTHER
	start_xdpk one --ebpf wire.bpf.o --port net_af_packet0,iface=a0 --port "$1"
	for _ in {1..100}; do
		[ -S /run/wire ] && break
		sleep 0.1
	done
	start_xdpk two --ebpf wire.bpf.o --port net_af_packet0,iface=b0 --port "$2"
}

wire_of_memif() {
	local socket=socket=/run/wire,socket-abstract=no
	between_processes net_memif0,role=server,$socket net_memif1,role=client,$socket
}

wire_of_vhost() {
	between_processes net_vhost0,iface=/run/wire net_virtio_user0,path=/run/wire
}

# An interface's hardware address, as control lines have bytes.
bytes_of_mac() { # ip's OPTIONS
	ip -br "$@" | awk '{ gsub(":", " 0x", $3); print "0x" $3 }'
}

# A number as a little-endian value of 32 bits, below 256.
u32() {
	echo "$1 0 0 0"
}

# What is at the hosts' other ends: a router whose programs are xdpk's and whose host is the namespace
# r, where a TAP stands for each port.
add_router() { # XDPK's OPTION...
	ip netns add r
	add_host a 10.0.1.2/24
	add_host b 10.0.2.2/24
	ip -n a route add default via 10.0.1.1
	ip -n b route add default via 10.0.2.1
	cat >route.init <<-END
		map update hops key $(u32 1) value $(u32 1) $(bytes_of_mac -n a link show eth0) $(bytes_of_mac link show a0)
		map update hops key $(u32 2) value $(u32 2) $(bytes_of_mac -n b link show eth0) $(bytes_of_mac link show b0)
		map update routes key $(u32 24) 10 0 1 0 value $(u32 1)
		map update routes key $(u32 24) 10 0 2 0 value $(u32 2)
		map update routes key $(u32 32) 10 0 1 1 value $(u32 0)
		map update routes key $(u32 32) 10 0 2 1 value $(u32 0)
	END
	start_xdpk router --ebpf route.bpf.o --init route.init \
		--port net_af_packet0,iface=a0 --port net_tap0,iface=tap_a --host net_af_packet0=net_tap0 \
		--port net_af_packet1,iface=b0 --port net_tap1,iface=tap_b --host net_af_packet1=net_tap1 \
		--ifindex net_af_packet1=2 --ifindex net_tap0=11 "$@"
	await_link tap_b
	add_host_side tap_a 10.0.1.1/24
	add_host_side tap_b 10.0.2.1/24
}

ctl() { # NAME OF XDPK, LINE
	XDPK_SOCKET=$PWD/$1.sock "$XDPKCTL" "${@:2}"
}

add_host_side() { # TAP ADDRESS
	ip link set "$1" netns r
	ip -n r link set "$1" up
	ip -n r address add "$2" dev "$1"
}

# Hosts that leave checksums and long segments to a network card: TCP stands still, xdpk says so, and
# what it says to type cures it.
test_offloads() {
	local cure
	need_object wire
	add_host a 10.0.0.1/24
	add_host b 10.0.0.2/24
	for host in a b; do
		on $host ethtool -K eth0 tx on >/dev/null
	done
	start_xdpk one --ebpf wire.bpf.o --port net_af_packet0,iface=a0 --port net_af_packet1,iface=b0
	await_ping a 10.0.0.2
	on a timeout 20 python3 "$XDPK_NET_INSIDE/transfer.py" send 10.0.0.2 5001 1000 2>/dev/null &
	for _ in {1..200}; do
		grep -q "ethtool" one.err && break
		sleep 0.1
	done
	kill $!
	grep -q "port net_af_packet0: packets come without checksums; .*: ethtool -K IF tx off$" one.err ||
		fail "nothing is said of checksums"
	cure=$(sed -n 's/.*: \(ethtool -K IF tx off\)$/\1/p;q' one.err)
	for host in a b; do
		on $host ${cure/IF/eth0} >/dev/null
	done
	transfer a b 10.0.0.2 "$bytes"

	for host in a b; do
		ip link set ${host}0 mtu 9000
		ip -n $host link set eth0 mtu 9000
	done
	stop_xdpk one
	start_xdpk two --ebpf wire.bpf.o --port net_af_packet0,iface=a0 --port net_af_packet1,iface=b0
	await_ping a 10.0.0.2
	on a python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(1000):
    s.sendto(b"x" * 3000, ("10.0.0.2", 9))
'
	await_line two.err "packets are cut off, .*: ip link set a0 mtu 1500$"
	stop_xdpk two
}

# Several receive queues, on as many workers or fewer: each gets some of the flows, and none is split.
test_queues() { # WORKERS
	local peer
	need_object wire
	add_host a 10.0.0.1/24
	add_host b 10.0.0.2/24
	start_xdpk one --ebpf wire.bpf.o --cores "$1" --queues 2 \
		--port net_af_packet0,iface=a0,qpairs=2 --port net_af_packet1,iface=b0,qpairs=2
	await_ping a 10.0.0.2
	for peer in {3..30}; do
		ip -n b address add 10.0.0.$peer/24 dev eth0
		on a ping -q -c 5 -i 0.002 -W 2 10.0.0.$peer >/dev/null || fail "ping 10.0.0.$peer"
	done
	transfer a b 10.0.0.2 "$((bytes / 4))"
	stop_xdpk one
	if [ "$1" = 2 ]; then
		[ "$(grep -cE "^worker [01]: 2 queues, received [1-9][0-9]{2,}, sent [1-9]" one.out)" = 2 ] ||
			fail "a worker got nothing"
	fi
	start_xdpk few --ebpf wire.bpf.o --port net_af_packet0,iface=a0 --queues net_af_packet0=2
	wait "${running[few]}"
	[ $? = 2 ] && grep -q "net_af_packet0: it has 1 receive queues, not 2" few.err || fail "no complaint"
}

# A link that is down is told, and told again when it comes up.
test_link() {
	need_object wire
	start_xdpk one --ebpf wire.bpf.o --port net_memif0,role=server,socket=/run/m,socket-abstract=no
	await_line one.err "port net_memif0: the link is down"
	start_xdpk two --ebpf wire.bpf.o --port net_memif1,role=client,socket=/run/m,socket-abstract=no
	await_line one.err "port net_memif0: the link is up"
	stop_xdpk two
	stop_xdpk one
}

# A port's row in the totals of xdpk that has ended.
total() { # NAME ROW PORT
	awk -v row="$2" -v port="$3" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == port) column = i }
		index($0, row) == 1 { sub(row, ""); n = $column }
		END { print n + 0 }' "$1.out"
}

# What the program routes goes from port to port; what it passes, both hosts' pings and ARP among it,
# goes to the host and back. TCP's bytes arrive, and by the program's way.
test_router() {
	[ -w /dev/net/tun ] || skip "no /dev/net/tun"
	need_object route
	add_router
	await_ping a 10.0.1.1
	await_ping b 10.0.2.1
	await_ping a 10.0.2.2
	[ "$(bytes_of_mac link show a0)" = "$(bytes_of_mac -n r link show tap_a)" ] ||
		fail "the host side has another address"
	transfer a b 10.0.2.2 "${XDPK_NET_BYTES:-1000000000}"
	stop_xdpk router
	for port in net_af_packet0 net_af_packet1; do
		[ "$(total router redirect $port)" -gt $((bytes / 65536)) ] || fail "not by the program"
		[ "$(total router pass $port)" -gt 20 ] || fail "nothing passed from $port"
	done
	for port in net_tap0 net_tap1; do
		[ "$(total router forward $port)" -gt 20 ] || fail "nothing came back by $port"
		[ "$(total router forward $port)" = "$(total router received $port)" ] ||
			fail "not all of $port forwarded"
	done
}

# A capture of all that comes and goes there, while hosts ping and send: tshark reads it without a
# word, finds every checksum right, and each ping on its way through the router.
test_capture() {
	[ -w /dev/net/tun ] || skip "no /dev/net/tun"
	command -v tshark >/dev/null || skip "no tshark"
	[ -n "${XDPKCTL:-}" ] || skip "no xdpkctl"
	need_object route
	add_router
	await_ping a 10.0.1.1
	ctl router capture start all.pcapng both &
	for _ in {1..100}; do
		ctl router capture show 2>/dev/null | grep -q running && break
		sleep 0.1
	done
	on a ping -q -c 10 -i 0.02 10.0.2.2 >/dev/null || fail "ping"
	transfer a b 10.0.2.2 5000000
	ctl router capture stop | tee stopped.out
	wait $!
	stop_xdpk router
	tshark -n -r all.pcapng -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE \
		-T fields -e frame.interface_name -e icmp.type -e tcp.len >packets.out 2>tshark.err || fail "tshark"
	grep -v "^Running as user" tshark.err && fail "tshark complains"
	tshark -n -r all.pcapng -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE \
		-Y "ip.checksum.status == 0 || tcp.checksum.status == 0 || icmp.checksum.status == 0" 2>/dev/null >bad.out
	[ ! -s bad.out ] || fail "wrong checksums: $(head -n 3 bad.out)"
	# each ping and each answer comes in once and goes out once
	[ "$(awk -F "\t" '$2 == 8 || $2 == 0 && $2 != ""' packets.out | wc -l)" = 40 ] || fail "not all pings"
	[ "$(awk -F "\t" '{ n += $3 } END { print n }' packets.out)" -ge 10000000 ] || fail "not all of TCP"
}

# What xdpk tells the service manager goes to `notified`, a line each.
start_manager() {
	python3 -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
while True:
    print(s.recv(4096).decode(), flush=True)
' >notified &
	for _ in {1..100}; do
		[ -S notify ] && break
		sleep 0.1
	done
	export NOTIFY_SOCKET=$PWD/notify
}

# So many lines of what was notified so far.
await_notified() { # LINE N
	for _ in {1..200}; do
		[ "$(grep -cx "$1" notified)" -ge "$2" ] && return
		sleep 0.05
	done
	fail "not notified: $1"
}

use_example() { # NAME: NAME.conf and what it names
	cp "$CONFIGS/$1.conf" . && cp "$CONFIGS"/*.init .
	need_object "$2"
}

no_ping() { # HOST ADDRESS
	! on "$1" ping -q -c 3 -i 0.05 -W 0.5 "$2" >/dev/null || fail "ping $2 from $1 gets through"
}

# The example firewall as a service: ready when it is, reloads what is different, says what it cannot,
# ends in peace.
test_service() {
	local good
	use_example firewall firewall
	start_manager
	add_host a 10.0.0.1/24 veth1
	add_host b 10.0.0.2/24 veth2
	start_xdpk one --config ./firewall.conf
	await_notified READY=1 1
	await_ping a 10.0.0.2
	no_ping b 10.0.0.1

	good=$(cat firewall.conf)
	sed -i "s/^net attach.*//" firewall.conf
	kill -HUP "${running[one]}"
	await_notified READY=1 2
	await_ping b 10.0.0.1

	echo "$good" >firewall.conf
	echo "net attach nobody port net_af_packet0" >>firewall.conf
	kill -HUP "${running[one]}"
	await_notified READY=1 3
	grep -q "reload: ./firewall.conf:[0-9]*: .*nobody" one.err || fail "nobody attached"
	no_ping b 10.0.0.1

	echo "$good" | sed "s/map update rules.*/map delete rules key 10 0 0 2  10 0 0 1  0 0  8 0  1 0 0 0/" \
		>firewall.conf
	kill -HUP "${running[one]}"
	await_notified READY=1 4
	await_ping b 10.0.0.1
	[ "$(grep -cx RELOADING=1 notified)" = 3 ] || fail "$(grep -c RELOADING notified) reloads"
	stop_xdpk one
	await_notified STOPPING=1 1
	[ "$(total one drop net_af_packet1)" -ge 6 ] || fail "what was dropped is not counted"
}

reload() { # how often by now
	kill -HUP "${running[one]}"
	await_notified READY=1 $(($1 + 1))
}

has() { # TEXT, LINE FOR XDPKCTL
	ctl one -j "${@:2}" | grep -q "$1" || fail "'$1' is not in ${*:2}: $(ctl one -j "${@:2}")"
}

has_not() {
	ctl one -j "${@:2}" | grep -q "$1" && fail "'$1' is in ${*:2}"
}

# What a reload does with each kind of line: the same, changed, new, gone.
test_reload() {
	[ -n "${XDPKCTL:-}" ] || skip "no xdpkctl"
	need_object firewall
	need_object mac-swap
	start_manager
	cat >one.conf <<-END
		port add net_ring0
		port add net_ring1   # and a comment
		prog load firewall.bpf.o as filter rodata default_verdict=1
		prog load mac-swap.bpf.o
		map update rules key 10 0 0 2  10 0 0 1  0 0  8 0  1 0 0 0  value 1
		net attach filter port net_ring0
		net attach filter port net_ring1 priority 7
		net attach xdp_mac_swap port net_ring0
	END
	start_xdpk one --config one.conf
	await_notified READY=1 1
	ctl one port set net_ring0 pass net_ring1

	sed -i "s/^port add net_ring1.*/  port  add 'net_ring1'/" one.conf
	reload 1
	grep -q "reload: one.conf is in force" one.err || fail "no word of the reload"
	has '"pass":"net_ring1"' port show net_ring0
	has '"replaced":1' prog show filter
	has '"replaced":1' prog show xdp_mac_swap
	has '"priority":7' net list net_ring1

	sed -i "s/priority 7/priority 9 actions pass,tx/; /rodata/s/=1/=2/; /net_ring0$/{/mac_swap/d}; /mac-swap/d" one.conf
	echo "map update rules key 10 0 0 3  10 0 0 1  0 0  8 0  1 0 0 0  value 1" >>one.conf
	reload 2
	has '"priority":9' net list net_ring1
	has '"replaced":2' prog show filter
	has_not xdp_mac_swap prog list
	[ "$(ctl one -j map dump rules | grep -c '"key"')" = 2 ] || fail "$(ctl one -j map dump rules)"

	sed -i "/net_ring1/d" one.conf
	reload 3
	has_not net_ring1 port list
	has '"pass":"drop"' port show net_ring0

	sed -i "s/port add net_ring0/port add net_ring0,colour=red/" one.conf
	reload 4
	grep -q "one.conf:1: port net_ring0 is there with other arguments" one.err || fail "no complaint"
	rm one.conf
	reload 5
	grep -q "reload: one.conf: No such file" one.err || fail "no complaint of a missing file"
	has '"filter"' net list net_ring0
	stop_xdpk one
}

# The unit is one that systemd takes, and leaves little to an intruder.
test_unit() {
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze"
	sed "s|^ExecStart=[^ ]*|ExecStart=$XDPK|; /^Documentation=/d" "$SAMPLES/xdpk.service" >xdpk.service
	systemd-analyze --man=no verify ./xdpk.service 2>&1 | grep "xdpk.service" && fail "it is not valid"
	systemd-analyze security --no-pager --offline=true --threshold=30 ./xdpk.service >security.out ||
		fail "exposed: $(tail -n 1 security.out)"
	tail -n 1 security.out
}

# The README's five commands, as they stand there, typed one after the other.
test_readme() {
	local commands i here=$PWD
	[ -n "${XDPKCTL:-}" ] || skip "no xdpkctl"
	need_object firewall
	mapfile -t commands < <(sed -n '/^## Five commands/,/^## As/s/^    # //p' "$README")
	[ ${#commands[@]} = 5 ] || fail "${#commands[@]} commands"
	cd "$BUILD" || fail "no $BUILD"
	for i in 0 1 2 3; do
		eval "${commands[i]}" >"$here/command$i.out" 2>"$here/command$i.err" || fail "${commands[i]}"
		sleep 1
	done
	timeout 4 bash -c "${commands[4]}" >"$here/top.out" 2>&1
	cd "$here" || exit
	grep -q -e "--config" command0.out || fail "no help"
	awk '/^net_af_packet0/ && $4 == 0 && $5 > 10 { there = 1 }
		/^net_af_packet1/ && $4 > 10 && $5 > 10 { back = 1 }
		/^firewall / && $2 ~ /^(compiled|interpreted)$/ { program = 1 }
		END { exit !(there && back && program) }' top.out || fail "$(cat top.out)"
}

test_example_router() {
	[ -w /dev/net/tun ] || skip "no /dev/net/tun"
	use_example router route
	ip netns add r
	for n in 1 2; do
		add_host h$n 10.0.$n.2/24 veth$n
		ip link set veth$n address 02:00:00:00:0$n:01
		ip -n h$n link set eth0 address 02:00:00:00:0$n:02
		ip -n h$n route add default via 10.0.$n.1
	done
	start_manager
	start_xdpk one --config router.conf
	await_notified READY=1 1
	add_host_side lan1 10.0.1.1/24
	add_host_side lan2 10.0.2.1/24
	await_ping h1 10.0.1.1
	await_ping h2 10.0.1.2
	stop_xdpk one
	[ "$(total one redirect net_af_packet0)" -ge 20 ] || fail "not by the program"
}

# The server behind the filter is the namespace r.
test_example_ddos() {
	[ -w /dev/net/tun ] || skip "no /dev/net/tun"
	use_example ddos ddos
	ip netns add r
	add_host a 10.0.0.2/24 veth1
	start_manager
	start_xdpk one --config ddos.conf
	await_notified READY=1 1
	add_host_side clean 10.0.0.1/24
	await_ping a 10.0.0.1
	on a python3 -c '
import socket
for port in 53, 54:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("", port))
    for _ in range(7):
        s.sendto(b"x" * 500, ("10.0.0.1", 9))
for n in range(80):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("10.0.0.1", 10))
'
	await_ping a 10.0.0.1
	stop_xdpk one
	# 7 from port 53, and SYNs after the 50th, of which a window's end may let another 50 through
	[ "$(total one drop net_af_packet0)" -ge 7 ] || fail "$(total one drop net_af_packet0) dropped"
	[ "$(total one drop net_af_packet0)" -le 37 ] || fail "$(total one drop net_af_packet0) dropped"
}

# Whom the balancer does not balance it passes to the host.
test_example_balancer() {
	[ -w /dev/net/tun ] || skip "no /dev/net/tun"
	use_example balancer balancer
	ip netns add r
	add_host a 192.0.2.9/24 veth1
	start_manager
	start_xdpk one --config balancer.conf
	await_notified READY=1 1
	add_host_side front 192.0.2.2/24
	await_ping a 192.0.2.2
	on a python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(30):
    s.sendto(b"x", ("192.0.2.2", 80))
'
	sleep 0.2
	stop_xdpk one
	[ "$(total one tx net_af_packet0)" = 30 ] || fail "$(total one tx net_af_packet0) to backends"
}

"test_$1" "${@:2}"
