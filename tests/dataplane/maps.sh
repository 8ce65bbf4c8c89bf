#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# usage: maps.sh TEST
# Maps of a running xdpk are seen and changed by the types of their keys and values.

. "$(dirname "$0")/daemon.sh"

FLOW='{"saddr":"10.0.0.1","daddr":"192.0.2.2","sport":1025,"dport":80,"proto":6,"pad":[0,0,0]}'

maps_are_seen_and_changed() {
	start --port net_ring0 --ebpf firewall.bpf.o --init firewall.init
	ctl -j map list
	says '"name":"rules","type":"hash","key_size":16,"value_size":4,"entries":'
	says '"max_entries":65536,"programs":["xdp_firewall"]}'
	ctl map update rules key "$FLOW" value 3
	ctl -j map lookup rules key "$FLOW"
	[ "$answer" = "{\"key\":$FLOW,\"value\":3}" ] || die "not what was set: $answer"
	ctl -j map lookup xdp_firewall/rules key 10 0 0 1 192 0 2 2 4 1 0 80 6 0 0 0
	says '"value":3'
	refused 1 'map rules: File exists' map update rules key "$FLOW" value 1 noexist
	refused 1 "key: there is no member src, but saddr, daddr, sport, dport, proto, pad" \
		map lookup rules key '{"src":"10.0.0.1"}'
	refused 1 "key: saddr: expected an IPv4 address, got 'ten'" \
		map update rules key '{"saddr":"ten"}' value 1
	ctl map delete rules key "$FLOW"
	refused 1 'map rules: No such file' map lookup rules key "$FLOW"
	ctl -j map dump counters
	says '"sum":{"packets":0,"bytes":0}}'
	ctl map show rules
	says 'an IPv4 address'
	refused 1 'there is no map roles' map dump roles
	stop
}

# answers in time: prints how long it takes
timed() {
	local begin=$EPOCHREALTIME
	./xdpkctl "$@" >answer || die "xdpkctl $*: $(tail -1 answer)"
	awk -v b="$begin" -v e="$EPOCHREALTIME" -v w="$*" 'BEGIN {printf "%s: %.2f s\n", w, e - b}'
}

a_million_elements() {
	awk 'BEGIN {
		for (i = 0; i < 1000000; i++)
			printf "{\"key\":{\"saddr\":\"10.%d.%d.%d\",\"daddr\":\"192.0.2.%d\",\"sport\":%d," \
				"\"dport\":443,\"proto\":6,\"pad\":[0,0,0]},\"value\":%d}\n",
				i / 65536, i / 256 % 256, i % 256, i % 250, i % 60000, i
	}' >all
	start --port net_ring0
	ctl prog load firewall.bpf.o as wall resize rules=1000000
	timed map import rules all
	[ "$(tail -1 answer)" = 'imported 1000000' ] || die "imported: $(tail -1 answer)"
	timed map export rules out
	LC_ALL=C sort all >sorted
	LC_ALL=C sort out | cmp - sorted || die "what comes out is not what went in"
	timed -j map dump rules
	grep '"key"' answer | sed 's/,$//' | LC_ALL=C sort | cmp - sorted || die "the dump is another"
	timed map dump rules
	[ "$(wc -l <answer)" = 1000001 ] || die "the table has $(wc -l <answer) lines"
	tail -1 out | sed 's/,"value".*/}/' >broken
	refused 1 "broken:1: there is no \"value\"" map import rules broken
	refused 1 'map rules: Argument list too long' map update rules key "$FLOW" value 1
	stop
}

events_are_streamed() {
	"$MAKE_CAPTURE" mix.pcap >/dev/null || die "no capture"
	start --port net_pcap0,rx_pcap=mix.pcap,infinite_rx=1 --ebpf "$PROGRAMS/report.bpf.o"
	timeout 20 ./xdpkctl map events records as report 2>events.log | head -1000 >records
	grep -qx 'worker 0  lost 0  size 8  data {"ifindex":1,"length":[0-9]*}' records ||
		die "records: $(head -2 records) $(cat events.log)"
	[ "$(wc -l <records)" = 1000 ] || die "only $(wc -l <records) records"
	timeout 20 ./xdpkctl -j map events events 2>events.log | head -1000 >events
	grep -q '^{"worker":0,"lost":[0-9]*,"size":8,"data":"hex 01 00 00 00 ' events ||
		die "events: $(head -2 events) $(cat events.log)"
	refused 1 'there is no struct nothing' map events records as nothing
	stop
}

"$@"
