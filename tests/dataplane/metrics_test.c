/* SPDX-License-Identifier: BSD-3-Clause
 *
 * metrics_test -- metrics say what happened, in the format they claim, and their names are those
 * that dashboards know: METRIC_NAMES is the list of them, a file.
 */
#include "capture/running.h"
#include "loader/object.h"
#include "gpu/prog-offload.h"
#include "metrics/metrics.h"
#include "openmetrics-text.h"
#include "ringed.h"

static struct om_text before, after;

static void scrape(struct ringed *b, struct om_text *t)
{
	char *text = metrics__text(b->dataplane);

	assert_non_null(text);
	om_text__parse(t, text);
	free(text);
}

static void empty_ports(struct ringed *b)
{
	struct rte_mbuf *m;

	for (unsigned p = 0; p < b->n_ringed; p++)
		for (unsigned q = 0; q < QUEUES; q++)
			while ((m = ringed__take(b, p, q)))
				rte_pktmbuf_free(m);
}

/* 15 of each verdict and one that cannot be sent on come in by queue 1 of the first port. */
static void run(struct ringed *b)
{
	unsigned n = 0;

	ringed__open(b, 2, RING_SLOTS, NULL);
	scrape(b, &before);
	for (unsigned i = 0; i < 15; i++)
		for (unsigned verdict = XDP_ABORTED; verdict <= XDP_REDIRECT; verdict++)
			ringed__inject(b, 0, 1, ringed__make(b->pool, n++, verdict, 2));
	ringed__inject(b, 0, 1, ringed__make(b->pool, n++, XDP_REDIRECT, 9));
	ringed__inject(b, 0, 1, ringed__make(b->pool, n++, 17, 0));
	ringed__run(b, n);
	scrape(b, &after);
}

static double value(const char *name, const char *format, ...)
{
	char labels[256];
	va_list args;

	va_start(args, format);
	vsnprintf(labels, sizeof(labels), format, args);
	va_end(args);
	return om_text__value(&after, name, labels);
}

static void packets_are_counted_where_they_belong(void **state)
{
	struct ringed b;
	const char *in, *out;

	run(&b);
	in = b.ports.port[0].name;
	out = b.ports.port[1].name;
	assert_true(value("xdpk_rx_packets_total", "port=%s,queue=1", in) == 77);
	assert_true(value("xdpk_rx_packets_total", "port=%s,queue=0", in) == 0);
	assert_true(value("xdpk_rx_bursts_total", "port=%s,queue=1", in) == 2);
	assert_true(value("xdpk_rx_verdicts_total", "port=%s,queue=1,verdict=drop", in) == 15);
	assert_true(value("xdpk_rx_verdicts_total", "port=%s,queue=1,verdict=aborted", in) == 16);
	assert_true(value("xdpk_rx_verdicts_total", "port=%s,queue=1,verdict=redirect", in) == 15);
	assert_true(value("xdpk_rx_lost_total", "port=%s,queue=1,reason=no_target", in) == 1);
	assert_true(value("xdpk_rx_in_flight", "port=%s,queue=1", in) == 0);
	assert_true(value("xdpk_tx_packets_total", "port=%s", in) == 15);
	assert_true(value("xdpk_tx_packets_total", "port=%s", out) == 15);
	assert_true(value("xdpk_prog_verdicts_total", "prog=obedient,verdict=redirect") == 16);
	assert_true(value("xdpk_prog_verdicts_total", "prog=obedient,verdict=unknown") == 1);
	assert_true(value("xdpk_prog_ports", "prog=obedient") == 2);
	assert_true(value("xdpk_prog_state", "prog=obedient,xdpk_prog_state=interpreted") == 1);
	assert_true(value("xdpk_prog_state", "prog=obedient,xdpk_prog_state=compiled") == 0);
	assert_true(value("xdpk_capture_running", "") == 0);
	empty_ports(&b);
	ringed__close(&b);
}

static double sum_of(const char *name, const char *labels)
{
	return value(name, "worker=0%s", labels) + value(name, "worker=1%s", labels);
}

