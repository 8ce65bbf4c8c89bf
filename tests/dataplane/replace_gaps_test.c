/* SPDX-License-Identifier: BSD-3-Clause
 *
 * replace_gaps_test -- a worker is held up as often with a replacement as without one, but for
 * chance. The machine may hold it up, too: where it does so all the time nothing can be said, and
 * the test is skipped (exit status 77).
 */
#include "replacing.h"

#define EXIT_SKIPPED 77

static bool machine_interrupts;

static void holds_up_nobody(void **state)
{
	struct replacing t;
	const struct gaps *during = &t.during, *between = &t.between;
	long more;

	replacing__open(&t, true, false);
	replacing__run(&t);
	replacing__print_times(&t);
	ringed__close(&t.b);
	machine_interrupts = between->bad > between->spans / 10;
	if (machine_interrupts) {
		print_message("the machine interrupts: %u of %u spans without a replacement\n",
			between->bad, between->spans);
		skip();
	}
	assert_int_equal(during->spans, t.n);
	more = (long)during->bad - between->bad;
	assert_true(more <= 0 || more * more <= 9 * (between->bad + 1L)); /* three deviations */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(holds_up_nobody)};
	int failed;

#ifdef __SANITIZE_ADDRESS__
	printf("nothing is as fast under a sanitizer\n");
	return EXIT_SKIPPED;
#endif
	failed = replacing__main(argc, argv, tests, RTE_DIM(tests));
	return !failed && machine_interrupts ? EXIT_SKIPPED : failed;
}
