/* SPDX-License-Identifier: BSD-3-Clause
 *
 * writer.c -- the thread behind a capture: takes records out of all workers' rings in the order of
 * their times, makes blocks of them and writes those.
 *
 * Workers publish a burst when it has been judged. So in each round only records of a certain age
 * are taken: none that is younger can still come, and the file is in order as long as no worker
 * is kept from its core for longer than that.
 *
 * The file may be a pipe that nobody empties, and its description is somebody else's, too, so that
 * its flags must stay: before each write poll() must promise room, and no more is written than
 * that is a promise for.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "background.h"
#include "capture/internal.h"
#include "capture/pcapng.h"
#include "core/error.h"
#include "counters.h"

#define ORDER_NS      5000000 /* how old a record must be */
#define IDLE_NS       2000000 /* between two rounds without any */
#define POLL_MS       100
#define LAST_WORDS_MS 1000 /* how long the end of a file may be in coming */
#define BUFFER_BYTES  (2u * CAPTURE_SNAPLEN)

struct interface {
	char *name;
	uint64_t start, packets, lost;
};

struct capture_writer {
	struct capture *capture;
	pthread_t thread;
	int fd;
	bool is_file; /* takes everything at once */
	int stop;
	int error;
	uint64_t packets, bytes; /* written; read by others */
	uint64_t last_time;
	struct pcapng out;
	struct interface *interfaces;
	uint32_t n_interfaces;
	uint64_t *lost; /* by worker, as its last record said */
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* 0, or why nothing can be written now or ever. */
static int wait_for_room(struct capture_writer *w, uint64_t *deadline)
{
	struct pollfd pollfd = {.fd = w->fd, .events = POLLOUT};

	for (;;) {
		int n = poll(&pollfd, 1, POLL_MS);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && pollfd.revents & (POLLERR | POLLNVAL))
			return -EPIPE;
		if (n > 0)
			return 0;
		if (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE))
			continue;
		if (!*deadline)
			*deadline = clock_ns(CLOCK_MONOTONIC) + LAST_WORDS_MS * 1000000ull;
		if (clock_ns(CLOCK_MONOTONIC) > *deadline)
			return -ETIMEDOUT;
	}
}

/* err 0: no failure. Others read it. */
static void fail(struct capture_writer *w, int err)
{
	if (err)
		__atomic_store_n(&w->error, err, __ATOMIC_RELEASE);
}

/* Writes the buffer; whatever becomes of it, it is empty afterwards. */
static void flush(struct capture_writer *w)
{
	uint64_t deadline = 0;
	size_t done = 0;

	while (!w->error && done < w->out.len) {
		size_t left = w->out.len - done;
		ssize_t n;

		if (!w->is_file)
			fail(w, wait_for_room(w, &deadline));
		if (w->error)
			break;
		n = write(w->fd, w->out.bytes + done,
			w->is_file ? left : RTE_MIN(left, (size_t)PIPE_BUF));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			fail(w, -errno);
		else if (n > 0)
			done += (size_t)n;
	}
	counter__add(&w->bytes, done);
	w->out.len = 0;
}

static void make_room(struct capture_writer *w, uint32_t packet)
{
	if (w->out.len + packet + PCAPNG_BLOCK_MAX > BUFFER_BYTES)
		flush(w);
}

/* Its number, new if the name is; -1 without memory. */
static int64_t find_interface(struct capture_writer *w, const struct capture_record *r)
{
	const struct capture_opts *opts = &w->capture->opts;
	struct interface *more;
	char *name;

	for (uint32_t i = 0; i < w->n_interfaces; i++) {
		const char *known = w->interfaces[i].name;

		if (!strncmp(known, r->name, r->name_len) && !known[r->name_len])
			return i;
	}
	name = strndup(r->name, r->name_len);
	more = reallocarray(w->interfaces, w->n_interfaces + 1, sizeof(*more));
	if (more)
		w->interfaces = more;
	if (!name || !more) {
		free(name);
		return -1;
	}
	more[w->n_interfaces] = (struct interface){.name = name, .start = r->time};
	make_room(w, 0);
	pcapng__interface(
		&w->out, &(struct pcapng_interface){
				 .name = name, .filter = opts->filter, .snaplen = opts->snaplen});
	return w->n_interfaces++;
}

static void write_record(struct capture_writer *w, const struct capture_record *r, uint64_t lost)
{
	int64_t number = find_interface(w, r);

	if (number < 0) {
		fail(w, -ENOMEM);
		return;
	}
	make_room(w, r->len);
	pcapng__packet(&w->out, &(struct pcapng_packet){.time = r->time,
					.id = r->id,
					.verdict = r->verdict,
					.lost = lost,
					.interface = (uint32_t)number,
					.queue = r->queue,
					.len = r->len,
					.wire_len = r->wire_len,
					.bytes = (const uint8_t *)r->name + r->name_len});
	w->interfaces[number].packets++;
	w->interfaces[number].lost += lost;
	w->last_time = r->time;
	counter__add(&w->packets, 1);
}

