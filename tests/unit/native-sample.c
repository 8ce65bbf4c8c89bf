/* SPDX-License-Identifier: BSD-3-Clause
 *
 * native-sample.c -- what native_test.c loads: one of each thing that compiled programs do
 * with symbols. Built position-independent, as an object of its own.
 */
#include <stddef.h>
#include <stdint.h>

extern uint64_t far_value;         /* through the GOT */
uint64_t far_function(uint64_t x); /* called through the GOT */
uint64_t far_by_stub(uint64_t x);  /* called by a 32-bit displacement: needs a stub */

uint64_t sample_sum(uint64_t a, uint64_t b);
uint64_t sample_far(uint64_t x);
uint64_t sample_count(void);
uint64_t sample_table(uint64_t i, uint64_t x);
const void *sample_const(void);
void *sample_data(void);

static uint64_t counter = 40, zeroed[600];

uint64_t sample_sum(uint64_t a, uint64_t b)
{
	return a + b;
}

uint64_t sample_far(uint64_t x)
{
	uint64_t y;

	__asm__("call far_by_stub@PLT"
		: "=a"(y), "+D"(x)
		:
		: "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
	return far_value + far_function(y);
}

uint64_t sample_count(void)
{
	zeroed[599] += 2;
	return counter++ + zeroed[599];
}

static uint64_t twice(uint64_t x)
{
	return x * 2;
}

static uint64_t square(uint64_t x)
{
	return x * x;
}

struct step {
	uint64_t (*f)(uint64_t);
	uint64_t *value; /* an address outside the image, in constant data */
};

static const struct step *volatile steps;
static const struct step table[] = {
	{twice, &far_value}, {square, &far_value}, {far_function, NULL}};

uint64_t sample_table(uint64_t i, uint64_t x)
{
	steps = table;
	return steps[i].f(x) + (steps[i].value ? *steps[i].value : 0);
}

const void *sample_const(void)
{
	return table;
}

void *sample_data(void)
{
	return &counter;
}