static void bursts_are_measured(void **state)
{
	struct ringed b;

	run(&b);
	assert_true(sum_of("xdpk_worker_burst_packets_count", "") == 2);
	assert_true(sum_of("xdpk_worker_burst_packets_sum", "") == 77);
	assert_true(sum_of("xdpk_worker_burst_packets_bucket", ",le=16.0") == 1);
	assert_true(sum_of("xdpk_worker_burst_packets_bucket", ",le=64.0") == 2);
	/* The first burst of a queue is one whose time is taken. */
	assert_true(sum_of("xdpk_worker_latency_seconds_count", "") == 64);
	assert_true(sum_of("xdpk_worker_latency_seconds_sum", "") > 0);
	assert_true(sum_of("xdpk_worker_busy_seconds_total", "") > 0);
	empty_ports(&b);
	ringed__close(&b);
}

static void counters_do_not_go_back(void **state)
{
	struct ringed b;

	run(&b);
	assert_int_equal(before.n, after.n);
	for (unsigned i = 0; i < before.n; i++) {
		assert_string_equal(before.sample[i].name, after.sample[i].name);
		if (!strcmp(before.sample[i].type, "counter"))
			assert_true(before.sample[i].value <= after.sample[i].value);
	}
	empty_ports(&b);
	ringed__close(&b);
}

/* "xdpk_rx_lost counter port,queue,reason" */
static void describe(const struct om_sample *s, char *text, size_t size)
{
	int n = snprintf(text, size, "%s %s", s->family, s->type);

	for (unsigned i = 0; i < s->n_labels; i++)
		n += snprintf(text + n, size - (size_t)n, "%c%s", i ? ',' : ' ', s->label[i].name);
	if (!s->n_labels)
		snprintf(text + n, size - (size_t)n, " -");
}

/* A program with maps, that is to run on a device. */
static void add_object(struct ringed *b, const char *path)
{
	const struct gpu_opts gpu = {.device = "that is not there"};
	struct prog_opts opts = {.engine = TIER_INTERP, .gpu = &gpu};
	char *errmsg = NULL;

	opts.object = ebpf_object__open(path, &errmsg);
	if (opts.object && !ebpf_object__create_maps(opts.object, b->instance, &errmsg))
		opts.program = ebpf_object__load_program(opts.object,
			ebpf_object__find_program(opts.object, NULL, NULL)->name, NULL, &errmsg);
	if (!opts.program || !dataplane__add_prog(b->dataplane, &opts, &errmsg))
		fail_msg("%s", errmsg);
}

/* Every family once, with the labels of its first sample, in the order of the list. */
static void names_do_not_change(void **state)
{
	const char *path = getenv("METRIC_NAMES"), *object = getenv("OBJECT"), *family = "";
	char line[256], text[256];
	struct ringed b;
	FILE *list;

	if (!object) {
		print_message("skipped: built without clang, so there is no object with maps\n");
		skip();
	}
	assert_non_null(path);
	list = fopen(path, "r");
	assert_non_null(list);
	ringed__open(&b, 1, RING_SLOTS, NULL);
	add_object(&b, object);
	scrape(&b, &after);
	for (unsigned i = 0; i < after.n; i++) {
		if (!strcmp(after.sample[i].family, family))
			continue;
		family = after.sample[i].family;
		describe(&after.sample[i], text, sizeof(text));
		do {
			if (!fgets(line, sizeof(line), list))
				fail_msg("%s is not in %s", text, path);
		} while (*line == '#');
		line[strcspn(line, "\n")] = '\0';
		assert_string_equal(text, line);
	}
	assert_null(fgets(line, sizeof(line), list));
	fclose(list);
	ringed__close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_counted_where_they_belong),
		cmocka_unit_test(bursts_are_measured),
		cmocka_unit_test(counters_do_not_go_back),
		cmocka_unit_test(names_do_not_change),
	};

	return ringed__main(tests, RTE_DIM(tests));
}
