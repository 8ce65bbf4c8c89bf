/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine.c -- the table of engines.
 */
#include "engine.h"

const struct engine *const engines[] = {
	&engine_native,
	&engine_staged,
#ifdef HAVE_LLVM
	&engine_llvm,
	&engine_llvm_set,
#endif
	&engine_interp,
#ifdef HAVE_DPDK
	&engine_rte_jit,
	&engine_rte_interp,
#endif
	&engine_kernel,
	&engine_map,
	&engine_map_burst,
	&engine_rte,
	&engine_rte_bulk,
};
const size_t n_engines = sizeof(engines) / sizeof(engines[0]);

_Static_assert(sizeof(engines) / sizeof(engines[0]) <= MAX_ENGINES, "figures have room for all");
