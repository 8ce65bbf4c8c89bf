/* SPDX-License-Identifier: BSD-3-Clause
 *
 * events_test.c -- ring buffers and perf event arrays against the kernel's: the same random
 * programs on every backend and there give the same results, and leave the same records to be
 * read: as many operations for each backend as XDPK_OPERATIONS says. And that what finds no room
 * is counted.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "creation.h"
#include "machine.h"
#include "make-map.h"
#include "pair.h"

#define PACKET_SIZE 64
#define MAX_INSNS   1024
#define MAX_EVENTS  4096
#define OPERATIONS  8  /* of a program, at the least */
#define RUNS        32 /* of a program */
#define SHOWN       64 /* bytes of a record that a program writes */

static const char *const backends[] = {
	"interp",
#ifdef HAVE_LLVM
	"llvm",
#endif
};
#define N_BACKENDS (sizeof(backends) / sizeof(backends[0]))

/* --- what is read ------------------------------------------------------------------------- */

struct seen {
	uint32_t size;
	uint8_t bytes[2 * PACKET_SIZE];
};

struct events {
	uint32_t n;
	struct seen seen[MAX_EVENTS];
};

static int note(struct events *e, const void *data, size_t size)
{
	struct seen *s = &e->seen[e->n++];

	assert_true(e->n <= MAX_EVENTS);
	s->size = (uint32_t)size;
	memset(s->bytes, 0, sizeof(s->bytes));
	memcpy(s->bytes, data, size < sizeof(s->bytes) ? size : sizeof(s->bytes));
	return 0;
}

static int note_ours(void *user, const struct ebpf_event *event)
{
	assert_int_equal((uintptr_t)event->data % 8, 0);
	return note(user, event->data, event->size);
}

static int note_theirs(void *user, void *data, size_t size)
{
	return note(user, data, size);
}

static void note_sample(void *user, int cpu, void *data, uint32_t size)
{
	note(user, data, size);
}

/* --- programs in the making --------------------------------------------------------------- */

struct text {
	struct bpf_insn insns[MAX_INSNS];
	size_t n;
};

static void add(struct text *t, const struct bpf_insn *insns, size_t n)
{
	assert_true(t->n + n <= MAX_INSNS);
	memcpy(t->insns + t->n, insns, n * sizeof(*insns));
	t->n += n;
}

#define ADD(t, ...)                                    \
	add(t, (const struct bpf_insn[]){__VA_ARGS__}, \
		sizeof((const struct bpf_insn[]){__VA_ARGS__}) / sizeof(struct bpf_insn))

#define JEQ_IMM(dst, imm, off) I(BPF_JMP | BPF_JEQ | BPF_K, dst, 0, off, imm)
#define RSH_IMM(dst, imm)      I(BPF_ALU64 | BPF_RSH | BPF_K, dst, 0, 0, imm)
#define LOAD_IMM64(dst, imm) \
	I(BPF_LD | BPF_DW | BPF_IMM, dst, 0, 0, imm), I(0, 0, 0, 0, (uint64_t)(imm) >> 32)

/* r6: context, r7: sum of results, r8: a record that is not committed, or 0 */
static void begin(struct text *t)
{
	t->n = 0;
	ADD(t, MOV_REG(6, 1), MOV_IMM(7, 0), MOV_IMM(8, 0));
	for (int at = 8; at <= SHOWN; at += 8)
		ADD(t, STORE_IMM64(10, -at, random64() >> 40));
}

static void mix_r0(struct text *t)
{
	ADD(t, MUL_IMM(7, 31), ADD_REG(7, 0));
}

static void end(struct text *t)
{
	ADD(t, MOV_REG(0, 7), RSH_IMM(7, 32), ADD_REG(0, 7), EXIT());
}

static uint64_t ring_flags(void)
{
	return below(12) ? below(3) : random64();
}

static void add_output(struct text *t)
{
	uint32_t size = below(SHOWN + 1);

	ADD(t, MAP_AT(1, 0), MOV_REG(2, 10), ADD_IMM(2, -SHOWN), MOV_IMM(3, size),
		LOAD_IMM64(4, ring_flags()), CALL(BPF_FUNC_ringbuf_output));
	mix_r0(t);
}

static uint32_t record_size(void)
{
	return below(4) ? below(200) : below(8) ? below(4200) : UINT32_MAX / 4 + below(3);
}

