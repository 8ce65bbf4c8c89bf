/* SPDX-License-Identifier: BSD-3-Clause
 *
 * filter.c -- an XDP program of an object file over one packet.
 *
 *	filter PROG.o [INIT]        INIT: control lines that fill maps, as for xdpk --init
 */
#include <xdpk/object.h>

#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 10.0.0.1:1025 to 192.0.2.2:80 in UDP, empty */
static const uint8_t packet[60] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, /* Ethernet */
	0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 192, 0, 2, 2, /* IPv4 */
	4, 1, 0, 80, 0, 8, 0, 0};                                            /* UDP */

static uint64_t judge(struct ebpf_instance *inst, struct ebpf_program *prog)
{
	static uint8_t buffer[EBPF_XDP_FRAME_SIZE];
	uint8_t *data = buffer + EBPF_XDP_HEADROOM;
	struct ebpf_xdp_ctx ctx = {.data = data,
		.data_end = data + sizeof(packet),
		.data_meta = data,
		.buf = buffer,
		.buf_end = buffer + sizeof(buffer),
		.head_limit = buffer + EBPF_XDP_FRAME_HEADER,
		.tail_limit = buffer + sizeof(buffer) - EBPF_XDP_TAIL_RESERVE,
		.ingress_ifindex = 1};
	struct ebpf_env env;
	uint64_t verdict;

	memcpy(data, packet, sizeof(packet));
	ebpf_env__init(&env, inst, 0);
	ebpf_env__online(&env);
	verdict = ebpf_program__run(prog, &env, &ctx);
	ebpf_env__offline(&env);
	return verdict;
}

int main(int argc, char **argv)
{
	static const char *const verdicts[] = {"aborted", "drop", "pass", "tx", "redirect"};
	struct ebpf_instance *inst = NULL;
	struct ebpf_object *obj = NULL;
	struct ebpf_program *prog = NULL;
	const struct ebpf_object_program *first;
	char *errmsg = NULL;

	if (argc < 2) {
		fprintf(stderr, "usage: filter PROG.o [INIT]\n");
		return 2;
	}
	if ((inst = ebpf_instance__create(NULL, &errmsg)) != NULL &&
		(obj = ebpf_object__open(argv[1], &errmsg)) != NULL &&
		!ebpf_object__set_up(obj, inst, argc > 2 ? argv[2] : NULL, &errmsg) &&
		(first = ebpf_object__find_program(obj, NULL, &errmsg)) != NULL)
		prog = ebpf_object__load_program(obj, first->name, NULL, &errmsg);
	if (prog) {
		uint64_t verdict = judge(inst, prog);

		printf("%s: %s\n", first->name, verdict < 5 ? verdicts[verdict] : "aborted");
	} else {
		fprintf(stderr, "filter: %s\n", errmsg);
	}
	free(errmsg);
	ebpf_program__unref(prog);
	ebpf_object__close(obj);
	if (inst)
		ebpf_instance__destroy(inst);
	return prog ? 0 : 1;
}
