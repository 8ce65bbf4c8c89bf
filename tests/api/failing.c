/* SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "allocations.h"
#include "failing.h"

static enum failing failing;
static unsigned n_calls, n_failed, n_bad, n_other_errors;

/* Neither stdio nor cmocka may see the allocator fail. */
static bool bad(const char *what, const char *detail)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "bad: call %u: %s%s%s\n", n_calls, what,
		*detail ? ": " : "", detail);

	if (n_bad++ < 5 && write(STDERR_FILENO, text, (size_t)n) < 0)
		abort();
	return false;
}

static bool judge(bool well, int err, char *why, bool wants_sentence)
{
	n_calls++;
	if (why == NOT_SET)
		return bad("*errmsg is what it was", "");
	if (well)
		return why ? bad("a sentence without an error", why) : true;
	n_failed++;
	if (err >= 0)
		return bad("no error number", why ? why : "");
	n_other_errors += err != -ENOMEM;
	if (!allocations__failed())
		return bad("failed though there is memory", why ? why : strerror(-err));
	/* Where it is one allocation that failed, there is memory for the sentence. */
	if (wants_sentence && failing == FAIL_ONE && (!why || !*why))
		return bad("no sentence", strerror(-err));
	return false;
}

static void forget(char **why)
{
	if (*why != NOT_SET)
		free(*why);
	*why = NOT_SET;
}

bool failing__is_well(int err, char **why)
{
	bool well = judge(!err, err, *why, true);

	forget(why);
	return well;
}

bool failing__is_there(const void *p, char **why)
{
	bool well = judge(p, -errno, why ? *why : NULL, why);

	if (why)
		forget(why);
	return well;
}

bool failing__is_done(int err)
{
	return judge(!err, err, NULL, false);
}

bool failing__is_so(bool so, const char *what)
{
	if (!so && !allocations__failed())
		bad("not so", what);
	return so;
}

/* The one that would be opened next. */
static int next_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static unsigned long run(use_fn use, void *user, enum failing how, unsigned long n)
{
	int fd = next_descriptor();
	unsigned long done;
	char at[64];

	failing = how;
	n_calls = 0;
	snprintf(at, sizeof(at), "of allocation %lu%s", n, how == FAIL_ALL ? " on" : "");
	allocations__watch(how, n);
	use(user);
	done = allocations__unwatch();
	if (allocations__leaks())
		bad("leak after the failure", at);
	if (next_descriptor() != fd)
		bad("descriptor open after the failure", at);
	return done;
}

/* XDPK_FAILING_EVERY=N: of all allocations every N-th. */
static unsigned long step(void)
{
	const char *wanted = getenv("XDPK_FAILING_EVERY");
	unsigned long n = wanted ? strtoul(wanted, NULL, 0) : 1;

	return n ? n : 1;
}

/* Until there are fewer than n allocations; the number of runs in which one failed. */
static unsigned long run_each(use_fn use, void *user, enum failing how)
{
	unsigned long n = 1, every = step(), runs = 0;

	for (run(use, user, how, n); allocations__failed() && n_bad < 5; runs++)
		run(use, user, how, n += every);
	return runs;
}

void failing__try(const char *name, use_fn use, void *user)
{
	unsigned long once, all;

	n_bad = n_failed = n_other_errors = 0;
	failing = FAIL_NEVER;
	use(user); /* modules are opened, tables made */
	allocations__know_modules();
	run(use, user, FAIL_NEVER, 0);
	assert_int_equal(n_bad, 0);
	once = run_each(use, user, FAIL_ONE);
	all = run_each(use, user, FAIL_ALL);
	printf("%s: %lu allocations refused one by one; %lu, with all that follow; %u calls "
	       "failed, %u of them with another error than ENOMEM\n",
		name, once, all, n_failed, n_other_errors);
	assert_int_equal(n_bad, 0);
	assert_true(once > 3);
	assert_true(n_failed > once / 2);
}
