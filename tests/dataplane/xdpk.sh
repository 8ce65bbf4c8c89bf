#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs xdpk as an ordinary user without hugepages and checks what it writes, counts and says.
#
#	xdpk.sh CASE    one of the functions below whose name begins with test_, without that
#
# The build's files come by environment: XDPK, REPLAY, MAKE_CAPTURE, DUMP_PACKETS, BACKENDS,
# CONFIGS (control lines), SAMPLES and PROGRAMS (objects). Without REPLAY or an object the case is
# skipped.

set -u

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

skip() {
	echo "skipped: $*"
	exit 77
}

# Everything is in one folder that an ordinary user may read.
dir=$(mktemp -d) || exit 1
export XDPK_SOCKET=$dir/control.sock
trap 'rm -rf "$dir"' EXIT
cp "$XDPK" "$dir/xdpk" && cp "$(dirname "$XDPK")/xdpk-compile" "$dir" && cp "$CONFIGS"/*.init "$dir" || exit 1
[ -z "${BACKENDS:-}" ] || cp "$BACKENDS"/libebpf-*.so "$dir" 2>/dev/null
export EBPF_BACKEND_DIR=$dir
as_user=()
if [ "$(id -u)" = 0 ]; then
	as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	chown 65534:65534 "$dir"
fi
chmod 755 "$dir"
cd "$dir" || exit 1

xdpk() {
	timeout 60 "${as_user[@]}" ./xdpk "$@"
}

engines() {
	echo interp
	[ ! -e "$dir/libebpf-llvm.so" ] || echo llvm
}

need_object() {
	cp "$SAMPLES/$1.bpf.o" . 2>/dev/null || cp "$PROGRAMS/$1.bpf.o" . 2>/dev/null ||
		skip "no $1.bpf.o: built without clang"
}

make_input() { # FILE [make-capture's options]
	"$MAKE_CAPTURE" "$@" >/dev/null || fail "make-capture"
	chmod 644 "$1"
}

packets() {
	"$DUMP_PACKETS" "$1" || fail "$1 cannot be read"
}

# total ROW: the last column of a row of xdpk's totals, 0 if it has none
total() {
	awk -v row="$1" 'index($0, row) == 1 { n = $NF } END { print n + 0 }' totals
}

# every packet has one outcome, by xdpk's word and by the sum of what it printed
check_totals() { # PACKETS
	local sum
	sum=$(awk '/^(drop|tx|redirect|pass|aborted|lost:.*) / { n += $NF } END { print n + 0 }' totals)
	[ "$(total received)" = "$1" ] || fail "received $(total received) of $1 packets"
	[ "$sum" = "$1" ] || fail "outcomes of $sum of $1 packets"
	[ "$(total "in flight")" = 0 ] || fail "$(total "in flight") packets in flight"
	grep -qx "accounted: yes" totals || fail "not accounted for"
}

# SAMPLE [INIT FILE]
samples() {
	cat <<-END
		mac-swap
		encap
		encap encap-200.init
		decap decap.init
		firewall firewall.init
		mss-clamp mss-clamp.init
		too-big too-big.init
		count
		conntrack
		ddos ddos.init
		checksum
		redirect redirect.init
	END
}

replay() { # SAMPLE [OPTION...]
	local sample=$1
	shift
	"$REPLAY" "$sample.bpf.o" in.pcap --engine interp "$@" -w tx=tx.pcap -w pass=pass.pcap \
		-w redirect=redirect.pcap >/dev/null || fail "$sample: xdpk-replay"
}

# What leaves by tx is, byte for byte and in order, what xdpk-replay writes. OPTIONS are xdpk's. With
# form=image xdpk gets SAMPLE.image.o, compiled ahead of time.
compare_with_replay() { # SAMPLE INIT OPTION...
	local sample=$1 init=$2 n
	n=$(packets in.pcap | wc -l)
	shift 2
	replay "$sample" ${init:+--init "$init"}
	rm -f out.pcap
	xdpk --ebpf "$sample.${form:-bpf}.o" ${init:+--init "$init"} "$@" \
		--port net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap >totals 2>errors ||
		fail "$sample: exit $?, $(cat errors)"
	check_totals "$n"
	cmp <(packets tx.pcap) <(packets out.pcap) || fail "$sample: sends something else"
	[ "$(total tx)" = "$(packets tx.pcap | wc -l)" ] || fail "$sample: tx count"
	echo "$sample $init: $n packets, $(total tx) sent"
}

test_same_as_replay() {
	local sample init
	[ -n "${REPLAY:-}" ] || skip "no xdpk-replay"
	make_input in.pcap
	while read -r sample init; do
		need_object "$sample"
		compare_with_replay "$sample" "$init"
	done < <(samples)
}

# Compiled ahead of time, with no compiler left when xdpk starts. An image that does not fit is
# interpreted, or an end where compiled code is asked for; both with the reason.
test_images_same_as_replay() {
	local sample init cores form=image why="map rules has max_entries"
	[ -n "${REPLAY:-}" ] && [ -n "${XDPK_VM:-}" ] || skip "no xdpk-replay or xdpk-vm"
	[ -e "$dir/libebpf-llvm.so" ] || skip "built without the compiler"
	make_input in.pcap
	while read -r sample init; do
		need_object "$sample"
		"$XDPK_VM" compile "$sample.bpf.o" ${init:+--init "$init"} --driver mbuf \
			-o "$sample.image.o" || fail "$sample: no image"
		chmod 644 "$sample.image.o"
	done < <(samples)
	need_object report
	"$XDPK_VM" compile report.bpf.o -o report.image.o || fail "report: no image"
	chmod 644 report.image.o
	rm libebpf-*.so xdpk-compile
	while read -r sample init; do
		[ "$sample $init" != "encap " ] || continue # its image is of the other settings
		compare_with_replay "$sample" "$init" --engine llvm
		grep -q "^program .*: interpreted 0, compiled" totals || fail "$sample: $(cat totals)"
	done < <(samples)
	# Its array for events is open in size; there is one image for any number of workers.
	for cores in 1 2; do
		xdpk --ebpf report.image.o --engine llvm --cores $cores \
			--port net_pcap0,rx_pcap=in.pcap >totals 2>errors || fail "report: $(cat errors)"
	done
	{ echo "map resize rules max_entries 64" && cat firewall.init; } >small.init
	xdpk --ebpf firewall.image.o --init small.init --engine llvm \
		--port net_pcap0,rx_pcap=in.pcap >totals 2>errors && fail "firewall: it does not fit"
	grep "$why" errors || fail "firewall: $(cat errors)"
	for _ in {1..20}; do # packets may all be judged before anybody looks into the image
		compare_with_replay firewall small.init
		! grep "$why" errors || break
	done
	grep -q "$why" errors || fail "firewall: $(cat errors)"
	grep -q "^program .*compiled 0$" totals || fail "firewall: $(cat totals)"
}

# On a device, if it can be there, and if it breaks. What cannot be there says why, and runs.
test_devices_same_as_replay() {
	local sample init device devices
	[ -n "${REPLAY:-}" ] || skip "no xdpk-replay"
	[ -e "$dir/libebpf-llvm.so" ] || skip "built without LLVM, so there are no kernels"
	make_input in.pcap
	while read -r sample init; do
		need_object "$sample"
		devices=('host:2')
		case $sample in firewall | encap)
			devices+=('host:1 batch 7' 'faulty:missing:2:host:1 batch 64') ;;
		esac
		for device in "${devices[@]}"; do
			compare_with_replay "$sample" "$init" --offload "$device split gpu"
			case $sample in
			mac-swap | encap | firewall | count | checksum)
				[[ $device != host* || ! -s errors ]] || fail "$sample: $(cat errors)" ;;
			conntrack | ddos)
				grep -q "^xdpk: program .* runs on the CPU, .*$sample.bpf.c:" errors ||
					fail "$sample: no reason in $(cat errors)" ;;
			esac
		done
		cat errors
	done < <(samples)
}

# One line, and the CPU carries on.
test_no_device() {
	local device
	need_object mac-swap
	make_input in.pcap
	for device in cuda:77 cuda:nobody nothing faulty:load:host:1; do
		xdpk --ebpf mac-swap.bpf.o --offload "$device" --port net_pcap0,rx_pcap=in.pcap \
			>totals 2>errors || fail "$device: exit $?"
		check_totals "$(packets in.pcap | wc -l)"
		[ "$(wc -l <errors)" = 1 ] || fail "$device: says $(cat errors)"
		grep "^xdpk: program xdp_mac_swap runs on the CPU, not on a device: " errors ||
			fail "$device: says $(cat errors)"
	done
}

# Frames longer than a page go whole to programs that take fragments, and are lost to others. net_pcap
# writes no more than 16128 bytes of one.
test_frags_same_as_replay() {
	local n engine long
	[ -n "${REPLAY:-}" ] || skip "no xdpk-replay"
	need_object frags
	make_input in.pcap --longest 16000 --count 20
	n=$(packets in.pcap | wc -l)
	"$REPLAY" frags.bpf.o in.pcap --prog xdp_frags --engine interp -w tx=tx.pcap \
		-w pass=pass.pcap >/dev/null || fail "xdpk-replay"
	long=$("$REPLAY" frags.bpf.o in.pcap --prog xdp_linear --engine interp --json |
		sed -n 's/.*"too_long": *\([0-9]*\).*/\1/p')
	[ "$long" -gt 0 ] || fail "no long packets"
	for engine in $(engines); do
		rm -f out?.pcap
		xdpk --ebpf frags.bpf.o --prog xdp_frags --engine "$engine" --pass net_pcap1 \
			--port net_pcap0,rx_pcap=in.pcap,tx_pcap=out0.pcap \
			--port net_pcap1,tx_pcap=out1.pcap >totals || fail "$engine: exit $?"
		check_totals "$n"
		cmp <(packets tx.pcap) <(packets out0.pcap) || fail "$engine: tx differs"
		cmp <(packets pass.pcap) <(packets out1.pcap) || fail "$engine: pass differs"
		xdpk --ebpf frags.bpf.o --prog xdp_linear --engine "$engine" \
			--port net_pcap0,rx_pcap=in.pcap,tx_pcap=out0.pcap >totals ||
			fail "$engine: exit $?"
		check_totals "$n"
		[ "$(total "lost: too long")" = "$long" ] || fail "$engine: not $long too long"
	done
	echo "$n packets, $long longer than a page"
}

