/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The library's side: maps, packets in frames laid out as the kernel lays them out for
 * BPF_PROG_TEST_RUN, and the comparison.
 */
#include <alloca.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contents.h"
#include "core/map.h"
#include "core/program.h"
#include "driver-fuzz.h"
#include "isa/isa.h"
#include "run.h"
#include "runtime/map-hash.h"

/* Text, formats, and room for more. */
static const uint8_t constant[32] = "0123\0%d %u\n\0%llx\0an end";
static const uint8_t *const generated_initial[GENERATED_N_MAPS] = {[MAP_CONST] = constant};

const struct map_set generated_set = {generated_maps, GENERATED_N_MAPS, generated_initial};

static const uint32_t packet_lengths[RUN_PACKETS] = {14, 60, 64, 128, 301};

/* Noise, with what looks like Ethernet, IPv4 and UDP at its head. */
uint32_t run_packet__fill(uint32_t i, uint8_t *bytes)
{
	static const uint8_t head[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, 1, 0, 0, 64, 17};
	uint32_t len = packet_lengths[i], state = 0x9e3779b9 * (i + 1), at;

	for (at = 0; at < len; at++) {
		state = state * 1664525 + 1013904223;
		bytes[at] = state >> 24;
	}
	memcpy(bytes, head, len < sizeof(head) ? len : sizeof(head));
	return len;
}

/* What the process would tell a program, and what differs from run to run. */
static uint64_t now(void)
{
	return 1000000007;
}

static uint64_t clock_now(int32_t clock)
{
	return 2000000011 + (uint64_t)clock;
}

static void drop_trace(struct ebpf_env *env, const char *text, uint64_t len)
{
}

static int64_t read_nothing(void *dst, uint64_t address, uint64_t len)
{
	return -EFAULT;
}

static const uint64_t secret[8] = {1, 2, 3, 4, 5, 6, 7, 8};
static struct ebpf_host host;

/* The process's services, but for these. */
static const struct ebpf_host *repeatable_host(const struct ebpf_host *real)
{
	host = *real;
	host.ktime_ns = now;
	host.trace = drop_trace;
	host.read = read_nothing;
	host.clock_ns = clock_now;
	host.secret = secret;
	return &host;
}

static int update(void *map, const void *key, const void *value)
{
	return ebpf_map__update(map, key, value, BPF_ANY);
}

static int lookup(void *map, const void *key, void *value)
{
	return ebpf_map__lookup(map, key, value);
}

static int lookup_and_delete(void *map, const void *key, void *value)
{
	return ebpf_map__lookup_and_delete(map, key, value);
}

static int delete (void *map, const void *key)
{
	return ebpf_map__delete(map, key);
}

static int next_key(void *map, const void *key, void *next)
{
	return ebpf_map__next_key(map, key, next);
}

/* The one worker's and the host's value. */
static const struct map_access map_access = {
	update, lookup, lookup_and_delete, delete, next_key, .n_values = 2};

uint64_t run_uses(const struct ebpf_insn *insns, uint32_t n, const struct map_set *set)
{
	uint64_t uses = 0;
	uint32_t i;

	for (i = 0; i < n; i++)
		if (insns[i].opcode == (BPF_LD | BPF_IMM | BPF_DW) &&
			(insns[i].src == BPF_PSEUDO_MAP_IDX ||
				insns[i].src == BPF_PSEUDO_MAP_IDX_VALUE) &&
			(uint32_t)insns[i].imm < set->n)
			uses |= 1ULL << insns[i].imm;
	return uses;
}

bool run_repeatable(uint64_t uses, const struct map_set *set)
{
	uint32_t map;

	for (map = 0; map < set->n; map++)
		if (uses >> map & 1 && !contents__repeatable(&set->opts[map]))
			return false;
	return true;
}

uint32_t run_called__insns(uint32_t i, uint32_t array, struct ebpf_insn *insns)
{
	const struct ebpf_insn again[] = {
		{.opcode = BPF_LD | BPF_IMM | BPF_DW,
			.dst = 2,
			.src = BPF_PSEUDO_MAP_IDX,
			.imm = (int32_t)array},
		{0},
		{.opcode = BPF_ALU64 | BPF_MOV | BPF_K, .dst = 3, .imm = 1},
		{.opcode = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_tail_call},
		{.opcode = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS},
		{.opcode = BPF_JMP | BPF_EXIT},
	};
	const struct ebpf_insn end[] = {
		{.opcode = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_TX},
		{.opcode = BPF_JMP | BPF_EXIT},
	};

	memcpy(insns, i ? again : end, i ? sizeof(again) : sizeof(end));
	return i ? sizeof(again) / sizeof(again[0]) : sizeof(end) / sizeof(end[0]);
}

