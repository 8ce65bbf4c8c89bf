/* SPDX-License-Identifier: BSD-3-Clause
 *
 * helper-conntrack.c -- bpf_xdp_ct_lookup and bpf_ct_release. Nobody tracks connections here: a
 * question that Linux takes is answered as by a kernel that knows none, one that it does not take
 * with the same error (nf_conntrack_bpf.c).
 */
#include "helpers.h"
#include "uapi.h"
#include "words.h"

/* struct bpf_ct_opts: without what follows the zone it is 12 bytes long. */
struct ct_opts {
	int32_t netns_id, error;
	uint8_t protocol, direction;
	uint16_t zone;
	uint8_t zone_direction, reserved[3];
};

#define SHORT_OPTS      12
#define ERROR_END       8 /* shorter ones get no error */
#define CURRENT_NETNS   (-1)
#define PROTOCOL_TCP    6
#define PROTOCOL_UDP    17
#define TUPLE_IPV4      12 /* bytes: two addresses, two ports */
#define TUPLE_IPV6      36
#define BOTH_DIRECTIONS 3

static int32_t refuse(const struct ct_opts *o, uint64_t tuple_size, uint64_t size)
{
	bool is_long = size == sizeof(*o);

	if (is_long ? o->reserved[0] || o->reserved[1] || o->reserved[2] : o->zone)
		return -RT_EINVAL;
	if (o->protocol != PROTOCOL_TCP && o->protocol != PROTOCOL_UDP)
		return -RT_EPROTO;
	if (o->netns_id < CURRENT_NETNS)
		return -RT_EINVAL;
	if (tuple_size != TUPLE_IPV4 && tuple_size != TUPLE_IPV6)
		return -RT_EAFNOSUPPORT;
	return o->netns_id > CURRENT_NETNS ? -RT_ENONET : -RT_ENOENT;
}

void *helper_xdp_ct_lookup(struct ebpf_env *env, struct ebpf_xdp_ctx *ctx, void *tuple,
	uint64_t tuple_size, void *opts, uint64_t size)
{
	struct ct_opts o = {0};
	bool known = size == SHORT_OPTS || size == sizeof(o);

	if (!opts || size < ERROR_END)
		return NULL;
	__builtin_memcpy(&o, opts, known ? size : ERROR_END);
	o.error = known && tuple ? refuse(&o, tuple_size, size) : -RT_EINVAL;
	if (o.error == -RT_ENOENT && size == sizeof(o) && !o.zone_direction)
		o.zone_direction = BOTH_DIRECTIONS;
	__builtin_memcpy(opts, &o, known ? size : ERROR_END);
	return NULL;
}

uint64_t helper_ct_release(struct ebpf_env *env, void *connection)
{
	return (uint64_t)-RT_EINVAL; /* nobody gets one */
}
