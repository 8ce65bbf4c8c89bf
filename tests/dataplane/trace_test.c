/* SPDX-License-Identifier: BSD-3-Clause
 *
 * trace_test -- what programs say is read once, in order, by worker; what finds no room is counted.
 */
#include "ringed.h"

/* Says each packet's number and drops it. */
static void talking(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;

	for (uint32_t i = 0; i < burst->n; i++) {
		const struct tag *tag = rte_pktmbuf_mtod(burst->pkts[i], const struct tag *);
		char text[32];
		int len = snprintf(text, sizeof(text), "packet %u\n", tag->number);

		env->host->trace(env, text, (uint64_t)len);
		burst->verdict[i] = XDP_DROP;
	}
	ringed__seen(burst->n);
}

static void open_talking(struct ringed *b, unsigned packets)
{
	ringed__open(b, 1, RING_SLOTS, NULL);
	ringed__add_prog(b, "talking", talking);
	assert_int_equal(dataplane__detach(b->dataplane, "obedient", 0, NULL), 0);
	assert_int_equal(dataplane__attach(b->dataplane, "talking", 0, NULL, NULL), 0);
	for (unsigned i = 0; i < packets; i++)
		ringed__inject(b, 0, 0, ringed__make(b->pool, i, 0, 0));
}

struct reading {
	unsigned n, lost, stop_after;
	uint64_t ns;
};

static int read_line(void *user, const struct trace_line *line)
{
	struct reading *r = user;
	char expected[32];

	snprintf(expected, sizeof(expected), "packet %u", r->n + r->lost);
	assert_int_equal(line->len, strlen(expected));
	assert_memory_equal(line->text, expected, line->len);
	assert_string_equal(line->program, "any");
	assert_true(line->ns >= r->ns);
	r->ns = line->ns;
	r->lost += line->lost;
	return ++r->n == r->stop_after ? -ECANCELED : 0;
}

static void lines_are_read_once_in_order(void **state)
{
	struct reading r = {.stop_after = 10};
	struct ringed b;

	open_talking(&b, 100);
	assert_int_equal(trace__read(b.trace, read_line, &r), 0);
	ringed__run(&b, 100);
	assert_int_equal(trace__read(b.trace, read_line, &r), -ECANCELED);
	assert_int_equal(trace__read(b.trace, read_line, &r), 90);
	assert_int_equal(trace__read(b.trace, read_line, &r), 0);
	assert_int_equal(r.n, 100);
	ringed__close(&b);
}

static int count_lost(void *user, const struct trace_line *line)
{
	*(unsigned *)user += line->lost;
	return 0;
}

/* The first lines stay; the one that finds room again tells how many did not. */
static void a_full_ring_loses_and_says_so(void **state)
{
	struct reading r = {0};
	unsigned lost = 0;
	struct ringed b;

	open_talking(&b, 1500);
	ringed__run(&b, 1500);
	assert_true(trace__read(b.trace, read_line, &r) > 1000);
	assert_true(r.n < 1500);
	ringed__inject(&b, 0, 0, ringed__make(b.pool, 0, 0, 0));
	b.dataplane->stop = 0;
	ringed__run(&b, 1);
	assert_int_equal(trace__read(b.trace, count_lost, &lost), 1);
	assert_int_equal(r.n + lost, 1500);
	ringed__close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read_once_in_order),
		cmocka_unit_test(a_full_ring_loses_and_says_so),
	};

	return ringed__main(tests, RTE_DIM(tests));
}
