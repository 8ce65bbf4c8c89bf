/* SPDX-License-Identifier: BSD-3-Clause
 *
 * capture_test -- what a capture was asked for, and nothing else, is in its file, as it was when it
 * came and as it was when it went; and no file, however slow, holds packets up.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "capture/ring.h"
#include "capture/running.h"
#include "pcapng-file.h"
#include "ringed.h"

enum { PACKETS = 320 };

/* Marks a packet: so it leaves other than it came. */
static void marking_driver(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;

	for (uint32_t i = 0; i < burst->n; i++)
		rte_pktmbuf_mtod(burst->pkts[i], struct tag *)->padding[0] = 0xee;
	obedient_driver(env, arg);
}

/* Passes every second packet on to the next program and drops the others. */
static void halving_driver(struct ebpf_env *env, void *arg)
{
	struct burst *burst = arg;
	uint32_t dropped = 0;

	for (uint32_t i = 0; i < burst->n; i++) {
		bool even = rte_pktmbuf_mtod(burst->pkts[i], struct tag *)->number % 2 == 0;

		burst->verdict[i] = even ? XDP_PASS : XDP_DROP;
		dropped += !even;
	}
	if (dropped)
		ringed__seen(dropped);
}

struct scene {
	struct ringed ringed;
	struct pcapng_file file;
	struct capture_state state;
	int fd;
};

/* One port, whose packets are numbered, in both queues by turns, and get all verdicts by turns. */
static void open_scene(struct scene *s)
{
	struct ringed *b = &s->ringed;
	char *errmsg = NULL;

	ringed__open(b, 1, RING_SLOTS, NULL);
	ringed__add_prog(b, "marking", marking_driver);
	assert_int_equal(dataplane__detach(b->dataplane, "obedient", 0, &errmsg), 0);
	assert_int_equal(dataplane__attach(b->dataplane, "marking", 0, NULL, &errmsg), 0);
	for (unsigned i = 0; i < PACKETS; i++)
		ringed__inject(b, 0, i % 2, ringed__make(b->pool, i, i % 5, 0));
	s->fd = -1;
}

