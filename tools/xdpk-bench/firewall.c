/* SPDX-License-Identifier: BSD-3-Clause
 *
 * firewall.c -- loads the sample firewall, gives it a rule for each flow, and makes the variants
 * of it. All of them share the maps: native code is handed the memory of the same ones.
 */
#include <dlfcn.h>
#include <string.h>

#include "core/error.h"
#include "core/map.h"
#include "firewall.h"
#include "object.h"

#ifdef HAVE_LLVM
extern const unsigned char driver_bench[];
extern const unsigned long driver_bench_size;
#endif

static int add_rules(struct object *obj, char **errmsg)
{
	struct ebpf_map *rules = object__map_by_name(obj, "rules");
	struct bench_rule rule;
	int err;

	if (!rules || ebpf_map__opts(rules)->key_size != sizeof(rule.key) ||
		ebpf_map__value_bytes(rules) != sizeof(rule.verdict))
		return error__set(errmsg, -1, "the firewall has no map `rules` of 16-byte keys");
	for (uint32_t flow = 0; flow < BENCH_FLOWS; flow++) {
		bench_rule__of(flow, &rule);
		err = ebpf_map__update(rules, rule.key, &rule.verdict, 0);
		if (err)
			return error__set(errmsg, -1, "rule %u: %s", flow, strerror(-err));
	}
	return 0;
}

static int add_native(struct firewall *f, const char *path, char **errmsg)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	bench_native_fn get = module ? (bench_native_fn)dlsym(module, "bench_native") : NULL;
	const struct bench_native *native;

	if (!get)
		return error__set(errmsg, -1, "native: %s", dlerror());
	native = get();
	for (size_t i = 0; i < object__n_maps(f->obj); i++) {
		const char *name = object__map_opts(f->obj, i)->name;

		if (strchr(name, '.')) /* .rodata: constants in C */
			continue;
		if (native->bind(name, object__map(f->obj, i)->rt.mem))
			return error__set(errmsg, -1, "native: no map %s", name);
	}
	f->variants[f->n_variants++] = (struct variant){"native", native->driver, NULL};
	return 0;
}

static int add_machine(struct firewall *f, char **errmsg)
{
	struct ebpf_driver driver = {.name = "bench", .native = driver_bench__native};
	const struct ebpf_code *code;

#ifdef HAVE_LLVM
	driver.bitcode = driver_bench;
	driver.bitcode_size = driver_bench_size;
	code = ebpf_program__compile(f->prog, "llvm", &driver, errmsg);
	if (!code)
		return -1;
	f->variants[f->n_variants++] = (struct variant){"llvm", code->driver, code};
#endif
	code = ebpf_program__interpret(f->prog, &driver, errmsg);
	if (!code)
		return -1;
	f->variants[f->n_variants++] = (struct variant){"interp", code->driver, code};
	return 0;
}

int firewall__open(struct firewall *f, const char *object, const char *native, char **errmsg)
{
	memset(f, 0, sizeof(*f));
	f->inst = ebpf_instance__create(&(struct ebpf_instance_opts){.workers = 1}, errmsg);
	f->obj = f->inst ? object__open(object, errmsg) : NULL;
	if (!f->obj || object__create_maps(f->obj, f->inst, errmsg) || add_rules(f->obj, errmsg))
		return -1;
	f->prog = object__load_program(f->obj, "xdp_firewall", NULL, errmsg);
	if (!f->prog || (native && add_native(f, native, errmsg)) || add_machine(f, errmsg))
		return -1;
	ebpf_env__init(&f->env, f->inst, 0);
	f->env.prog = f->prog;
	return 0;
}

void firewall__close(struct firewall *f)
{
	ebpf_program__unref(f->prog);
	object__close(f->obj);
	ebpf_instance__destroy(f->inst);
}

void firewall__run(struct firewall *f, const struct variant *v, struct bench_packet *packets)
{
	struct bench_burst burst = {.n = BENCH_BURST};

	if (v->code)
		ebpf_program__install(f->prog, v->code);
	for (uint32_t i = 0; i < BENCH_PACKETS; i += BENCH_BURST) {
		burst.packets = packets + i;
		v->driver(&f->env, &burst);
	}
}
