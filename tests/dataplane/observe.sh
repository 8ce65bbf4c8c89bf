#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: observe.sh TEST
# What a running xdpk lets others see: captures, counters, metrics. Its traffic is a capture that is
# played again and again.

. "$(dirname "$0")/daemon.sh"

play() { # [OPTION...]
	"$MAKE_CAPTURE" mix.pcap >/dev/null || die "no capture to play"
	start --ebpf firewall.bpf.o --init firewall.init \
		--port net_pcap0,rx_pcap=mix.pcap,infinite_rx=1,tx_pcap=/dev/null "$@"
}

need() {
	for tool; do
		command -v "$tool" >/dev/null || skip "no $tool"
	done
}

# number KEY: that of the last answer, which is JSON
number() {
	jq -r "(.[0]? // .).$1" <<<"$answer"
}

# wait_until COMMAND...
wait_until() {
	for _ in {1..100}; do
		"$@" && return
		sleep 0.1
	done
	die "$* does not come true"
}

capture_has_ended() {
	ctl capture show
	[[ $answer == *ended* ]]
}

captures_open_in_tshark() {
	need tshark capinfos jq
	play
	ctl capture start all.pcapng both count 5000
	wait_until capture_has_ended
	ctl -j capture stop
	[ "$(number packets)" = 5000 ] || die "not 5000: $answer"
	tshark -r all.pcapng -T fields -e frame.interface_name -e frame.verdict.ebpf_xdp \
		-e frame.packet_id -e frame.interface_queue >fields 2>complaints ||
		die "tshark cannot read it"
	! grep -v '^Running as user' complaints || die "tshark complains"
	[ "$(wc -l <fields)" = 5000 ] || die "tshark sees $(wc -l <fields) packets"
	[ "$(cut -f1 fields | sort -u | tr '\n' ' ')" = "net_pcap0:xdp_firewall@exit net_pcap0@entry " ] ||
		die "interfaces: $(cut -f1 fields | sort | uniq -c)"
	[ "$(cut -f2 fields | sort -u | tr '\n' ' ')" = '1 2 3 ' ] || die "verdicts: $(cut -f2 fields | sort | uniq -c)"
	[ "$(cut -f3,2 fields | sort | uniq -c | awk '$1 > 2')" = '' ] || die "packets have another's number"
	[ "$(capinfos -oT all.pcapng | tail -1 | cut -f2)" = True ] || die "not in order of time"
	stop
}

captures_hold_what_is_asked_for() {
	need tshark
	play
	ctl capture start some.pcapng entry action drop prog xdp_firewall port net_pcap0 queue 0 \
		filter 'tcp or udp' snaplen 60 count 300
	wait_until capture_has_ended
	ctl capture stop
	tshark -r some.pcapng -T fields -e frame.verdict.ebpf_xdp -e frame.cap_len >fields 2>/dev/null
	[ "$(wc -l <fields)" = 300 ] || die "$(wc -l <fields) packets"
	! grep -v '^1' fields || die "others than what was dropped"
	[ -z "$(awk '$2 > 60' fields)" ] || die "longer than asked for"
	refused 1 'filter `host host`' capture start x.pcapng filter 'host host'
	refused 1 'there is no port nix' capture start x.pcapng port nix
	refused 1 'without an action' capture start x.pcapng action none
	refused 1 'no capture runs' capture stop
	stop
}

