/* SPDX-License-Identifier: BSD-3-Clause
 *
 * network_test.c -- two workers look routes up while two threads of the host add and delete routes,
 * neighbours, addresses and rules. Every answer is one that some route gives as a whole: a route's
 * gateway tells which link and metric it has. A route to everything is always there.
 */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "crowd.h"
#include "ebpf-net.h"
#include "runtime/helpers.h"

#define N_LINKS 2
#define FIRST   10 /* byte of all addresses */

static struct ebpf_ip address(uint8_t a, uint8_t b, uint8_t c, uint8_t length)
{
	return (struct ebpf_ip){.family = AF_INET, .length = length, .bytes = {FIRST, a, b, c}};
}

static uint32_t link_of(const uint8_t gateway[4])
{
	return 1 + gateway[3] % N_LINKS;
}

static uint32_t metric_of(const uint8_t gateway[4])
{
	return gateway[2] * 256u + gateway[3];
}

static struct ebpf_route route_to(struct ebpf_ip prefix, uint8_t x, uint8_t y)
{
	struct ebpf_route r = {.prefix = prefix, .via = address(0, x, y, 32)};

	r.ifindex = link_of(r.via.bytes);
	r.metric = metric_of(r.via.bytes);
	return r;
}

/* --- workers --------------------------------------------------------------------------------- */

static bool is_right(uint64_t result, const struct bpf_fib_lookup *p)
{
	const uint8_t *gateway = (const uint8_t *)&p->ipv4_dst;

	if (result != BPF_FIB_LKUP_RET_SUCCESS && result != BPF_FIB_LKUP_RET_NO_NEIGH)
		return false;
	if (p->ifindex != link_of(gateway) || p->rt_metric != metric_of(gateway))
		return false;
	return result ||
	       (p->dmac[4] == gateway[2] && p->dmac[5] == gateway[3] && p->smac[5] == p->ifindex);
}

static void look_up_some(struct thread *t, struct ebpf_env *env)
{
	for (uint32_t n = 1 + below(t, 16); n; n--) {
		struct bpf_fib_lookup p = {
			.family = AF_INET, .ifindex = 1 + below(t, N_LINKS), .tot_len = 100};
		const uint8_t dst[4] = {FIRST, (uint8_t)(1 + below(t, 4)), (uint8_t)below(t, 256),
			(uint8_t)below(t, 256)};
		const uint32_t mark = below(t, 2);

		memcpy(&p.ipv4_dst, dst, 4);
		memcpy(p.smac, &mark, 4);
		if (!is_right(helper_fib_lookup(env, NULL, &p, sizeof(p), 1 << 5), &p))
			wrong_results++;
		t->counted++;
	}
}

static void *look_up(void *arg)
{
	return run_bursts(arg, look_up_some);
}

/* --- the host ----------------------------------------------------------------------------------
 */

static void change_route(struct thread *t)
{
	struct ebpf_ip prefix = address((uint8_t)(1 + below(t, 4)), (uint8_t)below(t, 256),
		(uint8_t)below(t, 256), (uint8_t)(16 + below(t, 17)));
	struct ebpf_route r = route_to(prefix, (uint8_t)below(t, 4), (uint8_t)below(t, 256));
	uint32_t table = below(t, 4) ? RT_TABLE_MAIN : 100;

	r.table = table;
	if (below(t, 3))
		ebpf_net__add_route(inst, &r, true, NULL);
	else
		ebpf_net__del_route(inst, table, &prefix, NULL);
}

static void change_neighbour(struct thread *t)
{
	struct ebpf_ip ip = address(0, (uint8_t)below(t, 4), (uint8_t)below(t, 256), 32);
	const uint8_t mac[6] = {2, 0, 0, 0, ip.bytes[2], ip.bytes[3]};

	if (below(t, 3))
		ebpf_net__set_neighbour(inst, link_of(ip.bytes), &ip, mac, NULL);
	else
		ebpf_net__del_neighbour(inst, link_of(ip.bytes), &ip, NULL);
}

static void change_rule(struct thread *t)
{
	const struct ebpf_rule rule = {
		.family = AF_INET, .mark = 1, .mask = 1, .table = 100, .priority = 7};

	if (below(t, 2))
		ebpf_net__add_rule(inst, &rule, NULL);
	else
		while (!ebpf_net__del_rule(inst, &rule, NULL))
			;
}

static void change_link(struct thread *t)
{
	uint32_t i = 1 + below(t, N_LINKS);
	char name[] = {'l', (char)('0' + i), 0};
	const struct ebpf_link link = {.name = name,
		.ifindex = i,
		.mtu = 1000 + below(t, 1000),
		.mac = {2, 0, 0, 0, 0, (uint8_t)i}};

	if (ebpf_net__set_link(inst, &link, NULL))
		wrong_results++;
}

static void *change(void *arg)
{
	struct thread *t = arg;

	for (; !time_is_up; t->counted++) {
		uint32_t what = below(t, 100);

		if (what < 70)
			change_route(t);
		else if (what < 95)
			change_neighbour(t);
		else if (what < 97)
			change_rule(t);
		else
			change_link(t);
	}
	return NULL;
}

static void test_routes(void **state)
{
	static const role_fn roles[] = {look_up, look_up, change, change};
	const struct ebpf_route everywhere = route_to((struct ebpf_ip){.family = AF_INET}, 0, 1);

	for (int i = 0; i < 50; i++)
		change_link(&(struct thread){.random = 12345 + (uint64_t)i * 7919});
	assert_int_equal(ebpf_net__add_route(inst, &everywhere, false, NULL), 0);
	run_crowd(roles);
	assert_int_equal(wrong_results, 0);
	for (int i = 0; i < N_THREADS; i++)
		assert_true(threads[i].counted > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_routes)};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
