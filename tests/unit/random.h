/* SPDX-License-Identifier: BSD-3-Clause
 *
 * random.h -- the same random numbers in every run of a test.
 */
#ifndef TESTS_UNIT_RANDOM_H
#define TESTS_UNIT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

uint64_t random64(void);
/* From 0 to n - 1 */
uint32_t below(uint32_t n);
void fill_random(void *p, size_t size);

#endif