# The same for what passes or is redirected, with ports for it, in each engine.
test_every_way_out_same_as_replay() {
	local sample init n engine
	[ -n "${REPLAY:-}" ] || skip "no xdpk-replay"
	make_input in.pcap
	n=$(packets in.pcap | wc -l)
	while read -r sample init; do
		need_object "$sample"
		set -- ${init:+--init "$init"}
		replay "$sample" "$@"
		for engine in $(engines); do
			rm -f out?.pcap
			xdpk --ebpf "$sample.bpf.o" "$@" --engine "$engine" --pass net_pcap3 \
				--port net_pcap0,rx_pcap=in.pcap,tx_pcap=out0.pcap \
				--port net_pcap1,tx_pcap=out1.pcap --port net_pcap2,tx_pcap=out2.pcap \
				--port net_pcap3,tx_pcap=out3.pcap >totals || fail "$sample: exit $?"
			check_totals "$n"
			cmp <(packets tx.pcap) <(packets out0.pcap) || fail "$sample: $engine: tx differs"
			cmp <(packets pass.pcap) <(packets out3.pcap) || fail "$sample: $engine: pass differs"
			cmp <(packets redirect.pcap | sort) <({ packets out1.pcap; packets out2.pcap; } | sort) ||
				fail "$sample: $engine: redirect differs"
			echo "$sample $init $engine: tx $(total tx), pass $(total pass)," \
				"redirect $(total redirect)"
		done
	done < <(samples)
}

