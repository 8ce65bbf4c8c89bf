/* SPDX-License-Identifier: BSD-3-Clause
 *
 * pin.c -- maps that their instance keeps by name, so that whoever comes later finds them: what
 * pinning in a file system is to the kernel. The instance holds one reference to each; since
 * maps hold the instance, the pins go when its creator lets go of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "instance.h"
#include "map.h"

static struct ebpf_map *find_pin(const struct ebpf_instance *inst, const char *name)
{
	for (struct map_pin *p = inst->pins; p; p = p->next) {
		if (strcmp(p->map->opts.name, name) == 0)
			return p->map;
	}
	return NULL;
}

int ebpf_map__pin(struct ebpf_map *map)
{
	struct ebpf_instance *inst = map->inst;
	struct map_pin *pin = malloc(sizeof(*pin));
	bool taken;

	if (!pin)
		return -ENOMEM;
	pthread_mutex_lock(&inst->pin_lock);
	taken = find_pin(inst, map->opts.name);
	if (!taken) {
		*pin = (struct map_pin){ebpf_map__ref(map), inst->pins};
		inst->pins = pin;
	}
	pthread_mutex_unlock(&inst->pin_lock);
	if (taken)
		free(pin);
	return taken ? -EEXIST : 0;
}

struct ebpf_map *ebpf_map__pinned(struct ebpf_instance *inst, const char *name)
{
	struct ebpf_map *map;

	pthread_mutex_lock(&inst->pin_lock);
	map = find_pin(inst, name);
	if (map)
		ebpf_map__ref(map);
	pthread_mutex_unlock(&inst->pin_lock);
	return map;
}

void instance__drop_pins(struct ebpf_instance *inst)
{
	struct map_pin *pin = inst->pins;

	inst->pins = NULL;
	while (pin) {
		struct map_pin *next = pin->next;

		ebpf_map__unref(pin->map);
		free(pin);
		pin = next;
	}
}
