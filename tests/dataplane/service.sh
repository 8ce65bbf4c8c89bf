#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# xdpk as an operator runs it: as a service, with the example configurations, by the README's words.
#
#	service.sh CASE           one of the functions below whose name begins with test_, without that

. "$(dirname "$0")/namespaces.sh"

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

# xdpk under a manager, ready.
start_service() { # FILE
	start_manager
	start_xdpk one --config "$1"
	await_notified READY=1 1
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
	add_host a 10.0.0.1/24 veth1
	add_host b 10.0.0.2/24 veth2
	start_service ./firewall.conf
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
	cat >one.conf <<-END
		port add net_ring0
		port add net_ring1   # and a comment
		prog load firewall.bpf.o as filter rodata default_verdict=1
		prog load mac-swap.bpf.o offload nowhere
		map update rules key 10 0 0 2  10 0 0 1  0 0  8 0  1 0 0 0  value 1
		net attach filter port net_ring0
		net attach filter port net_ring1 priority 7
		net attach xdp_mac_swap port net_ring0
		map delete rules key 10 0 0 2  10 0 0 1  0 0  8 0  1 0 0 0
		map update rules key 10 0 0 2  10 0 0 1  0 0  8 0  1 0 0 0  value 1
	END
	start_service one.conf
	ctl one port set net_ring0 pass net_ring1

	has '"offload":"refused"' prog show xdp_mac_swap
	sed -i "s/^port add net_ring1.*/  port  add 'net_ring1'/; s/ offload nowhere//" one.conf
	reload 1
	has '"offload":"none"' prog show xdp_mac_swap
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

	# Of ports' arguments each that stays is told, and what follows in the file is done.
	sed -i "s/port add net_ring0/port add net_ring0,colour=red queues 2 mtu 9000/; s/priority.*/priority 11/" one.conf
	echo "port add net_ring2,shade=light,plain queues 1" >>one.conf
	sed -i "s/net attach filter port net_ring0/& priority 8/" one.conf
	reload 4
	said=$(grep "restart needed" one.err)
	[ "$said" = "xdpk: reload: one.conf:1: port net_ring0: colour=red: restart needed
xdpk: reload: one.conf:1: port net_ring0: queues 2: restart needed" ] || fail "said: $said"
	grep -q "one.conf is in force, but for 2 arguments of ports" one.err || fail "no word of them"
	has '"mtu":9000' port show net_ring0
	has '"priority":8' net list net_ring0
	sed -i "s/,colour=red queues 2 mtu 9000/ pass net_ring0/; s/,shade=light,plain queues 1/,plain,shade=dark/" one.conf
	reload 5
	has '"pass":"net_ring0"' port show net_ring0
	rm one.conf
	reload 6
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
	for _ in {1..100}; do # on a slow machine it takes longer to start than to type
		"$XDPKCTL" port list >/dev/null 2>&1 && break
		sleep 0.3
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
	start_service router.conf
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
	start_service ddos.conf
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
	start_service balancer.conf
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