# Packets go on while the program moves from the interpreter to compiled code. How many must come
# for that to happen midway depends on the machine.
test_tier_switch_changes_nothing() {
	local queues=, i count
	engines | grep -q llvm || skip "built without the compiler"
	need_object encap
	for i in 1 2 3 4 5 6 7 8 9 10; do queues+=rx_pcap=i,; done # DPDK takes 128 bytes
	for count in 500 2000 8000; do
		make_input i --count $count
		xdpk --ebpf encap.bpf.o --port net_pcap0"$queues"tx_pcap=auto >totals || fail "exit $?"
		check_totals $((10 * $(packets i | wc -l)))
		grep "^program" totals
		grep -qE "interpreted [1-9][0-9]*, compiled [1-9]" totals || continue
		xdpk --ebpf encap.bpf.o --engine interp --port net_pcap0"$queues"tx_pcap=interp >totals ||
			fail "interp: exit $?"
		cmp <(packets interp) <(packets auto) || fail "outputs differ"
		return
	done
	fail "compiled too late every time"
}

# Whatever becomes of the compiler, every packet is judged, and a signal ends the run at once.
test_bad_compilers() {
	local lines words
	engines | grep -q llvm || skip "built without the compiler"
	need_object mac-swap
	make_input in.pcap
	while IFS='|' read -r lines words; do
		rm -f xdpk-compile
		[ -z "$lines" ] || printf '#!/bin/sh\n%s\n' "$lines" >xdpk-compile
		[ -z "$lines" ] || chmod 755 xdpk-compile
		SECONDS=0
		timeout -s TERM -k 30 --preserve-status 2 "${as_user[@]}" ./xdpk --ebpf mac-swap.bpf.o \
			--no-cache --port net_pcap0,rx_pcap=in.pcap,infinite_rx=1 >totals 2>stderr ||
			fail "$lines: exit $?"
		[ "$SECONDS" -lt 10 ] || fail "$lines: it took $SECONDS seconds to end"
		check_totals "$(total received)"
		[ "$(total received)" -gt 10000 ] || fail "$lines: received $(total received)"
		[ "$(wc -l <stderr)" = $([ -z "$words" ]; echo $?) ] || fail "$lines: $(cat stderr)"
		[ -z "$words" ] || grep -F -- "$words" stderr || fail "'$words' is not in: $(cat stderr)"
	done <<-'END'
		kill -9 $$|stayed in the interpreter: xdp_mac_swap: the compiler
		kill -SEGV $$|died of signal 11
		echo garbage|is no answer
		|cannot be started: No such file or directory
		exec sleep 1000|
	END
}

