#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Makes the network of network.init in the network namespace it runs in, then runs a command:
#
#	unshare --net network.sh COMMAND...
set -eu

echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
while read -r what verb name rest; do
	case $what in
	'#'*) ;;
	link)
		if [ "$verb" = add ]; then
			eval "set -- $rest" '"$@"'
			ip link add "$name" index "$2" address "$4" mtu "$6" type veth \
				peer name "p$name" index $(($2 + 100))
			ip link set "p$name" up
			shift 6
		else
			ip link set "$name" ${rest%% forwarding*} # on everywhere
		fi
		ip link set "$name" up
		;;
	addr)
		case $name in
		*:*) ip addr replace "$name" $rest nodad ;;
		*) ip addr replace "$name" $rest ;;
		esac
		;;
	*) ip "$what" "$verb" "$name" $rest ;;
	esac
done <"$(dirname "$0")/network.init"
exec "$@"
