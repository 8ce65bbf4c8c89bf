/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ebpf-env.h -- what a running program sees of its surroundings: the environment of the
 * worker, and the context of the packet. Layouts here are part of every compiled image.
 *
 * This header is also compiled to bitcode (freestanding C, host and GPU), so it includes
 * nothing but <stdint.h>.
 *
 * A packet buffer:
 *
 *	buf        head_limit?   data_meta  data        data_end   tail_limit?     buf_end
 *	 |             |             |        |            |            |             |
 *	 v             v             v        v            v            v             v
 *	 +-------------------------------------------------------------------------------+
 *	 |                           | meta   | packet     |                             |
 *	 +-------------------------------------------------------------------------------+
 *
 * head_limit and tail_limit are how far the kernel would let data_meta and data_end move;
 * they may lie outside [buf, buf_end). bpf_xdp_adjust_head/meta/tail obey the limits first
 * and, where the real buffer is the narrower one, move the packet within it and the limits
 * along with it. After a run the driver rereads data, data_end, data_meta.
 *
 * A packet of several buffers begins in one like this and goes on in fragments (struct
 * ebpf_xdp_frags). A program whose section says xdp.frags gets it whole; of the others none may
 * be given one.
 */
#ifndef EBPF_ENV_H
#define EBPF_ENV_H

#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

/* The kernel's headroom before a packet, less what its own frame header takes of it, and the
 * room of a page after the shared info at its end (bpf_prog_test_run_xdp, Linux 6.x). */
#define EBPF_XDP_HEADROOM     256
#define EBPF_XDP_FRAME_HEADER 40
#define EBPF_XDP_FRAME_SIZE   4096
#define EBPF_XDP_TAIL_RESERVE 320
/* The longest packet in one linear buffer. */
#define EBPF_XDP_MAX_LINEAR (EBPF_XDP_FRAME_SIZE - EBPF_XDP_HEADROOM - EBPF_XDP_TAIL_RESERVE)

/* Fragments of a packet: the kernel's MAX_SKB_FRAGS. */
#define EBPF_XDP_MAX_FRAGS 17
/* The longest packet of all, if the fragments are pages. */
#define EBPF_XDP_MAX_PACKET (EBPF_XDP_MAX_LINEAR + EBPF_XDP_MAX_FRAGS * EBPF_XDP_FRAME_SIZE)

/* Jiffies in a second: what programs find in CONFIG_HZ. */
#define EBPF_HZ 250

struct ebpf_env;
struct ebpf_notes;
struct ebpf_program;
struct ebpf_regions;
struct rt_net;

typedef uint64_t (*ebpf_entry_fn)(struct ebpf_env *env, void *ctx);
typedef void (*ebpf_driver_fn)(struct ebpf_env *env, void *burst);

/* ctx of EBPF_PROGRAM_RAW */
struct ebpf_raw_ctx {
	uint8_t *mem;
	uint64_t len;
};

/* What a device may tell of a packet, and whether it all lies in one buffer. */
enum ebpf_rx_metadata {
	EBPF_RX_TIMESTAMP = 1 << 0,
	EBPF_RX_HASH = 1 << 1,
	EBPF_RX_VLAN = 1 << 2,
	EBPF_RX_FRAGS = 1 << 3, /* it does not: `frags` is set */
	EBPF_RX_OFFERED = 8,    /* bits up: it tells that, but perhaps not of this packet */
};

/* Where a packet goes on behind data_end, in order. bpf_xdp_adjust_tail() grows the last fragment,
 * and shortens or takes away from the last one on: n and size say what is left. The driver owns it
 * all and takes back what no longer belongs to the packet. */
struct ebpf_xdp_frags {
	uint32_t n;    /* from 1 as long as EBPF_RX_FRAGS is set */
	uint32_t size; /* bytes in all of them */
	struct ebpf_xdp_frag {
		uint8_t *data;
		uint32_t size, room; /* room: size can grow to that */
	} frag[EBPF_XDP_MAX_FRAGS];
};