# By ifindex from a capture to a ring port, and what comes back from there to a third.
test_redirect_by_ifindex() {
	local cores n
	need_object relay
	make_input in.pcap --count 20
	n=$(packets in.pcap | wc -l)
	[ "$n" -lt 1000 ] || fail "$n packets may be too many for the ring"
	for cores in 1 2; do
		xdpk --ebpf relay.bpf.o --cores $cores --port net_pcap0,rx_pcap=in.pcap --port net_ring0 \
			--port net_pcap1,tx_pcap=out.pcap --ifindex net_ring0=7 >totals || fail "exit $?"
		check_totals $((2 * n))
		[ "$(total redirect)" = $((2 * n)) ] || fail "redirected $(total redirect)"
		cmp <(packets in.pcap) <(packets out.pcap) || fail "outputs differ with $cores workers"
		xdpk --ebpf relay.bpf.o --cores $cores --port net_pcap0,rx_pcap=in.pcap >totals ||
			fail "exit $?"
		check_totals "$n"
		[ "$(total "lost: no target")" = "$n" ] || fail "no target: $(total "lost: no target")"
	done
}

# every N-th line from the first-th on
every() { # N FIRST
	awk -v n="$1" -v first="$2" 'NR % n == first % n'
}

# By index to a file, by hash to a ring port, whose packets go on by index; without an entry what the
# flags say; by broadcast to all that are there.
test_redirect_by_device_maps() {
	local engine n n_by_index n_by_hash
	need_object devices
	make_input in.pcap --count 20
	n=$(packets in.pcap | wc -l)
	cat >devices.init <<-END
		map update by_index key 2 0 0 0 value 2 0 0 0 0 0 0 0
		map update by_index key 3 0 0 0 value 9 0 0 0 0 0 0 0
		map update by_index key 5 0 0 0 value 77 0 0 0 0 0 0 0
		map update by_hash key hex 70 11 01 00 value 6 0 0 0
	END
	for engine in $(engines); do
		rm -f back.pcap index.pcap pass.pcap hash.pcap
		xdpk --ebpf devices.bpf.o --init devices.init --engine "$engine" \
			--port net_pcap0,rx_pcap=in.pcap,tx_pcap=back.pcap \
			--port net_pcap1,tx_pcap=index.pcap --port net_ring0 \
			--port net_pcap2,tx_pcap=hash.pcap --port net_pcap3,tx_pcap=pass.pcap \
			--ifindex net_ring0=6 --ifindex net_pcap2=9 --pass net_pcap3 >totals ||
			fail "$engine: exit $?"
		packets in.pcap >all
		check_totals $((n + $(every 8 2 <all | wc -l) + $(every 8 0 <all | wc -l)))
		cmp <(awk 'NR % 8 == 1 || NR % 8 == 7' all) <(packets index.pcap) ||
			fail "$engine: by index and by broadcast"
		cmp <(awk 'NR % 8 == 2 || NR % 8 == 7 || NR % 8 == 0' all | sort) \
			<(packets hash.pcap | sort) ||
			fail "$engine: by broadcast, and by hash and back by index"
		cmp <(every 8 3 <all) <(packets pass.pcap) || fail "$engine: no entry: pass"
		cmp <(every 8 4 <all) <(packets back.pcap) || fail "$engine: no entry: tx"
		[ "$(total drop)" = "$(every 8 5 <all | wc -l)" ] || fail "$engine: no entry: drop"
		[ "$(total "lost: no target")" = "$(every 8 6 <all | wc -l)" ] ||
			fail "$engine: no target: $(total "lost: no target")"
		n_by_index=$(awk 'NR % 8 == 7' all | wc -l) n_by_hash=$(every 8 0 <all | wc -l)
		grep -q "^copies from net_pcap0: $((3 * n_by_index + n_by_hash)) entered, redirect $((2 * \
			n_by_index + n_by_hash)), lost: no target $n_by_index\$" totals ||
			fail "$engine: copies: $(grep ^copies totals)"
	done
}

