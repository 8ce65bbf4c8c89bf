/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ringed.c -- a dataplane between rings.
 */
#include "background.h"
#include "plain.h"
#include "ringed.h"

#define SKIPPED 77

static struct dataplane *running; /* for drivers */
static unsigned awaited;          /* packets that drivers shall see */
static unsigned misfits;          /* packets that no driver should see */

void ringed__seen(uint32_t n)
{
	if (!__atomic_sub_fetch(&awaited, n, __ATOMIC_RELAXED))
		dataplane__stop(running);
}

void obedient_driver(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;

	if (burst->unchecked && !packets__are_plain(burst->pkts, burst->n)) {
		burst->judged = 0;
		return;
	}
	for (uint32_t i = 0; i < burst->n; i++) {
		struct rte_mbuf *m = burst->pkts[i];
		const struct tag *tag = rte_pktmbuf_mtod(m, const struct tag *);

		if (m->nb_segs != 1 || rte_mbuf_refcnt_read(m) != 1 ||
			m->buf_len < PACKET_BUF_SIZE || m->data_len != m->pkt_len ||
			m->pkt_len < sizeof(*tag))
			__atomic_add_fetch(&misfits, 1, __ATOMIC_RELAXED);
		burst->verdict[i] = tag->verdict;
		burst->redirect[i] = (struct ebpf_redirect){
			.kind = EBPF_REDIRECT_IFINDEX, .target = tag->redirect};
	}
	ringed__seen(burst->n);
}

static struct rte_ring *make_ring(const char *direction, unsigned slots)
{
	static unsigned n;
	char name[RTE_RING_NAMESIZE];
	struct rte_ring *ring;

	snprintf(name, sizeof(name), "%s_%u", direction, n++);
	ring = rte_ring_create(name, slots, SOCKET_ID_ANY, 0);
	assert_non_null(ring);
	return ring;
}

static void make_ringed_port(struct ringed *b, unsigned out_slots)
{
	static unsigned n;
	unsigned p = b->n_ringed++;
	char name[16];

	for (unsigned q = 0; q < QUEUES; q++) {
		b->in[p][q] = make_ring("in", RING_SLOTS);
		b->out[p][q] = make_ring("out", out_slots);
	}
	snprintf(name, sizeof(name), "bench_%u", n++);
	assert_true(rte_eth_from_rings(name, b->in[p], QUEUES, b->out[p], QUEUES, 0) >= 0);
}

/* Any does: its code is replaced. */
static struct ebpf_program *load_program(struct ringed *b)
{
	static const struct ebpf_insn insns[] = {
		{.opcode = 0xb7, .imm = XDP_DROP}, /* r0 = 1 */
		{.opcode = 0x95},                  /* exit */
	};
	struct ebpf_func entry = {.name = "any", .insn = 0};
	struct ebpf_program_spec spec = {.name = "any",
		.type = EBPF_PROGRAM_XDP,
		.insns = insns,
		.n_insns = 2,
		.funcs = &entry,
		.n_funcs = 1};
	struct ebpf_program *program = ebpf_program__load(b->instance, &spec, NULL, NULL);

	assert_non_null(program);
	return program;
}

void ringed__add_prog(struct ringed *b, const char *name, ebpf_driver_fn driver)
{
	struct ebpf_driver native = {.name = "test", .native = driver};
	struct ebpf_program *program = load_program(b);
	char *errmsg = NULL;

	if (!dataplane__add_prog(b->dataplane,
		    &(struct prog_opts){.name = name, .program = program, .engine = TIER_INTERP},
		    &errmsg))
		fail_msg("%s", errmsg);
	ebpf_program__install(program, ebpf_program__interpret(program, &native, NULL));
}

void ringed__open(struct ringed *b, unsigned n_ringed, unsigned out_slots, const char *devargs)
{
	ringed__open_with(b, n_ringed, out_slots, devargs, &(struct ebpf_instance_opts){0});
}

