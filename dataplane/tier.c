/* SPDX-License-Identifier: BSD-3-Clause
 *
 * tier.c -- a thread, and a queue of programs to compile.
 *
 * A tier has up to two holders, its owner and the queue or the thread that took it from there; who
 * lets go last frees it. So an owner need not wait for a compilation that nobody wants any more.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "background.h"
#include "core/error.h"
#include "tier.h"

struct tier {
	struct tiers *tiers;
	struct ebpf_program *prog;
	const struct ebpf_driver *driver;
	unsigned holders;
	bool queued;
	struct tier *next; /* in the queue */
	struct tier_status status;
	uint64_t since; /* when the thread took it; 0: it has not */
};

struct tiers {
	struct ebpf_instance *inst;
	pthread_t thread;
	pthread_mutex_t lock; /* all that follows, and what of every tier follows its driver */
	pthread_cond_t changed;
	struct tier *queue;
	bool stopping;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- installing ---------------------------------------------------------------------- */

static bool install(struct ebpf_program *prog, const struct ebpf_code *code)
{
	if (code)
		ebpf_program__install(prog, code);
	return code;
}

static int install_interpreted(
	struct ebpf_program *prog, const struct ebpf_driver *driver, char **errmsg)
{
	return install(prog, ebpf_program__interpret(prog, driver, errmsg)) ? 0 : -ENOMEM;
}

static bool install_found(struct ebpf_program *prog, const struct ebpf_driver *driver)
{
	return install(prog, ebpf_program__find_compiled(prog, "llvm", driver));
}

static int install_compiled(
	struct ebpf_program *prog, const struct ebpf_driver *driver, char **errmsg)
{
	return install(prog, ebpf_program__compile(prog, "llvm", driver, errmsg)) ? 0 : -errno;
}

/* --- the thread ---------------------------------------------------------------------- */

static void let_go(struct tier *tier)
{
	if (--tier->holders)
		return;
	ebpf_program__unref(tier->prog);
	free(tier->status.why);
	free(tier);
}

/* NULL when the thread is to end. */
static struct tier *take(struct tiers *tiers)
{
	struct tier *tier;

	pthread_mutex_lock(&tiers->lock);
	while (!tiers->queue && !tiers->stopping)
		pthread_cond_wait(&tiers->changed, &tiers->lock);
	tier = tiers->stopping ? NULL : tiers->queue;
	if (tier) {
		tiers->queue = tier->next;
		tier->queued = false;
		tier->since = now_ns();
	}
	pthread_mutex_unlock(&tiers->lock);
	return tier;
}

/* The thread is done with what it took; or it will not take it, as all is stopped. */
static void settle(struct tier *tier, bool compiled, int err, char *why)
{
	struct tier_status *s = &tier->status;

	if (s->state == TIER_COMPILING) {
		s->state = compiled            ? TIER_COMPILED
			   : err == -ECANCELED ? TIER_INTERPRETED
					       : TIER_FAILED;
		s->ns = tier->since ? now_ns() - tier->since : 0;
	}
	tier->since = 0;
	if (err == -ECANCELED) {
		free(why);
	} else {
		free(s->why);
		s->why = why;
	}
	pthread_cond_broadcast(&tier->tiers->changed);
	let_go(tier);
}

/* The program, unless it is compiled already, and then what it goes on in. What has failed once is
 * left alone. Only this thread changes the state of what it has taken. */
static void compile(struct tier *tier)
{
	struct tiers *tiers = tier->tiers;
	bool compiled = tier->status.state == TIER_COMPILED;
	char *why = NULL;
	int err = compiled ? 0 : -ECANCELED;

	if (tier->status.state == TIER_COMPILING)
		err = install_compiled(tier->prog, tier->driver, &why);
	if (!err) {
		compiled = true;
		err = ebpf_program__compile_targets(tier->prog, "llvm", tier->driver, &why);
	}
	pthread_mutex_lock(&tiers->lock);
	settle(tier, compiled, err, why);
	pthread_mutex_unlock(&tiers->lock);
}

static void *compile_main(void *arg)
{
	struct tiers *tiers = arg;
	struct tier *tier;

	while ((tier = take(tiers)) != NULL)
		compile(tier);
	return NULL;
}

struct tiers *tiers__create(struct ebpf_instance *inst)
{
	struct tiers *tiers = calloc(1, sizeof(*tiers));

