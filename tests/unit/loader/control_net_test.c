/* SPDX-License-Identifier: BSD-3-Clause
 *
 * control_net_test.c -- control lines about the network: what they set, and what is said of wrong
 * ones. What becomes of it is fib_test.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <control.h>
#include <ebpf-net.h>

static struct ebpf_instance *inst;

static int create(void **state)
{
	inst = ebpf_instance__create(NULL, NULL);
	return inst ? 0 : -1;
}

static int destroy(void **state)
{
	ebpf_instance__destroy(inst);
	return 0;
}

static int run(const char *line, char **err)
{
	struct control_context c = {
		.tables = control__loader_tables, .instance = inst, .role = CONTROL_OPERATOR};

	return control__run_line(&c, line, err);
}

static void good(const char *line)
{
	char *err;

	if (run(line, &err))
		fail_msg("'%s': %s", line, err);
}

static void bad(const char *line, const char *part)
{
	char *err;

	if (!run(line, &err))
		fail_msg("'%s' is accepted", line);
	if (!err || !strstr(err, part))
		fail_msg("'%s': \"%s\" is not in \"%s\"", line, part, err);
	free(err);
}

static void the_network_is_set(void **state)
{
	struct ebpf_link link;

	good("link add eth0 ifindex 7 mac 02:00:00:00:00:0a mtu 1400 forwarding off");
	assert_int_equal(ebpf_net__find_link(inst, "eth0", &link), 0);
	assert_int_equal(link.ifindex, 7);
	assert_int_equal(link.mtu, 1400);
	assert_memory_equal(link.mac, "\2\0\0\0\0\12", 6);
	assert_true(link.no_forwarding);
	good("link set eth0 forwarding on mtu 9000");
	assert_int_equal(ebpf_net__find_link(inst, "eth0", &link), 0);
	assert_int_equal(link.mtu, 9000);
	assert_false(link.no_forwarding);
	good("addr add 10.0.0.1/24 dev eth0");
	bad("addr add 10.0.0.1/24 dev eth0", "the link has that address");
	good("route add 192.0.2.0/24 via 10.0.0.2 dev eth0 src 10.0.0.1 metric 5 mtu lock 1200 "
	     "table 9");
	bad("route add 192.0.2.99/24 dev eth0 table 9", "has a route to that prefix");
	good("route replace 192.0.2.0/24 dev eth0 table 9");
	good("route add default via fe80::1 dev eth0");
	good("route del ::/0");
	good("route add blackhole 198.51.100.0/24");
	good("neigh add 10.0.0.2 dev eth0 lladdr 02:00:00:00:00:02");
	good("rule add pref 7 fwmark 0x1/0xff table 9");
	good("rule del fwmark 1/255 lookup 9");
	good("route del 192.0.2.0/24 table 9");
	bad("route del 192.0.2.0/24 table 9", "no route to that prefix");
	good("link del eth0");
	bad("route del 10.0.0.0/24", "no route to that prefix");
	bad("neigh del 10.0.0.2 dev eth0", "there is no interface eth0");
}

static void wrong_lines_are_explained(void **state)
{
	static const char *const wrong[][2] = {
		{"link add eth0 ifindex 8", "there is an interface eth0"},
		{"link add eth1 mac 02:00:00:00:00:0b", "expected 'ifindex'"},
		{"link add eth1 ifindex 0", "expected 'ifindex'"},
		{"link add eth1 ifindex 8 mac 02:00:00:00:00", "expected a MAC address"},
		{"link add eth1 ifindex 8 mac 02:00:00:00:00:0b:0c", "expected a MAC address"},
		{"link add eth1 ifindex 8 speed 10",
			"unexpected 'speed', expected one of: ifindex"},
		{"link set eth0 ifindex 9", "keeps its ifindex"},
		{"link set eth0 forwarding maybe", "expected 'on' or 'off'"},
		{"addr add 10.0.0.1/33 dev eth0", "expected an address with its prefix"},
		{"addr add 10.0.0.1/24", "expected 'dev'"},
		{"addr add 10.0.0.1/24 dev eth9", "there is no interface eth9"},
		{"addr del 10.0.0.1/24 dev eth0", "no such address"},
		{"route add", "expected a prefix"},
		{"route add 10.0.0.0/8", "no link with ifindex 0"},
		{"route add 10.0.0.0/8 dev eth0 src fe80::1", "of another family"},
		{"route add fd00::/8 via 10.0.0.1 dev eth0", "no gateways of IPv4"},
		{"route add 10.0.0.0/8 dev eth0 mtu", "expected a number"},
		{"route add 10.0.0.0/8 dev eth0 table nowhere", "expected a table"},
		{"rule add fwmark x table 1", "expected a mark"},
		{"rule add fwmark 1", "expected 'table'"},
		{"rule del fwmark 1 table 1", "no such rule"},
		{"neigh add 10.0.0.2.3 dev eth0 lladdr 02:00:00:00:00:02", "expected an address"},
		{"neigh del 10.0.0.2 dev eth0", "no such neighbour"},
	};

	good("link add eth0 ifindex 7 mac 02:00:00:00:00:0a mtu 1400");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		bad(wrong[i][0], wrong[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_network_is_set, create, destroy),
		cmocka_unit_test_setup_teardown(wrong_lines_are_explained, create, destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
