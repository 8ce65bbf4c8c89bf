/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine-gpu.h -- engines that judge packets in batches on a device: "gpu-host", the kernel
 * compiled for this CPU, and "gpu", on the first CUDA device. A program that cannot be a kernel is
 * not supported (-ENOTSUP). See engine.h; events and maps are a machine's (engine-machine.h).
 */
#ifndef XDPK_REPLAY_ENGINE_GPU_H
#define XDPK_REPLAY_ENGINE_GPU_H

#include "engine.h"

int engine_gpu__available(const struct engine *e, char **errmsg);
int engine_gpu__open(
	const struct engine *e, const struct engine_opts *opts, void **state, char **errmsg);
int engine_gpu__run(void *state, const struct capture_packet *in, size_t n,
	struct engine_result *out, uint64_t *ns, char **errmsg);
void engine_gpu__close(void *state);

#endif
