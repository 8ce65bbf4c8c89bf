/* SPDX-License-Identifier: BSD-3-Clause
 *
 * filter.c -- libpcap compiles the expression to classic BPF and interprets that.
 */
#include <errno.h>
#include <stdlib.h>

#include <pcap/pcap.h>

#include "core/error.h"
#include "filter.h"

struct capture_filter {
	struct bpf_program program;
};

struct capture_filter *capture_filter__compile(const char *expression, char **errmsg)
{
	struct capture_filter *filter = calloc(1, sizeof(*filter));
	pcap_t *ethernet = pcap_open_dead(DLT_EN10MB, UINT16_MAX);
	int err = -ENOMEM;

	if (!filter || !ethernet)
		error__set(errmsg, err, "filter %s: no memory", expression);
	else if (pcap_compile(ethernet, &filter->program, expression, 1, PCAP_NETMASK_UNKNOWN))
		err = error__set(
			errmsg, -EINVAL, "filter `%s`: %s", expression, pcap_geterr(ethernet));
	else
		err = 0;
	if (ethernet)
		pcap_close(ethernet);
	if (!err)
		return filter;
	free(filter);
	return NULL;
}

void capture_filter__free(struct capture_filter *filter)
{
	if (filter)
		pcap_freecode(&filter->program);
	free(filter);
}

bool capture_filter__accepts(
	const struct capture_filter *filter, const uint8_t *bytes, uint32_t len, uint32_t wire_len)
{
	return bpf_filter(filter->program.bf_insns, bytes, wire_len, len) != 0;
}