static int make_file(void)
{
	char path[] = "/tmp/capture-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static void start(struct scene *s, struct capture_opts opts)
{
	char *errmsg = NULL;

	s->fd = make_file();
	if (dataplane__start_capture(s->ringed.dataplane, dup(s->fd), &opts, &errmsg) < 0)
		fail_msg("%s", errmsg);
}

/* Runs until all packets have come, and reads what was captured. */
static void run_scene(struct scene *s)
{
	ringed__run(&s->ringed, PACKETS);
	assert_int_equal(dataplane__stop_capture(s->ringed.dataplane, 0, &s->state, NULL), 0);
	pcapng_file__read(&s->file, s->fd);
	assert_int_equal(s->file.n_statistics, s->file.n_interfaces);
	assert_int_equal(s->state.packets, s->file.n_packets);
	assert_int_equal(s->state.bytes, lseek(s->fd, 0, SEEK_END));
	assert_int_equal(s->state.error, 0);
}

static void close_scene(struct scene *s)
{
	struct rte_mbuf *m;

	for (unsigned q = 0; q < QUEUES; q++)
		while ((m = ringed__take(&s->ringed, 0, q)))
			rte_pktmbuf_free(m);
	ringed__close(&s->ringed);
	if (s->fd >= 0) {
		pcapng_file__free(&s->file);
		close(s->fd);
	}
}

static const struct tag *tag_of(const struct pcapng_file_packet *p)
{
	assert_int_equal(p->len, sizeof(struct tag));
	return (const struct tag *)p->bytes;
}

/* "bench_N" and what follows */
static bool is_at(const struct pcapng_file_packet *p, const char *rest)
{
	return !strcmp(p->interface + strcspn(p->interface, ":@"), rest);
}

static void packets_are_seen_coming_and_going(void **state)
{
	unsigned seen[PACKETS][2] = {{0}};
	uint64_t ids[PACKETS] = {0};
	struct scene s;

	open_scene(&s);
	start(&s, (struct capture_opts){.points = CAPTURE_ENTRY | CAPTURE_EXIT, .queue = -1});
	run_scene(&s);
	assert_int_equal(s.file.n_packets, 2 * PACKETS);
	assert_int_equal(s.file.n_interfaces, 2);
	for (unsigned i = 0; i < s.file.n_packets; i++) {
		const struct pcapng_file_packet *p = &s.file.packet[i];
		const struct tag *tag = tag_of(p);
		bool leaves = is_at(p, ":marking@exit");

		assert_true(leaves || is_at(p, "@entry"));
		assert_true(tag->number < PACKETS);
		seen[tag->number][leaves]++;
		assert_int_equal(tag->padding[0], leaves ? 0xee : 0);
		assert_int_equal(p->verdict, tag->number % 5);
		assert_int_equal(p->queue, tag->number % 2);
		assert_int_equal(p->wire_len, sizeof(*tag));
		assert_true(!i || p->time >= s.file.packet[i - 1].time);
		if (seen[tag->number][!leaves])
			assert_int_equal(p->id, ids[tag->number]);
		ids[tag->number] = p->id;
	}
	for (unsigned i = 0; i < PACKETS; i++) {
		assert_int_equal(seen[i][0], 1);
		assert_int_equal(seen[i][1], 1);
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(ids[i], ids[j]);
	}
	close_scene(&s);
}

static void actions_choose_what_came_too(void **state)
{
	struct scene s;

	open_scene(&s);
	start(&s, (struct capture_opts){.points = CAPTURE_ENTRY,
			  .queue = -1,
			  .actions = 1u << XDP_DROP | 1u << XDP_ABORTED});
	run_scene(&s);
	assert_int_equal(s.file.n_packets, PACKETS / 5 * 2);
	for (unsigned i = 0; i < s.file.n_packets; i++) {
		assert_true(tag_of(&s.file.packet[i])->number % 5 <= XDP_DROP);
		assert_int_equal(tag_of(&s.file.packet[i])->padding[0], 0);
	}
	close_scene(&s);
}

static void a_packet_belongs_to_the_program_that_decided(void **state)
{
	struct attach_opts first = {.priority = 1, .call_on = 1 << XDP_PASS};
	unsigned judged[2] = {0};
	struct scene s;

	open_scene(&s);
	ringed__add_prog(&s.ringed, "halving", halving_driver);
	assert_int_equal(dataplane__attach(s.ringed.dataplane, "halving", 0, &first, NULL), 0);
	start(&s, (struct capture_opts){.points = CAPTURE_EXIT, .queue = -1});
	run_scene(&s);
	for (unsigned i = 0; i < s.file.n_packets; i++) {
		const struct pcapng_file_packet *p = &s.file.packet[i];
		unsigned odd = tag_of(p)->number % 2;

		assert_true(is_at(p, odd ? ":halving@exit" : ":marking@exit"));
		judged[odd]++;
	}
	assert_int_equal(judged[0], PACKETS / 2);
	assert_int_equal(judged[1], PACKETS / 2);
	close_scene(&s);
}

static void a_program_is_chosen_by_name(void **state)
{
	struct attach_opts first = {.priority = 1, .call_on = 1 << XDP_PASS};
	struct scene s;

	open_scene(&s);
	ringed__add_prog(&s.ringed, "halving", halving_driver);
	assert_int_equal(dataplane__attach(s.ringed.dataplane, "halving", 0, &first, NULL), 0);
	start(&s, (struct capture_opts){.points = CAPTURE_EXIT, .queue = -1, .program = "halving"});
	run_scene(&s);
	assert_int_equal(s.file.n_packets, PACKETS / 2);
	assert_int_equal(s.file.n_interfaces, 1);
	close_scene(&s);
}

/* The number's low byte is what changes and what is looked at; the mark comes with the program. */
static void filters_see_what_is_captured(void **state)
{
	static const struct {
		const char *filter;
		unsigned points, packets;
	} cases[] = {
		{"ether[14] = 7", CAPTURE_EXIT, 2}, /* 7 and 263 */
		{"ether[14] = 7", CAPTURE_ENTRY, 2},
		{"ether[0] = 0xee", CAPTURE_EXIT, PACKETS},
		{"ether[0] = 0xee", CAPTURE_ENTRY, 0},
		{"ether[0] = 0 and greater 10", CAPTURE_ENTRY | CAPTURE_EXIT, 2 * PACKETS},
		{"greater 60", CAPTURE_EXIT, 0},
	};

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		struct scene s;

		open_scene(&s);
		start(&s,
			(struct capture_opts){
				.points = cases[i].points, .queue = -1, .filter = cases[i].filter});
		run_scene(&s);
		assert_int_equal(s.file.n_packets, cases[i].packets);
		for (unsigned f = 0; f < s.file.n_interfaces; f++)
			assert_string_equal(s.file.filter[f], cases[i].filter);
		close_scene(&s);
	}
}

