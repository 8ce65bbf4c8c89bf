#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# The unit under systemd itself, which runs as the first process of a container that is made for it:
# namespaces of its own, and this machine's files under a layer that takes what is written. It starts
# the service, as its unit confines it, changes and reloads it, and stops it. The build's files come by
# environment.

unit=$SAMPLES/xdpk.service
systemd=/lib/systemd/systemd

skip() {
	echo "skipped: $*"
	exit 77
}

[ "$(id -u)" = 0 ] || skip "not root"
[ -x $systemd ] || skip "no systemd"
[ -n "${XDPKCTL:-}" ] || skip "no xdpkctl"
[ -e "$SAMPLES/firewall.bpf.o" ] || skip "no firewall.bpf.o"

# --- in the container ---------------------------------------------------------------------------

# What systemd runs beside the service; its words go to the test.
probe() {
	fail() {
		echo "FAILED: $*"
		systemctl status xdpk --no-pager -l
		exit 1
	}
	xdpkctl net list | grep -q firewall || fail "no program is attached"
	[ -S /run/xdpk/control.sock ] || fail "no socket in the runtime directory"
	pid=$(systemctl show -p MainPID --value xdpk)
	grep -q "^CapEff:.*0003000$" "/proc/$pid/status" || fail "$(grep Cap "/proc/$pid/status")"
	grep -q "^Seccomp:.*2$" "/proc/$pid/status" || fail "no filter of system calls"
	[ ! -w /dev/net/tun ] || xdpkctl port add net_tap0,iface=later || fail "no TAP later"
	if [ -e /usr/local/lib/xdpk/libebpf-llvm.so ]; then
		for _ in {1..300}; do
			xdpkctl -j prog list | grep -q '"state":"compiled"' && break
			sleep 0.1
		done
		xdpkctl -j prog show firewall | grep -q '"state":"compiled"' || fail "$(xdpkctl prog show firewall)"
		[ -n "$(ls /var/cache/xdpk)" ] || fail "nothing is in the cache"
	fi
	systemctl reload xdpk || fail "no reload"
	xdpkctl -j prog show firewall | grep -q '"replaced":1' || fail "it has reloaded nothing"
	systemctl stop xdpk || fail "it does not stop"
	[ "$(systemctl show -p Result --value xdpk)" = success ] || fail "it ended as $(systemctl show -p Result xdpk)"
	echo "done"
}

# The container's files, whose root is $root.
furnish() {
	local root=$1 device
	mount -t proc proc "$root/proc"
	mount -t sysfs sysfs "$root/sys" && mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup" || return
	mount -t tmpfs tmpfs "$root/dev" && mkdir "$root"/dev/{net,shm,pts} && ln -s /proc/self/fd "$root/dev/fd"
	for device in null zero full random urandom tty net/tun; do
		[ ! -e /dev/$device ] || { touch "$root/dev/$device" && mount --bind /dev/$device "$root/dev/$device"; }
	done
	mkdir -p "$root/out" "$root/etc/xdpk" "$root/usr/local/bin" "$root/usr/local/lib/xdpk"
	mount --bind . "$root/out"
	cp "$XDPK" "$(dirname "$XDPK")/xdpk-compile" "$XDPKCTL" "$root/usr/local/bin"
	cp "$BACKENDS"/*.so "$root/usr/local/lib/xdpk" 2>/dev/null
	cp "$CONFIGS/firewall.init" "$SAMPLES/firewall.bpf.o" "$root/etc/xdpk"
	cp "$CONFIGS/firewall.conf" "$root/etc/xdpk/xdpk.conf"
	rm -rf "$root"/etc/systemd/system/*.wants
	mkdir -p "$root/etc/systemd/system/xdpk.service.d"
	sed "s|^ExecStart=[^ ]*|ExecStart=/usr/local/bin/xdpk|" "$unit" >"$root/etc/systemd/system/xdpk.service"
	# A sanitizer's look for leaks is none of the system calls that the unit allows.
	printf '[Service]\nEnvironment=EBPF_BACKEND_DIR=/usr/local/lib/xdpk ASAN_OPTIONS=detect_leaks=0\n' \
		>"$root/etc/systemd/system/xdpk.service.d/build.conf"
	cat >"$root/etc/systemd/system/probe.service" <<-END
		[Unit]
		Wants=xdpk.service
		After=xdpk.service
		SuccessAction=exit-force
		FailureAction=exit-force
		[Service]
		Type=oneshot
		TimeoutStartSec=60
		Environment=PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
		ExecStart=/bin/bash /out/probe.sh
		StandardOutput=file:/out/probe.out
		StandardError=file:/out/probe.out
	END
	(declare -f probe && echo probe) >probe.sh
	mount -t tmpfs tmpfs "$root/run" && mount -t tmpfs tmpfs "$root/tmp"
}

if [ "${1:-}" = inside ]; then
	mount --make-rprivate / && mount -t tmpfs tmpfs layer && mkdir layer/{upper,work,root} || exit 2
	mount -t overlay overlay -o lowerdir=/,upperdir=layer/upper,workdir=layer/work layer/root || exit 2
	furnish layer/root || exit 2
	ip link set lo up
	for n in 1 2; do
		ip link add veth$n type veth peer name host$n && ip link set veth$n up && ip link set host$n up
	done
	cd layer/root && mkdir -p old && pivot_root . old && touch /out/begun || exit 2
	exec chroot . /bin/bash -c "umount -l /old; container=lxc exec $systemd --system \
		--unit=probe.service --log-target=null --show-status=0 >/out/systemd.out 2>&1"
fi

# --- outside ------------------------------------------------------------------------------------

self=$(realpath "$0")
dir=$(mktemp -d) && cd "$dir" && mkdir layer || exit 1
trap 'rm -rf "$dir"' EXIT
timeout -k 5 100 unshare -m -p -f -n -u -i --cgroup bash "$self" inside >inside.out 2>&1
[ -e begun ] || skip "no container: $(tail -n 1 inside.out)"
cat probe.out systemd.out 2>/dev/null
grep -qx "done" probe.out
