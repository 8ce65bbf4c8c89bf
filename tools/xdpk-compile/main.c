/* SPDX-License-Identifier: BSD-3-Clause
 *
 * xdpk-compile -- the compiler as a process: a compile request comes by standard input, the
 * object, or why there is none, goes to standard output (vm/core/compile-child.h). xdpk starts it
 * for every program; nobody else need.
 *
 * It ends with whoever started it, and lets packets go first where there are not cores enough.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/backend.h"
#include "core/compile-child.h"
#include "core/error.h"

#define NICE 5

struct bytes {
	uint8_t *data;
	size_t size;
};

static int read_request(struct bytes *request, char **errmsg)
{
	struct stat st;
	size_t n;

	if (fstat(STDIN_FILENO, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return error__set(
			errmsg, -EINVAL, "a compile request is expected as standard input");
	request->size = (size_t)st.st_size;
	request->data = malloc(request->size);
	if (!request->data)
		return error__set(
			errmsg, -ENOMEM, "no memory for a request of %zu bytes", request->size);
	n = fread(request->data, 1, request->size, stdin);
	return n == request->size ? 0
				  : error__set(errmsg, -EIO, "the compile request cannot be read");
}

static int make_object(const struct ebpf_backend *backend, const struct bytes *request,
	struct bytes *object, char **errmsg)
{
	return backend->compile(
		request->data, request->size, &object->data, &object->size, NULL, errmsg);
}

static int make_text(const struct ebpf_backend *backend, const struct bytes *request,
	enum ebpf_dump what, struct bytes *text, char **errmsg)
{
	int err = backend->dump(request->data, request->size, what, (char **)&text->data, errmsg);

	if (!err)
		text->size = strlen((char *)text->data);
	return err;
}

static int make_output(const struct ebpf_backend *backend, const char *output,
	const struct bytes *request, struct bytes *made, char **errmsg)
{
	static const struct {
		const char *name;
		enum ebpf_dump what;
	} texts[] = {{"ir", EBPF_DUMP_IR}, {"ir-opt", EBPF_DUMP_IR_OPT}, {"asm", EBPF_DUMP_ASM}};

	if (!strcmp(output, "object"))
		return make_object(backend, request, made, errmsg);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(output, texts[i].name))
			return make_text(backend, request, texts[i].what, made, errmsg);
	return error__set(errmsg, -EINVAL, "%s: not an output of the compiler", output);
}

static int make(const char *name, const char *output, struct bytes *made, char **errmsg)
{
	const struct ebpf_backend *backend = backend__get(name, errmsg);
	struct bytes request = {0};
	int err;

	if (!backend)
		return -errno;
	if (!backend->compile)
		return error__set(errmsg, -ENOTSUP, "the %s backend makes code, no objects", name);
	err = read_request(&request, errmsg);
	if (!err)
		err = make_output(backend, output, &request, made, errmsg);
	free(request.data);
	return err;
}

static bool write_answer(int err, const void *bytes, size_t size)
{
	struct compile_answer a = {.magic = COMPILE_ANSWER_MAGIC, .err = err, .size = size};

	return fwrite(&a, sizeof(a), 1, stdout) == 1 && fwrite(bytes, 1, size, stdout) == size &&
	       !fflush(stdout);
}

static const char usage[] = "usage: xdpk-compile BACKEND object|ir|ir-opt|asm <REQUEST >ANSWER\n"
			    "xdpk runs it; to compile a program: xdpk-vm compile\n";

int main(int argc, char **argv)
{
	struct bytes made = {0};
	char *why = NULL;
	bool written;
	int err;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc != 3 || isatty(STDOUT_FILENO)) {
		fputs(usage, stderr);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	nice(NICE);
	err = make(argv[1], argv[2], &made, &why);
	if (err) {
		made.data = (uint8_t *)(why ? why : strdup(strerror(-err)));
		made.size = made.data ? strlen((char *)made.data) : 0;
	}
	written = write_answer(err, made.data, made.size);
	free(made.data);
	return written ? 0 : 1;
}
