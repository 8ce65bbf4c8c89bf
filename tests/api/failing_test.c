/* SPDX-License-Identifier: BSD-3-Clause
 *
 * failing_test.c -- every call of the API where memory runs out at any allocation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "failing.h"

static void vm_that_interprets(void **state)
{
	failing__try("a VM, interpreted", use_vm, "interp");
}

static void vm_that_compiles(void **state)
{
#ifdef HAVE_LLVM
	failing__try("a VM, compiled", use_vm, "llvm");
#else
	skip();
#endif
}

static void vm_that_compiles_fast(void **state)
{
#ifdef HAVE_RTE
	failing__try("a VM on librte_bpf", use_vm, "rte");
#else
	skip();
#endif
}

static void maps(void **state)
{
	failing__try("maps of every type", use_maps, NULL);
}

static void network(void **state)
{
	failing__try("links, addresses, routes, rules", use_net, NULL);
}

static void programs(void **state)
{
	failing__try("a program", use_programs, NULL);
	failing__try("a program out of the cache", use_programs, getenv("API_TEST_CACHE"));
}

static void kernels(void **state)
{
#ifdef HAVE_LLVM
	failing__try("kernels", use_kernels, NULL);
#else
	skip();
#endif
}

static void offload(void **state)
{
#ifdef HAVE_LLVM
	failing__try("a program on a device", use_offload, "host:1");
#else
	skip();
#endif
}

static char **files; /* an object and its lines */

static void object(void **state)
{
	if (!files[0])
		skip();
	failing__try("an object", use_object, files[0]);
	for (char **more = files + 2; *more; more++)
		failing__try(*more, use_object, *more);
}

static void image(void **state)
{
	if (!files[0])
		skip();
	failing__try("an image of an object", use_image, files[0]);
}

static void object_with_lines(void **state)
{
	if (!files[0])
		skip();
	failing__try("an object and control lines", use_lines, files);
}

/* usage: failing_test [OBJECT FILE [OBJECT...]]: the firewall and lines that set it up, and others
 * that need none. Where there is no compiler there is no object. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps),
		cmocka_unit_test(network),
		cmocka_unit_test(programs),
		cmocka_unit_test(kernels),
		cmocka_unit_test(offload),
		cmocka_unit_test(object),
		cmocka_unit_test(object_with_lines),
		cmocka_unit_test(image),
		cmocka_unit_test(vm_that_interprets),
		cmocka_unit_test(vm_that_compiles_fast),
		cmocka_unit_test(vm_that_compiles),
	};

	files = argv + 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