static void add_commit(struct text *t)
{
	uint32_t how = below(3) ? BPF_FUNC_ringbuf_submit : BPF_FUNC_ringbuf_discard;

	ADD(t, JEQ_IMM(8, 0, 4), MOV_REG(1, 8), MOV_IMM(2, below(3)), CALL(how), MOV_IMM(8, 0));
}

/* Fills as much of a record as is compared. */
static void add_reserve(struct text *t)
{
	uint32_t size = record_size(), shown = size < SHOWN ? size : SHOWN;

	add_commit(t);
	ADD(t, MAP_AT(1, 0), MOV_IMM(2, size), MOV_IMM(3, below(20) == 0),
		CALL(BPF_FUNC_ringbuf_reserve), MOV_REG(8, 0), MOV_IMM(0, 77));
	ADD(t, JEQ_IMM(8, 0, (int16_t)(1 + shown)), MOV_IMM(0, 99));
	for (uint32_t i = 0; i < shown; i++)
		ADD(t, I(BPF_ST | BPF_MEM | BPF_B, 8, 0, (int16_t)i, (int32_t)below(128)));
	mix_r0(t);
}

static void add_query(struct text *t)
{
	ADD(t, MAP_AT(1, 0), LOAD_IMM64(2, below(10) ? below(5) : random64()),
		CALL(BPF_FUNC_ringbuf_query));
	mix_r0(t);
}

static void make_ring_program(struct text *t)
{
	begin(t);
	for (int i = 0; i < OPERATIONS; i++) {
		switch (below(4)) {
		case 0: add_output(t); break;
		case 1: add_query(t); break;
		case 2: add_reserve(t); break;
		default: add_commit(t); break;
		}
	}
	add_commit(t);
	add_query(t);
	end(t);
}

/* --- the same on both sides --------------------------------------------------------------- */

/* One program on both sides, again and again. */
struct twins {
	struct ebpf_program *ours;
	int theirs;
};

static struct twins load(struct ebpf_instance *inst, const char *backend, struct ebpf_map *map,
	int fd, const struct text *t)
{
	struct twins p = {machine__load_frags(inst, backend, &map, 1, t->insns, t->n),
		kernel__load_frags(&fd, t->insns, t->n)};

	assert_true(p.theirs >= 0);
	return p;
}

/* Half of the packets go on in a fragment. */
static void run(const struct twins *p, struct ebpf_env *env)
{
	static struct kernel_run theirs, ours;
	uint8_t packet[PACKET_SIZE];

	for (uint32_t i = 0; i < PACKET_SIZE; i++)
		packet[i] = (uint8_t)below(256);
	ours.packet = theirs.packet = packet;
	ours.size = theirs.size = PACKET_SIZE;
	ours.linear = theirs.linear = below(2) ? 14 + below(PACKET_SIZE - 14) : 0;
	assert_int_equal(kernel__run(p->theirs, &theirs), 0);
	machine__run_on(p->ours, env, &ours);
	assert_int_equal(ours.verdict, theirs.verdict);
}

static void unload(const struct twins *p)
{
	ebpf_program__unref(p->ours);
	close(p->theirs);
}

static void expect_same_events(const struct events *ours, const struct events *theirs)
{
	assert_int_equal(ours->n, theirs->n);
	for (uint32_t i = 0; i < ours->n; i++) {
		uint32_t size = ours->seen[i].size;

		assert_int_equal(size, theirs->seen[i].size);
		assert_memory_equal(
			ours->seen[i].bytes, theirs->seen[i].bytes, size < SHOWN ? size : SHOWN);
	}
}

static void compare_rings(const char *backend, uint32_t size, uint32_t n_programs)
{
	static struct events ours, theirs;
	struct ebpf_instance *inst = make_instance();
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_RINGBUF, 0, 0, size, 0);
	int fd = kernel__create_map(BPF_MAP_TYPE_RINGBUF, 0, 0, size, 0);
	struct ring_buffer *reader = ring_buffer__new(fd, note_theirs, &theirs, NULL);
	struct ebpf_env env;
	struct text t;

	assert_true(fd >= 0 && reader);
	ebpf_env__init(&env, inst, 0);
	for (uint32_t i = 0; i < n_programs; i++) {
		struct twins p;

		make_ring_program(&t);
		p = load(inst, backend, map, fd, &t);
		for (int again = 0; again < RUNS; again++) {
			run(&p, &env);
			if (below(4))
				continue;
			ours.n = theirs.n = 0;
			assert_int_equal(ebpf_map__consume(map, note_ours, &ours),
				ring_buffer__consume(reader));
			expect_same_events(&ours, &theirs);
		}
		unload(&p);
	}
	ring_buffer__free(reader);
	close(fd);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

