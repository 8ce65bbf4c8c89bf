/* SPDX-License-Identifier: BSD-3-Clause
 *
 * firewall.h -- the sample firewall, ready to run in every way that this build has.
 */
#ifndef XDPK_BENCH_FIREWALL_H
#define XDPK_BENCH_FIREWALL_H

#include "bench.h"
#include "ebpf-program.h"

#define MAX_VARIANTS 4

struct variant {
	const char *name;
	ebpf_driver_fn driver;
	const struct ebpf_code *code; /* what env->prog runs, NULL if the driver holds it */
};

struct firewall {
	struct ebpf_instance *inst;
	struct object *obj;
	struct ebpf_program *prog;
	struct ebpf_env env;
	uint32_t n_variants;
	struct variant variants[MAX_VARIANTS]; /* the first is the baseline */
};

/* `object`: the compiled sample; `native`: its module as C. 0, or -1 with *errmsg. */
int firewall__open(struct firewall *f, const char *object, const char *native, char **errmsg);
void firewall__close(struct firewall *f);
/* All packets once, in bursts. */
void firewall__run(struct firewall *f, const struct variant *v, struct bench_packet *packets);

#endif