	if (!tiers)
		return NULL;
	tiers->inst = inst;
	pthread_mutex_init(&tiers->lock, NULL);
	pthread_cond_init(&tiers->changed, NULL);
	if (!background__start(&tiers->thread, "xdpk-compile", compile_main, tiers))
		return tiers;
	free(tiers);
	return NULL;
}

void tiers__stop(struct tiers *tiers)
{
	bool join;

	ebpf_instance__stop_compiling(tiers->inst);
	pthread_mutex_lock(&tiers->lock);
	join = !tiers->stopping;
	tiers->stopping = true;
	while (tiers->queue) {
		struct tier *tier = tiers->queue;

		tiers->queue = tier->next;
		tier->queued = false;
		settle(tier, false, -ECANCELED, NULL);
	}
	pthread_cond_broadcast(&tiers->changed);
	pthread_mutex_unlock(&tiers->lock);
	if (join)
		pthread_join(tiers->thread, NULL);
}

void tiers__destroy(struct tiers *tiers)
{
	if (!tiers)
		return;
	tiers__stop(tiers);
	pthread_cond_destroy(&tiers->changed);
	pthread_mutex_destroy(&tiers->lock);
	free(tiers);
}

/* --- a program ----------------------------------------------------------------------- */

/* Under the lock. */
static void append(struct tier *tier)
{
	struct tiers *tiers = tier->tiers;
	struct tier **last = &tiers->queue;

	tier->holders++;
	if (tiers->stopping) {
		settle(tier, false, -ECANCELED, NULL);
	} else {
		while (*last)
			last = &(*last)->next;
		*last = tier;
		tier->queued = true;
		pthread_cond_broadcast(&tiers->changed);
	}
}

static void enqueue(struct tier *tier)
{
	pthread_mutex_lock(&tier->tiers->lock);
	if (tier->status.state == TIER_INTERPRETED)
		tier->status.state = TIER_COMPILING;
	append(tier);
	pthread_mutex_unlock(&tier->tiers->lock);
}

/* One that the thread has in hand may have passed the map already. */
void tier__revisit(struct tier *tier)
{
	enum tier_state state;

	pthread_mutex_lock(&tier->tiers->lock);
	state = tier->status.state;
	if (!tier->queued && (state == TIER_COMPILED || state == TIER_COMPILING))
		append(tier);
	pthread_mutex_unlock(&tier->tiers->lock);
}

static int begin(struct tier *tier, enum tier_engine engine, char **errmsg)
{
	const struct ebpf_driver *driver = tier->driver;
	int err;

	if (engine == TIER_LLVM) {
		uint64_t since = now_ns();

		err = install_compiled(tier->prog, driver, errmsg);
		if (!err)
			err = ebpf_program__compile_targets(
				tier->prog, "llvm", tier->driver, errmsg);
		tier->status.ns = now_ns() - since;
		tier->status.state = TIER_COMPILED;
		return err;
	}
	if (engine == TIER_AUTO && install_found(tier->prog, driver)) {
		tier->status.state = TIER_COMPILED;
		tier->status.from_cache = true;
	} else {
		err = install_interpreted(tier->prog, driver, errmsg);
		if (err)
			return err;
	}
	/* A build without the compiler has no bitcode: nothing to move to. An image that does not
	 * fit is not found: compiling says why. */
	if (engine == TIER_AUTO &&
		(!driver || driver->bitcode || ebpf_program__has_image(tier->prog)))
		enqueue(tier);
	return 0;
}

struct tier *tier__start(struct tiers *tiers, struct ebpf_program *prog,
	const struct ebpf_driver *driver, enum tier_engine engine, char **errmsg)
{
	struct tier *tier = calloc(1, sizeof(*tier));

	if (!tier) {
		error__set(errmsg, -ENOMEM, "%s: no memory", ebpf_program__name(prog));
		return NULL;
	}
	tier->tiers = tiers;
	tier->prog = ebpf_program__ref(prog);
	tier->driver = driver;
	tier->holders = 1;
	if (!begin(tier, engine, errmsg))
		return tier;
	let_go(tier);
	return NULL;
}

/* Its owner holds it on. */
static void dequeue(struct tier *tier)
{
	struct tier **at = &tier->tiers->queue;

	while (*at != tier)
		at = &(*at)->next;
	*at = tier->next;
	tier->holders--;
}

void tier__release(struct tier *tier)
{
	struct tiers *tiers = tier ? tier->tiers : NULL;

	if (!tier)
		return;
	pthread_mutex_lock(&tiers->lock);
	if (tier->queued)
		dequeue(tier);
	let_go(tier);
	pthread_mutex_unlock(&tiers->lock);
}

struct tier_status tier__status(const struct tier *tier)
{
	struct tiers *tiers = tier->tiers;
	struct tier_status s;

	pthread_mutex_lock(&tiers->lock);
	s = tier->status;
	if (s.why)
		s.why = strdup(s.why);
	if (tier->since && s.state == TIER_COMPILING)
		s.ns = now_ns() - tier->since;
	pthread_mutex_unlock(&tiers->lock);
	return s;
}

void tier__wait(const struct tier *tier)
{
	struct tiers *tiers = tier->tiers;

	pthread_mutex_lock(&tiers->lock);
	while (tier->status.state == TIER_COMPILING)
		pthread_cond_wait(&tiers->changed, &tiers->lock);
	pthread_mutex_unlock(&tiers->lock);
}

const char *tier_state__text(enum tier_state state)
{
	static const char *const texts[] = {[TIER_INTERPRETED] = "interpreted",
		[TIER_COMPILING] = "compiling",
		[TIER_COMPILED] = "compiled",
		[TIER_FAILED] = "failed"};

	return texts[state];
}