static void test_ring_buffers_as_kernel(void **state)
{
	static const uint32_t sizes[] = {4096, 16384};
	uint32_t n = operations_wanted() / (OPERATIONS * RUNS) / 2 + 1;

	kernel__require();
	for (uint32_t i = 0; i < N_BACKENDS; i++)
		for (int s = 0; s < 2; s++)
			compare_rings(backends[i], sizes[s], n);
}

static void test_ring_buffer_creation_as_kernel(void **state)
{
	static const uint32_t sizes[] = {0, 1, 8, 2048, 4096, 4097, 8192, 12288, 1 << 20};
	static const uint32_t flags[] = {0, BPF_F_NO_PREALLOC, BPF_F_RDONLY, BPF_F_MMAPABLE,
		BPF_F_RDONLY_PROG, BPF_F_PRESERVE_ELEMS};

	kernel__require();
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		for (uint32_t size = 0; size < 3; size++) {
			compare_creation(BPF_MAP_TYPE_RINGBUF, size == 1, size == 2, sizes[s], 0);
			compare_creation(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 3 + size, 4, sizes[s], 0);
			compare_creation(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 3 + size, sizes[s], 0);
		}
	for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++) {
		compare_creation(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, flags[f]);
		compare_creation(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2, flags[f]);
	}
}

/* A reader that wants no more has had the record; the next call goes on behind it. */
static int stop_at_second(void *user, const struct ebpf_event *event)
{
	return ++*(int *)user == 2 ? -ECANCELED : 5;
}

static void test_reader_may_stop(void **state)
{
	struct ebpf_instance *inst = ebpf_instance__create(NULL, NULL);
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0);
	struct ebpf_map *array = make_map(inst, BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	struct ebpf_program *prog;
	struct ebpf_env env;
	struct text t;
	int n = 0;

	begin(&t);
	for (int i = 0; i < 5; i++)
		ADD(&t, MAP_AT(1, 0), MOV_REG(2, 10), ADD_IMM(2, -SHOWN), MOV_IMM(3, i),
			MOV_IMM(4, 0), CALL(BPF_FUNC_ringbuf_output));
	end(&t);
	prog = machine__load(inst, "interp", &map, 1, t.insns, t.n);
	ebpf_env__init(&env, inst, 0);
	machine__run(prog, &env);
	assert_int_equal(ebpf_map__consume(map, stop_at_second, &n), -ECANCELED);
	assert_int_equal(ebpf_map__consume(map, stop_at_second, &n), 3);
	assert_int_equal(n, 5);
	assert_int_equal(ebpf_map__consume(map, stop_at_second, &n), 0);
	assert_int_equal(ebpf_map__consume(array, stop_at_second, &n), -EINVAL);
	assert_int_equal(ebpf_map__lookup(map, NULL, &n), -524);
	assert_int_equal(ebpf_map__update(map, NULL, &n, 0), -524);
	assert_int_equal(ebpf_map__delete(map, NULL), -524);
	ebpf_program__unref(prog);
	ebpf_map__unref(map);
	ebpf_map__unref(array);
	ebpf_instance__destroy(inst);
}

/* --- perf event arrays -------------------------------------------------------------------- */

static uint64_t perf_flags(uint32_t n_cpus)
{
	uint64_t index = below(3) ? BPF_F_CURRENT_CPU : below(n_cpus + 3);
	uint64_t bytes = below(3) ? below(PACKET_SIZE + 1) : below(PACKET_SIZE + 4);

	return below(20) ? bytes << 32 | index : random64();
}

static void make_perf_program(struct text *t, uint32_t n_cpus)
{
	begin(t);
	for (int i = 0; i < OPERATIONS; i++) {
		ADD(t, MOV_REG(1, 6), MAP_AT(2, 0), LOAD_IMM64(3, perf_flags(n_cpus)),
			MOV_REG(4, 10), ADD_IMM(4, -SHOWN), MOV_IMM(5, below(SHOWN + 1)),
			CALL(BPF_FUNC_perf_event_output));
		mix_r0(t);
	}
	end(t);
}

