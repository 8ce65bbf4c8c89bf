/* SPDX-License-Identifier: BSD-3-Clause
 *
 * difference.c -- two requests that are not the same, and the first thing in which they differ.
 *
 * Whether they are the same is decided by their bytes, elsewhere; here it is only put into words,
 * and what has no words is still a difference.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "../core/error.h"
#include "image.h"

#define SAY(errmsg, ...) (error__set(errmsg, -ENOEXEC, __VA_ARGS__), true)

/* Each gives true and a sentence if it finds a difference. */

static bool in_options(
	const struct compile_request *have, const struct compile_request *want, char **errmsg)
{
	uint32_t differ = have->flags ^ want->flags;

	if (have->view.type != want->view.type || have->view.has_frags != want->view.has_frags)
		return SAY(errmsg, "the image has it as a program for another place");
	if (differ & COMPILE_CHECK_ACCESS)
		return SAY(errmsg, "the image's code %s bounds checks, wanted is code %s",
			have->flags & COMPILE_CHECK_ACCESS ? "has" : "has no",
			want->flags & COMPILE_CHECK_ACCESS ? "with them" : "without");
	if (differ)
		return SAY(errmsg,
			"the image's code was compiled with options %#" PRIx32
			", wanted are %#" PRIx32,
			have->flags, want->flags);
	return false;
}

static bool in_limits(
	const struct compile_request *have, const struct compile_request *want, char **errmsg)
{
	const struct program_view *h = &have->view, *w = &want->view;

	if (program_view__stack_size(h) != program_view__stack_size(w))
		return SAY(errmsg,
			"frames have %" PRIu32 " bytes in the image and %" PRIu32 " here",
			program_view__stack_size(h), program_view__stack_size(w));
	if (program_view__frames(h) != program_view__frames(w))
		return SAY(errmsg,
			"%" PRIu32 " frames are allowed in the image and %" PRIu32 " here",
			program_view__frames(h), program_view__frames(w));
	if (h->limits.budget != w->limits.budget)
		return SAY(
			errmsg, "runs have another budget of instructions in the image than here");
	return false;
}

static const struct {
	const char *what;
	size_t offset;
} dimensions[] = {
	{"key_size", offsetof(struct rt_geometry, key_size)},
	{"value_size", offsetof(struct rt_geometry, value_size)},
	{"max_entries", offsetof(struct rt_geometry, max_entries)},
	{"flags", offsetof(struct rt_geometry, flags)},
	{"map_extra", offsetof(struct rt_geometry, hashes)},
};

static uint32_t dimension(const struct map_view *m, size_t i)
{
	uint32_t value;

	memcpy(&value, (const uint8_t *)&m->geo + dimensions[i].offset, sizeof(value));
	return value;
}

static const char *type_name(const struct map_view *m)
{
	const char *name = ebpf_map_type__name(m->geo.type);

	return name ? name : "unknown";
}

static bool in_map(const struct map_view *have, const struct map_view *want, char **errmsg)
{
	if (strcmp(have->name, want->name) != 0)
		return SAY(errmsg, "the image has map %s where map %s is here", have->name,
			want->name);
	if (have->geo.type != want->geo.type)
		return SAY(errmsg, "map %s is of type %s in the image and %s here", want->name,
			type_name(have), type_name(want));
	for (size_t i = 0; i < sizeof(dimensions) / sizeof(dimensions[0]); i++)
		if (dimension(have, i) != dimension(want, i))
			return SAY(errmsg,
				"map %s has %s %" PRIu32 " in the image and %" PRIu32 " here",
				want->name, dimensions[i].what, dimension(have, i),
				dimension(want, i));
	if (memcmp(&have->geo, &want->geo, sizeof(have->geo)) != 0)
		return SAY(errmsg, "map %s lies in memory otherwise in the image than here",
			want->name);
	if (!have->frozen != !want->frozen ||
		(want->frozen && memcmp(have->frozen, want->frozen, want->geo.value_size) != 0))
		return SAY(errmsg, "constants in map %s have other values in the image than here",
			want->name);
	return false;
}

static bool in_maps(
	const struct compile_request *have, const struct compile_request *want, char **errmsg)
{
	const struct program_view *h = &have->view, *w = &want->view;

	if (h->n_maps != w->n_maps || h->n_templates != w->n_templates)
		return SAY(errmsg, "the image has it with %" PRIu32 " maps, here it has %" PRIu32,
			h->n_maps, w->n_maps);
	for (uint32_t i = 0; i < w->n_maps + w->n_templates; i++)
		if (in_map(&h->maps[i], &w->maps[i], errmsg))
			return true;
	return false;
}

static bool in_code(
	const struct compile_request *have, const struct compile_request *want, char **errmsg)
{
	const struct program_view *h = &have->view, *w = &want->view;

	if (h->n_insns == w->n_insns &&
		memcmp(h->insns, w->insns, w->n_insns * sizeof(*w->insns)) == 0)
		return false;
	return SAY(errmsg, "the image has it with other instructions");
}

static bool in_helpers(
	const struct compile_request *have, const struct compile_request *want, char **errmsg)
{
	const struct program_view *h = &have->view, *w = &want->view;

	for (uint32_t i = 0; i < h->n_helpers || i < w->n_helpers; i++) {
		const struct raw_helper *a = i < h->n_helpers ? &h->helpers[i] : NULL;
		const struct raw_helper *b = i < w->n_helpers ? &w->helpers[i] : NULL;

		if (a && (!b || a->id < b->id))
			return SAY(errmsg,
				"helper %" PRIu32 " (%s) was registered where the image was made, "
				"and is not here",
				a->id, a->name);
		if (b && (!a || b->id < a->id))
			return SAY(errmsg,
				"helper %" PRIu32 " (%s) was not registered where the image was "
				"made",
				b->id, b->name);
		if (strcmp(a->name, b->name) != 0)
			return SAY(errmsg, "helper %" PRIu32 " is %s in the image and %s here",
				a->id, a->name, b->name);
		if (memcmp(&a->type, &b->type, sizeof(a->type)) != 0)
			return SAY(errmsg,
				"helper %" PRIu32
				" (%s) takes other arguments in the image than here",
				a->id, a->name);
	}
	return false;
}

int image__explain(const struct image_part *part, const uint8_t *request, size_t request_size,
	const char *program, char **errmsg)
{
	static bool (*const differ[])(const struct compile_request *,
		const struct compile_request *,
		char **) = {in_options, in_limits, in_maps, in_code, in_helpers};
	struct compile_request have, want;
	bool said = false;

	if (!errmsg)
		return -ENOEXEC;
	*errmsg = NULL;
	if (!compile_request__open(part->request, part->request_size, &have, NULL)) {
		if (!compile_request__open(request, request_size, &want, NULL)) {
			for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]) && !said; i++)
				said = differ[i](&have, &want, errmsg);
			compile_request__close(&want);
		}
		compile_request__close(&have);
	}
	if (!said)
		error__set(errmsg, -ENOEXEC, "the image was made of something else");
	error__prefix(errmsg, "%s", program);
	error__make_printable(errmsg);
	return -ENOEXEC;
}
