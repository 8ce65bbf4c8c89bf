#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Hosts in network namespaces talk to each other through xdpk.
#
#	net.sh CASE [ARGUMENT]    one of the functions below whose name begins with test_, without that

. "$(dirname "$0")/namespaces.sh"

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
		! grep "^lib" "$name.err" || fail "a driver's libraries talk"
	done
}

# A start that is stopped leaves no program of the driver's on the interface.
test_start() {
	local delay
	add_host a 10.0.0.1/24
	for delay in 0.{05..95..5}; do
		start_xdpk one --port net_af_xdp0,iface=a0
		sleep "$delay"
		kill -TERM "${running[one]}"
		wait "${running[one]}"
		! ip link show a0 | grep xdp || fail "after $delay s"
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

# What the program routes goes from port to port; what it passes, both hosts' pings and ARP among it,
# goes to the host and back. TCP's bytes arrive, and by the program's way.
# AF_XDP takes privileges that xdpk has until it runs: later it is refused by a sentence that says so.
test_later_af_xdp() {
	[ -n "${XDPKCTL:-}" ] || skip "no xdpkctl"
	add_host a 10.0.0.1/24
	start_xdpk one --port net_ring0 --port net_af_xdp0,iface=a0
	for _ in {1..100}; do
		ctl one port list >list.out 2>&1 && break
		grep -q "^xdpk: port net_af_xdp" one.err && skip "$(grep "^xdpk:" one.err)"
		sleep 0.1
	done
	ctl one port del net_af_xdp0 || fail "it does not go"
	ctl one port add net_af_xdp0,iface=a0 2>later.err && fail "it comes again"
	grep -q "port net_af_xdp0: no AF_XDP socket: .*CAP_SYS_ADMIN, .* by --port or in the file of --config" later.err ||
		fail "$(cat later.err)"
	ctl one port list | grep net_af_xdp && fail "it is there"
	stop_xdpk one
}

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
	# Where the sum is zero Linux writes its other name, as UDP would have it (skb_checksum_help).
	# No receiver minds, but tshark does.
	tshark -n -r all.pcapng -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE \
		-Y "ip.checksum.status == 0 || (tcp.checksum.status == 0 && tcp.checksum != 0xffff) ||
			icmp.checksum.status == 0" 2>/dev/null >bad.out
	[ ! -s bad.out ] || fail "wrong checksums: $(head -n 3 bad.out)"
	# Each ping and each answer comes in once and goes out once. Where the writer did not keep up,
	# what it lost is counted.
	local lost pings bytes
	lost=$(awk '$1 == "lost" { print $2 }' stopped.out)
	pings=$(awk -F "\t" '$2 == 8 || $2 == 0 && $2 != ""' packets.out | wc -l)
	bytes=$(awk -F "\t" '{ n += $3 } END { print n }' packets.out)
	[ "$pings" -le 40 ] && [ $((pings + lost)) -ge 40 ] || fail "$pings of 40 pings, $lost lost"
	[ $((bytes + lost * 1448)) -ge 10000000 ] || fail "$bytes bytes of TCP, $lost packets lost"
}

"test_$1" "${@:2}"
