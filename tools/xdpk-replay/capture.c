/* SPDX-License-Identifier: BSD-3-Clause
 *
 * capture.c -- captures through libpcap, which reads pcap and pcapng alike.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "core/error.h"

#define ETHERNET_HEADER 14
#define SNAP_LENGTH     262144 /* libpcap's greatest */

/* Both arrays grow by doubling; packets hold offsets until the bytes have stopped moving. */
struct loading {
	struct capture *c;
	uint32_t longest;
	size_t packet_room, bytes_used, byte_room;
};

static bool is_standard(const char *path)
{
	return !strcmp(path, "-");
}

static int grow(void *array, size_t elem, size_t used, size_t more, size_t *room)
{
	size_t want = *room ? *room : 4096;
	void **p = array, *bigger;

	if (used + more <= *room)
		return 0;
	while (want < used + more)
		want *= 2;
	bigger = reallocarray(*p, want, elem);
	if (!bigger)
		return -ENOMEM;
	*p = bigger;
	*room = want;
	return 0;
}

static int add(struct loading *l, const struct pcap_pkthdr *h, const u_char *data)
{
	struct capture *c = l->c;

	c->total++;
	if (h->caplen < ETHERNET_HEADER) {
		c->too_short++;
		return 0;
	}
	if (h->caplen > l->longest) {
		c->too_long++;
		return 0;
	}
	if (grow(&c->packets, sizeof(*c->packets), c->n, 1, &l->packet_room) ||
		grow(&c->bytes, 1, l->bytes_used, h->caplen, &l->byte_room))
		return -ENOMEM;
	c->cut_by_snap += h->caplen < h->len;
	memcpy(c->bytes + l->bytes_used, data, h->caplen);
	c->packets[c->n++] =
		(struct capture_packet){.len = h->caplen, .number = c->total, .time = h->ts};
	l->bytes_used += h->caplen;
	return 0;
}

static int read_packets(
	struct capture *c, pcap_t *pcap, const char *path, uint32_t longest, char **errmsg)
{
	struct loading l = {.c = c, .longest = longest};
	struct pcap_pkthdr *h;
	const u_char *data;
	size_t at = 0;
	int rc;

	while ((rc = pcap_next_ex(pcap, &h, &data)) == 1) {
		if (add(&l, h, data))
			return error__set(
				errmsg, -ENOMEM, "%s: packet %zu: no memory", path, c->total);
	}
	if (rc == PCAP_ERROR)
		return error__set(errmsg, -EINVAL, "%s: packet %zu: %s", path, c->total + 1,
			pcap_geterr(pcap));
	for (size_t i = 0; i < c->n; i++) {
		c->packets[i].data = c->bytes + at;
		at += c->packets[i].len;
	}
	return 0;
}

int capture__load(struct capture *c, const char *path, uint32_t longest, char **errmsg)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	FILE *f = is_standard(path) ? stdin : fopen(path, "rb");
	pcap_t *pcap;
	int err;

	*c = (struct capture){0};
	if (!f)
		return error__set(errmsg, -errno, "%s: %s", path, strerror(errno));
	pcap = pcap_fopen_offline_with_tstamp_precision(f, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!pcap) {
		fclose(f);
		return error__set(errmsg, -EINVAL, "%s: %s", path, why);
	}
	if (pcap_datalink(pcap) != DLT_EN10MB)
		err = error__set(errmsg, -EINVAL, "%s: holds %s packets, not Ethernet", path,
			pcap_datalink_val_to_name(pcap_datalink(pcap)));
	else
		err = read_packets(c, pcap, path, longest, errmsg);
	pcap_close(pcap);
	if (err)
		capture__free(c);
	return err;
}

void capture__free(struct capture *c)
{
	free(c->packets);
	free(c->bytes);
	*c = (struct capture){0};
}

struct capture_writer {
	pcap_t *pcap;
	pcap_dumper_t *out;
	char *path;
};

/* Standard output, for packets alone: what else is printed goes to standard error. */
static FILE *take_standard_output(void)
{
	int own = dup(STDOUT_FILENO);
	FILE *f = own >= 0 ? fdopen(own, "wb") : NULL;

	if (f)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	else if (own >= 0)
		close(own);
	return f;
}

static pcap_dumper_t *open_dump(pcap_t *pcap, const char *path, char **errmsg)
{
	FILE *f = is_standard(path) ? take_standard_output() : fopen(path, "wb");
	pcap_dumper_t *out;

	if (!f) {
		error__set(errmsg, -errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	out = pcap_dump_fopen(pcap, f);
	if (!out) {
		error__set(errmsg, -EIO, "%s: %s", path, pcap_geterr(pcap));
		fclose(f);
	}
	return out;
}

struct capture_writer *capture_writer__open(const char *path, char **errmsg)
{
	struct capture_writer *w = calloc(1, sizeof(*w));

	if (w)
		w->path = strdup(path);
	if (w && w->path)
		w->pcap = pcap_open_dead_with_tstamp_precision(
			DLT_EN10MB, SNAP_LENGTH, PCAP_TSTAMP_PRECISION_NANO);
	if (!w || !w->pcap)
		error__set(errmsg, -ENOMEM, "%s: no memory", path);
	else if ((w->out = open_dump(w->pcap, path, errmsg)))
		return w;
	if (w && w->pcap)
		pcap_close(w->pcap);
	if (w)
		free(w->path);
	free(w);
	return NULL;
}

void capture_writer__add(
	struct capture_writer *w, const struct timeval *time, const uint8_t *data, uint32_t len)
{
	struct pcap_pkthdr h = {.ts = *time, .caplen = len, .len = len};

	pcap_dump((u_char *)w->out, &h, data);
}

int capture_writer__close(struct capture_writer *w, char **errmsg)
{
	int err = 0;

	if (pcap_dump_flush(w->out) || ferror(pcap_dump_file(w->out)))
		err = error__set(errmsg, -EIO, "%s: %s", w->path, strerror(errno));
	pcap_dump_close(w->out);
	pcap_close(w->pcap);
	free(w->path);
	free(w);
	return err;
}
