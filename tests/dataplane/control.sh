#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: control.sh TEST
# A running xdpk does what xdpkctl says, and says what it does.

here=$(realpath "$(dirname "$0")")
. "$here/daemon.sh"

programs_come_and_go() {
	start --port net_ring0 --port net_ring1
	ctl prog load firewall.bpf.o as wall init firewall.init engine interp
	says 'xdp_firewall'
	refused 1 'program wall is there already' prog load firewall.bpf.o as wall
	ctl net attach wall port net_ring0
	ctl net attach wall port 1 priority 7 actions drop,tx
	refused 1 'attached to port net_ring1 already' net attach wall port 1
	ctl prog load relay.bpf.o as relay
	ctl net attach relay port 1 actions none
	ctl -j net list
	says '{"port":"net_ring0","priority":50,"prog":"wall","next_after":["pass"],"runs_in":"interp"}'
	says '{"port":"net_ring1","priority":7,"prog":"wall","next_after":["drop","tx"],"runs_in":"interp"}'
	says '{"port":"net_ring1","priority":50,"prog":"relay","next_after":[],'
	ctl net order relay port 1 priority 3
	ctl net list 1
	[[ $answer == *relay*wall* ]] || die "relay is not before wall: $answer"
	refused 1 'attached to 2 ports' prog unload wall
	ctl net detach wall port 0
	ctl net detach wall port 1
	ctl prog unload wall
	ctl prog list
	says_not wall
	says relay
	stop
}

# Under traffic, on a device that is there and on others.
programs_go_to_devices() {
	[ -e "$BACKENDS/libebpf-llvm.so" ] || skip "built without LLVM, so there are no kernels"
	cp "$SAMPLES"/{mac-swap,conntrack}.bpf.o .
	"$MAKE_CAPTURE" in.pcap >/dev/null || die "no capture"
	start --port net_pcap0,rx_pcap=in.pcap,infinite_rx=1 --port net_ring0
	refused 1 'batch 5000: must be 1 to 4096' prog load mac-swap.bpf.o offload host:1 batch 5000
	refused 1 'auto, cpu or gpu' prog load mac-swap.bpf.o offload host:1 split half
	ctl prog load mac-swap.bpf.o as swap offload host:1 split gpu batch 64 deadline 2000
	ctl net attach swap port 0
	ctl -j gpu show
	says '"prog":"swap","device":"host:1","state":"works","split":"gpu","share_percent":100'
	for _ in {1..100}; do
		ctl -j gpu show
		[[ $answer == *'"batches":0,'* ]] || break
		sleep 0.1
	done
	says_not '"batches":0,'
	[[ $answer =~ '"in_bytes":'([0-9]+) && ${BASH_REMATCH[1]} -ge 64 ]] || die "no bytes: $answer"
	ctl metrics
	says 'xdpk_offload_state{prog="swap",xdpk_offload_state="works"} 1'
	ctl prog replace swap mac-swap.bpf.o
	ctl -j gpu show
	says '"state":"works","split":"gpu"'
	ctl prog replace swap mac-swap.bpf.o offload host:1 split auto
	ctl -j gpu show
	says '"state":"works","split":"auto"'
	ctl prog replace swap mac-swap.bpf.o offload none
	ctl gpu show
	says_not swap
	ctl prog load conntrack.bpf.o as track offload host:1
	ctl prog show track
	says refused
	says 'conntrack.bpf.c:'
	ctl prog load mac-swap.bpf.o as nowhere offload cuda:77
	ctl -j prog list
	says '"name":"nowhere","function":"xdp_mac_swap","engine":"auto"'
	ctl -j gpu show
	says '"prog":"nowhere","device":"cuda:77","state":"refused"'
	stop
	grep -q '^xdpk: program track runs on the CPU, not on a device: ' xdpk.log || die "nothing is said"
}

