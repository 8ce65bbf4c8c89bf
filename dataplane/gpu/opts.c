/* SPDX-License-Identifier: BSD-3-Clause
 *
 * opts.c -- how a program is to be offloaded, in words.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "gpu-offload/offload.h"
#include "loader/control-words.h"
#include "opts.h"

const struct gpu_opts gpu_opts__defaults = {.split = SPLIT_AUTO,
	.batch = 1024,
	.deadline_us = 200,
	.patience_ms = EBPF_OFFLOAD_PATIENCE_MS,
	.stale_ms = 20};

static const struct number {
	const char *word, *what;
	size_t offset;
	uint32_t most;
} numbers[] = {
	{"batch", "packets of a batch", offsetof(struct gpu_opts, batch), EBPF_OFFLOAD_MAX_BATCH},
	{"deadline", "microseconds that a packet may take", offsetof(struct gpu_opts, deadline_us),
		1000000},
	{"patience", "milliseconds to wait for a batch", offsetof(struct gpu_opts, patience_ms),
		60000},
	{"stale", "milliseconds that maps may be behind", offsetof(struct gpu_opts, stale_ms),
		60000},
};

static int want_number(
	struct gpu_opts *opts, const struct number *n, struct control_words *w, char **errmsg)
{
	uint32_t *number = (uint32_t *)((char *)opts + n->offset);
	int err = control_words__want_number(w, n->what, number, errmsg);

	if (!err && (*number < 1 || *number > n->most))
		err = error__set(
			errmsg, -EINVAL, "%s %u: must be 1 to %u", n->word, *number, n->most);
	return err;
}

static int want_split(struct gpu_opts *opts, struct control_words *w, char **errmsg)
{
	const char *word = control_words__want(w, "auto, cpu or gpu", errmsg);

	if (!word)
		return -EINVAL;
	for (unsigned i = SPLIT_AUTO; i <= SPLIT_GPU; i++) {
		if (strcmp(word, split_mode__text[i]) == 0) {
			opts->split = (enum split_mode)i;
			return 0;
		}
	}
	return error__set(errmsg, -EINVAL, "expected split auto, cpu or gpu, got '%s'", word);
}

bool gpu_opts__take(struct gpu_opts *opts, struct control_words *w, int *err, char **errmsg)
{
	*err = 0;
	if (control_words__take(w, "split")) {
		*err = want_split(opts, w, errmsg);
		return true;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!control_words__take(w, numbers[i].word))
			continue;
		*err = want_number(opts, &numbers[i], w, errmsg);
		return true;
	}
	return false;
}

int gpu_opts__want_device(struct gpu_opts *opts, struct control_words *w, char **errmsg)
{
	const char *name = control_words__want(w, "a device: cuda, cuda:1, host:2", errmsg);

	if (!name)
		return -EINVAL;
	if ((size_t)snprintf(opts->device, sizeof(opts->device), "%s", name) >=
		sizeof(opts->device))
		return error__set(errmsg, -EINVAL, "device %s: no device has so long a name", name);
	return 0;
}

int gpu_opts__parse(struct gpu_opts *opts, const char *text, char **errmsg)
{
	struct control_words words = {0}, left;
	char *copy = strdup(text);
	int err = copy ? control_words__split(&words, copy, errmsg)
		       : error__set(errmsg, -ENOMEM, "no memory for an option");

	*opts = gpu_opts__defaults;
	left = words;
	if (!err)
		err = gpu_opts__want_device(opts, &left, errmsg);
	while (!err && left.n)
		if (!gpu_opts__take(opts, &left, &err, errmsg))
			err = control_words__unexpected(&left, GPU_OPTS_WORDS, errmsg);
	free(words.word);
	free(copy);
	return err;
}

char *gpu_opts__text(const struct gpu_opts *opts)
{
	const char *quote = strchr(opts->device, ' ') ? "\"" : "";
	char *text;

	return asprintf(&text, "%s%s%s split %s batch %u deadline %u patience %u stale %u", quote,
		       opts->device, quote, split_mode__text[opts->split], opts->batch,
		       opts->deadline_us, opts->patience_ms, opts->stale_ms) < 0
		       ? NULL
		       : text;
}

bool gpu_opts__equal(const struct gpu_opts *a, const struct gpu_opts *b)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (memcmp((const char *)a + numbers[i].offset, (const char *)b + numbers[i].offset,
			    sizeof(uint32_t)) != 0)
			return false;
	return a->split == b->split && strcmp(a->device, b->device) == 0;
}
