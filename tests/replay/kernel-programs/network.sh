#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Makes the network of network.init in the network namespace it runs in, then runs a command:
#
#	unshare --net network.sh COMMAND...
set -eu

# add_link IF ifindex N mac MAC mtu N
add_link()
{
	ip link add "$1" index "$3" address "$5" mtu "$7" type veth \
		peer name "p$1" index $(($3 + 100))
	ip link set "p$1" up
	ip link set "$1" up
}

echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
while read -r what verb name rest; do
	case "$what $verb" in
	'#'*) ;;
	'link add') add_link "$name" $rest ;;
	'link set') ip link set "$name" ${rest%% forwarding*} up ;; # it is on everywhere
	'addr add') ip addr replace "$name" $rest $(case $name in *:*) echo nodad ;; esac) ;;
	*) ip "$what" "$verb" "$name" $rest ;;
	esac
done <"$(dirname "$0")/network.init"
exec "$@"