replacement_keeps_maps() {
	start --port net_ring0 --ebpf firewall.bpf.o
	ctl map update xdp_firewall/rules key 10 0 0 1 192 0 2 2 4 1 0 80 6 0 0 0 value 3
	ctl map list
	says rules
	ctl prog replace xdp_firewall firewall.bpf.o
	ctl map dump rules
	says 10.0.0.1
	refused 1 'map rules' prog replace xdp_firewall firewall.bpf.o resize rules=7
	refused 1 'not an ELF file' prog replace xdp_firewall firewall.init
	refused 1 'there is no program nobody' prog replace nobody firewall.bpf.o
	ctl prog replace xdp_firewall firewall.bpf.o fresh-maps resize rules=7
	ctl map dump rules
	says_not 10.0.0.1
	ctl -j prog list
	says '"replaced":2'
	stop
}

entry() { # MAP KEY
	ctl -j map lookup "$1" key "$2"
	echo "$answer"
}

replacement_replaces_programs_at_entries() {
	local first again
	cp "$PROGRAMS/targets.bpf.o" .
	cat >targets.init <<-END
		map update ports key 1 value 2 prog at_port
		map update ports key 2 value 3
	END
	start --port net_ring0 --ebpf targets.bpf.o --prog distribute --init targets.init
	ctl map update cpus key 0 value 77 prog at_worker
	first="$(entry ports 1) $(entry cpus 0)"
	ctl prog replace distribute targets.bpf.o prog distribute
	again="$(entry ports 1) $(entry cpus 0)"
	[ "$again" != "$first" ] || die "the old ones: $again"
	[[ $again == *'"ifindex":2'*'"qsize":77'* ]] || die "not the same numbers: $again"

	# lines of its own come with it, or not at all
	echo "map update ports key 2 value 4 prog at_port" >>targets.init
	(cat targets.init && echo "map update ports key 3 value 5 prog nobody") >wrong.init
	refused 1 'program at_port is for entries of a DEVMAP' prog load targets.bpf.o prog at_port
	refused 1 'no program nobody' prog replace distribute targets.bpf.o prog distribute init wrong.init
	[ "$(entry ports 1) $(entry cpus 0)" = "$again" ] || die "changed: $(entry ports 1)"
	[[ $(entry ports 2) == *'"ifindex":3'* ]] || die "changed: $(entry ports 2)"
	ctl prog replace distribute targets.bpf.o prog distribute init targets.init
	[[ $(entry ports 2) == *'"ifindex":4'* ]] || die "not changed: $(entry ports 2)"
	[ "$(entry ports 1) $(entry cpus 0)" != "$again" ] || die "the old ones: $again"
	stop
}

ports_come_and_go() {
	start --port net_ring0
	ctl port add net_null5,copy=1 ifindex 77 pass 0
	ctl -j port list
	says '"slot":1,"name":"net_null5","ifindex":77'
	says '"pass":"net_ring0"'
	ctl port set net_null5 pass drop
	ctl port show 1
	says 'driver'
	refused 1 'there is no port net_null9; there are: net_ring0, net_null5' port set net_null9 pass drop
	refused 1 'port net_ring0 has it' port add net_null6 ifindex 1
	ctl port add net_null6,copy=1 mtu 4000
	ctl -j port show net_null6
	says '"mtu":4000'
	refused 1 'an MTU, 1 to 65535' port add net_null7 mtu 70000
	[ ! -w /dev/net/tun ] || refused 1 'its MTU is its interface' port add net_tap7,iface=xdpk-mtu mtu 9000
	ctl port del net_null5
	ctl -j port list
	says_not net_null5
	stop
}