# Programs of a DEVMAP's and a CPUMAP's entries are places of their own.
captures_see_programs_of_map_entries() {
	need tshark
	cp "$PROGRAMS/targets.bpf.o" . || skip "no targets.bpf.o"
	"$MAKE_CAPTURE" mix.pcap >/dev/null || die "no capture to play"
	cat >targets.init <<-END
		map update ports key 1 value 2 prog at_port
		map update ports key 2 value 3
		map update cpus key 0 value 1024
		map update cpus key 1 value 1024 prog at_worker
	END
	start --ebpf targets.bpf.o --prog distribute --init targets.init --cores 2 \
		--port net_pcap0,rx_pcap=mix.pcap,infinite_rx=1,tx_pcap=/dev/null \
		--port net_pcap1,tx_pcap=/dev/null --port net_pcap2,tx_pcap=/dev/null
	while read -r prog verdict entry exit; do
		ctl capture start "$prog.pcapng" both prog "$prog" count 200
		wait_until capture_has_ended
		ctl capture stop
		tshark -r "$prog.pcapng" -T fields -e frame.interface_name -e frame.verdict.ebpf_xdp \
			2>/dev/null | sort -u >fields
		printf '%s\t%s\n' "$exit" "$verdict" "$entry" "$verdict" | diff - fields ||
			die "$prog: not these places"
	done <<-END
		distribute 4 net_pcap0@entry net_pcap0:distribute@exit
		at_worker 4 net_pcap0@cpumap-entry net_pcap0:at_worker@cpumap-exit
		at_port 2 net_pcap1@egress-entry net_pcap1:at_port@egress-exit
	END
	ctl stats show hop
	says 'cpumap of worker 1'
	says 'egress of net_pcap1'
	stop
}

# Operators do not wait for each other.
several_captures() {
	need tshark
	play
	./xdpkctl capture start - action tx count 50 >live.pcapng &
	ctl -j capture start drops.pcapng action drop filter tcp count 100
	says '"number":'
	ctl capture start short.pcapng both snaplen 20 count 1000
	wait $! || die "the live one failed"
	while ctl capture show && [[ $answer == *running* ]]; do
		sleep 0.1
	done
	refused 1 'several captures' capture stop
	ctl capture start more.pcapng
	ctl -j capture show
	says '"filter":"tcp"'
	for n in $(jq -r '.[].number' <<<"$answer"); do
		ctl capture stop "$n"
	done
	refused 1 'no capture runs' capture stop
	[ "$(tshark -r live.pcapng 2>/dev/null | wc -l)" = 50 ] || die "not 50 live ones"
	[ "$(tshark -r drops.pcapng 2>/dev/null | wc -l)" = 100 ] || die "not 100 dropped"
	tshark -r short.pcapng -T fields -e frame.cap_len >lengths 2>/dev/null
	[ "$(wc -l <lengths)" = 1000 ] && [ "$(sort -n lengths | tail -1)" = 20 ] || die "not 1000 short ones"
	stop
}

captures_run_live() {
	need tshark
	play
	./xdpkctl capture start - action tx count 50 | tshark -r - >live 2>/dev/null
	[ "$(wc -l <live)" = 50 ] || die "tshark saw $(wc -l <live) packets live"
	# A reader that has enough, a client that is interrupted: the capture ends.
	./xdpkctl capture start - both | head -c 100000 >/dev/null
	wait_until refused 1 'no capture runs' capture show
	timeout -s INT 1 ./xdpkctl capture start - exit >interrupted.pcapng
	wait_until refused 1 'no capture runs' capture show
	tshark -r interrupted.pcapng -c 10 >/dev/null 2>&1 || die "what was interrupted cannot be read"
	stop
}

# The row's outcomes add up to what was received, but for the burst that is under way.
check_row() { # JSON
	jq -e '(.received - .aborted - .drop - .pass - .tx - .redirect - .forward - .lost) as $under_way |
		$under_way >= 0 and $under_way <= 64 and .received > 0' <<<"$1" >/dev/null || die "does not add up: $1"
}

# has_passed VIEW COUNTER
has_passed() {
	ctl -j stats show "$1"
	[ "$(number "$2")" -gt 0 ]
}

