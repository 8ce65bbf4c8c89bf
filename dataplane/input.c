/* SPDX-License-Identifier: BSD-3-Clause
 *
 * input.c -- read captures ahead of net_pcap.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>
#include <rte_kvargs.h>

#include "core/error.h"

#include "input.h"

/* net_pcap keeps a packet's length in 16 bits. */
#define CAPTURE_MAX_PACKET 65535

static int scan_capture(const char *path, uint64_t *packets, char **errmsg)
{
	char reason[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int status, err = 0;
	pcap_t *capture = pcap_open_offline(path, reason);

	if (!capture) /* libpcap names the file when it cannot be opened, not when it is bad */
		return error__set(errmsg, -EINVAL, "capture %s: %s", path,
			strncmp(reason, path, strlen(path)) ? reason : reason + strlen(path) + 2);
	if (pcap_datalink(capture) != DLT_EN10MB)
		err = error__set(errmsg, -EINVAL, "capture %s: its packets are %s, not Ethernet",
			path, pcap_datalink_val_to_description_or_dlt(pcap_datalink(capture)));
	for (*packets = 0;
		!err && (status = pcap_next_ex(capture, &header, &bytes)) != PCAP_ERROR_BREAK;
		++*packets) {
		if (status != 1)
			err = error__set(errmsg, -EINVAL, "capture %s: packet %llu: %s", path,
				(unsigned long long)*packets + 1, pcap_geterr(capture));
		else if (header->caplen > CAPTURE_MAX_PACKET)
			err = error__set(errmsg, -EINVAL, "capture %s: packet %llu: %u bytes long",
				path, (unsigned long long)*packets + 1, header->caplen);
	}
	pcap_close(capture);
	return err;
}

static bool is_driver(const char *devargs, const char *driver)
{
	return !strncmp(devargs, driver, strlen(driver));
}

static bool flag_is_set(const struct rte_kvargs *args, const char *key)
{
	const char *value = rte_kvargs_get(args, key);

	return value && atoi(value) > 0;
}

static int describe_pcap(struct input *in, const struct rte_kvargs *args, char **errmsg)
{
	bool endless = flag_is_set(args, "infinite_rx");

	in->kind = INPUT_FINITE;
	for (uint32_t i = 0; i < args->count; i++) {
		const struct rte_kvargs_pair *arg = &args->pairs[i];
		uint64_t packets;
		int err;

		if (!strcmp(arg->key, "iface") || !strncmp(arg->key, "rx_iface", 8))
			in->kind = INPUT_LIVE;
		if (strcmp(arg->key, "rx_pcap"))
			continue;
		err = scan_capture(arg->value, &packets, errmsg);
		if (err)
			return err;
		if (endless && !packets)
			return error__set(errmsg, -EINVAL,
				"capture %s: empty, so it cannot be repeated (infinite_rx)",
				arg->value);
		in->packets += packets;
		in->captures++;
	}
	if (endless && in->captures) {
		in->kind = INPUT_LIVE;
		in->held = in->packets;
	}
	return 0;
}

int input__describe(struct input *in, const char *devargs, char **errmsg)
{
	const char *comma = strchr(devargs, ',');
	struct rte_kvargs *args;
	int err;

	*in = (struct input){.kind = INPUT_LIVE};
	if (is_driver(devargs, "net_ring") && !comma) /* else its rings are somebody's */
		in->kind = INPUT_LOOPBACK;
	if (!is_driver(devargs, "net_pcap"))
		return 0;
	args = rte_kvargs_parse(comma ? comma + 1 : "", NULL);
	if (!args)
		return error__set(
			errmsg, -EINVAL, "port %s: arguments are not key=value,...", devargs);
	err = describe_pcap(in, args, errmsg);
	rte_kvargs_free(args);
	return err;
}
