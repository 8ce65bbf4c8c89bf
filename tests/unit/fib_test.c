/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fib_test.c -- bpf_fib_lookup and bpf_check_mtu against the kernel's: a network namespace with
 * three links, into which `ip` puts what control lines put into an instance; then random questions
 * to both.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

#include <control.h>
#include <ebpf-net.h>

#include "machine.h"
#include "random.h"

#define N_LINKS    3
#define N_BACKENDS 3

static struct ebpf_instance *inst;
static struct ebpf_env env;
static uint32_t ifindex[N_LINKS];
/* --- the namespace --------------------------------------------------------------------------- */

static void ip(const char *line)
{
	char command[256];

	snprintf(command, sizeof(command), "ip %s", line);
	if (system(command))
		fail_msg("%s", command);
}

static void set_sysctl(const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

static void run_line(const char *line)
{
	struct control_context c = {
		.tables = control__loader_tables, .instance = inst, .role = CONTROL_OPERATOR};
	char *err = NULL;

	if (control__run_line(&c, line, &err))
		fail_msg("%s: %s", line, err);
}

/* Here and in the kernel. */
static void both(const char *line)
{
	run_line(line);
	ip(line);
}

static void add_link(int i, uint32_t mtu)
{
	struct ifreq request = {.ifr_name = {'v', (char)('0' + i)}};
	const uint8_t *mac = (const uint8_t *)request.ifr_hwaddr.sa_data;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char line[160];

	snprintf(line, sizeof(line), "link add v%d mtu %u type veth peer name p%d mtu %u", i, mtu,
		i, mtu);
	ip(line);
	snprintf(line, sizeof(line), "link set v%d up", i);
	ip(line);
	snprintf(line, sizeof(line), "link set p%d up", i);
	ip(line);
	ifindex[i] = if_nametoindex(request.ifr_name);
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &request), 0);
	close(fd);
	snprintf(line, sizeof(line),
		"link add v%d ifindex %u mac %02x:%02x:%02x:%02x:%02x:%02x mtu %u", i, ifindex[i],
		mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], mtu);
	run_line(line);
}

static const char *const network[] = {
	"addr add 10.0.0.1/24 dev v0",
	"addr add 10.0.1.1/24 dev v1",
	"addr add 10.0.1.9/24 dev v1",
	"addr add 172.16.0.0/31 dev v2",
	"addr add 192.0.2.1/32 dev v2",
	"addr add fd00::1/64 dev v0",
	"addr add fd00:1::1/64 dev v1",
	"addr add fd00:1::99/64 dev v1",
	"route add 10.1.0.0/16 via 10.0.0.2 dev v0",
	"route add 10.1.2.0/24 via 10.0.1.2 dev v1 src 10.0.1.9",
	"route add 10.1.2.128/25 via 10.0.0.3 dev v0 metric 7",
	"route add 10.1.2.200/32 dev v2",
	"route add blackhole 10.2.0.0/16",
	"route add unreachable 10.3.0.0/16",
	"route add prohibit 10.4.0.0/16",
	"route add throw 10.5.0.0/16",
	"route add 10.6.0.0/16 dev v1 mtu 1300",
	"route add 10.7.0.0/16 dev v1 mtu lock 1200",
	"route add 10.8.0.0/16 via inet6 fd00:1::2 dev v1",
	"route add default via 10.0.0.254 dev v0",
	"route add 10.1.0.0/16 via 10.0.1.7 dev v1 table 100",
	"route add throw 10.1.3.0/24 table 100",
	"route add default via 10.0.1.8 dev v1 table 100",
	"route add blackhole 10.1.0.0/20 table 200",
	"route add fd01::/48 via fd00::2 dev v0",
	"route add fd01:0:0:2::/64 via fd00:1::2 dev v1 src fd00:1::1",
	"route add fd01:0:0:2:8000::/65 via fd00::3 dev v0 metric 7",
	"route add blackhole fd02::/48",
	"route add unreachable fd03::/48",
	"route add prohibit fd04::/48",
	"route add fd06::/48 dev v1 mtu 1300",
	"route add fd07::/48 dev v1 mtu lock 1290",
	"route add default via fd00::fe dev v0",
	"route add fd01::/48 via fd00:1::7 dev v1 table 100",
	"neigh add 10.0.0.2 dev v0 lladdr 02:00:00:00:00:02",
	"neigh add 10.0.0.254 dev v0 lladdr 02:00:00:00:00:fe",
	"neigh add 10.0.0.77 dev v0 lladdr 02:00:00:00:00:77",
	"neigh add 10.0.1.2 dev v1 lladdr 02:00:00:00:01:02",
	"neigh add 10.0.1.7 dev v1 lladdr 02:00:00:00:01:07",
	"neigh add 10.6.1.2 dev v1 lladdr 02:00:00:00:06:02",
	"neigh add 10.7.1.2 dev v1 lladdr 02:00:00:00:07:02",
	"neigh add fd00::2 dev v0 lladdr 02:00:00:06:00:02",
	"neigh add fd00::fe dev v0 lladdr 02:00:00:06:00:fe",
	"neigh add fd00:1::2 dev v1 lladdr 02:00:00:06:01:02",
	"neigh add fd00:1::7 dev v1 lladdr 02:00:00:06:01:07",
	"neigh add fd06::2 dev v1 lladdr 02:00:00:06:06:02",
};