# Programs at entries are compiled for packets that have an Ethernet header at the least: whatever
# programs cut off, before a redirect and behind it, that is left. The kernel says the same.
test_a_header_is_left() {
	local engine n
	need_object shrink
	make_input in.pcap --count 50
	cat >shrink.init <<-END
		map update ports key 1 value 2 prog at_port
		map update ports key 2 value 3
		map update cpus key 1 value 1024 prog at_worker
	END
	n=$(packets in.pcap | wc -l)
	for engine in $(engines); do
		rm -f one.pcap two.pcap
		xdpk --ebpf shrink.bpf.o --prog shrink --init shrink.init --engine "$engine" --cores 2 \
			--port net_pcap0,rx_pcap=in.pcap,tx_pcap=back.pcap \
			--port net_pcap1,tx_pcap=one.pcap --port net_pcap2,tx_pcap=two.pcap >totals ||
			fail "$engine: exit $?"
		check_totals "$n"
		[ "$(total redirect)" = "$n" ] || fail "$engine: not all are redirected"
		[ "$(packets one.pcap | grep -cE '^.{22}d0.{4}$')" = $((n / 2)) ] ||
			fail "$engine: by the port's program: $(packets one.pcap | head -3)"
		[ "$(packets two.pcap | grep -cE '^.{22}c1.{4}$')" = $(((n + 1) / 2)) ] ||
			fail "$engine: by the worker's program: $(packets two.pcap | head -3)"
	done
	[ -n "${REPLAY:-}" ] || return 0
	"$REPLAY" shrink.bpf.o in.pcap --prog shrink --engine all >replay || fail "$(cat replay)"
	grep -q "^aborted .*[1-9]" replay && fail "more is cut off: $(cat replay)"
	cat replay
}

