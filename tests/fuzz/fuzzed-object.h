/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fuzzed-object.h -- the object that fuzzed control lines are about, named by XDPK_FUZZ_OBJECT:
 * made with the first input, and again after so many, as lines fill its maps.
 */
#ifndef TESTS_FUZZ_FUZZED_OBJECT_H
#define TESTS_FUZZ_FUZZED_OBJECT_H

#include <object.h>

struct fuzzed {
	struct ebpf_instance *instance;
	struct ebpf_object *object;
};

/* Before each input. Ends the process where there is no such object. */
const struct fuzzed *fuzzed__next(void);

#endif
