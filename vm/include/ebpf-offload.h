/* SPDX-License-Identifier: BSD-3-Clause
 *
 * ebpf-offload.h -- a program as a kernel: code that judges a batch of packets far from the maps,
 * on a GPU or, the same code compiled for the CPU, in threads of this machine.
 *
 * A kernel reads snapshots of the program's maps and writes nothing but its results. What the
 * program would change elsewhere it notes beside the packet's verdict (struct ebpf_note), and the
 * host does it when the batch has come back: so a batch that is lost has had no effect, and its
 * packets may be judged once more by the CPU. There are no counters to be merged, and none is lost
 * or counted twice.
 *
 *	kernel = ebpf_program__offload(prog, EBPF_TARGET_HOST, &driver, &err);
 *	info = ebpf_kernel__info(kernel);
 *	for each map: ebpf_map__snapshot(info->map[i].map, worker, memory[i], info->map[i].bytes);
 *	image = ebpf_kernel__place(kernel, memory, &err);
 *	ebpf_kernel_image__run(image)(NULL, launch);
 *	for each note of a packet: ebpf_note__apply(kernel, env, note, memory[note->map]);
 *
 * For a GPU there is ebpf_kernel__ptx() instead of an image.
 *
 * What is refused, and said with the instruction and its source line: helpers other than those of
 * a table, stores to map values that are no counters, counters whose value decides anything, maps
 * of maps, tail calls, events, locks. A counter is what is only ever read to be added to; bits
 * below the lowest that any addition can change may be looked at (flags that share a word with a
 * counter do).
 *
 * What a program inserts into a map is left to the CPU: the kernel gives such packets back (again
 *in their results), and the CPU judges them from the beginning. A program that looks things up in
 *the same map can be a kernel only if it goes on with nothing else than an insertion where it finds
 * nothing, and changes nothing that is there: then no other verdict comes of a snapshot that is
 * older than the last insertion. Of an LRU map a kernel's lookups use nothing: what it adds to
 *does.
 *
 * Errors: as in ebpf-vm.h. Threads: a kernel does not change once it is made.
 */
#ifndef EBPF_OFFLOAD_H
#define EBPF_OFFLOAD_H

#include "ebpf-program.h"

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

struct ebpf_kernel;

enum ebpf_target {
	EBPF_TARGET_HOST, /* this CPU */
	EBPF_TARGET_PTX,  /* PTX for sm_75 and newer */
};

/* What a program did to something far away. */
enum ebpf_note_kind {
	EBPF_NOTE_ADD,      /* value of a map at `offset` in its memory, `size` bytes: += operand */
	EBPF_NOTE_REDIRECT, /* bpf_redirect_map(map, key = operand, flags = offset) */
};

struct ebpf_note {
	uint8_t kind, size;
	uint16_t map; /* the program's index of it */
	uint64_t offset;
	uint64_t operand;
};

/* Where a kernel notes; `full`: there was no room, the packet is to be judged by the CPU. */
struct ebpf_notes {
	struct ebpf_note *note;
	uint32_t n, max;
	uint8_t full;
};

enum ebpf_map_use {
	EBPF_MAP_READ = 1 << 0,    /* looked up, or its values read */
	EBPF_MAP_COUNTED = 1 << 1, /* values are added to */
	EBPF_MAP_TARGETS = 1 << 2, /* redirected by */
	EBPF_MAP_CHANGED = 1 << 3, /* by the program, where the CPU judges a packet again */
};

struct ebpf_kernel_map {
	struct ebpf_map *map; /* the program's; borrowed */
	uint32_t use;         /* enum ebpf_map_use; 0: the kernel does not touch it */
	uint64_t bytes;       /* of its memory in a kernel: one slot of per-CPU values */
};

struct ebpf_kernel_info {
	/* The program touches no byte of the packet behind the first so many; 0: not known, it
	 * needs the whole packet. Metadata in front is not counted. */
	uint32_t window;
	bool writes_packet; /* bytes, or where it begins and ends: results bring it back */
	bool moves_packet;  /* adjusts head, metadata or tail: needs the kernel's headroom */
	bool grows_packet;  /* the tail of them: needs all the room that Linux gives it */
	bool redirects;
	uint32_t max_notes; /* a packet that needs more is judged by the CPU */
	uint32_t n_maps;    /* the program's */
	const struct ebpf_kernel_map *map;
};

/* The driver for kernels: bitcode for both targets. ebpf_driver(NULL, launch) is called once per
 * thread on a GPU. */
struct ebpf_kernel_driver {
	const char *name;
	const void *bitcode[2]; /* by enum ebpf_target */
	size_t bitcode_size[2];
	uint64_t layout; /* as a driver's (ebpf-program.h) */
};

/* NULL with *errmsg, errno ENOTSUP if the program cannot be a kernel: a sentence with the reason
 * and the source line. The kernel holds a reference to the program. */
struct ebpf_kernel *ebpf_program__offload(struct ebpf_program *prog, enum ebpf_target target,
	const struct ebpf_kernel_driver *driver, char **errmsg);
void ebpf_kernel__destroy(struct ebpf_kernel *k); /* NULL is fine */
const struct ebpf_kernel_info *ebpf_kernel__info(const struct ebpf_kernel *k);
struct ebpf_program *ebpf_kernel__program(const struct ebpf_kernel *k);

/* PTX text with a NUL behind it; NULL for another target. Its entry is `ebpf_driver`, with two
 * pointers of which the second is the launch; map i's memory is the global `ebpf_map_I`, which is
 * not there where the code has no need of it. */
const char *ebpf_kernel__ptx(const struct ebpf_kernel *k, size_t *size);

/* Another copy of host code, whose maps' memory is where `memory` says (by index; 64-byte aligned;
 * NULL for maps that are not touched). NULL with *errmsg. */
struct ebpf_kernel_image;
struct ebpf_kernel_image *ebpf_kernel__place(
	const struct ebpf_kernel *k, uint8_t *const *memory, char **errmsg);
ebpf_driver_fn ebpf_kernel_image__run(const struct ebpf_kernel_image *img);
void ebpf_kernel_image__destroy(struct ebpf_kernel_image *img); /* NULL is fine */

/* A map's memory as it is now, as a kernel would have it; of per-CPU values those of one worker.
 * Nothing that the host changes is half there: it waits meanwhile. Programs do not. */
void ebpf_map__snapshot(struct ebpf_map *map, uint32_t worker, uint8_t *memory, uint64_t bytes);
/* Rises with every change that the host makes, before and after it; not with those of programs. */
uint64_t ebpf_map__version(const struct ebpf_map *map);

/* Does what a packet's note says, as worker env->worker; `memory` is the snapshot of the note's map
 * that the kernel read. An element that has gone since is not added to, as in Linux. Gives for
 * EBPF_NOTE_REDIRECT what bpf_redirect_map() gives, with env->redirect. Notes are done in their
 * order; a redirect that is no note came after those that are. */
uint64_t ebpf_note__apply(const struct ebpf_kernel *k, struct ebpf_env *env,
	const struct ebpf_note *note, const uint8_t *memory);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
#endif