# What is longer than a port's MTU does not leave by it: the device's own, or what it is given.
test_mtu_at_start() {
	local n
	need_object relay
	make_input in.pcap --longest 3000 --count 20
	n=$(packets in.pcap | wc -l)
	xdpk --ebpf relay.bpf.o --ifindex net_pcap1=7 --port net_pcap0,rx_pcap=in.pcap \
		--port net_pcap1,tx_pcap=out.pcap >totals || fail "exit $?"
	[ "$(total "lost: over mtu")" -gt 0 ] || fail "nothing is longer than 1500"
	xdpk --ebpf relay.bpf.o --ifindex net_pcap1=7 --port net_pcap0,rx_pcap=in.pcap \
		--port net_pcap1,tx_pcap=out.pcap --mtu net_pcap1=3000 >totals || fail "exit $?"
	[ "$(total redirect)" = "$n" ] || fail "redirected $(total redirect) of $n"
	cmp <(packets in.pcap) <(packets out.pcap) || fail "outputs differ"
	xdpk --ebpf relay.bpf.o --mtu 20 --port net_null0 2>err && fail "an MTU of 20"
	grep -q "net_null0: the device's MTU is [0-9]* at least" err || fail "$(cat err)"
	xdpk --ebpf relay.bpf.o --mtu net_null0=x --port net_null0 2>err && fail "an MTU of x"
	grep -q "mtu net_null0=x: must be 1 to 65535" err || fail "$(cat err)"
}

# with_source BYTE: the packets, their source addresses ending so.
with_source() {
	sed -E "s/^(.{22})../\\1$1/"
}

# A port's program, a worker's program that sends on, copies to all, a worker without a program.
need_targets() {
	need_object targets
	cat >targets.init <<-END
		map update ports key 1 value 2 prog at_port
		map update ports key 2 value 3
		map update cpus key 0 value 1024
		map update cpus key 1 value 1024 prog at_worker
	END
}

test_programs_at_targets() {
	local engine n
	need_targets
	make_input in.pcap --count 200
	for engine in $(engines); do
		rm -f one.pcap two.pcap pass.pcap
		xdpk --ebpf targets.bpf.o --prog distribute --init targets.init --engine "$engine" \
			--cores 2 --port net_pcap0,rx_pcap=in.pcap,tx_pcap=back.pcap \
			--port net_pcap1,tx_pcap=one.pcap --port net_pcap2,tx_pcap=two.pcap \
			--port net_pcap3,tx_pcap=pass.pcap --pass net_pcap3 >totals ||
			fail "$engine: exit $?"
		packets in.pcap >all
		n=$(wc -l <all)
		check_totals "$n"
		[ "$(total redirect)" = "$n" ] || fail "$engine: not all are redirected"
		cmp <(awk 'NR % 4 == 1 || NR % 4 == 3' all | with_source 02 | sort) \
			<(packets one.pcap | sort) || fail "$engine: by the port's program"
		cmp <((every 4 2 <all | with_source c1; every 4 3 <all) | sort) \
			<(packets two.pcap | sort) || fail "$engine: by the worker's program, and copies"
		cmp <(every 4 0 <all | sort) <(packets pass.pcap | sort) ||
			fail "$engine: by a worker without a program"
		grep -q "^egress of net_pcap1: $(awk 'NR % 4 == 1 || NR % 4 == 3' all | wc -l) entered" \
			totals || fail "$engine: $(grep ^egress totals)"
		grep -q "^cpumap of worker 1: $(every 4 2 <all | wc -l) entered, redirect" totals ||
			fail "$engine: $(grep ^cpumap totals)"
	done
}

test_pass_target() {
	need_object count
	make_input in.pcap
	xdpk --ebpf count.bpf.o --pass net_pcap1 --port net_pcap0,rx_pcap=in.pcap \
		--port net_pcap1,tx_pcap=out.pcap >totals || fail "exit $?"
	check_totals "$(packets in.pcap | wc -l)"
	[ "$(total sent)" = "$(total pass)" ] || fail "sent $(total sent), passed $(total pass)"
	[ "$(packets out.pcap | wc -l)" = "$(total pass)" ] || fail "the target has not got them all"
	xdpk --ebpf count.bpf.o --pass net_pcap1 --pass net_pcap0=drop --port net_pcap0,rx_pcap=in.pcap \
		--port net_pcap1,tx_pcap=out.pcap >totals || fail "exit $?"
	[ "$(packets out.pcap | wc -l)" = 0 ] || fail "dropped packets arrived"
}

