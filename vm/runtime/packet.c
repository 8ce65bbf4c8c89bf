/* SPDX-License-Identifier: BSD-3-Clause
 *
 * packet.c -- packets in fragments. Never inlined: who comes here copies across buffers.
 */
#include "packet.h"

/* Walks over the packet's pieces of [offset, offset + size). */
struct span {
	uint8_t *at;
	uint64_t size;
	uint32_t next;         /* fragment */
	uint64_t offset, left; /* in what follows this piece; bytes wanted */
};

static bool span__next(struct span *s, const struct rt_parts *p)
{
	while (s->left && p->frags && s->next < p->frags->n) {
		const struct ebpf_xdp_frag *f = &p->frags->frag[s->next++];

		if (s->offset >= f->size) {
			s->offset -= f->size;
			continue;
		}
		s->at = f->data + s->offset;
		s->size = f->size - s->offset < s->left ? f->size - s->offset : s->left;
		s->left -= s->size;
		s->offset = 0;
		return true;
	}
	return false;
}

static bool span__first(struct span *s, const struct rt_parts *p, uint64_t offset, uint64_t size)
{
	*s = (struct span){.left = size};
	if (offset >= p->size) {
		s->offset = offset - p->size;
		return span__next(s, p);
	}
	s->at = p->data + offset;
	s->size = p->size - offset < size ? p->size - offset : size;
	s->left -= s->size;
	return true;
}

rt_cold void rt_parts__read(const struct rt_parts *p, uint64_t offset, void *to, uint64_t size)
{
	uint8_t *out = to;
	struct span s;

	for (bool more = span__first(&s, p, offset, size); more; more = span__next(&s, p)) {
		__builtin_memmove(out, s.at, s.size);
		out += s.size;
	}
}

rt_cold void rt_parts__write(
	const struct rt_parts *p, uint64_t offset, const void *from, uint64_t size)
{
	const uint8_t *in = from;
	struct span s;

	for (bool more = span__first(&s, p, offset, size); more; more = span__next(&s, p)) {
		__builtin_memmove(s.at, in, s.size);
		in += s.size;
	}
}

rt_cold void *rt_frags__at(const struct ebpf_xdp_frags *frags, uint64_t offset, uint64_t size)
{
	struct rt_parts p = {.frags = frags};
	struct span s;

	if (!size)
		return offset <= frags->size ? frags->frag[0].data : NULL;
	return span__first(&s, &p, offset, size) && !s.left ? s.at : NULL;
}

rt_cold bool rt_frags__grow(struct ebpf_xdp_frags *frags, uint32_t by)
{
	struct ebpf_xdp_frag *last = &frags->frag[frags->n - 1];

	if (by > last->room - last->size)
		return false;
	__builtin_memset(last->data + last->size, 0, by);
	last->size += by;
	frags->size += by;
	return true;
}

rt_cold uint32_t rt_frags__shrink(struct ebpf_xdp_frags *frags, uint32_t by)
{
	while (by && frags->n) {
		struct ebpf_xdp_frag *last = &frags->frag[frags->n - 1];
		uint32_t taken = by < last->size ? by : last->size;

		last->size -= taken;
		frags->size -= taken;
		by -= taken;
		if (last->size)
			break;
		frags->n--;
	}
	return by;
}
