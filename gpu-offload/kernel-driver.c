/* SPDX-License-Identifier: BSD-3-Clause
 *
 * kernel-driver.c -- kernel.c's bitcode, as the machine wants it.
 */
#include <stddef.h>

#include "core/checksum.h"
#include "kernel.h"

#ifdef GPU_OFFLOAD_BITCODE
extern const unsigned char kernel_host_bitcode[], kernel_ptx_bitcode[];
extern const unsigned long kernel_host_bitcode_size, kernel_ptx_bitcode_size;
#endif

struct ebpf_kernel_driver kernel_driver(void)
{
	static const size_t layout[] = {
		sizeof(struct kernel_launch),
		offsetof(struct kernel_launch, results),
		sizeof(struct kernel_packet),
		offsetof(struct kernel_packet, window),
		sizeof(struct kernel_result),
		offsetof(struct kernel_result, seal),
		KERNEL_WINDOW_ALIGN,
	};
	struct ebpf_kernel_driver driver = {
		.name = "kernel", .layout = checksum__add(0, layout, sizeof(layout))};

#ifdef GPU_OFFLOAD_BITCODE
	driver.bitcode[EBPF_TARGET_HOST] = kernel_host_bitcode;
	driver.bitcode_size[EBPF_TARGET_HOST] = kernel_host_bitcode_size;
	driver.bitcode[EBPF_TARGET_PTX] = kernel_ptx_bitcode;
	driver.bitcode_size[EBPF_TARGET_PTX] = kernel_ptx_bitcode_size;
#endif
	return driver;
}
