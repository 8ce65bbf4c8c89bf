/* SPDX-License-Identifier: BSD-3-Clause
 *
 * gpu.h -- one core's best engine beside a device, over the packets of a batch and their length.
 *
 *	end to end   workers with packets in buffers such as a pool's: packed, sent, judged there,
 *	             verdicts and bytes brought back to the packets
 *	there        the same without the workers: packets lie packed in pinned memory, verdicts
 *	             stay there
 *	latency      end to end at half of that rate: from a packet's arrival to its verdict
 *	auto         workers whose packets are judged by core or device, as split.h decides, beside
 *	             the better of both
 *
 * Before anything is measured the device has to judge every packet as the core does.
 *
 * Threads: a bout belongs to one; its workers are threads of their own.
 */
#ifndef XDPK_BENCH_GPU_GPU_H
#define XDPK_BENCH_GPU_GPU_H

#include <stdatomic.h>
#include <stdio.h>

#include "../engine.h"
#include "offload.h"

#define GPU_MAX_POINTS 16
#define GPU_MAX_SERIES 32

struct gpu_plan {
	const char *device;  /* "cuda", "host:2" */
	const char *objects; /* folder of programs and control lines */
	uint32_t batches[GPU_MAX_POINTS], n_batches;
	uint32_t workers, depth, deadline_us;
	uint32_t entries; /* of the workload's map; 0: its own number */
	const char *core; /* the core's engine; NULL: the best */
	uint32_t repetitions;
	double ns; /* of each */
	bool check_only;
	bool verbose;
	const char *images; /* folder where images of the programs are written, or NULL: measure */
};

/* Batches of one size; times in ns per packet, 0: not measured. */
struct gpu_point {
	uint32_t batch;
	double ns;        /* end to end, by the clock, of all workers together */
	double worker_ns; /* of a worker's own time */
	double there_ns;
	double kernel_ns;      /* of that, the device's own */
	double bytes;          /* that go to the device per packet */
	double p50_us, p99_us; /* latency */
	double cpu_ns;         /* as ns, but judged by the workers' cores */
	double auto_ns;        /* as ns, but judged by either */
	double auto_ratio;     /* of that to the better of both */
};

struct gpu_series {
	const char *workload;
	uint32_t len; /* of packets */
	const char *engine;
	double core_ns;
	struct gpu_point points[GPU_MAX_POINTS];
	uint32_t n_points;
};

struct gpu_figures {
	char device[256]; /* its name and driver */
	bool is_gpu;
	double copy_in, copy_out; /* bytes per ns, of long copies */
	struct gpu_series series[GPU_MAX_SERIES];
	uint32_t n_series;
};

/* The smallest batch from which on the device is faster, end to end or with packets that are there;
 * 0: it is not. */
uint32_t gpu_series__crossover(const struct gpu_series *s, bool there);
/* Of the bandwidth that long copies have, what packets that are there need. */
double gpu_point__share_of_copy(const struct gpu_point *p, const struct gpu_figures *f);

/* --- a bout: workload, core, device ------------------------------------------------------ */

struct gpu_worker;

struct gpu_bout {
	const struct gpu_plan *plan;
	struct ebpf_gpu_device *dev;
	struct workload workload; /* with the plan's entries, and files where the plan says */
	char object[512], init[512];
	struct bench_case bench;
	struct variant core; /* the best engine */
	struct ebpf_offload *offload;
	struct gpu_worker *workers; /* plan->workers of them */
	atomic_int side;            /* enum split_mode: who judges (sides.c) */
};

/* A workload of the plan's, or NULL. Its copy for a length of packets is the caller's. */
struct gpu_workload {
	struct workload base; /* object and init: names in plan->objects */
	uint32_t lengths[4];  /* 0 behind the last */
};

extern const struct gpu_workload gpu_workloads[];
extern const size_t n_gpu_workloads;

/* All figures of a workload at one length: another series. 0, 1: core and device differ (told on
 * stderr), -1 with *errmsg. */
int gpu_bout__run(const struct gpu_plan *plan, struct ebpf_gpu_device *dev,
	const struct gpu_workload *w, uint32_t len, struct gpu_figures *out, char **errmsg);

/* The program loaded, its maps filled, packets of that length: 0, or -1 with *errmsg. bench is
 * closed in any case. */
int gpu_bout__open(struct gpu_bout *b, const struct gpu_workload *w, uint32_t len, char **errmsg);

/* The workload's program as an image in the folder, for cores and devices of machines without LLVM
 * and a plan with the same entries. 0, or -1 with *errmsg. */
int gpu_images__write(const struct gpu_plan *plan, const struct gpu_workload *w, char **errmsg);

/* With b->offload made for the point's batches. 0 or -1 with *errmsg. */
int gpu_workers__agree(struct gpu_bout *b, char **errmsg); /* or 1 */
int gpu_sides__measure(struct gpu_bout *b, struct gpu_point *out, char **errmsg);
int gpu_workers__latency(struct gpu_bout *b, struct gpu_point *out, char **errmsg);
int gpu_there__measure(struct gpu_bout *b, struct gpu_point *out, char **errmsg);
int gpu_there__copies(struct gpu_bout *b, struct gpu_figures *out, char **errmsg);

/* By the clock that all threads share. */
uint64_t gpu_clock_ns(void);

/* --- reports ----------------------------------------------------------------------------- */

void gpu_report__table(FILE *out, const struct gpu_figures *f, const struct gpu_plan *plan);
void gpu_report__json(FILE *out, const struct gpu_figures *f, const struct gpu_plan *plan);
void gpu_report__svg(FILE *out, const struct gpu_figures *f, const struct gpu_plan *plan);
/* What a README has of them. */
void gpu_report__readme(FILE *out, const struct gpu_figures *f, const struct gpu_plan *plan);
/* A line for each thing that is wanted of a device: "pass: ", "FAIL: ", or "no GPU: " where it is
 * of GPUs alone. Is nothing missing? */
bool gpu_wanted__check(FILE *out, const struct gpu_figures *f, const struct gpu_plan *plan);

#endif