counters_add_up() {
	need jq
	play
	wait_until has_passed port received
	sleep 1 # much more than what is cleared takes to come again
	for view in port queue; do
		ctl -j stats show $view
		check_row "$(jq -c '.[0]' <<<"$answer")"
	done
	ctl -j stats show port
	before=$(number received)
	ctl stats clear
	ctl -j stats show
	[ "$(number received)" -lt "$before" ] || die "not cleared: $before, $answer"
	wait_until has_passed prog packets
	ctl -j stats show worker
	jq -e '.[0] | .busy_ns > 0 and .packets_per_burst > 0 and .bursts > 0' <<<"$answer" >/dev/null ||
		die "worker: $answer"
	# Metrics only grow.
	ctl metrics
	[ "$(grep -o '^xdpk_rx_packets_total{.*queue="0"} .*' <<<"$answer" | cut -d' ' -f2)" -ge "$before" ] ||
		die "metrics were cleared"
	stop
}

top_shows_rates() {
	need jq
	play
	answer=$(./xdpkctl -j top 1 count 2)
	[ "$(wc -l <<<"$answer")" = 2 ] || die "not two frames: $answer"
	jq -es '.[1] | .port[0].port == "net_pcap0" and .port[0].received > 1000 and .loss == [] and
		.prog[0].prog == "xdp_firewall" and .prog[0].packets > 1000 and
		.worker[0]."busy %" > 20 and .worker[0]."ns/packet" > 0' <<<"$answer" >/dev/null ||
		die "top: $answer"
	ctl top count 1
	says 'net_pcap0'
	says 'ns/packet'
	refused 2 'seconds' top often
	refused 2 'expected 1 to 3600 seconds' top 0
	stop
}

http() { # METHOD PATH: the answer to that request
	exec 3<>"/dev/tcp/127.0.0.1/$http_port" || die "nobody serves metrics"
	printf '%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n' "$1" "$2" >&3
	answer=$(tr -d '\r' <&3)
	exec 3>&-
}

metrics_by_http() {
	play --metrics-port 0
	http_port=$(sed -n 's|.*http://127.0.0.1:\([0-9]*\)/metrics|\1|p' xdpk.log)
	http GET /metrics
	says 'HTTP/1.1 200 OK'
	says 'Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8'
	says 'xdpk_prog_verdicts_total{prog="xdp_firewall",verdict="drop"}'
	[[ $answer == *'# EOF' ]] || die "it does not end"
	http GET /
	says '404 Not Found'
	http DELETE /metrics
	says '405 Method Not Allowed'
	# Somebody who says nothing keeps nobody from asking for long.
	exec 4<>"/dev/tcp/127.0.0.1/$http_port"
	http GET /metrics
	says '200 OK'
	exec 4>&-
	answer=$(./xdpk --port net_ring0 --no-socket --ebpf firewall.bpf.o --metrics-port "$http_port" 2>&1) && die "a port twice"
	says "127.0.0.1:$http_port: Address already in use"
	stop
}

metrics_by_telemetry() {
	need dpdk-telemetry.py jq
	export RUNTIME_DIRECTORY=$dir
	play
	answer=$(dpdk-telemetry.py <<<'/xdpk/port')
	[ "$answer" = '{"/xdpk/port": ["net_pcap0"]}' ] || die "ports: $answer"
	answer=$(dpdk-telemetry.py <<<'/xdpk/port,net_pcap0')
	jq -e '."/xdpk/port" | .rx_packets > 0 and ."rx_verdicts/drop" > 0 and .driver == "net_pcap"' \
		<<<"$answer" >/dev/null || die "port: $answer"
	answer=$(dpdk-telemetry.py <<<'/xdpk/prog,xdp_firewall')
	jq -e '."/xdpk/prog" | ."map_entries/rules" == 6 and .function == "xdp_firewall"' \
		<<<"$answer" >/dev/null || die "program: $answer"
	answer=$(dpdk-telemetry.py <<<'/xdpk/worker,0')
	jq -e '."/xdpk/worker" | .worker_busy_ns > 0' <<<"$answer" >/dev/null || die "worker: $answer"
	answer=$(dpdk-telemetry.py <<<'/xdpk/port,nobody')
	[ "$answer" = '{"/xdpk/port": null}' ] || die "nobody: $answer"
	stop
}

"$@"