/* The oldest record of all rings that is wanted and not younger than that, and whose it is. */
static struct capture_record *oldest(struct capture *c, uint64_t until, unsigned *worker)
{
	struct capture_record *first = NULL;

	for (unsigned i = 0; i < c->n_workers; i++) {
		struct capture_ring *ring = &c->workers[i].ring;
		struct capture_record *r;

		while ((r = capture_ring__peek(ring)) && !r->wanted)
			capture_ring__pop(ring);
		if (r && r->time <= until && (!first || r->time < first->time)) {
			first = r;
			*worker = i;
		}
	}
	return first;
}

static bool is_over(const struct capture_writer *w)
{
	uint64_t count = w->capture->opts.count;

	return w->error || (count && w->packets >= count);
}

static unsigned write_round(struct capture_writer *w, uint64_t until)
{
	struct capture *c = w->capture;
	struct capture_record *r;
	unsigned worker, n = 0;

	while (!is_over(w) && (r = oldest(c, until, &worker))) {
		write_record(w, r, r->lost - w->lost[worker]);
		w->lost[worker] = r->lost;
		capture_ring__pop(&c->workers[worker].ring);
		n++;
	}
	flush(w);
	return n;
}

/* What was lost behind the last record of a worker is told with whatever interface there is. */
static void add_last_losses(struct capture_writer *w)
{
	const struct capture *c = w->capture;

	for (unsigned i = 0; i < c->n_workers && w->n_interfaces; i++)
		w->interfaces[0].lost += counter__read(&c->workers[i].lost) - w->lost[i];
}

static void write_end(struct capture_writer *w)
{
	add_last_losses(w);
	for (uint32_t i = 0; i < w->n_interfaces; i++) {
		const struct interface *interface = &w->interfaces[i];

		make_room(w, 0);
		pcapng__statistics(&w->out, &(struct pcapng_statistics){.interface = i,
						    .start = interface->start,
						    .end = w->last_time,
						    .packets = interface->packets,
						    .lost = interface->lost});
	}
	flush(w);
	if (close(w->fd) && !w->error)
		fail(w, -errno);
}

static void *writer_main(void *arg)
{
	struct capture_writer *w = arg;
	struct timespec idle = {.tv_nsec = IDLE_NS};
	sigset_t set;

	/* A reader that goes is an error of write(), not the end of the process. */
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, NULL);

	pcapng__section(&w->out, "xdpk " XDPK_VERSION);
	flush(w);
	while (!is_over(w) && !__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE))
		if (!write_round(w, clock_ns(CLOCK_REALTIME) - ORDER_NS))
			nanosleep(&idle, NULL);
	write_round(w, UINT64_MAX);
	write_end(w);
	__atomic_store_n(&w->capture->ended, 1, __ATOMIC_RELEASE);
	return NULL;
}

void capture_writer__free(struct capture_writer *w)
{
	for (uint32_t i = 0; i < w->n_interfaces; i++)
		free(w->interfaces[i].name);
	free(w->interfaces);
	free(w->out.bytes);
	free(w->lost);
	free(w);
}

int capture_writer__start(struct capture *c, int fd, char **errmsg)
{
	struct capture_writer *w = calloc(1, sizeof(*w));
	struct stat stat;
	int err;

	if (!w)
		return error__set(errmsg, -ENOMEM, "no memory to capture packets");
	w->capture = c;
	w->fd = fd;
	w->is_file = !fstat(fd, &stat) && S_ISREG(stat.st_mode);
	w->out.bytes = malloc(BUFFER_BYTES);
	w->lost = calloc(c->n_workers, sizeof(*w->lost));
	err = w->out.bytes && w->lost
		      ? background__start(&w->thread, "xdpk-capture", writer_main, w)
		      : -ENOMEM;
	if (err) {
		capture_writer__free(w);
		return error__set(errmsg, err, "no thread to write captured packets");
	}
	c->writer = w;
	return 0;
}

void capture_writer__stop(struct capture_writer *w)
{
	if (__atomic_exchange_n(&w->stop, 1, __ATOMIC_ACQ_REL))
		return;
	pthread_join(w->thread, NULL);
}

void capture_writer__state(const struct capture_writer *w, struct capture_state *state)
{
	state->error = __atomic_load_n(&w->error, __ATOMIC_ACQUIRE);
	state->packets = counter__read(&w->packets);
	state->bytes = counter__read(&w->bytes);
}