static int make_network(void **state)
{
	static const uint32_t mtus[N_LINKS] = {1500, 1400, 9000};

	inst = ebpf_instance__create(NULL, NULL);
	ebpf_env__init(&env, inst, 0);
	if (!kernel__permitted() || geteuid())
		return 0;
	if (unshare(CLONE_NEWNET)) {
		printf("the kernel is not asked: no network namespace: %s\n", strerror(errno));
		return 0;
	}
	set_sysctl("ipv4/ip_forward", "1");
	set_sysctl("ipv6/conf/all/forwarding", "1");
	set_sysctl("ipv6/conf/all/accept_dad", "0");
	set_sysctl("ipv6/conf/default/accept_dad", "0");
	for (int i = 0; i < N_LINKS; i++)
		add_link(i, mtus[i]);
	for (size_t i = 0; i < COUNT(network); i++)
		both(network[i]);
	return 0;
}

static int destroy_network(void **state)
{
	ebpf_instance__destroy(inst);
	return 0;
}

static void require_network(void)
{
	if (!ifindex[0])
		skip();
}

/* --- questions ------------------------------------------------------------------------------- */

struct question {
	struct bpf_fib_lookup params;
	uint32_t flags, pad;
};

static const char *const ipv4[] = {"10.0.0.1", "10.0.0.2", "10.0.0.77", "10.0.0.255", "10.0.0.0",
	"10.0.1.1", "10.0.1.9", "10.0.1.2", "10.0.1.255", "172.16.0.0", "172.16.0.1", "192.0.2.1",
	"192.0.2.2", "10.1.0.1", "10.1.2.1", "10.1.2.129", "10.1.2.200", "10.1.3.1", "10.2.0.1",
	"10.3.0.1", "10.4.0.1", "10.5.0.1", "10.6.1.2", "10.6.1.3", "10.7.1.2", "10.8.0.1",
	"8.8.8.8", "10.1.2.255", "127.0.0.1", "224.0.0.1", "0.0.0.0", "255.255.255.255"};
static const char *const ipv6[] = {"fd00::1", "fd00::2", "fd00::", "fd00::77", "fd00:1::1",
	"fd00:1::2", "fd00:1::99", "fd00:1::", "fd01::1", "fd01:0:0:2::1", "fd01:0:0:2:8000::1",
	"fd02::1", "fd03::1", "fd04::1", "fd06::2", "fd06::3", "fd07::2", "fd08::1", "2001:db8::1",
	"::1", "::", "fe80::1", "ff02::1", "ff0e::1"};

static void random_ip(uint8_t family, void *to)
{
	if (family == AF_INET)
		inet_pton(AF_INET, ipv4[below(COUNT(ipv4))], to);
	else
		inet_pton(AF_INET6, ipv6[below(COUNT(ipv6))], to);
}

static struct question random_question(void)
{
	static const uint16_t lengths[] = {0, 0, 0, 64, 1200, 1201, 1290, 1291, 1300, 1301, 1400,
		1401, 1500, 1501, 9000, 9001, 65535};
	static const uint32_t tables[] = {0, 100, 200, 253, 254, 255, 77};
	static const uint32_t marks[] = {0, 7, 0x17, 0x1f, 0x20};
	struct question q = {.flags = below(20) ? below(64) : below(256)};