/* ctx of EBPF_PROGRAM_XDP; the program sees it as struct xdp_md. */
struct ebpf_xdp_ctx {
	uint8_t *data, *data_end, *data_meta;
	uint8_t *buf, *buf_end;
	uint8_t *head_limit, *tail_limit;
	uint32_t ingress_ifindex, rx_queue_index, egress_ifindex;
	uint32_t metadata; /* enum ebpf_rx_metadata: which of the last fields are set */
	void *frame;       /* the driver's own: its mbuf, or NULL */
	uint64_t rx_timestamp;
	uint32_t rx_hash, rx_hash_type; /* enum xdp_rss_hash_type */
	uint16_t rx_vlan_tci;           /* of a tag that was taken out of the packet */
	struct ebpf_xdp_frags *frags;
};

/* Services of the process, called from helpers; one table per process. */
struct ebpf_host {
	uint64_t (*ktime_ns)(void);
	void (*trace)(struct ebpf_env *env, const char *text, uint64_t len);
	/* Copies from an address that may be anything; -EFAULT if it cannot be read. */
	int64_t (*read)(void *dst, uint64_t address, uint64_t len);
	/* Nanoseconds of a clock, by its number in <time.h>. */
	uint64_t (*clock_ns)(int32_t clock);
	const uint64_t *secret; /* eight random words, the same all over the process */
};

enum ebpf_redirect_kind {
	EBPF_REDIRECT_NONE,      /* to nobody: no call, or the last one found no entry */
	EBPF_REDIRECT_IFINDEX,   /* to an interface: bpf_redirect(), a DEVMAP's or XSKMAP's entry */
	EBPF_REDIRECT_WORKER,    /* to a CPUMAP's entry */
	EBPF_REDIRECT_BROADCAST, /* to all interfaces of a map: ebpf_redirect__for_each() */
};

/* What map entries name stays until the worker is quiescent (below). */
struct ebpf_redirect {
	uint16_t kind;   /* enum ebpf_redirect_kind */
	uint16_t queue;  /* to a worker: how many packets may wait there, by the entry */
	uint32_t target; /* interface or worker; of a broadcast the flags */
	union {
		const struct ebpf_program *prog; /* what runs there first, or NULL */
		const void *map;                 /* of a broadcast: struct rt_map */
	};
};

struct ebpf_call_frame { /* a raw program's stack frames, for run-time checks */
	uint8_t *stack;
};

struct ebpf_env {
	const struct ebpf_program *prog; /* what runs now */
	const struct ebpf_host *host;
	uint32_t worker; /* index: whose per-CPU values; in a kernel 0, where there is one slot */
	uint32_t tail_calls;
	struct ebpf_redirect redirect; /* the driver clears .kind before each packet */
	/* A program that ends by a tail call leaves here what goes on: ebpf_tail_call__follow() */
	const struct ebpf_program *next;
	void *next_ctx;
	uint64_t random[2];       /* state of bpf_get_prandom_u32() */
	uint64_t scout_random[2]; /* the same, as far as scouts have gone on with it */

	/* The last fault: reason 0 is none. Mirrors struct ebpf_fault. */
	uint32_t fault_reason, fault_insn, fault_size;
	uint32_t depth; /* frames of a raw program in use */
	uint64_t fault_address;
	struct ebpf_call_frame frames[8];
	uint8_t *mem; /* raw programs: the memory they were given */
	uint64_t mem_len;
	void *owner;  /* the instance: where host services find their sinks */
	uint64_t era; /* the machine's own: what this worker has told of last (vm/core/reclaim.h) */
	void *run;    /* the interpreter's: whose function a helper calls back */
	uint32_t n_workers;
	uint32_t cpu; /* bpf_get_smp_processor_id(): the worker, or whom a kernel stands for */
	const struct rt_net *net;           /* the instance's links and routes: ebpf-net.h */
	const struct ebpf_regions *regions; /* raw programs: of their VM, or NULL */
	uint64_t budget;                    /* raw programs, compiled: instructions that are left */
	struct ebpf_notes *notes;           /* a kernel's (ebpf-offload.h); elsewhere NULL */
};