/* The kernel pads what it hands over. */
static void expect_same_samples(const struct events *ours, const struct events *theirs)
{
	assert_int_equal(ours->n, theirs->n);
	for (uint32_t i = 0; i < ours->n; i++) {
		uint32_t size = ours->seen[i].size;

		assert_int_equal((size + 4 + 7) / 8 * 8 - 4, theirs->seen[i].size);
		assert_memory_equal(ours->seen[i].bytes, theirs->seen[i].bytes, size);
	}
}

static void compare_perf(const char *backend, uint32_t n_cpus, uint32_t n_programs)
{
	static struct events ours, theirs;
	struct ebpf_instance *inst =
		ebpf_instance__create(&(struct ebpf_instance_opts){.workers = n_cpus}, NULL);
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, n_cpus + 1, 0);
	int fd = kernel__create_map(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, n_cpus + 1, 0);
	struct perf_buffer *reader =
		fd >= 0 ? perf_buffer__new(fd, 16, note_sample, NULL, &theirs, NULL) : NULL;
	struct ebpf_env env;
	struct text t;

	assert_non_null(reader);
	ebpf_env__init(&env, inst, 0);
	for (uint32_t i = 0; i < n_programs; i++) {
		struct twins p;

		make_perf_program(&t, n_cpus);
		p = load(inst, backend, map, fd, &t);
		for (int again = 0; again < RUNS; again++)
			run(&p, &env);
		unload(&p);
		ours.n = theirs.n = 0;
		assert_true(ebpf_map__consume(map, note_ours, &ours) >= 0);
		assert_int_equal(perf_buffer__consume(reader), 0);
		expect_same_samples(&ours, &theirs);
	}
	perf_buffer__free(reader);
	close(fd);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

/* Worker 0 is CPU 0. */
static void test_perf_events_as_kernel(void **state)
{
	cpu_set_t before, first;

	kernel__require();
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first)) {
		print_message("CPU 0 is not for us\n");
		skip();
	}
	for (uint32_t i = 0; i < N_BACKENDS; i++)
		compare_perf(backends[i], (uint32_t)libbpf_num_possible_cpus(),
			operations_wanted() / (OPERATIONS * RUNS) + 1);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

struct losses {
	uint32_t events, lost;
	uint32_t workers; /* a bit each */
};

static int count_losses(void *user, const struct ebpf_event *event)
{
	struct losses *l = user;

	l->events++;
	l->lost += event->lost;
	l->workers |= 1u << event->worker;
	return 0;
}

/* What found no room is told with the next event of the worker that does. */
static void test_lost_events_are_counted(void **state)
{
	const uint32_t runs = 6000;
	struct ebpf_instance *inst =
		ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 3}, NULL);
	struct ebpf_map *map = make_map(inst, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 8, 0);
	struct losses l = {0};
	struct ebpf_program *prog;
	struct ebpf_env env;
	uint32_t failed = 0;
	struct text t;

	begin(&t);
	ADD(&t, MOV_REG(1, 6), MAP_AT(2, 0), LOAD_IMM64(3, BPF_F_CURRENT_CPU), MOV_REG(4, 10),
		ADD_IMM(4, -SHOWN), MOV_IMM(5, SHOWN), CALL(BPF_FUNC_perf_event_output), EXIT());
	prog = machine__load(inst, "interp", &map, 1, t.insns, t.n);
	for (uint32_t worker = 0; worker < 3; worker++) {
		ebpf_env__init(&env, inst, worker);
		for (uint32_t i = 0; i < runs; i++) {
			int32_t err = (int32_t)machine__run(prog, &env);

			assert_true(err == 0 || err == -ENOSPC);
			failed += err != 0;
		}
	}
	assert_true(failed > 0);
	assert_int_equal(ebpf_map__consume(map, count_losses, &l), 3 * runs - failed);
	assert_int_equal(l.workers, 7);
	assert_int_equal(l.lost, 0); /* the ring was full to the end */
	for (uint32_t worker = 0; worker < 3; worker++) {
		ebpf_env__init(&env, inst, worker);
		assert_int_equal(machine__run(prog, &env), 0);
	}
	assert_int_equal(ebpf_map__consume(map, count_losses, &l), 3);
	assert_int_equal(l.lost, failed);
	ebpf_program__unref(prog);
	ebpf_map__unref(map);
	ebpf_instance__destroy(inst);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring_buffer_creation_as_kernel),
		cmocka_unit_test(test_ring_buffers_as_kernel),
		cmocka_unit_test(test_reader_may_stop),
		cmocka_unit_test(test_perf_events_as_kernel),
		cmocka_unit_test(test_lost_events_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
