/* SPDX-License-Identifier: BSD-3-Clause
 *
 * usage.c -- the machine in C: bytecode is loaded, interpreted or compiled, and calls back.
 *
 *	usage [BACKEND]        interp, llvm, rte; without: the best there is
 */
#include <ebpf-vm.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* r1 = memory, r2 = its length: calls helper 1 with the length and the first byte, and gives what
 * that gives. */
static const struct ebpf_insn code[] = {
	{.opcode = 0xbf, .dst = 3, .src = 1}, /* r3 = r1 */
	{.opcode = 0xbf, .dst = 1, .src = 2}, /* r1 = r2 */
	{.opcode = 0x71, .dst = 2, .src = 3}, /* r2 = *(u8 *)r3 */
	{.opcode = 0x85, .imm = 1},           /* call 1 */
	{.opcode = 0x95},                     /* exit */
};

static uint64_t add(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5)
{
	(void)r3, (void)r4, (void)r5;
	return r1 + r2;
}

static int run(struct ebpf_vm *vm)
{
	uint8_t packet[64] = {7};
	uint64_t result = 0;
	struct ebpf_fault fault;
	char *errmsg = NULL;
	ebpf_jit_fn fn;

	if (ebpf_register(vm, 1, "add", add) || ebpf_load(vm, code, sizeof(code), &errmsg)) {
		fprintf(stderr, "load: %s\n", errmsg ? errmsg : "the helper is refused");
		free(errmsg);
		return 1;
	}
	if (ebpf_exec(vm, packet, sizeof(packet), &result))
		return 1;
	printf("%s: %" PRIu64 "\n", ebpf_get_vm_name(vm), result);

	/* Without memory the program's load is stopped, and nothing is read. */
	if (!ebpf_exec(vm, NULL, 0, &result) || ebpf_last_fault(vm, &fault))
		return 1;
	printf("stopped at instruction %u\n", fault.insn);

	if (!strcmp(ebpf_get_vm_name(vm), "interp"))
		return 0;
	fn = ebpf_compile(vm, &errmsg);
	if (!fn) {
		fprintf(stderr, "compile: %s\n", errmsg);
		free(errmsg);
		return 1;
	}
	printf("compiled: %" PRIu64 "\n", fn(packet, sizeof(packet)));
	return 0;
}

int main(int argc, char **argv)
{
	struct ebpf_vm *vm = ebpf_create(argc > 1 ? argv[1] : "");
	int status;

	if (!vm) {
		perror("ebpf_create");
		return 1;
	}
	status = run(vm);
	ebpf_destroy(vm);
	return status;
}
