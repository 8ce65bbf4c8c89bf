/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "make-map.h"

struct ebpf_instance *make_instance(void)
{
	struct ebpf_instance *inst =
		ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, NULL);

	assert_non_null(inst);
	return inst;
}

struct ebpf_map *make_map(struct ebpf_instance *inst, uint32_t type, uint32_t key_size,
	uint32_t value_size, uint32_t max_entries, uint32_t flags)
{
	struct ebpf_map_opts opts = {"test", type, key_size, value_size, max_entries, flags};
	char *err = NULL;
	struct ebpf_map *map = ebpf_map__create(inst, &opts, &err);

	if (!map)
		fail_msg("%s", err);
	return map;
}
