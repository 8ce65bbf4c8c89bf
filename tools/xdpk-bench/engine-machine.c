/* SPDX-License-Identifier: BSD-3-Clause
 *
 * engine-machine.c -- the machine's own: compiled code, interpreted code. The program's tail calls
 * run whatever is installed where they lead to, so the turn of a variant begins by installing its
 * code in all programs of the object.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/error.h"
#include "engine.h"
#include "object.h"

#ifdef HAVE_LLVM
extern const unsigned char driver_bench[], driver_raw[];
extern const unsigned long driver_bench_size, driver_raw_size;
#endif

struct ebpf_driver engine_machine__driver(enum case_kind kind)
{
	bool raw = kind == CASE_RAW;
	struct ebpf_driver driver = {.name = raw ? "raw" : "bench",
		.native = raw ? driver_raw__native : driver_bench__native};

#ifdef HAVE_LLVM
	driver.bitcode = raw ? driver_raw : driver_bench;
	driver.bitcode_size = raw ? driver_raw_size : driver_bench_size;
#endif
	return driver;
}

/* Of a raw object there is one, and the object does not know that it is loaded. */
static struct ebpf_program *find_program(const struct bench_case *c, size_t i)
{
	return c->kind == CASE_RAW ? c->prog : ebpf_object__loaded_program(c->obj, i);
}

typedef const struct ebpf_code *(*make_fn)(
	struct ebpf_program *prog, const struct ebpf_driver *driver, char **errmsg);

/* The code of each of the object's programs that is loaded, by its index. */
static int make_all(struct variant *v, make_fn make, const struct ebpf_code **codes, char **errmsg)
{
	struct bench_case *c = v->bench;
	struct ebpf_driver driver = engine_machine__driver(c->kind);

	for (size_t i = 0; i < ebpf_object__n_programs(c->obj); i++) {
		struct ebpf_program *prog = find_program(c, i);

		if (!prog)
			continue;
		codes[i] = make(prog, prog == c->prog ? &driver : NULL, errmsg);
		if (!codes[i])
			return -EINVAL;
		if (prog == c->prog)
			v->driver = codes[i]->driver;
	}
	return 0;
}

static int machine__open(struct variant *v, make_fn make, char **errmsg)
{
	const struct ebpf_code **codes =
		calloc(ebpf_object__n_programs(v->bench->obj), sizeof(const struct ebpf_code *));
	int err;

	if (!codes)
		return error__set(errmsg, -ENOMEM, "%s: no memory", v->engine->name);
	err = make_all(v, make, codes, errmsg);
	v->state = codes;
	if (err)
		free(codes);
	return err;
}

static void machine__close(struct variant *v)
{
	free(v->state);
}

static void machine__select(struct variant *v)
{
	const struct ebpf_code **codes = v->state;

	for (size_t i = 0; i < ebpf_object__n_programs(v->bench->obj); i++)
		if (codes[i])
			ebpf_program__install(find_program(v->bench, i), codes[i]);
}

#ifdef HAVE_LLVM
static const struct ebpf_code *compile(
	struct ebpf_program *prog, const struct ebpf_driver *driver, char **errmsg)
{
	return ebpf_program__compile(prog, "llvm", driver, errmsg);
}

static int llvm__open(struct variant *v, char **errmsg)
{
	return machine__open(v, compile, errmsg);
}

const struct engine engine_llvm = {
	.name = "llvm",
	.what = "the object, compiled",
	.kinds = OF_KIND(CASE_AS_IT_IS) | OF_KIND(CASE_RANDOM) | OF_KIND(CASE_RAW),
	.open = llvm__open,
	.close = machine__close,
	.select = machine__select,
};

/* --- beside a program that chooses for itself ------------------------------------------- */

static void set__close(struct variant *v)
{
	case__close(v->bench);
	free(v->bench);
}

static int set__open(struct variant *v, char **errmsg)
{
	struct bench_case *own = calloc(1, sizeof(*own));
	int err;

	if (!own)
		return error__set(errmsg, -ENOMEM, "%s: no memory", v->engine->name);
	err = case__open(own, v->bench->workload, CASE_AS_IT_IS, 0, 1, errmsg);
	v->bench = own;
	if (!err)
		err = machine__open(v, compile, errmsg);
	if (err)
		set__close(v);
	return err ? -EINVAL : 0;
}

static void set__close_all(struct variant *v)
{
	machine__close(v);
	set__close(v);
}

const struct engine engine_llvm_set = {
	.name = "llvm-set",
	.what = "beside the kernel: the object as it is over the workload's packets, loop included",
	.kinds = OF_KIND(CASE_RANDOM),
	.open = set__open,
	.close = set__close_all,
	.select = machine__select,
};
#endif

/* --- the interpreter -------------------------------------------------------------------- */

static int interp__open(struct variant *v, char **errmsg)
{
	return machine__open(v, ebpf_program__interpret, errmsg);
}

const struct engine engine_interp = {
	.name = "interp",
	.what = "the object, interpreted, every access checked",
	.kinds = OF_KIND(CASE_AS_IT_IS) | OF_KIND(CASE_RANDOM) | OF_KIND(CASE_RAW),
	.open = interp__open,
	.close = machine__close,
	.select = machine__select,
};