static void queues_ports_and_lengths_are_chosen(void **state)
{
	struct scene s;

	open_scene(&s);
	start(&s, (struct capture_opts){
			  .points = CAPTURE_EXIT, .queue = 1, .ifindex = 1, .snaplen = 16});
	run_scene(&s);
	assert_int_equal(s.file.n_packets, PACKETS / 2);
	assert_int_equal(s.file.snaplen[0], 16);
	for (unsigned i = 0; i < s.file.n_packets; i++) {
		assert_int_equal(s.file.packet[i].queue, 1);
		assert_int_equal(s.file.packet[i].len, 16);
		assert_int_equal(s.file.packet[i].wire_len, sizeof(struct tag));
	}
	close_scene(&s);

	open_scene(&s);
	start(&s, (struct capture_opts){.points = CAPTURE_EXIT, .queue = -1, .ifindex = 7});
	run_scene(&s);
	assert_int_equal(s.file.n_packets, 0);
	close_scene(&s);
}

static bool has_ended(const struct scene *s)
{
	struct capture_state state;

	capture__state(s->ringed.dataplane->captures[0].capture, &state);
	return state.ended;
}

static void wait_for_end(const struct scene *s)
{
	for (unsigned ms = 0; !has_ended(s) && ms < 5000; ms++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	assert_true(has_ended(s));
}

static void a_count_ends_the_capture(void **state)
{
	struct scene s;

	open_scene(&s);
	start(&s, (struct capture_opts){.points = CAPTURE_EXIT, .queue = -1, .count = 10});
	ringed__run(&s.ringed, PACKETS);
	wait_for_end(&s);
	assert_int_equal(dataplane__stop_capture(s.ringed.dataplane, 0, NULL, NULL), 0);
	assert_int_equal(dataplane__stop_capture(s.ringed.dataplane, 0, NULL, NULL), -ENOENT);
	pcapng_file__read(&s.file, s.fd);
	assert_int_equal(s.file.n_packets, 10);
	close_scene(&s);
}

static void check_file(int fd, unsigned packets, uint32_t snaplen)
{
	static struct pcapng_file file;

	pcapng_file__read(&file, fd);
	assert_int_equal(file.n_packets, packets);
	for (unsigned i = 0; i < file.n_packets; i++)
		assert_int_equal(file.packet[i].len, RTE_MIN(sizeof(struct tag), snaplen));
	pcapng_file__free(&file);
	close(fd);
}

/* Of the same packets each has its own, as if it were alone; what has ended makes room. */
static void several_capture_at_once(void **state)
{
	static const struct {
		struct capture_opts opts;
		unsigned packets;
	} cases[MAX_CAPTURES] = {
		{{.points = CAPTURE_ENTRY | CAPTURE_EXIT, .queue = -1, .snaplen = 20}, 2 * PACKETS},
		{{.points = CAPTURE_EXIT, .queue = -1, .actions = 1u << XDP_DROP}, PACKETS / 5},
		{{.points = CAPTURE_ENTRY, .queue = -1, .filter = "ether[0] = 0xee"}, 0},
		{{.points = CAPTURE_ENTRY, .queue = 1, .snaplen = 16, .count = 7}, 7},
	};
	struct capture_opts more = {.points = CAPTURE_EXIT, .queue = -1};
	int fd[MAX_CAPTURES];
	char *errmsg = NULL;
	struct scene s;

	open_scene(&s);
	for (int i = 0; i < MAX_CAPTURES; i++) {
		fd[i] = make_file();
		assert_int_equal(dataplane__start_capture(
					 s.ringed.dataplane, dup(fd[i]), &cases[i].opts, NULL),
			i + 1);
	}
	assert_int_equal(
		dataplane__start_capture(s.ringed.dataplane, make_file(), &more, &errmsg), -EBUSY);
	assert_non_null(strstr(errmsg, "4 captures run already, number 1 since "));
	free(errmsg);
	ringed__run(&s.ringed, PACKETS);
	while (dataplane__captures(s.ringed.dataplane, MAX_CAPTURES))
		usleep(1000);
	assert_int_equal(dataplane__start_capture(s.ringed.dataplane, make_file(), &more, NULL), 5);
	assert_int_equal(dataplane__stop_capture(s.ringed.dataplane, 0, NULL, &errmsg), -EINVAL);
	free(errmsg);
	assert_int_equal(dataplane__stop_capture(s.ringed.dataplane, 4, NULL, NULL), -ENOENT);
	for (int i = 0; i < MAX_CAPTURES - 1; i++)
		assert_int_equal(dataplane__stop_capture(s.ringed.dataplane, i + 1, NULL, NULL), 0);
	assert_int_equal(dataplane__stop_capture(s.ringed.dataplane, 0, NULL, NULL), 0);
	for (int i = 0; i < MAX_CAPTURES; i++)
		check_file(fd[i], cases[i].packets,
			cases[i].opts.snaplen ? cases[i].opts.snaplen : CAPTURE_SNAPLEN);
	close_scene(&s);
}

/* Programs that take fragments get such packets; a capture takes them whole. */
static void packets_in_segments_are_captured_whole(void **state)
{
	struct capture_hop at = {
		.port = "port", .entry = "@entry", .exit = "@exit", .program = "one"};
	struct capture_opts opts = {.points = CAPTURE_ENTRY | CAPTURE_EXIT, .queue = -1};
	struct burst burst = {.n = 1};
	struct rte_mbuf *head, *tail;
	struct captures alone = {.n = 1};
	struct capture *capture;
	struct scene s;

	open_scene(&s);
	head = ringed__make(s.ringed.pool, 7, XDP_DROP, 0);
	tail = rte_pktmbuf_alloc(s.ringed.pool);
	memset(rte_pktmbuf_append(tail, 300), 0x5a, 300);
	assert_int_equal(rte_pktmbuf_chain(head, tail), 0);
	burst.pkts[0] = head;
	s.fd = make_file();
	capture = capture__create(dup(s.fd), &opts, 1, NULL);
	assert_non_null(capture);
	alone.item[0] = capture;
	captures__entry(&alone, 0, &at, &burst);
	burst.verdict[0] = XDP_DROP;
	captures__exit(&alone, 0, &at, &burst);
	capture__destroy(capture);
	pcapng_file__read(&s.file, s.fd);
	assert_int_equal(s.file.n_packets, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct pcapng_file_packet *p = &s.file.packet[i];

		assert_string_equal(p->interface, i ? "port:one@exit" : "port@entry");
		assert_int_equal(p->len, sizeof(struct tag) + 300);
		assert_int_equal(p->wire_len, p->len);
		assert_int_equal(p->bytes[p->len - 1], 0x5a);
	}
	rte_pktmbuf_free(head);
	ringed__run(&s.ringed, PACKETS);
	close_scene(&s);
}

static void bad_filters_are_refused(void **state)
{
	struct capture_opts opts = {.points = CAPTURE_EXIT, .filter = "host host"};
	char *errmsg = NULL;
	struct scene s;

	open_scene(&s);
	assert_int_equal(
		dataplane__start_capture(s.ringed.dataplane, make_file(), &opts, &errmsg), -EINVAL);
	assert_non_null(strstr(errmsg, "`host host`"));
	free(errmsg);
	ringed__run(&s.ringed, PACKETS);
	close_scene(&s);
}

/* A worker's ring has room for a few packets of a burst alone. */
static void losses_are_counted_and_told(void **state)
{
	uint64_t told = 0, dropped = 0, delivered = 0;
	struct scene s;

	open_scene(&s);
	start(&s, (struct capture_opts){
			  .points = CAPTURE_ENTRY | CAPTURE_EXIT, .queue = -1, .ring = 1024});
	run_scene(&s);
	assert_true(s.file.n_packets > 0);
	assert_true(s.state.lost > 0);
	assert_int_equal(s.file.n_packets + s.state.lost, 2 * PACKETS);
	for (unsigned i = 0; i < s.file.n_packets; i++)
		told += s.file.packet[i].lost;
	for (unsigned i = 0; i < s.file.n_interfaces; i++) {
		dropped += s.file.dropped[i];
		delivered += s.file.delivered[i];
	}
	assert_true(told <= s.state.lost);
	assert_int_equal(dropped, s.state.lost);
	assert_int_equal(delivered, s.file.n_packets);
	close_scene(&s);
}

static void nobody_waits_for_a_full_pipe(void **state)
{
	struct capture_opts opts = {.points = CAPTURE_ENTRY | CAPTURE_EXIT, .queue = -1};
	struct capture_state end;
	struct scene s;
	int ends[2];

	open_scene(&s);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	assert_int_equal(dataplane__start_capture(s.ringed.dataplane, ends[1], &opts, NULL), 1);
	ringed__run(&s.ringed, PACKETS);
	assert_int_equal(dataplane__stop_capture(s.ringed.dataplane, 0, &end, NULL), 0);
	assert_int_equal(end.error, -ETIMEDOUT);
	close(ends[0]);
	close_scene(&s);
}

static void a_reader_that_goes_ends_the_capture(void **state)
{
	struct capture_opts opts = {.points = CAPTURE_EXIT, .queue = -1};
	struct capture_state end;
	struct scene s;
	int ends[2];

	open_scene(&s);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(dataplane__start_capture(s.ringed.dataplane, ends[1], &opts, NULL), 1);
	wait_for_end(&s);
	ringed__run(&s.ringed, PACKETS);
	assert_int_equal(dataplane__stop_capture(s.ringed.dataplane, 0, &end, NULL), 0);
	assert_int_equal(end.error, -EPIPE);
	assert_int_equal(end.packets, 0);
	close_scene(&s);
}

enum { RECORDS = 200000 };

/* Record n: its number, and 0 to 250 bytes of it. */
static void *produce(void *arg)
{
	struct capture_ring *ring = arg;

	for (uint32_t n = 0; n < RECORDS;) {
		uint32_t extra = n * 2654435761u % 251;
		uint8_t *record = capture_ring__reserve(ring, sizeof(n) + extra);

		if (!record) {
			capture_ring__publish(ring);
			sched_yield();
			continue;
		}
		memcpy(record, &n, sizeof(n));
		memset(record + sizeof(n), (int)n, extra);
		if (++n % 7 == 0 || n == RECORDS)
			capture_ring__publish(ring);
	}
	return NULL;
}

static void records_come_whole_and_in_order(void **state)
{
	struct capture_ring ring;
	pthread_t producer;

	assert_int_equal(capture_ring__init(&ring, 4096), 0);
	assert_null(capture_ring__peek(&ring));
	assert_null(capture_ring__reserve(&ring, 4096));
	assert_int_equal(pthread_create(&producer, NULL, produce, &ring), 0);
	for (uint32_t n = 0; n < RECORDS; n++) {
		uint32_t extra = n * 2654435761u % 251, number;
		const uint8_t *record;

		while (!(record = capture_ring__peek(&ring)))
			sched_yield();
		memcpy(&number, record, sizeof(number));
		assert_int_equal(number, n);
		for (uint32_t i = 0; i < extra; i++)
			assert_int_equal(record[sizeof(n) + i], (uint8_t)n);
		capture_ring__pop(&ring);
	}
	pthread_join(producer, NULL);
	assert_null(capture_ring__peek(&ring));
	capture_ring__free(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_whole_and_in_order),
		cmocka_unit_test(packets_are_seen_coming_and_going),
		cmocka_unit_test(actions_choose_what_came_too),
		cmocka_unit_test(a_packet_belongs_to_the_program_that_decided),
		cmocka_unit_test(a_program_is_chosen_by_name),
		cmocka_unit_test(filters_see_what_is_captured),
		cmocka_unit_test(queues_ports_and_lengths_are_chosen),
		cmocka_unit_test(a_count_ends_the_capture),
		cmocka_unit_test(several_capture_at_once),
		cmocka_unit_test(packets_in_segments_are_captured_whole),
		cmocka_unit_test(bad_filters_are_refused),
		cmocka_unit_test(losses_are_counted_and_told),
		cmocka_unit_test(nobody_waits_for_a_full_pipe),
		cmocka_unit_test(a_reader_that_goes_ends_the_capture),
	};

	return ringed__main(tests, RTE_DIM(tests));
}