# What a file says and what lines say is the same.
a_file_is_as_good_as_lines() {
	cat >config <<-END
		# all of it
		port add net_ring4
		port add net_ring5 ifindex 9
		port set net_ring4 pass net_ring5
		prog load firewall.bpf.o as wall init firewall.init engine interp
		net attach wall port net_ring4 priority 12 actions pass
		map update wall/rules6 key {"saddr": "2001:db8::1", "daddr": "2001:db8::2", "sport": 1, "dport": 2, "proto": 6} value 2
	END
	if ! ./xdpk --no-cache --config config --no-socket --port net_pcap0,rx_pcap=/nowhere 2>&1 | grep -q nowhere; then
		die "an absent capture"
	fi
	start --config config
	ctl -j port list
	says '"pass":"net_ring5"'
	ctl -j net list
	says '"port":"net_ring4","priority":12,"prog":"wall"'
	stop
	sed 's/net attach wall/net attach hall/' config >wrong
	./xdpk --no-cache --config wrong >xdpk.log 2>&1
	[ $? = 2 ] || die "a wrong line is taken"
	grep -q 'wrong:6: there is no program hall' xdpk.log || die "the wrong line is not named"
}

# The difference is shown, then made, and then there is none.
a_file_is_applied() {
	mkdir lines
	cp firewall.bpf.o firewall.init lines
	cat >lines/config <<-END
		port add net_ring4
		port add net_ring5
		port set net_ring4 pass net_ring5
		prog load firewall.bpf.o as wall init firewall.init engine interp
		net attach wall port net_ring4 priority 12 actions pass,tx
		map update wall/rules key 10 0 0 1 192 0 2 2 4 1 0 80 6 0 0 0 value 3
		link add eth9 ifindex 99 mac 02:00:00:00:00:09 mtu 1500
	END
	start --port net_ring4
	ctl apply lines/config --dry-run
	[ "$(cut -c1 <<<"$answer" | tr -d '\n')" = '=+~+++?' ] || die "at first: $answer"
	ctl prog list
	says_not wall
	ctl apply lines/config
	ctl apply lines/config --dry-run
	[ "$(cut -c1 <<<"$answer" | tr -d '\n')" = '======?' ] || die "when it is applied: $answer"
	ctl apply lines/config
	# A device, another batch, the defaults said, none any more.
	local said
	for said in 'host:1' 'host:1 batch 64' ''; do
		sed -i "/^prog load/s/ engine interp.*/ engine interp${said:+ offload $said}/" lines/config
		ctl apply lines/config --dry-run
		says "~ prog replace wall lines/firewall.bpf.o init lines/firewall.init engine interp offload ${said:-none}"
		ctl apply lines/config
		sed -i '/^prog load/s/ batch 64/ split auto batch 64 patience 100/' lines/config
		ctl apply lines/config --dry-run
		says '= prog load'
	done
	sed -i 's/priority 12/priority 13/; s/value 3/value 2/' lines/config
	cp relay.bpf.o lines/firewall.bpf.o
	ctl apply lines/config --dry-run
	says '~ prog replace wall lines/firewall.bpf.o init lines/firewall.init engine interp'
	says '~ net order wall port net_ring4 priority 13 actions pass,tx'
	says '~ map update wall/rules'
	ctl -j apply lines/config --dry-run
	says '"state": "changed"'
	refused 1 'lines/config:4: ' apply lines/config
	stop
}

wrong_lines_are_explained() {
	refused 3 'no xdpk listens at' port list
	start --port net_ring0
	refused 2 "there is no command 'prot list'; there are: port, prog" prot list
	refused 2 "there is no command 'port lst'; there are: port list, port show" port lst
	refused 2 'absent.o: No such file' prog load absent.o
	answer=$(./xdpkctl port list 2>&1 >/dev/full)
	[ $? = 2 ] || die "a table is written to a full device"
	says 'cannot be written: No space left'
	refused 1 'usage: xdpkctl net attach PROG port PORT' net attach wall
	refused 1 "expected 'port', got the end of the line" net attach wall
	refused 1 'expected actions' net attach wall port 0 actions fly
	refused 1 'expected an engine' prog load relay.bpf.o engine steam
	refused 1 'expected NAME=VALUE' prog load relay.bpf.o rodata x
	refused 1 'xdpkctl: relay.bpf.o: no variable x' prog load relay.bpf.o rodata x=1
	echo '# nothing' >empty.init
	refused 1 'xdpkctl: relay.bpf.o: no variable x' prog load relay.bpf.o init empty.init rodata x=1
	echo 'rodata set x 1' >wrong.init
	refused 1 'wrong.init:1: relay.bpf.o: no variable x' prog load relay.bpf.o init wrong.init
	refused 1 'is for an object that is being loaded' map resize m max_entries 3
	answer=$(./xdpkctl -j prog unload nobody)
	[ $? = 1 ] && [ "$answer" = '{"error": "there is no program nobody", "errno": "ENOENT"}' ] ||
		die "as JSON: $answer"
	echo 'map import rules /etc/passwd' >lines
	refused 1 '/etc/passwd: no files can be named here' prog load firewall.bpf.o init lines
	stop
}