	q.params.family = below(2) ? AF_INET : AF_INET6;
	do
		random_ip(q.params.family, q.params.ipv6_dst);
	while (!q.params.ipv6_dst[0] && !q.params.ipv6_dst[3]);
	if (below(2))
		random_ip(q.params.family, q.params.ipv6_src);
	if (!below(50))
		q.params.family = (uint8_t)below(12);
	q.params.tot_len = lengths[below(COUNT(lengths))];
	q.params.ifindex = below(30) ? ifindex[below(N_LINKS)] : 9999;
	memcpy(&q.params.h_vlan_proto, &tables[below(COUNT(tables))], 4);
	memcpy(q.params.smac, &marks[below(COUNT(marks))], 4);
	return q;
}

/* The packet's first 64 bytes are the parameters, the next 4 the flags. */
static const struct bpf_insn lookup[] = {
	MOV_REG(6, 1),
	MOV_IMM(2, 0),
	MOV_REG(3, 10),
	ADD_IMM(3, -72),
	MOV_IMM(4, 72),
	CALL(BPF_FUNC_xdp_load_bytes),
	MOV_REG(1, 6),
	MOV_REG(2, 10),
	ADD_IMM(2, -72),
	MOV_IMM(3, 64),
	LOAD32(4, 10, -8),
	CALL(BPF_FUNC_fib_lookup),
	MOV_REG(7, 0),
	MOV_REG(1, 6),
	MOV_IMM(2, 0),
	MOV_REG(3, 10),
	ADD_IMM(3, -72),
	MOV_IMM(4, 64),
	CALL(BPF_FUNC_xdp_store_bytes),
	MOV_REG(0, 7),
	EXIT(),
};

static void print_question(const struct question *q)
{
	char dst[64], src[64];
	int family = q->params.family == AF_INET6 ? AF_INET6 : AF_INET;
	uint32_t table, mark;

	memcpy(&table, &q->params.h_vlan_proto, 4);
	memcpy(&mark, q->params.smac, 4);
	inet_ntop(family, q->params.ipv6_dst, dst, sizeof(dst));
	inet_ntop(family, q->params.ipv6_src, src, sizeof(src));
	printf("family %u, from %s to %s, dev %u, length %u, table %u, mark 0x%x, flags 0x%x\n",
		q->params.family, src, dst, q->params.ifindex, q->params.tot_len, table, mark,
		q->flags);
}

static void ask(int rounds)
{
	struct ebpf_program *progs[N_BACKENDS] = {0};
	uint32_t verdicts[10] = {0};
	int fd = kernel__load_xdp(lookup, COUNT(lookup));

	assert_true(fd >= 0);
	for (int b = 0; machine_backends[b]; b++)
		progs[b] = machine__load(inst, machine_backends[b], NULL, 0, lookup, COUNT(lookup));
	for (int round = 0; round < rounds; round++) {
		struct question q = random_question();
		struct kernel_run theirs = {.packet = &q, .size = sizeof(q)}, ours = theirs;

		assert_int_equal(kernel__run(fd, &theirs), 0);
		if (theirs.verdict < COUNT(verdicts))
			verdicts[theirs.verdict]++;
		for (int b = 0; machine_backends[b]; b++) {
			machine__run_on(progs[b], &env, &ours);
			if (ours.verdict != theirs.verdict ||
				memcmp(ours.out, theirs.out, theirs.out_size))
				print_question(&q);
			machine__check_same(machine_backends[b], &ours, &theirs);
		}
	}
	for (int b = 0; b < N_BACKENDS; b++)
		ebpf_program__unref(progs[b]);
	close(fd);
	for (size_t i = 0; i < COUNT(verdicts); i++)
		printf("%u%s", verdicts[i], i + 1 < COUNT(verdicts) ? " " : "\n");
}

static void test_lookup_as_kernel(void **state)
{
	require_network();
	ask(20000);
}

static void test_rules_as_kernel(void **state)
{
	require_network();
	both("rule add fwmark 7 table 100");
	both("rule add pref 100 fwmark 0x10/0xf0 table 200");
	run_line("rule add inet6 fwmark 7 table 100");
	ip("-6 rule add fwmark 7 table 100");
	ask(20000);
	both("rule del fwmark 7 table 100");
	ask(5000);
}

