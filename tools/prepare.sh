# SPDX-License-Identifier: BSD-3-Clause
#
# Sourced by tools/demo and tools/check: installs what a Debian 12 lacks, configures and builds.
# What is there already is left alone, so a second run goes straight to the work.

export LC_ALL=C DEBIAN_FRONTEND=noninteractive

build_packages=(
	gcc libc6-dev meson ninja-build pkg-config
	clang-19 llvm-19-dev
	libelf-dev libbpf-dev libdpdk-dev libpcap-dev libjansson-dev libcmocka-dev
)
# What tests run, and nothing that changes what is built.
test_packages=(
	libclang-rt-19-dev xdp-tools dpdk-dev clang-format valgrind gdb linux-perf
	iproute2 iputils-ping ethtool procps python3 jq tshark systemd
	g++ make dpkg-dev doxygen mandoc groff-base
)

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# Runs a command as root.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo --preserve-env=DEBIAN_FRONTEND "$@"
	else
		die "needs root, or sudo, for: $*"
	fi
}

missing_packages() {
	local package
	for package; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			echo "$package"
	done
}

apt_install() {
	as_root apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@"
}

# install_missing PACKAGE...: those that are missing. The package lists are fetched only if apt cannot
# do with those it has.
install_missing() {
	local missing
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null || die "no apt-get here; install: ${missing[*]}"
	echo "installing ${missing[*]}"
	apt_install "${missing[@]}" >/dev/null 2>&1 && return
	as_root apt-get update -qq || die "apt-get update failed"
	apt_install "${missing[@]}" >/dev/null || die "apt-get could not install ${missing[*]}"
}

# build FOLDER [MESON OPTION...] [-- NINJA TARGET...]: configures the folder when it is new or
# its options are others than last time, then builds what is stale. Without options a folder
# that exists keeps those it has.
build() {
	local folder=$1 options=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	if [ ! -e "$folder/build.ninja" ]; then
		echo "configuring $folder"
		meson setup "$folder" "${options[@]}" >/dev/null ||
			die "meson setup failed: see $folder/meson-logs/meson-log.txt"
	elif [ ${#options[@]} -gt 0 ] && [ "${options[*]}" != "$(cat "$folder/options" 2>/dev/null)" ]; then
		meson configure "$folder" "${options[@]}" >/dev/null || return
	fi
	[ ${#options[@]} -eq 0 ] || echo "${options[*]}" >"$folder/options"
	echo "building $folder"
	# From meson 1.7 on `all` lacks what only tests need.
	[ $# -gt 0 ] || set -- all meson-test-prereq
	ninja -C "$folder" --quiet "$@"
}