/* A map of maps has one, an array of programs two entries, which programs cannot change. */
static int fill_handles(struct run_machine *m, uint32_t map, char **errmsg)
{
	const struct ebpf_map_opts *o = &m->set.opts[map];
	struct ebpf_insn insns[8];
	uint8_t key[64] = {0};
	uint32_t i;

	if (o->inner) {
		m->inner[map] = ebpf_map__create(m->inst, o->inner, errmsg);
		return m->inner[map] && o->key_size <= sizeof(key)
			       ? ebpf_map__set_inner(m->maps[map], key, m->inner[map], BPF_ANY)
			       : -EINVAL;
	}
	if (o->type != BPF_MAP_TYPE_PROG_ARRAY || m->called[0])
		return 0;
	for (i = 0; i < 2; i++) {
		uint32_t n = run_called__insns(i, map, insns);

		m->called[i] = run_machine__load(m, insns, n, NULL, errmsg);
		if (!m->called[i])
			return -EINVAL;
		if (i < o->max_entries && ebpf_map__set_program(m->maps[map], i, m->called[i]))
			return -EINVAL;
	}
	return 0;
}

static const uint8_t *initial(const struct run_machine *m, uint32_t map)
{
	return m->set.initial ? m->set.initial[map] : NULL;
}

/* Perhaps a program was stopped that held one; an update leaves it alone, and so does what makes an
 * element another key's. */
static void release_locks(struct ebpf_map *map)
{
	const struct rt_geometry *geo = &map->rt.geo;
	uint32_t i;

	if (ebpf_map__initial_value(map))
		memset(ebpf_map__initial_value(map), 0, geo->value_size);
	for (i = 1; geo->type == BPF_MAP_TYPE_HASH && i < geo->n_elems; i++)
		memset(rt_hash__value(&map->rt, 0, i) + geo->lock_off - 1, 0, sizeof(uint32_t));
}

static void reset(struct run_machine *m, uint32_t map)
{
	const struct ebpf_map_opts *o = &m->set.opts[map];

	if (o->lock_off)
		release_locks(m->maps[map]);
	contents__reset(&map_access, m->maps[map], o, map, initial(m, map));
	if (m->inner[map])
		contents__reset(&map_access, m->inner[map], o->inner, map, NULL);
}

int run_machine__init(struct run_machine *m, const struct map_set *set, char **errmsg)
{
	const struct ebpf_instance_opts opts = {.workers = 1};
	uint32_t map;

	memset(m, 0, sizeof(*m));
	m->set = *set;
	m->inst = ebpf_instance__create(&opts, errmsg);
	if (!m->inst)
		return -ENOMEM;
	for (map = 0; map < set->n; map++) {
		m->maps[map] = ebpf_map__create(m->inst, &set->opts[map], errmsg);
		if (!m->maps[map])
			return -errno;
	}
	for (map = 0; map < set->n; map++) {
		if (fill_handles(m, map, errmsg))
			return -EINVAL;
		reset(m, map);
		if (set->opts[map].flags & BPF_F_RDONLY_PROG)
			ebpf_map__freeze(m->maps[map]);
	}
	return 0;
}

void run_machine__release(struct run_machine *m)
{
	uint32_t map;

	for (map = 0; map < m->set.n; map++) {
		ebpf_map__unref(m->maps[map]);
		ebpf_map__unref(m->inner[map]);
	}
	ebpf_program__unref(m->called[0]);
	ebpf_program__unref(m->called[1]);
	if (m->inst)
		ebpf_instance__destroy(m->inst);
}

struct ebpf_program *run_machine__load(struct run_machine *m, const struct ebpf_insn *insns,
	uint32_t n, const struct ebpf_load_opts *opts, char **errmsg)
{
	struct ebpf_program_spec spec = {.name = "generated",
		.type = EBPF_PROGRAM_XDP,
		.insns = insns,
		.n_insns = n,
		.maps = m->maps,
		.n_maps = m->set.n};

	return ebpf_program__load(m->inst, &spec, opts, errmsg);
}

static struct interp_code *limited;

static uint64_t run_limited(struct ebpf_env *env, void *ctx)
{
	return interp__run(limited, env, ctx);
}

const struct ebpf_code *run_interpreter__begin(struct ebpf_program *prog)
{
	static const struct ebpf_code code = {.backend = "interp", .entry = run_limited};
	const struct interp_binding b = {
		.view = &prog->view, .maps = prog->rt_maps, .budget = RUN_MOST_INSNS};

	limited = interp__prepare(&b, NULL);
	return limited ? &code : NULL;
}

void run_interpreter__end(void)
{
	interp__release(limited);
	limited = NULL;
}

#ifdef HAVE_LLVM
extern const unsigned char driver_fuzz[];
extern const unsigned long driver_fuzz_size;
#endif

const struct ebpf_code *run_compile(struct ebpf_program *prog, char **errmsg)
{
	struct ebpf_driver driver = {.name = "fuzz", .cache_size = 1};

#ifdef HAVE_LLVM
	driver.bitcode = driver_fuzz;
	driver.bitcode_size = driver_fuzz_size;
#endif
	return ebpf_program__compile(prog, "llvm", &driver, errmsg);
}

