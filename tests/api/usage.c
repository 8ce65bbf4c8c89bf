/* SPDX-License-Identifier: BSD-3-Clause
 *
 * usage.c -- how the machine is used: load, compile, call. Exits with 1 if it does not do what it
 * is said to do.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <ebpf-vm.h>

/* Returns the packet's length. */
static const uint8_t code[] = {
	0xbf, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* r0 = r2 */
	0x95, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* exit */
};

int main(void)
{
	struct ebpf_vm *vm = ebpf_create("llvm");
	uint8_t packet[64] = {0};
	uint64_t result;
	ebpf_jit_fn fn;
	char *errmsg;

	if (!vm) {
		perror("create failed");
		return 1;
	}
	if (ebpf_load(vm, code, sizeof(code), &errmsg) < 0) {
		fprintf(stderr, "Load failed: %s\n", errmsg);
		free(errmsg);
		return 1;
	}
	fn = ebpf_compile(vm, &errmsg);
	if (!fn) {
		fprintf(stderr, "Compile failed: %s\n", errmsg);
		free(errmsg);
		return 1;
	}
	result = fn(packet, sizeof(packet));
	printf("Result: %" PRIu64 "\n", result);
	ebpf_destroy(vm);
	return result == sizeof(packet) ? 0 : 1;
}
