/* SPDX-License-Identifier: BSD-3-Clause
 *
 * host-cpu.c -- the processor's model and features as CPUID gives them (Intel SDM volume 2, AMD
 * APM volume 3), less what differs from core to core. It is asked once: in a virtual machine each
 * question goes to the hypervisor.
 */
#include <pthread.h>
#include <string.h>

#include "host-cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>

enum { EAX = 1, EBX = 2, ECX = 4, EDX = 8 };

static const struct {
	uint32_t leaf, subleaf;
	unsigned registers;
} questions[] = {
	{0, 0, EBX | ECX | EDX},       /* vendor */
	{1, 0, EAX | ECX | EDX},       /* model, features; EBX has the core's number */
	{7, 0, EBX | ECX | EDX},       /* features */
	{7, 1, EAX | EBX | ECX | EDX}, /* features */
	{0xd, 1, EAX},                 /* kinds of XSAVE */
	{0x14, 0, EBX},                /* trace instructions */
	{0x19, 0, EBX},                /* key locker */
	{0x80000001, 0, ECX | EDX},    /* features */
	{0x80000008, 0, EBX},          /* features */
};

/* Which registers the system saves: without it AVX is not usable. */
static uint64_t saved_registers(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

static struct host_cpu here;

static void ask(void)
{
	unsigned n = 0, r[4];
	uint64_t saved = 0;

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (!__get_cpuid_count(
			    questions[i].leaf, questions[i].subleaf, &r[0], &r[1], &r[2], &r[3]))
			memset(r, 0, sizeof(r));
		if (questions[i].leaf == 1 && r[2] & bit_OSXSAVE)
			saved = saved_registers();
		for (unsigned k = 0; k < 4; k++)
			if (questions[i].registers >> k & 1)
				here.words[n++] = r[k];
	}
	memcpy(&here.words[n], &saved, sizeof(saved));
}

bool host_cpu__identify(struct host_cpu *cpu)
{
	static pthread_once_t asked = PTHREAD_ONCE_INIT;

	pthread_once(&asked, ask);
	*cpu = here;
	return true;
}

bool host_cpu__has_level(const char *level)
{
	__builtin_cpu_init();
	const struct {
		const char *name;
		bool is_there;
	} levels[] = {
		{"x86-64", true},
		{"x86-64-v2", __builtin_cpu_supports("x86-64-v2")},
		{"x86-64-v3", __builtin_cpu_supports("x86-64-v3")},
		{"x86-64-v4", __builtin_cpu_supports("x86-64-v4")},
	};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(levels[i].name, level) == 0)
			return levels[i].is_there;
	return false;
}

#else

bool host_cpu__identify(struct host_cpu *cpu)
{
	return false;
}

bool host_cpu__has_level(const char *level)
{
	return false;
}

#endif
