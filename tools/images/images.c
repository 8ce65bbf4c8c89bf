/* SPDX-License-Identifier: BSD-3-Clause
 *
 * images.c -- stands in for the llvm backend where there is no LLVM, and gives images that were
 * compiled elsewhere. For tools/gpu-bundle.
 *
 * The folder XDPK_IMAGES has a file for each image. Its name is a checksum of the compile request
 * as it would be for that CPU: where a request says "native" there is an image for each of several
 * levels, of which the highest that this CPU has is given; and what the request says of the
 * machine's cache is left out. So a tool finds what any machine has compiled for the same program,
 * maps and driver.
 *
 * Where XDPK_IMAGES_MAKER names the backend's own module, that compiles, and what it makes is
 * written to the folder: of kernels for CPUs what they are for GPUs too, so that none is needed.
 *
 * Threads: any; files appear whole, by rename.
 */
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/backend.h"
#include "core/checksum.h"
#include "core/error.h"
#include "core/host-cpu.h"
#include "core/request.h"
#include "kernel.h"

#define CACHE_SIZE (UINT64_C(1) << 20)
#define MAX_PATH   512

/* The best first. */
static const char *const levels[] = {"x86-64-v4", "x86-64-v3", "x86-64-v2"};
#define N_LEVELS (sizeof(levels) / sizeof(levels[0]))

/* --- requests ------------------------------------------------------------------------------ */

struct request {
	uint8_t *blob;
	size_t size;
	char path[MAX_PATH]; /* of its image */
};

static const char *folder(void)
{
	const char *dir = getenv("XDPK_IMAGES");

	return dir ? dir : "images";
}

/* The request for that CPU; of a kernel for a GPU, with the driver for such. */
static int make_request(
	struct request *r, const struct compile_request *of, const char *cpu, char **errmsg)
{
	struct ebpf_kernel_driver gpu = kernel_driver();
	bool kernel = of->flags & COMPILE_KERNEL, ptx = strcmp(cpu, COMPILE_CPU_PTX) == 0;
	struct ebpf_driver driver = {.name = of->driver_name,
		.bitcode = ptx ? gpu.bitcode[EBPF_TARGET_PTX] : of->driver_bitcode,
		.bitcode_size = ptx ? gpu.bitcode_size[EBPF_TARGET_PTX] : of->driver_bitcode_size,
		.cache_size = kernel ? of->cache_size : CACHE_SIZE};

	if (compile_request__build(&of->view, of->flags, *of->driver_name ? &driver : NULL, cpu,
		    &r->blob, &r->size))
		return error__set(errmsg, -ENOMEM, "%s: no memory for its request", of->view.name);
	snprintf(r->path, sizeof(r->path), "%s/%016" PRIx64 ".%s", folder(),
		checksum__add(0, r->blob, r->size), cpu);
	return 0;
}

/* --- images -------------------------------------------------------------------------------- */