# In a terminal of so many columns.
in_columns() {
	local n=$1
	shift
	answer=$(script -qec "stty cols $n; ./xdpkctl $*" /dev/null | tr -d '\r')
}

help_and_tables_fit() {
	start --port net_ring0 --port net_ring1 --ebpf firewall.bpf.o --engine interp
	ctl help net
	says 'net attach PROG port PORT [priority N] [actions ACTION,...]'
	says_not 'map update'
	ctl --complete net at
	[ "$answer" = attach ] || die "completes to: $answer"
	ctl --complete net attach ''
	[ "$answer" = xdp_firewall ] || die "completes to: $answer"
	ctl --complete net attach xdp_firewall port net_ring
	[ "$answer" = $'net_ring0\nnet_ring1' ] || die "completes to: $answer"
	ctl --complete prog load x.o engine i
	[ "$answer" = interp ] || die "completes to: $answer"
	bash -n <(./xdpkctl completion) || die "the completion script"
	if command -v groff >/dev/null; then
		answer=$(./xdpkctl man | groff -man -Tutf8 -ww -rLL=90n 2>&1 >/dev/null)
		[ -z "$answer" ] || die "the manual page: $answer"
	fi
	ctl -j port list
	python3 -c 'import json, sys; assert len(json.load(sys.stdin)) == 2' <<<"$answer" || die "no JSON"
	ctl -p port show 0
	python3 -c 'import json, sys; json.load(sys.stdin)["name"]' <<<"$answer" || die "no JSON"
	if command -v script >/dev/null; then
		for n in 70 40; do
			in_columns $n port list
			says net_ring1
			[ "$(wc -L <<<"$answer")" -le $n ] || die "wider than $n columns: $answer"
		done
	fi
	stop
}

one_xdpk_at_a_socket() {
	start --port net_ring0
	./xdpk --no-cache --port net_ring0 >second.log 2>&1
	[ $? = 2 ] || die "a second xdpk starts"
	grep -q "process $daemon is running already and listens at $XDPK_SOCKET: stop it (kill $daemon)" second.log ||
		die "the second xdpk says: $(cat second.log)"
	ctl port list
	kill -9 "$daemon"
	wait "$daemon" 2>/dev/null
	[ -S "$XDPK_SOCKET" ] || die "no stale socket"
	start --port net_ring0
	stop
	mkdir -p run && echo precious >"$XDPK_SOCKET"
	./xdpk --no-cache --port net_ring0 >second.log 2>&1
	[ $? = 2 ] && grep -q 'a file is there' second.log && [ "$(cat "$XDPK_SOCKET")" = precious ] ||
		die "a file is taken for a socket"
}

who_may_connect() {
	[ "$(id -u)" = 0 ] || skip "not root"
	local as_other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	local as_reader=(setpriv --reuid=65534 --regid=65533 --clear-groups)
	getent group 65533 >/dev/null && skip "there is a group 65533"
	start --port net_ring0
	[ "$(stat -c %a run) $(stat -c %a "$XDPK_SOCKET")" = '700 600' ] || die "modes"
	"${as_other[@]}" ./xdpkctl port list >/dev/null 2>&1 && die "somebody else connects"
	stop
	rmdir run
	start --port net_ring0 --readers nogroup
	[ "$(stat -c %a run) $(stat -c %a "$XDPK_SOCKET")" = '750 660' ] || die "modes for readers"
	"${as_reader[@]}" ./xdpkctl port list >/dev/null 2>&1 && die "somebody of another group connects"
	"${as_other[@]}" ./xdpkctl port list >/dev/null || die "a reader cannot look"
	answer=$("${as_other[@]}" ./xdpkctl port del 0 2>&1) && die "a reader changes something"
	says 'port del changes something, and you may only look'
	stop
}

