/* SPDX-License-Identifier: BSD-3-Clause
 *
 * verdict.c -- the names of XDP verdicts.
 */
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verdict.h"

static const char *const names[N_VERDICTS] = {[XDP_ABORTED] = "aborted",
	[XDP_DROP] = "drop",
	[XDP_PASS] = "pass",
	[XDP_TX] = "tx",
	[XDP_REDIRECT] = "redirect",
	[VERDICT_OTHER] = "other"};

uint32_t verdict__class(uint32_t verdict)
{
	return verdict < VERDICT_OTHER ? verdict : VERDICT_OTHER;
}

const char *verdict__class_name(uint32_t verdict_class)
{
	return names[verdict_class];
}

const char *verdict__name(uint32_t verdict, char buf[16])
{
	if (verdict < VERDICT_OTHER)
		return names[verdict];
	snprintf(buf, 16, "%u", verdict);
	return buf;
}

bool verdict__parse(const char *text, size_t len, uint32_t *verdict)
{
	unsigned long v;
	char *end;

	for (uint32_t i = 0; i < VERDICT_OTHER; i++) {
		if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0) {
			*verdict = i;
			return true;
		}
	}
	if (!len || *text < '0' || *text > '9')
		return false;
	v = strtoul(text, &end, 10);
	*verdict = v;
	return end == text + len && v <= UINT32_MAX;
}

bool verdict__leaves(uint32_t verdict)
{
	return verdict == XDP_PASS || verdict == XDP_TX || verdict == XDP_REDIRECT;
}