# Two captures for two workers, who share one file to write.
test_two_workers() {
	need_object mac-swap
	make_input a.pcap
	make_input b.pcap --count 5000 --kind udp
	xdpk --ebpf mac-swap.bpf.o --port net_pcap0,rx_pcap=a.pcap,rx_pcap=b.pcap,tx_pcap=one.pcap \
		--cores 1 >totals || fail "exit $?"
	xdpk --ebpf mac-swap.bpf.o --port net_pcap0,rx_pcap=a.pcap,rx_pcap=b.pcap,tx_pcap=two.pcap \
		--cores 2 >totals || fail "exit $?"
	check_totals $(($(packets a.pcap | wc -l) + $(packets b.pcap | wc -l)))
	cmp <(packets one.pcap | sort) <(packets two.pcap | sort) || fail "outputs differ"
}

# A signal ends an endless input: what is under way leaves, totals are printed, exit 0.
test_signals_drain() {
	local signal cores pid
	need_object mac-swap
	make_input in.pcap
	for signal in TERM INT HUP; do
		for cores in 1 2; do
			timeout -s $signal -k 30 --preserve-status 3 "${as_user[@]}" ./xdpk \
				--ebpf mac-swap.bpf.o --cores $cores --stats 1 \
				--port net_pcap0,rx_pcap=in.pcap,infinite_rx=1 >totals || fail "$signal: exit $?"
			grep -q "^[1-9][0-9]* s: .* Mpps" totals || fail "no rates"
			[ "$(total received)" -gt 10000 ] || fail "received $(total received)"
			check_totals "$(total received)"
			[ "$(total sent)" = "$(total tx)" ] || fail "sent $(total sent) of $(total tx)"
		done
	done
}

# With packets between ports, between workers, and copies.
test_signals_drain_targets() {
	need_targets
	make_input in.pcap
	timeout -s TERM -k 30 --preserve-status 2 "${as_user[@]}" ./xdpk \
		--ebpf targets.bpf.o --prog distribute --init targets.init --cores 2 \
		--port net_pcap0,rx_pcap=in.pcap,infinite_rx=1 --port net_pcap1,tx_pcap=/dev/null \
		--port net_pcap2,tx_pcap=/dev/null >totals || fail "exit $?"
	[ "$(total received)" -gt 10000 ] || fail "received $(total received)"
	check_totals "$(total received)"
	[ "$(total redirect)" = "$(total received)" ] || fail "not all are redirected"
	grep -q "^cpumap of worker 1: [1-9]" totals || fail "nothing came to worker 1"
}

# kill(2), with batches away to devices: that work, that are always late, and that have one or all
# not come back, which the drain waits for as long as `patience` says.
test_signals_drain_batches() {
	local device pid spent
	need_object mac-swap
	[ -e libebpf-llvm.so ] || skip "built without LLVM: there are no kernels"
	make_input in.pcap
	for device in host:2 faulty:late:0:host:2 faulty:missing:5:host:2 faulty:missing:0:host:2; do
		: >totals
		"${as_user[@]}" ./xdpk --ebpf mac-swap.bpf.o --cores 2 --stats 1 \
			--offload "$device split gpu batch 1024 deadline 1000000 patience 3000" \
			--port net_pcap0,rx_pcap=in.pcap,infinite_rx=1 \
			--port net_pcap1,rx_pcap=in.pcap,infinite_rx=1 >totals 2>messages &
		pid=$!
		for ((i = 0; i < 300; i++)); do
			grep -q '^[1-9][0-9]* s:' totals && break
			sleep 0.1
		done
		spent=$(date +%s%N)
		kill -TERM $pid
		wait $pid || fail "$device: exit $?: $(cat messages)"
		spent=$((($(date +%s%N) - spent) / 1000000))
		[ "$(total received)" -gt 1000 ] || fail "$device: received $(total received)"
		check_totals "$(total received)"
		[ "$(total sent)" = "$(total tx)" ] || fail "$device: sent $(total sent) of $(total tx)"
		echo "$device: $(total received) packets, gone $spent ms after the signal"
	done
	[ $spent -gt 500 ] || fail "batches that were away were not waited for: $spent ms"
}

