/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>
#include <string.h>

#include "causes.h"

const struct cause causes[] = {
#define ONLY_HERE(message, reason)   {true, message, reason},
#define ONLY_KERNEL(message, reason) {false, message, reason},
#include "causes.def"
};
const size_t n_causes = sizeof(causes) / sizeof(causes[0]);

const struct cause *cause__find(bool only_here, const char *text)
{
	size_t i;

	for (i = 0; i < n_causes; i++)
		if (causes[i].only_here == only_here && strstr(text, causes[i].message))
			return &causes[i];
	return NULL;
}
