/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fill.c -- what the maps of workloads hold.
 */
#include <string.h>

#include "case.h"
#include "core/error.h"
#include "object.h"
#include "programs/packets.h"

static struct ebpf_map *find_map(
	struct bench_case *c, const char *name, size_t key_size, size_t value_size, char **errmsg)
{
	struct ebpf_map *map = object__map_by_name(c->obj, name);

	if (map && ebpf_map__opts(map)->key_size == key_size &&
		ebpf_map__opts(map)->value_size == value_size)
		return map;
	error__set(errmsg, -1, "%s: no map `%s` with keys of %zu bytes and values of %zu",
		c->workload->name, name, key_size, value_size);
	return NULL;
}

static int update(struct ebpf_map *map, const void *key, const void *value, char **errmsg)
{
	int err = ebpf_map__update(map, key, value, 0);

	return err ? error__set(errmsg, -1, "map %s: %s", ebpf_map__opts(map)->name, strerror(-err))
		   : 0;
}

/* A rule of the sample firewall. */
struct rule_key {
	uint32_t saddr, daddr;
	uint16_t sport, dport;
	uint8_t proto, pad[3];
};

int fill__firewall(struct bench_case *c, char **errmsg)
{
	static const uint32_t verdicts[] = {1, 2, 2, 3}; /* drop, pass, pass, tx */
	struct ebpf_map *rules = find_map(c, "rules", sizeof(struct rule_key), 4, errmsg);
	int err = rules ? 0 : -1;

	for (uint32_t flow = 0; flow < c->workload->entries && !err; flow++) {
		struct udp_frame f = {0};
		struct rule_key key;

		flow__write(&f, flow);
		key = (struct rule_key){
			f.ip.saddr, f.ip.daddr, f.udp.source, f.udp.dest, IPPROTO_UDP, {0}};
		err = update(rules, &key, &verdicts[flow % 4], errmsg);
	}
	return err;
}
