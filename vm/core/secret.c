/* SPDX-License-Identifier: BSD-3-Clause
 *
 * secret.c -- a program's instructions, hidden in its blob, and plain again in the requests that
 * backends get. The plain copies are wiped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "secret.h"

static void combine(struct ebpf_insn *to, const struct ebpf_insn *from, uint32_t n,
	const struct ebpf_insn *place, uint64_t secret)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t word;

		memcpy(&word, &from[i], sizeof(word));
		word ^= secret__key(secret, &place[i]);
		memcpy(&to[i], &word, sizeof(word));
	}
}

void program__hide_insns(struct ebpf_program *prog)
{
	/* Its own blob, which only the view calls constant. */
	struct ebpf_insn *insns = (struct ebpf_insn *)prog->view.insns;

	if (prog->raw.secret)
		combine(insns, insns, prog->view.n_insns, insns, prog->raw.secret);
}

int program__build_request(const struct ebpf_program *prog, uint32_t flags,
	const struct ebpf_driver *driver, const char *cpu, uint8_t **blob, size_t *size)
{
	struct program_view view = prog->view;
	size_t bytes = view.n_insns * sizeof(*view.insns);
	struct ebpf_insn *plain;
	int err;

	if (!prog->raw.secret)
		return compile_request__build(&view, flags, driver, cpu, blob, size);
	plain = malloc(bytes);
	if (!plain)
		return -ENOMEM;
	combine(plain, view.insns, view.n_insns, view.insns, prog->raw.secret);
	view.insns = plain;
	err = compile_request__build(&view, flags, driver, cpu, blob, size);
	explicit_bzero(plain, bytes);
	free(plain);
	return err;
}

void program__drop_request(const struct ebpf_program *prog, uint8_t *blob, size_t size)
{
	if (prog->raw.secret)
		explicit_bzero(blob, size);
	free(blob);
}