# bad WORDS OPTION...: exit 2, and one line on stderr, with these words in it
bad() {
	local words=$1 status
	shift
	xdpk "$@" >stdout 2>stderr
	status=$?
	[ $status = 2 ] || fail "exit $status: $*"
	[ "$(wc -l <stderr)" = 1 ] || fail "$(wc -l <stderr) lines: $*"
	grep -qF -- "$words" stderr || fail "'$words' is not in: $(cat stderr)"
	[ ! -s stdout ] || fail "output: $*"
}

test_bad_input() {
	need_object mac-swap
	need_object reject
	make_input in.pcap
	head -c 1000 in.pcap >cut.pcap
	head -c 24 in.pcap >empty.pcap
	echo this is not a capture >text
	chmod 644 ./*.pcap text
	local object=(--ebpf mac-swap.bpf.o) port=(--port net_pcap0,rx_pcap=in.pcap)

	bad "--port"
	bad "--ebpf" "${port[@]}" --no-socket
	bad "--init without --ebpf" "${port[@]}" --init x
	bad "exclude each other" "${object[@]}" "${port[@]}" --no-socket --socket x
	bad "absent.lines" "${port[@]}" --config absent.lines
	bad "--nonsense" --nonsense
	bad "--port" "${object[@]}"
	bad "FILE is missing" "${port[@]}" --ebpf
	bad "absent.o" --ebpf absent.o "${port[@]}"
	bad "text" --ebpf text "${port[@]}"
	bad "reject.bpf.o: insn" --ebpf reject.bpf.o "${port[@]}"
	bad "nobody" "${object[@]}" "${port[@]}" --prog nobody
	bad "warp" "${object[@]}" "${port[@]}" --engine warp
	bad "offload without --ebpf" "${port[@]}" --offload host
	bad "batch 5000" "${object[@]}" "${port[@]}" --offload "host batch 5000"
	bad "auto, cpu or gpu" "${object[@]}" "${port[@]}" --offload "host split half"
	bad "warp" "${object[@]}" "${port[@]}" --offload "host warp 9"
	bad "cut.pcap: packet 1" "${object[@]}" --port net_pcap0,rx_pcap=cut.pcap
	bad "absent.pcap" "${object[@]}" --port net_pcap0,rx_pcap=absent.pcap
	bad "capture text" "${object[@]}" --port net_pcap0,rx_pcap=text
	bad "empty.pcap" "${object[@]}" --port net_pcap0,rx_pcap=empty.pcap,infinite_rx=1
	bad "net_pcap0,colour=red" "${object[@]}" --port net_pcap0,colour=red
	bad "net_teapot0" "${object[@]}" --port net_teapot0
	bad "absent/out.pcap" "${object[@]}" "${port[@]}" --port net_pcap1,tx_pcap=absent/out.pcap
	bad "net_pcap0" "${object[@]}" "${port[@]}" "${port[@]}"
	bad "0000:01:00.0" "${object[@]}" --port 0000:01:00.0
	bad "nowhere" "${object[@]}" "${port[@]}" --pass nowhere
	bad "net_pcap0=0" "${object[@]}" "${port[@]}" --ifindex net_pcap0=0
	bad "ifindex 1" "${object[@]}" "${port[@]}" --port net_ring0 --ifindex 1=1
	bad "0-x" "${object[@]}" "${port[@]}" --cores 0-x
	bad "there is no CPU 1000" "${object[@]}" "${port[@]}" --cores 0,1000
	bad "xdpk -v shows" "${object[@]}" --port net_af_packet0,iface=absent
	bad "--cores 0" "${object[@]}" "${port[@]}" --cores 0
	bad "text:1" "${object[@]}" "${port[@]}" --init text
	bad "-l" --no-huge -- "${object[@]}" "${port[@]}" --cores 2
}

# DPDK's way: EAL's own options first, its devices used as they are.
test_eal_options() {
	need_object mac-swap
	make_input in.pcap
	xdpk --no-huge -m 128 --no-shconf --no-pci --no-telemetry -l 0 --log-level=*:3 \
		--vdev net_pcap0,rx_pcap=in.pcap,tx_pcap=out.pcap -- --ebpf mac-swap.bpf.o >totals ||
		fail "exit $?"
	check_totals "$(packets in.pcap | wc -l)"
	[ "$(packets out.pcap | wc -l)" = "$(total tx)" ] || fail "tx"
}

"test_$1"
