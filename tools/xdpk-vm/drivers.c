/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "driver-replay.h"
#include "drivers.h"
#include "input.h"
#ifdef HAVE_MBUF_DRIVER
#include "mbuf-driver.h"
#endif

static struct ebpf_driver no_driver(void)
{
	return (struct ebpf_driver){0};
}

#ifdef HAVE_MBUF_DRIVER
static struct ebpf_driver ports_driver(void)
{
	return *mbuf_driver();
}
#endif

static const struct {
	const char *name;
	struct ebpf_driver (*get)(void);
} drivers[] = {
	{"replay", replay_driver},
#ifdef HAVE_MBUF_DRIVER
	{"mbuf", ports_driver},
#endif
	{KERNEL_DRIVER, no_driver},
	{"none", no_driver},
};

#define N_DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

const char *drivers__name(size_t i)
{
	return i < N_DRIVERS ? drivers[i].name : NULL;
}

/* A file is read once, for as long as this process runs. */
static int read_bitcode(struct ebpf_driver *driver, const char *path, char **errmsg)
{
	static struct ebpf_driver files[MAX_WORDS];
	uint8_t *bitcode;
	size_t i = 0;
	int err;

	while (i < MAX_WORDS && files[i].name && strcmp(files[i].name, path) != 0)
		i++;
	if (i == MAX_WORDS)
		return error__set(errmsg, -E2BIG, "--driver %s: at most %d files", path, MAX_WORDS);
	if (!files[i].name) {
		err = input__file(path, &bitcode, &files[i].bitcode_size, errmsg);
		if (err)
			return err;
		files[i].bitcode = bitcode;
		files[i].name = path;
	}
	*driver = files[i];
	return 0;
}

int drivers__find(struct ebpf_driver *driver, const char *name, char **errmsg)
{
	size_t len = strlen(name);

	*driver = (struct ebpf_driver){0};
	for (size_t i = 0; i < N_DRIVERS; i++) {
		if (strcmp(drivers[i].name, name) == 0) {
			*driver = drivers[i].get();
			return 0;
		}
	}
	if (len > 3 && strcmp(name + len - 3, ".bc") == 0)
		return read_bitcode(driver, name, errmsg);
	return error__set(errmsg, -EINVAL, "--driver %s: it is none of %s, and no file FILE.bc",
		name, N_DRIVERS == 4 ? "replay, mbuf, kernel, none" : "replay, kernel, none");
}

int words__cut(struct words *w, const char *option, const char *text, char **errmsg)
{
	char *next;

	*w = (struct words){.text = strdup(text)};
	if (!w->text)
		return error__set(errmsg, -ENOMEM, "out of memory");
	next = w->text;
	while (next) {
		char *word = strsep(&next, ",");

		if (!*word || w->n == MAX_WORDS)
			return error__set(errmsg, -EINVAL,
				"--%s %s: not 1 to %d words with commas between", option, text,
				MAX_WORDS);
		w->word[w->n++] = word;
	}
	return 0;
}

void words__release(struct words *w)
{
	free(w->text);
}
