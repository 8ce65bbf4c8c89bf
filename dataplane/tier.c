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

/* The program in the driver's loop, and what it goes on in. */
static int install_compiled(
	struct ebpf_program *prog, const struct ebpf_driver *driver, char **errmsg)
{
	const struct ebpf_code *code = ebpf_program__compile(prog, "llvm", driver, errmsg);

	if (!code)
		return -ENOTSUP;
	ebpf_program__install(prog, code);
	return ebpf_program__compile_targets(prog, "llvm", errmsg);
}

static int install_interpreted(
	struct ebpf_program *prog, const struct ebpf_driver *driver, char **errmsg)
{
	const struct ebpf_code *code = ebpf_program__interpret(prog, driver, errmsg);

	if (!code)
		return -ENOMEM;
	ebpf_program__install(prog, code);
	return 0;
}

static void *compile_main(void *arg)
{
	struct tier *tier = arg;

	install_compiled(tier->prog, tier->driver, &tier->failure);
	return NULL;
}

struct tier *tier__start(struct ebpf_program *prog, const struct ebpf_driver *driver,
	enum tier_engine engine, char **errmsg)
{
	struct tier *tier = calloc(1, sizeof(*tier));
	int err;

	if (!tier) {
		error__set(errmsg, -ENOMEM, "no memory");
		return NULL;
	}
	tier->prog = prog;
	tier->driver = driver;
	err = engine == TIER_LLVM ? install_compiled(prog, driver, errmsg)
				  : install_interpreted(prog, driver, errmsg);
	if (err) {
		free(tier);
		return NULL;
	}
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
