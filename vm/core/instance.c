/* SPDX-License-Identifier: BSD-3-Clause
 *
 * instance.c -- the instance, its memory limit, and the environments that run in it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "compile-child.h"
#include "error.h"
#include "instance.h"
#include "object-cache.h"

#define DEFAULT_MAP_MEMORY (1ull << 30)

static uint64_t host_clock_ns(int32_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t host_ktime_ns(void)
{
	return host_clock_ns(CLOCK_MONOTONIC);
}

static void host_trace(struct ebpf_env *env, const char *text, uint64_t len)
{
	const struct ebpf_instance *inst = env->owner;

	if (inst->trace)
		inst->trace(inst->trace_user, text, len);
}

static int64_t host_read(void *dst, uint64_t address, uint64_t len)
{
	struct iovec to = {dst, len}, from = {(void *)(uintptr_t)address, len};

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)len ? 0 : -EFAULT;
}

static uint64_t secret[8];

/* The clock serves where the system has no entropy. */
static void make_secret(void)
{
	if (getrandom(secret, sizeof(secret), GRND_NONBLOCK) != (ssize_t)sizeof(secret))
		secret[0] = host_ktime_ns();
}

struct ebpf_instance *ebpf_instance__create(const struct ebpf_instance_opts *opts, char **errmsg)
{
	static const struct ebpf_instance_opts defaults;
	static pthread_once_t secret_once = PTHREAD_ONCE_INIT;
	struct ebpf_instance *inst;

	if (errmsg)
		*errmsg = NULL;
	if (!opts)
		opts = &defaults;
	if (opts->workers > EBPF_MAX_WORKERS) {
		error__set(errmsg, -EINVAL, "%" PRIu32 " workers: at most %d are possible",
			opts->workers, EBPF_MAX_WORKERS);
		return NULL;
	}
	inst = calloc(1, sizeof(*inst));
	if (inst && opts->compiler)
		inst->compiler = compile_child__create(opts->compiler);
	if (!inst || (opts->compiler && !inst->compiler) ||
		reclaim__init(&inst->reclaim, opts->workers ? opts->workers : 1)) {
		error__set(errmsg, -ENOMEM, "no memory for an instance");
		if (inst)
			compile_child__destroy(inst->compiler);
		free(inst);
		return NULL;
	}
	atomic_init(&inst->refs, 1);
	pthread_mutex_init(&inst->pin_lock, NULL);
	net__init(&inst->net);
	inst->workers = opts->workers ? opts->workers : 1;
	inst->map_memory = opts->map_memory ? opts->map_memory : DEFAULT_MAP_MEMORY;
	if (opts->cache_dir)
		inst->cache = object_cache__open(opts->cache_dir, opts->cache_bytes);
	inst->trace = opts->trace;
	inst->trace_user = opts->trace_user;
	inst->host.ktime_ns = host_ktime_ns;
	inst->host.clock_ns = host_clock_ns;
	inst->host.trace = host_trace;
	inst->host.read = host_read;
	pthread_once(&secret_once, make_secret);
	inst->host.secret = secret;
	return inst;
}

void ebpf_instance__synchronize(struct ebpf_instance *inst)
{
	reclaim__wait(&inst->reclaim);
}

void ebpf_instance__stop_compiling(struct ebpf_instance *inst)
{
	if (inst->compiler)
		compile_child__stop(inst->compiler);
}

void ebpf_env__online(struct ebpf_env *env)
{
	struct ebpf_instance *inst = env->owner;

	env->era = 0;
	reclaim__online(&inst->reclaim, env->worker);
}

void ebpf_env__quiescent(struct ebpf_env *env)
{
	struct ebpf_instance *inst = env->owner;

	if (unlikely(reclaim__era(&inst->reclaim) != env->era))
		env->era = reclaim__quiescent(&inst->reclaim, env->worker);
}

void ebpf_env__offline(struct ebpf_env *env)
{
	struct ebpf_instance *inst = env->owner;

	reclaim__offline(&inst->reclaim, env->worker);
}

void ebpf_instance__destroy(struct ebpf_instance *inst)
{
	if (!inst)
		return;
	instance__drop_pins(inst);
	net__clear(&inst->net);
	reclaim__poll(&inst->reclaim);
	instance__unref(inst);
}

uint32_t ebpf_instance__workers(const struct ebpf_instance *inst)
{
	return inst->workers;
}

struct ebpf_instance *instance__ref(struct ebpf_instance *inst)
{
	atomic_fetch_add_explicit(&inst->refs, 1, memory_order_relaxed);
	return inst;
}

void instance__unref(struct ebpf_instance *inst)
{
	if (atomic_fetch_sub_explicit(&inst->refs, 1, memory_order_acq_rel) != 1)
		return;
	object_cache__close(inst->cache);
	compile_child__destroy(inst->compiler);
	net__fini(&inst->net);
	reclaim__fini(&inst->reclaim);
	pthread_mutex_destroy(&inst->pin_lock);
	free(inst);
}

int instance__charge(struct ebpf_instance *inst, uint64_t bytes)
{
	unsigned long long taken = atomic_load(&inst->map_bytes);

	do {
		if (bytes > inst->map_memory || taken > inst->map_memory - bytes)
			return -ENOMEM;
	} while (!atomic_compare_exchange_weak(&inst->map_bytes, &taken, taken + bytes));
	return 0;
}

void instance__uncharge(struct ebpf_instance *inst, uint64_t bytes)
{
	atomic_fetch_sub(&inst->map_bytes, bytes);
}

void ebpf_env__init(struct ebpf_env *env, struct ebpf_instance *inst, uint32_t worker)
{
	memset(env, 0, sizeof(*env));
	env->host = &inst->host;
	env->owner = inst;
	env->worker = worker;
	env->cpu = worker;
	env->n_workers = inst->workers;
	env->net = &inst->net.rt;
	/* The state must not be all zero; the clock serves where the system has no entropy. */
	if (getrandom(env->random, sizeof(env->random), GRND_NONBLOCK) !=
		(ssize_t)sizeof(env->random))
		env->random[0] = host_ktime_ns();
	env->random[1] |= 1;
}