void ringed__open_with(struct ringed *b, unsigned n_ringed, unsigned out_slots, const char *devargs,
	const struct ebpf_instance_opts *opts)
{
	struct ebpf_instance_opts instance_opts = *opts;
	struct input input;
	char *errmsg = NULL;

	memset(b, 0, sizeof(*b));
	while (b->n_ringed < n_ringed)
		make_ringed_port(b, out_slots);
	assert_int_equal(ports__adopt(&b->ports, &errmsg), 0);
	if (devargs) {
		assert_int_equal(input__describe(&input, devargs, &errmsg), 0);
		assert_int_equal(ports__probe(&b->ports, devargs, &input, &errmsg), 0);
	}
	if (ports__start(&b->ports, rte_lcore_count(), &errmsg))
		fail_msg("%s", errmsg);
	b->pool = b->ports.port[0].pool;
	b->trace = trace__create(rte_lcore_count(), &errmsg);
	assert_non_null(b->trace);
	instance_opts.workers = rte_lcore_count() + 1; /* and a device */
	instance_opts.trace = trace__write;
	instance_opts.trace_user = b->trace;
	b->instance = ebpf_instance__create(&instance_opts, &errmsg);
	assert_non_null(b->instance);
	b->dataplane = running = dataplane__create(&b->ports, b->instance, &errmsg);
	assert_non_null(b->dataplane);
	trace__watch(b->trace, b->dataplane);
	ringed__add_prog(b, "obedient", obedient_driver);
	for (uint16_t p = 0; p < b->ports.n; p++)
		assert_int_equal(dataplane__attach(b->dataplane, "obedient", p, NULL, &errmsg), 0);
	misfits = 0;
}

void ringed__close(struct ringed *b)
{
	assert_int_equal(misfits, 0);
	assert_int_equal(rte_mempool_avail_count(b->pool), b->pool->size);
	dataplane__destroy(b->dataplane);
	ebpf_instance__destroy(b->instance);
	trace__destroy(b->trace);
	ports__stop(&b->ports);
	for (unsigned p = 0; p < b->n_ringed; p++) {
		for (unsigned q = 0; q < QUEUES; q++) {
			rte_ring_free(b->in[p][q]);
			rte_ring_free(b->out[p][q]);
		}
	}
}

struct rte_mbuf *ringed__make(
	struct rte_mempool *pool, uint32_t number, uint32_t verdict, uint32_t redirect)
{
	struct tag tag = {.number = number, .verdict = verdict, .redirect = redirect};
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, sizeof(tag)), &tag, sizeof(tag));
	return m;
}

void ringed__inject(struct ringed *b, unsigned port, unsigned queue, struct rte_mbuf *m)
{
	assert_int_equal(rte_ring_enqueue(b->in[port][queue], m), 0);
}

struct rte_mbuf *ringed__take(struct ringed *b, unsigned port, unsigned queue)
{
	void *m;

	return rte_ring_dequeue(b->out[port][queue], &m) ? NULL : m;
}

int64_t ringed__take_number(struct ringed *b, unsigned port, unsigned queue)
{
	struct rte_mbuf *m = ringed__take(b, port, queue);
	int64_t number = -1;

	if (m)
		number = rte_pktmbuf_mtod(m, const struct tag *)->number;
	rte_pktmbuf_free(m);
	return number;
}

void ringed__run(struct ringed *b, unsigned packets)
{
	awaited = packets;
	dataplane__run(b->dataplane);
	for (uint16_t p = 0; p < b->ports.n; p++) {
		struct counters c = dataplane__port_counters(b->dataplane, p);

		assert_int_equal(counters__in_flight(&c), 0);
	}
}

int ringed__main(const struct CMUnitTest *tests, size_t n)
{
	char *eal[] = {"ringed", "--no-huge", "-m", "192", "--no-shconf", "--no-pci",
		"--no-telemetry", "--log-level=*:3", "--lcores", "0,1", NULL};
	int failed;

	background__init();
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		eal[9] = "0@0,1@0";
	if (rte_eal_init(RTE_DIM(eal) - 1, eal) < 0) {
		printf("skipped: DPDK does not start here\n");
		return SKIPPED;
	}
	failed = _cmocka_run_group_tests("dataplane", tests, n, NULL, NULL);
	rte_eal_cleanup();
	return failed;
}
