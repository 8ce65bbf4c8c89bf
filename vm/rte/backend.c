/* SPDX-License-Identifier: BSD-3-Clause
 *
 * backend.c -- the module's one door: compile requests in, code out.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../core/error.h"
#include "rte.h"

extern const unsigned char rte_entry[];
extern const unsigned long rte_entry_size;

static bool lddw_value(void *user, uint32_t insn, uint64_t *value)
{
	const struct code_order *order = user;
	char symbol[32];

	snprintf(symbol, sizeof(symbol), "ebpf_lddw.%u", insn);
	return order->resolve(order->user, symbol, value);
}

static int load(const struct examined *x, enum addressing addressing,
	const struct code_order *order, struct backend_code *code, char **errmsg)
{
	struct lowering_opts opts = {
		.addressing = addressing, .lddw_value = lddw_value, .user = (void *)order};
	struct lowered program;
	int err = lower(x, &opts, &program, errmsg);

	if (err)
		return err;
	code->owned = librte__load(&program, &code->run, &code->run_size);
	lowered__release(&program);
	return code->owned ? 0 : error__set(errmsg, -ENOTSUP, "librte_bpf refuses it");
}

/* Its verifier is simpler than ours, and is then shown nothing that it had to follow. */
static int load_somehow(const struct examined *x, const struct code_order *order,
	struct backend_code *code, char **errmsg)
{
	char *why;

	if (!load(x, ADDRESS_AS_IT_IS, order, code, &why))
		return 0;
	free(why);
	return load(x, ADDRESS_AS_NUMBER, order, code, errmsg);
}

static int make_code(const struct code_order *order, struct backend_code *code, char **errmsg)
{
	struct compile_request req;
	struct examined x = {0};
	int err = compile_request__open(order->request, order->request_size, &req, errmsg);

	if (err)
		return err;
	err = examined__make(&x, &req, errmsg);
	if (!err)
		err = load_somehow(&x, order, code, errmsg);
	code->memory = x.memory;
	code->entry = rte_entry;
	code->entry_size = rte_entry_size;
	examined__release(&x);
	compile_request__close(&req);
	return err;
}

static void release_code(struct backend_code *code)
{
	librte__unload(code->owned);
}

__attribute__((visibility("default"))) const struct ebpf_backend *ebpf_backend_init(void);

const struct ebpf_backend *ebpf_backend_init(void)
{
	static const struct ebpf_backend backend = {.abi = EBPF_BACKEND_ABI,
		.name = "rte",
		.make_code = make_code,
		.release_code = release_code};

	return &backend;
}