# All threads are left with CAP_NET_ADMIN and CAP_NET_RAW, and with those a TAP can be added.
privileges_go() {
	[ "$(id -u)" = 0 ] || skip "not root"
	start --port net_ring0
	for status in /proc/"$daemon"/task/*/status; do
		[ "$(awk '/^(CapPrm|CapEff|NoNewPrivs):/ { printf "%s ", $2 }' "$status")" = \
			'0000000000003000 0000000000003000 1 ' ] ||
			die "$(grep -E '^(Name|Cap|NoNew)' "$status")"
	done
	ctl port add "net_tap7,iface=xdpkctl$((RANDOM % 1000))"
	ctl prog load firewall.bpf.o engine llvm
	says 'compiled'
	stop
}

a_run_that_ends_opens_no_socket() {
	"$MAKE_CAPTURE" mix.pcap >/dev/null || die "no capture"
	ln -s /nowhere/at/all run
	./xdpk --no-cache --ebpf firewall.bpf.o --port net_pcap0,rx_pcap=mix.pcap >xdpk.log 2>&1 || die "fails"
	! ./xdpk --no-cache --ebpf firewall.bpf.o --port net_pcap0,rx_pcap=mix.pcap --socket run/x >xdpk.log 2>&1 ||
		die "opens a socket where there is no folder"
	grep -q 'control socket run: No such file' xdpk.log || die "does not say why"
}

# Its program runs meanwhile, others are loaded and replaced, and the end does not wait for it.
a_hung_compiler_holds_nobody_up() {
	local client
	printf '#!/bin/sh\nexec sleep 1000\n' >xdpk-compile
	start --port net_ring0
	ctl prog load firewall.bpf.o as wall
	ctl net attach wall port net_ring0
	ctl prog load relay.bpf.o
	ctl prog list
	[ "$(grep -c compiling <<<"$answer")" = 2 ] || die "not compiling: $answer"
	ctl prog replace wall firewall.bpf.o
	./xdpkctl prog load relay.bpf.o as first engine llvm >client.log 2>&1 &
	client=$!
	sleep 0.5
	ctl prog list
	SECONDS=0
	stop
	[ "$SECONDS" -lt 10 ] || die "it took $SECONDS seconds to end"
	! wait $client || die "what was not compiled is loaded"
}

# busy MODE: a worker that judges packets of a capture over and over, and clients that do as
# control-load.py says. A noisy machine gets three tries.
busy() {
	"$MAKE_CAPTURE" mix.pcap >/dev/null || die "no capture"
	local engine=interp
	[ ! -e "$BACKENDS/libebpf-llvm.so" ] || engine=llvm
	start --ebpf firewall.bpf.o --engine $engine --port net_pcap0,rx_pcap=mix.pcap,infinite_rx=1
	for _ in 1 2 3; do
		python3 "$here/control-load.py" "$daemon" "$XDPK_SOCKET" "$1"
		status=$?
		[ $status = 1 ] || break
	done
	[ $status = 77 ] && exit 77
	[ $status = 0 ] || die "$1: status $status"
}

control_costs_workers_little() {
	busy load
	stop
}

hostile_clients_cost_nothing() {
	busy hostile
	stop
}

clients_are_bounded() {
	start --port net_ring0
	python3 "$here/control-load.py" "$daemon" "$XDPK_SOCKET" bounds || die "bounds"
	wait "$daemon" || die "xdpk ended with $?"
	daemon=
}

"$@"