static void test_changes_as_kernel(void **state)
{
	require_network();
	both("route replace 10.1.0.0/16 via 10.0.1.2 dev v1");
	both("route del 10.1.2.0/24");
	both("addr del 10.0.1.9/24 dev v1");
	both("addr del fd00:1::99/64 dev v1");
	both("neigh del 10.0.0.2 dev v0");
	ask(5000);
	set_sysctl("ipv4/conf/v1/forwarding", "0");
	set_sysctl("ipv6/conf/v1/forwarding", "0");
	run_line("link set v1 forwarding off");
	ask(5000);
	ip("link del v1");
	run_line("link del v1");
	ask(5000);
}

/* Tables that are replaced by larger ones several times. */
static void test_many_routes_as_kernel(void **state)
{
	char path[] = "/tmp/fib_test.XXXXXX", line[160];
	FILE *batch;

	require_network();
	batch = fdopen(mkstemp(path), "w");
	assert_non_null(batch);
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "route replace 10.1.%u.%u/32 via 10.0.0.%u dev v0",
			below(8), below(256), 2 + below(200));
		fprintf(batch, "%s\n", line);
		run_line(line);
		snprintf(line, sizeof(line), "route replace fd01:0:0:%x::/64 via fd00::%x dev v0",
			below(2000), 2 + below(2000));
		fprintf(batch, "%s\n", line);
		run_line(line);
	}
	fclose(batch);
	snprintf(line, sizeof(line), "-batch %s", path);
	ip(line);
	unlink(path);
	ask(5000);
}

/* The packet begins with ifindex, length, difference and flags. */
static void test_mtu_as_kernel(void **state)
{
	static const uint32_t lengths[] = {
		0, 0, 1386, 1400, 1401, 1500, 1514, 9000, 0xffffffff, 0x7fffffff};
	static const int32_t diffs[] = {0, 0, 1, -1, 14, -2000, 2000, INT32_MAX, INT32_MIN};
	static const struct bpf_insn insns[] = {
		MOV_REG(6, 1),
		MOV_IMM(2, 0),
		MOV_REG(3, 10),
		ADD_IMM(3, -16),
		MOV_IMM(4, 16),
		CALL(BPF_FUNC_xdp_load_bytes),
		MOV_REG(1, 6),
		LOAD32(2, 10, -16),
		MOV_REG(3, 10),
		ADD_IMM(3, -12),
		LOAD32(4, 10, -8),
		LOAD32(5, 10, -4),
		CALL(BPF_FUNC_check_mtu),
		MOV_REG(7, 0),
		MOV_REG(1, 6),
		MOV_IMM(2, 0),
		MOV_REG(3, 10),
		ADD_IMM(3, -16),
		MOV_IMM(4, 16),
		CALL(BPF_FUNC_xdp_store_bytes),
		MOV_REG(0, 7),
		EXIT(),
	};
	struct ebpf_program *progs[N_BACKENDS] = {0};
	uint32_t packet[800] = {0}; /* not more than the kernel's test run takes */
	int fd;

	require_network();
	fd = kernel__load_xdp(insns, COUNT(insns));
	for (int b = 0; machine_backends[b]; b++)
		progs[b] = machine__load(inst, machine_backends[b], NULL, 0, insns, COUNT(insns));
	for (int round = 0; round < 5000; round++) {
		struct kernel_run theirs = {.packet = packet, .ifindex = ifindex[below(N_LINKS)]},
				  ours;

		theirs.size = below(2) ? 1380 + below(50) : 16 + below(sizeof(packet) - 16);
		packet[0] = below(3) ? 0 : below(3) ? ifindex[below(N_LINKS)] : 9999;
		packet[1] = lengths[below(COUNT(lengths))];
		packet[2] = (uint32_t)diffs[below(COUNT(diffs))];
		packet[3] = below(10) ? 0 : below(3);
		assert_int_equal(kernel__run(fd, &theirs), 0);
		for (int b = 0; machine_backends[b]; b++) {
			ours = theirs;
			machine__run_on(progs[b], &env, &ours);
			machine__check_same(machine_backends[b], &ours, &theirs);
		}
	}
	for (int b = 0; b < N_BACKENDS; b++)
		ebpf_program__unref(progs[b]);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup_as_kernel),
		cmocka_unit_test(test_many_routes_as_kernel),
		cmocka_unit_test(test_mtu_as_kernel),
		cmocka_unit_test(test_rules_as_kernel),
		cmocka_unit_test(test_changes_as_kernel),
	};

	if (system("command -v ip >/dev/null")) {
		puts("skipped: the kernel's routes are set by ip, which is not installed");
		return 77;
	}
	return cmocka_run_group_tests(tests, make_network, destroy_network);
}