static int read_image(const char *path, uint8_t **image, size_t *size)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	int err = 0;

	if (!f)
		return -errno;
	*image = fstat(fileno(f), &st) ? NULL : malloc((size_t)st.st_size);
	if (!*image)
		err = -ENOMEM;
	else if (fread(*image, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		err = -EIO;
	fclose(f);
	if (err)
		free(*image);
	else
		*size = (size_t)st.st_size;
	return err;
}

static int write_image(const char *path, const uint8_t *image, size_t size, char **errmsg)
{
	char fresh[MAX_PATH + 16];
	FILE *f;
	bool written;

	snprintf(fresh, sizeof(fresh), "%s.%d", path, (int)getpid());
	f = fopen(fresh, "wb");
	written = f && fwrite(image, 1, size, f) == size;
	if (f && fclose(f))
		written = false;
	if (written && !rename(fresh, path))
		return 0;
	unlink(fresh);
	return error__set(errmsg, -EIO, "%s cannot be written", path);
}

/* --- making -------------------------------------------------------------------------------- */

static const struct ebpf_backend *open_maker(const char *module, char **errmsg)
{
	void *handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
	ebpf_backend_init_fn init =
		handle ? (ebpf_backend_init_fn)dlsym(handle, "ebpf_backend_init") : NULL;
	const struct ebpf_backend *maker = init ? init() : NULL;

	if (!maker || maker->abi != EBPF_BACKEND_ABI) {
		error__set(errmsg, -ENOEXEC, "%s: %s", module,
			handle ? "not a backend of this version" : dlerror());
		return NULL;
	}
	return maker;
}

static int make_image(const struct ebpf_backend *maker, const struct compile_request *req,
	const char *cpu, char **errmsg)
{
	struct request r;
	uint8_t *image = NULL;
	size_t size;
	int err = make_request(&r, req, cpu, errmsg);

	if (err)
		return err;
	if (access(r.path, F_OK)) {
		err = maker->compile(r.blob, r.size, &image, &size, NULL, errmsg);
		if (!err)
			err = write_image(r.path, image, size, errmsg);
		free(image);
	}
	free(r.blob);
	return err;
}

static int make_images(const char *module, const struct compile_request *req, char **errmsg)
{
	const struct ebpf_backend *maker = open_maker(module, errmsg);
	int err = maker ? 0 : -ENOEXEC;

	if (!err && strcmp(req->cpu, "native") != 0)
		return make_image(maker, req, req->cpu, errmsg);
	for (size_t i = 0; i < N_LEVELS && !err; i++)
		err = make_image(maker, req, levels[i], errmsg);
	if (!err && req->flags & COMPILE_KERNEL)
		err = make_image(maker, req, COMPILE_CPU_PTX, errmsg);
	return err;
}

/* --- finding ------------------------------------------------------------------------------- */

static int find_for(const struct compile_request *req, const char *cpu, uint8_t **image,
	size_t *size, char **errmsg)
{
	struct request r;
	int err = make_request(&r, req, cpu, errmsg);

	if (err)
		return err;
	free(r.blob);
	return read_image(r.path, image, size);
}

static int find(const struct compile_request *req, uint8_t **image, size_t *size, char **errmsg)
{
	bool native = strcmp(req->cpu, "native") == 0;
	int err = native ? -ENOENT : find_for(req, req->cpu, image, size, errmsg);

	for (size_t i = 0; i < N_LEVELS && native && err == -ENOENT; i++)
		if (host_cpu__has_level(levels[i]))
			err = find_for(req, levels[i], image, size, errmsg);
	if (err && !*errmsg)
		error__set(errmsg, err, "%s: %s has no image of it for this CPU: %s",
			req->view.name, folder(), strerror(-err));
	return err;
}

static int images__compile(const uint8_t *request, size_t size, uint8_t **elf, size_t *elf_size,
	struct compile_stats *stats, char **errmsg)
{
	const char *maker = getenv("XDPK_IMAGES_MAKER");
	struct compile_request req;
	char *why = NULL;
	int err = compile_request__open(request, size, &req, errmsg);

	if (err)
		return err;
	if (maker)
		err = make_images(maker, &req, &why);
	if (!err)
		err = find(&req, elf, elf_size, &why);
	compile_request__close(&req);
	if (err && errmsg)
		*errmsg = why;
	else
		free(why);
	return err;
}

static int images__dump(
	const uint8_t *request, size_t size, enum ebpf_dump what, char **text, char **errmsg)
{
	return error__set(errmsg, -ENOTSUP, "there is no LLVM here, but images that it has made");
}

const struct ebpf_backend *ebpf_backend_init(void);

__attribute__((visibility("default"))) const struct ebpf_backend *ebpf_backend_init(void)
{
	static const struct ebpf_backend backend = {.abi = EBPF_BACKEND_ABI,
		.name = "llvm",
		.compile = images__compile,
		.dump = images__dump};

	return &backend;
}
