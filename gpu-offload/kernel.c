/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel.c -- the driver around a program that is a kernel: makes a packet's context over its
 * window, runs the program, writes what came of it. kernel.h says where all that lies.
 *
 * Compiled to bitcode twice, and never natively: for the CPU, where a thread goes over the packets
 * from launch->first to launch->end, and for GPUs, where there is a thread for each packet.
 *
 * Environment, notes and context are made anew for each packet and seen by nobody else, so that
 * they dissolve into registers: that is why none of them has a pointer to itself. Nothing is
 * written but the packet's window, its result and its notes.
 */
#include "kernel.h"

#define HEAD_ROOM (EBPF_XDP_HEADROOM - EBPF_XDP_FRAME_HEADER)

/* The environment comes first: helpers find the launch behind it. */
struct kernel_run {
	struct ebpf_env env;
	const struct kernel_launch *launch; /* the device's own */
};

typedef uint64_t vector __attribute__((vector_size(16)));

/* A packet begins so many bytes behind a multiple of 16, so that its IP header begins at one. */
#define PACKET_PHASE 2

#ifdef __NVPTX__
#define GLOBAL_MEMORY __attribute__((address_space(1)))
#else
#define GLOBAL_MEMORY
#endif

static const struct kernel_launch *launch_of(const struct ebpf_env *env)
{
	return ((const struct kernel_run *)env)->launch;
}

/* --- helpers that a kernel answers otherwise than the runtime ---------------------------- */

uint64_t helper_ktime_get_ns(struct ebpf_env *env);
uint64_t helper_ktime_get_coarse_ns(struct ebpf_env *env);
uint64_t helper_jiffies64(struct ebpf_env *env);

/* A batch is judged at one moment. */
uint64_t helper_ktime_get_ns(struct ebpf_env *env)
{
	return launch_of(env)->ktime_ns;
}

uint64_t helper_ktime_get_coarse_ns(struct ebpf_env *env)
{
	return launch_of(env)->ktime_ns;
}

/* As the runtime's (helper-misc.c). */
uint64_t helper_jiffies64(struct ebpf_env *env)
{
	return (uint32_t)(-300 * EBPF_HZ) + launch_of(env)->ktime_ns / (1000000000 / EBPF_HZ);
}

/* --- a packet ---------------------------------------------------------------------------- */

/* What comes of it is known to be of the one kind of memory, whose loads are the cheaper ones. */
static inline uint8_t *place(uint64_t address)
{
	return (uint8_t *)(uint8_t GLOBAL_MEMORY *)address;
}

static inline uint8_t *in_at(const struct kernel_launch *l, uint64_t offset)
{
	return place(l->in + offset);
}

static inline uint8_t *out_at(const struct kernel_launch *l, uint64_t offset)
{
	return place(l->out + offset);
}

/* Bits that differ in all places from one packet to the next (splitmix64, by Vigna). */
static inline uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static inline void open_run(struct kernel_run *run, const struct kernel_launch *l, uint32_t i)
{
	run->env.cpu = l->cpu;
	run->env.n_workers = 1;
	run->env.random[0] = mix(l->seed + i);
	run->env.random[1] = mix(l->seed ^ run->env.random[0]) | 1;
}

/* The limits are Linux's, wherever the window ends. A packet that goes on behind it ends its
 * buffer: that it cannot grow there nobody finds out, as programs that would have their packets
 * whole. */
static inline void open_packet(
	struct ebpf_xdp_ctx *ctx, const struct kernel_packet *p, uint8_t *window, uint32_t headroom)
{
	uint8_t *data = __builtin_assume_aligned(window + headroom, 16, PACKET_PHASE);
	uint8_t *data_end = data + p->len, *end = window + p->room;

	*ctx = (struct ebpf_xdp_ctx){.data = data,
		.data_end = data_end,
		.data_meta = data,
		.buf = window,
		.buf_end = end < data_end ? data_end : end,
		.head_limit = data - HEAD_ROOM,
		.tail_limit = data + EBPF_XDP_MAX_LINEAR,
		.ingress_ifindex = p->ifindex,
		.rx_queue_index = p->queue,
		.metadata = p->metadata,
		.rx_timestamp = p->rx_timestamp,
		.rx_hash = p->rx_hash,
		.rx_hash_type = p->rx_hash_type,
		.rx_vlan_tci = p->rx_vlan_tci};
}

/* Whole vectors, of which the first and the last may have bytes beside the packet's. */
static inline void copy_window(
	uint8_t *to, const uint8_t *window, uint32_t room, const struct ebpf_xdp_ctx *ctx)
{
	uint64_t end = (uint64_t)(ctx->data_end - window), at = (uint64_t)(ctx->data_meta - window);

	if (end > room)
		end = room;
	for (at &= ~UINT64_C(15); at < end; at += 16)
		*(vector *)(to + at) = *(const vector *)(window + at);
}

/* The launch is copied, so that it need not be read again behind each store. */
static inline void judge(const struct kernel_launch *launch, uint32_t i)
{
	const struct kernel_launch copy = *launch, *l = &copy;
	const struct kernel_packet *p = (const struct kernel_packet *)in_at(l, l->packets) + i;
	uint8_t *window = __builtin_assume_aligned(in_at(l, l->windows + p->window), 16);
	struct kernel_result result;
	struct ebpf_xdp_ctx ctx;
	struct ebpf_notes notes = {.max = l->max_notes};
	struct kernel_run run = {.env.notes = &notes, .launch = launch};
	uint32_t verdict;

	notes.note = (struct ebpf_note *)out_at(l, l->notes) + (uint64_t)i * l->max_notes;
	open_run(&run, l, i);
	open_packet(&ctx, p, window, l->headroom);
	verdict = (uint32_t)ebpf_program_entry(&run.env, &ctx);
	result = (struct kernel_result){.verdict = verdict,
		.len = (uint32_t)(ctx.data_end - ctx.data),
		.head = (int16_t)(ctx.data - window - l->headroom),
		.meta = (uint16_t)(ctx.data - ctx.data_meta),
		.n_notes = notes.n,
		.redirect_kind = run.env.redirect.kind,
		.redirect_target = run.env.redirect.target,
		.again = notes.full};
	result.seal = kernel_result__seal(&result, notes.note, l->seed, i);
	if (l->windows_out)
		copy_window(out_at(l, l->out_windows + p->window), window, p->room, &ctx);
	((struct kernel_result *)out_at(l, l->results))[i] = result;
}

void ebpf_driver(struct ebpf_env *unused, void *launch);

void ebpf_driver(struct ebpf_env *unused, void *launch)
{
	const struct kernel_launch *l = launch;
#ifdef __NVPTX__
	uint32_t i = __nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() +
		     __nvvm_read_ptx_sreg_tid_x();

	if (i < l->n)
		judge(l, i);
#else
	for (uint32_t i = l->first; i < l->end; i++)
		judge(l, i);
#endif
}
