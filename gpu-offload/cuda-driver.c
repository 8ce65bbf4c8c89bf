/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cuda-driver.c -- see cuda-driver.h.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "cuda-driver.h"

#define LIBRARY "libcuda.so.1"

static const struct {
	const char *name;
	size_t at; /* in struct cuda_driver */
} calls[] = {
#define CUDA_CALL(name, parameters) {#name, offsetof(struct cuda_driver, name)},
#include "cuda-calls.def"
#undef CUDA_CALL
};

/* The driver's threads outlive what we do with it: the library is never closed. */
static int find_calls(struct cuda_driver *cu, char **errmsg)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return error__set(errmsg, -ENODEV, "cuda: no NVIDIA driver: %s", dlerror());
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		void *call = dlsym(library, calls[i].name);

		if (!call)
			return error__set(errmsg, -ENODEV,
				"cuda: the NVIDIA driver is too old: " LIBRARY " has no %s",
				calls[i].name);
		memcpy((char *)cu + calls[i].at, &call, sizeof(call));
	}
	return 0;
}

void cuda_driver__tell(
	const struct cuda_driver *cu, const char *call, CUresult result, char *text, size_t bytes)
{
	const char *name = NULL, *says = NULL;

	if (cu->cuGetErrorName(result, &name) || !name)
		snprintf(text, bytes, "%s: error %d", call, (int)result);
	else if (cu->cuGetErrorString(result, &says) || !says)
		snprintf(text, bytes, "%s: %s", call, name);
	else
		snprintf(text, bytes, "%s: %s (%s)", call, name, says);
}

static int refuse(const struct cuda_driver *cu, const char *call, CUresult result, char **errmsg)
{
	char text[200];

	cuda_driver__tell(cu, call, result, text, sizeof(text));
	return error__set(errmsg, -ENODEV, "cuda: the NVIDIA driver does not work: %s", text);
}

int cuda_driver__open(struct cuda_driver *cu, int *version, char **errmsg)
{
	int err = find_calls(cu, errmsg);
	CUresult result;

	if (err)
		return err;
	result = cu->cuDriverGetVersion(version);
	if (result)
		return refuse(cu, "cuDriverGetVersion", result, errmsg);
	if (*version < CUDA_LEAST_VERSION)
		return error__set(errmsg, -ENODEV,
			"cuda: the NVIDIA driver is too old: it is of CUDA %d.%d, and kernels need "
			"%d.%d",
			*version / 1000, *version % 1000 / 10, CUDA_LEAST_VERSION / 1000,
			CUDA_LEAST_VERSION % 1000 / 10);
	result = cu->cuInit(0);
	if (result == CUDA_NO_DEVICE)
		return error__set(errmsg, -ENODEV, "cuda: the NVIDIA driver knows no device");
	return result ? refuse(cu, "cuInit", result, errmsg) : 0;
}
