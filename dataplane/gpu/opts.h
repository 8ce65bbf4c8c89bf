/* SPDX-License-Identifier: BSD-3-Clause
 *
 * opts.h -- how a program is to be offloaded, in words, for xdpk and for its clients.
 */
#ifndef DATAPLANE_GPU_OPTS_H
#define DATAPLANE_GPU_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu-offload/split.h"

struct control_words;

struct gpu_opts {
	char device[64]; /* "": none */
	enum split_mode split;
	uint32_t batch;       /* packets */
	uint32_t deadline_us; /* for a packet, in all */
	uint32_t patience_ms; /* for a batch that is away, after which the device has failed */
	uint32_t stale_ms;    /* maps may be so much behind */
};

extern const struct gpu_opts gpu_opts__defaults;

/* DEVICE */
int gpu_opts__want_device(struct gpu_opts *opts, struct control_words *w, char **errmsg);
/* `split auto|cpu|gpu`, `batch N`, `deadline US`, `patience MS`, `stale MS`: false if the next word
 * is none of them. */
bool gpu_opts__take(struct gpu_opts *opts, struct control_words *w, int *err, char **errmsg);
#define GPU_OPTS_WORDS "split, batch, deadline, patience, stale"
/* A whole text: DEVICE, and any of these. */
int gpu_opts__parse(struct gpu_opts *opts, const char *text, char **errmsg);
/* The same as a text, malloc'ed; NULL: no memory. */
char *gpu_opts__text(const struct gpu_opts *opts);
bool gpu_opts__equal(const struct gpu_opts *a, const struct gpu_opts *b);

#endif
