/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tier.c -- compile in the background, install when done.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "background.h"
#include "core/error.h"
#include "tier.h"

struct tier {
	struct ebpf_program *prog;
	const struct ebpf_driver *driver;
	bool compiling;
	pthread_t thread;
	char *failure;
};

static void *compile_main(void *arg)
{
	struct tier *tier = arg;
	const struct ebpf_code *code =
		ebpf_program__compile(tier->prog, "llvm", tier->driver, &tier->failure);

	if (code)
		ebpf_program__install(tier->prog, code);
	return NULL;
}

struct tier *tier__start(struct ebpf_program *prog, const struct ebpf_driver *driver,
	enum tier_engine engine, char **errmsg)
{
	struct tier *tier = calloc(1, sizeof(*tier));
	const struct ebpf_code *code;

	if (!tier) {
		error__set(errmsg, -ENOMEM, "no memory");
		return NULL;
	}
	tier->prog = prog;
	tier->driver = driver;
	code = engine == TIER_LLVM ? ebpf_program__compile(prog, "llvm", driver, errmsg)
				   : ebpf_program__interpret(prog, driver, errmsg);
	if (!code) {
		free(tier);
		return NULL;
	}
	ebpf_program__install(prog, code);
	/* A build without the compiler has no bitcode: nothing to move to. */
	if (engine == TIER_AUTO && driver->bitcode)
		tier->compiling =
			!background__start(&tier->thread, "xdpk-compile", compile_main, tier);
	return tier;
}

char *tier__finish(struct tier *tier)
{
	char *failure;

	if (!tier)
		return NULL;
	if (tier->compiling)
		pthread_join(tier->thread, NULL);
	failure = tier->failure;
	free(tier);
	return failure;
}