struct ebpf_instance;
/* Fills all of *env; worker < the instance's workers. */
void ebpf_env__init(struct ebpf_env *env, struct ebpf_instance *inst, uint32_t worker);

/* A worker that runs programs while other threads change maps of programs or of maps must be
 * online meanwhile, and say from time to time (once per burst) that it is between two packets:
 * what was taken out of those maps stays until then. Waiting for nothing, it is offline. One
 * environment per worker number may be online. */
void ebpf_env__online(struct ebpf_env *env);
void ebpf_env__quiescent(struct ebpf_env *env);
void ebpf_env__offline(struct ebpf_env *env);

/* Calls fn for each interface that a broadcast goes to, with a redirect to that one: in the order
 * of the map, but not with that where the packet came from if the flags leave it out. */
typedef void (*ebpf_redirect_fn)(void *user, const struct ebpf_redirect *one);
void ebpf_redirect__for_each(const struct ebpf_redirect *broadcast, uint32_t ingress_ifindex,
	ebpf_redirect_fn fn, void *user);

/* Runs the program that a tail call has named, and those that it calls; gives the last one's
 * result. For those who call the entry of a program's code themselves. */
uint64_t ebpf_tail_call__follow(struct ebpf_env *env);

/* May the program be given packets in fragments? In bitcode a constant; otherwise env->prog is
 * asked. */
int ebpf_program_has_frags(struct ebpf_env *env);

/* The program, as a driver calls it: in bitcode the program itself, to be inlined; in native
 * drivers, which define EBPF_NATIVE_DRIVER, whatever code is installed in env->prog. */
uint64_t ebpf_program__entry(struct ebpf_env *env, void *ctx);
/*
 * Where a program's maps are larger than the cache, the driver may go over a burst before it
 * runs it, so that what the lookups touch is on its way for all packets at once:
 *
 *	if (ebpf_program_looks_ahead(env)) {
 *		for each packet: way[i] = ebpf_program_scout(env, &ctx);
 *		for each packet: ebpf_program_fetch(env, way[i]);
 *	}
 *	for each packet: ebpf_program_entry(env, &ctx);
 *
 * A scout is the program up to its first lookup in such a map, without effects; a driver opens
 * the context for it as for the program. Compiled programs alone have one: to others, and where
 * the maps as they are filled now fit the cache, it is not worth while.
 *
 * A program may leave env->redirect and env->tail_calls other than it found them; both are to be
 * cleared before each packet then. Compiled, most are known not to: ebpf_program_redirects().
 */
#ifdef EBPF_NATIVE_DRIVER
#define ebpf_program_entry ebpf_program__entry
static inline int ebpf_program_redirects(struct ebpf_env *env)
{
	(void)env;
	return 1;
}
static inline int ebpf_program_looks_ahead(struct ebpf_env *env)
{
	(void)env;
	return 0;
}
static inline uint64_t ebpf_program_scout(struct ebpf_env *env, void *ctx)
{
	(void)env, (void)ctx;
	return 0;
}
static inline void ebpf_program_fetch(struct ebpf_env *env, uint64_t way)
{
	(void)env, (void)way;
}
#else
uint64_t ebpf_program_entry(struct ebpf_env *env, void *ctx);
int ebpf_program_redirects(struct ebpf_env *env);
int ebpf_program_looks_ahead(struct ebpf_env *env);
uint64_t ebpf_program_scout(struct ebpf_env *env, void *ctx);
void ebpf_program_fetch(struct ebpf_env *env, uint64_t way);
#endif

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