/* Not inlined: what it allocates is gone when it returns. */
static __attribute__((noinline)) uint32_t run_deeper(
	const struct ebpf_code *code, struct ebpf_env *env, struct ebpf_xdp_ctx *ctx)
{
	volatile char *gap = alloca(0x4568);

	*gap = 0;
	return code->entry(env, ctx);
}

static uint32_t run_ahead(
	const struct ebpf_code *code, struct ebpf_env *env, struct ebpf_xdp_ctx *ctx)
{
	struct fuzz_packet packet = {.ctx = ctx};

	if (!code->driver)
		return code->entry(env, ctx);
	code->driver(env, &packet);
	return packet.verdict;
}

static void run_packet(const struct ebpf_code *code, struct ebpf_env *env, uint32_t i,
	bool elsewhere, struct run_outcome *out)
{
	static uint8_t frames[0x12340 + EBPF_XDP_FRAME_SIZE];
	uint8_t *frame = frames + (elsewhere ? 0x12340 : 0);
	struct run_packet *p = &out->packets[i];
	struct {
		uint8_t pad[136];
		struct ebpf_xdp_ctx ctx;
	} places[2];
	struct ebpf_xdp_ctx *ctx = &places[elsewhere].ctx;

	*ctx = (struct ebpf_xdp_ctx){
		.buf = frame,
		.buf_end = frame + EBPF_XDP_FRAME_SIZE,
		.head_limit = frame + EBPF_XDP_FRAME_HEADER,
		.tail_limit = frame + EBPF_XDP_FRAME_SIZE - EBPF_XDP_TAIL_RESERVE,
		.data = frame + EBPF_XDP_HEADROOM,
		.data_meta = frame + EBPF_XDP_HEADROOM,
		.ingress_ifindex = 1, /* the loopback device, as in the kernel's test runs */
	};
	memset(frame, 0, EBPF_XDP_FRAME_SIZE);
	ctx->data_end = ctx->data + run_packet__fill(i, ctx->data);
	env->redirect.kind = EBPF_REDIRECT_NONE;
	env->fault_reason = EBPF_FAULT_NONE;
	env->tail_calls = 0;
	p->verdict = elsewhere ? run_deeper(code, env, ctx) : run_ahead(code, env, ctx);
	if (env->next)
		p->verdict = ebpf_tail_call__follow(env);
	p->len = ctx->data_end - ctx->data_meta;
	p->meta_len = ctx->data - ctx->data_meta;
	p->bytes = contents__hash(ctx->data_meta, p->len);
	if (env->fault_reason && !out->fault_reason) {
		out->fault_reason = env->fault_reason;
		out->fault_insn = env->fault_insn;
	}
}

void run_machine__run(struct run_machine *m, struct ebpf_program *prog,
	const struct ebpf_code *code, uint64_t uses, bool elsewhere, struct run_outcome *out)
{
	struct ebpf_env env;
	uint32_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < m->set.n; i++)
		if (uses >> i & 1)
			reset(m, i);
	ebpf_env__init(&env, m->inst, 0);
	env.host = repeatable_host(env.host);
	env.prog = prog;
	env.random[0] = 1;
	env.random[1] = 2;
	for (i = 0; i < RUN_PACKETS && !out->fault_reason; i++)
		run_packet(code, &env, i, elsewhere, out);
	/* Who is stopped may hold a lock, for which a look at the map would wait. */
	for (i = 0; i < m->set.n && !out->fault_reason; i++) {
		if (!(uses >> i & 1))
			continue;
		out->maps[i] = contents__sum(&map_access, m->maps[i], &m->set.opts[i]);
		if (m->inner[i])
			out->maps[i] =
				contents__sum(&map_access, m->inner[i], m->set.opts[i].inner);
	}
}

const char *run_outcome__difference(
	const struct run_outcome *a, const struct run_outcome *b, const struct map_set *set)
{
	static _Thread_local char text[160];
	uint32_t i;

	for (i = 0; i < RUN_PACKETS; i++) {
		const struct run_packet *p = &a->packets[i], *q = &b->packets[i];

		if (p->verdict != q->verdict) {
			snprintf(text, sizeof(text), "packet %u: verdict %u, then %u", i,
				p->verdict, q->verdict);
			return text;
		}
		if (memcmp(p, q, sizeof(*p)) != 0) {
			snprintf(text, sizeof(text), "packet %u: bytes (%u+%u, then %u+%u)", i,
				p->meta_len, p->len - p->meta_len, q->meta_len,
				q->len - q->meta_len);
			return text;
		}
	}
	for (i = 0; i < set->n; i++) {
		if (a->maps[i] == b->maps[i])
			continue;
		snprintf(text, sizeof(text), "map %s", set->opts[i].name);
		return text;
	}
	return NULL;
}

void run_print(const struct ebpf_insn *insns, uint32_t n)
{
	char text[128];
	uint32_t i;

	for (i = 0; i < n; i++) {
		isa__disassemble(&insns[i], n - i, i, text, sizeof(text));
		fprintf(stderr, "%4u: %s\n", i, text);
		i += insns[i].opcode == (BPF_LD | BPF_IMM | BPF_DW);
	}
}
