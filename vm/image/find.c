/* SPDX-License-Identifier: BSD-3-Clause
 *
 * find.c -- the object of an image that fits a program, the best for this CPU first.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../core/error.h"
#include "image.h"

/* In order of preference. */
static const char *const cpus[] = {
	"native", "x86-64-v4", "x86-64-v3", "x86-64-v2", "x86-64", COMPILE_CPU_PTX};

#define N_CPUS (sizeof(cpus) / sizeof(cpus[0]))

/* Code for whom will do? What is for this very CPU may be for any that it can run. */
static bool will_do(const char *cpu, const struct compile_opts *opts)
{
	if (strcmp(opts->cpu, "native") == 0)
		return strcmp(cpu, COMPILE_CPU_PTX) != 0;
	return strcmp(cpu, opts->cpu) == 0;
}

/* A program in a driver's loop is there alone, too. */
static bool is_asked_for(const struct image_part *part, const struct ebpf_program *prog,
	const struct compile_opts *opts, const char *cpu)
{
	const struct ebpf_driver *driver = opts->driver;

	return strcmp(part->is.cpu, cpu) == 0 && strcmp(part->is.program, prog->view.name) == 0 &&
	       (!driver || strcmp(part->is.driver, driver->name) == 0) &&
	       strncmp(part->identity->backend, opts->backend, sizeof(part->identity->backend)) ==
		       0;
}

static int check_machine(
	const struct ebpf_image *img, const struct ebpf_program *prog, char **errmsg)
{
	if (strcmp(img->header->version, XDPK_VERSION) != 0)
		return error__set(errmsg, -ENOEXEC,
			"%s: the image was made by version %s, this is " XDPK_VERSION,
			prog->view.name, img->header->version);
	if (img->header->layout != image__layout())
		return error__set(errmsg, -ENOEXEC,
			"%s: the image was made by another build of version " XDPK_VERSION
			", whose structures differ",
			prog->view.name);
	return 0;
}

static int check_cpu(const struct image_part *part, const struct image_identity *want,
	const struct ebpf_program *prog, char **errmsg)
{
	const char *cpu = part->is.cpu;

	if (strcmp(cpu, COMPILE_CPU_PTX) == 0)
		return 0;
	if (strcmp(cpu, "native") != 0)
		return host_cpu__has_level(cpu)
			       ? 0
			       : error__set(errmsg, -ENOEXEC,
					 "%s: the image has code for %s, which this CPU is not",
					 prog->view.name, cpu);
	if (memcmp(&part->identity->cpu, &want->cpu, sizeof(want->cpu)) == 0)
		return 0;
	return error__set(errmsg, -ENOEXEC,
		"%s: the image has code for the CPU that made it, and this is another (x86-64 to "
		"x86-64-v4 run on many)",
		prog->view.name);
}

static int check_request(const struct image_part *part, const struct ebpf_program *prog,
	const struct compile_opts *opts, struct image_identity *want, char **errmsg)
{
	/* Whose loop is around it does not matter to who wants it alone. */
	struct ebpf_driver any = {.name = part->is.driver, .layout = part->identity->driver_layout};
	struct compile_opts like = *opts;
	uint8_t *request;
	size_t size;
	int err;

	if (!opts->driver && *part->is.driver)
		like.driver = &any;
	if (image_identity__make(prog, &like, part->is.cpu, want, &request, &size))
		return error__set(errmsg, -ENOMEM, "%s: no memory", prog->view.name);
	if (want->driver_layout != part->identity->driver_layout)
		err = error__set(errmsg, -ENOEXEC,
			"%s: the image's driver %s has packets of another layout than this one's",
			prog->view.name, part->is.driver);
	else if (size != part->request_size || memcmp(request, part->request, size) != 0)
		err = image__explain(part, request, size, prog->view.name, errmsg);
	else
		err = 0;
	free(request);
	return err;
}

static int check_fit(const struct ebpf_image *img, const struct image_part *part,
	const struct ebpf_program *prog, const struct compile_opts *opts, char **errmsg)
{
	struct image_identity want;
	int err = check_machine(img, prog, errmsg);

	if (!err)
		err = check_request(part, prog, opts, &want, errmsg);
	return err ? err : check_cpu(part, &want, prog, errmsg);
}

static int copy_object(const struct image_part *part, struct compiled_object *object, char **errmsg)
{
	object->elf = malloc(part->is.size + 1);
	object->size = part->is.size;
	if (!object->elf)
		return error__set(
			errmsg, -ENOMEM, "no memory for %zu bytes of an image", part->is.size);
	memcpy(object->elf, part->object, part->is.size);
	return 0;
}

static void forget(char **errmsg)
{
	if (!errmsg)
		return;
	free(*errmsg);
	*errmsg = NULL;
}

int image__find(const struct ebpf_image *img, const struct ebpf_program *prog,
	const struct compile_opts *opts, struct compiled_object *object, char **errmsg)
{
	int err = -ENOENT;

	if (errmsg)
		*errmsg = NULL;
	for (size_t i = 0; i < N_CPUS * img->n_parts; i++) {
		const struct image_part *part = &img->parts[i % img->n_parts];
		const char *cpu = cpus[i / img->n_parts];
		int unfit;

		if (!will_do(cpu, opts) || !is_asked_for(part, prog, opts, cpu))
			continue;
		/* Of several that do not fit, the first says why. */
		unfit = check_fit(img, part, prog, opts, err == -ENOENT ? errmsg : NULL);
		if (!unfit) {
			forget(errmsg);
			return copy_object(part, object, errmsg);
		}
		err = unfit;
	}
	error__make_printable(errmsg); /* names are the file's */
	return err;
}
