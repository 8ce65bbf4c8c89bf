/* SPDX-License-Identifier: BSD-3-Clause
 *
 * failing_test.c -- every call of the API where memory runs out at any allocation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vm_that_interprets),
		cmocka_unit_test(vm_that_compiles_fast),
		cmocka_unit_test(vm_that_compiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
